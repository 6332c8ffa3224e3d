/* SPDX-License-Identifier: MIT */
/*
 * The seeds' word on the network: who is connected, and a node that asks to be.
 * A place is dialled before it is believed, once, and slowly enough that this
 * node is of no use to who looks for open ports.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "http/call.h"
#include "http/json_out.h"
#include "loop/clock.h"
#include "loop/place.h"
#include "node/network.h"

#define PROBE_MS 5000	       /* that a dial may take */
#define PROBE_INTERVAL_MS 1000 /* between two */

/* One request whose place is being dialled. */
struct probe {
	TAILQ_ENTRY(probe) link;
	struct api *api;
	struct http_request *r;
	uint64_t number;
	char where[PLACE_MAX];
	struct event *late;
};

/* --- GET /nodes ---------------------------------------------------------- */

/* Where a peer says it listens. It may leave it to others to see its address:
 * then the host is that of the connection. */
static bool place_of(struct place *out, const struct peer_info *peer)
{
	struct place seen;

	if (!place_read(out, span_str(peer->listen)))
		return false;
	if (strcmp(out->host, "0.0.0.0") && strcmp(out->host, "::"))
		return true;
	if (!place_read(&seen, span_str(peer->where)))
		return false;
	memcpy(out->host, seen.host, sizeof(out->host));
	return true;
}

void handle_nodes(struct call *c)
{
	struct peer_info peer;
	struct buf out = {0};
	struct place place;
	char text[PLACE_MAX];
	bool first = true;
	size_t at = 0;

	out_text(&out, "[");
	while (node_peer_next(c->api->cfg.node, &at, &peer)) {
		if (!place_of(&place, &peer))
			continue;
		out_text(&out, first ? "" : ",");
		out_string(&out,
			   span_str(place_print(text, place.host, place.port)));
		first = false;
	}
	out_text(&out, "]\n");
	http_reply_header(c->r, "Cache-Control", "no-store");
	http_reply(c->r, 200, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}

/* --- /register ----------------------------------------------------------- */

static void probe_free(struct probe *p)
{
	TAILQ_REMOVE(&p->api->probes, p, link);
	event_free(p->late);
	free(p);
}

static void on_cancel(void *ctx)
{
	probe_free(ctx);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct probe *p = arg;
	struct http_request *r = p->r;
	struct fault f;

	(void)fd, (void)what;
	fault_set(&f, ERR_TIMEOUT, "url",
		  "no node answered at %s within %d s; nothing is registered",
		  p->where, PROBE_MS / 1000);
	probe_free(p);
	http_problem(r, 504, &f);
}

static void probe_start(struct call *c, const char *where)
{
	static const struct timeval limit = {PROBE_MS / 1000, 0};
	struct probe *p = xcalloc(1, sizeof(*p));
	struct api *api = c->api;

	p->api = api;
	p->r = c->r;
	p->number = ++api->last_request;
	memcpy(p->where, where, strlen(where) + 1);
	p->late = evtimer_new(api->base, on_late, p);
	if (!p->late)
		BUG("libevent is out of memory");
	evtimer_add(p->late, &limit);
	TAILQ_INSERT_TAIL(&api->probes, p, link);
	http_defer(c->r, on_cancel, p);
	api->cfg.probe(api->cfg.ctx, p->number, p->where);
}

void handle_register(struct call *c)
{
	const char *where = c->args.arg[REGISTER_URL].text;
	uint64_t now = clock_steady_ms();
	struct api *api = c->api;
	struct place place;
	char text[PLACE_MAX];

	if (!place_is_loopback(http_peer(c->r)) && !call_has_cookie(c)) {
		call_needs_cookie(c);
		return;
	}
	if (!place_read(&place, span_str(where))) {
		call_fault(c, ERR_MALFORMED, "url",
			   "\"%.60s\" is no HOST:PORT, such as "
			   "node.example:4999 or [::1]:4999",
			   where);
		return;
	}
	if (!api->cfg.probe) {
		call_fault(c, ERR_UNAVAILABLE, "",
			   "this node is on no network");
		return;
	}
	if (now < api->next_probe) {
		call_fault(c, ERR_OVERLOADED, "",
			   "one node may register in %d ms", PROBE_INTERVAL_MS);
		return;
	}
	api->next_probe = now + PROBE_INTERVAL_MS;
	probe_start(c, place_print(text, place.host, place.port));
}

static void out_registered(struct buf *out, const char *where,
			   const struct address *id)
{
	out_text(out, "{\"registered\":");
	out_string(out, span_str(where));
	out_text(out, ",\"id\":");
	if (id)
		out_address(out, id);
	else
		out_text(out, "null");
	out_text(out, "}\n");
}

static struct probe *find(struct api *api, uint64_t number)
{
	struct probe *p;

	TAILQ_FOREACH(p, &api->probes, link)
	if (p->number == number)
		return p;
	return NULL;
}

void api_probed(struct api *api, uint64_t request, bool reached,
		const struct address *id)
{
	struct probe *p = find(api, request);
	struct http_request *r = p ? p->r : NULL;
	struct buf out = {0};
	struct fault f;

	if (!p)
		return;
	if (reached) {
		out_registered(&out, p->where, id);
		http_reply(r, 200, HTTP_JSON, buf_span(&out));
		buf_release(&out);
	} else {
		fault_set(&f, ERR_UNREACHABLE, "url",
			  "no node answers at %s; nothing is registered",
			  p->where);
		http_refuse(r, &f);
	}
	probe_free(p);
}

void probes_free(struct api *api)
{
	struct probe *p, *next;

	for (p = TAILQ_FIRST(&api->probes); p; p = next) {
		next = TAILQ_NEXT(p, link);
		probe_free(p);
	}
}

/* SPDX-License-Identifier: MIT */
/* Connections and the core; see the header. */
#include <config.h>

#include "daemon/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/config_table.h"
#include "loop/place.h"

#define BEYOND_PLACES 64 /* connections that are not looked at yet */
#define PROBING_MAX 16	 /* HTTP lets one a second begin, for 5 s */
#define BOOT_MS 3000	 /* for a first peer's tip */

/* A dial for /register. */
struct probing {
	bool busy;
	uint64_t request;
	network_probe_fn *fn;
	void *ctx;
};

struct network {
	struct net *net;
	struct probing probing[PROBING_MAX];
	bool meets; /* a meeting point is asked for addresses */
	struct address id;
	struct hash upgrades;
	char where[PLACE_MAX];
	void (*step)(void *ctx, struct node_event *event);
	void *ctx;
};

/* --- events ------------------------------------------------------------ */

static void on_connected(void *ctx, uint64_t peer, bool inbound,
			 const struct address *id, const char *where)
{
	struct network *w = ctx;
	struct node_event event = {
		.kind = EVENT_CONNECTED,
		.peer = peer,
		.inbound = inbound,
		.has_id = id,
		.where = where,
	};

	if (id)
		event.id = *id;
	w->step(w->ctx, &event);
}

static void on_message(void *ctx, uint64_t peer, enum message_type type,
		       struct span body)
{
	struct network *w = ctx;
	struct node_event event = {
		.kind = EVENT_MESSAGE,
		.peer = peer,
		.type = type,
		.body = body,
	};

	w->step(w->ctx, &event);
}

static void on_disconnected(void *ctx, uint64_t peer)
{
	struct network *w = ctx;
	struct node_event event = {.kind = EVENT_DISCONNECTED, .peer = peer};

	w->step(w->ctx, &event);
}

static const struct net_callbacks callbacks = {
	on_connected,
	on_message,
	on_disconnected,
};

/* --- effects ----------------------------------------------------------- */

/* The core has checked that they are addresses. */
static void hear(struct network *w, struct span body)
{
	char where[ADDRESS_TEXT_MAX + 1];
	struct span raw, text;
	struct msg_list list;

	if (msg_list_begin(&list, body, MSG_ADDRESSES_MAX))
		return;
	while (msg_list_next(&list, &raw)) {
		if (msg_address_decode(&text, raw) ||
		    text.len > ADDRESS_TEXT_MAX)
			return;
		memcpy(where, text.data, text.len);
		where[text.len] = '\0';
		net_heard_of(w->net, where);
	}
}

void network_heard(struct network *w, const char *where)
{
	net_heard_of(w->net, where);
}

static void on_probed(void *ctx, bool reached, const struct address *id)
{
	struct probing *p = ctx;

	p->busy = false;
	p->fn(p->ctx, p->request, reached, id);
}

void network_probe(struct network *w, uint64_t request, const char *where,
		   network_probe_fn *fn, void *ctx)
{
	struct probing *p = w->probing;

	while (p < w->probing + PROBING_MAX && p->busy)
		p++;
	if (p == w->probing + PROBING_MAX) {
		fn(ctx, request, false, NULL);
		return;
	}
	*p = (struct probing){true, request, fn, ctx};
	net_probe(w->net, where, on_probed, p);
}

static void welcome(struct network *w, const struct effect *e)
{
	char listen[ADDRESS_TEXT_MAX + 1];

	snprintf(listen, sizeof(listen), "%.*s", (int)e->body.len,
		 e->body.len ? (const char *)e->body.data : "");
	net_peer_good(w->net, e->peer, listen);
}

void network_perform(struct network *w, const struct effect *e)
{
	if (e->kind == EFFECT_SEND)
		net_send(w->net, e->peer, e->type, buf_span(&e->body));
	else if (e->kind == EFFECT_DROP)
		net_drop(w->net, e->peer, e->ban_ms, e->fault.detail);
	else if (e->notify == NOTIFY_PEER)
		welcome(w, e);
	else if (e->notify == NOTIFY_ADDRESSES)
		hear(w, buf_span(&e->body));
}

/* --- making ------------------------------------------------------------ */

/* A development chain is nobody else's, unless its user says where. */
static const char *listen_address(const struct config *c)
{
	if (c->dev.on && c->source[ROW_LISTEN] == CONFIG_DEFAULT)
		return "127.0.0.1";
	return c->p2p.address;
}

/* Whether who listens on loopback alone, or meets others there, is to dial what
 * he hears of it. */
static bool is_local(const struct config *c)
{
	struct place p;
	struct span path;

	if (place_is_loopback(listen_address(c)))
		return true;
	return c->discovery &&
	       place_read_url(&p, &path, span_str(c->discovery)) &&
	       place_is_loopback(p.host);
}

enum err network_new(struct network **out, const struct network_config *config,
		     struct fault *f)
{
	const struct config *c = config->config;
	struct network *w = xcalloc(1, sizeof(*w));
	struct net_config net = {
		.datadir = config->datadir,
		.address = listen_address(c),
		.port = (uint16_t)c->p2p.port,
		.advertise = c->advertise,
		.connect = (const char *const *)c->connect.list,
		.connect_count = c->connect.count,
		.plain = c->p2p_plain,
		.local = is_local(c),
		.max_peers = config->places + BEYOND_PLACES,
		.key = config->key,
		.callbacks = &callbacks,
		.ctx = w,
	};
	enum err e;

	*out = NULL;
	w->step = config->step;
	w->ctx = config->ctx;
	w->id = *secret_key_address(config->key);
	w->upgrades = c->upgrades;
	w->meets = c->discovery;
	e = net_new(&w->net, config->base, &net, f);
	if (e) {
		free(w);
		return e;
	}
	place_print(w->where, *net.address ? net.address : "0.0.0.0",
		    net_port(w->net));
	*out = w;
	return ERR_OK;
}

void network_free(struct network *w)
{
	if (!w)
		return;
	net_free(w->net);
	free(w);
}

struct net *network_net(struct network *w)
{
	return w->net;
}

const char *network_where(const struct network *w)
{
	return w->where;
}

enum err network_describe(const struct network *w, struct node_config *out,
			  struct fault *f)
{
	out->id = w->id;
	out->upgrades = w->upgrades;
	out->listen = net_advertised(w->net);
	out->agent = "ccoin/" PACKAGE_VERSION;
	out->boot_ms = net_addresses(w->net) || w->meets ? BOOT_MS : 0;
	if (getrandom(&out->instance, sizeof(out->instance), 0) !=
	    sizeof(out->instance))
		return fault_set(f, ERR_IO, "", "getrandom failed");
	return ERR_OK;
}

void network_reload(struct network *w, const struct config *config)
{
	net_set_connect(w->net, (const char *const *)config->connect.list,
			config->connect.count);
}

bool network_traffic(const struct network *w, uint64_t peer,
		     struct api_traffic *out)
{
	struct net_peer_stats s;

	if (!peer)
		net_totals(w->net, &s);
	else if (!net_stats(w->net, peer, &s))
		return false;
	*out = (struct api_traffic){s.bytes_in, s.bytes_out, s.messages_in,
				    s.messages_out};
	return true;
}

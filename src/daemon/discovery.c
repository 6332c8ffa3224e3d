/* SPDX-License-Identifier: MIT */
/*
 * A round is: the name looked up, PUT, GET, a pause. One connection a round,
 * made to an address in numbers, since evhttp would look names up blocking.
 */
#include <config.h>

#include "daemon/discovery.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/tx_json.h"
#include "discovery/claim.h"
#include "http/json_out.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "net/resolve.h"

#define PAUSE_MAX_MS 30000
#define RETRY_MS 1000 /* doubles up to PAUSE_MAX_MS */
#define GOODBYE_MS 1000
#define ANSWER_S 10
#define ANSWER_MAX (1 << 20)	/* bytes: 4096 members have less */
#define ANSWER_VALUES_MAX 32768 /* as many JSON values */
#define TARGET_MAX 1024		/* of a request line */

struct discovery {
	struct event_base *base;
	const struct secret_key *key;
	struct hash chain;
	char where[PLACE_MAX]; /* as it is told: HOST:PORT or :PORT */
	void (*heard)(void *ctx, const char *where);
	void *ctx;
	void (*done)(void *ctx); /* stopping */

	struct where at; /* the meeting point */
	char host[PLACE_MAX];
	char *path; /* "" or "/..." */
	struct resolver *resolver;
	struct lookup *lookup;
	struct evhttp_connection *connection;
	char address[INET6_ADDRSTRLEN]; /* it is there; "": not known */
	struct event *timer;
	uint64_t told;	/* the time of the last claim (ms since 1970) */
	bool known;	/* a claim was accepted */
	bool warned;	/* since the last success */
	unsigned retry; /* ms; 0: the last round was good */
};

static void pause_for(struct discovery *d, unsigned ms)
{
	struct timeval tv = {.tv_sec = ms / 1000,
			     .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	evtimer_add(d->timer, &tv);
}

static void fail(struct discovery *d, const char *why)
{
	if (d->done) {
		pause_for(d, 0); /* stopping: nobody needs to hear of it */
		return;
	}
	if (!d->warned)
		log_warning("discovery at %s: %s; expected ccoin-discovery "
			    "there; trying again, every %d s in the end",
			    d->host, why, PAUSE_MAX_MS / 1000);
	else
		log_debug("discovery at %s: %s", d->host, why);
	d->warned = true;
	d->retry = d->retry ? 2 * d->retry : RETRY_MS;
	if (d->retry > PAUSE_MAX_MS)
		d->retry = PAUSE_MAX_MS;
	pause_for(d, d->retry);
}

/* --- requests ------------------------------------------------------------ */

typedef void answer_fn(struct evhttp_request *r, void *arg);

/* Send; the answer, or NULL, goes to fn. */
static void ask(struct discovery *d, enum evhttp_cmd_type method,
		const char *target, const struct buf *body, answer_fn *fn)
{
	struct evhttp_request *r = evhttp_request_new(fn, d);
	struct evkeyvalq *headers;
	char text[24];

	if (!r)
		BUG("libevent is out of memory");
	headers = evhttp_request_get_output_headers(r);
	evhttp_add_header(headers, "Host", d->host);
	if (body) {
		snprintf(text, sizeof(text), "%zu", body->len);
		evhttp_add_header(headers, "Content-Type", "application/json");
		evhttp_add_header(headers, "Content-Length", text);
		evbuffer_add(evhttp_request_get_output_buffer(r), body->data,
			     body->len);
	}
	/* when it fails at once, r is freed, and fn may not be called */
	if (evhttp_make_request(d->connection, r, method, target))
		fail(d, "no request can be made");
}

static void connect_to(struct discovery *d)
{
	if (d->connection)
		evhttp_connection_free(d->connection);
	d->connection = evhttp_connection_base_new(d->base, NULL, d->address,
						   d->at.port);
	if (!d->connection)
		BUG("libevent is out of memory");
	evhttp_connection_set_timeout(d->connection, ANSWER_S);
	evhttp_connection_set_max_headers_size(d->connection, 8192);
	evhttp_connection_set_max_body_size(d->connection, ANSWER_MAX);
}

static json_t *answer_json(struct evhttp_request *r)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r);
	size_t len = evbuffer_get_length(in);
	struct fault f;

	return json_parse_bounded(SPAN(evbuffer_pullup(in, -1), len),
				  ANSWER_VALUES_MAX, &f);
}

/* Whether it is a good answer; else *why says so. */
static bool is_good(struct evhttp_request *r, char *why, size_t size)
{
	const char *detail;
	json_t *problem;

	if (!r || !evhttp_request_get_response_code(r)) {
		snprintf(why, size, "no answer");
		return false;
	}
	if (evhttp_request_get_response_code(r) == 200)
		return true;
	problem = answer_json(r);
	detail = json_string_value(json_object_get(problem, "detail"));
	snprintf(why, size, "it answers %d%s%s",
		 evhttp_request_get_response_code(r), detail ? ": " : "",
		 detail ? detail : "");
	json_decref(problem);
	return false;
}

/* PUT or DELETE. Each claim is of a later time than the one before, also when
 * the clock was set back. */
static void send_claim(struct discovery *d, bool goes, answer_fn *fn)
{
	struct claim c = {.chain = d->chain, .goes = goes};
	char target[TARGET_MAX], id[ADDRESS_HEX_LEN];
	struct buf body = {0};

	c.time = clock_now_ms();
	if (c.time <= d->told)
		c.time = d->told + 1;
	d->told = c.time;
	memcpy(c.where, d->where, sizeof(c.where));
	if (claim_sign(&c, d->key)) {
		fail(d, "signing failed");
	} else {
		claim_print(&body, &c);
		snprintf(target, sizeof(target), "%s/members/%s", d->path,
			 address_hex(id, &c.id));
		ask(d, goes ? EVHTTP_REQ_DELETE : EVHTTP_REQ_PUT, target, &body,
		    fn);
	}
	buf_release(&body);
	claim_release(&c);
}

/* --- a round ------------------------------------------------------------- */

static void hear(struct discovery *d, const json_t *list)
{
	char own[ADDRESS_HEX_LEN];
	const json_t *member;
	struct place p;
	size_t i;

	address_hex(own, secret_key_address(d->key));
	json_array_foreach(list, i, member)
	{
		const char *id =
			json_string_value(json_object_get(member, "id"));
		const char *where =
			json_string_value(json_object_get(member, "where"));

		if (id && where && strcmp(id, own) != 0 &&
		    place_read(&p, span_str(where)))
			d->heard(d->ctx, where);
	}
}

static void on_list(struct evhttp_request *r, void *arg)
{
	struct discovery *d = arg;
	char why[300] = "it answers what is no list";
	json_t *list = is_good(r, why, sizeof(why)) ? answer_json(r) : NULL;

	if (!json_is_array(list)) {
		json_decref(list);
		fail(d, why);
		return;
	}
	if (d->warned)
		log_info("discovery at %s: it is there again", d->host);
	d->warned = false;
	hear(d, list);
	json_decref(list);
}

/* How long until the next round, by what is told of the time to live. */
static unsigned pause_of(struct evhttp_request *r)
{
	json_t *told = answer_json(r);
	json_int_t ttl = json_integer_value(json_object_get(told, "ttl"));

	json_decref(told);
	if (ttl <= 0 || ttl >= 3 * PAUSE_MAX_MS / 1000)
		return PAUSE_MAX_MS;
	return (unsigned)(ttl * 1000 / 3);
}

static void on_claimed(struct evhttp_request *r, void *arg)
{
	struct discovery *d = arg;
	char target[TARGET_MAX], chain[HASH_HEX_LEN], why[300];

	if (!is_good(r, why, sizeof(why))) {
		fail(d, why);
		return;
	}
	d->known = true;
	d->retry = 0;
	pause_for(d, pause_of(r));
	snprintf(target, sizeof(target), "%s/members?chain=%s", d->path,
		 hash_hex(chain, &d->chain));
	ask(d, EVHTTP_REQ_GET, target, NULL, on_list);
}

static void on_resolved(void *ctx, const struct endpoint *list, size_t count,
			const char *why)
{
	struct discovery *d = ctx;
	const struct sockaddr *sa = (const struct sockaddr *)&list[0].sa;
	const void *in;

	d->lookup = NULL;
	if (count == 0) {
		fail(d, why);
		return;
	}
	in = sa->sa_family == AF_INET6
		     ? (const void *)&((const struct sockaddr_in6 *)sa)
			       ->sin6_addr
		     : (const void *)&((const struct sockaddr_in *)sa)
			       ->sin_addr;
	inet_ntop(sa->sa_family, in, d->address, sizeof(d->address));
	connect_to(d);
	send_claim(d, false, on_claimed);
}

static void begin_round(struct discovery *d)
{
	struct endpoint numeric;

	if (d->at.numeric) {
		where_endpoint(&numeric, &d->at);
		on_resolved(d, &numeric, 1, NULL);
		return;
	}
	d->lookup = resolve(d->resolver, &d->at, on_resolved, d);
}

/* --- the end ------------------------------------------------------------- */

static void stopped(struct discovery *d)
{
	void (*done)(void *ctx) = d->done;

	evtimer_del(d->timer);
	d->done = NULL;
	if (done)
		done(d->ctx);
}

static void on_goodbye(struct evhttp_request *r, void *arg)
{
	(void)r;
	stopped(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct discovery *d = arg;

	(void)fd, (void)what;
	if (d->done)
		stopped(d);
	else
		begin_round(d);
}

void discovery_stop(struct discovery *d, void (*done)(void *ctx))
{
	if (d->lookup)
		resolve_cancel(d->lookup);
	d->lookup = NULL;
	d->done = done;
	if (!d->known) {
		stopped(d);
		return;
	}
	connect_to(d); /* what was under way on the last one is dropped */
	pause_for(d, GOODBYE_MS);
	send_claim(d, true, on_goodbye);
}

/* --- life ---------------------------------------------------------------- */

static void set_where(struct discovery *d, const char *where)
{
	struct place p;

	if (!place_read(&p, span_str(where)))
		BUG("an advertised address that is none");
	if (strcmp(p.host, "0.0.0.0") == 0 || strcmp(p.host, "::") == 0)
		snprintf(d->where, sizeof(d->where), ":%u", (unsigned)p.port);
	else
		snprintf(d->where, sizeof(d->where), "%s", where);
}

static void set_url(struct discovery *d, const char *url)
{
	struct place p;
	struct span path;

	if (!place_read_url(&p, &path, span_str(url)))
		BUG("a URL that no option takes");
	place_print(d->host, p.host, p.port);
	if (!where_parse(&d->at, d->host))
		BUG("a place that is read in two ways");
	d->path = xmalloc(path.len + 1);
	memcpy(d->path, path.data, path.len);
	d->path[path.len] = '\0';
}

struct discovery *discovery_new(struct event_base *base,
				const struct discovery_config *config)
{
	struct discovery *d = xcalloc(1, sizeof(*d));

	d->base = base;
	d->key = config->key;
	d->chain = *config->chain;
	d->heard = config->heard;
	d->ctx = config->ctx;
	set_where(d, config->where);
	set_url(d, config->url);
	d->resolver = resolver_new(base);
	d->timer = evtimer_new(base, on_timer, d);
	if (!d->timer)
		BUG("libevent is out of memory");
	pause_for(d, 0);
	return d;
}

void discovery_free(struct discovery *d)
{
	if (!d)
		return;
	if (d->lookup)
		resolve_cancel(d->lookup);
	if (d->connection)
		evhttp_connection_free(d->connection);
	resolver_free(d->resolver);
	event_free(d->timer);
	free(d->path);
	free(d);
}

/* SPDX-License-Identifier: MIT */
/* The paths of ccoin-discovery; see the header. */
#include <config.h>

#include "discovery/service.h"

#include <stdlib.h>
#include <string.h>

#include "codec/tx_json.h"
#include "discovery/member_json.h"
#include "http/dispatch.h"
#include "http/json_out.h"
#include "loop/clock.h"
#include "loop/log.h"

#define KEYS_MAX 256 /* that the verifier keeps: 2 kB each */

struct service {
	struct service_config config;
	struct http_server *server;
	struct members *members;
	struct verifier *verifier;
	uint64_t believed, refused; /* claims */
	uint64_t started;	    /* clock_steady_ms() */
};

enum { ROW_LIST, ROW_MEMBER, ROW_SEED, ROW_HEALTH, ROW_METRICS, ROW_COUNT };
enum { LIST_CHAIN };
enum { MEMBER_ID };

static const struct param no_params[] = {{.name = NULL}};
static const struct param list_params[] = {
	[LIST_CHAIN] = {.name = "chain",
			.type = PARAM_HASH,
			.about = "only members of this chain"},
	{.name = NULL}};
static const struct param member_params[] = {
	[MEMBER_ID] = {.name = "id",
		       .type = PARAM_ADDRESS,
		       .in_path = true,
		       .required = true,
		       .about = "the address of the member's key"},
	{.name = NULL}};

static const struct route table[ROW_COUNT] = {
	[ROW_LIST] = {.methods = HTTP_GET,
		      .path = "/members",
		      .params = list_params},
	[ROW_MEMBER] = {.methods = HTTP_PUT | HTTP_DELETE,
			.path = "/members/{id}",
			.params = member_params,
			.body_max = CLAIM_BODY_MAX},
	[ROW_SEED] = {.methods = HTTP_POST,
		      .path = "/",
		      .params = no_params,
		      .body_max = CLAIM_BODY_MAX},
	[ROW_HEALTH] = {.methods = HTTP_GET,
			.path = "/health",
			.params = no_params},
	[ROW_METRICS] = {.methods = HTTP_GET,
			 .path = "/metrics",
			 .params = no_params},
};

static void reply(struct http_request *r, const char *type, struct buf *out)
{
	http_reply_header(r, "Cache-Control", "no-store");
	http_reply(r, 200, type, buf_span(out));
	buf_release(out);
}

/* --- lists --------------------------------------------------------------- */

static void list(struct service *s, struct http_request *r,
		 const struct args *args)
{
	const struct arg *chain = &args->arg[LIST_CHAIN];
	const struct member *row;
	struct buf out = {0};
	bool first = true;
	size_t at = 0;

	out_text(&out, "[");
	while ((row = members_next(s->members, &at))) {
		if (chain->given && !hash_eq(&row->chain, &chain->hash))
			continue;
		out_text(&out, first ? "" : ",");
		out_member_open(&out, row);
		out_text(&out, "}");
		first = false;
	}
	out_text(&out, "]\n");
	reply(r, HTTP_JSON, &out);
}

static void list_peers(struct service *s, struct http_request *r)
{
	const struct member *row;
	struct buf out = {0};
	bool first = true;
	size_t at = 0;

	out_text(&out, "[");
	while ((row = members_next(s->members, &at)))
		if (out_seed_peer(&out, first ? "" : ",", row))
			first = false;
	out_text(&out, "]\n");
	reply(r, HTTP_JSON, &out);
}

/* --- changes ------------------------------------------------------------- */

static json_t *read_object(struct http_request *r, struct fault *f)
{
	json_t *in = json_parse_bounded(http_body(r), CLAIM_VALUES_MAX, f);

	if (!in || json_is_object(in))
		return in;
	json_decref(in);
	fault_set(f, ERR_WRONG_TYPE, "", "expected an object");
	return NULL;
}

/* A claim is believed when it is signed, or need not be. */
static enum err believe(struct service *s, const struct member **row,
			const struct claim *c, bool need_proof,
			struct http_request *r, struct fault *f)
{
	enum err e = ERR_OK;

	if (need_proof || c->key.len > 0)
		e = claim_check(c, s->verifier, f);
	if (!e)
		e = members_believe(s->members, row, c, http_peer(r),
				    s->config.clock(), f);
	if (!e)
		log_debug("%s %s",
			  c->goes ? "gone:" : "member:", (*row)->where);
	return e;
}

/* Count what became of a claim, and answer when it was refused. */
static bool is_refused(struct service *s, struct http_request *r, enum err e,
		       const struct fault *f)
{
	if (!e) {
		s->believed++;
		return false;
	}
	s->refused++;
	http_refuse(r, f);
	return true;
}

static enum err read_claim(struct claim *c, struct http_request *r,
			   struct fault *f)
{
	json_t *in = read_object(r, f);
	enum err e;

	if (!in)
		return f->code;
	e = claim_read_proof(c, in, f);
	if (!e)
		e = claim_read_where(c, in, f);
	json_decref(in);
	return e;
}

static void change(struct service *s, struct http_request *r,
		   const struct args *args)
{
	struct claim c = {.id = args->arg[MEMBER_ID].address,
			  .goes = http_method(r) == HTTP_DELETE};
	const struct member *row = NULL;
	struct buf out = {0};
	struct fault f = {0};
	enum err e = read_claim(&c, r, &f);

	if (!e)
		e = believe(s, &row, &c, true, r, &f);
	claim_release(&c);
	if (is_refused(s, r, e, &f))
		return;
	out_member_open(&out, row);
	out_text(&out, ",\"ttl\":");
	out_uint(&out, s->config.ttl_ms / 1000);
	out_text(&out, "}\n");
	reply(r, HTTP_JSON, &out);
}

/* --- the seed's commands ------------------------------------------------- */

/* {id, ip, port}; what is signed is ip:port. */
static enum err read_peer(struct claim *c, const json_t *peer, struct fault *f)
{
	const json_t *id = json_object_get(peer, "id");
	const json_t *ip = json_object_get(peer, "ip");
	const json_t *port = json_object_get(peer, "port");

	if (!json_is_object(peer))
		return fault_set(f, peer ? ERR_WRONG_TYPE : ERR_MISSING_FIELD,
				 "peer", "expected {id, ip, port}");
	if (!json_is_string(id) ||
	    !address_from_hex(&c->id, SPAN(json_string_value(id),
					   json_string_length(id))))
		return fault_set(f, ERR_BAD_ADDRESS, "peer.id",
				 "expected an address of 40 hex digits");
	if (c->goes && !ip && !port)
		return ERR_OK;
	if (!json_is_string(ip) ||
	    !place_host_is_good(
		    SPAN(json_string_value(ip), json_string_length(ip))))
		return fault_set(f, ERR_OUT_OF_RANGE, "peer.ip",
				 "expected an IP address, or a name");
	if (!json_is_integer(port) || json_integer_value(port) < 1 ||
	    json_integer_value(port) > UINT16_MAX)
		return fault_set(f, ERR_OUT_OF_RANGE, "peer.port",
				 "expected an integer 1..65535");
	place_print(c->where, json_string_value(ip),
		    (uint16_t)json_integer_value(port));
	return ERR_OK;
}

static void seed_change(struct service *s, struct http_request *r,
			const json_t *in, bool goes)
{
	struct claim c = {.goes = goes};
	const struct member *row = NULL;
	struct buf out = {0};
	struct fault f = {0};
	enum err e = read_peer(&c, json_object_get(in, "peer"), &f);

	if (!e)
		e = claim_read_proof(&c, in, &f);
	if (!e)
		e = believe(s, &row, &c, !s->config.open, r, &f);
	claim_release(&c);
	if (is_refused(s, r, e, &f))
		return;
	(void)!out_seed_peer(&out, "", row);
	out_text(&out, "\n");
	reply(r, HTTP_JSON, &out);
}

static void seed(struct service *s, struct http_request *r)
{
	struct fault f = {0};
	json_t *in = read_object(r, &f);
	const char *command = json_string_value(json_object_get(in, "command"));

	if (!in)
		http_refuse(r, &f);
	else if (command && strcmp(command, "get_all") == 0)
		list_peers(s, r);
	else if (command && strcmp(command, "add") == 0)
		seed_change(s, r, in, false);
	else if (command && strcmp(command, "remove") == 0)
		seed_change(s, r, in, true);
	else {
		fault_set(&f, ERR_OUT_OF_RANGE, "command",
			  "expected add, remove or get_all");
		http_refuse(r, &f);
	}
	json_decref(in);
}

/* --- the service itself -------------------------------------------------- */

static void health(struct service *s, struct http_request *r)
{
	struct buf out = {0};

	out_text(&out, "{\"status\":\"ok\",\"version\":");
	out_string(&out, span_str(s->config.version));
	out_text(&out, ",\"members\":");
	out_uint(&out, members_count(s->members));
	out_text(&out, "}\n");
	reply(r, HTTP_JSON, &out);
}

/* head: HELP and TYPE lines; label may be "". */
static void out_figure(struct buf *out, const char *head, const char *name,
		       uint64_t v)
{
	out_text(out, head);
	out_text(out, name);
	out_text(out, " ");
	out_uint(out, v);
	out_text(out, "\n");
}

static void metrics(struct service *s, struct http_request *r)
{
	struct buf out = {0};

	out_figure(&out,
		   "# HELP ccoin_discovery_members Members that are listed\n"
		   "# TYPE ccoin_discovery_members gauge\n",
		   "ccoin_discovery_members", members_count(s->members));
	out_figure(&out,
		   "# HELP ccoin_discovery_claims_total Changes asked for\n"
		   "# TYPE ccoin_discovery_claims_total counter\n",
		   "ccoin_discovery_claims_total{result=\"accepted\"}",
		   s->believed);
	out_figure(&out, "", "ccoin_discovery_claims_total{result=\"refused\"}",
		   s->refused);
	out_figure(&out,
		   "# HELP ccoin_http_connections Open HTTP connections\n"
		   "# TYPE ccoin_http_connections gauge\n",
		   "ccoin_http_connections",
		   http_server_connections(s->server));
	out_figure(&out,
		   "# HELP ccoin_uptime_seconds Seconds since the start\n"
		   "# TYPE ccoin_uptime_seconds gauge\n",
		   "ccoin_uptime_seconds",
		   (clock_steady_ms() - s->started) / 1000);
	reply(r, "text/plain; version=0.0.4; charset=utf-8", &out);
}

static void handle(void *ctx, struct http_request *r)
{
	struct service *s = ctx;
	struct span pieces[PARAMS_MAX];
	struct args args;
	const struct route *row = dispatch_route(
		table, ROW_COUNT, "GET /members lists who is here", r, pieces);

	if (!row || !dispatch_args(&args, row, pieces, r))
		return;
	members_expire(s->members, s->config.clock());
	switch (row - table) {
	case ROW_LIST:
		list(s, r, &args);
		return;
	case ROW_MEMBER:
		change(s, r, &args);
		return;
	case ROW_SEED:
		seed(s, r);
		return;
	case ROW_HEALTH:
		health(s, r);
		return;
	case ROW_METRICS:
		metrics(s, r);
		return;
	}
	BUG("a row that is not there");
}

enum err service_new(struct service **out, struct event_base *base,
		     const struct service_config *config, struct fault *f)
{
	struct service *s = xcalloc(1, sizeof(*s));
	struct http_config http = {.address = config->address,
				   .port = config->port,
				   .any_host = true,
				   .limits.body_bytes = CLAIM_BODY_MAX,
				   .ctx = s,
				   .handle = handle};
	enum err e;

	*out = NULL;
	s->config = *config;
	s->started = clock_steady_ms();
	s->members = members_new(config->ttl_ms);
	s->verifier = verifier_new(KEYS_MAX);
	e = http_server_new(&s->server, base, &http, f);
	if (e)
		service_free(s);
	else
		*out = s;
	return e;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	http_server_free(s->server);
	verifier_free(s->verifier);
	members_free(s->members);
	free(s);
}

const char *service_url(const struct service *s)
{
	return http_server_url(s->server);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a request to its handler: route, cookie, body, parameters; and from
 * an error code to a status. Every refusal is a problem document.
 */
#include "http/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/call.h"
#include "loop/clock.h"

struct kv_view *api_view(const struct api *api)
{
	return api->cfg.view(api->cfg.ctx);
}

int status_of(enum err e)
{
	switch (e) {
	case ERR_OK:
		return 200;
	case ERR_MALFORMED:
	case ERR_NOT_CANONICAL:
	case ERR_UNKNOWN_FIELD:
	case ERR_DUPLICATE_FIELD:
	case ERR_MISSING_FIELD:
	case ERR_WRONG_TYPE:
	case ERR_OUT_OF_RANGE:
	case ERR_BAD_ADDRESS:
	case ERR_BAD_HASH:
	case ERR_BAD_PUBLIC_KEY:
		return 400;
	case ERR_UNAUTHORIZED:
		return 401;
	case ERR_BAD_HOST:
		return 403;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_METHOD_NOT_ALLOWED:
		return 405;
	case ERR_EXISTS:
		return 409;
	case ERR_TOO_BIG:
		return 413;
	case ERR_UNSUPPORTED_MEDIA_TYPE:
		return 415;
	case ERR_UNSUPPORTED_VERSION:
	case ERR_UNSUPPORTED_OPERATION:
	case ERR_ID_MISMATCH:
	case ERR_UNSIGNED:
	case ERR_BAD_SIGNATURE:
	case ERR_KEY_REQUIRED:
	case ERR_KEY_UNEXPECTED:
	case ERR_WRONG_KEY:
	case ERR_NONCE_TOO_LOW:
	case ERR_NONCE_GAP:
	case ERR_INSUFFICIENT_BALANCE:
	case ERR_AMOUNT_OVERFLOW:
	case ERR_EXPIRED:
	case ERR_FEE_TOO_LOW:
	case ERR_ACCOUNT_QUEUE_FULL:
	case ERR_REPLACEMENT_FEE_TOO_LOW:
	case ERR_REPLACED:
	case ERR_NO_FINALITY:
		return 422;
	case ERR_MEMPOOL_FULL:
	case ERR_OVERLOADED:
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
		return 503;
	case ERR_BAD_PARENT:
	case ERR_BAD_TIME:
	case ERR_FUTURE:
	case ERR_BAD_PRODUCER:
	case ERR_BAD_SEAL:
	case ERR_BAD_ENGINE_FIELDS:
	case ERR_BAD_TXS_ROOT:
	case ERR_BAD_RESULTS_ROOT:
	case ERR_BAD_STATE_ROOT:
	case ERR_BAD_HISTORY_ROOT:
	case ERR_TOO_MANY_TXS:
	case ERR_IO:
	case ERR_NO_SPACE:
	case ERR_LOCKED:
	case ERR_PERMISSION:
	case ERR_FOREIGN_FORMAT:
	case ERR_OTHER_CHAIN:
	case ERR_CORRUPT:
	case ERR_BAD_PASSWORD:
	case ERR_CRYPTO:
	case ERR_COUNT:
		return 500;
	}
	return 500;
}

void call_refuse(struct call *c, const struct fault *f)
{
	int status = status_of(f->code);

	if (f->code == ERR_MEMPOOL_FULL || f->code == ERR_OVERLOADED)
		http_reply_header(c->r, "Retry-After", "1");
	if (f->code == ERR_UNAUTHORIZED)
		http_reply_header(c->r, "WWW-Authenticate", "Bearer");
	http_problem(c->r, status, f);
}

void call_fault(struct call *c, enum err code, const char *field,
		const char *fmt, ...)
{
	char detail[FAULT_DETAIL_MAX];
	struct fault f;
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	fault_set(&f, code, field, "%s", detail);
	call_refuse(c, &f);
}

void api_env_failed(struct api *api, enum err e)
{
	if (api->cfg.failed)
		api->cfg.failed(api->cfg.ctx, e);
}

void call_query_failed(struct call *c, enum err e, const char *what)
{
	if (e == ERR_NOT_FOUND) {
		call_fault(c, e, "", "%s", what);
		return;
	}
	api_env_failed(c->api, e);
	call_fault(c, e, "", "the store cannot be read");
}

/* --- dispatch ------------------------------------------------------------ */

static bool is_same_secret(const char *a, const char *b)
{
	size_t len = strlen(a), i;
	unsigned char diff = strlen(b) != len;

	/* no early end: the time must not tell how far a guess was right */
	for (i = 0; i < len && b[i]; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);
	return !diff;
}

static bool has_cookie(const struct api *api, const struct http_request *r)
{
	const char *sent = http_header(r, HTTP_AUTHORIZATION);

	if (!api->cfg.cookie || !sent || strncasecmp(sent, "Bearer ", 7))
		return false;
	sent += 7;
	return is_same_secret(api->cfg.cookie, sent + strspn(sent, " "));
}

static void refuse_path(struct call *c, unsigned allowed)
{
	char allow[ROUTE_ALLOW_MAX];

	if (!allowed) {
		call_fault(c, ERR_NOT_FOUND, "",
			   "there is nothing at this path; GET /openapi.json "
			   "lists what there is");
		return;
	}
	http_reply_header(c->r, "Allow", route_allow(allow, allowed));
	call_fault(c, ERR_METHOD_NOT_ALLOWED, "", "this path takes %s", allow);
}

static void handle(void *ctx, struct http_request *r)
{
	struct call c;
	struct span pieces[PARAMS_MAX];
	struct fault f;
	unsigned allowed;

	c.api = ctx;
	c.r = r;
	c.route = route_find(http_method(r), http_path(r), pieces, &allowed);
	if (!c.route) {
		refuse_path(&c, allowed);
		return;
	}
	http_set_tag(r, (int)(c.route - route_table));
	if (c.route->cookie && !has_cookie(c.api, r)) {
		call_fault(&c, ERR_UNAUTHORIZED, "Authorization",
			   "expected \"Authorization: Bearer COOKIE\" with the "
			   "content of DATADIR/.cookie");
		return;
	}
	if (c.route->body_max && http_body(r).len > c.route->body_max) {
		call_fault(&c, ERR_TOO_BIG, "",
			   "the body has %zu bytes; this path takes %zu",
			   http_body(r).len, c.route->body_max);
		return;
	}
	if (params_read(&c.args, c.route->params, pieces, http_query(r), &f)) {
		call_refuse(&c, &f);
		return;
	}
	c.route->handle(&c);
}

static void answered(void *ctx, const struct http_request *r, int status)
{
	struct api *api = ctx;
	int tag = http_tag(r);
	size_t row = tag < 0 ? route_count : (size_t)tag;

	if (status >= 100 && status < 100 * STATUS_CLASSES)
		api->counts[row][status / 100]++;
}

/* --- life ---------------------------------------------------------------- */

enum err api_new(struct api **out, struct event_base *base,
		 const struct api_config *config, struct fault *f)
{
	struct api *api = xcalloc(1, sizeof(*api));
	struct http_config http = {.address = config->address,
				   .port = config->port,
				   .hosts = config->hosts,
				   .host_count = config->host_count,
				   .limits = config->limits,
				   .ctx = api,
				   .handle = handle,
				   .answered = answered};
	enum err e;

	*out = NULL;
	api->cfg = *config;
	api->base = base;
	api->started = clock_steady_ms();
	api->counts = xcalloc(route_count + 1, sizeof(*api->counts));
	TAILQ_INIT(&api->submissions);
	TAILQ_INIT(&api->due);
	e = http_server_new(&api->server, base, &http, f);
	if (e) {
		api_free(api);
		return e;
	}
	*out = api;
	return ERR_OK;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	http_server_free(api->server); /* cancels who waits */
	submissions_free(api);
	buf_release(&api->openapi);
	free(api->counts);
	free(api);
}

const char *api_url(const struct api *api)
{
	return http_server_url(api->server);
}

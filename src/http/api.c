/* SPDX-License-Identifier: MIT */
/* From a request to its handler: route, cookie, body, parameters. */
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

void call_refuse(struct call *c, const struct fault *f)
{
	http_refuse(c->r, f);
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

bool call_has_cookie(const struct call *c)
{
	const char *sent = http_header(c->r, HTTP_AUTHORIZATION);
	const struct api *api = c->api;

	if (!api->cfg.cookie || !sent || strncasecmp(sent, "Bearer ", 7))
		return false;
	sent += 7;
	return is_same_secret(api->cfg.cookie, sent + strspn(sent, " "));
}

void call_needs_cookie(struct call *c)
{
	call_fault(
		c, ERR_UNAUTHORIZED, "Authorization",
		"expected \"Authorization: Bearer COOKIE\" with the content of "
		"DATADIR/.cookie");
}

static void handle(void *ctx, struct http_request *r)
{
	struct call c;
	struct span pieces[PARAMS_MAX];

	c.api = ctx;
	c.r = r;
	c.route = dispatch_route(route_table, route_count,
				 "GET /openapi.json lists what there is", r,
				 pieces);
	if (!c.route)
		return;
	if (c.route->cookie && !call_has_cookie(&c)) {
		call_needs_cookie(&c);
		return;
	}
	if (dispatch_args(&c.args, c.route, pieces, r))
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
	TAILQ_INIT(&api->probes);
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
	probes_free(api);
	buf_release(&api->openapi);
	free(api->counts);
	free(api);
}

const char *api_url(const struct api *api)
{
	return http_server_url(api->server);
}

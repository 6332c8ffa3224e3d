/* SPDX-License-Identifier: MIT */
/*
 * What the handlers share: the api, and one call of a route. Private to this
 * floor's api.c, routes.c, openapi.c, block_json.c and handlers_*.c.
 */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include <sys/queue.h>

#include "http/api.h"
#include "http/dispatch.h"
#include "http/routes.h"
#include "node/query.h"

struct submission;
TAILQ_HEAD(submission_list, submission);
struct probe;
TAILQ_HEAD(probe_list, probe);

#define STATUS_CLASSES 6 /* 1xx..5xx; [0] is not used */

struct api {
	struct api_config cfg;
	struct event_base *base;
	struct http_server *server;
	struct submission_list submissions; /* oldest first */
	struct submission_list due;	    /* to be looked at */
	struct event *look;		    /* the next turn does */
	struct probe_list probes;	    /* places being dialled */
	uint64_t next_probe;		    /* not before, clock_steady_ms() */
	uint64_t last_request;
	uint64_t started;		    /* clock_steady_ms() */
	uint64_t (*counts)[STATUS_CLASSES]; /* per route, then all others */
	struct buf openapi;		    /* made at its first use */
};

struct call {
	struct api *api;
	struct http_request *r;
	const struct route *route;
	struct args args;
};

struct kv_view *api_view(const struct api *api);

/* Answer with a problem; its status is status_of(f->code). */
void call_refuse(struct call *c, const struct fault *f);
/* The same, made on the spot. */
void call_fault(struct call *c, enum err code, const char *field,
		const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Whether the request shows the node's cookie; and the answer when not. */
bool call_has_cookie(const struct call *c);
void call_needs_cookie(struct call *c);
/*
 * Answer to an error of a query: 404 with `what` for ERR_NOT_FOUND; anything
 * else is the environment's, which the daemon hears of.
 */
void call_query_failed(struct call *c, enum err e, const char *what);
/* Tell the daemon; for streams, which then abort. */
void api_env_failed(struct api *api, enum err e);

/* For api_free(): submission.h has the rest. */
void submissions_free(struct api *api);
void probes_free(struct api *api);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What every service over http/server.h does before a handler: find the row of
 * its table, and refuse what fits none, is too long or names parameters that
 * are not there. Each refusal is a problem document.
 */
#ifndef HTTP_DISPATCH_H
#define HTTP_DISPATCH_H

#include "http/routes.h"

/* The HTTP status that goes with a code (INTERFACE: "pushtx"). */
int status_of(enum err e);
/* Answer with a problem; its status is status_of(f->code). */
void http_refuse(struct http_request *r, const struct fault *f);

/*
 * The row for a request, which gets its number as its tag; pieces gets what
 * stands for the parameters of the path. NULL: it was answered, 404 or 405;
 * hint ends the sentence of a 404.
 */
const struct route *dispatch_route(const struct route *table, size_t count,
				   const char *hint, struct http_request *r,
				   struct span pieces[PARAMS_MAX]);
/* The parameters. false: it was answered, 400 or 413. */
MUST_USE bool dispatch_args(struct args *out, const struct route *route,
			    const struct span *pieces, struct http_request *r);

#endif

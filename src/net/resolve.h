/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses without blocking the loop (libevent's evdns: what
 * /etc/hosts and the servers of /etc/resolv.conf say). It is set up with the
 * first name, so that addresses in numbers need no resolver.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "net/where.h"

#define RESOLVE_MAX 4 /* addresses of a name that are tried */

struct event_base;
struct resolver;
struct lookup;

MUST_USE struct resolver *resolver_new(struct event_base *base);
/* Calls nothing back. */
void resolver_free(struct resolver *r);

/* count 0: why says what is wrong. */
typedef void resolved_fn(void *ctx, const struct endpoint *list, size_t count,
			 const char *why);
/* NULL: fn was called already. */
MUST_USE struct lookup *resolve(struct resolver *r, const struct where *w,
				resolved_fn *fn, void *ctx);
/* fn is not called any more; l is gone. */
void resolve_cancel(struct lookup *l);

#endif

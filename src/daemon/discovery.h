/* SPDX-License-Identifier: MIT */
/*
 * The node's side of ccoin-discovery: says every half minute where this node
 * is, and hears who else is there. Never blocks the loop, and nothing depends
 * on it: when the meeting point is away it warns once and goes on trying.
 */
#ifndef DAEMON_DISCOVERY_H
#define DAEMON_DISCOVERY_H

#include "crypto/key.h"

struct event_base;
struct discovery;

struct discovery_config {
	const char *url; /* http://HOST[:PORT][/PATH], as options check it */
	const struct secret_key *key; /* the node's; borrowed */
	const struct hash *chain;     /* the genesis hash; copied */
	/* HOST:PORT that others are told; a host of 0.0.0.0 or [::] stands for
	 * the address that the meeting point sees. Copied. */
	const char *where;
	/* A member of our chain, not this node, says that it is there. */
	void (*heard)(void *ctx, const char *where);
	void *ctx;
};

/* Begins in the next turn of the loop. */
MUST_USE struct discovery *discovery_new(struct event_base *base,
					 const struct discovery_config *config);
/* Calls nothing back. NULL is fine. */
void discovery_free(struct discovery *d);
/* Say that this node goes, and call done, once: when that was answered, or
 * after a second; from within when nobody knows of it. */
void discovery_stop(struct discovery *d, void (*done)(void *ctx));

#endif

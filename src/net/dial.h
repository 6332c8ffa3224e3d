/* SPDX-License-Identifier: MIT */
/*
 * Whom to dial, and when. Addresses that the operator named are tried always;
 * others while there are too few connections. An attempt that fails doubles
 * the wait of its address; a minute of good company ends it. Opens nothing and
 * reads no clock: times are the caller's, ms of a clock that nobody sets.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "base/err.h"
#include "base/rng.h"
#include "crypto/hash.h"
#include "net/where.h"

#define DIAL_OUTBOUND 8 /* connections that are looked for */
#define DIAL_WAIT_MIN_MS 1000
#define DIAL_WAIT_MAX_MS (5u * 60 * 1000)
#define DIAL_GOOD_MS (60u * 1000)
#define DIAL_NAMED_MAX 256 /* addresses of the operator */
#define DIAL_TARGETS_MAX (DIAL_NAMED_MAX + 1024)
#define DIAL_AT_ONCE 8	   /* attempts in flight */
#define DIAL_SELVES_MAX 64 /* addresses of this node that are remembered */

struct target {
	char where[WHERE_TEXT];
	bool named;  /* by the operator */
	bool busy;   /* being dialled, or connected by that */
	bool flying; /* being dialled */
	bool self;   /* it turned out to be this node */
	bool tried;  /* once to an end, in this run */
	bool has_id; /* who answered there last */
	struct address id;
	uint64_t wait;	   /* ms to wait after the next failure */
	uint64_t next;	   /* not before; 0: at once */
	uint64_t good_at;  /* its hello was good; 0: not yet */
	uint64_t failures; /* in a row */
};

struct dial {
	struct target *targets;
	size_t count;
	struct rng rng;
};

void dial_init(struct dial *d, uint64_t seed);
void dial_release(struct dial *d);

/* The addresses of the operator, instead of those before; waits begin anew.
 * What is connected stays so. Those before are forgotten: offer the book's
 * again. */
void dial_name(struct dial *d, const char *const *list, size_t count);
/* One of the book. */
void dial_offer(struct dial *d, const char *where);
/* The book forgot it. */
void dial_withdraw(struct dial *d, const char *where);

/* Whether a node of this id is connected; ids are those that TLS proved. */
typedef bool dial_connected_fn(void *ctx, const struct address *id);
/*
 * The next address to dial now, marked busy; NULL: none. outbound is how many
 * connections of our own there are, attempts included. *wake is when to ask
 * again at the latest; 0: when something changes.
 */
const struct target *dial_next(struct dial *d, uint64_t now, size_t outbound,
			       uint64_t *wake, dial_connected_fn *connected,
			       void *ctx);
/* A node answered there, and proved this id. */
void dial_answered(struct dial *d, const char *where, const struct address *id);
void dial_good(struct dial *d, const char *where, uint64_t now);
/* The attempt, or the connection that came of it, ended. Returns for how many
 * ms the address is left alone. */
uint64_t dial_ended(struct dial *d, const char *where, uint64_t now);
/* It is this node: not again in this run, as far as there is room: names for
 * it are anybody's to make. */
void dial_self(struct dial *d, const char *where);

struct target *dial_find(const struct dial *d, const char *where);
/* Named ones, and others in flight, that were not tried to an end yet. */
size_t dial_untried(const struct dial *d);

#endif

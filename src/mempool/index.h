/* SPDX-License-Identifier: MIT */
/*
 * The orders that the pool keeps its entries in: heaps that know where each
 * of their entries is, and a log by arrival. Every order is one 128-bit key,
 * computed once, so that an order cannot depend on how it is compared. Knows
 * nothing of senders or of rules.
 */
#ifndef MEMPOOL_INDEX_H
#define MEMPOOL_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct entry;

enum heap_kind {
	HEAP_HEADS,  /* each sender's first pending entry, the best first */
	HEAP_CHEAP,  /* all, the first to be dropped first */
	HEAP_EXPIRY, /* those that expire, the soonest first */
	HEAP_KINDS,
	HEAP_LOOSE = HEAP_KINDS, /* keeps no positions */
};

#define HEAP_NOWHERE SIZE_MAX

struct key {
	uint64_t hi, lo;
};

struct slot {
	struct key key;
	struct entry *entry;
};

/* The least key first. Opens as {.kind = ...}. */
struct heap {
	struct slot *slots;
	size_t count, cap;
	enum heap_kind kind;
};

bool key_is_less(struct key a, struct key b);
/*
 * Best first: fee per byte, then arrival. Exact: two different fractions
 * whose denominators are at most 2^12 (TX_BYTES_MAX) differ by at least
 * 2^-24, so 24 binary places tell them apart. fee <= AMOUNT_MAX.
 */
struct key key_best(uint64_t fee, size_t bytes, uint64_t arrival);
/* First to go first: queued, then fee per byte, then the newest. */
struct key key_cheap(bool pending, uint64_t fee, size_t bytes,
		     uint64_t arrival);

void heap_put(struct heap *h, struct entry *e, struct key key);
/* Fine when it is not there. */
void heap_remove(struct heap *h, struct entry *e);
/* Of an entry that is there. */
struct key heap_key(const struct heap *h, const struct entry *e);
/* NULL when empty. */
struct entry *heap_first(const struct heap *h);
void heap_release(struct heap *h);

/*
 * Entries of a heap in order, the heap itself unchanged: takes time and
 * memory of what was asked for, not of the heap. The heap must not change
 * meanwhile.
 */
struct walk {
	const struct heap *of;
	struct heap front;
};

void walk_init(struct walk *w, const struct heap *of);
/* Let another entry, which is not in the heap, take part. */
void walk_put(struct walk *w, struct entry *e, struct key key);
/* NULL at the end. */
struct entry *walk_next(struct walk *w);
void walk_release(struct walk *w);

/* By arrival; holes stay until they are half of it. */
struct arrivals {
	struct arrival {
		uint64_t number;
		struct entry *entry; /* NULL: gone */
	} * list;
	size_t len, cap, live;
};

/* number is greater than all before. */
void arrivals_put(struct arrivals *a, uint64_t number, struct entry *e);
void arrivals_remove(struct arrivals *a, uint64_t number);
/* The first with a number greater than this; NULL when there is none. */
struct entry *arrivals_after(const struct arrivals *a, uint64_t number);
void arrivals_release(struct arrivals *a);

#endif

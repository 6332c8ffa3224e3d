/* SPDX-License-Identifier: MIT */
/*
 * The inside of the pool, for its own files only. An entry belongs to its
 * sender's queue (sorted by nonce) and to the indexes. The first `run`
 * entries of a queue are the pending ones.
 *
 * What always holds: nonces are in [nonce, nonce + MEMPOOL_NONCE_WINDOW);
 * the run is as long as nonces follow each other; run_cost <= balance; and
 * run_cost plus the cost of any queued entry <= balance.
 */
#ifndef MEMPOOL_POOL_H
#define MEMPOOL_POOL_H

#include "base/map.h"
#include "mempool/index.h"
#include "mempool/mempool.h"

/* An address that sends (count > 0), receives (refs > 0), or both. */
struct party {
	struct address address;
	/* the account's state; valid while count > 0 */
	uint64_t nonce, balance;
	struct entry **queue;
	size_t count, cap;
	size_t run;
	uint64_t run_cost;
	struct entry *head; /* its entry in HEAP_HEADS */
	size_t refs;	    /* entries that pay to it */
	uint64_t in;	    /* what the pending ones of them pay */
};

struct entry {
	struct tx tx; /* borrows from bytes */
	enum mempool_place place;
	uint64_t arrival;
	uint64_t cost; /* amount + fee */
	struct party *sender, *recipient;
	size_t pos[HEAP_KINDS];
	uint8_t bytes[];
};

struct drop {
	struct hash id;
	enum err reason;
};

struct mempool {
	size_t max_bytes, bytes;
	size_t executable;
	size_t operations;   /* those that are no transfer */
	uint64_t arrival;    /* of the last one that came */
	struct map *ids;     /* id -> entry */
	struct map *parties; /* address -> party */
	struct heap heaps[HEAP_KINDS];
	struct arrivals arrivals;
	uint64_t drops;
	struct drop *dropped; /* a ring; NULL until the first */
	struct map *reasons;  /* id -> its last place in the ring */
};

static inline size_t entry_bytes(const struct tx *tx)
{
	return tx->raw.len + MEMPOOL_ENTRY_COST;
}

/* NULL when the address is of no interest. */
struct party *party_find(const struct mempool *m,
			 const struct address *address);
/* Put the index of the heads right; free the party when nobody needs it. */
void party_tidy(struct mempool *m, struct party *p);
/* The place in the queue of the first nonce >= nonce. */
size_t queue_lower(const struct party *p, uint64_t nonce);
/* Copy tx into the pool; the caller has made room and checked. */
struct entry *queue_insert(struct mempool *m, const struct tx *tx,
			   const struct account *account);
/* Remove an entry; those behind it become queued. party_tidy() is due. */
void queue_drop(struct mempool *m, struct entry *e, enum err reason);
/* Forget why an id was dropped: it is back, or in a block. */
void drop_forget(struct mempool *m, const struct hash *id);
void drop_note(struct mempool *m, const struct hash *id, enum err reason);

#endif

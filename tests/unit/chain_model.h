/* SPDX-License-Identifier: MIT */
/*
 * A chain over kv_mem and, beside it, what plain code makes of the same
 * transactions: headers' hashes and the entries of the derived tables. All
 * signatures are zeros: they are the node's matter.
 */
#ifndef TESTS_UNIT_CHAIN_MODEL_H
#define TESTS_UNIT_CHAIN_MODEL_H

#include "base/rng.h"
#include "chain/chain.h"

#define PEOPLE 24
#define STRANGER PEOPLE
#define TXS_MAX 1000
#define WANT_HEIGHTS 200

/* A transfer by the numbers of people; to STRANGER: to a new address. */
struct deed {
	size_t from, to;
	uint64_t amount, fee;
};

extern struct rng rng;
extern struct address people[PEOPLE];
extern struct kv_mem *store; /* what is durable */
extern struct chain *chain;

/* What must come out. */
extern struct kv_mem *want;
extern uint64_t want_supply;
extern struct hash want_hashes[WANT_HEIGHTS]; /* of headers, by height */

/*
 * A chain whose first person owns nearly everything; more is JSON members of
 * the genesis file to add.
 */
void make_chain(uint64_t seed, const char *more);
void end_chain(void);
/* The chain of the store, once more. */
void open_chain(void);

/* The full bytes of a transfer, and the transfer itself, which borrows them;
 * data is the length of its data. */
struct tx transfer(struct buf *raw, size_t from, uint64_t nonce,
		   const struct address *to, uint64_t amount, uint64_t fee,
		   size_t data);
/* Small payments among people that can be paid, most of nothing. */
size_t random_deeds(struct deed *deeds, size_t count);
/* A sealed block of these transfers on the tip, here and in plain code. */
struct candidate *make_block(const struct deed *deeds, size_t count);
/* Make it durable and adopt it. */
void take_block(struct candidate *b);

#endif

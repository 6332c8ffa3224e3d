/* SPDX-License-Identifier: MIT */
/*
 * Blocks on a fork point: what is above it on the chain is taken back by its
 * deltas, and the new blocks are applied one by one, in memory. Nobody sees
 * it before it is adopted; the store moves in one batch. With the fork at the
 * tip it is how blocks from elsewhere extend the chain.
 *
 * While a branch lives, the chain's state tree is the branch's: no candidate
 * and no other branch may be made of the chain, and it must not be flushed
 * by a new slice (chain_flush() says no). Nor may a candidate live that was
 * made before: free it first. Reads of the chain (chain_view(),
 * chain_account(), chain_tip()) still show the chain as it was.
 */
#ifndef CHAIN_BRANCH_H
#define CHAIN_BRANCH_H

#include "chain/chain.h"

/* A branch takes no more than this: the batch must fit the store. */
#define BRANCH_BLOCKS_MAX 512
#define BRANCH_BYTES_MAX (16u << 20)
/* Blocks that one branch takes back; deeper forks go back stepwise: a branch
 * with no block added is allowed and moves the tip down. */
#define BRANCH_DEPTH_MAX 512
/* Bytes of these, with their deltas: 64 of the biggest blocks fit. */
#define BRANCH_BACK_MAX ((size_t)256 << 20)
/* So many bytes instead: a test has smaller blocks. */
void chain_set_back_max(struct chain *c, size_t bytes);

struct branch;

/*
 * Begin at that height of the chain, at most BRANCH_DEPTH_MAX below the tip.
 * Takes the blocks above back, in memory. ERR_TOO_BIG: they have more than
 * BRANCH_BACK_MAX bytes, and are several; go back in smaller steps. ERR_IO,
 * ERR_CORRUPT.
 */
MUST_USE enum err branch_new(struct branch **out, struct chain *c,
			     struct kv_view *store, uint64_t fork,
			     struct fault *f);
/* Give it up: the chain is as it was before. After an error of the store the
 * chain is unusable, as ever. */
MUST_USE enum err branch_abandon_take(struct branch *b, struct kv_view *store);
/* Free it, once it is adopted; before that there is no way back without it,
 * and chain_free() alone may be called on the chain. NULL is fine. */
void branch_free(struct branch *b);

/* Whether one lives: no candidate may be made then. */
bool chain_has_branch(const struct chain *c);
uint64_t branch_fork(const struct branch *b); /* height */
const struct chain_tip *branch_tip(const struct branch *b);
size_t branch_count(const struct branch *b); /* blocks added */
size_t branch_bytes(const struct branch *b); /* of these */

/*
 * Apply a decoded block on the branch's tip, checking all but the engine's
 * rules and the signatures, as candidate_check() does, with its errors; then
 * nothing changed. ERR_OVERLOADED: it has BRANCH_BLOCKS_MAX blocks, or
 * BRANCH_BYTES_MAX bytes or more: no fault of the block, adopt the branch
 * first. ERR_IO and ERR_CORRUPT are the store's; the chain is unusable then.
 */
MUST_USE enum err branch_add(struct branch *b, struct kv_view *store,
			     const struct block *block, struct span raw,
			     struct fault *f);

/*
 * The writes: the log above the fork moves to orphans, the new blocks enter
 * the log. The rows of KV_STATES above the fork are deleted; the caller puts
 * those of the new blocks behind. Nothing may be added afterwards.
 */
void branch_commit(const struct branch *b, struct kv_batch *out);
/* It is durable: the chain's tip is the branch's, which is left to tell what
 * follows and to be freed. */
void chain_adopt_branch(struct chain *c, struct branch *b);

/* What the pool must hear of. Borrowed. */
/* Blocks taken back, i = 0 the lowest: their bytes. */
size_t branch_orphan_count(const struct branch *b);
struct span branch_orphan(const struct branch *b, size_t i);
/* Blocks added, i = 0 the lowest: their transactions, hashed. */
const struct tx *branch_txs(const struct branch *b, size_t i, size_t *count);
/* Every account that the way back or a block touched, as it is at the
 * branch's tip. exists false: never seen there, so it holds what such an
 * address does (unseen_balance()). Sorted by nothing. */
size_t branch_account_count(const struct branch *b);
const struct account *branch_account(const struct branch *b, size_t i,
				     bool *exists);

/* A block that was taken back not long ago, by its hash: its bytes, borrowed
 * from the view. ERR_NOT_FOUND. */
MUST_USE enum err chain_orphan(struct span *raw, struct chain *c,
			       struct kv_view *store, const struct hash *hash);

#endif

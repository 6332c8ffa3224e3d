/* SPDX-License-Identifier: MIT */
/*
 * Branches to move between. A line is a chain grown from genesis along one
 * branch, over a store of its own, that never took a block back and never
 * flushed: what any other chain at the same block must look like. All start
 * from the genesis of chain_model.h.
 */
#ifndef TESTS_UNIT_BRANCH_WORLD_H
#define TESTS_UNIT_BRANCH_WORLD_H

#include "chain_model.h"

#define LINES 4
#define HEIGHTS 600

struct line {
	struct kv_mem *mem;
	struct chain *chain;
	uint64_t height;
	struct hash hash[HEIGHTS];
	struct buf raw[HEIGHTS]; /* blocks */
};

extern struct line lines[LINES];

/* make_chain(), with lines at genesis; near_cap: the supply nearly is. */
void make_world(uint64_t seed, bool near_cap);
void end_world(void);

/* Random transfers on what the candidate follows; view is that of its chain.
 * Finished and sealed. */
void fill_block(struct candidate *b, struct chain *c, struct kv_view *view,
		size_t txs);
/* A block of that many random transfers, or less, on the line's tip. */
void line_grow(struct line *l, size_t txs);
/* A block that was made elsewhere. */
void line_add(struct line *l, struct span raw);
/* Begin again as another line was at that height. */
void line_fork(struct line *l, const struct line *from, uint64_t height);
/* The line that has this block at this height, or NULL. */
struct line *line_of(const struct hash *hash, uint64_t height);

/* All tables of a view are those of a line at that height: all that follow
 * from blocks, entry by entry. Keys may be more. */
void ck_tables_of(struct kv_view *view, const struct line *l, uint64_t height);
/* A chain over a store is that, tip and tree and range included. */
void ck_chain_of(struct chain *c, struct kv_mem *mem);

#endif

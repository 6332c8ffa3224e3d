/* SPDX-License-Identifier: MIT */
/*
 * What state_tree.c, state_patch.c and state_proof.c share, for no other
 * file: the nodes in memory, and the stream of an area's accounts in key
 * order with changes laid over it.
 */
#ifndef LEDGER_STATE_NODE_H
#define LEDGER_STATE_NODE_H

#include "ledger/state_tree.h"

#define STATE_TAG_LEAF 0x00
#define STATE_TAG_NODE 0x01
#define STATE_KEY_BITS (8 * HASH_LEN)

/*
 * Accounts in a bucket before it splits. Measured at a million accounts, a
 * whole block that changes 2000 of them: 4 takes 19.8 ms and 27 MB, 6 takes
 * 20.7 ms and 18 MB, 8 takes 21.8 ms and 14 MB.
 */
#define STATE_BUCKET_MAX 4

/*
 * The root of a subtree. Its pair holds its two children; 0, where the root
 * of the whole tree is kept, says that it is a bucket. A pair stays when
 * accounts are taken out below it, so a node with a pair may be empty, or
 * hold a single account and have that leaf's hash.
 */
struct state_node {
	struct hash hash; /* zeros: no account */
	uint32_t link;	  /* index of the pair, and STATE_SINGLE */
};

#define STATE_SINGLE UINT32_C(0x80000000) /* exactly one account */
#define STATE_PAIR_MAX (STATE_SINGLE - 1)

struct state_pair {
	struct state_node child[2];
};

/* Pairs that are numbered from base. */
struct state_pool {
	struct state_pair *pairs;
	size_t len, cap;
	size_t base;
};

struct state_tree {
	struct state_pool pool;
	uint64_t count;
};

struct state_leaf {
	struct hash key;
	struct hash record; /* SHA-256 of the record */
	struct hash hash;
};

/*
 * The accounts whose keys begin with the first depth bits of prefix, in
 * order, pulled into a window just long enough to see whether they fit a
 * bucket.
 */
struct state_stream {
	struct kv_cursor *cursor;
	bool live; /* the cursor stands at an account of the area */
	struct hash prefix;
	unsigned depth;
	const struct state_change *change, *changes_end;
	uint64_t seen, given; /* accounts of the view; accounts handed on */
	enum err err;	      /* sticks */
	struct state_leaf window[STATE_BUCKET_MAX + 1];
	size_t filled;
};

static inline unsigned state_bit(const struct hash *key, unsigned depth)
{
	return key->b[depth / 8] >> (7 - depth % 8) & 1;
}

static inline uint32_t state_pair_of(const struct state_node *n)
{
	return n->link & ~STATE_SINGLE;
}

/* --- state_tree.c ---- */

/* The number of a new pair. Moves the pairs. */
uint32_t state_pool_reserve(struct state_pool *p);
/* What a node is from its children, which are that pair. */
void state_node_join(struct state_node *out, const struct state_node child[2],
		     uint32_t pair);

/* --- state_stream.c ---- */

/* Begin with no area; a cursor over the view's accounts is held until
 * close. */
void state_stream_open(struct state_stream *s, struct kv_view *view);
void state_stream_close(struct state_stream *s);
/*
 * Begin an area, with the changes in it laid over the view. vacant: the view
 * is known to hold nothing there and is not asked.
 */
void state_stream_seek(struct state_stream *s, const struct hash *key,
		       unsigned depth, bool vacant,
		       const struct state_change *changes, size_t count);
/* Pull until the window is full or the area ends. */
MUST_USE enum err state_stream_fill(struct state_stream *s);
/*
 * Make a subtree at depth of the leaves to come whose keys begin with the
 * first depth bits of path, and drop them. path is scratch from there on.
 */
MUST_USE enum err state_stream_build(struct state_node *out,
				     struct state_pool *pool,
				     struct state_stream *s, struct hash *path,
				     unsigned depth);

void state_leaf_hash(struct hash *out, const struct hash *key,
		     const struct hash *record);
/* The root at depth of leaves in order. */
void state_leaves_root(struct hash *out, const struct state_leaf *leaves,
		       size_t count, unsigned depth);
/* How many of the leaves, in order, have the bit at depth clear. */
size_t state_leaves_left(const struct state_leaf *leaves, size_t count,
			 unsigned depth);

#endif

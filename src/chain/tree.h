/* SPDX-License-Identifier: MIT */
/*
 * Headers beside the main chain: blocks that are known by their checked
 * header and seal, above a block of the main chain or of each other. The main
 * chain itself is in the store; a root's parent is a block of it. Bounded in
 * bytes. Knows no engine: the state after each header is bytes to it, and
 * which tip is better is a function that it is given.
 */
#ifndef CHAIN_TREE_H
#define CHAIN_TREE_H

#include "base/err.h"
#include "codec/block.h"

enum tree_body {
	TREE_ABSENT,   /* nobody was asked, or nobody has it */
	TREE_ASKED,    /* a peer was asked */
	TREE_CHECKING, /* here; its signatures are being checked */
	TREE_HERE,     /* here, form, root and signatures hold */
};

struct tree_node {
	struct hash hash;
	struct header header; /* spans borrow from the node's own bytes */
	struct span header_raw;
	struct span seal_raw;
	struct span state;	  /* the engine's, after this header */
	uint64_t settled;	  /* what that says is settled, a height */
	struct tree_node *parent; /* NULL: on the main chain */
	struct tree_node *child, *sibling;
	enum tree_body body;
	struct buf raw;	  /* the block's bytes, when not TREE_ABSENT */
	bool invalid;	  /* or follows one that is: never moved to */
	bool unavailable; /* no peer gave its body: not for now */
	uint64_t arrival; /* counts up */
};

struct tree;
MUST_USE struct tree *tree_new(size_t bytes_max, uint64_t seed);
void tree_free(struct tree *t);
size_t tree_count(const struct tree *t);
size_t tree_bytes(const struct tree *t); /* bodies included */

struct tree_node *tree_find(const struct tree *t, const struct hash *hash);
/*
 * Add a checked header; bytes are copied. parent NULL: its parent is a block
 * of the main chain. ERR_EXISTS; ERR_TOO_BIG: full, and nothing that may go.
 * Makes room by dropping the leaf that `worse` puts last, never an ancestor
 * of keep (NULL: none) or of the new one.
 */
typedef int tree_prefer_fn(void *ctx, const struct tree_node *a,
			   const struct tree_node *b);
MUST_USE enum err tree_add(struct tree *t, struct tree_node **out,
			   struct tree_node *parent, struct span header_raw,
			   struct span seal_raw, const struct hash *hash,
			   struct span state, uint64_t settled,
			   const struct tree_node *keep, tree_prefer_fn *prefer,
			   void *ctx);
/* Attach or take away the bytes of a body (empty: none). */
void tree_set_body(struct tree *t, struct tree_node *n, enum tree_body body,
		   struct span raw);
/* Mark it and all that follows. */
void tree_mark_invalid(struct tree *t, struct tree_node *n);
/* Remove it; its children become roots (their parent is on the main chain
 * now), or go too with their own. */
void tree_remove_keep_children(struct tree *t, struct tree_node *n);
void tree_remove_subtree(struct tree *t, struct tree_node *n);
/* Every node, in no order; the tree must not change meanwhile. *at starts at
 * 0; false at the end. */
bool tree_next(const struct tree *t, size_t *at, struct tree_node **out);

#endif

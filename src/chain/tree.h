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
	TREE_WAITING,  /* here, and its root holds; signatures not looked at */
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
	uint64_t rank;		  /* what the branch weighs: set by the adder */
	struct tree_node *parent; /* NULL: on the main chain */
	struct tree_node *child, *sibling; /* of roots: the next root */
	enum tree_body body;
	struct buf raw;	  /* the block's bytes, from TREE_WAITING on */
	bool invalid;	  /* or follows one that is: never moved to */
	bool unavailable; /* or follows one whose body no peer gave */
	bool was_main;	  /* taken back: chain_orphan() has its body */
	uint64_t arrival; /* counts up */
};

struct tree;
/* bytes_max bounds all but the bodies. */
MUST_USE struct tree *tree_new(size_t bytes_max, uint64_t seed);
void tree_free(struct tree *t);
size_t tree_count(const struct tree *t);
size_t tree_bytes(const struct tree *t); /* all but the bodies */
size_t tree_body_bytes(const struct tree *t);

struct tree_node *tree_find(const struct tree *t, const struct hash *hash);
/*
 * Add a checked header; bytes are copied. parent NULL: its parent is a block
 * of the main chain. Roots that follow it become its children, as when the
 * block that they followed was taken back. ERR_EXISTS; ERR_TOO_BIG: full, and
 * nothing that may go. Makes room by dropping the branch whose leaf `prefer`
 * puts last, from that leaf down, never an ancestor of keep (NULL: none) or
 * of the new one.
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
void tree_mark_invalid(struct tree *t, struct tree_node *root);
void tree_mark_unavailable(struct tree *t, struct tree_node *root);
/* Somebody has it: what it follows, and it, is available again. */
void tree_mark_available(struct tree *t, struct tree_node *n);
/* Remove it; its children become roots (their parent is on the main chain
 * now), or go too with their own. */
void tree_remove_keep_children(struct tree *t, struct tree_node *n);
void tree_remove_subtree(struct tree *t, struct tree_node *root);
/* The first root; the others are its siblings. NULL: the tree is empty. */
struct tree_node *tree_roots(const struct tree *t);
/* Walk what follows root, itself first, parents before children: start with
 * root; NULL at the end. skip: not what follows n. */
struct tree_node *tree_walk(const struct tree_node *root, struct tree_node *n,
			    bool skip);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Which tip is the best, of the headers that are known: the engine says. A
 * branch that leaves the main chain below its settled block is never moved
 * to; when it has a settled block of its own above the fork, two settled
 * blocks conflict, and the node halts.
 */
#include <stdlib.h>
#include <string.h>

#include "node/sync_internal.h"

static void branch_of_node(struct branch_tip *out, const struct tree_node *node)
{
	sync_engine_block(&out->tip, &node->header, &node->hash);
	out->settled = node->settled;
	out->rank = node->rank;
}

static void branch_of_main(struct branch_tip *out, const struct node *n)
{
	engine_block_of(&out->tip, chain_tip(n->chain));
	out->settled = n->engine->ops->settled(n->engine);
	out->rank = n->engine->ops->rank(n->engine);
}

int branches_prefer(void *node, const struct tree_node *a,
		    const struct tree_node *b)
{
	const struct node *n = node;
	struct branch_tip x, y;

	branch_of_node(&x, a);
	branch_of_node(&y, b);
	return n->engine->ops->prefer(n->engine, &x, &y);
}

bool branches_beats_main(struct node *n, const struct tree_node *a)
{
	struct branch_tip x, y;

	branch_of_node(&x, a);
	branch_of_main(&y, n);
	return n->engine->ops->prefer(n->engine, &x, &y) < 0;
}

/* Height where the branch of a node leaves the main chain. */
static uint64_t fork_of(const struct tree_node *node)
{
	while (node->parent)
		node = node->parent;
	return node->header.height - 1;
}

/* --- conflicts --------------------------------------------------------- */

static void halt(struct node *n, const struct tree_node *node, uint64_t fork)
{
	char ours[HASH_HEX_LEN] = "?", theirs[HASH_HEX_LEN];
	struct sync *s = n->sync;
	struct main_header m;
	uint64_t height = node->settled;

	while (node->header.height > height)
		node = node->parent;
	if (!main_header(n, &m, s->settled))
		hash_hex(ours, &m.hash);
	s->halted = true;
	s->halted_by = node->hash;
	s->target = NULL;
	s->path_count = 0;
	node_log(n, NOTICE_WARNING,
		 "halted: settled block %llu %s conflicts with settled block",
		 (unsigned long long)s->settled, ours);
	node_log(n, NOTICE_WARNING, "halted: %llu %s; they fork at %llu",
		 (unsigned long long)height, hash_hex(theirs, &node->hash),
		 (unsigned long long)fork);
}

/* --- the target -------------------------------------------------------- */

/* The best of what follows a root; NULL when nothing may be moved to. */
static struct tree_node *best_of(struct node *n, struct tree_node *root,
				 struct tree_node *best)
{
	struct tree_node *at = root;
	bool skip;

	while (at) {
		skip = at->invalid || at->unavailable;
		if (!skip && (!best || branches_prefer(n, at, best) < 0))
			best = at;
		at = tree_walk(root, at, skip);
	}
	return best;
}

/* Of a branch that can never win: does it have a settled block of its own? */
static const struct tree_node *conflict_of(struct tree_node *root)
{
	struct tree_node *at;

	for (at = root; at; at = tree_walk(root, at, at->invalid))
		if (!at->invalid && at->settled >= root->header.height)
			return at;
	return NULL;
}

static void set_path(struct sync *s, uint64_t fork)
{
	struct tree_node *at = s->target;
	size_t count = at->header.height - fork, i;

	if (count > s->path_cap) {
		s->path = xrealloc(s->path, count, sizeof(struct tree_node *));
		s->path_cap = count;
	}
	s->path_count = count;
	for (i = count; i-- > 0; at = at->parent)
		s->path[i] = at;
}

static void set_target(struct node *n, struct tree_node *target)
{
	struct sync *s = n->sync;

	if (target && !branches_beats_main(n, target))
		target = NULL;
	if (target && !s->target) {
		sync_hope(n);
		s->behind_since = n->now;
		s->behind_from = s->log_height = chain_tip(n->chain)->height;
		s->log_at = n->now + PROGRESS_LOG_MS;
	}
	s->target = target;
	s->path_count = 0;
	if (target)
		set_path(s, fork_of(target));
}

void branches_choose(struct node *n)
{
	const struct tree_node *other;
	struct tree_node *root, *best = NULL;
	struct sync *s = n->sync;

	s->changed = false;
	s->settled = node_settled(n);
	if (s->halted)
		return;
	for (root = tree_roots(s->tree); root; root = root->sibling) {
		if (root->header.height > s->settled) {
			best = best_of(n, root, best);
			continue;
		}
		other = conflict_of(root);
		if (other) {
			halt(n, other, root->header.height - 1);
			return;
		}
	}
	set_target(n, best);
}

void branches_invalid(struct node *n, struct tree_node *node, const char *why)
{
	char hex[HASH_HEX_LEN];

	node_log(n, NOTICE_WARNING, "block %llu %s is invalid: %s",
		 (unsigned long long)node->header.height,
		 hash_hex(hex, &node->hash), why);
	tree_mark_invalid(n->sync->tree, node);
	n->sync->changed = true;
	sync_changed(n->sync);
}

/* --- pruning ----------------------------------------------------------- */

static bool is_wanted(struct node *n, const struct tree_node *root)
{
	const struct tree_node *node;
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at))) {
		node = tree_find(n->sync->tree, &p->tip);
		while (node && node->parent)
			node = node->parent;
		if (node == root)
			return true;
	}
	return false;
}

void branches_prune(struct node *n)
{
	struct tree *t = n->sync->tree;
	struct tree_node *root, *next;
	bool again, full;

	n->sync->target = NULL;
	n->sync->path_count = 0;
	n->sync->changed = true;
	do {
		again = false;
		for (root = tree_roots(t); root; root = next) {
			next = root->sibling;
			if (!main_has(n, &root->hash))
				continue;
			again = root->child != NULL;
			tree_remove_keep_children(t, root);
			if (again)
				break; /* they stand in the list now */
		}
	} while (again);
	full = tree_bytes(t) >= TREE_BYTES_MAX / 2;
	for (root = tree_roots(t); root; root = next) {
		next = root->sibling;
		if (!main_has(n, &root->header.parent) ||
		    (full && root->header.height <= n->sync->settled &&
		     !is_wanted(n, root)))
			tree_remove_subtree(t, root);
	}
}

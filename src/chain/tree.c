/* SPDX-License-Identifier: MIT */
/*
 * Headers beside the main chain; see the header. Nodes are found by their
 * hash, and linked to what follows them; the roots are one list.
 */
#include "chain/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct tree {
	struct map *nodes; /* hash -> node */
	struct tree_node *roots;
	size_t bytes, bytes_max;
	size_t body_bytes;
	uint64_t arrival;
};

struct tree *tree_new(size_t bytes_max, uint64_t seed)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->nodes = map_new(HASH_LEN, seed);
	t->bytes_max = bytes_max;
	return t;
}

static void node_free(struct tree_node *n)
{
	buf_release(&n->raw);
	free(n);
}

void tree_free(struct tree *t)
{
	size_t at = 0;
	void *value;

	if (!t)
		return;
	while (map_next(t->nodes, &at, NULL, &value))
		node_free(value);
	map_free(t->nodes);
	free(t);
}

size_t tree_count(const struct tree *t)
{
	return map_count(t->nodes);
}

size_t tree_bytes(const struct tree *t)
{
	return t->bytes;
}

size_t tree_body_bytes(const struct tree *t)
{
	return t->body_bytes;
}

struct tree_node *tree_find(const struct tree *t, const struct hash *hash)
{
	return map_get(t->nodes, hash->b);
}

struct tree_node *tree_roots(const struct tree *t)
{
	return t->roots;
}

struct tree_node *tree_walk(const struct tree_node *root, struct tree_node *n,
			    bool skip)
{
	if (n->child && !skip)
		return n->child;
	while (n != root) {
		if (n->sibling)
			return n->sibling;
		n = n->parent;
	}
	return NULL;
}

/* --- links ------------------------------------------------------------- */

static struct tree_node **siblings(struct tree *t, const struct tree_node *n)
{
	return n->parent ? &n->parent->child : &t->roots;
}

static void link_node(struct tree *t, struct tree_node *n,
		      struct tree_node *parent)
{
	struct tree_node **head;

	n->parent = parent;
	head = siblings(t, n);
	n->sibling = *head;
	*head = n;
}

static void unlink_node(struct tree *t, struct tree_node *n)
{
	struct tree_node **at = siblings(t, n);

	while (*at != n)
		at = &(*at)->sibling;
	*at = n->sibling;
	n->sibling = NULL;
}

/* Roots whose parent this is follow it from now on. */
static void take_roots(struct tree *t, struct tree_node *parent)
{
	struct tree_node **at = &t->roots, *n;

	while ((n = *at)) {
		if (n == parent || !hash_eq(&n->header.parent, &parent->hash)) {
			at = &n->sibling;
			continue;
		}
		*at = n->sibling;
		link_node(t, n, parent);
	}
}

/* --- room -------------------------------------------------------------- */

static size_t cost(const struct tree_node *n)
{
	return sizeof(*n) + n->header_raw.len + n->seal_raw.len + n->state.len;
}

/* It has no children and is linked to nothing. */
static void forget(struct tree *t, struct tree_node *n)
{
	t->bytes -= cost(n);
	t->body_bytes -= n->raw.len;
	map_del(t->nodes, n->hash.b);
	node_free(n);
}

static bool is_ancestor(const struct tree_node *a, const struct tree_node *n)
{
	for (; n && n->header.height >= a->header.height; n = n->parent)
		if (n == a)
			return true;
	return false;
}

struct room {
	const struct tree_node *keep[2];
	tree_prefer_fn *prefer;
	void *ctx;
};

static bool may_go(const struct room *r, const struct tree_node *n)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(r->keep); i++)
		if (r->keep[i] && is_ancestor(n, r->keep[i]))
			return false;
	return true;
}

static struct tree_node *worst_leaf(struct tree *t, const struct room *r)
{
	struct tree_node *worst = NULL, *n;
	size_t at = 0;
	void *value;

	while (map_next(t->nodes, &at, NULL, &value)) {
		n = value;
		if (n->child || !may_go(r, n))
			continue;
		if (!worst || r->prefer(r->ctx, worst, n) < 0)
			worst = n;
	}
	return worst;
}

/* Drop the worst branch from its leaf down, as far as nothing else follows
 * and a sixteenth of all is free; looking for the next costs a walk. */
static bool make_room(struct tree *t, size_t need, const struct room *r)
{
	size_t enough = t->bytes_max - t->bytes_max / 16;
	struct tree_node *n, *below;

	while (t->bytes + need > t->bytes_max) {
		n = worst_leaf(t, r);
		if (!n)
			return false;
		while (n && !n->child && may_go(r, n) &&
		       t->bytes + need > enough) {
			below = n->parent;
			unlink_node(t, n);
			forget(t, n);
			n = below;
		}
	}
	return true;
}

/* --- what changes it --------------------------------------------------- */

/* One piece of memory: the node, and behind it header, seal and state. */
static struct tree_node *node_new(struct span header_raw, struct span seal_raw,
				  struct span state)
{
	size_t bytes = header_raw.len + seal_raw.len + state.len;
	struct tree_node *n = xcalloc(1, sizeof(*n) + bytes);
	uint8_t *p = (uint8_t *)(n + 1);

	memcpy(p, header_raw.data, header_raw.len);
	n->header_raw = SPAN(p, header_raw.len);
	p += header_raw.len;
	memcpy(p, seal_raw.data, seal_raw.len);
	n->seal_raw = SPAN(p, seal_raw.len);
	p += seal_raw.len;
	memcpy(p, state.data, state.len);
	n->state = SPAN(p, state.len);
	if (header_decode(&n->header, n->header_raw))
		BUG("a header that was checked does not decode");
	return n;
}

enum err tree_add(struct tree *t, struct tree_node **out,
		  struct tree_node *parent, struct span header_raw,
		  struct span seal_raw, const struct hash *hash,
		  struct span state, uint64_t settled,
		  const struct tree_node *keep, tree_prefer_fn *prefer,
		  void *ctx)
{
	struct room room = {{keep, parent}, prefer, ctx};
	struct tree_node *n;

	*out = NULL;
	if (tree_find(t, hash))
		return ERR_EXISTS;
	n = node_new(header_raw, seal_raw, state);
	if (!make_room(t, cost(n), &room)) {
		node_free(n);
		return ERR_TOO_BIG;
	}
	n->hash = *hash;
	n->settled = settled;
	n->arrival = ++t->arrival;
	n->invalid = parent && parent->invalid;
	n->unavailable = parent && parent->unavailable;
	t->bytes += cost(n);
	map_put(t->nodes, n->hash.b, n);
	link_node(t, n, parent);
	take_roots(t, n);
	*out = n;
	return ERR_OK;
}

void tree_set_body(struct tree *t, struct tree_node *n, enum tree_body body,
		   struct span raw)
{
	n->body = body;
	if (raw.data == n->raw.data && raw.len == n->raw.len)
		return;
	t->body_bytes -= n->raw.len;
	buf_release(&n->raw);
	buf_append_span(&n->raw, raw);
	t->body_bytes += n->raw.len;
}

void tree_mark_invalid(struct tree *t, struct tree_node *root)
{
	struct tree_node *n;

	for (n = root; n; n = tree_walk(root, n, false)) {
		n->invalid = true;
		tree_set_body(t, n, TREE_ABSENT, SPAN(NULL, 0));
	}
}

void tree_mark_unavailable(struct tree *t, struct tree_node *root)
{
	struct tree_node *n;

	(void)t;
	for (n = root; n; n = tree_walk(root, n, false))
		n->unavailable = true;
}

void tree_mark_available(struct tree *t, struct tree_node *n)
{
	(void)t;
	for (; n; n = n->parent)
		n->unavailable = false;
}

void tree_remove_keep_children(struct tree *t, struct tree_node *n)
{
	struct tree_node *child;

	while ((child = n->child)) {
		unlink_node(t, child);
		link_node(t, child, NULL);
	}
	unlink_node(t, n);
	forget(t, n);
}

void tree_remove_subtree(struct tree *t, struct tree_node *root)
{
	struct tree_node *n = root, *next;

	unlink_node(t, root);
	while (n) {
		if (n->child) {
			n = n->child;
			continue;
		}
		next = n == root ? NULL : n->parent;
		if (next)
			next->child = n->sibling;
		forget(t, n);
		n = next;
	}
}

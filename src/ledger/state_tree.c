/* SPDX-License-Identifier: MIT */
/*
 * The state tree in memory and its patches. Pairs of nodes lie in one array
 * and are linked by number; pair 0 holds the root. A patch is a list of
 * pairs that get new content and of pairs that are added, so that many may
 * be tried on one tree and one taken.
 */
#include "ledger/state_tree.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/state_node.h"

/* A pair of the tree gets new content. */
struct write {
	uint32_t number;
	struct state_pair pair;
};

struct state_patch {
	struct hash old_root;
	struct state_node root;
	uint64_t count;		 /* of accounts, afterwards */
	struct state_pool added; /* numbered from the tree's end */
	struct write *writes;
	size_t writes_len, writes_cap;
};

/* The walk that makes a patch. */
struct patching {
	const struct state_tree *tree;
	struct state_patch *patch;
	struct state_stream stream;
};

uint32_t state_pool_reserve(struct state_pool *p)
{
	if (p->base + p->len > STATE_PAIR_MAX)
		BUG("the state tree has too many nodes");
	if (p->len == p->cap) {
		p->cap += p->cap / 4 + 16;
		p->pairs = xrealloc(p->pairs, p->cap, sizeof(*p->pairs));
	}
	return (uint32_t)(p->base + p->len++);
}

void state_node_join(struct state_node *out, const struct state_node child[2],
		     uint32_t pair)
{
	bool empty[2];
	int i;

	out->link = pair;
	for (i = 0; i < 2; i++)
		empty[i] = hash_is_zero(&child[i].hash);
	for (i = 0; i < 2; i++) {
		/* Removed accounts leave pairs that hold one or none. */
		if (empty[!i] && (empty[i] || child[i].link & STATE_SINGLE)) {
			out->hash = child[i].hash;
			out->link |= child[i].link & STATE_SINGLE;
			return;
		}
	}
	hash_pair(&out->hash, STATE_TAG_NODE, &child[0].hash, &child[1].hash);
}

static struct state_node *root_of(const struct state_tree *t)
{
	return &t->pool.pairs[0].child[0];
}

enum err state_tree_build(struct state_tree **out, struct kv_view *view)
{
	struct state_tree *t = xcalloc(1, sizeof(*t));
	struct state_stream s;
	struct state_node root;
	struct hash path = {{0}};
	enum err err;

	*out = NULL;
	if (state_pool_reserve(&t->pool) != 0)
		BUG("the root is not the first");
	state_stream_open(&s, view);
	state_stream_seek(&s, &path, 0, false, NULL, 0);
	err = state_stream_build(&root, &t->pool, &s, &path, 0);
	state_stream_close(&s);
	if (err) {
		state_tree_free(t);
		return err;
	}
	t->pool.pairs[0] = (struct state_pair){{root}};
	t->count = s.given;
	*out = t;
	return ERR_OK;
}

void state_tree_free(struct state_tree *t)
{
	if (!t)
		return;
	free(t->pool.pairs);
	free(t);
}

void state_tree_root(struct hash *out, const struct state_tree *t)
{
	*out = root_of(t)->hash;
}

uint64_t state_tree_count(const struct state_tree *t)
{
	return t->count;
}

size_t state_tree_bytes(const struct state_tree *t)
{
	return sizeof(*t) + t->pool.cap * sizeof(*t->pool.pairs);
}

/* The first of the changes that has the bit at depth set. */
static size_t split(const struct state_change *changes, size_t count,
		    unsigned depth)
{
	size_t low = 0, high = count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (state_bit(&changes[mid].key, depth))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void add_write(struct state_patch *p, uint32_t number,
		      const struct state_pair *pair)
{
	if (p->writes_len == p->writes_cap) {
		p->writes_cap = p->writes_cap * 2 + 16;
		p->writes =
			xrealloc(p->writes, p->writes_cap, sizeof(*p->writes));
	}
	p->writes[p->writes_len++] = (struct write){number, *pair};
}

static enum err patch_bucket(struct patching *w, struct state_node *node,
			     unsigned depth, const struct state_change *changes,
			     size_t count)
{
	struct state_stream *s = &w->stream;
	bool vacant = hash_is_zero(&node->hash);
	uint64_t seen = s->seen;
	struct hash path = changes->key;
	enum err err;

	state_stream_seek(s, &path, depth, vacant, changes, count);
	err = state_stream_build(node, &w->patch->added, s, &path, depth);
	if (err)
		return err;
	seen = s->seen - seen;
	if (seen > STATE_BUCKET_MAX || (!seen && !vacant))
		return ERR_CORRUPT; /* view and tree are not of one state */
	return ERR_OK;
}

/* node is a copy of the tree's and becomes what it is after the changes. */
static enum err patch_node(struct patching *w, struct state_node *node,
			   unsigned depth, const struct state_change *changes,
			   size_t count)
{
	uint32_t number = state_pair_of(node);
	struct state_pair pair;
	enum err err;
	size_t left;

	if (!count)
		return ERR_OK;
	if (!number)
		return patch_bucket(w, node, depth, changes, count);
	pair = w->tree->pool.pairs[number];
	left = split(changes, count, depth);
	err = patch_node(w, &pair.child[0], depth + 1, changes, left);
	if (err)
		return err;
	err = patch_node(w, &pair.child[1], depth + 1, changes + left,
			 count - left);
	if (err)
		return err;
	add_write(w->patch, number, &pair);
	state_node_join(node, pair.child, number);
	return ERR_OK;
}

enum err state_tree_patch(struct state_patch **out, const struct state_tree *t,
			  struct kv_view *view,
			  const struct state_change *changes, size_t count)
{
	struct state_patch *p = xcalloc(1, sizeof(*p));
	struct patching w;
	enum err err;
	size_t i;

	*out = NULL;
	for (i = 1; i < count; i++)
		if (memcmp(changes[i - 1].key.b, changes[i].key.b, HASH_LEN) >=
		    0)
			BUG("changes of the state are not in order");
	p->old_root = root_of(t)->hash;
	p->root = *root_of(t);
	p->added.base = t->pool.len;
	w.tree = t;
	w.patch = p;
	state_stream_open(&w.stream, view);
	err = patch_node(&w, &p->root, 0, changes, count);
	state_stream_close(&w.stream);
	if (err) {
		state_patch_free(p);
		return err;
	}
	p->count = t->count + w.stream.given - w.stream.seen;
	*out = p;
	return ERR_OK;
}

void state_patch_root(struct hash *out, const struct state_patch *p)
{
	*out = p->root.hash;
}

void state_patch_free(struct state_patch *p)
{
	if (!p)
		return;
	free(p->added.pairs);
	free(p->writes);
	free(p);
}

void state_tree_take(struct state_tree *t, struct state_patch *p)
{
	uint32_t number;
	size_t i;

	if (p->added.base != t->pool.len ||
	    !hash_eq(&p->old_root, &root_of(t)->hash))
		BUG("a patch of another state");
	for (i = 0; i < p->added.len; i++) {
		number = state_pool_reserve(&t->pool);
		t->pool.pairs[number] = p->added.pairs[i];
	}
	for (i = 0; i < p->writes_len; i++)
		t->pool.pairs[p->writes[i].number] = p->writes[i].pair;
	*root_of(t) = p->root;
	t->count = p->count;
	state_patch_free(p);
}

/* SPDX-License-Identifier: MIT */
/*
 * Proofs that an account has a record, or is not there. Checking one needs
 * the root and nothing else, so that a client can do it from a header.
 */
#include "codec/msgpack.h"
#include "ledger/state_node.h"

#include <string.h>

struct proof {
	struct hash siblings[STATE_KEY_BITS]; /* from the root down */
	unsigned depth;
};

/* Go down in a bucket to where key stands or would; *leaves and *count
 * become what is there: one leaf or none. */
static void narrow(struct proof *p, const struct hash *key,
		   const struct state_leaf **leaves, size_t *count)
{
	const struct state_leaf *l = *leaves;
	size_t n = *count, left;
	struct hash *sibling;

	while (n > 1) {
		left = state_leaves_left(l, n, p->depth);
		sibling = &p->siblings[p->depth];
		if (state_bit(key, p->depth++)) {
			state_leaves_root(sibling, l, left, p->depth);
			l += left;
			n -= left;
		} else {
			state_leaves_root(sibling, l + left, n - left,
					  p->depth);
			n = left;
		}
	}
	*leaves = l;
	*count = n;
}

/* Read the whole of a node that holds at most a bucket's accounts. */
static enum err read_leaves(struct state_stream *s,
			    const struct state_node *node,
			    const struct hash *key, unsigned depth)
{
	struct hash root;
	enum err err;

	state_stream_seek(s, key, depth, hash_is_zero(&node->hash), NULL, 0);
	err = state_stream_fill(s);
	if (err)
		return err;
	if (s->filled > STATE_BUCKET_MAX)
		return ERR_CORRUPT;
	state_leaves_root(&root, s->window, s->filled, depth);
	return hash_eq(&root, &node->hash) ? ERR_OK : ERR_CORRUPT;
}

static void encode(struct buf *out, const struct proof *p,
		   const struct state_leaf *other)
{
	unsigned i;

	mp_array(out, 2);
	mp_array(out, p->depth);
	for (i = 0; i < p->depth; i++)
		mp_bin(out, hash_span(&p->siblings[i]));
	mp_array(out, other ? 2 : 0);
	if (other) {
		mp_bin(out, hash_span(&other->key));
		mp_bin(out, hash_span(&other->record));
	}
}

enum err state_tree_prove(struct buf *out, const struct state_tree *t,
			  struct kv_view *view, const struct hash *key)
{
	struct state_node node = t->pool.pairs[0].child[0];
	const struct state_leaf *leaf;
	const struct state_pair *pair;
	struct state_stream s;
	struct proof p;
	enum err err;
	size_t count;

	p.depth = 0;
	while (state_pair_of(&node) && !(node.link & STATE_SINGLE) &&
	       !hash_is_zero(&node.hash)) {
		pair = &t->pool.pairs[state_pair_of(&node)];
		p.siblings[p.depth] =
			pair->child[!state_bit(key, p.depth)].hash;
		node = pair->child[state_bit(key, p.depth)];
		p.depth++;
	}
	state_stream_open(&s, view);
	err = read_leaves(&s, &node, key, p.depth);
	if (!err) {
		leaf = s.window;
		count = s.filled;
		narrow(&p, key, &leaf, &count);
		if (count && hash_eq(&leaf->key, key))
			count = 0;
		encode(out, &p, count ? leaf : NULL);
	}
	state_stream_close(&s);
	return err;
}

static struct hash read_hash(struct mp_reader *r)
{
	struct span s = mp_read_bin(r, HASH_LEN, HASH_LEN);
	struct hash h = {{0}};

	if (s.len == HASH_LEN)
		memcpy(h.b, s.data, HASH_LEN);
	return h;
}

static bool same_path(const struct hash *a, const struct hash *b,
		      unsigned depth)
{
	unsigned i;

	for (i = 0; i < depth; i++)
		if (state_bit(a, i) != state_bit(b, i))
			return false;
	return true;
}

bool state_proof_check(struct span proof, const struct hash *root,
		       const struct hash *key, struct span record)
{
	struct hash here = {{0}}, other_key = {{0}}, record_hash = {{0}};
	struct mp_reader r;
	struct proof p;
	size_t other;
	unsigned i;

	mp_reader_init(&r, proof);
	mp_read_array(&r, 2, 2);
	p.depth = (unsigned)mp_read_array(&r, 0, STATE_KEY_BITS);
	for (i = 0; i < p.depth; i++)
		p.siblings[i] = read_hash(&r);
	other = mp_read_array(&r, 0, 2);
	if (other == 2) {
		other_key = read_hash(&r);
		record_hash = read_hash(&r);
	}
	if (mp_reader_end(&r) || other == 1)
		return false;
	if (record.data) {
		if (other)
			return false;
		sha256(&record_hash, record);
		state_leaf_hash(&here, key, &record_hash);
	} else if (other) {
		/* It must stand where key would, and not be key. */
		if (hash_eq(&other_key, key) ||
		    !same_path(&other_key, key, p.depth))
			return false;
		state_leaf_hash(&here, &other_key, &record_hash);
	}
	while (p.depth--) {
		if (state_bit(key, p.depth))
			hash_pair(&here, STATE_TAG_NODE, &p.siblings[p.depth],
				  &here);
		else
			hash_pair(&here, STATE_TAG_NODE, &here,
				  &p.siblings[p.depth]);
	}
	return hash_eq(&here, root);
}

/* SPDX-License-Identifier: MIT */
/*
 * The accounts of an area of the state tree in key order, with changes laid
 * over them, and the subtree that they make. Building the whole tree and
 * rescanning one bucket are the same work: pull leaves through a window one
 * longer than a bucket; what overflows it splits.
 */
#include "ledger/state_node.h"

#include <string.h>

void state_leaf_hash(struct hash *out, const struct hash *key,
		     const struct hash *record)
{
	hash_pair(out, STATE_TAG_LEAF, key, record);
}

size_t state_leaves_left(const struct state_leaf *leaves, size_t count,
			 unsigned depth)
{
	size_t n = 0;

	while (n < count && !state_bit(&leaves[n].key, depth))
		n++;
	return n;
}

void state_leaves_root(struct hash *out, const struct state_leaf *leaves,
		       size_t count, unsigned depth)
{
	struct hash left, right;
	size_t n;

	if (!count) {
		*out = (struct hash){{0}};
	} else if (count == 1) {
		*out = leaves->hash;
	} else {
		n = state_leaves_left(leaves, count, depth);
		state_leaves_root(&left, leaves, n, depth + 1);
		state_leaves_root(&right, leaves + n, count - n, depth + 1);
		hash_pair(out, STATE_TAG_NODE, &left, &right);
	}
}

static bool in_area(const struct hash *key, const struct hash *prefix,
		    unsigned depth)
{
	unsigned whole = depth / 8, bits = depth % 8;

	return !memcmp(key->b, prefix->b, whole) &&
	       (!bits || !((key->b[whole] ^ prefix->b[whole]) >> (8 - bits)));
}

/* Take in what a move of the cursor gave. */
static void arrive(struct state_stream *s, enum err err,
		   const struct hash *after)
{
	struct hash key;

	s->live = false;
	if (err == ERR_NOT_FOUND)
		return;
	if (!err && s->cursor->key.len != HASH_LEN)
		err = ERR_CORRUPT;
	if (err) {
		s->err = err;
		return;
	}
	memcpy(key.b, s->cursor->key.data, HASH_LEN);
	if (after && memcmp(key.b, after->b, HASH_LEN) <= 0)
		s->err = ERR_CORRUPT;
	else
		s->live = in_area(&key, &s->prefix, s->depth);
}

void state_stream_open(struct state_stream *s, struct kv_view *view)
{
	s->cursor = kv_cursor_open(view, KV_ACCOUNTS);
	s->seen = s->given = 0;
	s->err = ERR_OK;
	s->live = false;
	s->filled = 0;
	s->change = s->changes_end = NULL;
}

void state_stream_close(struct state_stream *s)
{
	kv_cursor_close(s->cursor);
}

void state_stream_seek(struct state_stream *s, const struct hash *key,
		       unsigned depth, bool vacant,
		       const struct state_change *changes, size_t count)
{
	unsigned i = depth / 8;

	s->prefix = *key;
	if (depth < STATE_KEY_BITS) {
		s->prefix.b[i] &= (uint8_t)(0xff00 >> depth % 8);
		memset(s->prefix.b + i + 1, 0, HASH_LEN - i - 1);
	}
	s->depth = depth;
	s->change = changes;
	/* NULL + 0 is undefined */
	s->changes_end = count ? changes + count : changes;
	s->filled = 0;
	s->live = false;
	if (!vacant && !s->err)
		arrive(s, kv_seek(s->cursor, hash_span(&s->prefix)), NULL);
}

/* The next leaf of the area; false at its end. */
static bool pull(struct state_stream *s, struct state_leaf *out)
{
	struct span record;
	int order;

	for (;;) {
		if (s->err || (!s->live && s->change == s->changes_end))
			return false;
		if (!s->live)
			order = 1;
		else if (s->change == s->changes_end)
			order = -1;
		else
			order = memcmp(s->cursor->key.data, s->change->key.b,
				       HASH_LEN);
		if (order < 0) {
			memcpy(out->key.b, s->cursor->key.data, HASH_LEN);
			record = s->cursor->value;
		} else {
			out->key = s->change->key;
			record = s->change->record;
			s->change++;
		}
		/* The record dies when the cursor moves. */
		if (record.data) {
			sha256(&out->record, record);
			state_leaf_hash(&out->hash, &out->key, &out->record);
		}
		if (order <= 0) {
			s->seen++;
			arrive(s, kv_next(s->cursor), &out->key);
		}
		if (record.data) {
			s->given++;
			return true;
		}
	}
}

enum err state_stream_fill(struct state_stream *s)
{
	while (s->filled < ARRAY_LEN(s->window) &&
	       pull(s, &s->window[s->filled]))
		s->filled++;
	return s->err;
}

enum err state_stream_build(struct state_node *out, struct state_pool *pool,
			    struct state_stream *s, struct hash *path,
			    unsigned depth)
{
	struct state_pair pair;
	uint32_t number;
	enum err err = state_stream_fill(s);
	size_t n = 0;
	uint8_t bit;

	if (err)
		return err;
	while (n < s->filled && in_area(&s->window[n].key, path, depth))
		n++;
	if (n <= STATE_BUCKET_MAX) {
		state_leaves_root(&out->hash, s->window, n, depth);
		out->link = n == 1 ? STATE_SINGLE : 0;
		s->filled -= n;
		memmove(s->window, s->window + n,
			s->filled * sizeof(*s->window));
		return ERR_OK;
	}
	/* Keys differ, as arrive() saw, so this ends before the bits do. */
	number = state_pool_reserve(pool);
	bit = (uint8_t)(0x80 >> depth % 8);
	path->b[depth / 8] &= (uint8_t)~bit;
	err = state_stream_build(&pair.child[0], pool, s, path, depth + 1);
	if (err)
		return err;
	path->b[depth / 8] |= bit;
	err = state_stream_build(&pair.child[1], pool, s, path, depth + 1);
	if (err)
		return err;
	pool->pairs[number - pool->base] = pair;
	state_node_join(out, pair.child, number);
	return ERR_OK;
}

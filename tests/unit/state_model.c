/* SPDX-License-Identifier: MIT */
/* A model of the accounts; see the header. */
#include "state_model.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct model_cursor {
	struct kv_cursor base;
	const struct model *m;
	size_t at;
};

static enum err stand(struct model_cursor *c)
{
	if (c->at == c->m->fail_at)
		return ERR_IO;
	if (c->at >= c->m->count && c->m->is_unordered && c->m->count)
		c->at = 0;
	if (c->at >= c->m->count)
		return ERR_NOT_FOUND;
	c->base.key = hash_span(&c->m->items[c->at].key);
	if (c->at == c->m->short_at)
		c->base.key.len--;
	c->base.value = SPAN_OF(c->m->items[c->at].record);
	return ERR_OK;
}

size_t model_place(const struct model *m, struct span key)
{
	size_t low = 0, high = m->count, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (span_cmp(hash_span(&m->items[mid].key), key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static enum err model_seek(struct kv_cursor *c, struct span key)
{
	struct model_cursor *mc = (struct model_cursor *)c;

	mc->at = model_place(mc->m, key);
	return stand(mc);
}

static enum err model_seek_before(struct kv_cursor *c, struct span key)
{
	(void)c;
	(void)key;
	return ERR_NOT_FOUND;
}

static enum err model_next(struct kv_cursor *c)
{
	struct model_cursor *mc = (struct model_cursor *)c;

	mc->at++;
	return stand(mc);
}

static void model_close(struct kv_cursor *c)
{
	free(c);
}

static enum err model_get(struct kv_view *v, struct span *value,
			  enum kv_table t, struct span key)
{
	(void)v;
	(void)value;
	(void)t;
	(void)key;
	return ERR_NOT_FOUND;
}

static const struct kv_cursor_ops cursor_ops = {
	.seek = model_seek,
	.seek_before = model_seek_before,
	.next = model_next,
	.close = model_close,
};

static struct kv_cursor *model_open(struct kv_view *v, enum kv_table t)
{
	struct model_cursor *c = xcalloc(1, sizeof(*c));

	ck_assert_int_eq(t, KV_ACCOUNTS);
	c->base.ops = &cursor_ops;
	c->m = (const struct model *)v;
	return &c->base;
}

static const struct kv_view_ops view_ops = {
	.get = model_get,
	.open = model_open,
};

void model_init(struct model *m)
{
	*m = (struct model){
		.view = {&view_ops},
		.fail_at = SIZE_MAX,
		.short_at = SIZE_MAX,
	};
}

void model_release(struct model *m)
{
	free(m->items);
	model_init(m);
}

void model_copy(struct model *out, const struct model *m)
{
	*out = *m;
	out->items = NULL;
	if (m->count)
		out->items = xmemdup(m->items, m->count * sizeof(*m->items));
}

bool model_has(const struct model *m, const struct hash *key)
{
	size_t i = model_place(m, hash_span(key));

	return i < m->count && hash_eq(&m->items[i].key, key);
}

void model_apply(struct model *m, const struct state_change *c, size_t n)
{
	size_t i, at;

	for (i = 0; i < n; i++) {
		at = model_place(m, hash_span(&c[i].key));
		if (!c[i].record.data) {
			if (!model_has(m, &c[i].key))
				continue;
			m->count--;
			memmove(m->items + at, m->items + at + 1,
				(m->count - at) * sizeof(*m->items));
			continue;
		}
		if (!model_has(m, &c[i].key)) {
			m->items = xrealloc(m->items, m->count + 1,
					    sizeof(*m->items));
			memmove(m->items + at + 1, m->items + at,
				(m->count - at) * sizeof(*m->items));
			m->count++;
			m->items[at].key = c[i].key;
		}
		memcpy(m->items[at].record, c[i].record.data, MODEL_RECORD);
	}
}

/* The definition in ledger/state_tree.h, to the letter. */
static void naive_root(struct hash *out, const struct model_item *items,
		       size_t n, unsigned depth)
{
	struct hash left, right, record;
	size_t zeros = 0;

	memset(out->b, 0, HASH_LEN);
	if (n == 1) {
		sha256(&record, SPAN_OF(items->record));
		hash_pair(out, 0, &items->key, &record);
	} else if (n > 1) {
		while (zeros < n &&
		       !(items[zeros].key.b[depth / 8] & 0x80 >> depth % 8))
			zeros++;
		naive_root(&left, items, zeros, depth + 1);
		naive_root(&right, items + zeros, n - zeros, depth + 1);
		hash_pair(out, 1, &left, &right);
	}
}

void model_root(struct hash *out, const struct model *m)
{
	naive_root(out, m->items, m->count, 0);
}

struct state_tree *model_tree(struct model *m)
{
	struct state_tree *t;

	ck_assert_int_eq(state_tree_build(&t, &m->view), ERR_OK);
	return t;
}

void ck_tree(const struct state_tree *t, const struct model *m)
{
	struct hash want, got;

	model_root(&want, m);
	state_tree_root(&got, t);
	ck_assert(hash_eq(&got, &want));
	ck_assert_uint_eq(state_tree_count(t), m->count);
}

void change_tree(struct state_tree *t, struct model *m,
		 const struct state_change *c, size_t n)
{
	struct state_patch *p;
	struct hash got, want;

	ck_assert_int_eq(state_tree_patch(&p, t, &m->view, c, n), ERR_OK);
	ck_tree(t, m); /* as it was */
	model_apply(m, c, n);
	model_root(&want, m);
	state_patch_root(&got, p);
	ck_assert(hash_eq(&got, &want));
	state_tree_take(t, p);
	ck_tree(t, m);
}

int order_by_key(const void *a, const void *b)
{
	return memcmp(a, b, HASH_LEN);
}

void random_bytes(struct rng *rng, uint8_t *out, size_t len)
{
	while (len--)
		*out++ = (uint8_t)rng_next(rng);
}

void random_key(struct hash *out, struct rng *rng, const struct model *m)
{
	const struct hash *near;
	unsigned bits;

	random_bytes(rng, out->b, HASH_LEN);
	if (!m->count || rng_below(rng, 3) == 0)
		return;
	near = &m->items[rng_below(rng, m->count)].key;
	if (rng_below(rng, 2)) {
		*out = *near;
		return;
	}
	bits = (unsigned)rng_below(rng, 256);
	memcpy(out->b, near->b, bits / 8);
	out->b[bits / 8] = near->b[bits / 8] ^ 0x80 >> bits % 8;
}

void random_changes(struct model_changes *out, struct rng *rng,
		    const struct model *m, size_t n, bool removals)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		random_key(&out->c[i].key, rng, m);
		random_bytes(rng, out->records[i], MODEL_RECORD);
		out->c[i].record = SPAN_OF(out->records[i]);
		if (removals && rng_below(rng, 3) == 0)
			out->c[i].record = SPAN(NULL, 0);
	}
	qsort(out->c, n, sizeof(out->c[0]), order_by_key);
	for (i = 0; i < n; i++)
		if (!kept || !hash_eq(&out->c[kept - 1].key, &out->c[i].key))
			out->c[kept++] = out->c[i];
	out->n = kept;
}

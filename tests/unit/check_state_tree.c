/* SPDX-License-Identifier: MIT */
/*
 * The state tree against the definition of its root, written down naively
 * here: whatever was changed in whatever order, by patches or by a scan, the
 * root depends on the accounts alone. And its proofs, honest and forged.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "codec/msgpack.h"
#include "ledger/account.h"
#include "ledger/state_tree.h"

/* --- a model: sorted items, which are a view too ---- */

#define RECORD_LEN 24

struct item {
	struct hash key;
	uint8_t record[RECORD_LEN];
};

struct model {
	struct kv_view view;
	struct item *items;
	size_t count;
	/* how its cursors misbehave */
	size_t fail_at;	   /* of this item: ERR_IO */
	size_t short_at;   /* its key lacks a byte */
	bool is_unordered; /* goes back to the first after the last */
};

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

/* Where key is, or would be. */
static size_t place(const struct model *m, struct span key)
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

	mc->at = place(mc->m, key);
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

static void model_init(struct model *m)
{
	*m = (struct model){
		.view = {&view_ops},
		.fail_at = SIZE_MAX,
		.short_at = SIZE_MAX,
	};
}

static void model_release(struct model *m)
{
	free(m->items);
	model_init(m);
}

static void model_copy(struct model *out, const struct model *m)
{
	*out = *m;
	out->items = NULL;
	if (m->count)
		out->items = xmemdup(m->items, m->count * sizeof(*m->items));
}

static bool model_has(const struct model *m, const struct hash *key)
{
	size_t i = place(m, hash_span(key));

	return i < m->count && hash_eq(&m->items[i].key, key);
}

static void model_apply(struct model *m, const struct state_change *c, size_t n)
{
	size_t i, at;

	for (i = 0; i < n; i++) {
		at = place(m, hash_span(&c[i].key));
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
		memcpy(m->items[at].record, c[i].record.data, RECORD_LEN);
	}
}

/* The definition in ledger/state_tree.h, to the letter. */
static void naive_root(struct hash *out, const struct item *items, size_t n,
		       unsigned depth)
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

static void model_root(struct hash *out, const struct model *m)
{
	naive_root(out, m->items, m->count, 0);
}

static struct state_tree *build(struct model *m)
{
	struct state_tree *t;

	ck_assert_int_eq(state_tree_build(&t, &m->view), ERR_OK);
	return t;
}

static void ck_root(const struct state_tree *t, const struct model *m)
{
	struct hash want, got;

	model_root(&want, m);
	state_tree_root(&got, t);
	ck_assert(hash_eq(&got, &want));
	ck_assert_uint_eq(state_tree_count(t), m->count);
}

/* Patch, look, take, and keep the model in step. */
static void change(struct state_tree *t, struct model *m,
		   const struct state_change *c, size_t n)
{
	struct state_patch *p;
	struct hash got, want;

	ck_assert_int_eq(state_tree_patch(&p, t, &m->view, c, n), ERR_OK);
	ck_root(t, m); /* as it was */
	model_apply(m, c, n);
	model_root(&want, m);
	state_patch_root(&got, p);
	ck_assert(hash_eq(&got, &want));
	state_tree_take(t, p);
	ck_root(t, m);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, HASH_LEN);
}

#define CHANGES_MAX 64

/* Changes with records of their own. */
struct changes {
	struct state_change c[CHANGES_MAX];
	uint8_t records[CHANGES_MAX][RECORD_LEN];
	size_t n;
};

static void random_bytes(struct rng *rng, uint8_t *out, size_t len)
{
	while (len--)
		*out++ = (uint8_t)rng_next(rng);
}

/* A random key, or one that shares its first bits with the model's. */
static void random_key(struct hash *out, struct rng *rng, const struct model *m)
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

static void random_changes(struct changes *out, struct rng *rng,
			   const struct model *m, size_t n, bool removals)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		random_key(&out->c[i].key, rng, m);
		random_bytes(rng, out->records[i], RECORD_LEN);
		out->c[i].record = SPAN_OF(out->records[i]);
		if (removals && rng_below(rng, 3) == 0)
			out->c[i].record = SPAN(NULL, 0);
	}
	qsort(out->c, n, sizeof(out->c[0]), by_key);
	for (i = 0; i < n; i++)
		if (!kept || !hash_eq(&out->c[kept - 1].key, &out->c[i].key))
			out->c[kept++] = out->c[i];
	out->n = kept;
}

/* --- roots ---- */

START_TEST(the_root_of_no_account_is_zero)
{
	struct model m;
	struct state_tree *t;
	struct state_patch *p;
	struct hash h;

	model_init(&m);
	t = build(&m);
	state_tree_root(&h, t);
	ck_assert(hash_is_zero(&h));
	ck_assert_int_eq(state_tree_patch(&p, t, &m.view, NULL, 0), ERR_OK);
	state_patch_root(&h, p);
	ck_assert(hash_is_zero(&h));
	state_tree_take(t, p);
	ck_root(t, &m);
	state_tree_free(t);
	state_tree_free(NULL);
	state_patch_free(NULL);
}
END_TEST

START_TEST(the_first_accounts_roots_are_as_defined)
{
	struct account a = {.balance = 5};
	struct state_change c[2];
	struct model m;
	struct state_tree *t;
	struct state_patch *p;
	struct hash leaf[2], record, zero = {{0}}, want, got;
	uint8_t raw[2][RECORD_LEN] = {{1}, {2}};
	size_t i;
	int d;

	model_init(&m);
	t = build(&m);
	account_key(&c[0].key, &a.address);
	c[1].key = c[0].key;
	c[1].key.b[0] ^= 0x10; /* they part at bit 3 */
	for (i = 0; i < 2; i++) {
		c[i].record = SPAN_OF(raw[i]);
		sha256(&record, c[i].record);
		hash_pair(&leaf[i], 0, &c[i].key, &record);
	}
	ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c, 1), ERR_OK);
	state_patch_root(&got, p);
	ck_assert(hash_eq(&got, &leaf[0]));
	state_patch_free(p);
	qsort(c, 2, sizeof(c[0]), by_key);
	ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c, 2), ERR_OK);
	/* the one with bit 3 clear is left */
	account_key(&record, &a.address);
	i = record.b[0] & 0x10 ? 1 : 0;
	hash_pair(&want, 1, &leaf[i], &leaf[!i]);
	for (d = 2; d >= 0; d--) {
		if (record.b[0] & 0x80 >> d)
			hash_pair(&want, 1, &zero, &want);
		else
			hash_pair(&want, 1, &want, &zero);
	}
	state_patch_root(&got, p);
	ck_assert(hash_eq(&got, &want));
	state_patch_free(p);
	state_tree_free(t);
}
END_TEST

START_TEST(random_histories_end_at_the_root_of_their_accounts)
{
	struct changes *c = xmalloc(sizeof(*c));
	struct state_tree *t, *fresh;
	struct state_patch *p;
	struct model m;
	struct rng rng;
	unsigned round;

	rng_seed(&rng, (uint64_t)_i);
	model_init(&m);
	for (round = 0; round < (unsigned)_i % 7; round++) {
		random_changes(c, &rng, &m, CHANGES_MAX, false);
		model_apply(&m, c->c, c->n);
	}
	t = build(&m);
	ck_root(t, &m);
	for (round = 0; round < 12; round++) {
		/* one that is dropped leaves no trace */
		random_changes(c, &rng, &m, 20, true);
		ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c->c, c->n),
				 ERR_OK);
		random_changes(c, &rng, &m, 1 + rng_below(&rng, CHANGES_MAX),
			       _i & 1);
		change(t, &m, c->c, c->n);
		state_patch_free(p);
	}
	fresh = build(&m);
	ck_root(fresh, &m);
	state_tree_free(fresh);
	state_tree_free(t);
	model_release(&m);
	free(c);
}
END_TEST

START_TEST(the_order_of_changes_does_not_matter)
{
	struct changes *c = xmalloc(sizeof(*c));
	struct state_tree *t;
	struct model all, m;
	struct hash root, want;
	struct rng rng;
	size_t i, j, step, order[CHANGES_MAX];

	rng_seed(&rng, (uint64_t)_i);
	model_init(&all);
	random_changes(c, &rng, &all, CHANGES_MAX, false);
	model_apply(&all, c->c, c->n);
	random_changes(c, &rng, &all, CHANGES_MAX, false);
	model_release(&all);
	model_apply(&all, c->c, c->n);
	model_root(&want, &all);
	for (i = 0; i < c->n; i++)
		order[i] = i;
	for (i = c->n; i > 1; i--) {
		j = rng_below(&rng, i);
		step = order[j];
		order[j] = order[i - 1];
		order[i - 1] = step;
	}
	model_init(&m);
	t = build(&m);
	for (i = 0; i < c->n; i++)
		change(t, &m, &c->c[order[i]], 1);
	state_tree_root(&root, t);
	ck_assert(hash_eq(&root, &want));
	state_tree_free(t);
	model_release(&m);
	model_release(&all);
	free(c);
}
END_TEST

/* Going back over a block takes out the accounts that it made. */
START_TEST(undoing_changes_brings_the_old_root_back)
{
	struct changes *c = xmalloc(sizeof(*c));
	struct changes *back = xmalloc(sizeof(*back));
	struct model m, old[4];
	struct state_tree *t;
	struct rng rng;
	size_t i, k, at;

	rng_seed(&rng, (uint64_t)_i);
	model_init(&m);
	t = build(&m);
	for (k = 0; k < 4; k++) {
		model_copy(&old[k], &m);
		random_changes(c, &rng, &m, CHANGES_MAX, false);
		change(t, &m, c->c, c->n);
	}
	while (k-- > 0) {
		back->n = 0;
		for (i = 0; i < m.count && back->n < CHANGES_MAX; i++) {
			at = place(&old[k], hash_span(&m.items[i].key));
			if (!model_has(&old[k], &m.items[i].key))
				back->c[back->n++] = (struct state_change){
					m.items[i].key, SPAN(NULL, 0)};
			else if (memcmp(old[k].items[at].record,
					m.items[i].record, RECORD_LEN) != 0)
				back->c[back->n++] = (struct state_change){
					m.items[i].key,
					SPAN_OF(old[k].items[at].record)};
		}
		change(t, &m, back->c, back->n);
		ck_root(t, &old[k]);
		model_release(&old[k]);
	}
	ck_assert_uint_eq(state_tree_count(t), 0);
	state_tree_free(t);
	model_release(&m);
	free(c);
	free(back);
}
END_TEST

START_TEST(ground_addresses_cost_a_longer_path_and_no_more)
{
	static const unsigned shared[] = {40, 80, 248};
	struct model m;
	struct state_tree *t;
	struct changes *c = xmalloc(sizeof(*c));
	struct hash base;
	struct rng rng;
	size_t i, k, before;

	rng_seed(&rng, 3);
	for (k = 0; k < ARRAY_LEN(shared); k++) {
		model_init(&m);
		random_changes(c, &rng, &m, CHANGES_MAX, false);
		model_apply(&m, c->c, c->n);
		t = build(&m);
		before = state_tree_bytes(t);
		random_bytes(&rng, base.b, HASH_LEN);
		for (i = 0; i < CHANGES_MAX; i++) {
			c->c[i].key = base;
			/* the top bits of the byte where they part vary */
			c->c[i].key.b[shared[k] / 8] = (uint8_t)(i * 4);
			random_bytes(&rng, c->records[i], RECORD_LEN);
			c->c[i].record = SPAN_OF(c->records[i]);
		}
		/* one at a time, then all at once over a second set */
		for (i = 0; i < CHANGES_MAX; i += 3)
			change(t, &m, &c->c[i], 1);
		change(t, &m, c->c, CHANGES_MAX);
		/* a pair a level, and a quarter of slack for growth */
		ck_assert_uint_le(state_tree_bytes(t) - before,
				  (shared[k] + 64) * 80 * 2);
		for (i = 0; i < CHANGES_MAX; i++)
			c->c[i].record = SPAN(NULL, 0);
		change(t, &m, c->c, CHANGES_MAX);
		change(t, &m, c->c, CHANGES_MAX); /* they are gone already */
		state_tree_free(t);
		model_release(&m);
	}
	free(c);
}
END_TEST

START_TEST(a_failing_view_fails_the_walk_and_spares_the_tree)
{
	struct changes *c = xmalloc(sizeof(*c));
	struct state_patch *p = NULL;
	struct state_tree *t, *none = NULL;
	struct buf proof = {0};
	struct model m;
	struct rng rng;
	size_t i, io = 0;
	enum err err;

	rng_seed(&rng, 5);
	model_init(&m);
	random_changes(c, &rng, &m, CHANGES_MAX, false);
	model_apply(&m, c->c, c->n);
	t = build(&m);
	for (i = 0; i < m.count; i++) {
		m.fail_at = i;
		ck_assert_int_eq(state_tree_build(&none, &m.view), ERR_IO);
		ck_assert_ptr_null(none);
		ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c->c, c->n),
				 ERR_IO);
		ck_assert_ptr_null(p);
		err = state_tree_prove(&proof, t, &m.view, &m.items[i].key);
		io += err == ERR_IO;
		m.fail_at = SIZE_MAX;
		m.short_at = i;
		ck_assert_int_eq(state_tree_build(&none, &m.view), ERR_CORRUPT);
		ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c->c, c->n),
				 ERR_CORRUPT);
		m.short_at = SIZE_MAX;
	}
	ck_assert_uint_eq(io, m.count);
	m.is_unordered = true;
	ck_assert_int_eq(state_tree_build(&none, &m.view), ERR_CORRUPT);
	m.is_unordered = false;
	ck_root(t, &m);
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

START_TEST(a_view_of_another_state_is_noticed)
{
	struct changes *c = xmalloc(sizeof(*c));
	struct state_patch *p;
	struct state_tree *t;
	struct buf proof = {0};
	struct model m, other;
	struct hash key;
	struct rng rng;

	rng_seed(&rng, 6);
	model_init(&m);
	model_init(&other);
	random_changes(c, &rng, &m, CHANGES_MAX, false);
	model_apply(&m, c->c, c->n);
	t = build(&m);
	key = m.items[0].key;
	/* an empty one, and one whose account has another record */
	ck_assert_int_eq(state_tree_patch(&p, t, &other.view, c->c, 1),
			 ERR_CORRUPT);
	ck_assert_int_eq(state_tree_prove(&proof, t, &other.view, &key),
			 ERR_CORRUPT);
	m.items[0].record[0] ^= 1;
	ck_assert_int_eq(state_tree_prove(&proof, t, &m.view, &key),
			 ERR_CORRUPT);
	ck_assert_uint_eq(proof.len, 0);
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

/* --- proofs ---- */

static struct span no_record(void)
{
	return SPAN(NULL, 0);
}

static void prove(struct buf *out, const struct state_tree *t, struct model *m,
		  const struct hash *key)
{
	buf_reset(out);
	ck_assert_int_eq(state_tree_prove(out, t, &m->view, key), ERR_OK);
}

/* That the proof shows what is so of key, and not the contrary. */
static void ck_proof(const struct buf *proof, const struct hash *root,
		     const struct model *m, const struct hash *key)
{
	uint8_t other[RECORD_LEN] = {0xee};
	size_t i = place(m, hash_span(key));
	bool there = model_has(m, key);

	ck_assert_int_eq(
		state_proof_check(buf_span(proof), root, key, no_record()),
		!there);
	ck_assert(
		!state_proof_check(buf_span(proof), root, key, SPAN_OF(other)));
	if (there)
		ck_assert(state_proof_check(buf_span(proof), root, key,
					    SPAN_OF(m->items[i].record)));
}

START_TEST(what_is_there_and_what_is_not_can_be_proved)
{
	struct changes *c = xmalloc(sizeof(*c));
	struct state_tree *t;
	struct buf proof = {0};
	struct hash key, root;
	struct model m;
	struct rng rng;
	unsigned round;
	size_t i;

	rng_seed(&rng, (uint64_t)_i);
	model_init(&m);
	t = build(&m);
	for (round = 0; round < 6; round++) {
		state_tree_root(&root, t);
		for (i = 0; i < m.count; i++) {
			prove(&proof, t, &m, &m.items[i].key);
			ck_proof(&proof, &root, &m, &m.items[i].key);
		}
		for (i = 0; i < 60; i++) {
			random_key(&key, &rng, &m);
			prove(&proof, t, &m, &key);
			ck_proof(&proof, &root, &m, &key);
		}
		random_changes(c, &rng, &m,
			       round ? 1 + rng_below(&rng, CHANGES_MAX) : 1,
			       round > 2);
		change(t, &m, c->c, c->n);
	}
	/* down to the last, and to none */
	while (m.count) {
		key = m.items[m.count / 2].key;
		c->c[0] = (struct state_change){key, no_record()};
		change(t, &m, c->c, 1);
		if (m.count > 12)
			continue;
		state_tree_root(&root, t);
		prove(&proof, t, &m, &key);
		ck_proof(&proof, &root, &m, &key);
		for (i = 0; i < m.count; i++) {
			prove(&proof, t, &m, &m.items[i].key);
			ck_proof(&proof, &root, &m, &m.items[i].key);
		}
	}
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

/* No damaged proof proves anything, either way. */
static void ck_useless(const struct buf *proof, const struct hash *root,
		       const struct hash *key, struct span record)
{
	ck_assert(!state_proof_check(buf_span(proof), root, key, record));
	ck_assert(!state_proof_check(buf_span(proof), root, key, no_record()));
}

START_TEST(a_damaged_proof_proves_nothing)
{
	struct changes *c = xmalloc(sizeof(*c));
	struct state_tree *t;
	struct buf proof = {0};
	struct hash keys[2], root, wrong;
	struct span record;
	struct model m;
	struct rng rng;
	size_t i, k, len;

	rng_seed(&rng, 9);
	model_init(&m);
	random_changes(c, &rng, &m, CHANGES_MAX, false);
	model_apply(&m, c->c, c->n);
	t = build(&m);
	state_tree_root(&root, t);
	keys[0] = m.items[7].key;
	keys[1] = m.items[7].key; /* absent, with another in its place */
	keys[1].b[31] ^= 1;
	record = SPAN_OF(m.items[7].record);
	for (k = 0; k < 2; k++) {
		prove(&proof, t, &m, &keys[k]);
		ck_proof(&proof, &root, &m, &keys[k]);
		for (i = 0; i < proof.len * 8; i++) {
			proof.data[i / 8] ^= (uint8_t)(1 << i % 8);
			ck_useless(&proof, &root, &keys[k], record);
			proof.data[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		len = proof.len;
		for (proof.len = 0; proof.len < len; proof.len++)
			ck_useless(&proof, &root, &keys[k], record);
		buf_byte(&proof, 0);
		ck_useless(&proof, &root, &keys[k], record);
		proof.len = len;
		wrong = root;
		wrong.b[0] ^= 1;
		ck_useless(&proof, &wrong, &keys[k], record);
		/* another's proof, unless they share the place */
		ck_useless(&proof, &root, &m.items[40].key,
			   SPAN_OF(m.items[40].record));
	}
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

/* Proofs written by hand to claim what is not so. */
START_TEST(a_forged_proof_is_refused)
{
	static const uint8_t zeros[RECORD_LEN];
	struct hash root, key = {{0x40}}, other = {{0xc0}}, record, leaf;
	struct hash near = {{0x41}};
	struct buf p = {0};

	sha256(&record, SPAN_OF(zeros));
	hash_pair(&leaf, 0, &key, &record);
	/* A state of one account: its own leaf does not show its absence. */
	mp_array(&p, 2);
	mp_array(&p, 0);
	mp_array(&p, 2);
	mp_bin(&p, hash_span(&key));
	mp_bin(&p, hash_span(&record));
	ck_assert(!state_proof_check(buf_span(&p), &leaf, &key, no_record()));
	ck_assert(
		!state_proof_check(buf_span(&p), &leaf, &key, SPAN_OF(zeros)));
	/* it does show that of every other key */
	ck_assert(state_proof_check(buf_span(&p), &leaf, &other, no_record()));
	/* A leaf on the other side of the root says nothing of this side. */
	hash_pair(&root, 1, &(struct hash){{9}}, &leaf);
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 1);
	mp_bin(&p, hash_span(&(struct hash){{9}}));
	mp_array(&p, 2);
	mp_bin(&p, hash_span(&key)); /* bit 0 is clear, other's is set */
	mp_bin(&p, hash_span(&record));
	ck_assert(!state_proof_check(buf_span(&p), &root, &other, no_record()));
	ck_assert(!state_proof_check(buf_span(&p), &root, &near, no_record()));
	/* One element where there are none or two; its bytes outside. */
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 0);
	mp_array(&p, 1);
	mp_bin(&p, hash_span(&key));
	mp_bin(&p, hash_span(&record));
	ck_assert(!state_proof_check(buf_span(&p), &leaf, &other, no_record()));
	/* Or nowhere, for a root that a leaf of zeros would have. */
	hash_pair(&root, 0, &(struct hash){{0}}, &(struct hash){{0}});
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 0);
	mp_array(&p, 1);
	ck_assert(!state_proof_check(buf_span(&p), &root, &other, no_record()));
	/* More siblings than a key has bits. */
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 257);
	ck_assert(!state_proof_check(buf_span(&p), &leaf, &key, no_record()));
	/* Nothing at all. */
	ck_assert(!state_proof_check(SPAN(NULL, 0), &leaf, &key, no_record()));
	buf_release(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_tree");
	TCase *c = tcase_create("state_tree");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, the_root_of_no_account_is_zero);
	tcase_add_test(c, the_first_accounts_roots_are_as_defined);
	tcase_add_loop_test(
		c, random_histories_end_at_the_root_of_their_accounts, 0, 60);
	tcase_add_loop_test(c, the_order_of_changes_does_not_matter, 0, 10);
	tcase_add_loop_test(c, undoing_changes_brings_the_old_root_back, 0, 10);
	tcase_add_test(c, ground_addresses_cost_a_longer_path_and_no_more);
	tcase_add_test(c, a_failing_view_fails_the_walk_and_spares_the_tree);
	tcase_add_test(c, a_view_of_another_state_is_noticed);
	tcase_add_loop_test(c, what_is_there_and_what_is_not_can_be_proved, 0,
			    10);
	tcase_add_test(c, a_damaged_proof_proves_nothing);
	tcase_add_test(c, a_forged_proof_is_refused);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}

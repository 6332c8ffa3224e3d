/* SPDX-License-Identifier: MIT */
/*
 * One suite for all implementations of the tables: in memory, LMDB, and an
 * overlay over each and over nothing, which takes writes as the daemon does:
 * first into the overlay, later into the base, then dropped above.
 */
#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "kv/kv.h"
#include "scratch.h"
#include "store/kv_lmdb.h"

/* ck_assert() writes to a pipe each time; this only when it fails. */
#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			ck_abort_msg("not so: %s (%s)", #condition, kind);     \
	} while (0)

#define PENDING_MAX 8
#define KEYS 240
#define NONE SPAN(NULL, 0)

enum kind {
	IN_MEMORY,
	IN_LMDB,
	OVER_NOTHING,
	OVER_MEMORY,
	OVER_LMDB,
	KIND_COUNT,
};

static const char *const kind_names[] = {
	"memory", "lmdb", "overlay", "overlay over memory", "overlay over lmdb",
};
static const char *kind;

/* Tables with content; meta holds the store's own format number. */
static const enum kv_table tables[] = {KV_BLOCKS, KV_ACCOUNTS, KV_HISTORY};

struct subject {
	enum kind kind;
	struct kv_mem *mem;
	struct store *store;
	struct kv_overlay *overlay;
	/* written to the overlay, not yet to the base */
	struct kv_batch pending[PENDING_MAX];
	size_t pending_count;
	uint64_t seq; /* of the last batch */
};

static void subject_open(struct subject *x, int which)
{
	char path[PATH_MAX];
	struct fault f;

	*x = (struct subject){.kind = (enum kind)which};
	kind = kind_names[which];
	if (x->kind == IN_MEMORY || x->kind == OVER_MEMORY)
		x->mem = kv_mem_new();
	if (x->kind == IN_LMDB || x->kind == OVER_LMDB) {
		scratch_path(path, sizeof(path));
		MUST(store_open(&x->store, path, STORE_CREATE, &f) == ERR_OK);
	}
	if (x->kind >= OVER_NOTHING) {
		x->overlay = kv_overlay_new();
		if (x->kind != OVER_NOTHING)
			kv_overlay_set_base(x->overlay,
					    x->mem ? kv_mem_view(x->mem)
						   : store_view(x->store));
	}
}

static void subject_close(struct subject *x)
{
	size_t i;

	for (i = 0; i < x->pending_count; i++)
		kv_batch_release(&x->pending[i]);
	kv_overlay_free(x->overlay);
	kv_mem_free(x->mem);
	MUST(store_close(x->store, NULL) == ERR_OK);
}

static struct kv_view *subject_view(struct subject *x)
{
	if (x->overlay)
		return kv_overlay_view(x->overlay);
	return x->mem ? kv_mem_view(x->mem) : store_view(x->store);
}

static void base_apply(struct subject *x, const struct kv_batch *b)
{
	struct fault f;

	if (x->mem) {
		kv_mem_apply(x->mem, b);
		return;
	}
	MUST(store_commit_sync(x->store, b, &f) == ERR_OK);
	MUST(store_view_renew(x->store, &f) == ERR_OK);
}

/* Move the oldest pending batch from the overlay to the base. */
static void settle_one(struct subject *x)
{
	struct kv_batch *b = &x->pending[0];

	base_apply(x, b);
	kv_overlay_drop_batch(x->overlay, x->seq - x->pending_count + 1, b);
	kv_batch_release(b);
	memmove(b, b + 1, --x->pending_count * sizeof(*b));
}

static void overlay_apply(struct subject *x, const struct kv_batch *b)
{
	struct kv_op op;
	size_t at = 0;

	while (kv_batch_next(b, &at, &op)) {
		if (op.del)
			kv_overlay_del(x->overlay, x->seq, op.table, op.key);
		else
			kv_overlay_put(x->overlay, x->seq, op.table, op.key,
				       op.value);
	}
}

static void subject_apply(struct subject *x, struct kv_batch *b)
{
	x->seq++;
	if (!x->overlay)
		base_apply(x, b);
	else
		overlay_apply(x, b);
	if (x->kind == OVER_MEMORY || x->kind == OVER_LMDB) {
		x->pending[x->pending_count++] = *b;
		*b = (struct kv_batch){0};
		if (x->pending_count == PENDING_MAX)
			settle_one(x);
	}
	kv_batch_release(b);
}

static void put_one(struct subject *x, const char *key, const char *value)
{
	struct kv_batch b = {0};

	kv_batch_put(&b, KV_KEYS, span_str(key), span_str(value));
	subject_apply(x, &b);
}

static void del_one(struct subject *x, const char *key)
{
	struct kv_batch b = {0};

	kv_batch_del(&b, KV_KEYS, span_str(key));
	subject_apply(x, &b);
}

static void settle_all(struct subject *x)
{
	while (x->pending_count)
		settle_one(x);
}

/* --- against a model -------------------------------------------------- */

struct model {
	size_t len[ARRAY_LEN(tables)]
		  [KEYS]; /* of the value, and one; 0: none */
	uint8_t fill[ARRAY_LEN(tables)][KEYS];
};

/* In the order of i; each three are prefixes of one another. */
static struct span key_of(uint8_t out[32], uint64_t i)
{
	memset(out, 0, 32);
	put_be64(out + 12, i / 3);
	return SPAN(out, 20 + i % 3);
}

static void expect_value(const struct model *m, size_t t, uint64_t i,
			 struct span value)
{
	size_t at;

	MUST(value.len + 1 == m->len[t][i]);
	for (at = 0; at < value.len; at++)
		MUST(value.data[at] == m->fill[t][i]);
}

static void expect_get(const struct model *m, struct kv_view *v, size_t t,
		       uint64_t i)
{
	struct span value;
	uint8_t key[32];
	enum err e = kv_get(v, &value, tables[t], key_of(key, i));

	if (!m->len[t][i]) {
		MUST(e == ERR_NOT_FOUND);
		return;
	}
	MUST(e == ERR_OK);
	expect_value(m, t, i, value);
}

/* The cursor, after a call that gave e, stands at the first key from i. */
static uint64_t expect_at(const struct model *m, size_t t,
			  const struct kv_cursor *c, enum err e, uint64_t i)
{
	uint8_t key[32];

	while (i < KEYS && !m->len[t][i])
		i++;
	if (i == KEYS) {
		MUST(e == ERR_NOT_FOUND);
		MUST(!c->key.len && !c->value.len);
		return i;
	}
	MUST(e == ERR_OK);
	MUST(span_eq(c->key, key_of(key, i)));
	expect_value(m, t, i, c->value);
	return i;
}

static void expect_walk(const struct model *m, struct kv_cursor *c, size_t t,
			uint64_t i, uint64_t steps)
{
	uint8_t key[32];
	uint64_t at;

	at = expect_at(m, t, c, kv_seek(c, key_of(key, i)), i);
	for (; at < KEYS && steps; steps--)
		at = expect_at(m, t, c, kv_next(c), at + 1);
	if (at == KEYS)
		MUST(kv_next(c) == ERR_NOT_FOUND);
}

/* key.data NULL when i is KEYS: the last of all. */
static void expect_before(const struct model *m, struct kv_cursor *c, size_t t,
			  uint64_t i)
{
	uint8_t text[32];
	struct span key = i == KEYS ? NONE : key_of(text, i);
	enum err e = kv_seek_before(c, key);

	while (i && !m->len[t][i - 1])
		i--;
	if (!i) {
		MUST(e == ERR_NOT_FOUND);
		MUST(!c->key.len);
		MUST(kv_next(c) == ERR_NOT_FOUND);
		return;
	}
	expect_at(m, t, c, e, i - 1);
	expect_at(m, t, c, kv_next(c), i);
}

static void random_batch(struct model *m, struct rng *rng, struct kv_batch *b,
			 uint64_t step)
{
	static uint8_t bytes[9000];
	uint64_t ops = 1 + rng_below(rng, 12), i;
	uint8_t key[32];
	size_t t;

	while (ops--) {
		t = rng_below(rng, ARRAY_LEN(tables));
		i = rng_below(rng, KEYS);
		/* The tables grow for a while, then shrink. */
		if (rng_below(rng, 10) < (step / 60 % 2 ? 1u : 7u)) {
			size_t len = rng_below(rng, 8) ? rng_below(rng, 60)
						       : rng_below(rng, 9000);

			m->len[t][i] = len + 1;
			m->fill[t][i] = (uint8_t)rng_next(rng);
			memset(bytes, m->fill[t][i], len);
			kv_batch_put(b, tables[t], key_of(key, i),
				     SPAN(bytes, len));
		} else {
			m->len[t][i] = 0;
			kv_batch_del(b, tables[t], key_of(key, i));
		}
	}
}

START_TEST(random_writes_read_back_as_from_a_model)
{
	static struct model m;
	struct kv_cursor *c[ARRAY_LEN(tables)];
	struct subject x;
	struct rng rng;
	uint64_t step, i;
	size_t t;

	subject_open(&x, _i);
	rng_seed(&rng, 7);
	memset(&m, 0, sizeof(m));
	for (t = 0; t < ARRAY_LEN(tables); t++)
		c[t] = kv_cursor_open(subject_view(&x), tables[t]);
	for (step = 0; step < 240; step++) {
		struct kv_batch b = {0};

		random_batch(&m, &rng, &b, step);
		subject_apply(&x, &b);
		for (i = 0; i < 10; i++) {
			t = rng_below(&rng, ARRAY_LEN(tables));
			expect_get(&m, subject_view(&x), t,
				   rng_below(&rng, KEYS));
			expect_before(&m, c[t], t, rng_below(&rng, KEYS + 1));
			expect_walk(&m, c[t], t, rng_below(&rng, KEYS), 5);
		}
		if (step % 40 == 0)
			expect_walk(&m, c[t], t, 0, KEYS);
	}
	settle_all(&x);
	if (x.overlay && x.kind != OVER_NOTHING)
		MUST(!kv_overlay_count(x.overlay));
	for (t = 0; t < ARRAY_LEN(tables); t++) {
		expect_walk(&m, c[t], t, 0, KEYS);
		kv_cursor_close(c[t]);
	}
	subject_close(&x);
}
END_TEST

START_TEST(an_empty_table_has_no_place_to_stand)
{
	struct subject x;
	struct kv_cursor *c;
	struct span value;

	subject_open(&x, _i);
	c = kv_cursor_open(subject_view(&x), KV_KEYS);
	MUST(kv_next(c) == ERR_NOT_FOUND);
	MUST(kv_seek(c, NONE) == ERR_NOT_FOUND);
	MUST(kv_seek(c, span_str("a")) == ERR_NOT_FOUND);
	MUST(kv_seek_before(c, NONE) == ERR_NOT_FOUND);
	MUST(kv_seek_before(c, span_str("a")) == ERR_NOT_FOUND);
	MUST(kv_get(subject_view(&x), &value, KV_KEYS, span_str("a")) ==
	     ERR_NOT_FOUND);
	MUST(kv_get(subject_view(&x), &value, KV_KEYS, NONE) == ERR_NOT_FOUND);
	kv_cursor_close(c);
	kv_cursor_close(NULL);
	subject_close(&x);
}
END_TEST

START_TEST(writes_of_a_batch_count_in_their_order)
{
	uint8_t longest[KV_KEY_MAX];
	struct kv_batch b = {0};
	struct subject x;
	struct span value;

	subject_open(&x, _i);
	memset(longest, 0xff, sizeof(longest));
	kv_batch_put(&b, KV_KEYS, span_str("a"), span_str("1"));
	kv_batch_del(&b, KV_KEYS, span_str("a"));
	kv_batch_put(&b, KV_KEYS, span_str("b"), span_str("1"));
	kv_batch_put(&b, KV_KEYS, span_str("b"), span_str("22"));
	kv_batch_del(&b, KV_KEYS, span_str("c"));
	kv_batch_put(&b, KV_KEYS, span_str("c"), NONE);
	kv_batch_put(&b, KV_KEYS, SPAN_OF(longest), span_str("l"));
	subject_apply(&x, &b);
	MUST(kv_get(subject_view(&x), &value, KV_KEYS, span_str("a")) ==
	     ERR_NOT_FOUND);
	MUST(kv_get(subject_view(&x), &value, KV_KEYS, span_str("b")) ==
	     ERR_OK);
	MUST(span_eq(value, span_str("22")));
	MUST(kv_get(subject_view(&x), &value, KV_KEYS, span_str("c")) ==
	     ERR_OK);
	MUST(!value.len);
	MUST(kv_get(subject_view(&x), &value, KV_KEYS, SPAN_OF(longest)) ==
	     ERR_OK);
	/* an empty batch is fine, and the tables are apart */
	subject_apply(&x, &b);
	MUST(kv_get(subject_view(&x), &value, KV_TXIDS, span_str("b")) ==
	     ERR_NOT_FOUND);
	subject_close(&x);
}
END_TEST

START_TEST(blocks_may_be_written_again_and_out_of_order)
{
	static const uint64_t heights[] = {5, 6, 6, 3, 7, 6};
	struct subject x;
	struct span value;
	uint8_t key[8];
	size_t i;

	/* The store appends to this table, when it can. */
	subject_open(&x, _i);
	for (i = 0; i < ARRAY_LEN(heights); i++) {
		struct kv_batch b = {0};
		uint8_t byte = (uint8_t)i;

		put_be64(key, heights[i]);
		kv_batch_put(&b, KV_BLOCKS, SPAN_OF(key), SPAN(&byte, 1));
		subject_apply(&x, &b);
		settle_all(&x);
	}
	put_be64(key, 6);
	MUST(kv_get(subject_view(&x), &value, KV_BLOCKS, SPAN_OF(key)) ==
	     ERR_OK);
	MUST(value.len == 1 && value.data[0] == 5);
	put_be64(key, 3);
	MUST(kv_get(subject_view(&x), &value, KV_BLOCKS, SPAN_OF(key)) ==
	     ERR_OK);
	MUST(value.len == 1 && value.data[0] == 3);
	subject_close(&x);
}
END_TEST

START_TEST(runs_of_deletions_are_stepped_over_both_ways)
{
	struct subject x;
	struct kv_cursor *c;

	subject_open(&x, _i);
	put_one(&x, "b", "1");
	put_one(&x, "c", "1");
	put_one(&x, "d", "1");
	put_one(&x, "e", "1");
	put_one(&x, "f", "1");
	settle_all(&x); /* from here on deletions hide the base */
	del_one(&x, "a");
	del_one(&x, "b");
	del_one(&x, "d");
	del_one(&x, "e");
	del_one(&x, "f");
	del_one(&x, "g");
	c = kv_cursor_open(subject_view(&x), KV_KEYS);
	MUST(kv_seek(c, NONE) == ERR_OK);
	MUST(span_eq(c->key, span_str("c")));
	MUST(kv_next(c) == ERR_NOT_FOUND);
	MUST(kv_seek(c, span_str("d")) == ERR_NOT_FOUND);
	MUST(kv_seek_before(c, NONE) == ERR_OK);
	MUST(span_eq(c->key, span_str("c")));
	/* a span that the cursor gave may be sought */
	MUST(kv_seek_before(c, c->key) == ERR_NOT_FOUND);
	MUST(kv_seek_before(c, span_str("f")) == ERR_OK);
	MUST(span_eq(c->key, span_str("c")));
	MUST(kv_next(c) == ERR_NOT_FOUND);
	/* before the empty key there is nothing */
	MUST(kv_seek_before(c, SPAN("", 0)) == ERR_NOT_FOUND);
	kv_cursor_close(c);
	subject_close(&x);
}
END_TEST

START_TEST(every_table_has_a_name_of_its_own)
{
	int i, k;

	for (i = 0; i < KV_TABLE_COUNT; i++)
		for (k = 0; k < i; k++)
			ck_assert_str_ne(kv_table_name((enum kv_table)i),
					 kv_table_name((enum kv_table)k));
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		random_writes_read_back_as_from_a_model,
		an_empty_table_has_no_place_to_stand,
		writes_of_a_batch_count_in_their_order,
		blocks_may_be_written_again_and_out_of_order,
		runs_of_deletions_are_stepped_over_both_ways,
	};
	Suite *suite = suite_create("kv");
	TCase *tc = tcase_create("all");
	size_t i;

	tcase_set_timeout(tc, 120);
	for (i = 0; i < ARRAY_LEN(everywhere); i++)
		tcase_add_loop_test(tc, everywhere[i], 0, KIND_COUNT);
	tcase_add_test(tc, every_table_has_a_name_of_its_own);
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

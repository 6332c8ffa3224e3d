/* SPDX-License-Identifier: MIT */
/*
 * What only an overlay does: sequence numbers, dropping, a base that is
 * exchanged or fails. What it shares with the other tables is check_kv's.
 */
#include <check.h>
#include <stddef.h>
#include <stdlib.h>

#include "kv/kv.h"

#define NONE SPAN(NULL, 0)

static void expect_over(struct kv_overlay *o, const char *key,
			const char *value)
{
	struct span found;
	enum err e = kv_get(kv_overlay_view(o), &found, KV_KEYS, span_str(key));

	if (!value) {
		ck_assert(e == ERR_NOT_FOUND);
		return;
	}
	ck_assert(e == ERR_OK);
	ck_assert(span_eq(found, span_str(value)));
}

START_TEST(an_entry_is_dropped_only_under_its_own_number)
{
	struct kv_mem *base = kv_mem_new();
	struct kv_overlay *o = kv_overlay_new();
	struct kv_batch b = {0}, below = {0};

	kv_batch_put(&below, KV_KEYS, span_str("a"), span_str("old"));
	kv_batch_put(&below, KV_KEYS, span_str("b"), span_str("old"));
	kv_mem_apply(base, &below);
	kv_overlay_set_base(o, kv_mem_view(base));

	kv_batch_put(&b, KV_KEYS, span_str("a"), span_str("new"));
	kv_batch_del(&b, KV_KEYS, span_str("b"));
	kv_batch_put(&b, KV_KEYS, span_str("c"), span_str("new"));
	kv_overlay_put(o, 1, KV_KEYS, span_str("a"), span_str("new"));
	kv_overlay_del(o, 1, KV_KEYS, span_str("b"));
	kv_overlay_put(o, 1, KV_KEYS, span_str("c"), span_str("new"));
	ck_assert_uint_eq(kv_overlay_count(o), 3);
	kv_overlay_put(o, 2, KV_KEYS, span_str("c"), span_str("newer"));
	ck_assert_uint_eq(kv_overlay_count(o), 3);
	expect_over(o, "a", "new");
	expect_over(o, "b", NULL);
	expect_over(o, "c", "newer");

	kv_overlay_drop(o, 2, KV_KEYS, span_str("a"));
	expect_over(o, "a", "new");
	kv_overlay_drop_batch(o, 1, &b);
	ck_assert_uint_eq(kv_overlay_count(o), 1);
	expect_over(o, "a", "old");
	expect_over(o, "b", "old");
	expect_over(o, "c", "newer");

	/* A new number protects the value; one for nothing makes nothing. */
	kv_overlay_reseq(o, 3, KV_KEYS, span_str("c"));
	kv_overlay_reseq(o, 3, KV_KEYS, span_str("none"));
	kv_overlay_drop(o, 2, KV_KEYS, span_str("c"));
	expect_over(o, "c", "newer");
	kv_overlay_drop(o, 3, KV_KEYS, span_str("c"));
	kv_overlay_drop(o, 3, KV_KEYS, span_str("none"));
	expect_over(o, "c", NULL);
	ck_assert_uint_eq(kv_overlay_count(o), 0);

	kv_batch_release(&b);
	kv_batch_release(&below);
	kv_overlay_free(o);
	kv_mem_free(base);
}
END_TEST

/* What both write, what one does, and what neither does. */
START_TEST(an_overlay_that_is_merged_wins_deletions_included)
{
	struct kv_mem *base = kv_mem_new();
	struct kv_overlay *o = kv_overlay_new(), *from = kv_overlay_new();
	struct kv_batch below = {0};

	kv_batch_put(&below, KV_KEYS, span_str("a"), span_str("base"));
	kv_batch_put(&below, KV_KEYS, span_str("b"), span_str("base"));
	kv_batch_put(&below, KV_KEYS, span_str("z"), span_str("base"));
	kv_mem_apply(base, &below);
	kv_overlay_set_base(o, kv_mem_view(base));
	kv_overlay_put(o, 4, KV_KEYS, span_str("a"), span_str("o"));
	kv_overlay_put(o, 4, KV_KEYS, span_str("c"), span_str("o"));
	kv_overlay_put(o, 4, KV_KEYS, span_str("d"), span_str("o"));
	kv_overlay_del(o, 4, KV_KEYS, span_str("b"));
	kv_overlay_del(from, 9, KV_KEYS, span_str("a"));
	kv_overlay_put(from, 9, KV_KEYS, span_str("b"), span_str("from"));
	kv_overlay_put(from, 9, KV_KEYS, span_str("d"), span_str("from"));
	kv_overlay_put(from, 9, KV_TXIDS, span_str("d"), span_str("from"));

	kv_overlay_merge(o, 5, from);
	kv_overlay_free(from);
	expect_over(o, "a", NULL);
	expect_over(o, "b", "from");
	expect_over(o, "c", "o");
	expect_over(o, "d", "from");
	expect_over(o, "z", "base");
	ck_assert_uint_eq(kv_overlay_count(o), 5);
	/* under the number that was said */
	kv_overlay_drop(o, 4, KV_KEYS, span_str("a"));
	kv_overlay_drop(o, 9, KV_KEYS, span_str("a"));
	expect_over(o, "a", NULL);
	kv_overlay_drop(o, 5, KV_KEYS, span_str("a"));
	expect_over(o, "a", "base");
	kv_overlay_drop(o, 5, KV_TXIDS, span_str("d"));
	ck_assert_uint_eq(kv_overlay_count(o), 3);

	kv_batch_release(&below);
	kv_overlay_free(o);
	kv_mem_free(base);
}
END_TEST

START_TEST(entries_are_found_in_key_order_with_their_numbers)
{
	struct kv_overlay *o = kv_overlay_new();
	uint64_t seq = 0;
	struct kv_op op;

	ck_assert(!kv_overlay_find(o, &op, &seq, KV_KEYS, NONE));
	kv_overlay_put(o, 9, KV_KEYS, span_str("b"), span_str("v"));
	kv_overlay_del(o, UINT64_MAX, KV_KEYS, span_str("a"));
	ck_assert(kv_overlay_find(o, &op, &seq, KV_KEYS, NONE));
	ck_assert(op.del && seq == UINT64_MAX && op.table == KV_KEYS);
	ck_assert(span_eq(op.key, span_str("a")) && !op.value.len);
	ck_assert(kv_overlay_find(o, &op, &seq, KV_KEYS, span_str("aa")));
	ck_assert(!op.del && seq == 9);
	ck_assert(span_eq(op.key, span_str("b")));
	ck_assert(span_eq(op.value, span_str("v")));
	ck_assert(!kv_overlay_find(o, &op, &seq, KV_KEYS, span_str("c")));
	ck_assert(!kv_overlay_find(o, &op, &seq, KV_TXIDS, NONE));
	kv_overlay_free(o);
}
END_TEST

START_TEST(a_value_read_from_an_overlay_may_be_written_back)
{
	struct kv_overlay *o = kv_overlay_new();
	struct span value;

	kv_overlay_put(o, 1, KV_KEYS, span_str("a"), span_str("abcdef"));
	ck_assert(!kv_get(kv_overlay_view(o), &value, KV_KEYS, span_str("a")));
	kv_overlay_put(o, 2, KV_KEYS, span_str("a"), value);
	expect_over(o, "a", "abcdef");
	ck_assert(!kv_get(kv_overlay_view(o), &value, KV_KEYS, span_str("a")));
	kv_overlay_put(o, 3, KV_KEYS, span_str("a"), SPAN(value.data + 2, 3));
	expect_over(o, "a", "cde");
	kv_overlay_free(o);
}
END_TEST

START_TEST(overlays_lie_on_overlays_and_a_base_may_be_exchanged)
{
	struct kv_overlay *low = kv_overlay_new(), *high = kv_overlay_new();
	struct kv_mem *mem = kv_mem_new();
	struct kv_batch b = {0};
	struct kv_cursor *c;

	kv_overlay_put(low, 1, KV_KEYS, span_str("a"), span_str("low"));
	kv_overlay_put(low, 1, KV_KEYS, span_str("b"), span_str("low"));
	kv_overlay_del(high, 1, KV_KEYS, span_str("a"));
	kv_overlay_set_base(high, kv_overlay_view(low));
	c = kv_cursor_open(kv_overlay_view(high), KV_KEYS);
	ck_assert(kv_seek(c, NONE) == ERR_OK);
	ck_assert(span_eq(c->key, span_str("b")));
	kv_batch_put(&b, KV_KEYS, span_str("z"), span_str("mem"));
	kv_mem_apply(mem, &b);
	kv_overlay_set_base(high, kv_mem_view(mem));
	ck_assert(kv_seek(c, NONE) == ERR_OK);
	ck_assert(span_eq(c->key, span_str("z")));
	kv_overlay_set_base(high, NULL);
	ck_assert(kv_seek(c, NONE) == ERR_NOT_FOUND);
	kv_cursor_close(c);
	kv_batch_release(&b);
	kv_mem_free(mem);
	kv_overlay_free(high);
	kv_overlay_free(low);
}
END_TEST

/* A base whose disk fails, at once or at the second step. */
struct broken {
	struct kv_view view;
	struct kv_cursor cursor;
	bool later;
};

static enum err broken_get(struct kv_view *v, struct span *value,
			   enum kv_table t, struct span key)
{
	(void)v;
	(void)value;
	(void)t;
	(void)key;
	return ERR_IO;
}

static enum err broken_seek(struct kv_cursor *c, struct span key)
{
	const struct broken *b =
		(const struct broken *)((const char *)c -
					offsetof(struct broken, cursor));

	(void)key;
	c->key = span_str("k");
	c->value = span_str("v");
	return b->later ? ERR_OK : ERR_CORRUPT;
}

static enum err broken_next(struct kv_cursor *c)
{
	(void)c;
	return ERR_IO;
}

static void broken_close(struct kv_cursor *c)
{
	(void)c;
}

static struct kv_cursor *broken_open(struct kv_view *v, enum kv_table t)
{
	(void)t;
	return &((struct broken *)v)->cursor;
}

START_TEST(a_failure_below_is_never_taken_for_the_end)
{
	static const struct kv_view_ops view_ops = {broken_get, broken_open};
	static const struct kv_cursor_ops cursor_ops = {
		broken_seek, broken_seek, broken_next, broken_close};
	struct broken b = {.view = {&view_ops}, .cursor = {.ops = &cursor_ops}};
	struct kv_overlay *o = kv_overlay_new();
	struct kv_cursor *c;
	struct span value;

	kv_overlay_set_base(o, &b.view);
	kv_overlay_put(o, 1, KV_KEYS, span_str("a"), span_str("v"));
	ck_assert(kv_get(kv_overlay_view(o), &value, KV_KEYS, span_str("b")) ==
		  ERR_IO);
	c = kv_cursor_open(kv_overlay_view(o), KV_KEYS);
	ck_assert(kv_seek(c, NONE) == ERR_CORRUPT);
	ck_assert(kv_seek_before(c, NONE) == ERR_CORRUPT);
	ck_assert(!c->key.len);
	b.later = true;
	ck_assert(kv_seek(c, NONE) == ERR_OK);
	ck_assert(kv_next(c) == ERR_OK);
	ck_assert(span_eq(c->key, span_str("k")));
	ck_assert(kv_next(c) == ERR_IO);
	/* behind a tombstone too */
	kv_overlay_del(o, 1, KV_KEYS, span_str("k"));
	ck_assert(kv_seek(c, span_str("b")) == ERR_IO);
	kv_cursor_close(c);
	kv_overlay_free(o);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay");
	TCase *tc = tcase_create("overlay");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, an_entry_is_dropped_only_under_its_own_number);
	tcase_add_test(tc, an_overlay_that_is_merged_wins_deletions_included);
	tcase_add_test(tc, entries_are_found_in_key_order_with_their_numbers);
	tcase_add_test(tc, a_value_read_from_an_overlay_may_be_written_back);
	tcase_add_test(tc,
		       overlays_lie_on_overlays_and_a_base_may_be_exchanged);
	tcase_add_test(tc, a_failure_below_is_never_taken_for_the_end);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

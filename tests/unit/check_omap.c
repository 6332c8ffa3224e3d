/* SPDX-License-Identifier: MIT */
/*
 * The ordered map against a sorted array: every operation gives what the
 * array gives, whatever the order of the keys.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/omap.h"
#include "base/rng.h"

/* ck_assert() writes to a pipe each time; this only when it fails. */
#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			ck_abort_msg("not so: %s", #condition);                \
	} while (0)

/* The model: keys are numbers, some written short so that prefixes of one
 * another and ties in the first eight bytes occur. */
struct model {
	bool present[2048];
	uint64_t value[2048];
	size_t value_len[2048];
};

/* Order of the numbers is the order of the keys. */
static struct span key_of(uint8_t out[24], uint64_t i)
{
	memset(out, 0x55, 24);
	put_be64(out + 8, i / 3);
	/* k, k 00, k 00 00: each a prefix of the next */
	out[16] = out[17] = 0;
	return SPAN(out, 16 + i % 3);
}

static struct span value_of(uint8_t out[16], const struct model *m, uint64_t i)
{
	memset(out, 0, 16);
	put_be64(out, m->value[i]);
	return SPAN(out, m->value_len[i]);
}

static void expect_node(const struct model *m, const struct omap_node *n,
			uint64_t i)
{
	uint8_t key[24], value[16];

	MUST(n);
	MUST(span_eq(omap_key(n), key_of(key, i)));
	MUST(span_eq(omap_value(n), value_of(value, m, i)));
}

/* All searches around key i. */
static void expect_around(const struct model *m, const struct omap *map,
			  uint64_t i, uint64_t keys)
{
	uint64_t lower = i, before = i;
	struct span key;
	uint8_t text[24];

	key = key_of(text, i);
	while (lower < keys && !m->present[lower])
		lower++;
	if (lower < keys)
		expect_node(m, omap_lower(map, key), lower);
	else
		MUST(!omap_lower(map, key));
	while (before && !m->present[before - 1])
		before--;
	if (before)
		expect_node(m, omap_before(map, key), before - 1);
	else
		MUST(!omap_before(map, key));
	if (m->present[i])
		expect_node(m, omap_find(map, key), i);
	else
		MUST(!omap_find(map, key));
}

/* The whole walk, both ways. */
static void expect_walk(const struct model *m, const struct omap *map,
			uint64_t keys)
{
	struct omap_node *n = omap_lower(map, SPAN(NULL, 0)), *last = NULL;
	size_t count = 0;
	uint64_t i;

	for (i = 0; i < keys; i++) {
		if (!m->present[i])
			continue;
		expect_node(m, n, i);
		MUST(omap_prev(map, n) == last);
		last = n;
		n = omap_next(map, n);
		count++;
	}
	MUST(!n);
	MUST(omap_before(map, SPAN(NULL, 0)) == last);
	MUST(omap_count(map) == count);
}

START_TEST(random_work_gives_what_a_sorted_array_gives)
{
	struct model *m = calloc(1, sizeof(*m));
	struct omap *map = omap_new();
	/* Small maps die out and come back, large ones grow three levels. */
	uint64_t keys = _i % 2 ? 2048 : 40, step, i;
	struct rng rng;
	uint8_t key[24], value[16];

	rng_seed(&rng, (uint64_t)_i + 1);
	for (step = 0; step < 12000; step++) {
		/* Phases that grow and phases that shrink. */
		bool put = rng_below(&rng, 10) < (step / 2000 % 2 ? 2u : 8u);

		i = rng_below(&rng, keys);
		if (put) {
			m->present[i] = true;
			m->value[i] = rng_next(&rng);
			m->value_len[i] = rng_below(&rng, 17);
			expect_node(m,
				    omap_put(map, key_of(key, i),
					     value_of(value, m, i)),
				    i);
		} else {
			MUST(omap_del(map, key_of(key, i)) == m->present[i]);
			m->present[i] = false;
		}
		expect_around(m, map, rng_below(&rng, keys), keys);
		if (step % 500 == 0)
			expect_walk(m, map, keys);
	}
	expect_walk(m, map, keys);
	omap_free(map);
	free(m);
}
END_TEST

static void fill(struct model *m, struct omap *map, uint64_t i)
{
	uint8_t key[24], value[16];

	m->present[i] = true;
	m->value[i] = i;
	m->value_len[i] = 8;
	omap_put(map, key_of(key, i), value_of(value, m, i));
}

START_TEST(sorted_keys_in_either_order_stay_in_order_until_all_are_gone)
{
	struct model *m = calloc(1, sizeof(*m));
	struct omap *map = omap_new();
	uint64_t i;
	uint8_t key[24];

	for (i = 0; i < 2048; i++)
		fill(m, map, _i & 1 ? i : 2047 - i);
	expect_walk(m, map, 2048);
	for (i = 0; i < 2048; i++) {
		uint64_t k = _i & 2 ? i : 2047 - i;

		MUST(omap_del(map, key_of(key, k)));
		MUST(!omap_del(map, key_of(key, k)));
		m->present[k] = false;
		if (i % 128 == 0)
			expect_walk(m, map, 2048);
	}
	expect_walk(m, map, 2048);
	omap_free(map);
	free(m);
}
END_TEST

START_TEST(a_node_stays_put_while_others_come_and_go)
{
	struct model *m = calloc(1, sizeof(*m));
	struct omap *map = omap_new();
	struct omap_node *n;
	uint64_t i;
	uint8_t key[24];

	fill(m, map, 1000);
	n = omap_find(map, key_of(key, 1000));
	for (i = 0; i < 2048; i++)
		if (i != 1000)
			fill(m, map, i);
	ck_assert_ptr_eq(omap_find(map, key_of(key, 1000)), n);
	for (i = 0; i < 2048; i++)
		if (i != 1000)
			ck_assert(omap_del(map, key_of(key, i)));
	ck_assert_ptr_eq(omap_find(map, key_of(key, 1000)), n);
	ck_assert_ptr_null(omap_next(map, n));
	ck_assert_ptr_null(omap_prev(map, n));
	omap_free(map);
	free(m);
}
END_TEST

START_TEST(spans_may_point_into_the_map)
{
	struct omap *map = omap_new();
	struct omap_node *n;

	omap_put(map, span_str("a"), span_str("0123456789"));
	omap_put(map, span_str("b"), span_str("x"));
	n = omap_find(map, span_str("a"));
	/* another length: the old node is freed, the new one holds its tail */
	n = omap_put(map, omap_key(n), SPAN(omap_value(n).data + 3, 4));
	ck_assert(span_eq(omap_value(n), span_str("3456")));
	/* the same length: moved in place */
	n = omap_put_parts(map, omap_key(n), span_str("H"),
			   SPAN(omap_value(n).data, 3));
	ck_assert(span_eq(omap_value(n), span_str("H345")));
	ck_assert(omap_del(map, omap_key(n)));
	ck_assert_uint_eq(omap_count(map), 1);
	omap_free(map);
}
END_TEST

START_TEST(the_empty_key_comes_first)
{
	struct omap *map = omap_new();
	struct span empty = SPAN("", 0);

	ck_assert_ptr_null(omap_lower(map, empty));
	ck_assert_ptr_null(omap_before(map, empty));
	ck_assert_ptr_null(omap_before(map, SPAN(NULL, 0)));
	omap_put(map, SPAN("\0", 1), empty);
	ck_assert_ptr_null(omap_find(map, empty));
	omap_put(map, empty, span_str("e"));
	ck_assert(span_eq(omap_value(omap_find(map, empty)), span_str("e")));
	ck_assert_uint_eq(omap_key(omap_lower(map, empty)).len, 0);
	/* before the empty key is nothing; before NULL is the last */
	ck_assert_ptr_null(omap_before(map, empty));
	ck_assert_uint_eq(omap_key(omap_before(map, SPAN(NULL, 0))).len, 1);
	omap_free(map);
	omap_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("omap");
	TCase *tc = tcase_create("omap");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, random_work_gives_what_a_sorted_array_gives, 0,
			    8);
	tcase_add_loop_test(
		tc,
		sorted_keys_in_either_order_stay_in_order_until_all_are_gone, 0,
		4);
	tcase_add_test(tc, a_node_stays_put_while_others_come_and_go);
	tcase_add_test(tc, spans_may_point_into_the_map);
	tcase_add_test(tc, the_empty_key_comes_first);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

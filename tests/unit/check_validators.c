/* SPDX-License-Identifier: MIT */
/*
 * Sets of validators: how many must agree, their one encoding and their hash,
 * and what a change may make of them.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "codec/msgpack.h"
#include "ledger/validators.h"
#include "tests/unit/numbered_keys.h"

#define PEOPLE (VALIDATORS_MAX + 1)

static struct validator who[PEOPLE];

static void setup(void)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		who[i] = numbered_validator((uint32_t)i);
}

static struct validator_change addition(size_t i)
{
	struct validator_change c = {.kind = CHANGE_ADD,
				     .account = who[i].account,
				     .key_len = who[i].key_len};

	memcpy(c.key, who[i].key, sizeof(c.key));
	return c;
}

static struct validator_change removal(size_t i, bool few)
{
	return (struct validator_change){
		.kind = CHANGE_REMOVE, .few = few, .account = who[i].account};
}

static enum err apply(struct validators *v, struct validator_change c)
{
	struct fault f = {0};
	enum err e = validators_apply(v, &c, &f);

	ck_assert_int_eq(f.code, e);
	return e;
}

static void fill(struct validators *v, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		ck_assert_int_eq(apply(v, addition(i)), ERR_OK);
}

/* What the quorum is for, said over all sizes: two quorums share more members
 * than may be faulty, and the honest alone are a quorum. No smaller number
 * does. */
START_TEST(quorums_meet_in_an_honest_member)
{
	size_t n, f, q;

	for (n = 1; n <= VALIDATORS_MAX; n++) {
		f = validators_faults(n);
		q = validators_quorum(n);
		ck_assert_uint_lt(3 * f, n);
		ck_assert_uint_ge(3 * (f + 1), n);
		ck_assert_uint_gt(2 * q - n, f);
		ck_assert_uint_le(q, n - f);
		/* 2 (q - 1) - n <= f, without going below 0 */
		ck_assert_uint_le(2 * (q - 1), n + f);
	}
}
END_TEST

static void check_order(const struct validators *v)
{
	size_t i;

	for (i = 1; i < v->count; i++)
		ck_assert_int_lt(memcmp(v->list[i - 1].account.b,
					v->list[i].account.b, ADDRESS_LEN),
				 0);
}

START_TEST(a_random_walk_of_changes_is_a_set)
{
	bool in[12] = {false};
	struct validators v = {0};
	struct rng rng;
	size_t step, i, count = 0;
	enum err e;

	rng_seed(&rng, 41);
	for (step = 0; step < 4000; step++) {
		i = rng_below(&rng, ARRAY_LEN(in));
		if (rng_below(&rng, 2)) {
			e = apply(&v, addition(i));
			ck_assert_int_eq(e, in[i] ? ERR_EXISTS : ERR_OK);
			in[i] = true;
		} else {
			bool few = rng_below(&rng, 2);

			e = apply(&v, removal(i, few));
			if (!in[i])
				ck_assert_int_eq(e, ERR_NOT_FOUND);
			else if (count == 1 || (count - 1 < 4 && !few))
				ck_assert_int_eq(e, ERR_OUT_OF_RANGE);
			else
				ck_assert_int_eq(e, ERR_OK);
			in[i] = in[i] && e;
		}
		for (i = count = 0; i < ARRAY_LEN(in); i++) {
			count += in[i];
			ck_assert_int_eq(in[i],
					 validators_find(&v, &who[i].account) !=
						 SIZE_MAX);
		}
		ck_assert_uint_eq(v.count, count);
		check_order(&v);
	}
	validators_release(&v);
}
END_TEST

START_TEST(a_hundred_is_the_most)
{
	struct validators v = {0}, again;
	struct buf raw = {0};

	fill(&v, VALIDATORS_MAX);
	ck_assert_int_eq(apply(&v, addition(VALIDATORS_MAX)), ERR_OUT_OF_RANGE);
	ck_assert_uint_eq(v.count, VALIDATORS_MAX);
	validators_encode(&raw, &v);
	ck_assert_int_eq(validators_decode(&again, buf_span(&raw)), ERR_OK);
	validators_release(&again);
	validators_release(&v);
	buf_release(&raw);
}
END_TEST

START_TEST(the_order_of_additions_leaves_no_trace)
{
	struct validators a = {0}, b = {0}, c;
	struct hash x, y;
	size_t i;

	fill(&a, 7);
	for (i = 7; i-- > 0;)
		ck_assert_int_eq(apply(&b, addition(i)), ERR_OK);
	validators_hash(&x, &a);
	validators_hash(&y, &b);
	ck_assert(hash_eq(&x, &y));
	validators_copy(&c, &a);
	ck_assert_int_eq(apply(&c, removal(3, false)), ERR_OK);
	validators_hash(&y, &c);
	ck_assert(!hash_eq(&x, &y));
	validators_hash(&y, &a);
	ck_assert(hash_eq(&x, &y));
	validators_release(&a);
	validators_release(&b);
	validators_release(&c);
}
END_TEST

/* The hash that doc/protocol.md tells: every other program must get it. */
START_TEST(the_hash_is_over_the_domain_and_the_keys)
{
	struct validators v = {0};
	struct buf body = {0};
	struct hash expected, got;
	size_t i;

	fill(&v, 4);
	buf_append_span(&body, span_str("ccoin/validators/1"));
	buf_byte(&body, 0x94);
	for (i = 0; i < 4; i++) {
		buf_byte(&body, 0xc4);
		buf_byte(&body, (uint8_t)v.list[i].key_len);
		buf_append(&body, v.list[i].key, v.list[i].key_len);
	}
	sha256(&expected, buf_span(&body));
	validators_hash(&got, &v);
	ck_assert(hash_eq(&expected, &got));
	buf_release(&body);
	validators_release(&v);
}
END_TEST

static enum err decode_keys(const size_t *list, size_t count)
{
	struct validators v;
	struct buf raw = {0};
	enum err e;
	size_t i;

	mp_array(&raw, count);
	for (i = 0; i < count; i++)
		mp_bin(&raw, SPAN(who[list[i]].key, who[list[i]].key_len));
	e = validators_decode(&v, buf_span(&raw));
	ck_assert(e || v.count == count);
	ck_assert(!e || (!v.list && !v.count));
	validators_release(&v);
	buf_release(&raw);
	return e;
}

START_TEST(only_one_order_of_distinct_keys_decodes)
{
	size_t lower =
		memcmp(who[0].account.b, who[1].account.b, ADDRESS_LEN) < 0 ? 0
									    : 1;
	size_t good[] = {lower, 1 - lower}, bad[] = {1 - lower, lower},
	       twice[] = {0, 0};
	struct validators v;

	ck_assert_int_eq(decode_keys(good, 2), ERR_OK);
	ck_assert_int_eq(decode_keys(bad, 2), ERR_NOT_CANONICAL);
	ck_assert_int_eq(decode_keys(twice, 2), ERR_NOT_CANONICAL);
	ck_assert_int_eq(decode_keys(good, 0), ERR_MALFORMED);
	who[0].key[0] ^= 1;
	ck_assert_int_eq(decode_keys(twice, 1), ERR_BAD_PUBLIC_KEY);
	ck_assert_int_eq(validators_decode(&v, SPAN("\x90\x00", 2)),
			 ERR_MALFORMED);
}
END_TEST

static void round_trip(const struct validator_change *c)
{
	struct validator_change again;
	struct buf raw = {0};
	size_t i;

	change_encode(&raw, c);
	ck_assert_int_eq(change_decode(&again, buf_span(&raw)), ERR_OK);
	ck_assert(change_same(c, &again));
	for (i = 0; i < raw.len; i++)
		ck_assert_int_ne(change_decode(&again, SPAN(raw.data, i)),
				 ERR_OK);
	buf_byte(&raw, 0);
	ck_assert_int_ne(change_decode(&again, buf_span(&raw)), ERR_OK);
	buf_release(&raw);
}

START_TEST(changes_are_the_same_by_what_they_do)
{
	struct validator_change list[] = {addition(0), addition(1),
					  removal(0, false), removal(0, true),
					  removal(1, false)};
	struct validator_change flagged = addition(0);
	struct buf raw = {0};
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(list); i++) {
		round_trip(&list[i]);
		for (k = 0; k < ARRAY_LEN(list); k++)
			ck_assert_int_eq(change_same(&list[i], &list[k]),
					 i == k);
	}
	/* the flag of an addition says nothing, and is never set */
	flagged.few = true;
	ck_assert(change_same(&flagged, &list[0]));
	change_encode(&raw, &flagged);
	ck_assert_int_eq(change_decode(&flagged, buf_span(&raw)), ERR_OK);
	ck_assert(!flagged.few);
	raw.data[raw.len - 1] = 1;
	ck_assert_int_eq(change_decode(&flagged, buf_span(&raw)),
			 ERR_MALFORMED);
	buf_release(&raw);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("validators");
	Suite *s = suite_create("validators");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, quorums_meet_in_an_honest_member);
	tcase_add_test(tc, a_random_walk_of_changes_is_a_set);
	tcase_add_test(tc, a_hundred_is_the_most);
	tcase_add_test(tc, the_order_of_additions_leaves_no_trace);
	tcase_add_test(tc, the_hash_is_over_the_domain_and_the_keys);
	tcase_add_test(tc, only_one_order_of_distinct_keys_decodes);
	tcase_add_test(tc, changes_are_the_same_by_what_they_do);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

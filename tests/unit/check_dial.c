/* SPDX-License-Identifier: MIT */
/* Whom to dial and when, on a clock of the test's own. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/dial.h"

static struct dial dial;
static uint64_t now, wake;
static bool is_connected; /* what the room would say */

static bool connected(void *ctx, const struct address *id)
{
	(void)ctx;
	(void)id;
	return is_connected;
}

static void setup(void)
{
	dial_init(&dial, 1);
	now = 1000;
	is_connected = false;
}

static void teardown(void)
{
	dial_release(&dial);
}

static const char *next(size_t outbound)
{
	const struct target *t =
		dial_next(&dial, now, outbound, &wake, connected, NULL);

	return t ? t->where : NULL;
}

static void name_one(const char *where)
{
	dial_name(&dial, &where, 1);
}

START_TEST(the_wait_doubles_to_five_minutes_with_half_of_it_by_chance)
{
	uint64_t most = DIAL_WAIT_MIN_MS, wait, seen_low = 0;
	size_t i;

	name_one("a:1");
	for (i = 0; i < 40; i++) {
		ck_assert_str_eq(next(0), "a:1");
		wait = dial_ended(&dial, "a:1", now);
		ck_assert_uint_ge(wait, most / 2);
		ck_assert_uint_le(wait, most);
		seen_low += wait < most * 3 / 4;
		ck_assert_ptr_null(next(0));
		ck_assert_uint_eq(wake, now + wait);
		now += wait - 1;
		ck_assert_ptr_null(next(0));
		now++;
		most = most * 2 < DIAL_WAIT_MAX_MS ? most * 2
						   : DIAL_WAIT_MAX_MS;
	}
	ck_assert_uint_eq(most, DIAL_WAIT_MAX_MS);
	/* it is by chance */
	ck_assert_uint_gt(seen_low, 5);
	ck_assert_uint_lt(seen_low, 35);
}
END_TEST

/* How long it waits after `good` ms of good company, having failed before. */
static uint64_t wait_after(uint64_t good)
{
	size_t i;

	for (i = 0; i < 6; i++) {
		ck_assert_ptr_nonnull(next(0));
		now += dial_ended(&dial, "a:1", now);
	}
	ck_assert_ptr_nonnull(next(0));
	dial_answered(&dial, "a:1", NULL);
	dial_good(&dial, "a:1", now);
	now += good;
	return dial_ended(&dial, "a:1", now);
}

START_TEST(only_a_minute_of_good_company_ends_the_wait)
{
	name_one("a:1");
	ck_assert_uint_gt(wait_after(DIAL_GOOD_MS - 1), 10000);
	teardown();
	setup();
	name_one("a:1");
	ck_assert_uint_le(wait_after(DIAL_GOOD_MS), DIAL_WAIT_MIN_MS);
}
END_TEST

START_TEST(one_address_is_never_dialled_twice_at_once)
{
	struct address id = {{1}};

	name_one("a:1");
	dial_offer(&dial, "a:1");
	ck_assert_str_eq(next(0), "a:1");
	ck_assert_ptr_null(next(0));
	dial_answered(&dial, "a:1", &id);
	ck_assert_ptr_null(next(1));
	dial_good(&dial, "a:1", now);
	now += 1000000;
	ck_assert_ptr_null(next(1));
	now += dial_ended(&dial, "a:1", now);
	ck_assert_str_eq(next(0), "a:1");
}
END_TEST

START_TEST(the_book_is_tried_only_while_connections_are_few)
{
	dial_offer(&dial, "b:1");
	ck_assert_ptr_null(next(DIAL_OUTBOUND));
	name_one("a:1");
	dial_offer(&dial, "b:1");
	ck_assert_str_eq(next(DIAL_OUTBOUND), "a:1");
	ck_assert_ptr_null(next(DIAL_OUTBOUND));
	ck_assert_str_eq(next(DIAL_OUTBOUND - 1), "b:1");
}
END_TEST

START_TEST(this_node_is_not_dialled_again)
{
	static const char *const list[] = {"a:1", "b:1"};

	dial_name(&dial, list, 2);
	dial_self(&dial, "a:1");
	ck_assert_str_eq(next(0), "b:1");
	dial_withdraw(&dial, "a:1");
	dial_offer(&dial, "a:1");
	ck_assert_ptr_null(next(0));
	/* when it was heard of only later as well */
	dial_self(&dial, "c:1");
	dial_offer(&dial, "c:1");
	ck_assert_ptr_null(next(0));
}
END_TEST

START_TEST(addresses_of_this_node_do_not_fill_the_table)
{
	char where[32];
	size_t i;

	name_one("a:1");
	dial_self(&dial, "a:1");
	for (i = 0; i < 2 * DIAL_TARGETS_MAX; i++) {
		snprintf(where, sizeof(where), "b%zu:1", i);
		dial_self(&dial, where);
	}
	ck_assert_uint_le(dial.count, DIAL_SELVES_MAX + 1);
	ck_assert(dial_find(&dial, where)->self);
	ck_assert(dial_find(&dial, "a:1")->self);
}
END_TEST

START_TEST(who_is_here_already_is_not_dialled)
{
	struct address id = {{1}};

	name_one("a:1");
	ck_assert_ptr_nonnull(next(0));
	dial_answered(&dial, "a:1", &id);
	now += dial_ended(&dial, "a:1", now);
	is_connected = true;
	ck_assert_ptr_null(next(0));
	is_connected = false;
	ck_assert_str_eq(next(0), "a:1");
}
END_TEST

START_TEST(few_attempts_are_in_flight_at_once)
{
	char where[DIAL_AT_ONCE + 1][8];
	const char *list[DIAL_AT_ONCE + 1];
	size_t i;

	for (i = 0; i <= DIAL_AT_ONCE; i++) {
		snprintf(where[i], sizeof(where[i]), "a:%zu", i + 1);
		list[i] = where[i];
	}
	dial_name(&dial, list, DIAL_AT_ONCE + 1);
	ck_assert_uint_eq(dial_untried(&dial), DIAL_AT_ONCE + 1);
	for (i = 0; i < DIAL_AT_ONCE; i++)
		list[i] = next(i);
	ck_assert_ptr_null(next(i));
	dial_answered(&dial, list[0], NULL);
	ck_assert_uint_eq(dial_untried(&dial), DIAL_AT_ONCE);
	ck_assert_ptr_nonnull(next(i));
}
END_TEST

START_TEST(other_names_take_the_place_of_those_before)
{
	static const char *const before[] = {"a:1", "b:1"};
	static const char *const after[] = {"b:1", "c:1"};

	dial_name(&dial, before, 2);
	while (next(0))
		;
	dial_ended(&dial, "a:1", now);
	dial_ended(&dial, "b:1", now);
	dial_name(&dial, after, 2);
	ck_assert_ptr_null(dial_find(&dial, "a:1"));
	/* and waits begin anew */
	ck_assert_ptr_nonnull(next(0));
	ck_assert_ptr_nonnull(next(0));
	ck_assert_ptr_null(next(0));
}
END_TEST

START_TEST(those_that_failed_less_come_first)
{
	dial_offer(&dial, "a:1");
	dial_offer(&dial, "b:1");
	ck_assert_ptr_nonnull(next(0));
	ck_assert_ptr_nonnull(next(0));
	dial_ended(&dial, "a:1", now);
	dial_ended(&dial, "a:1", now);
	dial_ended(&dial, "b:1", now);
	now += 100000;
	ck_assert_str_eq(next(0), "b:1");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dial");
	TCase *tc = tcase_create("dial");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
		tc, the_wait_doubles_to_five_minutes_with_half_of_it_by_chance);
	tcase_add_test(tc, only_a_minute_of_good_company_ends_the_wait);
	tcase_add_test(tc, one_address_is_never_dialled_twice_at_once);
	tcase_add_test(tc, the_book_is_tried_only_while_connections_are_few);
	tcase_add_test(tc, this_node_is_not_dialled_again);
	tcase_add_test(tc, addresses_of_this_node_do_not_fill_the_table);
	tcase_add_test(tc, who_is_here_already_is_not_dialled);
	tcase_add_test(tc, few_attempts_are_in_flight_at_once);
	tcase_add_test(tc, other_names_take_the_place_of_those_before);
	tcase_add_test(tc, those_that_failed_less_come_first);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

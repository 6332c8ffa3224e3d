/* SPDX-License-Identifier: MIT */
/*
 * Sets of validators: how many must agree, their one encoding and their hash,
 * and what a change may make of them.
 */
#include <check.h>
#include <stdlib.h>

#include "ledger/validators.h"

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

int main(void)
{
	TCase *tc = tcase_create("validators");
	Suite *s = suite_create("validators");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, quorums_meet_in_an_honest_member);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

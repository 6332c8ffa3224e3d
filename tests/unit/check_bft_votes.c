/* SPDX-License-Identifier: MIT */
/*
 * Votes that peers bring to one node with engine bft: which are checked, to
 * whom they go on, who is banned for them, and what two of a kind become.
 */
#include <check.h>
#include <stdlib.h>

#include "codec/message_bft.h"
#include "node/internal.h"
#include "node/network.h"
#include "peer_fixture.h"

static struct driver alone;

START_TEST(a_vote_is_passed_on_once_it_holds_to_who_lacks_it)
{
	struct vote v;

	fake_bft(&alone, 7);
	v = fake_signed(&alone, 1, VOTE_PREPARE, 1, 5);
	fake_vote(&alone, 1, &v);
	ck_assert(!sent(&alone, 2, MSG_VOT, NULL));
	driver_settle(&alone);
	ck_assert(sent(&alone, 2, MSG_VOT, NULL));
	ck_assert(!sent(&alone, 1, MSG_VOT, NULL));
	driver_free(&alone);
}
END_TEST

START_TEST(who_is_linked_to_the_signer_is_not_told_again)
{
	struct address signer = test_address(1);
	struct buf body = {0};
	struct vote v;

	fake_bft(&alone, 7);
	msg_links_encode(&body, &signer, 1);
	fake_say(&alone, 2, MSG_LNK, &body);
	v = fake_signed(&alone, 1, VOTE_PREPARE, 1, 5);
	fake_vote(&alone, 1, &v);
	driver_settle(&alone);
	ck_assert(!sent(&alone, 2, MSG_VOT, NULL));
	v = fake_signed(&alone, 2, VOTE_PREPARE, 1, 5);
	fake_vote(&alone, 1, &v);
	driver_settle(&alone);
	ck_assert(sent(&alone, 2, MSG_VOT, NULL));
	driver_free(&alone);
}
END_TEST

START_TEST(a_vote_that_does_not_hold_bans_who_sent_it_and_goes_nowhere)
{
	uint64_t ban_ms = 0;
	struct vote v;

	fake_bft(&alone, 7);
	v = fake_signed(&alone, 1, VOTE_PREPARE, 1, 5);
	v.signature[3] ^= 1;
	fake_vote(&alone, 1, &v);
	driver_settle(&alone);
	ck_assert(dropped(&alone, 1, &ban_ms));
	ck_assert_uint_gt(ban_ms, 0);
	ck_assert(!sent(&alone, 2, MSG_VOT, NULL));
	driver_free(&alone);
}
END_TEST

START_TEST(what_changes_nothing_is_not_checked)
{
	uint64_t before;
	struct vote v;

	fake_bft(&alone, 7);
	v = fake_signed(&alone, 1, VOTE_PREPARE, 1, 5);
	fake_vote(&alone, 1, &v);
	driver_settle(&alone);
	before = alone.verified;
	fake_vote(&alone, 2, &v);
	v = fake_signed(&alone, 1, VOTE_PREPARE, 3, 5); /* two above the tip */
	fake_vote(&alone, 2, &v);
	driver_settle(&alone);
	ck_assert_uint_eq(alone.verified, before);
	driver_free(&alone);
}
END_TEST

START_TEST(a_double_vote_is_kept_and_told)
{
	struct address culprit = test_address(3);
	struct evidence_info kept;
	struct vote v;

	fake_bft(&alone, 7);
	v = fake_signed(&alone, 3, VOTE_PREPARE, 1, 5);
	fake_vote(&alone, 1, &v);
	v = fake_signed(&alone, 3, VOTE_PREPARE, 1, 6);
	fake_vote(&alone, 1, &v);
	driver_settle(&alone);
	ck_assert(sent(&alone, 1, MSG_EVV, NULL));
	ck_assert(sent(&alone, 2, MSG_EVV, NULL));
	ck_assert(logged(&alone, "signed two prepares", ""));
	ck_assert_uint_eq(node_evidence_count(alone.node), 1);
	ck_assert(!query_evidence(&kept, alone.node, kv_mem_view(alone.mem),
				  NULL));
	ck_assert(address_eq(&kept.producer, &culprit));
	ck_assert_uint_eq(kept.votes.vote[0].digest.b[0], 5);
	ck_assert_uint_eq(kept.votes.vote[1].digest.b[0], 6);
	/* and after a start, to who comes */
	driver_crash(&alone);
	forget_told(&alone);
	fake_connect(&alone, 3, true, 23);
	{
		struct msg_hello m = fake_hello(&alone, 23);

		fake_say_hello(&alone, 3, MSG_HEY, &m);
	}
	ck_assert(sent(&alone, 3, MSG_EVV, NULL));
	driver_free(&alone);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bft_votes");
	TCase *c = tcase_create("votes");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_vote_is_passed_on_once_it_holds_to_who_lacks_it);
	tcase_add_test(c, who_is_linked_to_the_signer_is_not_told_again);
	tcase_add_test(
		c, a_vote_that_does_not_hold_bans_who_sent_it_and_goes_nowhere);
	tcase_add_test(c, what_changes_nothing_is_not_checked);
	tcase_add_test(c, a_double_vote_is_kept_and_told);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

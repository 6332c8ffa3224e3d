/* SPDX-License-Identifier: MIT */
/*
 * The round machine of bft, rule by rule, with messages made by hand: what
 * random search (tests/sim/bft) meets too seldom. Height 20, so that with 4
 * or 5 validators the leader of round r is r.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "consensus/bft_machine.h"
#include "unit/bft_rig.h"

/* --- rule 2 -------------------------------------------------------------- */

START_TEST(rule_2_counts_distinct_signers)
{
	struct rig r;

	rig_init(&r, 4, 3);
	rig_propose(&r, 0, 7);
	rig_cast(&r, VOTE_PREPARE);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	ck_assert(!rig_casts(&r, VOTE_COMMIT));
	rig_vote(&r, VOTE_PREPARE, 0, 0, 7);
	ck_assert(rig_casts(&r, VOTE_COMMIT));
	rig_release(&r);
}
END_TEST

START_TEST(rule_2_the_leader_prepares_too)
{
	struct rig r;

	rig_init(&r, 4, 0);
	rig_build(&r, 0, 7);
	rig_cast(&r, VOTE_PROPOSAL);
	rig_cast(&r, VOTE_PREPARE);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	ck_assert(!rig_casts(&r, VOTE_COMMIT));
	rig_vote(&r, VOTE_PREPARE, 0, 2, 7);
	ck_assert(rig_casts(&r, VOTE_COMMIT));
	rig_release(&r);
}
END_TEST

START_TEST(rule_2_five_need_four)
{
	struct rig r;

	rig_init(&r, 5, 4);
	rig_propose(&r, 0, 7);
	rig_cast(&r, VOTE_PREPARE);
	rig_vote(&r, VOTE_PREPARE, 0, 0, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	ck_assert(!rig_casts(&r, VOTE_COMMIT));
	rig_vote(&r, VOTE_PREPARE, 0, 2, 7);
	rig_cast(&r, VOTE_COMMIT);
	rig_vote(&r, VOTE_COMMIT, 0, 0, 7);
	rig_vote(&r, VOTE_COMMIT, 0, 1, 7);
	ck_assert_ptr_null(rig_find(&r, BFT_DECIDE));
	rig_vote(&r, VOTE_COMMIT, 0, 2, 7);
	ck_assert_ptr_nonnull(rig_find(&r, BFT_DECIDE));
	rig_release(&r);
}
END_TEST

/* --- rule 3 -------------------------------------------------------------- */

/* A proposal of round 2 by its leader with these beside it: taken? */
static bool is_taken(struct proof *p, unsigned block)
{
	struct bft_status s;
	struct rig r;
	bool taken;

	rig_init(&r, 4, 3);
	rig_justified(&r, 2, 2, block, p);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 0, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 1, 0);
	bft_status(r.b, &s);
	ck_assert_uint_eq(s.round, 2);
	taken = s.has_proposal;
	rig_release(&r);
	return taken;
}

START_TEST(rule_3_a_proposal_is_justified_by_a_quorum)
{
	struct proof p = {.change_count = 0};

	ck_assert(!is_taken(&p, 7));
	proof_change(&p, 2, 0, NOT_PREPARED, 0);
	proof_change(&p, 2, 1, NOT_PREPARED, 0);
	ck_assert(!is_taken(&p, 7));
	proof_change(&p, 2, 1, NOT_PREPARED, 0); /* the same again */
	ck_assert(!is_taken(&p, 7));
	p.change_count = 2;
	proof_change(&p, 1, 2, NOT_PREPARED, 0); /* of another round */
	ck_assert(!is_taken(&p, 7));
	p.change_count = 2;
	proof_change(&p, 2, 2, NOT_PREPARED, 0);
	ck_assert(is_taken(&p, 7));
	p.changes[2].height++;
	ck_assert(!is_taken(&p, 7));
	p.changes[2].height--;
	p.changes[2].kind = VOTE_PREPARE;
	ck_assert(!is_taken(&p, 7));
}
END_TEST

START_TEST(rule_3_the_highest_prepared_block_is_proposed_again)
{
	struct proof p = {.change_count = 0};

	proof_change(&p, 2, 0, 0, 7);
	proof_change(&p, 2, 1, 1, 8);
	proof_change(&p, 2, 2, NOT_PREPARED, 0);
	ck_assert(!is_taken(&p, 9)); /* a fresh one */
	proof_prepares(&p, 0, 7, 3);
	ck_assert(!is_taken(&p, 7)); /* not the highest */
	ck_assert(!is_taken(&p, 8));
	p.prepare_count = 0;
	ck_assert(!is_taken(&p, 8)); /* without its certificate */
	proof_prepares(&p, 1, 8, 3);
	ck_assert(is_taken(&p, 8));
	p.prepare_count = 2;
	ck_assert(!is_taken(&p, 8));
	p.prepares[2] = p.prepares[1];
	p.prepare_count = 3;
	ck_assert(!is_taken(&p, 8)); /* one twice */
}
END_TEST

START_TEST(rule_3_the_certificate_is_of_one_round_block_and_height)
{
	struct proof p = {.change_count = 0};
	struct vote good;

	proof_change(&p, 2, 0, 1, 8);
	proof_change(&p, 2, 1, NOT_PREPARED, 0);
	proof_change(&p, 2, 2, NOT_PREPARED, 0);
	proof_prepares(&p, 1, 8, 3);
	good = p.prepares[1];
	p.prepares[1].round = 0;
	ck_assert(!is_taken(&p, 8));
	p.prepares[1] = good;
	p.prepares[1].height--;
	ck_assert(!is_taken(&p, 8));
	p.prepares[1] = good;
	p.prepares[1].digest = rig_digest(7);
	ck_assert(!is_taken(&p, 8));
	p.prepares[1] = good;
	p.prepares[1].kind = VOTE_COMMIT;
	ck_assert(!is_taken(&p, 8));
	p.prepares[1] = good;
	ck_assert(is_taken(&p, 8));
	p.changes[0].prepared_round = 2; /* not below its round */
	ck_assert(!is_taken(&p, 8));
}
END_TEST

START_TEST(rule_3_who_is_not_the_leader_proposes_nothing)
{
	struct bft_status s;
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PROPOSAL, 0, 1, 7);
	bft_status(r.b, &s);
	ck_assert(!s.has_proposal);
	ck_assert_ptr_null(rig_find(&r, BFT_EXECUTE));
	rig_release(&r);
}
END_TEST

START_TEST(rule_3_the_leader_repeats_the_highest)
{
	const struct bft_effect *e;
	struct rig r;

	rig_init(&r, 4, 2);
	rig_change(&r, 2, 0, 0, 7);
	rig_change(&r, 2, 1, 1, 8);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	e = rig_find(&r, BFT_FETCH); /* it does not have it */
	ck_assert_ptr_nonnull(e);
	ck_assert(rig_is(&e->digest, 8));
	ck_assert_uint_eq(e->vote_count, 3);
	rig_block(&r, 8);
	e = rig_casts(&r, VOTE_PROPOSAL);
	ck_assert_ptr_nonnull(e);
	ck_assert(rig_is(&e->vote.digest, 8));
	ck_assert_uint_eq(e->change_count, 3);
	ck_assert_uint_eq(e->vote_count, 3);
	ck_assert_uint_eq(e->votes[0].round, 1);
	ck_assert_ptr_null(rig_find(&r, BFT_BUILD));
	rig_release(&r);
}
END_TEST

START_TEST(rule_3_a_bad_certificate_is_dropped_alone)
{
	struct rig r;

	rig_init(&r, 4, 1);
	rig_change_with(&r, 1, 0, 0, 7, 2); /* two PREPAREs */
	ck_assert(!bft_held(r.b, 0, VOTE_ROUND_CHANGE));
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 2, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 3, 0);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	ck_assert_ptr_nonnull(rig_find(&r, BFT_BUILD));
	rig_release(&r);
}
END_TEST

/* --- rule 4 -------------------------------------------------------------- */

START_TEST(rule_4_executed_before_prepare)
{
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PROPOSAL, 0, 0, 7);
	ck_assert_ptr_null(rig_find(&r, BFT_EXECUTE));
	rig_block(&r, 7);
	ck_assert_ptr_nonnull(rig_find(&r, BFT_EXECUTE));
	ck_assert(!rig_casts(&r, VOTE_PREPARE));
	rig_executed(&r, 7, false);
	ck_assert(!rig_casts(&r, VOTE_PREPARE));
	rig_release(&r);
	rig_init(&r, 4, 3);
	rig_propose(&r, 0, 7);
	ck_assert(rig_casts(&r, VOTE_PREPARE));
	rig_release(&r);
}
END_TEST

START_TEST(rule_4_commit_carries_the_certificate)
{
	const struct bft_effect *e;
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PREPARE, 0, 0, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 8);
	rig_vote(&r, VOTE_PREPARE, 0, 2, 7);
	rig_propose(&r, 0, 7);
	ck_assert(!rig_casts(&r, VOTE_COMMIT));
	rig_cast(&r, VOTE_PREPARE);
	e = rig_casts(&r, VOTE_COMMIT);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->vote_count, 3);
	ck_assert_int_eq(e->votes[0].kind, VOTE_PREPARE);
	rig_release(&r);
}
END_TEST

START_TEST(rule_4_the_bytes_are_kept_in_later_rounds)
{
	struct hash d = rig_digest(7);
	struct rig r;

	rig_init(&r, 4, 3);
	rig_propose(&r, 0, 7);
	rig_cast(&r, VOTE_PREPARE);
	rig_vote(&r, VOTE_ROUND_CHANGE, 6, 0, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 6, 1, 0);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	ck_assert(bft_needs_block(r.b, &d));
	rig_release(&r);
}
END_TEST

/* --- rule 5 -------------------------------------------------------------- */

START_TEST(rule_5_rounds_are_not_summed)
{
	struct rig r;

	rig_init(&r, 4, 3);
	rig_propose(&r, 0, 7);
	rig_vote(&r, VOTE_COMMIT, 0, 0, 7);
	rig_vote(&r, VOTE_COMMIT, 1, 1, 7);
	rig_vote(&r, VOTE_COMMIT, 2, 2, 7);
	ck_assert_ptr_null(rig_find(&r, BFT_DECIDE));
	rig_vote(&r, VOTE_COMMIT, 2, 1, 7);
	rig_vote(&r, VOTE_COMMIT, 2, 0, 8); /* another block */
	ck_assert_ptr_null(rig_find(&r, BFT_DECIDE));
	rig_release(&r);
}
END_TEST

START_TEST(rule_5_decides_from_a_round_that_was_left)
{
	const struct bft_effect *e;
	struct rig r;

	rig_init(&r, 4, 3);
	rig_propose(&r, 0, 7);
	rig_cast(&r, VOTE_PREPARE);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 0, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 1, 0);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	rig_vote(&r, VOTE_COMMIT, 0, 0, 7);
	rig_vote(&r, VOTE_COMMIT, 0, 1, 7);
	rig_vote(&r, VOTE_COMMIT, 0, 2, 7);
	e = rig_find(&r, BFT_DECIDE);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->round, 0);
	ck_assert_uint_eq(e->vote_count, 3);
	ck_assert(rig_is(&e->digest, 7));
	rig_release(&r);
}
END_TEST

START_TEST(rule_5_what_is_decided_is_asked_for_until_it_is_here)
{
	struct rig r;
	int i;

	rig_init(&r, 4, 3);
	for (i = 0; i < 3; i++)
		rig_vote(&r, VOTE_COMMIT, 0, (size_t)i, 7);
	for (i = 0; i < 3; i++) {
		ck_assert_ptr_null(rig_find(&r, BFT_DECIDE));
		ck_assert_ptr_nonnull(rig_find(&r, BFT_FETCH));
		rig_forget(&r);
		ck_assert_uint_ne(bft_wake(r.b), 0);
		rig_tick(&r, bft_wake(r.b));
	}
	rig_block(&r, 7);
	ck_assert_ptr_nonnull(rig_find(&r, BFT_DECIDE));
	ck_assert_uint_eq(bft_wake(r.b), 0);
	rig_release(&r);
}
END_TEST

/* --- rule 6 -------------------------------------------------------------- */

START_TEST(rule_6_no_vote_in_a_round_that_was_left)
{
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PROPOSAL, 0, 0, 7);
	rig_block(&r, 7);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 0, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 2, 0);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	rig_executed(&r, 7, true);
	rig_vote(&r, VOTE_PREPARE, 0, 0, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 2, 7);
	ck_assert_ptr_null(rig_find(&r, BFT_CAST));
	rig_release(&r);
}
END_TEST

/* --- rule 7 -------------------------------------------------------------- */

START_TEST(rule_7_what_was_signed_is_sent_as_it_was)
{
	const struct bft_effect *e;
	struct vote prepare = rig_make(VOTE_PREPARE, 0, 3, 7);
	struct bft_message m = {.vote = &prepare};
	struct rig r;

	rig_init(&r, 4, 3);
	prepare.signature[0] = 77;
	bft_replay(r.b, &m);
	rig_tick(&r, r.now);
	e = rig_find(&r, BFT_SEND);
	ck_assert_ptr_nonnull(e);
	ck_assert_mem_eq(&e->vote, &prepare, sizeof(prepare));
	rig_propose(&r, 0, 8);
	ck_assert_ptr_null(rig_find(&r, BFT_CAST));
	rig_release(&r);
}
END_TEST

START_TEST(rule_7_the_certificate_outlives_a_crash)
{
	const struct bft_effect *e;
	struct vote commit = rig_make(VOTE_COMMIT, 0, 3, 7);
	struct proof p = {.change_count = 0};
	struct bft_message m = {.vote = &commit, .prepares = p.prepares};
	struct rig r;

	proof_prepares(&p, 0, 7, 3);
	m.prepare_count = 3;
	rig_init(&r, 4, 3);
	bft_replay(r.b, &m);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 0, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 1, 0);
	e = rig_casts(&r, VOTE_ROUND_CHANGE);
	ck_assert_ptr_nonnull(e);
	ck_assert(e->vote.prepared && !e->vote.prepared_round);
	ck_assert(rig_is(&e->vote.digest, 7));
	ck_assert_uint_eq(e->vote_count, 3);
	rig_release(&r);
}
END_TEST

START_TEST(rule_7_the_round_outlives_a_crash)
{
	struct vote change = rig_make(VOTE_ROUND_CHANGE, 2, 3, 0);
	struct bft_message m = {.vote = &change};
	struct bft_status s;
	struct rig r;

	rig_init(&r, 4, 3);
	bft_replay(r.b, &m);
	bft_status(r.b, &s);
	ck_assert_uint_eq(s.round, 2);
	rig_propose(&r, 0, 7);
	ck_assert_ptr_null(rig_find(&r, BFT_CAST));
	rig_release(&r);
}
END_TEST

START_TEST(rule_7_nothing_is_sent_before_it_is_durable)
{
	struct rig r;

	rig_init(&r, 4, 3);
	rig_propose(&r, 0, 7);
	ck_assert(rig_casts(&r, VOTE_PREPARE));
	ck_assert_ptr_null(rig_find(&r, BFT_SEND));
	rig_vote(&r, VOTE_PREPARE, 0, 0, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	rig_vote(&r, VOTE_PREPARE, 0, 2, 7);
	ck_assert(!rig_casts(&r, VOTE_COMMIT)); /* one at a time */
	rig_cast(&r, VOTE_PREPARE);
	ck_assert_ptr_nonnull(rig_find(&r, BFT_SEND));
	ck_assert(rig_casts(&r, VOTE_COMMIT));
	rig_release(&r);
}
END_TEST

/* --- what one member can do ---------------------------------------------- */

/* Conflicts that were shown in what is there. */
static size_t conflicts(const struct rig *r)
{
	size_t i, count = 0;

	for (i = 0; i < r->out.count; i++)
		count += r->out.list[i].kind == BFT_EVIDENCE;
	return count;
}

START_TEST(rule_15_one_piece_of_a_member_and_no_more_work_for_it)
{
	struct vote third = rig_make(VOTE_PREPARE, 0, 1, 9), commit;
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PREPARE, 0, 1, 7);
	ck_assert(bft_wants(r.b, &third));
	rig_vote(&r, VOTE_PREPARE, 0, 1, 8);
	ck_assert_uint_eq(conflicts(&r), 1);
	/* it could sign without end, and each would be checked and passed on */
	ck_assert(!bft_wants(r.b, &third));
	rig_vote(&r, VOTE_PREPARE, 0, 1, 9);
	ck_assert_uint_eq(conflicts(&r), 1);
	/* what it says besides still counts */
	commit = rig_make(VOTE_COMMIT, 0, 1, 7);
	ck_assert(bft_wants(r.b, &commit));
	rig_release(&r);
}
END_TEST

START_TEST(no_round_is_above_what_can_be_written)
{
	struct bft_status s;
	struct rig r;
	int i;

	rig_init(&r, 3, 2);
	rig_change(&r, VOTE_ROUND_MAX, 0, NOT_PREPARED, 0);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	for (i = 0; i < 4; i++)
		rig_tick(&r, r.now + 100 * RIG_TIMEOUT);
	rig_change(&r, VOTE_ROUND_MAX, 1, NOT_PREPARED, 0);
	for (i = 0; i < 4; i++)
		rig_tick(&r, r.now + 100 * RIG_TIMEOUT);
	bft_status(r.b, &s);
	ck_assert_uint_eq(s.round, VOTE_ROUND_MAX);
	rig_release(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("bft_machine");
	TCase *c = tcase_create("rules");

	tcase_add_test(c, rule_2_counts_distinct_signers);
	tcase_add_test(c, rule_2_the_leader_prepares_too);
	tcase_add_test(c, rule_2_five_need_four);
	tcase_add_test(c, rule_3_a_proposal_is_justified_by_a_quorum);
	tcase_add_test(c, rule_3_the_highest_prepared_block_is_proposed_again);
	tcase_add_test(c,
		       rule_3_the_certificate_is_of_one_round_block_and_height);
	tcase_add_test(c, rule_3_who_is_not_the_leader_proposes_nothing);
	tcase_add_test(c, rule_3_the_leader_repeats_the_highest);
	tcase_add_test(c, rule_3_a_bad_certificate_is_dropped_alone);
	tcase_add_test(c, rule_4_executed_before_prepare);
	tcase_add_test(c, rule_4_commit_carries_the_certificate);
	tcase_add_test(c, rule_4_the_bytes_are_kept_in_later_rounds);
	tcase_add_test(c, rule_5_rounds_are_not_summed);
	tcase_add_test(c, rule_5_decides_from_a_round_that_was_left);
	tcase_add_test(c, rule_5_what_is_decided_is_asked_for_until_it_is_here);
	tcase_add_test(c, rule_6_no_vote_in_a_round_that_was_left);
	tcase_add_test(c, rule_7_what_was_signed_is_sent_as_it_was);
	tcase_add_test(c, rule_7_the_certificate_outlives_a_crash);
	tcase_add_test(c, rule_7_the_round_outlives_a_crash);
	tcase_add_test(c, rule_7_nothing_is_sent_before_it_is_durable);
	tcase_add_test(c,
		       rule_15_one_piece_of_a_member_and_no_more_work_for_it);
	tcase_add_test(c, no_round_is_above_what_can_be_written);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * The round machine of bft: rounds and timers (rule 8), when it is silent
 * (rule 12), what is fresh (rule 13), evidence (rule 15) and what is kept
 * (rule 16), with messages made by hand.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "consensus/bft_machine.h"
#include "unit/bft_rig.h"

static uint64_t round_of(const struct rig *r)
{
	struct bft_status s;

	bft_status(r->b, &s);
	return s.round;
}

static bool timer_runs(const struct rig *r)
{
	struct bft_status s;

	bft_status(r->b, &s);
	return s.timer_runs;
}

static void work(struct rig *r)
{
	bft_work(r->b, r->now, r->now, &r->out);
}

/* --- rule 8 -------------------------------------------------------------- */

START_TEST(rule_8_jumps_behind_f_plus_1_to_the_lowest)
{
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_ROUND_CHANGE, VOTE_ROUND_MAX, 0, 0);
	ck_assert_uint_eq(round_of(&r), 0);
	ck_assert_ptr_null(rig_find(&r, BFT_CAST));
	rig_vote(&r, VOTE_PREPARE, 3, 1, 7); /* any signed message */
	ck_assert_uint_eq(round_of(&r), 3);
	ck_assert_uint_eq(rig_casts(&r, VOTE_ROUND_CHANGE)->vote.round, 3);
	ck_assert_ptr_null(rig_find(&r, BFT_TIMED_OUT));
	rig_vote(&r, VOTE_ROUND_CHANGE, 5, 2, 0);
	ck_assert_uint_eq(round_of(&r), 5);
	rig_release(&r);
}
END_TEST

START_TEST(rule_8_jumps_without_work_or_time)
{
	struct rig r;

	rig_init(&r, 7, 6);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 0, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 1, 0);
	ck_assert_uint_eq(round_of(&r), 0);
	rig_vote(&r, VOTE_COMMIT, 2, 2, 7);
	ck_assert_uint_eq(round_of(&r), 1);
	rig_release(&r);
}
END_TEST

START_TEST(rule_8_the_timer_waits_for_a_quorum)
{
	struct rig r;

	rig_init(&r, 4, 3);
	work(&r);
	ck_assert(timer_runs(&r));
	rig_tick(&r, r.now + RIG_TIMEOUT);
	ck_assert_uint_eq(round_of(&r), 1);
	ck_assert(!timer_runs(&r));
	rig_cast(&r, VOTE_ROUND_CHANGE);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 0, 0);
	rig_tick(&r, r.now + 100 * RIG_TIMEOUT);
	ck_assert_uint_eq(round_of(&r), 1);
	ck_assert(!timer_runs(&r));
	rig_vote(&r, VOTE_PREPARE, 2, 1, 7); /* at that round or above */
	ck_assert(timer_runs(&r));
	rig_tick(&r, r.now + 2 * RIG_TIMEOUT - 1);
	ck_assert_uint_eq(round_of(&r), 1);
	rig_tick(&r, r.now + 1);
	ck_assert_uint_eq(round_of(&r), 2);
	rig_release(&r);
}
END_TEST

/* Everybody is at the round: how long it lasts. */
START_TEST(rule_8_the_timeout_doubles_up_to_its_bound)
{
	static const uint64_t expected[] = {1, 2, 4, 8, 8, 8};
	uint64_t round;
	struct rig r;

	rig_init(&r, 4, 3);
	work(&r);
	for (round = 0; round < ARRAY_LEN(expected); round++) {
		struct bft_status s;
		size_t i;

		for (i = 0; i < 3; i++)
			if (round)
				rig_vote(&r, VOTE_ROUND_CHANGE, round, i, 0);
		bft_status(r.b, &s);
		ck_assert_uint_eq(s.round, round);
		ck_assert_uint_eq(s.deadline,
				  r.now + expected[round] * RIG_TIMEOUT);
		rig_forget(&r);
		rig_tick(&r, s.deadline);
		ck_assert_ptr_nonnull(rig_find(&r, BFT_TIMED_OUT));
		if (!round)
			ck_assert(rig_casts(&r, VOTE_ROUND_CHANGE));
	}
	rig_release(&r);
}
END_TEST

/* Alone in round 1, without a timer: it says so every half timeout. */
START_TEST(rule_8_all_is_sent_again_every_half_timeout)
{
	struct rig r;
	int i;

	rig_init(&r, 4, 3);
	rig_propose(&r, 0, 7);
	rig_cast(&r, VOTE_PREPARE);
	rig_tick(&r, r.now + RIG_TIMEOUT);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	ck_assert(!timer_runs(&r));
	for (i = 0; i < 5; i++) {
		uint64_t wake = bft_wake(r.b);

		ck_assert_uint_ne(wake, 0);
		ck_assert_uint_le(wake, r.now + RIG_TIMEOUT); /* of round 1 */
		rig_forget(&r);
		rig_tick(&r, wake);
		ck_assert_uint_eq(r.out.count, 2);
		ck_assert_int_eq(r.out.list[0].kind, BFT_SEND);
		ck_assert_int_eq(r.out.list[0].vote.kind, VOTE_ROUND_CHANGE);
		ck_assert_int_eq(r.out.list[1].vote.kind, VOTE_PREPARE);
	}
	rig_release(&r);
}
END_TEST

START_TEST(rule_8_a_missing_block_is_asked_for_again)
{
	struct rig r;
	int i;

	rig_init(&r, 4, 2);
	rig_change(&r, 2, 0, 1, 8);
	rig_vote(&r, VOTE_ROUND_CHANGE, 2, 1, 0);
	rig_cast(&r, VOTE_ROUND_CHANGE);
	for (i = 0; i < 2; i++) {
		const struct bft_effect *e = rig_find(&r, BFT_FETCH);

		ck_assert_ptr_nonnull(e);
		ck_assert(rig_is(&e->digest, 8));
		rig_forget(&r);
		rig_tick(&r, bft_wake(r.b));
	}
	rig_release(&r);
}
END_TEST

/* --- rule 12 ------------------------------------------------------------- */

START_TEST(rule_12_idle_is_silent)
{
	struct rig r;

	rig_init(&r, 4, 0);
	rig_tick(&r, r.now + 1000000);
	ck_assert_uint_eq(r.out.count, 0);
	ck_assert_uint_eq(bft_wake(r.b), 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 1, 0); /* one does not count */
	ck_assert_uint_eq(bft_wake(r.b), 0);
	ck_assert_uint_eq(r.out.count, 0);
	rig_release(&r);
}
END_TEST

START_TEST(rule_12_work_a_proposal_or_round_changes_run_the_timer)
{
	struct rig r;

	rig_init(&r, 7, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 1, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 2, 0);
	ck_assert(!timer_runs(&r));
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 3, 0);
	ck_assert_uint_eq(round_of(&r), 1);
	rig_release(&r);

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PROPOSAL, 0, 0, 7);
	ck_assert(timer_runs(&r));
	rig_release(&r);

	rig_init(&r, 4, 3);
	bft_work(r.b, r.now + 700, r.now, &r.out);
	ck_assert(!timer_runs(&r));
	ck_assert_uint_eq(bft_wake(r.b), r.now + 700);
	rig_tick(&r, r.now + 700);
	ck_assert(timer_runs(&r));
	bft_work(r.b, UINT64_MAX, r.now, &r.out);
	ck_assert(!timer_runs(&r));
	rig_release(&r);
}
END_TEST

START_TEST(rule_12_a_leader_proposes_when_there_is_work)
{
	struct rig r;

	rig_init(&r, 4, 0);
	bft_work(r.b, r.now + 700, r.now, &r.out);
	ck_assert_ptr_null(rig_find(&r, BFT_BUILD));
	rig_tick(&r, r.now + 700);
	ck_assert_ptr_nonnull(rig_find(&r, BFT_BUILD));
	bft_build_failed(r.b, 0);
	rig_forget(&r);
	rig_tick(&r, r.now + 1);
	ck_assert_ptr_null(rig_find(&r, BFT_BUILD));
	rig_build(&r, 0, 7); /* asked again after new work */
	ck_assert(rig_casts(&r, VOTE_PROPOSAL));
	rig_release(&r);
}
END_TEST

START_TEST(rule_3_a_later_leader_proposes_at_once_without_work)
{
	struct rig r;

	rig_init(&r, 4, 1);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 2, 0);
	rig_vote(&r, VOTE_ROUND_CHANGE, 1, 3, 0);
	ck_assert_ptr_null(rig_find(&r, BFT_BUILD));
	rig_cast(&r, VOTE_ROUND_CHANGE);
	ck_assert_ptr_nonnull(rig_find(&r, BFT_BUILD));
	rig_release(&r);
}
END_TEST

/* --- rule 13 ------------------------------------------------------------- */

/* Members 0 to 2 go to a round, the first with that block prepared in round 0
 * (0: none), and so does self. What justifies a proposal of that round. */
static struct proof to_round(struct rig *r, uint64_t round, unsigned prepared)
{
	struct proof p = {.change_count = 0};
	size_t i;

	for (i = 0; i < 3; i++) {
		bool has = prepared && !i;

		proof_change(&p, round, i, has ? 0 : NOT_PREPARED,
			     has ? prepared : 0);
		rig_vote(r, VOTE_ROUND_CHANGE, round, i, 0);
	}
	if (prepared)
		proof_prepares(&p, 0, prepared, 3);
	rig_cast(r, VOTE_ROUND_CHANGE);
	return p;
}

START_TEST(rule_13_only_a_fresh_proposal_is_checked_as_one)
{
	struct proof p;
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PROPOSAL, 0, 0, 7);
	rig_block(&r, 7);
	ck_assert(rig_find(&r, BFT_EXECUTE)->fresh);
	rig_forget(&r);
	p = to_round(&r, 1, 8);
	rig_justified(&r, 1, 1, 8, &p);
	rig_block(&r, 8);
	ck_assert(!rig_find(&r, BFT_EXECUTE)->fresh);
	ck_assert_uint_eq(rig_find(&r, BFT_EXECUTE)->round, 1);
	p = to_round(&r, 2, 0);
	rig_justified(&r, 2, 2, 9, &p);
	rig_block(&r, 9);
	ck_assert(rig_find(&r, BFT_EXECUTE)->fresh);
	ck_assert_uint_eq(rig_find(&r, BFT_EXECUTE)->round, 2);
	rig_release(&r);
}
END_TEST

/* Refused as a fresh one, by a clock; good when it is proposed again. */
START_TEST(rule_13_a_block_too_new_may_be_proposed_again)
{
	struct proof p;
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_PROPOSAL, 0, 0, 7);
	rig_block(&r, 7);
	rig_executed(&r, 7, false);
	ck_assert(!rig_casts(&r, VOTE_PREPARE));
	rig_forget(&r);
	p = to_round(&r, 1, 7);
	rig_justified(&r, 1, 1, 7, &p);
	rig_block(&r, 7);
	rig_executed(&r, 7, true);
	ck_assert(rig_casts(&r, VOTE_PREPARE));
	rig_release(&r);
}
END_TEST

/* --- rule 15 ------------------------------------------------------------- */

START_TEST(rule_15_two_votes_are_evidence)
{
	enum vote_kind kind;

	for (kind = VOTE_PROPOSAL; kind < VOTE_KIND_COUNT; kind++) {
		uint64_t round = kind == VOTE_ROUND_CHANGE;
		const struct bft_effect *e;
		struct rig r;

		rig_init(&r, 4, 3);
		rig_vote(&r, kind, round, round ? 1 : 0, round ? 0 : 7);
		rig_vote(&r, kind, round, round ? 1 : 0, round ? 0 : 7);
		ck_assert_ptr_null(rig_find(&r, BFT_EVIDENCE));
		if (kind == VOTE_ROUND_CHANGE)
			rig_change(&r, round, 1, 0, 7);
		else
			rig_vote(&r, kind, round, 0, 8);
		e = rig_find(&r, BFT_EVIDENCE);
		ck_assert_ptr_nonnull(e);
		ck_assert_uint_eq(e->vote_count, 2);
		ck_assert(vote_conflict(&e->votes[0], &e->votes[1]));
		rig_forget(&r);
		rig_vote(&r, kind, round + 4, 0, 9); /* another round */
		ck_assert_ptr_null(rig_find(&r, BFT_EVIDENCE));
		rig_release(&r);
	}
}
END_TEST

/* --- rule 16 ------------------------------------------------------------- */

START_TEST(rule_16_the_highest_round_of_a_kind_is_kept)
{
	struct rig r;

	rig_init(&r, 4, 3);
	rig_vote(&r, VOTE_COMMIT, 2, 0, 7);
	rig_vote(&r, VOTE_COMMIT, 1, 0, 8);
	ck_assert_uint_eq(bft_held(r.b, 0, VOTE_COMMIT)->round, 2);
	rig_vote(&r, VOTE_COMMIT, 3, 0, 9);
	ck_assert_uint_eq(bft_held(r.b, 0, VOTE_COMMIT)->round, 3);
	rig_release(&r);
}
END_TEST

START_TEST(rule_16_proposals_of_two_rounds_above_are_kept)
{
	struct proof p = {.change_count = 0};
	struct vote v = rig_make(VOTE_PROPOSAL, 2, 2, 7);
	struct rig r;
	size_t i;

	rig_init(&r, 4, 1);
	ck_assert(bft_wants(r.b, &v));
	v = rig_make(VOTE_PROPOSAL, 3, 3, 7);
	ck_assert(!bft_wants(r.b, &v));
	for (i = 0; i < 3; i++)
		proof_change(&p, 3, i, NOT_PREPARED, 0);
	rig_justified(&r, 3, 3, 7, &p);
	ck_assert_ptr_null(bft_held(r.b, 3, VOTE_PROPOSAL));
	rig_release(&r);
}
END_TEST

START_TEST(rule_16_this_height_and_the_next)
{
	struct bft_height h = {
		.height = RIG_HEIGHT + 1, .n = 4, .self = 3, .next_n = 4};
	struct bft_height other = {
		.height = RIG_HEIGHT + 1, .n = 5, .self = 3, .next_n = 4};
	size_t i;
	struct rig r;

	for (i = 0; i < 2; i++) {
		struct vote v = rig_make(VOTE_COMMIT, 0, 0, 7);
		struct bft_message m = {.vote = &v};

		rig_init(&r, 4, 3);
		v.height = RIG_HEIGHT + 2;
		ck_assert(!bft_wants(r.b, &v));
		v.height = RIG_HEIGHT - 1;
		ck_assert(!bft_wants(r.b, &v));
		v.height = RIG_HEIGHT + 1;
		ck_assert(bft_wants(r.b, &v));
		bft_receive(r.b, &m, r.now, &r.out);
		ck_assert_uint_eq(r.out.count, 0);
		bft_enter(r.b, i ? &other : &h, r.now);
		/* of another set's indices nothing is known */
		ck_assert((bft_held(r.b, 0, VOTE_COMMIT) != NULL) == !i);
		rig_release(&r);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("bft_time");
	TCase *c = tcase_create("rules");

	tcase_add_test(c, rule_3_a_later_leader_proposes_at_once_without_work);
	tcase_add_test(c, rule_8_jumps_behind_f_plus_1_to_the_lowest);
	tcase_add_test(c, rule_8_jumps_without_work_or_time);
	tcase_add_test(c, rule_8_the_timer_waits_for_a_quorum);
	tcase_add_test(c, rule_8_the_timeout_doubles_up_to_its_bound);
	tcase_add_test(c, rule_8_all_is_sent_again_every_half_timeout);
	tcase_add_test(c, rule_8_a_missing_block_is_asked_for_again);
	tcase_add_test(c, rule_12_idle_is_silent);
	tcase_add_test(c,
		       rule_12_work_a_proposal_or_round_changes_run_the_timer);
	tcase_add_test(c, rule_12_a_leader_proposes_when_there_is_work);
	tcase_add_test(c, rule_13_only_a_fresh_proposal_is_checked_as_one);
	tcase_add_test(c, rule_13_a_block_too_new_may_be_proposed_again);
	tcase_add_test(c, rule_15_two_votes_are_evidence);
	tcase_add_test(c, rule_16_the_highest_round_of_a_kind_is_kept);
	tcase_add_test(c, rule_16_proposals_of_two_rounds_above_are_kept);
	tcase_add_test(c, rule_16_this_height_and_the_next);
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

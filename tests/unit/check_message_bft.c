/* SPDX-License-Identifier: MIT */
/* Messages between validators: votes that do not belong into one message are
 * refused, and lists end at their bounds. (What holds of messages of every
 * type: check_message.c.) */
#include <check.h>
#include <stdlib.h>

#include "codec/message_bft.h"
#include "codec/msgpack.h"
#include "votes.h"

static const struct hash agreed = {{1}}, another = {{2}};

static struct vote vote(enum vote_kind kind, uint64_t round)
{
	struct vote v = {
		.kind = kind, .height = 5, .round = round, .signature_len = 64};

	if (kind != VOTE_ROUND_CHANGE)
		v.digest = agreed;
	return v;
}

static struct vote prepared_change(uint64_t round, uint64_t prepared)
{
	struct vote v = vote(VOTE_ROUND_CHANGE, round);

	v.prepared = true;
	v.prepared_round = prepared;
	v.digest = agreed;
	return v;
}

/* --- proposals ----------------------------------------------------------- */

/* A proposal of round 3, of what was prepared in round 1. */
struct proposed {
	struct vote vote;
	struct vote changes[2], prepares[2];
	size_t change_count, prepare_count;
};

static struct proposed proposed(void)
{
	return (struct proposed){
		vote(VOTE_PROPOSAL, 3),
		{vote(VOTE_ROUND_CHANGE, 3), prepared_change(3, 1)},
		{vote(VOTE_PREPARE, 1), vote(VOTE_PREPARE, 1)},
		2,
		2};
}

static enum err propose(const struct proposed *p)
{
	struct proposed copy = *p;
	struct msg_proposal m = {.vote = p->vote,
				 .block = SPAN("\x90", 1),
				 .changes = copy.changes,
				 .change_count = p->change_count,
				 .prepares = copy.prepares,
				 .prepare_count = p->prepare_count};
	struct msg_proposal got;
	struct buf raw = {0};
	enum err e;

	msg_proposal_encode(&raw, &m);
	e = msg_proposal_decode(&got, buf_span(&raw));
	msg_proposal_release(&got);
	buf_release(&raw);
	return e;
}

START_TEST(what_justifies_a_proposal_is_of_its_height_and_round)
{
	struct proposed p = proposed();

	ck_assert_int_eq(propose(&p), ERR_OK);
	p.prepare_count = 0; /* whether they are enough is said elsewhere */
	ck_assert_int_eq(propose(&p), ERR_OK);
	p.change_count = 1;
	ck_assert_int_eq(propose(&p), ERR_OK);
	p.prepare_count = 2; /* of what nobody says is prepared */
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p = proposed();
	p.changes[0].height = 4;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p = proposed();
	p.changes[0].round = 4;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p = proposed();
	p.changes[0].kind = VOTE_PREPARE;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p = proposed();
	p.vote.kind = VOTE_COMMIT;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
}
END_TEST

START_TEST(prepares_of_a_proposal_are_of_one_round_below_and_its_block)
{
	struct proposed p = proposed();

	p.prepares[1].round = 2;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p.prepares[0].round = 2;
	ck_assert_int_eq(propose(&p), ERR_OK);
	p.prepares[0].round = p.prepares[1].round = 3;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p = proposed();
	p.prepares[1].digest = another;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p = proposed();
	p.prepares[1].kind = VOTE_COMMIT;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
	p = proposed();
	p.prepares[0].height = 6;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
}
END_TEST

START_TEST(a_proposal_of_round_0_needs_no_justification)
{
	struct proposed p = proposed();

	p.vote.round = 0;
	p.change_count = p.prepare_count = 0;
	ck_assert_int_eq(propose(&p), ERR_OK);
	p.change_count = 1;
	p.changes[0].round = 0;
	ck_assert_int_eq(propose(&p), ERR_MALFORMED);
}
END_TEST

/* --- votes --------------------------------------------------------------- */

static enum err say_votes(enum vote_kind kind, size_t count)
{
	struct vote list[MSG_VOTES_MAX + 1], *got;
	struct buf raw = {0};
	size_t i, n;
	enum err e;

	for (i = 0; i < count; i++)
		list[i] = vote(VOTE_PREPARE, i);
	if (count)
		list[count - 1] = vote(kind, 3);
	votes_encode(&raw, list, count);
	e = msg_votes_decode(&got, &n, buf_span(&raw));
	free(got);
	buf_release(&raw);
	return e;
}

START_TEST(votes_are_prepares_and_commits)
{
	ck_assert_int_eq(say_votes(VOTE_PREPARE, 1), ERR_OK);
	ck_assert_int_eq(say_votes(VOTE_COMMIT, MSG_VOTES_MAX), ERR_OK);
	ck_assert_int_eq(say_votes(VOTE_COMMIT, 0), ERR_MALFORMED);
	ck_assert_int_eq(say_votes(VOTE_COMMIT, MSG_VOTES_MAX + 1),
			 ERR_MALFORMED);
	ck_assert_int_eq(say_votes(VOTE_PROPOSAL, 2), ERR_MALFORMED);
	ck_assert_int_eq(say_votes(VOTE_ROUND_CHANGE, 2), ERR_MALFORMED);
}
END_TEST

static enum err change(struct vote v, struct vote prepare, size_t count)
{
	struct vote list[VALIDATORS_MAX + 1];
	struct msg_round_change m = {v, list, count}, got;
	struct buf raw = {0};
	size_t i;
	enum err e;

	for (i = 0; i < count; i++)
		list[i] = i ? vote(VOTE_PREPARE, prepare.round) : prepare;
	msg_round_change_encode(&raw, &m);
	e = msg_round_change_decode(&got, buf_span(&raw));
	msg_round_change_release(&got);
	buf_release(&raw);
	return e;
}

START_TEST(a_round_change_stands_beside_its_own_certificate)
{
	struct vote prepare = vote(VOTE_PREPARE, 1), other;
	struct vote v = prepared_change(3, 1);

	ck_assert_int_eq(change(v, prepare, VALIDATORS_MAX), ERR_OK);
	ck_assert_int_eq(change(v, prepare, VALIDATORS_MAX + 1), ERR_MALFORMED);
	ck_assert_int_eq(change(v, prepare, 0), ERR_OK);
	ck_assert_int_eq(change(vote(VOTE_ROUND_CHANGE, 3), prepare, 0),
			 ERR_OK);
	ck_assert_int_eq(change(vote(VOTE_ROUND_CHANGE, 3), prepare, 1),
			 ERR_MALFORMED);
	ck_assert_int_eq(change(vote(VOTE_PREPARE, 3), prepare, 0),
			 ERR_MALFORMED);
	ck_assert_int_eq(change(v, vote(VOTE_PREPARE, 2), 1), ERR_MALFORMED);
	ck_assert_int_eq(change(v, vote(VOTE_COMMIT, 1), 1), ERR_MALFORMED);
	other = prepare;
	other.digest = another;
	ck_assert_int_eq(change(v, other, 1), ERR_MALFORMED);
	other = prepare;
	other.height = 6;
	ck_assert_int_eq(change(v, other, 1), ERR_MALFORMED);
}
END_TEST

/* --- other lists --------------------------------------------------------- */

static enum err link_to(const uint8_t *first_bytes, size_t count)
{
	struct address list[VALIDATORS_MAX + 1] = {{{0}}};
	struct address got[VALIDATORS_MAX];
	struct buf raw = {0};
	size_t i, n;
	enum err e;

	for (i = 0; i < count; i++)
		list[i].b[0] = first_bytes[i];
	msg_links_encode(&raw, list, count);
	e = msg_links_decode(got, &n, buf_span(&raw));
	ck_assert(e || n == count);
	buf_release(&raw);
	return e;
}

START_TEST(each_validator_is_named_once_and_in_order)
{
	uint8_t all[VALIDATORS_MAX + 1];
	size_t i;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	ck_assert_int_eq(link_to(all, 0), ERR_OK);
	ck_assert_int_eq(link_to(all, VALIDATORS_MAX), ERR_OK);
	ck_assert_int_eq(link_to(all, VALIDATORS_MAX + 1), ERR_MALFORMED);
	ck_assert_int_eq(link_to((uint8_t[]){1, 1}, 2), ERR_MALFORMED);
	ck_assert_int_eq(link_to((uint8_t[]){2, 1}, 2), ERR_MALFORMED);
}
END_TEST

/* The largest of everything fits into what its type may have. */
START_TEST(nothing_of_the_most_validators_is_too_long)
{
	struct vote v = prepared_change(VOTE_ROUND_MAX, VOTE_ROUND_MAX - 1);
	struct vote list[VALIDATORS_MAX];
	struct msg_round_change m = {v, list, VALIDATORS_MAX};
	struct address links[VALIDATORS_MAX] = {{{0}}};
	struct buf raw = {0};
	size_t i;

	for (i = 0; i < VALIDATORS_MAX; i++) {
		list[i] = vote(VOTE_PREPARE, VOTE_ROUND_MAX - 1);
		list[i].height = (UINT64_C(1) << 53) - 1;
		list[i].signer = VALIDATORS_MAX - 1;
		list[i].signature_len = 256;
	}
	m.vote.signature_len = 256;
	msg_round_change_encode(&raw, &m);
	ck_assert_uint_le(raw.len, message_bytes_max(MSG_RCH));
	buf_reset(&raw);
	votes_encode(&raw, list, MSG_VOTES_MAX);
	ck_assert_uint_le(raw.len, message_bytes_max(MSG_VOT));
	buf_reset(&raw);
	msg_links_encode(&raw, links, VALIDATORS_MAX);
	ck_assert_uint_le(raw.len, message_bytes_max(MSG_LNK));
	buf_reset(&raw);
	for (i = 0; i < MSG_DOUBLE_VOTES_MAX; i++) {
		uint8_t key[KEY_SPKI_MAX] = {0};

		double_vote_encode(&raw, SPAN_OF(key), &list[0], &m.vote);
	}
	ck_assert_uint_le(raw.len + 3, message_bytes_max(MSG_EVV));
	buf_release(&raw);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("message_bft");
	TCase *t = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, what_justifies_a_proposal_is_of_its_height_and_round);
	tcase_add_test(
		t, prepares_of_a_proposal_are_of_one_round_below_and_its_block);
	tcase_add_test(t, a_proposal_of_round_0_needs_no_justification);
	tcase_add_test(t, votes_are_prepares_and_commits);
	tcase_add_test(t, a_round_change_stands_beside_its_own_certificate);
	tcase_add_test(t, each_validator_is_named_once_and_in_order);
	tcase_add_test(t, nothing_of_the_most_validators_is_too_long);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

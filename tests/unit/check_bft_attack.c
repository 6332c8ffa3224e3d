/* SPDX-License-Identifier: MIT */
/*
 * Engine bft under those who lie: members that agree on what does not hold,
 * that boast of heights, that sign without end; and starts at bad moments.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "node/internal.h"
#include "node/network.h"
#include "sync_world.h"

static struct world w;
static struct driver alone;

/* Signed by member i of the set. */
static void sign(struct vote *v, size_t i)
{
	struct bft_member m;
	struct address a;
	unsigned k;

	ck_assert(node_bft_member(alone.node, i, alone.now, &m));
	for (k = 1; k <= 4; k++) {
		a = test_address(k);
		if (!address_eq(&a, &m.who->account))
			continue;
		fake_sign(&alone, v, k);
		return;
	}
	ck_abort_msg("a member without a key");
}

/* --- what a quorum agrees on ---------------------------------------------- */

enum lie {
	TRUE,
	FORGED,
	TIMELESS,
	STRANGE,
	ANOTHER_S,
	HUGE,
	/* seals that are not empty */
	KEYED,
	SIGNED,
	NUMBERED,
	CERTIFIED,
};

/* A transfer of key 1, of about so many bytes. */
static struct buf transfer(uint64_t nonce, size_t bytes)
{
	static const uint8_t data[4096];
	struct tx fields = {.nonce = nonce,
			    .fee = 1,
			    .recipient = test_address(9),
			    .amount = 100,
			    .data = SPAN(data, bytes)};

	return driver_sign(&alone, 1, &fields);
}

static void fill(struct candidate *c, enum lie lie)
{
	uint64_t i, count = lie == HUGE ? 40 : 1;

	for (i = 0; i < count; i++) {
		struct buf raw = transfer(i, lie == HUGE ? 2000 : 1);
		struct tx tx;

		if (lie == FORGED)
			raw.data[raw.len - 1] ^= 1;
		ck_assert(!tx_decode(&tx, buf_span(&raw), 4096, NULL));
		tx_hash(&tx, node_genesis_hash(alone.node));
		ck_assert(!candidate_add(c, &tx, NULL));
		buf_release(&raw);
	}
}

/* Votes of members 0 to 2. */
static void three(struct vote out[3], enum vote_kind kind, uint64_t round,
		  const struct hash *digest)
{
	size_t i;

	for (i = 0; i < 3; i++) {
		out[i] = (struct vote){
			.kind = kind, .height = 1, .round = round};
		if (digest)
			out[i].digest = *digest;
		sign(&out[i], i);
	}
}

static void put_seal(struct candidate *c, enum lie lie)
{
	struct seal seal = {.nonce = lie == NUMBERED};
	struct buf certificate = {0};
	struct vote commits[3];

	if (lie == KEYED)
		seal.key = SPAN("", 1);
	if (lie == SIGNED)
		seal.signature = SPAN("", 1);
	if (lie == CERTIFIED) {
		three(commits, VOTE_COMMIT, 0, candidate_hash(c));
		certificate_encode(&certificate, 0, commits, 3);
		seal.certificate = buf_span(&certificate);
	}
	candidate_seal(c, &seal);
	buf_release(&certificate);
}

/* Block 1 of member 1, who leads rounds 0 and 4, when nothing is wrong. */
static struct hash make_block(struct buf *raw, enum lie lie)
{
	struct chain *chain = alone.node->chain;
	struct candidate *c;
	struct bft_member m;
	struct address by;
	struct hash out;

	ck_assert(node_bft_member(alone.node, lie == ANOTHER_S ? 2 : 1,
				  alone.now, &m));
	by = lie == STRANGE ? test_address(9) : m.who->account;
	c = candidate_new(chain, kv_mem_view(alone.mem));
	fill(c, lie);
	ck_assert(!candidate_finish(
		c, lie == TIMELESS ? chain_tip(chain)->time : alone.now, &by,
		SPAN(NULL, 0), SPAN(NULL, 0)));
	put_seal(c, lie);
	buf_append_span(raw, candidate_raw(c));
	out = *candidate_hash(c);
	candidate_free(c);
	return out;
}

/* Member 1 proposes it. */
static void propose(const struct hash *digest, const struct buf *raw,
		    uint64_t round)
{
	struct msg_proposal p = {.vote = {.kind = VOTE_PROPOSAL,
					  .height = 1,
					  .round = round,
					  .digest = *digest},
				 .block = buf_span(raw)};
	struct buf body = {0};
	struct vote changes[3];

	three(changes, VOTE_ROUND_CHANGE, round, NULL);
	if (round) {
		p.changes = changes;
		p.change_count = 3;
	}
	sign(&p.vote, 1);
	msg_proposal_encode(&body, &p);
	fake_say(&alone, 1, MSG_PRP, &body);
	driver_settle(&alone);
}

/* It is proposed, and three commit to it. */
static void agree(const struct hash *digest, const struct buf *raw)
{
	struct vote commits[3];
	size_t i;

	propose(digest, raw, 0);
	three(commits, VOTE_COMMIT, 0, digest);
	for (i = 0; i < 3; i++)
		fake_vote(&alone, 1, &commits[i]);
	driver_settle(&alone);
}

/* Whether an observer takes it when a quorum does. */
static bool is_believed(enum lie lie)
{
	struct buf raw = {0};
	struct hash digest;
	bool taken;

	fake_bft(&alone, 7);
	alone.may_fail = true;
	digest = make_block(&raw, lie);
	agree(&digest, &raw);
	taken = driver_height(&alone) == 1;
	ck_assert_uint_eq(alone.failures, !taken);
	buf_release(&raw);
	driver_free(&alone);
	return taken;
}

START_TEST(a_quorum_cannot_spend_what_others_own)
{
	ck_assert(is_believed(TRUE));
	ck_assert(!is_believed(FORGED));
}
END_TEST

START_TEST(a_quorum_cannot_make_time_stand_still)
{
	ck_assert(!is_believed(TIMELESS));
}
END_TEST

START_TEST(a_quorum_cannot_pay_a_stranger_for_a_block)
{
	ck_assert(!is_believed(STRANGE));
}
END_TEST

/* --- what is proposed ------------------------------------------------------
 */

/* A key whose member is not number 1, the leader. */
static unsigned follower(void)
{
	struct address one = test_address(1), other;
	unsigned k, below = 0;

	for (k = 2; k <= 4; k++) {
		other = test_address(k);
		below += memcmp(other.b, one.b, ADDRESS_LEN) < 0;
	}
	return below == 1 ? 2 : 1;
}

static void to_round(uint64_t round)
{
	struct msg_round_change m;
	struct vote changes[3];
	size_t i;

	three(changes, VOTE_ROUND_CHANGE, round, NULL);
	for (i = 0; i < 3; i++) {
		struct buf body = {0};

		m = (struct msg_round_change){.vote = changes[i]};
		msg_round_change_encode(&body, &m);
		fake_say(&alone, 1, MSG_RCH, &body);
	}
	driver_settle(&alone);
}

/* Whether a member prepares it. */
static bool is_prepared(enum lie lie, uint64_t round)
{
	struct buf raw = {0};
	struct hash digest;
	bool out;

	fake_bft(&alone, follower());
	digest = make_block(&raw, lie);
	if (round)
		to_round(round);
	propose(&digest, &raw, round);
	out = sent(&alone, 1, MSG_VOT, NULL);
	buf_release(&raw);
	driver_free(&alone);
	return out;
}

START_TEST(a_fresh_block_is_its_leader_s)
{
	ck_assert(is_prepared(TRUE, 0));
	ck_assert(!is_prepared(ANOTHER_S, 0));
	ck_assert(!is_prepared(FORGED, 0));
}
END_TEST

START_TEST(a_proposal_s_block_has_no_seal_yet)
{
	enum lie lie;

	ck_assert(is_prepared(TRUE, 0));
	for (lie = KEYED; lie <= CERTIFIED; lie++)
		ck_assert(!is_prepared(lie, 0));
}
END_TEST

START_TEST(a_fresh_block_of_a_late_round_is_small)
{
	ck_assert(is_prepared(HUGE, 0));
	ck_assert(is_prepared(TRUE, 4));
	ck_assert(!is_prepared(HUGE, 4));
}
END_TEST

/* --- much at once ----------------------------------------------------------
 */

START_TEST(one_peer_has_so_many_votes_checked_at_once)
{
	uint64_t round, before;

	fake_bft(&alone, 7);
	before = alone.verified;
	for (round = 0; round < 100; round++) {
		struct vote v = {
			.kind = VOTE_COMMIT, .height = 1, .round = round};

		sign(&v, 2);
		fake_vote(&alone, 1, &v);
	}
	driver_settle(&alone);
	ck_assert_uint_ge(alone.verified - before, 32);
	ck_assert_uint_le(alone.verified - before, 64);
	driver_free(&alone);
}
END_TEST

/* As many votes as fit, that nobody signed; each another. */
static void say_noise(uint64_t peer, uint64_t number)
{
	struct vote v[MSG_VOTES_MAX];
	struct buf body = {0};
	size_t i;

	for (i = 0; i < MSG_VOTES_MAX; i++) {
		v[i] = (struct vote){.kind = VOTE_PREPARE,
				     .height = 1,
				     .signer = (uint16_t)(i % 4)};
		memcpy(v[i].digest.b, &peer, sizeof(peer));
		memcpy(v[i].digest.b + 8, &number, sizeof(number));
		memcpy(v[i].digest.b + 16, &i, sizeof(i));
		v[i].signature_len = 64;
	}
	votes_encode(&body, v, MSG_VOTES_MAX);
	fake_say(&alone, peer, MSG_VOT, &body);
}

START_TEST(a_crowd_of_strangers_leaves_room_for_a_validator)
{
	struct vote v = {.kind = VOTE_COMMIT, .height = 1};
	struct bft_info told;
	uint64_t peer, i, before;

	fake_bft(&alone, 7);
	fake_peer(&alone, 3, true, 2);
	for (peer = 4; peer < 24; peer++)
		fake_peer(&alone, peer, true, (unsigned)(30 + peer));
	before = alone.verified;
	for (peer = 4; peer < 24; peer++)
		for (i = 0; i < 64; i++)
			say_noise(peer, i);
	sign(&v, 2);
	fake_vote(&alone, 3, &v);
	driver_settle(&alone);
	ck_assert_uint_ge(alone.verified - before, 512);
	ck_assert_uint_le(alone.verified - before, 1025);
	ck_assert(node_bft(alone.node, &told));
	ck_assert_uint_eq(told.votes[VOTE_COMMIT], 1);
	/* and what was theirs is free again */
	before = alone.verified;
	fake_peer(&alone, 30, true, 80);
	for (i = 0; i < 16; i++)
		say_noise(30, i);
	driver_settle(&alone);
	ck_assert_uint_eq(alone.verified - before, 1024);
	driver_free(&alone);
}
END_TEST

START_TEST(a_certificate_that_all_send_is_checked_once)
{
	struct buf raw = {0}, seal = {0};
	struct vote commits[3];
	struct hash digest;
	struct block b;
	uint64_t before;

	fake_bft(&alone, 7);
	digest = make_block(&raw, TRUE);
	three(commits, VOTE_COMMIT, 0, &digest);
	certificate_encode(&seal, 0, commits, 3);
	ck_assert(!block_decode(&b, buf_span(&raw)));
	before = alone.verified;
	for (uint64_t peer = 1; peer <= 2; peer++) {
		struct buf body = {0};

		msg_header_encode(&body, b.header_raw, buf_span(&seal));
		fake_say(&alone, peer, MSG_CRT, &body);
	}
	driver_settle(&alone);
	ck_assert_uint_eq(alone.verified - before, 3);
	block_release(&b);
	buf_release(&seal);
	buf_release(&raw);
	driver_free(&alone);
}
END_TEST

/* Headers that could follow, under signatures of nobody. */
START_TEST(one_peer_has_one_certificate_checked_at_once)
{
	struct vote commits[3];
	uint64_t before, i;

	fake_bft(&alone, 7);
	before = alone.verified;
	for (i = 0; i < 10; i++) {
		struct buf raw = {0}, seal = {0}, body = {0};
		struct hash digest;
		struct block b;

		alone.now++;
		digest = make_block(&raw, TRUE);
		three(commits, VOTE_COMMIT, 0, &digest);
		commits[0].signature[5] ^= 1;
		certificate_encode(&seal, 0, commits, 3);
		ck_assert(!block_decode(&b, buf_span(&raw)));
		msg_header_encode(&body, b.header_raw, buf_span(&seal));
		fake_say(&alone, 1, MSG_CRT, &body);
		block_release(&b);
		buf_release(&seal);
		buf_release(&raw);
	}
	driver_settle(&alone);
	ck_assert_uint_eq(alone.verified - before, 3);
	ck_assert(dropped(&alone, 1, NULL));
	driver_free(&alone);
}
END_TEST

/* A whole block under the leader's name, by who is nobody. */
START_TEST(transactions_of_who_is_no_leader_are_not_checked)
{
	struct msg_proposal p = {.vote = {.kind = VOTE_PROPOSAL, .height = 1}};
	struct buf raw = {0}, body = {0};
	uint64_t before;

	fake_bft(&alone, follower());
	before = alone.verified;
	p.vote.digest = make_block(&raw, HUGE);
	p.block = buf_span(&raw);
	sign(&p.vote, 1);
	p.vote.signature[5] ^= 1;
	msg_proposal_encode(&body, &p);
	fake_say(&alone, 1, MSG_PRP, &body);
	driver_settle(&alone);
	ck_assert_uint_eq(alone.verified - before, 1);
	ck_assert(dropped(&alone, 1, NULL));
	buf_release(&raw);
	driver_free(&alone);
}
END_TEST

START_TEST(certificates_are_sent_now_and_then)
{
	struct buf raw = {0};
	struct hash digest;
	struct vote v = {.kind = VOTE_COMMIT, .height = 1};
	size_t i, count = 0;

	fake_bft(&alone, 7);
	digest = make_block(&raw, TRUE);
	agree(&digest, &raw);
	ck_assert_uint_eq(driver_height(&alone), 1);
	sign(&v, 3);
	driver_advance(&alone, 1000);
	for (i = 0; i < 10; i++)
		fake_vote(&alone, 2, &v);
	while (sent(&alone, 2, MSG_CRT, NULL))
		count++;
	ck_assert_uint_eq(count, 1);
	driver_advance(&alone, 1000);
	fake_vote(&alone, 2, &v);
	ck_assert(sent(&alone, 2, MSG_CRT, NULL));
	buf_release(&raw);
	driver_free(&alone);
}
END_TEST

/* --- signing without end -------------------------------------------------- */

static void prepare_of(uint64_t peer, uint8_t digest)
{
	struct vote v = {.kind = VOTE_PREPARE, .height = 1};

	memset(v.digest.b, digest, HASH_LEN);
	sign(&v, 2);
	fake_vote(&alone, peer, &v);
	driver_settle(&alone);
}

START_TEST(who_signs_twice_is_not_heard_a_third_time)
{
	uint64_t before;
	uint8_t i;

	fake_bft(&alone, 7);
	prepare_of(1, 5);
	prepare_of(1, 6);
	ck_assert(sent(&alone, 2, MSG_EVV, NULL));
	before = alone.verified;
	forget_told(&alone);
	for (i = 7; i < 30; i++)
		prepare_of(1, i);
	ck_assert_uint_eq(alone.verified, before);
	ck_assert(!sent(&alone, 2, MSG_VOT, NULL));
	driver_free(&alone);
}
END_TEST

START_TEST(what_stands_on_nothing_is_not_passed_on)
{
	struct msg_round_change m = {.vote = {.kind = VOTE_ROUND_CHANGE,
					      .height = 1,
					      .round = 2,
					      .prepared = true,
					      .prepared_round = 1}};
	struct buf body = {0};

	fake_bft(&alone, 7);
	memset(m.vote.digest.b, 5, HASH_LEN);
	sign(&m.vote, 2); /* and no certificate */
	msg_round_change_encode(&body, &m);
	fake_say(&alone, 1, MSG_RCH, &body);
	driver_settle(&alone);
	ck_assert(!sent(&alone, 2, MSG_RCH, NULL));
	/* one that holds is */
	m.vote.prepared = false;
	m.vote.prepared_round = 0;
	memset(m.vote.digest.b, 0, HASH_LEN);
	sign(&m.vote, 2);
	msg_round_change_encode(&body, &m);
	fake_say(&alone, 1, MSG_RCH, &body);
	driver_settle(&alone);
	ck_assert(sent(&alone, 2, MSG_RCH, NULL));
	driver_free(&alone);
}
END_TEST

/* --- the journal is lost ---------------------------------------------------
 */

static const char *silence(size_t node)
{
	static struct bft_info at;

	ck_assert(node_bft(w.node[node].node, &at));
	return at.silent;
}

/* The first start made a journal, and ended before anything was known. */
START_TEST(a_lost_journal_is_lost_at_the_next_start_too)
{
	world_new_bft(&w, 4, 4, BFT_FAST);
	driver_lose_journal(&w.node[1]);
	world_crash(&w, 1);
	ck_assert_ptr_nonnull(silence(1));
	world_live(&w, 20);
	w.node[1].journal.is_new = false;
	world_crash(&w, 1);
	ck_assert_ptr_nonnull(silence(1));
	world_mesh(&w);
	world_live(&w, 1000);
	ck_assert_uint_eq(w.node[1].journal.count, 1);
	ck_assert_uint_eq(w.node[1].journal.list[0].height, 3);
	world_free(&w);
}
END_TEST

/* What the peer at the node's one wire tells of its tip. */
static void boast(size_t node, uint64_t height)
{
	struct msg_tip m = {.height = height, .settled = height};
	struct buf body = {0};

	memset(m.tip.b, 5, HASH_LEN);
	msg_tip_encode(&body, &m);
	fake_say(&w.node[node], world_connection(&w, node), MSG_RBH, &body);
}

START_TEST(a_height_that_nobody_has_keeps_nobody_waiting)
{
	size_t i;

	world_new_bft(&w, 7, 7, BFT_FAST);
	driver_lose_journal(&w.node[1]);
	world_crash(&w, 1);
	world_dial(&w, 1, 2);
	world_live(&w, 100);
	boast(1, 1000000);
	world_live(&w, 100);
	for (i = 0; i < 7; i++)
		if (i != 1 && i != 2)
			world_dial(&w, 1, i);
	world_live(&w, 3000);
	ck_assert_uint_eq(w.node[1].journal.count, 1);
	ck_assert_uint_eq(w.node[1].journal.list[0].height, 3);
	world_free(&w);
}
END_TEST

/* An older journal with a floor that is above what the others tell. */
START_TEST(a_floor_is_not_below_the_journal_s)
{
	struct vote_record r = {.is_floor = true, .floor = 50};
	struct driver_journal *j = &w.node[1].journal;

	world_new_bft(&w, 4, 4, BFT_FAST);
	world_mesh(&w);
	world_live(&w, 20);
	ck_assert_int_eq(driver_send(&w.node[0], 1, 0, 9, 100, 1).status,
			 SUBMIT_PENDING);
	world_live(&w, 100);
	ck_assert_uint_eq(driver_height(&w.node[1]), 1);
	while (j->count > 1)
		buf_release(&j->list[--j->count].bytes);
	buf_reset(&j->list[0].bytes);
	vote_record_encode(&j->list[0].bytes, &r);
	j->list[0].height = 50;
	j->last = 1;
	world_crash(&w, 1);
	ck_assert_ptr_nonnull(silence(1));
	world_mesh(&w);
	world_live(&w, 1000);
	ck_assert_uint_eq(j->count, 2);
	ck_assert_uint_eq(j->list[1].height, 50);
	/* below it nothing is signed */
	ck_assert_int_eq(driver_send(&w.node[0], 1, 1, 9, 100, 1).status,
			 SUBMIT_PENDING);
	world_live(&w, 5000);
	ck_assert_uint_eq(driver_height(&w.node[1]), 2);
	ck_assert_uint_eq(j->count, 2);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bft_attack");
	TCase *c = tcase_create("attack");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_quorum_cannot_spend_what_others_own);
	tcase_add_test(c, a_quorum_cannot_make_time_stand_still);
	tcase_add_test(c, a_quorum_cannot_pay_a_stranger_for_a_block);
	tcase_add_test(c, a_fresh_block_is_its_leader_s);
	tcase_add_test(c, a_proposal_s_block_has_no_seal_yet);
	tcase_add_test(c, a_fresh_block_of_a_late_round_is_small);
	tcase_add_test(c, one_peer_has_so_many_votes_checked_at_once);
	tcase_add_test(c, a_crowd_of_strangers_leaves_room_for_a_validator);
	tcase_add_test(c, a_certificate_that_all_send_is_checked_once);
	tcase_add_test(c, one_peer_has_one_certificate_checked_at_once);
	tcase_add_test(c, transactions_of_who_is_no_leader_are_not_checked);
	tcase_add_test(c, certificates_are_sent_now_and_then);
	tcase_add_test(c, who_signs_twice_is_not_heard_a_third_time);
	tcase_add_test(c, what_stands_on_nothing_is_not_passed_on);
	tcase_add_test(c, a_lost_journal_is_lost_at_the_next_start_too);
	tcase_add_test(c, a_height_that_nobody_has_keeps_nobody_waiting);
	tcase_add_test(c, a_floor_is_not_below_the_journal_s);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

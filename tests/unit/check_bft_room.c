/* SPDX-License-Identifier: MIT */
/*
 * Whole nodes with engine bft, on wires: what they agree on, what they do
 * without one of them, after a crash, and with one who signs twice.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "node/internal.h"
#include "node/network.h"
#include "sync_world.h"

static struct world w;

static struct bft_info info(size_t i)
{
	struct bft_info out;

	ck_assert(node_bft(w.node[i].node, &out));
	return out;
}

static struct bft_member member(size_t node, size_t i)
{
	struct bft_member out;

	ck_assert(
		node_bft_member(w.node[node].node, i, w.node[node].now, &out));
	return out;
}

static void open_four(void)
{
	world_new_bft(&w, 4, 4, BFT_FAST);
	world_mesh(&w);
	world_live(&w, 20);
}

static void send_ok(size_t node, uint64_t nonce)
{
	ck_assert_int_eq(driver_send(&w.node[node], 1, nonce, 9, 100, 1).status,
			 SUBMIT_PENDING);
}

/* --- agreeing ---------------------------------------------------------- */

START_TEST(four_agree_on_a_transaction_at_once)
{
	open_four();
	send_ok(2, 0);
	world_live(&w, 100);
	world_same_ledger(&w, 1);
	ck_assert_uint_eq(driver_balance(&w.node[3], 9), 100);
	world_free(&w);
}
END_TEST

START_TEST(an_idle_chain_is_silent)
{
	struct bft_info at;

	open_four();
	send_ok(0, 0);
	world_live(&w, 100);
	world_same_ledger(&w, 1);
	world_live(&w, 60000);
	world_same_ledger(&w, 1);
	at = info(0);
	ck_assert_uint_eq(at.height, 2);
	ck_assert_uint_eq(at.round, 0);
	ck_assert_int_eq(at.step, BFT_STEP_IDLE);
	world_free(&w);
}
END_TEST

/* --- without one of them ----------------------------------------------- */

static void connect(size_t node)
{
	size_t i;

	for (i = 0; i < w.count; i++)
		if (i != node)
			world_dial(&w, node, i);
}

static void agree_on(uint64_t height, size_t but)
{
	size_t i;

	for (i = 0; i < w.count; i++)
		if (i != but)
			ck_assert_uint_eq(driver_height(&w.node[i]), height);
}

START_TEST(three_go_on_after_a_timeout_of_the_leader)
{
	size_t gone;

	open_four();
	gone = world_leader(&w);
	world_cut_off(&w, gone);
	send_ok((gone + 1) % 4, 0);
	world_live(&w, BFT_TIMEOUT - 50);
	agree_on(0, gone);
	ck_assert_uint_eq(info((gone + 1) % 4).round, 0);
	world_live(&w, 200);
	agree_on(1, gone);
	connect(gone);
	world_live(&w, 6000);
	world_same_ledger(&w, 1);
	world_free(&w);
}
END_TEST

START_TEST(two_of_four_decide_nothing_and_know_who_is_missing)
{
	size_t i, missing = 0;

	open_four();
	world_cut_off(&w, 2);
	world_cut_off(&w, 3);
	send_ok(0, 0);
	world_live(&w, 20000);
	agree_on(0, 4);
	ck_assert_int_eq(info(0).step, BFT_STEP_ROUND_CHANGE);
	for (i = 0; i < 4; i++)
		missing += !member(0, i).in_round && !member(0, i).connected;
	ck_assert_uint_eq(missing, 2);
	connect(2);
	connect(3);
	world_live(&w, 12000);
	world_same_ledger(&w, 1);
	world_free(&w);
}
END_TEST

/* Blocks one after the other, each of one transaction. */
static void many(size_t from, size_t count)
{
	size_t i;

	for (i = from; i < from + count; i++) {
		send_ok(i % 4, i);
		world_live(&w, 50);
		world_same_ledger(&w, i + 1);
	}
}

START_TEST(heights_follow_each_other)
{
	open_four();
	many(0, 20);
	ck_assert_uint_eq(world_verify(&w, 1), 20);
	world_free(&w);
}
END_TEST

START_TEST(an_observer_finds_finality)
{
	world_new_bft(&w, 5, 4, BFT_FAST);
	world_mesh(&w);
	world_live(&w, 20);
	many(0, 3);
	world_free(&w);
}
END_TEST

START_TEST(a_star_is_enough)
{
	size_t i;

	world_new_bft(&w, 5, 4, BFT_FAST);
	for (i = 0; i < 4; i++)
		world_dial(&w, i, 4);
	world_live(&w, 20);
	many(0, 3);
	world_free(&w);
}
END_TEST

START_TEST(a_chain_of_connections_is_enough)
{
	size_t i;

	world_new_bft(&w, 4, 4, BFT_FAST);
	for (i = 0; i < 3; i++)
		world_dial(&w, i, i + 1);
	world_live(&w, 20);
	many(0, 3);
	world_free(&w);
}
END_TEST

START_TEST(who_was_away_for_long_catches_up)
{
	size_t i;

	open_four();
	world_cut_off(&w, 3);
	for (i = 0; i < 10; i++) {
		send_ok(0, i);
		world_live(&w, 1300);
		agree_on(i + 1, 3);
	}
	connect(3);
	world_live(&w, 3000);
	world_same_ledger(&w, 10);
	send_ok(3, 10);
	world_live(&w, 100);
	world_same_ledger(&w, 11);
	world_free(&w);
}
END_TEST

/* --- one that is not told everything ----------------------------------- */

/* Votes in a message of any kind; the caller frees. */
static struct vote first_vote(const struct effect *e)
{
	struct msg_round_change change;
	struct msg_proposal proposal;
	struct vote *list, out;
	size_t count;

	if (e->type == MSG_PRP) {
		ck_assert(!msg_proposal_decode(&proposal, buf_span(&e->body)));
		out = proposal.vote;
		msg_proposal_release(&proposal);
	} else if (e->type == MSG_RCH) {
		ck_assert(
			!msg_round_change_decode(&change, buf_span(&e->body)));
		out = change.vote;
		msg_round_change_release(&change);
	} else {
		ck_assert(!msg_votes_decode(&list, &count, buf_span(&e->body)));
		out = list[0];
		free(list);
	}
	return out;
}

static bool is_commit(const struct effect *e)
{
	return e->type == MSG_VOT && first_vote(e).kind == VOTE_COMMIT;
}

static void take_away(struct effect *e)
{
	e->kind = EFFECT_TIMER;
}

/* Node 3 hears no commits and no word of the new block. */
static void keep_from_3(struct world *world, struct driver *to,
			struct effect *e)
{
	if (to == &world->node[3] && (is_commit(e) || e->type == MSG_BLK ||
				      e->type == MSG_RBH || e->type == MSG_BLH))
		take_away(e);
}

START_TEST(a_vote_for_a_done_height_is_answered_by_its_certificate)
{
	open_four();
	w.mangle = keep_from_3;
	memset(w.brought, 0, sizeof(w.brought));
	send_ok(0, 0);
	world_live(&w, 100);
	agree_on(1, 3);
	ck_assert_uint_eq(driver_height(&w.node[3]), 0);
	world_live(&w, 2000);
	world_same_ledger(&w, 1);
	/* it has the bytes from the proposal */
	ck_assert_uint_ge(w.brought[3][MSG_CRT], 1);
	ck_assert_uint_eq(w.brought[3][MSG_ABL], 0);
	world_free(&w);
}
END_TEST

/* The next leader but one is told of the block by nobody, and no commit
 * reaches anybody in round 0; altered: so is the first answer with a block. */
static size_t kept_from;
static bool altered;
static size_t answers_left; /* of these the last alone gets through */

static void no_round_0(struct world *world, struct driver *to, struct effect *e)
{
	if (e->type == MSG_PRP && first_vote(e).round == 0 &&
	    to == &world->node[kept_from])
		take_away(e);
	else if (is_commit(e) && first_vote(e).round == 0)
		take_away(e);
	else if (e->type == MSG_APB && answers_left && --answers_left)
		take_away(e);
	else if (e->type == MSG_APB && altered) {
		altered = false;
		e->body.data[120] ^= 1; /* of the state's root */
	}
}

static struct address producer(size_t node, uint64_t height)
{
	struct block_info b;
	struct address out;

	ck_assert(!query_block(&b, w.node[node].node,
			       kv_mem_view(w.node[node].mem), height));
	out = b.block.header.producer;
	block_info_release(&b);
	return out;
}

static void decide_in_round_1(bool alter)
{
	struct address first, made;

	open_four();
	first = member(0, info(0).leader).who->account;
	kept_from = world_node_of(&w, (info(0).leader + 1) % 4);
	altered = alter;
	answers_left = alter ? 3 : 0;
	w.mangle = no_round_0;
	memset(w.brought, 0, sizeof(w.brought));
	send_ok(0, 0);
	world_live(&w, alter ? 3000 : BFT_TIMEOUT + 500);
	world_same_ledger(&w, 1);
	made = producer(0, 1);
	ck_assert(address_eq(&made, &first));
	ck_assert_uint_ge(w.brought[kept_from][MSG_APB], 1);
	world_free(&w);
}

START_TEST(a_prepared_block_is_fetched_and_proposed_again)
{
	decide_in_round_1(false);
}
END_TEST

START_TEST(another_block_than_the_one_asked_for_is_not_taken)
{
	decide_in_round_1(true);
}
END_TEST

/* The first proposal to node 3 comes with another transaction. */
static void other_transaction(struct world *world, struct driver *to,
			      struct effect *e)
{
	if (e->type != MSG_PRP || to != &world->node[3] || !altered)
		return;
	altered = false;
	/* the end of the block's last signature; two empty lists follow */
	e->body.data[e->body.len - 5] ^= 1;
}

START_TEST(a_proposal_s_block_is_compared_with_its_header)
{
	open_four();
	altered = true;
	w.mangle = other_transaction;
	send_ok(0, 0);
	world_live(&w, 1500);
	ck_assert(!altered);
	world_same_ledger(&w, 1);
	world_free(&w);
}
END_TEST

/* --- clocks ------------------------------------------------------------- */

/* Who made block 1 when the first leader's clock is ahead by so much. */
static bool first_leader_makes_it(uint64_t ahead)
{
	struct address first, made;

	open_four();
	first = member(0, info(0).leader).who->account;
	w.node[world_leader(&w)].ahead = ahead;
	send_ok(0, 0);
	world_live(&w, 2 * BFT_TIMEOUT);
	world_same_ledger(&w, 1);
	made = producer(0, 1);
	world_free(&w);
	return address_eq(&made, &first);
}

START_TEST(a_fresh_block_is_at_most_the_drift_ahead)
{
	ck_assert(first_leader_makes_it(14000));
	ck_assert(!first_leader_makes_it(16000));
}
END_TEST

/* --- after a crash ------------------------------------------------------ */

static void no_commits(struct world *world, struct driver *to, struct effect *e)
{
	(void)world, (void)to;
	if (is_commit(e))
		take_away(e);
}

static struct hash proposed[2]; /* before, after; zeros: none */
static size_t proposals_at;

static void note_proposals(struct world *world, struct driver *to,
			   struct effect *e)
{
	static const struct hash zeros;

	(void)world, (void)to;
	if (e->type == MSG_PRP) {
		struct hash h;

		sha256(&h, buf_span(&e->body));
		if (!hash_eq(&proposed[proposals_at], &zeros))
			ck_assert(hash_eq(&proposed[proposals_at], &h));
		proposed[proposals_at] = h;
	}
	no_commits(world, to, e);
}

START_TEST(a_leader_that_crashed_proposes_the_same_bytes)
{
	size_t i, who, before;

	open_four();
	who = world_leader(&w);
	memset(proposed, 0, sizeof(proposed));
	proposals_at = 0;
	w.mangle = note_proposals;
	send_ok(who, 0);
	world_live(&w, 30);
	agree_on(0, 4);
	before = driver_records(&w.node[who], 1);
	ck_assert_uint_eq(before, 3); /* proposal, prepare, commit */
	world_crash(&w, who);
	proposals_at = 1;
	world_mesh(&w);
	world_live(&w, BFT_TIMEOUT / 2 + 100);
	ck_assert(hash_eq(&proposed[0], &proposed[1]));
	ck_assert_uint_eq(driver_records(&w.node[who], 1), before);
	w.mangle = NULL;
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(driver_height(&w.node[i]), 0);
	world_live(&w, 6000);
	world_same_ledger(&w, 1);
	world_free(&w);
}
END_TEST

START_TEST(all_crash_with_a_prepared_block_and_decide_it)
{
	struct address first, made;
	size_t i;

	open_four();
	first = member(0, info(0).leader).who->account;
	w.mangle = no_commits;
	send_ok(0, 0);
	world_live(&w, 30);
	agree_on(0, 4);
	for (i = 0; i < 4; i++)
		world_crash(&w, i);
	w.mangle = NULL;
	world_mesh(&w);
	world_live(&w, 3000);
	world_same_ledger(&w, 1);
	made = producer(0, 1);
	ck_assert(address_eq(&made, &first));
	world_free(&w);
}
END_TEST

static void no_commits_in_round_0(struct world *world, struct driver *to,
				  struct effect *e)
{
	(void)world, (void)to;
	if (is_commit(e) && first_vote(e).round == 0)
		take_away(e);
}

/* All have prepared the first leader's block, all crash, and it does not come
 * back: the block does. */
static void without_the_leader(void (*mangle)(struct world *world,
					      struct driver *to,
					      struct effect *e))
{
	struct address first, made;
	size_t i, gone;

	open_four();
	gone = world_leader(&w);
	first = member(0, info(0).leader).who->account;
	w.mangle = no_commits;
	send_ok(0, 0);
	world_live(&w, 30);
	agree_on(0, 4);
	for (i = 0; i < 4; i++)
		world_crash(&w, i);
	w.mangle = mangle;
	world_mesh(&w);
	world_cut_off(&w, gone);
	world_live(&w, 8000);
	agree_on(1, gone);
	made = producer((gone + 1) % 4, 1);
	ck_assert(address_eq(&made, &first));
	world_free(&w);
}

START_TEST(a_block_outlives_a_crash_of_all_without_its_leader)
{
	without_the_leader(NULL);
}
END_TEST

START_TEST(a_certificate_outlives_a_crash_of_all)
{
	without_the_leader(no_commits_in_round_0);
}
END_TEST

START_TEST(nothing_is_said_before_it_is_durable)
{
	struct driver *d;
	size_t i;

	open_four();
	d = &w.node[world_leader(&w)];
	send_ok((size_t)(d - w.node), 0);
	wires_collect(&w.wires);
	for (i = 0; i < 20 && driver_records(d, 1) < 1; i++) {
		ck_assert(!logged(d, "no votes", ""));
		wires_collect(&w.wires);
		for (size_t k = 0; k < w.wires.count; k++)
			for (size_t end = 0; end < 2; end++)
				for (size_t q = 0;
				     q < w.wires.list[k].queue[end].count; q++)
					ck_assert_int_ne(w.wires.list[k]
								 .queue[end]
								 .list[q]
								 .type,
							 MSG_PRP);
		driver_do_one(d);
	}
	ck_assert_uint_eq(driver_records(d, 1), 1);
	world_live(&w, 100);
	world_same_ledger(&w, 1);
	world_free(&w);
}
END_TEST

/* --- the journal is lost ------------------------------------------------ */

/* Of the records, votes at all. */
static size_t votes_since(size_t node, size_t from)
{
	const struct driver_journal *j = &w.node[node].journal;
	struct vote_record r;
	size_t i, count = 0;

	for (i = from; i < j->count; i++) {
		ck_assert(!vote_record_decode(&r, buf_span(&j->list[i].bytes)));
		count += !r.is_floor;
		vote_record_release(&r);
	}
	return count;
}

START_TEST(who_lost_its_journal_votes_three_heights_later)
{
	uint64_t height;

	open_four();
	many(0, 2);
	driver_lose_journal(&w.node[1]);
	world_crash(&w, 1);
	ck_assert_ptr_nonnull(info(1).silent);
	w.node[1].journal.is_new = false;
	world_live(&w, 3000);
	ck_assert_uint_eq(w.node[1].journal.count, 0);
	/* two others are no quorum */
	world_dial(&w, 1, 0);
	world_dial(&w, 1, 2);
	world_live(&w, 1000);
	ck_assert_uint_eq(w.node[1].journal.count, 0);
	world_dial(&w, 1, 3);
	world_dial(&w, 0, 2);
	world_dial(&w, 0, 3);
	world_dial(&w, 2, 3);
	world_live(&w, 1000);
	ck_assert_uint_eq(w.node[1].journal.count, 1);
	ck_assert_uint_eq(w.node[1].journal.list[0].height, 5);
	for (height = 3; height < 5; height++) {
		send_ok(0, height - 1);
		world_live(&w, BFT_TIMEOUT * 3);
		world_same_ledger(&w, height);
		ck_assert_uint_eq(votes_since(1, 0), 0);
	}
	send_ok(0, 4);
	world_live(&w, BFT_TIMEOUT * 3);
	world_same_ledger(&w, 5);
	ck_assert_uint_ge(votes_since(1, 0), 2);
	ck_assert_ptr_null(info(1).silent);
	/* and the next start trusts it */
	world_crash(&w, 1);
	ck_assert_ptr_null(info(1).silent);
	world_free(&w);
}
END_TEST

START_TEST(a_journal_that_was_made_at_this_start_is_a_lost_one)
{
	open_four();
	w.node[1].journal.is_new = true;
	world_crash(&w, 1);
	ck_assert_ptr_nonnull(info(1).silent);
	world_free(&w);
}
END_TEST

START_TEST(a_journal_that_is_older_than_the_chain_is_a_lost_one)
{
	struct driver_journal *j;

	open_four();
	many(0, 3);
	j = &w.node[1].journal;
	while (j->count > 2)
		buf_release(&j->list[--j->count].bytes);
	j->last = 2;
	world_crash(&w, 1);
	ck_assert_ptr_nonnull(info(1).silent);
	world_free(&w);
}
END_TEST

#define LISTENS                                                                \
	"the vote journal is new, or older than the chain: votes may be "      \
	"lost. This node listens until a quorum of the other validators has "  \
	"told its height, and votes from three heights above the highest of "  \
	"them"

static void journal_of_a_floor(struct driver_journal *j, uint64_t height)
{
	struct vote_record r = {.is_floor = true, .floor = height};

	while (j->count > 1)
		buf_release(&j->list[--j->count].bytes);
	buf_reset(&j->list[0].bytes);
	vote_record_encode(&j->list[0].bytes, &r);
	j->list[0].height = height;
	j->list[0].seq = j->last = 1;
}

START_TEST(a_journal_with_a_floor_counts_when_it_is_the_later_one)
{
	struct driver_journal *j;

	open_four();
	many(0, 3);
	j = &w.node[1].journal;
	journal_of_a_floor(j, 50);
	j->id[15] += _i ? 1 : -1;
	world_crash(&w, 1);
	world_live(&w, 100);
	ck_assert_ptr_nonnull(info(1).silent);
	ck_assert_str_eq(info(1).silent,
			 _i ? "nothing below height 50 is signed, says the "
			      "vote journal: votes below it were lost, or the "
			      "chain was"
			    : LISTENS);
	world_free(&w);
}
END_TEST

START_TEST(the_journal_before_one_that_was_found_is_a_lost_one)
{
	uint8_t first[JOURNAL_ID_BYTES];
	struct driver_journal *j;

	open_four();
	many(0, 3);
	j = &w.node[1].journal;
	memcpy(first, j->id, sizeof(first));
	journal_of_a_floor(j, 5);
	j->id[15]++;
	world_crash(&w, 1);
	world_live(&w, 100); /* no block is made */
	memcpy(j->id, first, sizeof(first));
	j->last = 1000;
	world_crash(&w, 1);
	ck_assert_ptr_nonnull(info(1).silent);
	ck_assert_str_eq(info(1).silent, LISTENS);
	world_free(&w);
}
END_TEST

/* --- one that is not honest -------------------------------------------- */

/* A peer of the node says it. */
static void inject(size_t node, const struct vote *v)
{
	fake_vote(&w.node[node], world_connection(&w, node), v);
}

static size_t offenders(size_t node)
{
	return chain_governance(w.node[node].node->chain)->offender_count;
}

START_TEST(a_double_vote_comes_into_a_block_once)
{
	uint64_t height;
	struct vote v;
	size_t i;

	open_four();
	world_cut_off(&w, 3);
	v = fake_signed(&w.node[0], 4, VOTE_PREPARE, 1, 5);
	inject(0, &v);
	v = fake_signed(&w.node[0], 4, VOTE_PREPARE, 1, 6);
	inject(0, &v);
	world_live(&w, 5000);
	for (i = 0; i < 3; i++)
		ck_assert_uint_eq(offenders(i), 1);
	height = driver_height(&w.node[0]);
	ck_assert_uint_ge(height, 1);
	/* what the other two sent for the same is not waited for */
	world_live(&w, 30000);
	agree_on(height, 3);
	ck_assert_uint_eq(world_verify(&w, 0), height);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bft_room");
	TCase *c = tcase_create("agreeing");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, four_agree_on_a_transaction_at_once);
	tcase_add_test(c, an_idle_chain_is_silent);
	tcase_add_test(c, three_go_on_after_a_timeout_of_the_leader);
	tcase_add_test(c, two_of_four_decide_nothing_and_know_who_is_missing);
	tcase_add_test(c, heights_follow_each_other);
	tcase_add_test(c, an_observer_finds_finality);
	tcase_add_test(c, a_star_is_enough);
	tcase_add_test(c, a_chain_of_connections_is_enough);
	tcase_add_test(c, who_was_away_for_long_catches_up);
	tcase_add_test(c,
		       a_vote_for_a_done_height_is_answered_by_its_certificate);
	tcase_add_test(c, a_prepared_block_is_fetched_and_proposed_again);
	tcase_add_test(c, another_block_than_the_one_asked_for_is_not_taken);
	tcase_add_test(c, a_proposal_s_block_is_compared_with_its_header);
	tcase_add_test(c, a_fresh_block_is_at_most_the_drift_ahead);
	tcase_add_test(c, a_leader_that_crashed_proposes_the_same_bytes);
	tcase_add_test(c, all_crash_with_a_prepared_block_and_decide_it);
	tcase_add_test(c, a_block_outlives_a_crash_of_all_without_its_leader);
	tcase_add_test(c, a_certificate_outlives_a_crash_of_all);
	tcase_add_test(c, nothing_is_said_before_it_is_durable);
	tcase_add_test(c, who_lost_its_journal_votes_three_heights_later);
	tcase_add_test(c, a_journal_that_was_made_at_this_start_is_a_lost_one);
	tcase_add_test(c, a_journal_that_is_older_than_the_chain_is_a_lost_one);
	tcase_add_loop_test(
		c, a_journal_with_a_floor_counts_when_it_is_the_later_one, 0,
		2);
	tcase_add_test(c, the_journal_before_one_that_was_found_is_a_lost_one);
	tcase_add_test(c, a_double_vote_comes_into_a_block_once);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * Votes and evidence among whole nodes: what stands on a signature that does
 * not hold is refused wherever it comes in, and what can never be in a block
 * does not stay in the pool.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver_ops.h"
#include "node/internal.h"
#include "peer_fixture.h"
#include "sync_world.h"

#define VALIDATORS 4
#define NEWCOMER 9 /* key; of no node */
#define FORGER 8

static struct world w;

/* Nodes 0 .. 3 have keys 1 .. 4 and agree; those above watch. */
static void open_world(size_t count)
{
	world_new_bft(&w, count, VALIDATORS, BFT_FAST);
	world_mesh(&w);
	world_live(&w, 20);
}

static const struct governance *now_of(size_t node)
{
	return chain_governance(w.node[node].node->chain);
}

/* --- what an operation is, and a forger's of the same -------------------- */

enum { ACCEPTANCE, SECOND_VOTE, KINDS };

/* By key 1 without a transaction yet. */
static struct buf operation(int kind, bool forged)
{
	const struct driver *d = &w.node[0];

	if (kind == ACCEPTANCE)
		return ops_add(d, 1, 0, NEWCOMER, forged ? FORGER : NEWCOMER);
	return ops_evidence(d, 1, 0, 4, forged ? FORGER : 4, 1);
}

/* Whether that is in the node's ledger. */
static bool has(size_t node, int kind)
{
	const struct governance *g = now_of(node);

	return kind == ACCEPTANCE ? g->proposal_count : g->offender_count;
}

/* --- each way in --------------------------------------------------------- */

START_TEST(submitted_with_a_forged_signature_within_it_is_refused)
{
	struct submit_result r;
	struct buf raw;

	open_world(VALIDATORS);
	raw = operation(_i, true);
	r = ops_push(&w.node[0], &raw);
	ck_assert_int_eq(r.status, SUBMIT_REFUSED);
	ck_assert_int_eq(r.fault.code, ERR_BAD_SIGNATURE);
	ck_assert_str_eq(r.fault.field, "signature");
	/* the same bytes again, which are known by now */
	raw = operation(_i, true);
	r = ops_push(&w.node[0], &raw);
	ck_assert_int_eq(r.fault.code, ERR_BAD_SIGNATURE);
	ck_assert_uint_eq(mempool_count(w.node[0].node->pool), 0);
	raw = operation(_i, false);
	ck_assert_int_eq(ops_push(&w.node[0], &raw).status, SUBMIT_PENDING);
	world_live(&w, 100);
	ck_assert_uint_eq(driver_height(&w.node[3]), 1);
	ck_assert(has(3, _i));
	world_free(&w);
}
END_TEST

/* An honest transaction beside it in one request stands by itself. */
START_TEST(one_forged_does_not_spoil_its_neighbours)
{
	struct driver *d;
	struct buf raw[3];
	struct span txs[3];
	size_t i;

	open_world(VALIDATORS);
	d = &w.node[0];
	raw[0] = ops_add(d, 2, 0, NEWCOMER, NEWCOMER);
	raw[1] = operation(_i, true);
	raw[2] = ops_remove(d, 3, 0, 4, true);
	for (i = 0; i < 3; i++)
		txs[i] = buf_span(&raw[i]);
	driver_submit(d, txs, 3);
	ck_assert_int_eq(d->results[0].status, SUBMIT_PENDING);
	ck_assert_int_eq(d->results[1].status, SUBMIT_REFUSED);
	ck_assert_int_eq(d->results[1].fault.code, ERR_BAD_SIGNATURE);
	ck_assert_int_eq(d->results[2].status, SUBMIT_PENDING);
	for (i = 0; i < 3; i++)
		buf_release(&raw[i]);
	world_free(&w);
}
END_TEST

/* Node 5 has a chain from a quorum of cheats; node 4 asks it. */
static void fetch(int kind, bool forged)
{
	struct buf raw;
	struct span tx;

	world_new_bft(&w, 6, VALIDATORS, BFT_FAST);
	raw = operation(kind, forged);
	tx = buf_span(&raw);
	ops_force_block(&w.node[5], VALIDATORS, &tx, 1);
	buf_release(&raw);
	ck_assert_uint_eq(driver_height(&w.node[5]), 1);
	ck_assert(has(5, kind));
	world_dial(&w, 4, 5);
	world_live(&w, 2000);
}

START_TEST(fetched_in_a_block_with_a_forged_signature_within_it_is_refused)
{
	fetch(_i, false);
	ck_assert_uint_eq(driver_height(&w.node[4]), 1);
	ck_assert(has(4, _i));
	world_free(&w);
	fetch(_i, true);
	ck_assert_uint_eq(driver_height(&w.node[4]), 0);
	ck_assert(!has(4, _i));
	world_free(&w);
}
END_TEST

/* The leader has it in its pool, and proposes it to who never saw it. */
static void propose(int kind, bool forged)
{
	struct buf raw;

	open_world(VALIDATORS);
	memset(w.brought, 0, sizeof(w.brought));
	raw = operation(kind, forged);
	ops_force_pending(&w.node[world_leader(&w)], buf_span(&raw));
	buf_release(&raw);
	world_live(&w, BFT_TIMEOUT / 2);
	ck_assert_uint_ge(
		w.brought[(world_leader(&w) + 1) % VALIDATORS][MSG_PRP], 1);
}

START_TEST(proposed_with_a_forged_signature_within_it_is_not_prepared)
{
	size_t i;

	propose(_i, false);
	for (i = 0; i < VALIDATORS; i++) {
		ck_assert_uint_eq(driver_height(&w.node[i]), 1);
		ck_assert(has(i, _i));
	}
	world_free(&w);
	propose(_i, true);
	for (i = 0; i < VALIDATORS; i++) {
		ck_assert_uint_eq(driver_height(&w.node[i]), 0);
		ck_assert(!has(i, _i));
		if (i != world_leader(&w))
			ck_assert(logged(&w.node[i], "does not hold", ""));
	}
	world_free(&w);
}
END_TEST

static enum err verify(size_t node, struct fault *f)
{
	struct verify_report report;

	return node_verify(&report, kv_mem_view(w.node[node].mem), NULL, NULL,
			   f);
}

START_TEST(stored_with_a_forged_signature_within_it_is_found)
{
	struct fault f = {0};

	fetch(_i, false);
	ck_assert_int_eq(verify(5, &f), ERR_OK);
	world_free(&w);
	fetch(_i, true);
	ck_assert_int_eq(verify(5, &f), ERR_BAD_SIGNATURE);
	ck_assert(strstr(f.detail, "block 1: transaction ") != NULL);
	world_free(&w);
}
END_TEST

/* --- the pool ------------------------------------------------------------ */

static void refused(struct driver *d, struct buf raw, enum err why,
		    const char *field)
{
	struct submit_result r = ops_push(d, &raw);

	ck_assert_int_eq(r.status, SUBMIT_REFUSED);
	ck_assert_int_eq(r.fault.code, why);
	ck_assert_str_eq(r.fault.field, field);
	ck_assert_uint_eq(mempool_operations(d->node->pool), 0);
}

static struct hash pending(struct driver *d, struct buf raw)
{
	struct submit_result r = ops_push(d, &raw);

	ck_assert_msg(r.status == SUBMIT_PENDING, "%s", r.fault.detail);
	return r.id;
}

/* It left the node's pool for this, and it is told so. */
static void is_dropped(struct driver *d, const struct hash *id, enum err why)
{
	enum err reason;

	ck_assert_int_eq(ops_state(d, id, &reason), TX_DROPPED);
	ck_assert_int_eq(reason, why);
}

START_TEST(who_is_no_validator_votes_not_and_is_not_accused)
{
	struct driver *d;

	open_world(VALIDATORS + 1);
	d = &w.node[_i];
	refused(d, ops_add(d, 5, 0, NEWCOMER, NEWCOMER), ERR_NOT_A_VALIDATOR,
		"from");
	refused(d, ops_remove(d, NEWCOMER, 0, 4, true), ERR_NOT_A_VALIDATOR,
		"from");
	refused(d, ops_evidence(d, 1, 0, 5, 5, 1), ERR_NOT_A_VALIDATOR,
		"evidence");
	/* but anybody accuses a member */
	pending(d, ops_evidence(d, 5, 0, 4, 4, 1));
	world_free(&w);
}
END_TEST

START_TEST(a_known_offender_is_not_accused_again)
{
	struct driver *d;
	size_t i;

	open_world(VALIDATORS);
	pending(&w.node[0], ops_evidence(&w.node[0], 1, 0, 4, 4, 1));
	world_live(&w, 100);
	for (i = 0; i < VALIDATORS; i++) {
		d = &w.node[i];
		ck_assert_uint_eq(now_of(i)->offender_count, 1);
		refused(d, ops_evidence(d, 2, 0, 4, 4, 2), ERR_EXISTS,
			"evidence");
		/* nor behind a transaction that is still to come */
		refused(d, ops_evidence(d, 2, 1, 4, 4, 2), ERR_EXISTS,
			"evidence");
	}
	/* another is */
	pending(&w.node[1], ops_evidence(&w.node[1], 2, 0, 3, 3, 1));
	world_live(&w, 100);
	ck_assert_uint_eq(now_of(2)->offender_count, 2);
	world_free(&w);
}
END_TEST

/* Of each member's account the next transaction is missing, so what it says
 * itself behind that cannot be in a block. */
START_TEST(evidence_behind_a_gap_of_one_s_own_is_brought_once_more)
{
	uint64_t height;
	struct vote v;
	struct buf raw;
	unsigned i;

	open_world(VALIDATORS);
	for (i = 0; i < VALIDATORS; i++)
		ck_assert_int_eq(
			driver_send(&w.node[0], i + 1, 0, 9, 0, 0).status,
			SUBMIT_PENDING);
	world_live(&w, 1000);
	height = driver_height(&w.node[0]);
	for (i = 0; i < VALIDATORS; i++) {
		raw = ops_evidence(&w.node[i], i + 1, 2, 4, 4, height);
		ck_assert_int_eq(ops_push(&w.node[i], &raw).status,
				 SUBMIT_QUEUED);
	}
	for (i = 5; i < 7; i++) {
		v = fake_signed(&w.node[0], 4, VOTE_PREPARE, height + 1,
				(uint8_t)i);
		fake_vote(&w.node[0], world_connection(&w, 0), &v);
	}
	world_live(&w, 15000);
	for (i = 0; i < VALIDATORS; i++)
		ck_assert_uint_eq(now_of(i)->offender_count, 1);
	world_free(&w);
}
END_TEST

START_TEST(a_client_hears_at_once_what_no_block_can_hold)
{
	struct driver *d;

	open_world(VALIDATORS);
	d = &w.node[0];
	pending(d, ops_add(d, 1, 0, NEWCOMER, NEWCOMER));
	world_live(&w, 100);
	ck_assert_uint_eq(driver_height(d), 1);
	refused(d, ops_add(d, 1, 1, NEWCOMER, NEWCOMER), ERR_EXISTS, "vote");
	refused(d, ops_remove(d, 1, 1, 5, false), ERR_NOT_FOUND, "vote");
	refused(d, ops_remove(d, 2, 0, 4, false), ERR_OUT_OF_RANGE, "vote");
	pending(d, ops_remove(d, 2, 0, 4, true));
	/* behind others it may be another matter */
	ck_assert_int_eq(driver_send(d, 1, 1, 9, 10, 0).status, SUBMIT_PENDING);
	pending(d, ops_add(d, 1, 2, NEWCOMER, NEWCOMER));
	world_free(&w);
}
END_TEST

/* What is void is no work: no round passes, and no empty block is made. */
START_TEST(a_void_vote_leaves_the_chain_idle)
{
	struct bft_info at;
	struct driver *d;
	size_t i;

	open_world(VALIDATORS);
	pending(&w.node[0], ops_add(&w.node[0], 1, 0, NEWCOMER, NEWCOMER));
	world_live(&w, 100);
	for (i = 0; i < VALIDATORS; i++) {
		d = &w.node[i];
		refused(d, ops_add(d, 1, 1, NEWCOMER, NEWCOMER), ERR_EXISTS,
			"vote");
	}
	world_live(&w, 5 * BFT_TIMEOUT);
	for (i = 0; i < VALIDATORS; i++) {
		ck_assert(node_bft(w.node[i].node, &at));
		ck_assert_uint_eq(at.height, 2);
		ck_assert_uint_eq(at.round, 0);
	}
	world_free(&w);
}
END_TEST

/* Nothing but it is pending, and it can never be in a block. */
START_TEST(what_a_block_cannot_hold_is_dropped_with_its_reason)
{
	struct driver *d;
	struct hash id;
	struct buf raw;
	uint64_t told;
	size_t lead;

	open_world(VALIDATORS);
	pending(&w.node[0], ops_add(&w.node[0], 1, 0, NEWCOMER, NEWCOMER));
	world_live(&w, 100);
	ck_assert_uint_eq(driver_height(&w.node[0]), 1);
	lead = world_leader(&w);
	d = &w.node[lead];
	told = d->drops_told;
	raw = _i ? ops_remove(d, 1, 1, 5, false)
		 : ops_add(d, 1, 1, NEWCOMER, NEWCOMER);
	id = ops_force_pending(d, buf_span(&raw));
	buf_release(&raw);
	world_live(&w, 200);
	is_dropped(d, &id, _i ? ERR_NOT_FOUND : ERR_EXISTS);
	ck_assert_uint_gt(d->drops_told, told);
	ck_assert_uint_eq(mempool_operations(d->node->pool), 0);
	/* the nonce is free again */
	id = pending(d, ops_remove(d, 1, 1, 4, true));
	world_live(&w, 200);
	ck_assert_uint_eq(driver_height(&w.node[0]), 2);
	ck_assert_uint_eq(now_of(lead)->proposal_count, 2);
	world_free(&w);
}
END_TEST

/* A node that makes no blocks hears of no refusal of its own. */
static struct driver *watcher(void)
{
	open_world(VALIDATORS + 1);
	world_cut(&w);
	return &w.node[VALIDATORS];
}

static struct hash queued(struct driver *d, struct buf raw)
{
	struct submit_result r = ops_push(d, &raw);

	ck_assert_msg(r.status == SUBMIT_QUEUED, "%s", r.fault.detail);
	return r.id;
}

START_TEST(what_a_block_made_void_is_dropped_by_who_only_watches)
{
	struct hash first, again, later;
	struct driver *d = watcher();
	enum err reason;

	first = pending(d, ops_add(d, 2, 0, NEWCOMER, NEWCOMER));
	again = pending(d, ops_add(d, 2, 1, NEWCOMER, NEWCOMER));
	/* void, too, but for the numbers before it: it waits for its turn */
	later = queued(d, ops_add(d, 2, 3, NEWCOMER, NEWCOMER));
	pending(&w.node[0], ops_add(&w.node[0], 2, 0, NEWCOMER, NEWCOMER));
	world_live(&w, 50);
	ck_assert_uint_eq(driver_height(d), 0);
	world_dial(&w, 0, 1);
	world_dial(&w, 0, 2);
	world_dial(&w, 0, 3);
	world_live(&w, 100);
	world_dial(&w, VALIDATORS, 0);
	world_live(&w, 300);
	ck_assert_uint_eq(driver_height(d), 1);
	ck_assert_int_eq(ops_state(d, &first, &reason), TX_FINAL);
	is_dropped(d, &again, ERR_EXISTS);
	ck_assert_int_eq(ops_state(d, &later, &reason), TX_QUEUED);
	world_free(&w);
}
END_TEST

/* What waits in the watcher's pool stays there: node 0 alone is its peer. */
static void keep_transactions(struct world *world, struct driver *to,
			      struct effect *e)
{
	if (to == &world->node[0] && e->type == MSG_TXN)
		e->kind = EFFECT_TIMER;
}

START_TEST(what_a_member_that_left_sent_is_dropped_in_and_out_of_turn)
{
	struct hash voted, waits, accused;
	struct driver *d = watcher();
	enum err reason;
	unsigned i;

	voted = pending(d, ops_add(d, 4, 0, NEWCOMER, NEWCOMER));
	waits = queued(d, ops_remove(d, 4, 2, 1, true));
	accused = pending(d, ops_evidence(d, 5, 0, 4, 4, 1));
	for (i = 1; i <= 3; i++)
		pending(&w.node[0], ops_remove(&w.node[0], i, 0, 4, true));
	world_dial(&w, 0, 1);
	world_dial(&w, 0, 2);
	world_dial(&w, 1, 2);
	world_live(&w, 3 * BFT_TIMEOUT);
	/* passed, told by no header yet: it is a member */
	world_dial(&w, VALIDATORS, 0);
	w.mangle = keep_transactions;
	world_live(&w, 300);
	ck_assert_uint_ge(driver_height(d), 1);
	ck_assert(now_of(VALIDATORS)->has_change);
	ck_assert_int_eq(ops_state(d, &voted, &reason), TX_PENDING);
	ck_assert_int_eq(ops_state(d, &waits, &reason), TX_QUEUED);
	ck_assert_int_eq(ops_state(d, &accused, &reason), TX_PENDING);
	ck_assert_int_eq(driver_send(&w.node[0], 1, 1, 9, 10, 0).status,
			 SUBMIT_PENDING);
	world_live(&w, 3 * BFT_TIMEOUT);
	ck_assert_uint_eq(now_of(VALIDATORS)->set.count, VALIDATORS - 1);
	is_dropped(d, &voted, ERR_NOT_A_VALIDATOR);
	is_dropped(d, &waits, ERR_NOT_A_VALIDATOR);
	is_dropped(d, &accused, ERR_NOT_A_VALIDATOR);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bft_ops");
	TCase *t = tcase_create("bft_ops");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
		t, submitted_with_a_forged_signature_within_it_is_refused, 0,
		KINDS);
	tcase_add_loop_test(t, one_forged_does_not_spoil_its_neighbours, 0,
			    KINDS);
	tcase_add_loop_test(
		t,
		fetched_in_a_block_with_a_forged_signature_within_it_is_refused,
		0, KINDS);
	tcase_add_loop_test(
		t, proposed_with_a_forged_signature_within_it_is_not_prepared,
		0, KINDS);
	tcase_add_loop_test(
		t, stored_with_a_forged_signature_within_it_is_found, 0, KINDS);
	tcase_add_loop_test(t, who_is_no_validator_votes_not_and_is_not_accused,
			    0, VALIDATORS + 1);
	tcase_add_test(t, a_known_offender_is_not_accused_again);
	tcase_add_test(t,
		       evidence_behind_a_gap_of_one_s_own_is_brought_once_more);
	tcase_add_test(t, a_client_hears_at_once_what_no_block_can_hold);
	tcase_add_test(t, a_void_vote_leaves_the_chain_idle);
	tcase_add_loop_test(
		t, what_a_block_cannot_hold_is_dropped_with_its_reason, 0, 2);
	tcase_add_test(t,
		       what_a_block_made_void_is_dropped_by_who_only_watches);
	tcase_add_test(
		t, what_a_member_that_left_sent_is_dropped_in_and_out_of_turn);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

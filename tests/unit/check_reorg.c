/* SPDX-License-Identifier: MIT */
/*
 * Moving between branches: what is taken back, what returns to the pool, and
 * what is never moved to.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "chain/branch.h"
#include "node/internal.h"
#include "sync_world.h"

#define AT_ONCE "\"interval\": 0"

static struct world w;
/* Of two: the one that signed the tip before they parted loses, since its
 * blocks alone do not make a later quorum. */
static size_t loser, winner;

static void send_ok(size_t node, unsigned from, uint64_t nonce, unsigned to,
		    uint64_t amount)
{
	ck_assert_int_eq(
		driver_send(&w.node[node], from, nonce, to, amount, 1).status,
		SUBMIT_PENDING);
}

static bool signed_tip(size_t node)
{
	struct block_info b;
	bool own;

	ck_assert(!query_block(&b, w.node[0].node, kv_mem_view(w.node[0].mem),
			       driver_height(&w.node[0])));
	own = address_eq(&b.block.header.producer,
			 secret_key_address(w.node[node].key));
	block_info_release(&b);
	return own;
}

/* Two authorities on one chain that gave money to accounts 2 and 3. */
static void open_two(void)
{
	static const unsigned keys[] = {1, 2};

	world_new(&w, 2, keys, 2, AT_ONCE);
	world_dial(&w, 0, 1);
	world_live(&w, 20);
	send_ok(0, 1, 0, 2, 50000);
	send_ok(0, 1, 1, 3, 50000);
	ck_assert(world_agrees(&w, 2000));
	world_live(&w, 2000);
	ck_assert(world_agrees(&w, 2000));
	ck_assert_uint_eq(driver_balance(&w.node[1], 3), 50000);
	world_cut(&w);
	loser = signed_tip(0) ? 0 : 1;
	winner = !loser;
}

static struct hash id_of(size_t node)
{
	return w.node[node].results[0].id;
}

static enum tx_state state_of(size_t node, const struct hash *id)
{
	struct tx_info info;
	enum tx_state state;

	ck_assert(!query_tx(&info, w.node[node].node,
			    kv_mem_view(w.node[node].mem), id));
	state = info.state;
	tx_info_release(&info);
	return state;
}

/* --- moving ------------------------------------------------------------ */

START_TEST(the_losing_branch_s_transactions_come_back)
{
	struct hash kept, both;
	uint64_t before;

	open_two();
	before = driver_height(&w.node[loser]);
	/* node 0 alone, then node 1 alone and longer */
	send_ok(loser, 2, 0, 4, 1000);
	kept = id_of(loser);
	send_ok(loser, 3, 0, 5, 500);
	both = id_of(loser);
	world_live_alone(&w, loser, 400);
	ck_assert_int_eq(state_of(loser, &kept), TX_INCLUDED);
	send_ok(winner, 3, 0, 5, 500);
	world_live_alone(&w, winner, 3000);
	ck_assert_uint_gt(driver_height(&w.node[winner]),
			  driver_height(&w.node[loser]));
	world_dial(&w, 0, 1);
	ck_assert(world_agrees(&w, 3000));
	ck_assert_uint_ge(world_sync(&w, loser).reorgs, 1);
	ck_assert_uint_ge(world_deepest(&w, loser), 1);
	ck_assert_uint_eq(world_sync(&w, winner).reorgs, 0);
	world_live(&w, 3000);
	/* what was taken back is in a block again, of either node */
	ck_assert(world_agrees(&w, 2000));
	ck_assert_uint_eq(driver_balance(&w.node[winner], 4), 1000);
	ck_assert_uint_eq(driver_balance(&w.node[loser], 5), 500);
	ck_assert(state_of(loser, &both) != TX_PENDING);
	ck_assert_uint_gt(world_verify(&w, loser), before);
	world_verify(&w, winner);
	ck_assert_uint_eq(
		world_evidence(&w, loser) + world_evidence(&w, winner), 0);
	world_free(&w);
}
END_TEST

static void silence(struct world *world, struct driver *to, struct effect *e)
{
	(void)world;
	(void)to;
	if (e->type == MSG_TXA || e->type == MSG_TXN)
		e->kind = EFFECT_TIMER;
}

START_TEST(what_cannot_come_back_is_dropped_with_the_reason)
{
	struct submit_result r;
	struct tx_info info;
	struct hash lost;

	open_two();
	send_ok(loser, 2, 0, 4, 1000);
	lost = id_of(loser);
	world_live_alone(&w, loser, 400);
	/* the same nonce, spent otherwise on the branch that wins */
	r = driver_send(&w.node[winner], 2, 0, 5, 2000, 1);
	ck_assert_int_eq(r.status, SUBMIT_PENDING);
	world_live_alone(&w, winner, 3000);
	world_dial(&w, 0, 1);
	ck_assert(world_agrees(&w, 3000));
	ck_assert(!query_tx(&info, w.node[loser].node,
			    kv_mem_view(w.node[loser].mem), &lost));
	ck_assert_int_eq(info.state, TX_DROPPED);
	ck_assert_int_eq(info.reason, ERR_NONCE_TOO_LOW);
	tx_info_release(&info);
	ck_assert_uint_eq(driver_balance(&w.node[loser], 4), 0);
	ck_assert_uint_eq(driver_balance(&w.node[loser], 5), 2000);
	world_verify(&w, loser);
	world_free(&w);
}
END_TEST

START_TEST(what_was_taken_back_is_pending_after_a_start_too)
{
	struct hash first, second, both;

	open_two();
	send_ok(loser, 2, 0, 4, 1000);
	first = id_of(loser);
	send_ok(loser, 3, 0, 5, 500);
	both = id_of(loser);
	world_live_alone(&w, loser, 400);
	send_ok(loser, 2, 1, 4, 1000);
	second = id_of(loser);
	world_live_alone(&w, loser, 400);
	ck_assert_int_eq(state_of(loser, &second), TX_INCLUDED);
	send_ok(winner, 3, 0, 5, 500);
	world_live_alone(&w, winner, 3000);
	/* nobody hears of what comes back */
	w.mangle = silence;
	world_dial(&w, 0, 1);
	while (!world_sync(&w, loser).reorgs)
		world_live(&w, 5);
	world_crash(&w, loser);
	ck_assert_int_ne(state_of(loser, &first), TX_DROPPED);
	ck_assert_int_ne(state_of(loser, &second), TX_DROPPED);
	ck_assert_int_eq(state_of(loser, &both), TX_INCLUDED);
	w.mangle = NULL;
	world_dial(&w, 0, 1);
	world_live(&w, 2000);
	ck_assert(world_agrees(&w, 2000));
	ck_assert_uint_eq(driver_balance(&w.node[winner], 4), 2000);
	world_free(&w);
}
END_TEST

/* Both alone, filling their slots, as two thirds are out of reach. */
static void grow(size_t node, uint64_t height)
{
	int i;

	for (i = 0; i < 4000 && driver_height(&w.node[node]) < height; i++)
		world_live_alone(&w, node, 100);
	ck_assert_uint_ge(driver_height(&w.node[node]), height);
}

START_TEST(a_branch_of_a_hundred_is_taken_back_stepwise)
{
	uint64_t fork;

	open_two();
	fork = driver_height(&w.node[loser]);
	send_ok(loser, 2, 0, 4, 1000);
	grow(loser, fork + 100);
	send_ok(winner, 3, 0, 5, 500);
	grow(winner, fork + 130);
	world_dial(&w, 0, 1);
	ck_assert(world_agrees(&w, 5000));
	ck_assert_uint_ge(world_deepest(&w, loser), 100);
	ck_assert_uint_ge(driver_height(&w.node[loser]), fork + 130);
	world_live(&w, 2000);
	ck_assert(world_agrees(&w, 2000));
	ck_assert_uint_eq(driver_balance(&w.node[loser], 4), 1000);
	world_verify(&w, loser);
	world_verify(&w, winner);
	ck_assert_uint_eq(world_evidence(&w, loser), 0);
	world_free(&w);
}
END_TEST

START_TEST(more_bytes_than_one_batch_takes_back_go_down_in_smaller_steps)
{
	uint64_t fork;

	open_two();
	fork = driver_height(&w.node[loser]);
	send_ok(loser, 2, 0, 4, 1000);
	grow(loser, fork + 40);
	send_ok(winner, 3, 0, 5, 500);
	grow(winner, fork + 60);
	/* some of them fit */
	chain_set_back_max(w.node[loser].node->chain, 6000);
	world_dial(&w, 0, 1);
	ck_assert(world_agrees(&w, 5000));
	ck_assert_uint_gt(world_sync(&w, loser).reorgs, 3);
	ck_assert_uint_lt(world_deepest(&w, loser), 40);
	ck_assert_uint_eq(world_sync(&w, winner).reorgs, 0);
	world_live(&w, 2000);
	ck_assert(world_agrees(&w, 2000));
	ck_assert_uint_eq(driver_balance(&w.node[winner], 4), 1000);
	/* a single one is taken back, however big */
	world_cut(&w);
	loser = signed_tip(0) ? 0 : 1;
	winner = !loser;
	chain_set_back_max(w.node[loser].node->chain, 1);
	fork = driver_height(&w.node[loser]);
	send_ok(loser, 2, 1, 4, 1000);
	grow(loser, fork + 3);
	send_ok(winner, 3, 1, 5, 500);
	grow(winner, fork + 9);
	world_dial(&w, 0, 1);
	ck_assert(world_agrees(&w, 5000));
	ck_assert_uint_eq(world_sync(&w, winner).reorgs, 0);
	world_verify(&w, loser);
	world_free(&w);
}
END_TEST

static bool takes_back(const struct kv_batch *batch)
{
	struct kv_op op;
	size_t at = 0;

	while (kv_batch_next(batch, &at, &op))
		if (op.table == KV_ORPHANS && !op.del)
			return true;
	return false;
}

START_TEST(a_crash_in_a_move_leaves_one_branch_or_the_other)
{
	struct hash before, after;
	uint64_t fork;

	open_two();
	fork = driver_height(&w.node[loser]);
	send_ok(loser, 2, 0, 4, 1000);
	grow(loser, fork + 5);
	send_ok(winner, 3, 0, 5, 500);
	grow(winner, fork + 9);
	world_dial(&w, 0, 1);
	for (;;) {
		world_until_commit(&w, loser);
		if (takes_back(w.node[loser].pending.list[0].batch))
			break;
		driver_do_one(&w.node[loser]);
	}
	before = world_tip(&w, loser);
	world_crash(&w, loser);
	after = world_tip(&w, loser);
	ck_assert(hash_eq(&before, &after));
	world_verify(&w, loser);
	world_dial(&w, 0, 1);
	ck_assert(world_agrees(&w, 3000));
	world_live(&w, 1000);
	/* started again on what the move left */
	world_crash(&w, loser);
	world_verify(&w, loser);
	world_free(&w);
}
END_TEST

/* Whose block that is: the number of its key. */
static unsigned signer(size_t node, uint64_t height)
{
	struct block_info b;
	struct address a;
	unsigned key = 1;

	ck_assert(!query_block(&b, w.node[node].node,
			       kv_mem_view(w.node[node].mem), height));
	for (a = test_address(key); !address_eq(&a, &b.block.header.producer);
	     a = test_address(key))
		key++;
	block_info_release(&b);
	return key;
}

/*
 * Authority 3 signs alone behind blocks of 3, 1, 2: what 1 signed is backed
 * by it. The branch of 1 and 2 is backed later only where, after more blocks
 * than one move takes, 4 joins them.
 */
static void open_outweighed(void)
{
	static const unsigned keys[] = {1, 2, 3, 4};
	uint64_t height;

	world_new(&w, 4, keys, 4, AT_ONCE);
	world_dial(&w, 0, 1);
	world_dial(&w, 1, 2);
	world_dial(&w, 2, 0);
	world_live(&w, 20);
	send_ok(0, 1, 0, 2, 50000);
	send_ok(0, 1, 1, 3, 50000);
	do {
		world_live(&w, 5);
		height = driver_height(&w.node[0]);
	} while (height < 3 || signer(0, height) != 2 ||
		 signer(0, height - 1) != 1 || signer(0, height - 2) != 3);
	ck_assert_uint_eq(driver_height(&w.node[2]), height);
	world_cut(&w);
	send_ok(2, 2, 0, 4, 1000);
	grow(2, height + 10);
	world_dial(&w, 0, 1);
	send_ok(0, 3, 0, 5, 500);
	while (driver_height(&w.node[0]) < height + 100)
		world_live(&w, 100);
	world_dial(&w, 3, 0);
	world_live(&w, 2000);
	ck_assert_uint_gt(driver_height(&w.node[3]), height + 100);
}

START_TEST(nothing_is_signed_on_half_a_move_to_a_better_branch)
{
	struct hash before, after;
	uint64_t height;

	open_outweighed();
	before = world_tip(&w, 2);
	world_dial(&w, 2, 0);
	do {
		world_until_commit(&w, 2);
		driver_do_one(&w.node[2]);
		after = world_tip(&w, 2);
	} while (hash_eq(&before, &after));
	world_crash(&w, 2);
	height = driver_height(&w.node[2]);
	ck_assert_uint_lt(height, driver_height(&w.node[0]));
	/* its slots come and go, and what is here is not settled */
	world_live_alone(&w, 2, 3000);
	ck_assert_uint_eq(driver_height(&w.node[2]), height);
	world_dial(&w, 2, 0);
	world_dial(&w, 1, 0);
	world_dial(&w, 3, 0);
	ck_assert(world_agrees(&w, 3000));
	height = driver_height(&w.node[2]);
	world_live(&w, 1000);
	ck_assert(world_agrees(&w, 1000));
	send_ok(2, 1, 2, 4, 10);
	world_live(&w, 1000);
	ck_assert(world_agrees(&w, 1000));
	while (signer(2, height) != 3)
		ck_assert_uint_lt(++height, driver_height(&w.node[2]) + 1);
	world_verify(&w, 2);
	world_free(&w);
}
END_TEST

/* --- what is settled --------------------------------------------------- */

START_TEST(two_settled_blocks_that_conflict_halt_the_node)
{
	static const unsigned keys[] = {1, 1};
	uint64_t height;

	/* one authority, twice: each of its blocks is settled at once */
	world_new(&w, 2, keys, 1, AT_ONCE);
	send_ok(0, 1, 0, 2, 10);
	world_live_alone(&w, 0, 1000);
	send_ok(1, 1, 0, 3, 10);
	world_live_alone(&w, 1, 1500);
	world_dial(&w, 0, 1);
	world_live(&w, 1000);
	ck_assert(world_sync(&w, 0).halted);
	ck_assert(world_sync(&w, 1).halted);
	ck_assert(logged(&w.node[0], "halted", "conflicts"));
	height = driver_height(&w.node[0]);
	ck_assert_uint_eq(world_deepest(&w, 0) + world_deepest(&w, 1), 0);
	driver_send(&w.node[0], 1, 1, 2, 10, 1);
	world_live(&w, 1000);
	ck_assert_uint_eq(driver_height(&w.node[0]), height);
	/* a start forgets it until somebody has the other branch */
	world_crash(&w, 0);
	ck_assert(!world_sync(&w, 0).halted);
	world_dial(&w, 0, 1);
	world_live(&w, 1000);
	ck_assert(world_sync(&w, 0).halted);
	ck_assert(world_sync(&w, 1).halted);
	ck_assert_uint_eq(world_deepest(&w, 0) + world_deepest(&w, 1), 0);
	world_free(&w);
}
END_TEST

START_TEST(a_longer_branch_below_what_is_settled_is_not_moved_to)
{
	static const unsigned keys[] = {1, 2, 3, 3};
	struct hash settled, tip;
	uint64_t height;

	/* three of four agree and settle; the fourth is alone and longer */
	world_new(&w, 4, keys, 4, AT_ONCE);
	world_dial(&w, 0, 1);
	world_dial(&w, 1, 2);
	world_dial(&w, 2, 0);
	world_live(&w, 20);
	send_ok(0, 1, 0, 2, 10);
	world_live(&w, 1500);
	settled = world_tip(&w, 0);
	height = driver_height(&w.node[0]);
	send_ok(3, 1, 0, 3, 10);
	grow(3, height + 20);
	world_dial(&w, 3, 0);
	world_live(&w, 1000);
	tip = world_tip(&w, 0);
	ck_assert(hash_eq(&tip, &settled) ||
		  driver_height(&w.node[0]) > height);
	ck_assert_uint_eq(world_deepest(&w, 0), 0);
	ck_assert(!world_sync(&w, 0).halted);
	ck_assert(world_agrees(&w, 2000));
	ck_assert_uint_eq(driver_balance(&w.node[3], 2), 10);
	world_free(&w);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("reorg");
	TCase *t = tcase_create("moving");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_losing_branch_s_transactions_come_back);
	tcase_add_test(t, what_cannot_come_back_is_dropped_with_the_reason);
	tcase_add_test(t, what_was_taken_back_is_pending_after_a_start_too);
	tcase_add_test(t, a_branch_of_a_hundred_is_taken_back_stepwise);
	tcase_add_test(
		t,
		more_bytes_than_one_batch_takes_back_go_down_in_smaller_steps);
	tcase_add_test(t, a_crash_in_a_move_leaves_one_branch_or_the_other);
	tcase_add_test(t, nothing_is_signed_on_half_a_move_to_a_better_branch);
	tcase_add_test(t, two_settled_blocks_that_conflict_halt_the_node);
	tcase_add_test(t,
		       a_longer_branch_below_what_is_settled_is_not_moved_to);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

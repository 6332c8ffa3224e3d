/* SPDX-License-Identifier: MIT */
/*
 * Catching up: from one peer and from several, from peers that stall, lie or
 * send garbage, and what a node does meanwhile. Moving between branches is in
 * check_reorg.c.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "sync_world.h"

#define AT_ONCE "\"interval\": 0"

static struct world w;

/* Blocks of one transfer each on node 0, alone: to accounts 2, 3, ... */
static void make_blocks(unsigned from_nonce, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		ck_assert_int_eq(driver_send(&w.node[0], 1, from_nonce + i,
					     2 + (from_nonce + i) % 7, 10, 1)
					 .status,
				 SUBMIT_PENDING);
		world_live_alone(&w, 0, 100);
	}
}

/* Node 0 makes blocks; the others watch. */
static void open_world(size_t count)
{
	static const unsigned keys[WORLD_NODES] = {1};

	world_new(&w, count, keys, 1, AT_ONCE);
}

static void check_same_ledger(size_t i)
{
	struct hash a = world_tip(&w, 0), b = world_tip(&w, i);

	ck_assert(hash_eq(&a, &b));
	ck_assert_uint_eq(world_verify(&w, i), driver_height(&w.node[0]));
	ck_assert_uint_eq(driver_balance(&w.node[i], 3),
			  driver_balance(&w.node[0], 3));
}

/* --- catching up ------------------------------------------------------- */

START_TEST(a_new_block_reaches_all_and_is_fetched_once)
{
	open_world(3);
	world_dial(&w, 0, 1);
	world_dial(&w, 1, 2);
	world_dial(&w, 2, 0);
	world_live(&w, 50);
	ck_assert_int_eq(driver_send(&w.node[0], 1, 0, 2, 10, 1).status,
			 SUBMIT_PENDING);
	world_live(&w, 300);
	ck_assert_uint_eq(driver_height(&w.node[0]), 1);
	check_same_ledger(1);
	check_same_ledger(2);
	ck_assert_uint_eq(w.brought[1][MSG_ABL], 1);
	ck_assert_uint_eq(w.brought[2][MSG_ABL], 1);
	/* none of them asked for headers: the parent was known */
	ck_assert_uint_eq(w.brought[1][MSG_AHD] + w.brought[2][MSG_AHD], 0);
	world_free(&w);
}
END_TEST

START_TEST(a_late_joiner_gets_the_whole_ledger_from_one_peer)
{
	open_world(2);
	make_blocks(0, 200);
	world_dial(&w, 1, 0);
	ck_assert(world_agrees(&w, 3000));
	ck_assert_uint_eq(driver_height(&w.node[0]), 200);
	check_same_ledger(1);
	ck_assert_uint_eq(world_sync(&w, 1).state, SYNC_READY);
	/* and it follows what comes after */
	make_blocks(200, 1);
	ck_assert(world_agrees(&w, 500));
	check_same_ledger(1);
	world_free(&w);
}
END_TEST

START_TEST(two_peers_share_the_work)
{
	open_world(3);
	make_blocks(0, 120);
	world_dial(&w, 1, 0);
	world_live(&w, 2000);
	check_same_ledger(1);
	world_dial(&w, 2, 0);
	world_dial(&w, 2, 1);
	memset(w.brought, 0, sizeof(w.brought));
	ck_assert(world_agrees(&w, 2000));
	check_same_ledger(2);
	ck_assert_uint_ge(w.brought[0][MSG_RBL], 2);
	ck_assert_uint_ge(w.brought[1][MSG_RBL], 2);
	/* nothing twice: 120 blocks in ranges of 16 */
	ck_assert_uint_le(w.brought[2][MSG_ABL], 9);
	world_free(&w);
}
END_TEST

START_TEST(a_chain_longer_than_one_answer_of_headers_is_followed)
{
	open_world(2);
	make_blocks(0, 600);
	world_dial(&w, 1, 0);
	ck_assert(world_agrees(&w, 3000));
	ck_assert_uint_eq(driver_height(&w.node[1]), 600);
	check_same_ledger(1);
	ck_assert_uint_ge(w.brought[1][MSG_AHD], 2);
	world_free(&w);
}
END_TEST

START_TEST(signatures_are_checked_once_when_the_pool_had_them)
{
	uint64_t verified;

	open_world(2);
	world_dial(&w, 1, 0);
	world_live(&w, 50);
	ck_assert_int_eq(driver_send(&w.node[1], 1, 0, 2, 10, 1).status,
			 SUBMIT_PENDING);
	verified = w.node[1].verified;
	world_live(&w, 300);
	ck_assert_uint_eq(driver_height(&w.node[1]), 1);
	/* the seal alone */
	ck_assert_uint_eq(w.node[1].verified, verified + 1);
	world_free(&w);
}
END_TEST

START_TEST(a_crash_before_its_batch_is_durable_is_caught_up_again)
{
	open_world(2);
	make_blocks(0, 100);
	world_dial(&w, 1, 0);
	world_until_commit(&w, 1);
	world_crash(&w, 1);
	ck_assert_uint_eq(driver_height(&w.node[1]), 0);
	world_dial(&w, 1, 0);
	ck_assert(world_agrees(&w, 2000));
	check_same_ledger(1);
	world_free(&w);
}
END_TEST

/* --- peers that are no help -------------------------------------------- */

static bool banned(struct driver *d)
{
	size_t i;

	for (i = 0; i < d->told.count; i++)
		if (d->told.list[i].kind == EFFECT_DROP &&
		    d->told.list[i].ban_ms)
			return true;
	return false;
}

/* What node 2 sends to node 1 is taken away or spoilt by these. */

static bool from_two(struct world *world, const struct driver *to,
		     const struct effect *e)
{
	const struct wire *wire;
	size_t i;

	for (i = 0; i < world->wires.count; i++) {
		wire = &world->wires.list[i];
		if (wire->end[0] == to && wire->end[1] == &world->node[2] &&
		    e >= wire->queue[0].list &&
		    e < wire->queue[0].list + wire->queue[0].count)
			return true;
	}
	return false;
}

static void no_bodies(struct world *world, struct driver *to, struct effect *e)
{
	if (e->type == MSG_ABL && from_two(world, to, e))
		e->kind = EFFECT_TIMER;
}

static void bad_bodies(struct world *world, struct driver *to, struct effect *e)
{
	if (e->type == MSG_ABL && from_two(world, to, e) && e->body.len > 200)
		e->body.data[e->body.len - 40] ^= 1; /* a signature's byte */
	if (e->kind == EFFECT_DROP)
		world->ctx = world;
}

static void bad_seals(struct world *world, struct driver *to, struct effect *e)
{
	if (e->type == MSG_AHD && from_two(world, to, e) && e->body.len > 200)
		e->body.data[e->body.len - 10] ^= 1; /* the last one's */
}

/* Node 1 syncs from node 0 and from node 2, whose answers are spoilt. */
static void sync_beside(void (*mangle)(struct world *, struct driver *,
				       struct effect *))
{
	open_world(3);
	make_blocks(0, 150);
	world_dial(&w, 2, 0);
	world_live(&w, 3000);
	check_same_ledger(2);
	w.mangle = mangle;
	world_dial(&w, 1, 2);
	world_dial(&w, 1, 0);
}

START_TEST(a_peer_that_stalls_is_done_without_and_dropped)
{
	struct peer_info info;
	size_t at = 0;

	sync_beside(no_bodies);
	world_live(&w, 3000);
	check_same_ledger(1);
	while (node_peer_next(w.node[1].node, &at, &info))
		ck_assert_uint_lt(info.score, 100);
	world_free(&w);
}
END_TEST

/* Sooner than any time-out: who answers what was asked later shows it. */
START_TEST(a_peer_that_others_overtake_is_not_waited_for)
{
	sync_beside(no_bodies);
	world_live(&w, 300);
	check_same_ledger(1);
	world_free(&w);
}
END_TEST

START_TEST(a_peer_that_sends_wrong_bodies_is_banned_and_done_without)
{
	sync_beside(bad_bodies);
	world_live(&w, 3000);
	check_same_ledger(1);
	ck_assert_uint_eq(node_peer_count(w.node[1].node), 1);
	ck_assert_uint_eq(node_peer_count(w.node[2].node), 1);
	world_free(&w);
}
END_TEST

START_TEST(a_peer_that_sends_bad_seals_is_banned_and_done_without)
{
	sync_beside(bad_seals);
	world_live(&w, 3000);
	check_same_ledger(1);
	ck_assert_uint_eq(node_peer_count(w.node[1].node), 1);
	world_free(&w);
}
END_TEST

START_TEST(a_peer_alone_that_never_answers_is_dropped)
{
	open_world(3);
	make_blocks(0, 5);
	world_dial(&w, 2, 0);
	world_live(&w, 1000);
	w.mangle = no_bodies;
	world_dial(&w, 1, 2);
	world_live(&w, 10000);
	ck_assert_uint_eq(driver_height(&w.node[1]), 0);
	ck_assert_uint_eq(node_peer_count(w.node[1].node), 0);
	ck_assert(!banned(&w.node[1]));
	world_free(&w);
}
END_TEST

/* --- bodies that nobody gives ------------------------------------------ */

static struct hash asked[64];
static size_t asked_count;

/* Whoever is asked for blocks has none. */
static void all_missing(struct world *world, struct driver *to,
			struct effect *e)
{
	(void)world;
	(void)to;
	if (e->type == MSG_RBL) {
		ck_assert(!msg_hashes_decode(asked, &asked_count, 64,
					     buf_span(&e->body)));
	} else if (e->type == MSG_ABL) {
		buf_reset(&e->body);
		msg_blocks_encode(&e->body, NULL, 0, asked, asked_count);
	}
}

START_TEST(a_branch_whose_bodies_nobody_gives_mutes_nobody)
{
	static const unsigned keys[] = {1, 2};

	world_new(&w, 2, keys, 2, AT_ONCE);
	make_blocks(0, 3);
	w.mangle = all_missing;
	world_dial(&w, 1, 0);
	world_live(&w, 1000);
	ck_assert_uint_eq(driver_height(&w.node[1]), 0);
	ck_assert_uint_eq(world_sync(&w, 1).state, SYNC_READY);
	/* it makes blocks of its own meanwhile */
	ck_assert_int_eq(driver_send(&w.node[1], 1, 0, 2, 10, 1).status,
			 SUBMIT_PENDING);
	world_live(&w, 400);
	ck_assert_uint_ge(driver_height(&w.node[1]), 1);
	/* and takes the better branch when it is given after all */
	w.mangle = NULL;
	ck_assert(world_agrees(&w, 15000));
	world_free(&w);
}
END_TEST

/* --- when a node waits ------------------------------------------------- */

static void lose_bodies(struct world *world, struct driver *to,
			struct effect *e)
{
	(void)world;
	(void)to;
	if (e->type == MSG_ABL)
		e->kind = EFFECT_TIMER;
}

START_TEST(production_waits_for_a_better_branch_but_not_for_its_silence)
{
	static const unsigned keys[] = {1, 2};

	world_new(&w, 2, keys, 2, AT_ONCE);
	make_blocks(0, 40);
	w.mangle = lose_bodies;
	world_dial(&w, 1, 0);
	world_live(&w, 10);
	ck_assert_uint_eq(world_sync(&w, 1).state, SYNC_BEHIND);
	ck_assert_int_eq(driver_send(&w.node[1], 1, 0, 9, 77, 1).status,
			 SUBMIT_PENDING);
	world_live(&w, 220); /* a slot of its own has passed */
	ck_assert_uint_eq(driver_height(&w.node[1]), 0);
	world_live(&w, 300);
	ck_assert_uint_ge(driver_height(&w.node[1]), 1);
	world_free(&w);
}
END_TEST

/* One of four, and nobody answers it: neither the one it dialled nor the one
 * that came without a hello. */
START_TEST(an_authority_alone_makes_blocks_when_it_has_waited_for_peers)
{
	struct driver_network network = {.on = true,
					 .miners = 4,
					 .key = 1,
					 .id = test_address(100),
					 .instance = 100,
					 .boot_ms = 3000};
	struct driver *d = &w.node[0];
	struct sync_info info;

	memset(&w, 0, sizeof(w));
	driver_new_in(d, &network, 1000000, AT_ONCE,
		      ", \"consensus\": {\"slot_ms\": 100}");
	fake_connect(d, 1, false, 51);
	fake_connect(d, 2, true, 52);
	ck_assert_int_eq(driver_send(d, 1, 0, 2, 10, 1).status, SUBMIT_PENDING);
	driver_advance(d, 2990);
	ck_assert_uint_eq(driver_height(d), 0);
	node_sync(d->node, &info);
	ck_assert_int_eq(info.state, SYNC_BOOT);
	driver_advance(d, 410);
	ck_assert_uint_eq(driver_height(d), 1);
	ck_assert_uint_eq(driver_balance(d, 2), 10);
	/* and fills its slots, for nothing is settled */
	driver_advance(d, 4000);
	ck_assert_uint_ge(driver_height(d), 10);
	node_sync(d->node, &info);
	ck_assert_int_eq(info.state, SYNC_READY);
	driver_free(d);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("sync");
	TCase *t = tcase_create("catching up");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_new_block_reaches_all_and_is_fetched_once);
	tcase_add_test(t, a_late_joiner_gets_the_whole_ledger_from_one_peer);
	tcase_add_test(t, two_peers_share_the_work);
	tcase_add_test(t,
		       a_chain_longer_than_one_answer_of_headers_is_followed);
	tcase_add_test(t, signatures_are_checked_once_when_the_pool_had_them);
	tcase_add_test(t,
		       a_crash_before_its_batch_is_durable_is_caught_up_again);
	suite_add_tcase(s, t);
	t = tcase_create("no help");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_peer_that_stalls_is_done_without_and_dropped);
	tcase_add_test(t, a_peer_that_others_overtake_is_not_waited_for);
	tcase_add_test(
		t, a_peer_that_sends_wrong_bodies_is_banned_and_done_without);
	tcase_add_test(t,
		       a_peer_that_sends_bad_seals_is_banned_and_done_without);
	tcase_add_test(t, a_peer_alone_that_never_answers_is_dropped);
	tcase_add_test(
		t,
		an_authority_alone_makes_blocks_when_it_has_waited_for_peers);
	tcase_add_test(t, a_branch_whose_bodies_nobody_gives_mutes_nobody);
	tcase_add_test(
		t,
		production_waits_for_a_better_branch_but_not_for_its_silence);
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

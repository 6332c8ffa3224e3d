/* SPDX-License-Identifier: MIT */
/*
 * The set of validators changed by votes in transactions, among whole nodes:
 * what headers tell of it is compared with what this test works out from the
 * keys alone, and who votes at a height with who should.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "crypto/hash.h"
#include "driver_ops.h"
#include "node/internal.h"
#include "sync_world.h"

#define KEYS 10

static struct world w;
static uint64_t nonces[KEYS]; /* of the next transaction of a key */

/* Keys 1 .. 4 are the set; more nodes, with keys 5 and on, would be in it. */
static void open_world(size_t count)
{
	size_t i;

	memset(nonces, 0, sizeof(nonces));
	world_new_bft(&w, count, 4, BFT_FAST);
	for (i = 4; i < count; i++) {
		w.node[i].network.observer = false;
		driver_crash(&w.node[i]);
	}
	world_mesh(&w);
	world_live(&w, 20);
}

/* --- what the set should be ---------------------------------------------- */

/* A change, and from which height on the set has it. */
struct plan {
	uint64_t effective;
	unsigned key;
	bool remove, few;
};

static int by_address(const void *a, const void *b)
{
	struct address x = test_address(*(const unsigned *)a),
		       y = test_address(*(const unsigned *)b);

	return memcmp(x.b, y.b, sizeof(x.b));
}

/* The keys of a height, in the order of their addresses. */
static size_t set_of(unsigned out[KEYS], uint64_t height,
		     const struct plan *plans, size_t plan_count)
{
	bool in[KEYS] = {false, true, true, true, true};
	size_t i, count = 0;
	unsigned k;

	for (i = 0; i < plan_count; i++)
		if (plans[i].effective <= height)
			in[plans[i].key] = !plans[i].remove;
	for (k = 0; k < KEYS; k++)
		if (in[k])
			out[count++] = k;
	qsort(out, count, sizeof(*out), by_address);
	return count;
}

static void put_key(struct buf *out, unsigned number)
{
	struct secret_key *key = test_key(number);

	mp_bin(out, secret_key_public(key));
	secret_key_free(key);
}

static void put_set_hash(struct buf *out, uint64_t height,
			 const struct plan *plans, size_t plan_count)
{
	struct buf raw = {0};
	unsigned keys[KEYS];
	size_t i, count = set_of(keys, height, plans, plan_count);
	struct hash h;

	buf_append_span(&raw, span_str("ccoin/validators/1"));
	mp_array(&raw, count);
	for (i = 0; i < count; i++)
		put_key(&raw, keys[i]);
	sha256(&h, buf_span(&raw));
	mp_bin(out, hash_span(&h));
	buf_release(&raw);
}

/* [hash(set(h)), hash(set(h+1)), change] */
static void put_fields(struct buf *out, uint64_t height,
		       const struct plan *plans, size_t plan_count)
{
	const struct plan *p = NULL;
	struct address a;
	size_t i;

	mp_array(out, 3);
	put_set_hash(out, height, plans, plan_count);
	put_set_hash(out, height + 1, plans, plan_count);
	for (i = 0; i < plan_count; i++)
		if (plans[i].effective == height + 1)
			p = &plans[i];
	mp_array(out, p ? 3 : 0);
	if (!p)
		return;
	mp_uint(out, p->remove);
	if (p->remove) {
		a = test_address(p->key);
		mp_bin(out, address_span(&a));
	} else {
		put_key(out, p->key);
	}
	mp_uint(out, p->few);
}

/* Every header of every node. */
static void headers_tell(const struct plan *plans, size_t plan_count)
{
	struct buf want = {0};
	struct block_info b;
	uint64_t height;
	size_t i;

	for (i = 0; i < w.count; i++)
		for (height = 1; height <= driver_height(&w.node[i]);
		     height++) {
			buf_reset(&want);
			put_fields(&want, height, plans, plan_count);
			ck_assert(!query_block(&b, w.node[i].node,
					       kv_mem_view(w.node[i].mem),
					       height));
			ck_assert_msg(
				span_eq(b.block.header.engine, buf_span(&want)),
				"header %u of node %zu", (unsigned)height, i);
			block_info_release(&b);
		}
	buf_release(&want);
}

/* --- what the nodes do ---------------------------------------------------- */

static const struct governance *now_of(size_t node)
{
	return chain_governance(w.node[node].node->chain);
}

static void same_ledger(uint64_t height)
{
	size_t i;

	world_same_ledger(&w, height);
	for (i = 0; i < w.count; i++)
		ck_assert(governance_same(now_of(0), now_of(i)));
}

/* A block with a payment, seen by all. */
static void next_block(size_t by, uint64_t ms)
{
	uint64_t height = driver_height(&w.node[by]);

	ck_assert_int_eq(
		driver_send(&w.node[by], 1, nonces[1]++, 9, 10, 0).status,
		SUBMIT_PENDING);
	world_live(&w, ms);
	ck_assert_uint_eq(driver_height(&w.node[by]), height + 1);
}

static struct buf vote(unsigned from, unsigned who, bool remove, bool few)
{
	const struct driver *d = &w.node[0];
	uint64_t nonce = nonces[from]++;

	return remove ? ops_remove(d, from, nonce, who, few)
		      : ops_add(d, from, nonce, who, who);
}

/* Keys first .. last vote for it; the height of the last one's vote. */
static uint64_t pass(unsigned first, unsigned last, unsigned who, bool remove,
		     bool few)
{
	uint64_t height = 0, highest = 0;
	struct submit_result r;
	struct hash ids[KEYS];
	enum tx_state state;
	enum err reason;
	uint32_t index;
	unsigned i;

	for (i = first; i <= last; i++) {
		struct buf raw = vote(i, who, remove, few);

		r = ops_push(&w.node[i % 4], &raw);
		ck_assert_msg(r.status == SUBMIT_PENDING, "%s", r.fault.detail);
		ids[i] = r.id;
	}
	world_live(&w, 200);
	for (i = first; i <= last; i++) {
		ck_assert(!query_tx_place(&state, &height, &index, &reason,
					  w.node[0].node,
					  kv_mem_view(w.node[0].mem), &ids[i]));
		ck_assert_int_eq(state, TX_FINAL);
		highest = height > highest ? height : highest;
	}
	same_ledger(highest);
	return highest;
}

static bool is_silent(size_t node)
{
	struct bft_info out;

	ck_assert(node_bft(w.node[node].node, &out));
	return out.silent != NULL;
}

/* --- one change after the other ------------------------------------------ */

static void refused(size_t node, struct buf raw)
{
	struct submit_result r = ops_push(&w.node[node], &raw);

	ck_assert_int_eq(r.status, SUBMIT_REFUSED);
	ck_assert_int_eq(r.fault.code, ERR_NOT_A_VALIDATOR);
}

/* Key 5 comes, and its vote is needed; then key 1 goes. */
START_TEST(a_newcomer_votes_from_its_height_on_and_a_leaver_stops)
{
	struct plan plans[2] = {{.key = 5}, {.key = 1, .remove = true}};
	uint64_t at, height;
	size_t i;

	open_world(5);
	at = pass(1, 3, 5, false, false);
	plans[0].effective = at + 2;
	refused(2, ops_remove(&w.node[0], 5, 0, 1, false));
	ck_assert(is_silent(4));
	next_block(1, 100);
	same_ledger(at + 1);
	ck_assert_uint_eq(w.node[4].journal.count, 0);
	next_block(2, 100);
	same_ledger(at + 2);
	ck_assert_uint_ge(driver_records(&w.node[4], at + 2), 2);
	ck_assert(!is_silent(4));
	headers_tell(plans, 1);
	/* four of five are a quorum, and it is among these */
	world_cut_off(&w, 3);
	next_block(0, 4 * BFT_TIMEOUT);
	ck_assert_uint_ge(driver_records(&w.node[4], at + 3), 2);
	for (i = 0; i < 3; i++)
		world_dial(&w, 3, i);
	world_dial(&w, 3, 4);
	world_live(&w, 2 * BFT_TIMEOUT);
	same_ledger(at + 3);

	at = pass(2, 5, 1, true, false);
	plans[1].effective = at + 2;
	next_block(0, 100);
	same_ledger(at + 1);
	ck_assert_uint_ge(driver_records(&w.node[0], at + 1), 2);
	for (height = at + 2; height < at + 6; height++) {
		next_block(height % 5, 200);
		same_ledger(height);
		ck_assert_uint_eq(driver_records(&w.node[0], height), 0);
		for (i = 1; i < 5; i++)
			ck_assert_uint_ge(driver_records(&w.node[i], height),
					  2);
	}
	ck_assert(is_silent(0));
	ck_assert_uint_eq(now_of(0)->set.count, 4);
	headers_tell(plans, 2);
	for (i = 0; i < 5; i++)
		ck_assert_uint_eq(world_verify(&w, i), at + 5);
	world_free(&w);
}
END_TEST

START_TEST(of_two_changes_that_reach_a_quorum_at_once_one_waits_a_block)
{
	const struct plan plans[] = {{.effective = 3, .key = 5},
				     {.effective = 4, .key = 6}};
	struct buf raw[6];
	struct span txs[6];
	unsigned i;

	open_world(6);
	for (i = 0; i < 3; i++) {
		/* who is first proposed is first, whatever comes next */
		raw[2 * i] = vote(i + 1, i ? 6 : 5, false, false);
		raw[2 * i + 1] = vote(i + 1, i ? 5 : 6, false, false);
	}
	for (i = 0; i < 6; i++)
		txs[i] = buf_span(&raw[i]);
	driver_submit(&w.node[world_leader(&w)], txs, 6);
	for (i = 0; i < 6; i++)
		buf_release(&raw[i]);
	world_live(&w, 100);
	same_ledger(1);
	ck_assert_uint_eq(nonces[3], 2);
	ck_assert(now_of(0)->has_change);
	ck_assert_uint_eq(now_of(0)->proposal_count, 1);
	for (i = 2; i <= 6; i++) {
		next_block(i % 4, 100);
		same_ledger(i);
	}
	ck_assert_uint_eq(driver_records(&w.node[4], 2), 0);
	ck_assert_uint_ge(driver_records(&w.node[4], 3), 2);
	ck_assert_uint_eq(driver_records(&w.node[5], 3), 0);
	ck_assert_uint_ge(driver_records(&w.node[5], 4), 2);
	headers_tell(plans, 2);
	world_free(&w);
}
END_TEST

/* Of three, two are a quorum: the leaver's vote would make it one. */
START_TEST(the_open_votes_of_who_leaves_lapse)
{
	struct plan plans[2] = {{.key = 4, .remove = true, .few = true},
				{.key = 5}};
	const struct governance *g;
	uint64_t at;
	size_t i;

	open_world(5);
	pass(4, 4, 5, false, false);
	pass(1, 1, 5, false, false);
	at = pass(1, 3, 4, true, true);
	plans[0].effective = at + 2;
	ck_assert_uint_eq(now_of(0)->proposal_count, 1);
	ck_assert_uint_eq(now_of(0)->proposals[0].voter_count, 2);
	next_block(0, 100);
	g = now_of(0);
	ck_assert_uint_eq(g->set.count, 3);
	ck_assert_uint_eq(g->proposal_count, 1);
	ck_assert_uint_eq(g->proposals[0].voter_count, 1);
	refused(0, ops_add(&w.node[0], 4, nonces[4], 5, 5));
	for (i = 0; i < 3; i++)
		next_block(i, 200);
	same_ledger(at + 4);
	headers_tell(plans, 1);
	plans[1].effective = pass(2, 2, 5, false, false) + 2;
	for (i = 0; i < 3; i++)
		next_block(i, 200);
	headers_tell(plans, 2);
	ck_assert_uint_eq(now_of(0)->set.count, 4);
	world_free(&w);
}
END_TEST

/* _i: which node, and whether the header that tells of it is there. */
START_TEST(a_crash_before_a_change_is_effective_changes_no_set)
{
	struct plan plan = {.key = 5};
	size_t who = (size_t)_i / 2 ? 4 : 1, i;
	uint64_t at, tip;

	open_world(5);
	at = pass(1, 3, 5, false, false);
	plan.effective = at + 2;
	if (_i % 2)
		next_block(0, 100);
	tip = driver_height(&w.node[0]);
	world_crash(&w, who);
	ck_assert(governance_same(now_of(0), now_of(who)));
	world_mesh(&w);
	world_live(&w, 20);
	for (i = 0; i < 4; i++) {
		next_block(i, 200);
		same_ledger(++tip);
	}
	headers_tell(&plan, 1);
	ck_assert_uint_eq(now_of(who)->set.count, 5);
	ck_assert_uint_eq(driver_records(&w.node[4], at + 1), 0);
	ck_assert_uint_ge(driver_records(&w.node[4], at + 2), 2);
	ck_assert_uint_ge(driver_records(&w.node[who], tip), 2);
	ck_assert_uint_eq(world_verify(&w, who), tip);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bft_sets");
	TCase *t = tcase_create("bft_sets");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t,
		       a_newcomer_votes_from_its_height_on_and_a_leaver_stops);
	tcase_add_test(
		t,
		of_two_changes_that_reach_a_quorum_at_once_one_waits_a_block);
	tcase_add_test(t, the_open_votes_of_who_leaves_lapse);
	tcase_add_loop_test(
		t, a_crash_before_a_change_is_effective_changes_no_set, 0, 4);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * A node through a random life: transactions good and bad, time that passes,
 * crashes. What it answers must be what its blocks say, at every height; its
 * pool holds only what a later block may hold; nothing is seen before it is
 * durable.
 */
#include <check.h>
#include <string.h>

#include "base/rng.h"
#include "chain/tables.h"
#include "driver.h"

#define PEOPLE 5
#define HEIGHTS 400
#define IDS 4000
#define SLOT 10

static struct driver d;
static struct rng rng;

struct sent {
	struct hash id;
	uint64_t height; /* 0: in no block yet */
};

static struct sent sent[IDS];
static size_t sent_count;
static struct account seen[HEIGHTS][PEOPLE + 1]; /* by number, from 1 */

/* Making a key takes a signature: once a person. */
static struct address address_of(unsigned number)
{
	static struct address known[PEOPLE + 1];
	static bool is_known[PEOPLE + 1];

	if (!is_known[number])
		known[number] = test_address(number);
	is_known[number] = true;
	return known[number];
}

static struct kv_view *view(void)
{
	return kv_mem_view(d.mem);
}

static struct account account_at(unsigned number, uint64_t height)
{
	struct address address = address_of(number);
	struct account a;

	ck_assert(!query_account(&a, NULL, d.node, view(), &address, height));
	return a;
}

static struct node_tip tip_of(void)
{
	struct node_tip tip;

	node_tip(d.node, &tip);
	return tip;
}

static enum submit_status submit(unsigned from, const struct tx *fields)
{
	struct buf raw = driver_sign(&d, from, fields);
	struct span s = buf_span(&raw);

	driver_submit(&d, &s, 1);
	buf_release(&raw);
	return d.results[0].status;
}

/* --- a random life ----------------------------------------------------- */

static void random_submission(void)
{
	unsigned from = 1 + (unsigned)rng_below(&rng, PEOPLE);
	struct account a = account_at(from, driver_height(&d));
	struct tx tx = {
		.nonce = a.nonce + rng_below(&rng, 4),
		.fee = rng_below(&rng, 30),
		.recipient = address_of(1 + (unsigned)rng_below(&rng, PEOPLE)),
		.amount = rng_below(&rng, a.balance / 4 + 5),
	};
	enum submit_status status;

	if (!rng_below(&rng, 3))
		tx.valid_until = driver_height(&d) + rng_below(&rng, 5);
	status = submit(from, &tx);
	if (status == SUBMIT_PENDING || status == SUBMIT_QUEUED)
		sent[sent_count++].id = d.results[0].id;
}

/* What stands in the pool may stand in the next block or a later one. */
static void ck_pool(void)
{
	struct mempool_entry entry;
	uint64_t arrival = 0, height = driver_height(&d);
	struct account a;
	struct tx_info info;
	bool exists;

	while (mempool_next(node_mempool(d.node), &entry, &arrival)) {
		const struct tx *tx = entry.tx;

		ck_assert(!query_account(&a, &exists, d.node, view(),
					 &tx->sender, height));
		ck_assert_uint_ge(tx->nonce, a.nonce);
		ck_assert_uint_le(tx->amount + tx->fee, a.balance);
		if (tx->valid_until)
			ck_assert_uint_gt(tx->valid_until, height);
		ck_assert(!query_tx(&info, d.node, view(), &tx->id));
		ck_assert_uint_eq(info.confirmations, 0);
		tx_info_release(&info);
	}
}

/* Note what block `height` holds, and what everybody has after it. */
static void note_block(uint64_t height)
{
	struct block_info b;
	size_t i, k;
	unsigned n;

	ck_assert(!query_block(&b, d.node, view(), height));
	ck_assert_uint_eq(b.confirmations, driver_height(&d) - height + 1);
	ck_assert(b.settled);
	ck_assert_uint_le(b.block.tx_count, 7);
	if (b.block.tx_count)
		ck_assert_uint_eq(b.block.header.extra.len, 0);
	else
		ck_assert(span_eq(b.block.header.extra, span_str("idle")));
	for (i = 0; i < b.block.tx_count; i++) {
		struct tx tx;

		ck_assert(!tx_decode(&tx, b.block.txs[i], TX_BYTES_MAX, NULL));
		tx_hash(&tx, node_genesis_hash(d.node));
		ck_assert(!tx.valid_until || tx.valid_until >= height);
		for (k = 0; k < sent_count; k++)
			if (hash_eq(&sent[k].id, &tx.id)) {
				ck_assert_uint_eq(sent[k].height, 0);
				sent[k].height = height;
				break;
			}
		ck_assert_uint_lt(k, sent_count);
	}
	block_info_release(&b);
	for (n = 1; n <= PEOPLE; n++)
		seen[height][n] = account_at(n, driver_height(&d));
}

static void ck_transactions(void)
{
	uint64_t tip = driver_height(&d);
	struct tx_info info;
	size_t k;

	for (k = 0; k < sent_count; k++) {
		if (!sent[k].height)
			continue;
		ck_assert(!query_tx(&info, d.node, view(), &sent[k].id));
		ck_assert_int_eq(info.state, TX_SETTLED);
		ck_assert_uint_eq(info.height, sent[k].height);
		ck_assert_uint_eq(info.confirmations, tip - info.height + 1);
		ck_assert_int_eq(
			mempool_dropped(node_mempool(d.node), &sent[k].id),
			ERR_OK);
		tx_info_release(&info);
	}
}

static void ck_past(void)
{
	uint64_t h, tip = driver_height(&d);
	unsigned n;

	for (h = 0; h <= tip; h++)
		for (n = 1; n <= PEOPLE; n++) {
			struct account a = account_at(n, h);

			ck_assert_uint_eq(a.balance, seen[h][n].balance);
			ck_assert_uint_eq(a.nonce, seen[h][n].nonce);
		}
}

static void random_step(void)
{
	struct node_tip before = tip_of(), after;
	unsigned steps;

	switch (rng_below(&rng, 12)) {
	case 0: /* power fails, at any moment */
		for (steps = (unsigned)rng_below(&rng, 4); steps; steps--)
			driver_do_one(&d);
		before = tip_of();
		driver_crash(&d);
		after = tip_of();
		ck_assert_uint_ge(after.height, before.height);
		ck_assert_uint_ge(after.settled, before.settled);
		break;
	case 1:
		driver_advance(&d, 2500);
		break;
	case 2:
	case 3:
	case 4:
		driver_advance(&d, SLOT * (1 + rng_below(&rng, 3)));
		break;
	default:
		random_submission();
		break;
	}
	driver_settle(&d);
}

START_TEST(a_random_life_is_told_as_it_was)
{
	struct verify_report report;
	struct fault f = {0};
	uint64_t seed, noted;
	unsigned i, n, included;

	for (seed = 1; seed <= 4; seed++) {
		rng_seed(&rng, seed);
		sent_count = 0;
		memset(sent, 0, sizeof(sent));
		driver_new(&d, 5000,
			   "\"interval\": 2, \"min_bound\": 2, "
			   "\"max_bound\": 7, \"reward\": 3, "
			   "\"placeholder_data\": [\"predef\", \"idle\"], "
			   "\"allow_empty\": true",
			   ", \"new_address_balance\": 40, "
			   "\"consensus\": {\"slot_ms\": 10}");
		for (n = 1; n <= PEOPLE; n++)
			seen[0][n] = account_at(n, 0);
		noted = 0;
		for (i = 0; i < 700 && noted < HEIGHTS - 20; i++) {
			uint64_t was = driver_height(&d);

			random_step();
			ck_pool();
			/* what several at once made of people is not known */
			while (noted < driver_height(&d)) {
				noted++;
				note_block(noted);
				if (driver_height(&d) > was + 1)
					for (n = 1; n <= PEOPLE; n++)
						seen[noted][n] =
							account_at(n, noted);
			}
		}
		ck_transactions();
		ck_past();
		for (included = 0, n = 0; n < sent_count; n++)
			included += sent[n].height != 0;
		ck_assert_uint_gt(included, 50);
		ck_assert_msg(!node_verify(&report, view(), NULL, NULL, &f),
			      "%s", f.detail);
		driver_free(&d);
	}
}
END_TEST

/* --- the pool and the clock -------------------------------------------- */

START_TEST(what_went_into_blocks_was_not_dropped)
{
	uint64_t nonce;

	driver_new(&d, 10000, "\"interval\": 0, \"reward\": 1", "");
	for (nonce = 0; nonce < 40; nonce++) {
		struct tx tx = {.nonce = nonce,
				.amount = 10,
				.fee = 1,
				.recipient = address_of(2)};

		ck_assert_int_eq(submit(1, &tx), SUBMIT_PENDING);
		if (nonce % 3 == 0)
			driver_advance(&d, 20);
	}
	driver_advance(&d, 1000);
	ck_assert_uint_eq(driver_balance(&d, 2), 400);
	ck_assert_uint_eq(mempool_count(node_mempool(d.node)), 0);
	ck_assert_uint_eq(mempool_drops(node_mempool(d.node)), 0);
	ck_assert_uint_eq(d.drops_told, 0);
	driver_free(&d);
}
END_TEST

START_TEST(what_waits_behind_a_gap_wakes_nobody)
{
	struct tx tx = {.amount = 1, .recipient = address_of(2)};

	driver_new(&d, 10000, "\"interval\": 0", "");
	ck_assert_int_eq(submit(1, &tx), SUBMIT_PENDING);
	driver_advance(&d, 100);
	ck_assert_uint_eq(driver_height(&d), 1);
	for (tx.nonce = 2; tx.nonce < 6; tx.nonce++)
		ck_assert_int_eq(submit(1, &tx), SUBMIT_QUEUED);
	ck_assert_uint_eq(d.timer, 0);
	driver_advance(&d, 10000);
	ck_assert_uint_eq(driver_height(&d), 1);
	ck_assert_uint_eq(d.timer, 0);
	tx.nonce = 1;
	ck_assert_int_eq(submit(1, &tx), SUBMIT_PENDING);
	driver_advance(&d, 100);
	ck_assert_uint_eq(driver_balance(&d, 2), 6);
	driver_free(&d);
}
END_TEST

/* Near the cap an address never seen holds less with every block: what it
 * cannot pay any more must not keep the node awake. */
START_TEST(a_stranger_that_the_cap_leaves_poorer_is_not_waited_for)
{
	struct tx own = {.amount = 1, .fee = 90, .recipient = address_of(3)};
	struct tx tx = {.amount = 45, .recipient = address_of(3)};
	struct tx_info info;
	struct hash id;

	driver_new(&d, AMOUNT_MAX - 160,
		   "\"interval\": 0, \"max_bound\": 1, \"reward\": 30",
		   ", \"new_address_balance\": 50");
	ck_assert_int_eq(submit(1, &own), SUBMIT_PENDING);
	ck_assert_int_eq(submit(2, &tx), SUBMIT_PENDING);
	id = d.results[0].id;
	for (own.nonce = 1; own.nonce < 5; own.nonce++)
		ck_assert_int_eq(submit(1, &own), SUBMIT_PENDING);
	driver_advance(&d, 1000);
	ck_assert_uint_eq(driver_height(&d), 5);
	ck_assert_uint_eq(tip_of().supply, AMOUNT_MAX);
	ck_assert(!query_tx(&info, d.node, view(), &id));
	ck_assert_int_eq(info.state, TX_DROPPED);
	ck_assert_int_eq(info.reason, ERR_INSUFFICIENT_BALANCE);
	tx_info_release(&info);
	ck_assert_uint_eq(mempool_count(node_mempool(d.node)), 0);
	ck_assert_uint_eq(d.timer, 0);
	driver_free(&d);
}
END_TEST

/* The same body under other signatures, while the good one is pending,
 * queued, and in a block. */
START_TEST(a_signature_that_does_not_hold_is_known_nowhere)
{
	struct tx tx = {.amount = 1, .recipient = address_of(2)};
	struct buf raw[3];
	unsigned round, i, byte;

	driver_new(&d, 1000, "\"interval\": 0", "");
	for (i = 0; i < 3; i++) {
		struct span s;

		tx.nonce = i + i / 2; /* 0, 1, and 3 behind a gap */
		raw[i] = driver_sign(&d, 1, &tx);
		s = buf_span(&raw[i]);
		driver_submit(&d, &s, 1);
		ck_assert_int_eq(d.results[0].status,
				 i < 2 ? SUBMIT_PENDING : SUBMIT_QUEUED);
	}
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 3; i++) {
			struct span s = buf_span(&raw[i]);

			for (byte = 1; byte <= 64; byte += 9) {
				raw[i].data[raw[i].len - byte] ^= 1;
				driver_submit(&d, &s, 1);
				ck_assert_int_eq(d.results[0].status,
						 SUBMIT_REFUSED);
				ck_assert_int_eq(d.results[0].fault.code,
						 ERR_BAD_SIGNATURE);
				raw[i].data[raw[i].len - byte] ^= 1;
			}
			driver_submit(&d, &s, 1);
			ck_assert_int_eq(d.results[0].status, SUBMIT_KNOWN);
		}
		driver_advance(&d, 100);
	}
	ck_assert_uint_eq(driver_balance(&d, 2), 2);
	for (i = 0; i < 3; i++)
		buf_release(&raw[i]);
	driver_free(&d);
}
END_TEST

/* --- seen when it is durable and adopted ------------------------------- */

/* The store may show a block before the node hears that it is durable. */
START_TEST(a_block_is_seen_by_no_way_before_it_is_adopted)
{
	struct tx tx = {.amount = 9, .recipient = address_of(2)};
	struct hash hash = {{0}};
	struct node_tip before, after;
	struct block_info b;
	struct kv_op op;
	uint64_t height;
	size_t at;

	driver_new(&d, 1000, "\"interval\": 0", "");
	ck_assert_int_eq(submit(1, &tx), SUBMIT_PENDING);
	before = tip_of();
	for (;;) {
		if (d.pending.count && d.pending.list[0].kind == EFFECT_COMMIT)
			break;
		ck_assert(driver_do_one(&d));
	}
	kv_mem_apply(d.mem, d.pending.list[0].batch);
	for (at = 0; kv_batch_next(d.pending.list[0].batch, &at, &op);)
		if (op.table == KV_HEIGHTS)
			memcpy(hash.b, op.key.data, HASH_LEN);
	after = tip_of();
	ck_assert_uint_eq(after.height, before.height);
	ck_assert(hash_eq(&after.hash, &before.hash));
	ck_assert_int_eq(query_block(&b, d.node, view(), 1), ERR_NOT_FOUND);
	ck_assert_int_eq(query_block_height(&height, d.node, view(), &hash),
			 ERR_NOT_FOUND);
	ck_assert_uint_eq(driver_balance(&d, 2), 0);
	ck_assert_uint_eq(d.blocks_told, 0);
	ck_assert(driver_do_one(&d));
	ck_assert_int_eq(query_block_height(&height, d.node, view(), &hash),
			 ERR_OK);
	ck_assert_uint_eq(height, 1);
	ck_assert_uint_eq(driver_balance(&d, 2), 9);
	ck_assert_uint_eq(d.blocks_told, 1);
	driver_free(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("life");
	TCase *t = tcase_create("life");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_random_life_is_told_as_it_was);
	tcase_add_test(t, what_went_into_blocks_was_not_dropped);
	tcase_add_test(t, what_waits_behind_a_gap_wakes_nobody);
	tcase_add_test(t,
		       a_stranger_that_the_cap_leaves_poorer_is_not_waited_for);
	tcase_add_test(t, a_signature_that_does_not_hold_is_known_nowhere);
	tcase_add_test(t, a_block_is_seen_by_no_way_before_it_is_adopted);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

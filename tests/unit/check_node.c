/* SPDX-License-Identifier: MIT */
/*
 * The node as one machine: transfers from submission to history, what makes a
 * block due, what is refused, crashes, and verification.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "driver.h"

#define AT_ONCE "\"interval\": 0"

static struct driver d;

static void verify_clean(void)
{
	struct verify_report report;
	struct fault f = {0};

	ck_assert_msg(!node_verify(&report, kv_mem_view(d.mem), NULL, NULL, &f),
		      "%s", f.detail);
	ck_assert_uint_eq(report.height, driver_height(&d));
}

static struct hash root(void)
{
	struct node_tip tip;

	node_tip(d.node, &tip);
	return tip.state_root;
}

/* --- the way of a transfer --------------------------------------------- */

START_TEST(a_transfer_moves_money_and_is_remembered)
{
	struct submit_result r;
	struct address a2 = test_address(2);
	struct activity list[4];
	struct account before;
	struct tx_info info;
	uint64_t pending;
	size_t count;

	driver_new(&d, 1000, AT_ONCE, "");
	r = driver_send(&d, 1, 0, 2, 300, 5);
	ck_assert_int_eq(r.status, SUBMIT_PENDING);
	ck_assert(!query_tx(&info, d.node, kv_mem_view(d.mem), &r.id));
	ck_assert_int_eq(info.state, TX_PENDING);
	tx_info_release(&info);
	ck_assert_uint_eq(driver_balance(&d, 2), 0);
	ck_assert(!query_balance_pending(&pending, d.node, kv_mem_view(d.mem),
					 &a2));
	ck_assert_uint_eq(pending, 300);
	driver_advance(&d, 100);
	ck_assert_uint_eq(driver_height(&d), 1);
	ck_assert_uint_eq(d.blocks_told, 1);
	ck_assert_uint_eq(driver_balance(&d, 2), 300);
	ck_assert_uint_eq(driver_balance(&d, 1), 700); /* the fee came back */
	ck_assert(!query_tx(&info, d.node, kv_mem_view(d.mem), &r.id));
	ck_assert_int_eq(info.state, TX_SETTLED);
	ck_assert_uint_eq(info.confirmations, 1);
	ck_assert_uint_eq(info.key.len, 44);
	tx_info_release(&info);
	ck_assert(!query_account(&before, NULL, d.node, kv_mem_view(d.mem), &a2,
				 0));
	ck_assert_uint_eq(before.balance, 0);
	ck_assert(!query_activity(list, &count, d.node, kv_mem_view(d.mem), &a2,
				  NULL, 0, 4));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(list[0].height, 1);
	verify_clean();
	driver_free(&d);
}
END_TEST

START_TEST(sending_it_again_is_known_and_signing_it_again_changes_nothing)
{
	struct address to = test_address(2);
	struct submit_result first;
	struct buf raw;
	struct span s;

	driver_new(&d, 1000, AT_ONCE, "");
	raw = driver_transfer(&d, 1, 0, &to, 10, 0);
	s = buf_span(&raw);
	driver_submit(&d, &s, 1);
	first = d.results[0];
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].status, SUBMIT_KNOWN);
	driver_advance(&d, 100);
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].status, SUBMIT_KNOWN);
	ck_assert(hash_eq(&d.results[0].id, &first.id));
	/* the same body under a signature that does not hold is not known */
	raw.data[raw.len - 1] ^= 1;
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].status, SUBMIT_REFUSED);
	ck_assert_int_eq(d.results[0].fault.code, ERR_BAD_SIGNATURE);
	ck_assert_uint_eq(driver_balance(&d, 2), 10);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

START_TEST(a_burst_of_one_sender_in_one_request_goes_into_one_block)
{
	struct address to = test_address(2);
	struct buf raw[20];
	struct span spans[20] = {{0}};
	size_t i;

	driver_new(&d, 1000, AT_ONCE, "");
	for (i = 0; i < 20; i++) {
		raw[i] = driver_transfer(&d, 1, i, &to, 1, 0);
		spans[i] = buf_span(&raw[i]);
	}
	driver_submit(&d, spans, 20);
	for (i = 0; i < 20; i++)
		ck_assert_int_eq(d.results[i].status, SUBMIT_PENDING);
	driver_advance(&d, 100);
	ck_assert_uint_eq(driver_height(&d), 1);
	ck_assert_uint_eq(driver_balance(&d, 2), 20);
	for (i = 0; i < 20; i++)
		buf_release(&raw[i]);
	verify_clean();
	driver_free(&d);
}
END_TEST

/* Whoever has no money can have signatures checked; that must not make the
 * node forget who has. */
START_TEST(a_flood_of_bad_signatures_locks_nobody_out)
{
	enum { FLOOD = 9000, CHUNK = 1000 };
	static struct buf raw[CHUNK];
	static struct span spans[CHUNK];
	struct address to = test_address(2);
	unsigned i, k;

	driver_new(&d, 1000, "\"interval\": 1000000, \"min_bound\": 1000",
		   ", \"genesis_block\": {\"time\": 1699999999000}");
	ck_assert_int_eq(driver_send(&d, 1, 0, 2, 1, 0).status, SUBMIT_PENDING);
	for (i = 0; i < FLOOD; i += CHUNK) {
		for (k = 0; k < CHUNK; k++) {
			raw[k] =
				driver_transfer(&d, 1000 + i + k, 0, &to, 0, 0);
			raw[k].data[raw[k].len - 1] ^= 1;
			spans[k] = buf_span(&raw[k]);
		}
		driver_submit(&d, spans, CHUNK);
		for (k = 0; k < CHUNK; k++) {
			ck_assert_int_eq(d.results[k].fault.code,
					 ERR_BAD_SIGNATURE);
			buf_release(&raw[k]);
		}
	}
	ck_assert_uint_eq(driver_height(&d), 0);
	ck_assert_int_eq(driver_send(&d, 1, 1, 2, 1, 0).status, SUBMIT_PENDING);
	driver_free(&d);
}
END_TEST

START_TEST(bytes_that_were_checked_are_not_checked_again)
{
	struct address to = test_address(2);
	struct buf raw;
	struct span s;

	driver_new(&d, 1000, AT_ONCE, "");
	raw = driver_transfer(&d, 1, 0, &to, 10, 0);
	raw.data[raw.len - 1] ^= 1;
	s = buf_span(&raw);
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].fault.code, ERR_BAD_SIGNATURE);
	ck_assert_uint_eq(d.verified, 1);
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].fault.code, ERR_BAD_SIGNATURE);
	ck_assert_uint_eq(d.verified, 1);
	raw.data[raw.len - 1] ^= 1;
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].status, SUBMIT_PENDING);
	driver_advance(&d, 100);
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].status, SUBMIT_KNOWN);
	ck_assert_uint_eq(d.verified, 2);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

START_TEST(each_refusal_names_its_reason_and_changes_no_state)
{
	struct submit_result r;
	struct hash before;

	driver_new(&d, 1000, AT_ONCE, ", \"min_fee\": 2");
	before = root();
	r = driver_send(&d, 1, 0, 2, 10, 1);
	ck_assert_int_eq(r.fault.code, ERR_FEE_TOO_LOW);
	ck_assert_str_eq(r.fault.field, "fee");
	r = driver_send(&d, 1, 0, 2, 999, 2);
	ck_assert_int_eq(r.fault.code, ERR_INSUFFICIENT_BALANCE);
	ck_assert_str_eq(r.fault.field, "amount");
	r = driver_send(&d, 1, 64, 2, 1, 2);
	ck_assert_int_eq(r.fault.code, ERR_NONCE_GAP);
	ck_assert_str_eq(r.fault.field, "number");
	r = driver_send(&d, 2, 0, 1, 1, 2);
	ck_assert_int_eq(r.fault.code, ERR_INSUFFICIENT_BALANCE);
	r = driver_send(&d, 1, 5, 2, 1, 2);
	ck_assert_int_eq(r.fault.code, ERR_NONCE_GAP); /* no key known */
	driver_advance(&d, 1000);
	ck_assert_uint_eq(driver_height(&d), 0);
	ck_assert(hash_eq(&before, &(struct hash){{0}}) == false);
	{
		struct hash after = root();

		ck_assert(hash_eq(&before, &after));
	}
	r = driver_send(&d, 1, 0, 2, 10, 2);
	ck_assert_int_eq(r.status, SUBMIT_PENDING);
	driver_advance(&d, 100);
	r = driver_send(&d, 1, 0, 2, 11, 2);
	ck_assert_int_eq(r.fault.code, ERR_NONCE_TOO_LOW);
	ck_assert_uint_eq(driver_balance(&d, 2), 10);
	driver_free(&d);
}
END_TEST

START_TEST(a_signature_of_another_chain_is_refused)
{
	struct address to = test_address(2);
	struct driver other;
	struct buf raw;
	struct span s;

	driver_new(&other, 999, AT_ONCE, "");
	raw = driver_transfer(&other, 1, 0, &to, 10, 0);
	driver_free(&other);
	driver_new(&d, 1000, AT_ONCE, "");
	s = buf_span(&raw);
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].fault.code, ERR_BAD_SIGNATURE);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

/* --- when a block is due ----------------------------------------------- */

START_TEST(interval_holds_a_lone_transaction_back_and_min_bound_does_not)
{
	driver_new(&d, 1000, "\"interval\": 10, \"min_bound\": 3",
		   ", \"consensus\": {\"slot_ms\": 1000}");
	driver_send(&d, 1, 0, 2, 1, 0);
	driver_advance(&d, 2000);
	ck_assert_uint_eq(driver_height(&d), 1); /* genesis is long ago */
	driver_send(&d, 1, 1, 2, 1, 0);
	driver_advance(&d, 5000);
	ck_assert_uint_eq(driver_height(&d), 1);
	driver_advance(&d, 6000);
	ck_assert_uint_eq(driver_height(&d), 2);
	driver_send(&d, 1, 2, 2, 1, 0);
	driver_send(&d, 1, 3, 2, 1, 0);
	driver_advance(&d, 1000);
	ck_assert_uint_eq(driver_height(&d), 2);
	driver_send(&d, 1, 4, 2, 1, 0);
	driver_advance(&d, 2000);
	ck_assert_uint_eq(driver_height(&d), 3);
	driver_free(&d);
}
END_TEST

START_TEST(an_idle_chain_is_silent_unless_empty_blocks_are_allowed)
{
	driver_new(&d, 1000, "\"interval\": 1", "");
	driver_advance(&d, 60000);
	ck_assert_uint_eq(driver_height(&d), 0);
	ck_assert_uint_eq(d.timer, 0);
	driver_free(&d);
	driver_new(&d, 1000, "\"interval\": 5, \"allow_empty\": true", "");
	driver_advance(&d, 60000);
	ck_assert_uint_ge(driver_height(&d), 11);
	ck_assert_uint_le(driver_height(&d), 13);
	verify_clean();
	driver_free(&d);
}
END_TEST

static struct block_info block_at(uint64_t height)
{
	struct block_info b;

	ck_assert(!query_block(&b, d.node, kv_mem_view(d.mem), height));
	return b;
}

START_TEST(an_empty_block_carries_its_placeholder)
{
	struct block_info b;

	driver_new(&d, 1000,
		   "\"interval\": 1, \"allow_empty\": true, "
		   "\"placeholder_data\": [\"rnd\", 15]",
		   "");
	driver_advance(&d, 3000);
	b = block_at(1);
	ck_assert_uint_eq(b.block.header.extra.len, 15);
	block_info_release(&b);
	driver_free(&d);
	driver_new(&d, 1000,
		   "\"interval\": 1, \"allow_empty\": true, "
		   "\"placeholder_data\": [\"predef\", \"nothing\"]",
		   "");
	driver_advance(&d, 3000);
	b = block_at(1);
	ck_assert(span_eq(b.block.header.extra, span_str("nothing")));
	block_info_release(&b);
	driver_free(&d);
}
END_TEST

START_TEST(max_bound_splits_a_burst_into_blocks)
{
	struct address to = test_address(2);
	struct buf raw[10];
	struct span spans[10] = {{0}};
	struct block_info b;
	size_t i;

	driver_new(&d, 1000,
		   "\"interval\": 1, \"max_bound\": 4, \"min_bound\": 4", "");
	for (i = 0; i < 10; i++) {
		raw[i] = driver_transfer(&d, 1, i, &to, 1, 0);
		spans[i] = buf_span(&raw[i]);
	}
	driver_submit(&d, spans, 10);
	driver_advance(&d, 5000);
	ck_assert_uint_eq(driver_height(&d), 3);
	b = block_at(1);
	ck_assert_uint_eq(b.block.tx_count, 4);
	block_info_release(&b);
	b = block_at(3);
	ck_assert_uint_eq(b.block.tx_count, 2);
	block_info_release(&b);
	ck_assert_uint_eq(driver_balance(&d, 2), 10);
	for (i = 0; i < 10; i++)
		buf_release(&raw[i]);
	driver_free(&d);
}
END_TEST

START_TEST(the_reward_is_minted_until_the_cap)
{
	struct node_tip tip;
	uint64_t start = AMOUNT_MAX - 250;

	driver_new(&d, start,
		   "\"interval\": 1, \"reward\": 100, \"allow_empty\": true",
		   "");
	driver_advance(&d, 10000);
	ck_assert_uint_ge(driver_height(&d), 4);
	node_tip(d.node, &tip);
	ck_assert_uint_eq(tip.supply, AMOUNT_MAX);
	ck_assert_uint_eq(driver_balance(&d, 1), AMOUNT_MAX);
	verify_clean();
	driver_free(&d);
}
END_TEST

START_TEST(a_new_address_is_minted_its_balance_once)
{
	struct node_tip tip;

	driver_new(&d, 1000, AT_ONCE, ", \"new_address_balance\": 50");
	ck_assert_uint_eq(driver_balance(&d, 2), 50); /* never seen */
	ck_assert_int_eq(driver_send(&d, 3, 0, 2, 20, 0).status,
			 SUBMIT_PENDING);
	driver_advance(&d, 100);
	ck_assert_uint_eq(driver_balance(&d, 3), 30);
	ck_assert_uint_eq(driver_balance(&d, 2), 70);
	node_tip(d.node, &tip);
	ck_assert_uint_eq(tip.supply, 1100);
	driver_send(&d, 1, 0, 2, 1, 0);
	driver_advance(&d, 100);
	node_tip(d.node, &tip);
	ck_assert_uint_eq(tip.supply, 1100);
	verify_clean();
	driver_free(&d);
}
END_TEST

/* --- crashes and the store --------------------------------------------- */

/* At every job and commit of a short life: nothing that was told is lost,
 * and the store holds a whole number of blocks. */
START_TEST(a_crash_at_any_point_leaves_a_whole_block)
{
	uint64_t told_height = 0, height;
	unsigned round;
	uint64_t nonce = 0;

	driver_new(&d, 100000, AT_ONCE, "");
	for (round = 0; round < 60; round++) {
		unsigned steps = round % 7;

		if (driver_send(&d, 1, nonce, 2, 1, 0).status == SUBMIT_PENDING)
			nonce++;
		d.now += 20;
		driver_advance(&d, 0);
		driver_send(&d, 1, nonce, 2, 1, 0);
		while (steps-- && driver_do_one(&d))
			;
		told_height = driver_height(&d);
		driver_crash(&d);
		height = driver_height(&d);
		ck_assert_uint_ge(height, told_height);
		nonce = driver_balance(&d, 2);
		verify_clean();
	}
	ck_assert_uint_gt(driver_height(&d), 50);
	driver_free(&d);
}
END_TEST

START_TEST(a_slot_that_was_seen_signed_is_not_signed_again)
{
	struct block_info b1, b2;

	driver_new(&d, 1000, "\"interval\": 0",
		   ", \"consensus\": {\"slot_ms\": 1000}");
	driver_send(&d, 1, 0, 2, 1, 0);
	driver_settle(&d);
	ck_assert_uint_eq(driver_height(&d), 1);
	driver_crash(&d);
	driver_send(&d, 1, 1, 2, 1, 0);
	driver_settle(&d);
	ck_assert_uint_eq(driver_height(&d), 1);
	driver_advance(&d, 1000);
	ck_assert_uint_eq(driver_height(&d), 2);
	b1 = block_at(1);
	b2 = block_at(2);
	ck_assert_uint_gt(b2.block.header.time / 1000,
			  b1.block.header.time / 1000);
	block_info_release(&b1);
	block_info_release(&b2);
	driver_free(&d);
}
END_TEST

START_TEST(a_clock_that_steps_back_signs_nothing_until_it_has_caught_up)
{
	driver_new(&d, 1000, AT_ONCE, "");
	driver_send(&d, 1, 0, 2, 1, 0);
	driver_advance(&d, 100);
	ck_assert_uint_eq(driver_height(&d), 1);
	d.now -= 50000;
	driver_send(&d, 1, 1, 2, 1, 0);
	driver_advance(&d, 40000);
	ck_assert_uint_eq(driver_height(&d), 1);
	driver_advance(&d, 20000);
	ck_assert_uint_eq(driver_height(&d), 2);
	verify_clean();
	driver_free(&d);
}
END_TEST

static uint64_t nonce_of(unsigned number)
{
	struct address address = test_address(number);
	struct account a;

	ck_assert(!query_account(&a, NULL, d.node, kv_mem_view(d.mem), &address,
				 driver_height(&d)));
	return a.nonce;
}

/* One sender pays `count` addresses never seen, from a nonce on. */
static void pay_strangers(uint64_t nonce, size_t count)
{
	struct buf raw[64];
	struct span spans[64] = {{0}};
	size_t i;

	for (i = 0; i < count; i++) {
		struct address to = {{0}};

		put_be64(to.b, nonce + i + 1);
		raw[i] = driver_transfer(&d, 1, nonce + i, &to, 1, 0);
		spans[i] = buf_span(&raw[i]);
	}
	driver_submit(&d, spans, count);
	for (i = 0; i < count; i++)
		buf_release(&raw[i]);
}

/* More than the overlay holds back: flushes run, and a crash in the middle
 * of one is repaired by reading the log again. */
START_TEST(derived_tables_are_flushed_in_slices_and_survive_crashes)
{
	struct node_tip tip;
	unsigned round, steps, crashes = 0;

	driver_new(&d, AMOUNT_MAX, "\"interval\": 0", "");
	for (round = 0; round < 600; round++) {
		node_tip(d.node, &tip);
		if (tip.flushed)
			break;
		pay_strangers(nonce_of(1), 64);
		driver_advance(&d, 20);
		if (round < 375)
			continue;
		/* from here on a flush is near or under way */
		pay_strangers(nonce_of(1), 64);
		for (steps = round % 5; steps && driver_do_one(&d); steps--)
			;
		driver_crash(&d);
		crashes++;
		d.now += 20;
		node_tip(d.node, &tip);
		ck_assert_uint_ge(tip.height, round);
	}
	ck_assert_uint_gt(tip.flushed, 0);
	ck_assert_uint_gt(crashes, 0);
	verify_clean();
	driver_free(&d);
}
END_TEST

/* --- verification ------------------------------------------------------ */

static void life(void)
{
	unsigned i;

	driver_new(&d, 100000, "\"interval\": 0, \"reward\": 3", "");
	for (i = 0; i < 10; i++) {
		driver_send(&d, 1, i, 2 + i % 3, 100 + i, 1);
		driver_advance(&d, 20);
	}
	ck_assert_uint_eq(driver_height(&d), 10);
	verify_clean();
}

/* Change one byte in the middle of a value and expect it to be found. */
static void spoil(enum kv_table t, struct span key, const char *what)
{
	struct kv_batch batch = {0};
	struct verify_report report;
	struct buf copy = {0};
	struct fault f = {0};
	struct span value;

	ck_assert(!kv_get(kv_mem_view(d.mem), &value, t, key));
	buf_append_span(&copy, value);
	copy.data[copy.len / 2] ^= 1;
	kv_batch_put(&batch, t, key, buf_span(&copy));
	kv_mem_apply(d.mem, &batch);
	kv_batch_release(&batch);
	ck_assert_msg(node_verify(&report, kv_mem_view(d.mem), NULL, NULL,
				  &f) != ERR_OK,
		      "verify missed a spoilt %s", what);
	ck_assert_msg(strlen(f.detail) > 0, "no word on a spoilt %s", what);
	copy.data[copy.len / 2] ^= 1;
	kv_batch_put(&batch, t, key, buf_span(&copy));
	kv_mem_apply(d.mem, &batch);
	kv_batch_release(&batch);
	buf_release(&copy);
	verify_clean();
}

START_TEST(verify_finds_a_spoilt_block_delta_or_index)
{
	uint8_t key[HEIGHT_KEY_LEN];
	struct block_info b;
	uint64_t h;

	life();
	for (h = 0; h <= 10; h++) {
		height_key(key, h);
		spoil(KV_BLOCKS, SPAN_OF(key), "block");
		if (h)
			spoil(KV_DELTAS, SPAN_OF(key), "delta");
	}
	b = block_at(4);
	spoil(KV_HEIGHTS, hash_span(&b.hash), "index by hash");
	block_info_release(&b);
	driver_free(&d);
}
END_TEST

START_TEST(verify_finds_spoilt_marks_of_the_tip)
{
	uint8_t key[HEIGHT_KEY_LEN];

	life();
	spoil(KV_META, meta_key(META_RANGE), "mountain range");
	spoil(KV_STATES, height_key(key, driver_height(&d)),
	      "state of the engine");
	spoil(KV_META, meta_key(META_RULES), "set of rules");
	driver_free(&d);
}
END_TEST

START_TEST(verify_finds_a_missing_block)
{
	struct kv_batch batch = {0};
	struct verify_report report;
	uint8_t key[HEIGHT_KEY_LEN];
	struct fault f = {0};

	life();
	height_key(key, 5);
	kv_batch_del(&batch, KV_BLOCKS, SPAN_OF(key));
	kv_mem_apply(d.mem, &batch);
	kv_batch_release(&batch);
	ck_assert(node_verify(&report, kv_mem_view(d.mem), NULL, NULL, &f));
	ck_assert_ptr_nonnull(strstr(f.detail, "block 5"));
	driver_free(&d);
}
END_TEST

START_TEST(a_validator_must_be_an_authority)
{
	struct node_config config = {.validator = true, .has_account = true};
	struct fault f = {0};
	struct node *n;
	char hex[ADDRESS_HEX_LEN];

	driver_new(&d, 1000, AT_ONCE, "");
	config.account = test_address(9);
	ck_assert_int_eq(node_new(&n, &config, kv_mem_view(d.mem), &f),
			 ERR_BAD_PRODUCER);
	ck_assert_ptr_nonnull(
		strstr(f.detail, address_hex(hex, &config.account)));
	ck_assert_ptr_nonnull(
		strstr(f.detail, address_hex(hex, secret_key_address(d.key))));
	driver_free(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("node");
	TCase *way = tcase_create("transfer"), *due = tcase_create("due");
	TCase *crash = tcase_create("crash"), *verify = tcase_create("verify");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(way, a_transfer_moves_money_and_is_remembered);
	tcase_add_test(
		way,
		sending_it_again_is_known_and_signing_it_again_changes_nothing);
	tcase_add_test(
		way, a_burst_of_one_sender_in_one_request_goes_into_one_block);
	tcase_add_test(way, each_refusal_names_its_reason_and_changes_no_state);
	tcase_add_test(way, a_signature_of_another_chain_is_refused);
	tcase_add_test(way, a_flood_of_bad_signatures_locks_nobody_out);
	tcase_add_test(way, bytes_that_were_checked_are_not_checked_again);
	tcase_set_timeout(way, 120);
	tcase_add_test(
		due,
		interval_holds_a_lone_transaction_back_and_min_bound_does_not);
	tcase_add_test(due,
		       an_idle_chain_is_silent_unless_empty_blocks_are_allowed);
	tcase_add_test(due, an_empty_block_carries_its_placeholder);
	tcase_add_test(due, max_bound_splits_a_burst_into_blocks);
	tcase_add_test(due, the_reward_is_minted_until_the_cap);
	tcase_add_test(due, a_new_address_is_minted_its_balance_once);
	tcase_add_test(crash, a_crash_at_any_point_leaves_a_whole_block);
	tcase_add_test(crash, a_slot_that_was_seen_signed_is_not_signed_again);
	tcase_add_test(
		crash,
		a_clock_that_steps_back_signs_nothing_until_it_has_caught_up);
	tcase_add_test(
		crash,
		derived_tables_are_flushed_in_slices_and_survive_crashes);
	tcase_add_test(verify, verify_finds_a_spoilt_block_delta_or_index);
	tcase_add_test(verify, verify_finds_spoilt_marks_of_the_tip);
	tcase_add_test(verify, verify_finds_a_missing_block);
	tcase_add_test(verify, a_validator_must_be_an_authority);
	suite_add_tcase(s, way);
	suite_add_tcase(s, due);
	suite_add_tcase(s, crash);
	suite_add_tcase(s, verify);
	tcase_set_timeout(crash, 120);
	tcase_set_timeout(verify, 120);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

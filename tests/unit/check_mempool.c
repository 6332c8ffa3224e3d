/* SPDX-License-Identifier: MIT */
/*
 * The pool's rules one by one, then all of them at random against a naive
 * pool (check_mempool_model.c).
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "check_mempool.h"

#define HEIGHT 10

static struct mempool *pool;
static enum mempool_place place;
static struct fault fault;

static void setup(void)
{
	pool = mempool_new(MEMPOOL_BYTES_DEFAULT, 7);
}

static void teardown(void)
{
	mempool_free(pool);
	pool = NULL;
}

static struct account account(uint8_t who, uint64_t balance, uint64_t nonce)
{
	return (struct account){test_address(who), balance, nonce};
}

/* from, nonce, fee; 1 is paid to 200. */
static struct tx transfer(uint8_t who, uint64_t nonce, uint64_t fee)
{
	return test_tx(who, nonce, fee, 1, 200, 200);
}

static enum err add(const struct tx *tx, uint64_t balance, uint64_t nonce)
{
	struct account a = {tx->sender, balance, nonce};
	bool known;
	enum err checked, err;

	memset(&fault, 0, sizeof(fault));
	checked = mempool_check(pool, &known, tx, &a, HEIGHT, NULL);
	err = mempool_add(pool, &place, tx, &a, HEIGHT, &fault);
	/* a check may hope for the gap to close, where an addition knows */
	if (err != ERR_MEMPOOL_FULL || checked != ERR_OK)
		ck_assert_int_eq(checked, err);
	return err;
}

static void must_add(const struct tx *tx, uint64_t balance, uint64_t nonce,
		     enum mempool_place where)
{
	ck_assert_int_eq(add(tx, balance, nonce), ERR_OK);
	ck_assert_int_eq(place, where);
}

static bool is_in(const struct tx *tx, enum mempool_place where)
{
	struct mempool_entry e;

	return mempool_get(pool, &e, &tx->id) && e.place == where;
}

static bool is_gone(const struct tx *tx, enum err why)
{
	struct mempool_entry e;

	return !mempool_get(pool, &e, &tx->id) &&
	       mempool_dropped(pool, &tx->id) == why;
}

START_TEST(an_entry_owns_its_bytes)
{
	struct tx a = transfer(1, 0, 1);
	uint8_t bytes[300];
	struct mempool_entry e;

	memcpy(bytes, a.raw.data, a.raw.len);
	a.raw.data = bytes;
	a.body = SPAN(bytes + 1, 100);
	a.data = SPAN(bytes + 20, 8);
	a.key = SPAN(NULL, 0);
	a.signature = SPAN(bytes + 110, 64);
	must_add(&a, 100, 0, MEMPOOL_PENDING);
	memset(bytes, 0xee, sizeof(bytes));
	ck_assert(mempool_get(pool, &e, &a.id));
	ck_assert(!span_eq(e.tx->raw, a.raw));
	ck_assert_ptr_eq(e.tx->body.data, e.tx->raw.data + 1);
	ck_assert_ptr_eq(e.tx->data.data, e.tx->raw.data + 20);
	ck_assert_ptr_eq(e.tx->signature.data, e.tx->raw.data + 110);
	ck_assert_uint_eq(e.tx->signature.len, 64);
	ck_assert_uint_eq(e.tx->key.len, 0);
	ck_assert_uint_eq(mempool_bytes(pool), 200 + MEMPOOL_ENTRY_COST);
}
END_TEST

START_TEST(a_known_id_is_a_success_whatever_the_account)
{
	struct tx a = transfer(1, 0, 1), other;
	struct account broke = account(1, 0, 5);
	struct mempool_entry e;
	bool known;

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	other = a;
	other.full.b[0] ^= 1; /* another signature */
	ck_assert_int_eq(
		mempool_check(pool, &known, &other, &broke, HEIGHT, NULL),
		ERR_OK);
	ck_assert(known);
	ck_assert_int_eq(
		mempool_add(pool, &place, &other, &broke, HEIGHT, NULL),
		ERR_OK);
	ck_assert_uint_eq(mempool_count(pool), 1);
	ck_assert(mempool_get(pool, &e, &a.id));
	ck_assert_mem_eq(e.tx->full.b, a.full.b, HASH_LEN);
}
END_TEST

START_TEST(nonces_are_taken_from_the_account_s_to_63_ahead)
{
	struct tx low = transfer(1, 4, 1), first = transfer(1, 5, 1),
		  last = transfer(1, 68, 1), beyond = transfer(1, 69, 1);

	ck_assert_int_eq(add(&low, 100, 5), ERR_NONCE_TOO_LOW);
	ck_assert_str_eq(fault.field, "number");
	ck_assert_int_eq(add(&beyond, 100, 5), ERR_NONCE_GAP);
	ck_assert_str_eq(fault.field, "number");
	must_add(&last, 100, 5, MEMPOOL_QUEUED);
	must_add(&first, 100, 5, MEMPOOL_PENDING);
	ck_assert_uint_eq(mempool_count(pool), 2);
	ck_assert_uint_eq(mempool_executable(pool), 1);
	ck_assert_uint_eq(mempool_drops(pool), 0);
}
END_TEST

START_TEST(a_closed_gap_makes_what_stood_behind_it_pending)
{
	struct tx a = transfer(1, 0, 1), b = transfer(1, 1, 1),
		  c = transfer(1, 2, 1), d = transfer(1, 4, 1);
	uint64_t in, out;

	must_add(&d, 100, 0, MEMPOOL_QUEUED);
	must_add(&c, 100, 0, MEMPOOL_QUEUED);
	must_add(&b, 100, 0, MEMPOOL_QUEUED);
	ck_assert_uint_eq(mempool_next_nonce(pool, &a.sender, 0), 0);
	mempool_flow(pool, &in, &out, &a.sender);
	ck_assert_uint_eq(out, 0);
	must_add(&a, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_in(&b, MEMPOOL_PENDING) && is_in(&c, MEMPOOL_PENDING));
	ck_assert(is_in(&d, MEMPOOL_QUEUED));
	ck_assert_uint_eq(mempool_next_nonce(pool, &a.sender, 0), 3);
	mempool_flow(pool, &in, &out, &a.sender);
	ck_assert_uint_eq(out, 6);
	mempool_flow(pool, &in, &out, &a.recipient);
	ck_assert_uint_eq(in, 3);
}
END_TEST

START_TEST(valid_until_is_inclusive)
{
	struct tx past = transfer(1, 0, 1), now = transfer(2, 0, 1),
		  later = transfer(2, 1, 1), never = transfer(3, 0, 1);

	past.valid_until = HEIGHT - 1;
	now.valid_until = HEIGHT;
	later.valid_until = HEIGHT + 1;
	ck_assert_int_eq(add(&past, 100, 0), ERR_EXPIRED);
	ck_assert_str_eq(fault.field, "valid_until");
	must_add(&now, 100, 0, MEMPOOL_PENDING);
	must_add(&later, 100, 0, MEMPOOL_PENDING);
	must_add(&never, 100, 0, MEMPOOL_PENDING);
	mempool_expire(pool, HEIGHT);
	ck_assert_uint_eq(mempool_count(pool), 3);
	mempool_expire(pool, HEIGHT + 1);
	ck_assert(is_gone(&now, ERR_EXPIRED));
	ck_assert(is_in(&later, MEMPOOL_QUEUED));
	mempool_expire(pool, UINT64_MAX);
	ck_assert(is_gone(&later, ERR_EXPIRED));
	ck_assert(is_in(&never, MEMPOOL_PENDING));
	ck_assert_uint_eq(mempool_drops(pool), 2);
}
END_TEST

START_TEST(amount_and_fee_together_stay_below_the_cap)
{
	struct tx a = transfer(1, 0, 1);

	a.amount = AMOUNT_MAX;
	ck_assert_int_eq(add(&a, AMOUNT_MAX, 0), ERR_AMOUNT_OVERFLOW);
	ck_assert_str_eq(fault.field, "amount");
	a.amount = AMOUNT_MAX - 1;
	must_add(&a, AMOUNT_MAX, 0, MEMPOOL_PENDING);
}
END_TEST

START_TEST(earlier_pending_nonces_are_paid_first)
{
	struct tx a = test_tx(1, 0, 0, 60, 200, 200),
		  b = test_tx(1, 1, 0, 41, 200, 200),
		  c = test_tx(1, 1, 0, 40, 200, 200),
		  d = test_tx(1, 2, 0, 1, 200, 200),
		  e = test_tx(1, 3, 0, 1, 200, 200);

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(add(&b, 100, 0), ERR_INSUFFICIENT_BALANCE);
	ck_assert_str_eq(fault.field, "amount");
	must_add(&c, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(add(&d, 100, 0), ERR_INSUFFICIENT_BALANCE);
	/* and what is behind a gap is paid after them too */
	ck_assert_int_eq(add(&e, 100, 0), ERR_INSUFFICIENT_BALANCE);
}
END_TEST

START_TEST(queued_ones_that_a_closed_gap_shows_unpayable_are_dropped)
{
	struct tx a = test_tx(1, 0, 0, 30, 200, 200),
		  b = test_tx(1, 1, 0, 60, 200, 200),
		  c = test_tx(1, 2, 0, 60, 200, 200),
		  d = test_tx(1, 3, 0, 10, 200, 200);

	must_add(&d, 100, 0, MEMPOOL_QUEUED);
	must_add(&c, 100, 0, MEMPOOL_QUEUED);
	must_add(&b, 100, 0, MEMPOOL_QUEUED);
	must_add(&a, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_in(&b, MEMPOOL_PENDING));
	ck_assert(is_gone(&c, ERR_INSUFFICIENT_BALANCE));
	ck_assert(is_in(&d, MEMPOOL_QUEUED));
}
END_TEST

START_TEST(a_replacement_pays_a_tenth_more_rounded_up)
{
	struct tx a = transfer(1, 0, 11), less = transfer(1, 0, 12),
		  enough = transfer(1, 0, 13);

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(add(&less, 100, 0), ERR_REPLACEMENT_FEE_TOO_LOW);
	ck_assert_str_eq(fault.field, "fee");
	must_add(&enough, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_gone(&a, ERR_REPLACED));
	ck_assert_uint_eq(mempool_count(pool), 1);
	ck_assert_uint_eq(mempool_drops(pool), 1);
}
END_TEST

START_TEST(a_replacement_of_a_free_one_is_not_free)
{
	struct tx a = transfer(1, 3, 0), b = transfer(1, 3, 0),
		  c = transfer(1, 3, 1);

	must_add(&a, 100, 0, MEMPOOL_QUEUED);
	ck_assert_int_eq(add(&b, 100, 0), ERR_REPLACEMENT_FEE_TOO_LOW);
	must_add(&c, 100, 0, MEMPOOL_QUEUED);
	ck_assert(is_gone(&a, ERR_REPLACED));
}
END_TEST

START_TEST(the_replaced_one_is_not_paid_twice)
{
	struct tx a = test_tx(1, 0, 10, 80, 200, 200),
		  b = test_tx(1, 0, 20, 80, 200, 200),
		  c = test_tx(1, 0, 22, 79, 200, 200);

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(add(&c, 100, 0), ERR_INSUFFICIENT_BALANCE);
	ck_assert(is_in(&b, MEMPOOL_PENDING));
}
END_TEST

START_TEST(a_dearer_replacement_drops_what_cannot_be_paid_after_it)
{
	struct tx a = test_tx(1, 0, 0, 10, 200, 200),
		  b = test_tx(1, 1, 0, 50, 200, 200),
		  c = test_tx(1, 2, 0, 10, 200, 200),
		  d = test_tx(1, 0, 1, 60, 200, 200);

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	must_add(&c, 100, 0, MEMPOOL_PENDING);
	must_add(&d, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_gone(&a, ERR_REPLACED));
	ck_assert(is_gone(&b, ERR_INSUFFICIENT_BALANCE));
	ck_assert(is_in(&c, MEMPOOL_QUEUED));
	ck_assert_uint_eq(mempool_executable(pool), 1);
}
END_TEST

/* Room for n transactions of 200 bytes. */
static void small_pool(size_t n)
{
	mempool_free(pool);
	pool = mempool_new(n * (200 + MEMPOOL_ENTRY_COST), 7);
}

START_TEST(a_full_pool_drops_the_cheapest_and_queues_what_follows_it)
{
	struct tx a = transfer(1, 0, 5), a2 = transfer(1, 1, 50),
		  b = transfer(2, 0, 6), c = transfer(3, 0, 7);

	small_pool(3);
	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&a2, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	must_add(&c, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_gone(&a, ERR_MEMPOOL_FULL));
	ck_assert(is_in(&a2, MEMPOOL_QUEUED));
	ck_assert_uint_eq(mempool_bytes(pool), 3 * (200 + MEMPOOL_ENTRY_COST));
}
END_TEST

START_TEST(a_newcomer_that_would_be_the_cheapest_is_refused)
{
	struct tx a = transfer(1, 0, 5), b = transfer(2, 0, 9),
		  same = transfer(3, 0, 5), less = transfer(3, 0, 4),
		  more = transfer(3, 0, 6);

	small_pool(2);
	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(add(&less, 100, 0), ERR_MEMPOOL_FULL);
	ck_assert_str_eq(fault.field, "fee");
	ck_assert_int_eq(add(&same, 100, 0), ERR_MEMPOOL_FULL);
	ck_assert_uint_eq(mempool_drops(pool), 0);
	must_add(&more, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_gone(&a, ERR_MEMPOOL_FULL));
}
END_TEST

START_TEST(promised_fees_behind_gaps_push_no_pending_one_out)
{
	struct tx free_one = transfer(1, 0, 0), rich = transfer(2, 5, 1000),
		  gap = transfer(3, 5, 999), poor = transfer(4, 0, 0);

	small_pool(2);
	must_add(&free_one, 100, 0, MEMPOOL_PENDING);
	must_add(&gap, 2000, 0, MEMPOOL_QUEUED);
	must_add(&rich, 2000, 0, MEMPOOL_QUEUED);
	ck_assert(is_gone(&gap, ERR_MEMPOOL_FULL));
	must_add(&poor, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_gone(&rich, ERR_MEMPOOL_FULL));
	ck_assert_int_eq(add(&gap, 2000, 0), ERR_MEMPOOL_FULL);
}
END_TEST

START_TEST(a_full_pool_has_room_for_a_run_that_is_sent_at_once)
{
	struct tx low = transfer(1, 0, 1), lower = transfer(2, 0, 1),
		  first = transfer(3, 0, 5), second = transfer(3, 1, 5);
	struct account a = account(3, 100, 0);
	bool known;

	small_pool(2);
	must_add(&low, 100, 0, MEMPOOL_PENDING);
	must_add(&lower, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(mempool_check(pool, &known, &first, &a, HEIGHT, NULL),
			 ERR_OK);
	ck_assert_int_eq(mempool_check(pool, &known, &second, &a, HEIGHT, NULL),
			 ERR_OK);
	ck_assert_int_eq(mempool_add(pool, &place, &second, &a, HEIGHT, NULL),
			 ERR_MEMPOOL_FULL);
	must_add(&first, 100, 0, MEMPOOL_PENDING);
	must_add(&second, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_gone(&low, ERR_MEMPOOL_FULL));
	ck_assert(is_gone(&lower, ERR_MEMPOOL_FULL));
}
END_TEST

START_TEST(a_big_newcomer_drops_several_but_none_in_vain)
{
	struct tx a = transfer(1, 0, 1), b = transfer(2, 0, 2),
		  c = transfer(3, 0, 300);
	struct tx big = test_tx(4, 0, 3000, 1, 200, 600);
	struct tx huge = test_tx(4, 0, 1500, 1, 200, 1100);

	small_pool(3);
	must_add(&a, 1000, 0, MEMPOOL_PENDING);
	must_add(&b, 1000, 0, MEMPOOL_PENDING);
	must_add(&c, 1000, 0, MEMPOOL_PENDING);
	/* all three would have to go, but the third is dearer per byte */
	ck_assert_int_eq(add(&huge, 9000, 0), ERR_MEMPOOL_FULL);
	ck_assert_uint_eq(mempool_count(pool), 3);
	must_add(&big, 9000, 0, MEMPOOL_PENDING);
	ck_assert(is_gone(&a, ERR_MEMPOOL_FULL));
	ck_assert(is_gone(&b, ERR_MEMPOOL_FULL));
	ck_assert(is_in(&c, MEMPOOL_PENDING));
}
END_TEST

START_TEST(no_newcomer_drops_an_earlier_nonce_of_its_sender)
{
	struct tx a = transfer(1, 0, 1), b = transfer(2, 0, 9),
		  next = transfer(1, 1, 90);

	small_pool(2);
	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(add(&next, 100, 0), ERR_MEMPOOL_FULL);
	ck_assert(is_in(&a, MEMPOOL_PENDING));
}
END_TEST

START_TEST(a_replacement_in_a_full_pool_takes_the_room_of_the_old)
{
	struct tx a = transfer(1, 0, 1), b = transfer(2, 0, 9),
		  again = transfer(1, 0, 2);

	small_pool(2);
	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	must_add(&again, 100, 0, MEMPOOL_PENDING);
	ck_assert(is_in(&b, MEMPOOL_PENDING));
	ck_assert_uint_eq(mempool_drops(pool), 1);
}
END_TEST

START_TEST(a_block_removes_what_it_includes_without_a_drop)
{
	struct tx a = transfer(1, 0, 1), b = transfer(1, 1, 1),
		  c = transfer(1, 2, 1), d = transfer(1, 4, 1);
	struct account after = account(1, 96, 2);

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	must_add(&c, 100, 0, MEMPOOL_PENDING);
	must_add(&d, 100, 0, MEMPOOL_QUEUED);
	mempool_remove_included(pool, &a.id);
	ck_assert(is_in(&b, MEMPOOL_PENDING) && is_in(&c, MEMPOOL_PENDING));
	mempool_remove_included(pool, &b.id);
	mempool_account_changed(pool, &after);
	ck_assert(is_gone(&a, ERR_OK) && is_gone(&b, ERR_OK));
	ck_assert(is_in(&c, MEMPOOL_PENDING) && is_in(&d, MEMPOOL_QUEUED));
	ck_assert_uint_eq(mempool_next_nonce(pool, &a.sender, 2), 3);
	ck_assert_uint_eq(mempool_drops(pool), 0);
}
END_TEST

START_TEST(another_s_transaction_with_the_nonce_drops_ours)
{
	struct tx a = transfer(1, 0, 1), b = transfer(1, 1, 1);
	struct account after = account(1, 90, 1);

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	mempool_account_changed(pool, &after);
	ck_assert(is_gone(&a, ERR_NONCE_TOO_LOW));
	ck_assert(is_in(&b, MEMPOOL_PENDING));
}
END_TEST

START_TEST(a_smaller_balance_drops_what_it_does_not_reach)
{
	struct tx a = test_tx(1, 0, 0, 40, 200, 200),
		  b = test_tx(1, 1, 0, 40, 200, 200),
		  c = test_tx(1, 2, 0, 5, 200, 200);
	struct account after = account(1, 50, 0);

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	must_add(&b, 100, 0, MEMPOOL_PENDING);
	must_add(&c, 100, 0, MEMPOOL_PENDING);
	mempool_account_changed(pool, &after);
	ck_assert(is_in(&a, MEMPOOL_PENDING));
	ck_assert(is_gone(&b, ERR_INSUFFICIENT_BALANCE));
	ck_assert(is_in(&c, MEMPOOL_QUEUED));
}
END_TEST

START_TEST(a_nonce_that_goes_back_leaves_a_gap_and_a_bounded_queue)
{
	struct tx a = transfer(1, 10, 1), last = transfer(1, 73, 1);
	struct account back = account(1, 100, 9), forth = account(1, 100, 10);

	must_add(&a, 100, 10, MEMPOOL_PENDING);
	must_add(&last, 100, 10, MEMPOOL_QUEUED);
	mempool_account_changed(pool, &back);
	ck_assert(is_in(&a, MEMPOOL_QUEUED));
	ck_assert(is_gone(&last, ERR_NONCE_GAP));
	mempool_account_changed(pool, &forth);
	ck_assert(is_in(&a, MEMPOOL_PENDING));
}
END_TEST

START_TEST(picks_go_by_fee_per_byte_then_arrival_each_sender_in_order)
{
	/* fees per byte: 2, 10; 5; 5 (larger, later) */
	struct tx a0 = test_tx(1, 0, 400, 1, 200, 200),
		  a1 = test_tx(1, 1, 2000, 1, 200, 200),
		  b0 = test_tx(2, 0, 1000, 1, 200, 200),
		  c0 = test_tx(3, 0, 1500, 1, 200, 300);
	const struct tx *want[] = {&b0, &c0, &a0, &a1};
	struct mempool_pick *p;
	const struct tx *tx;
	size_t i;

	must_add(&a0, 9000, 0, MEMPOOL_PENDING);
	must_add(&a1, 9000, 0, MEMPOOL_PENDING);
	must_add(&b0, 9000, 0, MEMPOOL_PENDING);
	must_add(&c0, 9000, 0, MEMPOOL_PENDING);
	p = mempool_pick_new(pool);
	for (i = 0; i < ARRAY_LEN(want); i++) {
		tx = mempool_pick_next(p);
		ck_assert_ptr_nonnull(tx);
		ck_assert_mem_eq(tx->id.b, want[i]->id.b, HASH_LEN);
	}
	ck_assert_ptr_null(mempool_pick_next(p));
	ck_assert_ptr_null(mempool_pick_next(p));
	mempool_pick_free(p);
	mempool_pick_free(NULL);
}
END_TEST

START_TEST(a_skipped_sender_s_rest_stays_out_of_the_pick)
{
	struct tx a0 = transfer(1, 0, 9), a1 = transfer(1, 1, 9),
		  b0 = transfer(2, 0, 1);
	struct mempool_pick *p;

	must_add(&a0, 100, 0, MEMPOOL_PENDING);
	must_add(&a1, 100, 0, MEMPOOL_PENDING);
	must_add(&b0, 100, 0, MEMPOOL_PENDING);
	p = mempool_pick_new(pool);
	ck_assert_uint_eq(mempool_pick_next(p)->fee, 9);
	mempool_pick_skip_sender(p);
	ck_assert_uint_eq(mempool_pick_next(p)->fee, 1);
	ck_assert_ptr_null(mempool_pick_next(p));
	mempool_pick_free(p);
}
END_TEST

START_TEST(fees_per_byte_that_nearly_tie_are_told_apart)
{
	/* Per byte, with x = 2^40: a and b x, c x - 1/4096, d x + 1/4096, and
	 * e x - 1/4095, less than c by 1/(4095 * 4096): no two can be closer.
	 */
	uint64_t x = UINT64_C(1) << 40;
	struct tx a = test_tx(1, 0, 4096 * x, 0, 200, 4096),
		  b = test_tx(2, 0, 4095 * x, 0, 200, 4095),
		  c = test_tx(3, 0, 4096 * x - 1, 0, 200, 4096),
		  d = test_tx(4, 0, 4096 * x + 1, 0, 200, 4096),
		  e = test_tx(5, 0, 4095 * x - 1, 0, 200, 4095);
	const struct tx *want[] = {&d, &a, &b, &c, &e};
	struct mempool_pick *p;
	size_t i;

	must_add(&e, AMOUNT_MAX, 0, MEMPOOL_PENDING);
	must_add(&c, AMOUNT_MAX, 0, MEMPOOL_PENDING);
	must_add(&a, AMOUNT_MAX, 0, MEMPOOL_PENDING);
	must_add(&b, AMOUNT_MAX, 0, MEMPOOL_PENDING);
	must_add(&d, AMOUNT_MAX, 0, MEMPOOL_PENDING);
	p = mempool_pick_new(pool);
	for (i = 0; i < ARRAY_LEN(want); i++)
		ck_assert_mem_eq(mempool_pick_next(p)->id.b, want[i]->id.b,
				 HASH_LEN);
	mempool_pick_free(p);
}
END_TEST

START_TEST(the_walk_goes_on_by_arrival_while_the_pool_changes)
{
	struct tx txs[40];
	struct mempool_entry e;
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(txs); i++) {
		txs[i] = transfer((uint8_t)(i + 1), 0, 1);
		must_add(&txs[i], 100, 0, MEMPOOL_PENDING);
	}
	for (i = 0; i < 5; i++) {
		ck_assert(mempool_next(pool, &e, &at));
		ck_assert_mem_eq(e.tx->id.b, txs[i].id.b, HASH_LEN);
	}
	/* what the cursor stands on goes, and nearly all behind it */
	for (i = 4; i < 39; i++)
		mempool_remove_included(pool, &txs[i].id);
	ck_assert(mempool_next(pool, &e, &at));
	ck_assert_mem_eq(e.tx->id.b, txs[39].id.b, HASH_LEN);
	ck_assert(!mempool_next(pool, &e, &at));
	must_add(&txs[20], 100, 0, MEMPOOL_PENDING);
	ck_assert(mempool_next(pool, &e, &at));
	ck_assert_mem_eq(e.tx->id.b, txs[20].id.b, HASH_LEN);
}
END_TEST

START_TEST(reasons_are_kept_for_the_last_4096_drops)
{
	struct tx first = transfer(1, 0, 1), tx, second = first;
	struct account paid = account(1, 100, 0);
	size_t i;

	for (i = 0; i < MEMPOOL_DROPPED_KEPT + 1; i++) {
		tx = transfer(1, 0, 1);
		if (i == 0)
			tx = first;
		if (i == 1)
			second = tx;
		must_add(&tx, 100, 0, MEMPOOL_PENDING);
		paid.balance = 0;
		mempool_account_changed(pool, &paid);
	}
	ck_assert_uint_eq(mempool_drops(pool), MEMPOOL_DROPPED_KEPT + 1);
	ck_assert(is_gone(&first, ERR_OK));
	ck_assert(is_gone(&second, ERR_INSUFFICIENT_BALANCE));
	ck_assert(is_gone(&tx, ERR_INSUFFICIENT_BALANCE));
	/* what comes back is not dropped any more */
	must_add(&tx, 100, 0, MEMPOOL_PENDING);
	ck_assert_int_eq(mempool_dropped(pool, &tx.id), ERR_OK);
	/* nor is what a block has after all */
	mempool_remove_included(pool, &second.id);
	ck_assert(is_gone(&second, ERR_OK));
}
END_TEST

START_TEST(an_id_that_is_dropped_twice_is_remembered_from_the_second)
{
	struct tx twice = transfer(1, 0, 1), tx;
	struct account paid = account(1, 0, 0);
	size_t i;

	for (i = 0; i < MEMPOOL_DROPPED_KEPT + 1; i++) {
		tx = i == 0 || i == 10 ? twice : transfer(1, 0, 1);
		must_add(&tx, 100, 0, MEMPOOL_PENDING);
		mempool_account_changed(pool, &paid);
	}
	/* the place of the first time has gone to another by now */
	ck_assert(is_gone(&twice, ERR_INSUFFICIENT_BALANCE));
}
END_TEST

START_TEST(a_payment_to_oneself_flows_both_ways)
{
	struct tx a = test_tx(1, 0, 2, 10, 1, 200);
	uint64_t in, out;

	must_add(&a, 100, 0, MEMPOOL_PENDING);
	mempool_flow(pool, &in, &out, &a.sender);
	ck_assert_uint_eq(in, 10);
	ck_assert_uint_eq(out, 12);
	mempool_remove_included(pool, &a.id);
	mempool_flow(pool, &in, &out, &a.sender);
	ck_assert_uint_eq(in, 0);
	ck_assert_uint_eq(out, 0);
}
END_TEST

START_TEST(the_pool_does_what_a_naive_pool_does)
{
	test_model((uint64_t)_i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mempool");
	TCase *t = tcase_create("rules");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_entry_owns_its_bytes);
	tcase_add_test(t, a_known_id_is_a_success_whatever_the_account);
	tcase_add_test(t, nonces_are_taken_from_the_account_s_to_63_ahead);
	tcase_add_test(t, a_closed_gap_makes_what_stood_behind_it_pending);
	tcase_add_test(t, valid_until_is_inclusive);
	tcase_add_test(t, amount_and_fee_together_stay_below_the_cap);
	tcase_add_test(t, earlier_pending_nonces_are_paid_first);
	tcase_add_test(
		t, queued_ones_that_a_closed_gap_shows_unpayable_are_dropped);
	tcase_add_test(t, a_replacement_pays_a_tenth_more_rounded_up);
	tcase_add_test(t, a_replacement_of_a_free_one_is_not_free);
	tcase_add_test(t, the_replaced_one_is_not_paid_twice);
	tcase_add_test(t,
		       a_dearer_replacement_drops_what_cannot_be_paid_after_it);
	tcase_add_test(
		t, a_full_pool_drops_the_cheapest_and_queues_what_follows_it);
	tcase_add_test(t, a_newcomer_that_would_be_the_cheapest_is_refused);
	tcase_add_test(t, promised_fees_behind_gaps_push_no_pending_one_out);
	tcase_add_test(t, a_full_pool_has_room_for_a_run_that_is_sent_at_once);
	tcase_add_test(t, a_big_newcomer_drops_several_but_none_in_vain);
	tcase_add_test(t, no_newcomer_drops_an_earlier_nonce_of_its_sender);
	tcase_add_test(t,
		       a_replacement_in_a_full_pool_takes_the_room_of_the_old);
	tcase_add_test(t, a_block_removes_what_it_includes_without_a_drop);
	tcase_add_test(t, another_s_transaction_with_the_nonce_drops_ours);
	tcase_add_test(t, a_smaller_balance_drops_what_it_does_not_reach);
	tcase_add_test(t,
		       a_nonce_that_goes_back_leaves_a_gap_and_a_bounded_queue);
	tcase_add_test(
		t, picks_go_by_fee_per_byte_then_arrival_each_sender_in_order);
	tcase_add_test(t, a_skipped_sender_s_rest_stays_out_of_the_pick);
	tcase_add_test(t, fees_per_byte_that_nearly_tie_are_told_apart);
	tcase_add_test(t, the_walk_goes_on_by_arrival_while_the_pool_changes);
	tcase_add_test(t, reasons_are_kept_for_the_last_4096_drops);
	tcase_add_test(
		t, an_id_that_is_dropped_twice_is_remembered_from_the_second);
	tcase_add_test(t, a_payment_to_oneself_flows_both_ways);
	suite_add_tcase(s, t);

	t = tcase_create("model");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, the_pool_does_what_a_naive_pool_does, 0, 40);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

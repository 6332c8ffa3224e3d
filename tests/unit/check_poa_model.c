/* SPDX-License-Identifier: MIT */
/*
 * The poa engine beside a model that counts: chains of random slots, kept as
 * lists; settled by counting distinct signers, missed slots by going through
 * them one by one, all from the start for each question.
 */
#include <check.h>
#include <string.h>

#include "base/rng.h"
#include "driver.h"
#include "poa_fixture.h"

#define LENGTH 60
#define CHAINS 60

/* The chain of the model; [0] is genesis. The signer is slot mod n. */
static struct {
	uint64_t slot[LENGTH + 1];
	bool has_txs[LENGTH + 1];
	/* heights, with that block as the tip */
	uint64_t backed[LENGTH + 1];
	uint64_t settled[LENGTH + 1];
	uint64_t tip;
	size_t n;
} m;

static size_t signer(uint64_t height)
{
	return (size_t)(m.slot[height] % m.n);
}

/* Distinct authorities that signed from that height on, up to the tip. */
static size_t signers_from(uint64_t height, uint64_t tip)
{
	bool seen[MINERS_TEST_MAX] = {false};
	size_t count = 0;

	for (; height <= tip; height++) {
		count += !seen[signer(height)];
		seen[signer(height)] = true;
	}
	return count;
}

/* The highest block that a quorum signed or built upon. */
static uint64_t naive_backed(uint64_t tip)
{
	uint64_t h;

	for (h = tip; h > 0; h--)
		if (signers_from(h, tip) >= 2 * m.n / 3 + 1)
			break;
	return h;
}

static bool has_slot(uint64_t slot, uint64_t tip)
{
	uint64_t h;

	for (h = 1; h <= tip; h++)
		if (m.slot[h] == slot)
			return true;
	return false;
}

/* Whether its latest block up to the tip is at `since` or above, and no slot
 * of its own between the block and that one is empty here. */
static bool naive_stands(size_t miner, uint64_t block, uint64_t since,
			 uint64_t tip)
{
	uint64_t last = tip, slot;

	while (last >= since && last > 0 && signer(last) != miner)
		last--;
	if (!last || last < since)
		return false;
	for (slot = m.slot[block] + 1; slot < m.slot[last]; slot++)
		if (slot % m.n == miner && !has_slot(slot, tip))
			return false;
	return true;
}

/* The highest block that was backed, and then built upon by a quorum whose
 * every slot in between is in this chain; at this tip or an earlier one. */
static uint64_t naive_settled(uint64_t tip)
{
	uint64_t best = tip ? m.settled[tip - 1] : 0, since;
	size_t i, count;

	for (since = 1; since <= tip; since++) {
		if (m.backed[since] <= best ||
		    m.backed[since] == m.backed[since - 1])
			continue;
		for (i = count = 0; i < m.n; i++)
			count += naive_stands(i, m.backed[since], since, tip);
		if (count >= 2 * m.n / 3 + 1)
			best = m.backed[since];
	}
	return best;
}

static uint64_t naive_last_txs(uint64_t tip)
{
	while (tip && !m.has_txs[tip])
		tip--;
	return tip;
}

static bool naive_filling(uint64_t tip)
{
	return naive_last_txs(tip) > m.settled[tip];
}

static uint64_t naive_last_block(size_t miner)
{
	uint64_t h = m.tip;

	while (h && signer(h) != miner)
		h--;
	return h;
}

/* Its slots behind `since` in which all were to make a block, and it did
 * not. */
static uint64_t naive_missed(size_t miner, uint64_t since)
{
	uint64_t h, slot, count = 0;

	for (h = 1; h <= m.tip; h++) {
		if (!naive_filling(h - 1))
			continue;
		for (slot = m.slot[h - 1] + 1; slot < m.slot[h]; slot++)
			count += slot > since && slot % m.n == miner;
	}
	return count;
}

static struct engine_block next_block(struct rng *rng, uint64_t far)
{
	uint64_t gap = 1 + rng_below(rng, rng_below(rng, 3) ? 2 : 3 * m.n);
	uint64_t h = ++m.tip;

	if (!rng_below(rng, 20))
		gap += rng_below(rng, far);
	m.slot[h] = m.slot[h - 1] + gap;
	m.has_txs[h] = !rng_below(rng, 5);
	m.backed[h] = naive_backed(h);
	m.settled[h] = naive_settled(h);
	return block_of(h,
			GENESIS_TIME + m.slot[h] * 1000 + rng_below(rng, 1000),
			signer(h), m.has_txs[h]);
}

static void ck_as_the_model_says(struct engine *e, uint64_t now)
{
	struct engine_authority a;
	struct engine_status s;
	uint64_t height;
	size_t i;

	ck_assert_uint_eq(engine_poa.settled(e), m.settled[m.tip]);
	ck_assert_uint_eq(engine_poa.rank(e),
			  m.backed[m.tip] ? m.slot[m.backed[m.tip]] + 1 : 0);
	engine_poa.status(e, now, NULL, &s);
	ck_assert_uint_eq(s.quorum, 2 * m.n / 3 + 1);
	ck_assert_uint_eq(s.last_with_txs, naive_last_txs(m.tip));
	ck_assert_int_eq(s.filling, naive_filling(m.tip));
	ck_assert_uint_eq(s.signed_count,
			  s.last_with_txs ? signers_from(s.last_with_txs, m.tip)
					  : 0);
	ck_assert(!s.has_own_slot);
	for (i = 0; engine_poa.authority(e, i, &a); i++) {
		uint64_t h, made = 0;

		height = naive_last_block(i);
		for (h = 1; h <= m.tip; h++)
			made += signer(h) == i;
		ck_assert(address_eq(&a.account, &miners[i]));
		ck_assert_int_eq(a.has_height, height > 0);
		ck_assert_uint_eq(a.height, height);
		if (height)
			ck_assert_uint_eq(a.slot_start,
					  GENESIS_TIME + m.slot[height] * 1000);
		ck_assert_uint_eq(a.made, made);
		ck_assert_uint_eq(a.missed, naive_missed(i, 0));
		ck_assert_uint_eq(a.missed_since,
				  naive_missed(i, m.slot[height]));
	}
	ck_assert_uint_eq(i, m.n);
}

/* One that begins where the other was saved with this block. */
static struct engine *reopened(const struct engine *e,
			       const struct engine_block *b)
{
	struct buf state = {0};
	struct engine *again;

	engine_poa.save(e, &state, b);
	ck_assert(!engine_poa.create(&again, &rules, NULL, NULL));
	ck_assert(!engine_poa.restore(again, buf_span(&state), b));
	buf_release(&state);
	return again;
}

static void new_chain(size_t n)
{
	struct engine_block genesis = {.time = GENESIS_TIME};

	memset(&m, 0, sizeof(m));
	m.n = n;
	make_engine(n, 1000);
	engine_poa.accept(engine, &genesis);
}

START_TEST(what_it_counts_is_what_a_model_counts)
{
	struct engine_block b;
	struct rng rng;
	int chain;

	rng_seed(&rng, 5);
	for (chain = 0; chain < CHAINS; chain++) {
		new_chain(1 + (size_t)chain % MINERS_TEST_MAX);
		while (m.tip < LENGTH) {
			b = next_block(&rng, 500);
			engine_poa.accept(engine, &b);
			ck_as_the_model_says(engine, b.time);
		}
		engine_poa.destroy(engine);
	}
}
END_TEST

START_TEST(saved_and_restored_at_any_block_it_goes_on_the_same)
{
	struct engine_block b;
	struct engine *next;
	struct rng rng;
	int chain;

	rng_seed(&rng, 6);
	for (chain = 0; chain < CHAINS; chain++) {
		new_chain(1 + (size_t)chain % MINERS_TEST_MAX);
		while (m.tip < LENGTH) {
			b = next_block(&rng, 500);
			next = reopened(engine, &b);
			/* saving changes nothing */
			engine_poa.accept(engine, &b);
			ck_as_the_model_says(engine, b.time);
			ck_as_the_model_says(next, b.time);
			if (rng_below(&rng, 2)) {
				engine_poa.destroy(engine);
				engine = next;
			} else {
				engine_poa.destroy(next);
			}
		}
		engine_poa.destroy(engine);
	}
}
END_TEST

START_TEST(a_damaged_state_is_refused)
{
	struct engine_block b;
	struct buf state = {0};
	struct engine *again;
	struct rng rng;
	size_t len;

	rng_seed(&rng, 8);
	new_chain(4);
	while (m.tip < 20) {
		b = next_block(&rng, 10);
		buf_reset(&state);
		engine_poa.save(engine, &state, &b);
		engine_poa.accept(engine, &b);
	}
	ck_assert(!engine_poa.create(&again, &rules, NULL, NULL));
	for (len = 0; len < state.len; len++)
		ck_assert_int_eq(
			engine_poa.restore(again, SPAN(state.data, len), &b),
			ERR_CORRUPT);
	/* it belongs to a later block */
	b.height = 1;
	ck_assert_int_eq(engine_poa.restore(again, buf_span(&state), &b),
			 ERR_CORRUPT);
	engine_poa.destroy(again);
	engine_poa.destroy(engine);
	buf_release(&state);
}
END_TEST

START_TEST(centuries_of_missed_slots_are_counted_and_shared_evenly)
{
	const uint64_t slots = 1ull << 40;
	struct engine_authority a;
	struct engine_block b;
	uint64_t sum = 0;
	size_t i;

	new_chain(7);
	b = block_of(1, GENESIS_TIME + 1000, 1, true);
	engine_poa.accept(engine, &b);
	b = block_of(2, GENESIS_TIME + 1000 * slots, slots % 7, false);
	engine_poa.accept(engine, &b);
	for (i = 0; engine_poa.authority(engine, i, &a); i++) {
		ck_assert_uint_ge(a.missed, (slots - 2) / 7);
		ck_assert_uint_le(a.missed, (slots - 2) / 7 + 1);
		sum += a.missed;
	}
	ck_assert_uint_eq(sum, slots - 2); /* 2 .. slots - 1 */
	engine_poa.destroy(engine);
}
END_TEST

/* Whoever may sign at some time is the one whose turn it is said to be. */
START_TEST(the_turn_is_of_the_one_whose_header_is_good)
{
	struct engine_block b = {.time = GENESIS_TIME};
	struct engine_status s;
	struct header h = {.has_producer = true, .engine = span_str("\x90")};
	struct rng rng;
	size_t i, round;

	rng_seed(&rng, 9);
	new_chain(5);
	for (round = 0; round < 500; round++) {
		h.time = GENESIS_TIME + 1000 + rng_below(&rng, 60000);
		engine_poa.status(engine, h.time, NULL, &s);
		ck_assert_uint_le(s.slot_start, h.time);
		ck_assert_uint_gt(s.slot_start + s.slot_ms, h.time);
		for (i = 0; i < 5; i++) {
			h.producer = miners[i];
			ck_assert_int_eq(!engine_poa.check_header(engine, &b,
								  &h, h.time),
					 address_eq(&s.turn, &miners[i]));
		}
	}
	/* before the beginning it is slot 0 that is waited for */
	engine_poa.status(engine, 3, &miners[2], &s);
	ck_assert_uint_eq(s.slot, 0);
	ck_assert_uint_eq(s.slot_start, GENESIS_TIME);
	ck_assert_uint_eq(s.own_slot, 2);
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(the_next_own_slot_is_the_first_that_a_block_may_be_made_in)
{
	struct address stranger = test_address(77);
	struct engine_status s;
	struct engine_block b;
	uint64_t now, slot;
	struct rng rng;
	size_t self;

	rng_seed(&rng, 10);
	new_chain(5);
	while (m.tip < LENGTH) {
		b = next_block(&rng, 20);
		engine_poa.accept(engine, &b);
		/* a slot before the tip's to some after it */
		now = b.time - 1000 + rng_below(&rng, 9000);
		for (self = 0; self < 5; self++) {
			engine_poa.status(engine, now, &miners[self], &s);
			slot = m.slot[m.tip] + 1;
			while (slot < s.slot || slot % 5 != self)
				slot++;
			ck_assert(s.has_own_slot);
			ck_assert_uint_eq(s.own_slot, slot);
		}
		engine_poa.status(engine, now, &stranger, &s);
		ck_assert(!s.has_own_slot);
	}
	engine_poa.destroy(engine);
}
END_TEST

/* When self makes its next block, if nothing else happens: the first moment
 * from now on that is in an unused slot of its own and at which one is due;
 * UINT64_MAX: never. */
static uint64_t naive_due(const struct engine_input *in, size_t self)
{
	uint64_t at = 0, slot, used = m.slot[m.tip];

	if (!naive_filling(m.tip) && in->executable < rules.min_bound) {
		if (!in->executable && !rules.allow_empty)
			return UINT64_MAX;
		at = in->tip->time + rules.interval_ms;
	}
	at = at > in->now ? at : in->now;
	if (in->signed_time > GENESIS_TIME + used * 1000)
		used = (in->signed_time - GENESIS_TIME) / 1000;
	for (slot = 0; slot <= used || slot % m.n != self ||
		       GENESIS_TIME + slot * 1000 + 999 < at;)
		slot++;
	slot = GENESIS_TIME + slot * 1000;
	return slot > at ? slot : at;
}

START_TEST(a_block_is_made_in_the_first_own_slot_that_was_never_signed)
{
	struct engine_input in;
	struct engine_output out;
	struct engine_block b;
	struct rng rng;
	uint64_t due;
	size_t self;

	rng_seed(&rng, 11);
	new_chain(5);
	while (m.tip < LENGTH) {
		rules.allow_empty = !rng_below(&rng, 4);
		b = next_block(&rng, 20);
		engine_poa.accept(engine, &b);
		for (self = 0; self < 5; self++) {
			in = (struct engine_input){
				.now = b.time + rng_below(&rng, 9000),
				.tip = &b,
				.self = &miners[self],
				.executable = rng_below(&rng, 5)};
			if (rng_below(&rng, 2))
				in.signed_time =
					b.time - 500 + rng_below(&rng, 9000);
			due = naive_due(&in, self);
			engine_poa.step(engine, &out, &in);
			ck_assert_int_eq(out.propose, due <= in.now);
			if (out.propose)
				ck_assert_uint_eq(out.time, in.now);
			else
				ck_assert_uint_eq(out.wake_at,
						  due == UINT64_MAX ? 0 : due);
		}
	}
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(nothing_is_signed_on_a_branch_backed_earlier_than_one_signed_on)
{
	struct engine_input in;
	struct engine_output out;
	struct engine_block b;
	struct rng rng;
	uint64_t rank;

	rng_seed(&rng, 14);
	new_chain(5);
	while (m.tip < LENGTH) {
		b = next_block(&rng, 20);
		engine_poa.accept(engine, &b);
		rank = m.backed[m.tip] ? m.slot[m.backed[m.tip]] + 1 : 0;
		in = (struct engine_input){.now = b.time,
					   .tip = &b,
					   .self = &miners[b.height % 5],
					   .executable = rules.min_bound,
					   .signed_time = b.time,
					   .signed_rank = rank};
		in.now = naive_due(&in, b.height % 5);
		engine_poa.step(engine, &out, &in);
		ck_assert(out.propose && !out.outweighed);
		in.signed_rank = rank + 1 + rng_below(&rng, 3);
		engine_poa.step(engine, &out, &in);
		ck_assert(!out.propose && out.outweighed);
		ck_assert_uint_eq(out.wake_at, 0);
	}
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(two_headers_conflict_when_their_signer_had_one_turn_for_both)
{
	uint64_t time[2], slot[2];
	struct engine_block b[2];
	struct rng rng;
	int round, i, want, found = 0;
	size_t who[2];

	rng_seed(&rng, 12);
	make_engine(3, 1000);
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < 2; i++) {
			time[i] = GENESIS_TIME - 500 + rng_below(&rng, 4000);
			slot[i] = (time[i] - GENESIS_TIME) / 1000;
			who[i] = rng_below(&rng, 3);
			b[i] = block_of(1 + rng_below(&rng, 2), time[i], who[i],
					false);
			memset(b[i].hash.b, 0, HASH_LEN);
			b[i].hash.b[HASH_LEN - 1] = (uint8_t)rng_below(&rng, 2);
			b[i].has_producer = rng_below(&rng, 8) != 0;
		}
		want = b[0].has_producer && b[1].has_producer &&
		       time[0] >= GENESIS_TIME && time[1] >= GENESIS_TIME &&
		       slot[0] == slot[1] && who[0] == who[1] &&
		       who[0] == slot[0] % 3 &&
		       memcmp(b[0].hash.b, b[1].hash.b, HASH_LEN) != 0;
		found += want;
		ck_assert_int_eq(engine_poa.conflict(engine, &b[0], &b[1]),
				 want);
		ck_assert_int_eq(engine_poa.conflict(engine, &b[1], &b[0]),
				 want);
	}
	ck_assert_int_gt(found, 100);
	engine_poa.destroy(engine);
}
END_TEST

/* A branch of blocks in these slots, ended by 0. */
static struct branch_tip branch_of(const uint64_t *slots)
{
	struct branch_tip out = {.settled = 0};
	struct engine_block b = {.height = 0};
	uint64_t height = 0;

	new_chain(4);
	for (; *slots; slots++) {
		height++;
		b = block_of(height, GENESIS_TIME + *slots * 1000, *slots % 4,
			     height == 1);
		engine_poa.accept(engine, &b);
	}
	out.tip = b;
	out.settled = engine_poa.settled(engine);
	out.rank = engine_poa.rank(engine);
	engine_poa.destroy(engine);
	return out;
}

/*
 * Four authorities that do as they should, as seeds of the simulator found
 * them: 0 and 1 sign a branch that 2 settles by the count of its signers
 * alone, but they never see its block, and go on with the higher branch that
 * 3 made alone. What counts for the one cannot count for the other.
 */
START_TEST(those_who_move_to_another_branch_do_not_settle_both)
{
	static const uint64_t here[] = {8, 9, 10, 0};
	static const uint64_t alone[] = {3, 7, 11, 0};
	static const uint64_t moved[] = {3, 7, 11, 12, 13, 0};
	static const uint64_t more[] = {3, 7, 11, 12, 13, 15, 16, 17, 0};
	struct branch_tip a = branch_of(here), b = branch_of(alone);

	ck_assert_uint_eq(a.settled, 0);
	ck_assert_uint_gt(a.rank, b.rank);
	ck_assert_uint_eq(branch_of(moved).settled, 0);
	ck_assert_uint_gt(branch_of(more).settled, 0);
	/* who has seen that the first is backed does not move */
	b = branch_of(moved);
	b.rank = a.rank - 1;
	new_chain(4);
	ck_assert_int_lt(engine_poa.prefer(engine, &a, &b), 0);
	engine_poa.destroy(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("poa_model");
	TCase *t = tcase_create("poa_model");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, what_it_counts_is_what_a_model_counts);
	tcase_add_test(t, saved_and_restored_at_any_block_it_goes_on_the_same);
	tcase_add_test(t, a_damaged_state_is_refused);
	tcase_add_test(t,
		       centuries_of_missed_slots_are_counted_and_shared_evenly);
	tcase_add_test(t, the_turn_is_of_the_one_whose_header_is_good);
	tcase_add_test(
		t, the_next_own_slot_is_the_first_that_a_block_may_be_made_in);
	tcase_add_test(
		t, a_block_is_made_in_the_first_own_slot_that_was_never_signed);
	tcase_add_test(
		t,
		two_headers_conflict_when_their_signer_had_one_turn_for_both);
	tcase_add_test(
		t,
		nothing_is_signed_on_a_branch_backed_earlier_than_one_signed_on);
	tcase_add_test(t, those_who_move_to_another_branch_do_not_settle_both);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

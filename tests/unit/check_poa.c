/* SPDX-License-Identifier: MIT */
/*
 * The poa engine alone: slots, turns, seals, settling, and the order of
 * branches, for one and for several authorities (CONSENSUS: "poa").
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "consensus/engine.h"
#include "consensus/work.h"
#include "driver.h"
#include "poa_fixture.h"

static struct header header_of(uint64_t time, size_t miner)
{
	struct header h = {.time = time,
			   .has_producer = true,
			   .producer = miners[miner],
			   .engine = span_str("\x90")};

	return h;
}

START_TEST(a_slot_belongs_to_one_authority)
{
	struct engine_block parent = {.time = GENESIS_TIME};
	struct header h;
	size_t slot, miner;

	make_engine(3, 1000);
	for (slot = 1; slot < 10; slot++)
		for (miner = 0; miner < 3; miner++) {
			h = header_of(GENESIS_TIME + slot * 1000 + 999, miner);
			ck_assert_int_eq(
				engine_poa.check_header(engine, &parent, &h, 0),
				slot % 3 == miner ? ERR_OK : ERR_BAD_PRODUCER);
		}
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(slots_strictly_increase_along_a_chain)
{
	struct engine_block parent;
	struct header h;

	make_engine(1, 1000);
	parent = block_of(5, GENESIS_TIME + 5500, 0, true);
	h = header_of(GENESIS_TIME + 5999, 0);
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h, 0),
			 ERR_BAD_TIME);
	h.time = GENESIS_TIME + 4000;
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h, 0),
			 ERR_BAD_TIME);
	h.time = GENESIS_TIME - 1;
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h, 0),
			 ERR_BAD_TIME);
	h.time = GENESIS_TIME + 6000;
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h, 0),
			 ERR_OK);
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(a_slot_of_the_future_is_refused_for_now)
{
	struct engine_block parent = {.time = GENESIS_TIME};
	struct header h;

	make_engine(1, 1000);
	h = header_of(GENESIS_TIME + 8000, 0);
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h,
						 GENESIS_TIME + 6999),
			 ERR_FUTURE);
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h,
						 GENESIS_TIME + 7000),
			 ERR_OK);
	h.engine = span_str("\x91\x01");
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h, 0),
			 ERR_BAD_ENGINE_FIELDS);
	h = header_of(GENESIS_TIME + 8000, 0);
	h.has_producer = false;
	ck_assert_int_eq(engine_poa.check_header(engine, &parent, &h, 0),
			 ERR_BAD_PRODUCER);
	engine_poa.destroy(engine);
}
END_TEST

/* As a node checks it: the form by the engine, the signature by anybody. */
static enum err check_seal(const struct header *h, const struct hash *hash,
			   const struct seal *seal, struct verifier *v)
{
	struct checks checks = {0};
	enum err e = engine_poa.check_seal(engine, h, hash, seal, &checks);

	if (!e && checks_verify(&checks, v))
		e = ERR_BAD_SEAL;
	ck_assert_uint_le(checks.count, 1);
	checks_release(&checks);
	return e;
}

START_TEST(a_seal_is_the_producers_signature_of_the_hash)
{
	struct verifier *v = verifier_new(8);
	struct secret_key *one = test_key(1), *two = test_key(2);
	struct hash hash = {{7}}, other = {{8}};
	struct buf signature = {0};
	struct seal seal;
	struct header h;

	make_engine(1, 1000);
	h = header_of(GENESIS_TIME + 8000, 0);
	ck_assert(!secret_key_sign(one, &signature, &hash));
	seal = (struct seal){.key = secret_key_public(one),
			     .signature = buf_span(&signature)};
	ck_assert_int_eq(check_seal(&h, &hash, &seal, v), ERR_OK);
	ck_assert_int_eq(check_seal(&h, &other, &seal, v), ERR_BAD_SEAL);
	seal.nonce = 1;
	ck_assert_int_eq(check_seal(&h, &hash, &seal, v), ERR_BAD_SEAL);
	seal.nonce = 0;
	seal.key = SPAN("", 0);
	ck_assert_int_eq(check_seal(&h, &hash, &seal, v), ERR_BAD_SEAL);
	/* a good signature of somebody else */
	buf_reset(&signature);
	ck_assert(!secret_key_sign(two, &signature, &hash));
	seal.key = secret_key_public(two);
	seal.signature = buf_span(&signature);
	ck_assert_int_eq(check_seal(&h, &hash, &seal, v), ERR_BAD_SEAL);
	buf_release(&signature);
	secret_key_free(one);
	secret_key_free(two);
	verifier_free(v);
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(fork_choice_is_a_total_order)
{
	struct branch_tip list[6];
	size_t i, k, m;

	make_engine(3, 1000);
	for (i = 0; i < 6; i++) {
		list[i].rank = 4;
		list[i].tip = block_of(10, GENESIS_TIME + 50000, 0, true);
		list[i].tip.hash.b[0] = (uint8_t)(10 + i);
	}
	list[0].rank = 5; /* best, whatever its height */
	list[0].tip.height = 6;
	list[1].tip.height = 11;
	list[2].tip.time = GENESIS_TIME + 49999; /* a lower slot */
	/* 3, 4, 5: by hash */
	for (i = 0; i < 6; i++)
		for (k = 0; k < 6; k++) {
			int c = engine_poa.prefer(engine, &list[i], &list[k]);

			ck_assert_int_eq(c < 0, i < k);
			ck_assert_int_eq(c > 0, i > k);
			for (m = 0; m < 6; m++)
				if (c < 0 && engine_poa.prefer(engine, &list[k],
							       &list[m]) < 0)
					ck_assert_int_lt(
						engine_poa.prefer(engine,
								  &list[i],
								  &list[m]),
						0);
		}
	engine_poa.destroy(engine);
}
END_TEST

/* The definition, one line after the other. */
static int naive_prefer(const struct branch_tip *a, const struct branch_tip *b)
{
	uint64_t slot_a = (a->tip.time - GENESIS_TIME) / 1000;
	uint64_t slot_b = (b->tip.time - GENESIS_TIME) / 1000;

	if (a->rank > b->rank)
		return -1;
	if (a->rank < b->rank)
		return 1;
	if (a->tip.height > b->tip.height)
		return -1;
	if (a->tip.height < b->tip.height)
		return 1;
	if (slot_a < slot_b)
		return -1;
	if (slot_a > slot_b)
		return 1;
	return memcmp(a->tip.hash.b, b->tip.hash.b, HASH_LEN);
}

START_TEST(branches_compare_by_rank_height_slot_and_hash)
{
	struct branch_tip b[2];
	struct rng rng;
	int round, i, got, want;

	make_engine(3, 1000);
	rng_seed(&rng, 11);
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < 2; i++) {
			b[i] = (struct branch_tip){.rank = rng_below(&rng, 2)};
			b[i].tip = block_of(5 + rng_below(&rng, 2),
					    GENESIS_TIME + 5000 +
						    rng_below(&rng, 2500),
					    0, true);
			b[i].tip.hash.b[HASH_LEN - 1] =
				(uint8_t)rng_below(&rng, 3);
		}
		got = engine_poa.prefer(engine, &b[0], &b[1]);
		want = naive_prefer(&b[0], &b[1]);
		ck_assert_int_eq(got < 0, want < 0);
		ck_assert_int_eq(got > 0, want > 0);
	}
	engine_poa.destroy(engine);
}
END_TEST

static struct engine_output ask(uint64_t now, const struct engine_block *tip,
				size_t self, size_t executable)
{
	struct engine_input in = {.now = now,
				  .tip = tip,
				  .self = &miners[self],
				  .executable = executable};
	struct engine_output out;

	engine_poa.step(engine, &out, &in);
	return out;
}

START_TEST(an_authority_proposes_in_its_slot_when_there_is_work)
{
	struct engine_output out;
	struct engine_block tip;

	make_engine(3, 1000);
	tip = block_of(1, GENESIS_TIME + 1000, 1, false);
	engine_poa.accept(engine, &tip);
	/* slot 2 is miner 2's; three transactions are min_bound */
	out = ask(GENESIS_TIME + 2500, &tip, 2, 3);
	ck_assert(out.propose);
	ck_assert_uint_eq(out.time, GENESIS_TIME + 2500);
	ck_assert(!out.may_be_empty);
	/* miner 0 waits for slot 3 */
	out = ask(GENESIS_TIME + 2500, &tip, 0, 3);
	ck_assert(!out.propose);
	ck_assert_uint_eq(out.wake_at, GENESIS_TIME + 3000);
	/* fewer than min_bound wait for interval after the parent, 6000; the
	 * next slot of miner 2 from there is 8 */
	out = ask(GENESIS_TIME + 2500, &tip, 2, 1);
	ck_assert(!out.propose);
	ck_assert_uint_eq(out.wake_at, GENESIS_TIME + 8000);
	/* nothing to do: no timer */
	out = ask(GENESIS_TIME + 2500, &tip, 2, 0);
	ck_assert(!out.propose);
	ck_assert_uint_eq(out.wake_at, 0);
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(unsettled_transactions_make_authorities_fill_their_slots)
{
	struct engine_output out;
	struct engine_block tip;

	make_engine(3, 1000);
	tip = block_of(1, GENESIS_TIME + 1000, 1, true);
	engine_poa.accept(engine, &tip);
	out = ask(GENESIS_TIME + 2500, &tip, 2, 0);
	ck_assert(out.propose);
	ck_assert(out.may_be_empty);
	tip = block_of(2, GENESIS_TIME + 2500, 2, false);
	engine_poa.accept(engine, &tip);
	out = ask(GENESIS_TIME + 3100, &tip, 0, 0);
	ck_assert(out.propose);
	tip = block_of(3, GENESIS_TIME + 3100, 0, false);
	engine_poa.accept(engine, &tip); /* three signers: backed */
	ck_assert_uint_eq(engine_poa.settled(engine), 0);
	out = ask(GENESIS_TIME + 4100, &tip, 1, 0);
	ck_assert(out.propose);
	tip = block_of(4, GENESIS_TIME + 4100, 1, false);
	engine_poa.accept(engine, &tip);
	tip = block_of(5, GENESIS_TIME + 5100, 2, false);
	engine_poa.accept(engine, &tip); /* once more: settled */
	ck_assert_uint_eq(engine_poa.settled(engine), 1);
	out = ask(GENESIS_TIME + 6100, &tip, 0, 0);
	ck_assert(!out.propose);
	ck_assert_uint_eq(out.wake_at, 0);
	engine_poa.destroy(engine);
}
END_TEST

START_TEST(a_clock_before_genesis_waits_for_it)
{
	struct engine_block tip = {.time = GENESIS_TIME};
	struct engine_output out;

	make_engine(1, 1000);
	out = ask(5, &tip, 0, 3);
	ck_assert(!out.propose);
	ck_assert_uint_eq(out.wake_at, GENESIS_TIME + 1000);
	engine_poa.destroy(engine);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("poa");
	TCase *t = tcase_create("poa");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, a_slot_belongs_to_one_authority);
	tcase_add_test(t, slots_strictly_increase_along_a_chain);
	tcase_add_test(t, a_slot_of_the_future_is_refused_for_now);
	tcase_add_test(t, a_seal_is_the_producers_signature_of_the_hash);
	tcase_add_test(t, fork_choice_is_a_total_order);
	tcase_add_test(t, branches_compare_by_rank_height_slot_and_hash);
	tcase_add_test(t, an_authority_proposes_in_its_slot_when_there_is_work);
	tcase_add_test(
		t, unsettled_transactions_make_authorities_fill_their_slots);
	tcase_add_test(t, a_clock_before_genesis_waits_for_it);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

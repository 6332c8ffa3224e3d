/* SPDX-License-Identifier: MIT */
/* A chain that is opened again after a crash in the middle of a flush has
 * the same tables as the one that went on. */
#include <config.h>

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "chain/chain.h"
#include "chain/genesis.h"
#include "driver.h"

/* More than FLUSH_BLOCKS of flush.c, so that a flush begins with as many
 * entries as make several slices. */
#define BLOCKS 10010
#define PEOPLE 12

/* Keys made once. */
static struct secret_key *people[PEOPLE];

static struct address person(unsigned n)
{
	return *secret_key_address(people[n]);
}

static void begin(struct kv_mem *mem, struct chain **out)
{
	char text[4096], hex[ADDRESS_HEX_LEN];
	struct kv_batch batch = {0};
	struct address a = person(0);
	struct rules rules;
	struct genesis g;
	struct fault f = {0};
	size_t at = 0;
	int n;
	unsigned i;

	n = snprintf(text, sizeof(text),
		     "{\"network_id\": \"test\", \"miners\": [\"%s\"], "
		     "\"block_mining\": {\"reward\": 1}, \"alloc\": {",
		     address_hex(hex, &a));
	for (i = 0; i < PEOPLE; i++) {
		a = person(i);
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "%s\"%s\": {\"balance\": 1000000}", i ? ", " : "",
			      address_hex(hex, &a));
	}
	snprintf(text + n, sizeof(text) - (size_t)n, "}}");
	ck_assert_msg(!genesis_parse(&rules, span_str(text), &f), "%s: %s",
		      f.field, f.detail);
	genesis_make(&g, &rules);
	while (genesis_batch(&g, 0, &at, &batch)) {
		kv_mem_apply(mem, &batch);
		kv_batch_release(&batch);
	}
	genesis_release(&g);
	rules_release(&rules);
	ck_assert_msg(!chain_open(out, kv_mem_view(mem), 3, &f), "%s",
		      f.detail);
}

static void add_transfer(struct candidate *b, struct chain *c,
			 struct kv_mem *mem, struct rng *rng)
{
	const struct secret_key *key = people[rng_below(rng, PEOPLE)];
	struct buf raw = {0}, signature = {0};
	struct account account;
	struct fault f = {0};
	struct hash digest;
	bool existed;
	struct tx tx = {.sender = *secret_key_address(key),
			.recipient = person((unsigned)rng_below(rng, PEOPLE)),
			.op = TX_TRANSFER,
			/* one in three leaves its recipient as it was */
			.amount = rng_below(rng, 3)};

	ck_assert(!chain_account(&account, &existed, c, kv_mem_view(mem),
				 &tx.sender));
	tx.nonce = account.nonce;
	tx_signing_digest(&digest, &tx, chain_genesis(c));
	ck_assert(!secret_key_sign(key, &signature, &digest));
	tx.signature = buf_span(&signature);
	if (!tx.nonce)
		tx.key = secret_key_public(key);
	tx_encode(&raw, &tx);
	ck_assert(!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, &f));
	tx_hash(&tx, chain_genesis(c));
	ck_assert_msg(!candidate_add(b, &tx, &f), "%s", f.detail);
	buf_release(&signature);
	buf_release(&raw);
}

static void add_block(struct chain *c, struct kv_mem *mem, struct rng *rng)
{
	struct candidate *b = candidate_new(c, kv_mem_view(mem));
	struct address producer = person(0);
	struct kv_batch batch = {0};
	struct seal seal = {0};

	if (!rng_below(rng, 4))
		add_transfer(b, c, mem, rng);
	ck_assert(!candidate_finish(b, chain_tip(c)->height + 1, &producer,
				    SPAN(NULL, 0), SPAN(NULL, 0)));
	candidate_seal(b, &seal);
	chain_commit(c, b, &batch);
	kv_mem_apply(mem, &batch);
	kv_batch_release(&batch);
	ck_assert(!chain_adopt_take(c, b, kv_mem_view(mem)));
}

static void compare_tables(struct kv_view *a, struct kv_view *b)
{
	unsigned t;

	for (t = 0; t < KV_TABLE_COUNT; t++) {
		struct kv_cursor *x, *y;
		enum err e, f;

		if (t == KV_META)
			continue; /* the watermark differs */
		x = kv_cursor_open(a, (enum kv_table)t);
		y = kv_cursor_open(b, (enum kv_table)t);
		e = kv_seek(x, SPAN("", 0));
		f = kv_seek(y, SPAN("", 0));
		while (!e && !f) {
			ck_assert(span_eq(x->key, y->key));
			ck_assert_msg(span_eq(x->value, y->value),
				      "an entry of table %s differs",
				      kv_table_name((enum kv_table)t));
			e = kv_next(x);
			f = kv_next(y);
		}
		ck_assert_int_eq(e, ERR_NOT_FOUND);
		ck_assert_int_eq(f, ERR_NOT_FOUND);
		kv_cursor_close(x);
		kv_cursor_close(y);
	}
}

/* What a node would see that is started now. */
static void check_restart(struct chain *c, struct kv_mem *mem)
{
	struct fault f = {0};
	struct chain *again;

	ck_assert_msg(!chain_open(&again, kv_mem_view(mem), 4, &f), "%s",
		      f.detail);
	ck_assert(hash_eq(&chain_tip(again)->hash, &chain_tip(c)->hash));
	ck_assert_uint_eq(chain_tip(again)->supply, chain_tip(c)->supply);
	compare_tables(chain_view(c, kv_mem_view(mem)),
		       chain_view(again, kv_mem_view(mem)));
	chain_free(again);
}

START_TEST(a_crash_between_two_slices_of_a_flush_changes_nothing)
{
	struct kv_mem *mem = kv_mem_new();
	struct kv_batch batch = {0};
	struct chain *c;
	struct rng rng;
	uint64_t seq = 0;
	unsigned i, slices = 0;

	for (i = 0; i < PEOPLE; i++)
		people[i] = test_key(i + 1);
	rng_seed(&rng, 11);
	begin(mem, &c);
	for (i = 0; i < BLOCKS; i++)
		add_block(c, mem, &rng);
	while (chain_flush(c, ++seq, &batch)) {
		kv_mem_apply(mem, &batch);
		kv_batch_release(&batch);
		check_restart(c, mem);
		chain_flushed(c);
		/* blocks go on while a flush does */
		add_block(c, mem, &rng);
		check_restart(c, mem);
		slices++;
	}
	ck_assert_uint_gt(slices, 2);
	ck_assert_uint_ge(chain_watermark(c), BLOCKS);
	check_restart(c, mem);
	chain_free(c);
	kv_mem_free(mem);
	for (i = 0; i < PEOPLE; i++)
		secret_key_free(people[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chain");
	TCase *tc = tcase_create("chain");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc,
		       a_crash_between_two_slices_of_a_flush_changes_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

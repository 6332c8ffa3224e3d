/* SPDX-License-Identifier: MIT */
/*
 * What the headers and tables of a chain hold against what plain code makes
 * of the same transactions, through flushes and crashes.
 */
#include <check.h>
#include <string.h>

#include "chain/tables.h"
#include "chain_model.h"
#include "ledger/apply.h"

/* --- what must hold ---------------------------------------------------- */

static void ck_table(enum kv_table t)
{
	struct kv_view *view = chain_view(chain, kv_mem_view(store));
	struct kv_cursor *got = kv_cursor_open(view, t);
	struct kv_cursor *must = kv_cursor_open(kv_mem_view(want), t);
	enum err e = kv_seek(got, SPAN("", 0)), m = kv_seek(must, SPAN("", 0));

	while (!e && !m) {
		ck_assert_msg(span_eq(got->key, must->key) &&
				      span_eq(got->value, must->value),
			      "table %s is not what the blocks make it",
			      kv_table_name(t));
		e = kv_next(got);
		m = kv_next(must);
	}
	ck_assert_int_eq(e, ERR_NOT_FOUND);
	ck_assert_int_eq(m, ERR_NOT_FOUND);
	kv_cursor_close(got);
	kv_cursor_close(must);
}

static void ck_tables(void)
{
	ck_table(KV_ACCOUNTS);
	ck_table(KV_ADDRESSES);
	ck_table(KV_HISTORY);
	ck_table(KV_TXIDS);
	ck_table(KV_KEYS);
	ck_assert_uint_eq(chain_tip(chain)->supply, want_supply);
}

static struct hash naive_state_root(void)
{
	struct state_tree *t;
	struct hash root;

	ck_assert(!state_tree_build(&t, kv_mem_view(want)));
	state_tree_root(&root, t);
	state_root(&root, &root, want_supply);
	state_tree_free(t);
	return root;
}

static void ck_hash(const struct hash *got, const struct hash *must)
{
	ck_assert(hash_eq(got, must));
}

/* Every field of the tip's header, from the block's bytes. */
static void ck_header(uint64_t height)
{
	static struct hash leaves[TXS_MAX];
	struct hash root = naive_state_root();
	uint8_t key[HEIGHT_KEY_LEN];
	struct block block;
	struct span raw;
	size_t i;

	put_be64(key, height);
	ck_assert(!kv_get(kv_mem_view(store), &raw, KV_BLOCKS, SPAN_OF(key)));
	ck_assert(!block_decode(&block, raw));
	ck_assert_uint_eq(block.header.height, height);
	ck_hash(&block.header.parent, &want_hashes[height - 1]);
	ck_assert_uint_eq(block.header.results_root.len, 0);
	ck_hash(&block.header.state_root, &root);
	merkle_root(&root, want_hashes, height);
	ck_hash(&block.header.history_root, &root);
	for (i = 0; i < block.tx_count; i++)
		sha256(&leaves[i], block.txs[i]);
	merkle_root(&root, leaves, block.tx_count);
	ck_hash(&block.header.txs_root, &root);
	ck_assert(span_eq(block.header.extra, span_str("extra")));
	digest(&root, "ccoin/header/1", &want_hashes[0], block.header_raw);
	ck_hash(&root, &want_hashes[height]);
	ck_assert(!kv_get(kv_mem_view(store), &raw, KV_HEIGHTS,
			  hash_span(&root)));
	ck_assert(span_eq(raw, SPAN_OF(key)));
	block_release(&block);
}

static void crash(void)
{
	struct chain_tip before = *chain_tip(chain);

	chain_free(chain);
	open_chain();
	ck_assert_uint_eq(chain_tip(chain)->height, before.height);
	ck_hash(&chain_tip(chain)->hash, &before.hash);
	ck_hash(&chain_tip(chain)->state_root, &before.state_root);
	ck_tables();
}

START_TEST(headers_and_tables_are_what_the_transactions_make_them)
{
	static struct deed deeds[TXS_MAX];
	uint64_t height, seed;

	for (seed = 1; seed <= 3; seed++) {
		make_chain(seed, "");
		ck_tables();
		for (height = 1; height <= 60; height++) {
			size_t n = random_deeds(deeds, rng_below(&rng, 20));

			take_block(make_block(deeds, n));
			ck_assert_uint_eq(chain_tip(chain)->height, height);
			ck_header(height);
			if (height % 10 == 0)
				ck_tables();
			if (height % 25 == 0)
				crash();
		}
		end_chain();
	}
}
END_TEST

/* --- flushes ----------------------------------------------------------- */

static uint64_t seq;

/* So many entries that a flush is due: payments to strangers, and some that
 * change nobody but their sender. */
static void fill_overlay(void)
{
	static struct deed deeds[TXS_MAX];
	unsigned round;
	size_t i;

	for (round = 0; round < 32; round++) {
		/* few: so that some are named and not changed */
		i = random_deeds(deeds, rng_below(&rng, 9));
		for (; i < TXS_MAX; i++)
			deeds[i] = (struct deed){.to = STRANGER, .amount = 1};
		take_block(make_block(deeds, TXS_MAX));
	}
}

/* Write slices, a block after each, until the flush ends or so many were
 * written; false when it has ended. */
static bool write_slices(unsigned most)
{
	struct deed deeds[8];
	struct kv_batch batch = {0};
	unsigned n = 0;

	while (n < most && chain_flush(chain, ++seq, &batch)) {
		take_block(make_block(deeds,
				      random_deeds(deeds, rng_below(&rng, 9))));
		kv_mem_apply(store, &batch);
		kv_batch_release(&batch);
		chain_flushed(chain);
		n++;
	}
	return n == most;
}

/* A flush that is broken off again and again and then ends, twice: the
 * second time the store holds accounts to go on from. */
START_TEST(tables_are_whole_after_a_crash_at_any_slice_of_a_flush)
{
	struct kv_batch lost = {0};
	unsigned slices, round;
	uint64_t begun = 0;

	make_chain(9, "");
	seq = 0;
	for (round = 0; round < 2; round++) {
		fill_overlay();
		for (slices = 1; slices < 16; slices += slices) {
			ck_assert(write_slices(slices));
			ck_assert_uint_eq(chain_watermark(chain), begun);
			/* a slice on its way is lost */
			ck_assert(chain_flush(chain, ++seq, &lost));
			kv_batch_release(&lost);
			crash();
		}
		begun = chain_tip(chain)->height;
		ck_assert(!write_slices(1000));
		ck_assert_uint_eq(chain_watermark(chain), begun);
		ck_tables();
		crash();
		ck_assert_uint_eq(chain_watermark(chain), begun);
	}
	end_chain();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chain_model");
	TCase *t = tcase_create("chain_model");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t,
		       headers_and_tables_are_what_the_transactions_make_them);
	tcase_add_test(t,
		       tables_are_whole_after_a_crash_at_any_slice_of_a_flush);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

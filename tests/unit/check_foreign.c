/* SPDX-License-Identifier: MIT */
/* Blocks from elsewhere, and the bounds of a block. */
#include <check.h>
#include <string.h>

#include "chain_model.h"

/* --- bounds ------------------------------------------------------------ */

START_TEST(a_full_block_is_within_its_bounds)
{
	static const uint8_t zeros[KEY_SIGNATURE_MAX];
	static uint8_t extra[BLOCK_EXTRA_MAX];
	struct seal seal = {.key = SPAN(zeros, 0), .signature = SPAN_OF(zeros)};
	struct candidate *b, *again;
	struct block block;
	uint64_t nonce;
	size_t data;
	enum err e;

	make_chain(4, ", \"max_tx_bytes\": 1000, \"max_block_bytes\": 8000");
	for (data = 0; data <= 600; data += 50) {
		struct fault f = {0};

		b = candidate_new(chain, kv_mem_view(store));
		for (nonce = 0, e = ERR_OK; !e; nonce++) {
			struct buf raw = {0};
			struct tx tx = transfer(&raw, 0, nonce, &people[1], 1,
						0, data);

			e = candidate_add(b, &tx, NULL);
			buf_release(&raw);
		}
		ck_assert_int_eq(e, ERR_TOO_BIG);
		ck_assert_uint_gt(candidate_tx_count(b), 5);
		ck_assert(!candidate_finish(b, 1, &people[0], SPAN(NULL, 0),
					    SPAN_OF(extra)));
		candidate_seal(b, &seal);
		ck_assert_uint_le(candidate_raw(b).len, 8000);
		ck_assert(!block_decode(&block, candidate_raw(b)));
		ck_assert_msg(!candidate_check(&again, chain,
					       kv_mem_view(store), &block,
					       candidate_raw(b), &f),
			      "%s", f.detail);
		block_release(&block);
		candidate_free(again);
		candidate_free(b);
	}
	end_chain();
}
END_TEST

START_TEST(no_block_holds_more_than_max_bound)
{
	struct candidate *b;
	uint64_t nonce;

	make_chain(4, "");
	b = candidate_new(chain, kv_mem_view(store));
	for (nonce = 0; nonce <= TXS_MAX; nonce++) {
		struct buf raw = {0};
		struct tx tx = transfer(&raw, 0, nonce, &people[1], 1, 0, 0);

		ck_assert_int_eq(candidate_add(b, &tx, NULL),
				 nonce < TXS_MAX ? ERR_OK : ERR_TOO_MANY_TXS);
		buf_release(&raw);
	}
	candidate_free(b);
	end_chain();
}
END_TEST

/* --- blocks from elsewhere --------------------------------------------- */

/* A good block, encoded again with another header or other transactions. */
static enum err check_changed(const struct block *good, const struct header *h,
			      const struct span *txs, size_t count)
{
	struct buf header = {0}, raw = {0};
	struct candidate *b = NULL;
	struct block block;
	struct fault f = {0};
	enum err e;

	header_encode(&header, h);
	block_encode(&raw, buf_span(&header), &good->seal, txs, count);
	ck_assert(!block_decode(&block, buf_span(&raw)));
	e = candidate_check(&b, chain, kv_mem_view(store), &block,
			    buf_span(&raw), &f);
	ck_assert_int_eq(e, f.code);
	ck_assert_int_eq(!e, b != NULL);
	if (b)
		ck_assert(span_eq(candidate_raw(b), buf_span(&raw)));
	candidate_free(b);
	block_release(&block);
	buf_release(&header);
	buf_release(&raw);
	return e;
}

/* To the byte, with the empty seal for the one that it has: what the block
 * holds is looked at when it is not too big. */
START_TEST(a_block_from_elsewhere_may_have_all_bytes_that_genesis_allows)
{
	struct deed deed = {0, 1, 1, 0};
	static const struct seal none;
	struct candidate *b;
	struct span txs[9];
	struct buf raw[9] = {{0}}, whole = {0};
	struct block block;
	size_t i, data, len = 0;

	make_chain(6, ", \"max_tx_bytes\": 1000, \"max_block_bytes\": 8000");
	b = make_block(&deed, 1);
	ck_assert(!block_decode(&block, candidate_raw(b)));
	for (i = 0; i < 8; i++) {
		transfer(&raw[i], 0, i, &people[1], 1, 0, 760);
		txs[i] = buf_span(&raw[i]);
	}
	for (data = 300; len <= 8003; data++) {
		struct tx tx;

		buf_reset(&raw[8]);
		tx = transfer(&raw[8], 0, 8, &people[1], 1, 0, data);
		txs[8] = tx.raw;
		buf_reset(&whole);
		block_encode(&whole, block.header_raw, &none, txs, 9);
		len = whole.len;
		ck_assert_uint_lt(data == 300 ? len : 0, 8000);
		ck_assert_int_eq(check_changed(&block, &block.header, txs, 9),
				 len > 8000 ? ERR_TOO_BIG : ERR_BAD_TXS_ROOT);
	}
	for (i = 0; i < 9; i++)
		buf_release(&raw[i]);
	buf_release(&whole);
	block_release(&block);
	candidate_free(b);
	end_chain();
}
END_TEST

START_TEST(a_block_from_elsewhere_is_believed_in_nothing)
{
	struct deed deeds[3] = {{0, 1, 100, 2}, {1, 2, 40, 1}, {0, 3, 9, 0}};
	struct candidate *b;
	struct block block;
	struct header h;
	struct span txs[4];
	size_t i;

	make_chain(5, "");
	take_block(make_block(deeds, 1));
	b = make_block(deeds, 3);
	ck_assert(!block_decode(&block, candidate_raw(b)));
	memcpy(txs, block.txs, 3 * sizeof(*txs));
	h = block.header;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_OK);

	/* each bit of each hash */
	for (i = 0; i < 8 * HASH_LEN; i++) {
		struct hash *hashes[] = {&h.parent, &h.txs_root, &h.state_root,
					 &h.history_root};
		enum err codes[] = {ERR_BAD_PARENT, ERR_BAD_TXS_ROOT,
				    ERR_BAD_STATE_ROOT, ERR_BAD_HISTORY_ROOT};
		size_t k;

		for (k = 0; k < 4; k++) {
			hashes[k]->b[i / 8] ^= (uint8_t)(1u << i % 8);
			ck_assert_int_eq(check_changed(&block, &h, txs, 3),
					 codes[k]);
			hashes[k]->b[i / 8] ^= (uint8_t)(1u << i % 8);
		}
	}
	h.height++;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_PARENT);
	h.height -= 2;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_PARENT);
	h = block.header;
	h.results_root = SPAN("x", 1);
	ck_assert_int_eq(check_changed(&block, &h, txs, 3),
			 ERR_BAD_RESULTS_ROOT);
	h = block.header;
	h.has_producer = false;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_PRODUCER);
	/* the producer's pay is in the state */
	h = block.header;
	h.producer = people[5];
	if (!address_eq(&h.producer, &block.header.producer))
		ck_assert_int_eq(check_changed(&block, &h, txs, 3),
				 ERR_BAD_STATE_ROOT);

	/* fewer, more, or in another order */
	h = block.header;
	ck_assert_int_eq(check_changed(&block, &h, txs, 2), ERR_BAD_TXS_ROOT);
	txs[3] = txs[2];
	ck_assert_int_eq(check_changed(&block, &h, txs, 4), ERR_NONCE_TOO_LOW);
	txs[1] = txs[2];
	txs[2] = block.txs[1];
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_TXS_ROOT);
	txs[0] = txs[1];
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_NONCE_GAP);
	block_release(&block);
	candidate_free(b);
	end_chain();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("foreign");
	TCase *t = tcase_create("foreign");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_full_block_is_within_its_bounds);
	tcase_add_test(t, no_block_holds_more_than_max_bound);
	tcase_add_test(
		t,
		a_block_from_elsewhere_may_have_all_bytes_that_genesis_allows);
	tcase_add_test(t, a_block_from_elsewhere_is_believed_in_nothing);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

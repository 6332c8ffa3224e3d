/* SPDX-License-Identifier: MIT */
/* Canonical msgpack, transactions and blocks: what is refused, and that what
 * is taken encodes back to the same bytes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "codec/block.h"
#include "codec/msgpack.h"
#include "codec/tx.h"
#include "codec/vote.h"

/* --- msgpack ----------------------------------------------------------- */

static const uint64_t edges[] = {
	0,	    1,	       0x7f,	0x80,	    0xff,
	0x100,	    0xffff,    0x10000, 0xffffffff, UINT64_C(0x100000000),
	AMOUNT_MAX, UINT64_MAX};

START_TEST(integers_round_trip_at_every_edge)
{
	struct buf b = {0};
	struct mp_reader r;
	size_t i;

	for (i = 0; i < ARRAY_LEN(edges); i++) {
		buf_reset(&b);
		mp_uint(&b, edges[i]);
		mp_reader_init(&r, buf_span(&b));
		ck_assert_uint_eq(mp_read_uint(&r, UINT64_MAX), edges[i]);
		ck_assert_int_eq(mp_reader_end(&r), ERR_OK);
	}
	buf_release(&b);
}
END_TEST

START_TEST(longer_forms_are_not_canonical)
{
	static const struct {
		const char *hex;
		char kind; /* i: integer, b: bin, a: array */
	} cases[] = {
		{"cc7f", 'i'},	     {"cd00ff", 'i'},
		{"ce0000ffff", 'i'}, {"cf00000000ffffffff", 'i'},
		{"c500ff", 'b'},     {"c60000ffff", 'b'},
		{"dc000f", 'a'},     {"dd0000ffff", 'a'},
	};
	uint8_t bytes[16];
	struct mp_reader r;
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		len = strlen(cases[i].hex) / 2;
		ck_assert(hex_decode(bytes, len, span_str(cases[i].hex)));
		mp_reader_init(&r, SPAN(bytes, len));
		if (cases[i].kind == 'i')
			mp_read_uint(&r, UINT64_MAX);
		else if (cases[i].kind == 'b')
			mp_read_bin(&r, 0, SIZE_MAX);
		else
			mp_read_array(&r, 0, SIZE_MAX);
		ck_assert_int_eq(r.err, ERR_NOT_CANONICAL);
	}
}
END_TEST

START_TEST(other_types_are_refused)
{
	/* nil, false, true, float, signed, str, map, ext */
	static const uint8_t heads[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xca, 0xcb,
					0xd0, 0xd3, 0xe0, 0xff, 0xa0, 0xbf,
					0xd9, 0x80, 0xde, 0xc7, 0xd4};
	uint8_t bytes[10] = {0};
	struct mp_reader r;
	size_t i;

	for (i = 0; i < ARRAY_LEN(heads); i++) {
		bytes[0] = heads[i];
		mp_reader_init(&r, SPAN_OF(bytes));
		ck_assert_uint_eq(mp_read_raw(&r).len, 0);
		ck_assert_int_eq(r.err, ERR_MALFORMED);
	}
}
END_TEST

START_TEST(a_promise_of_more_than_there_is_allocates_nothing)
{
	/* an array of 2^32 - 1, a bin of 2^32 - 1 */
	static const uint8_t array[] = {0xdd, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t bin[] = {0xc6, 0xff, 0xff, 0xff, 0xff};
	struct mp_reader r;

	mp_reader_init(&r, SPAN_OF(array));
	mp_read_raw(&r);
	ck_assert_int_eq(r.err, ERR_MALFORMED);
	mp_reader_init(&r, SPAN_OF(bin));
	mp_read_raw(&r);
	ck_assert_int_eq(r.err, ERR_MALFORMED);
}
END_TEST

START_TEST(nesting_is_bounded)
{
	uint8_t deep[10000];
	struct mp_reader r;
	size_t levels;

	memset(deep, 0x91, sizeof(deep));
	mp_reader_init(&r, SPAN_OF(deep));
	mp_read_raw(&r);
	ck_assert_int_eq(r.err, ERR_MALFORMED);
	/* nor are many levels taken when there is an end */
	for (levels = 0; levels < 100; levels++) {
		deep[levels] = 0x00;
		mp_reader_init(&r, SPAN(deep, levels + 1));
		ck_assert_uint_eq(mp_read_raw(&r).len,
				  levels < 10 ? levels + 1 : 0);
		ck_assert_int_eq(r.err, levels < 10 ? ERR_OK : ERR_MALFORMED);
		deep[levels] = 0x91;
	}
}
END_TEST

/* --- transactions ------------------------------------------------------ */

static uint8_t ed_key[44];

static struct tx make_tx(uint64_t nonce)
{
	static const uint8_t prefix[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
					   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	static uint8_t signature[64];
	struct tx tx = {.nonce = nonce, .fee = 3, .amount = 1000};

	memset(ed_key, 7, sizeof(ed_key));
	memcpy(ed_key, prefix, sizeof(prefix));
	key_address(&tx.sender, SPAN_OF(ed_key));
	memset(tx.recipient.b, 0xab, ADDRESS_LEN);
	tx.data = span_str("hello");
	tx.valid_until = 99;
	tx.signature = SPAN_OF(signature);
	if (!nonce)
		tx.key = SPAN_OF(ed_key);
	return tx;
}

static enum err decode_of(const struct tx *tx, struct fault *f)
{
	struct buf raw = {0};
	struct tx got;
	enum err e;

	*f = (struct fault){0};
	tx_encode(&raw, tx);
	e = tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, f);
	buf_release(&raw);
	return e;
}

START_TEST(a_transaction_round_trips)
{
	struct tx tx = make_tx(0), got;
	struct buf raw = {0}, again = {0}, body = {0};
	struct hash genesis = {{1}}, id;

	tx_encode(&raw, &tx);
	ck_assert_int_eq(tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, NULL),
			 ERR_OK);
	ck_assert_uint_eq(got.fee, 3);
	ck_assert_uint_eq(got.valid_until, 99);
	ck_assert(span_eq(got.data, span_str("hello")));
	tx_encode(&again, &got);
	ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
	tx_encode_body(&body, &tx);
	ck_assert(span_eq(got.body, buf_span(&body)));
	tx_hash(&got, &genesis);
	tx_signing_digest(&id, &tx, &genesis);
	ck_assert(hash_eq(&got.id, &id));
	buf_release(&raw);
	buf_release(&again);
	buf_release(&body);
}
END_TEST

START_TEST(an_id_is_of_one_chain_and_not_of_the_signature)
{
	struct tx tx = make_tx(0), a, b;
	struct hash one = {{1}}, two = {{2}};
	uint8_t other[64] = {9};
	struct buf raw_a = {0}, raw_b = {0};

	tx_encode(&raw_a, &tx);
	tx.signature = SPAN_OF(other);
	tx_encode(&raw_b, &tx);
	ck_assert(!tx_decode(&a, buf_span(&raw_a), TX_BYTES_MAX, NULL));
	ck_assert(!tx_decode(&b, buf_span(&raw_b), TX_BYTES_MAX, NULL));
	tx_hash(&a, &one);
	tx_hash(&b, &one);
	ck_assert(hash_eq(&a.id, &b.id));
	ck_assert(!hash_eq(&a.full, &b.full));
	tx_hash(&b, &two);
	ck_assert(!hash_eq(&a.id, &b.id));
	buf_release(&raw_a);
	buf_release(&raw_b);
}
END_TEST

START_TEST(every_bad_field_of_a_transaction_is_named)
{
	struct tx tx;
	struct fault f;

	tx = make_tx(0);
	tx.key = SPAN("", 0);
	ck_assert_int_eq(decode_of(&tx, &f), ERR_KEY_REQUIRED);
	ck_assert_str_eq(f.field, "public_key");
	tx = make_tx(1);
	tx.key = SPAN_OF(ed_key);
	ck_assert_int_eq(decode_of(&tx, &f), ERR_KEY_UNEXPECTED);
	tx = make_tx(0);
	tx.sender.b[0] ^= 1;
	ck_assert_int_eq(decode_of(&tx, &f), ERR_WRONG_KEY);
	ck_assert_str_eq(f.field, "public_key");
	tx = make_tx(0);
	tx.key.len--;
	ck_assert_int_eq(decode_of(&tx, &f), ERR_BAD_PUBLIC_KEY);
	tx = make_tx(0);
	tx.signature = SPAN("", 0);
	ck_assert_int_eq(decode_of(&tx, &f), ERR_UNSIGNED);
	ck_assert_str_eq(f.field, "signature");
	tx = make_tx(0);
	tx.signature.len--;
	ck_assert_int_eq(decode_of(&tx, &f), ERR_BAD_SIGNATURE);
	tx = make_tx(1);
	tx.signature.len--;
	ck_assert_int_eq(decode_of(&tx, &f), ERR_BAD_SIGNATURE);
	tx = make_tx(0);
	tx.amount = AMOUNT_MAX + 1;
	ck_assert_int_eq(decode_of(&tx, &f), ERR_AMOUNT_OVERFLOW);
	ck_assert_str_eq(f.field, "amount");
	tx = make_tx(0);
	tx.fee = UINT64_MAX;
	ck_assert_int_eq(decode_of(&tx, &f), ERR_AMOUNT_OVERFLOW);
	ck_assert_str_eq(f.field, "fee");
}
END_TEST

/* Whatever bytes stand where the key does, with their own address as the
 * sender: they pass when they are a key, and only then. */
START_TEST(a_first_transaction_brings_a_key_of_an_accepted_form)
{
	static const size_t lengths[] = {1, 32, 43, 44, 45, 293, 294, 295};
	uint8_t key[295];
	struct tx tx;
	struct fault f;
	size_t i, k, n = 0;

	for (i = 0; i < 8 * sizeof(ed_key); i++) {
		tx = make_tx(0);
		memcpy(key, ed_key, sizeof(ed_key));
		key[i / 8] ^= (uint8_t)(1u << i % 8);
		tx.key = SPAN(key, sizeof(ed_key));
		key_address(&tx.sender, tx.key);
		n += key_check(NULL, tx.key) != ERR_OK;
		ck_assert_int_eq(decode_of(&tx, &f), key_check(NULL, tx.key));
	}
	ck_assert_uint_ge(n, 8 * 12); /* the frame */
	for (i = 0; i < ARRAY_LEN(lengths); i++)
		for (k = 0; k < 256; k += 5) {
			static const uint8_t signature[256];

			tx = make_tx(0);
			memset(key, (int)k, sizeof(key));
			tx.key = SPAN(key, lengths[i]);
			tx.signature =
				SPAN(signature, lengths[i] < 256 ? 64 : 256);
			key_address(&tx.sender, tx.key);
			ck_assert_int_eq(decode_of(&tx, &f),
					 ERR_BAD_PUBLIC_KEY);
			ck_assert_str_eq(f.field, "public_key");
		}
}
END_TEST

START_TEST(versions_and_operations_not_known_are_refused)
{
	struct tx tx = make_tx(0), got;
	struct buf raw = {0};
	struct fault f;
	size_t op;

	tx_encode(&raw, &tx);
	ck_assert_uint_eq(raw.data[2], TX_VERSION);
	for (op = 0; op < 128; op++) {
		raw.data[2] = (uint8_t)op;
		ck_assert_int_eq(
			tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, &f),
			op == TX_VERSION ? ERR_OK : ERR_UNSUPPORTED_VERSION);
	}
	raw.data[2] = TX_VERSION;
	/* [.., "hello", [[op, .. : the head of the bin, 5, then 91 93 op */
	for (op = 0; memcmp(raw.data + op, "hello\x91\x93", 7); op++)
		;
	raw.data[op + 7] = TX_EVIDENCE + 1;
	ck_assert_int_eq(tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, &f),
			 ERR_UNSUPPORTED_OPERATION);
	/* one that is known, with what belongs to another */
	for (raw.data[op + 7] = TX_VOTE; raw.data[op + 7] <= TX_EVIDENCE;
	     raw.data[op + 7]++)
		ck_assert_int_eq(
			tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, &f),
			ERR_MALFORMED);
	buf_release(&raw);
}
END_TEST

START_TEST(cut_lengthened_or_oversized_bytes_are_refused)
{
	struct tx tx = make_tx(0), got;
	struct buf raw = {0};
	size_t len;

	tx_encode(&raw, &tx);
	for (len = 0; len < raw.len; len++)
		ck_assert_int_ne(tx_decode(&got, SPAN(raw.data, len),
					   TX_BYTES_MAX, NULL),
				 ERR_OK);
	buf_byte(&raw, 0);
	ck_assert_int_eq(tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, NULL),
			 ERR_MALFORMED);
	raw.len--;
	for (len = raw.len - 3; len <= raw.len + 3; len++)
		ck_assert_int_eq(tx_decode(&got, buf_span(&raw), len, NULL),
				 len < raw.len ? ERR_TOO_BIG : ERR_OK);
	buf_release(&raw);
}
END_TEST

/* Whatever one changed byte makes of it: refused, or taken and the same. */
START_TEST(a_mutated_transaction_is_refused_or_canonical)
{
	struct tx tx = make_tx(0), got;
	struct buf raw = {0}, again = {0};
	struct rng rng;
	int i, taken = 0;

	rng_seed(&rng, 1);
	tx_encode(&raw, &tx);
	for (i = 0; i < 100000; i++) {
		size_t at = rng_below(&rng, raw.len);
		uint8_t old = raw.data[at];

		raw.data[at] = (uint8_t)rng_next(&rng);
		if (!tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, NULL)) {
			buf_reset(&again);
			tx_encode(&again, &got);
			ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
			taken++;
		}
		raw.data[at] = old;
	}
	ck_assert_int_gt(taken, 1000);
	ck_assert_int_lt(taken, 99000);
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

/* --- blocks ------------------------------------------------------------ */

/* [3, [[1, 64 bytes], [99, 64 bytes]]]: a seal of two elements. */
static struct buf a_certificate(void)
{
	struct vote votes[2] = {{.signer = 1, .signature_len = 64},
				{.signer = 99, .signature_len = 64}};
	struct buf raw = {0};

	certificate_encode(&raw, 3, votes, 2);
	return raw;
}

static void make_block(struct buf *out, struct buf *header_raw)
{
	struct header h = {.height = 7, .time = 12345, .has_producer = true};
	struct seal seal = {.key = span_str("key"),
			    .signature = span_str("signature"),
			    .nonce = 77};
	struct tx tx = make_tx(0);
	struct buf raw = {0};
	struct span txs[2];

	memset(h.parent.b, 1, HASH_LEN);
	memset(h.producer.b, 2, ADDRESS_LEN);
	memset(h.txs_root.b, 3, HASH_LEN);
	memset(h.state_root.b, 4, HASH_LEN);
	memset(h.history_root.b, 5, HASH_LEN);
	h.extra = span_str("extra");
	header_encode(header_raw, &h);
	tx_encode(&raw, &tx);
	txs[0] = txs[1] = buf_span(&raw);
	block_encode(out, buf_span(header_raw), &seal, txs, 2);
	buf_release(&raw);
}

START_TEST(a_block_round_trips_and_its_hash_leaves_out_the_seal)
{
	struct buf raw = {0}, header_raw = {0}, again = {0};
	struct hash genesis = {{1}}, a, b;
	struct block block;

	make_block(&raw, &header_raw);
	ck_assert_int_eq(block_decode(&block, buf_span(&raw)), ERR_OK);
	ck_assert_uint_eq(block.tx_count, 2);
	ck_assert_uint_eq(block.seal.nonce, 77);
	ck_assert_uint_eq(block.header.height, 7);
	ck_assert(span_eq(block.header.extra, span_str("extra")));
	ck_assert(span_eq(block.header_raw, buf_span(&header_raw)));
	header_encode(&again, &block.header);
	ck_assert(span_eq(buf_span(&again), buf_span(&header_raw)));
	header_hash(&a, &genesis, block.header_raw);
	block.seal.nonce = 0;
	header_hash(&b, &genesis, block.header_raw);
	ck_assert(hash_eq(&a, &b));
	block_release(&block);
	buf_release(&raw);
	buf_release(&header_raw);
	buf_release(&again);
}
END_TEST

START_TEST(a_mutated_seal_is_refused_or_canonical)
{
	struct buf raw = {0}, again = {0}, certificate = a_certificate();
	struct seal seal = {.key = span_str("key"),
			    .signature = span_str("signature"),
			    .nonce = 300};
	struct seal got;
	size_t at, taken = 0;
	int v;

	if (_i)
		seal.certificate = buf_span(&certificate);
	seal_encode(&raw, &seal);
	for (at = 0; at < raw.len; at++) {
		uint8_t old = raw.data[at];

		ck_assert_int_ne(seal_decode(&got, SPAN(raw.data, at)), ERR_OK);
		for (v = 0; v < 256; v++) {
			raw.data[at] = (uint8_t)v;
			if (seal_decode(&got, buf_span(&raw)))
				continue;
			buf_reset(&again);
			seal_encode(&again, &got);
			ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
			taken++;
		}
		raw.data[at] = old;
	}
	ck_assert_uint_gt(taken, 12 * 256);
	buf_release(&certificate);
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

/* The size is that with the empty seal, and it alone is bounded. */
START_TEST(a_block_of_the_largest_size_has_any_seal)
{
	static uint8_t data[BLOCK_BYTES_MAX];
	struct buf raw = {0}, header_raw = {0}, tx = {0};
	struct buf certificate = a_certificate();
	const struct seal seals[] = {
		{.nonce = 0},
		{.key = SPAN(data, 294), .signature = SPAN(data, 256)},
		{.certificate = buf_span(&certificate)}};
	struct header h = {.height = 7};
	struct block block;
	struct span one;
	size_t i, more;

	header_encode(&header_raw, &h);
	for (more = 0; more < 2; more++)
		for (i = 0; i < ARRAY_LEN(seals); i++) {
			buf_reset(&raw);
			buf_reset(&tx);
			mp_bin(&tx, SPAN(data, BLOCK_BYTES_MAX - 13 -
						       header_raw.len + more));
			one = buf_span(&tx);
			block_encode(&raw, buf_span(&header_raw), &seals[i],
				     &one, 1);
			ck_assert_int_eq(block_decode(&block, buf_span(&raw)),
					 more ? ERR_TOO_BIG : ERR_OK);
			if (more)
				continue;
			ck_assert_uint_eq(block.size, BLOCK_BYTES_MAX);
			ck_assert_uint_eq(block.seal.certificate.len,
					  seals[i].certificate.len);
			block_release(&block);
		}
	buf_release(&certificate);
	buf_release(&header_raw);
	buf_release(&raw);
	buf_release(&tx);
}
END_TEST

START_TEST(a_mutated_block_is_refused_or_canonical)
{
	struct buf raw = {0}, header_raw = {0}, again = {0};
	struct block block;
	struct rng rng;
	int i, taken = 0;

	rng_seed(&rng, 2);
	make_block(&raw, &header_raw);
	for (i = 0; i < 50000; i++) {
		size_t at = rng_below(&rng, raw.len);
		uint8_t old = raw.data[at];

		raw.data[at] = (uint8_t)rng_next(&rng);
		if (!block_decode(&block, buf_span(&raw))) {
			buf_reset(&again);
			buf_reset(&header_raw);
			header_encode(&header_raw, &block.header);
			block_encode(&again, buf_span(&header_raw), &block.seal,
				     block.txs, block.tx_count);
			ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
			block_release(&block);
			taken++;
		}
		raw.data[at] = old;
	}
	ck_assert_int_gt(taken, 1000);
	buf_release(&raw);
	buf_release(&header_raw);
	buf_release(&again);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("codec");
	TCase *mp = tcase_create("msgpack"), *tx = tcase_create("tx");
	TCase *block = tcase_create("block");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(mp, integers_round_trip_at_every_edge);
	tcase_add_test(mp, longer_forms_are_not_canonical);
	tcase_add_test(mp, other_types_are_refused);
	tcase_add_test(mp, a_promise_of_more_than_there_is_allocates_nothing);
	tcase_add_test(mp, nesting_is_bounded);
	tcase_add_test(tx, a_transaction_round_trips);
	tcase_add_test(tx, an_id_is_of_one_chain_and_not_of_the_signature);
	tcase_add_test(tx, every_bad_field_of_a_transaction_is_named);
	tcase_add_test(tx,
		       a_first_transaction_brings_a_key_of_an_accepted_form);
	tcase_add_test(tx, versions_and_operations_not_known_are_refused);
	tcase_add_test(tx, cut_lengthened_or_oversized_bytes_are_refused);
	tcase_add_test(tx, a_mutated_transaction_is_refused_or_canonical);
	tcase_add_test(block,
		       a_block_round_trips_and_its_hash_leaves_out_the_seal);
	tcase_add_loop_test(block, a_mutated_seal_is_refused_or_canonical, 0,
			    2);
	tcase_add_test(block, a_block_of_the_largest_size_has_any_seal);
	tcase_add_test(block, a_mutated_block_is_refused_or_canonical);
	suite_add_tcase(s, mp);
	suite_add_tcase(s, tx);
	suite_add_tcase(s, block);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

/* SPDX-License-Identifier: MIT */
/* P2P messages: what is refused, and that what is taken encodes back to the
 * same bytes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/msgpack.h"
#include "messages.h"

/* --- all types ------------------------------------------------------------ */

START_TEST(letters_name_one_type_each)
{
	enum message_type t, back;

	for (t = 0; t < MESSAGE_TYPE_COUNT; t++) {
		ck_assert_uint_eq(strlen(message_letters(t)), MESSAGE_TYPE_LEN);
		ck_assert(message_type_of(&back,
					  (const uint8_t *)message_letters(t)));
		ck_assert_int_eq(back, t);
		ck_assert_uint_le(message_bytes_max(t) + MESSAGE_TYPE_LEN,
				  MESSAGE_BYTES_MAX);
	}
	ck_assert(!message_type_of(&back, (const uint8_t *)"hey"));
	ck_assert(!message_type_of(&back, (const uint8_t *)"XXX"));
	ck_assert(!message_type_of(&back, (const uint8_t *)"\0\0\0"));
}
END_TEST

START_TEST(a_message_round_trips)
{
	enum message_type t = (enum message_type)_i;
	struct buf raw = {0}, again = {0};
	struct rng rng;
	int i;

	rng_seed(&rng, 1);
	for (i = 0; i < 300; i++) {
		buf_reset(&raw);
		buf_reset(&again);
		message_random(&raw, t, &rng);
		ck_assert_uint_le(raw.len, message_bytes_max(t));
		ck_assert_int_eq(message_again(&again, t, buf_span(&raw)),
				 ERR_OK);
		ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
	}
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

START_TEST(a_cut_or_lengthened_message_is_refused)
{
	enum message_type t = (enum message_type)_i;
	struct buf raw = {0}, again = {0};
	struct rng rng;
	size_t len;
	int i;

	rng_seed(&rng, 2);
	for (i = 0; i < 8; i++) {
		buf_reset(&raw);
		message_random(&raw, t, &rng);
		for (len = 0; len < raw.len; len++) {
			uint8_t *cut = xmemdup(raw.data, len);

			ck_assert_int_ne(
				message_again(&again, t, SPAN(cut, len)),
				ERR_OK);
			free(cut);
		}
		buf_byte(&raw, 0);
		ck_assert_int_ne(message_again(&again, t, buf_span(&raw)),
				 ERR_OK);
	}
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

/* Whatever one changed byte makes of it: refused, or taken and the same. A
 * third of the values at each place, another third at the next. */
START_TEST(a_changed_byte_is_refused_or_canonical)
{
	enum message_type t = (enum message_type)_i;
	struct buf raw = {0}, again = {0};
	struct rng rng;
	size_t at, refused = 0;
	int i, v;

	rng_seed(&rng, 3);
	for (i = 0; i < 2; i++) {
		buf_reset(&raw);
		message_random(&raw, t, &rng);
		for (at = 0; at < raw.len; at++) {
			uint8_t old = raw.data[at];

			for (v = (int)(at % 3); v < 256; v += 3) {
				raw.data[at] = (uint8_t)v;
				buf_reset(&again);
				if (message_again(&again, t, buf_span(&raw))) {
					refused++;
					continue;
				}
				ck_assert(span_eq(buf_span(&raw),
						  buf_span(&again)));
			}
			raw.data[at] = old;
		}
	}
	ck_assert_uint_gt(refused, 50);
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

/* --- bounds --------------------------------------------------------------- */

START_TEST(lists_end_at_their_bounds)
{
	static const struct {
		enum message_type t;
		size_t min, max;
	} lists[] = {
		{MSG_AHD, 0, MSG_HEADERS_MAX},
		{MSG_RBL, 0, MSG_BLOCKS_MAX},
		{MSG_TXA, 0, MSG_TX_HASHES_MAX},
		{MSG_TXQ, 0, MSG_TX_HASHES_MAX},
		{MSG_TXN, 0, MSG_TXS_MAX},
		{MSG_ADR, 0, MSG_ADDRESSES_MAX},
		{MSG_EVD, 0, MSG_EVIDENCE_MAX},
	};
	struct hash h = {{7}};
	struct buf raw = {0}, again = {0};
	size_t i, k, n;

	for (i = 0; i < ARRAY_LEN(lists); i++)
		for (n = lists[i].max; n <= lists[i].max + 1; n++) {
			enum message_type t = lists[i].t;

			buf_reset(&raw);
			buf_reset(&again);
			mp_array(&raw, n);
			for (k = 0; k < n; k++) {
				size_t parts = t == MSG_AHD   ? 2
					       : t == MSG_EVD ? 4
							      : 0;

				if (t == MSG_ADR) {
					mp_bin(&raw, span_str("a:1"));
					continue;
				}
				if (!parts)
					mp_hash(&raw, &h);
				else
					mp_array(&raw, parts);
				while (parts--)
					mp_array(&raw, 0);
			}
			ck_assert_int_eq(
				message_again(&again, t, buf_span(&raw)),
				n > lists[i].max ? ERR_MALFORMED : ERR_OK);
		}
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

static enum err ask(size_t hashes, uint64_t max)
{
	struct hash list[MSG_LOCATOR_MAX + 1] = {{{0}}};
	struct msg_ask_headers got;
	struct buf raw = {0};
	enum err e;

	mp_array(&raw, 2);
	msg_hashes_encode(&raw, list, hashes);
	mp_uint(&raw, max);
	e = msg_ask_headers_decode(&got, buf_span(&raw));
	buf_release(&raw);
	return e;
}

START_TEST(headers_are_asked_with_a_locator_and_a_bound)
{
	ck_assert_int_eq(ask(1, 1), ERR_OK);
	ck_assert_int_eq(ask(MSG_LOCATOR_MAX, MSG_HEADERS_MAX), ERR_OK);
	ck_assert_int_eq(ask(0, 1), ERR_MALFORMED);
	ck_assert_int_eq(ask(MSG_LOCATOR_MAX + 1, 1), ERR_MALFORMED);
	ck_assert_int_eq(ask(1, 0), ERR_MALFORMED);
	ck_assert_int_eq(ask(1, MSG_HEADERS_MAX + 1), ERR_MALFORMED);
}
END_TEST

START_TEST(blocks_and_missing_ones_end_at_their_bounds)
{
	struct hash missing[MSG_BLOCKS_MAX + 1] = {{{0}}};
	struct span blocks[MSG_BLOCKS_MAX + 1];
	struct msg_blocks got;
	struct buf raw = {0};
	size_t b, m;

	for (b = 0; b <= MSG_BLOCKS_MAX; b++)
		blocks[b] = SPAN("\x90", 1);
	for (b = MSG_BLOCKS_MAX; b <= MSG_BLOCKS_MAX + 1; b++)
		for (m = MSG_BLOCKS_MAX; m <= MSG_BLOCKS_MAX + 1; m++) {
			buf_reset(&raw);
			msg_blocks_encode(&raw, blocks, b, missing, m);
			ck_assert_int_eq(
				msg_blocks_decode(&got, buf_span(&raw)),
				b + m > 2 * MSG_BLOCKS_MAX ? ERR_MALFORMED
							   : ERR_OK);
		}
	buf_release(&raw);
}
END_TEST

START_TEST(a_number_too_large_for_a_height_is_refused)
{
	struct msg_tip tip = {.height = AMOUNT_MAX,
			      .settled = AMOUNT_MAX,
			      .clock = AMOUNT_MAX,
			      .number = UINT64_MAX};
	uint64_t *fields[] = {&tip.height, &tip.settled, &tip.clock};
	struct msg_tip got;
	struct buf raw = {0};
	size_t i;

	for (i = 0; i <= ARRAY_LEN(fields); i++) {
		buf_reset(&raw);
		if (i < ARRAY_LEN(fields))
			++*fields[i];
		msg_tip_encode(&raw, &tip);
		ck_assert_int_eq(msg_tip_decode(&got, buf_span(&raw)),
				 i < ARRAY_LEN(fields) ? ERR_MALFORMED
						       : ERR_OK);
		if (i < ARRAY_LEN(fields))
			--*fields[i];
	}
	buf_release(&raw);
}
END_TEST

/* --- one type each -------------------------------------------------------- */

START_TEST(a_hello_of_another_version_tells_its_version)
{
	struct msg_hello got;
	struct buf raw = {0};
	uint64_t version;
	size_t more;

	for (version = 0; version < 300; version++)
		for (more = 0; more < 20; more += 5) {
			if (version == PROTOCOL_VERSION)
				continue;
			buf_reset(&raw);
			mp_array(&raw, 1 + more);
			mp_uint(&raw, version);
			while (raw.len < more)
				mp_uint(&raw, 1);
			ck_assert_int_eq(msg_hello_decode(&got, buf_span(&raw)),
					 ERR_UNSUPPORTED_VERSION);
			ck_assert_uint_eq(got.version, version);
		}
	buf_release(&raw);
}
END_TEST

START_TEST(a_farewell_of_anything_can_be_read)
{
	char text[BYE_TEXT_MAX + 100];
	struct msg_bye m = {.code = span_str("malformed"),
			    .text = SPAN_OF(text)},
		       got;
	struct buf raw = {0};
	size_t i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	msg_bye_encode(&raw, &m);
	ck_assert_int_eq(msg_bye_decode(&got, buf_span(&raw)), ERR_OK);
	ck_assert_uint_eq(got.text.len, BYE_TEXT_MAX);
	ck_assert_int_eq(got.text.data['\n'], '?');
	ck_assert_int_eq(got.text.data['a'], 'a');
	buf_release(&raw);
}
END_TEST

static enum err piece(uint64_t total, uint64_t offset, size_t len)
{
	uint8_t *bytes = xcalloc(1, len + 1);
	struct msg_genesis m = {total, offset, 5, SPAN(bytes, len)}, got;
	struct buf raw = {0};
	enum err e;

	msg_genesis_encode(&raw, &m);
	e = msg_genesis_decode(&got, buf_span(&raw));
	buf_release(&raw);
	free(bytes);
	return e;
}

START_TEST(a_piece_of_the_genesis_is_whole)
{
	const size_t whole = MSG_GENESIS_PIECE;

	ck_assert_int_eq(piece(1, 0, 1), ERR_OK);
	ck_assert_int_eq(piece(whole + 5, 0, whole), ERR_OK);
	ck_assert_int_eq(piece(whole + 5, whole, 5), ERR_OK);
	ck_assert_int_eq(piece(MSG_GENESIS_MAX, 3, whole), ERR_OK);
	ck_assert_int_eq(piece(whole + 5, 0, whole - 1), ERR_MALFORMED);
	ck_assert_int_eq(piece(whole + 5, whole, 4), ERR_MALFORMED);
	ck_assert_int_eq(piece(whole + 5, whole, 6), ERR_MALFORMED);
	ck_assert_int_eq(piece(1, 0, 0), ERR_MALFORMED);
	ck_assert_int_eq(piece(5, 5, 0), ERR_MALFORMED);
	ck_assert_int_eq(piece(5, 6, 1), ERR_MALFORMED);
	ck_assert_int_eq(piece(whole + 5, 0, whole + 1), ERR_MALFORMED);
	ck_assert_int_eq(piece(MSG_GENESIS_MAX + 1, 0, whole), ERR_MALFORMED);
}
END_TEST

START_TEST(addresses_look_like_addresses)
{
	static const char *const good[] = {
		"127.0.0.1:1",	  "255.255.255.255:65535", "[::]:4999",
		"[fe80::1]:4999", "[::ffff:10.0.0.1]:80",  "localhost:4999",
		"a_b-c.d:1",	  "1a.example:80",
	};
	static const char *const bad[] = {
		"",	      ":",	     ":1",
		"a",	      "a:",	     "a:0",
		"a:01",	      "a:65536",     "a:-1",
		"a: 1",	      "a b:1",	     "a\n:1",
		"1.2.3:1",    "1.2.3.4.5:1", "1.2.3.256:1",
		"1.2.3.04:1", "1:1",	     ".a:1",
		"a..b:1",     "a.:1",	     "::1:80",
		"[::1]80",    "[::1:80",     "[:]:1",
		"[]:1",	      "[::g]:1",     "[1.2.3.4]:80",
		"a:1:2",      "a\xc3\xa4:1", "user@host:80",
		"a/b:1",
	};
	char text[ADDRESS_TEXT_MAX + 2];
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(address_text_ok(span_str(good[i])), "%s",
			      good[i]);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!address_text_ok(span_str(bad[i])), "%s", bad[i]);
	for (i = 0; i < sizeof(text); i++)
		text[i] = i % 10 == 9 ? '.' : 'a';
	memcpy(text + 253, ":65535", 6);
	ck_assert(address_text_ok(SPAN(text, 259)));
	memcpy(text + 254, ":65535", 6);
	text[253] = 'a';
	ck_assert(!address_text_ok(SPAN(text, 260)));
	memset(text, 'a', 64);
	memcpy(text + 63, ":1", 2);
	ck_assert(address_text_ok(SPAN(text, 65)));
	memcpy(text + 63, "a:1", 3);
	ck_assert(!address_text_ok(SPAN(text, 66)));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("message");
	TCase *all = tcase_create("all"), *bounds = tcase_create("bounds");
	TCase *each = tcase_create("each");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_test(all, letters_name_one_type_each);
	tcase_add_loop_test(all, a_message_round_trips, 0, MESSAGE_TYPE_COUNT);
	tcase_add_loop_test(all, a_cut_or_lengthened_message_is_refused, 0,
			    MESSAGE_TYPE_COUNT);
	tcase_add_loop_test(all, a_changed_byte_is_refused_or_canonical, 0,
			    MESSAGE_TYPE_COUNT);
	tcase_add_test(bounds, lists_end_at_their_bounds);
	tcase_add_test(bounds, headers_are_asked_with_a_locator_and_a_bound);
	tcase_add_test(bounds, blocks_and_missing_ones_end_at_their_bounds);
	tcase_add_test(bounds, a_number_too_large_for_a_height_is_refused);
	tcase_add_test(each, a_hello_of_another_version_tells_its_version);
	tcase_add_test(each, a_farewell_of_anything_can_be_read);
	tcase_add_test(each, a_piece_of_the_genesis_is_whole);
	tcase_add_test(each, addresses_look_like_addresses);
	suite_add_tcase(s, all);
	suite_add_tcase(s, bounds);
	suite_add_tcase(s, each);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

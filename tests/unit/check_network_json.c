/* SPDX-License-Identifier: MIT */
/* What peers, evidence, progress and readiness look like, as plain values. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "codec/vote.h"
#include "http/block_json.h"
#include "http/network_json.h"
#include "http/ready.h"

#include "json_look.h"

static json_t *parsed(struct buf *out)
{
	json_error_t error;
	json_t *o = json_loadb((char *)out->data, out->len,
			       JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(o != NULL, "%s in %.*s", error.text, (int)out->len,
		      (char *)out->data);
	buf_release(out);
	return o;
}

/* What a block of an engine with votes shows of what decided it. */
START_TEST(a_certificate_names_who_signed)
{
	struct vote votes[2] = {{.signer = 1, .signature_len = 64},
				{.signer = 7, .signature_len = 256}};
	struct validator members[8] = {{.account = {{0}}}};
	const struct validators set = {members, 8};
	struct buf raw = {0}, out = {0};
	char hex[ADDRESS_HEX_LEN];
	const json_t *list;
	json_t *o;
	size_t i;

	for (i = 0; i < 8; i++)
		members[i].account.b[0] = (uint8_t)(0x10 + i);
	certificate_encode(&raw, 3, votes, 2);
	/* by numbers alone where the set of then is not known */
	out_certificate(&out, buf_span(&raw), NULL);
	o = parsed(&out);
	list = json_object_get(o, "votes");
	ck_assert(!json_object_get(json_array_get(list, 0), "address"));
	json_decref(o);
	out_certificate(&out, buf_span(&raw), &set);
	o = parsed(&out);
	list = json_object_get(o, "votes");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "round")), 3);
	ck_assert_uint_eq(json_array_size(list), 2);
	for (i = 0; i < 2; i++) {
		const json_t *v = json_array_get(list, i);

		ck_assert_int_eq(
			json_integer_value(json_object_get(v, "validator")),
			votes[i].signer);
		ck_assert_str_eq(
			json_string_value(json_object_get(v, "address")),
			address_hex(hex, &members[votes[i].signer].account));
		ck_assert_uint_eq(
			json_string_length(json_object_get(v, "signature")),
			(votes[i].signature_len + 2u) / 3 * 4);
	}
	json_decref(o);
	buf_release(&raw);
}
END_TEST

START_TEST(a_peer_cannot_forge_its_line)
{
	struct peer_info p = {.where = "127.0.0.1:4999",
			      .listen = "",
			      .agent = "x\",\"score\":0,\"\x01\xff",
			      .inbound = true,
			      .authority = true,
			      .since = 5,
			      .height = 7,
			      .settled = 6,
			      .clock_offset = -250,
			      .round_trip = 12,
			      .score = 30};
	struct api_traffic traffic = {1, 2, 3, 4};
	struct buf out = {0};
	json_t *o;

	out_peer(&out, &p, &traffic);
	o = parsed(&out);
	ck_assert_int_eq(number_in(o, "score"), 30);
	ck_assert_int_eq(number_in(o, "clock_offset_ms"), -250);
	ck_assert_int_eq(number_in(o, "settled_height"), 6);
	ck_assert_str_eq(text_in(o, "direction"), "in");
	ck_assert_str_eq(text_in(o, "listen"), "");
	ck_assert_int_eq(number_in(o, "bytes_in"), 1);
	ck_assert_int_eq(number_in(o, "bytes_out"), 2);
	ck_assert_int_eq(number_in(o, "messages_in"), 3);
	ck_assert_int_eq(number_in(o, "messages_out"), 4);
	json_decref(o);
	p.inbound = false;
	p.clock_offset = INT64_MIN;
	out_peer(&out, &p, NULL);
	o = parsed(&out);
	ck_assert_str_eq(text_in(o, "direction"), "out");
	ck_assert_int_eq(number_in(o, "clock_offset_ms"), INT64_MIN);
	ck_assert(!json_object_get(o, "bytes_in"));
	json_decref(o);
}
END_TEST

/* Who hashes the bytes that are shown finds the id that was signed. */
START_TEST(evidence_shows_the_bytes_that_were_hashed)
{
	static const struct hash genesis = {{3}};
	struct evidence_info e = {.found = 77};
	struct buf bytes = {0}, out = {0};
	struct hash digest;
	const char *raw;
	char hex[HASH_HEX_LEN];
	json_t *o, *h;
	size_t i;

	for (i = 0; i < 2; i++) {
		e.header[i] = (struct header){.height = 9 + i,
					      .time = 1000 + i,
					      .has_producer = true,
					      .engine = span_str("\x90"),
					      .results_root = span_str(""),
					      .extra = span_str("hi")};
		e.seal[i].key = span_str("key");
		e.seal[i].signature = span_str(i ? "second" : "first");
		buf_reset(&bytes);
		header_encode(&bytes, &e.header[i]);
		header_hash(&e.hash[i], &genesis, buf_span(&bytes));
	}
	out_evidence(&out, &e);
	o = parsed(&out);
	ck_assert_int_eq(number_in(o, "found"), 77);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "headers")), 2);
	for (i = 0; i < 2; i++) {
		h = json_array_get(json_object_get(o, "headers"), i);
		ck_assert_int_eq(number_in(h, "number"), 9 + (json_int_t)i);
		ck_assert_str_eq(text_in(h, "signature"),
				 i ? "c2Vjb25k" : "Zmlyc3Q=");
		raw = text_in(h, "raw");
		ck_assert_uint_eq(strlen(raw) % 2, 0);
		buf_reset(&bytes);
		for (; *raw; raw += 2) {
			unsigned byte;

			ck_assert_int_eq(sscanf(raw, "%2x", &byte), 1);
			buf_byte(&bytes, (uint8_t)byte);
		}
		header_hash(&digest, &genesis, buf_span(&bytes));
		ck_assert_str_eq(text_in(h, "id"), hash_hex(hex, &digest));
	}
	json_decref(o);
	buf_release(&bytes);
}
END_TEST

/* The same of votes: who digests the bytes with the domain of votes finds
 * what was signed. */
START_TEST(a_double_vote_shows_the_bytes_that_were_signed)
{
	static const struct hash genesis = {{3}};
	struct evidence_info e = {.found = 77, .of_votes = true};
	struct buf out = {0}, bytes = {0};
	struct hash shown, signs;
	json_t *o, *v;
	const char *raw;
	unsigned byte;
	size_t i;

	e.votes.key = span_str("key");
	for (i = 0; i < 2; i++)
		e.votes.vote[i] = (struct vote){.kind = VOTE_ROUND_CHANGE,
						.height = 12,
						.round = 4,
						.prepared = i,
						.prepared_round = i * 2,
						.signature = "first",
						.signature_len = 5};
	out_evidence(&out, &e);
	o = parsed(&out);
	ck_assert_int_eq(number_in(o, "height"), 12);
	ck_assert_int_eq(number_in(o, "round"), 4);
	ck_assert_str_eq(text_in(o, "kind"), "round_change");
	ck_assert_str_eq(text_in(o, "public_key"), "a2V5");
	ck_assert(!json_object_get(o, "headers"));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "votes")), 2);
	for (i = 0; i < 2; i++) {
		v = json_array_get(json_object_get(o, "votes"), i);
		ck_assert_str_eq(text_in(v, "signature"), "Zmlyc3Q=");
		buf_reset(&bytes);
		for (raw = text_in(v, "raw"); *raw; raw += 2) {
			ck_assert_int_eq(sscanf(raw, "%2x", &byte), 1);
			buf_byte(&bytes, (uint8_t)byte);
		}
		digest(&shown, DOMAIN_VOTE, &genesis, buf_span(&bytes));
		vote_digest(&signs, &e.votes.vote[i], &genesis);
		ck_assert(hash_eq(&shown, &signs));
	}
	v = json_object_get(o, "votes");
	ck_assert(json_is_null(
		json_object_get(json_array_get(v, 0), "prepared_round")));
	ck_assert_int_eq(number_in(json_array_get(v, 1), "prepared_round"), 2);
	json_decref(o);
	buf_release(&bytes);
}
END_TEST

START_TEST(progress_is_of_the_way_and_full_only_when_ready)
{
	struct sync_info s = {
		.state = SYNC_BEHIND, .started = 100, .target = 200};
	uint64_t height;
	unsigned last = 0, now;

	for (height = 90; height < 210; height++) {
		now = sync_progress(&s, height);
		ck_assert_uint_ge(now, last);
		ck_assert_uint_le(now, 99);
		last = now;
	}
	ck_assert_uint_eq(sync_progress(&s, 150), 50);
	s.target = 100; /* a better branch need not be higher */
	ck_assert_uint_eq(sync_progress(&s, 100), 0);
	s.state = SYNC_BOOT;
	ck_assert_uint_lt(sync_progress(&s, 100), 100);
	s.state = SYNC_READY;
	ck_assert_uint_eq(sync_progress(&s, 0), 100);
}
END_TEST

static void expect_check(const struct readiness *r, const char *name)
{
	struct fault f = {0};
	enum err e = ready_check(r, &f);

	ck_assert_int_eq(e, *name ? ERR_UNAVAILABLE : ERR_OK);
	ck_assert_str_eq(f.field, name);
	if (*name) /* a sentence names it too */
		ck_assert(strstr(f.detail, name) != NULL);
}

START_TEST(ready_names_the_check_that_fails)
{
	const struct readiness good = {.sync = {.state = SYNC_READY},
				       .authorities = 4,
				       .peers = 1,
				       .has_offset = true,
				       .offset = 500,
				       .missing = "",
				       .offset_max = 500};
	struct readiness r = good;

	expect_check(&r, "");
	r.offset = 501;
	expect_check(&r, "clock");
	r.offset = -501;
	expect_check(&r, "clock");
	r.offset = INT64_MIN;
	expect_check(&r, "clock");
	r.has_offset = false;
	expect_check(&r, "");
	r = good;
	r.offset = -500;
	expect_check(&r, "");
	r.peers = 0;
	expect_check(&r, "no_peers");
	r.authorities = 1;
	expect_check(&r, "");
	r = good;
	r.sync.state = SYNC_BEHIND;
	expect_check(&r, "sync");
	r.sync.state = SYNC_BOOT;
	expect_check(&r, "boot");
	r.sync.halted = true;
	expect_check(&r, "halted");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("network_json");
	TCase *t = tcase_create("network_json");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, a_peer_cannot_forge_its_line);
	tcase_add_test(t, a_certificate_names_who_signed);
	tcase_add_test(t, evidence_shows_the_bytes_that_were_hashed);
	tcase_add_test(t, a_double_vote_shows_the_bytes_that_were_signed);
	tcase_add_test(t, progress_is_of_the_way_and_full_only_when_ready);
	tcase_add_test(t, ready_names_the_check_that_fails);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

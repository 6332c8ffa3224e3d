/* SPDX-License-Identifier: MIT */
/*
 * Genesis files of engine bft: its fields, in every wrong way, and the one
 * encoding that they have.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "ledger/genesis.h"
#include "tests/unit/numbered_keys.h"

#define A "00112233445566778899aabbccddeeff00112233"
#define PEOPLE (VALIDATORS_MAX + 1)

static char *keys[PEOPLE]; /* in base64 */

static void setup(void)
{
	struct secret_key *key;
	struct buf text;
	size_t i;

	for (i = 0; i < PEOPLE; i++) {
		text = (struct buf){0};
		key = numbered_key((uint32_t)i);
		base64_encode(&text, secret_key_public(key));
		buf_byte(&text, 0);
		keys[i] = (char *)text.data;
		secret_key_free(key);
	}
}

static void teardown(void)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		free(keys[i]);
}

/* The file with the keys from..to, downwards when from > to, with `more` in
 * consensus and `rest` beside it. */
static struct buf file_of(size_t from, size_t to, const char *more,
			  const char *rest)
{
	struct buf text = {0};
	char entry[512];
	size_t i = from;
	int n;

	buf_append_span(&text,
			span_str("{\"network_id\":\"n\",\"consensus\":"
				 "{\"engine\":\"bft\",\"validators\":["));
	while (i != to) {
		n = snprintf(entry, sizeof(entry), "%s{\"public_key\":\"%s\"}",
			     i == from ? "" : ",", keys[i < to ? i : i - 1]);
		buf_append(&text, entry, (size_t)n);
		i = i < to ? i + 1 : i - 1;
	}
	buf_append_span(&text, span_str("]"));
	buf_append_span(&text, span_str(more));
	buf_append_span(&text, span_str("}"));
	buf_append_span(&text, span_str(rest));
	buf_append_span(&text, span_str("}"));
	return text;
}

static enum err parse(struct rules *r, struct buf text, struct fault *f)
{
	enum err e;

	*f = (struct fault){0};
	e = genesis_parse(r, buf_span(&text), f);
	buf_release(&text);
	return e;
}

static struct buf encoded(struct buf text)
{
	struct buf out = {0};
	struct rules r;
	struct fault f;

	ck_assert_msg(!parse(&r, text, &f), "%s: %s", f.field, f.detail);
	rules_encode(&out, &r);
	rules_release(&r);
	return out;
}

START_TEST(defaults_are_those_of_the_page)
{
	struct rules r;
	struct fault f;
	size_t i;

	ck_assert_int_eq(parse(&r, file_of(0, 4, "", ""), &f), ERR_OK);
	ck_assert_int_eq(r.engine, ENGINE_BFT);
	ck_assert_uint_eq(r.miner_count, 0);
	ck_assert_uint_eq(r.validators.count, 4);
	ck_assert_uint_eq(r.timeout_ms, 2000);
	ck_assert_uint_eq(r.timeout_max_ms, 30000);
	ck_assert_uint_eq(r.max_drift_ms, 15000);
	ck_assert(!r.allow_few);
	for (i = 1; i < 4; i++)
		ck_assert_int_lt(memcmp(&r.validators.list[i - 1].account,
					&r.validators.list[i].account,
					ADDRESS_LEN),
				 0);
	rules_release(&r);
}
END_TEST

START_TEST(order_defaults_and_empty_miners_do_not_matter)
{
	struct buf one = encoded(file_of(0, 5, "", ""));
	struct buf two = encoded(
		file_of(5, 0,
			",\"timeout_ms\":2000,\"timeout_max_ms\":30000,"
			"\"max_drift\":15,\"allow_few\":false",
			",\"miners\":[],\"block_mining\":{\"interval\":0}"));
	struct buf other = encoded(file_of(0, 6, "", ""));

	ck_assert(span_eq(buf_span(&one), buf_span(&two)));
	ck_assert(!span_eq(buf_span(&one), buf_span(&other)));
	buf_release(&one);
	buf_release(&two);
	buf_release(&other);
}
END_TEST

START_TEST(what_encodes_decodes_and_prints_the_same)
{
	struct buf one = encoded(file_of(
			   0, 3, ",\"allow_few\":true,\"max_drift\":7", "")),
		   two = {0}, text = {0}, three;
	struct rules r;

	ck_assert_int_eq(rules_decode(&r, buf_span(&one)), ERR_OK);
	ck_assert_uint_eq(r.max_drift_ms, 7000);
	rules_encode(&two, &r);
	ck_assert(span_eq(buf_span(&one), buf_span(&two)));
	genesis_print(&text, &r);
	ck_assert_ptr_null(memmem(text.data, text.len, "miners", 6));
	ck_assert_ptr_null(memmem(text.data, text.len, "slot_ms", 7));
	three = encoded(text);
	ck_assert(span_eq(buf_span(&one), buf_span(&three)));
	rules_release(&r);
	buf_release(&one);
	buf_release(&two);
	buf_release(&three);
}
END_TEST

START_TEST(bytes_that_decode_encode_back_to_themselves)
{
	struct buf one = encoded(file_of(0, 4, "", "")), two = {0};
	size_t i, at, decoded = 0;
	struct rules r;
	struct rng rng;
	uint8_t was;

	for (i = 0; i < one.len; i++)
		ck_assert_int_eq(rules_decode(&r, SPAN(one.data, i)),
				 ERR_CORRUPT);
	rng_seed(&rng, 4);
	for (i = 0; i < 20000; i++) {
		at = rng_below(&rng, one.len);
		was = one.data[at];
		one.data[at] = (uint8_t)rng_next(&rng);
		if (!rules_decode(&r, buf_span(&one))) {
			decoded++;
			buf_reset(&two);
			rules_encode(&two, &r);
			ck_assert(span_eq(buf_span(&one), buf_span(&two)));
			rules_release(&r);
		}
		one.data[at] = was;
	}
	ck_assert_uint_gt(decoded, 300);
	buf_release(&one);
	buf_release(&two);
}
END_TEST

/* What a damaged store must not give: rules that no file gives. */
START_TEST(fewer_than_four_do_not_decode_without_the_flag)
{
	struct buf one = encoded(file_of(0, 3, ",\"allow_few\":true", ""));
	struct rules r;

	ck_assert_uint_eq(one.data[one.len - 1], 1);
	one.data[one.len - 1] = 0;
	ck_assert_int_eq(rules_decode(&r, buf_span(&one)), ERR_CORRUPT);
	buf_release(&one);
}
END_TEST

static const struct bad {
	size_t keys;
	const char *more, *rest;
	enum err code;
	const char *field, *detail;
} bads[] = {
	{0, "", "", ERR_OUT_OF_RANGE, "consensus.validators",
	 "0 keys, expected 1 to 100"},
	{PEOPLE, "", "", ERR_OUT_OF_RANGE, "consensus.validators",
	 "101 keys, expected 1 to 100"},
	{1, "", "", ERR_OUT_OF_RANGE, "consensus.validators",
	 "1 keys, expected at least 4, or consensus.allow_few: true"},
	{3, ",\"allow_few\":false", "", ERR_OUT_OF_RANGE,
	 "consensus.validators", "3 keys, expected at least 4"},
	{4, ",\"allow_few\":1", "", ERR_WRONG_TYPE, "consensus.allow_few",
	 "1, expected true or false"},
	{4, ",\"timeout_ms\":9", "", ERR_OUT_OF_RANGE, "consensus.timeout_ms",
	 "9, expected an integer from 10 to 3600000"},
	{4, ",\"timeout_ms\":3600001", "", ERR_OUT_OF_RANGE,
	 "consensus.timeout_ms", "3600001"},
	{4, ",\"timeout_ms\":30001", "", ERR_OUT_OF_RANGE,
	 "consensus.timeout_max_ms",
	 "30000, expected at least timeout_ms, which is 30001"},
	{4, ",\"timeout_max_ms\":1999", "", ERR_OUT_OF_RANGE,
	 "consensus.timeout_max_ms", "1999, expected at least"},
	{4, ",\"max_drift\":0", "", ERR_OUT_OF_RANGE, "consensus.max_drift",
	 "0, expected an integer from 1 to 3600"},
	{4, ",\"max_drift\":3601", "", ERR_OUT_OF_RANGE, "consensus.max_drift",
	 "3601"},
	{4, ",\"max_drift\":1.5", "", ERR_WRONG_TYPE, "consensus.max_drift",
	 "1.5"},
	{4, "", ",\"miners\":[\"" A "\"]", ERR_OUT_OF_RANGE, "miners",
	 "expected none"},
	{4, "", ",\"miners\":{}", ERR_OUT_OF_RANGE, "miners", "expected none"},
	{4, "", ",\"max_tx_bytes\":2047", ERR_OUT_OF_RANGE, "max_tx_bytes",
	 "2047, expected at least 2048"},
	{4, ",\"slot_ms\":10", "", ERR_UNKNOWN_FIELD, "consensus.slot_ms",
	 "belongs to engine \"poa\"; this chain's engine is \"bft\", expected "
	 "one of engine validators timeout_ms"},
	{4, ",\"half_life\":1", "", ERR_UNKNOWN_FIELD, "consensus.half_life",
	 "engine \"pow\""},
	{4, ",\"round_timeout_ms\":1", "", ERR_UNKNOWN_FIELD,
	 "consensus.round_timeout_ms", "is not a field"},
};

START_TEST(a_bad_field_is_refused_naming_field_value_and_expectation)
{
	const struct bad *b = &bads[_i];
	struct rules r;
	struct fault f;

	ck_assert_msg(parse(&r, file_of(0, b->keys, b->more, b->rest), &f) ==
			      b->code,
		      "%s: %s: %s", err_code(f.code), f.field, f.detail);
	ck_assert_str_eq(f.field, b->field);
	ck_assert_msg(strstr(f.detail, b->detail), "%s", f.detail);
	ck_assert_ptr_null(r.validators.list);
}
END_TEST

static const struct bad_key {
	const char *list; /* @ is a good key */
	enum err code;
	const char *field, *detail;
} bad_keys[] = {
	{"{}", ERR_WRONG_TYPE, "consensus.validators", "an object, expected"},
	{"\"@\"", ERR_WRONG_TYPE, "consensus.validators", "expected an array"},
	{"[\"@\"]", ERR_WRONG_TYPE, "consensus.validators[0]",
	 "expected an object"},
	{"[{}]", ERR_MISSING_FIELD, "consensus.validators[0].public_key",
	 "missing"},
	{"[{\"public_key\":7}]", ERR_WRONG_TYPE,
	 "consensus.validators[0].public_key", "7, expected"},
	{"[{\"public_key\":\"AAAA\"}]", ERR_BAD_PUBLIC_KEY,
	 "consensus.validators[0].public_key", "\"AAAA\", expected"},
	{"[{\"public_key\":\"\"}]", ERR_BAD_PUBLIC_KEY,
	 "consensus.validators[0].public_key", "expected"},
	{"[{\"public_key\":\"@ \"}]", ERR_BAD_PUBLIC_KEY,
	 "consensus.validators[0].public_key", "expected"},
	{"[{\"public_key\":\"@\",\"power\":1}]", ERR_UNKNOWN_FIELD,
	 "consensus.validators[0].power", "expected public_key alone"},
	{"[{\"public_key\":\"@\"},{\"public_key\":\"@\"}]", ERR_DUPLICATE_FIELD,
	 "consensus.validators[1].public_key", "given twice"},
};

START_TEST(a_bad_key_is_refused_by_its_number)
{
	const struct bad_key *b = &bad_keys[_i];
	struct buf text = {0};
	struct rules r;
	struct fault f;
	const char *p;

	buf_append_span(&text,
			span_str("{\"network_id\":\"n\",\"consensus\":"
				 "{\"engine\":\"bft\",\"allow_few\":true,"
				 "\"validators\":"));
	for (p = b->list; *p; p++)
		if (*p == '@')
			buf_append_span(&text, span_str(keys[0]));
		else
			buf_byte(&text, (uint8_t)*p);
	buf_append_span(&text, span_str("}}"));
	ck_assert_int_eq(parse(&r, text, &f), b->code);
	ck_assert_str_eq(f.field, b->field);
	ck_assert_msg(strstr(f.detail, b->detail), "%s", f.detail);
}
END_TEST

START_TEST(validators_are_required_and_bft_s_alone)
{
	static const char none[] = "{\"network_id\":\"n\",\"consensus\":"
				   "{\"engine\":\"bft\"}}";
	static const char *const fields[] = {"validators", "timeout_ms",
					     "timeout_max_ms", "max_drift",
					     "allow_few"};
	char text[256], path[64];
	struct rules r;
	struct fault f;
	size_t i;

	ck_assert_int_eq(genesis_parse(&r, span_str(none), &f),
			 ERR_MISSING_FIELD);
	ck_assert_str_eq(f.field, "consensus.validators");
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		snprintf(text, sizeof(text),
			 "{\"network_id\":\"n\",\"miners\":[\"" A "\"],"
			 "\"consensus\":{\"%s\":1}}",
			 fields[i]);
		snprintf(path, sizeof(path), "consensus.%s", fields[i]);
		ck_assert_int_eq(genesis_parse(&r, span_str(text), &f),
				 ERR_UNKNOWN_FIELD);
		ck_assert_str_eq(f.field, path);
		ck_assert(strstr(f.detail, "belongs to engine \"bft\""));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("genesis_bft");
	TCase *t = tcase_create("genesis_bft");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, defaults_are_those_of_the_page);
	tcase_add_test(t, order_defaults_and_empty_miners_do_not_matter);
	tcase_add_test(t, what_encodes_decodes_and_prints_the_same);
	tcase_add_test(t, bytes_that_decode_encode_back_to_themselves);
	tcase_add_test(t, fewer_than_four_do_not_decode_without_the_flag);
	tcase_add_loop_test(
		t, a_bad_field_is_refused_naming_field_value_and_expectation, 0,
		(int)ARRAY_LEN(bads));
	tcase_add_loop_test(t, a_bad_key_is_refused_by_its_number, 0,
			    (int)ARRAY_LEN(bad_keys));
	tcase_add_test(t, validators_are_required_and_bft_s_alone);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

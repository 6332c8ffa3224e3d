/* SPDX-License-Identifier: MIT */
/*
 * Rules have one encoding, and whatever a file or a damaged store says,
 * nothing else comes out of them.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ledger/genesis.h"

#define A "00112233445566778899aabbccddeeff00112233"
#define B "ffeeddccbbaa99887766554433221100ffeeddcc"
#define B_UP "FFEEDDCCBBAA99887766554433221100FFEEDDCC"

/* The form of the seed, every field of it. */
static const char seed_file[] =
	"{\n"
	"  \"network_id\": 1,\n"
	"  \"miners\": [\"" A "\", \"" B "\"],\n"
	"  \"block_mining\": {\n"
	"    \"interval\": 600,\n"
	"    \"max_bound\": 100,\n"
	"    \"min_bound\": 10,\n"
	"    \"reward\": 50,\n"
	"    \"difficulty\": 5,\n"
	"    \"allow_empty\": true,\n"
	"    \"placeholder_data\": [\"rnd\", 15]\n"
	"  },\n"
	"  \"transaction\": {\"placeholder_data\": [\"predef\", \"none\"]},\n"
	"  \"max_peers\": 0,\n"
	"  \"genesis_block\": {\"coinbase\": \"\", \"difficulty\": 4},\n"
	"  \"alloc\": {\"" B_UP "\": {\"balance\": 7},\n"
	"            \"" A "\": {\"balance\": 5}}\n"
	"}\n";

static struct buf encoded(const char *text)
{
	struct buf b = {0};
	struct rules r;
	struct fault f;

	ck_assert_int_eq(genesis_parse(&r, span_str(text), &f), ERR_OK);
	rules_encode(&b, &r);
	rules_release(&r);
	return b;
}

START_TEST(what_encodes_decodes_to_the_same)
{
	struct buf one = encoded(seed_file), two = {0};
	struct rules r;

	ck_assert_int_eq(rules_decode(&r, buf_span(&one)), ERR_OK);
	rules_encode(&two, &r);
	ck_assert(span_eq(buf_span(&one), buf_span(&two)));
	ck_assert_str_eq(r.network_id, "1");
	ck_assert_str_eq(r.tx_placeholder.text, "none");
	ck_assert_uint_eq(r.alloc_count, 2);
	rules_release(&r);
	buf_release(&one);
	buf_release(&two);
}
END_TEST

/* Decoding is only of our own store, but a disk may lie. */
START_TEST(bytes_that_decode_encode_back_to_themselves)
{
	struct buf one = encoded(seed_file), two = {0};
	struct rules r;
	struct rng rng;
	uint8_t *copy;
	size_t i, n, decoded = 0;

	for (n = 0; n < one.len; n++) {
		copy = xmemdup(one.data, n ? n : 1);
		ck_assert_int_eq(rules_decode(&r, SPAN(copy, n)), ERR_CORRUPT);
		free(copy);
	}
	buf_byte(&one, 0);
	ck_assert_int_eq(rules_decode(&r, buf_span(&one)), ERR_CORRUPT);
	one.len--;
	rng_seed(&rng, 2);
	for (i = 0; i < 50000; i++) {
		copy = xmemdup(one.data, one.len);
		copy[rng_below(&rng, one.len)] = (uint8_t)rng_next(&rng);
		if (!rules_decode(&r, SPAN(copy, one.len))) {
			decoded++;
			buf_reset(&two);
			rules_encode(&two, &r);
			ck_assert(span_eq(SPAN(copy, one.len), buf_span(&two)));
			rules_release(&r);
		}
		free(copy);
	}
	ck_assert_uint_gt(decoded, 1000);
	buf_release(&one);
	buf_release(&two);
}
END_TEST

START_TEST(a_placeholder_of_one_element_does_not_decode)
{
	/* [1, N] as an array of one followed by N as a field of its own */
	struct buf one = encoded("{\"network_id\":1,\"miners\":[\"" A "\"],"
				 "\"block_mining\":{\"placeholder_data\":"
				 "[\"rnd\",15]}}");
	struct rules r;
	size_t i;

	for (i = 0; i + 2 < one.len; i++)
		if (one.data[i] == 0x92 && one.data[i + 1] == 1 &&
		    one.data[i + 2] == 15)
			break;
	ck_assert_uint_lt(i + 2, one.len);
	one.data[i] = 0x91;
	ck_assert_int_eq(rules_decode(&r, buf_span(&one)), ERR_CORRUPT);
	buf_release(&one);
}
END_TEST

/* What is printed, with the alloc of the seed's file put in. */
static char *printed(const struct rules *r)
{
	static const char alloc[] = ",\"alloc\":{\"" B "\":{\"balance\":7},"
				    "\"" A "\":{\"balance\":5}}}";
	struct buf out = {0};
	char *text;

	genesis_print(&out, r);
	ck_assert(!memmem(out.data, out.len, "\"alloc\"", 7));
	out.len--;
	buf_append(&out, alloc, sizeof(alloc));
	text = xmemdup(out.data, out.len);
	buf_release(&out);
	return text;
}

START_TEST(what_is_printed_is_read_as_the_same_rules)
{
	struct buf one = encoded(seed_file), two;
	struct rules r;
	char *text;

	ck_assert(!rules_decode(&r, buf_span(&one)));
	text = printed(&r);
	ck_assert(strstr(text, "\"interval\":600,"));
	ck_assert(strstr(text, "\"slot_ms\":1000"));
	two = encoded(text);
	ck_assert(span_eq(buf_span(&one), buf_span(&two)));
	free(text);
	buf_release(&two);
	/* no placeholder has no form: it is left out */
	r.tx_placeholder.kind = PLACEHOLDER_NONE;
	r.has_coinbase = true;
	r.coinbase = r.miners[0];
	buf_reset(&one);
	rules_encode(&one, &r);
	text = printed(&r);
	ck_assert(!strstr(text, "\"transaction\""));
	two = encoded(text);
	ck_assert(span_eq(buf_span(&one), buf_span(&two)));
	free(text);
	rules_release(&r);
	buf_release(&one);
	buf_release(&two);
}
END_TEST

START_TEST(a_mutated_file_never_gives_rules_that_do_not_round_trip)
{
	static const char chars[] = "\"{}[],:-.0123456789eE \\aF";
	struct buf text = {0}, one = {0}, two = {0};
	struct rules r, again;
	struct fault f;
	struct rng rng;
	size_t i, k, at, parsed = 0;

	rng_seed(&rng, 3);
	for (i = 0; i < 20000; i++) {
		buf_reset(&text);
		buf_append_span(&text, span_str(seed_file));
		for (k = rng_below(&rng, 3); k < 3; k++) {
			at = rng_below(&rng, text.len);
			if (rng_below(&rng, 4))
				text.data[at] = (uint8_t)chars[rng_below(
					&rng, sizeof(chars) - 1)];
			else
				text.data[at] = (uint8_t)rng_next(&rng);
		}
		if (genesis_parse(&r, buf_span(&text), &f)) {
			ck_assert_int_ne(f.code, ERR_OK);
			ck_assert(span_is_utf8(span_str(f.field)));
			ck_assert(span_is_utf8(span_str(f.detail)));
			continue;
		}
		parsed++;
		buf_reset(&one);
		rules_encode(&one, &r);
		ck_assert_int_eq(rules_decode(&again, buf_span(&one)), ERR_OK);
		buf_reset(&two);
		rules_encode(&two, &again);
		ck_assert(span_eq(buf_span(&one), buf_span(&two)));
		rules_release(&r);
		rules_release(&again);
	}
	ck_assert_uint_gt(parsed, 500);
	buf_release(&text);
	buf_release(&one);
	buf_release(&two);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rules");
	TCase *t = tcase_create("rules");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_is_printed_is_read_as_the_same_rules);
	tcase_add_test(t, what_encodes_decodes_to_the_same);
	tcase_add_test(t, bytes_that_decode_encode_back_to_themselves);
	tcase_add_test(t, a_placeholder_of_one_element_does_not_decode);
	tcase_add_test(t,
		       a_mutated_file_never_gives_rules_that_do_not_round_trip);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

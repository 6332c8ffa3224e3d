/* SPDX-License-Identifier: MIT */
/* The ground floor: bytes, text, amounts, the hash map, the generator,
 * faults. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/text.h"

/* --- bytes ------------------------------------------------------------ */

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

START_TEST(spans_compare_as_unsigned_bytes_with_a_prefix_first)
{
	static const struct {
		const char *a;
		size_t a_len;
		const char *b;
		size_t b_len;
		int order;
	} cases[] = {
		{"", 0, "", 0, 0},	   {"", 0, "\0", 1, -1},
		{"a", 1, "a", 1, 0},	   {"a", 1, "a\0", 2, -1},
		{"ab", 2, "b", 1, -1},	   {"\x7f", 1, "\x80", 1, -1},
		{"\xff", 1, "\0\0", 2, 1}, {"a\0b", 3, "a\0c", 3, -1},
		{"a\0b", 3, "a\0b", 3, 0},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct span a = SPAN(cases[i].a, cases[i].a_len);
		struct span b = SPAN(cases[i].b, cases[i].b_len);

		ck_assert_int_eq(sign(span_cmp(a, b)), cases[i].order);
		ck_assert_int_eq(sign(span_cmp(b, a)), -cases[i].order);
		ck_assert(span_eq(a, b) == !cases[i].order);
	}
	ck_assert(span_eq(SPAN(NULL, 0), SPAN("", 0)));
}
END_TEST

START_TEST(a_buffer_grows_and_keeps_its_bytes)
{
	struct buf b = {0};
	size_t i;

	ck_assert_uint_eq(buf_span(&b).len, 0);
	buf_append(&b, NULL, 0);
	ck_assert_uint_eq(b.len, 0);
	for (i = 0; i < 5000; i++)
		buf_byte(&b, (uint8_t)i);
	buf_append_span(&b, span_str("end"));
	ck_assert_uint_eq(b.len, 5003);
	for (i = 0; i < 5000; i++)
		if (b.data[i] != (uint8_t)i)
			ck_abort_msg("byte %zu changed", i);
	ck_assert(span_eq(SPAN(b.data + 5000, 3), span_str("end")));
	buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_ge(b.cap, 5003);
	buf_reserve(&b, 100000);
	ck_assert_uint_ge(b.cap, 100000);
	buf_release(&b);
	ck_assert_ptr_null(b.data);
	buf_release(&b);
}
END_TEST

START_TEST(integers_are_big_endian)
{
	static const uint8_t want[8] = {1, 2, 3, 4, 5, 6, 7, 0xff};
	uint8_t out[8];

	put_be64(out, UINT64_C(0x01020304050607ff));
	ck_assert_mem_eq(out, want, 8);
	ck_assert_uint_eq(get_be64(want), UINT64_C(0x01020304050607ff));
	put_be32(out, UINT32_C(0x01020304));
	ck_assert_mem_eq(out, want, 4);
	ck_assert_uint_eq(get_be32(want + 4), UINT32_C(0x050607ff));
	put_be64(out, UINT64_MAX);
	ck_assert_uint_eq(get_be64(out), UINT64_MAX);
}
END_TEST

START_TEST(only_well_formed_utf8_without_nul_passes)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{"", true},
		{"plain \x7f\t\n", true},
		{"\xc3\xa9", true},
		{"\xc2\x80", true},	    /* U+0080, the first of two */
		{"\xdf\xbf", true},	    /* U+07FF */
		{"\xe0\xa0\x80", true},	    /* U+0800, the first of three */
		{"\xed\x9f\xbf", true},	    /* U+D7FF, before surrogates */
		{"\xee\x80\x80", true},	    /* U+E000, after them */
		{"\xef\xbf\xbf", true},	    /* U+FFFF */
		{"\xf0\x90\x80\x80", true}, /* U+10000 */
		{"\xf4\x8f\xbf\xbf", true}, /* U+10FFFF, the last */
		{"\x80", false},	    /* a continuation alone */
		{"\xbf", false},
		{"\xc0\x80", false}, /* U+0000 in two bytes */
		{"\xc1\xbf", false}, /* overlong */
		{"\xe0\x9f\xbf", false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xed\xa0\x80", false}, /* surrogates */
		{"\xed\xbf\xbf", false},
		{"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", false},
		{"\xfe", false},
		{"\xff", false},
		{"\xc3", false}, /* cut */
		{"\xe2\x82", false},
		{"\xf0\x9f\x92", false},
		{"\xc3(", false},
		{"\xe2\x28\xa1", false},
		{"a\xc3\xa9z\xff", false},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++)
		if (span_is_utf8(span_str(cases[i].text)) != cases[i].good)
			ck_abort_msg("case %zu", i);
	ck_assert(!span_is_utf8(SPAN("a\0b", 3)));
	ck_assert(span_is_utf8(SPAN(NULL, 0)));
	/* The sequence goes on behind the span: not ours to read. */
	ck_assert(!span_is_utf8(SPAN("\xe2\x82\xac", 2)));
}
END_TEST

/* --- text ------------------------------------------------------------- */

START_TEST(hex_reads_both_cases_and_writes_lower)
{
	static const uint8_t bytes[4] = {0x00, 0x9f, 0xa0, 0xff};
	uint8_t out[4] = {1, 1, 1, 1};
	char text[9];

	hex_encode(text, SPAN_OF(bytes));
	ck_assert_str_eq(text, "009fa0ff");
	ck_assert(hex_decode(out, 4, span_str("009fA0Ff")));
	ck_assert_mem_eq(out, bytes, 4);
	hex_encode(text, SPAN(NULL, 0));
	ck_assert_str_eq(text, "");
	ck_assert(hex_decode(out, 0, SPAN(NULL, 0)));
}
END_TEST

START_TEST(hex_of_another_length_or_with_other_bytes_is_refused)
{
	uint8_t out[2];
	int c, good = 0;

	ck_assert(!hex_decode(out, 2, span_str("")));
	ck_assert(!hex_decode(out, 2, span_str("012")));
	ck_assert(!hex_decode(out, 2, span_str("01234")));
	ck_assert(!hex_decode(out, 2, span_str("0x01")));
	for (c = 0; c < 256; c++) {
		char text[4] = {'0', (char)c, '0', '0'};
		char turned[4] = {(char)c, '0', '0', '0'};
		bool ok = hex_decode(out, 2, SPAN(text, 4));

		ck_assert(hex_decode(out, 2, SPAN(turned, 4)) == ok);
		if (ok != (c && strchr("0123456789abcdefABCDEF", c)))
			ck_abort_msg("byte %d", c);
		good += ok;
	}
	ck_assert_int_eq(good, 22);
}
END_TEST

START_TEST(base64_is_that_of_rfc_4648)
{
	/* RFC 4648, section 10, and the two digits that differ from others */
	static const struct {
		const char *plain, *coded;
	} cases[] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"},
	};
	struct buf b = {0};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		size_t coded = strlen(cases[i].coded) + 1;

		/* both append */
		buf_reset(&b);
		buf_byte(&b, ':');
		base64_encode(&b, span_str(cases[i].plain));
		ck_assert(span_eq(SPAN(b.data + 1, b.len - 1),
				  span_str(cases[i].coded)));
		ck_assert(base64_decode(&b, span_str(cases[i].coded)));
		ck_assert(span_eq(SPAN(b.data + coded, b.len - coded),
				  span_str(cases[i].plain)));
	}
	buf_release(&b);
}
END_TEST

START_TEST(base64_that_is_not_canonical_is_refused)
{
	static const char *const bad[] = {
		"Z",	    "Zg",	    "Zg=",	"Zg===",
		"=",	    "==",	    "===",	"====",
		"Z===",	    "Zm9v=",	    "Zh==", /* stray bits under the
						       padding */
		"Zm9=",	    "Zm8=Zm8=",	    "Zg==Zg==", "Zm 9v",
		"Zm9v\n",   "Zm9v\n\n\n\n", "Zm-_",	"Zm9\x80",
		"Zm9v====",
	};
	struct buf b = {0};
	size_t i;

	buf_append_span(&b, span_str("keep"));
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (base64_decode(&b, span_str(bad[i])))
			ck_abort_msg("taken: %s", bad[i]);
		ck_assert(span_eq(buf_span(&b), span_str("keep")));
	}
	ck_assert(!base64_decode(&b, SPAN("Zm\0v", 4)));
	buf_release(&b);
}
END_TEST

START_TEST(base64_of_random_bytes_reads_back)
{
	struct buf text = {0}, back = {0};
	uint8_t bytes[100];
	struct rng rng;
	size_t len, i;

	rng_seed(&rng, 3);
	for (len = 0; len <= sizeof(bytes); len++) {
		for (i = 0; i < len; i++)
			bytes[i] = (uint8_t)rng_next(&rng);
		buf_reset(&text);
		buf_reset(&back);
		base64_encode(&text, SPAN(bytes, len));
		ck_assert_uint_eq(text.len, (len + 2) / 3 * 4);
		ck_assert(base64_decode(&back, buf_span(&text)));
		ck_assert(span_eq(buf_span(&back), SPAN(bytes, len)));
	}
	buf_release(&text);
	buf_release(&back);
}
END_TEST

START_TEST(decimals_are_plain_and_bounded)
{
	static const char *const bad[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1 ",
		"01",
		"00",
		"1.0",
		"1e3",
		"0x1",
		"1_0",
		"a",
		":",
		"/",
		"18446744073709551616", /* 2^64 */
		"18446744073709551620",
		"99999999999999999999",
		"100000000000000000000000000000000",
	};
	uint64_t v = 7;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (decimal_decode(&v, UINT64_MAX, span_str(bad[i])))
			ck_abort_msg("taken: %s", bad[i]);
	ck_assert(!decimal_decode(&v, 9, span_str("10")));
	ck_assert(!decimal_decode(&v, UINT64_MAX, SPAN("1\0", 2)));
	ck_assert_uint_eq(v, 7);
	ck_assert(decimal_decode(&v, 9, span_str("9")));
	ck_assert_uint_eq(v, 9);
	ck_assert(decimal_decode(&v, 0, span_str("0")));
	ck_assert_uint_eq(v, 0);
	ck_assert(decimal_decode(&v, UINT64_MAX,
				 span_str("18446744073709551615")));
	ck_assert_uint_eq(v, UINT64_MAX);
	ck_assert(decimal_decode(&v, AMOUNT_MAX, span_str("9007199254740991")));
	ck_assert(
		!decimal_decode(&v, AMOUNT_MAX, span_str("9007199254740992")));
}
END_TEST

/* --- amounts ---------------------------------------------------------- */

START_TEST(amounts_stop_at_the_cap_and_at_zero)
{
	uint64_t v = 5;

	ck_assert_uint_eq(AMOUNT_MAX, UINT64_C(9007199254740991));
	ck_assert(amount_add(&v, AMOUNT_MAX - 1, 1));
	ck_assert_uint_eq(v, AMOUNT_MAX);
	ck_assert(amount_add(&v, 0, 0));
	ck_assert_uint_eq(v, 0);
	v = 5;
	ck_assert(!amount_add(&v, AMOUNT_MAX, 1));
	ck_assert(!amount_add(&v, 1, AMOUNT_MAX));
	ck_assert(!amount_add(&v, AMOUNT_MAX + 1, 0));
	ck_assert(!amount_add(&v, 0, AMOUNT_MAX + 1));
	ck_assert(!amount_add(&v, UINT64_MAX, 2)); /* wraps to 1 */
	ck_assert(!amount_add(&v, 2, UINT64_MAX));
	ck_assert_uint_eq(v, 5);
}
END_TEST

/* --- the hash map ----------------------------------------------------- */

#define MAP_KEYS 3000

START_TEST(a_map_gives_what_an_array_gives)
{
	static void *model[MAP_KEYS];
	static char values[256];
	size_t key_len = _i ? 20 : 4, live = 0, step, k;
	struct map *m = map_new(key_len, 42);
	uint8_t key[20] = {0};
	struct rng rng;

	memset(model, 0, sizeof(model));
	rng_seed(&rng, 11);
	for (step = 0; step < 40000; step++) {
		void *old, *new = &values[rng_below(&rng, sizeof(values))];

		/* A small set churns, so that marks of the deleted pile up. */
		k = rng_below(&rng, step < 20000 ? 12 : MAP_KEYS);
		put_be32(key, (uint32_t)k);
		if (rng_below(&rng, 2)) {
			old = map_put(m, key, new);
			live += !model[k];
		} else {
			old = map_del(m, key);
			live -= model[k] != NULL;
			new = NULL;
		}
		if (old != model[k])
			ck_abort_msg("step %zu", step);
		model[k] = new;
		if (map_get(m, key) != new || map_count(m) != live)
			ck_abort_msg("step %zu", step);
	}
	for (k = 0; k < MAP_KEYS; k++) {
		put_be32(key, (uint32_t)k);
		if (map_get(m, key) != model[k])
			ck_abort_msg("key %zu", k);
	}
	map_free(m);
	map_free(NULL);
}
END_TEST

START_TEST(a_walk_visits_each_entry_once_and_may_delete_it)
{
	struct map *m = map_new(4, 1);
	uint8_t visits[1000] = {0}, key[4];
	const void *at_key;
	size_t at = 0, i;
	void *value;

	ck_assert(!map_next(m, &at, NULL, NULL));
	for (i = 0; i < 1000; i++) {
		put_be32(key, (uint32_t)i);
		ck_assert_ptr_null(map_put(m, key, &visits[i]));
	}
	for (at = 0; map_next(m, &at, &at_key, &value);) {
		i = get_be32(at_key);
		if (i >= 1000 || value != &visits[i])
			ck_abort_msg("a wrong entry");
		visits[i]++;
		if (i % 2) {
			/* the key given is the map's own */
			ck_assert_ptr_eq(map_del(m, at_key), value);
		}
	}
	for (i = 0; i < 1000; i++)
		ck_assert_uint_eq(visits[i], 1);
	ck_assert_uint_eq(map_count(m), 500);
	for (at = 0, i = 0; map_next(m, &at, NULL, &value); i++)
		ck_assert_uint_eq((size_t)((uint8_t *)value - visits) % 2, 0);
	ck_assert_uint_eq(i, 500);
	map_free(m);
}
END_TEST

START_TEST(the_seed_changes_where_keys_go)
{
	struct map *a = map_new(4, 1), *b = map_new(4, 2), *c = map_new(4, 1);
	size_t at_a = 0, at_b = 0, at_c = 0, differ = 0, i;
	const void *key_a, *key_b, *key_c;
	uint8_t key[4];

	for (i = 0; i < 200; i++) {
		put_be32(key, (uint32_t)i);
		ck_assert_ptr_null(map_put(a, key, key));
		ck_assert_ptr_null(map_put(b, key, key));
		ck_assert_ptr_null(map_put(c, key, key));
	}
	while (map_next(a, &at_a, &key_a, NULL) &&
	       map_next(b, &at_b, &key_b, NULL) &&
	       map_next(c, &at_c, &key_c, NULL)) {
		differ += memcmp(key_a, key_b, 4) != 0;
		ck_assert_mem_eq(key_a, key_c, 4);
	}
	ck_assert_uint_gt(differ, 150);
	map_free(a);
	map_free(b);
	map_free(c);
}
END_TEST

/* --- the generator ---------------------------------------------------- */

START_TEST(a_seed_replays_and_the_sequence_is_the_published_one)
{
	struct rng a, b;
	int i, same = 0;

	rng_seed(&a, 99);
	rng_seed(&b, 99);
	for (i = 0; i < 1000; i++)
		ck_assert_uint_eq(rng_next(&a), rng_next(&b));
	rng_seed(&b, 100);
	for (i = 0; i < 100; i++)
		same += rng_next(&a) == rng_next(&b);
	ck_assert_int_eq(same, 0);
	/* the known first outputs of xoshiro256** from the state 1, 2, 3, 4 */
	a = (struct rng){{1, 2, 3, 4}};
	ck_assert_uint_eq(rng_next(&a), 11520);
	ck_assert_uint_eq(rng_next(&a), 0);
	ck_assert_uint_eq(rng_next(&a), 1509978240);
	/* splitmix64 from the seed 0: its published first output */
	rng_seed(&a, 0);
	ck_assert_uint_eq(a.s[0], UINT64_C(0xe220a8397b1dcdaf));
}
END_TEST

START_TEST(numbers_below_n_are_below_n_and_fair)
{
	unsigned counts[7] = {0};
	struct rng r;
	int i;

	rng_seed(&r, 5);
	for (i = 0; i < 1000; i++) {
		ck_assert_uint_eq(rng_below(&r, 1), 0);
		if (rng_below(&r, UINT64_MAX) == UINT64_MAX)
			ck_abort_msg("not below");
		/* where a plain remainder would be far from fair */
		if (rng_below(&r, (UINT64_C(1) << 63) + 1) > UINT64_C(1) << 63)
			ck_abort_msg("not below");
	}
	for (i = 0; i < 70000; i++)
		counts[rng_below(&r, 7)]++;
	for (i = 0; i < 7; i++) {
		ck_assert_uint_gt(counts[i], 9500);
		ck_assert_uint_lt(counts[i], 10500);
	}
}
END_TEST

/* --- errors ----------------------------------------------------------- */

START_TEST(every_code_has_a_name_of_its_own_and_a_sentence)
{
	int i, k;

	ck_assert_str_eq(err_code(ERR_OK), "ok");
	ck_assert_str_eq(err_code(ERR_BAD_SIGNATURE), "bad_signature");
	for (i = 0; i < ERR_COUNT; i++) {
		const char *name = err_code((enum err)i);

		ck_assert_uint_gt(strlen(err_text((enum err)i)), 3);
		ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"),
				  strlen(name));
		for (k = 0; k < i; k++)
			if (!strcmp(name, err_code((enum err)k)))
				ck_abort_msg("twice: %s", name);
	}
	ck_assert_str_eq(err_code(ERR_COUNT), "unknown");
	ck_assert_ptr_nonnull(err_text(ERR_COUNT));
}
END_TEST

START_TEST(a_fault_is_cut_and_holds_no_control_bytes)
{
	char big[500];
	struct fault f;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ck_assert_int_eq(fault_set(&f, ERR_MALFORMED, big, "%s", big),
			 ERR_MALFORMED);
	ck_assert_int_eq(f.code, ERR_MALFORMED);
	ck_assert_uint_eq(strlen(f.field), FAULT_FIELD_MAX - 1);
	ck_assert_uint_eq(strlen(f.detail), FAULT_DETAIL_MAX - 1);
	ck_assert_int_eq(fault_set(&f, ERR_IO, "a\nb", "x%cy\x1b[31m\x7f", 9),
			 ERR_IO);
	ck_assert_str_eq(f.field, "a?b");
	ck_assert_str_eq(f.detail, "x?y?[31m?");
	ck_assert_int_eq(fault_set(NULL, ERR_IO, "f", "d"), ERR_IO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("base");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, spans_compare_as_unsigned_bytes_with_a_prefix_first);
	tcase_add_test(tc, a_buffer_grows_and_keeps_its_bytes);
	tcase_add_test(tc, integers_are_big_endian);
	tcase_add_test(tc, only_well_formed_utf8_without_nul_passes);
	tcase_add_test(tc, hex_reads_both_cases_and_writes_lower);
	tcase_add_test(tc,
		       hex_of_another_length_or_with_other_bytes_is_refused);
	tcase_add_test(tc, base64_is_that_of_rfc_4648);
	tcase_add_test(tc, base64_that_is_not_canonical_is_refused);
	tcase_add_test(tc, base64_of_random_bytes_reads_back);
	tcase_add_test(tc, decimals_are_plain_and_bounded);
	tcase_add_test(tc, amounts_stop_at_the_cap_and_at_zero);
	tcase_add_loop_test(tc, a_map_gives_what_an_array_gives, 0, 2);
	tcase_add_test(tc, a_walk_visits_each_entry_once_and_may_delete_it);
	tcase_add_test(tc, the_seed_changes_where_keys_go);
	tcase_add_test(tc,
		       a_seed_replays_and_the_sequence_is_the_published_one);
	tcase_add_test(tc, numbers_below_n_are_below_n_and_fair);
	tcase_add_test(tc, every_code_has_a_name_of_its_own_and_a_sentence);
	tcase_add_test(tc, a_fault_is_cut_and_holds_no_control_bytes);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

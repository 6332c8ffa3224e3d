/* SPDX-License-Identifier: MIT */
/*
 * Which JSON transactions are plain enough to be scanned. That the scan gives
 * the parser's bytes is asserted wherever check_tx_json converts.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "codec/tx_json.h"

#define FROM "00112233445566778899aabbccddeeff00112233"
#define TO "ffeeddccbbaa99887766554433221100ffeeddcc"

/* '$' in text stands for a signature of 64 bytes. */
static void expand(struct buf *out, const char *text)
{
	size_t i;

	for (; *text; text++) {
		for (i = 0; *text == '$' && i < 85; i++)
			buf_byte(out, 'A');
		if (*text == '$')
			buf_append(out, "A==", 3);
		else
			buf_byte(out, (uint8_t)*text);
	}
}

#define PLAIN                                                                  \
	"{\"number\":7,\"from\":\"" FROM "\",\"to\":\"" TO                     \
	"\",\"amount\":1,\"signature\":\"$\""

START_TEST(plain_json_is_scanned_and_all_else_is_left_to_the_parser)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {
		{PLAIN ",\"data\":\"hi\",\"valid_until\":99}", 1},
		{" " PLAIN " } \r\n\t", 1},
		{"[" PLAIN "}]", 1},
		{" [ " PLAIN "} , " PLAIN ",\"fee\":3}] ", 2},
		{"[" PLAIN "}," PLAIN "}," PLAIN "}]", 3},
		{"[" PLAIN "}," PLAIN "}," PLAIN "}," PLAIN "}]", 0}, /* > 3 */
		{"", 0},
		{"[]", 0},
		{"[" PLAIN "},]", 0},
		{"[" PLAIN "}", 0},
		{PLAIN "}]", 0},
		{PLAIN "}," PLAIN "}", 0},
		{PLAIN "} x", 0},
		{PLAIN, 0},
		{PLAIN ",}", 0},
		{PLAIN ",\"fee\":1,\"fee\":1}", 0},
		{PLAIN ",\"fee\":-1}", 0},
		{PLAIN ",\"fee\":1.0}", 0},
		{PLAIN ",\"fee\":1e1}", 0},
		{PLAIN ",\"fee\":01}", 0},
		{PLAIN ",\"fee\":\"1\"}", 0},
		{PLAIN ",\"fee\":9007199254740991}", 1},
		{PLAIN ",\"fee\":9007199254740992}", 0},
		{PLAIN ",\"data\":\"a\\u0041\"}", 0},
		{PLAIN ",\"data\":\"\xc3\xbc\"}", 0},
		{PLAIN ",\"data\":\"\n\"}", 0},
		{PLAIN ",\"data\":\"~ \"}", 1},
		{PLAIN ",\"data\":null}", 0},
		{PLAIN ",\"public_key\":\"\"}", 1},
		{PLAIN ",\"public_key\":\"AAAA\"}", 0},
		{PLAIN ",\"nonce\":7}", 0},
		{PLAIN ",\"gas\":7}", 0},
	};
	struct buf text = {0}, raw = {0};
	size_t i, ends[3], count;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&text);
		buf_reset(&raw);
		expand(&text, cases[i].text);
		/* of its own size, so that a sanitizer sees a byte too far */
		uint8_t *copy =
			xmemdup(text.data ? text.data : raw.data, text.len);
		count = tx_scan_json(&raw, ends, 3, SPAN(copy, text.len));
		free(copy);
		ck_assert_msg(count == cases[i].count, "%s: %zu", cases[i].text,
			      count);
		ck_assert_uint_eq(raw.len, count ? ends[count - 1] : 0);
	}
	buf_release(&text);
	buf_release(&raw);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tx_scan");
	TCase *t = tcase_create("tx_scan");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(
		t, plain_json_is_scanned_and_all_else_is_left_to_the_parser);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Transactions as JSON: what clients send in every bad shape, and that good
 * ones become exactly the canonical bytes.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "codec/tx_json.h"

#define FROM "00112233445566778899aabbccddeeff00112233"
#define TO "ffeeddccbbaa99887766554433221100ffeeddcc"

static char signature64[89];

static void setup(void)
{
	uint8_t bytes[64];
	struct buf text = {0};

	memset(bytes, 0x5a, sizeof(bytes));
	base64_encode(&text, SPAN_OF(bytes));
	ck_assert_uint_eq(text.len, 88);
	memcpy(signature64, text.data, text.len);
	buf_release(&text);
}

/* What the scan accepts alone is what the parser accepts, byte for byte. */
static bool scan_agrees(struct span text, enum err e, struct span parsed)
{
	struct buf raw = {0};
	size_t end, count;

	buf_byte(&raw, 0xaa); /* what is there stays */
	count = tx_scan_json(&raw, &end, 1, text);
	ck_assert_uint_le(count, 1);
	ck_assert_uint_eq(count ? end : 1, raw.len);
	if (count) {
		ck_assert_int_eq(e, ERR_OK);
		ck_assert(span_eq(SPAN(raw.data + 1, raw.len - 1), parsed));
	}
	buf_release(&raw);
	return count;
}

static void expand(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '$')
			buf_append(out, signature64, strlen(signature64));
		else
			buf_byte(out, (uint8_t)*text);
	}
}

/* Parse and convert; the code, with the fault filled. '$' in text stands
 * for a good signature. */
static enum err convert(struct buf *raw, const char *text, struct fault *f)
{
	struct buf full = {0};
	size_t from = raw->len;
	json_t *in;
	enum err e;

	*f = (struct fault){0};
	expand(&full, text);
	in = json_parse(buf_span(&full), f);
	e = in ? tx_from_json(raw, in, f) : f->code;
	/* an array of one is no object, though the scan takes it */
	if (!json_is_array(in))
		scan_agrees(buf_span(&full), e,
			    raw->len > from
				    ? SPAN(raw->data + from, raw->len - from)
				    : SPAN("", 0));
	json_decref(in);
	buf_release(&full);
	return e;
}

static const char good[] =
	"{\"number\": 7, \"from\": \"" FROM "\", \"to\": \"" TO "\","
	"\"amount\": 12, \"fee\": 1, \"valid_until\": 99, \"data\": \"hi\","
	"\"signature\": \"$\"}";

START_TEST(good_json_becomes_canonical_bytes)
{
	struct buf raw = {0}, want = {0};
	uint8_t sig[64];
	struct fault f;
	struct tx tx = {.nonce = 7, .amount = 12, .fee = 1, .valid_until = 99};

	memset(sig, 0x5a, sizeof(sig));
	ck_assert(address_from_hex(&tx.sender, span_str(FROM)));
	ck_assert(address_from_hex(&tx.recipient, span_str(TO)));
	tx.data = span_str("hi");
	tx.signature = SPAN_OF(sig);
	tx_encode(&want, &tx);
	ck_assert_int_eq(convert(&raw, good, &f), ERR_OK);
	ck_assert(span_eq(buf_span(&raw), buf_span(&want)));
	/* The order of keys, `nonce` for `number`, capitals in an address,
	 * data in base64 and defaults change nothing. */
	buf_reset(&raw);
	ck_assert_int_eq(
		convert(&raw,
			"{\"signature\":\"$\",\"data_base64\":\"aGk=\","
			"\"amount\":12,\"to\":\"" TO "\",\"nonce\":7,"
			"\"public_key\":\"\",\"valid_until\":99,\"fee\":1,"
			"\"from\":\"00112233445566778899AABBCCDDEEFF"
			"00112233\"}",
			&f),
		ERR_OK);
	ck_assert(span_eq(buf_span(&raw), buf_span(&want)));
	tx.fee = tx.valid_until = 0;
	tx.data = SPAN(NULL, 0);
	buf_reset(&want);
	tx_encode(&want, &tx);
	buf_reset(&raw);
	ck_assert_int_eq(convert(&raw,
				 "{\"number\":7,\"nonce\":7,\"from\":\"" FROM
				 "\",\"to\":\"" TO "\",\"amount\":12,"
				 "\"signature\":\"$\"}",
				 &f),
			 ERR_OK);
	ck_assert(span_eq(buf_span(&raw), buf_span(&want)));
	buf_release(&raw);
	buf_release(&want);
}
END_TEST

#define HEAD "{\"from\":\"" FROM "\",\"to\":\"" TO "\",\"signature\":\"$\","

static const struct bad {
	const char *text;
	enum err code;
	const char *field;
	const char *detail; /* a part of it */
} bads[] = {
	/* integers */
	{HEAD "\"number\":1,\"amount\":1.0}", ERR_WRONG_TYPE, "amount",
	 "real number 1"},
	{HEAD "\"number\":1,\"amount\":1e2}", ERR_WRONG_TYPE, "amount", "100"},
	{HEAD "\"number\":1,\"amount\":-1}", ERR_OUT_OF_RANGE, "amount",
	 "-1, expected an integer from 0"},
	{HEAD "\"number\":1,\"amount\":9007199254740992}", ERR_AMOUNT_OVERFLOW,
	 "amount", "9007199254740992"},
	{HEAD "\"number\":1,\"amount\":99999999999999999999}",
	 ERR_AMOUNT_OVERFLOW, "amount", "line 1, column"},
	{HEAD "\"number\":1,\"amount\":-99999999999999999999}",
	 ERR_OUT_OF_RANGE, "amount", "negative"},
	{HEAD "\"number\":1,\"amount\":\"5\"}", ERR_WRONG_TYPE, "amount",
	 "\"5\", expected an integer"},
	{HEAD "\"number\":1,\"amount\":null}", ERR_WRONG_TYPE, "amount",
	 "null"},
	{HEAD "\"number\":1,\"amount\":true}", ERR_WRONG_TYPE, "amount",
	 "true"},
	{HEAD "\"number\":1,\"amount\":[1]}", ERR_WRONG_TYPE, "amount",
	 "an array"},
	{HEAD "\"number\":1,\"amount\":{}}", ERR_WRONG_TYPE, "amount",
	 "an object"},
	{HEAD "\"number\":1,\"amount\":1,\"fee\":9007199254740992}",
	 ERR_AMOUNT_OVERFLOW, "fee", "9007199254740992"},
	{HEAD "\"number\":1,\"amount\":1,\"fee\":-2}", ERR_OUT_OF_RANGE, "fee",
	 "-2"},
	{HEAD "\"number\":9007199254740992,\"amount\":1}", ERR_OUT_OF_RANGE,
	 "number", "9007199254740992"},
	{HEAD "\"number\":99999999999999999999,\"amount\":1}", ERR_OUT_OF_RANGE,
	 "number", "99999999999999999999"},
	{HEAD "\"number\":1e999,\"amount\":1}", ERR_OUT_OF_RANGE, "number",
	 "overflow"},
	{HEAD "\"number\":-1,\"amount\":1}", ERR_OUT_OF_RANGE, "number", "-1"},
	{HEAD "\"number\":\"1\",\"amount\":1}", ERR_WRONG_TYPE, "number",
	 "\"1\""},
	{HEAD "\"nonce\":1.5,\"amount\":1}", ERR_WRONG_TYPE, "nonce", "1.5"},
	{HEAD "\"number\":1,\"nonce\":2,\"amount\":1}", ERR_MALFORMED, "nonce",
	 "number is 1 and nonce is 2"},
	{HEAD "\"number\":1,\"amount\":1,\"valid_until\":9007199254740992}",
	 ERR_OUT_OF_RANGE, "valid_until", "9007199254740992"},
	/* missing, unknown, repeated */
	{HEAD "\"amount\":1}", ERR_MISSING_FIELD, "number", "missing"},
	{HEAD "\"number\":1}", ERR_MISSING_FIELD, "amount", "missing"},
	{"{\"number\":1,\"to\":\"" TO "\",\"amount\":1}", ERR_MISSING_FIELD,
	 "from", "missing"},
	{"{\"number\":1,\"from\":\"" FROM "\",\"amount\":1}", ERR_MISSING_FIELD,
	 "to", "missing"},
	{HEAD "\"number\":1,\"amount\":1,\"memo\":\"x\"}", ERR_UNKNOWN_FIELD,
	 "memo", "expected number from to"},
	{HEAD "\"number\":1,\"amount\":1,\n \"amount\":1}", ERR_DUPLICATE_FIELD,
	 "amount", "line 2, column"},
	{HEAD "\"number\":1,\"amount\":1,\"data\":\"a\",\"data_base64\":"
	      "\"YQ==\"}",
	 ERR_DUPLICATE_FIELD, "data_base64", "both"},
	/* texts */
	{"{\"number\":1,\"from\":\"00\",\"to\":\"" TO "\",\"amount\":1}",
	 ERR_BAD_ADDRESS, "from", "\"00\", expected an address of 40 hex"},
	{"{\"number\":1,\"from\":\"" FROM "\",\"to\":\"" TO "0\",\"amount\":1}",
	 ERR_BAD_ADDRESS, "to", "expected an address"},
	{"{\"number\":1,\"from\":\"" FROM "\",\"to\":5,\"amount\":1}",
	 ERR_WRONG_TYPE, "to", "to is 5"},
	{HEAD "\"number\":1,\"amount\":1,\"data\":5}", ERR_WRONG_TYPE, "data",
	 "expected a string"},
	{HEAD "\"number\":1,\"amount\":1,\"data_base64\":\"YQ=\"}",
	 ERR_MALFORMED, "data_base64", "\"YQ=\", expected base64"},
	{HEAD "\"number\":1,\"amount\":1,\"public_key\":\"YQ==\"}",
	 ERR_BAD_PUBLIC_KEY, "public_key", "SubjectPublicKeyInfo"},
	{HEAD "\"number\":1,\"amount\":1,\"public_key\":\"!\"}", ERR_MALFORMED,
	 "public_key", "base64"},
	{HEAD "\"number\":1,\"amount\":1,\"id\":\"12\"}", ERR_BAD_HASH, "id",
	 "64 hex digits"},
	{HEAD "\"number\":1,\"amount\":1,\"id\":12}", ERR_WRONG_TYPE, "id",
	 "64 hex digits"},
	/* signature */
	{"{\"number\":1,\"from\":\"" FROM "\",\"to\":\"" TO "\",\"amount\":1}",
	 ERR_UNSIGNED, "signature", "expected the signature"},
	{"{\"number\":1,\"from\":\"" FROM "\",\"to\":\"" TO "\",\"amount\":1,"
	 "\"signature\":\"\"}",
	 ERR_UNSIGNED, "signature", "expected the signature"},
	{"{\"number\":1,\"from\":\"" FROM "\",\"to\":\"" TO "\",\"amount\":1,"
	 "\"signature\":\"x\"}",
	 ERR_MALFORMED, "signature", "base64"},
	/* the whole */
	{"[]", ERR_WRONG_TYPE, "", "JSON object"},
	{"\"text\"", ERR_WRONG_TYPE, "", "JSON object"},
	{"", ERR_MALFORMED, "", "empty"},
	{"{\"number\":1,\n\n\"from\"", ERR_MALFORMED, "", "line 3, column"},
	{"{\"number\":1} {}", ERR_MALFORMED, "", "end of file expected"},
	{"{\"number\":1,}", ERR_MALFORMED, "", "line 1, column 13"},
	{"{\"number\":01}", ERR_MALFORMED, "", "line 1"},
	{"{\"data\":\"\xff\"}", ERR_MALFORMED, "", "UTF-8"},
	{"{\"data\":\"\xed\xa0\x80\"}", ERR_MALFORMED, "", "UTF-8"},
	{"{\"data\":\"a\\u0000b\"}", ERR_MALFORMED, "data", "\\u0000"},
	{"{\"a\\u0000b\":1}", ERR_MALFORMED, "", "line 1"},
	{"NaN", ERR_MALFORMED, "", "line 1"},
	{"[{}, {\"a\": {\"b\": [1, 2, {\"c\": 1, \"c\": 1}]}}]",
	 ERR_DUPLICATE_FIELD, "[1].a.b[2].c", "duplicate object key"},
	{"[{\"x\\\"]\": 1, \"y\": [\"]\", 99999999999999999999]}]",
	 ERR_OUT_OF_RANGE, "[0].y[1]", "too big"},
};

START_TEST(bad_json_is_refused_naming_field_and_value)
{
	const struct bad *b = &bads[_i];
	struct buf raw = {0};
	struct fault f;

	ck_assert_msg(convert(&raw, b->text, &f) == b->code, "%s: %s %s: %s",
		      b->text, err_code(f.code), f.field, f.detail);
	ck_assert_int_eq(f.code, b->code);
	ck_assert_str_eq(f.field, b->field);
	ck_assert_msg(strstr(f.detail, b->detail), "%s: %s", b->text, f.detail);
	ck_assert_uint_eq(raw.len, 0);
	/* A fault may be nobody's interest. */
	ck_assert(span_is_utf8(span_str(f.detail)));
	buf_release(&raw);
}
END_TEST

START_TEST(what_is_too_long_for_a_transaction_is_refused_before_it_is_decoded)
{
	struct buf text = {0}, raw = {0};
	struct fault f;
	size_t i;

	buf_append_span(&text, span_str(HEAD "\"number\":1,\"amount\":1,"
					     "\"data\":\""));
	for (i = 0; i < 100000; i++)
		buf_byte(&text, 'A');
	buf_append_span(&text, span_str("\"}"));
	buf_byte(&text, 0);
	ck_assert_int_eq(convert(&raw, (const char *)text.data, &f),
			 ERR_TOO_BIG);
	ck_assert_str_eq(f.field, "data");
	text.len = 0;
	buf_append_span(&text, span_str(HEAD "\"number\":1,\"amount\":1,"
					     "\"data_base64\":\""));
	for (i = 0; i < 100000; i++)
		buf_byte(&text, 'A');
	buf_append_span(&text, span_str("\"}"));
	buf_byte(&text, 0);
	ck_assert_int_eq(convert(&raw, (const char *)text.data, &f),
			 ERR_TOO_BIG);
	ck_assert_str_eq(f.field, "data_base64");
	ck_assert_uint_eq(raw.len, 0);
	buf_release(&text);
	buf_release(&raw);
}
END_TEST

/* depth brackets, closed when closed is set. */
static json_t *parse_deep(size_t depth, bool closed, const char *bracket,
			  struct fault *f)
{
	struct buf text = {0};
	json_t *v;
	size_t i;

	*f = (struct fault){0};
	for (i = 0; i < depth; i++)
		buf_append_span(&text, span_str(bracket));
	if (closed)
		for (i = 0; i < depth; i++)
			buf_byte(&text, *bracket == '[' ? ']' : '}');
	v = json_parse(buf_span(&text), f);
	buf_release(&text);
	return v;
}

START_TEST(nesting_is_bounded_at_64)
{
	struct fault f;
	json_t *v;

	v = parse_deep(64, true, "[", &f);
	ck_assert_ptr_nonnull(v);
	json_decref(v);
	ck_assert_ptr_null(parse_deep(65, true, "[", &f));
	ck_assert_int_eq(f.code, ERR_MALFORMED);
	ck_assert_str_eq(f.detail, "line 1, column 65: nested too deeply, "
				   "expected at most 64 levels");
	ck_assert_ptr_null(parse_deep(10000, true, "[", &f));
	ck_assert_int_eq(f.code, ERR_MALFORMED);
	ck_assert_ptr_null(parse_deep(10000, false, "{\"a\":", &f));
	ck_assert_int_eq(f.code, ERR_MALFORMED);
	ck_assert_ptr_null(parse_deep(1000000, false, "[\n", &f));
	ck_assert_ptr_nonnull(strstr(f.detail, "line 65, column 1:"));
}
END_TEST

/* count times a text, between brackets and parted by commas */
static json_t *parse_many(size_t count, const char *one, size_t values_max,
			  struct fault *f)
{
	struct buf text = {0};
	json_t *v;
	size_t i;

	*f = (struct fault){0};
	buf_byte(&text, '[');
	for (i = 0; i < count; i++) {
		if (i)
			buf_byte(&text, ',');
		buf_append_span(&text, span_str(one));
	}
	buf_byte(&text, ']');
	v = json_parse_bounded(buf_span(&text), values_max, f);
	buf_release(&text);
	return v;
}

START_TEST(values_are_counted_before_a_tree_is_built)
{
	struct fault f;
	json_t *v;

	/* the outer one, a bracket for it, and a comma for all but one */
	v = parse_many(10, "1", 11, &f);
	ck_assert_msg(v, "%s", f.detail);
	json_decref(v);
	ck_assert_ptr_null(parse_many(11, "1", 11, &f));
	ck_assert_int_eq(f.code, ERR_TOO_BIG);
	ck_assert_str_eq(f.detail, "line 1, column 21: too many values, "
				   "expected at most 11");
	/* what is no JSON at all is not even looked at */
	ck_assert_ptr_null(parse_many(11, "{]", 11, &f));
	ck_assert_int_eq(f.code, ERR_TOO_BIG);
	ck_assert_ptr_null(parse_many(1000000, "{}", 16000, &f));
	ck_assert_int_eq(f.code, ERR_TOO_BIG);
	/* commas in a text are no values, and depth has its own word */
	v = parse_many(2, "\",,\\\"[[,{{{\"", 3, &f);
	ck_assert_msg(v, "%s", f.detail);
	json_decref(v);
	ck_assert_ptr_null(parse_many(1, "[", 1, &f));
	ck_assert_int_eq(f.code, ERR_TOO_BIG);
}
END_TEST

START_TEST(an_array_is_split_at_its_own_commas_only)
{
	static const struct {
		const char *text;
		enum err want;
		size_t count;
		const char *last;
	} cases[] = {
		{"[]", ERR_OK, 0, ""},
		{" [ ] \n", ERR_OK, 0, ""},
		{"[1]", ERR_OK, 1, "1"},
		{"[1,[2,{\"a\":[]}] ]", ERR_OK, 2, "[2,{\"a\":[]}] "},
		{"[\"],\\\"[\" , {\"]\":\",\"}]", ERR_OK, 2, " {\"]\":\",\"}"},
		{"[1,]", ERR_OK, 2, ""},
		{"[,]", ERR_OK, 2, ""},
		{"[}]", ERR_OK, 1, "}"},
		{"[1,2,3,4]", ERR_OK, 4, NULL},
		{"", ERR_TOO_BIG, 0, NULL},
		{"{}", ERR_TOO_BIG, 0, NULL},
		{"[", ERR_MALFORMED, 0, NULL},
		{"[1", ERR_MALFORMED, 0, NULL},
		{"[1,", ERR_MALFORMED, 0, NULL},
		{"[\"]", ERR_MALFORMED, 0, NULL},
		{"[[]", ERR_MALFORMED, 0, NULL},
		{"[] 1", ERR_MALFORMED, 0, NULL},
		{"[1]]", ERR_MALFORMED, 0, NULL},
	};
	struct span out[3];
	struct fault f;
	uint8_t *copy;
	size_t i, len, count;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		/* of its own size, so that a sanitizer sees a byte too far */
		len = strlen(cases[i].text);
		copy = xmemdup(cases[i].text, len ? len : 1);
		ck_assert_msg(json_split(out, 3, &count, SPAN(copy, len), &f) ==
				      cases[i].want,
			      "%s", cases[i].text);
		if (!cases[i].want)
			ck_assert_uint_eq(count, cases[i].count);
		if (!cases[i].want && count && count <= 3)
			ck_assert_msg(span_eq(out[count - 1],
					      span_str(cases[i].last)),
				      "%s", cases[i].text);
		free(copy);
	}
}
END_TEST

START_TEST(brackets_in_strings_are_not_nesting)
{
	struct buf text = {0};
	struct fault f;
	json_t *v;
	size_t i;

	buf_append_span(&text, span_str("[\"\\\\\", \"\\\""));
	for (i = 0; i < 200; i++)
		buf_byte(&text, '[');
	buf_append_span(&text, span_str("\\\\\\\"{{\", \"\"]"));
	v = json_parse(buf_span(&text), &f);
	ck_assert_msg(v, "%s", f.detail);
	ck_assert_uint_eq(json_array_size(v), 3);
	json_decref(v);
	buf_release(&text);
}
END_TEST

START_TEST(every_truncation_is_a_clean_error)
{
	struct fault f;
	struct span text;
	size_t len = strlen(good), n;
	uint8_t *copy;

	for (n = 0; n < len; n++) {
		/* of its own size, so that a sanitizer sees a byte too far */
		copy = xmemdup(good, n ? n : 1);
		text = SPAN(copy, n);
		ck_assert_ptr_null(json_parse(text, &f));
		ck_assert_int_eq(f.code, ERR_MALFORMED);
		free(copy);
	}
	ck_assert_ptr_null(json_parse(SPAN(NULL, 0), &f));
	ck_assert_ptr_null(json_parse(SPAN(NULL, 0), NULL));
}
END_TEST

START_TEST(mutated_json_never_breaks_anything)
{
	struct buf text = {0}, raw = {0};
	struct fault f;
	struct rng rng;
	struct tx tx;
	size_t i, k, scanned = 0;
	json_t *in;
	enum err e;

	rng_seed(&rng, 1);
	for (i = 0; i < 20000; i++) {
		buf_reset(&text);
		buf_reset(&raw);
		expand(&text, good);
		for (k = rng_below(&rng, 4); k < 4; k++)
			text.data[rng_below(&rng, text.len)] =
				(uint8_t)(rng_below(&rng, 2)
						  ? rng_next(&rng)
						  : (uint64_t) "\"{}[],:\\9-"
							    [rng_below(&rng,
								       10)]);
		in = json_parse(buf_span(&text), &f);
		if (!in)
			continue;
		e = tx_from_json(&raw, in, &f);
		ck_assert(e == ERR_OK || raw.len == 0);
		scanned += !json_is_array(in) &&
			   scan_agrees(buf_span(&text), e, buf_span(&raw));
		if (!e) {
			e = tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, &f);
			ck_assert(e == ERR_OK || e == ERR_BAD_SIGNATURE ||
				  e == ERR_KEY_REQUIRED);
		}
		json_decref(in);
	}
	ck_assert_uint_gt(scanned, 300);
	buf_release(&text);
	buf_release(&raw);
}
END_TEST

START_TEST(json_out_and_in_again_is_the_same)
{
	static const uint8_t binary[] = {0, 0xff, 'x'};
	struct span datas[] = {SPAN("", 0), span_str("gr\xc3\xbc\xc3\x9f"),
			       SPAN_OF(binary)};
	uint8_t sig[64];
	struct buf raw = {0}, again = {0};
	struct hash genesis = {{1}}, id;
	struct fault f;
	struct tx tx;
	json_t *out;
	size_t i;

	memset(sig, 3, sizeof(sig));
	for (i = 0; i < ARRAY_LEN(datas); i++) {
		tx = (struct tx){.nonce = AMOUNT_MAX, .amount = AMOUNT_MAX};
		tx.data = datas[i];
		tx.signature = SPAN_OF(sig);
		buf_reset(&raw);
		tx_encode(&raw, &tx);
		ck_assert_int_eq(
			tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, &f),
			ERR_OK);
		tx_hash(&tx, &genesis);
		out = tx_to_json(&tx, SPAN(NULL, 0));
		ck_assert_ptr_null(json_object_get(out, "public_key"));
		ck_assert_int_eq(json_object_get(out, "data") == NULL, i == 2);
		ck_assert(tx_json_id(&id, out));
		ck_assert(hash_eq(&id, &tx.id));
		buf_reset(&again);
		ck_assert_int_eq(tx_from_json(&again, out, &f), ERR_OK);
		ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
		json_object_del(out, "id");
		ck_assert(!tx_json_id(&id, out));
		json_decref(out);
	}
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tx_json");
	TCase *t = tcase_create("tx_json");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, setup, NULL);
	tcase_add_test(t, good_json_becomes_canonical_bytes);
	tcase_add_loop_test(t, bad_json_is_refused_naming_field_and_value, 0,
			    (int)ARRAY_LEN(bads));
	tcase_add_test(
		t,
		what_is_too_long_for_a_transaction_is_refused_before_it_is_decoded);
	tcase_add_test(t, nesting_is_bounded_at_64);
	tcase_add_test(t, values_are_counted_before_a_tree_is_built);
	tcase_add_test(t, an_array_is_split_at_its_own_commas_only);
	tcase_add_test(t, brackets_in_strings_are_not_nesting);
	tcase_add_test(t, every_truncation_is_a_clean_error);
	tcase_add_test(t, mutated_json_never_breaks_anything);
	tcase_add_test(t, json_out_and_in_again_is_the_same);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * Submitting over HTTP: every form, every refusal with its status, code and
 * field, an unchanged state after it; transactions of the node's own account.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "http_fixture.h"

/* --- pushing ------------------------------------------------------------- */

START_TEST(transactions_are_taken_in_every_form)
{
	struct address to = test_address(2);
	struct buf raw, many = {0};
	char *text, *quoted;
	json_t *s;
	size_t i;

	start();
	text = pushed_json(1, 0, 2, 5);
	post("/pushtx", text);
	expect(202);
	post("/pushtx", text); /* again: known, not an error */
	expect(200);
	ck_assert_str_eq(text_of("status"), "pending");
	make_block();
	ask_with("PUT", "/pushtx", "Content-Type: text/plain\r\n",
		 span_str(text));
	expect(200);
	ck_assert_str_eq(text_of("status"), "settled");
	free(text);

	text = pushed_json(1, 1, 2, 5);
	s = json_string(text);
	quoted = json_dumps(s, JSON_ENCODE_ANY);
	post("/pushtx", quoted);
	expect(202);
	json_decref(s);
	free(quoted);
	free(text);

	raw = driver_transfer(&d, 1, 2, &to, 5, 0);
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&raw));
	expect(202);
	buf_release(&raw);

	mp_array(&many, 3);
	for (i = 3; i < 6; i++) {
		/* 5 is beyond 4: fine; 200 is beyond the window */
		raw = driver_transfer(&d, 1, i == 5 ? 200 : i, &to, 5, 0);
		buf_append_span(&many, buf_span(&raw));
		buf_release(&raw);
	}
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&many));
	expect(200);
	ck_assert_uint_eq(json_array_size(json), 3);
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json, 1), "status")),
			 "pending");
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json, 2), "code")),
			 "nonce_gap");
	buf_release(&many);
	mp_array(&many, 1);
	raw = driver_transfer(&d, 1, 5, &to, 5, 0);
	buf_append_span(&many, buf_span(&raw));
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&many));
	expect(200);
	ck_assert_uint_eq(json_array_size(json), 1);
	buf_release(&raw);
	buf_release(&many);
	ask_with("POST", "/pushtx", MSGPACK, SPAN("\x90", 1));
	expect(200);
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	post("/pushtx", "[]");
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	text = pushed_json(1, 8, 2, 5);
	post("/pushtx", text);
	expect(202);
	ck_assert_str_eq(text_of("status"), "queued");
	free(text);
	stop();
}
END_TEST

START_TEST(an_array_is_answered_in_order)
{
	char body[4096], *good = NULL, *late = NULL;

	start();
	good = pushed_json(1, 0, 2, 5);
	late = pushed_json(1, 1, 2, 2000000);
	snprintf(body, sizeof(body), "[{\"from\": 1}, %s, 7, %s]", good, late);
	post("/pushtx", body);
	expect(200);
	ck_assert_uint_eq(json_array_size(json), 4);
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json, 0), "status")),
			 "refused");
	ck_assert(json_is_null(json_object_get(json_array_get(json, 0), "id")));
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json, 1), "status")),
			 "pending");
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json, 2), "code")),
			 "wrong_type");
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json, 3), "code")),
			 "insufficient_balance");
	ck_assert(
		json_is_string(json_object_get(json_array_get(json, 3), "id")));
	free(good);
	free(late);
	stop();
}
END_TEST

START_TEST(a_member_that_is_no_transaction_does_not_fail_the_others)
{
	struct address to = test_address(2);
	struct buf many = {0}, good;
	json_t *second;

	start();
	good = driver_transfer(&d, 1, 0, &to, 5, 0);
	mp_array(&many, 3);
	buf_append_span(&many, span_str("\x93\x91\x01\x02\x03"));
	buf_append_span(&many, buf_span(&good));
	mp_uint(&many, 7);
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&many));
	expect(200);
	ck_assert_uint_eq(json_array_size(json), 3);
	ck_assert(json_is_null(json_object_get(json_array_get(json, 0), "id")));
	ck_assert(json_is_null(json_object_get(json_array_get(json, 2), "id")));
	second = json_array_get(json, 1);
	ck_assert_str_eq(json_string_value(json_object_get(second, "status")),
			 "pending");
	/* what is not canonical has no sure end: refused whole */
	many.len--;
	buf_append_span(&many, span_str("\xcc\x07"));
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&many));
	expect_problem(400, "not_canonical", "");
	buf_release(&many);
	buf_release(&good);
	stop();
}
END_TEST

static const char *member_at(size_t i, const char *key)
{
	const char *s = json_string_value(
		json_object_get(json_array_get(json, i), key));

	return s ? s : "(none)";
}

static void pad(struct buf *out, size_t count)
{
	while (count--)
		buf_byte(out, ' ');
}

START_TEST(a_long_array_is_parsed_in_parts_and_answered_whole)
{
	struct client leaves;
	struct buf body = {0};
	char *good, *late, head[256];
	size_t i, end;

	start();
	good = pushed_json(1, 0, 2, 5);
	late = pushed_json(1, 1, 2, 2000000);
	buf_append_span(&body, span_str(" [ "));
	for (i = 0; i < 30; i++) {
		buf_append_span(&body,
				span_str(i ? "\n, {\"]\": \"[,\"}" : "7"));
		pad(&body, 20000);
	}
	buf_append_span(&body, span_str(",{\"from\":"));
	pad(&body, 70000);
	buf_append_span(&body, span_str("0},["));
	for (i = 0; i < 200; i++)
		buf_append_span(&body, span_str(i ? ",[]" : "[]"));
	buf_append_span(&body, span_str("],"));
	buf_append_span(&body, span_str(good));
	buf_append_span(&body, span_str(","));
	buf_append_span(&body, span_str(late));
	end = body.len;
	buf_append_span(&body, span_str("\n]\n"));
	ask_with("POST", "/pushtx", "", buf_span(&body));
	expect(200);
	ck_assert_uint_eq(json_array_size(json), 34);
	ck_assert_str_eq(member_at(0, "code"), "wrong_type");
	ck_assert_str_eq(member_at(1, "code"), "unknown_field");
	ck_assert_str_eq(member_at(29, "code"), "unknown_field");
	ck_assert_str_eq(member_at(30, "code"), "too_big");
	ck_assert_str_eq(member_at(31, "code"), "too_big");
	ck_assert_str_eq(member_at(32, "status"), "pending");
	ck_assert_str_eq(member_at(33, "code"), "insufficient_balance");
	make_block();
	ask_with("POST", "/v1/txs?wait=block", "", buf_span(&body));
	expect(200);
	ck_assert_str_eq(member_at(32, "status"), "settled");

	/* it goes while its body is parsed */
	client_open(&leaves, base, api_url(api));
	snprintf(head, sizeof(head),
		 "POST /pushtx HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 body.len);
	client_text(&leaves, head);
	client_send(&leaves, buf_span(&body));
	client_close(&leaves);
	get("/chainlength");
	expect(200);

	/* one of no JSON: which, and none is taken */
	body.len = end;
	buf_append_span(&body, span_str(", nonsense]"));
	ask_with("POST", "/pushtx", "", buf_span(&body));
	expect_problem(400, "malformed", "");
	ck_assert_ptr_nonnull(strstr(text_of("detail"), "transaction 34"));
	body.len = end;
	ask_with("POST", "/pushtx", "", buf_span(&body));
	expect_problem(400, "malformed", "");
	buf_append_span(&body, span_str("] ]"));
	ask_with("POST", "/pushtx", "", buf_span(&body));
	expect_problem(400, "malformed", "");
	buf_release(&body);
	free(good);
	free(late);
	stop();
}
END_TEST

/* The pushed transaction with one member set to another value. */
static char *changed(const char *member, json_t *value)
{
	char *text = pushed_json(1, 0, 2, 5), *out;
	json_t *o = json_loads(text, 0, NULL);

	free(text);
	if (value)
		json_object_set_new(o, member, value);
	else
		json_object_del(o, member);
	out = json_dumps(o, 0);
	json_decref(o);
	return out;
}

START_TEST(bad_transactions_are_told_what_is_wrong)
{
	const struct {
		const char *member;
		json_t *value;
		int status;
		const char *code;
	} cases[] = {
		{"to", json_string("xyz"), 400, "bad_address"},
		{"from", json_string(""), 400, "bad_address"},
		{"amount", json_real(1.5), 400, "wrong_type"},
		{"amount", json_string("5"), 400, "wrong_type"},
		{"amount", json_integer(-5), 400, "out_of_range"},
		{"amount", json_integer(INT64_C(1) << 60), 422,
		 "amount_overflow"},
		{"amount", NULL, 400, "missing_field"},
		{"amount", json_integer(6), 422, "id_mismatch"},
		{"surprise", json_integer(6), 400, "unknown_field"},
		{"id", json_string("12"), 400, "bad_hash"},
		{"signature", NULL, 422, "signature_required"},
		{"public_key", NULL, 422, "public_key_required"},
	};
	struct hash root;
	char *text;
	size_t i;

	start();
	root = tip_state();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		text = changed(cases[i].member, cases[i].value);
		post("/pushtx", text);
		expect_problem(cases[i].status, cases[i].code,
			       i == 7 ? "id" : cases[i].member);
		free(text);
		still_fine(&root);
	}
	/* the body changed, the id gone: the signature does not fit */
	text = changed("id", NULL);
	*(strstr(text, "\"amount\": 5") + strlen("\"amount\": ")) = '6';
	post("/pushtx", text);
	expect_problem(422, "bad_signature", NULL);
	still_fine(&root);
	free(text);
	stop();
}
END_TEST

START_TEST(bad_bodies_are_refused_whole)
{
	static const struct {
		const char *headers, *body;
		int status;
		const char *code;
	} cases[] = {
		{"", "", 400, "malformed"},
		{"", "{", 400, "malformed"},
		{"", "{\"a\": 1, \"a\": 2}", 400, NULL},
		{"", "\"{\"", 400, "malformed"},
		{"", "\"\\\"7\\\"\"", 400, "wrong_type"},
		{"", "7", 400, "wrong_type"},
		{"", "null", 400, "wrong_type"},
		{"", "{} {}", 400, "malformed"},
		{"", "{\"from\": \"\\u0000\"}", 400, NULL},
		{MSGPACK, "", 400, "malformed"},
		{MSGPACK, "{}", 400, NULL},
		{MSGPACK, "\x92\x93\x91\x01", 400, NULL},
		{MSGPACK, "\x93\x97\x01", 400, NULL},
		{MSGPACK, "\xdc\xff\xff\x93\x91", 413, "too_big"},
		{MSGPACK, "\xdd\xff\xff\xff\xff\x93\x91", 413, "too_big"},
		{MSGPACK, "\xdf\xff\xff\xff\xff", 400, NULL},
		{"Content-Type: image/png\r\n", "{}", 415,
		 "unsupported_media_type"},
	};
	struct buf big = {0};
	struct hash root;
	size_t i;

	start();
	root = tip_state();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ask_with("POST", "/pushtx", cases[i].headers,
			 span_str(cases[i].body));
		expect_problem(cases[i].status,
			       cases[i].code ? cases[i].code : text_of("code"),
			       NULL);
		still_fine(&root);
	}
	for (i = 0; i < 10000; i++)
		buf_byte(&big, '[');
	ask_with("POST", "/pushtx", "", buf_span(&big));
	expect_problem(400, "malformed", NULL);
	buf_reset(&big);
	buf_byte(&big, '[');
	for (i = 0; i < 1001; i++)
		buf_append_span(&big, span_str(i ? ",{}" : "{}"));
	buf_byte(&big, ']');
	ask_with("POST", "/pushtx", "", buf_span(&big));
	expect_problem(413, "too_big", NULL);
	/* far too many are not even made a tree, whatever they are */
	buf_reset(&big);
	buf_byte(&big, '[');
	for (i = 0; i < 1000000; i++)
		buf_append_span(&big, span_str(i ? ",[]" : "[]"));
	buf_byte(&big, ']');
	ask_with("POST", "/pushtx", "", buf_span(&big));
	expect_problem(413, "too_big", "");
	buf_reset(&big);
	buf_append_span(&big, span_str("{\"data\": \""));
	while (big.len < (1u << 20) + 100)
		buf_byte(&big, 'x');
	buf_append_span(&big, span_str("\"}"));
	/* 4 MiB here, 1 MiB elsewhere */
	ask_with("POST", "/pushtx", "", buf_span(&big));
	expect_problem(413, "too_big", "");
	ck_assert_ptr_nonnull(strstr(text_of("detail"), "single value"));
	{
		char path[128];

		snprintf(path, sizeof(path), "/%s/txn", own_hex);
		ask_with("POST", path, BEARER, buf_span(&big));
		expect_problem(413, "too_big", "");
	}
	still_fine(&root);
	buf_release(&big);
	stop();
}
END_TEST

/* --- the node's own account ---------------------------------------------- */

START_TEST(the_other_seeds_paths_work_for_the_own_account)
{
	char path[256], body[256];

	start();
	get_of("/%s/", own_hex);
	ck_assert_str_eq((char *)reply.body.data, "{\"peers\":0}\n");
	get_of("/%s/blk/cnt", own_hex);
	ck_assert_str_eq((char *)reply.body.data, "1\n");
	get_of("/%s/blk/0/", own_hex);
	ck_assert_int_eq(number_of("number"), 0);

	snprintf(path, sizeof(path), "/%s/txn/", own_hex);
	snprintf(body, sizeof(body),
		 "{\"sendto_address\": \"%s\", \"amount\": 12, \"data\": "
		 "\"hello\"}",
		 A40);
	ask_with("POST", path, "", span_str(body));
	expect_problem(401, "unauthorized", "Authorization");
	ck_assert_str_eq(reply_header(&reply, "WWW-Authenticate"), "Bearer");
	ask_with("POST", path, "Authorization: Bearer " COOKIE "x\r\n",
		 span_str(body));
	expect_problem(401, "unauthorized", "Authorization");
	ask_with("POST", path, "Authorization: Bearer c00c1\r\n",
		 span_str(body));
	expect_problem(401, "unauthorized", "Authorization");
	ask_with("POST", path, BEARER, span_str(body));
	expect(202);
	ck_assert_int_eq(number_of("amount"), 12);
	ck_assert_str_eq(text_of("data"), "hello");
	ck_assert_str_eq(text_of("from"), own_hex);
	ask_with("POST", path, BEARER, span_str(body));
	expect(202);
	ck_assert_int_eq(number_of("number"), 1);
	snprintf(id, sizeof(id), "%s", text_of("id"));
	make_block();
	expect_balance(A40, "", "24");
	snprintf(path, sizeof(path), "/%s/txn/%s/", own_hex, id);
	/* the second came when the first one's block was on its way */
	post(path, "{\"block_number\": 2}");
	expect(200);
	ck_assert_str_eq(text_of("id"), id);
	ck_assert_int_eq(number_of("block"), 2);
	post(path, "{\"block_number\": 1}");
	expect_problem(404, "not_found", "");
	post(path, "{\"block_number\": \"1\"}");
	expect_problem(400, "wrong_type", "block_number");
	post(path, "{}");
	expect_problem(400, "missing_field", "block_number");
	post(path, "{\"number\": 1}");
	expect_problem(400, "unknown_field", "number");
	snprintf(path, sizeof(path), "/%s/txn", own_hex);
	ask_with("POST", path, BEARER,
		 span_str("{\"sendto_address\": \"" A40 "\"}"));
	expect_problem(400, "missing_field", "amount");
	ask_with("POST", path, BEARER,
		 span_str("{\"sendto_address\": \"12\", \"amount\": 1}"));
	expect_problem(400, "bad_address", "sendto_address");
	ask_with("POST", path, BEARER,
		 span_str("{\"sendto_address\": \"" A40
			  "\", \"amount\": 9999999}"));
	expect_problem(422, "insufficient_balance", NULL);
	stop();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("api");

	tcase_add_test(tc, transactions_are_taken_in_every_form);
	tcase_add_test(tc, an_array_is_answered_in_order);
	tcase_add_test(tc, a_long_array_is_parsed_in_parts_and_answered_whole);
	tcase_add_test(
		tc, a_member_that_is_no_transaction_does_not_fail_the_others);
	tcase_add_test(tc, bad_transactions_are_told_what_is_wrong);
	tcase_add_test(tc, bad_bodies_are_refused_whole);
	tcase_add_test(tc, the_other_seeds_paths_work_for_the_own_account);
	return run_case("http_push", tc);
}

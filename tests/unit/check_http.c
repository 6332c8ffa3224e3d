/* SPDX-License-Identifier: MIT */
/*
 * The HTTP interface on a real node over kv_mem: what INTERFACE promises of
 * each path, and what hostile requests get. After each of those the state is
 * the same and the next good request is answered.
 */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "codec/tx_json.h"
#include "driver.h"
#include "http/api.h"
#include "http/routes.h"
#include "http_client.h"

#define COOKIE "c00c1e"
#define BEARER "Authorization: Bearer " COOKIE "\r\n"
#define MSGPACK "Content-Type: application/msgpack\r\n"

static struct driver d;
static struct event_base *base;
static struct api *api;
static struct address own; /* key 1: the node's and the first holder's */
static char own_hex[ADDRESS_HEX_LEN];
static struct reply reply;
static json_t *json; /* of the last reply, when it is JSON */

/* --- the ports -------------------------------------------------------------
 */

static bool hold; /* keep a submission instead of handing it on */
static uint64_t held;
static unsigned env_failures;
static const char *failing;

static enum err broken_get(struct kv_view *v, struct span *value,
			   enum kv_table t, struct span key)
{
	(void)v, (void)value, (void)t, (void)key;
	return ERR_IO;
}

static struct kv_cursor *broken_open(struct kv_view *v, enum kv_table t)
{
	(void)t;
	(void)v;
	return kv_cursor_open(kv_mem_view(d.mem), t);
}

static bool broken;

static struct kv_view *view(void *ctx)
{
	static const struct kv_view_ops ops = {.get = broken_get,
					       .open = broken_open};
	static struct kv_view bad = {.ops = &ops};

	(void)ctx;
	return broken ? &bad : kv_mem_view(d.mem);
}

static void submit(void *ctx, uint64_t request, const struct span *txs,
		   size_t count)
{
	(void)ctx;
	if (hold) {
		held = request;
		return;
	}
	driver_submit(&d, txs, count);
	api_submit_result(api, request, d.results, d.result_count);
}

static void env_failed(void *ctx, enum err e)
{
	(void)ctx;
	ck_assert_int_eq(e, ERR_IO);
	env_failures++;
}

static const char *check(void *ctx)
{
	(void)ctx;
	return failing;
}

static void start_with(const char *more)
{
	struct api_config config = {.view = view,
				    .submit = submit,
				    .failed = env_failed,
				    .check = check,
				    .account = &own,
				    .cookie = COOKIE,
				    .version = "1.2.3",
				    .address = "127.0.0.1"};
	struct fault f = {0};

	driver_new(&d, 1000000, "\"interval\": 0", more);
	own = test_address(1);
	address_hex(own_hex, &own);
	hold = broken = false;
	failing = NULL;
	env_failures = 0;
	base = event_base_new();
	config.node = d.node;
	config.key = d.key;
	ck_assert_msg(!api_new(&api, base, &config, &f), "%s", f.detail);
}

static void start(void)
{
	start_with("");
}

static void forget(void)
{
	json_decref(json);
	json = NULL;
	reply_release(&reply);
	memset(&reply, 0, sizeof(reply));
}

static void stop(void)
{
	forget();
	api_free(api);
	event_base_free(base);
	driver_free(&d);
}

/* A block has come; tell the api. */
static void make_block(void)
{
	uint64_t before = driver_height(&d);

	driver_advance(&d, 100);
	ck_assert_uint_gt(driver_height(&d), before);
	api_changed(api);
}

/* --- asking ------------------------------------------------------------------
 */

static void read_json(void)
{
	const char *type = reply_header(&reply, "Content-Type");

	if (strstr(type, "json") && reply.body.len) {
		json = json_loadb((char *)reply.body.data, reply.body.len,
				  JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
				  NULL);
		ck_assert_msg(json != NULL, "%s", (char *)reply.body.data);
	}
	if (reply.body.len)
		ck_assert_int_eq(reply.body.data[reply.body.len - 1], '\n');
	ck_assert(!reply.cut);
}

static void ask_with(const char *method, const char *path, const char *headers,
		     struct span body)
{
	forget();
	http_exchange(base, api_url(api), method, path, headers, body, &reply);
	read_json();
}

static void get(const char *path)
{
	ask_with("GET", path, "", SPAN(NULL, 0));
}

static void post(const char *path, const char *body)
{
	ask_with("POST", path, "", span_str(body));
}

static const char *text_of(const char *key)
{
	const char *s = json_string_value(json_object_get(json, key));

	return s ? s : "(none)";
}

static json_int_t number_of(const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(json, key)), "%s in %s",
		      key, (char *)reply.body.data);
	return json_integer_value(json_object_get(json, key));
}

static void expect(int status)
{
	ck_assert_msg(reply.status == status, "%d, expected %d: %s%s",
		      reply.status, status, reply.head,
		      (char *)reply.body.data);
}

/* A problem document with this status, code and field (NULL: any). */
static void expect_problem(int status, const char *code, const char *field)
{
	expect(status);
	ck_assert_str_eq(reply_header(&reply, "Content-Type"),
			 "application/problem+json");
	ck_assert_str_eq(text_of("code"), code);
	ck_assert_int_eq(number_of("status"), status);
	ck_assert_str_ne(text_of("type"), "(none)");
	ck_assert_str_ne(text_of("title"), "(none)");
	ck_assert_str_ne(text_of("detail"), "(none)");
	if (field)
		ck_assert_str_eq(text_of("field"), *field ? field : "(none)");
}

static void get_of(const char *format, const char *arg)
{
	char path[512];

	/* the format is one of this file's, with one %s */
	const char *at = strstr(format, "%s");

	snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - format), format,
		 arg, at + 2);
	get(path);
}

static char *pushed_json(unsigned from, uint64_t nonce, unsigned to,
			 uint64_t amount)
{
	struct address recipient = test_address(to);
	struct buf raw =
		driver_transfer(&d, from, nonce, &recipient, amount, 0);
	struct tx tx;
	json_t *o;
	char *text;

	ck_assert(!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, NULL));
	tx_hash(&tx, node_genesis_hash(d.node));
	o = tx_to_json(&tx, SPAN(NULL, 0));
	text = json_dumps(o, 0);
	json_decref(o);
	buf_release(&raw);
	return text;
}

/* Push a transfer; its id stays in `id`. */
static char id[HASH_HEX_LEN];

static void push(unsigned from, uint64_t nonce, unsigned to, uint64_t amount)
{
	char *text = pushed_json(from, nonce, to, amount);

	post("/pushtx", text);
	expect(202);
	snprintf(id, sizeof(id), "%s", text_of("id"));
	free(text);
}

static struct hash state_root(void)
{
	struct node_tip tip;

	node_tip(d.node, &tip);
	return tip.state_root;
}

/* --- the paths that the seeds' users know
 * --------------------------------------- */

START_TEST(plain_answers_are_as_promised)
{
	start();
	get("/running");
	expect(200);
	ck_assert_str_eq((char *)reply.body.data, "running\n");
	ck_assert(strstr(reply_header(&reply, "Content-Type"), "text/plain"));
	get("/chainlength");
	ck_assert_str_eq((char *)reply.body.data, "1\n");
	ck_assert_str_eq(reply_header(&reply, "Content-Type"),
			 "application/json");
	get("/nodes");
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	get("/unprocessed");
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	get("/running/");
	expect(200);
	get("/");
	expect_problem(404, "not_found", "");
	get("/balance/x");
	expect_problem(404, "not_found", "");
	get("/running%00");
	expect_problem(404, "not_found", "");
	stop();
}
END_TEST

static void expect_balance(const char *address, const char *query,
			   const char *want)
{
	char path[256], line[64];

	snprintf(path, sizeof(path), "/balance?address=%s%s", address, query);
	get(path);
	expect(200);
	snprintf(line, sizeof(line), "%s\n", want);
	ck_assert_str_eq((char *)reply.body.data, line);
}

START_TEST(a_transfer_is_seen_from_every_side)
{
	struct address a2 = test_address(2);
	char hex2[ADDRESS_HEX_LEN], first[HASH_HEX_LEN];

	start_with(", \"new_address_balance\": 7");
	address_hex(hex2, &a2);
	push(1, 0, 2, 300);
	ck_assert_str_eq(text_of("status"), "pending");
	snprintf(first, sizeof(first), "%s", id);
	expect_balance(hex2, "", "7");
	expect_balance(hex2, "&confirmations=0", "307");
	get_of("/confirmations?transaction_id=%s", id);
	ck_assert_str_eq((char *)reply.body.data, "0\n");
	get("/unprocessed");
	ck_assert_uint_eq(json_array_size(json), 1);
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json, 0), "id")),
			 id);
	get_of("/v1/txs/%s", id);
	ck_assert_str_eq(text_of("status"), "pending");
	get_of("/v1/accounts/%s", own_hex);
	ck_assert_int_eq(number_of("nonce"), 0);
	ck_assert_int_eq(number_of("next_nonce"), 1);
	ck_assert_int_eq(number_of("balance"), 1000000);
	ck_assert_int_eq(number_of("pending"), 999700);

	make_block();
	push(1, 1, 2, 50);
	make_block();
	expect_balance(hex2, "", "357");
	expect_balance(hex2, "&confirmations=1", "357");
	expect_balance(hex2, "&confirmations=2", "307");
	expect_balance(hex2, "&confirmations=3", "7");
	expect_balance(hex2, "&confirmations=4", "7");
	expect_balance(own_hex, "&confirmations=3", "1000000");
	get("/unprocessed");
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	get_of("/confirmations?transaction_id=%s", first);
	ck_assert_str_eq((char *)reply.body.data, "2\n");
	get_of("/v1/txs/%s", first);
	ck_assert_str_eq(text_of("status"), "settled");
	ck_assert_int_eq(number_of("height"), 1);
	ck_assert_int_eq(number_of("confirmations"), 2);
	get("/balances");
	ck_assert_uint_eq(json_object_size(json), 2);
	ck_assert_int_eq(number_of(hex2), 357);
	get_of("/balances?confirmations=2&prefix=%s", hex2);
	ck_assert_uint_eq(json_object_size(json), 1);
	ck_assert_int_eq(number_of(hex2), 307);
	get("/balances?confirmations=9");
	ck_assert_str_eq((char *)reply.body.data, "{}\n");
	get("/chainlength");
	ck_assert_str_eq((char *)reply.body.data, "3\n");
	stop();
}
END_TEST

static void expect_members(const json_t *o, const char *const *names)
{
	size_t i;

	for (i = 0; names[i]; i++)
		ck_assert_msg(json_object_get(o, names[i]) != NULL, "no %s",
			      names[i]);
	ck_assert_uint_eq(json_object_size(o), i);
}

START_TEST(a_block_has_exactly_its_members)
{
	static const char *const block[] = {
		"number",	 "id",	      "hash_parent",
		"hash_state",	 "hash_txns", "time",
		"coinbase",	 "reward",    "difficulty",
		"nonce",	 "data",      "body",
		"confirmations", "settled",   "final",
		"state",	 NULL};
	static const char *const tx[] = {"id",
					 "number",
					 "from",
					 "to",
					 "amount",
					 "fee",
					 "valid_until",
					 "data",
					 "public_key",
					 "signature",
					 "block",
					 "block_hash",
					 "confirmations",
					 NULL};
	char hash[HASH_HEX_LEN];
	json_t *account;
	struct hash root;

	start();
	push(1, 0, 2, 300);
	make_block();
	push(1, 1, 2, 1);
	make_block();
	root = state_root();
	get("/block?index=2");
	expect(200);
	expect_members(json, block);
	expect_members(json_array_get(json_object_get(json, "body"), 0), tx);
	ck_assert_int_eq(number_of("number"), 2);
	ck_assert_str_eq(text_of("coinbase"), own_hex);
	ck_assert_str_eq(text_of("hash_state"), hash_hex(hash, &root));
	account = json_object_get(json_object_get(json, "state"), own_hex);
	ck_assert_int_eq(json_integer_value(json_object_get(account, "nonce")),
			 2);
	snprintf(hash, sizeof(hash), "%s", text_of("id"));
	get_of("/block?hash=%s", hash);
	expect(200);
	ck_assert_int_eq(number_of("number"), 2);
	get("/block?index=0");
	expect_members(json, block);
	ck_assert_str_eq(text_of("coinbase"), "");
	/* at an old height: who was there then, with what they had */
	get("/block?index=0&state=all");
	ck_assert_uint_eq(json_object_size(json_object_get(json, "state")), 1);
	get("/block?index=1&state=all");
	ck_assert_uint_eq(json_object_size(json_object_get(json, "state")), 2);
	account = json_object_get(json_object_get(json, "state"), own_hex);
	ck_assert_int_eq(
		json_integer_value(json_object_get(account, "balance")),
		999700);
	get("/v1/blocks/latest");
	ck_assert_int_eq(number_of("number"), 2);
	get("/v1/blocks/settled");
	ck_assert_int_eq(number_of("number"), 2);
	get("/v1/blocks/1");
	ck_assert_int_eq(number_of("number"), 1);
	get_of("/v1/blocks/%s", hash);
	ck_assert_int_eq(number_of("number"), 2);
	get("/v1/blocks/final");
	expect_problem(422, "no_finality", "id");
	get("/block?index=3");
	expect_problem(404, "not_found", "");
	get("/v1/blocks?limit=2");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 2);
	ck_assert_str_eq(text_of("next"), "0");
	get("/v1/blocks?limit=2&cursor=0");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	ck_assert(json_is_null(json_object_get(json, "next")));
	stop();
}
END_TEST

START_TEST(a_settled_block_by_hash_is_immutable_the_rest_is_not)
{
	char hash[HASH_HEX_LEN], header[160];

	start();
	push(1, 0, 2, 1);
	make_block();
	get("/block?index=1");
	ck_assert_str_eq(reply_header(&reply, "Cache-Control"), "no-cache");
	snprintf(hash, sizeof(hash), "%s", text_of("id"));
	get_of("/block?hash=%s", hash);
	ck_assert(strstr(reply_header(&reply, "Cache-Control"), "immutable"));
	snprintf(header, sizeof(header), "\"%s\"", hash);
	ck_assert_str_eq(reply_header(&reply, "ETag"), header);
	snprintf(header, sizeof(header), "If-None-Match: \"%s\"\r\n", hash);
	forget();
	snprintf(id, sizeof(id), "%s", hash);
	{
		char path[128];

		snprintf(path, sizeof(path), "/block?hash=%s", hash);
		ask_with("GET", path, header, SPAN(NULL, 0));
		expect(304);
		ask_with("HEAD", path, "", SPAN(NULL, 0));
		expect(200);
		ck_assert_uint_eq(reply.body.len, 0);
	}
	/* by number its depth is part of the tag */
	get("/block?index=1");
	snprintf(header, sizeof(header), "If-None-Match: %s\r\n",
		 reply_header(&reply, "ETag"));
	push(1, 1, 2, 1);
	make_block();
	ask_with("GET", "/block?index=1", header, SPAN(NULL, 0));
	expect(200);
	ck_assert_int_eq(number_of("confirmations"), 2);
	stop();
}
END_TEST

/* --- long answers
 * --------------------------------------------------------------------- */

START_TEST(long_answers_come_in_slices_and_are_whole)
{
	struct address a;
	struct buf raw[64];
	struct span spans[64] = {{0}};
	uint64_t nonce = 0;
	unsigned block, i, sum = 0;
	const char *next;
	char path[256];
	json_t *item;
	size_t k;

	start();
	for (block = 0; block < 10; block++) {
		for (i = 0; i < 60; i++, nonce++) {
			a = test_address(100 + (unsigned)nonce);
			raw[i] =
				driver_transfer(&d, 1, nonce, &a, 1 + nonce, 0);
			spans[i] = buf_span(&raw[i]);
		}
		driver_submit(&d, spans, 60);
		for (i = 0; i < 60; i++)
			buf_release(&raw[i]);
		make_block();
	}
	get("/blockchain");
	ck_assert_str_eq(reply_header(&reply, "Transfer-Encoding"), "chunked");
	json_array_foreach(json, k, item)
	{
		ck_assert_int_eq(
			json_integer_value(json_object_get(item, "number")),
			(json_int_t)k);
		sum += (unsigned)json_array_size(json_object_get(item, "body"));
	}
	ck_assert_uint_eq(sum, 600);
	ck_assert_uint_eq(json_array_size(json), driver_height(&d) + 1);
	get("/blockchain?from=2&limit=3");
	ck_assert_uint_eq(json_array_size(json), 3);
	get("/blockchain?from=99999");
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	get("/blockchain?limit=0");
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	snprintf(path, sizeof(path), "/block?index=%llu&state=all",
		 (unsigned long long)driver_height(&d));
	get(path);
	ck_assert_str_eq(reply_header(&reply, "Transfer-Encoding"), "chunked");
	ck_assert_uint_eq(json_object_size(json_object_get(json, "state")),
			  601);
	get("/balances");
	ck_assert_uint_eq(json_object_size(json), 601);
	get("/balances?limit=10");
	ck_assert_uint_eq(json_object_size(json), 10);
	get("/balances?limit=1000&after="
	    "ffffffffffffffffffffffffffffffffffffffff");
	ck_assert_str_eq((char *)reply.body.data, "{}\n");

	/* history in pages: each once, newest first */
	sum = 0;
	snprintf(path, sizeof(path), "/v1/accounts/%s/txs?limit=70", own_hex);
	for (;;) {
		get(path);
		expect(200);
		json_array_foreach(json_object_get(json, "items"), k, item)
		{
			sum++;
			ck_assert_int_eq(json_integer_value(json_object_get(
						 item, "number")),
					 600 - (json_int_t)sum);
		}
		next = json_string_value(json_object_get(json, "next"));
		if (!next)
			break;
		snprintf(path, sizeof(path),
			 "/v1/accounts/%s/txs?limit=70&cursor=%s", own_hex,
			 next);
	}
	ck_assert_uint_eq(sum, 600);
	/* a page that ends exactly at the end says so */
	get_of("/v1/accounts/%s/txs?limit=200&since=8", own_hex);
	ck_assert_uint_gt(json_array_size(json_object_get(json, "items")), 0);
	ck_assert(json_is_null(json_object_get(json, "next")));
	get_of("/v1/accounts/%s/txs?format=csv", own_hex);
	ck_assert(strstr(reply_header(&reply, "Content-Type"), "text/csv"));
	sum = 0;
	for (k = 0; k < reply.body.len; k++)
		sum += reply.body.data[k] == '\n';
	ck_assert_uint_eq(sum, 601);
	snprintf(path, sizeof(path), "/v1/accounts/%s/txs", own_hex);
	ask_with("GET", path, "Accept: text/csv\r\n", SPAN(NULL, 0));
	ck_assert(!strncmp((char *)reply.body.data, "block,time,id,", 14));
	stop();
}
END_TEST

/* --- pushing
 * ----------------------------------------------------------------------------
 */

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

static void still_fine(const struct hash *root)
{
	struct hash now = state_root();

	ck_assert(hash_eq(&now, root));
	expect_balance(own_hex, "", "1000000");
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
	root = state_root();
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
	root = state_root();
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
	buf_reset(&big);
	buf_append_span(&big, span_str("{\"data\": \""));
	while (big.len < (1u << 20) + 100)
		buf_byte(&big, 'x');
	buf_append_span(&big, span_str("\"}"));
	/* 4 MiB here, 1 MiB elsewhere */
	ask_with("POST", "/pushtx", "", buf_span(&big));
	ck_assert_str_ne(text_of("code"), "too_big");
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

/* --- parameters
 * ---------------------------------------------------------------------------
 */

#define A40 "00112233445566778899aabbccddeeff00112233"
#define H64 A40 "445566778899aabbccddeeff"

START_TEST(bad_parameters_are_named)
{
	static const struct {
		const char *path;
		int status;
		const char *code, *field;
	} cases[] = {
		{"/balance", 400, "missing_field", "address"},
		{"/balance?address=", 400, "bad_address", "address"},
		{"/balance?address", 400, "bad_address", "address"},
		{"/balance?address=12", 400, "bad_address", "address"},
		{"/balance?address=" A40 "0", 400, "bad_address", "address"},
		{"/balance?address=" A40 "&address=" A40, 400,
		 "duplicate_field", "address"},
		{"/balance?address=" A40 "&addres%73=" A40, 400,
		 "duplicate_field", "address"},
		{"/balance?address=" A40 "%00", 400, "malformed", "address"},
		{"/balance?address=%0", 400, "malformed", "address"},
		{"/balance?address=%zz", 400, "malformed", "address"},
		{"/balance?addr=" A40, 400, "unknown_field", "addr"},
		{"/balance?address=" A40 "&x", 400, "unknown_field", "x"},
		{"/balance?%00=1", 400, "malformed", ""},
		{"/balance?=1", 400, "unknown_field", ""},
		{"/balance?address=" A40 "&confirmations=-1", 400, "wrong_type",
		 "confirmations"},
		{"/balance?address=" A40 "&confirmations=1.0", 400,
		 "wrong_type", "confirmations"},
		{"/balance?address=" A40 "&confirmations=01", 400,
		 "out_of_range", "confirmations"},
		{"/balance?address=" A40 "&confirmations=9007199254740992", 400,
		 "out_of_range", "confirmations"},
		{"/balance?address=" A40
		 "&confirmations=99999999999999999999999999",
		 400, "out_of_range", "confirmations"},
		{"/balances?limit=0", 400, "out_of_range", "limit"},
		{"/balances?limit=1001", 400, "out_of_range", "limit"},
		{"/balances?prefix=xyz", 400, "bad_address", "prefix"},
		{"/balances?prefix=" A40 "0", 400, "out_of_range", "prefix"},
		{"/balances?after=1", 400, "bad_address", "after"},
		{"/block", 400, "missing_field", "index"},
		{"/block?index=x", 400, "wrong_type", "index"},
		{"/block?index=1&hash=" H64, 400, "duplicate_field", "hash"},
		{"/block?hash=" A40, 400, "bad_hash", "hash"},
		{"/block?hash=" H64, 404, "not_found", ""},
		{"/block?index=0&state=some", 400, "out_of_range", "state"},
		{"/block?index=7", 404, "not_found", ""},
		{"/confirmations", 400, "missing_field", "transaction_id"},
		{"/confirmations?transaction_id=" A40, 400, "bad_hash",
		 "transaction_id"},
		{"/confirmations?transaction_id=" H64, 404, "not_found", ""},
		{"/running?x=1", 400, "unknown_field", "x"},
		{"/v1/blocks/first", 400, "malformed", "id"},
		{"/v1/blocks/%ff", 400, "malformed", "id"},
		{"/v1/blocks/99", 404, "not_found", ""},
		{"/v1/blocks?limit=201", 400, "out_of_range", "limit"},
		{"/v1/txs/12", 400, "bad_hash", "id"},
		{"/v1/txs/" H64, 404, "not_found", ""},
		{"/v1/accounts/12", 400, "bad_address", "account"},
		{"/v1/accounts/" A40 "/txs?cursor=1", 400, "malformed",
		 "cursor"},
		{"/v1/accounts/" A40 "/txs?format=xml", 400, "out_of_range",
		 "format"},
		{"/" A40, 404, "not_found", "address"},
		{"/" A40 "/blk/cnt/", 404, "not_found", "address"},
		{"/" A40 "/blk/0", 404, "not_found", "address"},
	};
	struct hash root;
	size_t i;

	start();
	root = state_root();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		get(cases[i].path);
		ck_assert_msg(reply.status == cases[i].status &&
				      !strcmp(text_of("code"), cases[i].code),
			      "%s: %s", cases[i].path, (char *)reply.body.data);
		expect_problem(cases[i].status, cases[i].code, cases[i].field);
		still_fine(&root);
	}
	/* what is odd but right */
	get("/balance?&address=" A40 "&&confirmations=1&");
	expect(200);
	get("/balance?addre%73s=" A40);
	expect(200);
	get("/balance?address=" A40 "#confirmations=x");
	expect(200);
	stop();
}
END_TEST

/* --- the table
 * ------------------------------------------------------------------------------
 */

/* A path of the pattern, with something plausible in its holes. */
static void fill_path(char *out, size_t cap, const char *pattern)
{
	const char *value;
	size_t len = 0;

	while (*pattern) {
		if (*pattern != '{') {
			ck_assert_uint_lt(len + 1, cap);
			out[len++] = *pattern++;
			continue;
		}
		value = !strncmp(pattern, "{number}", 8) ? "0"
			: !strncmp(pattern, "{id}", 4)	 ? H64
							 : own_hex;
		ck_assert_uint_lt(len + strlen(value), cap);
		memcpy(out + len, value, strlen(value));
		len += strlen(value);
		pattern += strcspn(pattern, "}") + 1;
	}
	out[len] = '\0';
}

START_TEST(what_a_path_does_not_take_is_405_with_what_it_takes)
{
	static const struct {
		const char *name;
		unsigned bit;
	} methods[] = {{"GET", HTTP_GET},
		       {"HEAD", HTTP_GET},
		       {"POST", HTTP_POST},
		       {"PUT", HTTP_PUT},
		       {"DELETE", HTTP_DELETE},
		       {"OPTIONS", 0},
		       {"PATCH", 0},
		       {"TRACE", 0},
		       {"BREW", 0}};
	char path[256], allow[ROUTE_ALLOW_MAX];
	size_t i, k;

	start();
	for (i = 0; i < route_count; i++) {
		const struct route *r = &route_table[i];

		fill_path(path, sizeof(path), r->path);
		route_allow(allow,
			    r->methods |
				    (r->methods & HTTP_GET ? HTTP_HEAD : 0));
		for (k = 0; k < ARRAY_LEN(methods); k++) {
			ask_with(methods[k].name, path, "", SPAN(NULL, 0));
			if (r->methods & methods[k].bit) {
				ck_assert_msg(reply.status != 405 &&
						      reply.status != 501,
					      "%s %s", methods[k].name, path);
				continue;
			}
			ck_assert_msg(reply.status == 405, "%s %s: %d",
				      methods[k].name, path, reply.status);
			ck_assert_str_eq(reply_header(&reply, "Allow"), allow);
			if (strcmp(methods[k].name, "HEAD") != 0)
				expect_problem(405, "method_not_allowed", "");
		}
	}
	stop();
}
END_TEST

START_TEST(the_openapi_file_lists_exactly_the_routes)
{
	static const struct {
		const char *name;
		unsigned bit;
	} methods[] = {{"get", HTTP_GET},
		       {"post", HTTP_POST},
		       {"put", HTTP_PUT},
		       {"delete", HTTP_DELETE}};
	const struct param *p;
	size_t i, k, n, listed = 0, declared = 0;
	const char *name;
	json_t *paths, *path, *op;

	start();
	get("/openapi.json");
	expect(200);
	ck_assert_str_eq(text_of("openapi"), "3.1.0");
	paths = json_object_get(json, "paths");
	json_object_foreach(paths, name, path) listed += json_object_size(path);
	for (i = 0; i < route_count; i++) {
		const struct route *r = &route_table[i];

		for (k = 0; k < ARRAY_LEN(methods); k++) {
			if (!(r->methods & methods[k].bit))
				continue;
			declared++;
			op = json_object_get(json_object_get(paths, r->path),
					     methods[k].name);
			ck_assert_msg(op != NULL, "%s %s", methods[k].name,
				      r->path);
			for (p = r->params, n = 0; p->name; p++, n++)
				ck_assert_str_eq(
					p->name,
					json_string_value(json_object_get(
						json_array_get(
							json_object_get(
								op,
								"parameters"),
							n),
						"name")));
			ck_assert_uint_le(n, PARAMS_MAX);
			ck_assert_uint_eq(n, json_array_size(json_object_get(
						     op, "parameters")));
			ck_assert_int_eq(json_object_get(op, "security") !=
						 NULL,
					 r->cookie);
		}
	}
	ck_assert_uint_eq(listed, declared);
	stop();
}
END_TEST

START_TEST(path_parameters_come_first_and_in_the_order_of_the_path)
{
	size_t i, k;

	for (i = 0; i < route_count; i++) {
		const struct param *p = route_table[i].params;
		const char *at = route_table[i].path;

		for (k = 0; (at = strchr(at, '{')); k++, at++) {
			ck_assert(p[k].in_path && p[k].required);
			ck_assert(
				!strncmp(at + 1, p[k].name, strlen(p[k].name)));
		}
		for (; p[k].name; k++)
			ck_assert(!p[k].in_path);
		ck_assert_int_eq(route_table[i].body_max > 0,
				 route_table[i].body != NULL);
	}
}
END_TEST

/* --- waiting
 * ----------------------------------------------------------------------------------
 */

static struct client waiter;

static void wait_for(const char *query, unsigned from, uint64_t nonce)
{
	char head[512], *text = pushed_json(from, nonce, 2, 5);

	client_open(&waiter, base, api_url(api));
	snprintf(head, sizeof(head),
		 "POST /v1/txs?%s HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 query, strlen(text));
	client_text(&waiter, head);
	client_text(&waiter, text);
	free(text);
}

static void read_waiter(void)
{
	forget();
	client_read(&waiter, &reply, false);
	read_json();
	client_close(&waiter);
}

/* Turn until the node has it. */
static void until_pending(size_t count)
{
	while (mempool_count(node_mempool(d.node)) < count)
		client_turn(&waiter);
	client_turn(&waiter);
}

START_TEST(waiting_ends_when_it_is_there)
{
	start();
	wait_for("wait=pool", 1, 0);
	read_waiter();
	expect(202);
	wait_for("wait=block&timeout=300", 1, 1);
	until_pending(2);
	api_changed(api); /* nothing of it: it goes on waiting */
	client_turn(&waiter);
	ck_assert_uint_eq(waiter.in.len, 0);
	make_block();
	read_waiter();
	expect(200);
	ck_assert_str_eq(text_of("status"), "settled");
	/* the block of the first one was on its way already */
	ck_assert_int_eq(number_of("height"), 2);
	wait_for("wait=settled", 1, 2);
	until_pending(1);
	make_block();
	read_waiter();
	expect(200);
	/* what is there already is not waited for */
	wait_for("wait=settled", 1, 2);
	read_waiter();
	expect(200);
	wait_for("wait=block&timeout=0", 1, 3);
	read_waiter();
	expect(202);
	ck_assert_str_eq(text_of("status"), "pending");
	wait_for("wait=final", 1, 4);
	read_waiter();
	expect_problem(422, "no_finality", "wait");
	wait_for("wait=never", 1, 4);
	read_waiter();
	expect_problem(400, "out_of_range", "wait");
	wait_for("wait=block", 1, 0); /* known, in a block */
	read_waiter();
	expect(200);
	stop();
}
END_TEST

START_TEST(what_is_dropped_ends_the_wait_with_the_reason)
{
	struct address to = test_address(2);
	struct buf raw;
	struct span s;

	start();
	wait_for("wait=block", 1, 0);
	until_pending(1);
	/* the same nonce with a fee takes its place */
	raw = driver_transfer(&d, 1, 0, &to, 6, 100);
	s = buf_span(&raw);
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].status, SUBMIT_PENDING);
	buf_release(&raw);
	api_changed(api);
	read_waiter();
	expect_problem(422, "replaced", "");
	stop();
}
END_TEST

START_TEST(who_leaves_while_waiting_is_forgotten)
{
	struct client other;

	start();
	client_open(&other, base, api_url(api));
	/* before the node has answered */
	hold = true;
	held = 0;
	wait_for("wait=block", 1, 0);
	while (!held)
		client_turn(&waiter);
	client_close(&waiter);
	client_text(&other, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
	client_read(&other, &reply, false); /* the loop saw it go */
	forget();
	memset(d.results, 0, sizeof(d.results[0]));
	api_submit_result(api, held, d.results, 1);
	api_submit_result(api, 12345, d.results, 1);
	/* after it */
	hold = false;
	wait_for("wait=block", 1, 0);
	until_pending(1);
	client_close(&waiter);
	client_turn(&other);
	client_turn(&other);
	make_block();
	/* and one is waiting when all ends */
	wait_for("wait=block", 1, 1);
	until_pending(1);
	client_close(&other);
	stop();
	client_close(&waiter);
}
END_TEST

/* --- the node's own account
 * --------------------------------------------------------------------- */

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

/* --- the node
 * ----------------------------------------------------------------------------------
 */

START_TEST(status_and_metrics_tell_the_node)
{
	char hash[HASH_HEX_LEN];

	start();
	push(1, 0, 2, 5);
	make_block();
	push(1, 1, 2, 5);
	get("/v1/status");
	expect(200);
	ck_assert_str_eq(text_of("version"), "1.2.3");
	ck_assert_str_eq(text_of("network_id"), "test");
	ck_assert_str_eq(text_of("chain_id"),
			 hash_hex(hash, node_genesis_hash(d.node)));
	ck_assert_str_eq(text_of("engine"), "poa");
	ck_assert_str_eq(text_of("account"), own_hex);
	ck_assert_int_eq(number_of("height"), 1);
	ck_assert_int_eq(number_of("settled_height"), 1);
	ck_assert_int_eq(number_of("supply"), 1000000);
	ck_assert_int_eq(
		json_integer_value(json_object_get(
			json_object_get(json, "mempool"), "transactions")),
		1);
	get("/metrics");
	expect(200);
	ck_assert(strstr((char *)reply.body.data, "\nccoin_height 1\n"));
	ck_assert(strstr((char *)reply.body.data,
			 "\nccoin_mempool_transactions 1\n"));
	ck_assert(strstr((char *)reply.body.data, "\nccoin_final_height 0\n"));
	ck_assert(strstr((char *)reply.body.data, "\nccoin_peers 0\n"));
	ck_assert(strstr((char *)reply.body.data, "\nccoin_reorgs_total 0\n"));
	ck_assert(strstr((char *)reply.body.data,
			 "route=\"/pushtx\",status=\"2xx\"} 2\n"));
	get("/health");
	expect(200);
	get("/ready");
	expect(200);
	failing = "the disk";
	get("/ready");
	expect_problem(503, "unavailable", "");
	ck_assert(strstr(text_of("detail"), "the disk"));
	stop();
}
END_TEST

START_TEST(a_store_that_fails_is_told_to_the_daemon)
{
	start();
	push(1, 0, 2, 5);
	make_block();
	broken = true;
	get("/block?index=0");
	expect_problem(500, "io_error", "");
	ck_assert_uint_eq(env_failures, 1);
	get("/blockchain");
	expect_problem(500, "io_error", "");
	ck_assert_uint_eq(env_failures, 2);
	stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http");
	TCase *tc = tcase_create("api");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, plain_answers_are_as_promised);
	tcase_add_test(tc, a_transfer_is_seen_from_every_side);
	tcase_add_test(tc, a_block_has_exactly_its_members);
	tcase_add_test(tc,
		       a_settled_block_by_hash_is_immutable_the_rest_is_not);
	tcase_add_test(tc, long_answers_come_in_slices_and_are_whole);
	tcase_add_test(tc, transactions_are_taken_in_every_form);
	tcase_add_test(tc, an_array_is_answered_in_order);
	tcase_add_test(tc, bad_transactions_are_told_what_is_wrong);
	tcase_add_test(tc, bad_bodies_are_refused_whole);
	tcase_add_test(tc, bad_parameters_are_named);
	tcase_add_test(tc, what_a_path_does_not_take_is_405_with_what_it_takes);
	tcase_add_test(tc, the_openapi_file_lists_exactly_the_routes);
	tcase_add_test(tc,
		       path_parameters_come_first_and_in_the_order_of_the_path);
	tcase_add_test(tc, waiting_ends_when_it_is_there);
	tcase_add_test(tc, what_is_dropped_ends_the_wait_with_the_reason);
	tcase_add_test(tc, who_leaves_while_waiting_is_forgotten);
	tcase_add_test(tc, the_other_seeds_paths_work_for_the_own_account);
	tcase_add_test(tc, status_and_metrics_tell_the_node);
	tcase_add_test(tc, a_store_that_fails_is_told_to_the_daemon);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What INTERFACE promises of the paths that read: a transfer seen from every
 * side, blocks, state at any height, history, long answers, the node itself.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_fixture.h"
#include "json_look.h"

/* --- the paths that the seeds' users know -------------------------------- */

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
	root = tip_state();
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

/* --- long answers -------------------------------------------------------- */

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

/* --- the node ------------------------------------------------------------ */

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
	TCase *tc = tcase_create("api");

	tcase_add_test(tc, plain_answers_are_as_promised);
	tcase_add_test(tc, a_transfer_is_seen_from_every_side);
	tcase_add_test(tc, a_block_has_exactly_its_members);
	tcase_add_test(tc,
		       a_settled_block_by_hash_is_immutable_the_rest_is_not);
	tcase_add_test(tc, long_answers_come_in_slices_and_are_whole);
	tcase_add_test(tc, status_and_metrics_tell_the_node);
	tcase_add_test(tc, a_store_that_fails_is_told_to_the_daemon);
	return run_case("http", tc);
}

/* SPDX-License-Identifier: MIT */
/*
 * What a client can hash for itself: a block's bytes give its id, the bytes
 * of the rules give the hash in the genesis header, and the JSON of the rules
 * is a genesis file of this very chain.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/block.h"
#include "codec/msgpack.h"
#include "http/accept.h"
#include "http_fixture.h"
#include "ledger/genesis.h"

#define ACCEPT_BYTES "Accept: application/msgpack\r\n"

static const struct hash zeros;

static void get_bytes(const char *path)
{
	ask_with("GET", path, ACCEPT_BYTES, SPAN(NULL, 0));
	expect(200);
	ck_assert_str_eq(reply_header(&reply, "Content-Type"),
			 "application/msgpack");
	ck_assert_str_eq(reply_header(&reply, "Vary"), "Accept");
}

/* The hash that the bytes of the last answer give. */
static struct hash hashed(uint64_t height)
{
	struct block b;
	struct hash h;

	ck_assert(!block_decode(&b, buf_span(&reply.body)));
	ck_assert_uint_eq(b.header.height, height);
	header_hash(&h, height ? node_genesis_hash(d.node) : &zeros,
		    b.header_raw);
	block_release(&b);
	return h;
}

START_TEST(the_bytes_of_a_block_give_its_id)
{
	char path[128], hex[HASH_HEX_LEN];
	uint64_t height;
	struct hash h;

	start();
	push(1, 0, 2, 300);
	make_block();
	push(1, 1, 2, 1);
	make_block();
	for (height = 0; height <= 2; height++) {
		snprintf(path, sizeof(path), "/v1/blocks/%u", (unsigned)height);
		get_bytes(path);
		h = hashed(height);
		ck_assert_str_eq(reply_header(&reply, "Cache-Control"),
				 "no-cache");
		get(path);
		ck_assert_str_eq(text_of("id"), hash_hex(hex, &h));
		ck_assert_str_eq(reply_header(&reply, "Vary"), "Accept");
		snprintf(path, sizeof(path), "/v1/blocks/%s", hex);
		get_bytes(path);
		ck_assert(strstr(reply_header(&reply, "Cache-Control"),
				 "immutable"));
	}
	get_bytes("/v1/blocks/latest");
	h = hashed(2);
	ask_with("GET", "/v1/blocks/3", ACCEPT_BYTES, SPAN(NULL, 0));
	expect_problem(404, "not_found", "");
	stop();
}
END_TEST

START_TEST(bytes_and_json_never_share_a_tag)
{
	char bytes_tag[160], path[128], header[256];

	start();
	push(1, 0, 2, 300);
	make_block();
	get("/v1/blocks/1");
	snprintf(path, sizeof(path), "/v1/blocks/%s", text_of("id"));
	get_bytes(path);
	snprintf(bytes_tag, sizeof(bytes_tag), "%s",
		 reply_header(&reply, "ETag"));
	get(path);
	ck_assert_str_ne(reply_header(&reply, "ETag"), bytes_tag);
	/* what the tag names is known in that form alone */
	snprintf(header, sizeof(header), "If-None-Match: %s\r\n", bytes_tag);
	ask_with("GET", path, header, SPAN(NULL, 0));
	expect(200);
	snprintf(header, sizeof(header), ACCEPT_BYTES "If-None-Match: %s\r\n",
		 bytes_tag);
	ask_with("GET", path, header, SPAN(NULL, 0));
	expect(304);
	/* a block more on top changes nothing in them */
	push(1, 1, 2, 300);
	make_block();
	ask_with("GET", "/v1/blocks/1", header, SPAN(NULL, 0));
	expect(304);
	ask_with("HEAD", path, ACCEPT_BYTES, SPAN(NULL, 0));
	expect(200);
	ck_assert_uint_eq(reply.body.len, 0);
	stop();
}
END_TEST

#define MORE_RULES                                                             \
	", \"transaction\": {\"placeholder_data\": [\"predef\", "              \
	"\"h\\u00e4\"]}"                                                       \
	", \"new_address_balance\": 7, \"min_fee\": 2, \"max_peers\": 3"

START_TEST(the_bytes_of_the_rules_are_what_the_genesis_header_holds)
{
	char hex[HASH_HEX_LEN], rules_hash[HASH_HEX_LEN], header[256];
	struct rules decoded;
	struct mp_reader r;
	struct block b;
	struct hash h;

	start_with(MORE_RULES);
	get("/v1/genesis");
	expect(200);
	snprintf(rules_hash, sizeof(rules_hash), "%s", text_of("rules_hash"));
	ck_assert_str_eq(text_of("chain_id"),
			 hash_hex(hex, node_genesis_hash(d.node)));
	get_bytes("/v1/genesis");
	digest(&h, DOMAIN_RULES, &zeros, buf_span(&reply.body));
	ck_assert_str_eq(hash_hex(hex, &h), rules_hash);
	ck_assert_int_eq(rules_decode(&decoded, buf_span(&reply.body)), ERR_OK);
	ck_assert_uint_eq(decoded.alloc_count, node_rules(d.node)->alloc_count);
	rules_release(&decoded);
	snprintf(header, sizeof(header), ACCEPT_BYTES "If-None-Match: %s\r\n",
		 reply_header(&reply, "ETag"));
	ask_with("GET", "/v1/genesis", header, SPAN(NULL, 0));
	expect(304);
	get_bytes("/v1/blocks/0");
	ck_assert(!block_decode(&b, buf_span(&reply.body)));
	mp_reader_init(&r, b.header.engine);
	ck_assert_uint_eq(mp_read_array(&r, 1, 1), 1);
	ck_assert(span_eq(mp_read_bin(&r, HASH_LEN, HASH_LEN), hash_span(&h)));
	block_release(&b);
	stop();
}
END_TEST

START_TEST(the_json_of_the_rules_is_a_genesis_file_of_this_chain)
{
	struct buf got = {0};
	struct rules r;
	struct fault f;
	char *text;

	start_with(MORE_RULES);
	get("/v1/genesis");
	ck_assert(!json_object_get(json, "alloc"));
	ck_assert_int_eq(number_of("min_fee"), 2);
	ck_assert_int_eq(number_of("confirmations"), 6);
	get("/v1/genesis?alloc=true");
	expect(200);
	json_object_del(json, "chain_id");
	json_object_del(json, "rules_hash");
	text = json_dumps(json, 0);
	ck_assert_msg(!genesis_parse(&r, span_str(text), &f), "%s: %s", f.field,
		      f.detail);
	rules_encode(&got, &r);
	get_bytes("/v1/genesis");
	ck_assert(span_eq(buf_span(&got), buf_span(&reply.body)));
	rules_release(&r);
	free(text);
	buf_release(&got);
	get("/v1/genesis?alloc=yes");
	expect_problem(400, "out_of_range", "alloc");
	stop();
}
END_TEST

START_TEST(a_store_that_fails_is_no_answer)
{
	start();
	broken = true;
	get("/v1/genesis");
	expect_problem(500, "io_error", "");
	ask_with("GET", "/v1/blocks/0", ACCEPT_BYTES, SPAN(NULL, 0));
	expect_problem(500, "io_error", "");
	ck_assert_uint_eq(env_failures, 2);
	stop();
}
END_TEST

START_TEST(bytes_are_for_who_asks_for_them_by_name)
{
	static const struct {
		const char *accept;
		bool bytes;
	} cases[] = {
		{NULL, false},
		{"", false},
		{"*/*", false},
		{"application/*", false},
		{"application/json", false},
		{"application/msgpackx", false},
		{"application/msgpack", true},
		{"Application/MsgPack", true},
		{"application/msgpack;q=0", false},
		{"application/msgpack;q=0.0", false},
		{"application/msgpack; q=0.001", true},
		{"application/msgpack ; q=1.000", true},
		{"application/msgpack, */*", true},
		{"application/msgpack,*/*;q=0.8", true},
		{"text/html, application/msgpack;level=1;q=0.5", true},
		{"application/json, application/msgpack;q=0.9", false},
		{"application/json;q=0.5, application/msgpack;q=0.9", true},
		{"application/json,application/msgpack", true},
		{",, ,application/msgpack", true},
		{"application/msgpack;q", true},
		{"application/msgpack;q=", true},
		{"application/msgpack;q=x", true},
		{"application/msgpack;", true},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(accept_prefers(cases[i].accept,
					     "application/msgpack") ==
				      cases[i].bytes,
			      "%s", cases[i].accept);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("api");

	tcase_add_test(tc, the_bytes_of_a_block_give_its_id);
	tcase_add_test(tc, bytes_and_json_never_share_a_tag);
	tcase_add_test(
		tc, the_bytes_of_the_rules_are_what_the_genesis_header_holds);
	tcase_add_test(tc,
		       the_json_of_the_rules_is_a_genesis_file_of_this_chain);
	tcase_add_test(tc, a_store_that_fails_is_no_answer);
	tcase_add_test(tc, bytes_are_for_who_asks_for_them_by_name);
	return run_case("http_raw", tc);
}

/* SPDX-License-Identifier: MIT */
/*
 * Finality over HTTP: what is told of blocks and transactions of an engine
 * that certifies, and when who waits for that is answered. The engine is
 * poa's table that says so of itself: what it settles is final.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_fixture.h"
#include "json_look.h"
#include "node/internal.h"

static struct engine_ops certifying;

/* Off while the node works: with certificates it would not make blocks. */
static void certify(bool on)
{
	certifying = engine_poa;
	certifying.certifies = true;
	d.node->engine->ops = on ? &certifying : &engine_poa;
}

static void block_comes(void)
{
	uint64_t before = driver_height(&d);

	certify(false);
	while (driver_height(&d) == before)
		driver_advance(&d, 500);
	certify(true);
	api_changed(api);
}

static bool is_true(const char *member)
{
	return json_is_true(json_object_get(json, member));
}

static void expect_final(const char *path, bool final)
{
	get(path);
	expect(200);
	ck_assert_msg(is_true("final") == final, "%s of %s",
		      final ? "not final" : "final", path);
}

static bool has_line(const char *line)
{
	return strstr((char *)reply.body.data, line) != NULL;
}

START_TEST(what_a_certificate_proves_is_final_everywhere)
{
	char hash[HASH_HEX_LEN], path[128];

	start();
	certify(true);
	expect_final("/v1/blocks/0", true);
	push(1, 0, 2, 5);
	get_of("/v1/txs/%s", id);
	ck_assert_str_eq(text_of("status"), "pending");
	block_comes();
	expect_final("/block?index=1", true);
	ck_assert(is_true("settled"));
	snprintf(hash, sizeof(hash), "%s", text_of("id"));
	snprintf(path, sizeof(path), "/v1/blocks/%s", hash);
	expect_final(path, true);
	ck_assert(strstr(reply_header(&reply, "Cache-Control"), "immutable"));
	expect_final("/v1/blocks/final", true);
	ck_assert_str_eq(text_of("id"), hash);
	get("/v1/blocks");
	ck_assert(json_is_true(json_object_get(
		json_array_get(json_object_get(json, "items"), 0), "final")));
	get_of("/v1/txs/%s", id);
	ck_assert_str_eq(text_of("status"), "final");
	ck_assert_int_eq(number_of("height"), 1);
	ck_assert_int_eq(number_of("confirmations"), 1);
	get("/v1/status");
	ck_assert_int_eq(number_of("final_height"), 1);
	ck_assert_int_eq(number_of("settled_height"), 1);
	get("/metrics");
	ck_assert(has_line("\nccoin_final_height 1\n"));
	stop();
}
END_TEST

/* The same chain by an engine that settles only. */
START_TEST(nothing_is_final_without_a_certificate)
{
	start();
	push(1, 0, 2, 5);
	block_comes();
	certify(false);
	expect_final("/v1/blocks/0", false);
	expect_final("/v1/blocks/settled", false);
	ck_assert_int_eq(number_of("number"), 1);
	get("/v1/blocks/final");
	expect_problem(422, "no_finality", "id");
	get_of("/v1/txs/%s", id);
	ck_assert_str_eq(text_of("status"), "settled");
	get("/v1/status");
	ck_assert(json_is_null(json_object_get(json, "final_height")));
	get("/metrics");
	ck_assert(has_line("\nccoin_final_height 0\n"));
	stop();
}
END_TEST

/* --- waiting ------------------------------------------------------------- */

static struct client waiter;

static void wait_for(const char *query, uint64_t nonce)
{
	char head[256], *text = pushed_json(1, nonce, 2, 5);

	client_open(&waiter, base, api_url(api));
	snprintf(head, sizeof(head),
		 "POST /v1/txs?%s HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 query, strlen(text));
	client_text(&waiter, head);
	client_text(&waiter, text);
	free(text);
	while (!mempool_count(node_mempool(d.node)))
		client_turn(&waiter);
	client_turn(&waiter);
}

/* Whoever looks now is not answered yet. */
static void expect_waiting(void)
{
	api_changed(api);
	client_turn(&waiter);
	client_turn(&waiter);
	ck_assert_uint_eq(waiter.in.len, 0);
}

static void read_waiter(void)
{
	forget();
	client_read(&waiter, &reply, false);
	read_json();
	client_close(&waiter);
}

START_TEST(who_waits_for_final_is_answered_once_it_is_durable)
{
	struct node_event timer = {.kind = EVENT_TIMER};
	bool built = false;

	start();
	certify(true);
	wait_for("wait=final&timeout=300", 0);
	expect_waiting();
	certify(false);
	d.now += 1000;
	driver_step(&d, &timer);
	/* until the block is made and about to be written */
	while (!built) {
		built = d.pending.count &&
			d.pending.list[0].kind == EFFECT_COMMIT;
		if (!built)
			ck_assert(driver_do_one(&d));
	}
	certify(true);
	expect_waiting();
	certify(false);
	driver_settle(&d);
	certify(true);
	api_changed(api);
	read_waiter();
	expect(200);
	ck_assert_str_eq(text_of("status"), "final");
	ck_assert_int_eq(number_of("height"), 1);
	/* who asks for less is told the same */
	wait_for("wait=settled&timeout=300", 1);
	block_comes();
	read_waiter();
	expect(200);
	ck_assert_str_eq(text_of("status"), "final");
	stop();
}
END_TEST

/* The same with the engine itself, of one validator. */
START_TEST(a_certificate_that_is_not_durable_is_not_told)
{
	const struct driver_network alone = {.bft = ", \"allow_few\": true"};
	struct node_event timer = {.kind = EVENT_TIMER};
	const json_t *certificate, *vote;
	bool decided = false;

	start_in(&alone, "");
	wait_for("wait=final&timeout=300", 0);
	d.now += 1000;
	driver_step(&d, &timer);
	/* until the block is decided and about to be written */
	while (!decided) {
		expect_waiting();
		decided = d.pending.list[0].kind == EFFECT_COMMIT;
		if (!decided)
			ck_assert(driver_do_one(&d));
	}
	get("/v1/blocks/final");
	ck_assert_int_eq(number_of("number"), 0);
	ck_assert(!json_object_get(json, "certificate"));
	expect_waiting();
	driver_settle(&d);
	api_changed(api);
	read_waiter();
	expect(200);
	ck_assert_str_eq(text_of("status"), "final");
	expect_final("/v1/blocks/final", true);
	ck_assert_int_eq(number_of("number"), 1);
	certificate = json_object_get(json, "certificate");
	ck_assert_int_eq(number_in(certificate, "round"), 0);
	vote = json_array_get(json_object_get(certificate, "votes"), 0);
	ck_assert_int_eq(number_in(vote, "validator"), 0);
	ck_assert_str_eq(text_in(vote, "address"), own_hex);
	get("/ready");
	expect(200);
	stop();
}
END_TEST

/* Numbers mean others in another set: no name is better than a wrong one. */
START_TEST(a_certificate_of_another_set_is_not_named)
{
	const struct driver_network alone = {.bft = ", \"allow_few\": true"};
	struct buf engine = {0};
	struct block_info b;
	struct header h;

	start_in(&alone, "");
	push(1, 0, 2, 5);
	make_block();
	ck_assert(!query_block(&b, d.node, kv_mem_view(d.mem), 1));
	h = b.block.header;
	ck_assert(node_validators_of(d.node, &h) != NULL);
	buf_append_span(&engine, h.engine);
	engine.data[10] ^= 1; /* within the hash of its set */
	h.engine = buf_span(&engine);
	ck_assert(!node_validators_of(d.node, &h));
	h.engine = SPAN(engine.data, 9);
	ck_assert(!node_validators_of(d.node, &h));
	block_info_release(&b);
	buf_release(&engine);
	stop();
}
END_TEST

/* One of four authorities that is alone settles nothing. */
START_TEST(a_block_alone_is_not_final)
{
	start_of(4, ", \"consensus\": {\"slot_ms\": 1000}");
	certify(true);
	wait_for("wait=final&timeout=300", 0);
	block_comes();
	expect_waiting();
	expect_final("/v1/blocks/latest", false);
	ck_assert_int_eq(number_of("number"), 1);
	expect_final("/v1/blocks/final", true);
	ck_assert_int_eq(number_of("number"), 0);
	get("/v1/status");
	ck_assert_int_eq(number_of("final_height"), 0);
	client_close(&waiter);
	stop();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("final");

	tcase_add_test(tc, what_a_certificate_proves_is_final_everywhere);
	tcase_add_test(tc, nothing_is_final_without_a_certificate);
	tcase_add_test(tc, who_waits_for_final_is_answered_once_it_is_durable);
	tcase_add_test(tc, a_certificate_that_is_not_durable_is_not_told);
	tcase_add_test(tc, a_certificate_of_another_set_is_not_named);
	tcase_add_test(tc, a_block_alone_is_not_final);
	return run_case("http_final", tc);
}

/* SPDX-License-Identifier: MIT */
/*
 * What HTTP tells of votes and evidence while a set of validators changes,
 * from one of four whole nodes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/tx_json.h"
#include "driver_ops.h"
#include "http_fixture.h"
#include "json_look.h"
#include "loop/clock.h"
#include "peer_fixture.h"

#define AHEAD 3600000 /* ms; of the clock that the api reads */
#define OTHERS 3
#define NEWCOMER 5 /* key */

static struct driver other[OTHERS];
static struct wires wires;

/* The node has key 1, the others 2 .. 4. */
static void start_four(void)
{
	struct driver_network network = {.on = true,
					 .miners = OTHERS + 1,
					 .listen = "",
					 .bft = ", \"timeout_ms\": 1000"};
	uint64_t now = clock_now_ms() + AHEAD;
	unsigned i, k;

	network.id = test_address(1);
	network.instance = 1;
	start_in(&network, "");
	d.now = now;
	driver_advance(&d, 1);
	for (i = 0; i < OTHERS; i++) {
		network.key = i + 2;
		network.id = test_address(i + 2);
		network.instance = i + 2;
		driver_new_in(&other[i], &network, 1000000, "\"interval\": 0",
			      "");
		other[i].now = now;
		driver_advance(&other[i], 1);
		wires_dial(&wires, &d, &other[i]);
		for (k = 0; k < i; k++)
			wires_dial(&wires, &other[k], &other[i]);
	}
	wires_live(&wires, 20);
}

static void stop_four(void)
{
	size_t i;

	wires_release(&wires);
	for (i = 0; i < OTHERS; i++)
		driver_free(&other[i]);
	stop();
}

/* As a wallet pushes it; and its id. */
static void push_operation(struct buf raw)
{
	struct tx tx;
	json_t *o;
	char *body;

	ck_assert(!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, NULL));
	tx_hash(&tx, node_genesis_hash(d.node));
	hash_hex(id, &tx.id);
	o = tx_to_json(&tx, SPAN(NULL, 0));
	body = json_dumps(o, 0);
	ck_assert_ptr_nonnull(body);
	post("/v1/txs", body);
	free(body);
	json_decref(o);
	buf_release(&raw);
}

/* In a block of its own. */
static void decided(struct buf raw)
{
	uint64_t height = driver_height(&d);

	push_operation(raw);
	expect(202);
	wires_live(&wires, 100);
	ck_assert_uint_eq(driver_height(&d), height + 1);
	get_of("/v1/txs/%s", id);
	expect(200);
	ck_assert_str_eq(text_of("status"), "final");
}

static const json_t *member_of(const char *list, size_t i)
{
	return json_array_get(json_object_get(json, list), i);
}

static size_t count_of(const char *list)
{
	return json_array_size(json_object_get(json, list));
}

static bool is_listed(const char *list, unsigned key)
{
	struct address a = test_address(key);
	char hex[ADDRESS_HEX_LEN];
	size_t i;

	address_hex(hex, &a);
	for (i = 0; i < count_of(list); i++)
		if (!strcmp(text_in(member_of(list, i), "address"), hex))
			return true;
	return false;
}

/* Of the set that agrees on the next block. */
static void see(size_t members, int quorum, size_t proposals,
		uint64_t change_height)
{
	const json_t *change;

	get("/v1/validators");
	expect(200);
	ck_assert_uint_eq(count_of("items"), members);
	ck_assert_int_eq(number_of("quorum"), quorum);
	ck_assert_uint_eq(count_of("proposals"), proposals);
	change = json_object_get(json, "change");
	if (change_height)
		ck_assert_int_eq(number_in(change, "height"),
				 (json_int_t)change_height);
	else
		ck_assert(json_is_null(change));
}

START_TEST(validators_follow_each_vote_until_the_change_is_effective)
{
	start_four();
	see(4, 3, 0, 0);
	decided(ops_add(&d, 1, 0, NEWCOMER, NEWCOMER));
	see(4, 3, 1, 0);
	ck_assert_uint_eq(json_array_size(json_object_get(
				  member_of("proposals", 0), "votes")),
			  1);
	ck_assert_int_eq(number_in(member_of("proposals", 0), "needed"), 3);
	ck_assert_int_eq(number_in(member_of("proposals", 0), "since"), 1);
	decided(ops_add(&d, 2, 0, NEWCOMER, NEWCOMER));
	see(4, 3, 1, 0);
	ck_assert_uint_eq(json_array_size(json_object_get(
				  member_of("proposals", 0), "votes")),
			  2);
	decided(ops_add(&d, 3, 0, NEWCOMER, NEWCOMER));
	see(4, 3, 0, 5);
	ck_assert(!is_listed("items", NEWCOMER));
	/* by any block after it */
	decided(ops_remove(&d, 4, 0, 1, true));
	see(5, 4, 1, 0);
	ck_assert(is_listed("items", NEWCOMER));
	ck_assert(json_is_true(
		json_object_get(member_of("proposals", 0), "allow_few")));
	stop_four();
}
END_TEST

START_TEST(offenders_are_listed_until_they_are_gone)
{
	unsigned i;

	start_four();
	decided(ops_evidence(&d, NEWCOMER, 0, 4, 4, 1));
	see(4, 3, 0, 0);
	ck_assert_uint_eq(count_of("offenders"), 1);
	ck_assert(is_listed("offenders", 4));
	push_operation(ops_evidence(&d, 2, 0, 4, 4, 2));
	expect_problem(409, "exists", "evidence");
	for (i = 1; i <= 3; i++)
		decided(ops_remove(&d, i, 0, 4, true));
	see(4, 3, 0, 6);
	ck_assert_uint_eq(count_of("offenders"), 1);
	push(1, 1, 2, 5);
	wires_live(&wires, 100);
	see(3, 2, 0, 0);
	ck_assert_uint_eq(count_of("offenders"), 0);
	ck_assert(!is_listed("items", 4));
	stop_four();
}
END_TEST

START_TEST(a_vote_that_cannot_count_says_why)
{
	start_four();
	push_operation(ops_add(&d, NEWCOMER, 0, 6, 6));
	expect_problem(422, "not_a_validator", "from");
	push_operation(ops_add(&d, 1, 0, NEWCOMER, 6));
	expect_problem(422, "bad_signature", "signature");
	decided(ops_add(&d, 1, 0, NEWCOMER, NEWCOMER));
	push_operation(ops_add(&d, 1, 1, NEWCOMER, NEWCOMER));
	expect_problem(409, "exists", "vote");
	decided(ops_remove(&d, 2, 0, 3, true));
	get_of("/v1/accounts/%s", own_hex);
	ck_assert_int_eq(number_of("next_nonce"), 1);
	stop_four();
}
END_TEST

/* Before the first is counted, the second could be good. */
START_TEST(an_operation_that_was_dropped_shows_its_reason)
{
	char void_id[HASH_HEX_LEN];

	start_four();
	push_operation(ops_add(&d, 1, 0, NEWCOMER, NEWCOMER));
	expect(202);
	push_operation(ops_add(&d, 1, 1, NEWCOMER, NEWCOMER));
	expect(202);
	ck_assert_str_eq(text_of("status"), "pending");
	memcpy(void_id, id, sizeof(id));
	wires_live(&wires, 200);
	ck_assert_uint_eq(driver_height(&d), 1);
	get_of("/v1/txs/%s", void_id);
	expect(200);
	ck_assert_str_eq(text_of("status"), "dropped");
	ck_assert_str_eq(text_of("reason"), "exists");
	ck_assert(json_is_null(json_object_get(json, "tx")));
	stop_four();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("sets");

	tcase_set_timeout(tc, 120);
	tcase_add_test(
		tc, validators_follow_each_vote_until_the_change_is_effective);
	tcase_add_test(tc, offenders_are_listed_until_they_are_gone);
	tcase_add_test(tc, a_vote_that_cannot_count_says_why);
	tcase_add_test(tc, an_operation_that_was_dropped_shows_its_reason);
	return run_case("http_sets", tc);
}

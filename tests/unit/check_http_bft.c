/* SPDX-License-Identifier: MIT */
/*
 * What HTTP tells on a chain whose validators vote, from a node among four of
 * which the test plays the others.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "codec/message_bft.h"
#include "codec/msgpack.h"
#include "codec/vote.h"
#include "http_fixture.h"
#include "json_look.h"
#include "loop/clock.h"
#include "peer_fixture.h"

#define OBSERVER 50 /* a key that is no validator's */

#define AHEAD 3600000 /* ms */

/* Key 1 of four. The api reads the clock: the node's is ahead of it, so that
 * nobody becomes missing while a slow machine runs this. */
static void start_among_four(void)
{
	struct driver_network network = {.on = true,
					 .miners = 4,
					 .instance = 1,
					 .listen = "",
					 .bft = ", \"timeout_ms\": 1000"};

	network.id = test_address(1);
	start_in(&network, "");
	d.now = clock_now_ms() + AHEAD;
	driver_advance(&d, 1);
	forget_told(&d);
}

static void meet(uint64_t number, unsigned key)
{
	struct msg_hello m = fake_hello(&d, key);

	m.clock = d.now;
	fake_connect(&d, number, true, key);
	fake_say_hello(&d, number, MSG_HEY, &m);
	forget_told(&d);
}

static json_t *item(size_t i)
{
	return json_array_get(json_object_get(json, "items"), i);
}

/* The item of a key in the list that is shown; list NULL: the items. */
static json_t *of_key(const char *list, unsigned key)
{
	json_t *items = json_object_get(json, list ? list : "items"), *one;
	struct address a = test_address(key);
	char hex[ADDRESS_HEX_LEN];
	size_t i;

	address_hex(hex, &a);
	json_array_foreach(items, i, one)
	{
		if (!strcmp(text_in(one, "address"), hex))
			return one;
	}
	return NULL;
}

START_TEST(ready_says_who_is_missing_until_a_quorum_is_heard_of)
{
	start_among_four();
	get("/ready");
	expect_problem(503, "unavailable", "no_peers");
	meet(5, OBSERVER);
	get("/ready");
	expect_problem(503, "unavailable", "quorum");
	ck_assert(strstr(text_of("detail"), "waiting for 3 of 4: "));
	meet(6, 2);
	get("/ready");
	expect_problem(503, "unavailable", "quorum");
	ck_assert(strstr(text_of("detail"), "waiting for 2 of 4: "));
	ck_assert(strstr(text_of("detail"), " never seen; 3 are needed"));
	meet(7, 3);
	get("/ready");
	expect(200);
	get("/v1/validators");
	ck_assert_int_eq(number_of("quorum"), 3);
	ck_assert(json_is_true(json_object_get(of_key(NULL, 1), "self")));
	ck_assert(json_is_true(json_object_get(of_key(NULL, 3), "connected")));
	ck_assert(json_is_false(json_object_get(of_key(NULL, 3), "missing")));
	ck_assert(json_is_false(json_object_get(of_key(NULL, 4), "connected")));
	ck_assert(json_is_true(json_object_get(of_key(NULL, 4), "missing")));
	get("/v1/validators?limit=3");
	ck_assert_str_eq(text_of("next"), "3");
	get("/v1/validators?limit=3&cursor=3");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	ck_assert(json_is_null(json_object_get(json, "next")));
	stop();
}
END_TEST

/* Not every validator is connected to every other. */
START_TEST(who_a_peer_is_connected_to_is_there)
{
	struct address two = test_address(2), three = test_address(3), list[2];
	struct buf body = {0};
	bool first = memcmp(&two, &three, sizeof(two)) < 0;

	list[0] = first ? two : three;
	list[1] = first ? three : two;
	start_among_four();
	meet(5, OBSERVER);
	get("/ready");
	expect_problem(503, "unavailable", "quorum");
	msg_links_encode(&body, list, 2);
	fake_say(&d, 5, MSG_LNK, &body);
	get("/ready");
	expect(200);
	get("/v1/validators");
	ck_assert(json_is_false(json_object_get(of_key(NULL, 2), "missing")));
	ck_assert(json_is_false(json_object_get(of_key(NULL, 2), "connected")));
	ck_assert(json_is_true(json_object_get(of_key(NULL, 4), "missing")));
	fake_gone(&d, 5);
	get("/v1/validators");
	ck_assert(json_is_true(json_object_get(of_key(NULL, 2), "missing")));
	stop();
}
END_TEST

/* The other two of a height never vote. */
START_TEST(who_does_not_vote_is_waited_for)
{
	start_among_four();
	meet(6, 2);
	meet(7, 3);
	get("/v1/status");
	ck_assert(json_is_null(json_object_get(json, "waiting")));
	push(1, 0, 2, 5);
	driver_advance(&d, 100);
	forget_told(&d);
	get("/v1/consensus");
	expect(200);
	ck_assert_str_eq(text_of("engine"), "bft");
	ck_assert_int_eq(number_of("height"), 1);
	ck_assert_str_ne(text_of("step"), "idle");
	ck_assert_uint_gt(json_array_size(json_object_get(json, "waiting_for")),
			  0);
	ck_assert(strstr(text_of("waiting"), "waiting for "));
	/* nothing comes: rounds pass, until it stands in one alone */
	driver_advance(&d, 5000);
	driver_advance(&d, 5000);
	forget_told(&d);
	get("/v1/consensus");
	ck_assert_int_gt(number_of("round"), 0);
	ck_assert_int_gt(number_of("timeouts"), 0);
	ck_assert_str_eq(text_of("step"), "round_change");
	ck_assert(!of_key("waiting_for", 1));
	ck_assert(of_key("waiting_for", 2) != NULL);
	ck_assert(of_key("waiting_for", 4) != NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "waiting_for")),
			  3);
	get("/metrics");
	ck_assert(!strstr((char *)reply.body.data, "\nccoin_bft_round 0\n"));
	ck_assert(strstr((char *)reply.body.data,
			 "\nccoin_bft_votes_total{kind=\"commit\"} 0\n"));
	ck_assert(!strstr((char *)reply.body.data, "missed_slots"));
	stop();
}
END_TEST

/* --- evidence ------------------------------------------------------------ */

static struct vote signed_vote(unsigned key, uint8_t block)
{
	struct vote v = {.kind = VOTE_COMMIT, .height = 1, .round = 2};
	struct secret_key *secret = test_key(key);
	struct buf signature = {0};
	struct hash to_sign;

	v.digest.b[0] = block;
	vote_digest(&to_sign, &v, node_genesis_hash(d.node));
	ck_assert(!secret_key_sign(secret, &signature, &to_sign));
	memcpy(v.signature, signature.data, signature.len);
	v.signature_len = (uint16_t)signature.len;
	buf_release(&signature);
	secret_key_free(secret);
	return v;
}

START_TEST(who_voted_twice_is_shown_with_both_votes)
{
	struct secret_key *key = test_key(3);
	struct address culprit = test_address(3);
	char hex[ADDRESS_HEX_LEN];
	struct buf body = {0};
	struct vote a, b;
	json_t *votes;

	start_among_four();
	meet(5, OBSERVER);
	get("/v1/evidence");
	ck_assert_str_eq((char *)reply.body.data,
			 "{\"items\":[],\"next\":null}\n");
	a = signed_vote(3, 1);
	b = signed_vote(3, 2);
	mp_array(&body, 1);
	double_vote_encode(&body, secret_key_public(key), &a, &b);
	fake_say(&d, 5, MSG_EVV, &body);
	driver_settle(&d);
	get("/v1/evidence");
	expect(200);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	ck_assert_str_eq(text_in(item(0), "producer"),
			 address_hex(hex, &culprit));
	ck_assert_str_eq(text_in(item(0), "kind"), "commit");
	ck_assert_int_eq(number_in(item(0), "height"), 1);
	ck_assert_int_eq(number_in(item(0), "round"), 2);
	votes = json_object_get(item(0), "votes");
	ck_assert_uint_eq(json_array_size(votes), 2);
	ck_assert_str_ne(text_in(json_array_get(votes, 0), "digest"),
			 text_in(json_array_get(votes, 1), "digest"));
	get("/metrics");
	ck_assert(
		strstr((char *)reply.body.data, "\nccoin_evidence_total 1\n"));
	secret_key_free(key);
	stop();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("bft");

	tcase_add_test(tc,
		       ready_says_who_is_missing_until_a_quorum_is_heard_of);
	tcase_add_test(tc, who_a_peer_is_connected_to_is_there);
	tcase_add_test(tc, who_does_not_vote_is_waited_for);
	tcase_add_test(tc, who_voted_twice_is_shown_with_both_votes);
	return run_case("http_bft", tc);
}

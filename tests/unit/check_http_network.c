/* SPDX-License-Identifier: MIT */
/*
 * What HTTP tells of the network: the paths on a node that is alone, on one
 * of several authorities, and on one with peers.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "http_fixture.h"
#include "json_look.h"
#include "peer_fixture.h"

static json_t *item(size_t i)
{
	return json_array_get(json_object_get(json, "items"), i);
}

/* --- the paths ----------------------------------------------------------- */

START_TEST(a_node_alone_is_its_own_network)
{
	static const char *const members[] = {
		"address",	"height", "made", "missed",
		"missed_since", "online", "self", NULL};

	start();
	get("/v1/peers");
	ck_assert_str_eq((char *)reply.body.data,
			 "{\"items\":[],\"next\":null}\n");
	get("/v1/evidence");
	ck_assert_str_eq((char *)reply.body.data,
			 "{\"items\":[],\"next\":null}\n");
	get("/v1/validators");
	expect(200);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	ck_assert(json_is_null(json_object_get(json, "next")));
	expect_members(item(0), members);
	ck_assert_str_eq(text_in(item(0), "address"), own_hex);
	ck_assert(json_is_null(json_object_get(item(0), "height")));
	ck_assert(json_is_true(json_object_get(item(0), "online")));
	ck_assert(json_is_true(json_object_get(item(0), "self")));
	push(1, 0, 2, 5);
	make_block();
	get("/v1/validators");
	ck_assert_int_eq(number_in(item(0), "height"), 1);
	ck_assert_int_eq(number_in(item(0), "made"), 1);
	ck_assert_int_eq(number_in(item(0), "missed"), 0);
	get_of("/%s/", own_hex);
	ck_assert_int_eq(number_of("peers"), 0);
	get("/v1/status");
	ck_assert_int_eq(number_of("peers"), 0);
	ck_assert(json_is_false(json_object_get(json, "halted")));
	ck_assert_str_eq(text_in(json_object_get(json, "sync"), "state"),
			 "ready");
	ck_assert_int_eq(number_in(json_object_get(json, "sync"), "target"), 1);
	get("/ready");
	expect(200);
	stop();
}
END_TEST

START_TEST(consensus_tells_whose_turn_it_is)
{
	static const char *const members[] = {"engine",	     "slot",
					      "slot_ms",     "slot_start",
					      "turn",	     "next_own_slot",
					      "quorum",	     "settled_height",
					      "filling",     "signed",
					      "waiting_for", "sync",
					      "reorgs",	     "reorg_depth_max",
					      "halted",	     NULL};

	start();
	get("/v1/consensus");
	expect(200);
	ck_assert_str_eq(reply_header(&reply, "Cache-Control"), "no-store");
	expect_members(json, members);
	ck_assert_str_eq(text_of("engine"), "poa");
	ck_assert_str_eq(text_of("turn"), own_hex);
	ck_assert_int_eq(number_of("slot") * number_of("slot_ms"),
			 number_of("slot_start"));
	ck_assert_int_ge(number_of("next_own_slot"), number_of("slot"));
	ck_assert_int_eq(number_of("quorum"), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "waiting_for")),
			  0);
	stop();
}
END_TEST

/* One of four authorities that is alone settles nothing, and says why. */
START_TEST(who_is_waited_for_is_named)
{
	json_t *waiting, *one;
	json_int_t missed;
	char hex[ADDRESS_HEX_LEN];
	struct address a;
	size_t i;

	start_of(4, ", \"consensus\": {\"slot_ms\": 1000}");
	get("/v1/consensus");
	ck_assert(json_is_false(json_object_get(json, "filling")));
	push(1, 0, 2, 5);
	driver_advance(&d, 20000);
	ck_assert_uint_ge(driver_height(&d), 1);
	driver_advance(&d, 20000);
	ck_assert_uint_ge(driver_height(&d), 2);
	get("/v1/consensus");
	ck_assert(json_is_true(json_object_get(json, "filling")));
	ck_assert_int_eq(number_of("quorum"), 3);
	ck_assert_int_eq(number_of("signed"), 1);
	ck_assert_int_eq(number_of("settled_height"), 0);
	waiting = json_object_get(json, "waiting_for");
	ck_assert_uint_eq(json_array_size(waiting), 3);
	json_array_foreach(waiting, i, one)
	{
		a = test_address((unsigned)i + 2);
		ck_assert_str_eq(text_in(one, "address"), address_hex(hex, &a));
		ck_assert(json_is_null(json_object_get(one, "last_height")));
		ck_assert(json_is_null(json_object_get(one, "last_seen")));
		ck_assert_int_gt(number_in(one, "missed_since"), 0);
	}
	missed = number_in(json_array_get(waiting, 0), "missed_since");
	get("/v1/validators");
	ck_assert_int_eq(number_in(item(1), "missed"), missed);
	ck_assert_int_eq(number_in(item(1), "made"), 0);
	ck_assert(json_is_false(json_object_get(item(1), "online")));
	ck_assert(json_is_false(json_object_get(item(1), "self")));
	ck_assert_int_eq(number_in(item(0), "made"),
			 (json_int_t)driver_height(&d));
	/* nobody to ask */
	get("/ready");
	expect_problem(503, "unavailable", "no_peers");
	stop();
}
END_TEST

START_TEST(lists_go_on_at_their_cursor)
{
	size_t i, seen = 0;
	char path[64];
	char hex[ADDRESS_HEX_LEN];
	struct address a;

	start_of(5, "");
	snprintf(path, sizeof(path), "/v1/validators?limit=2");
	for (;;) {
		get(path);
		expect(200);
		for (i = 0; item(i); i++) {
			a = test_address((unsigned)++seen);
			ck_assert_str_eq(text_in(item(i), "address"),
					 address_hex(hex, &a));
		}
		if (json_is_null(json_object_get(json, "next")))
			break;
		ck_assert_uint_eq(i, 2);
		snprintf(path, sizeof(path), "/v1/validators?limit=2&cursor=%s",
			 text_of("next"));
	}
	ck_assert_uint_eq(seen, 5);
	get("/v1/validators?cursor=5");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 0);
	get("/v1/validators?cursor=9007199254740991");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 0);
	get("/v1/peers?cursor=7&limit=1");
	expect(200);
	get("/v1/peers?limit=201");
	expect_problem(400, "out_of_range", "limit");
	get("/v1/validators?cursor=x");
	expect_problem(400, "wrong_type", "cursor");
	get("/v1/evidence?cursor=12");
	expect_problem(400, "bad_hash", "cursor");
	get("/v1/evidence?cursor=" H64);
	expect(200);
	stop();
}
END_TEST

static bool has_line(const char *line)
{
	return strstr((char *)reply.body.data, line) != NULL;
}

START_TEST(metrics_have_the_networks_figures)
{
	char line[120];

	start_of(4, "");
	get("/metrics");
	expect(200);
	ck_assert(has_line("\nccoin_peers 0\n"));
	ck_assert(has_line("\nccoin_reorgs_total 0\n"));
	ck_assert(has_line("\nccoin_reorg_depth_max 0\n"));
	ck_assert(has_line("\nccoin_sync_target_height 0\n"));
	ck_assert(has_line("\nccoin_halted 0\n"));
	ck_assert(has_line("\nccoin_evidence_total 0\n"));
	snprintf(line, sizeof(line),
		 "\nccoin_validator_missed_slots_total{address=\"%s\"} 0\n",
		 own_hex);
	ck_assert(has_line(line));
	/* what is not known is not told */
	ck_assert(!has_line("ccoin_peer_bytes_total"));
	ck_assert(!has_line("ccoin_clock_offset_seconds"));
	has_traffic = true;
	get("/metrics");
	ck_assert(has_line("\nccoin_peer_bytes_total{direction=\"in\"} 100\n"));
	ck_assert(
		has_line("\nccoin_peer_bytes_total{direction=\"out\"} 200\n"));
	stop();
}
END_TEST

/* --- with peers ---------------------------------------------------------- */

#define SLOTS ", \"consensus\": {\"slot_ms\": 1000}"

/* Key 1 of four authorities. */
static void start_among_four(void)
{
	struct driver_network network = {
		.on = true, .miners = 4, .instance = 1, .listen = ""};

	network.id = test_address(1);
	start_in(&network, SLOTS);
}

/* A peer whose clock differs so much from ours. */
static void meet(uint64_t number, bool inbound, unsigned key, int64_t offset)
{
	struct msg_hello m = fake_hello(&d, key);

	m.clock = (uint64_t)((int64_t)d.now + offset);
	m.listen = span_str("192.0.2.1:4999");
	fake_connect(&d, number, inbound, key);
	fake_say_hello(&d, number, inbound ? MSG_HEY : MSG_ACK, &m);
	forget_told(&d);
}

START_TEST(peers_are_listed_counted_and_gone_again)
{
	char hex[ADDRESS_HEX_LEN];
	struct address a;

	start_among_four();
	meet(5, true, 2, 300);
	meet(7, false, 50, 300);
	has_traffic = true;
	get("/v1/peers");
	expect(200);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 2);
	a = test_address(2);
	ck_assert_str_eq(text_in(item(0), "id"), address_hex(hex, &a));
	ck_assert_str_eq(text_in(item(0), "direction"), "in");
	ck_assert_str_eq(text_in(item(0), "listen"), "192.0.2.1:4999");
	ck_assert(json_is_true(json_object_get(item(0), "authority")));
	ck_assert_int_eq(number_in(item(0), "since"), (json_int_t)d.now);
	ck_assert_int_eq(number_in(item(0), "bytes_in"), 105);
	a = test_address(50);
	ck_assert_str_eq(text_in(item(1), "id"), address_hex(hex, &a));
	ck_assert_str_eq(text_in(item(1), "direction"), "out");
	ck_assert(json_is_false(json_object_get(item(1), "authority")));
	ck_assert_int_eq(number_in(item(1), "bytes_in"), 107);
	get("/v1/peers?limit=1");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	ck_assert_str_eq(text_of("next"), "5");
	get("/v1/peers?limit=1&cursor=5");
	ck_assert_str_eq(text_in(item(0), "id"), hex);
	ck_assert(json_is_null(json_object_get(json, "next")));
	get("/v1/status");
	ck_assert_int_eq(number_of("peers"), 2);
	get_of("/%s", own_hex);
	ck_assert_int_eq(number_of("peers"), 2);
	get("/v1/validators");
	ck_assert(json_is_true(json_object_get(item(1), "online")));
	ck_assert(json_is_false(json_object_get(item(1), "self")));
	ck_assert(json_is_false(json_object_get(item(2), "online")));
	get("/metrics");
	ck_assert(has_line("\nccoin_peers 2\n"));
	ck_assert(has_line("\nccoin_clock_offset_seconds 0.300\n"));
	get("/ready");
	expect(200);
	fake_gone(&d, 5);
	get("/v1/peers");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	get("/v1/validators");
	ck_assert(json_is_false(json_object_get(item(1), "online")));
	stop();
}
END_TEST

START_TEST(a_clock_that_is_off_is_told)
{
	start_among_four();
	meet(5, true, 2, -1250);
	get("/ready");
	expect_problem(503, "unavailable", "clock");
	get("/metrics");
	ck_assert(has_line("\nccoin_clock_offset_seconds -1.250\n"));
	get("/v1/peers");
	ck_assert_int_eq(number_in(item(0), "clock_offset_ms"), -1250);
	stop();
}
END_TEST

START_TEST(one_that_is_waited_for_is_seen_while_it_is_a_peer)
{
	json_t *waiting;

	start_among_four();
	push(1, 0, 2, 5);
	driver_advance(&d, 8000);
	forget_told(&d);
	meet(5, true, 2, 0);
	get("/v1/consensus");
	waiting = json_object_get(json, "waiting_for");
	ck_assert_uint_eq(json_array_size(waiting), 3);
	ck_assert_int_ge(number_in(json_array_get(waiting, 0), "last_seen"),
			 number_of("slot_start"));
	ck_assert(json_is_null(
		json_object_get(json_array_get(waiting, 1), "last_seen")));
	stop();
}
END_TEST

/* A header of key 2 in the slot behind the start, sealed. */
static void sealed_header(struct buf *header, struct buf *seal, uint64_t height,
			  uint64_t slot)
{
	struct secret_key *key = test_key(2);
	struct header h = {.height = height,
			   .time = DRIVER_START + slot * 1000,
			   .has_producer = true,
			   .producer = *secret_key_address(key),
			   .engine = span_str("\x90")};
	struct buf signature = {0};
	struct hash hash;
	struct seal s;

	header_encode(header, &h);
	header_hash(&hash, node_genesis_hash(d.node), buf_span(header));
	ck_assert(!secret_key_sign(key, &signature, &hash));
	s = (struct seal){.key = secret_key_public(key),
			  .signature = buf_span(&signature)};
	seal_encode(seal, &s);
	buf_release(&signature);
	secret_key_free(key);
}

/* A peer tells that key 2 signed twice in that slot. */
static void tell_evidence(uint64_t peer, uint64_t slot)
{
	struct buf header[2] = {{0}}, seal[2] = {{0}}, body = {0};
	struct span headers[2], seals[2];
	uint64_t i;

	for (i = 0; i < 2; i++) {
		sealed_header(&header[i], &seal[i], 3 + i, slot);
		headers[i] = buf_span(&header[i]);
		seals[i] = buf_span(&seal[i]);
	}
	buf_byte(&body, 0x91); /* an array of one */
	msg_evidence_encode(&body, headers, seals);
	fake_say(&d, peer, MSG_EVD, &body);
	driver_settle(&d);
	for (i = 0; i < 2; i++) {
		buf_release(&header[i]);
		buf_release(&seal[i]);
	}
}

START_TEST(who_signed_twice_is_shown_with_both_headers)
{
	char hex[ADDRESS_HEX_LEN], first[HASH_HEX_LEN], path[160];
	struct address culprit = test_address(2);
	json_t *headers;

	start_among_four();
	meet(5, true, 50, 0);
	tell_evidence(5, 1);
	tell_evidence(5, 5);
	get("/v1/evidence");
	expect(200);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 2);
	ck_assert_str_eq(text_in(item(0), "producer"),
			 address_hex(hex, &culprit));
	headers = json_object_get(item(0), "headers");
	ck_assert_int_eq(number_in(json_array_get(headers, 0), "time"),
			 number_in(json_array_get(headers, 1), "time"));
	ck_assert_str_ne(text_in(json_array_get(headers, 0), "id"),
			 text_in(json_array_get(headers, 1), "id"));
	get("/v1/evidence?limit=1");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	snprintf(first, sizeof(first), "%s", text_in(item(0), "id"));
	ck_assert_str_eq(text_of("next"), first);
	snprintf(path, sizeof(path), "/v1/evidence?limit=1&cursor=%s", first);
	get(path);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "items")), 1);
	ck_assert_str_ne(text_in(item(0), "id"), first);
	ck_assert(json_is_null(json_object_get(json, "next")));
	get("/metrics");
	ck_assert(has_line("\nccoin_evidence_total 2\n"));
	stop();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("network");

	tcase_add_test(tc, a_node_alone_is_its_own_network);
	tcase_add_test(tc, consensus_tells_whose_turn_it_is);
	tcase_add_test(tc, who_is_waited_for_is_named);
	tcase_add_test(tc, lists_go_on_at_their_cursor);
	tcase_add_test(tc, metrics_have_the_networks_figures);
	tcase_add_test(tc, peers_are_listed_counted_and_gone_again);
	tcase_add_test(tc, a_clock_that_is_off_is_told);
	tcase_add_test(tc, one_that_is_waited_for_is_seen_while_it_is_a_peer);
	tcase_add_test(tc, who_signed_twice_is_shown_with_both_headers);
	return run_case("http_network", tc);
}

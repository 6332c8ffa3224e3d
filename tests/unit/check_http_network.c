/* SPDX-License-Identifier: MIT */
/*
 * What HTTP tells of the network: the paths on a node that is alone, on one
 * of several authorities, and what peers, evidence and readiness look like.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "http/json_out.h"
#include "http/network_json.h"
#include "http/ready.h"
#include "http_fixture.h"

static json_t *item(size_t i)
{
	return json_array_get(json_object_get(json, "items"), i);
}

static json_int_t number_in(const json_t *o, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(o, key)), "no %s", key);
	return json_integer_value(json_object_get(o, key));
}

static const char *text_in(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "(none)";
}

static void expect_members(const json_t *o, const char *const *names)
{
	size_t i;

	for (i = 0; names[i]; i++)
		ck_assert_msg(json_object_get(o, names[i]) != NULL, "no %s",
			      names[i]);
	ck_assert_uint_eq(json_object_size(o), i);
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

/* --- the shapes ---------------------------------------------------------- */

static json_t *parsed(struct buf *out)
{
	json_error_t error;
	json_t *o = json_loadb((char *)out->data, out->len,
			       JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(o != NULL, "%s in %.*s", error.text, (int)out->len,
		      (char *)out->data);
	buf_release(out);
	return o;
}

START_TEST(a_peer_cannot_forge_its_line)
{
	struct peer_info p = {.where = "127.0.0.1:4999",
			      .listen = "",
			      .agent = "x\",\"score\":0,\"\x01\xff",
			      .inbound = true,
			      .authority = true,
			      .since = 5,
			      .height = 7,
			      .settled = 6,
			      .clock_offset = -250,
			      .round_trip = 12,
			      .score = 30};
	struct api_traffic traffic = {1, 2, 3, 4};
	struct buf out = {0};
	json_t *o;

	out_peer(&out, &p, &traffic);
	o = parsed(&out);
	ck_assert_int_eq(number_in(o, "score"), 30);
	ck_assert_int_eq(number_in(o, "clock_offset_ms"), -250);
	ck_assert_int_eq(number_in(o, "settled_height"), 6);
	ck_assert_str_eq(text_in(o, "direction"), "in");
	ck_assert_str_eq(text_in(o, "listen"), "");
	ck_assert_int_eq(number_in(o, "bytes_in"), 1);
	ck_assert_int_eq(number_in(o, "bytes_out"), 2);
	ck_assert_int_eq(number_in(o, "messages_in"), 3);
	ck_assert_int_eq(number_in(o, "messages_out"), 4);
	json_decref(o);
	p.inbound = false;
	p.clock_offset = INT64_MIN;
	out_peer(&out, &p, NULL);
	o = parsed(&out);
	ck_assert_str_eq(text_in(o, "direction"), "out");
	ck_assert_int_eq(number_in(o, "clock_offset_ms"), INT64_MIN);
	ck_assert(!json_object_get(o, "bytes_in"));
	json_decref(o);
}
END_TEST

/* Who hashes the bytes that are shown finds the id that was signed. */
START_TEST(evidence_shows_the_bytes_that_were_hashed)
{
	static const struct hash genesis = {{3}};
	struct evidence_info e = {.found = 77};
	struct buf bytes = {0}, out = {0};
	struct hash digest;
	const char *raw;
	char hex[HASH_HEX_LEN];
	json_t *o, *h;
	size_t i;

	for (i = 0; i < 2; i++) {
		e.header[i] = (struct header){.height = 9 + i,
					      .time = 1000 + i,
					      .has_producer = true,
					      .engine = span_str("\x90"),
					      .results_root = span_str(""),
					      .extra = span_str("hi")};
		e.seal[i].key = span_str("key");
		e.seal[i].signature = span_str(i ? "second" : "first");
		buf_reset(&bytes);
		header_encode(&bytes, &e.header[i]);
		header_hash(&e.hash[i], &genesis, buf_span(&bytes));
	}
	out_evidence(&out, &e);
	o = parsed(&out);
	ck_assert_int_eq(number_in(o, "found"), 77);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "headers")), 2);
	for (i = 0; i < 2; i++) {
		h = json_array_get(json_object_get(o, "headers"), i);
		ck_assert_int_eq(number_in(h, "number"), 9 + (json_int_t)i);
		ck_assert_str_eq(text_in(h, "signature"),
				 i ? "c2Vjb25k" : "Zmlyc3Q=");
		raw = text_in(h, "raw");
		ck_assert_uint_eq(strlen(raw) % 2, 0);
		buf_reset(&bytes);
		for (; *raw; raw += 2) {
			unsigned byte;

			ck_assert_int_eq(sscanf(raw, "%2x", &byte), 1);
			buf_byte(&bytes, (uint8_t)byte);
		}
		header_hash(&digest, &genesis, buf_span(&bytes));
		ck_assert_str_eq(text_in(h, "id"), hash_hex(hex, &digest));
	}
	json_decref(o);
	buf_release(&bytes);
}
END_TEST

START_TEST(progress_is_of_the_way_and_full_only_when_ready)
{
	struct sync_info s = {
		.state = SYNC_BEHIND, .started = 100, .target = 200};
	uint64_t height;
	unsigned last = 0, now;

	for (height = 90; height < 210; height++) {
		now = sync_progress(&s, height);
		ck_assert_uint_ge(now, last);
		ck_assert_uint_le(now, 99);
		last = now;
	}
	ck_assert_uint_eq(sync_progress(&s, 150), 50);
	s.target = 100; /* a better branch need not be higher */
	ck_assert_uint_eq(sync_progress(&s, 100), 0);
	s.state = SYNC_BOOT;
	ck_assert_uint_lt(sync_progress(&s, 100), 100);
	s.state = SYNC_READY;
	ck_assert_uint_eq(sync_progress(&s, 0), 100);
}
END_TEST

static void expect_check(const struct readiness *r, const char *name)
{
	struct fault f = {0};
	enum err e = ready_check(r, &f);

	ck_assert_int_eq(e, *name ? ERR_UNAVAILABLE : ERR_OK);
	ck_assert_str_eq(f.field, name);
	if (*name) /* a sentence names it too */
		ck_assert(strstr(f.detail, name) != NULL);
}

START_TEST(ready_names_the_check_that_fails)
{
	const struct readiness good = {.sync = {.state = SYNC_READY},
				       .authorities = 4,
				       .peers = 1,
				       .has_offset = true,
				       .offset = 500,
				       .slot_ms = 1000};
	struct readiness r = good;

	expect_check(&r, "");
	r.offset = 501;
	expect_check(&r, "clock");
	r.offset = -501;
	expect_check(&r, "clock");
	r.offset = INT64_MIN;
	expect_check(&r, "clock");
	r.has_offset = false;
	expect_check(&r, "");
	r = good;
	r.offset = -500;
	expect_check(&r, "");
	r.peers = 0;
	expect_check(&r, "no_peers");
	r.authorities = 1;
	expect_check(&r, "");
	r = good;
	r.sync.state = SYNC_BEHIND;
	expect_check(&r, "sync");
	r.sync.state = SYNC_BOOT;
	expect_check(&r, "boot");
	r.sync.halted = true;
	expect_check(&r, "halted");
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
	tcase_add_test(tc, a_peer_cannot_forge_its_line);
	tcase_add_test(tc, evidence_shows_the_bytes_that_were_hashed);
	tcase_add_test(tc, progress_is_of_the_way_and_full_only_when_ready);
	tcase_add_test(tc, ready_names_the_check_that_fails);
	return run_case("http_network", tc);
}

/* SPDX-License-Identifier: MIT */
/*
 * What costs a peer little and us much, and what it may cost us: work that
 * waits, answers, questions that bring nothing. On a whole node, with made up
 * peers.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "node/evidence_internal.h"
#include "node/gossip_internal.h"
#include "peer_fixture.h"

#define YOUNG ", \"genesis_block\": {\"time\": 1699999999000}"
#define SLOTS ", \"consensus\": {\"engine\": \"poa\", \"slot_ms\": 1000}"
/* No block is made while a test lasts. */
#define NEVER                                                                  \
	"\"interval\": 1000000, \"min_bound\": 100000, \"max_bound\": 100000"

static struct driver d;
static struct rng rng;

static void open_watcher(unsigned miners, const char *more)
{
	struct driver_network network = {.on = true,
					 .observer = true,
					 .miners = miners,
					 .id = test_address(50),
					 .instance = 50};

	rng_seed(&rng, 1);
	driver_new_in(&d, &network, 1000000, NEVER, more);
}

static void random_hash(struct hash *out)
{
	size_t i;

	for (i = 0; i < HASH_LEN; i += 8)
		put_be64(out->b + i, rng_next(&rng));
}

/* --- evidence ---------------------------------------------------------- */

/* A header of key 2, different each time, with a seal that is noise. */
static void forged_header(struct buf *header, struct buf *seal)
{
	struct secret_key *key = test_key(2);
	struct header h = {.height = 3,
			   .time = DRIVER_START, /* slot 1: it is its turn */
			   .has_producer = true,
			   .producer = *secret_key_address(key),
			   .engine = span_str("\x90")};
	uint8_t noise[64] = {0};
	struct seal s = {.key = secret_key_public(key),
			 .signature = SPAN(noise, sizeof(noise))};

	random_hash(&h.state_root);
	header_encode(header, &h);
	seal_encode(seal, &s);
	secret_key_free(key);
}

/* As much as one message may have. */
static void tell_forged_evidence(uint64_t peer)
{
	struct buf header[2] = {{0}}, seal[2] = {{0}}, body = {0};
	struct span headers[2], seals[2];
	size_t i, k;

	buf_byte(&body, 0xdc);
	buf_byte(&body, 0);
	buf_byte(&body, MSG_EVIDENCE_MAX);
	for (k = 0; k < MSG_EVIDENCE_MAX; k++) {
		for (i = 0; i < 2; i++) {
			buf_reset(&header[i]);
			buf_reset(&seal[i]);
			forged_header(&header[i], &seal[i]);
			headers[i] = buf_span(&header[i]);
			seals[i] = buf_span(&seal[i]);
		}
		msg_evidence_encode(&body, headers, seals);
	}
	fake_say(&d, peer, MSG_EVD, &body);
	for (i = 0; i < 2; i++) {
		buf_release(&header[i]);
		buf_release(&seal[i]);
	}
}

/* Signatures in the jobs that wait. */
static size_t checks_waiting(void)
{
	size_t i, sum = 0;

	for (i = 0; i < d.pending.count; i++)
		if (d.pending.list[i].kind == EFFECT_JOB &&
		    d.pending.list[i].job)
			sum += d.pending.list[i].job->checks.count;
	return sum;
}

START_TEST(evidence_that_waits_to_be_checked_is_bounded)
{
	uint64_t peer, ms;
	size_t i;

	open_watcher(4, YOUNG SLOTS);
	for (peer = 1; peer <= 40; peer++)
		fake_peer(&d, peer, true, 50 + (unsigned)peer);
	for (i = 0; i < 20; i++)
		tell_forged_evidence(1);
	ck_assert_uint_gt(checks_waiting(), 0);
	ck_assert_uint_le(checks_waiting(), 128);
	for (peer = 2; peer <= 40; peer++)
		for (i = 0; i < 5; i++)
			tell_forged_evidence(peer);
	ck_assert_uint_le(checks_waiting(), 1024);
	driver_settle(&d);
	ck_assert(dropped(&d, 1, &ms));
	ck_assert_uint_gt(ms, 0);
	/* and then there is room again */
	ck_assert_uint_eq(d.node->sync->evidence->checks, 0);
	fake_peer(&d, 41, true, 91);
	tell_forged_evidence(41);
	ck_assert_uint_eq(checks_waiting(), 2 * MSG_EVIDENCE_MAX);
	driver_free(&d);
}
END_TEST

/* --- headers ----------------------------------------------------------- */

/* It says that it has a tip which nobody knows, far above ours. */
static void promise(uint64_t peer)
{
	struct msg_block_here m = {.height = 5000};
	struct buf body = {0};

	random_hash(&m.hash);
	msg_block_here_encode(&body, &m);
	fake_say(&d, peer, MSG_BLK, &body);
}

/* The first headers of the node itself, as many as an answer has. */
static void known_headers(struct buf *out, uint64_t peer)
{
	struct msg_ask_headers m = {.max = MSG_HEADERS_MAX, .count = 1};
	struct buf body = {0};

	m.locator[0] = *node_genesis_hash(d.node);
	msg_ask_headers_encode(&body, &m);
	fake_say(&d, peer, MSG_RHD, &body);
	ck_assert(sent(&d, peer, MSG_AHD, out));
}

/* Answer all questions for headers with these; how many there were. */
static size_t answer_all(uint64_t peer, const struct buf *headers)
{
	size_t count;

	for (count = 0; sent(&d, peer, MSG_RHD, NULL); count++) {
		struct buf body = {0};

		ck_assert_uint_lt(count, 100);
		buf_append_span(&body, buf_span(headers));
		fake_say(&d, peer, MSG_AHD, &body);
	}
	return count;
}

START_TEST(headers_that_bring_nothing_new_are_not_asked_for_at_once)
{
	struct driver_network network = {
		.on = true, .id = test_address(1), .instance = 1};
	struct buf headers = {0};
	struct peer_info info;
	size_t i, asked = 0;

	rng_seed(&rng, 2);
	driver_new_in(&d, &network, 1000000, "\"allow_empty\": true", YOUNG);
	driver_advance(&d, (MSG_HEADERS_MAX + 10) * 1000);
	ck_assert_uint_gt(driver_height(&d), MSG_HEADERS_MAX);
	fake_peer(&d, 1, true, 51);
	known_headers(&headers, 1);
	for (i = 0; i < 50; i++) {
		promise(1);
		asked += answer_all(1, &headers);
	}
	ck_assert_uint_gt(asked, 0);
	ck_assert_uint_le(asked, 2);
	/* who has something better after all is asked, a little later */
	fake_live(&d, 1500);
	promise(1);
	ck_assert_uint_eq(answer_all(1, &headers), 1);
	ck_assert(info_of(&d, 1, &info));
	ck_assert_uint_eq(info.score, 0);
	buf_release(&headers);
	driver_free(&d);
}
END_TEST

START_TEST(a_promise_does_not_mute_us_while_blocks_of_others_come)
{
	struct driver_network network = {
		.on = true, .id = test_address(1), .instance = 1};
	uint64_t height;
	size_t i;

	rng_seed(&rng, 3);
	driver_new_in(&d, &network, 1000000, "\"allow_empty\": true", YOUNG);
	driver_advance(&d, 5000);
	fake_peer(&d, 1, true, 51);
	height = driver_height(&d);
	promise(1);
	ck_assert(sent(&d, 1, MSG_RHD, NULL)); /* it is not answered */
	for (i = 0; i < 40; i++) {
		/* as a body that came notes it */
		d.node->sync->progress = d.now;
		sync_changed(d.node->sync);
		driver_advance(&d, 100);
	}
	ck_assert_uint_ge(driver_height(&d), height + 3);
	driver_free(&d);
}
END_TEST

/* --- transactions ------------------------------------------------------ */

START_TEST(empty_promises_of_many_keep_nobody_from_being_asked)
{
	struct hash list[MSG_TX_HASHES_MAX];
	uint64_t peer;
	size_t i;

	open_watcher(0, YOUNG);
	for (peer = 1; peer <= 30; peer++) {
		fake_peer(&d, peer, true, 50 + (unsigned)peer);
		for (i = 0; i < ARRAY_LEN(list); i++)
			random_hash(&list[i]);
		fake_hashes(&d, peer, MSG_TXA, list, ARRAY_LEN(list));
	}
	ck_assert_uint_ge(map_count(d.node->gossip->wants), WANTS_MAX);
	ck_assert_uint_le(map_count(d.node->gossip->wants),
			  WANTS_MAX + 30 * WANTS_SURE);
	fake_peer(&d, 31, true, 81);
	for (i = 0; i < 20; i++)
		random_hash(&list[i]);
	fake_hashes(&d, 31, MSG_TXA, list, 20);
	ck_assert(sent(&d, 31, MSG_TXQ, NULL));
	ck_assert_uint_eq(peer_find(d.node, 31)->gossip->open, 20);
	driver_free(&d);
}
END_TEST

/* --- places ------------------------------------------------------------ */

START_TEST(a_crowd_that_comes_in_does_not_cut_us_off_from_whom_we_dial)
{
	struct msg_hello m;
	struct peer_info info;
	uint64_t peer;

	open_watcher(0, YOUNG ", \"max_peers\": 4"); /* half of them kept */
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	m = fake_hello(&d, 53);
	fake_connect(&d, 3, false, 53);
	fake_say_hello(&d, 3, MSG_ACK, &m);
	ck_assert(info_of(&d, 3, &info));
	ck_assert(sent_bye(&d, 2, "too_many_peers"));
	fake_gone(&d, 2);
	/* but one of two that we dialled does not go for a third */
	fake_peer(&d, 4, false, 54);
	for (peer = 5; peer <= 6; peer++) {
		m = fake_hello(&d, 50 + (unsigned)peer);
		fake_connect(&d, peer, peer == 5, 50 + (unsigned)peer);
		fake_say_hello(&d, peer, peer == 5 ? MSG_HEY : MSG_ACK, &m);
		ck_assert(sent_bye(&d, peer, "too_many_peers"));
	}
	ck_assert(info_of(&d, 3, &info) && info_of(&d, 4, &info));
	driver_free(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flood");
	TCase *t = tcase_create("costs");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, evidence_that_waits_to_be_checked_is_bounded);
	tcase_add_test(
		t, headers_that_bring_nothing_new_are_not_asked_for_at_once);
	tcase_add_test(t, empty_promises_of_many_keep_nobody_from_being_asked);
	tcase_add_test(t,
		       a_promise_does_not_mute_us_while_blocks_of_others_come);
	tcase_add_test(
		t, a_crowd_that_comes_in_does_not_cut_us_off_from_whom_we_dial);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

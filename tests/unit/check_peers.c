/* SPDX-License-Identifier: MIT */
/*
 * Other nodes: who is let in and who is refused, so that both sides say why;
 * places, pings, clocks, addresses, scores, bans and budgets.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "codec/msgpack.h"
#include "peer_fixture.h"

#define AT_ONCE "\"interval\": 0"
#define MINUTE 60000

static struct driver d, other;
static struct wires w;

static struct driver_network network_of(unsigned id)
{
	return (struct driver_network){.on = true,
				       .observer = true,
				       .id = test_address(id),
				       .instance = id,
				       .listen = "10.0.0.9:4999"};
}

static void open_one(const char *more, unsigned miners)
{
	struct driver_network network = network_of(50);

	network.miners = miners;
	driver_new_in(&d, &network, 1000, AT_ONCE, more);
}

static void open_two(const struct driver_network *a, const char *more_a,
		     const struct driver_network *b, const char *more_b)
{
	driver_new_in(&d, a, 1000, AT_ONCE, more_a);
	driver_new_in(&other, b, 1000, AT_ONCE, more_b);
}

static void close_two(void)
{
	wires_release(&w);
	driver_free(&d);
	driver_free(&other);
}

/* --- hellos ------------------------------------------------------------ */

START_TEST(who_dialled_greets_and_the_other_waits)
{
	struct peer_info info;
	struct msg_hello m;

	open_one("", 1);
	fake_connect(&d, 1, false, 51);
	ck_assert(sent(&d, 1, MSG_HEY, NULL));
	fake_connect(&d, 2, true, 52);
	ck_assert_uint_eq(d.told.count, 0);
	ck_assert_uint_eq(node_peer_count(d.node), 0);
	m = fake_hello(&d, 52);
	fake_say_hello(&d, 2, MSG_HEY, &m);
	ck_assert(sent(&d, 2, MSG_ACK, NULL));
	ck_assert(notified(&d, NOTIFY_PEER, 2));
	ck_assert(!notified(&d, NOTIFY_PEER, 1));
	m = fake_hello(&d, 51);
	fake_say_hello(&d, 1, MSG_ACK, &m);
	ck_assert(!sent(&d, 1, MSG_ACK, NULL));
	ck_assert_uint_eq(node_peer_count(d.node), 2);
	ck_assert(info_of(&d, 1, &info));
	ck_assert_str_eq(info.where, "peer1:1");
	ck_assert_str_eq(info.listen, "10.0.0.1:4999");
	ck_assert_str_eq(info.agent, "fake/1");
	ck_assert(!info.inbound && !info.authority);
	fake_gone(&d, 1);
	ck_assert_uint_eq(node_peer_count(d.node), 1);
	driver_free(&d);
}
END_TEST

START_TEST(who_does_not_greet_is_dropped_without_a_ban)
{
	uint64_t ban = 1;

	open_one("", 1);
	fake_connect(&d, 1, true, 51);
	fake_connect(&d, 2, false, 52);
	driver_advance(&d, 9999);
	ck_assert(!dropped(&d, 1, NULL));
	driver_advance(&d, 1);
	ck_assert(sent_bye(&d, 1, "timeout"));
	ck_assert(dropped(&d, 1, &ban));
	ck_assert_uint_eq(ban, 0);
	ck_assert(dropped(&d, 2, &ban));
	/* nothing more is sent to it, and what it says is not heard */
	forget_told(&d);
	fake_tip(&d, 1, MSG_RBH, d.now, 1);
	driver_advance(&d, MINUTE);
	ck_assert_uint_eq(d.told.count, 0);
	driver_free(&d);
}
END_TEST

static void refused(const struct driver_network *a, const char *more_a,
		    const struct driver_network *b, const char *more_b,
		    const char *code, const char *word)
{
	open_two(a, more_a, b, more_b);
	wires_dial(&w, &d, &other);
	wires_run(&w);
	ck_assert_uint_eq(node_peer_count(d.node), 0);
	ck_assert_uint_eq(node_peer_count(other.node), 0);
	ck_assert_msg(logged(&other, "refused wire0:1", code), "%s", code);
	ck_assert(logged(&other, code, word));
	ck_assert_msg(logged(&d, "wire0:1 refuses us: ", code), "%s", code);
	ck_assert(logged(&d, code, word));
	close_two();
}

START_TEST(another_chain_is_refused_by_a_word_on_both_sides)
{
	struct driver_network a = network_of(50), b = network_of(51);

	refused(&a, ", \"min_fee\": 3", &b, "", "wrong_genesis",
		"your genesis is ");
	b.upgrades.b[0] = 7;
	refused(&a, "", &b, "", "other_upgrades", "mine are 0700");
	refused(&b, "", &a, "", "other_upgrades", "your upgrades are 0700");
}
END_TEST

START_TEST(itself_and_a_second_node_of_one_key_are_refused)
{
	struct driver_network a = network_of(50);

	refused(&a, "", &a, "", "self", "is this node itself");
	refused(&a, "",
		&(struct driver_network){.on = true,
					 .observer = true,
					 .id = a.id,
					 .instance = 99},
		"", "duplicate_id",
		"another node runs with this account's key");
}
END_TEST

static void refused_hello(struct msg_hello m, const char *code)
{
	uint64_t ban = 1;

	open_one("", 1);
	fake_connect(&d, 1, true, 51);
	fake_say_hello(&d, 1, MSG_HEY, &m);
	ck_assert_msg(sent_bye(&d, 1, code), "%s", code);
	ck_assert(dropped(&d, 1, &ban));
	ck_assert_uint_eq(ban, 0);
	ck_assert(logged(&d, "refused peer1:1: ", code));
	/* the one who dials looks at the answer by the same rules */
	fake_connect(&d, 2, false, 51);
	fake_say_hello(&d, 2, MSG_ACK, &m);
	ck_assert_msg(sent_bye(&d, 2, code), "%s", code);
	ck_assert_uint_eq(node_peer_count(d.node), 0);
	driver_free(&d);
}

START_TEST(a_hello_of_another_version_or_id_is_refused_with_a_code)
{
	struct msg_hello good, m;

	open_one("", 1);
	good = m = fake_hello(&d, 51);
	driver_free(&d);
	m.version = PROTOCOL_VERSION + 1;
	refused_hello(m, "new_protocol");
	m.version = PROTOCOL_VERSION - 1;
	refused_hello(m, "old_protocol");
	m = good;
	m.id = test_address(52);
	refused_hello(m, "bad_id");
	m = good;
	m.genesis.b[3] ^= 1;
	refused_hello(m, "wrong_genesis");
}
END_TEST

START_TEST(a_hello_that_cannot_be_read_is_refused_with_a_code)
{
	struct buf body = {0};

	open_one("", 1);
	fake_connect(&d, 1, true, 51);
	buf_append(&body, "\x93\x01\x02\x03", 4);
	fake_say(&d, 1, MSG_HEY, &body);
	ck_assert(sent_bye(&d, 1, "malformed"));
	ck_assert(dropped(&d, 1, NULL));
	driver_free(&d);
}
END_TEST

START_TEST(before_a_hello_nothing_else_is_heard)
{
	struct buf body = {0};
	uint64_t ban = 0;
	int i;

	open_one("", 1);
	fake_connect(&d, 1, true, 51);
	for (i = 0; i < 4; i++)
		fake_tip(&d, 1, MSG_RBH, d.now, 1);
	ck_assert_uint_eq(d.told.count, 4);
	ck_assert(logged(&d, "RBH before a hello", "score 80"));
	ck_assert(!sent(&d, 1, MSG_BLH, NULL));
	/* but for the genesis, which is needed to make a hello */
	msg_ask_genesis_encode(&body, 0);
	fake_say(&d, 1, MSG_RGK, &body);
	ck_assert(!dropped(&d, 1, NULL));
	fake_tip(&d, 1, MSG_RBH, d.now, 1);
	ck_assert(dropped(&d, 1, &ban));
	ck_assert_uint_eq(ban, 10 * MINUTE);
	/* the one that we dialled is not asked for anything before it */
	fake_connect(&d, 2, false, 52);
	msg_ask_genesis_encode(&body, 0);
	fake_say(&d, 2, MSG_RGK, &body);
	ck_assert(logged(&d, "RGK before a hello", "score 20"));
	ck_assert(dropped(&d, 2, &ban));
	ck_assert_uint_eq(ban, 0);
	driver_free(&d);
}
END_TEST

START_TEST(a_good_bye_and_a_second_hello_are_met)
{
	struct msg_bye bye = {span_str("leaving"), span_str("see you")};
	struct buf body = {0};
	struct msg_hello m;
	uint64_t ban = 1;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	m = fake_hello(&d, 51);
	fake_say_hello(&d, 1, MSG_HEY, &m);
	ck_assert_uint_eq(score_of(&d, 1), 20);
	msg_bye_encode(&body, &bye);
	fake_say(&d, 1, MSG_BYE, &body);
	ck_assert(logged(&d, "peer1:1 says good-bye", "see you"));
	ck_assert(dropped(&d, 1, &ban));
	ck_assert_uint_eq(ban, 0);
	ck_assert_uint_eq(node_peer_count(d.node), 0);
	driver_free(&d);
}
END_TEST

/* --- one connection for one id ----------------------------------------- */

/* Whoever dials, and in whatever order messages arrive. */
START_TEST(two_that_dial_each_other_end_with_one_connection)
{
	struct driver_network a = network_of(50), b = network_of(51);
	struct peer_info info;
	struct rng rng;
	unsigned seed, k;
	size_t at;
	bool lower;

	lower = memcmp(a.id.b, b.id.b, ADDRESS_LEN) < 0;
	for (seed = 0; seed < 60; seed++) {
		rng_seed(&rng, seed);
		open_two(&a, "", &b, "");
		wires_dial(&w, &d, &other); /* wire 0 */
		if (seed % 3 == 0)
			wires_bring(&w, 0, 1);
		wires_dial(&w, &other, &d); /* wire 1 */
		for (k = 0; k < 40; k++)
			wires_bring(&w, rng_below(&rng, 2),
				    (int)rng_below(&rng, 2));
		wires_run(&w);
		ck_assert_uint_eq(node_peer_count(d.node), 1);
		ck_assert_uint_eq(node_peer_count(other.node), 1);
		at = 0;
		ck_assert(node_peer_next(d.node, &at, &info));
		/* the lower id's */
		ck_assert_uint_eq(info.peer, lower ? w.list[0].number[0]
						   : w.list[1].number[1]);
		ck_assert(w.list[lower ? 0 : 1].open[0]);
		ck_assert(!w.list[lower ? 1 : 0].open[0]);
		ck_assert(!logged(&d, "banned", "") &&
			  !logged(&other, "banned", ""));
		close_two();
	}
}
END_TEST

START_TEST(an_id_that_is_here_is_refused_until_it_is_silent)
{
	struct msg_hello m;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	fake_live(&d, 9000);
	m = fake_hello(&d, 51);
	m.instance = 77;
	fake_connect(&d, 2, true, 51);
	fake_say_hello(&d, 2, MSG_HEY, &m);
	ck_assert(logged(&d, "duplicate_id", "connected already"));
	ck_assert(sent_bye(&d, 2, "duplicate_id"));
	ck_assert(dropped(&d, 2, NULL));
	driver_advance(&d, 10001); /* without a word of the old one */
	forget_told(&d);
	fake_connect(&d, 3, true, 51);
	fake_say_hello(&d, 3, MSG_HEY, &m);
	ck_assert(dropped(&d, 1, NULL));
	ck_assert_uint_eq(node_peer_count(d.node), 1);
	ck_assert_uint_eq(score_of(&d, 3), 0);
	driver_free(&d);
}
END_TEST

/* --- places ------------------------------------------------------------ */

static bool comes(uint64_t peer, bool inbound, unsigned id)
{
	struct msg_hello m = fake_hello(&d, id);
	struct peer_info info;

	fake_connect(&d, peer, inbound, id);
	fake_say_hello(&d, peer, inbound ? MSG_HEY : MSG_ACK, &m);
	return info_of(&d, peer, &info);
}

START_TEST(places_are_kept_for_authorities_who_push_out_strangers)
{
	open_one(", \"max_peers\": 4", 5); /* half of them are kept */
	ck_assert(comes(1, true, 61));
	ck_assert(comes(2, false, 62));
	ck_assert(!comes(3, true, 63));
	ck_assert(sent_bye(&d, 3, "too_many_peers"));
	ck_assert(logged(&d, "refused peer3:1: too_many_peers",
			 "2 of 4 places are taken, 2 are kept"));
	fake_gone(&d, 3);
	ck_assert(comes(4, true, 2));
	ck_assert(comes(5, true, 3));
	ck_assert_uint_eq(node_peer_count(d.node), 4);
	/* the inbound stranger goes first, though the other came later */
	ck_assert(comes(6, true, 4));
	ck_assert(dropped(&d, 1, NULL));
	ck_assert(comes(7, true, 5));
	ck_assert(dropped(&d, 2, NULL));
	ck_assert_uint_eq(node_peer_count(d.node), 4);
	ck_assert(!comes(8, true, 1)); /* only authorities are left */
	ck_assert(sent_bye(&d, 8, "too_many_peers"));
	driver_free(&d);
}
END_TEST

START_TEST(connections_that_say_nothing_are_bounded)
{
	uint64_t peer;

	open_one(", \"max_peers\": 4", 1);
	for (peer = 1; peer <= 200; peer++)
		fake_connect(&d, peer, true, 51);
	ck_assert(!dropped(&d, 68, NULL));
	ck_assert(dropped(&d, 69, NULL));
	ck_assert(dropped(&d, 200, NULL));
	fake_connect(&d, 201, true, 1); /* an authority */
	ck_assert(!dropped(&d, 201, NULL));
	driver_free(&d);
}
END_TEST

/* --- pings ------------------------------------------------------------- */

START_TEST(a_ping_is_answered_at_once_with_our_tip)
{
	struct buf body = {0};
	struct peer_info info;
	struct msg_tip m;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	fake_tip(&d, 1, MSG_RBH, d.now, 42);
	ck_assert(sent(&d, 1, MSG_BLH, &body));
	ck_assert(!msg_tip_decode(&m, buf_span(&body)));
	ck_assert_uint_eq(m.number, 42);
	ck_assert_uint_eq(m.height, 0);
	ck_assert_uint_eq(m.clock, d.now);
	buf_release(&body);
	m.height = 7;
	m.settled = 5;
	msg_tip_encode(&body, &m);
	fake_say(&d, 1, MSG_RBH, &body);
	ck_assert(info_of(&d, 1, &info));
	ck_assert_uint_eq(info.height, 7);
	ck_assert_uint_eq(info.settled, 5);
	/* a pong that nobody waits for */
	fake_tip(&d, 1, MSG_BLH, d.now, 42);
	ck_assert_uint_eq(score_of(&d, 1), 20);
	driver_free(&d);
}
END_TEST

START_TEST(every_five_seconds_a_ping_and_silence_ends_it)
{
	uint64_t start, last = 0, ban = 1;
	unsigned pings = 0;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	start = d.now;
	while (d.now < start + 60000) {
		struct buf body = {0};
		struct msg_tip m;

		driver_advance(&d, 50);
		if (!sent(&d, 1, MSG_RBH, &body))
			continue;
		ck_assert(!msg_tip_decode(&m, buf_span(&body)));
		buf_release(&body);
		fake_tip(&d, 1, MSG_BLH, d.now, m.number);
		if (pings++)
			ck_assert_uint_le(d.now - last, 5600);
		last = d.now;
	}
	ck_assert_uint_ge(pings, 10);
	ck_assert_uint_le(pings, 14);
	driver_advance(&d, 15000 + 5500);
	ck_assert(sent_bye(&d, 1, "timeout"));
	ck_assert(dropped(&d, 1, &ban));
	ck_assert_uint_eq(ban, 0);
	driver_free(&d);
}
END_TEST

START_TEST(a_clock_that_differs_is_measured_and_warned_of_once)
{
	struct buf body = {0};
	struct peer_info info;
	struct msg_hello m;
	struct msg_tip ping;
	int64_t median;
	unsigned i;

	open_one(", \"consensus\": {\"slot_ms\": 4000}", 1);
	m = fake_hello(&d, 51);
	m.clock = d.now + 1999;
	fake_connect(&d, 1, true, 51);
	fake_say_hello(&d, 1, MSG_HEY, &m);
	ck_assert(!logged(&d, "the clock of peer1:1", ""));
	for (i = 0; i < 3; i++) {
		fake_tip(&d, 1, MSG_RBH, d.now - 2500, 1);
		ck_assert_int_eq(logged(&d,
					"the clock of peer1:1 is 2500 ms "
					"behind ours",
					"2000 ms"),
				 i == 0);
		forget_told(&d);
	}
	driver_advance(&d, 5000);
	ck_assert(sent(&d, 1, MSG_RBH, &body));
	ck_assert(!msg_tip_decode(&ping, buf_span(&body)));
	buf_release(&body);
	/* 400 ms there and back, and its clock is 100 ahead */
	d.now = ping.clock + 400;
	fake_tip(&d, 1, MSG_BLH, ping.clock + 200 + 100, ping.number);
	ck_assert(info_of(&d, 1, &info));
	ck_assert_int_eq(info.clock_offset, 100);
	ck_assert_uint_eq(info.round_trip, 400);
	fake_live(&d, 10 * MINUTE);
	fake_tip(&d, 1, MSG_RBH, d.now + 3000, 1);
	ck_assert(logged(&d, "the clock of peer1:1", "ahead of ours"));
	fake_peer(&d, 2, true, 52);
	fake_peer(&d, 3, true, 53);
	ck_assert(node_clock_offset(d.node, &median));
	ck_assert_int_eq(median, 0);
	driver_free(&d);
}
END_TEST

/* --- addresses --------------------------------------------------------- */

static void say_addresses(uint64_t peer, const char *where, size_t count)
{
	struct buf body = {0};
	size_t i;

	mp_array(&body, count);
	for (i = 0; i < count; i++)
		mp_bin(&body, span_str(where));
	fake_say(&d, peer, MSG_ADR, &body);
}

static void ask_addresses(uint64_t peer)
{
	struct buf body = {0};

	msg_ask_addresses_encode(&body);
	fake_say(&d, peer, MSG_RAD, &body);
}

START_TEST(addresses_that_a_peer_just_claims_are_not_told_on)
{
	struct buf body = {0};
	struct msg_list list;
	struct span raw, text;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, false, 52);
	fake_connect(&d, 3, false, 53); /* dialled, and no answer yet */
	fake_peer(&d, 4, true, 54);
	forget_told(&d);
	ask_addresses(1);
	ck_assert(sent(&d, 1, MSG_ADR, &body));
	ck_assert(!msg_list_begin(&list, buf_span(&body), MSG_ADDRESSES_MAX));
	ck_assert(msg_list_next(&list, &raw));
	ck_assert(!msg_address_decode(&text, raw));
	ck_assert(span_eq(text, span_str("peer2:1")));
	ck_assert(!msg_list_next(&list, &raw));
	buf_release(&body);
	/* not so often */
	ask_addresses(1);
	ck_assert(!sent(&d, 1, MSG_ADR, NULL));
	fake_live(&d, MINUTE);
	ask_addresses(1);
	ck_assert(sent(&d, 1, MSG_ADR, NULL));
	driver_free(&d);
}
END_TEST

/* Inbound, from host peerN: what others are told of it, "" nothing. */
static void ck_told(uint64_t peer, const char *listen, const char *want)
{
	struct msg_hello m = fake_hello(&d, 60);
	struct buf body = {0};
	struct msg_list list;
	struct span raw, text;

	m.listen = span_str(listen);
	fake_connect(&d, peer, true, 60);
	fake_say_hello(&d, peer, MSG_HEY, &m);
	fake_peer(&d, peer + 100, true, 61);
	forget_told(&d);
	ask_addresses(peer + 100);
	ck_assert(sent(&d, peer + 100, MSG_ADR, &body));
	ck_assert(!msg_list_begin(&list, buf_span(&body), MSG_ADDRESSES_MAX));
	if (*want) {
		ck_assert(msg_list_next(&list, &raw));
		ck_assert(!msg_address_decode(&text, raw));
		ck_assert(span_eq(text, span_str(want)));
	}
	ck_assert(!msg_list_next(&list, &raw));
	buf_release(&body);
	fake_gone(&d, peer);
	fake_gone(&d, peer + 100);
}

START_TEST(who_comes_from_a_host_is_told_of_there_and_nowhere_else)
{
	open_one("", 1);
	ck_told(1, "peer1:4999", "peer1:4999");
	ck_told(2, "0.0.0.0:77", "peer2:77");
	ck_told(3, "[::]:65535", "peer3:65535");
	ck_told(4, "", "");
	ck_told(5, "peer6:4999", "");
	ck_told(6, "peer66:4999", "");
	ck_told(7, "peer:4999", "");
	ck_told(8, "10.0.0.1:1", "");
	driver_free(&d);
}
END_TEST

/* How often it asks in ten minutes. */
static unsigned asks(unsigned count)
{
	unsigned i, k, asked = 0;

	open_one("", 1);
	for (i = 1; i <= count; i++)
		fake_peer(&d, i, false, 100 + i);
	forget_told(&d);
	for (k = 0; k < 600; k++) {
		fake_live(&d, 1000);
		for (i = 1; i <= count; i++)
			while (sent(&d, i, MSG_RAD, NULL))
				asked++;
	}
	driver_free(&d);
	return asked;
}

START_TEST(who_has_few_peers_asks_for_addresses_more_often)
{
	unsigned few = asks(3), many = asks(4);

	ck_assert_uint_ge(few, 8);
	ck_assert_uint_le(few, 10);
	ck_assert_uint_le(many, 2);
}
END_TEST

START_TEST(at_most_64_addresses_are_told)
{
	struct buf body = {0};
	struct msg_list list;
	struct span raw;
	unsigned i, count = 0;

	open_one("", 1);
	for (i = 1; i <= 80; i++)
		fake_peer(&d, i, false, 100 + i);
	ask_addresses(1);
	ck_assert(sent(&d, 1, MSG_ADR, &body));
	ck_assert(!msg_list_begin(&list, buf_span(&body), MSG_ADDRESSES_MAX));
	while (msg_list_next(&list, &raw))
		count++;
	ck_assert_uint_eq(count, 64);
	buf_release(&body);
	driver_free(&d);
}
END_TEST

START_TEST(addresses_are_taken_from_who_was_asked_and_looked_at)
{
	struct msg_hello m;
	uint64_t ban = 0;

	open_one("", 1);
	m = fake_hello(&d, 51);
	fake_connect(&d, 1, true, 51);
	fake_say_hello(&d, 1, MSG_HEY, &m);
	ck_assert(sent(&d, 1, MSG_RAD, NULL));
	say_addresses(1, "10.1.2.3:4999", 3);
	ck_assert(notified(&d, NOTIFY_ADDRESSES, 1));
	forget_told(&d);
	say_addresses(1, "10.1.2.3:4999", 3);
	ck_assert(!notified(&d, NOTIFY_ADDRESSES, 1));
	ck_assert_uint_eq(score_of(&d, 1), 20);
	fake_live(&d, 10 * MINUTE + 1000); /* asked again */
	ck_assert(sent(&d, 1, MSG_RAD, NULL));
	say_addresses(1, "not an address", 1);
	ck_assert(!notified(&d, NOTIFY_ADDRESSES, 1));
	ck_assert(dropped(&d, 1, &ban));
	ck_assert_uint_eq(ban, 10 * MINUTE);
	driver_free(&d);
}
END_TEST

/* --- scores and bans --------------------------------------------------- */

START_TEST(a_score_decays_by_one_each_half_minute)
{
	unsigned i;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	for (i = 0; i < 4; i++)
		fake_tip(&d, 1, MSG_BLH, d.now, 99);
	ck_assert_uint_eq(score_of(&d, 1), 80);
	fake_live(&d, 29000);
	ck_assert_uint_eq(score_of(&d, 1), 80);
	fake_live(&d, 2000);
	ck_assert_uint_eq(score_of(&d, 1), 79);
	fake_live(&d, 30000);
	ck_assert_uint_eq(score_of(&d, 1), 78);
	fake_tip(&d, 1, MSG_BLH, d.now, 99);
	ck_assert_uint_eq(score_of(&d, 1), 98);
	/* what passed of the half minute is not lost by a fault */
	fake_live(&d, 29000);
	ck_assert_uint_eq(score_of(&d, 1), 97);
	fake_live(&d, 60 * MINUTE);
	ck_assert_uint_eq(score_of(&d, 1), 0);
	for (i = 0; i < 4; i++)
		fake_tip(&d, 1, MSG_BLH, d.now, 99);
	ck_assert_uint_eq(score_of(&d, 1), 80);
	driver_free(&d);
}
END_TEST

/* Send what nobody says; how long it is banned for, ms. */
static uint64_t misbehave(uint64_t peer)
{
	struct buf body = {0};
	uint64_t ban = 0;

	buf_byte(&body, 0xc0);
	fake_say(&d, peer, MSG_RBH, &body);
	ck_assert(logged(&d, "banned", "a ping that cannot be read"));
	ck_assert(sent_bye(&d, peer, "banned"));
	ck_assert(dropped(&d, peer, &ban));
	fake_gone(&d, peer);
	forget_told(&d);
	return ban;
}

START_TEST(bans_double_within_a_day_up_to_a_day)
{
	static const uint64_t minutes[] = {10,	20,  40,   80,	 160,
					   320, 640, 1280, 1440, 1440};
	uint64_t peer = 1;
	size_t i;

	open_one("", 1);
	for (i = 0; i < ARRAY_LEN(minutes); i++) {
		fake_peer(&d, ++peer, true, 51);
		ck_assert_uint_eq(misbehave(peer), minutes[i] * MINUTE);
		d.now += minutes[i] * MINUTE;
	}
	fake_peer(&d, ++peer, true, 52);
	ck_assert_uint_eq(misbehave(peer), 10 * MINUTE);
	d.now += 24 * 60 * MINUTE + 1;
	fake_peer(&d, ++peer, true, 51);
	ck_assert_uint_eq(misbehave(peer), 10 * MINUTE);
	driver_free(&d);
}
END_TEST

START_TEST(messages_of_no_kind_or_too_long_are_met)
{
	struct buf body = {0};
	uint64_t ban = 0;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	fake_say(&d, 1, MESSAGE_TYPE_COUNT, &body);
	ck_assert(dropped(&d, 1, &ban));
	ck_assert_uint_eq(ban, 10 * MINUTE);
	fake_peer(&d, 2, true, 52);
	buf_reserve(&body, 129);
	memset(body.data, 0, 129);
	body.len = 129;
	fake_say(&d, 2, MSG_RBH, &body);
	ck_assert(dropped(&d, 2, NULL));
	fake_peer(&d, 3, true, 53);
	fake_say(&d, 3, MSG_GLK, &body);
	ck_assert_uint_eq(score_of(&d, 3), 20);
	driver_free(&d);
}
END_TEST

/* --- budgets ----------------------------------------------------------- */

START_TEST(a_flood_is_dropped_unread_and_then_its_peer)
{
	unsigned i, answered = 0;
	struct peer_info info;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	for (i = 0; i < 1000 && info_of(&d, 1, &info); i++) {
		fake_tip(&d, 1, MSG_RBH, d.now, i);
		answered += sent(&d, 1, MSG_BLH, NULL);
	}
	ck_assert_uint_lt(answered, 200);
	ck_assert_uint_gt(answered, 50);
	ck_assert_uint_lt(i, 400);
	ck_assert(dropped(&d, 1, NULL));
	ck_assert(logged(&d, "banned peer1:1: ", "over their budget"));
	/* each has its own */
	fake_tip(&d, 2, MSG_RBH, d.now, 1);
	ck_assert(sent(&d, 2, MSG_BLH, NULL));
	driver_free(&d);
}
END_TEST

START_TEST(a_few_messages_a_second_are_no_flood)
{
	unsigned i;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	for (i = 0; i < 600; i++) {
		fake_tip(&d, 1, MSG_RBH, d.now, i);
		ck_assert(sent(&d, 1, MSG_BLH, NULL));
		fake_live(&d, 250);
	}
	ck_assert_uint_eq(score_of(&d, 1), 0);
	driver_free(&d);
}
END_TEST

/* Pongs that were asked for and a flood of pings at once. */
START_TEST(questions_over_budget_are_no_fault_at_first)
{
	struct peer_info info;
	unsigned i;

	open_one("", 1);
	fake_peer(&d, 1, true, 51);
	for (i = 0; i < 2000; i++)
		ask_addresses(1);
	ck_assert_uint_eq(score_of(&d, 1), 0);
	for (; i < 2000000 && info_of(&d, 1, &info); i++)
		ask_addresses(1);
	ck_assert(dropped(&d, 1, NULL));
	driver_free(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("peers");
	TCase *hello = tcase_create("hello"), *twins = tcase_create("twins"),
	      *places = tcase_create("places"), *ping = tcase_create("ping"),
	      *address = tcase_create("addresses"),
	      *score = tcase_create("score"), *budget = tcase_create("budget");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(hello, who_dialled_greets_and_the_other_waits);
	tcase_add_test(hello, who_does_not_greet_is_dropped_without_a_ban);
	tcase_add_test(hello, another_chain_is_refused_by_a_word_on_both_sides);
	tcase_add_test(hello, itself_and_a_second_node_of_one_key_are_refused);
	tcase_add_test(hello,
		       a_hello_of_another_version_or_id_is_refused_with_a_code);
	tcase_add_test(hello,
		       a_hello_that_cannot_be_read_is_refused_with_a_code);
	tcase_add_test(hello, before_a_hello_nothing_else_is_heard);
	tcase_add_test(hello, a_good_bye_and_a_second_hello_are_met);
	tcase_add_test(twins, two_that_dial_each_other_end_with_one_connection);
	tcase_add_test(twins, an_id_that_is_here_is_refused_until_it_is_silent);
	tcase_add_test(places,
		       places_are_kept_for_authorities_who_push_out_strangers);
	tcase_add_test(places, connections_that_say_nothing_are_bounded);
	tcase_add_test(ping, a_ping_is_answered_at_once_with_our_tip);
	tcase_add_test(ping, every_five_seconds_a_ping_and_silence_ends_it);
	tcase_add_test(ping,
		       a_clock_that_differs_is_measured_and_warned_of_once);
	tcase_add_test(address,
		       addresses_that_a_peer_just_claims_are_not_told_on);
	tcase_add_test(address,
		       who_comes_from_a_host_is_told_of_there_and_nowhere_else);
	tcase_add_test(address,
		       who_has_few_peers_asks_for_addresses_more_often);
	tcase_add_test(address, at_most_64_addresses_are_told);
	tcase_add_test(address,
		       addresses_are_taken_from_who_was_asked_and_looked_at);
	tcase_add_test(score, a_score_decays_by_one_each_half_minute);
	tcase_add_test(score, bans_double_within_a_day_up_to_a_day);
	tcase_add_test(score, messages_of_no_kind_or_too_long_are_met);
	tcase_add_test(budget, a_flood_is_dropped_unread_and_then_its_peer);
	tcase_add_test(budget, a_few_messages_a_second_are_no_flood);
	tcase_add_test(budget, questions_over_budget_are_no_fault_at_first);
	suite_add_tcase(s, hello);
	suite_add_tcase(s, twins);
	suite_add_tcase(s, places);
	suite_add_tcase(s, ping);
	suite_add_tcase(s, address);
	suite_add_tcase(s, score);
	suite_add_tcase(s, budget);
	tcase_set_timeout(twins, 60);
	tcase_set_timeout(budget, 60);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Transactions of peers: announced once, asked of one peer at a time, checked
 * once; whose fault what is; and that nothing grows without bound.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "codec/msgpack.h"
#include "node/gossip_internal.h"
#include "peer_fixture.h"

/* No block is made while a test lasts. */
#define NEVER                                                                  \
	"\"interval\": 1000000, \"min_bound\": 100000, \"max_bound\": 100000"
#define YOUNG ", \"genesis_block\": {\"time\": 1699999999000}"

static struct driver d, other;
static struct wires w;

static void open_node(struct driver *node, unsigned id)
{
	struct driver_network network = {.on = true,
					 .observer = true,
					 .id = test_address(id),
					 .instance = id};

	driver_new_in(node, &network, 1000000, NEVER, YOUNG);
}

/* A transfer of nothing by key `from`, whose hash is *full. */
static struct buf transfer(unsigned from, uint64_t nonce, struct hash *full)
{
	struct address to = test_address(2);
	struct buf raw = driver_transfer(&d, from, nonce, &to, 0, 0);

	sha256(full, buf_span(&raw));
	return raw;
}

static void submit(struct buf *raw)
{
	struct span s = buf_span(raw);

	driver_submit(&d, &s, 1);
	buf_release(raw);
	ck_assert_int_ne(d.results[0].status, SUBMIT_REFUSED);
}

static size_t pool_count(const struct driver *node)
{
	return mempool_count(node_mempool(node->node));
}

/* The hashes in the next message of this type to the peer; 0 without one. */
static size_t hashes_sent(uint64_t peer, enum message_type type,
			  struct hash *list)
{
	struct buf body = {0};
	size_t count;

	if (!sent(&d, peer, type, &body))
		return 0;
	ck_assert(!msg_hashes_decode(list, &count, MSG_TX_HASHES_MAX,
				     buf_span(&body)));
	buf_release(&body);
	return count;
}

/* How many transactions the next TXN has; SIZE_MAX without one. */
static size_t txs_sent(uint64_t peer)
{
	struct buf body = {0};
	struct msg_list list;
	struct span raw;
	size_t count = 0;

	if (!sent(&d, peer, MSG_TXN, &body))
		return SIZE_MAX;
	ck_assert_uint_le(body.len, message_bytes_max(MSG_TXN));
	ck_assert(!msg_list_begin(&list, buf_span(&body), MSG_TXS_MAX));
	while (msg_list_next(&list, &raw))
		count++;
	buf_release(&body);
	return count;
}

/* --- announcing -------------------------------------------------------- */

START_TEST(what_enters_the_pool_is_announced_once_to_each)
{
	struct hash list[MSG_TX_HASHES_MAX], full;
	struct buf raw;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	raw = transfer(10, 0, &full);
	submit(&raw);
	ck_assert(!sent(&d, 1, MSG_TXA, NULL)); /* others may follow */
	driver_advance(&d, 25);
	ck_assert_uint_eq(hashes_sent(1, MSG_TXA, list), 1);
	ck_assert(hash_eq(&list[0], &full));
	ck_assert_uint_eq(hashes_sent(2, MSG_TXA, list), 1);
	driver_advance(&d, 2000);
	ck_assert(!sent(&d, 1, MSG_TXA, NULL));
	driver_free(&d);
}
END_TEST

START_TEST(many_at_once_are_announced_in_batches)
{
	struct hash list[MSG_TX_HASHES_MAX], full;
	struct msg_hello m;
	struct buf raw;
	unsigned i;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	for (i = 0; i < 300; i++) {
		raw = transfer(1000 + i, 0, &full);
		submit(&raw);
	}
	ck_assert_uint_eq(hashes_sent(1, MSG_TXA, list), 256);
	ck_assert(!sent(&d, 1, MSG_TXA, NULL));
	driver_advance(&d, 25);
	ck_assert_uint_eq(hashes_sent(1, MSG_TXA, list), 44);
	/* a peer that comes later hears of all of them at once */
	m = fake_hello(&d, 53);
	fake_connect(&d, 3, true, 53);
	fake_say_hello(&d, 3, MSG_HEY, &m);
	ck_assert_uint_eq(hashes_sent(3, MSG_TXA, list), 256);
	ck_assert_uint_eq(hashes_sent(3, MSG_TXA, list), 44);
	driver_free(&d);
}
END_TEST

START_TEST(the_oldest_are_announced_again_to_one_peer)
{
	struct hash list[MSG_TX_HASHES_MAX], full, queued;
	struct buf raw;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	raw = transfer(10, 0, &full);
	submit(&raw);
	raw = transfer(10, 3, &queued); /* behind a gap */
	submit(&raw);
	driver_advance(&d, 25);
	forget_told(&d);
	driver_advance(&d, 10000);
	ck_assert_uint_eq(hashes_sent(1, MSG_TXA, list) +
				  hashes_sent(2, MSG_TXA, list),
			  1);
	ck_assert(hash_eq(&list[0], &full));
	driver_free(&d);
}
END_TEST

START_TEST(who_gave_it_is_not_told_of_it)
{
	struct hash list[MSG_TX_HASHES_MAX], full;
	struct span s;
	struct buf raw;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	fake_peer(&d, 3, true, 53);
	raw = transfer(10, 0, &full);
	s = buf_span(&raw);
	fake_hashes(&d, 1, MSG_TXA, &full, 1);
	fake_hashes(&d, 2, MSG_TXA, &full, 1);
	fake_txs(&d, 1, &s, 1);
	driver_settle(&d);
	ck_assert_uint_eq(pool_count(&d), 1);
	driver_advance(&d, 1000);
	ck_assert(!sent(&d, 1, MSG_TXA, NULL));
	ck_assert(!sent(&d, 2, MSG_TXA, NULL)); /* who announced it, neither */
	ck_assert_uint_eq(hashes_sent(3, MSG_TXA, list), 1);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

/* A block that was taken back gives its transactions back to the pool; who
 * had them may have forgotten them by then. */
START_TEST(what_comes_in_by_itself_is_announced_to_all_again)
{
	struct hash list[MSG_TX_HASHES_MAX], full;
	struct buf raw;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	raw = transfer(10, 0, &full);
	fake_hashes(&d, 1, MSG_TXA, &full, 1); /* and is never given */
	driver_advance(&d, 5000);
	forget_told(&d);
	submit(&raw);
	driver_advance(&d, 25);
	ck_assert_uint_eq(hashes_sent(1, MSG_TXA, list), 1);
	driver_free(&d);
}
END_TEST

/* --- answering --------------------------------------------------------- */

START_TEST(what_is_asked_for_is_given_and_the_rest_left_out)
{
	struct hash list[3] = {{{0}}};
	struct buf raw;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	raw = transfer(10, 0, &list[0]);
	submit(&raw);
	raw = transfer(11, 0, &list[2]);
	submit(&raw);
	list[1].b[0] = 9;
	fake_hashes(&d, 1, MSG_TXQ, list, 3);
	ck_assert_uint_eq(txs_sent(1), 2);
	ck_assert_uint_eq(txs_sent(1), SIZE_MAX);
	/* that there is nothing is an answer, too */
	fake_hashes(&d, 1, MSG_TXQ, &list[1], 1);
	ck_assert_uint_eq(txs_sent(1), 0);
	ck_assert_uint_eq(score_of(&d, 1), 0);
	driver_free(&d);
}
END_TEST

START_TEST(a_long_answer_comes_in_several_messages)
{
	enum { COUNT = 600 };
	static uint8_t filler[3700];
	static struct hash list[COUNT];
	struct tx tx = {.recipient = test_address(2),
			.data = SPAN(filler, sizeof(filler))};
	size_t i, part, total = 0, messages = 0;
	struct buf raw;

	memset(filler, 'x', sizeof(filler));
	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	for (i = 0; i < COUNT; i++) {
		raw = driver_sign(&d, 1000 + (unsigned)i, &tx);
		sha256(&list[i], buf_span(&raw));
		submit(&raw);
	}
	fake_hashes(&d, 1, MSG_TXQ, list, COUNT);
	while ((part = txs_sent(1)) != SIZE_MAX) {
		total += part;
		messages++;
	}
	ck_assert_uint_eq(total, COUNT);
	ck_assert_uint_ge(messages, 3);
	driver_free(&d);
}
END_TEST

/* --- asking ------------------------------------------------------------ */

START_TEST(ten_announce_it_and_it_is_asked_for_and_checked_once)
{
	struct hash list[MSG_TX_HASHES_MAX], full;
	struct buf raw;
	struct span s;
	unsigned i, asked = 0;

	open_node(&d, 50);
	raw = transfer(10, 0, &full);
	s = buf_span(&raw);
	for (i = 1; i <= 10; i++)
		fake_peer(&d, i, true, 50 + i);
	for (i = 1; i <= 10; i++)
		fake_hashes(&d, i, MSG_TXA, &full, 1);
	for (i = 1; i <= 10; i++)
		asked += hashes_sent(i, MSG_TXQ, list) != 0;
	ck_assert_uint_eq(asked, 1);
	fake_txs(&d, 1, &s, 1);
	/* announced while it is checked, and after that */
	fake_hashes(&d, 5, MSG_TXA, &full, 1);
	driver_settle(&d);
	fake_hashes(&d, 6, MSG_TXA, &full, 1);
	driver_advance(&d, 2500);
	for (i = 1; i <= 10; i++)
		ck_assert(!sent(&d, i, MSG_TXQ, NULL));
	ck_assert_uint_eq(d.verified, 1);
	ck_assert_uint_eq(pool_count(&d), 1);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

START_TEST(the_next_is_asked_after_two_seconds_and_a_late_answer_is_no_fault)
{
	struct hash list[MSG_TX_HASHES_MAX], full;
	struct buf raw;
	struct span s;

	open_node(&d, 50);
	raw = transfer(10, 0, &full);
	s = buf_span(&raw);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	fake_peer(&d, 3, true, 53);
	fake_hashes(&d, 1, MSG_TXA, &full, 1);
	fake_hashes(&d, 2, MSG_TXA, &full, 1);
	fake_hashes(&d, 3, MSG_TXA, &full, 1);
	ck_assert_uint_eq(hashes_sent(1, MSG_TXQ, list), 1);
	driver_advance(&d, 1999);
	ck_assert(!sent(&d, 2, MSG_TXQ, NULL));
	driver_advance(&d, 1);
	ck_assert_uint_eq(hashes_sent(2, MSG_TXQ, list), 1);
	ck_assert(hash_eq(&list[0], &full));
	/* who is gone is waited for no longer */
	fake_gone(&d, 2);
	ck_assert_uint_eq(hashes_sent(3, MSG_TXQ, list), 1);
	fake_txs(&d, 1, &s, 1);
	driver_settle(&d);
	ck_assert_uint_eq(pool_count(&d), 1);
	fake_txs(&d, 3, &s, 1);
	driver_settle(&d);
	ck_assert_uint_eq(score_of(&d, 1), 0);
	ck_assert_uint_eq(score_of(&d, 3), 0);
	ck_assert_uint_eq(d.verified, 1);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

START_TEST(what_was_not_asked_for_is_not_looked_at)
{
	struct hash full;
	struct buf raw;
	struct span s;

	open_node(&d, 50);
	raw = transfer(10, 0, &full);
	s = buf_span(&raw);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	fake_txs(&d, 1, &s, 1);
	driver_settle(&d);
	ck_assert_uint_eq(d.verified, 0);
	ck_assert_uint_eq(pool_count(&d), 0);
	ck_assert_uint_eq(score_of(&d, 1), 20);
	/* asked of another is not asked of it */
	fake_hashes(&d, 2, MSG_TXA, &full, 1);
	fake_txs(&d, 1, &s, 1);
	driver_settle(&d);
	ck_assert_uint_eq(pool_count(&d), 0);
	ck_assert_uint_eq(score_of(&d, 1), 40);
	fake_txs(&d, 2, &s, 1);
	driver_settle(&d);
	ck_assert_uint_eq(pool_count(&d), 1);
	/* nor is it asked twice */
	fake_txs(&d, 2, &s, 1);
	ck_assert_uint_eq(score_of(&d, 2), 20);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

/* Announce and give it; the score of peer 1 after that. */
static uint64_t give(struct buf *raw)
{
	struct span s = buf_span(raw);
	struct peer_info info;
	struct hash full;

	sha256(&full, s);
	fake_hashes(&d, 1, MSG_TXA, &full, 1);
	ck_assert(sent(&d, 1, MSG_TXQ, NULL));
	fake_txs(&d, 1, &s, 1);
	driver_settle(&d);
	buf_release(raw);
	return info_of(&d, 1, &info) ? score_of(&d, 1) : 100;
}

START_TEST(a_bad_signature_is_the_fault_of_who_gave_it)
{
	struct hash full;
	struct buf raw;
	unsigned i;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	for (i = 1; i <= 4; i++) {
		raw = transfer(10 + i, 0, &full);
		raw.data[raw.len - 1] ^= 1;
		ck_assert_uint_eq(give(&raw), 25 * i);
	}
	ck_assert(dropped(&d, 1, NULL));
	ck_assert_uint_eq(d.verified, 4);
	ck_assert_uint_eq(pool_count(&d), 0);
	driver_free(&d);
}
END_TEST

START_TEST(bytes_that_are_no_transaction_end_it)
{
	struct buf raw = {0};

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	buf_append(&raw, "\x93\x01\x02\x03", 4);
	ck_assert_uint_eq(give(&raw), 100);
	ck_assert(dropped(&d, 1, NULL));
	driver_free(&d);
}
END_TEST

/* A peer whose tip is another, or whose pool is larger, cannot know. */
START_TEST(what_a_peer_cannot_know_is_no_fault)
{
	struct address to = test_address(2);
	struct tx tx = {.recipient = to, .nonce = 200};
	struct hash full;
	struct buf raw;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	raw = transfer(10, 0, &full);
	ck_assert_uint_eq(give(&raw), 0);
	raw = driver_sign(&d, 10, &tx); /* far ahead */
	ck_assert_uint_eq(give(&raw), 0);
	raw = driver_transfer(&d, 10, 1, &to, 5, 0); /* no money */
	ck_assert_uint_eq(give(&raw), 0);
	raw = driver_transfer(&d, 11, 1, &to, 0, 0); /* of an unknown key */
	ck_assert_uint_eq(give(&raw), 0);
	ck_assert_uint_eq(pool_count(&d), 1);
	driver_free(&d);
}
END_TEST

/* What was refused is not fetched again and again, and comes in when it is
 * announced later. */
START_TEST(what_was_refused_for_now_is_asked_for_again_later)
{
	struct address to = test_address(2);
	struct hash full, first;
	struct buf raw, before;
	struct span s;

	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	raw = driver_transfer(&d, 10, 1, &to, 0, 0);
	s = buf_span(&raw);
	sha256(&full, s);
	fake_hashes(&d, 1, MSG_TXA, &full, 1);
	ck_assert(sent(&d, 1, MSG_TXQ, NULL));
	fake_txs(&d, 1, &s, 1); /* its sender's key is not known yet */
	driver_settle(&d);
	before = transfer(10, 0, &first);
	submit(&before);
	fake_hashes(&d, 1, MSG_TXA, &full, 1);
	ck_assert(!sent(&d, 1, MSG_TXQ, NULL));
	fake_live(&d, 2500);
	fake_hashes(&d, 1, MSG_TXA, &full, 1);
	ck_assert(sent(&d, 1, MSG_TXQ, NULL));
	fake_txs(&d, 1, &s, 1);
	driver_settle(&d);
	ck_assert_uint_eq(pool_count(&d), 2);
	buf_release(&raw);
	driver_free(&d);
}
END_TEST

/* --- bounds ------------------------------------------------------------ */

static void random_hashes(struct rng *r, struct hash *list, size_t count)
{
	size_t i, k;

	for (i = 0; i < count; i++)
		for (k = 0; k < HASH_LEN; k += 8)
			put_be64(list[i].b + k, rng_next(r));
}

START_TEST(a_flood_of_announcements_stays_within_its_bounds)
{
	struct hash list[MSG_TX_HASHES_MAX];
	const struct gossip *g;
	struct peer_info info;
	struct rng rng;
	uint64_t peer;
	unsigned i;

	rng_seed(&rng, 3);
	open_node(&d, 50);
	g = d.node->gossip;
	for (peer = 1; peer <= 8; peer++)
		fake_peer(&d, peer, true, 50 + (unsigned)peer);
	for (i = 0; i < 60; i++)
		for (peer = 1; peer <= 8; peer++) {
			random_hashes(&rng, list, ARRAY_LEN(list));
			fake_hashes(&d, peer, MSG_TXA, list, ARRAY_LEN(list));
			ck_assert_uint_le(map_count(g->wants), WANTS_MAX);
			ck_assert_uint_le(g->queued,
					  QUEUE_MAX + 8 * QUEUE_SURE);
		}
	ck_assert_uint_gt(map_count(g->wants), 4096);
	while (info_of(&d, 1, &info)) { /* until it is over its budget */
		random_hashes(&rng, list, ARRAY_LEN(list));
		fake_hashes(&d, 1, MSG_TXA, list, ARRAY_LEN(list));
	}
	forget_told(&d);
	/* nothing is kept of those that never came, in the end */
	for (peer = 1; peer <= 8; peer++)
		fake_gone(&d, peer);
	ck_assert_uint_eq(map_count(g->wants), 0);
	ck_assert_uint_eq(g->queued, 0);
	driver_free(&d);
}
END_TEST

START_TEST(one_peer_is_asked_for_no_more_than_it_can_send)
{
	struct hash list[MSG_TX_HASHES_MAX];
	size_t asked = 0, got;
	struct rng rng;
	unsigned i;

	rng_seed(&rng, 4);
	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	for (i = 0; i < 10; i++) {
		random_hashes(&rng, list, ARRAY_LEN(list));
		fake_hashes(&d, 1, MSG_TXA, list, ARRAY_LEN(list));
	}
	while ((got = hashes_sent(1, MSG_TXQ, list)))
		asked += got;
	ck_assert_uint_eq(asked, 1024); /* of up to 4 KiB each */
	/* and of nothing more while it is silent */
	driver_advance(&d, 9000);
	ck_assert(!sent(&d, 1, MSG_TXQ, NULL));
	ck_assert_uint_eq(score_of(&d, 1), 0);
	driver_free(&d);
}
END_TEST

/* The pool does not tell what leaves it. */
START_TEST(what_left_the_pool_is_forgotten)
{
	struct driver_network network = {
		.on = true, .id = test_address(50), .instance = 1};
	unsigned i, k;

	driver_new_in(&d, &network, 1000000, "\"interval\": 0",
		      ", \"new_address_balance\": 1");
	for (k = 0; k < 40; k++) {
		for (i = 0; i < 60; i++)
			ck_assert_int_eq(
				driver_send(&d, 1, k * 60 + i, 2, 1, 0).status,
				SUBMIT_PENDING);
		driver_advance(&d, 1000);
		ck_assert_uint_eq(pool_count(&d), 0);
		ck_assert_uint_le(map_count(d.node->gossip->pool),
				  2 * 60 + POOL_SLACK);
	}
	driver_free(&d);
}
END_TEST

/* More bytes at once than any flood may have. */
START_TEST(answers_that_were_asked_for_cost_nothing)
{
	enum { COUNT = 5000, PART = 200 };
	static uint8_t filler[3700];
	static struct buf raw[PART];
	static struct span spans[PART];
	static struct hash list[PART];
	struct tx tx = {.recipient = test_address(2),
			.data = SPAN(filler, sizeof(filler))};
	unsigned i, k;

	memset(filler, 'x', sizeof(filler));
	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	for (i = 0; i < COUNT; i += PART) {
		for (k = 0; k < PART; k++) {
			raw[k] = driver_sign(&d, 1000 + i + k, &tx);
			spans[k] = buf_span(&raw[k]);
			sha256(&list[k], spans[k]);
		}
		fake_hashes(&d, 1, MSG_TXA, list, PART);
		fake_txs(&d, 1, spans, PART);
		driver_settle(&d);
		for (k = 0; k < PART; k++)
			buf_release(&raw[k]);
	}
	ck_assert_uint_eq(pool_count(&d), COUNT);
	ck_assert_uint_eq(score_of(&d, 1), 0);
	driver_free(&d);
}
END_TEST

/* Others are busy with as much as they may be asked for. */
START_TEST(what_a_peer_that_is_gone_had_is_asked_of_busy_ones_later)
{
	struct hash list[MSG_TX_HASHES_MAX], own[MSG_TX_HASHES_MAX], got[2048];
	struct rng rng;
	size_t i, count;

	rng_seed(&rng, 5);
	open_node(&d, 50);
	fake_peer(&d, 1, true, 51);
	fake_peer(&d, 2, true, 52);
	random_hashes(&rng, list, ARRAY_LEN(list));
	random_hashes(&rng, own, ARRAY_LEN(own));
	fake_hashes(&d, 1, MSG_TXA, list, ARRAY_LEN(list));
	fake_hashes(&d, 2, MSG_TXA, own, ARRAY_LEN(own));
	fake_hashes(&d, 2, MSG_TXA, list, ARRAY_LEN(list));
	ck_assert_uint_eq(hashes_sent(2, MSG_TXQ, got), ARRAY_LEN(own));
	fake_gone(&d, 1);
	ck_assert(!sent(&d, 2, MSG_TXQ, NULL));
	/* it says that it has none of its own: they are not waited for */
	fake_txs(&d, 2, NULL, 0);
	driver_advance(&d, 2000);
	count = hashes_sent(2, MSG_TXQ, got);
	ck_assert_uint_eq(count, ARRAY_LEN(list));
	for (i = 0; i < count; i++)
		ck_assert(hash_eq(&got[i], &list[i]));
	driver_free(&d);
}
END_TEST

/* --- whole nodes ------------------------------------------------------- */

static unsigned lost;

static bool lose_announcements(const struct effect *e)
{
	if (e->type != MSG_TXA)
		return false;
	lost++;
	return true;
}

START_TEST(a_burst_reaches_the_other_node_each_checked_once)
{
	enum { COUNT = 6000 };
	static struct buf raw[1000];
	static struct span spans[1000];
	struct address to = test_address(2);
	unsigned i, k;

	open_node(&d, 50);
	open_node(&other, 51);
	wires_dial(&w, &d, &other);
	wires_run(&w);
	for (i = 0; i < COUNT; i += 1000) {
		for (k = 0; k < 1000; k++) {
			raw[k] =
				driver_transfer(&d, 1000 + i + k, 0, &to, 0, 0);
			spans[k] = buf_span(&raw[k]);
		}
		driver_submit(&d, spans, 1000);
		for (k = 0; k < 1000; k++)
			buf_release(&raw[k]);
	}
	wires_live(&w, 50);
	ck_assert_uint_eq(pool_count(&d), COUNT);
	ck_assert_uint_eq(pool_count(&other), COUNT);
	ck_assert_uint_eq(d.verified, COUNT);
	ck_assert_uint_eq(other.verified, COUNT);
	ck_assert(!logged(&other, "score", "") && !logged(&d, "score", ""));
	wires_release(&w);
	driver_free(&d);
	driver_free(&other);
}
END_TEST

START_TEST(a_lost_announcement_loses_no_transaction)
{
	struct hash full;
	struct buf raw;

	open_node(&d, 50);
	open_node(&other, 51);
	wires_dial(&w, &d, &other);
	wires_run(&w);
	w.lose = lose_announcements;
	raw = transfer(10, 0, &full);
	submit(&raw);
	wires_live(&w, 50);
	ck_assert_uint_eq(lost, 1);
	ck_assert_uint_eq(pool_count(&other), 0);
	w.lose = NULL;
	wires_live(&w, 10100);
	ck_assert_uint_eq(pool_count(&other), 1);
	wires_release(&w);
	driver_free(&d);
	driver_free(&other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gossip");
	TCase *tell = tcase_create("announcing"),
	      *answer = tcase_create("answering"),
	      *ask = tcase_create("asking"), *bounds = tcase_create("bounds"),
	      *nodes = tcase_create("nodes");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tell, what_enters_the_pool_is_announced_once_to_each);
	tcase_add_test(tell, many_at_once_are_announced_in_batches);
	tcase_add_test(tell, the_oldest_are_announced_again_to_one_peer);
	tcase_add_test(tell, who_gave_it_is_not_told_of_it);
	tcase_add_test(tell, what_comes_in_by_itself_is_announced_to_all_again);
	tcase_add_test(answer,
		       what_is_asked_for_is_given_and_the_rest_left_out);
	tcase_add_test(answer, a_long_answer_comes_in_several_messages);
	tcase_add_test(ask,
		       ten_announce_it_and_it_is_asked_for_and_checked_once);
	tcase_add_test(
		ask,
		the_next_is_asked_after_two_seconds_and_a_late_answer_is_no_fault);
	tcase_add_test(ask, what_was_not_asked_for_is_not_looked_at);
	tcase_add_test(ask, a_bad_signature_is_the_fault_of_who_gave_it);
	tcase_add_test(ask, bytes_that_are_no_transaction_end_it);
	tcase_add_test(ask, what_a_peer_cannot_know_is_no_fault);
	tcase_add_test(ask, what_was_refused_for_now_is_asked_for_again_later);
	tcase_add_test(bounds,
		       a_flood_of_announcements_stays_within_its_bounds);
	tcase_add_test(bounds, one_peer_is_asked_for_no_more_than_it_can_send);
	tcase_add_test(bounds, what_left_the_pool_is_forgotten);
	tcase_add_test(bounds, answers_that_were_asked_for_cost_nothing);
	tcase_add_test(
		bounds,
		what_a_peer_that_is_gone_had_is_asked_of_busy_ones_later);
	tcase_add_test(nodes, a_burst_reaches_the_other_node_each_checked_once);
	tcase_add_test(nodes, a_lost_announcement_loses_no_transaction);
	suite_add_tcase(s, tell);
	suite_add_tcase(s, answer);
	suite_add_tcase(s, ask);
	suite_add_tcase(s, bounds);
	suite_add_tcase(s, nodes);
	tcase_set_timeout(bounds, 120);
	tcase_set_timeout(nodes, 120);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

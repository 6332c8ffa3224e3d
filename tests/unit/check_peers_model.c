/* SPDX-License-Identifier: MIT */
/*
 * Whatever peers say, in whatever order: the node answers or drops them, what
 * it keeps for them adds up, and an honest peer is still served.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "messages.h"
#include "node/gossip_internal.h"
#include "peer_fixture.h"

#define PEERS 6
#define KINDS 40 /* of transactions */

static struct driver d;
static struct rng rng;
static uint64_t last;
static struct peer_at {
	uint64_t number; /* 0: not connected */
	bool inbound;
	unsigned id;
} peers[PEERS];
static struct buf raws[KINDS];
static struct hash fulls[KINDS];

static void come(struct peer_at *p)
{
	struct msg_hello m;

	p->number = ++last;
	p->inbound = rng_below(&rng, 2);
	p->id = 51 + (unsigned)rng_below(&rng, PEERS);
	fake_connect(&d, p->number, p->inbound, p->id);
	m = fake_hello(&d, p->id);
	if (rng_below(&rng, 8))
		fake_say_hello(&d, p->number, p->inbound ? MSG_HEY : MSG_ACK,
			       &m);
}

static void say_anything(const struct peer_at *p)
{
	enum message_type t =
		(enum message_type)rng_below(&rng, MESSAGE_TYPE_COUNT);
	struct buf body = {0};

	message_random(&body, t, &rng);
	if (body.len && !rng_below(&rng, 4))
		body.data[rng_below(&rng, body.len)] ^=
			(uint8_t)(1 << rng_below(&rng, 8));
	fake_say(&d, p->number, t, &body);
}

static void say_hashes(const struct peer_at *p, enum message_type type)
{
	struct hash list[10];
	size_t i, count = 1 + rng_below(&rng, ARRAY_LEN(list));

	for (i = 0; i < count; i++)
		list[i] = fulls[rng_below(&rng, KINDS)];
	fake_hashes(&d, p->number, type, list, count);
}

/* Give what was asked for, or what was not. */
static void say_txs(const struct peer_at *p)
{
	struct hash list[MSG_TX_HASHES_MAX];
	struct span txs[MSG_TX_HASHES_MAX];
	struct buf body = {0};
	size_t i, k, count, n = 0;

	if (!sent(&d, p->number, MSG_TXQ, &body)) {
		k = rng_below(&rng, KINDS);
		txs[0] = buf_span(&raws[k]);
		if (!rng_below(&rng, 10))
			fake_txs(&d, p->number, txs, 1);
		return;
	}
	ck_assert(!msg_hashes_decode(list, &count, ARRAY_LEN(list),
				     buf_span(&body)));
	buf_release(&body);
	for (i = 0; i < count; i++)
		for (k = 0; k < KINDS; k++)
			if (hash_eq(&list[i], &fulls[k]) && rng_below(&rng, 5))
				txs[n++] = buf_span(&raws[k]);
	fake_txs(&d, p->number, txs, n);
}

static void one_thing(struct peer_at *p)
{
	struct span s;

	if (!p->number) {
		come(p);
		return;
	}
	switch (rng_below(&rng, 12)) {
	case 0:
		fake_gone(&d, p->number);
		p->number = 0;
		break;
	case 1:
	case 2:
		say_anything(p);
		break;
	case 3:
		s = buf_span(&raws[rng_below(&rng, KINDS)]);
		driver_submit(&d, &s, 1);
		break;
	case 4:
		driver_advance(&d, rng_below(&rng, 3000));
		break;
	case 5:
		driver_do_one(&d);
		break;
	case 6:
	case 7:
		say_hashes(p, MSG_TXQ);
		break;
	case 8:
	case 9:
		say_txs(p);
		break;
	default:
		say_hashes(p, MSG_TXA);
	}
}

/* Who was dropped has its connection ended, sooner or later. */
static void end_dropped(void)
{
	size_t i;

	for (i = 0; i < PEERS; i++)
		if (peers[i].number && dropped(&d, peers[i].number, NULL) &&
		    rng_below(&rng, 2)) {
			fake_gone(&d, peers[i].number);
			peers[i].number = 0;
		}
}

static void adds_up(void)
{
	const struct gossip *g = d.node->gossip;
	struct node_event now = {.kind = EVENT_TIMER};
	size_t open = 0, queued = 0, at = 0, listed = 0;
	const struct want *w;
	struct peer *p;

	driver_step(&d, &now); /* who left is told */
	while ((p = peers_next(d.node, &at))) {
		open += p->gossip->open;
		queued += p->gossip->queue_len;
		ck_assert_uint_lt(p->score, 100);
		ck_assert_uint_eq(p->gossip->ask.len, 0);
	}
	for (w = g->first; w; w = w->next) {
		ck_assert(!w->next || w->next->asked >= w->asked);
		listed++;
	}
	ck_assert_uint_eq(listed, map_count(g->wants));
	ck_assert_uint_eq(open, listed);
	ck_assert_uint_eq(queued, g->queued);
	ck_assert(!d.pending.count || map_count(d.node->checking) <= KINDS);
	ck_assert(d.pending.count || !map_count(d.node->checking));
}

static void make_transactions(void)
{
	struct address to = test_address(2);
	unsigned k;

	for (k = 0; k < KINDS; k++) {
		raws[k] = driver_transfer(&d, 10 + k / 4, k % 4, &to, 0, 0);
		if (k % 7 == 0)
			raws[k].data[raws[k].len - 1] ^= 1;
		sha256(&fulls[k], buf_span(&raws[k]));
	}
}

static void serves_an_honest_peer(void)
{
	struct msg_hello m = fake_hello(&d, 90);
	struct buf body = {0};

	forget_told(&d);
	fake_connect(&d, ++last, true, 90);
	fake_say_hello(&d, last, MSG_HEY, &m);
	ck_assert(sent(&d, last, MSG_ACK, NULL));
	fake_tip(&d, last, MSG_RBH, d.now, 1);
	ck_assert(sent(&d, last, MSG_BLH, NULL));
	fake_hashes(&d, last, MSG_TXQ, fulls, KINDS);
	ck_assert(sent(&d, last, MSG_TXN, &body));
	buf_release(&body);
}

START_TEST(whatever_peers_say_adds_up_and_hurts_nobody_else)
{
	struct driver_network network = {
		.on = true, .id = test_address(50), .instance = 1};
	unsigned i;

	rng_seed(&rng, (uint64_t)_i);
	memset(peers, 0, sizeof(peers));
	last = 0;
	driver_new_in(&d, &network, 1000000, "\"interval\": 1",
		      ", \"max_peers\": 5");
	make_transactions();
	for (i = 0; i < 1500; i++) {
		one_thing(&peers[rng_below(&rng, PEERS)]);
		end_dropped();
		if (i % 10 == 0)
			adds_up();
		if (i % 200 == 0)
			forget_told(&d);
	}
	for (i = 0; i < PEERS; i++)
		if (peers[i].number)
			fake_gone(&d, peers[i].number);
	adds_up();
	ck_assert_uint_eq(map_count(d.node->gossip->wants), 0);
	driver_settle(&d);
	serves_an_honest_peer();
	for (i = 0; i < KINDS; i++)
		buf_release(&raws[i]);
	driver_free(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("peers_model");
	TCase *any = tcase_create("anything");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(
		any, whatever_peers_say_adds_up_and_hurts_nobody_else, 0, 12);
	suite_add_tcase(s, any);
	tcase_set_timeout(any, 120);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

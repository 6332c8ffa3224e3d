/* SPDX-License-Identifier: MIT */
/*
 * Evidence of slots that were signed twice: found, kept, told, and what it
 * may cost to be told of it.
 */
#include <check.h>
#include <string.h>

#include "sync_world.h"

#define AT_ONCE "\"interval\": 0"

static struct world w;

static void send_ok(size_t node, unsigned from, uint64_t nonce, unsigned to,
		    uint64_t amount)
{
	ck_assert_int_eq(
		driver_send(&w.node[node], from, nonce, to, amount, 1).status,
		SUBMIT_PENDING);
}

START_TEST(a_slot_signed_twice_is_found_kept_and_told)
{
	static const unsigned keys[] = {1, 1, 0, 0};
	struct evidence_info info;
	struct address culprit = test_address(1);
	size_t found;

	world_new(&w, 4, keys, 2, AT_ONCE);
	send_ok(0, 1, 0, 2, 10);
	send_ok(1, 1, 0, 3, 10);
	world_live_alone(&w, 0, 1000);
	world_live_alone(&w, 1, 1200);
	/* node 2 hears of both, node 3 of it from node 2 alone */
	world_dial(&w, 2, 0);
	world_dial(&w, 2, 1);
	world_dial(&w, 3, 2);
	world_live(&w, 1000);
	found = world_evidence(&w, 2);
	ck_assert_uint_ge(found, 1);
	ck_assert_uint_eq(world_evidence(&w, 3), found);
	ck_assert(!query_evidence(&info, w.node[3].node,
				  kv_mem_view(w.node[3].mem), NULL));
	ck_assert(address_eq(&info.producer, &culprit));
	ck_assert(!hash_eq(&info.hash[0], &info.hash[1]));
	ck_assert(memcmp(&info.hash[0], &info.hash[1], HASH_LEN) < 0);
	ck_assert_uint_eq(info.header[0].time / 100, info.header[1].time / 100);
	/* heard again, and after a start: nothing new */
	world_crash(&w, 2);
	world_dial(&w, 2, 3);
	world_dial(&w, 2, 1);
	world_live(&w, 500);
	ck_assert_uint_ge(world_evidence(&w, 2), found);
	ck_assert_uint_eq(world_evidence(&w, 2), world_evidence(&w, 3));
	world_free(&w);
}
END_TEST

/* The seals of what node 3 is told are spoilt. */
static void spoil(struct world *world, struct driver *to, struct effect *e)
{
	if (e->type == MSG_EVD && to == &world->node[3])
		e->body.data[e->body.len - 10] ^= 1;
}

START_TEST(evidence_whose_seals_do_not_hold_costs_who_told_it)
{
	static const unsigned keys[] = {1, 1, 0, 0};

	world_new(&w, 4, keys, 2, AT_ONCE);
	send_ok(0, 1, 0, 2, 10);
	send_ok(1, 1, 0, 3, 10);
	world_live_alone(&w, 0, 1000);
	world_live_alone(&w, 1, 1200);
	world_dial(&w, 2, 0);
	world_dial(&w, 2, 1);
	world_live(&w, 1000);
	ck_assert_uint_ge(world_evidence(&w, 2), 1);
	w.mangle = spoil;
	world_dial(&w, 3, 2);
	world_live(&w, 300);
	ck_assert_uint_lt(world_evidence(&w, 3), world_evidence(&w, 2));
	ck_assert_uint_eq(node_peer_count(w.node[3].node), 0);
	world_free(&w);
}
END_TEST

/* Two headers of authority 1 in that slot, with seals that nobody made. */
static void forge_evidence(struct driver *d, uint64_t peer, uint64_t slot)
{
	struct buf header[2] = {{0}}, seal = {0}, body = {0};
	struct header h = {.time = DRIVER_START + slot * 100,
			   .has_producer = true,
			   .producer = test_address(1),
			   .engine = span_str("\x90")};
	uint8_t forged[64] = {1};
	struct seal s = {.key = secret_key_public(d->key),
			 .signature = SPAN_OF(forged)};
	size_t i;

	seal_encode(&seal, &s);
	for (i = 0; i < 2; i++) {
		h.height = 3 + i;
		header_encode(&header[i], &h);
	}
	buf_byte(&body, 0x91); /* an array of one */
	msg_evidence_encode(
		&body,
		(struct span[]){buf_span(&header[0]), buf_span(&header[1])},
		(struct span[]){buf_span(&seal), buf_span(&seal)});
	fake_say(d, peer, MSG_EVD, &body);
	buf_release(&header[0]);
	buf_release(&header[1]);
	buf_release(&seal);
}

START_TEST(a_flood_of_evidence_waits_in_bounds_and_ends_its_sender)
{
	static const unsigned keys[] = {1};
	struct driver *d = &w.node[0];
	uint64_t slot, ban = 0;
	size_t i;

	world_new(&w, 1, keys, 1, AT_ONCE);
	fake_peer(d, 5, true, 60);
	driver_settle(d);
	for (slot = 1; slot <= 300; slot++)
		forge_evidence(d, 5, slot);
	ck_assert_uint_ge(d->pending.count, 1);
	ck_assert_uint_le(d->pending.count, 64);
	for (i = 0; i < d->pending.count; i++)
		ck_assert_uint_eq(d->pending.list[i].job->checks.count, 2);
	driver_settle(d);
	ck_assert(dropped(d, 5, &ban));
	ck_assert_uint_gt(ban, 0);
	ck_assert_uint_eq(world_evidence(&w, 0), 0);
	/* what they took is free again */
	fake_gone(d, 5);
	fake_peer(d, 6, true, 61);
	forge_evidence(d, 6, 1);
	ck_assert_uint_eq(d->pending.count, 1);
	driver_settle(d);
	ck_assert(dropped(d, 6, &ban));
	world_free(&w);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("evidence");
	TCase *t = tcase_create("evidence");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_slot_signed_twice_is_found_kept_and_told);
	tcase_add_test(t, evidence_whose_seals_do_not_hold_costs_who_told_it);
	tcase_add_test(t,
		       a_flood_of_evidence_waits_in_bounds_and_ends_its_sender);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

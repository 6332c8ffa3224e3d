/* SPDX-License-Identifier: MIT */
/*
 * Peers that are no nodes: they know the protocol and want no good. Each has
 * a vice, and a new name when it was thrown out. One in league with a
 * cheating authority hands out blocks that this signed at any turn of its
 * own, past or present, on any parent.
 */
#include <string.h>

#include "codec/msgpack.h"
#include "sim/sim.h"

#define FIRST_ATTACKER 1000 /* number of its key */

static struct attacker *attacker_of(struct sim *s, size_t end)
{
	return &s->attackers[end - s->host_count];
}

static void rename_it(struct sim *s, struct attacker *a)
{
	size_t i;

	sim_key_make(&a->key,
		     FIRST_ATTACKER + (uint32_t)rng_below(&s->rng, 1u << 30));
	for (i = 0; i < s->host_count; i++)
		s->hosts[i].ban_until[a->end] = 0;
}

void attacker_make(struct sim *s)
{
	struct attacker *a;
	size_t i;

	for (i = 0; i < s->weather.attackers; i++) {
		a = &s->attackers[i];
		a->end = s->host_count + i;
		a->vice = (enum vice)rng_below(&s->rng, VICE_COUNT);
		a->tip = s->model.root;
		rename_it(s, a);
		sim_after(s, sim_between(s, 0, 1000), SIM_ATTACK)->host =
			a->end;
	}
}

void attacker_release(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->weather.attackers; i++)
		buf_release(&s->attackers[i].heard);
}

void attacker_send(struct sim *s, const struct attacker *a, uint64_t conn,
		   enum message_type type, struct buf *body)
{
	if (body->len <= message_bytes_max(type)) /* the shell sees to that */
		net_send(s, a->end, conn, type, body);
	buf_release(body);
}

void attacker_say_hello(struct sim *s, struct attacker *a, uint64_t conn,
			enum message_type type)
{
	struct buf out = {0};
	struct msg_hello m = {
		.version = PROTOCOL_VERSION,
		.genesis = s->genesis.hash,
		.id = a->key.address,
		.instance = rng_next(&s->rng) >> 16,
		.listen = SPAN("", 0),
		.height = a->tip->header.height,
		.tip = a->tip->hash,
		.clock = s->now,
		.agent = span_str("evil"),
	};

	if (a->vice == VICE_LIES)
		m.height += rng_below(&s->rng, 1000000);
	msg_hello_encode(&out, &m);
	attacker_send(s, a, conn, type, &out);
}

void attacker_up(struct sim *s, size_t end, uint64_t conn, bool dialled)
{
	struct attacker *a = attacker_of(s, end);

	if (a->conn_count == SIM_HOSTS_MAX)
		return;
	a->conns[a->conn_count++] = conn;
	if (dialled)
		attacker_say_hello(s, a, conn, MSG_HEY);
}

void attacker_gone(struct sim *s, size_t end, uint64_t conn)
{
	struct attacker *a = attacker_of(s, end);
	size_t i;

	for (i = 0; i < a->conn_count; i++)
		if (a->conns[i] == conn)
			a->conns[i--] = a->conns[--a->conn_count];
	if (!a->conn_count && sim_chance(s, 30))
		rename_it(s, a);
}

void attacker_message(struct sim *s, size_t end, uint64_t conn,
		      enum message_type type, struct span body)
{
	struct attacker *a = attacker_of(s, end);

	if (s->healed)
		return;
	buf_reset(&a->heard);
	buf_append_span(&a->heard, body);
	a->heard_type = type;
	attacker_answer(s, a, conn, type, body);
}

/* --- misdeeds ------------------------------------------------------------ */

static void garbage(struct sim *s, struct attacker *a, uint64_t conn)
{
	struct buf out = {0};
	size_t i, n = rng_below(&s->rng, 60);
	enum message_type type =
		(enum message_type)rng_below(&s->rng, MESSAGE_TYPE_COUNT);

	if (sim_chance(s, 50))
		mp_array(&out, rng_below(&s->rng, 8));
	for (i = 0; i < n; i++)
		buf_byte(&out, (uint8_t)rng_next(&s->rng));
	attacker_send(s, a, conn, type, &out);
}

static void parrot(struct sim *s, struct attacker *a, uint64_t conn)
{
	struct buf out = {0};

	buf_append_span(&out, buf_span(&a->heard));
	if (out.len && sim_chance(s, 30))
		out.data[rng_below(&s->rng, out.len)] ^=
			(uint8_t)(1u << rng_below(&s->rng, 8));
	if (sim_chance(s, 10))
		out.len = rng_below(&s->rng, out.len + 1);
	attacker_send(s, a, conn, a->heard_type, &out);
}

static void announce(struct sim *s, struct attacker *a, uint64_t conn)
{
	struct buf out = {0};
	struct msg_block_here m = {a->tip->header.height, a->tip->hash};

	if (a->vice == VICE_LIES) {
		m.height += rng_below(&s->rng, 1000);
		put_be64(m.hash.b, rng_next(&s->rng));
	}
	msg_block_here_encode(&out, &m);
	attacker_send(s, a, conn, MSG_BLK, &out);
}

static void announce_txs(struct sim *s, struct attacker *a, uint64_t conn)
{
	struct hash list[5] = {{{0}}};
	struct buf out = {0};
	size_t i, n = sim_between(s, 1, 5);

	for (i = 0; i < n; i++)
		put_be64(list[i].b, rng_next(&s->rng));
	msg_hashes_encode(&out, list, n);
	attacker_send(s, a, conn, MSG_TXA, &out);
}

static void forged(struct sim *s, struct attacker *a, uint64_t conn)
{
	struct buf out = {0}, block = {0};
	struct span raw;

	switch (rng_below(&s->rng, 3)) {
	case 0:
		mp_array(&out, 1);
		forge_header(s, &out);
		attacker_send(s, a, conn, MSG_AHD, &out);
		break;
	case 1:
		mp_array(&out, 1);
		forge_tx(s, &out);
		attacker_send(s, a, conn, MSG_TXN, &out);
		break;
	default:
		forge_bad_block(s, &block);
		raw = buf_span(&block);
		msg_blocks_encode(&out, &raw, 1, NULL, 0);
		attacker_send(s, a, conn, MSG_ABL, &out);
		buf_release(&block);
	}
}

static void misdeed(struct sim *s, struct attacker *a, uint64_t conn)
{
	if (s->engine->misdeed(s, a, conn))
		return;
	if (sim_chance(s, 30)) {
		announce(s, a, conn);
		return;
	}
	switch (a->vice) {
	case VICE_LIES:
	case VICE_WITHHOLD:
		if (sim_chance(s, 50))
			announce_txs(s, a, conn);
		else
			announce(s, a, conn);
		break;
	case VICE_GARBAGE:
		garbage(s, a, conn);
		break;
	case VICE_FORGE:
		forged(s, a, conn);
		break;
	case VICE_PARROT:
		parrot(s, a, conn);
		break;
	case VICE_COUNT:
		BUG("no vice");
	}
}

void attacker_act(struct sim *s, size_t end)
{
	struct attacker *a = attacker_of(s, end);
	struct model_block *b = NULL;

	if (s->healed)
		return;
	if (s->cheater != SIZE_MAX && sim_chance(s, 60))
		b = forge_block(s);
	a->tip = b ? b : forge_any(s);
	s->stats.attacks += a->conn_count > 0;
	if (a->conn_count)
		misdeed(s, a, a->conns[rng_below(&s->rng, a->conn_count)]);
	sim_after(s, sim_between(s, 1, 2 * s->weather.attack_every), SIM_ATTACK)
		->host = end;
}

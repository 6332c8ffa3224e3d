/* SPDX-License-Identifier: MIT */
/*
 * What nodes send each other, and what a node's room does with it: votes go
 * to the machine, votes of old heights are answered with a certificate (rule
 * 11), who is behind asks for blocks.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/bft/world.h"

#define ANSWER_EVERY_MS 100 /* rule 11, to one peer */

struct message *new_message(struct world *w, enum message_kind kind)
{
	struct message *m = arena(w, sizeof(*m));

	memset(m, 0, sizeof(*m));
	m->kind = kind;
	m->block = NO_BLOCK;
	return m;
}

/* Faulty nodes may keep their mouth shut. */
static bool is_said(struct world *w, const struct node *from, size_t to,
		    const struct message *m)
{
	if (!is_byzantine(w, from))
		return true;
	if ((w->attacks & ATTACK_WITHHOLD) && m->kind == MSG_VOTE &&
	    m->own.kind == VOTE_PROPOSAL && chance(w, 400))
		return false;
	if (w->wound_down || (w->attacks & ATTACK_DEAD))
		return false;
	if (!(from->to >> to & 1))
		return false;
	return !(w->attacks & ATTACK_SILENT) || !chance(w, 300);
}

/* Work is told over connections that say so when they break, so only what is
 * cut off misses it. */
static bool is_lost(struct world *w, const struct node *from, size_t to,
		    const struct message *m)
{
	if (w->healed)
		return false;
	if (w->cut[from->number] >> to & 1)
		return true;
	if (m->kind == MSG_TXS)
		return false;
	if (chance(w, w->loss))
		return true;
	return m->kind == MSG_VOTE && chance(w, w->kind_loss[m->own.kind]);
}

static uint64_t way(struct world *w)
{
	uint64_t ms = w->latency + below(w, w->jitter + 1);

	if (w->healed || !chance(w, w->late))
		return ms;
	w->stats.dropped++;
	return ms + below(w, 3 * w->rules.timeout_ms);
}

void send_to(struct world *w, const struct node *from, size_t to,
	     struct message *m)
{
	struct event e = {
		.kind = EV_MESSAGE,
		.from = from->number,
		.node = (uint8_t)to,
		.sent = w->now,
		.message = m,
	};

	if (to == from->number || !is_said(w, from, to, m))
		return;
	if (is_lost(w, from, to, m)) {
		w->stats.dropped++;
		return;
	}
	e.at = w->now + way(w);
	push(w, &e);
	if (!w->healed && chance(w, w->twice)) {
		w->stats.dropped++;
		e.at = w->now + way(w);
		push(w, &e);
	}
}

void send_all(struct world *w, const struct node *from, struct message *m)
{
	size_t i;

	for (i = 0; i < w->node_count; i++)
		send_to(w, from, i, m);
}

void say_height(struct world *w, const struct node *n, size_t to)
{
	struct message *m = new_message(w, MSG_PING);

	m->height = n->tip;
	if (is_byzantine(w, n) && m->height && chance(w, 300))
		m->height = below(w, m->height);
	send_to(w, n, to, m);
}

void spread_work(struct world *w, const struct node *n, uint64_t txs)
{
	struct message *m;

	if (!txs)
		return;
	m = new_message(w, MSG_TXS);
	m->txs = txs;
	send_all(w, n, m);
}

/* --- behind, and ahead --------------------------------------------------- */

void ask_height(struct world *w, const struct node *n, size_t to)
{
	struct message *m = new_message(w, MSG_SYNC);

	m->height = n->tip + 1;
	send_to(w, n, to, m);
}

static void is_ahead(struct world *w, struct node *n, size_t peer,
		     uint64_t height)
{
	if (height > n->ahead) {
		n->ahead = height;
		n->ahead_peer = (uint8_t)peer;
	}
	if (height > n->tip && !n->committing)
		ask_height(w, n, peer);
}

static void answer_height(struct world *w, const struct node *n, size_t to,
			  uint64_t height, bool bytes)
{
	const struct link *l;
	struct message *m;

	if (!height || height > n->tip)
		return;
	l = &n->links[height - 1];
	m = new_message(w, MSG_SEALED);
	m->block = l->block;
	m->bytes = bytes;
	m->height = n->tip;
	m->m.prepares = l->votes;
	m->m.prepare_count = l->vote_count;
	send_to(w, n, to, m);
}

static void take_sealed(struct world *w, struct node *n, size_t from,
			const struct message *m)
{
	if (w->blocks[m->block].height != n->tip + 1 || n->committing)
		return;
	if (!m->bytes && !has_bytes(n, m->block))
		ask_height(w, n, from);
	else
		commit(w, n, m->block, m->m.prepares, m->m.prepare_count);
}

static void answer_block(struct world *w, const struct node *n, size_t to,
			 const struct hash *digest)
{
	uint32_t block = find_block(w, digest);
	struct message *m;
	uint64_t height;

	if (block == NO_BLOCK)
		return;
	height = w->blocks[block].height;
	if (!has_bytes(n, block) &&
	    (height > n->tip || n->links[height - 1].block != block))
		return;
	if (is_byzantine(w, n) && (w->attacks & ATTACK_WITHHOLD))
		return;
	m = new_message(w, MSG_BYTES);
	m->block = block;
	send_to(w, n, to, m);
}

/* --- votes --------------------------------------------------------------- */

static bool verify_all(const struct world *w, const struct bft_message *m)
{
	size_t i;

	if (!verify(w, m->vote))
		return false;
	for (i = 0; i < m->change_count; i++)
		if (!verify(w, &m->changes[i]))
			return false;
	for (i = 0; i < m->prepare_count; i++)
		if (!verify(w, &m->prepares[i]))
			return false;
	return true;
}

/* What is not wanted changes nothing: also when it comes nevertheless. */
static void take_unwanted(struct world *w, struct node *n,
			  const struct bft_message *m)
{
	struct bft_status before, after;
	uint64_t wake = bft_wake(n->b);

	if (!chance(w, 100) || (wake && wake <= w->now))
		return;
	bft_status(n->b, &before);
	bft_receive(n->b, m, w->now, &w->effects);
	bft_status(n->b, &after);
	if (w->effects.count || before.round != after.round ||
	    before.has_proposal != after.has_proposal ||
	    before.prepared != after.prepared)
		fail(w, "node %u did not want what changes it", n->number);
	bft_effects_reset(&w->effects);
}

static void take_vote(struct world *w, struct node *n, size_t from,
		      const struct message *m)
{
	struct bft_message in = m->m;
	const struct vote *v = &m->own;

	if (v->height <= n->tip) {
		if (w->now - n->answered[from] >= ANSWER_EVERY_MS) {
			n->answered[from] = w->now;
			w->stats.certificates++;
			answer_height(w, n, from, v->height, false);
		}
		return;
	}
	if (v->height > n->tip + 2) {
		ask_height(w, n, from);
		return;
	}
	if (v->kind == VOTE_PREPARE || v->kind == VOTE_COMMIT)
		in = (struct bft_message){.vote = v};
	if (!verify_all(w, &in))
		return;
	if (!bft_wants(n->b, v)) {
		take_unwanted(w, n, &in);
		return;
	}
	note_proposal(w, n, &in);
	bft_receive(n->b, &in, w->now, &w->effects);
	carry_out(w, n);
	if (v->kind == VOTE_PROPOSAL && m->bytes)
		take_block(w, n, m->block);
}

void deliver(struct world *w, struct node *n, const struct event *e)
{
	const struct message *m = e->message;
	const struct node *from = &w->nodes[e->from];

	if (e->sent <= from->killed_at && e->sent > from->kept_until)
		return;
	w->stats.delivered++;
	if (m->kind == MSG_VOTE && is_byzantine(w, n))
		overhear(w, m);
	switch (m->kind) {
	case MSG_VOTE:
		take_vote(w, n, e->from, m);
		break;
	case MSG_TXS:
		learn_work(w, n, m->txs);
		break;
	case MSG_ASK:
		answer_block(w, n, e->from, &m->digest);
		break;
	case MSG_BYTES:
		take_block(w, n, m->block);
		break;
	case MSG_PING:
		height_told(w, n, from->person, m->height);
		is_ahead(w, n, e->from, m->height);
		break;
	case MSG_SYNC:
		answer_height(w, n, e->from, m->height, true);
		break;
	case MSG_SEALED:
		if (m->height > n->ahead)
			n->ahead = m->height, n->ahead_peer = e->from;
		take_sealed(w, n, e->from, m);
		break;
	}
}

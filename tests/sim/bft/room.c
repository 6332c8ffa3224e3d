/* SPDX-License-Identifier: MIT */
/*
 * The room around a machine: signs, keeps the journal, executes, builds and
 * asks for blocks, as node/bft does it with real ones.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "sim/bft/world.h"

static void later(struct world *w, const struct node *n, enum event_kind kind,
		  uint64_t ms, uint64_t arg, struct message *m)
{
	struct event e = {
		.at = w->now + ms,
		.kind = kind,
		.node = n->number,
		.epoch = n->epoch,
		.arg = arg,
		.message = m,
	};

	push(w, &e);
}

static uint64_t upto(struct world *w, uint64_t ms)
{
	return 1 + below(w, ms);
}

/* --- block bytes --------------------------------------------------------- */

bool has_bytes(const struct node *n, uint32_t block)
{
	size_t i;

	for (i = 0; i < n->store_count; i++)
		if (n->store[i] == block)
			return true;
	return false;
}

static void drop_unneeded(struct world *w, struct node *n)
{
	size_t i, kept = 0;

	for (i = 0; i < n->store_count; i++)
		if (bft_needs_block(n->b, &w->blocks[n->store[i]].digest))
			n->store[kept++] = n->store[i];
	n->store_count = kept;
}

static void keep(struct world *w, struct node *n, uint32_t block)
{
	drop_unneeded(w, n);
	check_memory(w, n);
	if (n->store_count == STORE_MAX)
		fail(w, "node %u needs too many blocks", n->number);
	else
		n->store[n->store_count++] = block;
}

void take_block(struct world *w, struct node *n, uint32_t block)
{
	const struct hash *digest = &w->blocks[block].digest;

	if (!bft_needs_block(n->b, digest))
		return;
	if (!has_bytes(n, block))
		keep(w, n, block);
	bft_block(n->b, digest, w->now, &w->effects);
	carry_out(w, n);
}

static void ask_signers(struct world *w, const struct node *n,
			const struct bft_effect *e)
{
	uint64_t height = n->tip + 1;
	uint32_t block = find_block(w, &e->digest);
	struct message *m;
	unsigned asked = 0;
	size_t i, k;

	if (!e->vote_count)
		fail(w, "node %u asks nobody for a block", n->number);
	if (block != NO_BLOCK && has_bytes(n, block)) {
		later(w, n, EV_BYTES, 1, block, NULL);
		return;
	}
	w->stats.fetches++;
	m = new_message(w, MSG_ASK);
	m->digest = e->digest;
	if (e->vote_count)
		height = e->votes[0].height;
	for (i = 0; i < e->vote_count; i++)
		asked |= 1u << person_of(w, height, e->votes[i].signer);
	for (k = 0; k < w->node_count; k++)
		if (asked >> w->nodes[k].person & 1)
			send_to(w, n, k, m);
}

/* --- building and executing ---------------------------------------------- */

void built(struct world *w, struct node *n, uint64_t round)
{
	uint64_t txs = n->known & ~n->included;
	bool valid = true;
	uint32_t block;

	if (n->committing)
		return;
	if (!txs && !round) {
		bft_build_failed(n->b, round);
		return;
	}
	if (is_byzantine(w, n) && (w->attacks & ATTACK_INVALID))
		valid = chance(w, 500);
	block = make_block(w, n, round, txs, valid);
	if (n->store_count < STORE_MAX)
		n->store[n->store_count++] = block;
	note(w, "%u builds block %u for round %" PRIu64, n->number, block,
	     round);
	bft_built(n->b, round, &w->blocks[block].digest, w->now, &w->effects);
	carry_out(w, n);
	drop_unneeded(w, n);
}

static bool is_good(const struct world *w, const struct node *n,
		    const struct block *b, uint64_t round, bool fresh)
{
	uint32_t parent = n->tip ? n->links[n->tip - 1].block : NO_BLOCK;
	size_t producer = index_of(w, b->height, b->producer);

	if (!b->valid || b->height != n->tip + 1 || b->parent != parent ||
	    (b->txs & n->included) || producer == BFT_NOBODY)
		return false;
	if (parent != NO_BLOCK && b->time <= w->blocks[parent].time)
		return false;
	if (!fresh)
		return true;
	return (int64_t)b->time <=
		       (int64_t)w->now + n->clock + (int64_t)w->drift &&
	       producer == (b->height + round) % set_size(w, b->height);
}

void executed(struct world *w, struct node *n, size_t run)
{
	struct run *r = &n->runs[run];
	const struct block *b = &w->blocks[r->block];

	if (b->height != n->tip + 1)
		return;
	r->done = true;
	r->good = is_good(w, n, b, r->round, r->fresh);
	note(w, "%u executed block %u: %s", n->number, r->block,
	     r->good ? "good" : "bad");
	bft_executed(n->b, &b->digest, r->round, r->fresh, r->good, w->now,
		     &w->effects);
	carry_out(w, n);
}

static void execute(struct world *w, struct node *n, const struct bft_effect *e)
{
	uint32_t block = find_block(w, &e->digest);
	struct run *r;

	if (block == NO_BLOCK || !has_bytes(n, block)) {
		fail(w, "node %u executes what it does not have", n->number);
		return;
	}
	if (n->run_count == RUNS_MAX) {
		fail(w, "node %u executes without end", n->number);
		return;
	}
	r = &n->runs[n->run_count++];
	*r = (struct run){.block = block, .round = e->round, .fresh = e->fresh};
	later(w, n, EV_EXECUTED, upto(w, w->execute), (uint64_t)(r - n->runs),
	      NULL);
}

/* --- votes --------------------------------------------------------------- */

static struct message *vote_message(struct world *w, const struct bft_effect *e)
{
	struct message *m = new_message(w, MSG_VOTE);

	m->own = e->vote;
	m->m = (struct bft_message){
		.vote = &m->own,
		.changes = arena_votes(w, e->changes, e->change_count),
		.change_count = e->change_count,
		.prepares = arena_votes(w, e->votes, e->vote_count),
		.prepare_count = e->vote_count,
	};
	if (e->vote.kind == VOTE_PROPOSAL) {
		m->block = find_block(w, &e->vote.digest);
		m->bytes = m->block != NO_BLOCK;
	}
	return m;
}

static void cast(struct world *w, struct node *n, const struct bft_effect *e)
{
	struct message *m;
	struct record *r;

	check_cast(w, n, e);
	if (n->record_count == RECORDS_MAX) {
		fail(w, "node %u signs too much", n->number);
		return;
	}
	m = vote_message(w, e);
	sign(w, &m->own, n->person);
	r = &n->records[n->record_count++];
	*r = (struct record){.m = m, .block = NO_BLOCK};
	if (e->vote.kind <= VOTE_PREPARE)
		r->block = find_block(w, &e->vote.digest);
	if (m->own.height > n->journal_height)
		n->journal_height = m->own.height;
	later(w, n, EV_DURABLE, upto(w, w->sign) + upto(w, w->disk), 0, m);
}

void cast_durable(struct world *w, struct node *n, const struct vote *v)
{
	size_t i;

	for (i = n->durable; i < n->record_count; i++)
		if (&n->records[i].m->own == v)
			n->durable = i + 1;
	forget_records(n);
	bft_cast_done(n->b, v, w->now, &w->effects);
	carry_out(w, n);
}

static void send_vote(struct world *w, struct node *n,
		      const struct bft_effect *e)
{
	struct record *r = NULL;
	size_t i;

	for (i = n->durable; i-- && !r;)
		if (n->records[i].m->own.kind == e->vote.kind &&
		    n->records[i].m->own.height == e->vote.height &&
		    n->records[i].m->own.round == e->vote.round)
			r = &n->records[i];
	check_send(w, n, e, r);
	if (!r)
		return;
	if (!r->shown)
		note_vote(w, n, "says", &r->m->own);
	r->shown = true;
	if (r->m->m.change_count == e->change_count &&
	    (r->m->m.prepare_count == e->vote_count ||
	     e->vote.kind == VOTE_COMMIT))
		send_all(w, n, r->m);
	else
		send_all(w, n, vote_message(w, e));
}

static void timed_out(struct world *w, struct node *n)
{
	struct bft_status s;

	bft_status(n->b, &s);
	w->stats.timeouts++;
	if (s.round && is_faulty_leader(w, s.height, s.round - 1))
		n->excused++;
	else
		n->timeouts++;
	note(w, "%u: round %" PRIu64 " of height %" PRIu64 " timed out",
	     n->number, s.round - 1, s.height);
	spread_work(w, n, n->known & ~n->included);
}

static void carry_out_one(struct world *w, struct node *n,
			  const struct bft_effect *e)
{
	switch (e->kind) {
	case BFT_CAST:
		cast(w, n, e);
		break;
	case BFT_SEND:
		send_vote(w, n, e);
		break;
	case BFT_BUILD:
		later(w, n, EV_BUILT, upto(w, w->execute), e->round, NULL);
		break;
	case BFT_EXECUTE:
		execute(w, n, e);
		break;
	case BFT_FETCH:
		ask_signers(w, n, e);
		break;
	case BFT_DECIDE:
		if (!has_bytes(n, find_block(w, &e->digest)))
			fail(w, "node %u decides what it does not have",
			     n->number);
		else
			commit(w, n, find_block(w, &e->digest), e->votes,
			       e->vote_count);
		break;
	case BFT_EVIDENCE:
		check_evidence(w, n, e);
		break;
	case BFT_TIMED_OUT:
		timed_out(w, n);
		break;
	}
}

void carry_out(struct world *w, struct node *n)
{
	size_t i;

	check_effects(w, n);
	for (i = 0; i < w->effects.count; i++)
		carry_out_one(w, n, &w->effects.list[i]);
	bft_effects_reset(&w->effects);
	after_step(w, n);
}

/* --- work ---------------------------------------------------------------- */

void tell_work(struct world *w, struct node *n)
{
	uint64_t due = NEVER, pending = n->known & ~n->included;

	/* who takes part tells it again when its round times out */
	if (index_of(w, n->tip + 1, n->person) == BFT_NOBODY || is_muted(n))
		spread_work(w, n, pending);
	if (pending)
		due = n->tip_at + w->interval > w->now ? n->tip_at + w->interval
						       : w->now;
	bft_work(n->b, due, w->now, &w->effects);
	carry_out(w, n);
}

void learn_work(struct world *w, struct node *n, uint64_t txs)
{
	txs &= ~n->known & ~n->included;
	if (!txs)
		return;
	n->known |= txs;
	tell_work(w, n);
}

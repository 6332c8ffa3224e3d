/* SPDX-License-Identifier: MIT */
/*
 * The life of a node: heights, crashes, starts, and what is left when a disk
 * was wiped (rule 17, as doc/bft.md: "Losing the journal" has it).
 */
#include <inttypes.h>
#include <string.h>

#include "sim/bft/world.h"

/* --- heights ------------------------------------------------------------- */

bool is_muted(const struct node *n)
{
	uint64_t height = n->tip + 1;

	return n->journal_lost || height < n->floor ||
	       height < n->journal_height;
}

/* What was signed at this height before a crash. */
static void replay(struct node *n)
{
	size_t i;

	n->replay_due = false;
	for (i = 0; i < n->record_count; i++) {
		struct record *r = &n->records[i];

		if (r->m->own.height != n->tip + 1)
			continue;
		if (r->block != NO_BLOCK && !has_bytes(n, r->block) &&
		    n->store_count < STORE_MAX)
			n->store[n->store_count++] = r->block;
		bft_replay(n->b, &r->m->m);
	}
}

/* The journal keeps those of the highest height. */
void forget_records(struct node *n)
{
	size_t i, kept = 0, durable = 0;
	uint64_t highest = 0;

	for (i = 0; i < n->durable; i++)
		if (n->records[i].m->own.height > highest)
			highest = n->records[i].m->own.height;
	for (i = 0; i < n->record_count; i++) {
		if (n->records[i].m->own.height < highest)
			continue;
		durable += i < n->durable;
		n->records[kept++] = n->records[i];
	}
	n->record_count = kept;
	n->durable = durable;
}

static void enter(struct world *w, struct node *n)
{
	struct bft_height h = {
		.height = n->tip + 1,
		.n = set_size(w, n->tip + 1),
		.self = index_of(w, n->tip + 1, n->person),
		.next_n = set_size(w, n->tip + 2),
	};

	bft_enter(n->b, &h, w->now);
	bft_mute(n->b, is_muted(n));
	if (n->replay_due && n->journal_height <= n->tip + 1)
		replay(n);
	n->run_count = 0;
	tell_work(w, n);
}

void commit(struct world *w, struct node *n, uint32_t block,
	    const struct vote *votes, size_t count)
{
	struct event e = {
		.at = w->now + 1 + below(w, w->disk),
		.kind = EV_COMMITTED,
		.node = n->number,
		.epoch = n->epoch,
	};

	check_decided(w, n, n->tip + 1, block, votes, count);
	if (n->committing || w->failed)
		return;
	note(w, "%u decides block %u at %" PRIu64, n->number, block,
	     n->tip + 1);
	n->committing = true;
	n->next = (struct link){
		.block = block,
		.votes = arena_votes(w, votes, count),
		.vote_count = count,
	};
	push(w, &e);
}

static void move_tip(struct world *w, struct node *n)
{
	n->links[n->tip++] = n->next;
	n->included |= w->blocks[n->next.block].txs;
	n->committing = false;
	n->tip_at = w->now;
}

void committed(struct world *w, struct node *n)
{
	move_tip(w, n);
	check_progress(w, n);
	enter(w, n);
	if (n->ahead > n->tip)
		ask_height(w, n, n->ahead_peer);
	more_work(w);
}

/* --- crashes ------------------------------------------------------------- */

void crash(struct world *w, struct node *n)
{
	size_t i;

	if (!n->up)
		return;
	note(w, "%u crashes", n->number);
	w->stats.crashes++;
	n->up = false;
	n->epoch++;
	bft_free(n->b);
	n->b = NULL;
	n->wake = 0;
	n->killed_at = w->now;
	n->kept_until = w->now - below(w, w->latency + w->jitter + 1);
	/* what is on its way to the disk may be there, or not */
	while (n->durable < n->record_count && chance(w, 500))
		n->durable++;
	w->stats.lost += n->record_count - n->durable;
	n->record_count = n->durable;
	n->journal_height = 0;
	for (i = 0; i < n->record_count; i++)
		if (n->records[i].m->own.height > n->journal_height)
			n->journal_height = n->records[i].m->own.height;
	if (n->committing && chance(w, 500))
		move_tip(w, n);
	n->committing = false;
	n->floor_queued = false;
	n->store_count = n->run_count = n->proposal_count = 0;
	n->known = 0;
	n->ahead = 0;
	memset(n->told, 0, sizeof(n->told));
	memset(n->answered, 0, sizeof(n->answered));
}

/* Of a node that is down. */
void wipe(struct world *w, struct node *n)
{
	unsigned what = 1 + (unsigned)below(w, 3);

	note(w, "%u loses its %s", n->number,
	     what == 1	 ? "chain"
	     : what == 2 ? "journal"
			 : "disk");
	w->stats.wipes++;
	if (what & 1) {
		n->tip = 0;
		n->included = 0;
	}
	if (what & 2) {
		n->record_count = n->durable = 0;
		n->journal_height = n->floor = 0;
		n->journal_lost = true;
	}
}

void start(struct world *w, struct node *n)
{
	size_t i;

	if (n->up)
		return;
	note(w, "%u starts at %" PRIu64, n->number, n->tip);
	n->up = true;
	n->b = bft_new(&w->rules);
	n->replay_due = true;
	enter(w, n);
	for (i = 0; i < w->node_count; i++) /* as peers do when they meet */
		if (w->nodes[i].up && !is_byzantine(w, &w->nodes[i]))
			spread_work(w, &w->nodes[i],
				    w->nodes[i].known & ~w->nodes[i].included);
}

/* --- a lost journal ------------------------------------------------------ */

/* Heights told by q others: T is the highest; the floor T + 3. */
void height_told(struct world *w, struct node *n, size_t person,
		 uint64_t height)
{
	uint64_t highest = 0;
	size_t i, count = 0;
	struct event e = {
		.at = w->now + 1 + below(w, w->disk),
		.kind = EV_FLOOR,
		.node = n->number,
		.epoch = n->epoch,
	};

	if (!n->journal_lost || n->floor_queued || person == n->person)
		return;
	n->told[person] = height + 1;
	for (i = 0; i < w->persons; i++) {
		count += n->told[i] != 0;
		if (n->told[i] > highest)
			highest = n->told[i];
	}
	if (count < validators_quorum(w->persons))
		return;
	n->floor_queued = true;
	e.arg = highest - 1 + 3;
	push(w, &e);
}

void floor_durable(struct world *w, struct node *n, uint64_t floor)
{
	note(w, "%u votes from height %" PRIu64 " on", n->number, floor);
	w->stats.floors++;
	n->floor_queued = false;
	n->journal_lost = false;
	n->floor = floor;
	bft_mute(n->b, is_muted(n));
	bft_tick(n->b, w->now, &w->effects);
	carry_out(w, n);
}

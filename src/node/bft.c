/* SPDX-License-Identifier: MIT */
/*
 * The room around the round machine: its life, what comes in, and the one
 * tick that follows the tip, tells the machine the time and what is to be
 * done, and does what the machine wants. Everything here is looked at again
 * in every step, so nothing depends on the order in which things came.
 */
#include <stdlib.h>
#include <string.h>

#include "consensus/work.h"
#include "node/bft_internal.h"
#include "node/sync_internal.h"

/* --- life -------------------------------------------------------------- */

static void copy_records(struct bft_room *room, const struct node_journal *j)
{
	size_t i;

	room->records = xcalloc(j->record_count, sizeof(*room->records));
	for (i = 0; i < j->record_count; i++)
		buf_append_span(&room->records[i], j->records[i]);
	room->record_count = j->record_count;
}

static enum err record_height(uint64_t *height, struct span raw)
{
	struct vote_record r;
	enum err e = vote_record_decode(&r, raw);

	if (e)
		return e;
	*height = r.is_floor ? r.floor : r.vote.height;
	vote_record_release(&r);
	return ERR_OK;
}

/* Nothing is signed below the highest height of the journal. */
static enum err open_journal(struct bft_room *room,
			     const struct node_journal *j)
{
	uint64_t height;
	enum err e;
	size_t i;

	room->has_journal = j->is_there;
	if (!j->is_there)
		return ERR_OK;
	memcpy(room->journal_id, j->id, JOURNAL_ID_BYTES);
	room->journal_last = room->journal_durable = j->last;
	for (i = 0; i < j->record_count; i++) {
		e = record_height(&height, j->records[i]);
		if (e)
			return e;
		if (height > room->journal_height)
			room->journal_height = height;
	}
	room->records_height = room->journal_height;
	copy_records(room, j);
	return ERR_OK;
}

enum err room_open(struct node *n, const struct node_config *config,
		   struct kv_view *view, struct fault *f)
{
	const struct rules *r = chain_rules(n->chain);
	struct bft_rules rules = {r->timeout_ms, r->timeout_max_ms};
	struct bft_room *room;

	if (!n->engine->ops->certifies)
		return ERR_OK;
	room = n->bft = xcalloc(1, sizeof(*room));
	room->machine = bft_new(&rules);
	room->genesis = *chain_genesis(n->chain);
	room->incoming = map_new(sizeof(uint64_t), rng_next(&n->rng));
	room->good = recent_new(HASH_LEN, GOOD_KEPT, rng_next(&n->rng));
	room->told = recent_new(HASH_LEN, GOOD_KEPT, rng_next(&n->rng));
	room->work_told = UINT64_MAX;
	if (open_journal(room, &config->journal))
		return fault_set(f, ERR_CORRUPT, "",
				 "a record of the vote journal is unreadable");
	if (offences_open(n, view))
		return fault_set(f, ERR_CORRUPT, "",
				 "the evidence is unreadable");
	return loss_open(n, &config->journal, view, f);
}

void room_free(struct bft_room *room)
{
	size_t at = 0, i;
	void *m;

	if (!room)
		return;
	while (map_next(room->incoming, &at, NULL, &m))
		incoming_free(m);
	map_free(room->incoming);
	offences_free(room->offences);
	recent_free(room->good);
	recent_free(room->told);
	records_forget(room);
	for (i = 0; i < room->block_count; i++)
		kept_free(room->blocks[i]);
	free(room->blocks);
	cast_forget(&room->cast);
	candidate_free(room->candidate);
	buf_release(&room->seal);
	validators_release(&room->set);
	validators_release(&room->next);
	free(room->seen);
	free(room->linked);
	free(room->loss.told);
	bft_effects_release(&room->out);
	bft_free(room->machine);
	free(room);
}

/* --- peers ------------------------------------------------------------- */

void room_peer_ready(struct node *n, struct peer *p)
{
	if (!n->bft)
		return;
	p->bft = xcalloc(1, sizeof(*p->bft));
	n->bft->links_changed = true;
	links_greet(n, p);
	offences_greet(n, p);
	room_peer_tip(n, p);
}

void room_peer_free(struct bft_peer *bp)
{
	if (!bp)
		return;
	free(bp->linked);
	free(bp);
}

void room_peer_gone(struct node *n, struct peer *p)
{
	if (!n->bft)
		return;
	room_peer_free(p->bft);
	p->bft = NULL;
	n->bft->links_changed = true;
}

void room_peer_tip(struct node *n, const struct peer *p)
{
	if (n->bft)
		loss_told(n, &p->id, p->height);
}

/* --- what comes in ----------------------------------------------------- */

void room_message(struct node *n, struct peer *p, enum message_type type,
		  struct span body)
{
	if (!n->bft) {
		peer_fault(n, p, FAULT_UNEXPECTED,
			   "%s on a chain without votes",
			   message_letters(type));
		return;
	}
	if (!p->bft)
		return;
	room_follow(n);
	if (type == MSG_PRP || type == MSG_VOT || type == MSG_RCH)
		votes_received(n, p, type, body);
	else if (type == MSG_RPB)
		fetch_asked(n, p, body);
	else if (type == MSG_APB)
		fetch_answered(n, p, body);
	else if (type == MSG_CRT)
		certificate_received(n, p, body);
	else if (type == MSG_LNK)
		links_received(n, p, body);
	else if (type == MSG_EVV)
		offences_received(n, p, body);
}

void room_job(struct node *n, struct job *job)
{
	if (!n->bft)
		BUG("a job of a room that is not there");
	room_follow(n);
	if (offences_signed(n, job) || offences_checked(n, job) ||
	    cast_signed(n, job) || votes_checked(n, job) ||
	    blocks_checked(n, job))
		return;
	/* its height is over, or its block is forgotten */
}

void room_persisted(struct node *n, uint64_t seq)
{
	struct bft_room *room = n->bft;

	if (!room)
		return;
	if (seq > room->journal_durable)
		room->journal_durable = seq;
	room->persisted++;
	room_follow(n);
	cast_persisted(n, seq);
	loss_persisted(n, seq);
}

void room_durable(struct node *n, uint64_t seq)
{
	if (n->bft) {
		loss_durable(n, seq);
		offences_durable(n, seq);
	}
}

void room_make_way(struct node *n)
{
	if (n->bft)
		blocks_drop_candidate(n->bft);
}

/* --- the tick ---------------------------------------------------------- */

bool room_waits(const struct node *n)
{
	return n->production != PRODUCTION_IDLE ||
	       n->sync->move.state != MOVE_IDLE || n->sync->halted;
}

/* Rule 15: of this height or of the next. */
static void caught(struct node *n, const struct vote *a, const struct vote *b)
{
	const struct validators *set = room_set(n, a->height);
	const struct validator *who;

	if (!set || a->signer >= set->count)
		return;
	who = &set->list[a->signer];
	offence_found(n, SPAN(who->key, who->key_len), a, b, 0);
}

static void handle(struct node *n, struct bft_effect *e)
{
	struct bft_room *room = n->bft;
	struct kept_block *b;

	switch (e->kind) {
	case BFT_CAST:
		cast_begin(n, e);
		break;
	case BFT_SEND:
		relay_own(n, e);
		break;
	case BFT_BUILD:
		room->build = true;
		room->build_round = e->round;
		room->not_before = 0;
		break;
	case BFT_EXECUTE:
		b = blocks_find(room, &e->digest);
		if (!b)
			BUG("a block to be executed is not here");
		b->wanted = true;
		b->fresh = e->fresh;
		b->round = e->round;
		break;
	case BFT_FETCH:
		fetch_blocks(n, &e->digest, e->votes, e->vote_count);
		break;
	case BFT_DECIDE:
		decide_begin(n, e);
		break;
	case BFT_EVIDENCE:
		caught(n, &e->votes[0], &e->votes[1]);
		break;
	case BFT_TIMED_OUT:
		room->timed_out = true;
		room->timeouts++;
		break;
	}
}

/* Do what the machine wants, until it wants nothing that can be done now. */
static void work(struct node *n)
{
	struct bft_room *room = n->bft;

	do {
		while (room->out_done < room->out.count) {
			struct bft_effect *at =
				&room->out.list[room->out_done++];
			struct bft_effect e = *at;

			/* the list may grow under it */
			at->changes = at->votes = NULL;
			handle(n, &e);
			free(e.changes);
			free(e.votes);
		}
		bft_effects_reset(&room->out);
		room->out_done = 0;
	} while (decide_work(n) || blocks_work(n));
}

/* From when on a block is due here. */
static uint64_t due(const struct node *n)
{
	const struct chain_tip *tip = chain_tip(n->chain);
	uint64_t at;

	if (n->sync->booting)
		return UINT64_MAX;
	/* what was voted for before the start may be in no pool any more */
	if (n->bft->replayed)
		return 0;
	at = work_due_at(chain_rules(n->chain), mempool_executable(n->pool),
			 tip->time);
	return at > n->bft->not_before ? at : n->bft->not_before;
}

static void tell_work(struct node *n)
{
	struct bft_room *room = n->bft;
	uint64_t at = due(n);

	if (at == room->work_told)
		return;
	room->work_told = at;
	bft_work(room->machine, at, n->now, &room->out);
}

void room_tick(struct node *n)
{
	struct bft_room *room = n->bft;
	uint64_t wake;

	if (!room)
		return;
	room_follow(n);
	loss_tick(n);
	room_mute(n);
	if (!n->sync->halted) {
		tell_work(n);
		wake = bft_wake(room->machine);
		if (room->look || (wake && n->now >= wake))
			bft_tick(room->machine, n->now, &room->out);
		room->look = false;
		work(n);
		/* what was built may have changed what is due */
		tell_work(n);
		work(n);
		node_wake(n, bft_wake(room->machine));
	}
	if (room->timed_out)
		relay_transactions(n);
	room->timed_out = false;
	links_tick(n);
	offences_tick(n);
	blocks_prune(n);
}

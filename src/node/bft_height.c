/* SPDX-License-Identifier: MIT */
/*
 * From one height to the next: whenever the tip moved, by a decision of our
 * own or by what sync brought, the machine begins the height above it. At a
 * start that is where the journal's records come back (doc/bft.md: "A
 * restart").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/bft_internal.h"
#include "node/sync_internal.h"

/* --- sets -------------------------------------------------------------- */

const struct validators *room_set(const struct node *n, uint64_t height)
{
	const struct bft_room *room = n->bft;

	if (height == room->height)
		return &room->set;
	return height == room->height + 1 ? &room->next : NULL;
}

bool room_is_member(const struct node *n, const struct address *a)
{
	return validators_find(&n->bft->set, a) != SIZE_MAX ||
	       validators_find(&n->bft->next, a) != SIZE_MAX;
}

/* Those of `in` that are not in `other`. */
static void tell_members(struct node *n, const struct validators *in,
			 const struct validators *other, bool joined)
{
	const struct bft_room *room = n->bft;
	char hex[ADDRESS_HEX_LEN];
	size_t i;

	for (i = 0; i < in->count; i++)
		if (validators_find(other, &in->list[i].account) == SIZE_MAX)
			node_log(n, NOTICE_INFO,
				 "%s is %s from block %llu on, which %zu agree "
				 "on",
				 address_hex(hex, &in->list[i].account),
				 joined ? "a validator" : "no validator",
				 (unsigned long long)room->height,
				 room->set.count);
}

/* The set of the height and the one above it, from what the tip left. Said
 * when it is another than that of the height before. */
static void take_sets(struct node *n)
{
	const struct governance *g = chain_governance(n->chain);
	struct bft_room *room = n->bft;
	struct validators before = room->set;

	room->set = (struct validators){0};
	validators_release(&room->next);
	validators_copy(&room->set, &g->set);
	governance_newest(&room->next, g);
	if (before.count) {
		tell_members(n, &room->set, &before, true);
		tell_members(n, &before, &room->set, false);
	}
	validators_release(&before);
}

/* When each member of the set was seen last. */
static void take_seen(struct bft_room *room)
{
	struct seen *old = room->seen;
	size_t count = room->seen_count, i, k;

	room->seen = xcalloc(room->set.count, sizeof(*room->seen));
	room->seen_count = room->set.count;
	for (i = 0; i < room->set.count; i++) {
		room->seen[i].who = room->set.list[i].account;
		for (k = 0; k < count; k++)
			if (address_eq(&old[k].who, &room->seen[i].who))
				room->seen[i].at = old[k].at;
	}
	free(old);
}

/* --- the journal ------------------------------------------------------- */

void records_forget(struct bft_room *room)
{
	size_t i;

	for (i = 0; i < room->record_count; i++)
		buf_release(&room->records[i]);
	free(room->records);
	room->records = NULL;
	room->record_count = 0;
}

static void replay_one(struct node *n, const struct vote_record *r, size_t self)
{
	struct bft_room *room = n->bft;
	struct bft_message m = {
		.vote = &r->vote,
		.changes = r->changes,
		.change_count = r->change_count,
		.prepares = r->prepares,
		.prepare_count = r->prepare_count,
	};
	struct kept_block *b;

	if (r->is_floor)
		return;
	if (r->vote.signer != self) {
		room->foreign = true;
		return;
	}
	if (r->block.len && !kept_read(n, &b, r->block)) {
		/* it was executed before that vote was signed */
		b->state = KEPT_GOOD;
		b = blocks_take(room, b);
		bft_block(room->machine, &b->digest, n->now, &room->out);
	}
	bft_replay(room->machine, &m);
	room->replayed = true;
}

/* What was signed of this height before the start. */
static void replay(struct node *n, size_t self)
{
	struct bft_room *room = n->bft;
	struct vote_record r;
	size_t i;

	if (room->height != room->records_height || !room->record_count)
		return;
	for (i = 0; i < room->record_count; i++) {
		if (vote_record_decode(&r, buf_span(&room->records[i])))
			BUG("a record that was decoded does not decode");
		replay_one(n, &r, self);
		vote_record_release(&r);
	}
}

/* --- entering ---------------------------------------------------------- */

static size_t own_index(const struct node *n)
{
	const struct bft_room *room = n->bft;
	size_t self;

	if (!n->validator || !n->has_account || !room->has_journal)
		return BFT_NOBODY;
	self = validators_find(&room->set, &n->account);
	return self == SIZE_MAX ? BFT_NOBODY : self;
}

static void forget_height(struct bft_room *room)
{
	size_t i;

	/* a record that was given to the journal stays numbered */
	cast_forget(&room->cast);
	blocks_drop_candidate(room);
	room->build = room->decided = room->timed_out = false;
	room->replayed = false;
	buf_reset(&room->seal);
	for (i = 0; i < room->block_count; i++)
		room->blocks[i]->wanted = false;
}

void room_follow(struct node *n)
{
	const struct chain_tip *tip = chain_tip(n->chain);
	struct bft_room *room = n->bft;
	struct bft_height h;

	if (room->entered && hash_eq(&room->tip, &tip->hash))
		return;
	room->entered = true;
	room->tip = tip->hash;
	room->height = tip->height + 1;
	room->since = n->now;
	forget_height(room);
	take_sets(n);
	take_seen(room);
	h = (struct bft_height){.height = room->height,
				.n = room->set.count,
				.self = own_index(n),
				.next_n = room->next.count};
	bft_effects_reset(&room->out);
	room->out_done = 0;
	bft_enter(room->machine, &h, n->now);
	room->work_told = UINT64_MAX;
	replay(n, h.self);
	if (room->height >= room->records_height)
		records_forget(room);
	room->links_changed = room->look = true;
	room_mute(n);
}

/* --- whether to vote --------------------------------------------------- */

static const char *why_muted(struct node *n)
{
	struct bft_room *room = n->bft;

	if (n->sync->halted)
		return "two certificates conflict: nothing is signed any more";
	if (room->foreign)
		return "the vote journal is of another validator; see ccoin "
		       "votes";
	if (room->loss.state == LOSS_FOUND ||
	    (room->loss.state == LOSS_STORING && !room->loss.floor))
		return "the chain does not know the vote journal yet";
	if (room->loss.state != LOSS_NONE)
		return "the vote journal is new, or older than the chain: "
		       "votes may be lost. This node listens until a quorum "
		       "of the other validators has told its height, and "
		       "votes from three heights above the highest of them";
	if (room->height < room->journal_height) {
		snprintf(room->muted_below, sizeof(room->muted_below),
			 "nothing below height %llu is signed, says the vote "
			 "journal: votes below it were lost, or the chain was",
			 (unsigned long long)room->journal_height);
		return room->muted_below;
	}
	return NULL;
}

const char *room_silence(const struct node *n)
{
	const struct bft_room *room = n->bft;

	if (!n->validator)
		return NULL;
	if (!room->has_journal)
		return "there is no vote journal";
	/* first of all: to a newcomer its journal matters later */
	if (own_index(n) == BFT_NOBODY)
		return "its account is not a validator of this chain: it votes "
		       "once the validators have voted it in";
	return room->muted;
}

void room_mute(struct node *n)
{
	struct bft_room *room = n->bft;
	const char *why = why_muted(n);

	if (!why == !room->muted) {
		room->muted = why;
		return;
	}
	room->muted = why;
	bft_mute(room->machine, why != NULL);
	room->look = true;
	if (own_index(n) == BFT_NOBODY)
		return;
	if (why)
		node_log(n, NOTICE_WARNING, "no votes: %s", why);
	else
		node_log(n, NOTICE_INFO, "votes again, from height %llu on",
			 (unsigned long long)room->height);
}

/* SPDX-License-Identifier: MIT */
/*
 * Rule 17, doc/bft.md: "Losing the journal". Each batch that moves the tip
 * says which journal there was and how far it had come. When the one at a
 * start is another, or not that far, votes are lost: the node listens until
 * it knows a height that it cannot have voted at, and writes that floor into
 * the journal before it votes again.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "node/bft_internal.h"

/* A floor above the tip that is its very first record is what the operator
 * wrote, or this file: what was lost with the journals before lies below it. */
static bool begins_with_floor(const struct node *n,
			      const struct node_journal *j)
{
	const struct bft_room *room = n->bft;
	struct vote_record r;
	bool is_floor;

	if (!room->record_count || j->last != room->record_count ||
	    vote_record_decode(&r, buf_span(&room->records[0])))
		return false;
	is_floor = r.is_floor && r.floor > chain_tip(n->chain)->height;
	vote_record_release(&r);
	return is_floor;
}

/* Ids go up with the time at which a journal is made (store/journal.h): one
 * that was made before the journal that the chain knows lacks what is in that.
 */
static enum loss_state state_of(const struct node *n,
				const struct node_journal *j,
				const struct votes_known *known)
{
	int order;

	if (j->is_new)
		return LOSS_LISTENING;
	if (!known->is_there)
		return LOSS_NONE;
	order = memcmp(j->id, known->id, JOURNAL_ID_BYTES);
	if (!order)
		return j->last < known->number ? LOSS_LISTENING : LOSS_NONE;
	return order > 0 && begins_with_floor(n, j) ? LOSS_FOUND
						    : LOSS_LISTENING;
}

enum err loss_open(struct node *n, const struct node_journal *j,
		   struct kv_view *view, struct fault *f)
{
	struct votes_known known = {0};
	struct bft_room *room = n->bft;
	struct span value;
	enum err e;

	e = kv_get(view, &value, KV_META, meta_key(META_VOTES));
	if (!e)
		e = votes_known_decode(&known, value);
	if (e && e != ERR_NOT_FOUND)
		return fault_set(f, e, "",
				 "what is known of the vote journal is "
				 "unreadable");
	if (j->is_there)
		room->loss.state = state_of(n, j, &known);
	room->loss.seq = j->last;
	room->loss.unmarked = j->is_new && !known.is_there;
	return ERR_OK;
}

/* --- listening --------------------------------------------------------- */

static struct told *find_told(struct loss *l, const struct address *who)
{
	size_t i;

	for (i = 0; i < l->told_count; i++)
		if (address_eq(&l->told[i].who, who))
			return &l->told[i];
	return NULL;
}

void loss_told(struct node *n, const struct address *who, uint64_t height)
{
	struct loss *l = &n->bft->loss;
	struct told *t;

	if (l->state != LOSS_LISTENING || !n->bft->entered ||
	    validators_find(&n->bft->set, who) == SIZE_MAX ||
	    (n->has_account && address_eq(who, &n->account)))
		return;
	t = find_told(l, who);
	if (!t) {
		l->told =
			xrealloc(l->told, l->told_count + 1, sizeof(*l->told));
		t = &l->told[l->told_count++];
		*t = (struct told){.who = *who};
	}
	if (height > t->height)
		t->height = height;
}

/* The highest height that a quorum of others told; false: too few did. Who
 * left the set since does not count, nor, as yet, who is above the tip: the
 * set that tells is that of our tip, and a height that nobody has must not
 * keep us waiting for ever. */
static bool highest_told(const struct node *n, uint64_t *height)
{
	const uint64_t known = chain_tip(n->chain)->height + 2;
	const struct bft_room *room = n->bft;
	const struct loss *l = &room->loss;
	size_t i, count = 0;

	*height = 0;
	for (i = 0; i < l->told_count; i++) {
		if (l->told[i].height > known ||
		    validators_find(&room->set, &l->told[i].who) == SIZE_MAX)
			continue;
		count++;
		if (l->told[i].height > *height)
			*height = l->told[i].height;
	}
	return count >= validators_quorum(room->set.count);
}

static void write_floor(struct node *n, uint64_t floor)
{
	struct vote_record r = {.is_floor = true, .floor = floor};
	struct bft_room *room = n->bft;
	struct buf raw = {0};

	/* what is left of an older journal counts, too: others may have lost
	 * their chains */
	if (floor < room->journal_height)
		floor = r.floor = room->journal_height;
	vote_record_encode(&raw, &r);
	room->loss.floor = floor;
	room->loss.seq = journal_write(n, floor, &raw);
	room->loss.state = LOSS_PERSISTING;
}

/* Let the chain know that journal, up to a number; the batch's number. */
static uint64_t know(struct node *n, const uint8_t id[JOURNAL_ID_BYTES],
		     uint64_t number)
{
	uint8_t value[VOTES_VALUE_LEN];
	struct kv_batch *batch = xcalloc(1, sizeof(*batch));

	kv_batch_put(batch, KV_META, meta_key(META_VOTES),
		     votes_value(value, id, number));
	return node_commit(n, batch);
}

/* Of a chain that knows no journal, say that this one is not it: at the next
 * start it is not new any more, and as lost as now. */
static void mark(struct node *n)
{
	static const uint8_t no_id[JOURNAL_ID_BYTES];

	n->bft->loss.unmarked = false;
	know(n, no_id, 0);
}

/* From now on the chain knows the journal: the one before is an older one. */
static void store(struct node *n)
{
	struct bft_room *room = n->bft;

	room->loss.seq = know(n, room->journal_id, room->loss.seq);
	room->loss.state = LOSS_STORING;
}

void loss_tick(struct node *n)
{
	struct bft_room *room = n->bft;
	uint64_t height;

	if (room->loss.state == LOSS_FOUND)
		store(n);
	if (room->loss.state != LOSS_LISTENING)
		return;
	if (room->loss.unmarked)
		mark(n);
	if (highest_told(n, &height))
		write_floor(n, height + 3);
}

void loss_persisted(struct node *n, uint64_t seq)
{
	const struct loss *l = &n->bft->loss;

	if (l->state == LOSS_PERSISTING && seq >= l->seq)
		store(n);
}

void loss_durable(struct node *n, uint64_t seq)
{
	struct bft_room *room = n->bft;

	if (room->loss.state != LOSS_STORING || seq < room->loss.seq)
		return;
	room->loss.state = LOSS_NONE;
	if (!room->loss.floor)
		return; /* it was found with one */
	node_log(n, NOTICE_WARNING,
		 "votes were lost; a quorum told its heights, and this node "
		 "votes from height %llu on",
		 (unsigned long long)room->loss.floor);
}

/* SPDX-License-Identifier: MIT */
/*
 * A decision becomes the tip: the commits are the block's seal, and one batch
 * of the store holds it all (rule 9). While sync moves to a branch it waits:
 * the branch may hold this very block.
 */
#include <stdlib.h>

#include "chain/tables.h"
#include "node/bft_internal.h"

void decide_begin(struct node *n, const struct bft_effect *e)
{
	struct bft_room *room = n->bft;

	room->decided = true;
	room->decided_digest = e->digest;
	buf_reset(&room->seal);
	certificate_encode(&room->seal, e->round, e->votes, e->vote_count);
}

void room_put_votes(struct node *n, struct kv_batch *batch)
{
	uint8_t value[VOTES_VALUE_LEN];
	const struct bft_room *room = n->bft;

	/* while votes are lost the store keeps what it knows of them */
	if (!room || !room->has_journal || room->loss.state != LOSS_NONE)
		return;
	kv_batch_put(
		batch, KV_META, meta_key(META_VOTES),
		votes_value(value, room->journal_id, room->journal_durable));
}

static void commit(struct node *n)
{
	struct bft_room *room = n->bft;
	struct candidate *c = room->candidate;
	struct kv_batch *batch = xcalloc(1, sizeof(*batch));
	struct seal seal = {.certificate = buf_span(&room->seal)};
	struct buf state = {0};

	candidate_seal(c, &seal);
	chain_commit(n->chain, c, batch);
	produce_put_state(n, c, batch, &state);
	buf_release(&state);
	room_put_votes(n, batch);
	room->candidate = NULL;
	room->decided = false;
	produce_commit_take(n, c, batch);
}

bool decide_work(struct node *n)
{
	struct bft_room *room = n->bft;
	char hex[HASH_HEX_LEN];
	struct fault f = {0};
	enum err e;

	if (!room->decided || room_waits(n))
		return false;
	if (!blocks_decided(n, &room->decided_digest, &e, &f))
		return false;
	if (!e) {
		commit(n);
		return true;
	}
	/* a quorum agreed on it, and here it does not hold */
	room->decided = false;
	node_log(n, NOTICE_WARNING, "block %llu %s was decided: %s",
		 (unsigned long long)room->height,
		 hash_hex(hex, &room->decided_digest),
		 f.detail[0] ? f.detail : err_text(e));
	node_fail(n, e, "a block that was decided does not hold here");
	return false;
}

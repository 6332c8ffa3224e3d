/* SPDX-License-Identifier: MIT */
/*
 * What a node lacks: a block whose digest matters is asked of the signers of
 * its votes (rule 4), and who votes for a height that is done is told how it
 * was decided (rule 11).
 */
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "node/bft_internal.h"
#include "node/sync_internal.h"

#define STRANGERS 2 /* asked when no signer is connected */

/* --- asking ------------------------------------------------------------ */

/* Whether the peer was asked for it, this time or before. */
static bool was_asked(const struct bft_peer *bp, const struct hash *digest)
{
	size_t i;

	for (i = 0; i < bp->asked_count; i++)
		if (hash_eq(&bp->asked[i], digest))
			return true;
	return false;
}

static void note_asked(struct bft_peer *bp, const struct hash *digest)
{
	if (was_asked(bp, digest))
		return;
	if (bp->asked_count == FETCHES_PER_PEER)
		memmove(bp->asked, bp->asked + 1,
			--bp->asked_count * sizeof(*bp->asked));
	bp->asked[bp->asked_count++] = *digest;
}

static bool ask(struct node *n, struct peer *p, const struct hash *digest)
{
	struct msg_block_here m = {n->bft->height, *digest};
	struct buf body = {0};

	if (!p->bft)
		return false;
	note_asked(p->bft, digest);
	msg_block_here_encode(&body, &m);
	peer_send(n, p, MSG_RPB, &body);
	return true;
}

static bool has_signed(const struct node *n, const struct peer *p,
		       const struct vote *votes, size_t count)
{
	const struct validators *set = &n->bft->set;
	size_t i;

	for (i = 0; i < count; i++)
		if (votes[i].signer < set->count &&
		    address_eq(&p->id, &set->list[votes[i].signer].account))
			return true;
	return false;
}

/* All signers at once: the block is what everybody waits for. */
void fetch_blocks(struct node *n, const struct hash *digest,
		  const struct vote *votes, size_t count)
{
	struct bft_room *room = n->bft;
	size_t at = 0, asked = 0, i;
	struct peer *p;

	if (blocks_find(room, digest)) {
		bft_block(room->machine, digest, n->now, &room->out);
		return;
	}
	while ((p = peers_next(n, &at)))
		if (has_signed(n, p, votes, count))
			asked += ask(n, p, digest);
	for (i = 0; !asked && i < STRANGERS; i++) {
		p = peers_pick(n);
		if (p)
			ask(n, p, digest);
	}
	if (count && votes[0].kind == VOTE_COMMIT)
		relay_decided(n, votes, count);
}

/* --- answering --------------------------------------------------------- */

void fetch_asked(struct node *n, struct peer *p, struct span body)
{
	struct buf answer = {0};
	struct msg_block_here m;
	struct span raw = {0};

	if (msg_block_here_decode(&m, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "RPB cannot be read");
		return;
	}
	if (m.height < n->bft->height)
		certificate_answer(n, p, m.height);
	if (!room_block(n, &raw, &m.hash))
		raw = (struct span){0};
	msg_block_answer_encode(&answer, raw);
	peer_send(n, p, MSG_APB, &answer);
}

void fetch_answered(struct node *n, struct peer *p, struct span body)
{
	struct bft_room *room = n->bft;
	struct kept_block *b;
	struct hash digest;
	struct span raw;

	if (msg_block_answer_decode(&raw, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "APB cannot be read");
		return;
	}
	if (!raw.len && p->bft->asked_count)
		return; /* it does not have it */
	if (!raw.len || kept_read(n, &b, raw)) {
		peer_fault(n, p, raw.len ? FAULT_BAD_BODY : FAULT_UNEXPECTED,
			   "a block that was not asked for");
		return;
	}
	digest = b->digest;
	if (!was_asked(p->bft, &digest))
		peer_fault(n, p, FAULT_BAD_BODY,
			   "another block than was asked for");
	else if (bft_needs_block(room->machine, &digest))
		b = blocks_take(room, b);
	if (blocks_find(room, &digest) != b) {
		kept_free(b);
		return;
	}
	bft_block(room->machine, &digest, n->now, &room->out);
}

/* --- certificates ------------------------------------------------------ */

/* Of the very tip only who voted for it a while after it was here: others are
 * about to decide it themselves. */
static bool is_behind(const struct node *n, const struct peer *p,
		      uint64_t height)
{
	const struct bft_room *room = n->bft;

	if (p->height >= height)
		return false;
	return height + 1 < room->height ||
	       n->now >= room->since + CERTIFICATE_MS;
}

void certificate_answer(struct node *n, struct peer *p, uint64_t height)
{
	struct buf body = {0};
	struct main_header m;

	if (!is_behind(n, p, height) ||
	    n->now < p->bft->certified + CERTIFICATE_MS)
		return;
	if (main_header(n, &m, height))
		return;
	p->bft->certified = n->now;
	msg_header_encode(&body, m.raw, m.seal_raw);
	peer_send(n, p, MSG_CRT, &body);
}

void certificate_received(struct node *n, struct peer *p, struct span body)
{
	struct span header_raw, seal_raw;
	struct header h;
	struct hash hash;

	if (msg_header_decode(&header_raw, &seal_raw, body) ||
	    header_decode(&h, header_raw)) {
		peer_fault(n, p, FAULT_MALFORMED, "CRT cannot be read");
		return;
	}
	header_hash(&hash, chain_genesis(n->chain), header_raw);
	/* all that are ahead say the same at once: a quorum of signatures is
	 * checked once, and one at a time of a peer */
	if (h.height == n->bft->height && p->sync) {
		if (!p->sync->checking && !headers_knows(n, &hash))
			headers_of_certificate(n, p, header_raw, seal_raw);
	} else if (h.height > n->bft->height && p->sync)
		sync_nudge(n, p);
}

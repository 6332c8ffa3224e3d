/* SPDX-License-Identifier: MIT */
/*
 * Votes in a world: the node's own, which must be in its journal before
 * anybody hears of them and contradict none that is there (doc/bft.md: rules
 * 4, 6 and 7), and those that an input has the other validators say.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/chain.h"
#include "codec/block.h"
#include "codec/message_bft.h"
#include "fuzz/fuzz.h"
#include "fuzz/world.h"

static void sign(const struct world *w, struct vote *v, size_t key)
{
	struct buf signature = {0};
	struct hash digest;

	vote_digest(&digest, v, &w->chain->genesis);
	MUST(!secret_key_sign(world_key(key), &signature, &digest));
	v->signature_len = (uint16_t)signature.len;
	memcpy(v->signature, signature.data, signature.len);
	buf_release(&signature);
}

static bool same_signature(const struct vote *a, const struct vote *b)
{
	return a->signature_len == b->signature_len &&
	       !memcmp(a->signature, b->signature, a->signature_len);
}

/* Whether the node's key made it: it makes one signature of a vote. */
static bool is_own(const struct world *w, const struct vote *v)
{
	struct vote own = *v;

	if (!w->who)
		return false;
	sign(w, &own, w->who - 1);
	return same_signature(&own, v);
}

/* --- the node's ----------------------------------------------------------- */

/* What is prepared was executed: where the store has the parent, so can we. */
static void check_block(const struct world *w, const struct record *r)
{
	struct kv_view *view = kv_mem_view(w->mem);
	struct candidate *candidate;
	struct chain *chain;
	struct block block;
	struct fault f;

	MUST(r->has_block && hash_eq(&r->block, &r->content.vote.digest));
	MUST(!chain_open(&chain, view, 1, &f));
	if (r->height == chain_tip(chain)->height + 1) {
		MUST(!block_decode(&block, r->content.block));
		MUST(!candidate_check(&candidate, chain, view, &block,
				      r->content.block, &f));
		candidate_free(candidate);
		block_release(&block);
	}
	chain_free(chain);
}

/* PREPAREs of the very round and block. */
static void check_certificate(const struct vote_record *r)
{
	size_t i;

	MUST(r->prepare_count);
	for (i = 0; i < r->prepare_count; i++) {
		const struct vote *p = &r->prepares[i];

		MUST(p->kind == VOTE_PREPARE && p->height == r->vote.height &&
		     p->round == r->vote.round &&
		     hash_eq(&p->digest, &r->vote.digest));
	}
}

static void check_record(const struct world *w, size_t at)
{
	const struct record *r = &w->journal.list[at], *before;
	const struct vote *v = &r->content.vote;

	if (r->content.is_floor)
		return;
	MUST(is_own(w, v));
	if (v->kind == VOTE_PROPOSAL || v->kind == VOTE_PREPARE)
		check_block(w, r);
	if (v->kind == VOTE_COMMIT)
		check_certificate(&r->content);
	while (at--) {
		before = &w->journal.list[at];
		if (before->content.is_floor || before->height < r->height)
			continue;
		MUST(before->content.vote.round <= v->round);
		MUST(before->content.vote.round < v->round ||
		     before->content.vote.kind != v->kind);
	}
}

void world_take_record(struct world *w, struct effect *e)
{
	MUST(w->journal.is_there);
	MUST(!journal_add(&w->journal, e->seq, e->height, &e->body,
			  &w->chain->genesis));
	check_record(w, w->journal.count - 1);
}

/* --- what is said --------------------------------------------------------- */

static void remember(struct world *w, const struct vote *v, struct span raw)
{
	struct world_block *b = &w->blocks[w->block_count % WORLD_BLOCKS];
	size_t i;

	for (i = 0; i < WORLD_BLOCKS; i++)
		if (w->blocks[i].raw.len &&
		    hash_eq(&w->blocks[i].hash, &v->digest))
			return;
	w->block_count++;
	b->hash = v->digest;
	buf_reset(&b->raw);
	buf_append_span(&b->raw, raw);
}

static void in_proposal(struct world *w, struct span body,
			void (*each)(struct world *, const struct vote *))
{
	struct msg_proposal p;

	if (msg_proposal_decode(&p, body))
		return;
	remember(w, &p.vote, p.block);
	each(w, &p.vote);
	msg_proposal_release(&p);
}

static void in_change(struct world *w, struct span body,
		      void (*each)(struct world *, const struct vote *))
{
	struct msg_round_change c;

	if (msg_round_change_decode(&c, body))
		return;
	each(w, &c.vote);
	msg_round_change_release(&c);
}

/* What a message says, without what justifies it. */
static void each_vote(struct world *w, enum message_type type, struct span body,
		      void (*each)(struct world *, const struct vote *))
{
	struct vote *votes;
	size_t count, i;

	if (!w->chain->votes)
		return;
	if (type == MSG_PRP)
		in_proposal(w, body, each);
	else if (type == MSG_RCH)
		in_change(w, body, each);
	else if (type == MSG_VOT && !msg_votes_decode(&votes, &count, body)) {
		for (i = 0; i < count; i++)
			each(w, &votes[i]);
		free(votes);
	}
}

static bool is_durable(const struct world *w, const struct vote *v)
{
	const struct record *r = journal_find(&w->journal, v);

	return r && same_signature(&r->content.vote, v);
}

static void sent(struct world *w, const struct vote *v)
{
	MUST(w->twin || is_durable(w, v) || !is_own(w, v));
}

static void heard(struct world *w, const struct vote *v)
{
	if (!w->twin && !is_durable(w, v) && is_own(w, v))
		w->twin = true;
}

void world_sent_votes(struct world *w, enum message_type type, struct span body)
{
	each_vote(w, type, body, sent);
}

void world_heard_votes(struct world *w, enum message_type type,
		       struct span body)
{
	each_vote(w, type, body, heard);
}

/* --- the other validators' ------------------------------------------------ */

/* Of all others, in the order of their seats. */
static size_t of_others(const struct world *w, struct vote *out,
			const struct vote *like)
{
	size_t seat, count = 0;

	for (seat = 0; seat < w->chain->members; seat++) {
		if (w->chain->seats[seat] + 1 == w->who)
			continue;
		out[count] = *like;
		out[count].signer = (uint16_t)seat;
		sign(w, &out[count++], w->chain->seats[seat]);
	}
	return count;
}

/* The PREPAREs of the block that a round change names. */
static size_t prepares_of(const struct world *w, struct vote *out,
			  const struct vote *change)
{
	struct vote prepare = {.kind = VOTE_PREPARE,
			       .height = change->height,
			       .round = change->prepared_round,
			       .digest = change->digest};

	return change->prepared ? of_others(w, out, &prepare) : 0;
}

static void encode_proposal(const struct world *w, struct buf *out,
			    const struct vote *v, const struct vote *change,
			    struct span block)
{
	struct vote changes[WORLD_VALIDATORS], prepares[WORLD_VALIDATORS];
	struct msg_proposal m = {.vote = *v,
				 .block = block,
				 .changes = changes,
				 .prepares = prepares};

	if (v->round)
		m.change_count = of_others(w, changes, change);
	m.prepare_count = prepares_of(w, prepares, change);
	msg_proposal_encode(out, &m);
}

static void encode_change(const struct world *w, struct buf *out,
			  const struct vote *change)
{
	struct vote prepares[WORLD_VALIDATORS];
	struct msg_round_change m = {.vote = *change, .prepares = prepares};

	m.prepare_count = prepares_of(w, prepares, change);
	msg_round_change_encode(out, &m);
}

/* The round change that goes with it: without, or of the block. */
static struct vote change_of(const struct world_vote *say, const struct vote *v)
{
	struct vote change = *v;

	change.kind = VOTE_ROUND_CHANGE;
	change.prepared = say->prepared && say->prepared <= v->round;
	if (change.prepared)
		change.prepared_round = say->prepared - 1;
	else
		memset(&change.digest, 0, sizeof(change.digest));
	return change;
}

/* Another block than was proposed, under its own hash if it has one. */
static void change_block(const struct world *w, struct vote *v, struct buf *raw,
			 const struct world_vote *say)
{
	struct block b;

	raw->data[say->at % raw->len] ^= say->flip;
	if (block_decode(&b, buf_span(raw)))
		return;
	header_hash(&v->digest, &w->chain->genesis, b.header_raw);
	block_release(&b);
}

void world_say_vote(struct world *w, size_t slot, const struct world_vote *say)
{
	static const enum message_type types[] = {
		[VOTE_PROPOSAL] = MSG_PRP,
		[VOTE_PREPARE] = MSG_VOT,
		[VOTE_COMMIT] = MSG_VOT,
		[VOTE_ROUND_CHANGE] = MSG_RCH,
	};
	const struct world_block *b = &w->blocks[say->block % WORLD_BLOCKS];
	size_t key = w->chain->seats[say->seat];
	struct vote v = {.kind = say->kind,
			 .round = say->round,
			 .digest = b->hash,
			 .signer = (uint16_t)say->seat};
	struct buf body = {0}, raw = {0};
	struct vote change;
	struct node_tip tip;

	if (key + 1 == w->who || (v.kind == VOTE_PROPOSAL && !b->raw.len))
		return;
	node_tip(w->node, &tip);
	v.height = tip.height + say->height;
	buf_append_span(&raw, buf_span(&b->raw));
	if (v.kind == VOTE_PROPOSAL && say->flip)
		change_block(w, &v, &raw, say);
	change = change_of(say, &v);
	if (v.kind == VOTE_ROUND_CHANGE)
		v = change;
	sign(w, &v, key);
	if (v.kind == VOTE_PROPOSAL)
		encode_proposal(w, &body, &v, &change, buf_span(&raw));
	else if (v.kind == VOTE_ROUND_CHANGE)
		encode_change(w, &body, &v);
	else
		votes_encode(&body, &v, 1);
	world_message(w, slot, types[v.kind], buf_span(&body));
	buf_release(&body);
	buf_release(&raw);
}

/* SPDX-License-Identifier: MIT */
/*
 * Votes of others as they come, and ours as they go (PRP, VOT, RCH). What is
 * read here is bounded and of the right form; whether it holds is
 * bft_votes.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "node/bft_internal.h"

void incoming_free(struct incoming *m)
{
	if (!m)
		return;
	buf_release(&m->body);
	free(m->votes);
	free(m->known);
	kept_free(m->block);
	free(m);
}

/* --- reading ----------------------------------------------------------- */

/* One list of all its votes. */
static void join(struct incoming *m, const struct vote *vote,
		 const struct vote *changes, const struct vote *prepares)
{
	struct vote *at;

	m->count = 1 + m->change_count + m->prepare_count;
	at = m->votes = xcalloc(m->count, sizeof(*m->votes));
	*at++ = *vote;
	if (m->change_count)
		memcpy(at, changes, m->change_count * sizeof(*at));
	at += m->change_count;
	if (m->prepare_count)
		memcpy(at, prepares, m->prepare_count * sizeof(*at));
}

static enum err read_proposal(struct node *n, struct incoming *m,
			      struct span body)
{
	struct msg_proposal p;
	enum err e = msg_proposal_decode(&p, body);

	if (e)
		return e;
	m->change_count = p.change_count;
	m->prepare_count = p.prepare_count;
	join(m, &p.vote, p.changes, p.prepares);
	e = kept_read(n, &m->block, p.block);
	if (!e && (!hash_eq(&m->block->digest, &p.vote.digest) ||
		   m->block->height != p.vote.height))
		e = ERR_MALFORMED;
	msg_proposal_release(&p);
	return e;
}

static enum err read_change(struct incoming *m, struct span body)
{
	struct msg_round_change c;
	enum err e = msg_round_change_decode(&c, body);

	if (e)
		return e;
	m->prepare_count = c.prepare_count;
	join(m, &c.vote, NULL, c.prepares);
	msg_round_change_release(&c);
	return ERR_OK;
}

static enum err read_any(struct node *n, struct incoming *m, struct span body)
{
	uint8_t kind = (uint8_t)m->type;

	if (m->type == MSG_VOT)
		return msg_votes_decode(&m->votes, &m->count, body);
	/* it may be passed on as it is */
	sha256_2(&m->digest, SPAN(&kind, 1), body);
	buf_append_span(&m->body, body);
	if (m->type == MSG_PRP)
		return read_proposal(n, m, body);
	return read_change(m, body);
}

enum err incoming_read(struct node *n, struct incoming **out,
		       enum message_type type, struct span body)
{
	struct incoming *m = xcalloc(1, sizeof(*m));
	enum err e;

	m->type = type;
	m->bytes = body.len;
	e = read_any(n, m, body);
	if (e) {
		incoming_free(m);
		m = NULL;
	} else {
		m->known = xcalloc(m->count, sizeof(*m->known));
	}
	*out = m;
	return e;
}

/* --- writing ----------------------------------------------------------- */

static void write_proposal(struct node *n, struct buf *out,
			   const struct bft_effect *e)
{
	const struct kept_block *b = blocks_find(n->bft, &e->vote.digest);
	struct msg_proposal p = {
		.vote = e->vote,
		.changes = e->changes,
		.change_count = e->change_count,
		.prepares = e->votes,
		.prepare_count = e->vote_count,
	};

	if (!b)
		BUG("a proposal without its block");
	p.block = buf_span(&b->raw);
	msg_proposal_encode(out, &p);
}

static void write_change(struct buf *out, const struct bft_effect *e)
{
	struct msg_round_change c = {
		.vote = e->vote,
		.prepares = e->votes,
		.prepare_count = e->vote_count,
	};

	msg_round_change_encode(out, &c);
}

enum message_type outgoing_write(struct node *n, struct buf *out,
				 const struct bft_effect *e)
{
	if (e->vote.kind == VOTE_PROPOSAL) {
		write_proposal(n, out, e);
		return MSG_PRP;
	}
	if (e->vote.kind == VOTE_ROUND_CHANGE) {
		write_change(out, e);
		return MSG_RCH;
	}
	votes_encode(out, &e->vote, 1);
	return MSG_VOT;
}

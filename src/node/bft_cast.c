/* SPDX-License-Identifier: MIT */
/*
 * Votes of our own: signed by a worker, given to the journal with what must
 * not be lost with them (rule 4), and known to nobody, the machine included,
 * before they are durable (rule 7).
 */
#include <stdlib.h>
#include <string.h>

#include "node/bft_internal.h"

void cast_forget(struct cast *c)
{
	free(c->changes);
	free(c->prepares);
	*c = (struct cast){0};
}

uint64_t journal_write(struct node *n, uint64_t height, struct buf *bytes)
{
	struct effect *effect = effects_add(n->effects, EFFECT_PERSIST);
	struct bft_room *room = n->bft;

	effect->seq = ++room->journal_last;
	effect->height = height;
	effect->body = *bytes;
	*bytes = (struct buf){0};
	if (height > room->journal_height)
		room->journal_height = height;
	return effect->seq;
}

void cast_begin(struct node *n, struct bft_effect *e)
{
	struct cast *c = &n->bft->cast;
	struct job *job = xcalloc(1, sizeof(*job));

	if (c->state != CAST_NONE)
		BUG("two votes of our own at a time");
	*c = (struct cast){
		.state = CAST_SIGNING,
		.vote = e->vote,
		.changes = e->changes,
		.change_count = e->change_count,
		.prepares = e->votes,
		.prepare_count = e->vote_count,
	};
	e->changes = e->votes = NULL;
	vote_digest(&job->digest, &c->vote, &n->bft->genesis);
	c->job = node_job(n, job, JOB_SIGN, OWNER_BFT);
}

static void persist(struct node *n)
{
	struct cast *c = &n->bft->cast;
	struct vote_record r = {
		.vote = c->vote,
		.changes = c->changes,
		.change_count = c->change_count,
		.prepares = c->prepares,
		.prepare_count = c->prepare_count,
	};
	const struct kept_block *b;
	struct buf raw = {0};

	if (c->vote.kind == VOTE_PROPOSAL || c->vote.kind == VOTE_PREPARE) {
		b = blocks_find(n->bft, &c->vote.digest);
		if (!b)
			BUG("a vote for a block that is not here");
		r.block = buf_span(&b->raw);
	}
	vote_record_encode(&raw, &r);
	c->seq = journal_write(n, c->vote.height, &raw);
	c->state = CAST_PERSISTING;
}

bool cast_signed(struct node *n, struct job *job)
{
	struct cast *c = &n->bft->cast;

	if (job->kind != JOB_SIGN)
		return false;
	if (c->state != CAST_SIGNING || job->id != c->job)
		return true; /* its height is over */
	if (job->result || job->signature.len > sizeof(c->vote.signature)) {
		node_fail(n, job->result ? job->result : ERR_CRYPTO,
			  "signing a vote");
		return true;
	}
	c->vote.signature_len = (uint16_t)job->signature.len;
	memcpy(c->vote.signature, job->signature.data, job->signature.len);
	persist(n);
	return true;
}

void cast_persisted(struct node *n, uint64_t seq)
{
	struct bft_room *room = n->bft;
	struct cast *c = &room->cast;
	struct vote v = c->vote;

	if (c->state != CAST_PERSISTING || seq < c->seq)
		return;
	cast_forget(c);
	votes_good(n, &v);
	bft_cast_done(room->machine, &v, n->now, &room->out);
}

/* SPDX-License-Identifier: MIT */
/* What a node tells about its catching up, and of evidence. */
#include <string.h>

#include "node/bft.h"
#include "node/evidence_internal.h"
#include "node/network.h"

void node_sync(const struct node *n, struct sync_info *out)
{
	const struct sync *s = n->sync;
	uint64_t height = chain_tip(n->chain)->height;

	*out = (struct sync_info){
		.state = s->booting ? SYNC_BOOT
			 : s->target || s->asking || s->move.state != MOVE_IDLE
				 ? SYNC_BEHIND
				 : SYNC_READY,
		.target = s->target ? s->target->header.height : height,
		.started = s->target ? s->behind_from : height,
		.since = s->behind_since,
		.halted = s->halted,
		.halted_by = s->halted_by,
		.reorgs = s->reorgs,
		.deepest = s->deepest,
	};
}

size_t node_evidence_count(const struct node *n)
{
	return n->bft ? offences_count(n) : n->sync->evidence->kept_count;
}

static enum err decode_votes(struct evidence_info *out, struct span item)
{
	out->of_votes = true;
	if (double_vote_decode(&out->votes, item))
		return ERR_CORRUPT;
	key_address(&out->producer, out->votes.key);
	return ERR_OK;
}

static enum err decode_headers(struct evidence_info *out, struct node *n,
			       struct span item)
{
	struct msg_evidence m;
	size_t i;
	enum err e;

	if (msg_evidence_decode(&m, item))
		return ERR_CORRUPT;
	for (i = 0; i < 2; i++) {
		e = header_decode(&out->header[i], m.header[i]);
		if (!e)
			e = seal_decode(&out->seal[i], m.seal[i]);
		if (e)
			return ERR_CORRUPT;
		header_hash(&out->hash[i], chain_genesis(n->chain),
			    m.header[i]);
	}
	out->producer = out->header[0].producer;
	return ERR_OK;
}

static enum err decode(struct evidence_info *out, struct node *n,
		       const struct kv_cursor *c)
{
	struct span item;

	if (c->key.len != HASH_LEN ||
	    evidence_item(&item, &out->found, c->value))
		return ERR_CORRUPT;
	memcpy(out->id.b, c->key.data, HASH_LEN);
	return n->bft ? decode_votes(out, item) : decode_headers(out, n, item);
}

enum err query_evidence(struct evidence_info *out, struct node *n,
			struct kv_view *view, const struct hash *after)
{
	struct kv_cursor *c = kv_cursor_open(view, KV_EVIDENCE);
	enum err e;

	*out = (struct evidence_info){0};
	e = kv_seek(c, after ? hash_span(after) : SPAN("", 0));
	if (!e && after && span_eq(c->key, hash_span(after)))
		e = kv_next(c);
	if (!e)
		e = decode(out, n, c);
	kv_cursor_close(c);
	return e;
}

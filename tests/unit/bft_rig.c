/* SPDX-License-Identifier: MIT */
/* A round machine under test; see bft_rig.h. */
#include "unit/bft_rig.h"

#include <check.h>
#include <string.h>

void rig_init(struct rig *r, size_t n, size_t self)
{
	const struct bft_rules rules = {
		.timeout_ms = RIG_TIMEOUT,
		.timeout_max_ms = 8 * RIG_TIMEOUT,
	};
	const struct bft_height h = {
		.height = RIG_HEIGHT, .n = n, .self = self, .next_n = n};

	*r = (struct rig){.now = 5000, .n = n, .self = self};
	r->b = bft_new(&rules);
	bft_enter(r->b, &h, r->now);
	bft_tick(r->b, r->now, &r->out);
}

void rig_release(struct rig *r)
{
	bft_effects_release(&r->out);
	bft_free(r->b);
}

void rig_forget(struct rig *r)
{
	bft_effects_reset(&r->out);
}

struct hash rig_digest(unsigned block)
{
	struct hash h = {{0}};

	put_be32(h.b, block);
	return h;
}

bool rig_is(const struct hash *digest, unsigned block)
{
	struct hash h = rig_digest(block);

	return hash_eq(digest, &h);
}

struct vote rig_make(enum vote_kind kind, uint64_t round, size_t signer,
		     unsigned block)
{
	struct vote v = {
		.kind = kind,
		.height = RIG_HEIGHT,
		.round = round,
		.digest = rig_digest(block),
		.signer = (uint16_t)signer,
		.signature_len = 64,
	};

	v.signature[1] = (uint8_t)signer;
	return v;
}

void rig_vote(struct rig *r, enum vote_kind kind, uint64_t round, size_t signer,
	      unsigned block)
{
	struct vote v = rig_make(kind, round, signer, block);
	struct bft_message m = {.vote = &v};

	bft_receive(r->b, &m, r->now, &r->out);
}

void rig_change_with(struct rig *r, uint64_t round, size_t signer,
		     uint64_t prepared, unsigned block, size_t prepares)
{
	struct proof p = {.change_count = 0};
	struct bft_message m = {.vote = &p.changes[0], .prepares = p.prepares};

	proof_change(&p, round, signer, prepared, block);
	proof_prepares(&p, prepared, block, prepares);
	m.prepare_count = p.prepare_count;
	bft_receive(r->b, &m, r->now, &r->out);
}

void rig_change(struct rig *r, uint64_t round, size_t signer, uint64_t prepared,
		unsigned block)
{
	rig_change_with(r, round, signer, prepared, block,
			validators_quorum(r->n));
}

void rig_justified(struct rig *r, uint64_t round, size_t signer, unsigned block,
		   const struct proof *p)
{
	struct vote v = rig_make(VOTE_PROPOSAL, round, signer, block);
	struct bft_message m = {
		.vote = &v,
		.changes = p->changes,
		.change_count = p->change_count,
		.prepares = p->prepares,
		.prepare_count = p->prepare_count,
	};

	bft_receive(r->b, &m, r->now, &r->out);
}

void rig_block(struct rig *r, unsigned block)
{
	struct hash d = rig_digest(block);

	bft_block(r->b, &d, r->now, &r->out);
}

void rig_propose(struct rig *r, uint64_t round, unsigned block)
{
	rig_vote(r, VOTE_PROPOSAL, round, (RIG_HEIGHT + round) % r->n, block);
	rig_block(r, block);
	rig_executed(r, block, true);
}

/* Nothing when it is not asked for. */
void rig_executed(struct rig *r, unsigned block, bool valid)
{
	const struct bft_effect *e = rig_find(r, BFT_EXECUTE);
	struct hash d = rig_digest(block);

	if (e && hash_eq(&e->digest, &d))
		bft_executed(r->b, &d, e->round, e->fresh, valid, r->now,
			     &r->out);
}

void rig_build(struct rig *r, uint64_t round, unsigned block)
{
	struct hash d = rig_digest(block);

	bft_work(r->b, r->now, r->now, &r->out);
	ck_assert_ptr_nonnull(rig_find(r, BFT_BUILD));
	ck_assert_uint_eq(rig_find(r, BFT_BUILD)->round, round);
	bft_built(r->b, round, &d, r->now, &r->out);
}

void rig_tick(struct rig *r, uint64_t now)
{
	r->now = now;
	bft_tick(r->b, now, &r->out);
}

void proof_change(struct proof *p, uint64_t round, size_t signer,
		  uint64_t prepared, unsigned block)
{
	struct vote v = rig_make(VOTE_ROUND_CHANGE, round, signer, block);

	v.prepared = prepared != NOT_PREPARED;
	v.prepared_round = v.prepared ? prepared : 0;
	p->changes[p->change_count++] = v;
}

void proof_prepares(struct proof *p, uint64_t round, unsigned block,
		    size_t count)
{
	for (p->prepare_count = 0; p->prepare_count < count; p->prepare_count++)
		p->prepares[p->prepare_count] =
			rig_make(VOTE_PREPARE, round, p->prepare_count, block);
}

const struct bft_effect *rig_find(const struct rig *r, enum bft_kind kind)
{
	size_t i;

	for (i = r->out.count; i--;)
		if (r->out.list[i].kind == kind)
			return &r->out.list[i];
	return NULL;
}

const struct bft_effect *rig_casts(const struct rig *r, enum vote_kind kind)
{
	const struct bft_effect *e = rig_find(r, BFT_CAST);

	if (!e || e->vote.kind != kind || bft_held(r->b, r->self, kind) == NULL)
		return e && e->vote.kind == kind ? e : NULL;
	return bft_held(r->b, r->self, kind)->round < e->vote.round ? e : NULL;
}

void rig_cast(struct rig *r, enum vote_kind kind)
{
	const struct bft_effect *e = rig_casts(r, kind);
	struct vote v;

	ck_assert_ptr_nonnull(e);
	v = e->vote;
	v.signature_len = 64;
	v.signature[0] = (uint8_t)kind;
	rig_forget(r);
	bft_cast_done(r->b, &v, r->now, &r->out);
}

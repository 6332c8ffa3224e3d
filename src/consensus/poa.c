/* SPDX-License-Identifier: MIT */
/*
 * Proof of authority in slots (CONSENSUS: "poa"). The clock says whose turn
 * it is: slot = (time - genesis time) / slot_ms, its signer is
 * miners[slot mod n], and slots strictly increase along a chain. A block is
 * settled when a quorum has built on a quorum that built on it (poa_state.c);
 * that is strong evidence, not finality.
 */
#include <stdlib.h>
#include <string.h>

#include "consensus/engine.h"
#include "consensus/poa_state.h"
#include "consensus/work.h"

#define FUTURE_MS 1000 /* a slot later than now + 1 s is refused for now */

struct poa {
	struct engine base;
	const struct rules *rules;
	struct poa_state state; /* after the tip */
};

static struct poa *poa_of(struct engine *e)
{
	return (struct poa *)e;
}

static const struct poa *poa_of_const(const struct engine *e)
{
	return (const struct poa *)e;
}

/* The slot of a time at or after genesis. */
static uint64_t slot_of(const struct poa *p, uint64_t time)
{
	return (time - p->rules->genesis_time) / p->rules->slot_ms;
}

static uint64_t slot_start(const struct poa *p, uint64_t slot)
{
	return p->rules->genesis_time + slot * p->rules->slot_ms;
}

static size_t miner_index(const struct poa *p, const struct address *a)
{
	size_t i;

	for (i = 0; i < p->rules->miner_count; i++)
		if (address_eq(&p->rules->miners[i], a))
			return i;
	return SIZE_MAX;
}

static enum err create(struct engine **out, const struct rules *rules,
		       const struct hash *genesis, struct fault *f)
{
	struct poa *p;

	(void)genesis;
	*out = NULL;
	if (!rules->miner_count || !rules->slot_ms)
		return fault_set(f, ERR_OUT_OF_RANGE, "miners",
				 "poa needs at least one miner and a slot "
				 "length");
	p = xcalloc(1, sizeof(*p));
	p->base.ops = &engine_poa;
	p->rules = rules;
	poa_state_init(&p->state, rules->miner_count);
	*out = &p->base;
	return ERR_OK;
}

static void destroy(struct engine *e)
{
	struct poa *p = poa_of(e);

	poa_state_release(&p->state);
	free(p);
}

static struct poa_block block_of(const struct poa *p,
				 const struct engine_block *b)
{
	struct poa_block out = {.height = b->height,
				.slot = slot_of(p, b->time),
				.signer = p->rules->miner_count,
				.has_txs = b->has_txs};
	/* genesis' coinbase need not be an authority */
	size_t i = b->has_producer ? miner_index(p, &b->producer) : SIZE_MAX;

	if (i != SIZE_MAX)
		out.signer = i;
	return out;
}

static void accept(struct engine *e, const struct engine_block *b)
{
	struct poa *p = poa_of(e);
	struct poa_block block = block_of(p, b);

	poa_advance(&p->state, &block);
}

static void save(const struct engine *e, struct buf *out,
		 const struct engine_block *b)
{
	const struct poa *p = poa_of_const(e);
	struct poa_block block = block_of(p, b);
	struct poa_state after;

	poa_state_copy(&after, &p->state);
	poa_advance(&after, &block);
	poa_state_encode(out, &after);
	poa_state_release(&after);
}

static enum err restore(struct engine *e, struct span state,
			const struct engine_block *tip)
{
	struct poa *p = poa_of(e);

	return poa_state_decode(&p->state, state, tip->height,
				slot_of(p, tip->time));
}

static enum err check_header(const struct engine *e,
			     const struct engine_block *parent,
			     const struct header *h, uint64_t now)
{
	const struct poa *p = poa_of_const(e);
	uint64_t slot;

	if (h->engine.len != 1) /* the empty array */
		return ERR_BAD_ENGINE_FIELDS;
	if (h->time < p->rules->genesis_time)
		return ERR_BAD_TIME;
	slot = slot_of(p, h->time);
	if (slot <= slot_of(p, parent->time))
		return ERR_BAD_TIME;
	if (!h->has_producer ||
	    !address_eq(&h->producer,
			&p->rules->miners[slot % p->rules->miner_count]))
		return ERR_BAD_PRODUCER;
	if (now && slot_start(p, slot) > now + FUTURE_MS)
		return ERR_FUTURE;
	return ERR_OK;
}

static enum err check_seal(const struct engine *e, const struct header *h,
			   const struct hash *hash, const struct seal *seal,
			   struct checks *checks)
{
	struct address signer;

	(void)e;
	if (seal->nonce || !seal->key.len)
		return ERR_BAD_SEAL;
	key_address(&signer, seal->key);
	if (!h->has_producer || !address_eq(&signer, &h->producer) ||
	    !checks_add(checks, hash, seal->key, seal->signature))
		return ERR_BAD_SEAL;
	return ERR_OK;
}

/* A function of the branches alone: later backed block, height, lower slot of
 * the tip, lower hash. A total order. That what is backed comes first is what
 * settling rests on: who has seen it goes to no other branch. */
static int prefer(const struct engine *e, const struct branch_tip *a,
		  const struct branch_tip *b)
{
	const struct poa *p = poa_of_const(e);
	uint64_t slot_a = slot_of(p, a->tip.time);
	uint64_t slot_b = slot_of(p, b->tip.time);

	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	if (a->tip.height != b->tip.height)
		return a->tip.height > b->tip.height ? -1 : 1;
	if (slot_a != slot_b)
		return slot_a < slot_b ? -1 : 1;
	return memcmp(a->tip.hash.b, b->tip.hash.b, HASH_LEN);
}

static uint64_t settled(const struct engine *e)
{
	return poa_of_const(e)->state.settled;
}

static uint64_t rank(const struct engine *e)
{
	const struct poa_backed *b = &poa_of_const(e)->state.backed;

	return b->height ? b->slot + 1 : 0;
}

static bool is_authority(const struct engine *e, const struct address *account)
{
	return miner_index(poa_of_const(e), account) != SIZE_MAX;
}

/* The first slot >= from that is the miner's. */
static uint64_t own_slot(const struct poa *p, uint64_t from, size_t miner)
{
	size_t n = p->rules->miner_count;

	return from + (miner + n - from % n) % n;
}

static void step(struct engine *e, struct engine_output *out,
		 const struct engine_input *in)
{
	struct poa *p = poa_of(e);
	size_t miner = in->self ? miner_index(p, in->self) : SIZE_MAX;
	uint64_t due, slot, least, at;
	bool fill = poa_is_filling(&p->state);

	*out = (struct engine_output){0};
	if (miner == SIZE_MAX)
		return;
	/* What settling rests on: who has signed on what is backed signs on no
	 * branch whose backed block is earlier. A crash on the way to a better
	 * branch may have left the node on a part of it that weighs less. */
	if (rank(e) < in->signed_rank) {
		out->outweighed = true;
		return;
	}
	/* While the last block with transactions is not settled, authorities
	 * fill their slots, so that an idle chain settles and then is silent.
	 */
	due = fill ? 0 : work_due_at(p->rules, in->executable, in->tip->time);
	if (due == UINT64_MAX)
		return;
	at = due > in->now ? due : in->now;
	if (at < p->rules->genesis_time)
		at = p->rules->genesis_time;
	slot = slot_of(p, at);
	least = slot_of(p, in->tip->time) + 1;
	/* its block may have been taken back: the slot stays signed */
	if (in->signed_time && slot_of(p, in->signed_time) >= least)
		least = slot_of(p, in->signed_time) + 1;
	if (slot < least)
		slot = least;
	slot = own_slot(p, slot, miner);
	if (slot_start(p, slot) > at)
		at = slot_start(p, slot);
	if (at > in->now) {
		out->wake_at = at;
		return;
	}
	out->propose = true;
	out->may_be_empty = fill || p->rules->allow_empty;
	out->time = in->now;
}

/* Whether the block was made in a slot of its producer's. */
static bool is_in_turn(const struct poa *p, const struct engine_block *b)
{
	size_t i = b->has_producer ? miner_index(p, &b->producer) : SIZE_MAX;

	return i != SIZE_MAX && b->time >= p->rules->genesis_time &&
	       slot_of(p, b->time) % p->rules->miner_count == i;
}

/* The seal says nothing here: a signature differs each time it is made. */
static bool conflict(const struct engine *e, const struct engine_block *a,
		     const struct engine_block *b)
{
	const struct poa *p = poa_of_const(e);

	/* one slot has one owner, so the producer is the same */
	return is_in_turn(p, a) && is_in_turn(p, b) &&
	       slot_of(p, a->time) == slot_of(p, b->time) &&
	       !hash_eq(&a->hash, &b->hash);
}

static bool authority(const struct engine *e, size_t i,
		      struct engine_authority *out)
{
	const struct poa *p = poa_of_const(e);
	const struct poa_row *row;

	if (i >= p->rules->miner_count)
		return false;
	row = &p->state.rows[i];
	*out = (struct engine_authority){
		.account = p->rules->miners[i],
		.has_slots = true,
		.has_height = row->height > 0,
		.height = row->height,
		.slot_start = slot_start(p, row->slot),
		.made = row->made,
		.missed = row->missed,
		.missed_since = row->missed_since,
	};
	return true;
}

static void status(const struct engine *e, uint64_t now,
		   const struct address *self, struct engine_status *out)
{
	const struct poa *p = poa_of_const(e);
	size_t n = p->rules->miner_count;
	size_t miner = self ? miner_index(p, self) : SIZE_MAX;
	uint64_t slot, next;

	slot = now > p->rules->genesis_time ? slot_of(p, now) : 0;
	*out = (struct engine_status){
		.has_slots = true,
		.slot = slot,
		.slot_start = slot_start(p, slot),
		.slot_ms = p->rules->slot_ms,
		.turn = p->rules->miners[slot % n],
		.quorum = poa_quorum(n),
		.filling = poa_is_filling(&p->state),
		.last_with_txs = p->state.last_with_txs,
		.signed_count = poa_signed_count(&p->state),
	};
	if (miner == SIZE_MAX)
		return;
	next = slot > p->state.slot ? slot : p->state.slot + 1;
	out->has_own_slot = true;
	out->own_slot = own_slot(p, next, miner);
}

const struct engine_ops engine_poa = {
	.name = "poa",
	.certifies = false,
	.create = create,
	.destroy = destroy,
	.accept = accept,
	.save = save,
	.restore = restore,
	.check_header = check_header,
	.check_seal = check_seal,
	.prefer = prefer,
	.settled = settled,
	.rank = rank,
	.is_authority = is_authority,
	.step = step,
	.conflict = conflict,
	.authority = authority,
	.status = status,
};

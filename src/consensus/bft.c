/* SPDX-License-Identifier: MIT */
/*
 * Byzantine fault tolerance as headers show it (CONSENSUS: "bft"; doc/bft.md):
 * which header may follow, by sets of validators that headers alone tell, and
 * which certificate makes it final. A block that is here is final, so nothing
 * is to be chosen and nothing conflicts. Who signs what and when is the round
 * machine's (bft_machine.h); this makes no blocks.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/vote.h"
#include "consensus/engine.h"
#include "ledger/governance.h"

struct bft_engine {
	struct engine base;
	const struct hash *genesis; /* borrowed */
	struct validators set;	    /* of the block above the tip */
	uint64_t height;	    /* of the tip */
};

static struct bft_engine *bft_of(struct engine *e)
{
	return (struct bft_engine *)e;
}

static const struct bft_engine *bft_of_const(const struct engine *e)
{
	return (const struct bft_engine *)e;
}

static enum err create(struct engine **out, const struct rules *rules,
		       const struct hash *genesis, struct fault *f)
{
	struct bft_engine *b;

	*out = NULL;
	if (!rules->validators.count)
		return fault_set(f, ERR_OUT_OF_RANGE, "consensus.validators",
				 "bft needs at least one validator");
	b = xcalloc(1, sizeof(*b));
	b->base.ops = &engine_bft;
	b->genesis = genesis;
	validators_copy(&b->set, &rules->validators);
	*out = &b->base;
	return ERR_OK;
}

static void destroy(struct engine *e)
{
	struct bft_engine *b = bft_of(e);

	validators_release(&b->set);
	free(b);
}

/* From the block's set to that of the block above it. */
static void follow(struct validators *set, const struct engine_block *block)
{
	if (block->has_change && validators_apply(set, &block->change, NULL))
		BUG("an accepted header changes the set in a way that it "
		    "cannot be changed");
}

static void accept(struct engine *e, const struct engine_block *block)
{
	struct bft_engine *b = bft_of(e);

	follow(&b->set, block);
	b->height = block->height;
}

/* The set of the block above: it stays the same while nothing changes. */
static void save(const struct engine *e, struct buf *out,
		 const struct engine_block *block)
{
	struct validators next;

	validators_copy(&next, &bft_of_const(e)->set);
	follow(&next, block);
	validators_encode(out, &next);
	validators_release(&next);
}

static enum err restore(struct engine *e, struct span state,
			const struct engine_block *tip)
{
	struct bft_engine *b = bft_of(e);

	validators_release(&b->set);
	b->height = tip->height;
	return validators_decode(&b->set, state) ? ERR_CORRUPT : ERR_OK;
}

/* The two sets and the change between them: the first is known, the second
 * follows from it. */
static enum err check_sets(const struct bft_engine *b, const struct header *h)
{
	struct governance_told told;
	struct validators next;
	struct hash hash;
	enum err e = ERR_OK;

	if (governance_told_decode(&told, h->engine))
		return ERR_BAD_ENGINE_FIELDS;
	validators_hash(&hash, &b->set);
	if (!hash_eq(&hash, &told.set))
		return ERR_BAD_ENGINE_FIELDS;
	validators_copy(&next, &b->set);
	if (told.has_change && validators_apply(&next, &told.change, NULL))
		e = ERR_BAD_ENGINE_FIELDS;
	validators_hash(&hash, &next);
	if (!hash_eq(&hash, &told.next))
		e = ERR_BAD_ENGINE_FIELDS;
	validators_release(&next);
	return e;
}

/* The clock is asked of fresh proposals alone (rule 13): by who votes. */
static enum err check_header(const struct engine *e,
			     const struct engine_block *parent,
			     const struct header *h, uint64_t now)
{
	const struct bft_engine *b = bft_of_const(e);
	enum err err = check_sets(b, h);

	(void)now;
	if (err)
		return err;
	if (h->time <= parent->time)
		return ERR_BAD_TIME;
	if (!h->has_producer ||
	    validators_find(&b->set, &h->producer) == SIZE_MAX)
		return ERR_BAD_PRODUCER;
	return ERR_OK;
}

static bool add_commits(const struct bft_engine *b, const struct vote *commits,
			size_t count, struct checks *checks)
{
	const struct validator *v;
	size_t i;

	for (i = 0; i < count; i++) {
		if (commits[i].signer >= b->set.count)
			return false;
		v = &b->set.list[commits[i].signer];
		if (!vote_check(checks, &commits[i], SPAN(v->key, v->key_len),
				b->genesis))
			return false;
	}
	return true;
}

static enum err check_seal(const struct engine *e, const struct header *h,
			   const struct hash *hash, const struct seal *seal,
			   struct checks *checks)
{
	const struct bft_engine *b = bft_of_const(e);
	struct vote *commits;
	size_t count;
	uint64_t round;
	bool good;

	if (h->height != b->height + 1 || !seal->certificate.len)
		return ERR_BAD_SEAL;
	if (certificate_decode(&commits, &count, &round, seal->certificate,
			       h->height, hash))
		return ERR_BAD_SEAL;
	/* distinct signers: they ascend */
	good = count >= validators_quorum(b->set.count) &&
	       add_commits(b, commits, count, checks);
	free(commits);
	return good ? ERR_OK : ERR_BAD_SEAL;
}

/* Two branches are a header and a certificate apart from being one: the longer
 * is the one to follow. */
static int prefer(const struct engine *e, const struct branch_tip *a,
		  const struct branch_tip *b)
{
	(void)e;
	if (a->tip.height != b->tip.height)
		return a->tip.height > b->tip.height ? -1 : 1;
	return memcmp(a->tip.hash.b, b->tip.hash.b, HASH_LEN);
}

static uint64_t settled(const struct engine *e)
{
	return bft_of_const(e)->height;
}

static bool is_authority(const struct engine *e, const struct address *account)
{
	return validators_find(&bft_of_const(e)->set, account) != SIZE_MAX;
}

static void step(struct engine *e, struct engine_output *out,
		 const struct engine_input *in)
{
	(void)e;
	(void)in;
	*out = (struct engine_output){0};
}

static bool conflict(const struct engine *e, const struct engine_block *a,
		     const struct engine_block *b)
{
	(void)e;
	(void)a;
	(void)b;
	return false; /* votes do: codec/vote.h */
}

static bool authority(const struct engine *e, size_t i,
		      struct engine_authority *out)
{
	const struct bft_engine *b = bft_of_const(e);

	if (i >= b->set.count)
		return false;
	*out = (struct engine_authority){.account = b->set.list[i].account};
	return true;
}

static void status(const struct engine *e, uint64_t now,
		   const struct address *self, struct engine_status *out)
{
	const struct bft_engine *b = bft_of_const(e);
	size_t n = b->set.count;

	(void)now;
	(void)self;
	*out = (struct engine_status){
		.turn = b->set.list[(b->height + 1) % n].account,
		.quorum = validators_quorum(n),
	};
}

const struct engine_ops engine_bft = {
	.name = "bft",
	.certifies = true,
	.create = create,
	.destroy = destroy,
	.accept = accept,
	.save = save,
	.restore = restore,
	.check_header = check_header,
	.check_seal = check_seal,
	.prefer = prefer,
	.settled = settled,
	.rank = settled, /* what is final weighs */
	.is_authority = is_authority,
	.step = step,
	.conflict = conflict,
	.authority = authority,
	.status = status,
};

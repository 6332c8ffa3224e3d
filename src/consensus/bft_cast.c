/* SPDX-License-Identifier: MIT */
/*
 * What a validator itself casts, when a rule says that it is due: one vote at
 * a time, never below its round.
 */
#include "base/mem.h"
#include "consensus/bft_internal.h"

static bool has_cast(const struct bft *b, enum vote_kind kind)
{
	const struct seat *s = &b->now.seats[b->self];

	return s->held[kind] && s->votes[kind].round >= b->round;
}

static struct bft_effect *cast(struct bft *b, enum vote_kind kind,
			       const struct hash *digest,
			       struct bft_effects *out)
{
	struct bft_effect *e = bft_effect_add(out, BFT_CAST);

	b->casting = true;
	b->cast = (struct vote){
		.kind = kind,
		.height = b->now.height,
		.round = b->round,
		.signer = (uint16_t)b->self,
	};
	if (digest)
		b->cast.digest = *digest;
	vote_list_free(&b->cast_changes);
	vote_list_free(&b->cast_votes);
	e->vote = b->cast;
	return e;
}

static void beside(struct bft *b, struct bft_effect *e,
		   const struct vote_list *changes,
		   const struct vote_list *votes)
{
	vote_list_set(&b->cast_changes, changes->list, changes->count);
	vote_list_set(&b->cast_votes, votes->list, votes->count);
	bft_effect_votes(&e->changes, &e->change_count, changes);
	bft_effect_votes(&e->votes, &e->vote_count, votes);
}

static const struct vote_list nothing;

/* Rule 8, rule 3: it names the highest certificate that is held. */
static bool cast_round_change(struct bft *b, struct bft_effects *out)
{
	struct bft_effect *e;

	if (!b->round || has_cast(b, VOTE_ROUND_CHANGE))
		return false;
	/* prepared in this very round, by votes of others: that came later */
	if (b->prepared && b->prepared_round >= b->round)
		return false;
	e = cast(b, VOTE_ROUND_CHANGE, b->prepared ? &b->prepared_digest : NULL,
		 out);
	b->cast.prepared = b->prepared;
	b->cast.prepared_round = b->prepared ? b->prepared_round : 0;
	e->vote = b->cast;
	beside(b, e, &nothing, b->prepared ? &b->certificate : &nothing);
	return true;
}

/* The round changes for exactly this round. */
static void collect_changes(const struct bft *b, struct vote_list *out)
{
	size_t i;

	out->list = xcalloc(b->now.n, sizeof(*out->list));
	for (i = 0; i < b->now.n; i++) {
		const struct seat *s = &b->now.seats[i];

		if (s->held[VOTE_ROUND_CHANGE] &&
		    s->votes[VOTE_ROUND_CHANGE].round == b->round)
			out->list[out->count++] = s->votes[VOTE_ROUND_CHANGE];
	}
}

static bool cast_proposal(struct bft *b, const struct hash *digest,
			  const struct vote_list *prepares,
			  struct bft_effects *out)
{
	struct vote_list changes = {0};

	if (b->round)
		collect_changes(b, &changes);
	known_find(b, digest)->own = true;
	beside(b, cast(b, VOTE_PROPOSAL, digest, out), &changes, prepares);
	vote_list_free(&changes);
	return true;
}

/* A new block: asked for, and proposed when it is made. */
static bool propose_fresh(struct bft *b, struct bft_effects *out)
{
	if (b->build == BUILD_DONE)
		return cast_proposal(b, &b->built, &nothing, out);
	if (b->build == BUILD_NONE) {
		b->build = BUILD_ASKED;
		bft_effect_add(out, BFT_BUILD)->round = b->round;
	}
	return false;
}

/* Rules 3 and 12. */
static bool propose(struct bft *b, uint64_t now, struct bft_effects *out)
{
	const struct seat *highest;

	if (table_leader(&b->now, b->round) != b->self ||
	    has_cast(b, VOTE_PROPOSAL))
		return false;
	if (!b->round)
		return b->work_due <= now && propose_fresh(b, out);
	if (table_count_round(&b->now, VOTE_ROUND_CHANGE, b->round) <
	    b->now.quorum)
		return false;
	highest = table_highest(&b->now, b->round);
	if (!highest)
		return propose_fresh(b, out);
	if (known_is_here(b, &highest->votes[VOTE_ROUND_CHANGE].digest))
		return cast_proposal(b,
				     &highest->votes[VOTE_ROUND_CHANGE].digest,
				     &highest->certificate, out);
	bft_fetch(b, &highest->votes[VOTE_ROUND_CHANGE].digest,
		  &highest->certificate, now, out);
	return false;
}

/* Rule 13: what was executed as a block proposed again is not yet one that may
 * be proposed afresh in this round. */
static bool is_executed(const struct known *k, uint64_t round, bool fresh)
{
	if (k->execution == EXECUTION_VALID && !fresh)
		return true;
	return k->execution != EXECUTION_NONE && k->fresh == fresh &&
	       k->round == round;
}

/* Rule 4: executed first. */
static bool cast_prepare(struct bft *b, struct bft_effects *out)
{
	const struct seat *s = bft_proposal(b, b->round);
	struct bft_effect *e;
	struct known *k;

	if (!s || has_cast(b, VOTE_PREPARE))
		return false;
	k = known_find(b, &s->votes[VOTE_PROPOSAL].digest);
	if (!k || !k->here)
		return false;
	if (!is_executed(k, b->round, s->fresh)) {
		if (k->execution == EXECUTION_RUNS)
			return false;
		k->execution = EXECUTION_RUNS;
		k->fresh = s->fresh;
		k->round = b->round;
		e = bft_effect_add(out, BFT_EXECUTE);
		e->digest = k->digest;
		e->round = b->round;
		e->fresh = s->fresh;
		return false;
	}
	if (k->execution != EXECUTION_VALID)
		return false;
	k->own = true;
	cast(b, VOTE_PREPARE, &k->digest, out);
	return true;
}

/* Rule 4: never without the certificate. */
static bool cast_commit(struct bft *b, struct bft_effects *out)
{
	if (!b->prepared || b->prepared_round != b->round ||
	    has_cast(b, VOTE_COMMIT))
		return false;
	beside(b, cast(b, VOTE_COMMIT, &b->prepared_digest, out), &nothing,
	       &b->certificate);
	return true;
}

/* One at a time, so that their order in the journal is that of the rounds
 * (rule 6). */
void bft_cast_next(struct bft *b, uint64_t now, struct bft_effects *out)
{
	if (b->casting)
		return;
	if (cast_round_change(b, out) || propose(b, now, out) ||
	    cast_commit(b, out))
		return;
	cast_prepare(b, out);
}

/* SPDX-License-Identifier: MIT */
/* The blocks that matter to the round machine, and what it shows of itself. */
#include <string.h>

#include "base/mem.h"
#include "consensus/bft_internal.h"

struct known *known_find(const struct bft *b, const struct hash *digest)
{
	size_t i;

	for (i = 0; i < b->known_count; i++)
		if (hash_eq(&b->known[i].digest, digest))
			return &b->known[i];
	return NULL;
}

bool known_is_here(const struct bft *b, const struct hash *digest)
{
	const struct known *k = known_find(b, digest);

	return k && k->here;
}

struct known *known_add(struct bft *b, const struct hash *digest)
{
	struct known *k = known_find(b, digest);

	if (k)
		return k;
	if (b->known_count == b->known_cap) {
		b->known_cap = b->known_cap ? 2 * b->known_cap : 8;
		b->known = xrealloc(b->known, b->known_cap, sizeof(*b->known));
	}
	k = &b->known[b->known_count++];
	*k = (struct known){.digest = *digest};
	return k;
}

/* Proposed in a round that is not over. */
static bool is_proposed(const struct table *t, uint64_t round,
			const struct hash *digest)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->seats[i].held[VOTE_PROPOSAL] &&
		    t->seats[i].votes[VOTE_PROPOSAL].round >= round &&
		    hash_eq(&t->seats[i].votes[VOTE_PROPOSAL].digest, digest))
			return true;
	return false;
}

static bool is_needed(const struct bft *b, const struct known *k)
{
	const struct hash *d = &k->digest;

	return k->own || is_proposed(&b->now, b->round, d) ||
	       is_proposed(&b->next, 0, d) ||
	       (b->prepared && hash_eq(&b->prepared_digest, d)) ||
	       (b->decided && hash_eq(&b->decided_digest, d)) ||
	       (b->fetching && hash_eq(&b->fetch_digest, d)) ||
	       (b->build == BUILD_DONE && hash_eq(&b->built, d)) ||
	       (b->casting && hash_eq(&b->cast.digest, d));
}

void known_prune(struct bft *b)
{
	size_t i, left = 0;

	for (i = 0; i < b->known_count; i++)
		if (is_needed(b, &b->known[i]))
			b->known[left++] = b->known[i];
	b->known_count = left;
}

bool bft_needs_block(const struct bft *b, const struct hash *digest)
{
	const struct known *k = known_find(b, digest);

	return k && is_needed(b, k);
}

void bft_status(const struct bft *b, struct bft_status *out)
{
	const struct known *k;
	const struct seat *s;

	*out = (struct bft_status){
		.height = b->now.height,
		.round = b->round,
		.n = b->now.n,
		.quorum = b->now.quorum,
		.self = b->self,
		.timer_runs = b->timer_runs,
		.deadline = b->deadline,
		.timeouts = b->timeouts,
		.prepared = b->prepared,
		.prepared_round = b->prepared_round,
		.decided = b->decided,
		.muted = b->muted,
	};
	if (!b->now.n)
		return;
	out->leader = table_leader(&b->now, b->round);
	s = bft_proposal(b, b->round);
	if (!s)
		return;
	out->has_proposal = true;
	out->digest = s->votes[VOTE_PROPOSAL].digest;
	k = known_find(b, &out->digest);
	out->executed = k && k->execution == EXECUTION_VALID;
}

const struct vote *bft_held(const struct bft *b, size_t validator,
			    enum vote_kind kind)
{
	const struct seat *s = &b->now.seats[validator];

	return s->held[kind] ? &s->votes[kind] : NULL;
}

bool bft_seen(const struct bft *b, size_t validator, uint64_t *round)
{
	const struct seat *s = &b->now.seats[validator];

	*round = s->seen_round;
	return s->seen;
}

/* SPDX-License-Identifier: MIT */
/*
 * What is held of the validators of a height, and what it proves: quorums of
 * distinct signers (rule 2), certificates and justifications (rule 3). Quorums
 * are counted over seats, so nobody counts twice, and over votes of one round
 * and one block, so rounds are never summed up (rule 5).
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "consensus/bft_internal.h"

void table_init(struct table *t, uint64_t height, size_t n)
{
	*t = (struct table){.height = height, .n = n};
	t->quorum = validators_quorum(n);
	t->faults = validators_faults(n);
	t->seats = xcalloc(n, sizeof(*t->seats));
}

void table_release(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		vote_list_free(&t->seats[i].certificate);
	free(t->seats);
	*t = (struct table){0};
}

size_t table_leader(const struct table *t, uint64_t round)
{
	return (size_t)((t->height + round) % t->n);
}

void table_keep(struct table *t, const struct bft_message *m, bool fresh)
{
	const struct vote *v = m->vote;
	struct seat *s = &t->seats[v->signer];

	s->held[v->kind] = true;
	s->votes[v->kind] = *v;
	if (!s->seen || s->seen_round < v->round)
		s->seen_round = v->round;
	s->seen = true;
	if (v->kind == VOTE_PROPOSAL)
		s->fresh = fresh;
	if (v->kind == VOTE_ROUND_CHANGE)
		vote_list_set(&s->certificate, m->prepares, m->prepare_count);
}

static bool is_for(const struct seat *s, enum vote_kind kind, uint64_t round,
		   const struct hash *digest)
{
	const struct vote *v = &s->votes[kind];

	return s->held[kind] && v->round == round &&
	       hash_eq(&v->digest, digest);
}

size_t table_count(const struct table *t, enum vote_kind kind, uint64_t round,
		   const struct hash *digest)
{
	size_t i, count = 0;

	for (i = 0; i < t->n; i++)
		count += is_for(&t->seats[i], kind, round, digest);
	return count;
}

void table_collect(const struct table *t, struct vote_list *out,
		   enum vote_kind kind, uint64_t round,
		   const struct hash *digest, size_t max)
{
	size_t i;

	vote_list_free(out);
	out->list = xcalloc(max, sizeof(*out->list));
	for (i = 0; i < t->n && out->count < max; i++)
		if (is_for(&t->seats[i], kind, round, digest))
			out->list[out->count++] = t->seats[i].votes[kind];
}

size_t table_count_round(const struct table *t, enum vote_kind kind,
			 uint64_t round)
{
	size_t i, count = 0;

	for (i = 0; i < t->n; i++)
		count += t->seats[i].held[kind] &&
			 t->seats[i].votes[kind].round == round;
	return count;
}

size_t table_count_seen(const struct table *t, uint64_t round, size_t self)
{
	size_t i, count = 0;

	for (i = 0; i < t->n; i++)
		count += i != self && t->seats[i].seen &&
			 t->seats[i].seen_round >= round;
	return count;
}

bool table_jump(const struct table *t, uint64_t round, size_t self,
		uint64_t *to)
{
	uint64_t lowest = UINT64_MAX;
	size_t i;

	if (table_count_seen(t, round + 1, self) < t->faults + 1)
		return false;
	for (i = 0; i < t->n; i++)
		if (i != self && t->seats[i].seen &&
		    t->seats[i].seen_round > round &&
		    t->seats[i].seen_round < lowest)
			lowest = t->seats[i].seen_round;
	*to = lowest;
	return true;
}

/* Each signer once. false: one is none of the set, or stands there twice. */
static bool count_signer(bool seen[VALIDATORS_MAX], const struct table *t,
			 size_t signer)
{
	if (signer >= t->n || seen[signer])
		return false;
	seen[signer] = true;
	return true;
}

bool table_is_certificate(const struct table *t, const struct vote *prepares,
			  size_t count, uint64_t round,
			  const struct hash *digest)
{
	bool seen[VALIDATORS_MAX] = {false};
	size_t i;

	for (i = 0; i < count; i++) {
		const struct vote *v = &prepares[i];

		if (v->kind != VOTE_PREPARE || v->height != t->height ||
		    v->round != round || !hash_eq(&v->digest, digest) ||
		    !count_signer(seen, t, v->signer))
			return false;
	}
	return count >= t->quorum;
}

/* Whether all are round changes for exactly that round by distinct signers;
 * the round in which the highest of them is prepared. */
static bool read_changes(const struct table *t, const struct bft_message *m,
			 bool *prepared, uint64_t *round)
{
	bool seen[VALIDATORS_MAX] = {false};
	size_t i;

	*prepared = false;
	for (i = 0; i < m->change_count; i++) {
		const struct vote *v = &m->changes[i];

		if (v->kind != VOTE_ROUND_CHANGE || v->height != t->height ||
		    v->round != m->vote->round ||
		    (v->prepared && v->prepared_round >= v->round) ||
		    !count_signer(seen, t, v->signer))
			return false;
		if (v->prepared && (!*prepared || v->prepared_round > *round)) {
			*prepared = true;
			*round = v->prepared_round;
		}
	}
	return m->change_count >= t->quorum;
}

/* A certificate can be had for one block a round, so that any of the highest
 * round changes names the block is enough. */
static bool is_named(const struct bft_message *m, uint64_t round)
{
	size_t i;

	for (i = 0; i < m->change_count; i++)
		if (m->changes[i].prepared &&
		    m->changes[i].prepared_round == round &&
		    hash_eq(&m->changes[i].digest, &m->vote->digest))
			return true;
	return false;
}

bool table_is_justified(const struct table *t, const struct bft_message *m,
			bool *fresh)
{
	bool prepared;
	uint64_t round = 0;

	*fresh = true;
	if (!m->vote->round)
		return !m->change_count && !m->prepare_count;
	if (!read_changes(t, m, &prepared, &round))
		return false;
	if (!prepared)
		return !m->prepare_count;
	*fresh = false;
	return is_named(m, round) &&
	       table_is_certificate(t, m->prepares, m->prepare_count, round,
				    &m->vote->digest);
}

const struct seat *table_highest(const struct table *t, uint64_t round)
{
	const struct seat *best = NULL;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct seat *s = &t->seats[i];
		const struct vote *v = &s->votes[VOTE_ROUND_CHANGE];

		if (!s->held[VOTE_ROUND_CHANGE] || v->round != round ||
		    !v->prepared)
			continue;
		if (!best ||
		    v->prepared_round >
			    best->votes[VOTE_ROUND_CHANGE].prepared_round)
			best = s;
	}
	return best;
}

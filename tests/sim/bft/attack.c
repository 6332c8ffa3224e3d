/* SPDX-License-Identifier: MIT */
/*
 * Faulty validators, who work together: they remember what any of them heard,
 * and sign what they like with the keys that they have.
 */
#include <string.h>

#include "sim/bft/world.h"

#define LIST_MAX (2 * PERSONS_MAX)

struct list {
	struct vote votes[LIST_MAX];
	size_t count;
};

void overhear(struct world *w, const struct message *m)
{
	w->pool[w->pool_count++ % POOL_MAX] = m;
	if (w->attack_budget && chance(w, w->attack_chance))
		attack(w);
}

static size_t pool_size(const struct world *w)
{
	return w->pool_count < POOL_MAX ? w->pool_count : POOL_MAX;
}

/* Something heard, rather of late; NULL: nothing. */
static const struct message *something(struct world *w)
{
	size_t size = pool_size(w), back;

	if (!size)
		return NULL;
	back = 1 + below(w, chance(w, 600) && size > 12 ? 12 : size);
	return w->pool[(w->pool_count - back) % POOL_MAX];
}

/* --- saying it ----------------------------------------------------------- */

/* To all, or to some. */
static void say(struct world *w, const struct node *from, struct message *m)
{
	unsigned to = chance(w, 500) ? ~0u : (unsigned)rng_next(&w->rng);
	size_t i;

	for (i = 0; i < w->node_count; i++)
		if (to >> i & 1)
			send_to(w, from, i, m);
}

static bool sign_own(struct world *w, const struct node *n, struct vote *v)
{
	size_t index;

	if (v->height < 1 || v->height > HEIGHTS_MAX)
		return false;
	index = index_of(w, v->height, n->person);
	if (index == BFT_NOBODY)
		return false;
	v->signer = (uint16_t)index;
	sign(w, v, n->person);
	return true;
}

static void say_vote(struct world *w, const struct node *n,
		     const struct vote *v, const struct list *changes,
		     const struct list *prepares)
{
	struct message *m = new_message(w, MSG_VOTE);

	m->own = *v;
	m->m.vote = &m->own;
	if (!sign_own(w, n, &m->own))
		return;
	if (changes) {
		m->m.changes = arena_votes(w, changes->votes, changes->count);
		m->m.change_count = changes->count;
	}
	if (prepares) {
		m->m.prepares =
			arena_votes(w, prepares->votes, prepares->count);
		m->m.prepare_count = prepares->count;
	}
	if (v->kind == VOTE_PROPOSAL) {
		m->block = find_block(w, &v->digest);
		m->bytes = m->block != NO_BLOCK;
	}
	note_vote(w, n, "lies", &m->own);
	say(w, n, m);
}

static void say_plain(struct world *w, const struct node *n,
		      enum vote_kind kind, const struct vote *like)
{
	struct vote v = {
		.kind = kind,
		.height = like->height,
		.round = like->round,
		.digest = like->digest,
	};

	say_vote(w, n, &v, NULL, NULL);
}

/* --- lists --------------------------------------------------------------- */

static void add(struct list *l, const struct vote *v, bool doubled)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (!doubled && l->votes[i].signer == v->signer)
			return;
	if (l->count < LIST_MAX)
		l->votes[l->count++] = *v;
}

static bool is_for(const struct vote *v, const struct vote *like)
{
	return v->kind == like->kind && v->height == like->height &&
	       v->round == like->round &&
	       (v->kind == VOTE_ROUND_CHANGE ||
		hash_eq(&v->digest, &like->digest));
}

static void add_all(struct list *l, const struct vote *votes, size_t count,
		    const struct vote *like)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (is_for(&votes[i], like))
			add(l, &votes[i], false);
}

/* All that was heard, of this kind, height and round (and block). */
static void collect(struct world *w, struct list *l, const struct vote *like)
{
	size_t i, size = pool_size(w), first = below(w, size ? size : 1);

	l->count = 0;
	for (i = 0; i < size; i++) {
		const struct message *m = w->pool[(first + i) % size];

		if (is_for(&m->own, like))
			add(l, &m->own, false);
		add_all(l, m->m.changes, m->m.change_count, like);
		add_all(l, m->m.prepares, m->m.prepare_count, like);
	}
}

/* And what all the faulty ones sign besides. */
static void add_own(struct world *w, struct list *l, const struct vote *like)
{
	size_t i;

	for (i = 0; i < w->persons; i++) {
		struct vote v = {
			.kind = like->kind,
			.height = like->height,
			.round = like->round,
			.digest = like->digest,
			.prepared = like->prepared,
			.prepared_round = like->prepared_round,
		};

		if ((w->byzantine >> i & 1) && sign_own(w, &w->nodes[i], &v))
			add(l, &v, false);
	}
}

/* None, too few, one twice, or as it is. */
static void spoil(struct world *w, struct list *l, uint64_t height)
{
	size_t quorum = validators_quorum(set_size(w, height));

	switch (below(w, 6)) {
	case 0:
		if (l->count >= quorum)
			l->count = quorum - 1;
		break;
	case 5:
		l->count = 0;
		break;
	case 1:
		while (l->count && l->count < quorum)
			add(l, &l->votes[0], true);
		break;
	case 2:
		if (l->count) {
			l->count = l->count < quorum ? l->count : quorum - 1;
			add(l, &l->votes[0], true);
		}
		break;
	default:
		if (l->count > quorum)
			l->count = quorum;
		break;
	}
}

/* One of them is of something else that was heard. */
static void mix_in(struct world *w, struct list *l)
{
	const struct message *m = something(w);
	size_t i;

	if (!m || !l->count)
		return;
	i = below(w, l->count);
	if (m->own.height == l->votes[i].height)
		l->votes[i] = m->own;
}

/* PREPAREs heard of a round below; whatever their number. */
static bool find_certificate(struct world *w, struct list *l, uint64_t height,
			     uint64_t round)
{
	size_t i, size = pool_size(w), first = below(w, size ? size : 1);

	for (i = 0; i < size; i++) {
		const struct message *m = w->pool[(first + i) % size];

		if (m->own.kind != VOTE_PREPARE || m->own.height != height ||
		    m->own.round >= round)
			continue;
		collect(w, l, &m->own);
		add_own(w, l, &m->own);
		return true;
	}
	return false;
}

/* --- misdeeds ------------------------------------------------------------ */

static void vote_all(struct world *w, const struct node *n,
		     const struct message *m)
{
	if (m->own.kind == VOTE_ROUND_CHANGE)
		return;
	say_plain(w, n, VOTE_PREPARE, &m->own);
	say_plain(w, n, VOTE_COMMIT, &m->own);
}

static void tweak(struct world *w, const struct node *n,
		  const struct message *m)
{
	struct vote v = {
		.kind = (enum vote_kind)below(w, VOTE_KIND_COUNT),
		.height = m->own.height,
		.round = m->own.round,
		.digest = m->own.digest,
	};
	int by = chance(w, 500) ? 1 : -1;

	switch (below(w, 4)) {
	case 0:
		v.round += (uint64_t)by;
		break;
	case 1:
		v.height += (uint64_t)by;
		break;
	case 2:
		v.digest.b[HASH_LEN - 1] += (uint8_t)by;
		break;
	default:
		break;
	}
	if (v.round > VOTE_ROUND_MAX)
		return;
	if (v.kind == VOTE_ROUND_CHANGE)
		memset(&v.digest, 0, sizeof(v.digest));
	say_vote(w, n, &v, NULL, NULL);
}

static void replay_old(struct world *w, const struct node *n,
		       const struct message *m)
{
	(void)m;
	m = w->pool[below(w, pool_size(w))];
	say(w, n, (struct message *)m);
}

static void claim(struct world *w, const struct node *n,
		  const struct message *m)
{
	struct vote v = {
		.kind = VOTE_ROUND_CHANGE,
		.height = m->own.height,
		.round = m->own.round + below(w, 3),
	};
	struct list l = {.count = 0};

	if (v.round && chance(w, 700) &&
	    find_certificate(w, &l, v.height, v.round)) {
		v.prepared = true;
		v.prepared_round = l.votes[0].round;
		v.digest = l.votes[0].digest;
		spoil(w, &l, v.height);
		if (chance(w, 200))
			v.prepared_round = below(w, v.round);
		if (chance(w, 200))
			v.digest = m->own.digest;
		if (chance(w, 100))
			l.count = 0;
	}
	say_vote(w, n, &v, NULL, &l);
}

static void jump(struct world *w, const struct node *n, const struct message *m)
{
	struct vote v = {
		.kind = VOTE_ROUND_CHANGE,
		.height = m->own.height,
		.round = m->own.round + 1 + below(w, 50),
	};

	if (chance(w, 300))
		v.round = VOTE_ROUND_MAX;
	say_vote(w, n, &v, NULL, NULL);
}

/* A block for the proposal: that of the certificate, one heard of, or a new
 * one. */
static bool choose_block(struct world *w, const struct node *n,
			 const struct list *certificate, struct vote *v,
			 const struct vote *heard)
{
	uint32_t block;

	if (certificate->count && chance(w, 600)) {
		v->digest = certificate->votes[0].digest;
	} else if (chance(w, 300) && heard->kind != VOTE_ROUND_CHANGE) {
		v->digest = heard->digest;
	} else {
		if (n->tip + 1 != v->height)
			return false;
		block = make_block(w, n, v->round, n->known & ~n->included,
				   !(w->attacks & ATTACK_INVALID) ||
					   chance(w, 700));
		v->digest = w->blocks[block].digest;
	}
	return true;
}

static void propose(struct world *w, const struct node *n,
		    const struct message *m)
{
	struct vote v = {.kind = VOTE_PROPOSAL, .height = m->own.height};
	struct vote like = {.kind = VOTE_ROUND_CHANGE, .height = v.height};
	struct list changes = {.count = 0}, certificate = {.count = 0};
	size_t index = index_of(w, v.height, n->person), size;

	if (index == BFT_NOBODY)
		return;
	size = set_size(w, v.height);
	v.round = m->own.round;
	if (v.round > 64)
		return;
	while ((v.height + v.round) % size != index)
		v.round++;
	like.round = v.round;
	if (v.round) {
		collect(w, &changes, &like);
		if (chance(w, 500))
			find_certificate(w, &certificate, v.height, v.round);
		like.prepared = certificate.count && chance(w, 300);
		if (like.prepared) {
			like.prepared_round = certificate.votes[0].round;
			like.digest = certificate.votes[0].digest;
		}
		add_own(w, &changes, &like);
		if (chance(w, 600))
			spoil(w, &changes, v.height);
		if (chance(w, 300))
			spoil(w, &certificate, v.height);
		if (chance(w, 200))
			mix_in(w, chance(w, 500) ? &changes : &certificate);
	}
	if (choose_block(w, n, &certificate, &v, &m->own))
		say_vote(w, n, &v, &changes, &certificate);
}

static const struct misdeed {
	uint32_t bit;
	void (*fn)(struct world *w, const struct node *n,
		   const struct message *m);
} misdeeds[] = {
	{ATTACK_VOTE_ALL, vote_all}, {ATTACK_TWEAK, tweak},
	{ATTACK_REPLAY, replay_old}, {ATTACK_CLAIM, claim},
	{ATTACK_PROPOSE, propose},   {ATTACK_JUMP, jump},
};

void attack(struct world *w)
{
	const struct misdeed *d = &misdeeds[below(w, ARRAY_LEN(misdeeds))];
	const struct node *n = &w->nodes[below(w, w->node_count)];
	const struct message *m = something(w);

	while (!is_byzantine(w, n))
		n = &w->nodes[(size_t)(n - w->nodes + 1) % w->node_count];
	if (!m || !n->up || !(w->attacks & d->bit))
		return;
	w->attack_budget--;
	w->stats.attacks++;
	d->fn(w, n, m);
}

/* SPDX-License-Identifier: MIT */
/*
 * What comes into the round machine: votes of others, votes of self that are
 * durable, blocks, results, time. Each is put where it belongs; then what is
 * due is done (bft_machine.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "consensus/bft_internal.h"

/* --- life -------------------------------------------------------------- */

struct bft *bft_new(const struct bft_rules *rules)
{
	struct bft *b = xcalloc(1, sizeof(*b));

	b->rules = *rules;
	b->self = BFT_NOBODY;
	b->work_due = UINT64_MAX;
	return b;
}

/* What belongs to one height. */
static void leave_height(struct bft *b)
{
	vote_list_free(&b->cast_changes);
	vote_list_free(&b->cast_votes);
	vote_list_free(&b->own_changes);
	vote_list_free(&b->own_prepares);
	vote_list_free(&b->certificate);
	vote_list_free(&b->decided_votes);
	vote_list_free(&b->fetch_from);
	table_release(&b->now);
	b->casting = b->prepared = b->decided = b->told = b->fetching = false;
	b->timer_runs = false;
	b->round = b->timeouts = b->resend_at = 0;
	b->work_due = UINT64_MAX;
	b->build = BUILD_NONE;
}

void bft_free(struct bft *b)
{
	if (!b)
		return;
	leave_height(b);
	table_release(&b->next);
	free(b->known);
	free(b);
}

/* What was known of a block as one to come is known still. */
static void begin_blocks(struct bft *b)
{
	size_t i;

	for (i = 0; i < b->known_count; i++) {
		b->known[i].own = false;
		b->known[i].execution = EXECUTION_NONE;
	}
	known_prune(b);
}

/* What came early under the own key was not signed here: a second node with
 * it, or one whose chain was lost. Only the journal says what was. */
static void forget_own(struct bft *b)
{
	struct seat *s;

	if (b->self == BFT_NOBODY)
		return;
	s = &b->now.seats[b->self];
	vote_list_free(&s->certificate);
	*s = (struct seat){0};
}

void bft_enter(struct bft *b, const struct bft_height *h, uint64_t now)
{
	(void)now;
	leave_height(b);
	if (b->next.n == h->n && b->next.height == h->height) {
		b->now = b->next;
		b->next = (struct table){0};
	} else {
		table_release(&b->next);
		table_init(&b->now, h->height, h->n);
	}
	table_init(&b->next, h->height + 1, h->next_n);
	b->self = h->self;
	forget_own(b);
	begin_blocks(b);
	bft_look_at_all(b, VOTE_PREPARE);
	bft_look_at_all(b, VOTE_COMMIT);
}

void bft_mute(struct bft *b, bool muted)
{
	b->muted = muted;
}

/* --- votes of self ----------------------------------------------------- */

static void keep_own(struct bft *b, const struct bft_message *m)
{
	const struct vote *v = m->vote;

	table_keep(&b->now, m, !m->prepare_count);
	if (v->kind == VOTE_PROPOSAL) {
		vote_list_set(&b->own_changes, m->changes, m->change_count);
		vote_list_set(&b->own_prepares, m->prepares, m->prepare_count);
	}
	bft_look(b, v);
}

void bft_cast_done(struct bft *b, const struct vote *v, uint64_t now,
		   struct bft_effects *out)
{
	struct bft_message m = {.vote = v};
	struct bft_effect *e;

	if (!b->casting || !vote_same(v, &b->cast))
		return; /* of a height that is over */
	m.changes = b->cast_changes.list;
	m.change_count = b->cast_changes.count;
	m.prepares = b->cast_votes.list;
	m.prepare_count = b->cast_votes.count;
	b->casting = false;
	keep_own(b, &m);
	e = bft_effect_add(out, BFT_SEND);
	e->vote = *v;
	bft_effect_votes(&e->changes, &e->change_count, &b->cast_changes);
	if (v->kind != VOTE_COMMIT) /* its certificate stays at home */
		bft_effect_votes(&e->votes, &e->vote_count, &b->cast_votes);
	if (!b->resend_at)
		bft_send_again_after(b, now);
	bft_advance(b, now, out);
}

/* Rule 7: as they were; rule 6: and never below their rounds. */
void bft_replay(struct bft *b, const struct bft_message *m)
{
	const struct vote *v = m->vote;
	struct known *k;

	if (b->self == BFT_NOBODY || v->height != b->now.height ||
	    v->signer != b->self)
		return;
	if (v->round > b->round)
		b->round = v->round;
	if (v->kind == VOTE_PROPOSAL || v->kind == VOTE_PREPARE) {
		k = known_add(b, &v->digest);
		k->here = k->own = true;
		k->execution = EXECUTION_VALID;
		k->fresh = !v->round;
		k->round = v->round;
	}
	if (v->kind == VOTE_COMMIT)
		bft_set_prepared(b, v->round, &v->digest, m->prepares,
				 m->prepare_count);
	if (v->kind == VOTE_ROUND_CHANGE && v->prepared)
		bft_set_prepared(b, v->prepared_round, &v->digest, m->prepares,
				 m->prepare_count);
	keep_own(b, m);
	b->resend_at = 1; /* at once */
}

/* --- votes of others --------------------------------------------------- */

static struct table *table_of(struct bft *b, uint64_t height)
{
	if (b->now.n && height == b->now.height)
		return &b->now;
	if (b->next.n && height == b->next.height)
		return &b->next;
	return NULL;
}

/* Rule 16: of proposals this round and two above are kept. */
static bool is_in_window(const struct bft *b, const struct table *t,
			 const struct vote *v)
{
	uint64_t round = t == &b->now ? b->round : 0;

	if (v->kind != VOTE_PROPOSAL)
		return true;
	return v->signer == table_leader(t, v->round) && v->round >= round &&
	       v->round <= round + BFT_FUTURE_ROUNDS;
}

/* What is held of its signer and kind, when that is of its round or above. */
static const struct vote *held_above(const struct table *t,
				     const struct vote *v)
{
	const struct seat *s = &t->seats[v->signer];

	return s->held[v->kind] && s->votes[v->kind].round >= v->round
		       ? &s->votes[v->kind]
		       : NULL;
}

bool bft_wants(const struct bft *b, const struct vote *v)
{
	const struct table *t = table_of((struct bft *)b, v->height);
	const struct vote *held;

	/* who is muted may have signed what it does not know any more */
	if (!t || v->signer >= t->n ||
	    (t == &b->now &&
	     ((v->signer == b->self && !b->muted) || b->decided)))
		return false;
	held = held_above(t, v);
	if (held)
		return !t->seats[v->signer].caught && vote_conflict(held, v);
	if (v->kind == VOTE_PREPARE && t == &b->now && v->round < b->round)
		return false;
	return is_in_window(b, t, v);
}

/* Whether what stands beside it holds. */
static bool holds(const struct table *t, const struct bft_message *m,
		  bool *fresh)
{
	const struct vote *v = m->vote;

	*fresh = false;
	if (v->kind == VOTE_PROPOSAL)
		return table_is_justified(t, m, fresh);
	if (v->kind != VOTE_ROUND_CHANGE)
		return true;
	if (!v->round || (v->prepared && v->prepared_round >= v->round))
		return false;
	if (!v->prepared)
		return true;
	return table_is_certificate(t, m->prepares, m->prepare_count,
				    v->prepared_round, &v->digest);
}

static void tell_conflict(const struct vote *a, const struct vote *b,
			  struct bft_effects *out)
{
	struct bft_effect *e = bft_effect_add(out, BFT_EVIDENCE);

	e->votes = xcalloc(2, sizeof(*e->votes));
	e->votes[0] = *a;
	e->votes[1] = *b;
	e->vote_count = 2;
}

void bft_receive(struct bft *b, const struct bft_message *m, uint64_t now,
		 struct bft_effects *out)
{
	const struct vote *v = m->vote, *held;
	struct table *t = table_of(b, v->height);
	bool fresh;

	if (!bft_wants(b, v))
		return;
	held = held_above(t, v);
	if (held) {
		t->seats[v->signer].caught = true;
		tell_conflict(held, v, out);
		return;
	}
	if (!holds(t, m, &fresh))
		return;
	table_keep(t, m, fresh);
	if (v->kind == VOTE_PROPOSAL)
		known_add(b, &v->digest);
	if (t != &b->now)
		return;
	bft_look(b, v);
	bft_advance(b, now, out);
}

/* --- blocks ------------------------------------------------------------ */

void bft_block(struct bft *b, const struct hash *digest, uint64_t now,
	       struct bft_effects *out)
{
	struct known *k = known_find(b, digest);

	if (!k || k->here)
		return;
	k->here = true;
	if (b->fetching && hash_eq(&b->fetch_digest, digest))
		b->fetching = false;
	bft_advance(b, now, out);
}

void bft_executed(struct bft *b, const struct hash *digest, uint64_t round,
		  bool fresh, bool valid, uint64_t now, struct bft_effects *out)
{
	struct known *k = known_find(b, digest);

	if (!k || k->execution != EXECUTION_RUNS || k->round != round ||
	    k->fresh != fresh)
		return; /* of another time that it was proposed */
	k->execution = valid ? EXECUTION_VALID : EXECUTION_INVALID;
	bft_advance(b, now, out);
}

void bft_built(struct bft *b, uint64_t round, const struct hash *digest,
	       uint64_t now, struct bft_effects *out)
{
	struct known *k;

	if (b->build != BUILD_ASKED || round != b->round || b->decided)
		return;
	b->build = BUILD_DONE;
	b->built = *digest;
	k = known_add(b, digest);
	k->here = true;
	k->execution = EXECUTION_VALID;
	k->fresh = true;
	k->round = round;
	bft_advance(b, now, out);
}

void bft_build_failed(struct bft *b, uint64_t round)
{
	if (b->build == BUILD_ASKED && round == b->round)
		b->build = BUILD_FAILED;
}

/* --- time -------------------------------------------------------------- */

void bft_work(struct bft *b, uint64_t due, uint64_t now,
	      struct bft_effects *out)
{
	b->work_due = due;
	if (b->build == BUILD_FAILED)
		b->build = BUILD_NONE;
	bft_advance(b, now, out);
}

void bft_tick(struct bft *b, uint64_t now, struct bft_effects *out)
{
	bft_advance(b, now, out);
}

static void least(uint64_t *wake, uint64_t at)
{
	if (at && (!*wake || at < *wake))
		*wake = at;
}

uint64_t bft_wake(const struct bft *b)
{
	uint64_t wake = 0;

	least(&wake, b->resend_at);
	if (!bft_is_active(b) || b->decided)
		return wake;
	if (b->timer_runs)
		least(&wake, b->deadline);
	else if (!b->round && b->work_due != UINT64_MAX)
		least(&wake, b->work_due);
	return wake;
}

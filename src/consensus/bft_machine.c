/* SPDX-License-Identifier: MIT */
/*
 * What is due at this height, looked at after every input (bft_inputs.c), one
 * function a rule: quorums, rounds, the block that is missing, what is sent
 * again, the decision. Which vote of self is due is bft_cast.c's.
 */
#include "consensus/bft_machine.h"

#include "consensus/bft_internal.h"

bool bft_is_active(const struct bft *b)
{
	return b->self != BFT_NOBODY && !b->muted;
}

/* Rule 8: min(timeout x 2^round, max). */
uint64_t bft_timeout(const struct bft *b, uint64_t round)
{
	uint64_t ms = b->rules.timeout_ms;

	while (round-- > 0 && ms < b->rules.timeout_max_ms)
		ms *= 2;
	return ms < b->rules.timeout_max_ms ? ms : b->rules.timeout_max_ms;
}

const struct seat *bft_proposal(const struct bft *b, uint64_t round)
{
	const struct seat *s = &b->now.seats[table_leader(&b->now, round)];

	return s->held[VOTE_PROPOSAL] && s->votes[VOTE_PROPOSAL].round == round
		       ? s
		       : NULL;
}

void bft_send_again_after(struct bft *b, uint64_t now)
{
	uint64_t half = bft_timeout(b, b->round) / 2;

	b->resend_at = now + (half ? half : 1);
}

/* --- quorums ----------------------------------------------------------- */

void bft_set_prepared(struct bft *b, uint64_t round, const struct hash *digest,
		      const struct vote *prepares, size_t count)
{
	if (b->prepared && b->prepared_round >= round)
		return;
	b->prepared = true;
	b->prepared_round = round;
	b->prepared_digest = *digest;
	vote_list_set(&b->certificate, prepares, count);
}

/* Rule 4: q PREPAREs of this round and one block. */
static void look_at_prepares(struct bft *b, const struct vote *v)
{
	struct vote_list list = {0};

	if (v->round != b->round || table_count(&b->now, VOTE_PREPARE, v->round,
						&v->digest) < b->now.quorum)
		return;
	table_collect(&b->now, &list, VOTE_PREPARE, v->round, &v->digest,
		      b->now.quorum);
	bft_set_prepared(b, v->round, &v->digest, list.list, list.count);
	vote_list_free(&list);
}

/* Rule 5: q COMMITs of one round and one block, whatever that round is. */
static void look_at_commits(struct bft *b, const struct vote *v)
{
	if (b->decided || table_count(&b->now, VOTE_COMMIT, v->round,
				      &v->digest) < b->now.quorum)
		return;
	b->decided = true;
	b->decided_round = v->round;
	b->decided_digest = v->digest;
	b->timer_runs = false;
	/* now: a later vote of one of them would take its place */
	table_collect(&b->now, &b->decided_votes, VOTE_COMMIT, v->round,
		      &v->digest, b->now.quorum);
}

void bft_look(struct bft *b, const struct vote *v)
{
	if (v->kind == VOTE_PREPARE)
		look_at_prepares(b, v);
	else if (v->kind == VOTE_COMMIT)
		look_at_commits(b, v);
}

void bft_look_at_all(struct bft *b, enum vote_kind kind)
{
	size_t i;

	for (i = 0; i < b->now.n; i++)
		if (b->now.seats[i].held[kind])
			bft_look(b, &b->now.seats[i].votes[kind]);
}

/* --- rounds (rule 8) --------------------------------------------------- */

static void enter_round(struct bft *b, uint64_t round, uint64_t now)
{
	b->round = round;
	b->timer_runs = false;
	b->build = BUILD_NONE;
	b->fetching = b->fetching && b->decided;
	bft_send_again_after(b, now);
	bft_look_at_all(b, VOTE_PREPARE);
}

static void jump(struct bft *b, uint64_t now)
{
	uint64_t to;

	while (table_jump(&b->now, b->round, b->self, &to))
		enter_round(b, to, now);
}

/* Rule 12: whether anything is there to wait for. */
static bool has_reason(const struct bft *b, uint64_t now)
{
	size_t i, changes = 0;

	if (b->round || b->work_due <= now || bft_proposal(b, b->round))
		return true;
	for (i = 0; i < b->now.n; i++)
		changes +=
			i != b->self && b->now.seats[i].held[VOTE_ROUND_CHANGE];
	return changes >= b->now.faults + 1;
}

/* Rule 8: a round above 0 waits for q validators, self among them. */
static bool is_company_there(const struct bft *b)
{
	return !b->round || table_count_seen(&b->now, b->round, b->self) + 1 >=
				    b->now.quorum;
}

static void run_timer(struct bft *b, uint64_t now, struct bft_effects *out)
{
	if (!has_reason(b, now)) {
		b->timer_runs = false;
		return;
	}
	if (b->timer_runs && now >= b->deadline && b->round == VOTE_ROUND_MAX) {
		/* above it nothing can be written down; who has no faults to
		 * spare (f = 0) can be brought there by one validator */
		b->deadline = now + bft_timeout(b, b->round);
	} else if (b->timer_runs && now >= b->deadline) {
		b->timeouts++;
		bft_effect_add(out, BFT_TIMED_OUT)->round = b->round;
		enter_round(b, b->round + 1, now);
	}
	if (!b->timer_runs && is_company_there(b)) {
		b->timer_runs = true;
		b->deadline = now + bft_timeout(b, b->round);
	}
}

/* --- fetching ---------------------------------------------------------- */

static void emit_fetch(const struct bft *b, struct bft_effects *out)
{
	struct bft_effect *e = bft_effect_add(out, BFT_FETCH);

	e->digest = b->fetch_digest;
	bft_effect_votes(&e->votes, &e->vote_count, &b->fetch_from);
}

void bft_fetch(struct bft *b, const struct hash *digest,
	       const struct vote_list *from, uint64_t now,
	       struct bft_effects *out)
{
	if (b->fetching && hash_eq(&b->fetch_digest, digest))
		return;
	b->fetching = true;
	b->fetch_digest = *digest;
	vote_list_set(&b->fetch_from, from->list, from->count);
	known_add(b, digest);
	emit_fetch(b, out);
	if (!b->resend_at)
		bft_send_again_after(b, now);
}

/* --- sending again (rule 8) -------------------------------------------- */

static bool send_own(const struct bft *b, enum vote_kind kind,
		     struct bft_effects *out)
{
	const struct seat *s = &b->now.seats[b->self];
	struct bft_effect *e;

	if (!s->held[kind])
		return false;
	if (kind == VOTE_PROPOSAL && s->votes[kind].round != b->round)
		return false; /* nobody takes it any more */
	e = bft_effect_add(out, BFT_SEND);
	e->vote = s->votes[kind];
	if (kind == VOTE_PROPOSAL) {
		bft_effect_votes(&e->changes, &e->change_count,
				 &b->own_changes);
		bft_effect_votes(&e->votes, &e->vote_count, &b->own_prepares);
	} else if (kind == VOTE_ROUND_CHANGE) {
		bft_effect_votes(&e->votes, &e->vote_count, &s->certificate);
	}
	return true;
}

static void send_again(struct bft *b, uint64_t now, struct bft_effects *out)
{
	bool any = b->fetching;

	if (!b->resend_at || now < b->resend_at)
		return;
	b->resend_at = 0;
	if (b->fetching)
		emit_fetch(b, out);
	if (bft_is_active(b) && !b->decided) {
		any |= send_own(b, VOTE_ROUND_CHANGE, out);
		any |= send_own(b, VOTE_PROPOSAL, out);
		any |= send_own(b, VOTE_PREPARE, out);
		any |= send_own(b, VOTE_COMMIT, out);
	}
	if (any)
		bft_send_again_after(b, now);
}

/* --- all of it --------------------------------------------------------- */

static void decide(struct bft *b, uint64_t now, struct bft_effects *out)
{
	struct bft_effect *e;

	if (b->told)
		return;
	if (!known_is_here(b, &b->decided_digest)) {
		bft_fetch(b, &b->decided_digest, &b->decided_votes, now, out);
		return;
	}
	b->told = true;
	b->fetching = false;
	b->resend_at = 0;
	e = bft_effect_add(out, BFT_DECIDE);
	e->digest = b->decided_digest;
	e->round = b->decided_round;
	bft_effect_votes(&e->votes, &e->vote_count, &b->decided_votes);
}

void bft_advance(struct bft *b, uint64_t now, struct bft_effects *out)
{
	if (!b->now.n)
		return;
	if (b->decided) {
		decide(b, now, out);
		send_again(b, now, out);
		return;
	}
	jump(b, now);
	if (bft_is_active(b)) {
		run_timer(b, now, out);
		bft_cast_next(b, now, out);
	}
	send_again(b, now, out);
	known_prune(b);
}

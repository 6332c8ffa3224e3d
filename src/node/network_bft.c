/* SPDX-License-Identifier: MIT */
/* How far the validators are with the next block, and who is missing; see
 * network.h. */
#include "node/bft_internal.h"
#include "node/network.h"

/* A peer is heard of every 5 s (PING_MS), and a validator as long as there is
 * something to agree on every half timeout. */
#define LATELY_MS 10000

static uint64_t lately(const struct node *n)
{
	uint64_t rounds = 3 * chain_rules(n->chain)->timeout_ms;

	return rounds > LATELY_MS ? rounds : LATELY_MS;
}

static enum bft_step step_of(const struct bft_status *s)
{
	if (s->decided)
		return BFT_STEP_DECIDED;
	if (s->prepared && s->prepared_round == s->round)
		return BFT_STEP_COMMIT;
	if (s->has_proposal)
		return BFT_STEP_PREPARE;
	if (s->timer_runs)
		return BFT_STEP_PROPOSAL;
	return s->round ? BFT_STEP_ROUND_CHANGE : BFT_STEP_IDLE;
}

bool node_bft(const struct node *n, struct bft_info *out)
{
	const struct bft_room *room = n->bft;
	struct bft_status s;
	size_t i;

	*out = (struct bft_info){0};
	if (!room || !room->entered)
		return false;
	bft_status(room->machine, &s);
	*out = (struct bft_info){
		.height = s.height,
		.since = room->since,
		.round = s.round,
		.step = step_of(&s),
		.count = s.n,
		.quorum = s.quorum,
		.leader = s.leader,
		.timer_runs = s.timer_runs,
		.deadline = s.deadline,
		.has_proposal = s.has_proposal,
		.proposal = s.digest,
		.prepared = s.prepared,
		.prepared_round = s.prepared_round,
		.lately = lately(n),
		.silent = room_silence(n),
		.has_journal = room->has_journal,
		.floor = room->journal_height,
		.records = room->journal_durable,
		.timeouts = room->timeouts,
		.persisted = room->persisted,
	};
	for (i = 0; i < VOTE_KIND_COUNT; i++)
		out->votes[i] = room->votes[i];
	return true;
}

/* When it was heard of last, by a peer of ours or as one. */
static void hear(struct bft_member *out, struct node *n)
{
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at))) {
		out->connected |= address_eq(&p->id, &out->who->account);
		if (links_has(p, &out->who->account) && p->heard > out->seen)
			out->seen = p->heard;
	}
}

static bool has_voted(const struct bft *b, const struct bft_status *s, size_t i,
		      enum vote_kind kind)
{
	const struct vote *v = bft_held(b, i, kind);

	return v && s->has_proposal && v->round == s->round &&
	       hash_eq(&v->digest, &s->digest);
}

bool node_bft_member(const struct node *n, size_t i, uint64_t now,
		     struct bft_member *out)
{
	const struct bft_room *room = n->bft;
	struct bft_status s;
	uint64_t round;

	*out = (struct bft_member){0};
	if (!room || !room->entered || i >= room->set.count)
		return false;
	bft_status(room->machine, &s);
	*out = (struct bft_member){
		.who = &room->set.list[i],
		.self = i == s.self,
		.seen = i == s.self ? now : room->seen[i].at,
		.prepared = has_voted(room->machine, &s, i, VOTE_PREPARE),
		.committed = has_voted(room->machine, &s, i, VOTE_COMMIT),
		.in_round =
			i == s.self || (bft_seen(room->machine, i, &round) &&
					round >= s.round),
	};
	hear(out, (struct node *)n);
	return true;
}

/* SPDX-License-Identifier: MIT */
/* What the faulty say of blocks: proposals that are not justified, other blocks
 * than they said before, certificates that are none. */
#include <stdlib.h>

#include "codec/message_bft.h"
#include "sim/byzantine.h"

static void put_proposal(struct sim *s, const struct attacker *a, uint64_t conn,
			 struct msg_proposal *m)
{
	struct buf out = {0};

	msg_proposal_encode(&out, m);
	evil_say(s, a, conn, MSG_PRP, &out);
}

/* The highest that any of these is prepared in. */
static const struct vote *highest(const struct votes *changes)
{
	const struct vote *best = NULL;
	size_t i;

	for (i = 0; i < changes->count; i++) {
		const struct vote *v = &changes->list[i];

		if (v->prepared &&
		    (!best || v->prepared_round > best->prepared_round))
			best = v;
	}
	return best;
}

/* What a round above 0 wants beside its proposal, or nearly that. */
static void justify(struct sim *s, struct msg_proposal *m,
		    struct votes *changes, struct votes *prepares)
{
	const struct vote *best;

	changes->count = prepares->count = 0;
	if (m->vote.round) {
		evil_gather(s, changes, VOTE_ROUND_CHANGE, m->vote.height,
			    m->vote.round, NULL);
		evil_spoil(s, changes);
	}
	best = highest(changes);
	if (best && sim_chance(s, 80))
		evil_gather(s, prepares, VOTE_PREPARE, m->vote.height,
			    best->prepared_round, &m->vote.digest);
	evil_spoil(s, prepares);
	m->changes = changes->list;
	m->change_count = changes->count;
	m->prepares = prepares->list;
	m->prepare_count = prepares->count;
}

/* Another block than there is, of the height that is under way, in the
 * cheater's own turn or in none. */
void evil_propose(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct model_block *tip = s->decided[s->decided_count - 1];
	unsigned set = tip->sets.set;
	struct votes *lists = xcalloc(2, sizeof(*lists));
	struct msg_proposal m = {.vote = {.kind = VOTE_PROPOSAL}};
	size_t who = evil_one(s, set);
	struct buf raw = {0};
	struct vote heard;

	m.vote.height = tip->header.height + 1;
	if (witness_vote(s, &heard) && heard.height == m.vote.height)
		m.vote.round = heard.round + rng_below(&s->rng, 2);
	if (who != NOBODY && sim_chance(s, 70))
		while (set_person(&s->people, set,
				  (m.vote.height + m.vote.round) %
					  set_size(set)) != who)
			m.vote.round++;
	if (who != NOBODY) {
		forge_empty(s, &raw, &m.vote.digest, tip, who);
		m.block = buf_span(&raw);
		justify(s, &m, &lists[0], &lists[1]);
		if (evil_sign(s, &m.vote, who))
			put_proposal(s, a, conn, &m);
	}
	buf_release(&raw);
	free(lists);
}

/* A proposal of another, as it was, on other grounds. */
void evil_reground(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct votes *lists = xcalloc(2, sizeof(*lists));
	enum message_type type;
	struct msg_proposal m, said;
	struct span body;
	size_t who;

	if (witness_message(s, &type, &body) && type == MSG_PRP &&
	    !msg_proposal_decode(&said, body)) {
		m = said;
		m.vote.round += rng_below(&s->rng, 3);
		who = set_person(
			&s->people, witness_set(s, m.vote.height),
			(m.vote.height + m.vote.round) %
				set_size(witness_set(s, m.vote.height)));
		justify(s, &m, &lists[0], &lists[1]);
		if (who != NOBODY && s->cheaters >> who & 1 &&
		    evil_sign(s, &m.vote, who))
			put_proposal(s, a, conn, &m);
		else if (sim_chance(s, 20))
			put_proposal(s, a, conn, &m);
		msg_proposal_release(&said);
	}
	free(lists);
}

/* "It was decided", with too few commits, or one of them twice. */
void evil_certify(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct model_block *tip = s->decided[s->decided_count - 1];
	size_t who = evil_one(s, tip->sets.set);
	struct buf raw = {0}, seal = {0}, out = {0};
	struct votes commits;
	struct hash hash;
	struct model_block *made;
	char why[FAULT_DETAIL_MAX];
	struct block b;
	struct vote v = {0};

	witness_vote(s, &v);
	forge_empty(s, &raw, &hash, tip, who == NOBODY ? 0 : who);
	if (block_decode(&b, buf_span(&raw)))
		BUG("what was forged decodes");
	/* it can be had from who says so */
	made = model_add(&s->model, buf_span(&raw), why);
	if (!made)
		BUG("a forged block that does not hold");
	made->seen = true;
	/* those of the block below are all there */
	evil_gather(s, &commits, VOTE_COMMIT,
		    tip->header.height + rng_below(&s->rng, 2),
		    sim_chance(s, 50) ? 0 : v.round,
		    sim_chance(s, 50) ? &hash : NULL);
	evil_spoil(s, &commits);
	while (who != NOBODY && commits.count < set_quorum(tip->sets.set) &&
	       sim_chance(s, 80)) {
		v = (struct vote){.kind = VOTE_COMMIT,
				  .height = tip->header.height + 1,
				  .round = v.round,
				  .digest = hash};
		if (!evil_sign(s, &v, who))
			break;
		commits.list[commits.count++] = v;
	}
	if (commits.count) {
		certificate_encode(&seal, v.round, commits.list, commits.count);
		msg_header_encode(&out, b.header_raw, buf_span(&seal));
		evil_say(s, a, conn, MSG_CRT, &out);
	}
	block_release(&b);
	buf_release(&raw);
	buf_release(&seal);
}

/* SPDX-License-Identifier: MIT */
/*
 * Votes on the set, counted. Everything here is small: at most
 * PROPOSALS_PER_MEMBER votes of each of VALIDATORS_MAX members.
 */
#include "ledger/governance.h"

#include <stdlib.h>
#include <string.h>

struct governance_block {
	struct governance g;	  /* before the block, and what it votes */
	struct validators newest; /* set(h+2), to which votes are a delta */
};

void governance_init(struct governance *g, const struct validators *genesis)
{
	*g = (struct governance){0};
	validators_copy(&g->set, genesis);
}

static void drop_proposals(struct governance *g)
{
	size_t i;

	for (i = 0; i < g->proposal_count; i++)
		free(g->proposals[i].voters);
	free(g->proposals);
	g->proposals = NULL;
	g->proposal_count = 0;
}

void governance_release(struct governance *g)
{
	validators_release(&g->set);
	drop_proposals(g);
	free(g->offenders);
	*g = (struct governance){0};
}

void governance_copy(struct governance *out, const struct governance *g)
{
	struct proposal *p;
	size_t i;

	*out = *g;
	out->proposals = NULL;
	out->offenders = NULL;
	validators_copy(&out->set, &g->set);
	if (g->proposal_count)
		out->proposals =
			xmemdup(g->proposals, g->proposal_count * sizeof(*p));
	for (i = 0; i < g->proposal_count; i++) {
		p = &out->proposals[i];
		p->voters =
			xmemdup(p->voters, p->voter_count * sizeof(*p->voters));
	}
	if (g->offender_count)
		out->offenders =
			xmemdup(g->offenders,
				g->offender_count * sizeof(*g->offenders));
}

void governance_newest(struct validators *out, const struct governance *g)
{
	validators_copy(out, &g->set);
	if (g->has_change && validators_apply(out, &g->change, NULL))
		BUG("a change that passed cannot be applied");
}

size_t governance_quorum(const struct governance *g)
{
	return validators_quorum(g->set.count);
}

struct governance_block *governance_begin(const struct governance *g)
{
	struct governance_block *b = xcalloc(1, sizeof(*b));

	governance_copy(&b->g, g);
	governance_newest(&b->newest, g);
	return b;
}

void governance_block_free(struct governance_block *b)
{
	if (!b)
		return;
	governance_release(&b->g);
	validators_release(&b->newest);
	free(b);
}

/* Index of the first voter that is not below the address. */
static size_t voter_place(const struct proposal *p, const struct address *who)
{
	size_t i = 0;

	while (i < p->voter_count &&
	       memcmp(p->voters[i].b, who->b, ADDRESS_LEN) < 0)
		i++;
	return i;
}

static bool has_voted(const struct proposal *p, const struct address *who)
{
	size_t i = voter_place(p, who);

	return i < p->voter_count && address_eq(&p->voters[i], who);
}

static void remove_voter(struct proposal *p, size_t i)
{
	p->voter_count--;
	memmove(&p->voters[i], &p->voters[i + 1],
		(p->voter_count - i) * sizeof(*p->voters));
}

static void remove_proposal(struct governance *g, size_t i)
{
	free(g->proposals[i].voters);
	g->proposal_count--;
	memmove(&g->proposals[i], &g->proposals[i + 1],
		(g->proposal_count - i) * sizeof(*g->proposals));
}

/* SIZE_MAX: nobody voted for it. */
static size_t find_proposal(const struct governance *g,
			    const struct validator_change *c)
{
	size_t i;

	for (i = 0; i < g->proposal_count; i++)
		if (change_same(&g->proposals[i].change, c))
			return i;
	return SIZE_MAX;
}

static enum err take_back(struct governance *g, const struct address *voter,
			  size_t i, struct fault *f)
{
	struct proposal *p;

	if (i == SIZE_MAX || !has_voted(&g->proposals[i], voter))
		return fault_set(f, ERR_NOT_FOUND, "vote",
				 "the sender has not voted for this change, "
				 "expected a vote to take back");
	p = &g->proposals[i];
	remove_voter(p, voter_place(p, voter));
	if (!p->voter_count)
		remove_proposal(g, i);
	return ERR_OK;
}

static size_t open_votes(const struct governance *g,
			 const struct address *voter)
{
	size_t i, count = 0;

	for (i = 0; i < g->proposal_count; i++)
		count += has_voted(&g->proposals[i], voter);
	return count;
}

static enum err check_vote(const struct governance_block *b,
			   const struct address *voter,
			   const struct validator_change *c, size_t i,
			   struct fault *f)
{
	enum err e;

	if (i != SIZE_MAX && has_voted(&b->g.proposals[i], voter))
		return fault_set(f, ERR_EXISTS, "vote",
				 "the sender has voted for this change "
				 "already");
	e = validators_can(&b->newest, c, f);
	if (e)
		return e;
	if (open_votes(&b->g, voter) >= PROPOSALS_PER_MEMBER)
		return fault_set(f, ERR_TOO_MANY, "vote",
				 "the sender's votes for %d changes are open, "
				 "expected fewer",
				 PROPOSALS_PER_MEMBER);
	return ERR_OK;
}

static void count_vote(struct governance *g, const struct address *voter,
		       const struct validator_change *c, size_t i,
		       uint64_t height)
{
	struct proposal *p;
	size_t at;

	if (i == SIZE_MAX) {
		i = g->proposal_count++;
		g->proposals = xrealloc(g->proposals, g->proposal_count,
					sizeof(*g->proposals));
		g->proposals[i] =
			(struct proposal){.change = *c, .since = height};
	}
	p = &g->proposals[i];
	at = voter_place(p, voter);
	p->voters = xrealloc(p->voters, p->voter_count + 1, sizeof(*p->voters));
	memmove(&p->voters[at + 1], &p->voters[at],
		(p->voter_count - at) * sizeof(*p->voters));
	p->voters[at] = *voter;
	p->voter_count++;
}

enum err governance_vote(struct governance_block *b,
			 const struct address *voter,
			 const struct validator_change *c, bool approve,
			 uint64_t height, struct fault *f)
{
	size_t i = find_proposal(&b->g, c);
	char hex[ADDRESS_HEX_LEN];
	enum err e;

	if (validators_find(&b->g.set, voter) == SIZE_MAX)
		return fault_set(f, ERR_NOT_A_VALIDATOR, "sender",
				 "%s is not a validator of block %llu, "
				 "expected one",
				 address_hex(hex, voter),
				 (unsigned long long)height);
	if (!approve)
		return take_back(&b->g, voter, i, f);
	e = check_vote(b, voter, c, i, f);
	if (e)
		return e;
	count_vote(&b->g, voter, c, i, height);
	return ERR_OK;
}

static void add_offender(struct governance *g, const struct offender *o)
{
	size_t at = 0;

	while (at < g->offender_count && memcmp(g->offenders[at].account.b,
						o->account.b, ADDRESS_LEN) < 0)
		at++;
	g->offenders = xrealloc(g->offenders, g->offender_count + 1,
				sizeof(*g->offenders));
	memmove(&g->offenders[at + 1], &g->offenders[at],
		(g->offender_count - at) * sizeof(*g->offenders));
	g->offenders[at] = *o;
	g->offender_count++;
}

enum err governance_offence(struct governance_block *b,
			    const struct double_vote *d, uint64_t height,
			    struct fault *f)
{
	struct offender o = {.height = d->vote[0].height, .found = height};
	char hex[ADDRESS_HEX_LEN];
	size_t i;

	key_address(&o.account, d->key);
	address_hex(hex, &o.account);
	if (validators_find(&b->g.set, &o.account) == SIZE_MAX)
		return fault_set(f, ERR_NOT_A_VALIDATOR, "evidence",
				 "%s, who signed twice, is not a validator of "
				 "block %llu, expected one",
				 hex, (unsigned long long)height);
	for (i = 0; i < b->g.offender_count; i++)
		if (address_eq(&b->g.offenders[i].account, &o.account))
			return fault_set(f, ERR_EXISTS, "evidence",
					 "%s is known to have signed twice",
					 hex);
	if (o.height > height)
		return fault_set(f, ERR_OUT_OF_RANGE, "evidence",
				 "the votes are of height %llu, expected at "
				 "most %llu",
				 (unsigned long long)o.height,
				 (unsigned long long)height);
	add_offender(&b->g, &o);
	return ERR_OK;
}

/* A proposal that the present set agrees on becomes the change from `next` to
 * the set after it. */
static void pass_one(struct governance *g, const struct validators *next)
{
	const struct proposal *p;
	size_t i;

	g->has_change = false;
	g->change = (struct validator_change){0};
	for (i = 0; i < g->proposal_count && !g->has_change; i++) {
		p = &g->proposals[i];
		if (p->voter_count >= governance_quorum(g) &&
		    !validators_can(next, &p->change, NULL)) {
			g->has_change = true;
			g->change = p->change;
		}
	}
}

/* Forget who is no member any more. */
static void lapse(struct governance *g)
{
	struct proposal *p;
	size_t i, k, kept = 0;

	for (i = 0; i < g->proposal_count; i++) {
		p = &g->proposals[i];
		for (k = p->voter_count; k-- > 0;)
			if (validators_find(&g->set, &p->voters[k]) == SIZE_MAX)
				remove_voter(p, k);
	}
	for (i = 0; i < g->offender_count; i++)
		if (validators_find(&g->set, &g->offenders[i].account) !=
		    SIZE_MAX)
			g->offenders[kept++] = g->offenders[i];
	g->offender_count = kept;
}

/* Forget what has no votes, and what the newest set rules out. */
static void drop_impossible(struct governance *g)
{
	struct validators newest;
	size_t i;

	governance_newest(&newest, g);
	for (i = g->proposal_count; i-- > 0;)
		if (!g->proposals[i].voter_count ||
		    validators_can(&newest, &g->proposals[i].change, NULL))
			remove_proposal(g, i);
	validators_release(&newest);
}

void governance_end(struct governance *out, struct governance_block *b)
{
	*out = b->g;
	b->g = (struct governance){0};
	pass_one(out, &b->newest);
	validators_release(&out->set);
	out->set = b->newest;
	b->newest = (struct validators){0};
	lapse(out);
	drop_impossible(out);
}

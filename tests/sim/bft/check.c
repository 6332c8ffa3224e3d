/* SPDX-License-Identifier: MIT */
/*
 * What must hold in every world (doc/sim.md): what an honest machine wants
 * signed, sent and decided, compared with the rules as they stand in
 * doc/bft.md and with all that was ever sent.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/bft/world.h"

#define TIMEOUTS_MAX 4
#define EFFECTS_MAX 16
#define NEEDED_SPARE 12 /* blocks, beside those that were PREPAREd */

void fail(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return;
	w->failed = true;
	va_start(args, format);
	vsnprintf(w->failure, sizeof(w->failure), format, args);
	va_end(args);
}

void note(struct world *w, const char *format, ...)
{
	va_list args;

	if (!w->trace)
		return;
	printf("%6" PRIu64 ".%03" PRIu64 " ", w->now / 1000, w->now % 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void note_vote(struct world *w, const struct node *n, const char *what,
	       const struct vote *v)
{
	static const char *const kinds[] = {"PROPOSAL", "PREPARE", "COMMIT",
					    "ROUND_CHANGE"};

	if (!w->trace)
		return;
	note(w,
	     "%u %s %s of %" PRIu64 "/%" PRIu64 " block %u%s%" PRIu64
	     " signer %u",
	     n->number, what, kinds[v->kind], v->height, v->round,
	     get_be32(v->digest.b), v->prepared ? " prepared in " : " - ",
	     v->prepared_round, v->signer);
}

/* --- proofs -------------------------------------------------------------- */

/* Distinct members whose votes are for exactly this; SIZE_MAX when one of the
 * list is for anything else, or twice there. */
static size_t count_exact(const struct world *w, const struct vote *list,
			  size_t count, enum vote_kind kind, uint64_t height,
			  uint64_t round, const struct hash *digest)
{
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct vote *v = &list[i];

		if (v->kind != kind || v->height != height ||
		    v->round != round || !verify(w, v) ||
		    (digest && !hash_eq(digest, &v->digest)) ||
		    (seen >> v->signer & 1))
			return SIZE_MAX;
		seen |= 1u << v->signer;
	}
	return count;
}

static bool proves(const struct world *w, const struct vote *list, size_t count,
		   enum vote_kind kind, uint64_t height, uint64_t round,
		   const struct hash *digest)
{
	size_t found = count_exact(w, list, count, kind, height, round, digest);

	return found != SIZE_MAX &&
	       found >= validators_quorum(set_size(w, height));
}

/* Rule 3. */
static bool is_justified(const struct world *w, const struct bft_message *m)
{
	const struct vote *v = m->vote, *highest = NULL;
	size_t i;

	if (!v->round)
		return !m->change_count && !m->prepare_count;
	if (!proves(w, m->changes, m->change_count, VOTE_ROUND_CHANGE,
		    v->height, v->round, NULL))
		return false;
	for (i = 0; i < m->change_count; i++) {
		const struct vote *c = &m->changes[i];

		if (c->prepared && c->prepared_round >= v->round)
			return false;
		if (c->prepared &&
		    (!highest || c->prepared_round > highest->prepared_round))
			highest = c;
	}
	if (!highest)
		return !m->prepare_count;
	return proves(w, m->prepares, m->prepare_count, VOTE_PREPARE, v->height,
		      highest->prepared_round, &v->digest);
}

static bool is_effect_justified(const struct world *w,
				const struct bft_effect *e)
{
	const struct bft_message m = {
		.vote = &e->vote,
		.changes = e->changes,
		.change_count = e->change_count,
		.prepares = e->votes,
		.prepare_count = e->vote_count,
	};

	return is_justified(w, &m);
}

/* Proposals that came to a node, and may be PREPAREd. */
void note_proposal(struct world *w, struct node *n, const struct bft_message *m)
{
	const struct vote *v = m->vote;

	if (v->kind != VOTE_PROPOSAL ||
	    (v->height + v->round) % set_size(w, v->height) != v->signer ||
	    !is_justified(w, m))
		return;
	n->proposals[n->proposal_count++ % PROPOSALS_MAX] = *v;
}

/* --- what is signed ------------------------------------------------------ */

/* Rules 6 and 7, against the journal: in order of the rounds, each once. And
 * the highest COMMIT before. */
static void check_journal(struct world *w, const struct node *n,
			  const struct vote *v, const struct vote **commit)
{
	size_t i;

	*commit = NULL;
	for (i = 0; i < n->record_count; i++) {
		const struct vote *o = &n->records[i].m->own;

		if (o->height != v->height)
			continue;
		if (i >= n->durable)
			fail(w, "node %u signs two votes at a time", n->number);
		if (o->round > v->round)
			fail(w, "node %u votes below the round it entered",
			     n->number);
		if (o->round == v->round && o->kind == v->kind)
			fail(w, "node %u signs a vote anew", n->number);
		if (o->kind == VOTE_COMMIT &&
		    (!*commit || (*commit)->round < o->round))
			*commit = o;
	}
	if (v->height < n->journal_height || v->height < n->floor ||
	    n->journal_lost)
		fail(w, "node %u votes at a height that it may not", n->number);
}

/* It was found good as what it is proposed now (rule 13): the machine asked
 * for that last. Or its block is in the journal. */
static bool is_executed(const struct node *n, uint32_t block)
{
	const struct run *last = NULL;
	size_t i;

	for (i = n->run_count; i--;) {
		const struct run *r = &n->runs[i];

		if (r->block != block)
			continue;
		last = last ? last : r;
		if (r->done && r->good &&
		    (!last->fresh || (r->fresh && r->round == last->round)))
			return true;
	}
	for (i = 0; i < n->durable && !last; i++)
		if (n->records[i].block == block)
			return true;
	return false;
}

/* Rule 3: a proposal that was justified came, or is self's. */
static bool is_proposed(const struct node *n, const struct vote *v)
{
	size_t i;

	for (i = 0; i < n->proposal_count && i < PROPOSALS_MAX; i++)
		if (n->proposals[i].height == v->height &&
		    n->proposals[i].round == v->round &&
		    hash_eq(&n->proposals[i].digest, &v->digest))
			return true;
	for (i = 0; i < n->durable; i++)
		if (n->records[i].m->own.kind == VOTE_PROPOSAL &&
		    n->records[i].m->own.round == v->round &&
		    hash_eq(&n->records[i].m->own.digest, &v->digest))
			return true;
	return false;
}

static void check_prepare(struct world *w, const struct node *n,
			  const struct bft_effect *e)
{
	uint32_t block = find_block(w, &e->vote.digest);
	const struct block *b = &w->blocks[block];

	if (block == NO_BLOCK || !has_bytes(n, block))
		fail(w, "node %u prepares what it does not have", n->number);
	else if (!b->valid ||
		 (b->producer != n->person && !is_executed(n, block)))
		fail(w, "node %u prepares what it did not execute", n->number);
	if (!is_proposed(n, &e->vote))
		fail(w, "node %u prepares what is not justified", n->number);
}

static void check_round_change(struct world *w, const struct node *n,
			       const struct bft_effect *e,
			       const struct vote *commit)
{
	const struct vote *v = &e->vote;

	if (!v->round || (v->prepared && v->prepared_round >= v->round))
		fail(w, "node %u changes to a round that cannot be", n->number);
	if (commit && (!v->prepared || v->prepared_round < commit->round))
		fail(w, "node %u forgets what it committed to", n->number);
	if (v->prepared && !proves(w, e->votes, e->vote_count, VOTE_PREPARE,
				   v->height, v->prepared_round, &v->digest))
		fail(w, "node %u claims what it cannot prove", n->number);
}

void check_cast(struct world *w, const struct node *n,
		const struct bft_effect *e)
{
	const struct vote *v = &e->vote, *commit;

	if (v->height != n->tip + 1 ||
	    v->signer != index_of(w, v->height, n->person))
		fail(w, "node %u votes as somebody else", n->number);
	check_journal(w, n, v, &commit);
	if (is_byzantine(w, n) || w->failed)
		return;
	switch (v->kind) {
	case VOTE_PROPOSAL:
		if ((v->height + v->round) % set_size(w, v->height) !=
		    v->signer)
			fail(w, "node %u proposes out of turn", n->number);
		if (!is_effect_justified(w, e))
			fail(w, "node %u proposes what is not justified",
			     n->number);
		break;
	case VOTE_PREPARE:
		check_prepare(w, n, e);
		break;
	case VOTE_COMMIT:
		if (!proves(w, e->votes, e->vote_count, VOTE_PREPARE, v->height,
			    v->round, &v->digest))
			fail(w, "node %u commits to what is not prepared",
			     n->number);
		break;
	case VOTE_ROUND_CHANGE:
		check_round_change(w, n, e, commit);
		break;
	case VOTE_KIND_COUNT:
		break;
	}
}

/* --- what is sent -------------------------------------------------------- */

/* A third party keeps every signature that it ever saw. */
static void check_once(struct world *w, const struct node *n,
		       const struct vote *v)
{
	uint64_t at = (v->height * 4 + v->kind) * 131 + v->round * 1009 +
		      n->person * 40503;
	struct signature_seen *s;

	for (;; at++) {
		s = &w->seen[at % SEEN_SIZE];
		if (s->stamp != w->stamp)
			break;
		if (s->person != n->person || s->vote.kind != v->kind ||
		    s->vote.height != v->height || s->vote.round != v->round)
			continue;
		if (!vote_same(&s->vote, v))
			fail(w, "person %u signed two votes", n->person);
		return;
	}
	*s = (struct signature_seen){
		.stamp = w->stamp, .vote = *v, .person = n->person};
}

void check_send(struct world *w, const struct node *n,
		const struct bft_effect *e, const struct record *r)
{
	const struct vote *v = &e->vote;

	if (is_byzantine(w, n)) /* twins hear each other's as their own */
		return;
	if (!r || !vote_same(v, &r->m->own) ||
	    memcmp(v->signature, r->m->own.signature, v->signature_len) != 0) {
		fail(w, "node %u sends what is not in its journal", n->number);
		return;
	}
	if (r->shown)
		return;
	check_once(w, n, v);
	if (v->kind == VOTE_PROPOSAL && !is_effect_justified(w, e))
		fail(w, "node %u sends what is not justified", n->number);
	if (v->kind == VOTE_ROUND_CHANGE)
		check_round_change(w, n, e, NULL);
}

void check_evidence(struct world *w, const struct node *n,
		    const struct bft_effect *e)
{
	size_t person;

	w->stats.evidence++;
	if (e->vote_count != 2 || !vote_conflict(&e->votes[0], &e->votes[1])) {
		fail(w, "node %u shows evidence that is none", n->number);
		return;
	}
	person = person_of(w, e->votes[0].height, e->votes[0].signer);
	if (!(w->byzantine >> person & 1))
		fail(w, "node %u accuses the honest %zu", n->number, person);
}

/* --- what is decided ----------------------------------------------------- */

void check_decided(struct world *w, const struct node *n, uint64_t height,
		   uint32_t block, const struct vote *votes, size_t count)
{
	struct link *d = &w->decided[height - 1];
	const struct block *b = &w->blocks[block];
	uint32_t parent = height > 1 ? w->decided[height - 2].block : NO_BLOCK;

	if (block == NO_BLOCK || !count ||
	    !proves(w, votes, count, VOTE_COMMIT, height, votes[0].round,
		    &b->digest)) {
		fail(w, "node %u decides without a certificate", n->number);
		return;
	}
	if (!b->valid || b->height != height || b->parent != parent)
		fail(w, "block %u was decided and is not valid", block);
	if (d->vote_count && d->block != block)
		fail(w, "FORK: blocks %u and %u at height %" PRIu64, d->block,
		     block, height);
	if (d->vote_count)
		return;
	*d = (struct link){.block = block, .vote_count = count};
	w->stats.heights++;
	w->stats.healed += w->healed;
	w->stats.late += votes[0].round > 0;
	w->stats.again += b->round < votes[0].round;
}

void check_progress(struct world *w, struct node *n)
{
	if (w->healed && !is_byzantine(w, n)) {
		if (n->timeouts > w->stats.most_timeouts)
			w->stats.most_timeouts = n->timeouts;
		if (n->timeouts > TIMEOUTS_MAX)
			fail(w,
			     "node %u decided height %" PRIu64 " after %" PRIu64
			     " timeouts",
			     n->number, n->tip, n->timeouts);
	}
	n->timeouts = n->excused = 0;
}

/* --- bounds -------------------------------------------------------------- */

void check_effects(struct world *w, const struct node *n)
{
	if (w->effects.count > EFFECTS_MAX)
		fail(w, "node %u wants %zu things at once", n->number,
		     w->effects.count);
}

void check_memory(struct world *w, const struct node *n)
{
	size_t i, bound = NEEDED_SPARE;

	for (i = 0; i < n->record_count; i++)
		bound += n->records[i].block != NO_BLOCK;
	if (n->store_count > bound)
		fail(w, "node %u needs %zu blocks", n->number, n->store_count);
}

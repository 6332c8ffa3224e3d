/* SPDX-License-Identifier: MIT */
/*
 * What a validator loses beside what was not flushed: its journal, its chain,
 * both; or the journal is set back. Those who do are counted among the f that
 * are faulty, and never vote against themselves all the same (rule 17).
 */
#include "chain/tables.h"
#include "sim/sim.h"

/* The journal as the chain knows it; 0: it knows none of that id. */
static uint64_t known_number(struct host *h)
{
	struct votes_known known;
	struct span value;
	size_t i;

	if (kv_get(kv_mem_view(h->mem), &value, KV_META,
		   meta_key(META_VOTES)) ||
	    votes_known_decode(&known, value) || !known.is_there)
		return 0;
	for (i = 0; i < JOURNAL_ID_BYTES; i++)
		if (known.id[i] != h->journal.id[i])
			return 0;
	return known.number;
}

/* From here on only the chain tells that its journal lacks votes, until there
 * is a floor in it. */
static void doubt(struct host *h)
{
	h->doubtful = true;
	h->doubted = h->journal.count;
}

static bool is_doubtful(const struct host *h)
{
	size_t i;

	for (i = h->doubted; i < h->journal.count; i++)
		if (h->journal.list[i].content.is_floor)
			return false;
	return h->doubtful;
}

/* So far back that the chain knows of more: what it cannot know of is no
 * journal to start with. */
static void set_back(struct sim *s, struct host *h)
{
	struct journal *j = &h->journal;
	uint64_t known = known_number(h), first;

	if (!known || !j->count || j->list[0].seq >= known)
		return;
	first = j->list[0].seq;
	journal_cut(j, rng_below(&s->rng, known - first));
	sim_trace(s, "host %zu: its journal is set back to %llu", h->number,
		  (unsigned long long)journal_number(j));
	doubt(h);
	s->stats.journals++;
}

/* An older journal is found again: another one than the chain knows. */
static void put_back(struct sim *s, struct host *h)
{
	struct journal other = h->lost;

	if (!other.is_there || !known_number(h) || is_doubtful(h))
		return;
	sim_trace(s, "host %zu: an older journal is put in its place",
		  h->number);
	h->lost = h->journal;
	h->journal = other;
	doubt(h);
	s->stats.journals++;
}

/* The operator knows a height that it cannot have voted at. */
static void reset_votes(struct sim *s, struct host *h)
{
	struct vote_record r = {.is_floor = true,
				.floor = s->top + sim_between(s, 2, 4)};
	struct buf raw = {0};

	journal_make(&h->journal, &s->rng, s->now, false);
	vote_record_encode(&raw, &r);
	if (journal_add(&h->journal, 1, r.floor, &raw, &s->genesis.hash))
		BUG("a floor that is no record");
	sim_trace(s, "host %zu: votes reset --from-height %llu", h->number,
		  (unsigned long long)r.floor);
}

static void lose_journal(struct sim *s, struct host *h)
{
	sim_trace(s, "host %zu loses its journal", h->number);
	journal_release(&h->lost);
	h->lost = h->journal;
	h->journal = (struct journal){0};
	h->doubtful = false;
	if (sim_chance(s, 30))
		reset_votes(s, h);
	else
		journal_make(&h->journal, &s->rng, s->now, true);
	s->stats.journals++;
}

/* Not while it has a journal that only the chain shows to be a wrong one:
 * nothing could tell then (doc/bft.md: "Losing the journal"). */
static void lose_chain(struct sim *s, struct host *h)
{
	if (is_doubtful(h))
		return;
	sim_trace(s, "host %zu loses its chain", h->number);
	s->stats.chains++;
	host_wipe(s, h);
}

void loss_of(struct sim *s, struct host *h)
{
	switch (rng_below(&s->rng, 6)) {
	case 0:
		lose_journal(s, h);
		break;
	case 1:
		lose_chain(s, h);
		break;
	case 2:
		lose_journal(s, h);
		lose_chain(s, h);
		break;
	case 3:
		put_back(s, h);
		break;
	default:
		set_back(s, h);
	}
}

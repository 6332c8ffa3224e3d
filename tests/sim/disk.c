/* SPDX-License-Identifier: MIT */
/* A host's disk: batches of the store, one after the other, and the records of
 * the vote journal, all that wait by one flush. */
#include <stdlib.h>

#include "sim/sim.h"

void disk_apply(struct sim *s, struct host *h, struct kv_batch *b)
{
	kv_mem_apply(h->mem, b);
	check_durable(s, h, b);
	kv_batch_release(b);
	free(b);
}

void disk_commit(struct sim *s, struct host *h, const struct effect *e)
{
	uint64_t due = s->now + sim_between(s, 0, s->weather.disk);
	struct sim_event *event;

	check_commit(s, h, e->batch);
	if (h->commit_count == h->commit_cap) {
		h->commit_cap = h->commit_cap ? 2 * h->commit_cap : 8;
		h->commits = xrealloc(h->commits, h->commit_cap,
				      sizeof(*h->commits));
	}
	h->commits[h->commit_count++] = (struct commit){e->seq, e->batch};
	h->disk_free = due > h->disk_free ? due : h->disk_free;
	event = sim_at(s, h->disk_free, SIM_DURABLE);
	event->host = h->number;
	event->life = h->life;
}

void host_durable(struct sim *s, struct host *h)
{
	struct node_event e = {.kind = EVENT_DURABLE};
	struct commit c;
	size_t i;

	if (!h->commit_count)
		BUG("durable, but nothing was written");
	c = h->commits[0];
	h->commit_count--;
	for (i = 0; i < h->commit_count; i++)
		h->commits[i] = h->commits[i + 1];
	disk_apply(s, h, c.batch);
	e.seq = c.seq;
	host_step(s, h, &e);
}

/* --- the vote journal --------------------------------------------------- */

/* One flush for all that waits, when none is under way. */
static void flush(struct sim *s, struct host *h)
{
	struct sim_event *event;

	if (h->journal.flushing || h->journal.durable == h->journal.count)
		return;
	h->journal.flushing = h->journal.count;
	event = sim_after(s, sim_between(s, 0, s->weather.disk), SIM_FLUSHED);
	event->host = h->number;
	event->life = h->life;
}

void disk_persist(struct sim *s, struct host *h, struct effect *e)
{
	const char *wrong;

	if (!h->journal.is_there) {
		sim_fail(s, "host %zu votes without a journal", h->number);
		return;
	}
	wrong = journal_add(&h->journal, e->seq, e->height, &e->body,
			    &s->genesis.hash);
	if (wrong)
		sim_fail(s, "host %zu writes %s", h->number, wrong);
	else if (h->journal.list[h->journal.count - 1].content.is_floor)
		s->stats.floors++;
	s->stats.records++;
	flush(s, h);
}

void host_flushed(struct sim *s, struct host *h)
{
	struct node_event e = {.kind = EVENT_PERSISTED};

	h->journal.durable = h->journal.flushing;
	h->journal.flushing = 0;
	e.seq = h->journal.list[h->journal.durable - 1].seq;
	s->stats.flushes++;
	flush(s, h);
	host_step(s, h, &e);
}

/* What was not flushed: gone with the power, or there up to somewhere. */
void disk_crash_journal(struct sim *s, struct host *h, bool power)
{
	struct journal *j = &h->journal;
	size_t left = j->count - j->durable, kept = 0;

	if (left && !power)
		kept = rng_below(&s->rng, left + 1);
	if (left)
		sim_trace(s, "host %zu: %zu of %zu records survive", h->number,
			  kept, left);
	s->stats.records_lost += left - kept;
	journal_cut(j, j->durable + kept);
	j->durable = j->count;
}

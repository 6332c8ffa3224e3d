/* SPDX-License-Identifier: MIT */
/* What is to happen: a binary heap by time, then by who was first. */
#include <stdlib.h>

#include "sim/sim.h"

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

struct sim_event *sim_at(struct sim *s, uint64_t at, enum sim_kind kind)
{
	struct sim_event *e = xcalloc(1, sizeof(*e));
	size_t i = s->heap_count, up;

	e->at = at > s->now ? at : s->now;
	e->seq = s->next_seq++;
	e->kind = kind;
	if (s->heap_count == s->heap_cap) {
		s->heap_cap = s->heap_cap ? 2 * s->heap_cap : 256;
		s->heap = xrealloc(s->heap, s->heap_cap, sizeof(*s->heap));
	}
	s->heap_count++;
	for (; i && before(e, s->heap[up = (i - 1) / 2]); i = up)
		s->heap[i] = s->heap[up];
	s->heap[i] = e;
	return e;
}

struct sim_event *sim_after(struct sim *s, uint64_t ms, enum sim_kind kind)
{
	return sim_at(s, s->now + ms, kind);
}

struct sim_event *sim_pop(struct sim *s)
{
	struct sim_event *first, *last;
	size_t i = 0, child;

	if (!s->heap_count)
		return NULL;
	first = s->heap[0];
	last = s->heap[--s->heap_count];
	for (; (child = 2 * i + 1) < s->heap_count; i = child) {
		if (child + 1 < s->heap_count &&
		    before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s->heap[child], last))
			break;
		s->heap[i] = s->heap[child];
	}
	s->heap[i] = last;
	return first;
}

void sim_event_free(struct sim_event *e)
{
	job_free(e->job);
	buf_release(&e->body);
	free(e);
}

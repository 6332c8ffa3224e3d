/* SPDX-License-Identifier: MIT */
/* Memory and time of a world: an arena for each seed, a heap of events. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/bft/world.h"

#define CHUNK_BYTES ((size_t)256 << 10)

struct chunk {
	struct chunk *next;
	_Alignas(16) uint8_t bytes[CHUNK_BYTES];
};

void *arena(struct world *w, size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if (size > CHUNK_BYTES)
		BUG("more than the arena gives");
	if (!w->chunk || w->chunk_used + size > CHUNK_BYTES) {
		struct chunk *next = w->chunk ? w->chunk->next : w->chunks;

		if (!next) {
			next = xmalloc(sizeof(*next));
			next->next = NULL;
			if (w->chunk)
				w->chunk->next = next;
			else
				w->chunks = next;
		}
		w->chunk = next;
		w->chunk_used = 0;
	}
	w->chunk_used += size;
	return w->chunk->bytes + w->chunk_used - size;
}

const struct vote *arena_votes(struct world *w, const struct vote *v,
			       size_t count)
{
	struct vote *copy;

	if (!count)
		return NULL;
	copy = arena(w, count * sizeof(*copy));
	memcpy(copy, v, count * sizeof(*copy));
	return copy;
}

void arena_reset(struct world *w)
{
	w->chunk = NULL;
	w->chunk_used = 0;
}

void arena_release(struct world *w)
{
	while (w->chunks) {
		struct chunk *next = w->chunks->next;

		free(w->chunks);
		w->chunks = next;
	}
	arena_reset(w);
}

/* --- events -------------------------------------------------------------- */

static bool is_before(const struct event *a, const struct event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void push(struct world *w, const struct event *e)
{
	struct event mine = *e;
	size_t i;

	if (w->heap_count == w->heap_cap) {
		w->heap_cap = w->heap_cap ? 2 * w->heap_cap : 1024;
		w->heap = xrealloc(w->heap, w->heap_cap, sizeof(*w->heap));
	}
	mine.order = w->order++;
	w->in_flight += mine.kind == EV_MESSAGE;
	for (i = w->heap_count++; i; i = (i - 1) / 4) {
		if (!is_before(&mine, &w->heap[(i - 1) / 4]))
			break;
		w->heap[i] = w->heap[(i - 1) / 4];
	}
	w->heap[i] = mine;
}

bool pop(struct world *w, struct event *out)
{
	const struct event *last;
	size_t i = 0, child, best, end;

	if (!w->heap_count)
		return false;
	*out = w->heap[0];
	w->in_flight -= out->kind == EV_MESSAGE;
	w->heap_count--;
	last = &w->heap[w->heap_count];
	for (;;) {
		child = best = 4 * i + 1;
		if (child >= w->heap_count)
			break;
		end = child + 4 < w->heap_count ? child + 4 : w->heap_count;
		for (child++; child < end; child++)
			if (is_before(&w->heap[child], &w->heap[best]))
				best = child;
		if (!is_before(&w->heap[best], last))
			break;
		w->heap[i] = w->heap[best];
		i = best;
	}
	w->heap[i] = *last;
	return true;
}

/* --- chance -------------------------------------------------------------- */

uint64_t below(struct world *w, uint64_t n)
{
	return (rng_next(&w->rng) >> 32) * n >> 32;
}

bool chance(struct world *w, uint32_t of_1000)
{
	return of_1000 && below(w, 1000) < of_1000;
}

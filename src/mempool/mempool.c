/* SPDX-License-Identifier: MIT */
/*
 * The pool's life, what it answers, and its memory of what was dropped. Who
 * may enter is in admit.c, the queues in queue.c, the orders in index.c.
 */
#include "mempool/mempool.h"

#include <stdlib.h>

#include "mempool/pool.h"

struct mempool *mempool_new(size_t max_bytes, uint64_t seed)
{
	struct mempool *m = xcalloc(1, sizeof(*m));
	int i;

	m->max_bytes = max_bytes;
	m->ids = map_new(HASH_LEN, seed);
	m->parties = map_new(ADDRESS_LEN, seed);
	m->reasons = map_new(HASH_LEN, seed);
	for (i = 0; i < HEAP_KINDS; i++)
		m->heaps[i].kind = (enum heap_kind)i;
	return m;
}

void mempool_free(struct mempool *m)
{
	void *value;
	size_t at = 0;
	int i;

	if (!m)
		return;
	while (map_next(m->ids, &at, NULL, &value))
		free(value);
	at = 0;
	while (map_next(m->parties, &at, NULL, &value)) {
		struct party *p = value;

		free(p->queue);
		free(p);
	}
	for (i = 0; i < HEAP_KINDS; i++)
		heap_release(&m->heaps[i]);
	arrivals_release(&m->arrivals);
	map_free(m->ids);
	map_free(m->parties);
	map_free(m->reasons);
	free(m->dropped);
	free(m);
}

static bool show(struct mempool_entry *out, const struct entry *e)
{
	if (!e)
		return false;
	*out = (struct mempool_entry){&e->tx, e->place, e->arrival};
	return true;
}

bool mempool_get(const struct mempool *m, struct mempool_entry *out,
		 const struct hash *id)
{
	return show(out, map_get(m->ids, id->b));
}

bool mempool_find(const struct mempool *m, struct mempool_entry *out,
		  const struct address *sender, uint64_t nonce)
{
	const struct party *p = party_find(m, sender);
	size_t at;

	if (!p)
		return false;
	at = queue_lower(p, nonce);
	if (at == p->count || p->queue[at]->tx.nonce != nonce)
		return false;
	return show(out, p->queue[at]);
}

bool mempool_next(const struct mempool *m, struct mempool_entry *out,
		  uint64_t *arrival)
{
	if (!show(out, arrivals_after(&m->arrivals, *arrival)))
		return false;
	*arrival = out->arrival;
	return true;
}

size_t mempool_count(const struct mempool *m)
{
	return map_count(m->ids);
}

size_t mempool_executable(const struct mempool *m)
{
	return m->executable;
}

size_t mempool_bytes(const struct mempool *m)
{
	return m->bytes;
}

size_t mempool_operations(const struct mempool *m)
{
	return m->operations;
}

uint64_t mempool_next_nonce(const struct mempool *m,
			    const struct address *sender,
			    uint64_t account_nonce)
{
	const struct party *p = party_find(m, sender);
	uint64_t next = account_nonce;
	size_t i;

	if (!p || !p->count)
		return next;
	if (p->nonce == account_nonce)
		return next + p->run;
	for (i = queue_lower(p, next);
	     i < p->count && p->queue[i]->tx.nonce == next; i++)
		next++;
	return next;
}

void mempool_flow(const struct mempool *m, uint64_t *in, uint64_t *out,
		  const struct address *address)
{
	const struct party *p = party_find(m, address);

	*in = p ? p->in : 0;
	*out = p ? p->run_cost : 0;
}

static struct drop *ring_place(const struct mempool *m, uint64_t number)
{
	return &m->dropped[number % MEMPOOL_DROPPED_KEPT];
}

void drop_note(struct mempool *m, const struct hash *id, enum err reason)
{
	struct drop *d;

	if (!m->dropped)
		m->dropped = xcalloc(MEMPOOL_DROPPED_KEPT, sizeof(*d));
	d = ring_place(m, m->drops);
	/* the oldest goes, unless its id was dropped again later */
	if (m->drops >= MEMPOOL_DROPPED_KEPT &&
	    map_get(m->reasons, d->id.b) == d)
		map_del(m->reasons, d->id.b);
	*d = (struct drop){*id, reason};
	map_put(m->reasons, d->id.b, d);
	m->drops++;
}

void mempool_note_dropped(struct mempool *m, const struct hash *id,
			  enum err reason)
{
	drop_note(m, id, reason);
}

void drop_forget(struct mempool *m, const struct hash *id)
{
	map_del(m->reasons, id->b);
}

uint64_t mempool_drops(const struct mempool *m)
{
	return m->drops;
}

enum err mempool_dropped(const struct mempool *m, const struct hash *id)
{
	const struct drop *d = map_get(m->reasons, id->b);

	return d ? d->reason : ERR_OK;
}

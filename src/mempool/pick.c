/* SPDX-License-Identifier: MIT */
/*
 * Transactions for a block, the best first. Takes the heads in their order
 * without changing the index, and lets the next of a sender take part when
 * the one before it was taken: the cost is that of what is picked.
 */
#include <stdlib.h>

#include "mempool/pool.h"

struct mempool_pick {
	struct walk walk;
	struct entry *last; /* whose successor is due; NULL: none */
};

struct mempool_pick *mempool_pick_new(const struct mempool *m)
{
	struct mempool_pick *p = xcalloc(1, sizeof(*p));

	walk_init(&p->walk, &m->heaps[HEAP_HEADS]);
	return p;
}

void mempool_pick_free(struct mempool_pick *p)
{
	if (!p)
		return;
	walk_release(&p->walk);
	free(p);
}

static void put_successor(struct mempool_pick *p)
{
	const struct party *s = p->last->sender;
	size_t next = (size_t)(p->last->tx.nonce - s->nonce) + 1;
	struct entry *e;

	if (next >= s->run)
		return;
	e = s->queue[next];
	walk_put(&p->walk, e, key_best(e->tx.fee, e->tx.raw.len, e->arrival));
}

const struct tx *mempool_pick_next(struct mempool_pick *p)
{
	if (p->last)
		put_successor(p);
	p->last = walk_next(&p->walk);
	return p->last ? &p->last->tx : NULL;
}

void mempool_pick_skip_sender(struct mempool_pick *p)
{
	p->last = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Heaps of four children a slot, keys beside the pointers, so that finding a
 * way through one touches few cache lines and no entry; see the header.
 */
#include "mempool/index.h"

#include <stdlib.h>
#include <string.h>

#include "mempool/pool.h"

#define CHILDREN 4
#define ARRIVAL_BITS 50 /* a thousand years of 30,000 a second */
#define ARRIVAL_MASK ((UINT64_C(1) << ARRIVAL_BITS) - 1)
#define LOW_BITS (64 - ARRIVAL_BITS) /* of the 24 binary places */
#define LOW_MASK ((UINT64_C(1) << LOW_BITS) - 1)
#define HIGH_BITS (24 - LOW_BITS)

bool key_is_less(struct key a, struct key b)
{
	return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* Fee per byte in 53 + 24 bits: the last LOW_BITS in low. */
static uint64_t rate(uint64_t *low, uint64_t fee, size_t bytes)
{
	uint64_t places;

	if (!bytes || bytes > TX_BYTES_MAX || fee > AMOUNT_MAX)
		BUG("fee per byte out of range");
	places = (fee % bytes << 24) / bytes;
	*low = places & LOW_MASK;
	return fee / bytes << HIGH_BITS | places >> LOW_BITS;
}

struct key key_best(uint64_t fee, size_t bytes, uint64_t arrival)
{
	uint64_t low, high = rate(&low, fee, bytes);

	return (struct key){~high, (~low & LOW_MASK) << ARRIVAL_BITS |
					   (arrival & ARRIVAL_MASK)};
}

struct key key_cheap(bool pending, uint64_t fee, size_t bytes, uint64_t arrival)
{
	uint64_t low, high = rate(&low, fee, bytes);

	return (struct key){(uint64_t)pending << 63 | high,
			    low << ARRIVAL_BITS | (~arrival & ARRIVAL_MASK)};
}

static void set(struct heap *h, size_t i, struct slot s)
{
	h->slots[i] = s;
	if (h->kind != HEAP_LOOSE)
		s.entry->pos[h->kind] = i;
}

static void sift_up(struct heap *h, size_t i, struct slot s)
{
	while (i) {
		size_t parent = (i - 1) / CHILDREN;

		if (!key_is_less(s.key, h->slots[parent].key))
			break;
		set(h, i, h->slots[parent]);
		i = parent;
	}
	set(h, i, s);
}

static void sift_down(struct heap *h, size_t i, struct slot s)
{
	for (;;) {
		size_t child = i * CHILDREN + 1, end = child + CHILDREN, least;

		if (child >= h->count)
			break;
		if (end > h->count)
			end = h->count;
		for (least = child++; child < end; child++)
			if (key_is_less(h->slots[child].key,
					h->slots[least].key))
				least = child;
		if (!key_is_less(h->slots[least].key, s.key))
			break;
		set(h, i, h->slots[least]);
		i = least;
	}
	set(h, i, s);
}

void heap_put(struct heap *h, struct entry *e, struct key key)
{
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->slots = xrealloc(h->slots, h->cap, sizeof(*h->slots));
	}
	sift_up(h, h->count++, (struct slot){key, e});
}

static void remove_at(struct heap *h, size_t i)
{
	struct slot last = h->slots[--h->count];

	if (i == h->count)
		return;
	if (i && key_is_less(last.key, h->slots[(i - 1) / CHILDREN].key))
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

void heap_remove(struct heap *h, struct entry *e)
{
	size_t i = e->pos[h->kind];

	if (i == HEAP_NOWHERE)
		return;
	e->pos[h->kind] = HEAP_NOWHERE;
	remove_at(h, i);
}

struct key heap_key(const struct heap *h, const struct entry *e)
{
	return h->slots[e->pos[h->kind]].key;
}

struct entry *heap_first(const struct heap *h)
{
	return h->count ? h->slots[0].entry : NULL;
}

void heap_release(struct heap *h)
{
	free(h->slots);
	h->slots = NULL;
	h->count = h->cap = 0;
}

void walk_init(struct walk *w, const struct heap *of)
{
	*w = (struct walk){.of = of, .front = {.kind = HEAP_LOOSE}};
	if (of->count)
		walk_put(w, of->slots[0].entry, of->slots[0].key);
}

void walk_put(struct walk *w, struct entry *e, struct key key)
{
	heap_put(&w->front, e, key);
}

struct entry *walk_next(struct walk *w)
{
	struct entry *e = heap_first(&w->front);
	size_t child, end;

	if (!e)
		return NULL;
	remove_at(&w->front, 0);
	if (e->pos[w->of->kind] == HEAP_NOWHERE)
		return e;
	/* what stood behind it in the heap can be next */
	child = e->pos[w->of->kind] * CHILDREN + 1;
	end = child + CHILDREN;
	for (; child < end && child < w->of->count; child++)
		walk_put(w, w->of->slots[child].entry, w->of->slots[child].key);
	return e;
}

void walk_release(struct walk *w)
{
	heap_release(&w->front);
}

static void close_holes(struct arrivals *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->len; i++)
		if (a->list[i].entry)
			a->list[n++] = a->list[i];
	a->len = n;
}

void arrivals_put(struct arrivals *a, uint64_t number, struct entry *e)
{
	if (a->len == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 16;
		a->list = xrealloc(a->list, a->cap, sizeof(*a->list));
	}
	a->list[a->len++] = (struct arrival){number, e};
	a->live++;
}

/* The place of the first with a number greater than this. */
static size_t upper(const struct arrivals *a, uint64_t number)
{
	size_t from = 0, to = a->len;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (a->list[mid].number <= number)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

void arrivals_remove(struct arrivals *a, uint64_t number)
{
	size_t i = upper(a, number);

	if (!i || a->list[i - 1].number != number || !a->list[i - 1].entry)
		BUG("no such arrival");
	a->list[i - 1].entry = NULL;
	a->live--;
	/* at most as many holes as entries, and no more memory than that */
	if (a->len > 2 * a->live + 16)
		close_holes(a);
}

struct entry *arrivals_after(const struct arrivals *a, uint64_t number)
{
	size_t i = upper(a, number);

	while (i < a->len && !a->list[i].entry)
		i++;
	return i < a->len ? a->list[i].entry : NULL;
}

void arrivals_release(struct arrivals *a)
{
	free(a->list);
	*a = (struct arrivals){0};
}

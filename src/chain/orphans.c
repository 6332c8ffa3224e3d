/* SPDX-License-Identifier: MIT */
/*
 * Blocks that were taken back not long ago. Flushes may have left entries of
 * theirs in the derived tables, so they stay in the store until one that
 * began later has ended; by their hash they can be given to who asks.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/branch.h"
#include "chain/internal.h"
#include "chain/tables.h"

void orphans_add(struct orphans *o, const struct hash *hash, uint64_t height)
{
	struct orphan *orphan = xcalloc(1, sizeof(*orphan));

	*orphan = (struct orphan){*hash, height, o->next++};
	if (o->count == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 64;
		o->list = xrealloc(o->list, o->cap, sizeof(struct orphan *));
	}
	o->list[o->count++] = orphan;
	map_put(o->by_hash, hash->b, orphan);
}

void orphans_drop(struct orphans *o, uint64_t below)
{
	size_t i;

	for (i = 0; i < o->count && o->list[i]->number < below; i++) {
		/* it may have been on the chain and taken back once more */
		if (map_get(o->by_hash, o->list[i]->hash.b) == o->list[i])
			map_del(o->by_hash, o->list[i]->hash.b);
		free(o->list[i]);
	}
	o->count -= i;
	if (o->count)
		memmove(o->list, o->list + i, o->count * sizeof(*o->list));
}

void orphans_release(struct orphans *o)
{
	if (o->count)
		orphans_drop(o, o->next);
	free(o->list);
	map_free(o->by_hash);
}

static enum err open_one(struct chain *c, struct span key, struct span value)
{
	struct span raw, delta;
	struct logged l;
	struct hash hash;
	uint64_t height;
	enum err e;

	e = height_decode(&c->orphans.next, key);
	if (e)
		return e;
	e = orphan_decode(&raw, &delta, value);
	if (e)
		return e;
	e = logged_decode(&l, c, raw, delta);
	if (e)
		return e;
	height = l.block.header.height;
	header_hash(&hash, &c->genesis, l.block.header_raw);
	if (height)
		e = derive_undo(c->overlay, height, l.txs, l.block.tx_count,
				&l.delta);
	else
		e = ERR_CORRUPT; /* nobody takes back genesis */
	orphans_add(&c->orphans, &hash, height);
	logged_release(&l);
	return e;
}

enum err orphans_open(struct chain *c, struct kv_view *store, uint64_t *lowest)
{
	struct orphans *o = &c->orphans;
	struct kv_cursor *row = kv_cursor_open(store, KV_ORPHANS);
	enum err e;

	for (e = kv_seek(row, SPAN("", 0)); !e; e = kv_next(row)) {
		e = open_one(c, row->key, row->value);
		if (e)
			break;
		if (o->list[o->count - 1]->height - 1 < *lowest)
			*lowest = o->list[o->count - 1]->height - 1;
	}
	kv_cursor_close(row);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err chain_orphan(struct span *raw, struct chain *c, struct kv_view *store,
		      const struct hash *hash)
{
	const struct orphan *orphan = map_get(c->orphans.by_hash, hash->b);
	uint8_t key[HEIGHT_KEY_LEN];
	struct span value, delta;
	enum err e;

	if (!orphan)
		return ERR_NOT_FOUND;
	e = kv_get(store, &value, KV_ORPHANS, height_key(key, orphan->number));
	return e ? e : orphan_decode(raw, &delta, value);
}

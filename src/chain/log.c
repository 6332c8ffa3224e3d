/* SPDX-License-Identifier: MIT */
/*
 * The log as it is read: blocks with their deltas, and what the tip and the
 * mountain range were at any of its heights.
 */
#include <stdlib.h>

#include "chain/internal.h"
#include "chain/tables.h"

static enum err decode_txs(struct logged *l, const struct chain *c)
{
	size_t i;

	l->txs = xcalloc(l->block.tx_count, sizeof(*l->txs));
	for (i = 0; i < l->block.tx_count; i++) {
		if (tx_decode(&l->txs[i], l->block.txs[i], TX_BYTES_MAX, NULL))
			return ERR_CORRUPT;
		tx_hash(&l->txs[i], &c->genesis);
	}
	return ERR_OK;
}

enum err logged_decode(struct logged *out, const struct chain *c,
		       struct span block, struct span delta)
{
	enum err e;

	*out = (struct logged){0};
	if (block_decode(&out->block, block))
		return ERR_CORRUPT;
	e = delta_decode(&out->delta, delta);
	if (!e)
		e = decode_txs(out, c);
	if (e)
		logged_release(out);
	return e;
}

void logged_release(struct logged *l)
{
	free(l->txs);
	delta_release(&l->delta);
	block_release(&l->block);
	*l = (struct logged){0};
}

enum err log_read(struct span *block, struct span *delta, struct kv_view *store,
		  uint64_t height)
{
	uint8_t key[HEIGHT_KEY_LEN];
	enum err e;

	height_key(key, height);
	e = kv_get(store, block, KV_BLOCKS, SPAN_OF(key));
	if (!e)
		e = kv_get(store, delta, KV_DELTAS, SPAN_OF(key));
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

static void hash_of(struct hash *out, const struct chain *c,
		    const struct block *block)
{
	static const struct hash zeros;

	header_hash(out, block->header.height ? &c->genesis : &zeros,
		    block->header_raw);
}

enum err log_tip(struct chain_tip *out, const struct chain *c,
		 struct kv_view *store, uint64_t height)
{
	struct governance_told told;
	struct delta_reader delta;
	struct span raw, delta_raw;
	struct block block;
	enum err e;

	e = log_read(&raw, &delta_raw, store, height);
	if (!e)
		e = delta_reader_init(&delta, delta_raw);
	if (e)
		return e;
	if (block_decode(&block, raw))
		return ERR_CORRUPT;
	*out = (struct chain_tip){
		.height = height,
		.time = block.header.time,
		.has_producer = block.header.has_producer,
		.producer = block.header.producer,
		.has_txs = block.tx_count != 0,
		.state_root = block.header.state_root,
		.supply = delta.supply,
	};
	hash_of(&out->hash, c, &block);
	if (!governance_told_decode(&told, block.header.engine)) {
		out->has_change = told.has_change;
		out->change = told.change;
	}
	if (block.header.height != height)
		e = ERR_CORRUPT;
	block_release(&block);
	return e;
}

static enum err append_header(struct mmr *m, const struct chain *c,
			      struct kv_view *store)
{
	uint8_t key[HEIGHT_KEY_LEN];
	struct block block;
	struct hash hash;
	struct span raw;
	enum err e;

	e = kv_get(store, &raw, KV_BLOCKS, height_key(key, m->count));
	if (e)
		return e;
	if (block_decode(&block, raw))
		return ERR_CORRUPT;
	if (block.header.height != m->count)
		e = ERR_CORRUPT;
	hash_of(&hash, c, &block);
	mmr_append(m, &hash);
	block_release(&block);
	return e;
}

enum err log_range(struct mmr *out, const struct chain *c,
		   struct kv_view *store, uint64_t height)
{
	uint64_t base = height - height % RANGE_EVERY;
	uint8_t key[HEIGHT_KEY_LEN];
	struct span value;
	enum err e;

	e = kv_get(store, &value, KV_RANGES, height_key(key, base));
	if (!e)
		e = range_decode(out, value);
	if (!e && out->count != base + 1)
		e = ERR_CORRUPT;
	while (!e && out->count <= height)
		e = append_header(out, c, store);
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

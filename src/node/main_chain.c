/* SPDX-License-Identifier: MIT */
/*
 * Blocks of the main chain as the store has them, and the engine as it was
 * after one of them. The view may be a batch ahead of the chain's tip, so
 * nothing here compares with that.
 */
#include "chain/tables.h"
#include "codec/msgpack.h"
#include "node/sync_internal.h"

enum err main_height(struct node *n, uint64_t *height, const struct hash *hash)
{
	struct span value;
	enum err e;

	e = kv_get(n->store, &value, KV_HEIGHTS, hash_span(hash));
	return e ? e : height_decode(height, value);
}

bool main_has(struct node *n, const struct hash *hash)
{
	uint64_t height;

	return !main_height(n, &height, hash);
}

enum err main_block(struct node *n, struct span *raw, uint64_t height)
{
	uint8_t key[HEIGHT_KEY_LEN];

	return kv_get(n->store, raw, KV_BLOCKS, height_key(key, height));
}

enum err main_split(struct span *header_raw, struct span *seal_raw,
		    struct span raw)
{
	struct mp_reader r;

	mp_reader_init(&r, raw);
	mp_read_array(&r, 3, 3);
	*header_raw = mp_read_raw(&r);
	*seal_raw = mp_read_raw(&r);
	return r.err ? ERR_CORRUPT : ERR_OK;
}

enum err main_parse(struct node *n, struct main_header *out, struct span raw)
{
	static const struct hash zeros;

	if (main_split(&out->raw, &out->seal_raw, raw) ||
	    header_decode(&out->header, out->raw))
		return ERR_CORRUPT;
	header_hash(&out->hash,
		    out->header.height ? chain_genesis(n->chain) : &zeros,
		    out->raw);
	return ERR_OK;
}

enum err main_header(struct node *n, struct main_header *out, uint64_t height)
{
	struct span raw;
	enum err e = main_block(n, &raw, height);

	return e ? e : main_parse(n, out, raw);
}

enum err main_state(struct node *n, struct span *state, uint64_t height)
{
	return state_get(n->store, state, height);
}

void sync_engine_block(struct engine_block *out, const struct header *h,
		       const struct hash *hash)
{
	/* the root of no transactions: SHA-256 of nothing */
	static const struct hash none = {
		{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
		 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
		 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
		 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}};

	struct governance_told told;

	*out = (struct engine_block){
		.height = h->height,
		.time = h->time,
		.has_producer = h->has_producer,
		.producer = h->producer,
		.hash = *hash,
		.has_txs = !hash_eq(&h->txs_root, &none),
	};
	if (!governance_told_decode(&told, h->engine)) {
		out->has_change = told.has_change;
		out->change = told.change;
	}
}

static enum err restored(struct node *n, struct engine **out, struct span state,
			 const struct engine_block *block)
{
	const struct rules *rules = chain_rules(n->chain);
	struct engine *engine;
	struct fault f;
	enum err e;

	*out = NULL;
	e = engine_ops_of(rules->engine)
		    ->create(&engine, rules, chain_genesis(n->chain), &f);
	if (e)
		return e;
	if (block->height)
		e = engine->ops->restore(engine, state, block);
	else
		engine->ops->accept(engine, block);
	if (e)
		engine->ops->destroy(engine);
	else
		*out = engine;
	return e;
}

enum err sync_settled(struct node *n, uint64_t *settled, uint64_t *rank,
		      struct span state, const struct engine_block *block)
{
	struct engine *engine;
	enum err e = restored(n, &engine, state, block);

	if (e)
		return e;
	*settled = engine->ops->settled(engine);
	*rank = engine->ops->rank(engine);
	engine->ops->destroy(engine);
	return ERR_OK;
}

enum err sync_rank(struct node *n, uint64_t *rank, struct span state,
		   const struct engine_block *block)
{
	uint64_t settled;

	return sync_settled(n, &settled, rank, state, block);
}

enum err main_engine(struct node *n, struct engine **out,
		     struct engine_block *block, uint64_t height)
{
	struct span state = {0};
	struct main_header m;
	enum err e;

	e = main_header(n, &m, height);
	if (e)
		return e;
	sync_engine_block(block, &m.header, &m.hash);
	if (height)
		e = main_state(n, &state, height);
	return e ? e : restored(n, out, state, block);
}

enum err sync_engine_at(struct node *n, struct engine **out,
			struct engine_block *block, const struct hash *hash)
{
	const struct tree_node *node = tree_find(n->sync->tree, hash);
	uint64_t height;
	enum err e;

	if (node) {
		sync_engine_block(block, &node->header, &node->hash);
		return restored(n, out, node->state, block);
	}
	e = main_height(n, &height, hash);
	return e ? e : main_engine(n, out, block, height);
}

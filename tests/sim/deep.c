/* SPDX-License-Identifier: MIT */
/*
 * Going to a block and back is as if it had never been: whatever way a node
 * came to its tip, its tables are those that the naive ledger has there.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "codec/msgpack.h"
#include "sim/sim.h"

struct tables {
	struct sim *s;
	struct host *h;
	struct kv_view *view;
	size_t want[KV_TABLE_COUNT]; /* entries */
};

static void want(struct tables *t, enum kv_table table, struct span key,
		 struct span value)
{
	struct span got;
	enum err e = kv_get(t->view, &got, table, key);

	t->want[table]++;
	if (e || !span_eq(got, value))
		sim_fail(t->s,
			 "host %zu at height %llu: an entry of table %s %s "
			 "(key %02x%02x%02x%02x)",
			 t->h->number,
			 (unsigned long long)t->h->tip->header.height,
			 kv_table_name(table),
			 e ? "is missing" : "is not the naive ledger's",
			 key.data[0], key.data[1], key.data[2], key.data[3]);
}

static void want_accounts(struct tables *t, const struct model_block *tip)
{
	struct buf record = {0};
	size_t i;

	for (i = 0; i < tip->account_count; i++) {
		const struct model_account *m = &tip->accounts[i];

		buf_reset(&record);
		account_encode(&record, &m->account);
		want(t, KV_ACCOUNTS, hash_span(&m->key), buf_span(&record));
		want(t, KV_ADDRESSES, address_span(&m->account.address),
		     SPAN("", 0));
	}
	buf_release(&record);
}

/* [balance, nonce, [index, ...]] under the address and the height. */
static void want_history(struct tables *t, const struct model_block *b)
{
	uint8_t key[ADDRESS_LEN + 8];
	struct buf value = {0};
	size_t i, k;

	for (i = 0; i < b->note_count; i++) {
		const struct model_note *n = &b->notes[i];

		memcpy(key, n->address.b, ADDRESS_LEN);
		put_be64(key + ADDRESS_LEN, b->header.height);
		buf_reset(&value);
		mp_array(&value, 3);
		mp_uint(&value, n->balance);
		mp_uint(&value, n->nonce);
		mp_array(&value, n->count);
		for (k = 0; k < n->count; k++)
			mp_uint(&value, n->indexes[k]);
		want(t, KV_HISTORY, SPAN_OF(key), buf_span(&value));
	}
	buf_release(&value);
}

static void want_block(struct tables *t, const struct model_block *b)
{
	uint8_t value[12], height[8];
	size_t i;

	put_be64(height, b->header.height);
	want(t, KV_HEIGHTS, hash_span(&b->hash), SPAN_OF(height));
	t->want[KV_BLOCKS]++;
	t->want[KV_DELTAS]++;
	memcpy(value, height, 8);
	for (i = 0; i < b->tx_count; i++) {
		put_be32(value + 8, (uint32_t)i);
		want(t, KV_TXIDS, hash_span(&b->ids[i]), SPAN_OF(value));
	}
	want_history(t, b);
}

/* The set of the block above, a row where it is another than below. */
static void want_sets(struct tables *t)
{
	const struct people *p = &t->s->people;
	const struct model_block *b;
	struct buf state = {0};
	uint8_t height[8];

	for (b = t->h->tip; b->parent; b = b->parent) {
		if (b->parent->parent && b->sets.set == b->parent->sets.set)
			continue;
		buf_reset(&state);
		set_encode(&state, p, b->sets.set);
		put_be64(height, b->header.height);
		want(t, KV_STATES, SPAN_OF(height), buf_span(&state));
	}
	buf_release(&state);
}

/* The engine's states, from one that follows the whole chain: a row where it
 * is not what stands below. */
static void want_states(struct tables *t)
{
	size_t n = t->h->tip->header.height, i;
	struct buf state = {0}, below = {0};
	const struct model_block **path = xcalloc(n + 1, sizeof(*path)), *b;
	struct engine *engine;
	uint8_t height[8];

	if (engine_ops_of(t->s->rules.engine)
		    ->create(&engine, &t->s->rules, &t->s->model.genesis, NULL))
		BUG("no engine of these rules");
	for (b = t->h->tip; b; b = b->parent)
		path[b->header.height] = b;
	for (i = 0; i <= n; i++) {
		struct engine_block block = {.height = i};

		b = path[i];
		block.time = b->header.time;
		block.has_producer = b->header.has_producer;
		block.producer = b->header.producer;
		block.hash = b->hash;
		block.has_txs = b->has_txs;
		buf_reset(&state);
		if (i)
			engine->ops->save(engine, &state, &block);
		put_be64(height, i);
		if (i &&
		    (i == 1 || !span_eq(buf_span(&state), buf_span(&below))))
			want(t, KV_STATES, SPAN_OF(height), buf_span(&state));
		buf_reset(&below);
		buf_append_span(&below, buf_span(&state));
		engine->ops->accept(engine, &block);
	}
	engine->ops->destroy(engine);
	buf_release(&state);
	buf_release(&below);
	free(path);
}

static void count(struct tables *t, enum kv_table table)
{
	struct kv_cursor *c = kv_cursor_open(t->view, table);
	size_t found = 0;

	if (!kv_seek(c, SPAN("", 0)))
		do
			found++;
		while (!kv_next(c));
	kv_cursor_close(c);
	if (found != t->want[table])
		sim_fail(t->s,
			 "host %zu at height %llu: table %s has %zu entries, "
			 "the naive ledger %zu",
			 t->h->number,
			 (unsigned long long)t->h->tip->header.height,
			 kv_table_name(table), found, t->want[table]);
}

void check_ledger(struct sim *s, struct host *h)
{
	static const enum kv_table all[] = {
		KV_BLOCKS,    KV_DELTAS,  KV_HEIGHTS, KV_ACCOUNTS,
		KV_ADDRESSES, KV_HISTORY, KV_TXIDS,   KV_STATES,
	};
	struct tables t = {.s = s, .h = h};
	const struct model_block *b;
	size_t i;

	t.view = chain_view(h->node->chain, kv_mem_view(h->mem));
	want_accounts(&t, h->tip);
	for (b = h->tip; b; b = b->parent)
		want_block(&t, b);
	if (s->engine->certifies)
		want_sets(&t);
	else
		want_states(&t);
	for (i = 0; i < ARRAY_LEN(all); i++)
		count(&t, all[i]);
	s->stats.deep_checks++;
}

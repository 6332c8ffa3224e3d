/* SPDX-License-Identifier: MIT */
/* The genesis block and how it is written; see the header. */
#include "chain/genesis.h"

#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "codec/msgpack.h"
#include "crypto/merkle.h"
#include "ledger/apply.h"
#include "ledger/state_tree.h"

#define BATCH_ENTRIES 16000
#define CLEAR_ENTRIES 16000

static void genesis_state_root(struct hash *out, const struct delta *d)
{
	struct state_change *changes = xcalloc(d->count, sizeof(*changes));
	struct kv_mem *empty = kv_mem_new();
	struct state_patch *patch;
	struct state_tree *tree;
	struct buf records = {0};
	struct hash root;
	size_t i, *ends = xcalloc(d->count, sizeof(*ends));

	for (i = 0; i < d->count; i++) {
		account_key(&changes[i].key, &d->changes[i].new.address);
		account_encode(&records, &d->changes[i].new);
		ends[i] = records.len;
	}
	for (i = 0; i < d->count; i++) {
		size_t start = i ? ends[i - 1] : 0;

		changes[i].record = SPAN(records.data + start, ends[i] - start);
	}
	if (state_tree_build(&tree, kv_mem_view(empty)) ||
	    state_tree_patch(&patch, tree, kv_mem_view(empty), changes,
			     d->count))
		BUG("a view of memory failed");
	state_patch_root(&root, patch);
	state_root(out, &root, d->supply);
	state_patch_free(patch);
	state_tree_free(tree);
	kv_mem_free(empty);
	buf_release(&records);
	free(changes);
	free(ends);
}

static int compare_address(const void *a, const void *b)
{
	const struct account *const *x = a, *const *y = b;

	return memcmp((*x)->address.b, (*y)->address.b, ADDRESS_LEN);
}

static void sort_by_address(struct genesis *g)
{
	size_t i;

	g->by_address = xcalloc(g->delta.count, sizeof(*g->by_address));
	for (i = 0; i < g->delta.count; i++)
		g->by_address[i] = &g->delta.changes[i].new;
	qsort(g->by_address, g->delta.count, sizeof(*g->by_address),
	      compare_address);
}

void genesis_make(struct genesis *out, const struct rules *rules)
{
	static const struct hash zeros;
	struct header h = {0};
	struct buf engine = {0};
	struct hash rules_hash;
	struct mmr none = {0};

	*out = (struct genesis){.rules = rules};
	rules_encode(&out->rules_raw, rules);
	digest(&rules_hash, DOMAIN_RULES, &zeros, buf_span(&out->rules_raw));
	genesis_delta(&out->delta, rules);
	sort_by_address(out);

	h.time = rules->genesis_time;
	h.has_producer = rules->has_coinbase;
	h.producer = rules->coinbase;
	merkle_root(&h.txs_root, NULL, 0);
	genesis_state_root(&h.state_root, &out->delta);
	mmr_root(&h.history_root, &none);
	mp_array(&engine, 1);
	mp_bin(&engine, hash_span(&rules_hash));
	h.engine = buf_span(&engine);
	header_encode(&out->header_raw, &h);
	header_hash(&out->hash, &zeros, buf_span(&out->header_raw));
	buf_release(&engine);
}

void genesis_release(struct genesis *g)
{
	buf_release(&g->rules_raw);
	buf_release(&g->header_raw);
	free(g->by_address);
	delta_release(&g->delta);
	*g = (struct genesis){0};
}

bool genesis_mine(struct hash *pow, uint64_t *nonce, const struct genesis *g,
		  uint64_t tries)
{
	unsigned digits = (unsigned)g->rules->genesis_difficulty;

	for (; tries; tries--, ++*nonce) {
		pow_hash(pow, *nonce, &g->hash);
		if (hash_has_zero_digits(pow, digits))
			return true;
	}
	return false;
}

static void put_account(struct kv_batch *out, const struct account *a)
{
	struct buf value = {0};
	struct hash key;

	account_key(&key, &a->address);
	account_encode(&value, a);
	kv_batch_put(out, KV_ACCOUNTS, hash_span(&key), buf_span(&value));
	buf_release(&value);
}

static void put_history(struct kv_batch *out, const struct account *a)
{
	uint8_t key[HISTORY_KEY_LEN];
	struct buf value = {0};

	history_encode(&value, a->balance, a->nonce, NULL, 0);
	kv_batch_put(out, KV_HISTORY, history_key(key, &a->address, 0),
		     buf_span(&value));
	buf_release(&value);
}

/* Entry i of three times the count of accounts: table after table, and each
 * in the order of its own keys, so that the store can append. */
static void put_entry(struct kv_batch *out, const struct genesis *g, size_t i)
{
	size_t count = g->delta.count;

	if (i < count)
		put_account(out, &g->delta.changes[i].new);
	else if (i < 2 * count)
		kv_batch_put(out, KV_ADDRESSES,
			     address_span(&g->by_address[i - count]->address),
			     SPAN("", 0));
	else
		put_history(out, g->by_address[i - 2 * count]);
}

static void put_block(const struct genesis *g, uint64_t nonce,
		      struct kv_batch *out)
{
	struct buf block = {0}, delta = {0}, range = {0};
	struct seal seal = {.nonce = nonce};
	uint8_t key[HEIGHT_KEY_LEN];
	struct mmr m = {0};

	block_encode(&block, buf_span(&g->header_raw), &seal, NULL, 0);
	delta_encode(&delta, &g->delta);
	mmr_append(&m, &g->hash);
	range_encode(&range, &m);
	height_key(key, 0);
	kv_batch_put(out, KV_BLOCKS, SPAN_OF(key), buf_span(&block));
	kv_batch_put(out, KV_DELTAS, SPAN_OF(key), buf_span(&delta));
	kv_batch_put(out, KV_HEIGHTS, hash_span(&g->hash), SPAN_OF(key));
	kv_batch_put(out, KV_RANGES, SPAN_OF(key), buf_span(&range));
	kv_batch_put(out, KV_META, meta_key(META_RULES),
		     buf_span(&g->rules_raw));
	kv_batch_put(out, KV_META, meta_key(META_WATERMARK), SPAN_OF(key));
	kv_batch_put(out, KV_META, meta_key(META_RANGE), buf_span(&range));
	kv_batch_put(out, KV_META, meta_key(META_GENESIS), hash_span(&g->hash));
	kv_batch_del(out, KV_META, meta_key(META_UNFINISHED));
	buf_release(&block);
	buf_release(&delta);
	buf_release(&range);
}

size_t genesis_entries(const struct genesis *g)
{
	return 3 * g->delta.count;
}

bool genesis_batch(const struct genesis *g, uint64_t nonce, size_t *at,
		   struct kv_batch *out)
{
	size_t end = genesis_entries(g), to = *at + BATCH_ENTRIES;

	if (*at > end)
		return false;
	if (!*at)
		kv_batch_put(out, KV_META, meta_key(META_UNFINISHED),
			     hash_span(&g->hash));
	for (; *at < end && *at < to; ++*at)
		put_entry(out, g, *at);
	if (*at < to) {
		put_block(g, nonce, out);
		*at = end + 1;
	}
	return true;
}

enum err genesis_clear(struct kv_batch *out, struct kv_view *view)
{
	struct kv_cursor *c;
	struct span value;
	unsigned t;
	enum err e;

	e = kv_get(view, &value, KV_META, meta_key(META_UNFINISHED));
	for (t = 0; !e && t < KV_TABLE_COUNT; t++) {
		if (t == KV_META)
			continue;
		c = kv_cursor_open(view, (enum kv_table)t);
		for (e = kv_seek(c, SPAN("", 0));
		     !e && out->count < CLEAR_ENTRIES; e = kv_next(c))
			kv_batch_del(out, (enum kv_table)t, c->key);
		kv_cursor_close(c);
		if (e == ERR_NOT_FOUND)
			e = ERR_OK;
	}
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err genesis_load(struct rules *rules, struct hash *genesis,
		      struct kv_view *view, struct fault *f)
{
	struct span value;
	enum err e;

	*rules = (struct rules){0};
	e = kv_get(view, &value, KV_META, meta_key(META_UNFINISHED));
	if (!e)
		return fault_set(f, ERR_NOT_FOUND, "",
				 "the making of the chain here was "
				 "interrupted; run ccoin-init again");
	if (e != ERR_NOT_FOUND)
		return fault_set(f, e, "", "the store failed");
	e = kv_get(view, &value, KV_META, meta_key(META_GENESIS));
	if (e == ERR_NOT_FOUND)
		return fault_set(f, e, "", "there is no chain here");
	if (!e && value.len != HASH_LEN)
		e = ERR_CORRUPT;
	if (e)
		return fault_set(f, e, "", "the genesis hash is unreadable");
	memcpy(genesis->b, value.data, HASH_LEN);
	e = kv_get(view, &value, KV_META, meta_key(META_RULES));
	if (!e)
		e = rules_decode(rules, value);
	if (e)
		return fault_set(f, e == ERR_NOT_FOUND ? ERR_CORRUPT : e, "",
				 "the chain's rules are unreadable");
	return ERR_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * The derived tables of a store against what its blocks make: block by block
 * while they are replayed, and as a whole at the end.
 */
#include "base/text.h"
#include "chain/derive.h"
#include "chain/tables.h"
#include "crypto/key.h"
#include "node/verify_internal.h"

static enum err expect_entry(void *ctx, enum kv_table t, struct span key,
			     struct span value)
{
	struct verify *v = ctx;
	struct span got;
	enum err e;

	if (t == KV_ACCOUNTS)
		return ERR_OK; /* compared at the end */
	e = kv_get(v->tables, &got, t, key);
	if (e && e != ERR_NOT_FOUND)
		return e;
	if (e || !span_eq(got, value)) {
		char hex[2 * KV_KEY_MAX + 1];

		hex_encode(hex, key);
		return fault_set(v->f, ERR_CORRUPT, "",
				 "block %llu: the entry %s of table %s %s",
				 (unsigned long long)v->height, hex,
				 kv_table_name(t),
				 e ? "is missing" : "is not what it must be");
	}
	if (t == KV_KEYS)
		kv_overlay_put(v->keys, 0, KV_KEYS, key, value);
	else
		v->entries[t]++;
	return ERR_OK;
}

static enum err account_again(void *ctx, struct account *out,
			      const struct address *address)
{
	struct verify *v = ctx;
	bool existed;

	return chain_account(out, &existed, v->again, kv_mem_view(v->mem),
			     address);
}

enum err verify_derived(struct verify *v, const struct tx *txs, size_t tx_count,
			const struct delta *delta)
{
	struct derive_sink sink = {account_again, expect_entry, v};

	return derive_block(&sink, v->height, txs, tx_count, delta);
}

enum err verify_range(struct verify *v)
{
	uint8_t key[HEIGHT_KEY_LEN];
	struct buf range = {0};
	enum err e;

	if (v->height % RANGE_EVERY)
		return ERR_OK;
	range_encode(&range, chain_range(v->again));
	e = expect_entry(v, KV_RANGES, height_key(key, v->height),
			 buf_span(&range));
	buf_release(&range);
	return e;
}

/* Count the entries of a table of the store. */
static enum err count_table(uint64_t *out, struct verify *v, enum kv_table t)
{
	struct kv_cursor *c = kv_cursor_open(v->tables, t);
	enum err e;

	*out = 0;
	for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c))
		++*out;
	kv_cursor_close(c);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* A key that no block brings is left of one that was taken back: it must be
 * its address's all the same. */
static enum err check_keys(struct verify *v)
{
	struct kv_cursor *c = kv_cursor_open(v->tables, KV_KEYS);
	struct kv_view *known = kv_overlay_view(v->keys);
	struct address address;
	struct span key;
	enum err e;

	for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c)) {
		if (!kv_get(known, &key, KV_KEYS, c->key))
			continue; /* compared with its block */
		key_address(&address, c->value);
		if (!span_eq(c->key, address_span(&address)))
			break;
	}
	kv_cursor_close(c);
	if (!e)
		return fault_set(v->f, ERR_CORRUPT, "",
				 "table %s has a key that is not its address's",
				 kv_table_name(KV_KEYS));
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err verify_counts(struct verify *v)
{
	static const enum kv_table tables[] = {
		KV_BLOCKS,  KV_DELTAS, KV_HEIGHTS, KV_ACCOUNTS, KV_ADDRESSES,
		KV_HISTORY, KV_TXIDS,  KV_STATES,  KV_RANGES};
	uint64_t got;
	size_t i;
	enum err e;

	v->entries[KV_BLOCKS] = v->entries[KV_DELTAS] = v->entries[KV_HEIGHTS] =
		v->report->blocks;
	v->entries[KV_ACCOUNTS] = v->entries[KV_ADDRESSES];
	for (i = 0; i < ARRAY_LEN(tables); i++) {
		e = count_table(&got, v, tables[i]);
		if (e)
			return e;
		if (got != v->entries[tables[i]])
			return fault_set(
				v->f, ERR_CORRUPT, "",
				"table %s has %llu entries, expected %llu",
				kv_table_name(tables[i]),
				(unsigned long long)got,
				(unsigned long long)v->entries[tables[i]]);
	}
	return check_keys(v);
}

/* Every account of the second chain against the store's. */
enum err verify_accounts(struct verify *v)
{
	struct kv_view *want = chain_view(v->again, kv_mem_view(v->mem));
	struct kv_cursor *c = kv_cursor_open(want, KV_ACCOUNTS);
	uint64_t sum = 0;
	enum err e;

	for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c)) {
		char hex[ADDRESS_HEX_LEN];
		struct account a;
		struct span got = {0};

		e = account_decode(&a, c->value);
		if (!e)
			e = kv_get(v->tables, &got, KV_ACCOUNTS, c->key);
		if (e || !span_eq(got, c->value)) {
			fault_set(v->f, ERR_CORRUPT, "",
				  "account %s is not what the blocks make it",
				  address_hex(hex, &a.address));
			kv_cursor_close(c);
			return ERR_CORRUPT;
		}
		sum += a.balance;
		v->report->accounts++;
	}
	kv_cursor_close(c);
	if (e != ERR_NOT_FOUND)
		return e;
	if (sum != chain_tip(v->again)->supply)
		return fault_set(
			v->f, ERR_CORRUPT, "",
			"the balances sum up to %llu, the supply is "
			"%llu",
			(unsigned long long)sum,
			(unsigned long long)chain_tip(v->again)->supply);
	return ERR_OK;
}

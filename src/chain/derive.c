/* SPDX-License-Identifier: MIT */
/*
 * Derived tables of one block, there and back. Deterministic: entries come
 * in one order, whatever the block's transactions look like.
 */
#include "chain/derive.h"

#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"

/* One address that the block concerns, and why. */
struct mention {
	struct address address;
	uint32_t index;			   /* of a transaction */
	const struct delta_change *change; /* or of the delta */
};

static int by_address(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;
	int c = memcmp(x->address.b, y->address.b, ADDRESS_LEN);

	if (c)
		return c;
	/* the change first, then transactions in order */
	if (!x->change != !y->change)
		return x->change ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static enum err put_account(const struct derive_sink *s,
			    const struct delta_change *c)
{
	struct buf record = {0};
	struct hash key;
	enum err e;

	account_key(&key, &c->new.address);
	account_encode(&record, &c->new);
	e = s->put(s->ctx, KV_ACCOUNTS, hash_span(&key), buf_span(&record));
	buf_release(&record);
	if (!e && !c->existed)
		e = s->put(s->ctx, KV_ADDRESSES, address_span(&c->new.address),
			   SPAN("", 0));
	return e;
}

/* All mentions of one address: list[0..count). */
static enum err put_history(const struct derive_sink *s, uint64_t height,
			    const struct mention *list, size_t count)
{
	uint32_t *indexes = xcalloc(count, sizeof(*indexes));
	uint8_t key[HISTORY_KEY_LEN];
	struct buf value = {0};
	struct account a = {0};
	size_t i, n = 0;
	enum err e = ERR_OK;

	for (i = 0; i < count; i++) {
		if (list[i].change)
			continue;
		/* a transfer to oneself is mentioned twice */
		if (!n || indexes[n - 1] != list[i].index)
			indexes[n++] = list[i].index;
	}
	if (list[0].change)
		a = list[0].change->new;
	else
		e = s->account(s->ctx, &a, &list[0].address);
	if (!e) {
		history_encode(&value, a.balance, a.nonce, indexes, n);
		e = s->put(s->ctx, KV_HISTORY,
			   history_key(key, &list[0].address, height),
			   buf_span(&value));
	}
	buf_release(&value);
	free(indexes);
	return e;
}

static enum err put_histories(const struct derive_sink *s, uint64_t height,
			      const struct tx *txs, size_t tx_count,
			      const struct delta *d)
{
	struct mention *list = xcalloc(2 * tx_count + d->count, sizeof(*list));
	size_t count = 0, i, end;
	enum err e = ERR_OK;

	for (i = 0; i < d->count; i++)
		list[count++] =
			(struct mention){.address = d->changes[i].new.address,
					 .change = &d->changes[i]};
	for (i = 0; i < tx_count; i++) {
		list[count++] = (struct mention){.address = txs[i].sender,
						 .index = (uint32_t)i};
		if (tx_recipient(&txs[i]))
			list[count++] =
				(struct mention){.address = txs[i].recipient,
						 .index = (uint32_t)i};
	}
	qsort(list, count, sizeof(*list), by_address);
	for (i = 0; i < count && !e; i = end) {
		for (end = i + 1; end < count; end++)
			if (!address_eq(&list[i].address, &list[end].address))
				break;
		e = put_history(s, height, list + i, end - i);
	}
	free(list);
	return e;
}

enum err derive_block(const struct derive_sink *s, uint64_t height,
		      const struct tx *txs, size_t tx_count,
		      const struct delta *d)
{
	uint8_t value[TXID_VALUE_LEN];
	enum err e;
	size_t i;

	for (i = 0; i < d->count; i++) {
		e = put_account(s, &d->changes[i]);
		if (e)
			return e;
	}
	for (i = 0; i < tx_count; i++) {
		e = s->put(s->ctx, KV_TXIDS, hash_span(&txs[i].id),
			   txid_value(value, height, (uint32_t)i));
		if (!e && txs[i].key.len)
			e = s->put(s->ctx, KV_KEYS,
				   address_span(&txs[i].sender), txs[i].key);
		if (e)
			return e;
	}
	return put_histories(s, height, txs, tx_count, d);
}

/* --- the way back ------------------------------------------------------ */

/* The keys of an undone block are what counts, not what was there. */
static enum err undo_account(void *ctx, struct account *out,
			     const struct address *address)
{
	(void)ctx;
	*out = (struct account){.address = *address};
	return ERR_OK;
}

static enum err undo_put(void *ctx, enum kv_table t, struct span key,
			 struct span value)
{
	struct kv_overlay *into = ctx;

	(void)value;
	if (t == KV_HISTORY || t == KV_TXIDS || t == KV_ADDRESSES)
		kv_overlay_del(into, 0, t, key);
	return ERR_OK;
}

static void undo_change(struct kv_overlay *into, const struct delta_change *c)
{
	struct buf record = {0};
	struct hash key;

	account_key(&key, &c->new.address);
	if (c->existed) {
		account_encode(&record, &c->old);
		kv_overlay_put(into, 0, KV_ACCOUNTS, hash_span(&key),
			       buf_span(&record));
	} else {
		kv_overlay_del(into, 0, KV_ACCOUNTS, hash_span(&key));
	}
	buf_release(&record);
}

enum err derive_undo(struct kv_overlay *into, uint64_t height,
		     const struct tx *txs, size_t tx_count,
		     const struct delta *delta)
{
	struct derive_sink sink = {undo_account, undo_put, into};
	size_t i;

	for (i = 0; i < delta->count; i++)
		undo_change(into, &delta->changes[i]);
	return derive_block(&sink, height, txs, tx_count, delta);
}

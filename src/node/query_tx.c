/* SPDX-License-Identifier: MIT */
/* Reads of single transactions, and of an account's. */
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "node/internal.h"

static void decode(struct tx_info *t, struct node *n)
{
	if (tx_decode(&t->tx, buf_span(&t->raw), TX_BYTES_MAX, NULL))
		BUG("a transaction of our own does not decode");
	tx_hash(&t->tx, node_genesis_hash(n));
}

static enum err from_block(struct tx_info *t, struct node *n,
			   struct kv_view *view)
{
	struct block_info b;
	enum err e;

	e = query_block(&b, n, view, t->height);
	if (e)
		return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
	if (t->index < b.block.tx_count) {
		buf_append_span(&t->raw, b.block.txs[t->index]);
		t->block = b.hash;
		t->block_time = b.block.header.time;
		t->confirmations = b.confirmations;
		decode(t, n);
	} else {
		e = ERR_CORRUPT;
	}
	block_info_release(&b);
	return e;
}

static enum tx_state state_in_block(const struct node *n, uint64_t height)
{
	if (height > node_settled(n))
		return TX_INCLUDED;
	return node_has_finality(n) ? TX_FINAL : TX_SETTLED;
}

enum err query_tx_place(enum tx_state *state, uint64_t *height, uint32_t *index,
			enum err *reason, struct node *n, struct kv_view *view,
			const struct hash *id)
{
	struct mempool_entry entry;
	struct span value;
	enum err e;

	*reason = ERR_OK;
	if (mempool_get(n->pool, &entry, id)) {
		*state =
			entry.place == MEMPOOL_PENDING ? TX_PENDING : TX_QUEUED;
		return ERR_OK;
	}
	e = kv_get(chain_view(n->chain, view), &value, KV_TXIDS, hash_span(id));
	if (!e)
		e = txid_decode(height, index, value);
	if (!e) {
		*state = state_in_block(n, *height);
		return ERR_OK;
	}
	if (e != ERR_NOT_FOUND)
		return e;
	*state = TX_DROPPED;
	*reason = mempool_dropped(n->pool, id);
	return *reason ? ERR_OK : ERR_NOT_FOUND;
}

static enum err find(struct tx_info *t, struct node *n, struct kv_view *view,
		     const struct hash *id)
{
	struct mempool_entry entry;
	enum err e;

	t->tx.id = *id;
	e = query_tx_place(&t->state, &t->height, &t->index, &t->reason, n,
			   view, id);
	if (e)
		return e;
	switch (t->state) {
	case TX_PENDING:
	case TX_QUEUED:
		if (!mempool_get(n->pool, &entry, id))
			BUG("a pending transaction is not in the pool");
		buf_append_span(&t->raw, entry.tx->raw);
		decode(t, n);
		return ERR_OK;
	case TX_INCLUDED:
	case TX_SETTLED:
	case TX_FINAL:
		return from_block(t, n, view);
	case TX_DROPPED:
		return ERR_OK;
	}
	BUG("state of a transaction");
}

enum err query_tx(struct tx_info *out, struct node *n, struct kv_view *view,
		  const struct hash *id)
{
	enum err e;

	*out = (struct tx_info){0};
	e = find(out, n, view, id);
	if (!e && out->raw.len)
		e = query_key(&out->key, n, view, &out->tx.sender);
	if (e == ERR_NOT_FOUND && out->raw.len)
		e = ERR_OK; /* its first transaction is still pending */
	if (e)
		tx_info_release(out);
	return e;
}

void tx_info_release(struct tx_info *t)
{
	buf_release(&t->raw);
	buf_release(&t->key);
}

/* Append the indexes of one history entry, newest first, below `limit_index`;
 * false when out is full. */
static bool add_entry(struct activity *out, size_t *count, size_t limit,
		      struct history_entry *entry, uint64_t height,
		      uint64_t below_index)
{
	size_t n = 0, cap = entry->count;
	uint32_t *list = xcalloc(cap, sizeof(*list)), index;
	bool room = true;

	while (history_next_index(entry, &index))
		if (index < below_index)
			list[n++] = index;
	while (n && room) {
		room = *count < limit;
		if (room)
			out[(*count)++] = (struct activity){height, list[--n]};
	}
	free(list);
	return room;
}

enum err query_activity(struct activity *out, size_t *count, struct node *n,
			struct kv_view *view, const struct address *address,
			const struct activity *before, uint64_t since,
			size_t limit)
{
	struct kv_cursor *c =
		kv_cursor_open(chain_view(n->chain, view), KV_HISTORY);
	uint64_t below = before ? before->height + 1 : UINT64_MAX;
	uint8_t key[HISTORY_KEY_LEN];
	struct history_entry entry;
	enum err e;

	*count = 0;
	for (;;) {
		uint64_t height, index = UINT64_MAX;

		e = kv_seek_before(c, history_key(key, address, below));
		if (e || memcmp(c->key.data, address->b, ADDRESS_LEN))
			break;
		height = get_be64(c->key.data + ADDRESS_LEN);
		if (height < since)
			break;
		e = history_decode(&entry, c->value);
		if (e)
			break;
		if (before && height == before->height)
			index = before->index;
		if (!add_entry(out, count, limit, &entry, height, index) ||
		    *count == limit || !height)
			break;
		below = height;
	}
	kv_cursor_close(c);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

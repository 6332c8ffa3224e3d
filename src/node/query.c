/* SPDX-License-Identifier: MIT */
/*
 * Reads on a node. They show the adopted tip, which is durable: nothing that
 * is reported here can be lost by a crash.
 */
#include "node/query.h"

#include <string.h>

#include "base/amount.h"
#include "chain/tables.h"
#include "codec/msgpack.h"
#include "ledger/apply.h"
#include "node/internal.h"

const struct rules *node_rules(const struct node *n)
{
	return chain_rules(n->chain);
}

const struct hash *node_genesis_hash(const struct node *n)
{
	return chain_genesis(n->chain);
}

const struct mempool *node_mempool(const struct node *n)
{
	return n->pool;
}

bool node_is_validator(const struct node *n)
{
	return n->validator;
}

bool node_has_finality(const struct node *n)
{
	return n->engine->ops->certifies;
}

void node_tip(const struct node *n, struct node_tip *out)
{
	const struct chain_tip *tip = chain_tip(n->chain);

	*out = (struct node_tip){
		.height = tip->height,
		.time = tip->time,
		.settled = node_settled(n),
		.final = node_has_finality(n) ? node_settled(n) : 0,
		.supply = tip->supply,
		.hash = tip->hash,
		.state_root = tip->state_root,
		.flushed = chain_watermark(n->chain),
		.unflushed = chain_unflushed(n->chain),
	};
}

/* What must be in the store for a chain that is whole. */
static enum err must(enum err e)
{
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

/* The bytes of a block's delta; borrowed from the view. */
static enum err get_delta(struct span *out, struct node *n,
			  struct kv_view *view, uint64_t height)
{
	uint8_t key[HEIGHT_KEY_LEN];

	return must(kv_get(chain_view(n->chain, view), out, KV_DELTAS,
			   height_key(key, height)));
}

static enum err read_block(struct block_info *out, struct node *n,
			   struct kv_view *view, uint64_t height)
{
	uint8_t key[HEIGHT_KEY_LEN];
	struct delta_reader delta;
	struct span raw;
	enum err e;

	e = must(kv_get(chain_view(n->chain, view), &raw, KV_BLOCKS,
			height_key(key, height)));
	if (e)
		return e;
	buf_append_span(&out->raw, raw);
	if (block_decode(&out->block, buf_span(&out->raw)))
		return ERR_CORRUPT;
	e = get_delta(&raw, n, view, height);
	if (!e)
		e = delta_reader_init(&delta, raw);
	if (e)
		return e;
	out->reward = delta.reward;
	out->supply = delta.supply;
	return ERR_OK;
}

static void hash_block(struct hash *out, const struct node *n,
		       const struct block *b)
{
	static const struct hash zeros;

	header_hash(out, b->header.height ? node_genesis_hash(n) : &zeros,
		    b->header_raw);
}

enum err query_block(struct block_info *out, struct node *n,
		     struct kv_view *view, uint64_t height)
{
	struct node_tip tip;
	enum err e;

	*out = (struct block_info){0};
	node_tip(n, &tip);
	if (height > tip.height)
		return ERR_NOT_FOUND;
	e = read_block(out, n, view, height);
	if (e) {
		block_info_release(out);
		return e;
	}
	hash_block(&out->hash, n, &out->block);
	out->confirmations = tip.height - height + 1;
	out->settled = height <= tip.settled;
	out->final = node_has_finality(n) && height <= tip.final;
	return ERR_OK;
}

void block_info_release(struct block_info *b)
{
	block_release(&b->block);
	buf_release(&b->raw);
}

enum err query_changes(struct delta_change *out, size_t *count,
		       struct changes_cursor *at, struct node *n,
		       struct kv_view *view, uint64_t height, size_t limit)
{
	struct delta_reader r;
	struct span raw;
	enum err e;

	*count = 0;
	e = get_delta(&raw, n, view, height);
	if (!e)
		e = delta_reader_init(&r, raw);
	if (e)
		return e;
	if (at->begun) {
		/* the block's delta never changes: its tail is where it was */
		r.left = at->left;
		r.rest = SPAN(raw.data + raw.len - at->bytes, at->bytes);
	}
	while (*count < limit && !(e = delta_reader_next(&r, &out[*count])))
		++*count;
	*at = (struct changes_cursor){true, r.left, r.rest.len};
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err query_rules_bytes(struct span *out, struct kv_view *view)
{
	return must(kv_get(view, out, KV_META, meta_key(META_RULES)));
}

enum err query_rules_hash(struct hash *out, struct node *n,
			  struct kv_view *view)
{
	struct block_info b;
	struct mp_reader r;
	struct span hash;
	enum err e;

	e = must(query_block(&b, n, view, 0));
	if (e)
		return e;
	mp_reader_init(&r, b.block.header.engine);
	mp_read_array(&r, 1, 1);
	hash = mp_read_bin(&r, HASH_LEN, HASH_LEN);
	if (mp_reader_end(&r))
		e = ERR_CORRUPT;
	else
		memcpy(out->b, hash.data, HASH_LEN);
	block_info_release(&b);
	return e;
}

enum err query_block_height(uint64_t *height, struct node *n,
			    struct kv_view *view, const struct hash *hash)
{
	struct span value;
	enum err e;

	e = kv_get(chain_view(n->chain, view), &value, KV_HEIGHTS,
		   hash_span(hash));
	if (!e)
		e = height_decode(height, value);
	/* written with its block, which may not be adopted yet */
	if (!e && *height > chain_tip(n->chain)->height)
		return ERR_NOT_FOUND;
	return e;
}

/* --- accounts ---------------------------------------------------------- */

static enum err supply_at(uint64_t *out, struct node *n, struct kv_view *view,
			  uint64_t height)
{
	struct delta_reader r;
	struct span raw;
	enum err e;

	e = get_delta(&raw, n, view, height);
	if (e)
		return e;
	e = delta_reader_init(&r, raw);
	if (e)
		return e;
	*out = r.supply;
	return ERR_OK;
}

/* A state of the past: what a walk over accounts needs at each address. */
struct walk {
	struct node *n;
	struct kv_view *view;
	struct kv_cursor *history; /* NULL: the tip's state */
	uint64_t height;
};

static enum err account_then(struct account *out, bool *existed,
			     const struct walk *w,
			     const struct address *address)
{
	struct history_entry entry = {0};
	uint64_t at, supply;
	enum err e;

	*out = (struct account){.address = *address};
	e = history_seek(w->history, &entry, &at, address, w->height + 1);
	*existed = !e;
	if (e == ERR_NOT_FOUND) {
		e = supply_at(&supply, w->n, w->view, w->height);
		if (!e)
			out->balance = unseen_balance(node_rules(w->n), supply);
		return e;
	}
	out->balance = entry.balance;
	out->nonce = entry.nonce;
	return e;
}

static enum err walk_account(struct account *out, bool *existed,
			     const struct walk *w,
			     const struct address *address)
{
	if (w->history)
		return account_then(out, existed, w, address);
	return chain_account(out, existed, w->n->chain, w->view, address);
}

static struct walk walk_open(struct node *n, struct kv_view *view,
			     uint64_t height)
{
	struct walk w = {.n = n, .view = view, .height = height};

	if (height != chain_tip(n->chain)->height)
		w.history =
			kv_cursor_open(chain_view(n->chain, view), KV_HISTORY);
	return w;
}

enum err query_account(struct account *out, bool *exists, struct node *n,
		       struct kv_view *view, const struct address *address,
		       uint64_t height)
{
	struct walk w;
	bool existed;
	enum err e;

	if (height > chain_tip(n->chain)->height)
		return ERR_OUT_OF_RANGE;
	w = walk_open(n, view, height);
	e = walk_account(out, &existed, &w, address);
	kv_cursor_close(w.history);
	if (exists)
		*exists = existed;
	return e;
}

enum err query_balance_pending(uint64_t *out, struct node *n,
			       struct kv_view *view,
			       const struct address *address)
{
	struct account a;
	uint64_t in, spent;
	bool existed;
	enum err e;

	e = chain_account(&a, &existed, n->chain, view, address);
	if (e)
		return e;
	mempool_flow(n->pool, &in, &spent, address);
	*out = a.balance - spent;
	/* what new addresses are minted on the way may pass the cap */
	if (!amount_add(out, *out, in))
		*out = AMOUNT_MAX;
	return ERR_OK;
}

/* The least address whose hex begins with prefix. */
static void prefix_start(struct address *out, const char *prefix)
{
	char text[ADDRESS_HEX_LEN];
	size_t len = strlen(prefix);

	memset(text, '0', 2 * ADDRESS_LEN);
	memcpy(text, prefix, len < 2 * ADDRESS_LEN ? len : 2 * ADDRESS_LEN);
	if (!address_from_hex(out, SPAN(text, 2 * ADDRESS_LEN)))
		BUG("a prefix that is not hex");
}

static bool has_prefix(const struct address *a, const char *prefix)
{
	char text[ADDRESS_HEX_LEN];

	return !strncmp(address_hex(text, a), prefix, strlen(prefix));
}

static enum err walk_accounts(struct account *out, size_t *count, bool *more,
			      struct address *last, const struct walk *w,
			      struct kv_cursor *addresses, const char *prefix,
			      size_t limit)
{
	size_t visits = 4 * limit + 64;
	bool existed;
	enum err e = ERR_OK;

	for (; !e; e = kv_next(addresses)) {
		struct address a;

		if (addresses->key.len != ADDRESS_LEN)
			return ERR_CORRUPT;
		memcpy(a.b, addresses->key.data, ADDRESS_LEN);
		if (!has_prefix(&a, prefix))
			return ERR_OK;
		if (*count == limit || !visits--) {
			*more = true;
			return ERR_OK;
		}
		*last = a;
		e = walk_account(&out[*count], &existed, w, &a);
		if (e)
			return e;
		*count += existed;
	}
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err query_accounts(struct account *out, size_t *count, bool *more,
			struct address *last, struct node *n,
			struct kv_view *view, const char *prefix,
			const struct address *after, uint64_t height,
			size_t limit)
{
	struct kv_view *v = chain_view(n->chain, view);
	struct kv_cursor *addresses = kv_cursor_open(v, KV_ADDRESSES);
	struct walk w = walk_open(n, view, height);
	uint8_t from[ADDRESS_LEN + 1] = {0};
	struct address start;
	enum err e;

	*count = 0;
	*more = false;
	prefix_start(&start, prefix);
	memcpy(from, start.b, ADDRESS_LEN);
	if (after && memcmp(after->b, start.b, ADDRESS_LEN) >= 0)
		memcpy(from, after->b, ADDRESS_LEN);
	else
		after = NULL;
	/* the key just after `after` is the same with a zero byte behind */
	e = kv_seek(addresses, SPAN(from, ADDRESS_LEN + (after ? 1 : 0)));
	if (!e)
		e = walk_accounts(out, count, more, last, &w, addresses, prefix,
				  limit);
	kv_cursor_close(addresses);
	kv_cursor_close(w.history);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err query_key(struct buf *out, struct node *n, struct kv_view *view,
		   const struct address *address)
{
	struct span key;
	enum err e;

	e = kv_get(chain_view(n->chain, view), &key, KV_KEYS,
		   address_span(address));
	if (!e)
		buf_append_span(out, key);
	return e;
}

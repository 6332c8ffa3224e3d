/* SPDX-License-Identifier: MIT */
/*
 * A block on the tip of the chain or of a branch, in the making or under
 * check: both apply the same transactions by the same rules, so what this
 * node makes is what another accepts.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/internal.h"
#include "chain/tables.h"
#include "ledger/apply.h"

/* Bytes that the maker of a block keeps back for all but its transactions:
 * header with engine fields and extra data, and the empty seal. */
#define BLOCK_OVERHEAD 2048

struct candidate {
	struct chain *chain;
	struct position at; /* what it follows */
	struct overlay *overlay;
	struct tx *txs;
	size_t *offsets; /* of each in bytes */
	size_t count, cap;
	struct buf bytes; /* full bytes of all transactions */
	size_t bytes_max;
	/* once finished */
	struct chain_tip tip;
	struct delta delta;
	struct state_patch *patch;
	struct mmr range; /* its own header included */
	struct governance governance;
	struct buf governance_raw; /* when it differs from before */
	struct buf header_raw;
	/* once sealed */
	struct buf raw;
};

static struct candidate *new_at(struct chain *c, const struct position *at)
{
	struct candidate *b = xcalloc(1, sizeof(*b));

	b->chain = c;
	b->at = *at;
	b->bytes_max = c->rules.max_block_bytes - BLOCK_OVERHEAD;
	b->overlay = overlay_new(&c->rules, at->view, at->tip->supply, c->seed);
	if (at->governance->set.count)
		overlay_govern(b->overlay, at->governance);
	return b;
}

static struct position at_tip(struct chain *c, struct kv_view *store)
{
	if (c->branch)
		BUG("the state tree is a branch's");
	return (struct position){chain_view(c, store), c->overlay, &c->tip,
				 &c->range, &c->governance};
}

struct candidate *candidate_new(struct chain *c, struct kv_view *store)
{
	struct position at = at_tip(c, store);

	return new_at(c, &at);
}

void candidate_free(struct candidate *b)
{
	if (!b)
		return;
	overlay_free(b->overlay);
	state_patch_free(b->patch);
	delta_release(&b->delta);
	governance_release(&b->governance);
	buf_release(&b->governance_raw);
	buf_release(&b->bytes);
	buf_release(&b->header_raw);
	buf_release(&b->raw);
	free(b->offsets);
	free(b->txs);
	free(b);
}

enum err candidate_add(struct candidate *b, const struct tx *tx,
		       struct fault *f)
{
	const struct rules *rules = &b->chain->rules;
	enum err e;

	if (b->count == rules->max_bound)
		return fault_set(f, ERR_TOO_MANY_TXS, "", "the block is full");
	if (b->bytes.len + tx->raw.len > b->bytes_max)
		return fault_set(f, ERR_TOO_BIG, "", "the block is full");
	e = overlay_apply(b->overlay, tx, b->at.tip->height + 1, f);
	if (e)
		return e;
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 64;
		b->txs = xrealloc(b->txs, b->cap, sizeof(*b->txs));
		b->offsets = xrealloc(b->offsets, b->cap, sizeof(size_t));
	}
	b->offsets[b->count] = b->bytes.len;
	b->txs[b->count++] = *tx;
	buf_append_span(&b->bytes, tx->raw);
	return ERR_OK;
}

size_t candidate_tx_count(const struct candidate *b)
{
	return b->count;
}

const struct hash *candidate_hash(const struct candidate *b)
{
	return &b->tip.hash;
}

const struct chain_tip *candidate_tip(const struct candidate *b)
{
	return &b->tip;
}

const struct delta *candidate_delta(const struct candidate *b)
{
	return &b->delta;
}

const struct governance *candidate_governance(const struct candidate *b)
{
	return &b->governance;
}

const struct tx *candidate_txs(const struct candidate *b)
{
	return b->txs;
}

struct span candidate_raw(const struct candidate *b)
{
	return buf_span(&b->raw);
}

/* Point the transactions at our copy of their bytes: those they were added
 * from may be gone. */
static void rebase(struct candidate *b)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		tx_move(&b->txs[i], b->bytes.data + b->offsets[i]);
}

static void txs_root(struct hash *out, const struct candidate *b)
{
	struct hash *leaves = xcalloc(b->count, sizeof(*leaves));
	size_t i;

	for (i = 0; i < b->count; i++)
		leaves[i] = b->txs[i].full;
	merkle_root(out, leaves, b->count);
	free(leaves);
}

static enum err patch_state(struct candidate *b)
{
	size_t n = b->delta.count, i;
	struct state_change *changes = xcalloc(n, sizeof(*changes));
	struct buf records = {0};
	struct hash root;
	enum err e;

	buf_reserve(&records, n * ACCOUNT_RECORD_MAX);
	for (i = 0; i < n; i++) {
		const struct account *a = &b->delta.changes[i].new;
		size_t start = records.len;

		account_key(&changes[i].key, &a->address);
		account_encode(&records, a);
		changes[i].record =
			SPAN(records.data + start, records.len - start);
	}
	e = state_tree_patch(&b->patch, b->chain->tree, b->at.view, changes, n);
	if (!e) {
		state_patch_root(&root, b->patch);
		state_root(&b->tip.state_root, &root, b->delta.supply);
	}
	buf_release(&records);
	free(changes);
	return e;
}

/* What votes and evidence made of it, and what its header tells of who agrees
 * on it and on the next. */
static void govern(struct candidate *b, struct buf *fields)
{
	const struct governance *before = b->at.governance;

	if (!before->set.count)
		return;
	overlay_governance(&b->governance, b->overlay);
	if (!governance_same(before, &b->governance))
		governance_encode(&b->governance_raw, &b->governance);
	governance_fields(fields, before);
	b->tip.has_change = before->has_change;
	b->tip.change = before->change;
}

enum err candidate_finish(struct candidate *b, uint64_t time,
			  const struct address *producer, struct span engine,
			  struct span extra)
{
	struct header h = {
		.height = b->at.tip->height + 1,
		.parent = b->at.tip->hash,
		.time = time,
		.has_producer = producer != NULL,
		.engine = engine,
		.extra = extra,
	};
	struct buf fields = {0};
	enum err e;

	if (producer)
		h.producer = *producer;
	rebase(b);
	e = overlay_finish(b->overlay, &b->delta, producer);
	if (!e)
		e = patch_state(b);
	if (e)
		return e;
	govern(b, &fields);
	if (fields.len)
		h.engine = buf_span(&fields);
	txs_root(&h.txs_root, b);
	h.state_root = b->tip.state_root;
	mmr_root(&h.history_root, b->at.range);
	header_encode(&b->header_raw, &h);
	buf_release(&fields);
	b->tip.height = h.height;
	b->tip.time = time;
	b->tip.has_producer = h.has_producer;
	b->tip.producer = h.producer;
	b->tip.has_txs = b->count != 0;
	b->tip.supply = b->delta.supply;
	header_hash(&b->tip.hash, &b->chain->genesis, buf_span(&b->header_raw));
	b->range = *b->at.range;
	mmr_append(&b->range, &b->tip.hash);
	return ERR_OK;
}

void candidate_seal(struct candidate *b, const struct seal *seal)
{
	struct span *txs = xcalloc(b->count, sizeof(*txs));
	size_t i;

	for (i = 0; i < b->count; i++)
		txs[i] = b->txs[i].raw;
	buf_reset(&b->raw);
	block_encode(&b->raw, buf_span(&b->header_raw), seal, txs, b->count);
	free(txs);
}

/* --- a block from elsewhere -------------------------------------------- */

static enum err compare(const struct candidate *b, const struct header *got,
			struct span got_raw, struct fault *f)
{
	struct header want;

	if (header_decode(&want, buf_span(&b->header_raw)))
		BUG("our own header does not decode");
	if (!hash_eq(&want.txs_root, &got->txs_root))
		return fault_set(f, ERR_BAD_TXS_ROOT, "hash_txns",
				 "the transactions have another root");
	if (got->results_root.len)
		return fault_set(f, ERR_BAD_RESULTS_ROOT, "results_root",
				 "expected it to be empty in version 1");
	if (!hash_eq(&want.state_root, &got->state_root))
		return fault_set(f, ERR_BAD_STATE_ROOT, "hash_state",
				 "the state after the block has another root");
	if (!hash_eq(&want.history_root, &got->history_root))
		return fault_set(f, ERR_BAD_HISTORY_ROOT, "history_root",
				 "the headers before have another root");
	if (!span_eq(want.engine, got->engine))
		return fault_set(f, ERR_BAD_ENGINE_FIELDS, "engine",
				 "the sets of validators, or the change "
				 "between them, are others");
	if (!span_eq(buf_span(&b->header_raw), got_raw))
		return fault_set(f, ERR_MALFORMED, "",
				 "the header is not what its fields say");
	return ERR_OK;
}

static enum err check(struct candidate *b, const struct block *block,
		      struct span raw, struct fault *f)
{
	const struct header *h = &block->header;
	const struct chain *c = b->chain;
	enum err e;
	size_t i;

	if (h->height != b->at.tip->height + 1 ||
	    !hash_eq(&h->parent, &b->at.tip->hash))
		return fault_set(f, ERR_BAD_PARENT, "hash_parent",
				 "the block does not follow the tip");
	if (block->size > c->rules.max_block_bytes)
		return fault_set(f, ERR_TOO_BIG, "", "the block is too big");
	/* its bytes as they are: the room kept back is the maker's matter */
	b->bytes_max = raw.len;
	for (i = 0; i < block->tx_count; i++) {
		struct tx tx;

		e = tx_decode(&tx, block->txs[i], c->rules.max_tx_bytes, f);
		if (e)
			return e;
		tx_hash(&tx, &c->genesis);
		e = candidate_add(b, &tx, f);
		if (e)
			return e;
	}
	if (!h->has_producer)
		return fault_set(f, ERR_BAD_PRODUCER, "coinbase",
				 "a block needs a producer");
	e = candidate_finish(b, h->time, &h->producer, h->engine, h->extra);
	if (e)
		return fault_set(f, e, "", "the store failed");
	e = compare(b, h, block->header_raw, f);
	if (!e)
		candidate_seal(b, &block->seal);
	return e;
}

enum err candidate_check_at(struct candidate **out, struct chain *c,
			    const struct position *at,
			    const struct block *block, struct span raw,
			    struct fault *f)
{
	struct candidate *b = new_at(c, at);
	enum err e = check(b, block, raw, f);

	*out = e ? NULL : b;
	if (e)
		candidate_free(b);
	return e;
}

enum err candidate_check(struct candidate **out, struct chain *c,
			 struct kv_view *store, const struct block *block,
			 struct span raw, struct fault *f)
{
	struct position at = at_tip(c, store);

	return candidate_check_at(out, c, &at, block, raw, f);
}

/* --- onto the chain ---------------------------------------------------- */

void candidate_log(const struct candidate *b, struct kv_batch *out)
{
	struct buf delta = {0}, range = {0};
	uint8_t key[HEIGHT_KEY_LEN];

	height_key(key, b->tip.height);
	delta_encode(&delta, &b->delta);
	range_encode(&range, &b->range);
	kv_batch_put(out, KV_BLOCKS, SPAN_OF(key), buf_span(&b->raw));
	kv_batch_put(out, KV_DELTAS, SPAN_OF(key), buf_span(&delta));
	kv_batch_put(out, KV_HEIGHTS, hash_span(&b->tip.hash), SPAN_OF(key));
	if (b->tip.height % RANGE_EVERY == 0)
		kv_batch_put(out, KV_RANGES, SPAN_OF(key), buf_span(&range));
	if (b->governance_raw.len)
		kv_batch_put(out, KV_META, meta_key(META_GOVERNANCE),
			     buf_span(&b->governance_raw));
	buf_release(&delta);
	buf_release(&range);
}

enum err candidate_move(struct candidate *b)
{
	enum err e;

	e = chain_derive(b->at.derived, b->at.view, b->tip.height, b->txs,
			 b->count, &b->delta);
	if (e)
		return e;
	state_tree_take(b->chain->tree, b->patch);
	b->patch = NULL;
	*b->at.tip = b->tip;
	*b->at.range = b->range;
	governance_release(b->at.governance);
	*b->at.governance = b->governance;
	b->governance = (struct governance){0};
	overlay_free(b->overlay);
	b->overlay = NULL;
	return ERR_OK;
}

void chain_commit(const struct chain *c, const struct candidate *b,
		  struct kv_batch *out)
{
	struct buf range = {0};

	if (!b->raw.len || b->at.tip != &c->tip)
		BUG("committing what is not a sealed block of this chain");
	candidate_log(b, out);
	range_encode(&range, &b->range);
	kv_batch_put(out, KV_META, meta_key(META_RANGE), buf_span(&range));
	buf_release(&range);
}

enum err chain_adopt_take(struct chain *c, struct candidate *b,
			  struct kv_view *store)
{
	enum err e;

	if (c->branch)
		BUG("the state tree is a branch's");
	b->at.view = chain_view(c, store);
	e = candidate_move(b);
	candidate_free(b);
	return e;
}

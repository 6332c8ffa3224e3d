/* SPDX-License-Identifier: MIT */
/*
 * Open a chain. What blocks that were taken back may have left in the derived
 * tables is taken back again, and what they lack after a crash is read again
 * from the log, so that a node starts at a whole block.
 */
#include "chain/chain.h"

#include <stdlib.h>

#include "chain/branch.h"
#include "chain/genesis.h"
#include "chain/internal.h"
#include "chain/tables.h"
#include "ledger/apply.h"

const struct rules *chain_rules(const struct chain *c)
{
	return &c->rules;
}

const struct hash *chain_genesis(const struct chain *c)
{
	return &c->genesis;
}

const struct chain_tip *chain_tip(const struct chain *c)
{
	return &c->tip;
}

uint64_t chain_watermark(const struct chain *c)
{
	return c->watermark;
}

size_t chain_unflushed(const struct chain *c)
{
	return kv_overlay_count(c->overlay);
}

const struct mmr *chain_range(const struct chain *c)
{
	return &c->range;
}

const struct governance *chain_governance(const struct chain *c)
{
	return &c->governance;
}

struct kv_view *chain_view(struct chain *c, struct kv_view *store)
{
	kv_overlay_set_base(c->overlay, store);
	return kv_overlay_view(c->overlay);
}

enum err chain_account(struct account *out, bool *existed, struct chain *c,
		       struct kv_view *store, const struct address *address)
{
	return account_read(out, existed, chain_view(c, store), &c->rules,
			    c->tip.supply, address);
}

/* --- derived entries --------------------------------------------------- */

struct derive_to {
	struct kv_overlay *into;
	struct kv_view *view;
	uint64_t height;
};

/*
 * From history and not from accounts: after a crash in a flush, accounts may
 * hold the values of later blocks, while history says which block each of
 * its values is of.
 */
static enum err derive_account(void *ctx, struct account *out,
			       const struct address *address)
{
	struct derive_to *to = ctx;
	struct kv_cursor *c = kv_cursor_open(to->view, KV_HISTORY);
	struct history_entry entry;
	uint64_t at;
	enum err e;

	e = history_seek(c, &entry, &at, address, to->height);
	if (!e)
		*out = (struct account){.address = *address,
					.balance = entry.balance,
					.nonce = entry.nonce};
	kv_cursor_close(c);
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

static enum err derive_put(void *ctx, enum kv_table t, struct span key,
			   struct span value)
{
	struct derive_to *to = ctx;

	kv_overlay_put(to->into, 0, t, key, value);
	return ERR_OK;
}

enum err chain_derive(struct kv_overlay *into, struct kv_view *view,
		      uint64_t height, const struct tx *txs, size_t tx_count,
		      const struct delta *delta)
{
	struct derive_to to = {into, view, height};
	struct derive_sink sink = {derive_account, derive_put, &to};

	return derive_block(&sink, height, txs, tx_count, delta);
}

/* --- opening ----------------------------------------------------------- */

static enum err replay_block(struct chain *c, struct kv_view *store,
			     uint64_t height)
{
	struct span raw, delta;
	struct logged l;
	enum err e;

	e = log_read(&raw, &delta, store, height);
	if (!e)
		e = logged_decode(&l, c, raw, delta);
	if (e)
		return e;
	if (l.block.header.height != height)
		e = ERR_CORRUPT;
	else
		e = chain_derive(c->overlay, chain_view(c, store), height,
				 l.txs, l.block.tx_count, &l.delta);
	logged_release(&l);
	return e;
}

static enum err read_tip(struct chain *c, struct kv_view *store)
{
	struct kv_cursor *last = kv_cursor_open(store, KV_BLOCKS);
	uint64_t height = 0;
	enum err e;

	e = kv_seek_before(last, SPAN(NULL, 0));
	if (!e)
		e = height_decode(&height, last->key);
	kv_cursor_close(last);
	if (!e)
		e = log_tip(&c->tip, c, store, height);
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

static enum err read_meta(struct chain *c, struct kv_view *store)
{
	struct span value;
	enum err e;

	e = kv_get(store, &value, KV_META, meta_key(META_WATERMARK));
	if (!e)
		e = height_decode(&c->watermark, value);
	if (!e)
		e = kv_get(store, &value, KV_META, meta_key(META_RANGE));
	if (!e)
		e = range_decode(&c->range, value);
	if (!e && (c->watermark > c->tip.height ||
		   c->range.count != c->tip.height + 1))
		e = ERR_CORRUPT;
	return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

/* None is stored before a block changes it. */
static enum err read_governance(struct chain *c, struct kv_view *store)
{
	struct span value;
	enum err e;

	if (!c->rules.validators.count)
		return ERR_OK;
	e = kv_get(store, &value, KV_META, meta_key(META_GOVERNANCE));
	if (e != ERR_NOT_FOUND)
		return e ? e : governance_decode(&c->governance, value);
	governance_init(&c->governance, &c->rules.validators);
	return ERR_OK;
}

/* Everything but the rules, which are there. */
static enum err load(struct chain *c, struct kv_view *store, struct fault *f)
{
	struct hash root;
	uint64_t from, h;
	enum err e;

	e = read_tip(c, store);
	if (!e)
		e = read_meta(c, store);
	if (!e)
		e = read_governance(c, store);
	if (e)
		return fault_set(f, e, "", "the chain's tip is unreadable");
	from = c->watermark;
	e = orphans_open(c, store, &from);
	if (e)
		return fault_set(f, e, "", "the orphans are unreadable");
	for (h = from + 1; h <= c->tip.height; h++) {
		e = replay_block(c, store, h);
		if (e)
			return fault_set(f, e, "", "block %llu is unreadable",
					 (unsigned long long)h);
	}
	e = state_tree_build(&c->tree, chain_view(c, store));
	if (e)
		return fault_set(f, e, "", "the accounts are unreadable");
	state_tree_root(&root, c->tree);
	state_root(&root, &root, c->tip.supply);
	if (!hash_eq(&root, &c->tip.state_root))
		return fault_set(f, ERR_CORRUPT, "",
				 "the accounts do not have the state root of "
				 "block %llu",
				 (unsigned long long)c->tip.height);
	return ERR_OK;
}

enum err chain_open(struct chain **out, struct kv_view *store, uint64_t seed,
		    struct fault *f)
{
	struct chain *c = xcalloc(1, sizeof(*c));
	enum err e;

	*out = NULL;
	c->seed = seed;
	c->overlay = kv_overlay_new();
	c->orphans.by_hash = map_new(HASH_LEN, seed);
	c->orphans.next = 1;
	c->back_max = BRANCH_BACK_MAX;
	c->bounds =
		(struct flush_bounds){FLUSH_ENTRIES, FLUSH_BLOCKS, FLUSH_SLICE};
	e = genesis_load(&c->rules, &c->genesis, store, f);
	rules_drop_alloc(&c->rules);
	if (!e)
		e = load(c, store, f);
	if (e) {
		chain_free(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	rules_release(&c->rules);
	governance_release(&c->governance);
	state_tree_free(c->tree);
	kv_overlay_free(c->overlay);
	orphans_release(&c->orphans);
	buf_release(&c->flush.from);
	kv_batch_release(&c->flush.slice);
	free(c);
}

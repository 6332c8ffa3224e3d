/* SPDX-License-Identifier: MIT */
/*
 * Verification replays the store's blocks onto a second chain in memory, by
 * the code that makes and checks blocks, and compares what comes out with
 * what the store holds. Memory grows with the number of accounts, not with
 * the length of the chain: derived tables are compared block by block.
 */
#include "node/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chain/genesis.h"
#include "chain/tables.h"
#include "ledger/apply.h"
#include "node/internal.h"
#include "node/verify_internal.h"

#define KEYS_KEPT 4096

static enum err at_block(struct verify *v, enum err e, const char *what)
{
	return fault_set(v->f, e, "", "block %llu: %s",
			 (unsigned long long)v->height, what);
}

/* --- one block --------------------------------------------------------- */

static enum err check_signatures(struct verify *v, const struct candidate *b)
{
	const struct tx *txs = candidate_txs(b);
	struct kv_view *keys = kv_overlay_view(v->keys);
	struct span key;
	size_t i;
	enum err e;

	for (i = 0; i < candidate_tx_count(b); i++) {
		e = ERR_OK;
		key = txs[i].key;
		if (key.len)
			kv_overlay_put(v->keys, 0, KV_KEYS,
				       address_span(&txs[i].sender), key);
		else
			e = kv_get(keys, &key, KV_KEYS,
				   address_span(&txs[i].sender));
		if (!e)
			e = verifier_check(v->verifier, key, &txs[i].id,
					   txs[i].signature);
		if (e) {
			char hex[HASH_HEX_LEN];

			return fault_set(v->f, ERR_BAD_SIGNATURE, "",
					 "block %llu: transaction %s: %s",
					 (unsigned long long)v->height,
					 hash_hex(hex, &txs[i].id),
					 err_text(ERR_BAD_SIGNATURE));
		}
	}
	return ERR_OK;
}

static enum err compare_log(struct verify *v, const struct candidate *b)
{
	struct buf delta = {0};
	uint8_t key[HEIGHT_KEY_LEN];
	struct span got;
	enum err e;

	delta_encode(&delta, candidate_delta(b));
	e = kv_get(v->store, &got, KV_DELTAS, height_key(key, v->height));
	if (!e && !span_eq(got, buf_span(&delta)))
		e = ERR_CORRUPT;
	buf_release(&delta);
	if (e)
		return at_block(v, ERR_CORRUPT,
				"its delta is not what the block changes");
	e = kv_get(v->store, &got, KV_HEIGHTS, hash_span(candidate_hash(b)));
	if (e || !span_eq(got, SPAN_OF(key)))
		return at_block(v, ERR_CORRUPT,
				"the index by hash does not have it");
	return ERR_OK;
}

static void adopt_in_memory(struct verify *v, const struct candidate *b)
{
	struct kv_batch batch = {0};

	chain_commit(v->again, b, &batch);
	kv_mem_apply(v->mem, &batch);
	kv_batch_release(&batch);
}

static void flush_in_memory(struct verify *v)
{
	struct kv_batch batch = {0};

	while (chain_flush(v->again, ++v->seq, &batch)) {
		kv_mem_apply(v->mem, &batch);
		chain_flushed(v->again);
		kv_batch_release(&batch);
	}
}

/* Blocks and deltas are compared and then not needed again. */
static void forget_log(struct verify *v)
{
	struct kv_batch batch = {0};
	uint8_t key[HEIGHT_KEY_LEN];

	height_key(key, v->height);
	kv_batch_del(&batch, KV_BLOCKS, SPAN_OF(key));
	kv_batch_del(&batch, KV_DELTAS, SPAN_OF(key));
	kv_batch_del(&batch, KV_HEIGHTS, hash_span(&chain_tip(v->again)->hash));
	kv_mem_apply(v->mem, &batch);
	kv_batch_release(&batch);
}

static enum err check_engine(struct verify *v, const struct block *block,
			     const struct candidate *b)
{
	const struct engine_ops *ops = v->engine->ops;
	struct engine_block parent;
	struct checks checks = {0};
	enum err e;

	engine_block_of(&parent, chain_tip(v->again));
	e = ops->check_header(v->engine, &parent, &block->header, 0);
	if (e)
		return at_block(v, e, err_text(e));
	e = ops->check_seal(v->engine, &block->header, candidate_hash(b),
			    &block->seal, &checks);
	if (!e && checks_verify(&checks, v->verifier))
		e = ERR_BAD_SEAL;
	checks_release(&checks);
	return e ? at_block(v, e, err_text(e)) : ERR_OK;
}

/* What the engine goes on from after the block. */
static enum err compare_state(struct verify *v, const struct candidate *b)
{
	struct engine_block tip;
	struct buf want = {0};
	struct span got;
	enum err e;

	engine_block_of(&tip, candidate_tip(b));
	v->engine->ops->save(v->engine, &want, &tip);
	e = state_get(v->store, &got, tip.height);
	if (!e && !span_eq(got, buf_span(&want)))
		e = ERR_CORRUPT;
	/* a row of its own where it differs; verify_counts() sees others */
	if (tip.height == 1 || !span_eq(buf_span(&want), buf_span(&v->state)))
		v->entries[KV_STATES]++;
	buf_release(&v->state);
	v->state = want;
	return e ? at_block(v, ERR_CORRUPT, "the engine's state differs")
		 : ERR_OK;
}

static enum err verify_candidate(struct verify *v, const struct block *block,
				 struct candidate *b)
{
	size_t tx_count = candidate_tx_count(b);
	enum err e;

	if ((e = check_engine(v, block, b)) || (e = check_signatures(v, b)) ||
	    (e = compare_log(v, b)))
		return e;
	e = compare_state(v, b);
	if (e)
		return e;
	adopt_in_memory(v, b);
	e = verify_derived(v, candidate_txs(b), tx_count, candidate_delta(b));
	if (e)
		return e;
	v->report->transactions += tx_count;
	return ERR_OK;
}

static enum err verify_block(struct verify *v)
{
	struct candidate *b = NULL;
	uint8_t key[HEIGHT_KEY_LEN];
	struct fault why = {0};
	struct block block;
	struct span raw;
	enum err e;

	e = kv_get(v->store, &raw, KV_BLOCKS, height_key(key, v->height));
	if (e)
		return at_block(v, ERR_CORRUPT, "it is missing");
	e = block_decode(&block, raw);
	if (e)
		return at_block(v, e, "its bytes cannot be decoded");
	e = candidate_check(&b, v->again, kv_mem_view(v->mem), &block, raw,
			    &why);
	if (e)
		at_block(v, e, why.detail);
	else
		e = verify_candidate(v, &block, b);
	block_release(&block);
	if (e) {
		candidate_free(b);
		return e;
	}
	e = chain_adopt_take(v->again, b, kv_mem_view(v->mem));
	if (!e)
		e = verify_range(v);
	flush_in_memory(v);
	forget_log(v);
	v->report->blocks++;
	return e;
}

/* --- genesis and the whole --------------------------------------------- */

/* Make the genesis block again from the stored rules. */
static enum err verify_genesis(struct verify *v, const struct rules *rules,
			       const struct hash *stored)
{
	struct kv_batch batch = {0};
	uint8_t key[HEIGHT_KEY_LEN];
	struct genesis g;
	struct block block = {0};
	struct hash pow;
	struct span raw;
	size_t at = 0;
	enum err e;

	genesis_make(&g, rules);
	e = kv_get(v->store, &raw, KV_BLOCKS, height_key(key, 0));
	if (!e)
		e = block_decode(&block, raw);
	if (e || !hash_eq(&g.hash, stored) ||
	    !span_eq(block.header_raw, buf_span(&g.header_raw)) ||
	    block.tx_count) {
		e = at_block(v, ERR_CORRUPT,
			     "it is not the genesis block of the chain's "
			     "rules");
		goto out;
	}
	pow_hash(&pow, block.seal.nonce, &g.hash);
	if (!hash_has_zero_digits(&pow, (unsigned)rules->genesis_difficulty)) {
		e = at_block(v, ERR_BAD_SEAL,
			     "its nonce does not reach the difficulty");
		goto out;
	}
	while (genesis_batch(&g, block.seal.nonce, &at, &batch)) {
		kv_mem_apply(v->mem, &batch);
		kv_batch_release(&batch);
	}
	e = chain_open(&v->again, kv_mem_view(v->mem), 1, v->f);
	if (!e)
		e = verify_derived(v, NULL, 0, &g.delta);
	if (!e)
		e = verify_range(v);
	v->report->blocks = 1;
out:
	block_release(&block);
	genesis_release(&g);
	return e;
}

/* What stands under a name in the table meta must be this. */
static enum err compare_meta(struct verify *v, const char *name,
			     const struct buf *want)
{
	struct span got;
	enum err e;

	e = kv_get(v->store, &got, KV_META, meta_key(name));
	if (!e && span_eq(got, buf_span(want)))
		return ERR_OK;
	return fault_set(v->f, ERR_CORRUPT, "", "the entry %s of table meta %s",
			 name,
			 e ? "is missing" : "is not what the blocks make it");
}

/* It is stored once a block changed it: until then it is the rules'. */
static enum err compare_governance(struct verify *v)
{
	const struct governance *now = chain_governance(v->again);
	struct governance genesis;
	struct buf want = {0};
	struct span got;
	bool changed;
	enum err e;

	if (!now->set.count)
		return ERR_OK;
	governance_init(&genesis, &chain_rules(v->again)->validators);
	changed = !governance_same(&genesis, now);
	governance_release(&genesis);
	if (!changed && kv_get(v->store, &got, KV_META,
			       meta_key(META_GOVERNANCE)) == ERR_NOT_FOUND)
		return ERR_OK;
	governance_encode(&want, now);
	e = compare_meta(v, META_GOVERNANCE, &want);
	buf_release(&want);
	return e;
}

/* What a node goes on from besides the tables, at the tip. */
static enum err compare_tip(struct verify *v)
{
	struct buf range = {0};
	enum err e;

	range_encode(&range, chain_range(v->again));
	e = compare_meta(v, META_RANGE, &range);
	buf_release(&range);
	return e ? e : compare_governance(v);
}

static enum err verify_all(struct verify *v, verify_progress_fn *progress,
			   void *ctx)
{
	const struct chain_tip *tip = chain_tip(v->stored);
	struct engine_block block;
	struct rules rules;
	struct hash genesis;
	enum err e;

	v->tables = chain_view(v->stored, v->store);
	/* once more: the chain has dropped alloc */
	e = genesis_load(&rules, &genesis, v->store, v->f);
	if (!e)
		e = verify_genesis(v, &rules, &genesis);
	rules_release(&rules);
	if (!e)
		e = engine_ops_of(chain_rules(v->again)->engine)
			    ->create(&v->engine, chain_rules(v->again),
				     chain_genesis(v->again), v->f);
	for (v->height = 1; !e && v->height <= tip->height; v->height++) {
		/* the engine lags one block: save() is asked at the tip */
		engine_block_of(&block, chain_tip(v->again));
		v->engine->ops->accept(v->engine, &block);
		e = verify_block(v);
		if (e)
			break;
		if (progress)
			progress(ctx, v->height, tip->height);
	}
	if (!e)
		e = compare_tip(v);
	if (!e)
		e = verify_accounts(v);
	if (!e)
		e = verify_counts(v);
	if (e)
		return e;
	v->report->height = tip->height;
	v->report->supply = chain_tip(v->again)->supply;
	v->report->state_root = chain_tip(v->again)->state_root;
	return ERR_OK;
}

enum err node_verify(struct verify_report *out, struct kv_view *store,
		     verify_progress_fn *progress, void *ctx, struct fault *f)
{
	struct verify v = {.store = store, .report = out, .f = f};
	enum err e;

	*out = (struct verify_report){0};
	if (f)
		*f = (struct fault){0};
	e = chain_open(&v.stored, store, 1, f);
	if (e)
		return e;
	out->genesis = *chain_genesis(v.stored);
	v.mem = kv_mem_new();
	v.keys = kv_overlay_new();
	kv_overlay_set_base(v.keys, kv_mem_view(v.mem));
	v.verifier = verifier_new(KEYS_KEPT);
	e = verify_all(&v, progress, ctx);
	if (e && f && f->code == ERR_OK)
		fault_set(f, e, "", "block %llu: %s",
			  (unsigned long long)v.height, err_text(e));
	buf_release(&v.state);
	verifier_free(v.verifier);
	if (v.engine)
		v.engine->ops->destroy(v.engine);
	chain_free(v.again);
	chain_free(v.stored);
	kv_overlay_free(v.keys);
	kv_mem_free(v.mem);
	return e;
}

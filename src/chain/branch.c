/* SPDX-License-Identifier: MIT */
/*
 * A branch is an overlay over the chain's tables as of its tip: first what
 * the deltas take back, then what the new blocks make. The state tree alone
 * exists once, so it moves along, and moves back when the branch is given
 * up; both ways are one patch of all accounts in the overlay.
 */
#include "chain/branch.h"

#include <stdlib.h>
#include <string.h>

#include "chain/internal.h"
#include "chain/tables.h"
#include "chain/touched.h"
#include "ledger/apply.h"

/* A block of the chain above the fork. */
struct back {
	struct buf raw, delta;
	struct hash hash;
};

struct branch {
	struct chain *chain;
	struct kv_overlay *over;
	struct position at; /* its tip */
	struct chain_tip tip;
	struct mmr range;
	struct governance governance;
	uint64_t fork;
	struct back *back; /* the lowest first */
	size_t back_count;
	struct candidate **added;
	size_t count, bytes;
	struct touched touched;
};

/* --- what the pool hears of ---------------------------------------------- */

size_t branch_account_count(const struct branch *b)
{
	return b->touched.count;
}

const struct account *branch_account(const struct branch *b, size_t i,
				     bool *exists)
{
	struct touched_account *a = b->touched.list[i];

	/* the supply at the tip says it, and that moved since */
	if (!a->exists)
		a->account.balance =
			unseen_balance(&b->chain->rules, b->tip.supply);
	*exists = a->exists;
	return &a->account;
}

size_t branch_orphan_count(const struct branch *b)
{
	return b->back_count;
}

struct span branch_orphan(const struct branch *b, size_t i)
{
	return buf_span(&b->back[i].raw);
}

const struct tx *branch_txs(const struct branch *b, size_t i, size_t *count)
{
	*count = candidate_tx_count(b->added[i]);
	return candidate_txs(b->added[i]);
}

bool chain_has_branch(const struct chain *c)
{
	return c->branch != NULL;
}

uint64_t branch_fork(const struct branch *b)
{
	return b->fork;
}

const struct chain_tip *branch_tip(const struct branch *b)
{
	return &b->tip;
}

size_t branch_count(const struct branch *b)
{
	return b->count;
}

size_t branch_bytes(const struct branch *b)
{
	return b->bytes;
}

/* --- the state tree ------------------------------------------------------ */

/* From where the tree stands, which now shows, to where then is: both differ
 * in no account but those of the overlay. */
static enum err patch_tree(struct state_patch **out, const struct branch *b,
			   struct kv_view *now, struct kv_view *then)
{
	size_t most = kv_overlay_count(b->over), n = 0;
	struct state_change *changes = xcalloc(most, sizeof(*changes));
	uint8_t from[HASH_LEN + 1] = {0};
	size_t from_len = 0;
	enum err e = ERR_OK;
	struct kv_op op;
	uint64_t seq;

	/* the smallest key behind a key is that with a zero byte */
	for (; !e && kv_overlay_find(b->over, &op, &seq, KV_ACCOUNTS,
				     SPAN(from, from_len));
	     from_len = sizeof(from)) {
		memcpy(changes[n].key.b, op.key.data, HASH_LEN);
		memcpy(from, op.key.data, HASH_LEN);
		e = kv_get(then, &changes[n].record, KV_ACCOUNTS,
			   hash_span(&changes[n].key));
		if (e == ERR_NOT_FOUND) {
			changes[n].record = SPAN(NULL, 0);
			e = ERR_OK;
		}
		n++;
	}
	if (!e)
		e = state_tree_patch(out, b->chain->tree, now, changes, n);
	free(changes);
	return e;
}

/* --- the way back -------------------------------------------------------- */

void chain_set_back_max(struct chain *c, size_t bytes)
{
	c->back_max = bytes;
}

/* A copy of what is above the fork. */
static enum err read_back(struct branch *b, struct kv_view *store,
			  struct fault *f)
{
	struct span raw, delta;
	size_t i, bytes = 0;
	enum err e;

	for (i = 0; i < b->back_count; i++) {
		e = log_read(&raw, &delta, store, b->fork + 1 + i);
		if (e)
			return e;
		bytes += raw.len + delta.len;
		if (i && bytes > b->chain->back_max)
			return fault_set(f, ERR_TOO_BIG, "",
					 "the way back is too long");
		buf_append_span(&b->back[i].raw, raw);
		buf_append_span(&b->back[i].delta, delta);
	}
	return ERR_OK;
}

static enum err take_back(struct branch *b, size_t i)
{
	struct back *back = &b->back[i];
	uint64_t height = b->fork + 1 + i;
	struct logged l;
	enum err e;
	size_t k;

	e = logged_decode(&l, b->chain, buf_span(&back->raw),
			  buf_span(&back->delta));
	if (e)
		return e;
	header_hash(&back->hash, &b->chain->genesis, l.block.header_raw);
	if (l.block.header.height != height)
		e = ERR_CORRUPT;
	else
		e = derive_undo(b->over, height, l.txs, l.block.tx_count,
				&l.delta);
	for (k = 0; k < l.delta.count; k++) {
		const struct delta_change *c = &l.delta.changes[k];

		touched_set(&b->touched, c->existed ? &c->old : &c->new,
			    c->existed);
	}
	logged_release(&l);
	return e;
}

/* The tree to the fork, whose header says what it is there. */
static enum err move_tree_down(struct branch *b, struct kv_view *store)
{
	struct state_patch *patch;
	struct hash root;
	enum err e;

	e = patch_tree(&patch, b, chain_view(b->chain, store), b->at.view);
	if (e)
		return e;
	state_patch_root(&root, patch);
	state_root(&root, &root, b->tip.supply);
	if (!hash_eq(&root, &b->tip.state_root)) {
		state_patch_free(patch);
		return ERR_CORRUPT;
	}
	state_tree_take(b->chain->tree, patch);
	return ERR_OK;
}

/* On an error the tree has not moved. */
static enum err go_back(struct branch *b, struct kv_view *store,
			struct fault *f)
{
	enum err e;
	size_t i;

	e = read_back(b, store, f);
	for (i = b->back_count; !e && i-- > 0;)
		e = take_back(b, i);
	if (!e)
		e = log_tip(&b->tip, b->chain, store, b->fork);
	if (!e)
		e = log_range(&b->range, b->chain, store, b->fork);
	if (!e)
		e = move_tree_down(b, store);
	return e;
}

enum err branch_new(struct branch **out, struct chain *c, struct kv_view *store,
		    uint64_t fork, struct fault *f)
{
	struct branch *b;
	enum err e = ERR_OK;

	*out = NULL;
	if (c->branch)
		BUG("a second branch");
	if (fork > c->tip.height || c->tip.height - fork > BRANCH_DEPTH_MAX)
		BUG("a fork out of reach");
	if (c->governance.set.count && fork != c->tip.height)
		BUG("what validators agreed on is final");
	b = xcalloc(1, sizeof(*b));
	b->chain = c;
	b->over = kv_overlay_new();
	kv_overlay_set_base(b->over, chain_view(c, store));
	b->at = (struct position){kv_overlay_view(b->over), b->over, &b->tip,
				  &b->range, &b->governance};
	touched_init(&b->touched, c->seed);
	b->tip = c->tip;
	b->range = c->range;
	governance_copy(&b->governance, &c->governance);
	b->fork = fork;
	b->back_count = (size_t)(c->tip.height - fork);
	b->back = xcalloc(b->back_count, sizeof(*b->back));
	if (b->back_count)
		e = go_back(b, store, f);
	c->branch = b;
	if (e) {
		branch_free(b);
		return e == ERR_TOO_BIG
			       ? e
			       : fault_set(f, e, "",
					   "the way back to block %llu failed",
					   (unsigned long long)fork);
	}
	*out = b;
	return ERR_OK;
}

void branch_free(struct branch *b)
{
	size_t i;

	if (!b)
		return;
	if (b->chain->branch == b)
		b->chain->branch = NULL;
	for (i = 0; i < b->back_count; i++) {
		buf_release(&b->back[i].raw);
		buf_release(&b->back[i].delta);
	}
	for (i = 0; i < b->count; i++)
		candidate_free(b->added[i]);
	touched_release(&b->touched);
	governance_release(&b->governance);
	kv_overlay_free(b->over);
	free(b->added);
	free(b->back);
	free(b);
}

enum err branch_abandon_take(struct branch *b, struct kv_view *store)
{
	struct kv_view *before = chain_view(b->chain, store);
	struct state_patch *patch;
	enum err e;

	e = patch_tree(&patch, b, b->at.view, before);
	if (!e)
		state_tree_take(b->chain->tree, patch);
	branch_free(b);
	return e;
}

/* --- new blocks ---------------------------------------------------------- */

enum err branch_add(struct branch *b, struct kv_view *store,
		    const struct block *block, struct span raw, struct fault *f)
{
	struct candidate *candidate;
	const struct delta *delta;
	enum err e;
	size_t i;

	if (b->count == BRANCH_BLOCKS_MAX || b->bytes >= BRANCH_BYTES_MAX)
		return fault_set(f, ERR_OVERLOADED, "", "the branch is full");
	kv_overlay_set_base(b->over, chain_view(b->chain, store));
	e = candidate_check_at(&candidate, b->chain, &b->at, block, raw, f);
	if (e)
		return e;
	e = candidate_move(candidate);
	if (e) {
		candidate_free(candidate);
		return fault_set(f, e, "", "the store failed");
	}
	delta = candidate_delta(candidate);
	for (i = 0; i < delta->count; i++)
		touched_set(&b->touched, &delta->changes[i].new, true);
	if (!(b->count & (b->count - 1)))
		b->added = xrealloc(b->added, b->count ? 2 * b->count : 1,
				    sizeof(struct candidate *));
	b->added[b->count++] = candidate;
	b->bytes += raw.len;
	return ERR_OK;
}

/* --- onto the chain ------------------------------------------------------ */

static void commit_back(const struct branch *b, struct kv_batch *out)
{
	uint64_t number = b->chain->orphans.next, height;
	uint8_t key[HEIGHT_KEY_LEN];
	struct buf value = {0};
	size_t i;

	/* the highest first: so they are taken back once more at a start */
	for (i = b->back_count; i-- > 0;) {
		const struct back *back = &b->back[i];

		buf_reset(&value);
		orphan_encode(&value, buf_span(&back->raw),
			      buf_span(&back->delta));
		kv_batch_put(out, KV_ORPHANS, height_key(key, number++),
			     buf_span(&value));
		height = b->fork + 1 + i;
		height_key(key, height);
		kv_batch_del(out, KV_BLOCKS, SPAN_OF(key));
		kv_batch_del(out, KV_DELTAS, SPAN_OF(key));
		kv_batch_del(out, KV_HEIGHTS, hash_span(&back->hash));
		kv_batch_del(out, KV_STATES, SPAN_OF(key));
		if (height % RANGE_EVERY == 0)
			kv_batch_del(out, KV_RANGES, SPAN_OF(key));
	}
	buf_release(&value);
}

void branch_commit(const struct branch *b, struct kv_batch *out)
{
	uint8_t key[HEIGHT_KEY_LEN];
	struct buf range = {0};
	size_t i;

	commit_back(b, out);
	for (i = 0; i < b->count; i++)
		candidate_log(b->added[i], out);
	range_encode(&range, &b->range);
	kv_batch_put(out, KV_META, meta_key(META_RANGE), buf_span(&range));
	buf_release(&range);
	if (flush_watermark(b->chain) > b->fork)
		kv_batch_put(out, KV_META, meta_key(META_WATERMARK),
			     height_key(key, b->fork));
}

void chain_adopt_branch(struct chain *c, struct branch *b)
{
	size_t i;

	if (c->branch != b)
		BUG("adopting what is no branch of this chain");
	kv_overlay_merge(c->overlay, 0, b->over);
	for (i = b->back_count; i-- > 0;)
		orphans_add(&c->orphans, &b->back[i].hash, b->fork + 1 + i);
	flush_moved(c, b->fork);
	c->tip = b->tip;
	c->range = b->range;
	governance_release(&c->governance);
	governance_copy(&c->governance, &b->governance);
	c->branch = NULL;
}

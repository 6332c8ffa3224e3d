/* SPDX-License-Identifier: MIT */
/*
 * The batch of a move is durable: the chain takes the branch, the engine and
 * the pool follow, and what was taken back becomes a branch of the tree.
 */
#include <stdlib.h>

#include "node/sync_internal.h"

/* The pool learns what the branch holds. */
static void tell_pool(struct node *n, const struct branch *b)
{
	size_t i, k, count;
	bool exists;

	for (i = 0; i < branch_count(b); i++) {
		const struct tx *txs = branch_txs(b, i, &count);

		for (k = 0; k < count; k++)
			mempool_remove_included(n->pool, &txs[k].id);
		body_keys_forget(n->sync, txs, count);
	}
	for (i = 0; i < branch_account_count(b); i++)
		mempool_account_changed(n->pool, branch_account(b, i, &exists));
	mempool_expire(n->pool, branch_tip(b)->height + 1);
}

/* A block that was taken back is one of the tree's: it may come again. */
static enum err into_tree(struct node *n, struct tree_node **parent,
			  struct span raw, struct span state)
{
	struct engine_block block;
	struct sync *s = n->sync;
	struct tree_node *node;
	struct main_header m;
	uint64_t settled, rank;
	enum err e;

	e = main_parse(n, &m, raw);
	if (e)
		return e;
	sync_engine_block(&block, &m.header, &m.hash);
	e = sync_settled(n, &settled, &rank, state, &block);
	if (e)
		return e;
	/* ERR_TOO_BIG: then it is asked for when it is wanted */
	e = tree_add(s->tree, &node, *parent, m.raw, m.seal_raw, &m.hash, state,
		     settled, s->target, branches_prefer, n);
	if (e == ERR_EXISTS)
		node = tree_find(s->tree, &m.hash);
	if (node) {
		node->rank = rank;
		node->was_main = true;
	}
	*parent = node;
	return ERR_OK;
}

static enum err take_back(struct node *n, const struct move *m)
{
	size_t i, count = branch_orphan_count(m->branch);
	struct tree_node *parent = NULL;
	enum err e = ERR_OK;

	for (i = 0; !e && i < count; i++) {
		if (i && !parent)
			break; /* the tree is full */
		e = into_tree(n, &parent, branch_orphan(m->branch, i),
			      buf_span(&m->taken[i]));
	}
	for (i = 0; !e && i < count; i++)
		e = pool_take_back(n, branch_orphan(m->branch, i));
	return e;
}

/* The engine at the tip, from its row. */
static enum err follow(struct node *n)
{
	struct engine_block tip;
	struct engine *engine;
	enum err e;

	e = main_engine(n, &engine, &tip, chain_tip(n->chain)->height);
	if (e)
		return e;
	n->engine->ops->destroy(n->engine);
	n->engine = engine;
	return ERR_OK;
}

static void tell(struct node *n)
{
	struct sync *s = n->sync;
	uint64_t depth = s->move.depth;
	struct effect *effect;

	if (depth) {
		s->reorgs++;
		if (depth > s->deepest)
			s->deepest = depth;
		effect = effects_add(n->effects, EFFECT_NOTIFY);
		effect->notify = NOTIFY_REORG;
		effect->height = branch_fork(s->move.branch);
		effect->depth = depth;
	}
	effect = effects_add(n->effects, EFFECT_NOTIFY);
	effect->notify = NOTIFY_BLOCK;
	effect->height = chain_tip(n->chain)->height;
}

static enum err adopt(struct node *n, const struct move *m)
{
	uint64_t unseen_before = pool_unseen(n);
	enum err e;

	tell_pool(n, m->branch);
	chain_adopt_branch(n->chain, m->branch);
	e = pool_tip_moved(n, unseen_before);
	if (!e)
		e = follow(n);
	if (!e)
		e = take_back(n, m);
	return e;
}

void reorg_durable(struct node *n, uint64_t seq)
{
	struct move *m = &n->sync->move;
	enum err e;

	if (m->state != MOVE_COMMITTING || seq < m->seq)
		return;
	e = adopt(n, m);
	if (e)
		node_fail(n, e, "adopting a branch");
	else
		tell(n);
	branch_free(m->branch);
	reorg_end(m);
	sync_changed(n->sync);
	if (e)
		return;
	n->sync->hope_at = 0; /* it was kept */
	branches_prune(n);
	serve_announce(n);
	produce_flush(n);
}

/* SPDX-License-Identifier: MIT */
/*
 * Moves the node to a better branch: a block a step, in memory, then one
 * batch, then one adoption. A block that follows the tip is a branch whose
 * fork is the tip. One branch at a time, and never beside a candidate of our
 * own.
 */
#include <stdlib.h>

#include "chain/tables.h"
#include "node/bft.h"
#include "node/sync_internal.h"

static void states_free(struct buf *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		buf_release(&list[i]);
	free(list);
}

void reorg_end(struct move *m)
{
	states_free(m->added, m->added_count);
	states_free(m->taken, m->taken_count);
	*m = (struct move){0};
}

void reorg_free(struct sync *s)
{
	branch_free(s->move.branch);
	reorg_end(&s->move);
}

static void abandon(struct node *n)
{
	struct move *m = &n->sync->move;
	enum err e = branch_abandon_take(m->branch, n->store);

	if (e)
		node_fail(n, e, "giving up a branch");
	reorg_end(m);
	sync_changed(n->sync);
}

/* --- beginning --------------------------------------------------------- */

/* Blocks of the path that are here and hold, from its start on. */
static size_t ready(const struct sync *s)
{
	size_t i;

	for (i = 0; i < s->path_count; i++)
		if (s->path[i]->body != TREE_HERE)
			break;
	return i;
}

static bool window_is_full(const struct sync *s)
{
	return tree_body_bytes(s->tree) >= WINDOW_BYTES;
}

/*
 * Whether to move now, and whether stepwise. A branch is moved to when what
 * is here of it is better than the main chain. One of more than MOVE_BLOCKS
 * is decided by its headers, and moved to as its bodies come.
 */
static bool decide(struct node *n, bool *stepwise, uint64_t depth)
{
	struct sync *s = n->sync;
	size_t here = ready(s);

	if (!here)
		return false;
	*stepwise = here > MOVE_BLOCKS;
	if (!depth || branches_beats_main(n, s->path[here - 1]))
		return true;
	*stepwise = true;
	return here == s->path_count || here >= MOVE_BLOCKS ||
	       window_is_full(s);
}

/* A branch that takes back what is above the fork, or less of it: what is too
 * much for one goes down in smaller steps. */
static enum err open_branch(struct node *n, uint64_t fork)
{
	struct move *m = &n->sync->move;
	uint64_t tip = chain_tip(n->chain)->height;
	struct fault f;
	enum err e;

	m->depth = tip - fork;
	if (m->depth > BRANCH_DEPTH_MAX) {
		m->depth = BRANCH_DEPTH_MAX;
		m->down = true;
	}
	for (;;) {
		e = branch_new(&m->branch, n->chain, n->store, tip - m->depth,
			       &f);
		if (e != ERR_TOO_BIG)
			return e;
		m->depth /= 2;
		m->down = true;
	}
}

static void begin(struct node *n)
{
	struct sync *s = n->sync;
	struct move *m = &s->move;
	bool stepwise;
	uint64_t fork;
	enum err e;

	if (!s->target || s->halted || n->production != PRODUCTION_IDLE)
		return;
	fork = s->path[0]->header.height - 1;
	if (!decide(n, &stepwise, chain_tip(n->chain)->height - fork))
		return;
	room_make_way(n);
	e = open_branch(n, fork);
	if (e) {
		node_fail(n, e, "taking blocks back");
		reorg_end(m);
		return;
	}
	m->state = MOVE_BUILDING;
	m->stepwise = stepwise || m->down;
}

/* --- building ---------------------------------------------------------- */

/* The block of the path that follows the branch's tip, when it is here. */
static struct tree_node *next_block(struct node *n)
{
	const struct chain_tip *tip = branch_tip(n->sync->move.branch);
	struct sync *s = n->sync;
	struct tree_node *next;
	uint64_t first;

	if (!s->target)
		return NULL;
	first = s->path[0]->header.height;
	if (tip->height + 1 < first || tip->height + 1 - first >= s->path_count)
		return NULL;
	next = s->path[tip->height + 1 - first];
	return next->body == TREE_HERE &&
			       hash_eq(&next->header.parent, &tip->hash)
		       ? next
		       : NULL;
}

/* So much goes into one batch. What is checked whole may be as big as the
 * store takes. */
static bool is_full(const struct move *m)
{
	size_t bytes_max =
		m->depth && !m->stepwise ? BRANCH_BYTES_MAX / 2 : MOVE_BYTES;

	return branch_count(m->branch) >= MOVE_BLOCKS ||
	       branch_bytes(m->branch) >= bytes_max;
}

static void note_added(struct move *m, const struct tree_node *node)
{
	if (m->added_count == m->added_cap) {
		m->added_cap = m->added_cap ? 2 * m->added_cap : 8;
		m->added = xrealloc(m->added, m->added_cap, sizeof(*m->added));
	}
	m->added[m->added_count] = (struct buf){0};
	buf_append_span(&m->added[m->added_count++], node->state);
}

/* false: it does not hold, or the store failed. */
static bool add(struct node *n, struct tree_node *node)
{
	struct move *m = &n->sync->move;
	struct fault f = {0};
	struct block block;
	enum err e;

	e = block_decode(&block, buf_span(&node->raw));
	if (!e)
		e = branch_add(m->branch, n->store, &block,
			       buf_span(&node->raw), &f);
	block_release(&block);
	if (e == ERR_IO || e == ERR_CORRUPT) {
		node_fail(n, e, "applying a block");
		return false;
	}
	if (e) {
		branches_invalid(n, node, f.detail[0] ? f.detail : err_text(e));
		return false;
	}
	n->sync->progress = n->now;
	note_added(m, node);
	return true;
}

/* --- committing -------------------------------------------------------- */

static enum err put_states(struct node *n, const struct move *m,
			   struct kv_batch *batch)
{
	uint64_t height = branch_fork(m->branch);
	struct span below, state;
	enum err e = main_state(n, &below, height);
	bool any = !e;
	size_t i;

	if (e && e != ERR_NOT_FOUND)
		return e;
	for (i = 0; i < m->added_count; i++) {
		state = buf_span(&m->added[i]);
		state_put(batch, ++height, state, any ? &below : NULL);
		below = state;
		any = true;
	}
	return ERR_OK;
}

/* The engine's states of the blocks that go: their rows go with them. */
static enum err save_states(struct node *n, struct move *m)
{
	uint64_t fork = branch_fork(m->branch), i;
	struct span state;
	enum err e;

	m->taken = xcalloc(m->depth, sizeof(*m->taken));
	for (i = 0; i < m->depth; i++) {
		e = main_state(n, &state, fork + 1 + i);
		if (e)
			return e;
		buf_append_span(&m->taken[m->taken_count++], state);
	}
	return ERR_OK;
}

/* What was settled stays so, though the blocks that say it go. */
static void put_settled(struct node *n, struct kv_batch *batch)
{
	uint8_t key[HEIGHT_KEY_LEN];

	n->sync->settled = node_settled(n);
	kv_batch_put(batch, KV_META, meta_key(META_SETTLED),
		     height_key(key, n->sync->settled));
}

static void commit(struct node *n)
{
	struct move *m = &n->sync->move;
	struct kv_batch *batch;
	enum err e = save_states(n, m);

	batch = xcalloc(1, sizeof(*batch));
	branch_commit(m->branch, batch);
	if (!e)
		e = put_states(n, m, batch);
	if (e) {
		kv_batch_release(batch);
		free(batch);
		node_fail(n, e, "reading the engine's states");
		return;
	}
	if (m->depth)
		put_settled(n, batch);
	room_put_votes(n, batch);
	m->seq = node_commit(n, batch);
	m->state = MOVE_COMMITTING;
}

/* Nothing more can be added now. */
static void finish(struct node *n)
{
	struct move *m = &n->sync->move;
	const struct tree_node *last =
		tree_find(n->sync->tree, &branch_tip(m->branch)->hash);

	if (m->down && !m->added_count)
		commit(n);
	else if (!m->added_count)
		abandon(n);
	else if (!m->depth || m->stepwise || is_full(m) ||
		 (last && branches_beats_main(n, last)))
		commit(n);
	else
		abandon(n);
}

static void build(struct node *n)
{
	struct move *m = &n->sync->move;
	struct tree_node *node = is_full(m) ? NULL : next_block(n);

	if (!node || !add(n, node)) {
		finish(n);
		return;
	}
	if (is_full(m) || !next_block(n)) {
		finish(n);
		return;
	}
	sync_changed(n->sync);
	node_wake(n, n->now);
}

void reorg_tick(struct node *n)
{
	struct move *m = &n->sync->move;

	if (m->state == MOVE_IDLE)
		begin(n);
	if (m->state == MOVE_BUILDING)
		build(n);
}

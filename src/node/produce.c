/* SPDX-License-Identifier: MIT */
/*
 * Make blocks: when the engine says so, take the best transactions, have the
 * header signed, commit, and adopt the block when it is durable. One block
 * at a time; a header is seen by nobody before its batch is on disk.
 */
#include <stdlib.h>

#include "chain/tables.h"
#include "node/internal.h"
#include "node/peers.h"

/* After an attempt that found nothing to put into a block. */
#define RETRY_MS 50

uint64_t node_commit(struct node *n, struct kv_batch *batch)
{
	struct effect *effect = effects_add(n->effects, EFFECT_COMMIT);

	effect->seq = n->next_seq++;
	effect->batch = batch;
	return effect->seq;
}

uint64_t node_job(struct node *n, struct job *job, enum job_kind kind,
		  enum job_owner owner)
{
	job->kind = kind;
	job->owner = owner;
	job->id = n->next_job++;
	effects_add(n->effects, EFFECT_JOB)->job = job;
	return job->id;
}

/* A block that so many transactions were too big for is full. */
#define FULL_AFTER 32
/* The others are dropped by a later block. */
#define REFUSED_MAX 16

/* Operations that the ledger refused for good, which the pool must not change
 * by while they are picked. */
struct refused {
	struct {
		struct hash id;
		enum err why;
	} list[REFUSED_MAX];
	size_t count;
};

static void note_refused(struct refused *r, const struct tx *tx, enum err e)
{
	if (r->count == REFUSED_MAX || !pool_is_final(tx, e))
		return;
	r->list[r->count].id = tx->id;
	r->list[r->count++].why = e;
}

static void drop_refused(struct node *n, const struct refused *r)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		mempool_refuse(n->pool, &r->list[i].id, r->list[i].why);
}

void produce_fill(struct node *n, struct candidate *b, size_t bytes_max)
{
	struct mempool_pick *pick = mempool_pick_new(n->pool);
	struct refused refused = {.count = 0};
	unsigned too_big = 0;
	const struct tx *tx;
	struct fault f;
	enum err e;

	while ((tx = mempool_pick_next(pick))) {
		e = tx->raw.len > bytes_max ? ERR_TOO_BIG
					    : candidate_add(b, tx, &f);
		if (!e)
			bytes_max -= tx->raw.len;
		if (e == ERR_TOO_BIG)
			too_big++;
		if (e == ERR_TOO_MANY_TXS || too_big == FULL_AFTER)
			break;
		if (!e)
			continue;
		note_refused(&refused, tx, e);
		mempool_pick_skip_sender(pick);
	}
	mempool_pick_free(pick);
	drop_refused(n, &refused);
}

/* What stands in an empty block (CONSENSUS: placeholder_data). */
void produce_placeholder(struct node *n, struct buf *out)
{
	uint8_t random[PLACEHOLDER_TEXT_MAX];
	size_t i;

	for (i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)rng_next(&n->rng);
	placeholder_write(out, &chain_rules(n->chain)->block_placeholder,
			  random);
}

static void propose(struct node *n, const struct engine_output *say)
{
	struct candidate *b = candidate_new(n->chain, n->store);
	struct buf extra = {0};
	struct job *job;
	enum err e;

	produce_fill(n, b, SIZE_MAX);
	if (!candidate_tx_count(b)) {
		if (!say->may_be_empty) {
			candidate_free(b);
			n->not_before = n->now + RETRY_MS;
			node_wake(n, n->not_before);
			return;
		}
		produce_placeholder(n, &extra);
	}
	e = candidate_finish(b, say->time, &n->account, SPAN(NULL, 0),
			     buf_span(&extra));
	buf_release(&extra);
	if (e) {
		candidate_free(b);
		node_fail(n, e, "making a block");
		return;
	}
	/* from here on that slot is used, whatever becomes of the block */
	n->signed_time = say->time;
	job = xcalloc(1, sizeof(*job));
	job->digest = *candidate_hash(b);
	n->sign_job = node_job(n, job, JOB_SIGN, OWNER_PRODUCE);
	n->candidate = b;
	n->candidate_parent = chain_tip(n->chain)->hash;
	n->production = PRODUCTION_SIGNING;
}

static void tell_outweighed(struct node *n, bool outweighed)
{
	if (outweighed && !n->outweighed)
		node_log(n, NOTICE_WARNING,
			 "no block is made on this branch: this node signed on "
			 "a better one, and waits for a peer that has it");
	n->outweighed = outweighed;
}

void produce(struct node *n)
{
	struct engine_input in = {.now = n->now};
	struct engine_output say;
	struct engine_block tip;

	if (n->production != PRODUCTION_IDLE || !n->validator)
		return;
	if (n->now < n->not_before) {
		node_wake(n, n->not_before);
		return;
	}
	if (sync_holds_production(n))
		return; /* it wakes us */
	engine_block_of(&tip, chain_tip(n->chain));
	in.tip = &tip;
	in.self = &n->account;
	in.signed_time = n->signed_time;
	in.signed_rank = n->signed_rank;
	in.executable = mempool_executable(n->pool);
	n->engine->ops->step(n->engine, &say, &in);
	tell_outweighed(n, say.outweighed);
	if (say.propose)
		propose(n, &say);
	else
		node_wake(n, say.wake_at);
}

void produce_put_state(struct node *n, const struct candidate *b,
		       struct kv_batch *batch, struct buf *state)
{
	struct engine_block block;
	struct span below;
	enum err e;

	engine_block_of(&block, candidate_tip(b));
	n->engine->ops->save(n->engine, state, &block);
	/* the tip is durable: the store shows its state */
	e = state_get(n->store, &below, block.height - 1);
	if (e && e != ERR_NOT_FOUND)
		node_fail(n, e, "reading the engine's state");
	state_put(batch, block.height, buf_span(state), e ? NULL : &below);
}

/* What the engine must know of the block, and what was signed with it. */
static void put_signed(struct node *n, const struct candidate *b,
		       struct kv_batch *batch)
{
	uint8_t value[SIGNED_VALUE_LEN];
	struct engine_block block;
	struct buf state = {0};

	engine_block_of(&block, candidate_tip(b));
	produce_put_state(n, b, batch, &state);
	if (sync_rank(n, &n->signed_rank, buf_span(&state), &block))
		BUG("a state that was made here cannot be read");
	kv_batch_put(batch, KV_META, meta_key(META_SIGNED),
		     signed_value(value, block.time, n->signed_rank));
	buf_release(&state);
}

void produce_signed(struct node *n, struct job *job)
{
	struct candidate *b = n->candidate;
	struct kv_batch *batch;
	struct seal seal;

	if (n->production != PRODUCTION_SIGNING || job->id != n->sign_job)
		return; /* too late: ignored */
	if (job->result) {
		node_fail(n, job->result, "signing a block");
		return;
	}
	/* no branch begins while a candidate lives (reorg.c) */
	if (!hash_eq(&n->candidate_parent, &chain_tip(n->chain)->hash))
		BUG("the tip moved under a candidate");
	seal = (struct seal){.key = buf_span(&n->public_key),
			     .signature = buf_span(&job->signature)};
	candidate_seal(b, &seal);
	batch = xcalloc(1, sizeof(*batch));
	chain_commit(n->chain, b, batch);
	put_signed(n, b, batch);
	produce_commit_take(n, b, batch);
}

void produce_commit_take(struct node *n, struct candidate *b,
			 struct kv_batch *batch)
{
	n->candidate = b;
	n->block_seq = node_commit(n, batch);
	n->production = PRODUCTION_COMMITTING;
}

/* The pool learns what the block changed. */
static void update_pool(struct node *n, const struct candidate *b)
{
	const struct delta *d = candidate_delta(b);
	const struct tx *txs = candidate_txs(b);
	size_t i;

	for (i = 0; i < candidate_tx_count(b); i++)
		mempool_remove_included(n->pool, &txs[i].id);
	for (i = 0; i < d->count; i++)
		mempool_account_changed(n->pool, &d->changes[i].new);
	mempool_expire(n->pool, candidate_tip(b)->height + 1);
}

static void adopt(struct node *n)
{
	struct candidate *b = n->candidate;
	uint64_t unseen_before = pool_unseen(n);
	struct engine_block block;
	struct effect *effect;
	enum err e;

	n->candidate = NULL;
	n->production = PRODUCTION_IDLE;
	n->block_seq = 0;
	engine_block_of(&block, candidate_tip(b));
	update_pool(n, b);
	e = chain_adopt_take(n->chain, b, n->store);
	if (!e)
		e = pool_tip_moved(n, unseen_before);
	if (e) {
		node_fail(n, e, "adopting a block");
		return;
	}
	n->engine->ops->accept(n->engine, &block);
	sync_own_block(n);
	effect = effects_add(n->effects, EFFECT_NOTIFY);
	effect->notify = NOTIFY_BLOCK;
	effect->height = block.height;
}

void produce_flush(struct node *n)
{
	struct kv_batch *batch;
	uint64_t seq = n->next_seq;

	if (n->flush_seq)
		return;
	batch = xcalloc(1, sizeof(*batch));
	if (!chain_flush(n->chain, seq, batch)) {
		kv_batch_release(batch);
		free(batch);
		return;
	}
	n->flush_seq = node_commit(n, batch);
}

void produce_durable(struct node *n, uint64_t seq)
{
	if (n->block_seq && seq >= n->block_seq)
		adopt(n);
	if (n->flush_seq && seq >= n->flush_seq) {
		n->flush_seq = 0;
		chain_flushed(n->chain);
	}
	produce_flush(n);
}

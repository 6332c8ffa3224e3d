/* SPDX-License-Identifier: MIT */
/*
 * The node's one door: take an event, give effects. What happens inside is
 * in submit.c (transactions of clients) and produce.c (blocks).
 */
#include "node/node.h"

#include <stdlib.h>

#include "chain/tables.h"
#include "node/internal.h"

void engine_block_of(struct engine_block *out, const struct chain_tip *tip)
{
	*out = (struct engine_block){
		.height = tip->height,
		.time = tip->time,
		.has_producer = tip->has_producer,
		.producer = tip->producer,
		.hash = tip->hash,
		.has_txs = tip->has_txs,
	};
}

void node_fail(struct node *n, enum err e, const char *what)
{
	struct effect *effect = effects_add(n->effects, EFFECT_NOTIFY);

	effect->notify = NOTIFY_ENV;
	fault_set(&effect->fault, e, "", "%s: %s", what, err_text(e));
}

/* The engine at the tip: as it was saved with the tip's block. */
static enum err open_engine(struct node *n, struct kv_view *view,
			    struct fault *f)
{
	const struct rules *rules = chain_rules(n->chain);
	struct engine_block tip;
	struct span state;
	enum err e;

	e = engine_ops_of(rules->engine)->create(&n->engine, rules, f);
	if (e)
		return e;
	engine_block_of(&tip, chain_tip(n->chain));
	e = kv_get(view, &state, KV_META, meta_key(META_ENGINE));
	if (e == ERR_NOT_FOUND && !tip.height) {
		n->engine->ops->accept(n->engine, &tip);
		return ERR_OK;
	}
	if (!e)
		e = n->engine->ops->restore(n->engine, state, &tip);
	if (e)
		return fault_set(f, e == ERR_NOT_FOUND ? ERR_CORRUPT : e, "",
				 "the engine's state is unreadable");
	return ERR_OK;
}

static enum err check_validator(const struct node *n, struct fault *f)
{
	const struct rules *rules = chain_rules(n->chain);
	char account[ADDRESS_HEX_LEN], miner[ADDRESS_HEX_LEN];

	if (!n->validator)
		return ERR_OK;
	if (!n->has_account)
		return fault_set(f, ERR_MISSING_FIELD, "account",
				 "a validator needs an account");
	if (n->engine->ops->is_authority(n->engine, &n->account))
		return ERR_OK;
	return fault_set(f, ERR_BAD_PRODUCER, "account",
			 "account %s is not an authority of this chain, "
			 "expected one of its %zu miners (%s%s)",
			 address_hex(account, &n->account), rules->miner_count,
			 address_hex(miner, &rules->miners[0]),
			 rules->miner_count > 1 ? ", ..." : "");
}

enum err node_new(struct node **out, const struct node_config *config,
		  struct kv_view *view, struct fault *f)
{
	struct node *n = xcalloc(1, sizeof(*n));
	enum err e;

	*out = NULL;
	rng_seed(&n->rng, config->seed);
	n->validator = config->validator;
	n->has_account = config->has_account;
	n->account = config->account;
	buf_append_span(&n->public_key, buf_span(&config->public_key));
	n->next_job = n->next_seq = 1;
	n->submissions = map_new(sizeof(uint64_t), rng_next(&n->rng));
	n->keys = recent_new(ADDRESS_LEN, KEYS_KEPT, rng_next(&n->rng));
	n->checked = recent_new(HASH_LEN, CHECKED_KEPT, rng_next(&n->rng));
	n->pool = mempool_new(config->mempool_bytes ? config->mempool_bytes
						    : MEMPOOL_BYTES_DEFAULT,
			      rng_next(&n->rng));
	e = chain_open(&n->chain, view, rng_next(&n->rng), f);
	if (!e)
		e = open_engine(n, view, f);
	if (!e)
		e = check_validator(n, f);
	if (e) {
		node_free(n);
		return e;
	}
	*out = n;
	return ERR_OK;
}

void node_free(struct node *n)
{
	if (!n)
		return;
	submit_free_all(n);
	candidate_free(n->candidate);
	mempool_free(n->pool);
	if (n->engine)
		n->engine->ops->destroy(n->engine);
	chain_free(n->chain);
	buf_release(&n->public_key);
	free(n);
}

static void job_done(struct node *n, struct job *job)
{
	switch (job->kind) {
	case JOB_VERIFY:
		submit_checked(n, job);
		break;
	case JOB_SIGN:
		produce_signed(n, job);
		break;
	}
	job_free(job);
}

static void tell_drops(struct node *n)
{
	uint64_t drops = mempool_drops(n->pool);

	if (drops == n->drops_told)
		return;
	n->drops_told = drops;
	effects_add(n->effects, EFFECT_NOTIFY)->notify = NOTIFY_DROPPED;
}

void node_step(struct node *n, const struct node_event *event,
	       struct kv_view *view, struct effects *effects)
{
	n->now = event->now;
	n->store = view;
	n->effects = effects;
	switch (event->kind) {
	case EVENT_START:
	case EVENT_TIMER:
		break;
	case EVENT_SUBMIT:
		submit_begin(n, event);
		break;
	case EVENT_JOB_DONE:
		job_done(n, event->job);
		break;
	case EVENT_DURABLE:
		produce_durable(n, event->seq);
		break;
	}
	produce(n);
	tell_drops(n);
	n->store = NULL;
	n->effects = NULL;
}

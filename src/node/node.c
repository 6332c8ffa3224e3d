/* SPDX-License-Identifier: MIT */
/*
 * The node's one door: take an event, give effects. What happens inside is
 * in submit.c (transactions), produce.c (blocks of our own), peers.c (other
 * nodes), gossip.c (their transactions) and sync.c (their blocks).
 */
#include "node/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "node/bft.h"
#include "node/internal.h"
#include "node/peers.h"

void engine_block_of(struct engine_block *out, const struct chain_tip *tip)
{
	*out = (struct engine_block){
		.height = tip->height,
		.time = tip->time,
		.has_producer = tip->has_producer,
		.producer = tip->producer,
		.hash = tip->hash,
		.has_txs = tip->has_txs,
		.has_change = tip->has_change,
		.change = tip->change,
	};
}

void node_fail(struct node *n, enum err e, const char *what)
{
	struct effect *effect = effects_add(n->effects, EFFECT_NOTIFY);

	effect->notify = NOTIFY_ENV;
	fault_set(&effect->fault, e, "", "%s: %s", what, err_text(e));
}

void node_log(struct node *n, enum notice level, const char *fmt, ...)
{
	struct effect *effect = effects_add(n->effects, EFFECT_NOTIFY);
	char text[FAULT_DETAIL_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	effect->notify = NOTIFY_LOG;
	effect->level = level;
	fault_set(&effect->fault, ERR_OK, "", "%s", text);
}

void node_wake(struct node *n, uint64_t at)
{
	if (at && (!n->wake || at < n->wake))
		n->wake = at;
}

/* The engine at the tip: as it was saved with the tip's block. */
static enum err open_engine(struct node *n, struct kv_view *view,
			    struct fault *f)
{
	const struct rules *rules = chain_rules(n->chain);
	struct engine_block tip;
	struct span state;
	enum err e;

	e = engine_ops_of(rules->engine)
		    ->create(&n->engine, rules, chain_genesis(n->chain), f);
	if (e)
		return e;
	engine_block_of(&tip, chain_tip(n->chain));
	if (!tip.height) {
		n->engine->ops->accept(n->engine, &tip);
		return ERR_OK;
	}
	e = state_get(view, &state, tip.height);
	if (!e)
		e = n->engine->ops->restore(n->engine, state, &tip);
	if (e)
		return fault_set(f, e == ERR_NOT_FOUND ? ERR_CORRUPT : e, "",
				 "the engine's state is unreadable");
	return ERR_OK;
}

/* What this node last signed, durable before anybody saw it. */
static enum err open_signed(struct node *n, struct kv_view *view,
			    struct fault *f)
{
	struct span value;
	enum err e;

	e = kv_get(view, &value, KV_META, meta_key(META_SIGNED));
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (!e)
		e = signed_decode(&n->signed_time, &n->signed_rank, value);
	if (e)
		return fault_set(f, e, "",
				 "what was signed last is unreadable");
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
	/* with bft the set changes: it may be voted in while it runs */
	if (rules->engine == ENGINE_BFT ||
	    n->engine->ops->is_authority(n->engine, &n->account))
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
	n->id = config->id;
	n->instance = config->instance;
	n->upgrades = config->upgrades;
	snprintf(n->listen, sizeof(n->listen), "%s",
		 config->listen ? config->listen : "");
	snprintf(n->agent, sizeof(n->agent), "%s",
		 config->agent ? config->agent : "");
	n->peers = peers_new(n);
	n->gossip = gossip_new(n);
	n->sync = sync_new(n);
	n->submissions = map_new(sizeof(uint64_t), rng_next(&n->rng));
	n->checking = map_new(HASH_LEN, rng_next(&n->rng));
	n->keys = recent_new(ADDRESS_LEN, KEYS_KEPT, rng_next(&n->rng));
	n->checked = recent_new(HASH_LEN, CHECKED_KEPT, rng_next(&n->rng));
	n->pool = mempool_new(config->mempool_bytes ? config->mempool_bytes
						    : MEMPOOL_BYTES_DEFAULT,
			      rng_next(&n->rng));
	e = chain_open(&n->chain, view, rng_next(&n->rng), f);
	if (!e)
		e = open_engine(n, view, f);
	if (!e)
		e = open_signed(n, view, f);
	if (!e)
		e = check_validator(n, f);
	if (!e)
		e = sync_open(n, view, config->boot_ms, f);
	if (!e)
		e = room_open(n, config, view, f);
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
	peers_free(n->peers);
	gossip_free(n->gossip);
	sync_free(n->sync);
	room_free(n->bft);
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
	switch (job->owner) {
	case OWNER_SUBMIT:
		submit_checked(n, job);
		break;
	case OWNER_PRODUCE:
		produce_signed(n, job);
		break;
	case OWNER_SYNC:
		sync_job(n, job);
		break;
	case OWNER_BFT:
		room_job(n, job);
		break;
	}
	job_free(job);
}

static void start(struct node *n)
{
	enum err e = pool_open(n);

	if (e)
		node_fail(n, e, "reading what was taken back");
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
	n->wake = 0;
	switch (event->kind) {
	case EVENT_START:
		start(n);
		break;
	case EVENT_TIMER:
		n->timer = 0;
		break;
	case EVENT_SUBMIT:
		submit_begin(n, event);
		break;
	case EVENT_JOB_DONE:
		job_done(n, event->job);
		break;
	case EVENT_DURABLE:
		produce_durable(n, event->seq);
		sync_durable(n, event->seq);
		room_durable(n, event->seq);
		break;
	case EVENT_CONNECTED:
		peers_connected(n, event);
		break;
	case EVENT_MESSAGE:
		peers_message(n, event);
		break;
	case EVENT_DISCONNECTED:
		peers_disconnected(n, event);
		break;
	case EVENT_PERSISTED:
		room_persisted(n, event->seq);
		break;
	}
	peers_tick(n);
	gossip_tick(n);
	sync_tick(n);
	if (n->bft)
		room_tick(n);
	else
		produce(n);
	tell_drops(n);
	if (n->wake != n->timer) {
		n->timer = n->wake;
		effects_add(n->effects, EFFECT_TIMER)->at = n->timer;
	}
	n->store = NULL;
	n->effects = NULL;
}

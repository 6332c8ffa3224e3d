/* SPDX-License-Identifier: MIT */
/*
 * One node and what the daemon would be to it: its disk, its workers, its
 * clock. A crash loses what was not durable, which is all or the later part
 * of the batches on their way.
 */
#include <stdlib.h>

#include "sim/sim.h"

/* More than a step may ever say. */
#define EFFECTS_MAX 20000

struct host *host_of(struct sim *s, size_t end)
{
	return end < s->host_count ? &s->hosts[end] : NULL;
}

struct host *host_any(struct sim *s)
{
	size_t i, from = rng_below(&s->rng, s->host_count);
	struct host *h;

	for (i = 0; i < s->host_count; i++) {
		h = &s->hosts[(from + i) % s->host_count];
		if (h->node)
			return h;
	}
	return NULL;
}

static void carry_out(struct sim *s, const struct host *h, struct job *job)
{
	size_t i;

	switch (job->kind) {
	case JOB_VERIFY:
		for (i = 0; i < job->checks.count; i++) {
			struct check *c = &job->checks.list[i];

			c->result = sim_verify(
				SPAN(c->key, c->key_len), &c->digest,
				SPAN(c->signature, c->signature_len));
		}
		break;
	case JOB_SIGN:
		sim_sign(&job->signature, SPAN_OF(h->key.spki), &job->digest,
			 rng_next(&s->rng));
		job->result = ERR_OK;
		break;
	}
}

static void begin_job(struct sim *s, struct host *h, struct job *job)
{
	struct sim_event *e =
		sim_after(s, sim_between(s, 0, s->weather.worker), SIM_JOB);

	if (job->kind == JOB_SIGN)
		check_signing(s, h);
	carry_out(s, h, job);
	e->host = h->number;
	e->life = h->life;
	e->job = job;
}

void host_job(struct sim *s, struct host *h, struct sim_event *e)
{
	struct node_event event = {.kind = EVENT_JOB_DONE, .job = e->job};

	e->job = NULL;
	host_step(s, h, &event);
}

static void set_timer(struct sim *s, struct host *h, uint64_t at)
{
	struct sim_event *e;

	h->timer++;
	if (!at)
		return;
	e = sim_at(s, (uint64_t)((int64_t)at - h->skew), SIM_TIMER);
	e->host = h->number;
	e->number = h->timer;
}

static void notify(struct sim *s, struct host *h, const struct effect *e)
{
	switch (e->notify) {
	case NOTIFY_SUBMITTED:
		client_answer(s, h, e);
		break;
	case NOTIFY_ENV:
		sim_fail(s, "host %zu failed: %s", h->number, e->fault.detail);
		break;
	case NOTIFY_LOG:
		sim_trace(s, "host %zu says: %s", h->number, e->fault.detail);
		break;
	case NOTIFY_REORG:
		sim_trace(s, "host %zu reorganises: fork %llu, depth %llu",
			  h->number, (unsigned long long)e->height,
			  (unsigned long long)e->depth);
		s->stats.reorgs++;
		if (e->depth > s->stats.deepest)
			s->stats.deepest = e->depth;
		h->look = true;
		break;
	case NOTIFY_BLOCK:
	case NOTIFY_DROPPED:
	case NOTIFY_PEER:
	case NOTIFY_ADDRESSES:
		break;
	}
}

static void take(struct sim *s, struct host *h, struct effect *e)
{
	switch (e->kind) {
	case EFFECT_COMMIT:
		disk_commit(s, h, e);
		e->batch = NULL;
		break;
	case EFFECT_TIMER:
		set_timer(s, h, e->at);
		break;
	case EFFECT_JOB:
		begin_job(s, h, e->job);
		e->job = NULL;
		break;
	case EFFECT_NOTIFY:
		notify(s, h, e);
		break;
	case EFFECT_SEND:
		check_sent(s, h, e->type, buf_span(&e->body));
		net_send(s, h->number, e->peer, e->type, &e->body);
		break;
	case EFFECT_PERSIST:
		disk_persist(s, h, e);
		break;
	case EFFECT_DROP:
		sim_trace(s, "host %zu drops connection %llu, ban %llu ms: %s",
			  h->number, (unsigned long long)e->peer,
			  (unsigned long long)e->ban_ms, e->fault.detail);
		if (e->ban_ms)
			net_ban(s, h, e->peer, e->ban_ms);
		net_close(s, h->number, e->peer);
		break;
	}
}

void host_step(struct sim *s, struct host *h, struct node_event *e)
{
	size_t i;

	e->now = (uint64_t)((int64_t)s->now + h->skew);
	s->stats.steps++;
	node_step(h->node, e, kv_mem_view(h->mem), &s->effects);
	if (s->effects.count > EFFECTS_MAX)
		sim_fail(s, "host %zu: %zu effects of one step", h->number,
			 s->effects.count);
	sim_fold(s, s->effects.count);
	for (i = 0; i < s->effects.count; i++)
		take(s, h, &s->effects.list[i]);
	effects_reset(&s->effects);
	if (!s->failed)
		check_stepped(s, h);
}

/* A clock within the seed's bounds: synchronised anew at each start. */
static int64_t some_skew(struct sim *s)
{
	uint64_t most = s->weather.skew;

	return (int64_t)sim_between(s, 0, 2 * most) - (int64_t)most;
}

void host_start(struct sim *s, struct host *h)
{
	struct node_event start = {.kind = EVENT_START};
	struct node_config config = {
		.seed = rng_next(&s->rng),
		.validator = h->validator,
		.has_account = true,
		.account = h->key.address,
		.mempool_bytes = s->weather.mempool_bytes,
		.id = h->id,
		.instance = rng_next(&s->rng) >> 16,
		.agent = "sim",
		.boot_ms = s->host_count > 1 ? 3000 : 0,
	};
	struct fault f = {0};

	if (h->node)
		BUG("it runs");
	h->life++;
	h->skew = some_skew(s) + (s->healed ? 0 : h->clock);
	h->has_turn = false;
	h->look = true;
	h->timeouts = 0;
	journal_opened(&h->journal, &config.journal);
	buf_append(&config.public_key, h->key.spki, SIM_SPKI);
	sim_trace(s, "host %zu starts, its clock %+lld ms", h->number,
		  (long long)h->skew);
	if (node_new(&h->node, &config, kv_mem_view(h->mem), &f))
		sim_fail(s, "host %zu does not start: %s", h->number, f.detail);
	buf_release(&config.public_key);
	if (s->failed)
		return;
	if (s->weather.flush.slice)
		chain_set_flush_bounds(h->node->chain, &s->weather.flush);
	check_started(s, h);
	host_step(s, h, &start);
}

void host_crash(struct sim *s, struct host *h)
{
	size_t i, kept;
	bool power;

	if (!h->node)
		BUG("it does not run");
	power = s->engine->certifies && sim_chance(s, 50);
	kept = h->commit_count && !power
		       ? rng_below(&s->rng, h->commit_count + 1)
		       : 0;
	sim_trace(s, "host %zu crashes: %zu of %zu batches survive", h->number,
		  kept, h->commit_count);
	disk_crash_journal(s, h, power);
	for (i = 0; i < h->commit_count; i++) {
		if (i < kept) {
			disk_apply(s, h, h->commits[i].batch);
			continue;
		}
		kv_batch_release(h->commits[i].batch);
		free(h->commits[i].batch);
		s->stats.lost++;
	}
	h->commit_count = 0;
	h->disk_free = 0;
	h->timer++;
	node_free(h->node);
	h->node = NULL;
	s->stats.crashes++;
	net_crash(s, h->number);
	s->engine->crashed(s, h);
}

static void make_chain(struct sim *s, struct host *h)
{
	struct kv_batch batch = {0};
	size_t at = 0;

	h->mem = kv_mem_new();
	while (genesis_batch(&s->genesis, 0, &at, &batch)) {
		kv_mem_apply(h->mem, &batch);
		kv_batch_release(&batch);
	}
	h->tip = h->settled = s->model.root;
}

void host_wipe(struct sim *s, struct host *h)
{
	if (h->node)
		BUG("it runs");
	kv_mem_free(h->mem);
	make_chain(s, h);
}

void host_make(struct sim *s, size_t number, bool validator)
{
	struct host *h = &s->hosts[number];

	*h = (struct host){.number = number, .validator = validator};
	sim_key_make(&h->key, (uint32_t)number);
	h->id = h->key.address;
	h->person = number;
	if (number == s->twin) {
		h->key = s->hosts[s->cheater].key;
		h->person = s->cheater;
	}
	if (validator && s->engine->certifies)
		journal_make(&h->journal, &s->rng, s->now, false);
	make_chain(s, h);
}

void host_release(struct host *h)
{
	size_t i;

	for (i = 0; i < h->commit_count; i++) {
		kv_batch_release(h->commits[i].batch);
		free(h->commits[i].batch);
	}
	free(h->commits);
	node_free(h->node);
	kv_mem_free(h->mem);
	journal_release(&h->journal);
	journal_release(&h->lost);
}

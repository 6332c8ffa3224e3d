/* SPDX-License-Identifier: MIT */
/*
 * One life of a world: the events in their order. Nothing here or below
 * knows any time but its own, or any chance but the seed's.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

/* A world in which more happens than this will not come to rest. */
#define EVENTS_MAX 4000000
#define EVENTS_AT_ONCE_MAX 50000

bool sim_chance(struct sim *s, uint64_t percent)
{
	return rng_below(&s->rng, 100) < percent;
}

uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high)
{
	return low + rng_below(&s->rng, high - low + 1);
}

void sim_fold(struct sim *s, uint64_t what)
{
	s->digest = (s->digest ^ what) * UINT64_C(0x9e3779b97f4a7c15);
	s->digest ^= s->digest >> 29;
}

void sim_trace(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->tracing)
		return;
	printf("%8llu.%03llu ", (unsigned long long)(s->now - SIM_EPOCH) / 1000,
	       (unsigned long long)(s->now - SIM_EPOCH) % 1000);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void fold_event(struct sim *s, const struct sim_event *e)
{
	sim_fold(s, e->at);
	sim_fold(s,
		 (uint64_t)e->kind << 32 | e->host << 16 | (uint64_t)e->type);
	sim_fold(s, e->number);
}

/* The host that an event is for, when it still lives. */
static struct host *host_for(struct sim *s, const struct sim_event *e)
{
	struct host *h = &s->hosts[e->host];

	return h->node && h->life == e->life ? h : NULL;
}

static void ring(struct sim *s, const struct sim_event *e)
{
	struct node_event event = {.kind = EVENT_TIMER};
	struct host *h = &s->hosts[e->host];

	if (!h->node || h->timer != e->number)
		return;
	h->timer++;
	sim_trace(s, "host %zu: timer", h->number);
	host_step(s, h, &event);
}

static void start(struct sim *s, const struct sim_event *e)
{
	struct host *h = &s->hosts[e->host];

	if (!h->node && !(s->healed && h->number == s->twin))
		host_start(s, h);
}

static void client(struct sim *s)
{
	if (s->healed)
		return;
	client_pay(s);
	sim_after(s, sim_between(s, 1, 2 * s->weather.client_every),
		  SIM_CLIENT);
}

/* The faults end when the seed's time is over and something was made. */
static void maybe_heal(struct sim *s)
{
	uint64_t pace = s->engine->pace(&s->rules);

	if (s->healed || s->now < s->heal_at)
		return;
	if (s->top < s->engine->heights + 4 && s->extended < 4) {
		s->extended++;
		s->heal_at = s->now + 15 * pace;
		return;
	}
	scenario_end(s);
	s->deadline = s->now + s->engine->patience(s);
	sim_after(s, 2 * pace, SIM_LOOK);
}

/* It rests on another tip than before. */
static void rest_moved(struct sim *s)
{
	if (s->rest_at && s->rules.allow_empty)
		return; /* it goes on for ever, as it should */
	if (s->rest_at && !check_first(s)->tip->has_txs &&
	    !check_first(s)->tip->late)
		sim_fail(s, "an idle chain goes on with empty blocks");
	s->rest_at = s->now;
	s->rest_tip = check_first(s)->tip;
}

/* After healing: whether it is over. Silence is waited for. */
static void look(struct sim *s)
{
	uint64_t pace = s->engine->pace(&s->rules);

	if (!check_is_at_rest(s))
		s->rest_at = 0;
	else if (!s->rest_at || check_first(s)->tip != s->rest_tip)
		rest_moved(s);
	s->over = s->rest_at ? s->now > s->rest_at + 3 * s->n * pace
			     : s->now > s->deadline;
	sim_after(s, pace / 2, SIM_LOOK);
}

static void happen(struct sim *s, struct sim_event *e)
{
	struct host *h;

	fold_event(s, e);
	switch (e->kind) {
	case SIM_TIMER:
		ring(s, e);
		break;
	case SIM_JOB:
		h = host_for(s, e);
		if (h)
			host_job(s, h, e);
		break;
	case SIM_DURABLE:
		h = host_for(s, e);
		if (h)
			host_durable(s, h);
		break;
	case SIM_START:
		start(s, e);
		break;
	case SIM_DIAL:
		net_dial(s, e->number, e->side, false);
		break;
	case SIM_UP:
	case SIM_MESSAGE:
	case SIM_GONE:
		net_event(s, e);
		break;
	case SIM_FAULT:
		scenario_fault(s);
		break;
	case SIM_HEAL:
		if (!s->healed)
			scenario_heal(s);
		break;
	case SIM_CLIENT:
		client(s);
		break;
	case SIM_ATTACK:
		attacker_act(s, e->host);
		break;
	case SIM_LOOK:
		look(s);
		break;
	case SIM_FLUSHED:
		h = host_for(s, e);
		if (h)
			host_flushed(s, h);
		break;
	case SIM_WORK:
		client_pay_well(s, check_first(s));
		break;
	case SIM_KIND_COUNT:
		BUG("no kind of event");
	}
}

static void run(struct sim *s)
{
	uint64_t left = EVENTS_MAX, at_once = 0;
	struct sim_event *e;

	while (!s->failed && !s->over) {
		e = sim_pop(s);
		if (!e)
			BUG("nothing is to happen any more");
		at_once = e->at == s->now ? at_once + 1 : 0;
		if (at_once > EVENTS_AT_ONCE_MAX)
			sim_fail(s, "time stands still");
		if (!--left)
			sim_fail(s, "it does not come to rest");
		s->now = e->at;
		maybe_heal(s);
		happen(s, e);
		sim_event_free(e);
	}
}

void sim_run(struct sim *s, const struct sim_engine *engine, uint64_t seed,
	     size_t n, bool tracing)
{
	*s = (struct sim){
		.seed = seed,
		.n = n,
		.tracing = tracing,
		.engine = engine,
		.stats = {.seeds = 1},
	};
	rng_seed(&s->rng, seed * 16 + n);
	check_begin(s);
	witness_begin(s);
	scenario_make(s);
	run(s);
	if (!s->failed && !s->stats.conflicts)
		check_end(s);
	s->stats.violations = s->failed;
	s->stats.counted =
		s->stats.heights >= s->engine->heights &&
		s->stats.crashes + s->stats.partitions + s->stats.attackers;
}

void sim_release(struct sim *s)
{
	struct sim_event *e;
	size_t i;

	while ((e = sim_pop(s)))
		sim_event_free(e);
	free(s->heap);
	for (i = 0; i < s->host_count; i++)
		host_release(&s->hosts[i]);
	effects_release(&s->effects);
	net_release(s);
	attacker_release(s);
	free(s->promises);
	check_release(s);
	witness_release(s);
	model_release(&s->model);
	genesis_release(&s->genesis);
	rules_release(&s->rules);
}

/* SPDX-License-Identifier: MIT */
/* One world from its seed, until it is done. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/bft/world.h"

#define PING_MS 300
#define STEPS_MAX 1000000

/* The machine's timer is looked at when it may be due. */
void after_step(struct world *w, struct node *n)
{
	uint64_t wake;
	struct event e = {.kind = EV_WAKE, .node = n->number};

	if (!n->up)
		return;
	wake = bft_wake(n->b);
	if (!wake)
		return;
	if (wake < w->now)
		wake = w->now;
	if (n->wake && n->wake <= wake)
		return;
	n->wake = wake;
	e.at = wake;
	e.epoch = n->epoch;
	push(w, &e);
}

static void wake_up(struct world *w, struct node *n)
{
	uint64_t wake = bft_wake(n->b);

	n->wake = 0;
	if (!wake || wake > w->now)
		return;
	bft_tick(n->b, w->now, &w->effects);
	carry_out(w, n);
	if (bft_wake(n->b) && bft_wake(n->b) <= w->now)
		fail(w, "node %u is never through", n->number);
}

static void ping(struct world *w, struct node *n)
{
	struct event e = {
		.at = w->now + PING_MS, .kind = EV_PING, .node = n->number};

	if (n->up)
		say_height(w, n, below(w, w->node_count));
	push(w, &e);
	check_end(w);
}

static void work(struct world *w)
{
	struct event e = {.at = w->now + 1 + below(w, 2 * w->work_every),
			  .kind = EV_WORK};

	if (w->healed)
		return;
	new_work(w);
	push(w, &e);
}

static void attacks(struct world *w)
{
	struct event e = {.at = w->now + 1 + below(w, w->rules.timeout_ms),
			  .kind = EV_ATTACK};

	if (w->wound_down || !w->attack_budget)
		return;
	attack(w);
	push(w, &e);
}

static void join(struct world *w)
{
	size_t i;

	memset(w->cut, 0, sizeof(w->cut));
	for (i = 0; i < w->node_count; i++)
		if (w->nodes[i].up)
			spread_work(w, &w->nodes[i],
				    w->nodes[i].known & ~w->nodes[i].included);
}

/* What a node that is up gets in this life. */
static void node_event(struct world *w, struct node *n, const struct event *e)
{
	if (!n->up || (e->kind != EV_MESSAGE && e->epoch != n->epoch))
		return;
	if (e->kind == EV_MESSAGE)
		deliver(w, n, e);
	else if (e->kind == EV_WAKE)
		wake_up(w, n);
	else if (e->kind == EV_DURABLE)
		cast_durable(w, n, &e->message->own);
	else if (e->kind == EV_FLOOR)
		floor_durable(w, n, e->arg);
	else if (e->kind == EV_BUILT)
		built(w, n, e->arg);
	else if (e->kind == EV_EXECUTED)
		executed(w, n, e->arg);
	else if (e->kind == EV_BYTES)
		take_block(w, n, (uint32_t)e->arg);
	else
		committed(w, n);
	after_step(w, n);
}

static void happen(struct world *w, const struct event *e)
{
	switch (e->kind) {
	case EV_MESSAGE:
	case EV_WAKE:
	case EV_DURABLE:
	case EV_FLOOR:
	case EV_BUILT:
	case EV_EXECUTED:
	case EV_BYTES:
	case EV_COMMITTED:
		node_event(w, &w->nodes[e->node], e);
		break;
	case EV_PING:
		ping(w, &w->nodes[e->node]);
		break;
	case EV_WORK:
		work(w);
		break;
	case EV_CRASH:
		next_crash(w);
		break;
	case EV_START:
		start(w, &w->nodes[e->node]);
		break;
	case EV_CUT:
		next_cut(w);
		break;
	case EV_JOIN:
		join(w);
		break;
	case EV_ATTACK:
		attacks(w);
		break;
	case EV_HEAL:
		heal(w);
		break;
	}
}

static void reset(struct world *w, uint64_t seed, size_t n, bool trace)
{
	struct record *records[NODES_MAX];
	struct world old = *w;
	size_t i;

	for (i = 0; i < NODES_MAX; i++)
		records[i] = w->nodes[i].records;
	memset(w, 0, sizeof(*w));
	w->heap = old.heap;
	w->heap_cap = old.heap_cap;
	w->chunks = old.chunks;
	w->blocks = old.blocks;
	w->block_cap = old.block_cap;
	w->effects = old.effects;
	w->seen = old.seen;
	w->stamp = old.stamp + 1;
	if (!w->seen)
		w->seen = xcalloc(SEEN_SIZE, sizeof(*w->seen));
	for (i = 0; i < NODES_MAX; i++) {
		w->nodes[i].records =
			records[i] ? records[i]
				   : xcalloc(RECORDS_MAX, sizeof(**records));
		w->nodes[i].number = w->nodes[i].person = (uint8_t)i;
		w->nodes[i].to = UINT16_MAX;
	}
	w->seed = seed;
	w->trace = trace;
	w->persons = w->node_count = n;
	w->now = 1;
	rng_seed(&w->rng, seed * 16 + n);
}

static bool met_faults(const struct world *w)
{
	const struct bsim_stats *s = &w->stats;

	return s->dropped || s->crashes || s->cuts || s->attacks || s->wipes ||
	       s->twins;
}

void world_run(struct world *w, uint64_t seed, size_t n, bool trace)
{
	struct event e;
	size_t i;

	reset(w, seed, n, trace);
	choose_faults(w);
	for (i = 0; i < w->node_count; i++) {
		struct event p = {.at = below(w, PING_MS),
				  .kind = EV_PING,
				  .node = (uint8_t)i};

		start(w, &w->nodes[i]);
		push(w, &p);
	}
	while (!w->failed && !w->done && pop(w, &e)) {
		w->now = e.at > w->now ? e.at : w->now;
		w->digest = (w->digest ^ e.at) * UINT64_C(0x100000001b3) +
			    e.kind * 16 + e.node;
		if (++w->stats.steps == STEPS_MAX)
			fail(w, "it does not end");
		happen(w, &e);
	}
	w->stats.seeds = 1;
	w->stats.violations = w->failed;
	w->stats.counted = w->stats.heights >= 2 && met_faults(w);
	for (i = 0; i < w->node_count; i++)
		bft_free(w->nodes[i].b);
	bft_effects_reset(&w->effects);
	arena_reset(w);
}

void world_release(struct world *w)
{
	size_t i;

	for (i = 0; i < NODES_MAX; i++)
		free(w->nodes[i].records);
	free(w->heap);
	free(w->blocks);
	free(w->seen);
	bft_effects_release(&w->effects);
	arena_release(w);
}

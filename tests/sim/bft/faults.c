/* SPDX-License-Identifier: MIT */
/*
 * What a seed does to its world, until it heals: what is lost, cut and
 * crashed, who is faulty and how; and work, which comes and goes.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/bft/world.h"

#define TXS_MAX 60
#define SILENCE_TIMEOUTS 30 /* of the longest */
#define STUCK_TIMEOUTS 40

/* --- what is chosen ------------------------------------------------------ */

static uint32_t sometimes(struct world *w, uint32_t of_1000, uint32_t max)
{
	return chance(w, of_1000) ? 1 + (uint32_t)below(w, max) : 0;
}

static void choose_net(struct world *w)
{
	uint64_t t = w->rules.timeout_ms;
	size_t i;

	w->latency = 1 + below(w, 10);
	w->jitter = below(w, t / (chance(w, 300) ? 2 : 20));
	w->disk = 1 + below(w, t / (chance(w, 200) ? 2 : 40));
	w->sign = 1 + below(w, t / 100);
	w->execute = 1 + below(w, chance(w, 200) ? 2 * t : t / 40);
	w->loss = sometimes(w, 500, 300);
	w->twice = sometimes(w, 300, 200);
	w->late = sometimes(w, 300, 200);
	if (chance(w, 400))
		for (i = 0; i < VOTE_KIND_COUNT; i++)
			w->kind_loss[i] = sometimes(w, 500, 900);
	w->crash_every = sometimes(w, 500, (uint32_t)(4 * t));
	w->cut_every = sometimes(w, 500, (uint32_t)(4 * t));
	w->work_every = 1 + (uint32_t)below(w, 2 * t);
	w->interval = chance(w, 500) ? 0 : below(w, t);
}

/* Up to f: Byzantine first, then one with a wiped disk or a wrong clock. */
static void choose_faulty(struct world *w, size_t budget, bool sets_change)
{
	size_t left = budget, person;

	while (left && chance(w, 700)) {
		person = below(w, w->persons);
		if (w->faulty >> person & 1)
			continue;
		left--;
		w->faulty |= (uint8_t)(1u << person);
		if (chance(w, 700)) {
			w->byzantine |= (uint8_t)(1u << person);
			w->stats.byzantine++;
		} else if (!sets_change && w->crash_every && chance(w, 600)) {
			w->wiped |= (uint8_t)(1u << person);
		} else {
			w->nodes[person].clock =
				(int64_t)below(w, 600000) - 300000;
			w->stats.slow_clocks++;
		}
	}
}

static void choose_attacks(struct world *w)
{
	size_t i;

	if (!w->byzantine)
		return;
	w->attacks = (uint32_t)(rng_next(&w->rng) >> 7) & ATTACK_ALL;
	if (chance(w, 900))
		w->attacks &= ~(uint32_t)ATTACK_DEAD;
	if (chance(w, 600))
		w->attacks &= ~(uint32_t)(ATTACK_JUMP | ATTACK_SILENT);
	w->attack_chance = (uint32_t)below(w, 500);
	w->attack_budget = (uint32_t)below(w, 200);
	if (!(w->attacks & ATTACK_TWINS))
		return;
	for (i = 0; i < w->persons && w->node_count < NODES_MAX; i++) {
		struct node *twin = &w->nodes[w->node_count];

		if (!(w->byzantine >> i & 1))
			continue;
		twin->person = (uint8_t)i;
		twin->number = (uint8_t)w->node_count++;
		w->stats.twins++;
		if (w->attacks & ATTACK_SPLIT) {
			twin->to = (uint16_t)rng_next(&w->rng);
			w->nodes[i].to = (uint16_t)~twin->to;
		}
	}
}

/* 4 -> 5 -> 4 -> 7, or whatever of these; indices shift. */
static void choose_sets(struct world *w, size_t n, bool change)
{
	static const size_t sizes[] = {4, 5, 4, 7};
	unsigned set = (1u << n) - 1;
	uint64_t h;

	for (h = 0; h < HEIGHTS_MAX + 2; h++) {
		if (change && h > 1 && chance(w, 500)) {
			size_t size = sizes[below(w, 4)];

			while ((size_t)__builtin_popcount(set) != size)
				set ^= 1u << below(w, w->persons);
			w->stats.changes += h < 8;
		}
		w->sets[h] = (uint8_t)set;
	}
}

static void push_at(struct world *w, enum event_kind kind, uint64_t ms,
		    size_t node)
{
	struct event e = {
		.at = w->now + ms, .kind = kind, .node = (uint8_t)node};

	push(w, &e);
}

void choose_faults(struct world *w)
{
	size_t n = w->persons, i;
	bool change = chance(w, 200);
	uint64_t t;

	w->rules.timeout_ms = t = 200 + 200 * below(w, 4);
	w->rules.timeout_max_ms = t << (2 + below(w, 3));
	w->drift = 15000;
	choose_net(w);
	if (change)
		w->persons = w->node_count = PERSONS_MAX;
	choose_sets(w, n, change);
	for (i = 0; i < NODES_MAX; i++)
		w->nodes[i].clock = (int64_t)below(w, 10000) - 5000;
	choose_faulty(w, validators_faults(change ? 4 : n), change);
	choose_attacks(w);
	w->want_idle = !w->faulty && chance(w, 300);
	w->heal_at = t * (6 + below(w, 14));
	push_at(w, EV_HEAL, w->heal_at, 0);
	push_at(w, EV_WORK, below(w, t), 0);
	if (w->crash_every)
		push_at(w, EV_CRASH, below(w, w->crash_every), 0);
	if (w->cut_every)
		push_at(w, EV_CUT, below(w, w->cut_every), 0);
	if (w->attacks && !(w->attacks & ATTACK_DEAD))
		push_at(w, EV_ATTACK, below(w, t), 0);
}

/* --- what happens -------------------------------------------------------- */

void next_crash(struct world *w)
{
	size_t i, victim = below(w, w->node_count);
	bool all = chance(w, 150), many = chance(w, 300);

	if (w->healed)
		return;
	for (i = 0; i < w->node_count; i++) {
		struct node *n = &w->nodes[i];

		if (!n->up || !(i == victim || all || (many && chance(w, 400))))
			continue;
		crash(w, n);
		if ((w->wiped >> n->person & 1) && chance(w, 500))
			wipe(w, n);
		push_at(w, EV_START, below(w, 3 * w->rules.timeout_ms), i);
	}
	push_at(w, EV_CRASH, 1 + below(w, 2 * w->crash_every), 0);
}

/* Some cannot reach the others, or are not reached, or both. */
void next_cut(struct world *w)
{
	unsigned some = (unsigned)rng_next(&w->rng) & ((1u << NODES_MAX) - 1);
	bool out = chance(w, 700), in = !out || chance(w, 500);
	size_t i;

	if (w->healed)
		return;
	w->stats.cuts++;
	note(w, "cut: %x%s%s", some, out ? " out" : "", in ? " in" : "");
	for (i = 0; i < w->node_count; i++)
		w->cut[i] = (uint16_t)((some >> i & 1) ? (out ? ~some : 0)
						       : (in ? some : 0));
	push_at(w, EV_JOIN, 1 + below(w, 6 * w->rules.timeout_ms), 0);
	push_at(w, EV_CUT, 1 + below(w, 2 * w->cut_every), 0);
}

/* --- work ---------------------------------------------------------------- */

/* Known to one, or some, until it is told. */
void new_work(struct world *w)
{
	struct node *n = &w->nodes[below(w, w->node_count)];
	uint64_t tx;

	if (w->next_tx == TXS_MAX || !n->up)
		return;
	tx = UINT64_C(1) << w->next_tx++;
	note(w, "%u has new work", n->number);
	spread_work(w, n, tx);
	learn_work(w, n, tx);
}

static bool is_pending(const struct world *w)
{
	size_t i;

	for (i = 0; i < w->node_count; i++)
		if (!is_byzantine(w, &w->nodes[i]) && w->nodes[i].up &&
		    (w->nodes[i].known & ~w->nodes[i].included))
			return true;
	return false;
}

void more_work(struct world *w)
{
	struct node *n;

	if (!w->healed || w->wound_down || is_pending(w))
		return;
	do
		n = &w->nodes[below(w, w->node_count)];
	while (is_byzantine(w, n));
	if (w->next_tx < 64) {
		uint64_t tx = UINT64_C(1) << w->next_tx++;

		note(w, "%u has new work", n->number);
		spread_work(w, n, tx);
		learn_work(w, n, tx);
	}
}

/* --- healing ------------------------------------------------------------- */

void heal(struct world *w)
{
	uint64_t t = w->rules.timeout_ms / 50, highest = 0;
	size_t i;

	note(w, "healed");
	w->healed = true;
	memset(w->cut, 0, sizeof(w->cut));
	w->latency = 1;
	w->jitter = w->disk = w->execute = w->sign = t;
	for (i = 0; i < w->node_count; i++) {
		struct node *n = &w->nodes[i];

		start(w, n);
		n->timeouts = n->excused = 0;
		if (n->tip > highest)
			highest = n->tip;
	}
	for (i = 0; i < w->node_count; i++)
		spread_work(w, &w->nodes[i],
			    w->nodes[i].known & ~w->nodes[i].included);
	w->target = highest + 2;
	w->deadline = w->now + STUCK_TIMEOUTS * w->rules.timeout_max_ms;
	more_work(w);
}

static bool is_reached(const struct world *w)
{
	size_t i;

	for (i = 0; i < w->node_count; i++)
		if (!is_byzantine(w, &w->nodes[i]) &&
		    w->nodes[i].tip < w->target)
			return false;
	return true;
}

static bool is_silent(const struct world *w)
{
	size_t i;

	if (w->in_flight)
		return false;
	for (i = 0; i < w->node_count; i++)
		if (bft_wake(w->nodes[i].b) || w->nodes[i].committing ||
		    w->nodes[i].tip != w->nodes[0].tip)
			return false;
	return !is_pending(w);
}

void check_end(struct world *w)
{
	if (!w->healed)
		return;
	if (!w->wound_down && is_reached(w)) {
		w->wound_down = true;
		w->done = !w->want_idle;
		w->deadline =
			w->now + SILENCE_TIMEOUTS * w->rules.timeout_max_ms;
	} else if (w->wound_down && is_silent(w)) {
		w->stats.idle++;
		w->done = true;
	} else if (w->now > w->deadline) {
		fail(w, w->wound_down ? "it is not silent when idle"
				      : "a height is stuck");
	}
}

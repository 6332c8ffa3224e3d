/* SPDX-License-Identifier: MIT */
/*
 * What a seed decides: the rules of the chain, how bad the weather is, who is
 * there; and what goes wrong when.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

#define FUNDS UINT64_C(1000000)

/* --- rules --------------------------------------------------------------- */

static void add(struct buf *out, const char *text)
{
	buf_append(out, text, strlen(text));
}

static void add_number(struct buf *out, const char *name, uint64_t value)
{
	char text[80];

	snprintf(text, sizeof(text), "\"%s\": %" PRIu64 ",", name, value);
	add(out, text);
}

static void add_address(struct buf *out, const struct address *a,
			const char *end)
{
	char hex[ADDRESS_HEX_LEN];

	add(out, "\"");
	add(out, address_hex(hex, a));
	add(out, "\"");
	add(out, end);
}

static uint64_t one_of(struct sim *s, const uint64_t *list, size_t count)
{
	return list[rng_below(&s->rng, count)];
}

#define ONE_OF(s, ...)                                                         \
	one_of((s), (const uint64_t[]){__VA_ARGS__},                           \
	       ARRAY_LEN(((const uint64_t[]){__VA_ARGS__})))

static void add_mining(struct sim *s, struct buf *json)
{
	uint64_t min_bound = ONE_OF(s, 1, 1, 1, 2, 4), interval;
	bool allow_empty;

	add(json, "\"block_mining\": {");
	interval = ONE_OF(s, 0, 0, 1, 2, 3);
	add_number(json, "min_bound", min_bound);
	add_number(json, "max_bound", ONE_OF(s, 4, 8, 1000));
	add_number(json, "reward", ONE_OF(s, 0, 1, 50, 5000));
	if (sim_chance(s, 50))
		add(json, "\"placeholder_data\": [\"rnd\", 15],");
	allow_empty = sim_chance(s, 30);
	add(json,
	    allow_empty ? "\"allow_empty\": true," : "\"allow_empty\": false,");
	/* without slots blocks would follow each other without a pause */
	if (s->engine->certifies && allow_empty && !interval)
		interval = 1;
	add_number(json, "interval", interval);
	json->data[json->len - 1] = '}';
	add(json, ",");
}

static void add_alloc(struct sim *s, struct buf *json)
{
	char text[64];
	size_t i;

	add(json, "\"alloc\": {");
	/* validators say things in transactions */
	for (i = 0; i < s->people.count; i++)
		add_address(json, &s->people.keys[i].address,
			    ": {\"balance\": 100000},");
	for (i = 0; i < s->client_count; i++) {
		/* some begin with nothing */
		uint64_t balance = i && sim_chance(s, 25) ? 0 : FUNDS;

		/* and one may own nearly all that there can ever be */
		if (!i && sim_chance(s, 25))
			balance = AMOUNT_MAX - FUNDS * s->client_count -
				  100000 * s->people.count -
				  rng_below(&s->rng, 300000);
		snprintf(text, sizeof(text), ": {\"balance\": %" PRIu64 "}%s",
			 balance, i + 1 < s->client_count ? "," : "}");
		add_address(json, &s->clients[i].address, text);
	}
}

static void add_miners(const struct sim *s, struct buf *json)
{
	struct sim_key key;
	size_t i;

	add(json, "\"miners\": [");
	for (i = 0; i < s->n; i++) {
		sim_key_make(&key, (uint32_t)i);
		add_address(json, &key.address, i + 1 < s->n ? "," : "],");
	}
}

static void make_rules(struct sim *s)
{
	struct buf json = {0};
	struct fault f = {0};

	add(&json, "{\"network_id\": \"sim\",");
	if (!s->engine->certifies)
		add_miners(s, &json);
	add_mining(s, &json);
	s->engine->rules(s, &json);
	add(&json, "\"genesis_block\": {");
	add_number(&json, "time", SIM_EPOCH);
	json.data[json.len - 1] = '}';
	add(&json, ",");
	add_number(&json, "min_fee", ONE_OF(s, 0, 0, 3));
	add_number(&json, "new_address_balance", ONE_OF(s, 0, 0, 10, 2000));
	add_alloc(s, &json);
	add(&json, "}");
	if (genesis_parse(&s->rules, buf_span(&json), &f)) {
		fprintf(stderr, "%.*s\n%s: %s\n", (int)json.len, json.data,
			f.field, f.detail);
		BUG("the genesis file of a seed is refused");
	}
	buf_release(&json);
	genesis_make(&s->genesis, &s->rules);
}

/* --- weather ------------------------------------------------------------- */

static void make_weather(struct sim *s)
{
	struct weather *w = &s->weather;
	uint64_t pace = s->engine->pace(&s->rules);

	w->latency = ONE_OF(s, 1, 5, 20, 60, 150);
	w->jitter = ONE_OF(s, 1, 10, 50, 300);
	w->disk = ONE_OF(s, 2, 10, 50, 400);
	w->worker = ONE_OF(s, 1, 5, 30, 150);
	w->skew = ONE_OF(s, 0, 20, 100, 400, 400, 3000);
	w->fault_every = sim_between(s, pace, 8 * pace);
	w->client_every = sim_between(s, pace / 4, 2 * pace);
	w->attack_every = sim_between(s, pace / 4, 3 * pace);
	w->crashes = sim_chance(s, 70);
	w->partitions = sim_chance(s, 60);
	w->resets = sim_chance(s, 50);
	w->double_dials = sim_chance(s, 30);
	w->observers = sim_chance(s, 40);
	w->attackers = sim_chance(s, 35) ? sim_between(s, 1, 2) : 0;
	if (!w->crashes && !w->partitions && !w->attackers)
		w->crashes = true;
	if (sim_chance(s, 15)) {
		w->drop = rng_below(&s->rng, 30);
		w->twice = rng_below(&s->rng, 20);
		w->reorder = rng_below(&s->rng, 20);
	}
	if (sim_chance(s, 60))
		w->flush = (struct flush_bounds){
			.entries = sim_between(s, 5, 300),
			.blocks = sim_between(s, 1, 20),
			.slice = sim_between(s, 1, 40),
		};
	w->mempool_bytes = sim_chance(s, 20) ? 32768 : 0;
	s->newcomer = SIZE_MAX;
	s->engine->trouble(s);
}

static void make_people(struct sim *s)
{
	size_t i, n = s->n + s->weather.observers;

	for (i = 0; i < s->n; i++)
		host_make(s, i, true);
	for (; i < n; i++)
		host_make(s, i, false);
	if (s->changes) {
		s->newcomer = n;
		host_make(s, n++, true);
	}
	if (s->cheater != SIZE_MAX && s->twins) {
		s->twin = n;
		host_make(s, n++, true);
	}
	s->host_count = n;
	s->engine->settle_in(s);
	if (s->host_count + s->weather.attackers > SIM_ENDS_MAX)
		BUG("more ends than there is room for");
	s->stats.attackers = s->weather.attackers;
}

static void make_validators(struct sim *s)
{
	struct sets *sets = &s->model.root->sets;
	size_t i;

	s->decided = xcalloc(1, sizeof(*s->decided));
	s->decided[s->decided_count++] = s->model.root;
	s->model.people = &s->people;
	sets->set = sets->next = (1u << s->n) - 1;
	for (i = 0; i < s->people.count; i++)
		map_put(s->model.keys, s->people.keys[i].address.b,
			s->people.keys[i].spki);
}

void scenario_make(struct sim *s)
{
	uint64_t pace;
	size_t i;

	s->now = SIM_EPOCH + sim_between(s, 0, 10000);
	s->client_count = sim_between(s, 3, SIM_CLIENTS_MAX);
	for (i = 0; i < s->client_count; i++)
		sim_key_make(&s->clients[i], (uint32_t)(100 + i));
	if (s->engine->certifies)
		people_make(&s->people, s->n + 2);
	make_rules(s);
	make_weather(s);
	model_init(&s->model, &s->rules, &s->genesis.hash, s->seed);
	if (s->engine->certifies)
		make_validators(s);
	make_people(s);
	client_make(s);
	attacker_make(s);
	net_make(s);
	pace = s->engine->pace(&s->rules);
	s->heal_at = s->now + s->engine->duration(s) * pace;
	for (i = 0; i < s->host_count; i++)
		sim_after(s, sim_between(s, 0, pace), SIM_START)->host = i;
	sim_after(s, sim_between(s, pace, 10 * pace), SIM_FAULT);
	sim_after(s, sim_between(s, 0, pace), SIM_CLIENT);
}

/* --- faults -------------------------------------------------------------- */

/* Rather who loses something by it. */
static struct host *some_victim(struct sim *s)
{
	size_t i;

	if (s->losers && sim_chance(s, 40))
		for (i = 0; i < s->host_count; i++)
			if (s->losers >> i & 1 && s->hosts[i].node)
				return &s->hosts[i];
	return host_any(s);
}

static void crash_some(struct sim *s)
{
	size_t left = sim_chance(s, 70) ? 1 : sim_between(s, 1, s->host_count);
	uint64_t pace = s->engine->pace(&s->rules);
	struct host *h;

	for (; left; left--) {
		h = some_victim(s);
		if (!h)
			return;
		host_crash(s, h);
		sim_after(s, sim_between(s, 0, 8 * pace), SIM_START)->host =
			h->number;
	}
}

static void part(struct sim *s)
{
	size_t ends = s->host_count + s->weather.attackers, a, b;
	uint64_t sides = rng_below(&s->rng, UINT64_C(1) << ends);
	uint64_t pace = s->engine->pace(&s->rules);
	bool one_way = sim_chance(s, 30);

	if (s->parted)
		return;
	for (a = 0; a < ends; a++)
		for (b = 0; b < ends; b++) {
			bool side_a = sides >> a & 1, side_b = sides >> b & 1;

			s->blocked[a][b] =
				side_a != side_b && (side_a || !one_way);
		}
	s->parted = true;
	s->stats.partitions++;
	sim_trace(s, "partition: sides %llx, %s", (unsigned long long)sides,
		  one_way ? "one way" : "both ways");
	if (sim_chance(s, 50))
		net_reset_between(s);
	sim_after(s, sim_between(s, pace, 15 * pace), SIM_HEAL);
}

void scenario_fault(struct sim *s)
{
	const struct weather *w = &s->weather;

	if (s->healed)
		return;
	switch (rng_below(&s->rng, 3)) {
	case 0:
		if (w->crashes)
			crash_some(s);
		break;
	case 1:
		if (w->partitions)
			part(s);
		break;
	default:
		if (w->resets)
			net_reset_one(s);
	}
	sim_after(s, sim_between(s, w->fault_every / 2, 2 * w->fault_every),
		  SIM_FAULT);
}

void scenario_heal(struct sim *s)
{
	memset(s->blocked, 0, sizeof(s->blocked));
	s->parted = false;
	sim_trace(s, "the partition heals");
	net_reset_stalled(s);
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

/* Whatever was worse before: now a block is everywhere within its turn. */
static void calm_down(struct weather *w, uint64_t pace)
{
	w->latency = at_most(w->latency, pace / 100);
	w->jitter = at_most(w->jitter, pace / 100);
	w->disk = at_most(w->disk, pace / 50);
	w->worker = at_most(w->worker, pace / 100);
	w->skew = at_most(w->skew, at_most(400, pace / 4));
}

static bool is_garbled(const struct sim *s)
{
	return s->weather.drop || s->weather.twice || s->weather.reorder;
}

void scenario_end(struct sim *s)
{
	uint64_t skew = s->weather.skew;
	struct host *h;
	size_t i;

	sim_trace(s, "all faults end");
	calm_down(&s->weather, s->engine->pace(&s->rules));
	s->healed = true;
	scenario_heal(s);
	for (i = 0; i < s->weather.attackers; i++)
		net_crash(s, s->host_count + i);
	for (i = 0; i < s->host_count && !s->failed; i++) {
		h = &s->hosts[i];
		if (h->number == s->twin) {
			/* the key is taken from its other holder */
			if (h->node)
				host_crash(s, h);
			continue;
		}
		memset(h->ban_until, 0, sizeof(h->ban_until));
		/* clocks are right from now on, and who was banned because
		 * the network garbled what he said is heard again */
		if (h->node &&
		    (s->weather.skew < skew || is_garbled(s) || h->clock))
			host_crash(s, h);
		if (!h->node)
			host_start(s, h);
	}
	if (!s->failed)
		s->engine->healed(s);
}

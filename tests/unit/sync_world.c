/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "sync_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_new(struct world *w, size_t count, const unsigned *keys,
	       unsigned miners, const char *mining)
{
	size_t i;

	memset(w, 0, sizeof(*w));
	w->count = count;
	for (i = 0; i < count; i++) {
		struct driver_network network = {
			.on = true,
			.observer = !keys[i],
			.miners = miners,
			.key = keys[i],
			.id = test_address(100 + (unsigned)i),
			.instance = 100 + i,
		};

		driver_new_in(&w->node[i], &network, 1000000, mining,
			      ", \"consensus\": {\"slot_ms\": 100}");
	}
}

void world_new_bft(struct world *w, size_t count, unsigned validators,
		   const char *more)
{
	size_t i;

	memset(w, 0, sizeof(*w));
	w->count = count;
	for (i = 0; i < count; i++) {
		unsigned key = (unsigned)i + 1;
		struct driver_network network = {
			.on = true,
			.observer = i >= validators,
			.miners = validators,
			.key = key,
			.bft = more,
			.id = test_address(key),
			.instance = 100 + i,
		};

		driver_new_in(&w->node[i], &network, 1000000, "\"interval\": 0",
			      "");
	}
}

void world_mesh(struct world *w)
{
	size_t i, k;

	for (i = 0; i < w->count; i++)
		for (k = i + 1; k < w->count; k++)
			world_dial(w, i, k);
}

static void forget_wires(struct world *w)
{
	wires_collect(&w->wires);
	wires_release(&w->wires);
}

void world_free(struct world *w)
{
	size_t i;

	forget_wires(w);
	for (i = 0; i < w->count; i++)
		driver_free(&w->node[i]);
}

void world_cut(struct world *w)
{
	uint64_t next = w->wires.next;
	size_t i;

	for (i = 0; i < w->wires.count; i++) {
		struct wire *wire = &w->wires.list[i];

		if (wire->open[0])
			fake_gone(wire->end[0], wire->number[0]);
		if (wire->open[1])
			fake_gone(wire->end[1], wire->number[1]);
	}
	for (i = 0; i < w->count; i++)
		driver_settle(&w->node[i]);
	forget_wires(w);
	w->wires.next = next;
}

void world_cut_off(struct world *w, size_t node)
{
	size_t i, end;

	wires_collect(&w->wires);
	for (i = 0; i < w->wires.count; i++) {
		struct wire *wire = &w->wires.list[i];

		if (wire->end[0] != &w->node[node] &&
		    wire->end[1] != &w->node[node])
			continue;
		for (end = 0; end < 2; end++) {
			if (wire->open[end])
				fake_gone(wire->end[end], wire->number[end]);
			wire->open[end] = false;
		}
	}
}

uint64_t world_connection(const struct world *w, size_t node)
{
	size_t i;

	for (i = 0; i < w->wires.count; i++) {
		const struct wire *wire = &w->wires.list[i];
		int end = wire->end[1] == &w->node[node];

		if ((end || wire->end[0] == &w->node[node]) && wire->open[end])
			return wire->number[end];
	}
	ck_abort_msg("a node without a connection");
}

/* The first message of one end, through the hand. */
static bool bring(struct world *w, size_t at, int end)
{
	struct wire *wire = &w->wires.list[at];
	struct effects *q = &wire->queue[end];
	struct driver *to = wire->end[end];

	wires_collect(&w->wires);
	if (!q->count)
		return false;
	if (q->list[0].kind == EFFECT_SEND) {
		w->brought[to - w->node][q->list[0].type]++;
		if (w->mangle)
			w->mangle(w, to, &q->list[0]);
	}
	if (q->list[0].kind == EFFECT_TIMER) {
		buf_release(&q->list[0].body);
		q->count--;
		memmove(q->list, q->list + 1, q->count * sizeof(*q->list));
		return true;
	}
	return wires_bring(&w->wires, at, end);
}

static void run(struct world *w)
{
	bool busy = true;
	size_t i;

	while (busy) {
		busy = false;
		for (i = 0; i < w->wires.count; i++) {
			busy |= bring(w, i, 0);
			busy |= bring(w, i, 1);
		}
		for (i = 0; i < w->count; i++)
			busy |= driver_do_one(&w->node[i]);
		wires_collect(&w->wires);
		for (i = 0; i < w->wires.count; i++)
			busy |= w->wires.list[i].queue[0].count ||
				w->wires.list[i].queue[1].count;
	}
}

/* Who lived alone was ahead of the others. */
static void set_clocks(struct world *w)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < w->count; i++)
		if (w->node[i].now > end)
			end = w->node[i].now;
	for (i = 0; i < w->count; i++)
		if (w->node[i].now < end)
			driver_advance(&w->node[i], end - w->node[i].now);
}

void world_dial(struct world *w, size_t from, size_t to)
{
	set_clocks(w);
	wires_dial(&w->wires, &w->node[from], &w->node[to]);
}

void world_live(struct world *w, uint64_t ms)
{
	uint64_t step;
	size_t i;

	set_clocks(w);
	for (step = 0; step < ms; step += 5) {
		for (i = 0; i < w->count; i++)
			driver_advance(&w->node[i], 5);
		run(w);
	}
}

static bool at_commit(const struct driver *d)
{
	return d->pending.count && d->pending.list[0].kind == EFFECT_COMMIT;
}

/* The timer alone, without what it leads to. */
static void tick(struct driver *d)
{
	struct node_event ring = {.kind = EVENT_TIMER};

	d->now++;
	if (!d->timer || d->timer > d->now)
		return;
	d->timer = 0;
	driver_step(d, &ring);
}

void world_until_commit(struct world *w, size_t at)
{
	struct driver *d = &w->node[at];
	bool busy;
	size_t i;

	while (!at_commit(d)) {
		busy = false;
		for (i = 0; i < w->wires.count && !at_commit(d); i++)
			busy |= bring(w, i, 0) || bring(w, i, 1);
		for (i = 0; i < w->count && !at_commit(d); i++)
			busy |= driver_do_one(&w->node[i]);
		for (i = 0; i < w->count && !busy && !at_commit(d); i++)
			tick(&w->node[i]);
	}
}

void world_crash(struct world *w, size_t at)
{
	uint64_t next = w->wires.next;
	size_t i, end;

	driver_crash(&w->node[at]);
	effects_reset(&w->node[at].told);
	for (i = 0; i < w->wires.count; i++) {
		struct wire *wire = &w->wires.list[i];

		for (end = 0; end < 2; end++)
			if (wire->open[end] && wire->end[end] != &w->node[at])
				fake_gone(wire->end[end], wire->number[end]);
	}
	forget_wires(w);
	w->wires.next = next;
}

void world_live_alone(struct world *w, size_t i, uint64_t ms)
{
	driver_advance(&w->node[i], ms);
}

struct hash world_tip(const struct world *w, size_t i)
{
	struct node_tip tip;

	node_tip(w->node[i].node, &tip);
	return tip.hash;
}

static bool agree(const struct world *w)
{
	struct hash first = world_tip(w, 0), other;
	size_t i;

	for (i = 1; i < w->count; i++) {
		other = world_tip(w, i);
		if (!hash_eq(&first, &other))
			return false;
	}
	return true;
}

void world_same_ledger(const struct world *w, uint64_t height)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		ck_assert_uint_eq(driver_height(&w->node[i]), height);
	ck_assert(agree(w));
}

/* For whoever reads the failure. */
static void say(const struct world *w)
{
	size_t i, k;

	for (i = 0; i < w->count; i++) {
		const struct effects *told = &w->node[i].told;

		fprintf(stderr, "node %zu: height %llu, target %llu\n", i,
			(unsigned long long)driver_height(&w->node[i]),
			(unsigned long long)world_sync(w, i).target);
		for (k = 0; k < told->count; k++)
			if (told->list[k].fault.detail[0])
				fprintf(stderr, "  %s\n",
					told->list[k].fault.detail);
	}
}

bool world_agrees(struct world *w, uint64_t ms)
{
	uint64_t passed;

	for (passed = 0; passed < ms && !agree(w); passed += 50)
		world_live(w, 50);
	if (!agree(w))
		say(w);
	return agree(w);
}

uint64_t world_verify(struct world *w, size_t i)
{
	struct verify_report report;
	struct fault f = {0};

	ck_assert_msg(!node_verify(&report, kv_mem_view(w->node[i].mem), NULL,
				   NULL, &f),
		      "node %zu: %s", i, f.detail);
	ck_assert_uint_eq(report.height, driver_height(&w->node[i]));
	return report.height;
}

size_t world_node_of(const struct world *w, size_t member)
{
	const struct driver *d = &w->node[0];
	struct bft_member m;
	size_t i;

	ck_assert(node_bft_member(d->node, member, d->now, &m));
	for (i = 0; i < w->count; i++)
		if (address_eq(&m.who->account,
			       secret_key_address(w->node[i].key)))
			return i;
	ck_abort_msg("a validator without a node");
}

size_t world_leader(const struct world *w)
{
	struct bft_info at;

	ck_assert(node_bft(w->node[0].node, &at));
	return world_node_of(w, at.leader);
}

struct sync_info world_sync(const struct world *w, size_t i)
{
	struct sync_info info;

	node_sync(w->node[i].node, &info);
	return info;
}

size_t world_evidence(struct world *w, size_t i)
{
	struct evidence_info info;
	struct hash after;
	size_t count = 0;

	while (!query_evidence(&info, w->node[i].node,
			       kv_mem_view(w->node[i].mem),
			       count ? &after : NULL)) {
		after = info.id;
		count++;
	}
	return count;
}

uint64_t world_deepest(struct world *w, size_t i)
{
	const struct effects *told = &w->node[i].told;
	uint64_t deepest = 0;
	size_t k;

	for (k = 0; k < told->count; k++)
		if (told->list[k].kind == EFFECT_NOTIFY &&
		    told->list[k].notify == NOTIFY_REORG &&
		    told->list[k].depth > deepest)
			deepest = told->list[k].depth;
	return deepest;
}

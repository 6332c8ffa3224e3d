/* SPDX-License-Identifier: MIT */
/*
 * After healing: all are up, nothing is lost, nobody asks for anything. Then
 * all nodes are soon on one tip, what was promised is kept, and a chain that
 * has nothing to do settles and is silent.
 */
#include "node/network.h"
#include "sim/sim.h"

bool check_counts(const struct sim *s, const struct host *h)
{
	return h->number != s->twin && !h->silence;
}

struct host *check_first(struct sim *s)
{
	size_t i = 0;

	while (!check_counts(s, &s->hosts[i]))
		i++;
	return &s->hosts[i];
}

static bool is_idle(struct sim *s, struct host *h)
{
	return !mempool_executable(node_mempool(h->node)) &&
	       s->engine->is_idle(s, h);
}

/* On one chain, but for its newest blocks, which may be on their way; not so
 * far behind that anything more than these is missing. */
static bool is_near(struct sim *s, const struct host *h)
{
	struct model_block *best = check_first(s)->tip;
	uint64_t least;
	size_t i;

	for (i = 0; i < s->host_count; i++)
		if (check_counts(s, &s->hosts[i]) &&
		    s->hosts[i].tip->header.height > best->header.height)
			best = s->hosts[i].tip;
	if (!s->rules.allow_empty)
		return h->tip == best;
	least = best->header.height > s->n ? best->header.height - s->n : 0;
	return h->tip->header.height >= least &&
	       model_at(h->tip, least) == model_at(best, least);
}

static bool is_settled(const struct host *h)
{
	const struct model_block *b = h->tip;

	while (b->parent && !b->has_txs)
		b = b->parent;
	return h->settled->header.height >= b->header.height;
}

/* Whether they agree and there is nothing left to do. */
bool check_is_at_rest(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->host_count; i++) {
		struct host *h = &s->hosts[i];

		if (check_counts(s, h) && (!h->node || !is_near(s, h) ||
					   !is_idle(s, h) || !is_settled(h)))
			return false;
	}
	return true;
}

static void say_why(struct sim *s)
{
	size_t i, count = 0, agreed = 0, idle = 0;

	for (i = 0; i < s->host_count; i++) {
		struct host *h = &s->hosts[i];

		if (!check_counts(s, h))
			continue;
		count++;
		agreed += is_near(s, h);
		idle += is_idle(s, h);
		sim_trace(s,
			  "host %zu: height %llu, settled %llu, %zu pending, "
			  "%zu executable",
			  i, (unsigned long long)h->tip->header.height,
			  (unsigned long long)h->settled->header.height,
			  mempool_count(node_mempool(h->node)),
			  mempool_executable(node_mempool(h->node)));
	}
	if (agreed < count)
		sim_fail(s,
			 "healed, but only %zu of %zu hosts are on the best "
			 "tip",
			 agreed, count);
	else if (idle < count)
		sim_fail(s,
			 "healed, but there is still something to do at %zu "
			 "hosts",
			 count - idle);
	else
		sim_fail(s, "healed, but the idle chain does not settle");
}

/* Whom it knows, it has found again, and once; from the faulty it may have
 * parted for good. */
static void check_peers(struct sim *s, const struct host *h)
{
	size_t i, least = 0, most = 0, have = node_peer_count(h->node);

	for (i = 0; i < s->pair_count; i++) {
		const struct pair *p = &s->pairs[i];
		struct host *a = host_of(s, p->end[0]);
		struct host *b = host_of(s, p->end[1]);

		if (!a || !b || (a != h && b != h))
			continue;
		least += check_counts(s, a) && check_counts(s, b);
		most += a->node && b->node;
	}
	if (have < least || have > most)
		sim_fail(s, "healed, but host %zu has %zu peers of %zu",
			 h->number, have, least);
}

void check_end(struct sim *s)
{
	struct model_block *b;
	size_t i;

	if (!check_is_at_rest(s)) {
		say_why(s);
		return;
	}
	for (i = 0; i < s->host_count && !s->failed; i++)
		if (check_counts(s, &s->hosts[i])) {
			check_peers(s, &s->hosts[i]);
			check_ledger(s, &s->hosts[i]);
		}
	client_settle(s);
	s->engine->ended(s);
	for (b = check_first(s)->tip; b; b = b->parent)
		s->stats.included += b->tx_count;
	s->stats.heights = check_first(s)->tip->header.height;
}

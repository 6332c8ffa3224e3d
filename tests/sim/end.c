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
	return h->number != s->twin;
}

static bool is_idle(const struct host *h)
{
	return !mempool_executable(node_mempool(h->node));
}

/* Whether they agree and there is nothing left to do. */
bool check_is_at_rest(const struct sim *s)
{
	const struct host *first = &s->hosts[0];
	const struct model_block *b;
	size_t i;

	for (i = 0; i < s->host_count; i++)
		if (check_counts(s, &s->hosts[i]) &&
		    (!s->hosts[i].node || s->hosts[i].tip != first->tip ||
		     !is_idle(&s->hosts[i])))
			return false;
	if (s->rules.allow_empty)
		return true;
	for (b = first->tip; b->parent && !b->has_txs; b = b->parent)
		;
	return first->settled->header.height >= b->header.height;
}

static void say_why(struct sim *s)
{
	size_t i, count = 0, agreed = 0, idle = 0;

	for (i = 0; i < s->host_count; i++) {
		const struct host *h = &s->hosts[i];

		if (!check_counts(s, h))
			continue;
		count++;
		agreed += h->tip == s->hosts[0].tip;
		idle += is_idle(h);
		sim_trace(s,
			  "host %zu: height %llu, settled %llu, %zu pending, "
			  "%zu executable",
			  i, (unsigned long long)h->tip->header.height,
			  (unsigned long long)h->settled->header.height,
			  mempool_count(node_mempool(h->node)),
			  mempool_executable(node_mempool(h->node)));
	}
	if (agreed < count)
		sim_fail(s, "healed, but only %zu of %zu hosts are on one tip",
			 agreed, count);
	else if (idle < count)
		sim_fail(s, "healed, but transactions still wait at %zu hosts",
			 count - idle);
	else
		sim_fail(s, "healed, but the idle chain does not settle");
}

/* Whom it knows, it has found again, and once. */
static void check_peers(struct sim *s, const struct host *h)
{
	size_t i, want = 0, have = node_peer_count(h->node);

	for (i = 0; i < s->pair_count; i++) {
		const struct pair *p = &s->pairs[i];
		struct host *a = host_of(s, p->end[0]);
		struct host *b = host_of(s, p->end[1]);

		if (a && b && check_counts(s, a) && check_counts(s, b))
			want += a == h || b == h;
	}
	if (have != want)
		sim_fail(s, "healed, but host %zu has %zu peers of %zu",
			 h->number, have, want);
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
	for (b = s->hosts[0].tip; b; b = b->parent)
		s->stats.included += b->tx_count;
	s->stats.heights = s->hosts[0].tip->header.height;
}

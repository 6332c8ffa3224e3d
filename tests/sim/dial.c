/* SPDX-License-Identifier: MIT */
/* Who knows whom, and dialling them, again and again with back-off, as the
 * shell does it. */
#include <stdlib.h>

#include "sim/sim.h"

#define BACK_OFF_MIN 100
#define BACK_OFF_MAX 3000

static void dial_later(struct sim *s, size_t pair, uint64_t ms)
{
	struct sim_event *e = sim_after(s, ms, SIM_DIAL);

	e->number = pair;
	e->side = (int)rng_below(&s->rng, 2);
}

void net_dial_again(struct sim *s, size_t pair)
{
	struct pair *p = &s->pairs[pair];

	/* one that was dropped at once is not dialled at once */
	p->back_off = p->back_off ? 2 * p->back_off : BACK_OFF_MIN;
	if (p->back_off > BACK_OFF_MAX)
		p->back_off = BACK_OFF_MAX;
	dial_later(s, pair, sim_between(s, p->back_off / 2, p->back_off));
}

static bool is_up(struct sim *s, size_t end)
{
	struct host *h = host_of(s, end);

	return h ? h->node != NULL : !s->healed;
}

static bool is_refused(struct sim *s, size_t by, size_t end)
{
	struct host *h = host_of(s, by);

	return h && h->ban_until[end] > s->now;
}

static bool can_dial(struct sim *s, const struct pair *p)
{
	size_t a = p->end[0], b = p->end[1];

	return is_up(s, a) && is_up(s, b) && !s->blocked[a][b] &&
	       !s->blocked[b][a] && !is_refused(s, a, b) &&
	       !is_refused(s, b, a);
}

static void connect(struct sim *s, size_t pair, int dialler)
{
	struct pair *p = &s->pairs[pair];
	struct conn *c = xcalloc(1, sizeof(*c));
	int side;

	c->number = ++s->next_conn;
	c->pair = pair;
	c->end[0] = p->end[dialler];
	c->end[1] = p->end[!dialler];
	s->conns = xrealloc(s->conns, s->conn_count + 1, sizeof(*s->conns));
	s->conns[s->conn_count++] = c;
	p->conns++;
	s->stats.connections++;
	for (side = 0; side < 2; side++) {
		c->arrives[side] = s->now + net_delay(s);
		net_on_conn(s, c->arrives[side], SIM_UP, c, side);
	}
}

/* twin: whatever connection there is already. */
void net_dial(struct sim *s, size_t pair, int side, bool twin)
{
	struct pair *p = &s->pairs[pair];

	if (p->conns && !twin)
		return;
	if (!can_dial(s, p)) {
		if (!twin)
			net_dial_again(s, pair);
		return;
	}
	connect(s, pair, side);
	if (s->weather.double_dials && !s->healed && !twin && sim_chance(s, 30))
		net_dial(s, pair, !side, true);
}

static void add_pair(struct sim *s, size_t a, size_t b)
{
	s->pairs = xrealloc(s->pairs, s->pair_count + 1, sizeof(*s->pairs));
	s->pairs[s->pair_count] = (struct pair){.end = {a, b}};
	dial_later(s, s->pair_count++, sim_between(s, 0, 500));
}

static bool is_pair(const struct sim *s, size_t a, size_t b)
{
	size_t i;

	for (i = 0; i < s->pair_count; i++)
		if ((s->pairs[i].end[0] == a && s->pairs[i].end[1] == b) ||
		    (s->pairs[i].end[0] == b && s->pairs[i].end[1] == a))
			return true;
	return false;
}

/* Those who are honest find each other without the help of others, or no
 * engine could do anything. */
static void join_honest(struct sim *s)
{
	size_t i, last = SIZE_MAX;

	for (i = 0; i < s->host_count; i++) {
		if (!check_counts(s, &s->hosts[i]))
			continue;
		if (last != SIZE_MAX && !is_pair(s, last, i))
			add_pair(s, last, i);
		last = i;
	}
}

/* All know the observer, and nobody else. */
static void make_star(struct sim *s)
{
	size_t i;

	s->stats.stars++;
	for (i = 0; i < s->host_count; i++)
		if (i != s->n)
			add_pair(s, s->n, i);
}

/* Full mesh, ring, or a ring with some chords. */
static void make_shape(struct sim *s)
{
	uint64_t shape = rng_below(&s->rng, 3);
	size_t a, b, n = s->host_count;

	for (a = 0; a < n; a++)
		for (b = a + 1; b < n; b++)
			if (shape == 0 || b == a + 1 ||
			    (a == 0 && b == n - 1) ||
			    (shape == 2 && sim_chance(s, 35)))
				add_pair(s, a, b);
	if (s->engine->certifies)
		join_honest(s);
}

void net_make(struct sim *s)
{
	size_t a, b, n = s->host_count;

	if (s->engine->certifies && s->weather.observers && sim_chance(s, 40))
		make_star(s);
	else
		make_shape(s);
	for (a = n; a < n + s->weather.attackers; a++)
		for (b = 0; b < n; b++)
			if (b == a % n || sim_chance(s, 50))
				add_pair(s, a, b);
}

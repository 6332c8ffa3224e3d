/* SPDX-License-Identifier: MIT */
/*
 * Connections between ends (hosts, then attackers). As TCP: in order, and
 * what is lost ends the connection; a seed may also drop, double and reorder
 * single messages.
 */
#include <stdlib.h>

#include "sim/sim.h"

static struct conn *net_conn(struct sim *s, uint64_t number)
{
	size_t i;

	for (i = 0; i < s->conn_count; i++)
		if (s->conns[i]->number == number)
			return s->conns[i];
	return NULL;
}

/* The connection that an end knows under this name. */
struct conn *net_conn_of(struct sim *s, size_t end, uint64_t name)
{
	size_t i;
	int side;

	for (i = 0; i < s->conn_count; i++)
		for (side = 0; side < 2; side++)
			if (s->conns[i]->end[side] == end &&
			    s->conns[i]->name[side] == name)
				return s->conns[i];
	return NULL;
}

static int side_of(const struct conn *c, size_t end)
{
	return c->end[1] == end;
}

uint64_t net_delay(struct sim *s)
{
	return s->weather.latency + sim_between(s, 0, s->weather.jitter);
}

struct sim_event *net_on_conn(struct sim *s, uint64_t at, enum sim_kind kind,
			      const struct conn *c, int side)
{
	struct sim_event *e = sim_at(s, at, kind);

	e->number = c->number;
	e->side = side;
	return e;
}

/* --- the end of a connection -------------------------------------------- */

static void forget(struct sim *s, struct conn *c)
{
	struct pair *p = &s->pairs[c->pair];
	size_t pair = c->pair, i;

	for (i = 0; s->conns[i] != c; i++)
		;
	s->conns[i] = s->conns[--s->conn_count];
	free(c);
	if (--p->conns)
		return;
	net_dial_again(s, pair);
}

/* That side hears at that time that it is over. */
static void leave(struct sim *s, struct conn *c, int side, uint64_t at)
{
	if (c->leaving[side])
		return;
	c->leaving[side] = true;
	net_on_conn(s, at, SIM_GONE, c, side);
}

static void cut(struct sim *s, struct conn *c)
{
	int side;

	for (side = 0; side < 2; side++) {
		c->deaf[side] = true;
		leave(s, c, side, s->now + net_delay(s));
	}
}

void net_close(struct sim *s, size_t from, uint64_t name)
{
	struct conn *c = net_conn_of(s, from, name);
	uint64_t at = s->now + net_delay(s);
	int side;

	if (!c || c->deaf[side = side_of(c, from)])
		return;
	c->deaf[side] = true;
	leave(s, c, side, s->now);
	leave(s, c, !side, at > c->arrives[!side] ? at : c->arrives[!side]);
}

void net_crash(struct sim *s, size_t end)
{
	size_t i;
	int side;

	for (i = s->conn_count; i-- > 0;) {
		struct conn *c = s->conns[i];

		if (c->end[0] != end && c->end[1] != end)
			continue;
		side = side_of(c, end);
		c->up[side] = false;
		cut(s, c);
	}
}

void net_reset_one(struct sim *s)
{
	if (!s->conn_count)
		return;
	cut(s, s->conns[rng_below(&s->rng, s->conn_count)]);
	s->stats.resets++;
}

void net_reset_stalled(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->conn_count; i++)
		if (s->conns[i]->stalled)
			cut(s, s->conns[i]);
}

/* What goes across a partition is cut at once. */
void net_reset_between(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->conn_count; i++) {
		struct conn *c = s->conns[i];

		if (s->blocked[c->end[0]][c->end[1]] ||
		    s->blocked[c->end[1]][c->end[0]])
			cut(s, c);
	}
}

void net_ban(struct sim *s, struct host *h, uint64_t name, uint64_t ms)
{
	struct conn *c = net_conn_of(s, h->number, name);
	size_t other;

	if (!c)
		return;
	other = c->end[!side_of(c, h->number)];
	h->ban_until[other] = s->now + ms;
	if (!host_of(s, other) || host_of(s, other)->silence)
		s->stats.bans++;
	else if (!s->weather.drop && !s->weather.twice && !s->weather.reorder)
		sim_fail(s, "host %zu bans host %zu, which is honest",
			 h->number, other);
}

/* --- messages ----------------------------------------------------------- */

static void put_message(struct sim *s, struct conn *c, int side, uint64_t at,
			enum message_type type, struct span body)
{
	struct sim_event *e = net_on_conn(s, at, SIM_MESSAGE, c, side);

	e->type = type;
	buf_append_span(&e->body, body);
}

/* What TCP never does; true when the message is gone. */
static bool mistreat(struct sim *s, struct conn *c, int side,
		     enum message_type type, struct span body)
{
	uint64_t dice = rng_below(&s->rng, 1000);

	if (dice < s->weather.drop) {
		s->stats.dropped++;
		return true;
	}
	dice -= s->weather.drop;
	if (dice >= s->weather.twice + s->weather.reorder)
		return false;
	s->stats.dropped++;
	put_message(s, c, side, c->arrives[side] + sim_between(s, 1, 500), type,
		    body);
	return dice >= s->weather.twice;
}

void net_send(struct sim *s, size_t from, uint64_t name, enum message_type type,
	      struct buf *body)
{
	struct conn *c = net_conn_of(s, from, name);
	struct sim_event *e;
	uint64_t at;
	int side;

	if (!c || c->deaf[side_of(c, from)])
		return; /* lost, as it may be */
	side = !side_of(c, from);
	if (host_of(s, from) && host_of(s, from)->silence &&
	    !byzantine_says(s, host_of(s, from), c->end[side], type))
		return;
	at = s->now + net_delay(s);
	if (at > c->arrives[side])
		c->arrives[side] = at;
	if (!s->healed &&
	    s->weather.drop + s->weather.twice + s->weather.reorder &&
	    mistreat(s, c, side, type, buf_span(body)))
		return;
	e = net_on_conn(s, c->arrives[side], SIM_MESSAGE, c, side);
	e->type = type;
	e->body = *body;
	*body = (struct buf){0};
}

static void message(struct sim *s, struct conn *c, const struct sim_event *e)
{
	struct host *h = host_of(s, c->end[e->side]);
	struct node_event event = {.kind = EVENT_MESSAGE,
				   .peer = c->name[e->side],
				   .type = e->type,
				   .body = buf_span(&e->body)};

	if (c->deaf[e->side] || !c->up[e->side])
		return;
	if (c->stalled || s->blocked[c->end[!e->side]][c->end[e->side]]) {
		c->stalled = true;
		return;
	}
	s->stats.messages++;
	s->pairs[c->pair].back_off = 0;
	sim_fold(s, event.body.len);
	if (h)
		host_step(s, h, &event);
	else
		attacker_message(s, c->end[e->side], event.peer, e->type,
				 event.body);
}

static void up(struct sim *s, struct conn *c, int side)
{
	struct host *h = host_of(s, c->end[side]);
	struct host *other = host_of(s, c->end[!side]);
	struct node_event event = {.kind = EVENT_CONNECTED,
				   .peer = ++s->next_conn,
				   .inbound = side == 1,
				   .has_id = true,
				   .where = "192.0.2.1:4999"};

	if (c->deaf[side])
		return;
	c->up[side] = true;
	c->name[side] = event.peer;
	if (!h) {
		attacker_up(s, c->end[side], event.peer, side == 0);
		return;
	}
	if (other)
		event.id = other->id;
	else
		event.id =
			s->attackers[c->end[!side] - s->host_count].key.address;
	host_step(s, h, &event);
}

static void gone(struct sim *s, struct conn *c, int side)
{
	struct node_event event = {.kind = EVENT_DISCONNECTED,
				   .peer = c->name[side]};
	struct host *h = host_of(s, c->end[side]);
	bool was_up = c->up[side];
	size_t end = c->end[side];

	c->up[side] = false;
	c->deaf[side] = true;
	c->over[side] = true;
	if (c->over[!side])
		forget(s, c);
	else if (!c->leaving[!side])
		BUG("one side alone is gone");
	if (was_up && h)
		host_step(s, h, &event);
	else if (was_up)
		attacker_gone(s, end, event.peer);
}

void net_event(struct sim *s, struct sim_event *e)
{
	struct conn *c = net_conn(s, e->number);

	if (!c)
		return;
	sim_trace(s, "connection %llu of %zu and %zu, to %zu: %s",
		  (unsigned long long)c->number, c->end[0], c->end[1],
		  c->end[e->side],
		  e->kind == SIM_MESSAGE ? message_letters(e->type)
		  : e->kind == SIM_UP	 ? "up"
					 : "gone");
	if (e->kind == SIM_MESSAGE)
		message(s, c, e);
	else if (e->kind == SIM_UP)
		up(s, c, e->side);
	else
		gone(s, c, e->side);
}

void net_release(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->conn_count; i++)
		free(s->conns[i]);
	free(s->conns);
	free(s->pairs);
}

/* SPDX-License-Identifier: MIT */
/*
 * Other nodes: from their connection to its end, and who looks at what they
 * say. A peer that is dropped stays in the list as PEER_LEAVING until its
 * connection is gone, so that nobody holds a pointer to nothing within a
 * step.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/bft.h"
#include "node/peers_internal.h"

struct peers *peers_new(struct node *n)
{
	struct peers *ps = xcalloc(1, sizeof(*ps));

	ps->bans = map_new(ADDRESS_LEN, rng_next(&n->rng));
	return ps;
}

static void peer_release(struct node *n, struct peer *p)
{
	if (p->since && !p->gone_told) {
		p->gone_told = true;
		gossip_peer_gone(n, p);
		sync_peer_gone(n, p);
		room_peer_gone(n, p);
	}
}

void peers_free(struct peers *ps)
{
	size_t i, at = 0;
	void *ban;

	if (!ps)
		return;
	for (i = 0; i < ps->count; i++) {
		gossip_peer_free(ps->list[i]->gossip);
		sync_peer_free(ps->list[i]->sync);
		room_peer_free(ps->list[i]->bft);
		free(ps->list[i]);
	}
	while (map_next(ps->bans, &at, NULL, &ban))
		free(ban);
	map_free(ps->bans);
	free(ps->list);
	free(ps);
}

void peers_due(struct node *n, uint64_t at)
{
	if (at < n->peers->due)
		n->peers->due = at;
	node_wake(n, at);
}

/* The place of the first peer with a number of at least this. */
static size_t lower(const struct peers *ps, uint64_t number)
{
	size_t lo = 0, hi = ps->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (ps->list[mid]->number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct peer *peer_find(struct node *n, uint64_t number)
{
	const struct peers *ps = n->peers;
	size_t at = lower(ps, number);

	if (at == ps->count || ps->list[at]->number != number)
		return NULL;
	return ps->list[at];
}

struct peer *peers_next(struct node *n, size_t *at)
{
	const struct peers *ps = n->peers;

	while (*at < ps->count) {
		struct peer *p = ps->list[(*at)++];

		if (p->stage == PEER_READY)
			return p;
	}
	return NULL;
}

size_t peers_ready(const struct node *n)
{
	size_t i, count = 0;

	for (i = 0; i < n->peers->count; i++)
		count += n->peers->list[i]->stage == PEER_READY;
	return count;
}

struct peer *peers_pick(struct node *n)
{
	size_t count = peers_ready(n), at = 0, skip;
	struct peer *p = NULL;

	if (!count)
		return NULL;
	for (skip = rng_below(&n->rng, count) + 1; skip; skip--)
		p = peers_next(n, &at);
	return p;
}

void peer_send(struct node *n, struct peer *p, enum message_type type,
	       struct buf *body)
{
	struct effect *effect;

	if (p->stage == PEER_LEAVING) {
		buf_release(body);
		return;
	}
	if (body->len > message_bytes_max(type))
		BUG("a message longer than its kind may be");
	budget_sent(p, type, body->len);
	effect = effects_add(n->effects, EFFECT_SEND);
	effect->peer = p->number;
	effect->type = type;
	effect->body = *body;
	*body = (struct buf){0};
}

static void say_bye(struct node *n, struct peer *p, const char *code,
		    const char *text)
{
	struct msg_bye bye = {span_str(code), span_str(text)};
	struct buf body = {0};

	msg_bye_encode(&body, &bye);
	peer_send(n, p, MSG_BYE, &body);
}

void peer_end(struct node *n, struct peer *p, const char *code,
	      const char *text, uint64_t ban_ms, enum notice level)
{
	struct effect *effect;

	if (p->stage == PEER_LEAVING)
		return;
	if (code && ban_ms)
		node_log(n, level, "banned %s: %s", p->where, text);
	else if (code)
		/* the text is as the other reads it: "you" is the other */
		node_log(n, level, "%s %s: %s; told it: %s",
			 p->stage == PEER_NEW ? "refused" : "dropped", p->where,
			 code, text);
	if (code)
		say_bye(n, p, code, text);
	p->stage = PEER_LEAVING;
	effect = effects_add(n->effects, EFFECT_DROP);
	effect->peer = p->number;
	effect->ban_ms = ban_ms;
	fault_set(&effect->fault, ERR_OK, "", "%s", text);
	peers_due(n, n->now);
}

void peer_drop(struct node *n, struct peer *p, const char *code,
	       const char *fmt, ...)
{
	char text[BYE_TEXT_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	peer_end(n, p, code, text, 0, NOTICE_INFO);
}

/* Places for those that did not greet yet are bounded, too; who takes them
 * all must not keep an authority out. */
static bool too_many(const struct node *n, const struct peer *p)
{
	if (p->has_id && n->engine->ops->is_authority(n->engine, &p->id))
		return false;
	return n->peers->count >
	       rules_places(chain_rules(n->chain)) + UNGREETED_MAX;
}

void peers_connected(struct node *n, const struct node_event *e)
{
	struct peers *ps = n->peers;
	struct peer *p = xcalloc(1, sizeof(*p));

	if (ps->count && ps->list[ps->count - 1]->number >= e->peer)
		BUG("the numbers of connections do not rise");
	p->number = e->peer;
	p->inbound = e->inbound;
	p->has_id = e->has_id;
	if (e->has_id)
		p->id = e->id;
	snprintf(p->where, sizeof(p->where), "%s", e->where ? e->where : "");
	p->connected = p->heard = p->score_at = n->now;
	p->hello_by = n->now + HELLO_MS;
	budget_init(p, n->now);
	if (ps->count == ps->cap) {
		ps->cap = ps->cap ? 2 * ps->cap : 16;
		ps->list = xrealloc(ps->list, ps->cap, sizeof(*ps->list));
	}
	ps->list[ps->count++] = p;
	peers_due(n, p->hello_by);
	if (p->inbound && too_many(n, p))
		peer_drop(n, p, "too_many_peers",
			  "too many connections wait for their hello");
	else if (!p->inbound)
		hello_send(n, p, MSG_HEY);
}

void peers_disconnected(struct node *n, const struct node_event *e)
{
	struct peers *ps = n->peers;
	size_t at = lower(ps, e->peer);
	struct peer *p;

	if (at == ps->count || ps->list[at]->number != e->peer)
		return;
	p = ps->list[at];
	if (p->stage == PEER_READY)
		node_log(n, NOTICE_INFO, "%s is gone", p->where);
	p->stage = PEER_LEAVING;
	peer_release(n, p);
	ps->count--;
	memmove(ps->list + at, ps->list + at + 1,
		(ps->count - at) * sizeof(struct peer *));
	free(p);
}

/* A node that knows nothing but a genesis hash asks for the rules before it
 * can make a hello. Every piece gives it time for the next. */
static void genesis_asked(struct node *n, struct peer *p,
			  const struct node_event *e)
{
	if (p->pieces++ == GENESIS_PIECES_MAX) {
		peer_drop(n, p, "over_budget",
			  "asked for more than %d pieces of the genesis",
			  GENESIS_PIECES_MAX);
		return;
	}
	if (!budget_take(n, p, e->type, e->body.len))
		return;
	p->hello_by = n->now + HELLO_MS;
	sync_message(n, p, e->type, e->body);
}

/* Who was dialled says ACK or BYE first: without it there is no way on, and
 * dialling again is. */
static void unexpected_before_hello(struct node *n, struct peer *p,
				    const struct node_event *e)
{
	peer_fault(n, p, FAULT_UNEXPECTED, "%s before a hello",
		   message_letters(e->type));
	if (!p->inbound)
		peer_drop(n, p, "unexpected", "%s in place of a hello",
			  message_letters(e->type));
}

static void message_before_hello(struct node *n, struct peer *p,
				 const struct node_event *e)
{
	if (e->type == MSG_BYE)
		bye_received(n, p, e->body);
	else if (e->type == (p->inbound ? MSG_HEY : MSG_ACK))
		hello_received(n, p, e->body);
	else if (e->type == MSG_RGK && p->inbound)
		genesis_asked(n, p, e);
	else
		unexpected_before_hello(n, p, e);
}

static void message_of_ready(struct node *n, struct peer *p,
			     const struct node_event *e)
{
	switch (e->type) {
	case MSG_HEY:
	case MSG_ACK:
		peer_fault(n, p, FAULT_UNEXPECTED, "a second hello");
		break;
	case MSG_BYE:
		bye_received(n, p, e->body);
		break;
	case MSG_RBH:
		ping_received(n, p, e->body);
		break;
	case MSG_BLH:
		pong_received(n, p, e->body);
		break;
	case MSG_RAD:
		addresses_asked(n, p, e->body);
		break;
	case MSG_ADR:
		addresses_received(n, p, e->body);
		break;
	case MSG_TXA:
	case MSG_TXQ:
	case MSG_TXN:
		gossip_message(n, p, e->type, e->body);
		break;
	case MSG_RHD:
	case MSG_AHD:
	case MSG_RBL:
	case MSG_ABL:
	case MSG_BLK:
	case MSG_RGK:
	case MSG_EVD:
		sync_message(n, p, e->type, e->body);
		break;
	case MSG_GLK:
		peer_fault(n, p, FAULT_UNEXPECTED,
			   "a genesis that was not asked for");
		break;
	case MSG_PRP:
	case MSG_VOT:
	case MSG_RCH:
	case MSG_RPB:
	case MSG_APB:
	case MSG_CRT:
	case MSG_LNK:
	case MSG_EVV:
		room_message(n, p, e->type, e->body);
		break;
	case MESSAGE_TYPE_COUNT:
		break;
	}
}

void peers_message(struct node *n, const struct node_event *e)
{
	struct peer *p = peer_find(n, e->peer);

	if (!p || p->stage == PEER_LEAVING)
		return;
	p->heard = n->now;
	if ((unsigned)e->type >= MESSAGE_TYPE_COUNT)
		peer_fault(n, p, FAULT_MALFORMED, "an unknown message");
	else if (e->body.len > message_bytes_max(e->type))
		peer_fault(n, p, FAULT_MALFORMED, "%s of %zu bytes",
			   message_letters(e->type), e->body.len);
	else if (p->stage == PEER_NEW)
		message_before_hello(n, p, e);
	else if (budget_take(n, p, e->type, e->body.len))
		message_of_ready(n, p, e);
}

/* One peer's timers; when to look at it again. 0: nothing is awaited. */
static uint64_t tick_one(struct node *n, struct peer *p)
{
	switch (p->stage) {
	case PEER_NEW:
		if (n->now < p->hello_by)
			return p->hello_by;
		peer_drop(n, p, "timeout", "no hello within %d s",
			  HELLO_MS / 1000);
		return 0;
	case PEER_READY:
		return ping_tick(n, p);
	case PEER_LEAVING:
		break;
	}
	return 0;
}

static void ask_one_for_addresses(struct node *n)
{
	uint64_t pause =
		peers_ready(n) < PEERS_FEW ? ADDRESSES_FEW_MS : ADDRESSES_MS;
	struct peer *p;

	if (n->now < n->peers->asked_addresses + pause)
		return;
	n->peers->asked_addresses = n->now;
	p = peers_pick(n);
	if (p)
		addresses_ask(n, p);
}

void peers_tick(struct node *n)
{
	struct peers *ps = n->peers;
	uint64_t at, due = UINT64_MAX;
	size_t i;

	if (!ps->count)
		ps->due = UINT64_MAX;
	if (n->now >= ps->due) {
		for (i = 0; i < ps->count; i++) {
			at = tick_one(n, ps->list[i]);
			if (at && at < due)
				due = at;
		}
		ask_one_for_addresses(n);
		for (i = 0; i < ps->count; i++)
			if (ps->list[i]->stage == PEER_LEAVING)
				peer_release(n, ps->list[i]);
		ps->due = due;
	}
	if (ps->due != UINT64_MAX)
		node_wake(n, ps->due);
}

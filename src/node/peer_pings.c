/* SPDX-License-Identifier: MIT */
/*
 * What ready peers tell each other now and then: their tips, their clocks,
 * and where other nodes are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "node/bft.h"
#include "node/peers_internal.h"

/* Clocks that differ by more than this many ms differ by so much. */
#define OFFSET_MAX (INT64_C(1) << 50)

static int64_t offset_of(uint64_t theirs, uint64_t ours)
{
	uint64_t apart = theirs > ours ? theirs - ours : ours - theirs;
	int64_t ms = apart < OFFSET_MAX ? (int64_t)apart : OFFSET_MAX;

	return theirs > ours ? ms : -ms;
}

/* How far clocks may differ before anything suffers, and by what name. */
static int64_t clock_limit(const struct node *n, const char **what)
{
	const struct rules *rules = chain_rules(n->chain);

	if (n->engine->ops->certifies) {
		*what = "max_drift";
		return (int64_t)rules->max_drift_ms;
	}
	*what = "half a slot";
	return rules->slot_ms / 2 > 500 ? (int64_t)(rules->slot_ms / 2) : 500;
}

void peer_clock(struct node *n, struct peer *p, uint64_t clock,
		int64_t round_trip)
{
	const char *what;
	int64_t limit = clock_limit(n, &what);

	if (round_trip >= 0)
		p->round_trip = (uint64_t)round_trip;
	/* it was written half a round trip ago */
	p->clock_offset = offset_of(clock, n->now);
	p->clock_offset += (int64_t)(p->round_trip / 2);
	if (p->clock_offset >= -limit && p->clock_offset <= limit)
		return;
	if (p->clock_warned && n->now < p->clock_warned + 10 * MINUTE_MS)
		return;
	p->clock_warned = n->now;
	node_log(n, NOTICE_WARNING,
		 "the clock of %s is %" PRId64 " ms %s ours: more than %s "
		 "(%" PRId64 " ms)",
		 p->where,
		 p->clock_offset < 0 ? -p->clock_offset : p->clock_offset,
		 p->clock_offset < 0 ? "behind" : "ahead of", what, limit);
}

/* --- pings ------------------------------------------------------------- */

static void send_tip(struct node *n, struct peer *p, enum message_type type,
		     uint64_t number)
{
	const struct chain_tip *tip = chain_tip(n->chain);
	struct msg_tip m = {
		.height = tip->height,
		.tip = tip->hash,
		.settled = node_settled(n),
		.clock = n->now,
		.number = number,
	};
	struct buf body = {0};

	msg_tip_encode(&body, &m);
	peer_send(n, p, type, &body);
}

static void take_tip(struct node *n, struct peer *p, const struct msg_tip *m)
{
	p->height = m->height;
	p->tip = m->tip;
	p->settled = m->settled;
	sync_peer_tip(n, p);
	room_peer_tip(n, p);
}

void ping_received(struct node *n, struct peer *p, struct span body)
{
	struct msg_tip m;

	if (msg_tip_decode(&m, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "a ping that cannot be read");
		return;
	}
	send_tip(n, p, MSG_BLH, m.number);
	peer_clock(n, p, m.clock, -1);
	take_tip(n, p, &m);
}

void pong_received(struct node *n, struct peer *p, struct span body)
{
	struct msg_tip m;

	if (msg_tip_decode(&m, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "a pong that cannot be read");
		return;
	}
	if (!p->ping || m.number != p->ping) {
		peer_fault(n, p, FAULT_UNEXPECTED, "a pong without a ping");
		return;
	}
	p->ping = 0;
	/* not all at once: nodes that started together drift apart */
	p->next_ping = p->ping_sent + PING_MS - PING_MS / 10 +
		       rng_below(&n->rng, PING_MS / 5);
	peers_due(n, p->next_ping);
	peer_clock(n, p, m.clock,
		   n->now > p->ping_sent ? (int64_t)(n->now - p->ping_sent)
					 : 0);
	take_tip(n, p, &m);
}

uint64_t ping_tick(struct node *n, struct peer *p)
{
	if (p->ping) {
		if (n->now < p->ping_sent + PING_TIMEOUT_MS)
			return p->ping_sent + PING_TIMEOUT_MS;
		peer_drop(n, p, "timeout", "no answer to a ping within %d s",
			  PING_TIMEOUT_MS / 1000);
		return 0;
	}
	if (n->now < p->next_ping)
		return p->next_ping;
	p->ping = ++p->pings;
	p->ping_sent = n->now;
	send_tip(n, p, MSG_RBH, p->ping);
	return p->ping_sent + PING_TIMEOUT_MS;
}

/* --- addresses --------------------------------------------------------- */

void addresses_ask(struct node *n, struct peer *p)
{
	struct buf body = {0};

	msg_ask_addresses_encode(&body);
	peer_send(n, p, MSG_RAD, &body);
}

/* Of host:port, both without the colon. */
static struct span host_part(struct span text, struct span *port)
{
	size_t colon = text.len;

	while (colon && text.data[colon - 1] != ':')
		colon--;
	*port = SPAN(text.data + colon, text.len - colon);
	return SPAN(text.data, colon ? colon - 1 : 0);
}

/* On all addresses, whoever sees it knows which one it is. */
static bool is_any(struct span host)
{
	return span_eq(host, span_str("0.0.0.0")) ||
	       span_eq(host, span_str("[::]"));
}

/*
 * Where others may dial a peer; false: nobody knows. Where we dialled ourselves
 * there is a node. An address that a peer just claims could be anybody's, so
 * it may name its port alone: the host is where its connection comes from.
 */
static bool told_as(char out[ADDRESS_TEXT_MAX + 1], const struct peer *p)
{
	struct span from, port, host, unused;

	if (!p->inbound) {
		snprintf(out, ADDRESS_TEXT_MAX + 1, "%s", p->where);
		return address_text_ok(span_str(out));
	}
	host = host_part(span_str(p->listen), &port);
	from = host_part(span_str(p->where), &unused);
	if (!span_eq(host, from) && !is_any(host))
		return false;
	snprintf(out, ADDRESS_TEXT_MAX + 1, "%.*s:%.*s", (int)from.len,
		 (const char *)from.data, (int)port.len,
		 (const char *)port.data);
	return address_text_ok(span_str(out));
}

void addresses_asked(struct node *n, struct peer *p, struct span body)
{
	char where[ADDRESS_TEXT_MAX + 1];
	struct buf list = {0}, out = {0};
	size_t at = 0, count = 0, skip = 0;
	struct peer *q;

	if (msg_ask_addresses_decode(body)) {
		peer_fault(n, p, FAULT_MALFORMED, "RAD cannot be read");
		return;
	}
	if (p->addresses_told && n->now < p->addresses_told + MINUTE_MS)
		return;
	p->addresses_told = n->now;
	while ((q = peers_next(n, &at)))
		count += q != p && told_as(where, q);
	if (count > MSG_ADDRESSES_MAX) /* any run of them */
		skip = rng_below(&n->rng, count - MSG_ADDRESSES_MAX + 1);
	at = count = 0;
	while (count < MSG_ADDRESSES_MAX && (q = peers_next(n, &at))) {
		if (q == p || !told_as(where, q) || (skip && skip--))
			continue;
		mp_bin(&list, span_str(where));
		count++;
	}
	mp_array(&out, count);
	buf_append_span(&out, buf_span(&list));
	buf_release(&list);
	peer_send(n, p, MSG_ADR, &out);
}

static bool addresses_ok(struct span body)
{
	struct msg_list list;
	struct span raw, text;

	if (msg_list_begin(&list, body, MSG_ADDRESSES_MAX))
		return false;
	while (msg_list_next(&list, &raw))
		if (msg_address_decode(&text, raw) || !address_text_ok(text))
			return false;
	return true;
}

void addresses_received(struct node *n, struct peer *p, struct span body)
{
	struct effect *effect;

	if (!budget_awaited(p, MSG_ADR)) {
		peer_fault(n, p, FAULT_UNEXPECTED,
			   "addresses that were not asked for");
		return;
	}
	if (!addresses_ok(body)) {
		peer_fault(n, p, FAULT_MALFORMED, "addresses that are none");
		return;
	}
	effect = effects_add(n->effects, EFFECT_NOTIFY);
	effect->notify = NOTIFY_ADDRESSES;
	effect->peer = p->number;
	buf_append_span(&effect->body, body);
}

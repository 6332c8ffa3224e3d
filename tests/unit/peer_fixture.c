/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "peer_fixture.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"

/* --- what the driver's node told --------------------------------------- */

static void take_out(struct driver *d, size_t i)
{
	struct effects *t = &d->told;

	buf_release(&t->list[i].body);
	t->count--;
	memmove(t->list + i, t->list + i + 1,
		(t->count - i) * sizeof(*t->list));
}

bool sent(struct driver *d, uint64_t peer, enum message_type type,
	  struct buf *out)
{
	size_t i;

	for (i = 0; i < d->told.count; i++) {
		struct effect *e = &d->told.list[i];

		if (e->kind != EFFECT_SEND || e->peer != peer ||
		    e->type != type)
			continue;
		if (out) {
			*out = e->body;
			e->body = (struct buf){0};
		}
		take_out(d, i);
		return true;
	}
	return false;
}

bool sent_bye(struct driver *d, uint64_t peer, const char *code)
{
	struct buf body = {0};
	struct msg_bye bye;
	bool same;

	if (!sent(d, peer, MSG_BYE, &body))
		return false;
	ck_assert_int_eq(msg_bye_decode(&bye, buf_span(&body)), ERR_OK);
	same = span_eq(bye.code, span_str(code));
	buf_release(&body);
	return same;
}

bool dropped(struct driver *d, uint64_t peer, uint64_t *ban_ms)
{
	size_t i;

	for (i = 0; i < d->told.count; i++) {
		struct effect *e = &d->told.list[i];

		if (e->kind != EFFECT_DROP || e->peer != peer)
			continue;
		if (ban_ms)
			*ban_ms = e->ban_ms;
		take_out(d, i);
		return true;
	}
	return false;
}

bool logged(struct driver *d, const char *a, const char *b)
{
	size_t i;

	for (i = 0; i < d->told.count; i++) {
		const struct effect *e = &d->told.list[i];

		if (e->kind == EFFECT_NOTIFY && e->notify == NOTIFY_LOG &&
		    strstr(e->fault.detail, a) && strstr(e->fault.detail, b))
			return true;
	}
	return false;
}

bool notified(struct driver *d, enum notify_kind kind, uint64_t peer)
{
	size_t i;

	for (i = 0; i < d->told.count; i++) {
		const struct effect *e = &d->told.list[i];

		if (e->kind == EFFECT_NOTIFY && e->notify == kind &&
		    e->peer == peer)
			return true;
	}
	return false;
}

void forget_told(struct driver *d)
{
	effects_reset(&d->told);
}

/* --- made up peers ----------------------------------------------------- */

static void connect_as(struct driver *d, uint64_t peer, bool inbound,
		       const struct address *id, const char *where)
{
	struct node_event e = {.kind = EVENT_CONNECTED,
			       .peer = peer,
			       .inbound = inbound,
			       .has_id = id != NULL,
			       .where = where};

	if (id)
		e.id = *id;
	driver_step(d, &e);
}

void fake_connect(struct driver *d, uint64_t peer, bool inbound, unsigned id)
{
	struct address a = test_address(id);
	char where[32];

	snprintf(where, sizeof(where), "peer%" PRIu64 ":1", peer);
	connect_as(d, peer, inbound, id ? &a : NULL, where);
}

void fake_gone(struct driver *d, uint64_t peer)
{
	struct node_event e = {.kind = EVENT_DISCONNECTED, .peer = peer};

	driver_step(d, &e);
}

void fake_say(struct driver *d, uint64_t peer, enum message_type type,
	      struct buf *body)
{
	struct node_event e = {.kind = EVENT_MESSAGE,
			       .peer = peer,
			       .type = type,
			       .body = buf_span(body)};

	driver_step(d, &e);
	buf_release(body);
}

struct msg_hello fake_hello(const struct driver *d, unsigned id)
{
	struct node_tip tip;

	node_tip(d->node, &tip);
	return (struct msg_hello){
		.version = PROTOCOL_VERSION,
		.genesis = *node_genesis_hash(d->node),
		.upgrades = d->network.upgrades,
		.id = test_address(id),
		.instance = 1000 + id,
		.listen = span_str("10.0.0.1:4999"),
		.height = tip.height,
		.tip = tip.hash,
		.clock = d->now,
		.agent = span_str("fake/1"),
	};
}

void fake_say_hello(struct driver *d, uint64_t peer, enum message_type type,
		    const struct msg_hello *m)
{
	struct buf body = {0};

	msg_hello_encode(&body, m);
	fake_say(d, peer, type, &body);
}

void fake_peer(struct driver *d, uint64_t peer, bool inbound, unsigned id)
{
	struct msg_hello m = fake_hello(d, id);
	struct peer_info info;

	fake_connect(d, peer, inbound, id);
	fake_say_hello(d, peer, inbound ? MSG_HEY : MSG_ACK, &m);
	ck_assert(info_of(d, peer, &info));
	forget_told(d);
}

void fake_tip(struct driver *d, uint64_t peer, enum message_type type,
	      uint64_t clock, uint64_t number)
{
	struct msg_tip m = {.clock = clock, .number = number};
	struct buf body = {0};
	struct node_tip tip;

	/* no further than the node, which else asks for what nobody has */
	node_tip(d->node, &tip);
	m.height = tip.height;
	m.tip = tip.hash;

	msg_tip_encode(&body, &m);
	fake_say(d, peer, type, &body);
}

void fake_hashes(struct driver *d, uint64_t peer, enum message_type type,
		 const struct hash *list, size_t count)
{
	struct buf body = {0};

	msg_hashes_encode(&body, list, count);
	fake_say(d, peer, type, &body);
}

void fake_txs(struct driver *d, uint64_t peer, const struct span *txs,
	      size_t count)
{
	struct buf body = {0};
	size_t i;

	mp_array(&body, count);
	for (i = 0; i < count; i++)
		buf_append_span(&body, txs[i]);
	fake_say(d, peer, MSG_TXN, &body);
}

void fake_sign(struct driver *d, struct vote *v, unsigned number)
{
	struct address self = test_address(number);
	struct secret_key *key = test_key(number);
	struct buf signature = {0};
	struct bft_member m;
	struct hash h;
	size_t i = 0;

	do
		ck_assert(node_bft_member(d->node, i, d->now, &m));
	while (!address_eq(&m.who->account, &self) && ++i);
	v->signer = (uint16_t)i;
	vote_digest(&h, v, node_genesis_hash(d->node));
	ck_assert(!secret_key_sign(key, &signature, &h));
	v->signature_len = (uint16_t)signature.len;
	memcpy(v->signature, signature.data, signature.len);
	buf_release(&signature);
	secret_key_free(key);
}

struct vote fake_signed(struct driver *d, unsigned number, enum vote_kind kind,
			uint64_t height, uint8_t digest)
{
	struct vote v = {.kind = kind, .height = height};

	memset(v.digest.b, digest, HASH_LEN);
	fake_sign(d, &v, number);
	return v;
}

void fake_vote(struct driver *d, uint64_t peer, const struct vote *v)
{
	struct buf body = {0};

	votes_encode(&body, v, 1);
	fake_say(d, peer, MSG_VOT, &body);
}

void fake_bft(struct driver *d, unsigned key)
{
	struct driver_network network = {.on = true,
					 .observer = key > 4,
					 .miners = 4,
					 .key = key,
					 .bft = BFT_FAST,
					 .id = test_address(key),
					 .instance = 7};

	driver_new_in(d, &network, 1000000, "\"interval\": 0", "");
	fake_peer(d, 1, true, 21);
	fake_peer(d, 2, true, 22);
	driver_settle(d);
	forget_told(d);
}

void fake_live(struct driver *d, uint64_t ms)
{
	uint64_t end = d->now + ms, step;
	struct peer_info info;
	size_t at;

	while (d->now < end) {
		step = end - d->now < 1000 ? end - d->now : 1000;
		driver_advance(d, step);
		at = 0;
		while (node_peer_next(d->node, &at, &info)) {
			struct buf body = {0};
			struct msg_tip m;
			uint64_t peer = info.peer;

			if (!sent(d, peer, MSG_RBH, &body))
				continue;
			ck_assert(!msg_tip_decode(&m, buf_span(&body)));
			buf_release(&body);
			fake_tip(d, peer, MSG_BLH, d->now, m.number);
		}
	}
}

bool info_of(struct driver *d, uint64_t peer, struct peer_info *out)
{
	size_t at = 0;

	while (node_peer_next(d->node, &at, out))
		if (out->peer == peer)
			return true;
	return false;
}

uint64_t score_of(struct driver *d, uint64_t peer)
{
	struct node_event now = {.kind = EVENT_TIMER};
	struct peer_info info;

	driver_step(d, &now);
	ck_assert(info_of(d, peer, &info));
	return info.score;
}

/* --- wires between whole nodes ----------------------------------------- */

size_t wires_dial(struct wires *w, struct driver *from, struct driver *to)
{
	struct wire *wire = &w->list[w->count];
	char where[64];

	ck_assert_uint_lt(w->count, WIRES_MAX);
	*wire = (struct wire){.end = {from, to}, .open = {true, true}};
	wire->number[0] = ++w->next;
	wire->number[1] = ++w->next;
	snprintf(where, sizeof(where), "wire%zu:1", w->count);
	connect_as(from, wire->number[0], false, &to->network.id, where);
	connect_as(to, wire->number[1], true, &from->network.id, where);
	return w->count++;
}

static struct effects *way_of(struct wires *w, struct driver *from,
			      uint64_t number)
{
	size_t i;

	for (i = 0; i < w->count; i++) {
		struct wire *wire = &w->list[i];

		if (wire->end[0] == from && wire->number[0] == number)
			return &wire->queue[1];
		if (wire->end[1] == from && wire->number[1] == number)
			return &wire->queue[0];
	}
	ck_abort_msg("a message to nobody");
	return NULL;
}

static void collect(struct wires *w, struct driver *d)
{
	struct effects kept = {0};
	size_t i;

	for (i = 0; i < d->told.count; i++) {
		struct effect *e = &d->told.list[i];

		if (e->kind == EFFECT_NOTIFY)
			*effects_add(&kept, e->kind) = *e;
		else if (e->kind == EFFECT_SEND && w->lose && w->lose(e))
			buf_release(&e->body);
		else
			*effects_add(way_of(w, d, e->peer), e->kind) = *e;
	}
	d->told.count = 0;
	effects_release(&d->told);
	d->told = kept;
}

void wires_collect(struct wires *w)
{
	size_t i;

	for (i = 0; i < w->count; i++) {
		collect(w, w->list[i].end[0]);
		collect(w, w->list[i].end[1]);
	}
}

/* The connection is over at both ends; what the one who dropped it did not
 * read is lost. */
static void cut(struct wire *wire, int end)
{
	if (!wire->open[end])
		return;
	wire->open[end] = false;
	fake_gone(wire->end[end], wire->number[end]);
}

bool wires_bring(struct wires *w, size_t at, int end)
{
	struct wire *wire = &w->list[at];
	struct effects *q = &wire->queue[end];
	struct effect e;

	wires_collect(w);
	if (!q->count)
		return false;
	e = q->list[0];
	q->count--;
	memmove(q->list, q->list + 1, q->count * sizeof(e));
	if (e.kind == EFFECT_DROP) {
		cut(wire, end);
		cut(wire, !end);
	} else if (wire->open[end]) {
		fake_say(wire->end[end], wire->number[end], e.type, &e.body);
	} else {
		buf_release(&e.body);
	}
	wires_collect(w);
	return true;
}

void wires_run(struct wires *w)
{
	bool busy = true;
	size_t i;

	while (busy) {
		busy = false;
		for (i = 0; i < w->count; i++) {
			while (wires_bring(w, i, 0) || wires_bring(w, i, 1))
				busy = true;
			busy |= driver_do_one(w->list[i].end[0]);
			busy |= driver_do_one(w->list[i].end[1]);
		}
		wires_collect(w);
		for (i = 0; i < w->count; i++)
			busy |= w->list[i].queue[0].count ||
				w->list[i].queue[1].count;
	}
}

/* Each node once a step of 5 ms, whatever wires it has. */
void wires_live(struct wires *w, uint64_t ms)
{
	uint64_t passed;
	size_t i, k, end;

	for (passed = 0; passed < ms; passed += 5) {
		for (i = 0; i < w->count; i++)
			for (end = 0; end < 2; end++) {
				struct driver *d = w->list[i].end[end];
				bool seen = end && d == w->list[i].end[0];

				for (k = 0; k < i; k++)
					seen |= d == w->list[k].end[0] ||
						d == w->list[k].end[1];
				if (!seen)
					driver_advance(d, 5);
			}
		wires_run(w);
	}
}

void wires_release(struct wires *w)
{
	size_t i;

	wires_collect(w);
	for (i = 0; i < w->count; i++) {
		effects_release(&w->list[i].queue[0]);
		effects_release(&w->list[i].queue[1]);
	}
	*w = (struct wires){0};
}

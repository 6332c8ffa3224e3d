/* SPDX-License-Identifier: MIT */
/*
 * Who may come in: hellos, why one is refused, and places. Both sides look at
 * the other's hello by the same rules.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/bft.h"
#include "node/peers_internal.h"

void hello_send(struct node *n, struct peer *p, enum message_type type)
{
	const struct chain_tip *tip = chain_tip(n->chain);
	struct msg_hello m = {
		.version = PROTOCOL_VERSION,
		.genesis = *chain_genesis(n->chain),
		.upgrades = n->upgrades,
		.id = n->id,
		.instance = n->instance,
		.listen = span_str(n->listen),
		.height = tip->height,
		.tip = tip->hash,
		.settled = node_settled(n),
		.clock = n->now,
		.agent = span_str(n->agent),
	};
	struct buf body = {0};

	msg_hello_encode(&body, &m);
	peer_send(n, p, type, &body);
}

/* --- what is compared -------------------------------------------------- */

static bool refuse_form(struct node *n, struct peer *p,
			const struct msg_hello *m, enum err e)
{
	bool old = m->version < PROTOCOL_VERSION;

	if (e != ERR_UNSUPPORTED_VERSION && e) {
		peer_drop(n, p, "malformed", "the hello cannot be read");
		return true;
	}
	if (!e && m->version == PROTOCOL_VERSION)
		return false;
	peer_drop(n, p, old ? "old_protocol" : "new_protocol",
		  "you speak protocol version %" PRIu64 ", I speak version %d",
		  m->version, PROTOCOL_VERSION);
	return true;
}

static bool refuse_chain(struct node *n, struct peer *p,
			 const struct msg_hello *m)
{
	char yours[HASH_HEX_LEN], mine[HASH_HEX_LEN];

	if (!hash_eq(&m->genesis, chain_genesis(n->chain))) {
		peer_drop(n, p, "wrong_genesis",
			  "your genesis is %s, mine is %s: another genesis "
			  "file, or another network",
			  hash_hex(yours, &m->genesis),
			  hash_hex(mine, chain_genesis(n->chain)));
		return true;
	}
	if (!hash_eq(&m->upgrades, &n->upgrades)) {
		peer_drop(n, p, "other_upgrades",
			  "your upgrades are %s, mine are %s",
			  hash_hex(yours, &m->upgrades),
			  hash_hex(mine, &n->upgrades));
		return true;
	}
	return false;
}

/* Each operator of an account that runs twice has to hear of it. */
static void refuse_run(struct node *n, struct peer *p,
		       const struct msg_hello *m)
{
	char hex[ADDRESS_HEX_LEN], text[BYE_TEXT_MAX + 1];

	snprintf(text, sizeof(text),
		 "another node runs with this account's key: %s is mine (your "
		 "run is %016" PRIx64 ", mine %016" PRIx64
		 "); stop one of the two",
		 address_hex(hex, &m->id), m->instance, n->instance);
	peer_end(n, p, "duplicate_id", text, 0, NOTICE_WARNING);
}

static bool refuse_id(struct node *n, struct peer *p, const struct msg_hello *m)
{
	char yours[ADDRESS_HEX_LEN], proved[ADDRESS_HEX_LEN];

	address_hex(yours, &m->id);
	if (p->has_id && !address_eq(&p->id, &m->id)) {
		peer_drop(n, p, "bad_id", "TLS proved %s, your hello says %s",
			  address_hex(proved, &p->id), yours);
		return true;
	}
	if (!address_eq(&m->id, &n->id))
		return false;
	if (m->instance == n->instance)
		peer_drop(n, p, "self",
			  "%s is this node itself (run %016" PRIx64 ")", yours,
			  m->instance);
	else
		refuse_run(n, p, m);
	return true;
}

/* --- an id that is here already ---------------------------------------- */

static struct peer *find_ready(struct node *n, const struct address *id)
{
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at)))
		if (address_eq(&p->id, id))
			return p;
	return NULL;
}

/* Connections that cross are no news; one key in two runs is. */
static enum notice twin_level(const struct peer *old, const struct msg_hello *m,
			      bool crossed)
{
	if (old->instance != m->instance)
		return NOTICE_WARNING;
	return crossed ? NOTICE_DEBUG : NOTICE_INFO;
}

/*
 * Whether a new connection takes the place of the old one to the same id. An
 * old one that is silent is dead. Of two that the two sides dialled, both
 * keep the one that the lower id dialled, whatever order they see them in:
 * so exactly one remains. Two runs behind one id are two nodes.
 */
static bool takes_over(const struct node *n, const struct peer *old,
		       const struct peer *p, const struct msg_hello *m)
{
	bool we_are_lower = memcmp(n->id.b, m->id.b, ADDRESS_LEN) < 0;

	if (n->now > old->heard + SILENT_MS)
		return true;
	if (old->instance != m->instance || old->inbound == p->inbound)
		return false;
	return p->inbound != we_are_lower;
}

static bool refuse_twin(struct node *n, struct peer *p,
			const struct msg_hello *m)
{
	struct peer *old = find_ready(n, &m->id);
	char hex[ADDRESS_HEX_LEN], text[BYE_TEXT_MAX + 1];
	bool crossed;

	if (!old)
		return false;
	crossed = old->instance == m->instance && old->inbound != p->inbound;
	address_hex(hex, &m->id);
	if (takes_over(n, old, p, m)) {
		peer_end(n, old, "duplicate_id",
			 "a newer connection takes the place of this one", 0,
			 crossed ? NOTICE_DEBUG : NOTICE_INFO);
		return false;
	}
	if (old->instance == m->instance)
		snprintf(text, sizeof(text), "%s is connected already", hex);
	else
		snprintf(text, sizeof(text),
			 "%s is connected already, by another node (its run is "
			 "%016" PRIx64 ", yours %016" PRIx64
			 "); stop one of the two",
			 hex, old->instance, m->instance);
	peer_end(n, p, "duplicate_id", text, 0, twin_level(old, m, crossed));
	return true;
}

/* --- places ------------------------------------------------------------ */

/* The stranger that came last, inbound ones first. */
static struct peer *newest_stranger(struct node *n)
{
	struct peer *p, *found = NULL;
	size_t at = 0;

	while ((p = peers_next(n, &at)))
		if (!p->authority && (!found || p->inbound || !found->inbound))
			found = p;
	return found;
}

/* Whose place this one has when all are taken: strangers who come in by
 * themselves must not cut us off from whom we dial. */
static struct peer *gives_way(struct node *n, const struct peer *p)
{
	struct peer *q = newest_stranger(n);

	if (p->authority)
		return q;
	return !p->inbound && q && q->inbound ? q : NULL;
}

static bool refuse_place(struct node *n, struct peer *p)
{
	uint64_t max = rules_places(chain_rules(n->chain));
	uint64_t kept, ready = 0, strangers = 0;
	struct peer *q;
	size_t at = 0;

	kept = max / 2 < AUTHORITY_PLACES ? max / 2 : AUTHORITY_PLACES;
	while ((q = peers_next(n, &at))) {
		ready++;
		strangers += !q->authority;
	}
	if (p->authority ? ready < max : ready < max && strangers < max - kept)
		return false;
	q = gives_way(n, p);
	if (q) {
		peer_drop(n, q, "too_many_peers",
			  "%s needs the place: all %" PRIu64 " are taken",
			  p->authority ? "an authority" : "one we dialled",
			  max);
		return false;
	}
	if (p->authority)
		peer_drop(n, p, "too_many_peers",
			  "all %" PRIu64 " places are taken by authorities",
			  max);
	else
		peer_drop(n, p, "too_many_peers",
			  "%" PRIu64 " of %" PRIu64
			  " places are taken, %" PRIu64
			  " are kept for authorities",
			  ready, max, kept);
	return true;
}

/* --- hello and bye ----------------------------------------------------- */

static void copy_text(char *out, size_t size, struct span text)
{
	snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data);
}

static void admit(struct node *n, struct peer *p, const struct msg_hello *m)
{
	char hex[ADDRESS_HEX_LEN];
	struct effect *effect;

	p->id = m->id;
	p->instance = m->instance;
	p->height = m->height;
	p->tip = m->tip;
	p->settled = m->settled;
	if (m->listen.len)
		copy_text(p->listen, sizeof(p->listen), m->listen);
	if (m->agent.len)
		copy_text(p->agent, sizeof(p->agent), m->agent);
	if (p->inbound)
		hello_send(n, p, MSG_ACK);
	p->stage = PEER_READY;
	p->since = n->now;
	p->next_ping = n->now + rng_below(&n->rng, PING_MS);
	peers_due(n, p->next_ping);
	node_log(n, NOTICE_INFO, "%s %s, %s %s, %s, height %" PRIu64,
		 p->inbound ? "accepted" : "connected to", p->where,
		 p->authority ? "authority" : "node", address_hex(hex, &p->id),
		 p->agent, p->height);
	effect = effects_add(n->effects, EFFECT_NOTIFY);
	effect->notify = NOTIFY_PEER;
	effect->peer = p->number;
	buf_append_span(&effect->body, span_str(p->listen));
	peer_clock(n, p, m->clock, -1);
	addresses_ask(n, p);
	gossip_peer_ready(n, p);
	sync_peer_ready(n, p);
	sync_peer_tip(n, p);
	room_peer_ready(n, p);
}

void hello_received(struct node *n, struct peer *p, struct span body)
{
	struct msg_hello m = {0};
	enum err e = msg_hello_decode(&m, body);

	if (refuse_form(n, p, &m, e) || refuse_chain(n, p, &m) ||
	    refuse_id(n, p, &m))
		return;
	p->authority = n->engine->ops->is_authority(n->engine, &m.id);
	if (!refuse_twin(n, p, &m) && !refuse_place(n, p))
		admit(n, p, &m);
}

void bye_received(struct node *n, struct peer *p, struct span body)
{
	enum notice level = NOTICE_INFO;
	struct msg_bye m;

	if (msg_bye_decode(&m, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "a BYE that cannot be read");
		return;
	}
	/* of two connections that crossed, one has to go */
	if (span_eq(m.code, span_str("duplicate_id")) && p->has_id &&
	    find_ready(n, &p->id) && find_ready(n, &p->id) != p)
		level = NOTICE_DEBUG;
	else if (p->stage == PEER_NEW)
		level = NOTICE_WARNING;
	node_log(n, level, "%s %s: %.*s (%.*s)", p->where,
		 p->stage == PEER_NEW ? "refuses us" : "says good-bye",
		 (int)m.text.len, (const char *)m.text.data, (int)m.code.len,
		 (const char *)m.code.data);
	peer_end(n, p, NULL, "it said good-bye", 0, level);
}

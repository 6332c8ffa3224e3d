/* SPDX-License-Identifier: MIT */
/*
 * Transactions of peers: what is in the pool is announced by its hash, and
 * given to who asks. What others announce is gossip_wants.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "node/gossip_internal.h"

struct gossip *gossip_new(struct node *n)
{
	struct gossip *g = xcalloc(1, sizeof(*g));
	size_t i;

	g->pool = map_new(HASH_LEN, rng_next(&n->rng));
	g->wants = map_new(HASH_LEN, rng_next(&n->rng));
	g->done = recent_new(HASH_LEN, DONE_KEPT, rng_next(&n->rng));
	for (i = 0; i < ARRAY_LEN(g->salt); i++)
		g->salt[i] = rng_next(&n->rng) | 1;
	return g;
}

void gossip_free(struct gossip *g)
{
	size_t at = 0;
	void *id;

	if (!g)
		return;
	while (map_next(g->pool, &at, NULL, &id))
		free(id);
	map_free(g->pool);
	wants_free(g);
	recent_free(g->done);
	free(g);
}

/* --- what a peer has --------------------------------------------------- */

/* Secret sums, so that nobody can make a hash look like another. */
static uint64_t known_tag(const struct gossip *g, const struct hash *full)
{
	uint64_t tag = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(g->salt); i++)
		tag += (get_be64(full->b + 8 * i) ^ g->salt[i] >> 7) *
		       g->salt[i];
	tag ^= tag >> 29;
	return tag ? tag : 1;
}

void known_put(const struct gossip *g, struct gossip_peer *gp,
	       const struct hash *full)
{
	uint64_t tag = known_tag(g, full);

	gp->known[tag % KNOWN_SLOTS] = tag;
}

static bool known_has(const struct gossip *g, const struct gossip_peer *gp,
		      const struct hash *full)
{
	uint64_t tag = known_tag(g, full);

	return gp->known[tag % KNOWN_SLOTS] == tag;
}

/* --- the pool by full hash --------------------------------------------- */

bool gossip_pool_find(struct node *n, struct mempool_entry *out,
		      const struct hash *full)
{
	const struct hash *id = map_get(n->gossip->pool, full->b);

	if (!id)
		return false;
	if (mempool_get(n->pool, out, id) && hash_eq(&out->tx->full, full))
		return true;
	free(map_del(n->gossip->pool, full->b));
	return false;
}

/* The pool does not say what leaves it: look when a half may have left. */
static void prune(struct node *n)
{
	struct map *pool = n->gossip->pool;
	struct mempool_entry entry;
	const void *full;
	size_t at = 0;
	void *id;

	if (map_count(pool) <= 2 * mempool_count(n->pool) + POOL_SLACK)
		return;
	while (map_next(pool, &at, &full, &id))
		if (!mempool_get(n->pool, &entry, id) ||
		    memcmp(entry.tx->full.b, full, HASH_LEN) != 0)
			free(map_del(pool, full));
}

static void pool_put(struct node *n, const struct tx *tx)
{
	struct map *pool = n->gossip->pool;

	if (map_get(pool, tx->full.b))
		return;
	map_put(pool, tx->full.b, xmemdup(&tx->id, sizeof(tx->id)));
	prune(n);
}

/* --- announcing -------------------------------------------------------- */

static void flush(struct node *n, struct peer *p)
{
	struct gossip_peer *gp = p->gossip;
	struct buf body = {0};

	if (!gp->out.len)
		return;
	msg_hashes_encode(&body, (const struct hash *)gp->out.data,
			  gp->out.len / HASH_LEN);
	buf_reset(&gp->out);
	gp->told = n->now;
	peer_send(n, p, MSG_TXA, &body);
}

/*
 * When to tell what waits. In slots nobody is waited for in milliseconds, so
 * announcements are collected. Where a leader makes a block as soon as it has
 * something to put into it, the first goes at once, and those behind it soon.
 */
static uint64_t tell_at(const struct node *n, const struct gossip_peer *gp)
{
	uint64_t soon = gp->told + ANNOUNCE_QUICK_MS;

	if (!n->engine->ops->certifies)
		return gp->out_since + ANNOUNCE_MS;
	return soon > gp->out_since ? soon : gp->out_since;
}

static void announce(struct node *n, struct peer *p, const struct hash *full)
{
	struct gossip *g = n->gossip;
	struct gossip_peer *gp = p->gossip;

	known_put(g, gp, full);
	if (!gp->out.len) {
		gp->out_since = n->now;
		if (!g->flush || tell_at(n, gp) < g->flush)
			g->flush = tell_at(n, gp);
	}
	buf_append(&gp->out, full->b, HASH_LEN);
	if (gp->out.len >= ANNOUNCE_BATCH * HASH_LEN)
		flush(n, p);
}

/*
 * It came in by a client or out of a block that was taken back (from 0): all
 * are told, whatever they once had. From a peer: all that do not have it.
 */
void gossip_entered(struct node *n, const struct tx *tx, uint64_t from)
{
	struct peer *p;
	size_t at = 0;

	pool_put(n, tx);
	while ((p = peers_next(n, &at)))
		if (p->number != from &&
		    (!from || !known_has(n->gossip, p->gossip, &tx->full)))
			announce(n, p, &tx->full);
}

/* The oldest pending ones, at most so many, whether it knows them or not. */
static void announce_oldest(struct node *n, struct peer *p, size_t max)
{
	struct mempool_entry entry;
	uint64_t arrival = 0;

	while (max && mempool_next(n->pool, &entry, &arrival)) {
		if (entry.place != MEMPOOL_PENDING)
			continue;
		announce(n, p, &entry.tx->full);
		max--;
	}
	flush(n, p);
}

void gossip_tell_all(struct node *n, size_t max)
{
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at)))
		announce_oldest(n, p, max);
}

/* A lost announcement must not lose a transaction. */
static void announce_again(struct node *n)
{
	struct peer *p = peers_pick(n);

	n->gossip->again = n->now + AGAIN_MS;
	if (p)
		announce_oldest(n, p, ANNOUNCE_BATCH);
}

/* --- peers ------------------------------------------------------------- */

void gossip_peer_ready(struct node *n, struct peer *p)
{
	struct gossip_peer *gp = xcalloc(1, sizeof(*gp));

	gp->known = xcalloc(KNOWN_SLOTS, sizeof(*gp->known));
	gp->late = recent_new(HASH_LEN, LATE_KEPT, rng_next(&n->rng));
	gp->average = ASKED_BYTES / 1024;
	p->gossip = gp;
	announce_oldest(n, p, ANNOUNCE_AT_ONCE);
}

void gossip_peer_free(struct gossip_peer *gp)
{
	if (!gp)
		return;
	buf_release(&gp->out);
	buf_release(&gp->ask);
	free(gp->known);
	free(gp->queue);
	recent_free(gp->late);
	free(gp);
}

void gossip_peer_gone(struct node *n, struct peer *p)
{
	if (!p->gossip)
		return;
	wants_peer_gone(n, p);
	gossip_peer_free(p->gossip);
	p->gossip = NULL;
}

/* --- answering --------------------------------------------------------- */

/* Transactions of one TXN, not sent yet. */
struct answer {
	struct buf items;
	size_t count;
};

static void answer_send(struct node *n, struct peer *p, struct answer *a)
{
	struct buf body = {0};

	mp_array(&body, a->count);
	buf_append_span(&body, buf_span(&a->items));
	buf_reset(&a->items);
	a->count = 0;
	peer_send(n, p, MSG_TXN, &body);
}

/* What is not here (any more) is left out: the empty answer says so. */
static void asked(struct node *n, struct peer *p, struct span body)
{
	size_t room = message_bytes_max(MSG_TXN) - 8; /* the array's head */
	struct hash list[MSG_TX_HASHES_MAX];
	struct mempool_entry entry;
	struct answer a = {0};
	bool said = false;
	size_t i, count;

	if (msg_hashes_decode(list, &count, MSG_TX_HASHES_MAX, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "TXQ cannot be read");
		return;
	}
	for (i = 0; i < count; i++) {
		if (!gossip_pool_find(n, &entry, &list[i]))
			continue;
		if (a.items.len + entry.tx->raw.len > room) {
			answer_send(n, p, &a);
			said = true;
		}
		buf_append_span(&a.items, entry.tx->raw);
		a.count++;
		known_put(n->gossip, p->gossip, &list[i]);
	}
	if (a.count || !said)
		answer_send(n, p, &a);
	buf_release(&a.items);
}

void gossip_message(struct node *n, struct peer *p, enum message_type type,
		    struct span body)
{
	if (type == MSG_TXA)
		wants_announced(n, p, body);
	else if (type == MSG_TXQ)
		asked(n, p, body);
	else if (type == MSG_TXN)
		wants_arrived(n, p, body);
}

/* --- time -------------------------------------------------------------- */

static void flush_due(struct node *n)
{
	struct gossip *g = n->gossip;
	struct peer *p;
	size_t at = 0;

	g->flush = 0;
	while ((p = peers_next(n, &at))) {
		uint64_t due = tell_at(n, p->gossip);

		if (!p->gossip->out.len)
			continue;
		if (due <= n->now)
			flush(n, p);
		else if (!g->flush || due < g->flush)
			g->flush = due;
	}
}

void gossip_tick(struct node *n)
{
	struct gossip *g = n->gossip;

	if (g->flush && g->flush <= n->now)
		flush_due(n);
	node_wake(n, g->flush);
	wants_tick(n);
	if (!peers_ready(n) || !mempool_count(n->pool))
		return;
	if (!g->again)
		g->again = n->now + AGAIN_MS;
	if (g->again <= n->now)
		announce_again(n);
	node_wake(n, g->again);
}

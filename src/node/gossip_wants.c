/* SPDX-License-Identifier: MIT */
/*
 * What peers announce: each transaction is asked of one announcer at a time,
 * the next when it is silent, and looked at once. Announcements beyond what
 * may be asked for at a time wait in the peer's own queue.
 */
#include <stdlib.h>
#include <string.h>

#include "node/gossip_internal.h"

void wants_free(struct gossip *g)
{
	size_t at = 0;
	void *w;

	while (map_next(g->wants, &at, NULL, &w))
		free(w);
	map_free(g->wants);
}

/* --- what need not be asked for ---------------------------------------- */

static void done_put(struct node *n, const struct hash *full)
{
	struct gossip *g = n->gossip;

	if (n->now >= g->done_until) {
		recent_free(g->done);
		g->done = recent_new(HASH_LEN, DONE_KEPT, rng_next(&n->rng));
		g->done_until = n->now + DONE_MS;
	}
	recent_put(g->done, full->b, SPAN("", 0));
}

/* In the pool, being checked, lately looked at, or known to be bad. */
static bool is_here(struct node *n, const struct hash *full)
{
	struct mempool_entry entry;
	struct span verdict;

	if (gossip_pool_find(n, &entry, full) || submit_has(n, full))
		return true;
	if (recent_get(n->checked, &verdict, full->b) && verdict.len)
		return true;
	return n->now < n->gossip->done_until &&
	       recent_get(n->gossip->done, &verdict, full->b);
}

/* --- the list of wants, by when they were asked ------------------------ */

static void list_add(struct gossip *g, struct want *w)
{
	w->prev = g->last;
	w->next = NULL;
	*(g->last ? &g->last->next : &g->first) = w;
	g->last = w;
}

static void list_remove(struct gossip *g, struct want *w)
{
	*(w->prev ? &w->prev->next : &g->first) = w->next;
	*(w->next ? &w->next->prev : &g->last) = w->prev;
}

static void want_free(struct gossip *g, struct want *w)
{
	list_remove(g, w);
	map_del(g->wants, w->full.b);
	free(w);
}

static void want_other(struct want *w, const struct peer *p)
{
	size_t i;

	if (w->peer == p->number || w->other_count == OTHERS_MAX)
		return;
	for (i = 0; i < w->other_count; i++)
		if (w->others[i] == p->number)
			return;
	w->others[w->other_count++] = p->number;
}

/* --- asking ------------------------------------------------------------ */

static void ask_flush(struct node *n, struct peer *p)
{
	struct gossip_peer *gp = p->gossip;
	struct buf body = {0};

	if (!gp->ask.len)
		return;
	msg_hashes_encode(&body, (const struct hash *)gp->ask.data,
			  gp->ask.len / HASH_LEN);
	buf_reset(&gp->ask);
	peer_send(n, p, MSG_TXQ, &body);
}

static void ask(struct node *n, struct peer *p, struct want *w)
{
	struct gossip_peer *gp = p->gossip;

	w->peer = p->number;
	w->asked = n->now;
	list_add(n->gossip, w);
	gp->open++;
	buf_append(&gp->ask, w->full.b, HASH_LEN);
	if (gp->ask.len >= MSG_TX_HASHES_MAX * HASH_LEN)
		ask_flush(n, p);
}

/* How many may be on their way from it: no more bytes than it can have in
 * its queue of frames. */
static size_t window(const struct gossip_peer *gp)
{
	size_t count = ASKED_BYTES / gp->average;

	return count < WANTS_PER_PEER ? count : WANTS_PER_PEER;
}

static bool may_ask(const struct node *n, const struct peer *p)
{
	return p->stage == PEER_READY && n->now >= p->gossip->sulks_until &&
	       p->gossip->open < window(p->gossip);
}

/* --- what waits to be asked for ---------------------------------------- */

static void queue_put(struct node *n, struct gossip_peer *gp,
		      const struct hash *full)
{
	size_t i, cap = gp->queue_cap ? 2 * gp->queue_cap : 64;
	struct hash *grown;

	/* lost announcements come again */
	if (gp->queue_len >= QUEUE_PER_PEER ||
	    (gp->queue_len >= QUEUE_SURE && n->gossip->queued >= QUEUE_MAX))
		return;
	if (gp->queue_len >= gp->queue_cap) {
		grown = xcalloc(cap, sizeof(*grown));
		for (i = 0; i < gp->queue_cap; i++)
			grown[i] =
				gp->queue[(gp->queue_head + i) % gp->queue_cap];
		free(gp->queue);
		gp->queue = grown;
		gp->queue_cap = cap;
		gp->queue_head = 0;
	}
	gp->queue[(gp->queue_head + gp->queue_len++) % gp->queue_cap] = *full;
	n->gossip->queued++;
}

static struct hash queue_take(struct node *n, struct gossip_peer *gp)
{
	struct hash full = gp->queue[gp->queue_head];

	gp->queue_head = (gp->queue_head + 1) % gp->queue_cap;
	gp->queue_len--;
	n->gossip->queued--;
	if (!gp->queue_len) {
		free(gp->queue);
		gp->queue = NULL;
		gp->queue_cap = gp->queue_head = 0;
	}
	return full;
}

/* Ask it for what it announced, as much as may be on its way. */
static void pump(struct node *n, struct peer *p)
{
	struct gossip *g = n->gossip;
	struct want *w;
	struct hash full;

	while (p->gossip->queue_len && may_ask(n, p) &&
	       (map_count(g->wants) < WANTS_MAX ||
		p->gossip->open < WANTS_SURE) &&
	       submit_has_room(n)) {
		full = queue_take(n, p->gossip);
		if (is_here(n, &full))
			continue;
		w = map_get(g->wants, full.b);
		if (w) {
			want_other(w, p);
			continue;
		}
		w = xcalloc(1, sizeof(*w));
		w->full = full;
		map_put(g->wants, full.b, w);
		ask(n, p, w);
	}
	ask_flush(n, p);
}

void wants_announced(struct node *n, struct peer *p, struct span body)
{
	struct hash list[MSG_TX_HASHES_MAX];
	size_t i, count;
	struct want *w;

	if (msg_hashes_decode(list, &count, MSG_TX_HASHES_MAX, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "TXA cannot be read");
		return;
	}
	for (i = 0; i < count; i++) {
		known_put(n->gossip, p->gossip, &list[i]);
		w = map_get(n->gossip->wants, list[i].b);
		if (w)
			want_other(w, p);
		else if (!is_here(n, &list[i]))
			queue_put(n, p->gossip, &list[i]);
	}
	pump(n, p);
}

/* --- no answer --------------------------------------------------------- */

/* The one who was asked does not owe it any more. */
static void release_asked(struct node *n, const struct want *w)
{
	struct peer *p = peer_find(n, w->peer);

	if (!p || !p->gossip)
		return;
	p->gossip->open--;
	recent_put(p->gossip->late, w->full.b, SPAN("", 0));
}

/* Ask the next announcer, or let one that is busy wait for it; forget it when
 * there is none: it is announced again as long as it is pending anywhere. */
static void ask_next(struct node *n, struct want *w)
{
	struct peer *p, *busy = NULL;
	size_t i;

	for (i = 0; i < w->other_count; i++) {
		p = peer_find(n, w->others[i]);
		if (!p || p->stage != PEER_READY)
			continue;
		if (!may_ask(n, p)) {
			busy = p;
			continue;
		}
		w->other_count -= i + 1;
		memmove(w->others, w->others + i + 1,
			w->other_count * sizeof(w->others[0]));
		list_remove(n->gossip, w);
		ask(n, p, w);
		return;
	}
	if (busy)
		queue_put(n, busy->gossip, &w->full);
	want_free(n->gossip, w);
}

static void expire(struct node *n, struct want *w)
{
	struct peer *p = peer_find(n, w->peer);

	if (p && p->gossip && p->gossip->answered < w->asked &&
	    p->gossip->sulks_until <= n->now) {
		p->gossip->sulks_until = n->now + SULK_MS;
		peer_fault(n, p, FAULT_SILENT, "no transactions within %d s",
			   ANSWER_MS / 1000);
	}
	release_asked(n, w);
	ask_next(n, w);
}

void wants_peer_gone(struct node *n, struct peer *p)
{
	struct want *w, *next, *last = n->gossip->last;
	bool more = last != NULL;

	n->gossip->queued -= p->gossip->queue_len;
	p->gossip->queue_len = 0;
	for (w = n->gossip->first; w && more; w = next) {
		next = w->next;
		more = w != last; /* what is asked again goes behind */
		if (w->peer == p->number)
			ask_next(n, w);
	}
}

bool gossip_expects(const struct peer *p)
{
	return p->gossip->open > 0;
}

void wants_tick(struct node *n)
{
	struct gossip *g = n->gossip;
	struct peer *p;
	size_t at = 0;

	while (g->first && g->first->asked + ANSWER_MS <= n->now)
		expire(n, g->first);
	if (!g->first && !g->queued)
		return;
	while ((p = peers_next(n, &at)))
		pump(n, p);
	if (g->first)
		node_wake(n, g->first->asked + ANSWER_MS);
	else
		node_wake(n, n->now + ANSWER_MS); /* all of them sulk */
}

/* --- answers ----------------------------------------------------------- */

/* Whether it was asked of this peer; then it is not wanted any more. */
static bool take_want(struct node *n, struct peer *p, const struct hash *full)
{
	struct want *w = map_get(n->gossip->wants, full->b);
	struct span none;

	if (w && w->peer == p->number)
		p->gossip->open--;
	else if (!recent_get(p->gossip->late, &none, full->b))
		return false;
	else if (w)
		release_asked(n, w);
	if (w)
		want_free(n->gossip, w);
	return true;
}

void wants_arrived(struct node *n, struct peer *p, struct span body)
{
	struct hash fulls[MSG_TXS_MAX];
	struct span raws[MSG_TXS_MAX], raw;
	size_t count = 0, unasked = 0;
	struct msg_list list;

	if (msg_list_begin(&list, body, MSG_TXS_MAX)) {
		peer_fault(n, p, FAULT_MALFORMED, "TXN cannot be read");
		return;
	}
	p->gossip->answered = n->now;
	p->gossip->sulks_until = 0;
	while (msg_list_next(&list, &raw)) {
		sha256(&fulls[count], raw);
		if (!take_want(n, p, &fulls[count])) {
			unasked++;
			continue;
		}
		p->gossip->average = (7 * p->gossip->average + raw.len) / 8 + 1;
		if (is_here(n, &fulls[count]))
			continue;
		raws[count++] = raw;
	}
	if (unasked)
		peer_fault(n, p, FAULT_UNEXPECTED,
			   "%zu transactions that were not asked for", unasked);
	if (count)
		submit_peer(n, p->number, raws, fulls, count);
	if (p->stage == PEER_READY)
		pump(n, p);
}

void gossip_checked(struct node *n, uint64_t from, const struct hash *full,
		    enum err result)
{
	struct peer *p = peer_find(n, from);

	done_put(n, full);
	if (!p)
		return;
	if (result == ERR_MALFORMED)
		peer_fault(n, p, FAULT_MALFORMED,
			   "bytes that are no transaction");
	else if (result == ERR_BAD_SIGNATURE)
		peer_fault(n, p, FAULT_BAD_TX,
			   "a signature that does not hold");
}

/* SPDX-License-Identifier: MIT */
/* Who is asked for headers, and from where on. */
#include "node/sync_internal.h"

bool headers_knows(struct node *n, const struct hash *hash)
{
	struct sync *s = n->sync;

	return tree_find(s->tree, hash) || map_get(s->pending, hash->b) ||
	       main_has(n, hash);
}

/* --- asking ------------------------------------------------------------ */

static void locator_add(struct msg_ask_headers *m, const struct hash *hash)
{
	if (m->count < MSG_LOCATOR_MAX)
		m->locator[m->count++] = *hash;
}

/* What the peer gave last, and then the main chain from the tip down, in
 * steps that double. */
static void locator(struct node *n, const struct peer *p,
		    struct msg_ask_headers *m)
{
	uint64_t height = chain_tip(n->chain)->height, step = 1;
	struct main_header h;

	*m = (struct msg_ask_headers){.max = MSG_HEADERS_MAX};
	if (p->sync->has_last && tree_find(n->sync->tree, &p->sync->last))
		locator_add(m, &p->sync->last);
	while (height && m->count < MSG_LOCATOR_MAX - 1) {
		if (!main_header(n, &h, height))
			locator_add(m, &h.hash);
		height = height > step ? height - step : 0;
		if (m->count > 4)
			step *= 2;
	}
	locator_add(m, chain_genesis(n->chain));
}

static void ask(struct node *n, struct peer *p)
{
	struct msg_ask_headers m;
	struct buf body = {0};

	locator(n, p, &m);
	msg_ask_headers_encode(&body, &m);
	p->sync->headers_deadline = n->now + HEADERS_DEADLINE_MS;
	p->sync->more = false;
	p->sync->ask_at = 0;
	peer_send(n, p, MSG_RHD, &body);
}

static bool far_ahead(const struct node *n)
{
	const struct tree_node *target = n->sync->target;

	return target && target->header.height >
				 chain_tip(n->chain)->height + HEADERS_AHEAD;
}

static bool may_know_more(struct node *n, const struct peer *p)
{
	const struct sync_peer *sp = p->sync;

	if (sp->more)
		return true;
	if (n->now < sp->stale_until && hash_eq(&sp->stale, &p->tip))
		return false;
	return !headers_knows(n, &p->tip);
}

void headers_ask(struct node *n)
{
	struct sync *s = n->sync;
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at))) {
		struct sync_peer *sp = p->sync;

		if (!sp || p->stage != PEER_READY || sp->checking)
			continue;
		if (sp->headers_deadline) {
			sync_due(s, sp->headers_deadline);
			continue;
		}
		if (s->header_batches >= HEADER_BATCHES_MAX || far_ahead(n) ||
		    !may_know_more(n, p))
			continue;
		if (n->now < sp->ask_at)
			sync_due(s, sp->ask_at);
		else
			ask(n, p);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Bodies of the branch that is moved to: asked in order, in ranges, of all
 * peers that have them. A range that is not answered in time goes to another
 * peer and costs the first its turn.
 */
#include <string.h>

#include "node/sync_internal.h"

/* The first range of the window is asked twice after so long, or when others
 * have answered so many that were asked later. */
#define HEDGE_MS 500
#define HEDGE_OVERTAKEN 2
#define HEDGES_MAX 6 /* of one range, the last after 16 s */

/* --- who has what ------------------------------------------------------ */

static bool lacks(const struct peer *p, const struct hash *hash)
{
	size_t i;

	for (i = 0; i < p->sync->lack_count; i++)
		if (hash_eq(&p->sync->lacks[i], hash))
			return true;
	return false;
}

/* How many nodes of the path a header says that the peer has. */
static size_t reach_by(const struct sync *s, const struct hash *hash)
{
	const struct tree_node *node = tree_find(s->tree, hash);
	uint64_t first = s->path[0]->header.height, i;

	for (; node && node->header.height >= first; node = node->parent) {
		i = node->header.height - first;
		if (i < s->path_count && s->path[i] == node)
			return (size_t)i + 1;
	}
	return 0;
}

static void find_reach(struct node *n)
{
	struct sync *s = n->sync;
	size_t at = 0, by_last;
	struct peer *p;

	while ((p = peers_next(n, &at))) {
		if (!p->sync)
			continue;
		if (p->height > s->target->header.height &&
		    !headers_knows(n, &p->tip)) {
			/* headers are not asked so far ahead: let it try */
			p->sync->reach = s->path_count;
			continue;
		}
		p->sync->reach = reach_by(s, &p->tip);
		by_last = p->sync->has_last ? reach_by(s, &p->sync->last) : 0;
		if (by_last > p->sync->reach)
			p->sync->reach = by_last;
	}
}

static bool has_node(const struct sync *s, const struct peer *p, size_t i)
{
	return p->sync && p->stage == PEER_READY && p->sync->reach > i &&
	       !lacks(p, &s->path[i]->hash);
}

size_t ranges_in_flight(const struct sync_peer *sp)
{
	size_t i, count = 0;

	for (i = 0; i < RANGES_PER_PEER; i++)
		count += sp->ranges[i].count != 0;
	return count;
}

static struct range *free_range(struct sync_peer *sp)
{
	size_t i;

	if (ranges_in_flight(sp) >= sp->allowed)
		return NULL;
	for (i = 0; i < RANGES_PER_PEER; i++)
		if (!sp->ranges[i].count)
			return &sp->ranges[i];
	return NULL;
}

bool range_holds(const struct range *r, const struct hash *hash)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (hash_eq(&r->hashes[i], hash))
			return true;
	return false;
}

static bool was_asked(const struct peer *p, const struct hash *hash)
{
	size_t i;

	for (i = 0; i < RANGES_PER_PEER; i++)
		if (range_holds(&p->sync->ranges[i], hash))
			return true;
	return false;
}

bool bodies_asked(struct node *n, const struct hash *hash)
{
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at)))
		if (p->sync && was_asked(p, hash))
			return true;
	return false;
}

/* --- asking ------------------------------------------------------------ */

static void send_range(struct node *n, struct peer *p, struct range *r)
{
	struct buf body = {0};
	size_t i, blocks = 0;

	r->number = ++n->sync->ranges_asked;
	r->sent = n->now;
	for (i = 0; i < RANGES_PER_PEER; i++)
		blocks += p->sync->ranges[i].count;
	r->deadline = n->now + RANGE_DEADLINE_MS +
		      blocks * n->sync->body_average / RANGE_BYTES_PER_MS;
	sync_due(n->sync, n->now + HEDGE_MS);
	msg_hashes_encode(&body, r->hashes, r->count);
	peer_send(n, p, MSG_RBL, &body);
}

void bodies_ask_direct(struct node *n, struct peer *p, const struct hash *hash)
{
	struct range *r = free_range(p->sync);

	if (!r)
		return; /* its tip is unknown: headers are asked */
	*r = (struct range){.count = 1, .direct = true};
	r->hashes[0] = *hash;
	map_put(n->sync->pending, hash->b, &n->sync->pending);
	send_range(n, p, r);
}

/* The peer that has it and has the most room; ties go around. other: one that
 * was not asked for it. */
static struct peer *choose_peer(struct node *n, size_t i, bool *somebody,
				bool other)
{
	struct peer *best = NULL, *p;
	size_t at = 0;

	*somebody = false;
	while ((p = peers_next(n, &at))) {
		if (!has_node(n->sync, p, i))
			continue;
		*somebody = true;
		if (!free_range(p->sync) ||
		    (other && was_asked(p, &n->sync->path[i]->hash)))
			continue;
		if (!best ||
		    ranges_in_flight(p->sync) < ranges_in_flight(best->sync))
			best = p;
	}
	return best;
}

static void ask_range(struct node *n, struct peer *p, size_t i, size_t end)
{
	struct range *r = free_range(p->sync);
	struct sync *s = n->sync;

	*r = (struct range){0};
	for (; i < end && r->count < RANGE_BLOCKS; i++) {
		struct tree_node *node = s->path[i];

		if (node->body != TREE_ABSENT || !has_node(s, p, i))
			continue;
		r->hashes[r->count++] = node->hash;
		tree_set_body(s->tree, node, TREE_ASKED, SPAN(NULL, 0));
	}
	send_range(n, p, r);
}

/* A body that was on the main chain is here. */
static bool from_orphans(struct node *n, struct tree_node *node)
{
	struct span raw;

	if (!node->was_main ||
	    chain_orphan(&raw, n->chain, n->store, &node->hash))
		return false;
	tree_set_body(n->sync->tree, node, TREE_HERE, raw);
	return true;
}

/* Nobody has it, and nobody was asked: not for now. */
static void put_aside(struct node *n, struct tree_node *node)
{
	node_log(n, NOTICE_INFO,
		 "no peer has block %llu: its branch is put aside",
		 (unsigned long long)node->header.height);
	tree_mark_unavailable(n->sync->tree, node);
	n->sync->changed = true;
	sync_changed(n->sync);
}

/* Bodies beside the path go when they take the room of those on it. */
static void drop_others(struct sync *s)
{
	struct tree_node *root, *at;
	size_t i;

	for (root = tree_roots(s->tree); root; root = root->sibling)
		for (at = root; at; at = tree_walk(root, at, false)) {
			i = (size_t)(at->header.height -
				     s->path[0]->header.height);
			if (at->header.height >= s->path[0]->header.height &&
			    i < s->path_count && s->path[i] == at)
				continue;
			if (at->body >= TREE_WAITING)
				tree_set_body(s->tree, at, TREE_ABSENT,
					      SPAN(NULL, 0));
		}
}

/* How many nodes of the path may have their bodies here or on their way. */
static size_t window(struct sync *s)
{
	size_t i, bytes = 0;

	for (i = 0; i < s->path_count && i < WINDOW_BLOCKS; i++) {
		if (i && bytes > WINDOW_BYTES)
			break;
		bytes += s->path[i]->raw.len ? s->path[i]->raw.len
					     : s->body_average;
	}
	if (tree_body_bytes(s->tree) > WINDOW_BYTES)
		drop_others(s);
	return i;
}

/* The range that a body was asked in last, and of how many peers it was. */
static struct range *asked_last(struct node *n, size_t *times,
				const struct hash *hash)
{
	struct range *last = NULL, *r;
	struct peer *p;
	size_t k, at = 0;

	*times = 0;
	while ((p = peers_next(n, &at)))
		for (k = 0; p->sync && k < RANGES_PER_PEER; k++) {
			r = &p->sync->ranges[k];
			if (!range_holds(r, hash))
				continue;
			++*times;
			if (!last || r->number > last->number)
				last = r;
		}
	return last;
}

/* The first body that is missing may be with a peer that stalls: another one
 * is asked for it too, when it is late; and yet another, but with patience
 * that doubles, since a slow line does not get faster by it. */
static void hedge(struct node *n, size_t end)
{
	struct sync *s = n->sync;
	struct range *r;
	struct peer *p;
	size_t i, k, times;
	uint64_t late;
	bool somebody;

	for (i = 0; i < end && s->path[i]->body >= TREE_WAITING; i++)
		;
	if (i == end || s->path[i]->body != TREE_ASKED)
		return;
	r = asked_last(n, &times, &s->path[i]->hash);
	if (!r || times > HEDGES_MAX)
		return;
	late = r->sent + (HEDGE_MS << (times - 1));
	if (n->now < late && (times > 1 || r->overtaken < HEDGE_OVERTAKEN)) {
		sync_due(s, late);
		return;
	}
	p = choose_peer(n, i, &somebody, true);
	if (!p)
		return;
	for (k = i; k < end && range_holds(r, &s->path[k]->hash); k++)
		if (s->path[k]->body == TREE_ASKED)
			s->path[k]->body = TREE_ABSENT;
	ask_range(n, p, i, k);
}

void bodies_schedule(struct node *n)
{
	struct sync *s = n->sync;
	size_t i, end;
	struct peer *p;
	bool somebody;

	if (!s->target)
		return;
	find_reach(n);
	end = window(s);
	/* before those who are quick are busy with what comes later */
	hedge(n, end);
	for (i = 0; i < end; i++) {
		struct tree_node *node = s->path[i];

		if (node->body != TREE_ABSENT || from_orphans(n, node))
			continue;
		p = choose_peer(n, i, &somebody, false);
		if (p) {
			ask_range(n, p, i, end);
			continue;
		}
		if (!somebody) {
			put_aside(n, node);
			return;
		}
		break; /* those who have it are busy */
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Answers to what was asked for bodies, and the lack of them: which range an
 * answer closes, and what silence costs.
 */
#include "node/sync_internal.h"

#define GOOD_ANSWERS 4 /* restore what a missed deadline took */

static void note_lack(struct peer *p, const struct hash *hash)
{
	struct sync_peer *sp = p->sync;

	if (sp->lack_count == LACKS_KEPT)
		sp->lack_count = 0;
	sp->lacks[sp->lack_count++] = *hash;
}

/* What was asked in a range and did not come may be asked again. */
static void close_range(struct node *n, struct range *r)
{
	struct sync *s = n->sync;
	struct tree_node *node;
	struct range old = *r;
	size_t i;

	*r = (struct range){0};
	for (i = 0; i < old.count; i++) {
		/* of a direct one, the header may be in a job by now */
		if (old.direct &&
		    map_get(s->pending, old.hashes[i].b) == &s->pending)
			map_del(s->pending, old.hashes[i].b);
		node = tree_find(s->tree, &old.hashes[i]);
		if (node && node->body == TREE_ASKED &&
		    !bodies_asked(n, &node->hash))
			node->body = TREE_ABSENT;
	}
	sync_changed(s);
}

/* The oldest one that has it: answers come in the order of the questions. */
static struct range *range_with(struct sync_peer *sp, const struct hash *hash)
{
	struct range *oldest = NULL;
	size_t i;

	if (!sp)
		BUG("bodies of a peer that is not ready");
	for (i = 0; i < RANGES_PER_PEER; i++)
		if (range_holds(&sp->ranges[i], hash) &&
		    (!oldest || sp->ranges[i].number < oldest->number))
			oldest = &sp->ranges[i];
	return oldest;
}

static bool hash_of(struct node *n, struct hash *hash, struct span raw)
{
	struct span header_raw, seal_raw;

	if (main_split(&header_raw, &seal_raw, raw))
		return false;
	header_hash(hash, chain_genesis(n->chain), header_raw);
	return true;
}

/* One block of an answer; *r is the range that it was asked in. false: it
 * was not asked. */
static bool take_block(struct node *n, struct peer *p, struct span raw,
		       struct range **r)
{
	struct sync *s = n->sync;
	struct tree_node *node;
	struct range *of;
	struct hash hash;

	if (!hash_of(n, &hash, raw))
		return false;
	of = range_with(p->sync, &hash);
	if (!of && !p->sync->late)
		return false;
	if (of && (!*r || of->number < (*r)->number))
		*r = of;
	node = tree_find(s->tree, &hash);
	/* of what its header vouches for: it says how long we wait */
	if (node && body_attach(n, node, raw, p))
		s->body_average = (7 * s->body_average + raw.len) / 8;
	if (!node && of && of->direct)
		headers_of_block(n, p, raw);
	return true;
}

/* Whoever was asked before is slower, or stalls. */
static void overtake(struct node *n, const struct peer *quick, uint64_t number)
{
	struct peer *p;
	size_t at = 0, i;

	while ((p = peers_next(n, &at)))
		for (i = 0; p->sync && p != quick && i < RANGES_PER_PEER; i++)
			if (p->sync->ranges[i].count &&
			    p->sync->ranges[i].number < number)
				p->sync->ranges[i].overtaken++;
}

static void answered(struct sync_peer *sp)
{
	sp->missed = 0;
	if (++sp->good >= GOOD_ANSWERS)
		sp->allowed = RANGES_PER_PEER;
}

static void take_answer(struct node *n, struct peer *p, struct msg_blocks *m)
{
	struct range *r = NULL, *of;
	struct span raw;
	size_t i;

	for (i = 0; i < m->missing_count; i++) {
		of = range_with(p->sync, &m->missing[i]);
		if (of) {
			r = of;
			note_lack(p, &m->missing[i]);
		}
	}
	while (p->stage == PEER_READY && msg_list_next(&m->blocks, &raw))
		if (!take_block(n, p, raw, &r)) {
			peer_fault(n, p, FAULT_UNEXPECTED,
				   "a block that was not asked");
			return;
		}
	if (r) {
		answered(p->sync);
		if (m->missing_count < r->count)
			overtake(n, p, r->number);
		close_range(n, r);
	} else if (p->sync->late) {
		p->sync->late--;
	} else {
		peer_fault(n, p, FAULT_UNEXPECTED, "an answer to nothing");
	}
}

void bodies_received(struct node *n, struct peer *p, struct span body)
{
	struct msg_blocks m;

	if (!ranges_in_flight(p->sync) && !p->sync->late)
		peer_fault(n, p, FAULT_UNEXPECTED, "blocks nobody asked for");
	else if (msg_blocks_decode(&m, body))
		peer_fault(n, p, FAULT_MALFORMED, "ABL cannot be read");
	else
		take_answer(n, p, &m);
}

/* --- silence ----------------------------------------------------------- */

static void missed(struct node *n, struct peer *p)
{
	struct sync_peer *sp = p->sync;

	sp->good = 0;
	sp->allowed = 1;
	if (++sp->missed < MISSED_MAX)
		return;
	peer_fault(n, p, FAULT_SILENT, "asked %zu times without an answer",
		   sp->missed);
	peer_drop(n, p, "stalling", "no answer to %zu requests in time",
		  sp->missed);
}

void bodies_deadlines(struct node *n, struct peer *p)
{
	struct sync_peer *sp = p->sync;
	size_t i;

	if (sp->headers_deadline && n->now >= sp->headers_deadline) {
		sp->headers_deadline = 0;
		sp->headers_late = true;
		sp->ask_at = n->now + RANGE_DEADLINE_MS;
		missed(n, p);
	}
	for (i = 0; i < RANGES_PER_PEER; i++) {
		struct range *r = &sp->ranges[i];

		if (!r->count)
			continue;
		if (n->now < r->deadline) {
			sync_due(n->sync, r->deadline);
			continue;
		}
		close_range(n, r);
		sp->late++;
		missed(n, p);
	}
}

void bodies_peer_gone(struct node *n, struct peer *p)
{
	size_t i;

	for (i = 0; i < RANGES_PER_PEER; i++)
		if (p->sync->ranges[i].count)
			close_range(n, &p->sync->ranges[i]);
}

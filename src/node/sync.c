/* SPDX-License-Identifier: MIT */
/*
 * Blocks of other nodes: who is ahead, headers first, then bodies, then the
 * move. This file is the room's life: its states, what comes in, and the one
 * tick that looks at everything when something changed or is due.
 */
#include <stdlib.h>

#include "chain/tables.h"
#include "node/bft.h"
#include "node/network.h"
#include "node/sync_internal.h"

#define BODY_AVERAGE_FIRST 4096
#define HOPE_AGAIN 20 /* times the silence that ends waiting */

struct sync *sync_new(struct node *n)
{
	struct sync *s = xcalloc(1, sizeof(*s));

	s->tree = tree_new(TREE_BYTES_MAX, rng_next(&n->rng));
	s->works = map_new(sizeof(uint64_t), rng_next(&n->rng));
	s->pending = map_new(HASH_LEN, rng_next(&n->rng));
	s->keys = map_new(ADDRESS_LEN, rng_next(&n->rng));
	s->body_average = BODY_AVERAGE_FIRST;
	return s;
}

static void free_work(struct work *w)
{
	switch (w->kind) {
	case WORK_HEADERS:
		headers_free(w);
		break;
	case WORK_BODY:
		free(w);
		break;
	case WORK_EVIDENCE:
		evidence_free_work(w);
		break;
	}
}

void sync_free(struct sync *s)
{
	size_t at = 0;
	void *value;

	if (!s)
		return;
	while (map_next(s->works, &at, NULL, &value))
		free_work(value);
	map_free(s->works);
	map_free(s->pending);
	body_keys_free(s);
	reorg_free(s);
	evidence_free(s);
	tree_free(s->tree);
	free(s->path);
	free(s);
}

uint64_t node_settled(const struct node *n)
{
	uint64_t now = n->engine->ops->settled(n->engine);

	return now > n->sync->settled ? now : n->sync->settled;
}

/* As it was before the last move. */
static enum err open_settled(struct node *n, struct kv_view *view)
{
	struct span value;
	uint64_t height;
	enum err e;

	e = kv_get(view, &value, KV_META, meta_key(META_SETTLED));
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (!e)
		e = height_decode(&height, value);
	if (!e && height > chain_tip(n->chain)->height)
		e = ERR_CORRUPT;
	if (!e)
		n->sync->settled = height;
	return e;
}

enum err sync_open(struct node *n, struct kv_view *view, uint64_t boot_ms,
		   struct fault *f)
{
	struct sync *s = n->sync;
	enum err e;

	s->boot_ms = boot_ms;
	s->booting = boot_ms != 0;
	s->dirty = true;
	e = open_settled(n, view);
	if (e)
		return fault_set(f, e, "", "what is settled is unreadable");
	e = evidence_open(n, view);
	return e ? fault_set(f, e, "", "the evidence is unreadable") : ERR_OK;
}

void sync_changed(struct sync *s)
{
	s->dirty = true;
}

void sync_due(struct sync *s, uint64_t at)
{
	if (at && (!s->due || at < s->due))
		s->due = at;
}

/* --- jobs -------------------------------------------------------------- */

void sync_work(struct node *n, struct job *job, struct work *w)
{
	node_job(n, job, JOB_VERIFY, OWNER_SYNC);
	map_put(n->sync->works, &job->id, w);
}

void sync_job(struct node *n, struct job *job)
{
	struct work *w = map_del(n->sync->works, &job->id);

	if (!w)
		BUG("a job that sync did not ask for");
	switch (w->kind) {
	case WORK_HEADERS:
		headers_checked(n, w, job);
		break;
	case WORK_BODY:
		body_checked(n, w, job);
		break;
	case WORK_EVIDENCE:
		evidence_checked(n, w, job);
		break;
	}
}

/* --- peers ------------------------------------------------------------- */

void sync_peer_ready(struct node *n, struct peer *p)
{
	p->sync = xcalloc(1, sizeof(*p->sync));
	p->sync->allowed = RANGES_PER_PEER;
	evidence_greet(n, p);
	sync_peer_tip(n, p);
}

void sync_peer_gone(struct node *n, struct peer *p)
{
	if (!p->sync)
		return;
	bodies_peer_gone(n, p);
	sync_peer_free(p->sync);
	p->sync = NULL;
	sync_changed(n->sync);
}

void sync_peer_free(struct sync_peer *sp)
{
	free(sp);
}

void sync_peer_tip(struct node *n, struct peer *p)
{
	struct sync *s = n->sync;
	struct tree_node *node;

	s->booting = false;
	if (!p->sync)
		return;
	node = tree_find(s->tree, &p->tip);
	if (node && node->unavailable) {
		p->sync->lack_count = 0;
		tree_mark_available(s->tree, node);
		s->changed = true;
	}
	sync_changed(s);
}

void sync_nudge(struct node *n, struct peer *p)
{
	struct sync_peer *sp = p->sync;

	if (sp->headers_deadline || sp->checking || n->now < sp->ask_at)
		return;
	sp->more = true;
	sync_changed(n->sync);
}

/* A block whose bytes are here and that is about to be decided: its header
 * may not be needed. */
#define DECIDE_MS 100

static void block_here(struct node *n, struct peer *p, struct span body)
{
	struct msg_block_here m;
	struct span raw;

	if (msg_block_here_decode(&m, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "BLK cannot be read");
		return;
	}
	p->height = m.height;
	p->tip = m.hash;
	if (room_block(n, &raw, &m.hash))
		p->sync->ask_at = n->now + DECIDE_MS;
	else if (m.height == chain_tip(n->chain)->height + 1 &&
		 !headers_knows(n, &m.hash))
		bodies_ask_direct(n, p, &m.hash);
	sync_peer_tip(n, p);
}

void sync_message(struct node *n, struct peer *p, enum message_type type,
		  struct span body)
{
	if (type == MSG_RGK) {
		serve_genesis(n, p, body);
		return;
	}
	if (!p->sync)
		return;
	if (type == MSG_RHD)
		serve_headers(n, p, body);
	else if (type == MSG_AHD)
		headers_received(n, p, body);
	else if (type == MSG_RBL)
		serve_blocks(n, p, body);
	else if (type == MSG_ABL)
		bodies_received(n, p, body);
	else if (type == MSG_BLK)
		block_here(n, p, body);
	else if (type == MSG_EVD)
		evidence_received(n, p, body);
}

/* --- the tip ----------------------------------------------------------- */

void sync_durable(struct node *n, uint64_t seq)
{
	reorg_durable(n, seq);
	evidence_durable(n, seq);
}

void sync_own_block(struct node *n)
{
	struct main_header m;

	if (!main_header(n, &m, chain_tip(n->chain)->height))
		evidence_look(n, &m.header, &m.hash, m.raw, m.seal_raw);
	branches_prune(n);
	serve_announce(n);
	sync_changed(n->sync);
}

/* Silence of so long ends the waiting for a branch, ms. */
static uint64_t silence(const struct node *n)
{
	uint64_t half = chain_rules(n->chain)->slot_ms / 2;

	return half > SILENCE_MIN_MS ? half : SILENCE_MIN_MS;
}

/* Something better may come: wait for it. Whoever only promises, and gives
 * nothing, must not make us wait all the time. */
void sync_hope(struct node *n)
{
	struct sync *s = n->sync;

	if (n->now < s->hope_at)
		return;
	s->progress = n->now;
	s->hope_at = n->now + HOPE_AGAIN * silence(n);
}

/* Somebody who said that it is ahead was asked how. */
static bool is_asking(struct node *n)
{
	uint64_t height = chain_tip(n->chain)->height;
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at)))
		if (p->sync && p->height > height &&
		    (p->sync->headers_deadline || p->sync->checking))
			return true;
	return false;
}

bool sync_holds_production(const struct node *n)
{
	const struct sync *s = n->sync;

	return s->booting || s->halted || s->move.state != MOVE_IDLE ||
	       n->now < s->hold_until;
}

/* Hold production while what is better keeps coming. Of what was only promised
 * nothing comes: bodies that do are of the chain as it is, and end nothing. */
static void hold(struct node *n)
{
	struct sync *s = n->sync;
	bool asking = !s->target && is_asking(n);
	uint64_t promised;

	if (asking && !s->asking)
		sync_hope(n);
	s->asking = asking;
	promised = s->hope_at ? s->hope_at - HOPE_AGAIN * silence(n) : 0;
	s->hold_until = s->target ? s->progress + silence(n)
			: asking  ? promised + silence(n)
				  : 0;
	if (n->now < s->hold_until)
		sync_due(s, s->hold_until);
}

static void boot(struct node *n)
{
	struct sync *s = n->sync;

	if (!s->booting)
		return;
	if (!s->boot_until)
		s->boot_until = n->now + s->boot_ms;
	if (n->now >= s->boot_until)
		s->booting = false;
	else
		sync_due(s, s->boot_until);
}

/* --- the tick ---------------------------------------------------------- */

static void log_progress(struct node *n)
{
	uint64_t height = chain_tip(n->chain)->height, made;
	struct sync *s = n->sync;

	if (!s->target)
		return;
	if (n->now >= s->log_at) {
		made = height > s->log_height ? height - s->log_height : 0;
		node_log(n, NOTICE_INFO,
			 "syncing: height %llu of %llu, %llu blocks/s, peers "
			 "%zu",
			 (unsigned long long)height,
			 (unsigned long long)s->target->header.height,
			 (unsigned long long)(made * 1000 / PROGRESS_LOG_MS),
			 peers_ready(n));
		s->log_at = n->now + PROGRESS_LOG_MS;
		s->log_height = height;
	}
	sync_due(s, s->log_at);
}

static void look(struct node *n)
{
	struct sync *s = n->sync;
	struct peer *p;
	size_t at = 0;

	s->dirty = false;
	s->due = 0;
	boot(n);
	while ((p = peers_next(n, &at)))
		if (p->sync)
			bodies_deadlines(n, p);
	if (s->changed)
		branches_choose(n);
	headers_ask(n);
	bodies_schedule(n);
	if (s->changed)
		branches_choose(n);
	bodies_check(n);
	reorg_tick(n);
	if (s->changed)
		branches_choose(n);
	hold(n);
	log_progress(n);
}

void sync_tick(struct node *n)
{
	struct sync *s = n->sync;

	if (s->dirty || (s->due && n->now >= s->due))
		look(n);
	if (s->dirty)
		node_wake(n, n->now);
	else
		node_wake(n, s->due);
}

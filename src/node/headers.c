/* SPDX-License-Identifier: MIT */
/*
 * Headers that peers send: whether what comes follows what is known by the
 * engine's rules, and, their seals checked on a worker, into the tree. Nothing
 * is remembered against the hash of a header that is refused. Who is asked for
 * them is in headers_ask.c.
 */
#include <stdlib.h>

#include "chain/tables.h"
#include "node/bft.h"
#include "node/sync_internal.h"

#define ASK_AGAIN_MS 2000
#define HEADER_WITH_SEAL (SEAL_BYTES_MAX + 2048) /* more than one has */
#define STALE_MS 10000 /* a tip that led nowhere is left alone so long */
/* and its peer: looking at known headers costs us, not it */
#define VAIN_MS 1000

/* One header that is being checked; its bytes lie in the batch. */
struct entry {
	struct hash hash;
	struct header header;
	struct span header_raw, seal_raw;
	size_t check, checks; /* of its seal: the first, how many */
	struct buf state;     /* the engine's, after it */
	uint64_t settled, rank;
};

struct header_batch {
	struct work work;
	uint64_t peer;
	struct buf bytes; /* headers and seals; reserved, so it stays put */
	struct buf block; /* of the only entry, when it came with its block */
	struct entry *list;
	size_t count;
};

/* Where a walk over headers of one answer stands. */
struct walk {
	struct header_batch *batch;
	struct job *job;
	struct engine *engine; /* after `parent`; NULL: not found yet */
	struct engine_block parent;
	struct hash before; /* the header before this one */
	size_t seen;	    /* headers read */
};

static void batch_free(struct header_batch *b)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		buf_release(&b->list[i].state);
	free(b->list);
	buf_release(&b->bytes);
	buf_release(&b->block);
	free(b);
}

void headers_free(struct work *w)
{
	batch_free((struct header_batch *)w);
}

/* --- reading ----------------------------------------------------------- */

static void refused(struct node *n, struct peer *p, const struct header *h,
		    enum err e)
{
	if (e == ERR_FUTURE && h->time <= n->now + FAR_FUTURE_MS) {
		/* its time comes: look again then */
		p->sync->ask_at = h->time > 1000 ? h->time - 1000 : 0;
		if (p->sync->ask_at < n->now + 100)
			p->sync->ask_at = n->now + 100;
		return;
	}
	peer_fault(n, p, e == ERR_FUTURE ? FAULT_FAR_FUTURE : FAULT_BAD_HEADER,
		   "header at height %llu: %s", (unsigned long long)h->height,
		   err_text(e));
	p->sync->ask_at = n->now + ASK_AGAIN_MS;
}

/* Whether the header may follow where the walk stands. */
static enum err follows(struct node *n, struct walk *w, const struct header *h,
			const struct hash *hash, struct span seal_raw)
{
	const struct engine_ops *ops = w->engine->ops;
	size_t before = w->job->checks.count;
	struct seal seal;
	enum err e;

	if (h->height != w->parent.height + 1 || h->results_root.len)
		return ERR_BAD_PARENT;
	e = ops->check_header(w->engine, &w->parent, h, n->now);
	if (e)
		return e;
	if (seal_decode(&seal, seal_raw))
		return ERR_BAD_SEAL;
	e = ops->check_seal(w->engine, h, hash, &seal, &w->job->checks);
	if (e)
		w->job->checks.count = before;
	return e;
}

static void keep(struct node *n, struct walk *w, const struct hash *hash,
		 struct span header_raw, struct span seal_raw)
{
	struct header_batch *b = w->batch;
	const struct entry *last = b->count ? &b->list[b->count - 1] : NULL;
	struct entry *entry = &b->list[b->count++];
	uint8_t *at = b->bytes.data + b->bytes.len;

	buf_append_span(&b->bytes, header_raw);
	buf_append_span(&b->bytes, seal_raw);
	entry->check = last ? last->check + last->checks : 0;
	entry->checks = w->job->checks.count - entry->check;
	entry->hash = *hash;
	entry->header_raw = SPAN(at, header_raw.len);
	entry->seal_raw = SPAN(at + header_raw.len, seal_raw.len);
	if (header_decode(&entry->header, entry->header_raw))
		BUG("a header that was decoded does not decode");
	sync_engine_block(&w->parent, &entry->header, hash);
	w->engine->ops->save(w->engine, &entry->state, &w->parent);
	w->engine->ops->accept(w->engine, &w->parent);
	entry->settled = w->engine->ops->settled(w->engine);
	entry->rank = w->engine->ops->rank(w->engine);
	map_put(n->sync->pending, hash->b, n->sync);
}

/* The engine where the walk goes on; false when that is not known. */
static bool stand(struct node *n, struct walk *w, const struct hash *parent)
{
	enum err e;

	if (w->engine)
		return true;
	e = sync_engine_at(n, &w->engine, &w->parent, parent);
	if (e && e != ERR_NOT_FOUND)
		node_fail(n, e, "reading the engine's state");
	return !e;
}

static void walk_end(struct walk *w)
{
	if (w->engine)
		w->engine->ops->destroy(w->engine);
	w->engine = NULL;
}

/* The next header of an answer. false: go no further. */
static bool read_header(struct node *n, struct walk *w, struct peer *p,
			struct span header_raw, struct span seal_raw)
{
	struct header h;
	struct hash hash;
	enum err e;

	if (header_decode(&h, header_raw)) {
		peer_fault(n, p, FAULT_MALFORMED, "a header of no known form");
		return false;
	}
	header_hash(&hash, chain_genesis(n->chain), header_raw);
	if (w->seen++ && !hash_eq(&h.parent, &w->before)) {
		peer_fault(n, p, FAULT_MALFORMED, "headers not in a row");
		return false;
	}
	w->before = hash;
	if (tree_find(n->sync->tree, &hash) || main_has(n, &hash)) {
		p->sync->last = hash;
		p->sync->has_last = true;
		walk_end(w);
		return true;
	}
	if (!stand(n, w, &h.parent))
		return false;
	e = follows(n, w, &h, &hash, seal_raw);
	if (e) {
		refused(n, p, &h, e);
		return false;
	}
	keep(n, w, &hash, header_raw, seal_raw);
	return true;
}

static void walk_begin(struct walk *w, const struct peer *p, size_t count,
		       size_t bytes)
{
	struct header_batch *b = xcalloc(1, sizeof(*b));

	b->work.kind = WORK_HEADERS;
	b->peer = p->number;
	b->list = xcalloc(count, sizeof(*b->list));
	buf_reserve(&b->bytes, bytes);
	*w = (struct walk){.batch = b};
	w->job = xcalloc(1, sizeof(*w->job));
}

/* Have the seals checked of what was read. false: there is nothing. */
static bool walk_check(struct node *n, struct walk *w, struct peer *p)
{
	walk_end(w);
	if (!w->batch->count) {
		batch_free(w->batch);
		job_free(w->job);
		return false;
	}
	n->sync->header_batches++;
	p->sync->checking = true;
	sync_work(n, w->job, &w->batch->work);
	return true;
}

/* How far in the tree it has brought us, a height. */
static uint64_t brought_to(const struct node *n, const struct sync_peer *sp)
{
	const struct tree_node *last = NULL;

	if (sp->has_last)
		last = tree_find(n->sync->tree, &sp->last);
	return last ? last->header.height : 0;
}

/* An answer without a header that is new: `before` is how far it had brought
 * us. However full it was, asking on at once would be without end. */
static void nothing_new(struct node *n, struct peer *p, uint64_t before)
{
	struct sync_peer *sp = p->sync;

	if (sp->ask_at || (sp->more && brought_to(n, sp) > before))
		return;
	sp->more = false;
	sp->stale_until = n->now + STALE_MS;
	sp->stale = p->tip;
	sp->ask_at = n->now + VAIN_MS;
}

void headers_received(struct node *n, struct peer *p, struct span body)
{
	uint64_t before = brought_to(n, p->sync);
	struct span raw, header_raw, seal_raw;
	struct sync_peer *sp = p->sync;
	struct msg_list list;
	struct walk w;

	if (!sp->headers_deadline && sp->headers_late) {
		sp->headers_late = false;
		return;
	}
	if (!sp->headers_deadline) {
		peer_fault(n, p, FAULT_UNEXPECTED, "headers nobody asked for");
		return;
	}
	sp->headers_deadline = 0;
	sp->missed = 0;
	sync_changed(n->sync);
	if (msg_list_begin(&list, body, MSG_HEADERS_MAX)) {
		peer_fault(n, p, FAULT_MALFORMED, "AHD cannot be read");
		return;
	}
	walk_begin(&w, p, list.left ? list.left : 1, body.len);
	/* full by number, or by bytes: with certificates it is the sooner */
	sp->more = list.left == MSG_HEADERS_MAX ||
		   body.len + HEADER_WITH_SEAL > message_bytes_max(MSG_AHD);
	while (msg_list_next(&list, &raw)) {
		if (msg_header_decode(&header_raw, &seal_raw, raw)) {
			peer_fault(n, p, FAULT_MALFORMED, "AHD cannot be read");
			break;
		}
		if (!read_header(n, &w, p, header_raw, seal_raw)) {
			sp->more = false;
			break;
		}
	}
	if (!walk_check(n, &w, p))
		nothing_new(n, p, before);
}

void headers_of_block(struct node *n, struct peer *p, struct span raw)
{
	struct span header_raw, seal_raw;
	struct header h;
	struct walk w;

	if (main_split(&header_raw, &seal_raw, raw) ||
	    header_decode(&h, header_raw)) {
		peer_fault(n, p, FAULT_BAD_BODY, "a block of no known form");
		return;
	}
	walk_begin(&w, p, 1, header_raw.len + seal_raw.len);
	if (read_header(n, &w, p, header_raw, seal_raw))
		buf_append_span(&w.batch->block, raw);
	walk_check(n, &w, p);
}

void headers_of_certificate(struct node *n, struct peer *p,
			    struct span header_raw, struct span seal_raw)
{
	struct walk w;

	walk_begin(&w, p, 1, header_raw.len + seal_raw.len);
	read_header(n, &w, p, header_raw, seal_raw);
	walk_check(n, &w, p);
}

/* --- the seals are checked --------------------------------------------- */

/* Into the tree. false: nothing that follows it has a place either. */
static bool insert(struct node *n, const struct header_batch *b,
		   struct entry *entry, struct peer *p)
{
	struct sync *s = n->sync;
	const struct header *h = &entry->header;
	struct tree_node *parent = tree_find(s->tree, &h->parent), *node;
	struct span raw;
	enum err e;

	if (main_has(n, &entry->hash))
		return true;
	if (!parent && !main_has(n, &h->parent))
		return false; /* it was dropped meanwhile */
	e = tree_add(s->tree, &node, parent, entry->header_raw, entry->seal_raw,
		     &entry->hash, buf_span(&entry->state), entry->settled,
		     s->target, branches_prefer, n);
	if (e == ERR_TOO_BIG)
		return false;
	evidence_look(n, h, &entry->hash, entry->header_raw, entry->seal_raw);
	if (e == ERR_EXISTS)
		node = tree_find(s->tree, &entry->hash);
	node->rank = entry->rank;
	if (node->body == TREE_ABSENT && bodies_asked(n, &node->hash))
		node->body = TREE_ASKED;
	if (b->block.len && node->body < TREE_WAITING)
		body_attach(n, node, buf_span(&b->block), p);
	else if (room_block(n, &raw, &node->hash))
		body_attach(n, node, raw, NULL);
	return true;
}

static bool sealed(struct node *n, const struct job *job,
		   const struct entry *entry)
{
	enum err e = checks_result(&job->checks, entry->check, entry->checks);

	if (e == ERR_CRYPTO)
		node_fail(n, e, "checking a seal");
	return !e;
}

void headers_checked(struct node *n, struct work *w, const struct job *job)
{
	struct header_batch *b = (struct header_batch *)w;
	struct peer *p = peer_find(n, b->peer);
	struct sync *s = n->sync;
	size_t i;

	if (p && (p->stage != PEER_READY || !p->sync))
		p = NULL;
	if (p)
		p->sync->checking = false;
	s->header_batches--;
	s->changed = true;
	for (i = 0; i < b->count; i++)
		map_del(s->pending, b->list[i].hash.b);
	for (i = 0; i < b->count; i++) {
		if (!sealed(n, job, &b->list[i])) {
			if (p)
				peer_fault(n, p, FAULT_BAD_HEADER,
					   "the seal of a header does not "
					   "hold");
			break;
		}
		if (!insert(n, b, &b->list[i], p))
			break;
		if (p) {
			p->sync->last = b->list[i].hash;
			p->sync->has_last = true;
		}
	}
	batch_free(b);
	sync_changed(s);
}

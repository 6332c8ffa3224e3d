/* SPDX-License-Identifier: MIT */
/*
 * Evidence between nodes: told when it is durable, and checked when a peer
 * tells it.
 */
#include <stdlib.h>

#include "codec/msgpack.h"
#include "node/evidence_internal.h"

#define GREET_MAX 16
/* Signatures of evidence that wait to be checked. It comes unasked, and a
 * forged one costs its sender nothing: what is beyond is dropped, and comes
 * with the next hello of whoever has it. */
#define CHECKS_PER_PEER 128
#define CHECKS_MAX 1024

/* --- telling ----------------------------------------------------------- */

static void send(struct node *n, struct peer *p, struct span items,
		 size_t count)
{
	struct buf body = {0};

	mp_array(&body, count);
	buf_append_span(&body, items);
	peer_send(n, p, MSG_EVD, &body);
}

static void tell(struct node *n, const struct untold *u)
{
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at)))
		if (p->number != u->from)
			send(n, p, buf_span(&u->item), 1);
}

void evidence_durable(struct node *n, uint64_t seq)
{
	struct evidence_room *room = n->sync->evidence;
	size_t i, left = 0;

	for (i = 0; i < room->untold_count; i++) {
		if (room->untold[i].seq > seq) {
			room->untold[left++] = room->untold[i];
			continue;
		}
		tell(n, &room->untold[i]);
		buf_release(&room->untold[i].item);
	}
	room->untold_count = left;
}

enum err evidence_item(struct span *item, uint64_t *at, struct span value)
{
	struct mp_reader r;

	mp_reader_init(&r, value);
	mp_read_array(&r, 2, 2);
	*at = mp_read_uint(&r, UINT64_MAX);
	*item = mp_read_raw(&r);
	return mp_reader_end(&r) ? ERR_CORRUPT : ERR_OK;
}

void evidence_greet(struct node *n, struct peer *p)
{
	const struct evidence_room *room = n->sync->evidence;
	struct buf items = {0};
	struct span value, item;
	uint64_t at;
	size_t i, count = 0;

	for (i = room->kept_count; i-- > 0 && count < GREET_MAX;) {
		if (kv_get(n->store, &value, KV_EVIDENCE,
			   hash_span(&room->kept[i].id)) ||
		    evidence_item(&item, &at, value))
			continue; /* not durable yet: told when it is */
		if (items.len + item.len + 8 > message_bytes_max(MSG_EVD))
			break;
		buf_append_span(&items, item);
		count++;
	}
	if (count)
		send(n, p, buf_span(&items), count);
	buf_release(&items);
}

/* --- what is told ------------------------------------------------------ */

static enum err check_seal(struct node *n, const struct sealed *a,
			   struct job *job)
{
	struct seal seal;

	if (seal_decode(&seal, a->seal_raw))
		return ERR_BAD_SEAL;
	return n->engine->ops->check_seal(n->engine, &a->header, &a->block.hash,
					  &seal, &job->checks);
}

/* One item. ERR_EXISTS: it is of no use, or known; else what is wrong. */
static enum err read_evidence(struct node *n, const struct msg_evidence *m,
			      struct job *job)
{
	size_t before = job->checks.count;
	struct sealed a, b;
	enum err e;

	if (evidence_sealed(&a, n, m->header[0], m->seal[0]) ||
	    evidence_sealed(&b, n, m->header[1], m->seal[1]))
		return ERR_MALFORMED;
	if (!a.block.has_producer ||
	    !evidence_conflict(n, &a.block, &b.block) ||
	    !n->engine->ops->is_authority(n->engine, &a.block.producer))
		return ERR_BAD_PRODUCER;
	if (evidence_is_kept(n, &a.block) || evidence_is_old(n, &a.block) ||
	    a.block.time > n->now + FAR_FUTURE_MS)
		return ERR_EXISTS;
	e = check_seal(n, &a, job);
	if (!e)
		e = check_seal(n, &b, job);
	if (e)
		job->checks.count = before;
	return e;
}

static void evidence_work_free(struct evidence_work *w)
{
	buf_release(&w->bytes);
	free(w);
}

void evidence_free_work(struct work *w)
{
	evidence_work_free((struct evidence_work *)w);
}

/* Read what was told into w and job, until something is wrong. */
static enum err read_list(struct node *n, struct evidence_work *w,
			  struct job *job, struct msg_list list)
{
	enum err e = ERR_OK;
	struct span raw;

	while (!e && msg_list_next(&list, &raw)) {
		e = msg_evidence_decode(&w->list[w->count], raw);
		if (!e)
			e = read_evidence(n, &w->list[w->count], job);
		if (!e)
			w->checks_end[w->count++] = job->checks.count;
		else if (e == ERR_EXISTS)
			e = ERR_OK;
	}
	return e;
}

static bool has_room(const struct node *n, const struct peer *p, size_t items)
{
	return p->sync->evidence_checks + 2 * items <= CHECKS_PER_PEER &&
	       n->sync->evidence->checks + 2 * items <= CHECKS_MAX;
}

static void proves_nothing(struct node *n, struct peer *p, enum err e)
{
	peer_fault(n, p, FAULT_BAD_HEADER, "evidence that proves nothing: %s",
		   err_text(e));
}

void evidence_received(struct node *n, struct peer *p, struct span body)
{
	struct evidence_work *w;
	struct msg_list list;
	struct job *job;
	enum err e = msg_list_begin(&list, body, MSG_EVIDENCE_MAX);

	if (e) {
		proves_nothing(n, p, e);
		return;
	}
	if (!list.left || !has_room(n, p, list.left))
		return;
	w = xcalloc(1, sizeof(*w));
	job = xcalloc(1, sizeof(*job));
	w->work.kind = WORK_EVIDENCE;
	w->peer = p->number;
	buf_append_span(&w->bytes, body);
	e = msg_list_begin(&list, buf_span(&w->bytes), MSG_EVIDENCE_MAX);
	if (!e)
		e = read_list(n, w, job, list);
	if (!e && w->count) {
		p->sync->evidence_checks += job->checks.count;
		n->sync->evidence->checks += job->checks.count;
		sync_work(n, job, &w->work);
		return;
	}
	if (e)
		proves_nothing(n, p, e);
	evidence_work_free(w);
	job_free(job);
}

/* Whether the seals of that piece hold. */
static bool holds(const struct evidence_work *w, const struct job *job,
		  size_t i)
{
	size_t first = i ? w->checks_end[i - 1] : 0;

	return !checks_result(&job->checks, first, w->checks_end[i] - first);
}

void evidence_checked(struct node *n, struct work *work, const struct job *job)
{
	struct evidence_work *w = (struct evidence_work *)work;
	struct peer *p = peer_find(n, w->peer);
	struct sealed a, b;
	size_t i;

	n->sync->evidence->checks -= job->checks.count;
	if (p && p->sync)
		p->sync->evidence_checks -= job->checks.count;
	for (i = 0; i < w->count; i++) {
		const struct msg_evidence *m = &w->list[i];

		if (evidence_sealed(&a, n, m->header[0], m->seal[0]) ||
		    evidence_sealed(&b, n, m->header[1], m->seal[1]))
			BUG("evidence that was decoded does not decode");
		if (holds(w, job, i)) {
			evidence_found(n, &a, &b, w->peer);
		} else if (p) {
			peer_fault(n, p, FAULT_BAD_HEADER,
				   "evidence whose seals do not hold");
			break;
		}
	}
	evidence_work_free(w);
}

/* SPDX-License-Identifier: MIT */
/*
 * Double votes between nodes: told when they are durable, and checked when a
 * peer tells them.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "codec/msgpack.h"
#include "node/bft_offences.h"
#include "node/network.h"

/* --- telling ----------------------------------------------------------- */

static void send(struct node *n, struct peer *p, struct span items,
		 size_t count)
{
	struct buf body = {0};

	mp_array(&body, count);
	buf_append_span(&body, items);
	peer_send(n, p, MSG_EVV, &body);
}

void offences_durable(struct node *n, uint64_t seq)
{
	struct offences *o = n->bft->offences;
	struct peer *p;
	size_t i, at;

	for (i = 0; i < o->count; i++) {
		struct offence *f = &o->list[i];

		if (!f->seq || f->seq > seq)
			continue;
		f->seq = 0;
		at = 0;
		while ((p = peers_next(n, &at)))
			if (p->number != f->from)
				send(n, p, buf_span(&f->raw), 1);
	}
}

void offences_greet(struct node *n, struct peer *p)
{
	const struct offences *o = n->bft->offences;
	struct buf items = {0};
	size_t i, count = 0;

	for (i = o->count; i-- > 0 && count < MSG_DOUBLE_VOTES_MAX;) {
		const struct offence *f = &o->list[i];

		if (f->seq)
			continue; /* told when it is durable */
		if (items.len + f->raw.len + 8 > message_bytes_max(MSG_EVV))
			break;
		buf_append_span(&items, buf_span(&f->raw));
		count++;
	}
	if (count)
		send(n, p, buf_span(&items), count);
	buf_release(&items);
}

/* --- what is told ------------------------------------------------------ */

/* Whether it is of a member and not known. */
static bool is_new(const struct node *n, const struct double_vote *d)
{
	struct address account;

	key_address(&account, d->key);
	return d->vote[0].height <= n->bft->height + 1 &&
	       room_is_member(n, &account) &&
	       !offence_is_known(n, &account, d->vote[0].height);
}

static enum err add_checks(struct node *n, struct job *job,
			   const struct double_vote *d)
{
	size_t i;

	for (i = 0; i < 2; i++)
		if (!vote_check(&job->checks, &d->vote[i], d->key,
				&n->bft->genesis))
			return ERR_BAD_SIGNATURE;
	return ERR_OK;
}

/* Read what is told into the job, until something is wrong. */
static enum err read_list(struct node *n, struct offence_work *w,
			  struct job *job, struct span body)
{
	size_t i;
	struct double_vote d;
	struct msg_list list;
	struct span raw;
	enum err e;

	e = msg_list_begin(&list, body, MSG_DOUBLE_VOTES_MAX);
	if (e)
		return e;
	for (i = 0; !e && msg_list_next(&list, &raw); i++) {
		e = double_vote_decode(&d, raw);
		if (e || !is_new(n, &d))
			continue;
		w->checked[i] = true;
		e = add_checks(n, job, &d);
	}
	return e;
}

void offences_received(struct node *n, struct peer *p, struct span body)
{
	struct offences *o = n->bft->offences;
	struct offence_work *w;
	struct job *job;
	enum err e;

	if (map_count(o->works) >= OFFENCE_CHECKS_MAX)
		return; /* it comes with the next hello of who has it */
	job = xcalloc(1, sizeof(*job));
	w = xcalloc(1, sizeof(*w));
	e = read_list(n, w, job, body);
	if (e)
		peer_fault(n, p, FAULT_MALFORMED, "EVV proves nothing: %s",
			   err_text(e));
	if (e || !job->checks.count) {
		job_free(job);
		free(w);
		return;
	}
	node_job(n, job, JOB_VERIFY, OWNER_BFT);
	w->peer = p->number;
	buf_append_span(&w->body, body);
	map_put(o->works, &job->id, w);
}

static void take(struct node *n, const struct offence_work *w)
{
	struct double_vote d;
	struct msg_list list;
	struct span raw;
	size_t i;

	if (msg_list_begin(&list, buf_span(&w->body), MSG_DOUBLE_VOTES_MAX))
		BUG("EVV that was decoded does not decode");
	for (i = 0; msg_list_next(&list, &raw); i++)
		if (w->checked[i] && !double_vote_decode(&d, raw) &&
		    is_new(n, &d))
			offence_found(n, d.key, &d.vote[0], &d.vote[1],
				      w->peer);
}

bool offences_checked(struct node *n, const struct job *job)
{
	struct offence_work *w = map_del(n->bft->offences->works, &job->id);
	struct peer *p;
	enum err e;

	if (!w)
		return false;
	e = checks_result(&job->checks, 0, job->checks.count);
	p = peer_find(n, w->peer);
	if (e == ERR_CRYPTO)
		node_fail(n, e, "checking a double vote");
	else if (!e)
		take(n, w);
	else if (p)
		peer_fault(n, p, FAULT_BAD_VOTE,
			   "evidence with a signature that does not hold");
	buf_release(&w->body);
	free(w);
	return true;
}

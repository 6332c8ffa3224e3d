/* SPDX-License-Identifier: MIT */
/* Transactions on their way; see the header. A submission is in the api's
 * list from when it is sent until the node has answered and the client too. */
#include "http/submission.h"

#include <event2/event.h>
#include <stdlib.h>

#include "http/block_json.h"
#include "http/json_out.h"
#include "http/progress.h"

struct submission {
	TAILQ_ENTRY(submission) link;
	TAILQ_ENTRY(submission) due_link;
	bool due; /* in the api's list of these */
	struct api *api;
	struct http_request *r; /* NULL: the client went */
	uint64_t request;
	enum submission_kind kind;
	bool many;
	bool back; /* the node has answered */
	enum wait_for until;
	uint64_t seconds;
	struct event *timer; /* while it waits after that */
	struct submit_result *results;
	struct progress *progress; /* of each, as last looked at */
	size_t next;		   /* the first that may still change */
	bool over;		   /* the time to wait is */
	bool missed;		   /* and something was not there */
	bool *sent;		   /* which of them the node has */
	size_t count;
	struct buf own; /* SUBMISSION_OWN: its bytes */
};

struct submission *submission_new(struct api *api, enum submission_kind kind,
				  size_t count, bool many)
{
	struct submission *s = xcalloc(1, sizeof(*s));

	s->api = api;
	s->kind = kind;
	s->many = many;
	s->count = count;
	s->results = xcalloc(count + 1, sizeof(*s->results));
	s->progress = xcalloc(count + 1, sizeof(*s->progress));
	s->sent = xcalloc(count + 1, sizeof(*s->sent));
	return s;
}

void submission_wait(struct submission *s, enum wait_for until,
		     uint64_t seconds)
{
	s->until = until;
	s->seconds = seconds;
}

void submission_refuse(struct submission *s, size_t i, const struct fault *f)
{
	s->results[i].status = SUBMIT_REFUSED;
	s->results[i].fault = *f;
}

void submission_free(struct submission *s)
{
	if (s->timer)
		event_free(s->timer);
	buf_release(&s->own);
	free(s->results);
	free(s->progress);
	free(s->sent);
	free(s);
}

static void finish(struct submission *s)
{
	if (s->due)
		TAILQ_REMOVE(&s->api->due, s, due_link);
	TAILQ_REMOVE(&s->api->submissions, s, link);
	submission_free(s);
}

/* The client went, or the server closes. */
static void on_cancel(void *ctx)
{
	struct submission *s = ctx;

	s->r = NULL;
	if (s->back)
		finish(s);
}

/* --- answers ------------------------------------------------------------- */

/* From here on the request is answered, and s is gone. */
static void reply_fault(struct submission *s, const struct fault *f)
{
	struct call c = {.api = s->api, .r = s->r};

	finish(s);
	call_refuse(&c, f);
}

static void reply_failed(struct submission *s, enum err e)
{
	struct call c = {.api = s->api, .r = s->r};

	finish(s);
	call_query_failed(&c, e, "");
}

static void reply_body(struct submission *s, int status, struct buf *out)
{
	struct http_request *r = s->r;

	finish(s);
	http_reply(r, status, HTTP_JSON, buf_span(out));
	buf_release(out);
}

static void reply_many(struct submission *s, int status)
{
	struct buf out = {0};
	size_t i;

	out_text(&out, "[");
	for (i = 0; i < s->count; i++) {
		if (i)
			out_text(&out, ",");
		out_progress(&out, s->api, &s->results[i], &s->progress[i]);
	}
	out_text(&out, "]\n");
	reply_body(s, status, &out);
}

static void reply_own(struct submission *s, int status)
{
	struct buf out = {0};
	struct tx tx;
	enum err e = tx_decode(&tx, buf_span(&s->own), TX_BYTES_MAX, NULL);

	if (e)
		BUG("a transaction of our own cannot be decoded");
	tx_hash(&tx, node_genesis_hash(s->api->cfg.node));
	e = out_tx(&out, s->api, &tx, NULL);
	if (e) {
		buf_release(&out);
		reply_failed(s, e);
		return;
	}
	out_text(&out, "\n");
	reply_body(s, status, &out);
}

static void reply_one(struct submission *s, int status)
{
	const struct submit_result *res = &s->results[0];
	const struct progress *p = &s->progress[0];
	struct buf out = {0};
	struct fault f;

	if (res->status == SUBMIT_REFUSED) {
		f = res->fault;
		reply_fault(s, &f);
		return;
	}
	if (p->state == TX_DROPPED && s->until != WAIT_POOL) {
		fault_set(&f, p->reason, "", "dropped while it was waited for");
		reply_fault(s, &f);
		return;
	}
	if (s->until == WAIT_POOL && res->status != SUBMIT_KNOWN)
		status = 202;
	if (s->kind == SUBMISSION_OWN) {
		reply_own(s, status);
		return;
	}
	out_progress(&out, s->api, res, p);
	out_text(&out, "\n");
	reply_body(s, status, &out);
}

static void reply(struct submission *s)
{
	int status = s->missed ? 202 : 200;

	if (s->many)
		reply_many(s, status);
	else
		reply_one(s, status);
}

/* --- waiting ------------------------------------------------------------- */

/*
 * Up to how many transactions are looked at in one turn of the loop, at some
 * us each, for all that wait together: a block must not make a hundred
 * clients with a thousand transactions each hold up everybody else.
 */
#define LOOKS 250
/* As long as a look takes, so many results are printed. */
#define RESULTS_PER_LOOK 8

enum walk { WALK_DONE, WALK_WAITS, WALK_AGAIN };

static bool is_told(const struct submission *s, const struct submit_result *res)
{
	return res->status == SUBMIT_REFUSED ||
	       (s->until == WAIT_POOL && res->status != SUBMIT_KNOWN);
}

/*
 * Look on where the last walk ended: what was passed is where the client
 * wants it, or never will be. Ends at the first that is not, unless the time
 * is over: then each of the others is looked at once more for the answer.
 */
static enum err walk(struct submission *s, enum walk *end, size_t *looks)
{
	const struct submit_result *res;
	struct progress *p;
	enum err e;

	for (; s->next < s->count; s->next++) {
		res = &s->results[s->next];
		p = &s->progress[s->next];
		if (is_told(s, res))
			continue;
		*end = WALK_AGAIN;
		if (!*looks)
			return ERR_OK;
		--*looks;
		e = progress_look(p, s->api, &res->id);
		if (e)
			return e;
		if (progress_has_reached(p, s->until) || p->state == TX_DROPPED)
			continue;
		*end = WALK_WAITS;
		if (!s->over)
			return ERR_OK;
		s->missed = true;
	}
	*end = WALK_DONE;
	return ERR_OK;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg);
static void on_look(evutil_socket_t fd, short what, void *arg);

static void await_timeout(struct submission *s)
{
	struct timeval tv = {.tv_sec = (time_t)s->seconds};

	s->timer = evtimer_new(s->api->base, on_timeout, s);
	evtimer_add(s->timer, &tv);
}

/* Its turn comes, behind those that are due already. */
static void look_later(struct submission *s)
{
	static const struct timeval soon = {0, 0};
	struct api *api = s->api;

	if (!s->due)
		TAILQ_INSERT_TAIL(&api->due, s, due_link);
	s->due = true;
	if (!api->look)
		api->look = evtimer_new(api->base, on_look, api);
	if (!evtimer_pending(api->look, NULL))
		evtimer_add(api->look, &soon);
}

/* Look at a part; answer when that was the last. s may be gone then. */
static void go_on(struct submission *s, size_t *looks)
{
	size_t cost = s->count / RESULTS_PER_LOOK;
	enum walk end;
	enum err e = walk(s, &end, looks);

	if (e) {
		reply_failed(s, e);
		return;
	}
	if (end == WALK_DONE) {
		*looks -= *looks < cost ? *looks : cost;
		reply(s);
		return;
	}
	if (s->until != WAIT_POOL && !s->timer)
		await_timeout(s);
	if (end == WALK_AGAIN)
		look_later(s);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct api *api = arg;
	struct submission *s;
	size_t looks = LOOKS;

	(void)fd, (void)what;
	while (looks && (s = TAILQ_FIRST(&api->due))) {
		TAILQ_REMOVE(&api->due, s, due_link);
		s->due = false;
		go_on(s, &looks);
	}
	if ((s = TAILQ_FIRST(&api->due)))
		look_later(s);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct submission *s = arg;

	(void)fd, (void)what;
	s->over = true;
	look_later(s);
}

/* The node has answered. */
static void came_back(struct submission *s)
{
	size_t i, looks = LOOKS;

	s->back = true;
	if (!s->r) {
		finish(s);
		return;
	}
	for (i = 0; i < s->count; i++)
		progress_init(&s->progress[i], &s->results[i]);
	go_on(s, &looks);
}

void submission_send(struct submission *s, struct call *c,
		     const struct span *txs)
{
	struct api *api = s->api;
	struct span *list = xcalloc(s->count + 1, sizeof(*list));
	size_t i, n = 0;

	for (i = 0; i < s->count; i++) {
		s->sent[i] = txs[i].len > 0;
		if (s->sent[i])
			list[n++] = txs[i];
	}
	if (s->kind == SUBMISSION_OWN)
		buf_append_span(&s->own, txs[0]);
	s->r = c->r;
	s->request = ++api->last_request;
	TAILQ_INSERT_TAIL(&api->submissions, s, link);
	if (n) {
		http_defer(c->r, on_cancel, s);
		/* s may be gone when this returns */
		api->cfg.submit(api->cfg.ctx, s->request, list, n);
	} else {
		s->back = true;
		reply(s);
	}
	free(list);
}

static struct submission *waiting_for(struct api *api, uint64_t request)
{
	struct submission *s;

	TAILQ_FOREACH(s, &api->submissions, link)
	if (s->request == request && !s->back)
		return s;
	return NULL;
}

void api_submit_result(struct api *api, uint64_t request,
		       const struct submit_result *results, size_t count)
{
	struct submission *s = waiting_for(api, request);
	size_t i, n = 0;

	if (!s)
		return;
	for (i = 0; i < s->count && n < count; i++)
		if (s->sent[i])
			s->results[i] = results[n++];
	if (n != count || i < s->count) {
		for (; i < s->count; i++)
			if (s->sent[i])
				BUG("fewer results than transactions");
		if (n != count)
			BUG("more results than transactions");
	}
	came_back(s);
}

void api_changed(struct api *api)
{
	struct submission *s;

	TAILQ_FOREACH(s, &api->submissions, link)
	if (s->back && s->r)
		look_later(s);
}

void submissions_free(struct api *api)
{
	struct submission *s, *next;

	for (s = TAILQ_FIRST(&api->submissions); s; s = next) {
		next = TAILQ_NEXT(s, link);
		finish(s);
	}
	if (api->look)
		event_free(api->look);
}

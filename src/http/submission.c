/* SPDX-License-Identifier: MIT */
/* Transactions on their way; see the header. A submission is in the api's
 * list from when it is sent until the node has answered and the client too. */
#include "http/submission.h"

#include <event2/event.h>
#include <stdlib.h>

#include "http/block_json.h"
#include "http/json_out.h"
#include "http/tx_status.h"

struct submission {
	TAILQ_ENTRY(submission) link;
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
	bool *sent; /* which of them the node has */
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
	free(s->sent);
	free(s);
}

static void finish(struct submission *s)
{
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

/* What is known of a transaction that the node took. */
struct progress {
	const char *status;
	bool reached; /* what the client waits for */
	bool dropped;
	enum err reason;
	bool in_block;
	uint64_t height, confirmations;
};

static bool is_reached(enum wait_for until, enum tx_state state)
{
	switch (until) {
	case WAIT_POOL:
		return true;
	case WAIT_BLOCK:
		return tx_is_in_block(state);
	case WAIT_SETTLED:
		return state == TX_SETTLED;
	case WAIT_FINAL: /* was refused: no engine here has finality */
		return false;
	}
	BUG("waiting for nothing");
}

static enum err look(struct progress *p, struct submission *s,
		     const struct submit_result *res)
{
	struct tx_info t;
	enum err e;

	*p = (struct progress){.status = "pending"};
	if (s->until == WAIT_POOL && res->status != SUBMIT_KNOWN) {
		p->reached = true;
		if (res->status == SUBMIT_QUEUED)
			p->status = "queued";
		return ERR_OK;
	}
	e = query_tx(&t, s->api->cfg.node, api_view(s->api), &res->id);
	if (e == ERR_NOT_FOUND) {
		p->status = "dropped";
		p->dropped = true;
		p->reason = e;
		return ERR_OK;
	}
	if (e)
		return e;
	p->status = t.state == TX_QUEUED ? "queued" : tx_status_name(t.state);
	p->reached = is_reached(s->until, t.state);
	p->dropped = t.state == TX_DROPPED;
	p->reason = t.reason;
	p->in_block = tx_is_in_block(t.state);
	p->height = t.height;
	p->confirmations = t.confirmations;
	tx_info_release(&t);
	return ERR_OK;
}

static void out_result(struct buf *out, const struct submit_result *res,
		       const struct progress *p)
{
	enum err code = res->status == SUBMIT_REFUSED ? res->fault.code
			: p->dropped		      ? p->reason
						      : ERR_OK;

	out_text(out, "{\"id\":");
	if (res->has_id)
		out_hash(out, &res->id);
	else
		out_text(out, "null");
	out_text(out, ",\"status\":\"");
	out_text(out, res->status == SUBMIT_REFUSED ? "refused" : p->status);
	out_text(out, "\"");
	if (p->in_block) {
		out_text(out, ",\"height\":");
		out_uint(out, p->height);
		out_text(out, ",\"confirmations\":");
		out_uint(out, p->confirmations);
	}
	if (code) {
		out_text(out, ",\"code\":\"");
		out_text(out, err_code(code));
		out_text(out, "\"");
	}
	if (code && res->fault.field[0]) {
		out_text(out, ",\"field\":");
		out_string(out, span_str(res->fault.field));
	}
	if (code && res->fault.detail[0]) {
		out_text(out, ",\"detail\":");
		out_string(out, span_str(res->fault.detail));
	}
	out_text(out, "}");
}

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
	struct progress p;
	size_t i;
	enum err e;

	out_text(&out, "[");
	for (i = 0; i < s->count; i++) {
		p = (struct progress){0};
		if (s->results[i].status != SUBMIT_REFUSED) {
			e = look(&p, s, &s->results[i]);
			if (e) {
				buf_release(&out);
				reply_failed(s, e);
				return;
			}
		}
		if (i)
			out_text(&out, ",");
		out_result(&out, &s->results[i], &p);
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

static void reply_one(struct submission *s, bool early)
{
	const struct submit_result *res = &s->results[0];
	struct buf out = {0};
	struct progress p;
	struct fault f;
	int status;
	enum err e;

	if (res->status == SUBMIT_REFUSED) {
		f = res->fault;
		reply_fault(s, &f);
		return;
	}
	e = look(&p, s, res);
	if (e) {
		reply_failed(s, e);
		return;
	}
	if (p.dropped && s->until != WAIT_POOL) {
		fault_set(&f, p.reason, "", "dropped while it was waited for");
		reply_fault(s, &f);
		return;
	}
	status = early || (s->until == WAIT_POOL && res->status != SUBMIT_KNOWN)
			 ? 202
			 : 200;
	if (s->kind == SUBMISSION_OWN) {
		reply_own(s, status);
		return;
	}
	out_result(&out, res, &p);
	out_text(&out, "\n");
	reply_body(s, status, &out);
}

static void reply(struct submission *s, bool early)
{
	if (s->many)
		reply_many(s, early ? 202 : 200);
	else
		reply_one(s, early);
}

/* --- waiting ------------------------------------------------------------- */

/* Answer if all are where the client wants them, or never will be. */
static bool try_reply(struct submission *s)
{
	struct progress p;
	size_t i;
	enum err e;

	for (i = 0; i < s->count && s->until != WAIT_POOL; i++) {
		if (s->results[i].status == SUBMIT_REFUSED)
			continue;
		e = look(&p, s, &s->results[i]);
		if (e) {
			reply_failed(s, e);
			return true;
		}
		if (!p.reached && !p.dropped)
			return false;
	}
	reply(s, false);
	return true;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	reply(arg, true);
}

static void begin_waiting(struct submission *s)
{
	struct timeval tv = {.tv_sec = (time_t)s->seconds};

	s->timer = evtimer_new(s->api->base, on_timeout, s);
	evtimer_add(s->timer, &tv);
}

/* The node has answered. */
static void came_back(struct submission *s)
{
	s->back = true;
	if (!s->r)
		finish(s);
	else if (!try_reply(s))
		begin_waiting(s);
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
		reply(s, false);
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
	struct submission *s, *next;

	for (s = TAILQ_FIRST(&api->submissions); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->back && s->r)
			(void)try_reply(s);
	}
}

void submissions_free(struct api *api)
{
	struct submission *s, *next;

	for (s = TAILQ_FIRST(&api->submissions); s; s = next) {
		next = TAILQ_NEXT(s, link);
		finish(s);
	}
}

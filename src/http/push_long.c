/* SPDX-License-Identifier: MIT */
/*
 * A long array of transactions as JSON. jansson reads some 25 MB a second,
 * so 4 MiB at once would hold up everybody for a sixth of one: its elements
 * are found first, which is cheap, and then parsed a few at a time.
 */
#include <event2/event.h>
#include <stdlib.h>

#include "http/batch.h"

#define ELEMENT_VALUES 100 /* a transaction has 11 members */

struct long_push {
	struct call call;
	struct buf body;
	struct batch batch;
	struct event *next; /* the next part's turn */
	size_t count;
	struct span texts[BATCH_MAX]; /* in body */
};

static void push_free(struct long_push *p)
{
	if (p->next)
		event_free(p->next);
	batch_release(&p->batch);
	buf_release(&p->body);
	free(p);
}

/* The client went, or the server closes. */
static void on_cancel(void *ctx)
{
	push_free(ctx);
}

/* false: the text is no JSON, and so is the whole. */
static bool add_text(struct long_push *p, struct span text, struct fault *f)
{
	json_t *in;

	*f = (struct fault){0};
	if (text.len > LONG_TEXT) {
		fault_set(f, ERR_TOO_BIG, "",
			  "%zu bytes of JSON; expected at most %u", text.len,
			  LONG_TEXT);
		batch_add_refused(&p->batch, f);
		return true;
	}
	in = json_parse_bounded(text, ELEMENT_VALUES, f);
	if (in)
		batch_add_json(&p->batch, &p->call, in);
	else if (f->code == ERR_TOO_BIG)
		batch_add_refused(&p->batch, f);
	else
		return false;
	json_decref(in);
	return true;
}

static void refuse(struct long_push *p, const struct fault *why)
{
	struct call c = p->call;
	size_t at = p->batch.count;

	push_free(p);
	call_fault(&c, why->code, why->field,
		   "transaction %zu, counted from 0, at its %s", at,
		   why->detail);
}

static void parse_part(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {0, 0};
	struct long_push *p = arg;
	struct batch *b = &p->batch;
	struct fault f;
	size_t bytes = 0;

	(void)fd, (void)what;
	while (b->count < p->count && bytes < LONG_TEXT) {
		bytes += p->texts[b->count].len;
		if (!add_text(p, p->texts[b->count], &f)) {
			refuse(p, &f);
			return;
		}
	}
	if (b->count < p->count) {
		evtimer_add(p->next, &soon);
		return;
	}
	batch_send(b, &p->call);
	push_free(p);
}

void push_long(struct call *c, struct span body)
{
	struct long_push *p = xcalloc(1, sizeof(*p));
	struct fault f;
	enum err e;

	p->call = *c;
	buf_append_span(&p->body, body);
	e = json_split(p->texts, BATCH_MAX, &p->count, buf_span(&p->body), &f);
	if (!e && p->count > BATCH_MAX)
		e = fault_set(&f, ERR_TOO_BIG, "",
			      "%zu transactions; expected at most %d", p->count,
			      BATCH_MAX);
	if (e) {
		push_free(p);
		call_refuse(c, &f);
		return;
	}
	batch_begin(&p->batch, c, p->count, true);
	p->next = evtimer_new(c->api->base, parse_part, p);
	http_defer(c->r, on_cancel, p);
	parse_part(-1, 0, p);
}

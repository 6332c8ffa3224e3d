/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "daemon/votes.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/vote.h"
#include "loop/log.h"
#include "store/journal.h"

_Static_assert(JOURNAL_ID_LEN == JOURNAL_ID_BYTES,
	       "the core and the file have one form of a journal's id");

struct votes {
	struct journal *journal;
	struct span *records; /* as the core reads them */
	struct event *readable;
	void (*step)(void *ctx, struct node_event *event);
	void (*failed)(void *ctx, const struct fault *f);
	void *ctx;
	uint64_t durable;
};

static void on_readable(int fd, short what, void *ctx)
{
	struct node_event event = {.kind = EVENT_PERSISTED};
	struct votes *v = ctx;
	struct fault f;

	(void)fd;
	(void)what;
	if (journal_reap(v->journal, &event.seq, &f)) {
		v->failed(v->ctx, &f);
		return;
	}
	if (event.seq <= v->durable)
		return;
	v->durable = event.seq;
	v->step(v->ctx, &event);
}

/*
 * What a journal that was made at a start begins with: nothing is signed at
 * any height. It stands until the core knows better and writes a floor, so a
 * second start knows as little as the first.
 */
static void write_ignorance(struct buf *out)
{
	struct vote_record r = {.is_floor = true, .floor = VOTE_FLOOR_NEVER};

	vote_record_encode(out, &r);
}

static bool is_ignorant(const struct journal *j)
{
	struct buf raw = {0};
	bool same;

	write_ignorance(&raw);
	same = journal_count(j) == 1 &&
	       span_eq(journal_get(j, 0)->bytes, buf_span(&raw));
	buf_release(&raw);
	return same;
}

static enum err make(const char *datadir, struct fault *f)
{
	struct buf raw = {0};
	enum err e;

	log_warning("%s holds no vote journal: a new one is made. What this "
		    "key signed before, if anything, is not known",
		    datadir);
	write_ignorance(&raw);
	/* of a height below all others: what comes takes its place */
	e = journal_replace(datadir, 0, buf_span(&raw), f);
	buf_release(&raw);
	return e;
}

static enum err open_or_make(struct votes *v, bool *is_new, const char *datadir,
			     struct fault *f)
{
	enum err e = journal_open(&v->journal, datadir, false, f);

	if (e == ERR_NOT_FOUND) {
		e = make(datadir, f);
		if (!e)
			e = journal_open(&v->journal, datadir, false, f);
	}
	*is_new = !e && is_ignorant(v->journal);
	return e;
}

enum err votes_open(struct votes **out, struct node_journal *journal,
		    const char *datadir, struct fault *f)
{
	struct votes *v = xcalloc(1, sizeof(*v));
	enum err e;
	size_t i;

	*out = NULL;
	e = open_or_make(v, &journal->is_new, datadir, f);
	if (e) {
		free(v);
		return e;
	}
	journal->is_there = true;
	memcpy(journal->id, journal_id(v->journal), JOURNAL_ID_BYTES);
	journal->last = v->durable = journal_last(v->journal);
	if (!journal->is_new)
		journal->record_count = journal_count(v->journal);
	v->records = xcalloc(journal->record_count, sizeof(*v->records));
	for (i = 0; i < journal->record_count; i++)
		v->records[i] = journal_get(v->journal, i)->bytes;
	journal->records = v->records;
	*out = v;
	return ERR_OK;
}

void votes_begin(struct votes *v, struct event_base *base,
		 void (*step)(void *ctx, struct node_event *event),
		 void (*failed)(void *ctx, const struct fault *f), void *ctx)
{
	free(v->records);
	v->records = NULL;
	journal_forget(v->journal);
	v->step = step;
	v->failed = failed;
	v->ctx = ctx;
	v->readable = event_new(base, journal_fd(v->journal),
				EV_READ | EV_PERSIST, on_readable, v);
	event_priority_set(v->readable, 0);
	event_add(v->readable, NULL);
}

void votes_append_take(struct votes *v, uint64_t seq, uint64_t height,
		       struct buf *bytes)
{
	journal_append_take(v->journal, seq, height, bytes);
}

enum err votes_close(struct votes *v, struct fault *f)
{
	enum err e;

	if (!v)
		return ERR_OK;
	if (v->readable)
		event_free(v->readable);
	e = journal_close(v->journal, f);
	free(v->records);
	free(v);
	return e;
}

/* SPDX-License-Identifier: MIT */
/*
 * The wiring: events in, effects out. Every source of events (HTTP, workers,
 * the store's writer, the timer) ends in step(), and every effect of the
 * core is carried out in perform(). No rule of the ledger is here.
 */
#include <config.h>

#include "daemon/daemon.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cookie.h"
#include "daemon/open.h"
#include "http/api.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "loop/signals.h"
#include "loop/workers.h"
#include "node/query.h"
#include "store/kv_lmdb.h"

struct daemon {
	struct config *config;
	struct opened opened; /* store, key, account, what it is called */
	struct node *node;
	struct event_base *base;
	struct timer *timer;
	struct event *durable;
	struct workers *workers;
	struct signals *signals;
	struct api *api;
	struct effects effects;
	uint64_t durable_seq;
	char cookie[COOKIE_LEN + 1];
	int status;
};

static void stop(struct daemon *d, int status)
{
	if (status)
		d->status = status;
	event_base_loopbreak(d->base);
}

static void report(const struct fault *f)
{
	log_error("%s%s%s", f->field, f->field[0] ? ": " : "",
		  f->detail[0] ? f->detail : err_text(f->code));
}

static void notify(struct daemon *d, struct effect *e)
{
	switch (e->notify) {
	case NOTIFY_SUBMITTED:
		api_submit_result(d->api, e->request, e->results,
				  e->result_count);
		break;
	case NOTIFY_BLOCK:
		log_debug("block %llu", (unsigned long long)e->height);
		api_changed(d->api);
		break;
	case NOTIFY_DROPPED:
		api_changed(d->api);
		break;
	case NOTIFY_ENV:
		report(&e->fault);
		stop(d, 1);
		break;
	}
}

static void perform(struct daemon *d, struct effect *e)
{
	switch (e->kind) {
	case EFFECT_COMMIT:
		store_commit_take(d->opened.store, e->seq, e->batch);
		break;
	case EFFECT_TIMER:
		timer_at(d->timer, e->at);
		break;
	case EFFECT_JOB:
		workers_submit_take(d->workers, e->job);
		e->job = NULL;
		break;
	case EFFECT_NOTIFY:
		notify(d, e);
		break;
	}
}

/* One step of the core, and its effects in order. Not reentered: effects
 * only queue what leads to the next event. */
static void step(struct daemon *d, struct event_in *in);

static void step_event(struct daemon *d, struct event *unused);

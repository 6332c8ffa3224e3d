/* SPDX-License-Identifier: MIT */
/*
 * libevent's timers go by the monotonic clock, so the wall clock is read
 * again when one ends, and at least once a second; see the header.
 */
#include <config.h>

#include "loop/clock.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_AGAIN_MS 1000

struct timer {
	struct event *event;
	clock_fn *clock;
	timer_fn *fn;
	void *ctx;
	uint64_t at; /* 0: none */
};

uint64_t clock_now_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) || now.tv_sec < 0)
		BUG("there is no wall clock");
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_steady_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		BUG("there is no steady clock");
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void arm(struct timer *t, uint64_t now)
{
	uint64_t wait = t->at > now ? t->at - now : 0;
	struct timeval delay;

	if (wait > LOOK_AGAIN_MS)
		wait = LOOK_AGAIN_MS;
	delay = (struct timeval){.tv_sec = (time_t)(wait / 1000),
				 .tv_usec = (suseconds_t)(wait % 1000 * 1000)};
	if (evtimer_add(t->event, &delay))
		BUG("libevent refuses a timer");
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;
	uint64_t now = t->clock();

	(void)fd;
	(void)what;
	if (now < t->at) {
		arm(t, now);
		return;
	}
	t->at = 0;
	t->fn(t->ctx);
}

struct timer *timer_new(struct event_base *base, clock_fn *clock, timer_fn *fn,
			void *ctx)
{
	struct timer *t = xcalloc(1, sizeof(*t));

	t->clock = clock;
	t->fn = fn;
	t->ctx = ctx;
	t->event = evtimer_new(base, on_time, t);
	if (!t->event)
		BUG("out of memory");
	event_priority_set(t->event, 0); /* before what peers say */
	return t;
}

void timer_free(struct timer *t)
{
	if (!t)
		return;
	event_free(t->event);
	free(t);
}

void timer_at(struct timer *t, uint64_t at)
{
	t->at = at;
	if (at)
		arm(t, t->clock());
	else
		evtimer_del(t->event);
}

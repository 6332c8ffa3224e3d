/* SPDX-License-Identifier: MIT */
/*
 * The clocks, and a timer that rings at a time of the wall clock: not before,
 * also when that is set back meanwhile, and within a second when it is set
 * forth past the time.
 */
#ifndef LOOP_CLOCK_H
#define LOOP_CLOCK_H

#include <stdint.h>

#include "base/mem.h"

struct event_base;

/* ms since 1970. */
uint64_t clock_now_ms(void);
/* ms since some moment before; nobody can set it, so spans of time are its. */
uint64_t clock_steady_ms(void);

typedef uint64_t clock_fn(void);
typedef void timer_fn(void *ctx);

struct timer;
/* clock is clock_now_ms outside of tests. fn is called on the loop. */
MUST_USE struct timer *timer_new(struct event_base *base, clock_fn *clock,
				 timer_fn *fn, void *ctx);
void timer_free(struct timer *t);
/* Ring once, at this time (ms since 1970), or in the next turn of the loop
 * when that is past; replaces the time before. 0: do not ring. Fine within
 * fn. */
void timer_at(struct timer *t, uint64_t at);

#endif

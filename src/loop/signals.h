/* SPDX-License-Identifier: MIT */
/*
 * Signals of a daemon (INTERFACE: "Programs"): the first SIGINT or SIGTERM
 * asks to stop cleanly, the second ends the process at once, also when the
 * loop hangs; SIGHUP asks to read again what can change. SIGPIPE is ignored.
 */
#ifndef LOOP_SIGNALS_H
#define LOOP_SIGNALS_H

#include "base/mem.h"

struct event_base;

typedef void signals_fn(void *ctx);

struct signals;
/* Both are called on the loop. reload may be NULL: SIGHUP does nothing.
 * One per process. */
MUST_USE struct signals *signals_new(struct event_base *base, signals_fn *stop,
				     signals_fn *reload, void *ctx);
/* What the process did with these signals before applies again. */
void signals_free(struct signals *s);

#endif

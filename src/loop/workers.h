/* SPDX-License-Identifier: MIT */
/*
 * Threads that do the core's jobs: check signatures, sign. They share
 * nothing with the loop but the jobs that are in their hands. A job with
 * many checks is shared out among them in slices; what is to be signed goes
 * before what is to be checked.
 */
#ifndef LOOP_WORKERS_H
#define LOOP_WORKERS_H

#include "base/err.h"
#include "node/event.h"

struct event_base;
struct workers;

#define WORKERS_MAX 64
/* Decoded public keys that all of them together keep: about 8 MB. */
#define WORKERS_KEYS 4096

/* Called on the loop; takes the job. Jobs may end in another order than they
 * came in. May submit jobs, may not free the workers. */
typedef void workers_done_fn(void *ctx, struct job *job);

/*
 * Start count threads (1..WORKERS_MAX). key signs; borrowed until
 * workers_free(); may be NULL, then JOB_SIGN ends in ERR_UNAVAILABLE.
 * ERR_UNAVAILABLE with a fault when the system has no thread or descriptor
 * left; *out is NULL then.
 */
MUST_USE enum err workers_new(struct workers **out, struct event_base *base,
			      unsigned count, const struct secret_key *key,
			      workers_done_fn *done, void *ctx,
			      struct fault *f);
void workers_submit_take(struct workers *w, struct job *job);
/* Wait for what the threads have in their hands (a slice each), and throw
 * away every job that is not handed back yet. */
void workers_free(struct workers *w);

#endif

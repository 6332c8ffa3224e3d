/* SPDX-License-Identifier: MIT */
/*
 * One lock around three queues and a list of what is done; the threads hold it
 * only to take a slice or give one back. An eventfd wakes the loop. See the
 * header.
 */
#include <config.h>

#include "loop/workers.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Checks at a time: about half a millisecond, so that neither a signature
 * nor the end of the process waits long, and taking one costs nothing. */
#define SLICE 32
/* Checks handed back before the loop gets to see to other things: what
 * follows them takes the loop about a millisecond. */
#define DONE_AT_ONCE 1000

struct task {
	struct task *next;
	struct job *job;
	size_t slices; /* that it is made of */
	size_t given;  /* of these, taken by a thread */
	size_t ended;  /* of these, done */
};

struct queue {
	struct task *first, **last;
};

struct workers {
	/* the loop's */
	struct event *event;
	struct event *kick; /* at the end of this turn: there is work */
	workers_done_fn *done_fn;
	void *ctx;
	int wake;
	const struct secret_key *key;
	size_t keys_each;
	unsigned count;
	pthread_t threads[WORKERS_MAX];

	pthread_mutex_t lock;
	pthread_cond_t work;
	/* under the lock */
	bool stop;
	struct queue sign, blocks, verify, done;
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_put(struct queue *q, struct task *t)
{
	t->next = NULL;
	*q->last = t;
	q->last = &t->next;
}

static struct task *queue_pop(struct queue *q)
{
	struct task *t = q->first;

	if (!t)
		return NULL;
	q->first = t->next;
	if (!q->first)
		q->last = &q->first;
	return t;
}

static void queue_release(struct queue *q)
{
	struct task *t;

	while ((t = queue_pop(q))) {
		job_free(t->job);
		free(t);
	}
}

/* A signature is one slice; so is a job without checks. */
static size_t slices_of(const struct job *job)
{
	if (job->kind == JOB_SIGN || !job->checks.count)
		return 1;
	return (job->checks.count - 1) / SLICE + 1;
}

/* A flood of transactions must keep neither our blocks nor those of others
 * waiting: it is thousands of checks deep. */
static struct queue *queue_of(struct workers *w, const struct job *job)
{
	if (job->kind == JOB_SIGN)
		return &w->sign;
	return job->owner == OWNER_SYNC ? &w->blocks : &w->verify;
}

/* Take the next slice; NULL when there is none. The lock is held. */
static struct task *take(struct workers *w, size_t *slice)
{
	struct queue *q = w->sign.first	    ? &w->sign
			  : w->blocks.first ? &w->blocks
					    : &w->verify;
	struct task *t = q->first;

	if (!t)
		return NULL;
	*slice = t->given++;
	if (t->given == t->slices)
		queue_pop(q);
	return t;
}

static void wake_loop(const struct workers *w)
{
	static const uint64_t one = 1;

	/* the counter is far from full, and the descriptor is ours */
	if (write(w->wake, &one, sizeof(one)) != sizeof(one))
		BUG("the loop cannot be woken");
}

/* Give a slice back. The lock is held. */
static void give_back(struct workers *w, struct task *t)
{
	bool asleep = !w->done.first;

	if (++t->ended < t->slices)
		return;
	queue_put(&w->done, t);
	if (asleep)
		wake_loop(w);
}

static void run(const struct workers *w, struct verifier *v, struct job *job,
		size_t slice)
{
	size_t i = slice * SLICE, end = i + SLICE;

	switch (job->kind) {
	case JOB_VERIFY:
		for (; i < end && i < job->checks.count; i++)
			check_run(&job->checks.list[i], v);
		break;
	case JOB_SIGN:
		job->result = ERR_UNAVAILABLE;
		if (w->key)
			job->result = secret_key_sign(w->key, &job->signature,
						      &job->digest);
		break;
	}
}

static void *thread_main(void *arg)
{
	struct workers *w = arg;
	struct verifier *v = verifier_new(w->keys_each);
	struct task *t;
	size_t slice;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		t = take(w, &slice);
		if (!t) {
			pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		run(w, v, t->job, slice);
		pthread_mutex_lock(&w->lock);
		give_back(w, t);
	}
	pthread_mutex_unlock(&w->lock);
	verifier_free(v);
	return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct workers *w = arg;
	uint64_t counter;
	struct task *t;
	size_t checks = 0;

	(void)what;
	if (read(fd, &counter, sizeof(counter)) < 0 && errno != EAGAIN)
		BUG("the workers' descriptor is broken");
	while (checks < DONE_AT_ONCE) {
		pthread_mutex_lock(&w->lock);
		t = queue_pop(&w->done);
		pthread_mutex_unlock(&w->lock);
		if (!t)
			return;
		checks += t->job->checks.count + 1;
		w->done_fn(w->ctx, t->job);
		free(t);
	}
	/* through the descriptor, so that the loop looks at others first; an
	 * event that is made active here would run before that */
	wake_loop(w);
}

void workers_submit_take(struct workers *w, struct job *job)
{
	struct task *t = xcalloc(1, sizeof(*t));

	t->job = job;
	t->slices = slices_of(job);
	pthread_mutex_lock(&w->lock);
	queue_put(queue_of(w, job), t);
	pthread_mutex_unlock(&w->lock);
	if (job->kind == JOB_SIGN) /* at once: it is a block */
		pthread_cond_signal(&w->work);
	else
		event_active(w->kick, EV_TIMEOUT, 0);
}

/*
 * Waking a thread costs as much as a third of a check, so those that sleep
 * are woken once for all that this turn of the loop submitted.
 */
static void on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct workers *w = arg;

	(void)fd;
	(void)what;
	pthread_cond_broadcast(&w->work);
}

/* Signals are for the loop's thread alone. */
static int start_threads(struct workers *w, unsigned count)
{
	sigset_t all, old;
	int e = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!e && w->count < count) {
		e = pthread_create(&w->threads[w->count], NULL, thread_main, w);
		if (!e)
			w->count++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return e;
}

enum err workers_new(struct workers **out, struct event_base *base,
		     unsigned count, const struct secret_key *key,
		     workers_done_fn *done, void *ctx, struct fault *f)
{
	struct workers *w;
	int e;

	*out = NULL;
	if (!count || count > WORKERS_MAX)
		BUG("number of workers");
	w = xcalloc(1, sizeof(*w));
	w->done_fn = done;
	w->ctx = ctx;
	w->key = key;
	w->keys_each = (WORKERS_KEYS + count - 1) / count;
	queue_init(&w->sign);
	queue_init(&w->blocks);
	queue_init(&w->verify);
	queue_init(&w->done);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	e = w->wake < 0 ? errno : start_threads(w, count);
	if (e) {
		workers_free(w);
		return fault_set(f, ERR_UNAVAILABLE, "threads",
				 "%u threads cannot be started: %s", count,
				 strerror(e));
	}
	w->event = event_new(base, w->wake, EV_READ | EV_PERSIST, on_done, w);
	w->kick = event_new(base, -1, 0, on_kick, w);
	/* a block's signature does not wait for what peers say */
	if (!w->event || !w->kick || event_priority_set(w->event, 0) ||
	    event_add(w->event, NULL))
		BUG("libevent refuses a descriptor");
	*out = w;
	return ERR_OK;
}

void workers_free(struct workers *w)
{
	unsigned i;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (i = 0; i < w->count; i++)
		pthread_join(w->threads[i], NULL);
	if (w->event)
		event_free(w->event);
	if (w->kick)
		event_free(w->kick);
	if (w->wake >= 0)
		close(w->wake);
	/* a job that some slices were taken of is still in its queue */
	queue_release(&w->sign);
	queue_release(&w->blocks);
	queue_release(&w->verify);
	queue_release(&w->done);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

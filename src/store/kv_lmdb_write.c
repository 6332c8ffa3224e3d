/* SPDX-License-Identifier: MIT */
/*
 * The writer of the LMDB store: a thread that owns the one write
 * transaction. What waits is written in groups, each one transaction and so
 * one flush. After the first error it writes nothing more: what follows
 * would otherwise leave a gap.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/file.h"
#include "store/kv_lmdb_internal.h"

/* Bytes of batches in one transaction: LMDB keeps its dirty pages in
 * memory until the commit. */
#define TXN_BYTES ((size_t)64 << 20)

/*
 * An append costs a fraction of a search, and fills pages whole; LMDB
 * refuses it when the key is not behind the last of its table. What comes by
 * rising height, and a table that is filled in order, is appended; a table
 * that refused is asked no more in this batch.
 */
static int put(MDB_txn *txn, MDB_dbi dbi, const struct kv_op *op, bool *append)
{
	MDB_val key = {op->key.len, (void *)op->key.data};
	MDB_val value = {op->value.len, (void *)op->value.data};
	int rc = MDB_KEYEXIST;

	if (*append)
		rc = mdb_put(txn, dbi, &key, &value, MDB_APPEND);
	if (rc == MDB_KEYEXIST) {
		*append = false;
		rc = mdb_put(txn, dbi, &key, &value, 0);
	}
	return rc;
}

static int del(MDB_txn *txn, MDB_dbi dbi, const struct kv_op *op)
{
	MDB_val key = {op->key.len, (void *)op->key.data};
	int rc = mdb_del(txn, dbi, &key, NULL);

	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int write_batch(struct store *s, MDB_txn *txn, const struct kv_batch *b)
{
	bool append[KV_TABLE_COUNT];
	struct kv_op op;
	size_t at = 0;
	int rc = 0;

	memset(append, true, sizeof(append));
	while (!rc && kv_batch_next(b, &at, &op))
		rc = op.del ? del(txn, s->dbi[op.table], &op)
			    : put(txn, s->dbi[op.table], &op,
				  &append[op.table]);
	return rc;
}

/* Write a list of jobs in one transaction. */
static enum err write_group(struct store *s, const struct store_job *job,
			    struct fault *f)
{
	MDB_txn *txn;
	int rc;

	rc = mdb_txn_begin(s->env, NULL, 0, &txn);
	if (rc)
		return lmdb_fault(s, f, "write", rc);
	for (; job && !rc; job = job->next)
		rc = write_batch(s, txn, &job->batch);
	if (rc)
		mdb_txn_abort(txn);
	else
		rc = mdb_txn_commit(txn);
	if (rc)
		return lmdb_fault(s, f, "write", rc);
	return lmdb_extend(s, f);
}

/* Detach from the queue what one transaction takes, at least one job. */
static struct store_job *take_group(struct store *s)
{
	struct store_job *group = s->first, **end = &s->first;
	size_t ops = 0, bytes = 0;

	while (*end) {
		ops += (*end)->batch.count;
		bytes += (*end)->batch.ops.len;
		if (end != &s->first &&
		    (ops > STORE_TXN_OPS || bytes > TXN_BYTES))
			break;
		end = &(*end)->next;
	}
	s->first = *end;
	*end = NULL;
	if (!s->first)
		s->last = &s->first;
	return group;
}

/* Under the mutex: count the group as done with, and free it. */
static void finish_group(struct store *s, struct store_job *job, bool durable)
{
	struct store_job *next;

	for (; job; job = next) {
		next = job->next;
		if (durable && job->seq)
			s->durable = job->seq;
		s->waiting--;
		s->finished++;
		if (!job->borrowed)
			kv_batch_release(&job->batch);
		free(job);
	}
}

static void tell(struct store *s)
{
	uint64_t one = 1;

	/* It can only fail when the counter is full: then it is readable. */
	while (write(s->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *writer(void *arg)
{
	struct store *s = arg;
	struct store_job *group;
	struct fault f = {0};
	enum err e;

	pthread_mutex_lock(&s->mutex);
	for (;;) {
		while (!s->first && !s->stop)
			pthread_cond_wait(&s->wake, &s->mutex);
		if (!s->first)
			break;
		group = take_group(s);
		e = s->failure.code;
		if (!e) {
			pthread_mutex_unlock(&s->mutex);
			e = write_group(s, group, &f);
			pthread_mutex_lock(&s->mutex);
			if (e)
				s->failure = f;
		}
		finish_group(s, group, !e);
		pthread_cond_broadcast(&s->written);
		tell(s);
	}
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}

enum err lmdb_writer_start(struct store *s, struct fault *f)
{
	sigset_t all, old;
	int rc;

	s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->event_fd < 0)
		return path_fault(f, "watch", s->data, errno);
	/* Signals are for the thread of the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&s->writer, NULL, writer, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return path_fault(f, "start the writer of", s->data, rc);
	s->writer_runs = true;
	return ERR_OK;
}

void lmdb_writer_stop(struct store *s)
{
	if (!s->writer_runs)
		return;
	pthread_mutex_lock(&s->mutex);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->mutex);
	pthread_join(s->writer, NULL);
	s->writer_runs = false;
}

/* The position of the job in the order of all jobs, from 1. */
static uint64_t queue_job(struct store *s, uint64_t seq, struct kv_batch batch,
			  bool borrowed)
{
	struct store_job *job = xcalloc(1, sizeof(*job));
	uint64_t position;

	if (s->read_only)
		BUG("a commit to a store that is open for reading");
	if (batch.count > STORE_TXN_OPS)
		BUG("a batch is too big");
	job->batch = batch;
	job->borrowed = borrowed;
	job->seq = seq;
	pthread_mutex_lock(&s->mutex);
	*s->last = job;
	s->last = &job->next;
	s->waiting++;
	position = ++s->taken;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->mutex);
	return position;
}

void store_commit_take(struct store *s, uint64_t seq, struct kv_batch *batch)
{
	if (seq <= s->last_seq)
		BUG("sequence numbers of commits must rise");
	s->last_seq = seq;
	queue_job(s, seq, *batch, false);
	*batch = (struct kv_batch){0};
}

enum err store_commit_sync(struct store *s, const struct kv_batch *batch,
			   struct fault *f)
{
	/* It is done with when this returns. */
	uint64_t position = queue_job(s, 0, *batch, true);
	enum err e;

	pthread_mutex_lock(&s->mutex);
	while (s->finished < position)
		pthread_cond_wait(&s->written, &s->mutex);
	e = s->failure.code;
	if (e && f)
		*f = s->failure;
	pthread_mutex_unlock(&s->mutex);
	return e;
}

int store_fd(const struct store *s)
{
	return s->event_fd;
}

enum err store_reap(struct store *s, uint64_t *durable, struct fault *f)
{
	uint64_t count;
	enum err e;

	/* Emptied first: what is done from here on makes it readable again. */
	while (read(s->event_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&s->mutex);
	*durable = s->durable;
	e = s->failure.code;
	if (e && f)
		*f = s->failure;
	pthread_mutex_unlock(&s->mutex);
	return e;
}

size_t store_waiting(struct store *s)
{
	size_t waiting;

	pthread_mutex_lock(&s->mutex);
	waiting = s->waiting;
	pthread_mutex_unlock(&s->mutex);
	return waiting;
}

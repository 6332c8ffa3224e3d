/* SPDX-License-Identifier: MIT */
/*
 * The vote journal's thread: what waits is written together, with one flush.
 * After the first error it writes nothing more: what follows would otherwise
 * leave a gap.
 */
#include <config.h>

#include "store/journal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/file.h"
#include "store/journal_internal.h"

/* Records that wait, or that were read. bytes are owned. */
struct records {
	struct journal_record *list;
	size_t count, cap;
};

struct journal {
	struct journal_file file; /* the writer's, once it runs */
	bool writer_runs;
	pthread_t writer;
	int event_fd;
	/* the caller's thread */
	uint8_t id[JOURNAL_ID_LEN];
	struct records found;
	uint64_t last;
	uint64_t height;
	/* both threads, under the mutex */
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct records waiting;
	uint64_t durable;
	struct fault failure; /* the first one; code ERR_OK: none */
	bool stop;
};

static void records_add(struct records *r, uint64_t seq, uint64_t height,
			struct buf *bytes)
{
	if (r->count == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 8;
		r->list = xrealloc(r->list, r->cap, sizeof(*r->list));
	}
	r->list[r->count++] =
		(struct journal_record){seq, height, buf_span(bytes)};
	*bytes = (struct buf){0};
}

static void records_release(struct records *r)
{
	for (size_t i = 0; i < r->count; i++)
		free((void *)r->list[i].bytes.data);
	free(r->list);
	*r = (struct records){0};
}

/* --- the writer ---------------------------------------------------------- */

static void tell(struct journal *j)
{
	uint64_t one = 1;

	/* It can only fail when the counter is full: then it is readable. */
	while (write(j->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Under the mutex, which is open while it writes. */
static void write_waiting(struct journal *j)
{
	struct records group = j->waiting;
	struct fault f = {0};
	enum err e = j->failure.code;

	j->waiting = (struct records){0};
	if (!e) {
		pthread_mutex_unlock(&j->mutex);
		e = journal_file_append(&j->file, group.list, group.count, &f);
		pthread_mutex_lock(&j->mutex);
		if (e)
			j->failure = f;
		else
			j->durable = group.list[group.count - 1].seq;
	}
	records_release(&group);
}

static void *writer(void *arg)
{
	struct journal *j = arg;

	pthread_mutex_lock(&j->mutex);
	for (;;) {
		while (!j->waiting.count && !j->stop)
			pthread_cond_wait(&j->wake, &j->mutex);
		if (!j->waiting.count)
			break;
		write_waiting(j);
		tell(j);
	}
	pthread_mutex_unlock(&j->mutex);
	return NULL;
}

static enum err writer_start(struct journal *j, struct fault *f)
{
	sigset_t all, old;
	int rc;

	j->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (j->event_fd < 0)
		return path_fault(f, "watch", j->file.path, errno);
	/* Signals are for the thread of the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&j->writer, NULL, writer, j);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return path_fault(f, "start the writer of", j->file.path, rc);
	j->writer_runs = true;
	return ERR_OK;
}

static void writer_stop(struct journal *j)
{
	if (!j->writer_runs)
		return;
	pthread_mutex_lock(&j->mutex);
	j->stop = true;
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->mutex);
	pthread_join(j->writer, NULL);
	j->writer_runs = false;
}

/* --- opening and closing ------------------------------------------------- */

static enum err read_found(struct journal *j, struct fault *f)
{
	const struct journal_slots *slots = &j->file.slots;
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; i < slots->count && !e; i++) {
		struct buf bytes = {0};

		e = journal_read(&bytes, &j->file, &slots->list[i], f);
		if (!e)
			records_add(&j->found, slots->list[i].seq,
				    slots->list[i].height, &bytes);
		buf_release(&bytes);
	}
	return e;
}

static void release(struct journal *j)
{
	if (j->event_fd >= 0)
		close(j->event_fd);
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->mutex);
	records_release(&j->found);
	records_release(&j->waiting);
	journal_file_release(&j->file);
	free(j);
}

enum err journal_open(struct journal **out, const char *datadir, bool read_only,
		      struct fault *f)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	enum err e;

	*out = NULL;
	j->event_fd = -1;
	if (pthread_mutex_init(&j->mutex, NULL) ||
	    pthread_cond_init(&j->wake, NULL))
		BUG("cannot make a mutex");
	e = journal_file_open(&j->file, datadir, read_only, f);
	if (!e)
		e = read_found(j, f);
	if (!e && !read_only)
		e = writer_start(j, f);
	if (e) {
		release(j);
		return e;
	}
	for (size_t i = 0; i < JOURNAL_ID_LEN; i++)
		j->id[i] = j->file.id[i];
	j->last = j->durable = j->file.last;
	if (j->found.count)
		j->height = j->found.list[0].height;
	*out = j;
	return ERR_OK;
}

enum err journal_close(struct journal *j, struct fault *f)
{
	enum err e;

	if (!j)
		return ERR_OK;
	writer_stop(j);
	e = j->failure.code;
	if (e && f)
		*f = j->failure;
	release(j);
	return e;
}

/* --- for the caller's thread --------------------------------------------- */

const uint8_t *journal_id(const struct journal *j)
{
	return j->id;
}

uint64_t journal_last(const struct journal *j)
{
	return j->last;
}

size_t journal_count(const struct journal *j)
{
	return j->found.count;
}

const struct journal_record *journal_get(const struct journal *j, size_t i)
{
	return i < j->found.count ? &j->found.list[i] : NULL;
}

void journal_forget(struct journal *j)
{
	records_release(&j->found);
}

void journal_append_take(struct journal *j, uint64_t seq, uint64_t height,
			 struct buf *bytes)
{
	if (!j->writer_runs)
		BUG("an append to a journal that is open for reading");
	if (seq != j->last + 1 || height < j->height)
		BUG("records of the vote journal out of order");
	if (bytes->len > JOURNAL_RECORD_MAX)
		BUG("a record of the vote journal is too big");
	j->last = seq;
	j->height = height;
	pthread_mutex_lock(&j->mutex);
	records_add(&j->waiting, seq, height, bytes);
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->mutex);
}

int journal_fd(const struct journal *j)
{
	return j->event_fd;
}

enum err journal_reap(struct journal *j, uint64_t *durable, struct fault *f)
{
	uint64_t count;
	enum err e;

	/* Emptied first: what is done from here on makes it readable again. */
	while (read(j->event_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&j->mutex);
	*durable = j->durable;
	e = j->failure.code;
	if (e && f)
		*f = j->failure;
	pthread_mutex_unlock(&j->mutex);
	return e;
}

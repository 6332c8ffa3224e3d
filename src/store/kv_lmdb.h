/* SPDX-License-Identifier: MIT */
/*
 * The tables on disk: LMDB in DATADIR/chain, one named database per table.
 * One thread reads through views; one writer thread of the store's own
 * writes batches, first in first out, with one flush for all that wait.
 * Promises that after any crash the content is that of a whole number of
 * batches, in the order in which they were given. Knows nothing of what the
 * tables mean. Open after any fork().
 *
 * Every fault's detail names the path.
 */
#ifndef STORE_KV_LMDB_H
#define STORE_KV_LMDB_H

#include "base/err.h"
#include "kv/kv.h"

/* The number of the format, in KV_META under "format", decimal. Raise it
 * with any change to the tables that an older program would misread. */
#define STORE_FORMAT 2

/*
 * A batch has at most this many writes, and the writer puts no more into
 * one transaction: LMDB's own limit, 128 Ki dirty pages, is then out of
 * reach.
 */
#define STORE_TXN_OPS 20000

struct store;

enum store_flags {
	STORE_CREATE = 1,    /* make what is not there */
	STORE_READ_ONLY = 2, /* no writer, and a commit is a bug */
};

/*
 * Open the store of a data directory and take the directory's lock. With
 * STORE_CREATE the directory (0700; its parent must be there) and an empty
 * store are made when they are not there.
 *
 * ERR_NOT_FOUND: no directory or no store in it (and no STORE_CREATE).
 * ERR_LOCKED: another process has it; names its pid. ERR_FOREIGN_FORMAT.
 * ERR_CORRUPT: the files are damaged, or cut short. ERR_PERMISSION,
 * ERR_NO_SPACE, ERR_IO. On an error *out is NULL and nothing stays locked.
 */
MUST_USE enum err store_open(struct store **out, const char *datadir,
			     unsigned flags, struct fault *f);

/*
 * Write what is queued, stop the writer, release the lock and free. The
 * cursors must be closed. Gives what
 * store_reap() would: ERR_OK says that every batch is on disk. NULL is fine.
 */
enum err store_close(struct store *s, struct fault *f);

/* --- reading; on the thread that opened the store ---------------------- */

/* The store's own view; borrowed. It shows the moment of its last renewal. */
struct kv_view *store_view(struct store *s);
/* Let store_view() show all that is durable by now. Once per step. */
MUST_USE enum err store_view_renew(struct store *s, struct fault *f);

/* --- writing; on the thread that opened the store ---------------------- */

/*
 * Queue a batch for the writer and take what it holds (*batch is empty
 * afterwards). seq rises from call to call. After an error of the writer
 * batches are dropped: the error stays until the store is closed.
 */
void store_commit_take(struct store *s, uint64_t seq, struct kv_batch *batch);

/*
 * Write a batch behind all that is queued, and wait until it is durable.
 * For tools and tests: the daemon's loop never waits for a disk. The batch
 * stays the caller's, and has no sequence number.
 */
MUST_USE enum err store_commit_sync(struct store *s,
				    const struct kv_batch *batch,
				    struct fault *f);

/* A descriptor that is readable when store_reap() has news. */
int store_fd(const struct store *s);
/*
 * The highest seq so that it and all before are durable (0: none yet). An
 * error of the writer is given by this and every later call, with *durable
 * set all the same.
 */
MUST_USE enum err store_reap(struct store *s, uint64_t *durable,
			     struct fault *f);
/* Batches that are queued or being written: the caller's back-pressure. */
size_t store_waiting(struct store *s);

#endif

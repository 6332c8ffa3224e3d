/* SPDX-License-Identifier: MIT */
/*
 * What the files of the LMDB store share. Nobody else includes this.
 */
#ifndef STORE_KV_LMDB_INTERNAL_H
#define STORE_KV_LMDB_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>

#include "store/kv_lmdb.h"

/* A batch on its way to disk. */
struct store_job {
	struct store_job *next;
	struct kv_batch batch;
	uint64_t seq;  /* 0: of store_commit_sync(), */
	bool borrowed; /* which keeps its batch */
};

struct lmdb_view {
	struct kv_view view;
	struct store *store;
	MDB_txn *txn;
	uint64_t renewals; /* a cursor notices by this that it is stale */
};

struct store {
	char *datadir;
	char *chain; /* DATADIR/chain */
	char *data;  /* DATADIR/chain/data.mdb */
	int lock_fd;
	bool read_only;
	MDB_env *env;
	MDB_dbi dbi[KV_TABLE_COUNT];

	/* the loop's */
	struct lmdb_view *main_view;
	uint64_t last_seq;

	/* shared with the writer, under the mutex */
	pthread_mutex_t mutex;
	pthread_cond_t wake;	/* the writer: a job, or stop */
	pthread_cond_t written; /* store_commit_sync(): a group is done */
	struct store_job *first, **last;
	size_t waiting;	   /* queued or being written */
	uint64_t taken;	   /* jobs ever queued, */
	uint64_t finished; /* and done with, durable or dropped */
	uint64_t durable;
	struct fault failure; /* code ERR_OK: none */
	bool stop;

	pthread_t writer;
	bool writer_runs;
	int event_fd;
};

/* The fault of an LMDB call on the store's file. */
MUST_USE enum err lmdb_fault(const struct store *s, struct fault *f,
			     const char *what, int rc);

/* kv_lmdb_size.c */
/* Bring the file to the length of what is allocated in it. */
MUST_USE enum err lmdb_extend(struct store *s, struct fault *f);
/* The same when it is opened, unless it was cut short: ERR_CORRUPT. */
MUST_USE enum err lmdb_settle_size(struct store *s, struct fault *f);

/* kv_lmdb_view.c */
MUST_USE enum err lmdb_view_open(struct lmdb_view **out, struct store *s,
				 struct fault *f);
void lmdb_view_close(struct lmdb_view *v); /* NULL is fine */

/* kv_lmdb_write.c */
MUST_USE enum err lmdb_writer_start(struct store *s, struct fault *f);
void lmdb_writer_stop(struct store *s);

#endif

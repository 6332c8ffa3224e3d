/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing the LMDB store: the directory, the lock, the map, the
 * format number, the tables. Views and the writer have files of their own.
 */
#include <config.h>

#include "store/kv_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "store/dir_lock.h"
#include "store/file.h"
#include "store/kv_lmdb_internal.h"

/* Address space, not memory or disk. Growing it later would need a moment
 * without any transaction, so all is reserved at once, or what ulimit and
 * sanitizers leave. */
#define MAP_SIZE_MOST (UINT64_C(1) << 40)
#define MAP_SIZE_LEAST (UINT64_C(1) << 26)
/* The store's view, one more while it is opened, and what an operator's
 * tools take. The file of readers has room for more. */
#define READERS 8
#define READERS_FILE 4096

static const char format_key[] = "format";

/* Whether the disk, or the process's limit, leaves the file no room. */
static bool is_full(const char *path)
{
	struct statvfs fs;
	struct rlimit limit;
	struct stat st;

	if (!statvfs(path, &fs) && !fs.f_bavail)
		return true;
	return !getrlimit(RLIMIT_FSIZE, &limit) &&
	       limit.rlim_cur != RLIM_INFINITY && !stat(path, &st) &&
	       (uint64_t)st.st_size >= (uint64_t)limit.rlim_cur;
}

enum err lmdb_fault(const struct store *s, struct fault *f, const char *what,
		    int rc)
{
	enum err code;

	switch (rc) {
	case MDB_MAP_FULL:
		code = ERR_NO_SPACE;
		break;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
		code = ERR_CORRUPT;
		break;
	case MDB_VERSION_MISMATCH:
		code = ERR_FOREIGN_FORMAT;
		break;
	case EIO:
		/* LMDB calls a short write that, whatever the reason. */
		if (is_full(s->data))
			return path_fault(f, what, s->data, ENOSPC);
		code = ERR_IO;
		break;
	default:
		if (rc > 0)
			return path_fault(f, what, s->data, rc);
		code = ERR_IO;
	}
	return fault_set(f, code, "", "cannot %s %s: %s", what, s->data,
			 mdb_strerror(rc));
}

/* Is there a store at all? Answered before anything is made. */
static enum err expect_store(const struct store *s, struct fault *f)
{
	struct stat st;

	if (!stat(s->data, &st))
		return ERR_OK;
	if (errno == ENOENT)
		return fault_set(f, ERR_NOT_FOUND, "",
				 "there is no chain in %s", s->datadir);
	return path_fault(f, "read", s->data, errno);
}

/*
 * LMDB writes its table of readers through a map. A page of it that has no
 * place on a full disk would end the process, so it gets its place first.
 */
static enum err reserve_readers(const struct store *s, struct fault *f)
{
	char *path = path_join(s->chain, "lock.mdb");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int error = fd < 0 ? errno : posix_fallocate(fd, 0, READERS_FILE);
	enum err e = error ? path_fault(f, "open", path, error) : ERR_OK;

	if (fd >= 0)
		close(fd);
	free(path);
	return e;
}

static int open_env(struct store *s, uint64_t map_size)
{
	unsigned flags = MDB_NOTLS;
	int rc;

	/* Nobody writes while this process holds .lock, and a directory that
	 * cannot be written has no place for LMDB's own lock file. */
	if (s->read_only)
		flags |= MDB_RDONLY | MDB_NOLOCK;
	rc = mdb_env_create(&s->env);
	if (rc)
		return rc;
	rc = mdb_env_set_maxdbs(s->env, KV_TABLE_COUNT);
	if (!rc)
		rc = mdb_env_set_maxreaders(s->env, READERS);
	if (!rc)
		rc = mdb_env_set_mapsize(s->env, (size_t)map_size);
	if (!rc)
		rc = mdb_env_open(s->env, s->chain, flags, 0600);
	if (rc) {
		mdb_env_close(s->env);
		s->env = NULL;
	}
	return rc;
}

static enum err open_map(struct store *s, struct fault *f)
{
	uint64_t size = MAP_SIZE_MOST;
	int rc;

	if (SIZE_MAX < MAP_SIZE_MOST)
		size = UINT64_C(1) << 30;
	for (; (rc = open_env(s, size)) == ENOMEM; size /= 2)
		if (size <= MAP_SIZE_LEAST)
			break;
	return rc ? lmdb_fault(s, f, "open", rc) : ERR_OK;
}

/* ERR_NOT_FOUND: the store is empty, nothing was ever committed. */
static enum err check_format(struct store *s, MDB_txn *txn, struct fault *f)
{
	MDB_val key = {sizeof(format_key) - 1, (void *)format_key}, value;
	uint64_t found;
	MDB_stat st;
	MDB_dbi dbi;
	int rc;

	/* Handle 1 is the database that names the others. */
	rc = mdb_stat(txn, 1, &st);
	if (rc)
		return lmdb_fault(s, f, "read", rc);
	if (!st.ms_entries)
		return fault_set(f, ERR_NOT_FOUND, "",
				 "there is no chain in %s", s->datadir);
	rc = mdb_dbi_open(txn, kv_table_name(KV_META), 0, &dbi);
	if (!rc)
		rc = mdb_get(txn, dbi, &key, &value);
	if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
		return fault_set(f, ERR_FOREIGN_FORMAT, "",
				 "%s is not a store of this program: it has "
				 "no format number",
				 s->data);
	if (rc)
		return lmdb_fault(s, f, "read", rc);
	if (!decimal_decode(&found, UINT64_MAX,
			    SPAN(value.mv_data, value.mv_size)))
		return fault_set(f, ERR_CORRUPT, "",
				 "the format number in %s is not a number",
				 s->data);
	if (found != STORE_FORMAT)
		return fault_set(f, ERR_FOREIGN_FORMAT, "",
				 "%s: found format %llu, expected %d; use the "
				 "version that wrote it to export, then "
				 "import here",
				 s->data, (unsigned long long)found,
				 STORE_FORMAT);
	return ERR_OK;
}

static int open_tables(struct store *s, MDB_txn *txn)
{
	unsigned flags = s->read_only ? 0 : MDB_CREATE;
	int t, rc = 0;

	for (t = 0; t < KV_TABLE_COUNT && !rc; t++)
		rc = mdb_dbi_open(txn, kv_table_name((enum kv_table)t), flags,
				  &s->dbi[t]);
	return rc;
}

static int put_format(struct store *s, MDB_txn *txn)
{
	char text[8];
	int len = snprintf(text, sizeof(text), "%d", STORE_FORMAT);
	MDB_val key = {sizeof(format_key) - 1, (void *)format_key};
	MDB_val value = {(size_t)len, text};

	return mdb_put(txn, s->dbi[KV_META], &key, &value, 0);
}

/* Compare the format, before anything is written; then open the tables. */
static enum err open_content(struct store *s, bool create, struct fault *f)
{
	MDB_txn *txn;
	bool fresh;
	enum err e;
	int rc;

	rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return lmdb_fault(s, f, "read", rc);
	e = check_format(s, txn, f);
	mdb_txn_abort(txn);
	fresh = e == ERR_NOT_FOUND && create;
	if (e && !fresh)
		return e;
	rc = mdb_txn_begin(s->env, NULL, s->read_only ? MDB_RDONLY : 0, &txn);
	if (rc)
		return lmdb_fault(s, f, "open", rc);
	rc = open_tables(s, txn);
	if (!rc && fresh)
		rc = put_format(s, txn);
	if (rc)
		mdb_txn_abort(txn);
	else
		rc = mdb_txn_commit(txn);
	if (rc)
		return lmdb_fault(s, f, "open", rc);
	if (!fresh)
		return ERR_OK;
	e = dir_flush(s->chain, f);
	return e ? e : dir_flush(s->datadir, f);
}

static enum err open_steps(struct store *s, unsigned flags, struct fault *f)
{
	bool create = flags & STORE_CREATE;
	enum err e;

	e = create ? dir_make(s->datadir, f) : expect_store(s, f);
	if (!e)
		e = dir_lock(&s->lock_fd, s->datadir, s->read_only, f);
	if (!e && create)
		e = dir_make(s->chain, f);
	if (!e && !s->read_only)
		e = reserve_readers(s, f);
	if (!e)
		e = open_map(s, f);
	if (!e)
		e = lmdb_settle_size(s, f);
	if (!e)
		e = open_content(s, create, f);
	if (!e)
		e = lmdb_view_open(&s->main_view, s, f);
	if (!e && !s->read_only)
		e = lmdb_writer_start(s, f);
	return e;
}

static void release(struct store *s)
{
	lmdb_view_close(s->main_view);
	if (s->env)
		mdb_env_close(s->env);
	if (s->event_fd >= 0)
		close(s->event_fd);
	if (s->lock_fd >= 0)
		dir_unlock(s->lock_fd);
	pthread_cond_destroy(&s->written);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->mutex);
	free(s->data);
	free(s->chain);
	free(s->datadir);
	free(s);
}

enum err store_open(struct store **out, const char *datadir, unsigned flags,
		    struct fault *f)
{
	struct store *s = xcalloc(1, sizeof(*s));
	enum err e;

	*out = NULL;
	s->datadir = xstrdup(datadir);
	s->chain = path_join(datadir, "chain");
	s->data = path_join(s->chain, "data.mdb");
	s->lock_fd = s->event_fd = -1;
	s->read_only = flags & STORE_READ_ONLY;
	s->last = &s->first;
	if (pthread_mutex_init(&s->mutex, NULL) ||
	    pthread_cond_init(&s->wake, NULL) ||
	    pthread_cond_init(&s->written, NULL))
		BUG("cannot make a mutex");
	e = open_steps(s, flags, f);
	if (e)
		release(s);
	else
		*out = s;
	return e;
}

enum err store_close(struct store *s, struct fault *f)
{
	enum err e;

	if (!s)
		return ERR_OK;
	lmdb_writer_stop(s);
	e = s->failure.code;
	if (e && f)
		*f = s->failure;
	release(s);
	return e;
}

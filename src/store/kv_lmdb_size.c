/* SPDX-License-Identifier: MIT */
/*
 * The length of the LMDB store's file: brought to what is allocated in it
 * after each commit, and when the store is opened after a crash; and the
 * file that was cut short told from both. Knows no table of the store.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file.h"
#include "store/kv_lmdb_internal.h"

/* How long the file is, and should be for the pages that are allocated. */
struct extent {
	mdb_filehandle_t fd;
	uint64_t size, want; /* bytes */
	size_t page;	     /* bytes */
};

static enum err read_extent(struct extent *x, struct store *s, struct fault *f)
{
	MDB_envinfo info;
	MDB_stat pages;
	struct stat st;
	int rc;

	*x = (struct extent){.fd = -1};
	rc = mdb_env_info(s->env, &info);
	if (!rc)
		rc = mdb_env_stat(s->env, &pages);
	if (!rc)
		rc = mdb_env_get_fd(s->env, &x->fd);
	if (rc)
		return lmdb_fault(s, f, "read", rc);
	if (fstat(x->fd, &st))
		return path_fault(f, "read", s->data, errno);
	x->page = pages.ms_psize;
	x->size = (uint64_t)st.st_size;
	x->want = ((uint64_t)info.me_last_pgno + 1) * x->page;
	return ERR_OK;
}

enum err lmdb_extend(struct store *s, struct fault *f)
{
	struct extent x;
	enum err e = read_extent(&x, s, f);

	if (!e && x.size < x.want && ftruncate(x.fd, (off_t)x.want))
		e = path_fault(f, "write", s->data, errno);
	return e;
}

/* How many of a list of free pages, size_t each and their count first, have
 * numbers from `from` on. */
static uint64_t count_from(const MDB_val *list, uint64_t from)
{
	size_t i, n = list->mv_size / sizeof(size_t);
	const uint8_t *ids = list->mv_data;
	uint64_t count = 0;
	size_t id;

	for (i = 0; i < n; i++) {
		memcpy(&id, ids + i * sizeof(id), sizeof(id));
		if (!i && id < n)
			n = id + 1;
		else if (i && id >= from)
			count++;
	}
	return count;
}

/* Count the free pages from a number on. No page is free twice. */
static int count_free(uint64_t *count, MDB_env *env, uint64_t from)
{
	MDB_cursor *cursor = NULL;
	MDB_val key, list;
	MDB_txn *txn;
	int rc;

	*count = 0;
	rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return rc;
	/* Handle 0 is the database of free pages: a list by transaction. */
	rc = mdb_cursor_open(txn, 0, &cursor);
	while (!rc && !(rc = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)))
		*count += count_from(&list, from);
	if (cursor)
		mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/*
 * Reading a mapped page beyond the end of its file kills the process, so a
 * file that was cut short must be found out first. But LMDB leaves pages at
 * the end unwritten when it allocated and freed them in one transaction. The
 * writer makes up for it after each commit; a process that is killed in
 * between leaves a file that lacks any number of pages, all of them free.
 * Only while they are counted, the file has its length with pages of zeros,
 * which LMDB takes for damaged and not for free.
 */
enum err lmdb_settle_size(struct store *s, struct fault *f)
{
	struct extent x;
	uint64_t whole, lacking, unused;
	enum err e = read_extent(&x, s, f);
	int rc;

	if (e || x.size >= x.want)
		return e;
	if (s->read_only)
		return fault_set(f, ERR_CORRUPT, "",
				 "%s was not closed, or is cut short; open it "
				 "for writing once",
				 s->data);
	e = lmdb_extend(s, f);
	if (e)
		return e;
	whole = x.size / x.page;
	lacking = x.want / x.page - whole;
	rc = count_free(&unused, s->env, whole);
	if (!rc && unused == lacking)
		return ERR_OK;
	/* As it was found. */
	if (ftruncate(x.fd, (off_t)x.size))
		return path_fault(f, "write", s->data, errno);
	return fault_set(f, ERR_CORRUPT, "",
			 "%s is cut short: %llu bytes of %llu", s->data,
			 (unsigned long long)x.size,
			 (unsigned long long)x.want);
}

/* SPDX-License-Identifier: MIT */
/*
 * The LMDB store as a directory: lock, format, permissions, order of what is
 * durable, kill -9, a full disk, a damaged file. What the tables hold is
 * check_kv's.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "scratch.h"
#include "store/kv_lmdb.h"

static struct store *open_or_fail(const char *dir, unsigned flags)
{
	struct store *s;
	struct fault f = {0};

	if (store_open(&s, dir, flags, &f))
		ck_abort_msg("%s: %s", err_code(f.code), f.detail);
	return s;
}

static void expect_refused(const char *dir, unsigned flags, enum err want,
			   const char *in_detail)
{
	struct store *s = (struct store *)dir;
	struct fault f = {0};
	enum err e = store_open(&s, dir, flags, &f);

	if (e != want || f.code != want)
		ck_abort_msg("%s, not %s: %s", err_code(e), err_code(want),
			     f.detail);
	ck_assert_ptr_null(s);
	if (!strstr(f.detail, in_detail))
		ck_abort_msg("'%s' does not name '%s'", f.detail, in_detail);
}

/* Batch n: "k" counts the batches, and a row of its own. */
static struct kv_batch numbered(uint64_t n, size_t extra)
{
	static uint8_t bytes[1 << 16];
	struct kv_batch b = {0};
	uint8_t key[8];

	put_be64(key, n);
	kv_batch_put(&b, KV_META, span_str("k"), SPAN_OF(key));
	kv_batch_put(&b, KV_BLOCKS, SPAN_OF(key), SPAN(bytes, extra));
	kv_batch_put(&b, KV_HEIGHTS, SPAN_OF(key), SPAN_OF(key));
	return b;
}

/* The content is that of batches 1 to n and nothing else: n. */
static uint64_t expect_prefix(struct kv_view *v)
{
	struct kv_cursor *blocks = kv_cursor_open(v, KV_BLOCKS);
	struct kv_cursor *heights = kv_cursor_open(v, KV_HEIGHTS);
	struct span value;
	uint64_t n = 0, i;
	enum err e, e2;

	e = kv_get(v, &value, KV_META, span_str("k"));
	if (!e)
		n = get_be64(value.data);
	else if (e != ERR_NOT_FOUND)
		ck_abort_msg("%s", err_code(e));
	e = kv_seek(blocks, SPAN(NULL, 0));
	e2 = kv_seek(heights, SPAN(NULL, 0));
	for (i = 1; i <= n; i++) {
		if (e || e2 || get_be64(blocks->key.data) != i ||
		    get_be64(heights->key.data) != i)
			ck_abort_msg("row %llu of %llu", (unsigned long long)i,
				     (unsigned long long)n);
		e = kv_next(blocks);
		e2 = kv_next(heights);
	}
	ck_assert_int_eq(e, ERR_NOT_FOUND);
	ck_assert_int_eq(e2, ERR_NOT_FOUND);
	kv_cursor_close(blocks);
	kv_cursor_close(heights);
	return n;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return status;
}

/* Run a function in a child; it returns 0 when all is well. */
static int in_child(int (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid)
		_exit(fn(arg));
	return wait_for(pid);
}

/* --- opening ---------------------------------------------------------- */

START_TEST(a_store_is_made_only_when_that_is_asked_for)
{
	char dir[PATH_MAX], path[PATH_MAX + 32];
	struct stat st;
	struct store *s;

	scratch_path(dir, sizeof(dir));
	expect_refused(dir, 0, ERR_NOT_FOUND, dir);
	expect_refused(dir, STORE_READ_ONLY, ERR_NOT_FOUND, dir);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	expect_refused(dir, 0, ERR_NOT_FOUND, dir);
	/* and nothing was left behind */
	ck_assert_int_eq(rmdir(dir), 0);

	snprintf(path, sizeof(path), "%s/below", dir);
	expect_refused(path, STORE_CREATE, ERR_NOT_FOUND, path);

	s = open_or_fail(dir, STORE_CREATE);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	snprintf(path, sizeof(path), "%s/chain/data.mdb", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 077, 0);

	s = open_or_fail(dir, STORE_CREATE);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	s = open_or_fail(dir, 0);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	ck_assert_int_eq(store_close(NULL, NULL), ERR_OK);
}
END_TEST

START_TEST(a_store_may_be_read_without_a_writer)
{
	struct kv_batch b = numbered(1, 10);
	char dir[PATH_MAX];
	struct store *s;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	store_commit_take(s, 1, &b);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	s = open_or_fail(dir, STORE_READ_ONLY);
	ck_assert_uint_eq(expect_prefix(store_view(s)), 1);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}
END_TEST

START_TEST(a_second_process_is_refused_and_told_who_has_it)
{
	char dir[PATH_MAX], want[PATH_MAX + 64], byte;
	int ready[2], done[2];
	struct store *s;
	pid_t pid;

	scratch_path(dir, sizeof(dir));
	ck_assert(!pipe(ready) && !pipe(done));
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		close(done[1]);
		s = open_or_fail(dir, STORE_CREATE);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		/* held until the parent has looked, or is gone */
		(void)!read(done[0], &byte, 1);
		kill(getpid(), SIGKILL);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	snprintf(want, sizeof(want), "%s/.lock is held by process %ld", dir,
		 (long)pid);
	expect_refused(dir, 0, ERR_LOCKED, want);
	expect_refused(dir, STORE_CREATE, ERR_LOCKED, want);
	expect_refused(dir, STORE_READ_ONLY, ERR_LOCKED, want);
	close(done[1]);
	wait_for(pid);
	/* it died without a word, and the lock with it */
	s = open_or_fail(dir, 0);
	/* nor may one process have it twice */
	snprintf(want, sizeof(want), "process %ld", (long)getpid());
	expect_refused(dir, 0, ERR_LOCKED, want);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	close(ready[0]);
	close(done[0]);
}
END_TEST

static void put_meta(const char *dir, const char *key, const char *value)
{
	struct store *s = open_or_fail(dir, STORE_CREATE);
	struct kv_batch b = {0};
	struct fault f;

	kv_batch_put(&b, KV_META, span_str(key), span_str(value));
	ck_assert_int_eq(store_commit_sync(s, &b, &f), ERR_OK);
	kv_batch_release(&b);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}

static void read_whole(struct buf *out, const char *path)
{
	uint8_t bytes[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_append(out, bytes, (size_t)n);
	ck_assert_int_eq(n, 0);
	close(fd);
}

START_TEST(a_foreign_format_is_refused_and_left_as_it_is)
{
	char dir[PATH_MAX], data[PATH_MAX + 32];
	struct buf before = {0}, after = {0};

	scratch_path(dir, sizeof(dir));
	put_meta(dir, "format", "2");
	snprintf(data, sizeof(data), "%s/chain/data.mdb", dir);
	read_whole(&before, data);
	expect_refused(dir, 0, ERR_FOREIGN_FORMAT,
		       "found format 2, expected 1");
	expect_refused(dir, STORE_CREATE, ERR_FOREIGN_FORMAT, data);
	expect_refused(dir, STORE_READ_ONLY, ERR_FOREIGN_FORMAT,
		       "use the version that wrote it to export, then import");
	read_whole(&after, data);
	ck_assert(span_eq(buf_span(&before), buf_span(&after)));
	buf_release(&before);
	buf_release(&after);

	scratch_path(dir, sizeof(dir));
	put_meta(dir, "format", "one");
	expect_refused(dir, 0, ERR_CORRUPT, dir);
}
END_TEST

START_TEST(another_programs_lmdb_is_not_taken_for_a_store)
{
	char dir[PATH_MAX], chain[PATH_MAX + 32];
	char text[] = "kv";
	MDB_val key = {1, text}, value = {1, text + 1};
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	scratch_path(dir, sizeof(dir));
	snprintf(chain, sizeof(chain), "%s/chain", dir);
	ck_assert(!mkdir(dir, 0700) && !mkdir(chain, 0700));
	ck_assert(!mdb_env_create(&env));
	ck_assert(!mdb_env_open(env, chain, 0, 0600));
	ck_assert(!mdb_txn_begin(env, NULL, 0, &txn));
	ck_assert(!mdb_dbi_open(txn, NULL, 0, &dbi));
	ck_assert(!mdb_put(txn, dbi, &key, &value, 0));
	ck_assert(!mdb_txn_commit(txn));
	mdb_env_close(env);
	expect_refused(dir, STORE_CREATE, ERR_FOREIGN_FORMAT, dir);
}
END_TEST

START_TEST(a_damaged_file_is_refused_by_name)
{
	char dir[PATH_MAX], data[PATH_MAX + 32];
	struct store *s;
	struct stat st;
	uint64_t n;
	int fd;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	for (n = 1; n <= 20; n++) {
		struct kv_batch b = numbered(n, 40000);

		store_commit_take(s, n, &b);
	}
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	snprintf(data, sizeof(data), "%s/chain/data.mdb", dir);

	/* cut short: a read of what is missing would end the process */
	ck_assert_int_eq(stat(data, &st), 0);
	ck_assert_int_eq(truncate(data, st.st_size / 2), 0);
	expect_refused(dir, 0, ERR_CORRUPT, "is cut short");
	expect_refused(dir, STORE_CREATE, ERR_CORRUPT, data);
	expect_refused(dir, STORE_READ_ONLY, ERR_CORRUPT, data);

	fd = open(data, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (n = 0; n < 3000; n++)
		ck_assert_int_eq(write(fd, "garbage!", 8), 8);
	close(fd);
	expect_refused(dir, 0, ERR_CORRUPT, data);
	expect_refused(dir, STORE_CREATE, ERR_CORRUPT, data);
}
END_TEST

/* root passes every permission, so become nobody in a child. */
static int make_then_protect(void *arg)
{
	const char *dir = arg;
	struct store *s;

	if (!getuid() && (setgid(65534) || setuid(65534)))
		return 2;
	s = open_or_fail(dir, STORE_CREATE);
	if (store_close(s, NULL))
		return 3;
	return chmod(dir, 0500) ? 4 : 0;
}

struct open_result {
	char dir[PATH_MAX];
	unsigned flags;
};

/* Exit status: the error's number, or 255 when the path is not named. */
static int open_as_nobody(void *arg)
{
	struct open_result *r = arg;
	struct store *s;
	struct fault f = {0};
	enum err e;

	if (!getuid() && (setgid(65534) || setuid(65534)))
		return 254;
	e = store_open(&s, r->dir, r->flags, &f);
	if (e && !strstr(f.detail, r->dir))
		return 255;
	if (!e && store_close(s, NULL))
		return 253;
	return (int)e;
}

static void expect_nobody(const char *dir, unsigned flags, enum err want)
{
	struct open_result r = {.flags = flags};
	int status;

	snprintf(r.dir, sizeof(r.dir), "%s", dir);
	status = in_child(open_as_nobody, &r);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), (int)want);
}

START_TEST(a_directory_that_cannot_be_written_is_refused_by_name)
{
	char outer[PATH_MAX / 2], dir[PATH_MAX], path[PATH_MAX + 32];

	/* All above the directory must let nobody through. */
	scratch_path(outer, sizeof(outer));
	ck_assert_int_eq(mkdir(outer, 0777), 0);
	ck_assert_int_eq(chmod(outer, 0777), 0);
	snprintf(path, sizeof(path), "%s/..", outer);
	ck_assert_int_eq(chmod(path, 0711), 0);

	snprintf(dir, sizeof(dir), "%s/d", outer);
	ck_assert_int_eq(in_child(make_then_protect, dir), 0);
	/* .lock and the chain are writable: the directory itself need not be */
	expect_nobody(dir, 0, ERR_OK);
	snprintf(path, sizeof(path), "%s/chain", dir);
	ck_assert_int_eq(chmod(path, 0500), 0);
	snprintf(path, sizeof(path), "%s/chain/data.mdb", dir);
	ck_assert_int_eq(chmod(path, 0400), 0);
	expect_nobody(dir, 0, ERR_PERMISSION);
	expect_nobody(dir, STORE_CREATE, ERR_PERMISSION);
	expect_nobody(dir, STORE_READ_ONLY, ERR_OK);
	snprintf(path, sizeof(path), "%s/.lock", dir);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(chmod(dir, 0500), 0);
	expect_nobody(dir, 0, ERR_PERMISSION);
	/* no directory, and no right to make one */
	snprintf(path, sizeof(path), "%s/e", dir);
	expect_nobody(path, STORE_CREATE, ERR_PERMISSION);
	ck_assert_int_eq(chmod(dir, 0), 0);
	expect_nobody(dir, 0, ERR_PERMISSION);
	expect_nobody(dir, STORE_READ_ONLY, ERR_PERMISSION);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	snprintf(path, sizeof(path), "%s/chain", dir);
	ck_assert_int_eq(chmod(path, 0700), 0);
}
END_TEST

START_TEST(a_file_in_place_of_a_directory_is_refused_by_name)
{
	char dir[PATH_MAX];
	int fd;

	scratch_path(dir, sizeof(dir));
	fd = open(dir, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	expect_refused(dir, STORE_CREATE, ERR_NOT_FOUND, dir);
	expect_refused(dir, 0, ERR_NOT_FOUND, dir);
}
END_TEST

static int open_in_little_space(void *arg)
{
	struct rlimit limit;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	struct store *s;

	if (!f || fscanf(f, "%lu", &pages) != 1)
		return 2;
	fclose(f);
	/* what is in use (terabytes under a sanitizer) and 2 GiB more */
	limit.rlim_cur = limit.rlim_max =
		pages * (rlim_t)sysconf(_SC_PAGESIZE) + (UINT64_C(2) << 30);
	if (setrlimit(RLIMIT_AS, &limit))
		return 3;
	s = open_or_fail(arg, STORE_CREATE);
	return (int)store_close(s, NULL);
}

START_TEST(a_limited_address_space_gets_a_smaller_map)
{
	char dir[PATH_MAX];

	scratch_path(dir, sizeof(dir));
	ck_assert_int_eq(in_child(open_in_little_space, dir), 0);
}
END_TEST

/* --- views ------------------------------------------------------------ */

static void commit(struct store *s, const char *key, const char *value)
{
	struct kv_batch b = {0};
	struct fault f;

	kv_batch_put(&b, KV_KEYS, span_str(key), span_str(value));
	ck_assert_int_eq(store_commit_sync(s, &b, &f), ERR_OK);
	kv_batch_release(&b);
}

static bool sees(struct kv_view *v, const char *key)
{
	struct span value;
	enum err e = kv_get(v, &value, KV_KEYS, span_str(key));

	ck_assert(e == ERR_OK || e == ERR_NOT_FOUND);
	return !e;
}

START_TEST(a_view_shows_one_moment_until_it_is_renewed)
{
	char dir[PATH_MAX];
	struct kv_view *before, *between;
	struct kv_cursor *c;
	struct store *s;
	struct fault f;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	c = kv_cursor_open(store_view(s), KV_KEYS);
	ck_assert_int_eq(store_snapshot_open(&before, s, &f), ERR_OK);
	commit(s, "a", "1");
	ck_assert(!sees(store_view(s), "a"));
	ck_assert_int_eq(store_snapshot_open(&between, s, &f), ERR_OK);
	ck_assert_int_eq(kv_seek(c, SPAN(NULL, 0)), ERR_NOT_FOUND);
	ck_assert_int_eq(store_view_renew(s, &f), ERR_OK);
	ck_assert(sees(store_view(s), "a"));
	/* the same cursor, sought again, is in the new moment */
	ck_assert_int_eq(kv_seek(c, SPAN(NULL, 0)), ERR_OK);
	ck_assert(span_eq(c->key, span_str("a")));
	commit(s, "b", "1");
	ck_assert_int_eq(kv_next(c), ERR_NOT_FOUND);
	ck_assert(!sees(before, "a") && sees(between, "a") &&
		  !sees(between, "b"));
	ck_assert_int_eq(store_view_renew(s, &f), ERR_OK);
	ck_assert_int_eq(kv_seek_before(c, SPAN(NULL, 0)), ERR_OK);
	ck_assert(span_eq(c->key, span_str("b")));
	kv_cursor_close(c);
	store_snapshot_close(before);
	store_snapshot_close(between);
	store_snapshot_close(NULL);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}
END_TEST

START_TEST(too_many_snapshots_are_refused_not_fatal)
{
	struct kv_view *views[200];
	char dir[PATH_MAX];
	struct store *s;
	struct fault f;
	size_t n = 0;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	while (n < ARRAY_LEN(views) && !store_snapshot_open(&views[n], s, &f))
		n++;
	ck_assert_uint_ge(n, STORE_SNAPSHOTS);
	ck_assert_uint_lt(n, ARRAY_LEN(views));
	ck_assert_int_eq(f.code, ERR_OVERLOADED);
	ck_assert_ptr_null(views[n]);
	/* the loop's own view and the writer do not suffer */
	commit(s, "a", "1");
	ck_assert_int_eq(store_view_renew(s, &f), ERR_OK);
	ck_assert(sees(store_view(s), "a"));
	store_snapshot_close(views[--n]);
	ck_assert_int_eq(store_snapshot_open(&views[n], s, &f), ERR_OK);
	n++;
	while (n)
		store_snapshot_close(views[--n]);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}
END_TEST

/* --- what is durable -------------------------------------------------- */

static uint64_t wait_durable(struct store *s, uint64_t seq)
{
	struct pollfd p = {.fd = store_fd(s), .events = POLLIN};
	uint64_t durable = 0, last = 0, rounds = 0;
	struct fault f;

	while (durable < seq) {
		ck_assert_int_eq(poll(&p, 1, 30000), 1);
		ck_assert_int_eq(store_reap(s, &durable, &f), ERR_OK);
		ck_assert_uint_ge(durable, last);
		ck_assert_uint_le(durable, seq);
		/* what is called durable is there to be seen */
		ck_assert_int_eq(store_view_renew(s, &f), ERR_OK);
		ck_assert_uint_ge(expect_prefix(store_view(s)), durable);
		last = durable;
		rounds++;
	}
	return rounds;
}

START_TEST(batches_become_durable_in_their_order)
{
	char dir[PATH_MAX];
	uint64_t n, durable;
	struct store *s;
	struct fault f;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	ck_assert_int_eq(store_reap(s, &durable, &f), ERR_OK);
	ck_assert_uint_eq(durable, 0);
	for (n = 1; n <= 300; n++) {
		struct kv_batch b = numbered(n, n * 37 % 5000);

		store_commit_take(s, n, &b);
		ck_assert_uint_eq(b.ops.len + b.count, 0);
		if (n % 50 == 0)
			wait_durable(s, n);
	}
	ck_assert_uint_eq(store_waiting(s), 0);
	/* sequence numbers may have gaps, and a synchronous commit has none */
	commit(s, "sync", "1");
	ck_assert_int_eq(store_reap(s, &durable, &f), ERR_OK);
	ck_assert_uint_eq(durable, 300);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);

	s = open_or_fail(dir, 0);
	ck_assert_uint_eq(expect_prefix(store_view(s)), 300);
	ck_assert(sees(store_view(s), "sync"));
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}
END_TEST

START_TEST(closing_writes_what_is_queued)
{
	char dir[PATH_MAX];
	struct store *s;
	uint64_t n;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	for (n = 1; n <= 500; n++) {
		struct kv_batch b = numbered(n, 200);

		store_commit_take(s, n, &b);
	}
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	s = open_or_fail(dir, 0);
	ck_assert_uint_eq(expect_prefix(store_view(s)), 500);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}
END_TEST

START_TEST(batches_of_the_greatest_size_fit)
{
	char dir[PATH_MAX];
	struct store *s;
	struct rng rng;
	uint64_t n, i;

	/* Random keys over a grown table: a dirty page for nearly each. */
	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	rng_seed(&rng, 1);
	for (n = 1; n <= 4; n++) {
		struct kv_batch b = {0};
		uint8_t key[32];

		for (i = 0; i < STORE_TXN_OPS; i++) {
			put_be64(key, rng_next(&rng));
			memset(key + 8, 7, 24);
			kv_batch_put(&b, KV_TXIDS, SPAN_OF(key), SPAN_OF(key));
		}
		store_commit_take(s, n, &b);
	}
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}
END_TEST

/* Write batches as fast as they go, telling the parent what is durable. */
static void write_until_killed(const char *dir, int report)
{
	struct store *s = open_or_fail(dir, STORE_CREATE);
	uint64_t n = expect_prefix(store_view(s)), durable, told = 0;
	struct fault f;

	for (;;) {
		struct kv_batch b = numbered(n + 1, n * 131 % 9000);

		store_commit_take(s, ++n, &b);
		if (store_reap(s, &durable, &f))
			_exit(1);
		if (durable > told) {
			if (write(report, &durable, sizeof(durable)) !=
			    sizeof(durable))
				_exit(1);
			told = durable;
		}
		while (store_waiting(s) > 8) {
			struct pollfd p = {store_fd(s), POLLIN, 0};

			if (poll(&p, 1, 30000) != 1 ||
			    store_reap(s, &durable, &f))
				_exit(1);
		}
	}
}

START_TEST(a_writer_killed_at_any_moment_leaves_a_prefix)
{
	char dir[PATH_MAX];
	uint64_t told, durable = 0, found;
	struct store *s;
	struct rng rng;
	int kills, status, report[2];
	pid_t pid;
	unsigned reports;

	scratch_path(dir, sizeof(dir));
	rng_seed(&rng, 17);
	for (kills = 0; kills < 20; kills++) {
		ck_assert_int_eq(pipe(report), 0);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (!pid) {
			close(report[0]);
			write_until_killed(dir, report[1]);
		}
		close(report[1]);
		/* Killed after a number of reports, and then a moment that is
		 * anywhere in the writer's work. */
		for (reports = (unsigned)rng_below(&rng, 12); reports;
		     reports--)
			ck_assert_int_eq(
				read(report[0], &durable, sizeof(durable)),
				sizeof(durable));
		usleep((useconds_t)rng_below(&rng, 3000));
		kill(pid, SIGKILL);
		status = wait_for(pid);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		while (read(report[0], &told, sizeof(told)) == sizeof(told))
			durable = told;
		close(report[0]);
		s = open_or_fail(dir, STORE_CREATE);
		found = expect_prefix(store_view(s));
		/* all that was called durable, and perhaps more */
		ck_assert_uint_ge(found, durable);
		ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	}
	ck_assert_uint_gt(found, 20);
}
END_TEST

/* --- a full disk ------------------------------------------------------ */

/* Write until the store says that it cannot; 0 when it says it well. */
static int fill(const char *dir, uint64_t *durable)
{
	struct store *s = open_or_fail(dir, STORE_CREATE);
	struct fault f = {0}, again = {0};
	struct kv_batch b;
	uint64_t n = expect_prefix(store_view(s)), later;
	enum err e;

	for (e = ERR_OK; !e && n < 2000;) {
		struct pollfd p = {store_fd(s), POLLIN, 0};

		b = numbered(++n, 60000);
		store_commit_take(s, n, &b);
		if (poll(&p, 1, 30000) != 1)
			return 10;
		e = store_reap(s, durable, &f);
	}
	if (e != ERR_NO_SPACE || f.code != e || !strstr(f.detail, dir)) {
		fprintf(stderr, "%s: %s\n", err_code(e), f.detail);
		return 11;
	}
	/* what is queued afterwards must not leave a gap: it is dropped */
	b = numbered(n + 1, 0);
	if (store_commit_sync(s, &b, &again) != ERR_NO_SPACE ||
	    strcmp(f.detail, again.detail))
		return 12;
	store_commit_take(s, n + 1, &b);
	if (store_reap(s, &later, &again) != ERR_NO_SPACE || later != *durable)
		return 13;
	if (store_close(s, &again) != ERR_NO_SPACE)
		return 14;
	return 0;
}

/* As in production: what was durable is there, and it goes on from there. */
static int expect_whole_after(const char *dir, uint64_t durable, bool room)
{
	struct store *s = open_or_fail(dir, 0);
	uint64_t n = expect_prefix(store_view(s));
	struct kv_batch b = numbered(n + 1, 100);
	struct fault f;

	if (n != durable || n < 3)
		return 20;
	if (room && store_commit_sync(s, &b, &f))
		return 21;
	kv_batch_release(&b);
	return store_close(s, NULL) ? 22 : 0;
}

static int fill_limited(void *arg)
{
	struct rlimit limit, old;
	uint64_t durable = 0;
	int result;

	signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &old))
		return 2;
	limit = old;
	/* not a whole number of pages, so that a write is cut short */
	limit.rlim_cur = (1 << 20) + 1000;
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 3;
	result = fill(arg, &durable);
	if (result)
		return result;
	result = expect_whole_after(arg, durable, false);
	if (result)
		return result;
	if (setrlimit(RLIMIT_FSIZE, &old))
		return 4;
	return expect_whole_after(arg, durable, true);
}

START_TEST(a_file_that_may_not_grow_is_reported_as_a_full_disk)
{
	char dir[PATH_MAX];
	int status;

	scratch_path(dir, sizeof(dir));
	status = in_child(fill_limited, dir);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

#define CANNOT_MOUNT 77

static int fill_tmpfs(void *arg)
{
	char dir[PATH_MAX + 8];
	uint64_t durable = 0;
	int result;

	/* In a namespace of its own: it ends with this process. */
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", arg, "tmpfs", 0, "size=1m,mode=700"))
		return CANNOT_MOUNT;
	snprintf(dir, sizeof(dir), "%s/d", (char *)arg);
	result = fill(dir, &durable);
	if (result)
		return result;
	result = expect_whole_after(dir, durable, false);
	if (result)
		return result;
	if (mount("tmpfs", arg, "tmpfs", MS_REMOUNT, "size=4m"))
		return 5;
	return expect_whole_after(dir, durable, true);
}

START_TEST(a_full_disk_is_reported_and_the_store_stays_whole)
{
	char dir[PATH_MAX];
	int status;

	scratch_path(dir, sizeof(dir));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	status = in_child(fill_tmpfs, dir);
	ck_assert(WIFEXITED(status));
	/* Without the right to mount, the limit on the file's size above is
	 * the test of the same. */
	if (WEXITSTATUS(status) != CANNOT_MOUNT)
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static int open_on_full_tmpfs(void *arg)
{
	char dir[PATH_MAX + 8], path[PATH_MAX + 16];
	static const char zeros[4096];
	struct fault f = {0};
	struct store *s;
	int fd;

	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", arg, "tmpfs", 0, "size=256k,mode=700"))
		return CANNOT_MOUNT;
	snprintf(path, sizeof(path), "%s/ballast", (char *)arg);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return 2;
	while (write(fd, zeros, sizeof(zeros)) == sizeof(zeros))
		;
	close(fd);
	snprintf(dir, sizeof(dir), "%s/d", (char *)arg);
	if (store_open(&s, dir, STORE_CREATE, &f) != ERR_NO_SPACE ||
	    !strstr(f.detail, dir)) {
		fprintf(stderr, "%s: %s\n", err_code(f.code), f.detail);
		return 3;
	}
	/* with room again it opens, whatever the attempt left behind */
	if (unlink(path))
		return 4;
	s = open_or_fail(dir, STORE_CREATE);
	return (int)store_close(s, NULL);
}

START_TEST(a_store_cannot_be_made_on_a_full_disk_but_later)
{
	char dir[PATH_MAX];
	int status;

	scratch_path(dir, sizeof(dir));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	status = in_child(open_on_full_tmpfs, dir);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) != CANNOT_MOUNT)
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tc = tcase_create("store");
	SRunner *runner = srunner_create(suite);
	int failed;

	scratch_make();
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_store_is_made_only_when_that_is_asked_for);
	tcase_add_test(tc, a_store_may_be_read_without_a_writer);
	tcase_add_test(tc, a_second_process_is_refused_and_told_who_has_it);
	tcase_add_test(tc, a_foreign_format_is_refused_and_left_as_it_is);
	tcase_add_test(tc, another_programs_lmdb_is_not_taken_for_a_store);
	tcase_add_test(tc, a_damaged_file_is_refused_by_name);
	tcase_add_test(tc,
		       a_directory_that_cannot_be_written_is_refused_by_name);
	tcase_add_test(tc, a_file_in_place_of_a_directory_is_refused_by_name);
	tcase_add_test(tc, a_limited_address_space_gets_a_smaller_map);
	tcase_add_test(tc, a_view_shows_one_moment_until_it_is_renewed);
	tcase_add_test(tc, too_many_snapshots_are_refused_not_fatal);
	tcase_add_test(tc, batches_become_durable_in_their_order);
	tcase_add_test(tc, closing_writes_what_is_queued);
	tcase_add_test(tc, batches_of_the_greatest_size_fit);
	tcase_add_test(tc, a_writer_killed_at_any_moment_leaves_a_prefix);
	tcase_add_test(tc, a_file_that_may_not_grow_is_reported_as_a_full_disk);
	tcase_add_test(tc, a_full_disk_is_reported_and_the_store_stays_whole);
	tcase_add_test(tc, a_store_cannot_be_made_on_a_full_disk_but_later);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	scratch_remove();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * The LMDB store as a directory: lock, format, permissions, a damaged file;
 * and its views. What is durable is check_store_durable's, what the tables
 * hold check_kv's.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "store_rows.h"

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
	put_meta(dir, "format", "3");
	snprintf(data, sizeof(data), "%s/chain/data.mdb", dir);
	read_whole(&before, data);
	expect_refused(dir, 0, ERR_FOREIGN_FORMAT,
		       "found format 3, expected 2");
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
	expect_refused(dir, STORE_CREATE, ERR_IO, dir);
	expect_refused(dir, 0, ERR_IO, dir);
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

START_TEST(a_view_shows_one_moment_until_it_is_renewed)
{
	char dir[PATH_MAX];
	struct kv_cursor *c;
	struct store *s;
	struct fault f;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	c = kv_cursor_open(store_view(s), KV_KEYS);
	commit(s, "a", "1");
	ck_assert(!sees(store_view(s), "a"));
	ck_assert_int_eq(kv_seek(c, SPAN(NULL, 0)), ERR_NOT_FOUND);
	ck_assert_int_eq(store_view_renew(s, &f), ERR_OK);
	ck_assert(sees(store_view(s), "a"));
	/* the same cursor, sought again, is in the new moment */
	ck_assert_int_eq(kv_seek(c, SPAN(NULL, 0)), ERR_OK);
	ck_assert(span_eq(c->key, span_str("a")));
	commit(s, "b", "1");
	ck_assert_int_eq(kv_next(c), ERR_NOT_FOUND);
	ck_assert(!sees(store_view(s), "b"));
	ck_assert_int_eq(store_view_renew(s, &f), ERR_OK);
	ck_assert_int_eq(kv_seek_before(c, SPAN(NULL, 0)), ERR_OK);
	ck_assert(span_eq(c->key, span_str("b")));
	kv_cursor_close(c);
	ck_assert_int_eq(store_close(s, NULL), ERR_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tc = tcase_create("store");

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
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

/* SPDX-License-Identifier: MIT */
/*
 * What the LMDB store has written: its order, what kill -9 leaves, and a
 * full disk. The directory and the views are check_store's.
 */
#include <config.h>

#include <check.h>
#include <limits.h>
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
#include "store_rows.h"

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

/* Appending is a matter of speed: rows in order, out of order, deleted and
 * put again in one batch, and over what is there, end as in memory. */
START_TEST(rows_in_any_order_are_all_written)
{
	struct kv_mem *model = kv_mem_new();
	struct kv_cursor *want, *got;
	char dir[PATH_MAX];
	struct store *s;
	struct fault f;
	struct rng rng;
	uint64_t next = 1000;
	unsigned n, i;
	uint8_t key[8];
	enum err e;

	scratch_path(dir, sizeof(dir));
	s = open_or_fail(dir, STORE_CREATE);
	rng_seed(&rng, 5);
	for (n = 0; n < 60; n++) {
		struct kv_batch b = {0};

		for (i = 0; i < 200; i++) {
			uint64_t at = next++;

			if (n % 3 && rng_below(&rng, 4) == 0)
				at = rng_below(&rng, next);
			put_be64(key, at);
			if (n % 3 == 2 && rng_below(&rng, 5) == 0)
				kv_batch_del(&b, KV_BLOCKS, SPAN_OF(key));
			else
				kv_batch_put(&b, KV_BLOCKS, SPAN_OF(key),
					     SPAN(&n, sizeof(n)));
		}
		kv_mem_apply(model, &b);
		ck_assert_int_eq(store_commit_sync(s, &b, &f), ERR_OK);
		kv_batch_release(&b);
	}
	ck_assert_int_eq(store_view_renew(s, &f), ERR_OK);
	want = kv_cursor_open(kv_mem_view(model), KV_BLOCKS);
	got = kv_cursor_open(store_view(s), KV_BLOCKS);
	for (e = kv_seek(want, SPAN("", 0)); !e; e = kv_next(want)) {
		ck_assert_int_eq(i ? kv_seek(got, SPAN("", 0)) : kv_next(got),
				 ERR_OK);
		i = 0;
		ck_assert(span_eq(want->key, got->key));
		ck_assert(span_eq(want->value, got->value));
	}
	ck_assert_int_eq(kv_next(got), ERR_NOT_FOUND);
	kv_cursor_close(want);
	kv_cursor_close(got);
	kv_mem_free(model);
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
	uint64_t told, durable = 0, found, spin;
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
		for (spin = rng_below(&rng, 1000000); spin; spin--)
			rng_next(&rng);
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
	Suite *suite = suite_create("store_durable");
	TCase *tc = tcase_create("store_durable");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, batches_become_durable_in_their_order);
	tcase_add_test(tc, closing_writes_what_is_queued);
	tcase_add_test(tc, batches_of_the_greatest_size_fit);
	tcase_add_test(tc, rows_in_any_order_are_all_written);
	tcase_add_test(tc, a_writer_killed_at_any_moment_leaves_a_prefix);
	tcase_add_test(tc, a_file_that_may_not_grow_is_reported_as_a_full_disk);
	tcase_add_test(tc, a_full_disk_is_reported_and_the_store_stays_whole);
	tcase_add_test(tc, a_store_cannot_be_made_on_a_full_disk_but_later);
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

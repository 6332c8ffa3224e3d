/* SPDX-License-Identifier: MIT */
/* Files and directories: bounds, whole or not at all, and what errors mean. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "store/file.h"
#include "store_rows.h"

static char path[PATH_MAX];

static void write_file(size_t len)
{
	struct buf content = {0};
	struct fault f = {0};

	while (content.len < len)
		buf_byte(&content, (uint8_t)(content.len * 31));
	ck_assert_msg(!file_replace(path, buf_span(&content), &f), "%s",
		      f.detail);
	buf_release(&content);
}

START_TEST(what_is_read_is_what_was_written)
{
	static const size_t lens[] = {0, 1, 65535, 65536, 65537, 200000};
	struct buf got = {0};
	struct fault f = {0};
	struct stat st;
	size_t i, at;

	scratch_path(path, sizeof(path));
	for (i = 0; i < ARRAY_LEN(lens); i++) {
		write_file(lens[i]);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
		buf_reset(&got);
		buf_append(&got, "before", 6);
		ck_assert_int_eq(file_read(&got, path, lens[i], &f), ERR_OK);
		ck_assert_uint_eq(got.len, 6 + lens[i]);
		for (at = 0; at < lens[i]; at++)
			ck_assert_uint_eq(got.data[6 + at], (uint8_t)(at * 31));
		if (!lens[i])
			continue;
		/* a byte too many: nothing is kept */
		got.len = 6;
		ck_assert_int_eq(file_read(&got, path, lens[i] - 1, &f),
				 ERR_TOO_BIG);
		ck_assert_ptr_nonnull(strstr(f.detail, path));
		ck_assert_uint_eq(got.len, 6);
	}
	buf_release(&got);
}
END_TEST

START_TEST(each_error_has_one_code_everywhere)
{
	static const struct {
		int error;
		enum err code;
	} table[] = {
		{ENOSPC, ERR_NO_SPACE},	 {EDQUOT, ERR_NO_SPACE},
		{EFBIG, ERR_NO_SPACE},	 {EACCES, ERR_PERMISSION},
		{EPERM, ERR_PERMISSION}, {EROFS, ERR_PERMISSION},
		{ENOENT, ERR_NOT_FOUND}, {ENOTDIR, ERR_IO},
		{EISDIR, ERR_IO},	 {EIO, ERR_IO},
	};
	struct fault f;
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		ck_assert_int_eq(path_fault(&f, "open", "a/b", table[i].error),
				 table[i].code);
		ck_assert_int_eq(f.code, table[i].code);
		ck_assert_ptr_nonnull(strstr(f.detail, "cannot open a/b: "));
		ck_assert_ptr_nonnull(
			strstr(f.detail, strerror(table[i].error)));
	}
}
END_TEST

/* In a child, because the limit stays. */
static int replace_beyond_limit(void *arg)
{
	struct rlimit limit = {5000, 5000};
	static const char more[9000];
	struct fault f;
	struct stat st;

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 2;
	if (file_replace(path, SPAN_OF(more), &f) != ERR_NO_SPACE)
		return 3;
	return stat(path, &st) || st.st_size != 4000;
}

START_TEST(a_file_that_cannot_be_replaced_stays_and_nothing_beside_it)
{
	char dir[PATH_MAX - 8];
	struct fault f;

	scratch_path(dir, sizeof(dir));
	ck_assert_int_eq(dir_make(dir, &f), ERR_OK);
	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(4000);
	ck_assert_int_eq(in_child(replace_beyond_limit, NULL), 0);
	/* what is empty can be removed */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(directories_are_made_private_and_may_be_there)
{
	char top[PATH_MAX - 16];
	struct fault f;
	struct stat st;

	scratch_path(top, sizeof(top));
	snprintf(path, sizeof(path), "%s/a/b//c/", top);
	ck_assert_int_eq(dir_make(path, &f), ERR_NOT_FOUND);
	ck_assert_int_eq(dir_make_all(path, &f), ERR_OK);
	ck_assert_int_eq(dir_make_all(path, &f), ERR_OK);
	ck_assert_int_eq(dir_make(path, &f), ERR_OK);
	ck_assert_int_eq(dir_flush(path, &f), ERR_OK);
	ck_assert_int_eq(stat(top, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	snprintf(path, sizeof(path), "%s/file", top);
	write_file(1);
	ck_assert_int_eq(dir_flush(path, &f), ERR_IO);
	snprintf(path, sizeof(path), "%s/file/d", top);
	ck_assert_int_eq(dir_make_all(path, &f), ERR_IO);
	ck_assert_ptr_nonnull(strstr(f.detail, path));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("file");
	TCase *tc = tcase_create("file");

	tcase_add_test(tc, what_is_read_is_what_was_written);
	tcase_add_test(tc, each_error_has_one_code_everywhere);
	tcase_add_test(
		tc, a_file_that_cannot_be_replaced_stays_and_nothing_beside_it);
	tcase_add_test(tc, directories_are_made_private_and_may_be_there);
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

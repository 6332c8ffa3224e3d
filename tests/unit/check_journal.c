/* SPDX-License-Identifier: MIT */
/*
 * The vote journal as the daemon has it: a thread that writes, opening and
 * closing again and again, and every way in which the file or its place can
 * be wrong. What crashes leave is check_journal_crash's.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_fixture.h"
#include "scratch.h"
#include "store/file.h"
#include "store/journal_internal.h"
#include "store_rows.h"

static char dir[PATH_MAX - 16], votes[PATH_MAX];
static struct model model;

static void begin(uint64_t blocks)
{
	journal_dir(dir, sizeof(dir), blocks);
	snprintf(votes, sizeof(votes), "%s/votes", dir);
	memset(&model, 0, sizeof(model));
}

static struct journal *open_journal(void)
{
	struct journal *j;
	struct fault f = {0};

	ck_assert_msg(!journal_open(&j, dir, false, &f), "%s", f.detail);
	return j;
}

static uint64_t length(void)
{
	struct stat st;

	ck_assert_int_eq(stat(votes, &st), 0);
	return (uint64_t)st.st_size;
}

static void append(struct journal *j, uint64_t seq)
{
	struct buf bytes;

	model_bytes(&bytes, &model, seq);
	journal_append_take(j, seq, model.list[seq - 1].height, &bytes);
	ck_assert_ptr_null(bytes.data);
}

/* Until all is durable, or the error. */
static enum err wait_durable(struct journal *j, struct fault *f)
{
	struct pollfd p = {.fd = journal_fd(j), .events = POLLIN};
	uint64_t durable = 0, before;
	enum err e = ERR_OK;

	while (!e && durable < model.count) {
		ck_assert_int_eq(poll(&p, 1, 30000), 1);
		before = durable;
		e = journal_reap(j, &durable, f);
		ck_assert_uint_ge(durable, before);
		ck_assert_uint_le(durable, model.count);
	}
	if (!e)
		model.durable = durable;
	return e;
}

static void append_any(struct journal *j, struct rng *rng, size_t most)
{
	model_add_any(&model, rng, most);
	append(j, model.count);
}

/* --- what is written is read --------------------------------------------- */

START_TEST(what_was_appended_is_there_at_each_opening)
{
	uint8_t id[JOURNAL_ID_LEN];
	struct fault f = {0};
	struct journal *j;
	struct rng rng;
	unsigned n, i;

	begin(12);
	rng_seed(&rng, 11);
	j = open_journal();
	memcpy(id, journal_id(j), sizeof(id));
	for (n = 0; n < 60; n++) {
		uint64_t few = rng_below(&rng, 12);

		ck_assert_uint_eq(expect_journal(&model, j), model.count);
		ck_assert_mem_eq(journal_id(j), id, sizeof(id));
		journal_forget(j);
		ck_assert_uint_eq(journal_count(j), 0);
		ck_assert_uint_eq(journal_last(j), model.count);
		for (i = 0; i < few; i++)
			append_any(j, &rng, 9000);
		if (n % 2)
			ck_assert_int_eq(wait_durable(j, &f), ERR_OK);
		/* or what waits is written by closing */
		ck_assert_int_eq(journal_close(j, &f), ERR_OK);
		model.durable = model.count;
		if (n % 7 == 0) {
			ck_assert_int_eq(journal_open(&j, dir, true, &f),
					 ERR_OK);
			expect_journal(&model, j);
			ck_assert_int_eq(journal_close(j, &f), ERR_OK);
		}
		j = open_journal();
	}
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	ck_assert_int_eq(journal_close(NULL, NULL), ERR_OK);
}
END_TEST

START_TEST(an_opening_for_reading_changes_nothing)
{
	struct buf before = {0}, after = {0};
	struct fault f = {0};
	struct journal *j;
	struct rng rng;
	unsigned i;

	begin(8);
	rng_seed(&rng, 3);
	j = open_journal();
	for (i = 0; i < 30; i++)
		append_any(j, &rng, 3000);
	ck_assert_int_eq(journal_close(j, &f), ERR_OK);
	ck_assert_int_eq(file_read(&before, votes, 1 << 24, &f), ERR_OK);
	/* and what it cannot change it does not need to */
	ck_assert_int_eq(chmod(votes, 0400), 0);
	ck_assert_int_eq(journal_open(&j, dir, true, &f), ERR_OK);
	expect_journal(&model, j);
	ck_assert_int_eq(journal_close(j, &f), ERR_OK);
	ck_assert_int_eq(file_read(&after, votes, 1 << 24, &f), ERR_OK);
	ck_assert(span_eq(buf_span(&before), buf_span(&after)));
	buf_release(&before);
	buf_release(&after);
}
END_TEST

START_TEST(the_file_keeps_its_length)
{
	struct fault f = {0};
	struct journal *j;
	struct rng rng;
	unsigned i;
	uint64_t whole;

	begin(32);
	rng_seed(&rng, 2);
	ck_assert_uint_eq(length(), JOURNAL_BLOCK);
	j = open_journal();
	whole = length();
	ck_assert_uint_eq(whole, 65 * JOURNAL_BLOCK);
	for (i = 0; i < 400; i++) {
		append_any(j, &rng, 9000);
		if (i % 50 == 49) {
			ck_assert_int_eq(wait_durable(j, &f), ERR_OK);
			ck_assert_uint_eq(length(), whole);
		}
	}
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	j = open_journal();
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	ck_assert_uint_eq(length(), whole);
}
END_TEST

START_TEST(halves_grow_when_one_height_needs_more)
{
	struct fault f = {0};
	struct journal *j;
	unsigned i;

	begin(4);
	j = open_journal();
	for (i = 0; i < 40; i++) {
		model_add(&model, 77, 300 + 97 * i);
		append(j, model.count);
	}
	ck_assert_int_eq(wait_durable(j, &f), ERR_OK);
	ck_assert_uint_gt(length(), 80 * JOURNAL_BLOCK);
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	j = open_journal();
	ck_assert_uint_eq(expect_journal(&model, j), 40);
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
}
END_TEST

START_TEST(records_of_the_greatest_size_fit)
{
	struct fault f = {0};
	struct journal *j;
	unsigned i;

	scratch_path(dir, sizeof(dir));
	ck_assert_int_eq(dir_make(dir, &f), ERR_OK);
	ck_assert_int_eq(journal_create(dir, &f), ERR_OK);
	memset(&model, 0, sizeof(model));
	j = open_journal();
	for (i = 0; i < 5; i++) {
		model_add(&model, 1 + i / 2, JOURNAL_RECORD_MAX);
		append(j, model.count);
	}
	ck_assert_int_eq(wait_durable(j, &f), ERR_OK);
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	j = open_journal();
	ck_assert_uint_eq(expect_journal(&model, j), 5);
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
}
END_TEST

/* --- making --------------------------------------------------------------- */

START_TEST(one_that_is_there_is_never_made_anew)
{
	struct buf first = {0}, second = {0};
	char other[PATH_MAX];
	struct fault f = {0};
	struct stat st;

	begin(4);
	ck_assert_int_eq(stat(votes, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(file_read(&first, votes, 1 << 20, &f), ERR_OK);
	ck_assert_int_eq(journal_create(dir, &f), ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(f.detail, votes));
	ck_assert_int_eq(file_read(&second, votes, 1 << 20, &f), ERR_OK);
	ck_assert(span_eq(buf_span(&first), buf_span(&second)));
	/* another one has another id */
	journal_dir(dir, sizeof(dir), 4);
	snprintf(other, sizeof(other), "%s/votes", dir);
	buf_reset(&second);
	ck_assert_int_eq(file_read(&second, other, 1 << 20, &f), ERR_OK);
	ck_assert(!span_eq(buf_span(&first), buf_span(&second)));
	buf_release(&first);
	buf_release(&second);
	/* and nothing is left beside it */
	ck_assert_int_eq(unlink(other), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(what_replaces_one_has_another_id_and_one_record)
{
	uint8_t id[JOURNAL_ID_LEN];
	struct fault f = {0};
	struct journal *j;
	struct buf bytes;
	unsigned i;

	begin(4);
	j = open_journal();
	memcpy(id, journal_id(j), sizeof(id));
	for (i = 0; i < 9; i++) {
		model_add(&model, 5, 3000);
		append(j, model.count);
	}
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	model.count = 0;
	model_add(&model, 200, 17);
	model.durable = 1;
	model_bytes(&bytes, &model, 1);
	ck_assert_int_eq(journal_replace(dir, 200, buf_span(&bytes), &f),
			 ERR_OK);
	buf_release(&bytes);
	for (i = 0; i < 2; i++) {
		j = open_journal();
		ck_assert_uint_eq(expect_journal(&model, j), model.count);
		ck_assert_mem_gt(journal_id(j), id, sizeof(id));
		model_add(&model, 201, 30);
		append(j, model.count);
		ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
		model.durable = model.count;
	}
}
END_TEST

/* Also when the clock was set back, and when it cannot be opened. */
START_TEST(each_that_replaces_another_has_a_higher_id)
{
	uint8_t id[JOURNAL_ID_LEN] = {0x7f};
	struct buf content = {0};
	struct fault f = {0};
	struct journal *j;
	unsigned i;

	begin(4);
	journal_file_head(&content, id, JOURNAL_HALF);
	ck_assert_int_eq(file_replace(votes, buf_span(&content), &f), ERR_OK);
	ck_assert_int_eq(chmod(votes, 0644), 0);
	buf_release(&content);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(journal_replace(dir, 7, SPAN("x", 1), &f),
				 ERR_OK);
		ck_assert_int_eq(journal_open(&j, dir, true, &f), ERR_OK);
		ck_assert_mem_gt(journal_id(j), id, sizeof(id));
		memcpy(id, journal_id(j), sizeof(id));
		ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	}
}
END_TEST

/* --- what can be wrong ---------------------------------------------------- */

static enum err try_open(struct fault *f)
{
	struct journal *j;
	enum err e = journal_open(&j, dir, false, f);

	ck_assert_int_eq(e == ERR_OK, j != NULL);
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
	return e;
}

START_TEST(what_is_not_a_journal_is_refused_and_left_alone)
{
	static const char text[] = "what was voted\n";
	struct buf bytes = {0}, after = {0};
	struct fault f = {0};

	begin(4);
	ck_assert_int_eq(file_read(&bytes, votes, 1 << 20, &f), ERR_OK);
	/* of a later version */
	bytes.data[15] = 2;
	put_votes(dir, buf_span(&bytes));
	ck_assert_int_eq(try_open(&f), ERR_FOREIGN_FORMAT);
	ck_assert_ptr_nonnull(strstr(f.detail, "found format 2, expected 1"));
	/* of another program */
	buf_reset(&bytes);
	while (bytes.len < 9000)
		buf_append(&bytes, text, sizeof(text) - 1);
	put_votes(dir, buf_span(&bytes));
	ck_assert_int_eq(try_open(&f), ERR_FOREIGN_FORMAT);
	ck_assert_ptr_nonnull(strstr(f.detail, "is not a vote journal"));
	ck_assert_int_eq(file_read(&after, votes, 1 << 20, &f), ERR_OK);
	ck_assert(span_eq(buf_span(&bytes), buf_span(&after)));
	buf_release(&bytes);
	buf_release(&after);
	ck_assert_int_eq(unlink(votes), 0);
	ck_assert_int_eq(try_open(&f), ERR_NOT_FOUND);
	ck_assert_int_eq(mkfifo(votes, 0600), 0);
	ck_assert_int_eq(try_open(&f), ERR_IO);
	ck_assert_int_eq(unlink(votes), 0);
	ck_assert_int_eq(symlink("/dev/zero", votes), 0);
	ck_assert_int_eq(try_open(&f), ERR_IO);
}
END_TEST

START_TEST(one_that_others_can_use_is_refused)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0601};
	struct fault f = {0};
	size_t i;

	begin(4);
	for (i = 0; i < ARRAY_LEN(modes); i++) {
		ck_assert_int_eq(chmod(votes, modes[i]), 0);
		ck_assert_int_eq(try_open(&f), ERR_PERMISSION);
		ck_assert_ptr_nonnull(strstr(f.detail, "expected 0600"));
		ck_assert_ptr_nonnull(strstr(f.detail, votes));
	}
	ck_assert_int_eq(chmod(votes, 0600), 0);
	ck_assert_int_eq(try_open(&f), ERR_OK);
}
END_TEST

/* In a child, because the user stays. */
static int without_rights(void *arg)
{
	struct journal *j;
	struct fault f;

	(void)arg;
	if (!geteuid() && seteuid(12345))
		return 2;
	if (journal_create(dir, &f) != ERR_PERMISSION)
		return 3;
	if (journal_replace(dir, 1, SPAN("", 0), &f) != ERR_PERMISSION)
		return 4;
	return journal_open(&j, dir, false, &f) != ERR_NOT_FOUND;
}

START_TEST(a_directory_that_cannot_be_written_is_told)
{
	char parent[PATH_MAX];
	struct fault f;

	begin(4);
	ck_assert_int_eq(unlink(votes), 0);
	ck_assert_int_eq(chmod(dir, 0555), 0);
	/* the other user gets there */
	snprintf(parent, sizeof(parent), "%s", dir);
	*strrchr(parent, '/') = '\0';
	ck_assert_int_eq(chmod(parent, 0755), 0);
	ck_assert_int_eq(in_child(without_rights, NULL), 0);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	ck_assert_int_eq(journal_create(dir, &f), ERR_OK);
}
END_TEST

/* From now on no file of this process gets longer than this. */
static bool limit_files(uint64_t bytes)
{
	struct rlimit limit = {(rlim_t)bytes, (rlim_t)bytes};

	signal(SIGXFSZ, SIG_IGN);
	return !setrlimit(RLIMIT_FSIZE, &limit);
}

static int make_on_a_full_disk(void *arg)
{
	struct fault f;

	(void)arg;
	return !limit_files(100) || journal_create(dir, &f) != ERR_NO_SPACE ||
	       !access(votes, F_OK);
}

static int open_on_a_full_disk(void *arg)
{
	struct fault f;

	(void)arg;
	return !limit_files(5 * JOURNAL_BLOCK) ||
	       try_open(&f) != ERR_NO_SPACE || length() != JOURNAL_BLOCK;
}

START_TEST(a_full_disk_is_told_and_left_no_fuller)
{
	struct fault f;

	begin(4);
	ck_assert_int_eq(in_child(open_on_a_full_disk, NULL), 0);
	ck_assert_int_eq(try_open(&f), ERR_OK);
	ck_assert_int_eq(unlink(votes), 0);
	ck_assert_int_eq(in_child(make_on_a_full_disk, NULL), 0);
	/* nothing is left of it */
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* Room for all but a growth. The error stays, and nothing is written any
 * more. */
static int grow_on_a_full_disk(void *arg)
{
	struct journal *j = open_journal();
	struct fault f = {0};
	uint64_t durable;
	unsigned i;

	(void)arg;
	if (!limit_files(length()))
		return 2;
	for (i = 0; i < 30; i++) {
		model_add(&model, 8, 3000);
		append(j, model.count);
		if (model.count <= 4 && wait_durable(j, &f))
			return 3;
	}
	if (wait_durable(j, &f) != ERR_NO_SPACE)
		return 4;
	model_add(&model, 8, 1);
	append(j, model.count);
	if (journal_reap(j, &durable, &f) != ERR_NO_SPACE)
		return 5;
	if (journal_close(j, &f) != ERR_NO_SPACE)
		return 6;
	/* what was told to be durable beside an error is, too */
	if (journal_open(&j, dir, true, &f))
		return 7;
	return journal_last(j) < durable;
}

START_TEST(what_was_durable_outlives_a_growth_that_fails)
{
	char grown[PATH_MAX + 8];
	struct journal *j;
	unsigned i;

	begin(4);
	ck_assert_int_eq(in_child(grow_on_a_full_disk, NULL), 0);
	/* as in the child */
	for (i = 0; i < 31; i++)
		model_add(&model, 8, i < 30 ? 3000 : 1);
	model.durable = 4;
	/* a growth that was killed leaves its file */
	snprintf(grown, sizeof(grown), "%s.grow", votes);
	ck_assert_int_eq(link(votes, grown), 0);
	j = open_journal();
	expect_journal(&model, j);
	ck_assert_int_eq(access(grown, F_OK), -1);
	ck_assert_int_eq(journal_close(j, NULL), ERR_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tc = tcase_create("journal");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_was_appended_is_there_at_each_opening);
	tcase_add_test(tc, an_opening_for_reading_changes_nothing);
	tcase_add_test(tc, the_file_keeps_its_length);
	tcase_add_test(tc, halves_grow_when_one_height_needs_more);
	tcase_add_test(tc, records_of_the_greatest_size_fit);
	tcase_add_test(tc, one_that_is_there_is_never_made_anew);
	tcase_add_test(tc, what_replaces_one_has_another_id_and_one_record);
	tcase_add_test(tc, each_that_replaces_another_has_a_higher_id);
	tcase_add_test(tc, what_is_not_a_journal_is_refused_and_left_alone);
	tcase_add_test(tc, one_that_others_can_use_is_refused);
	tcase_add_test(tc, a_directory_that_cannot_be_written_is_told);
	tcase_add_test(tc, a_full_disk_is_told_and_left_no_fuller);
	tcase_add_test(tc, what_was_durable_outlives_a_growth_that_fails);
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

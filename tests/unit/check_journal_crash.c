/* SPDX-License-Identifier: MIT */
/*
 * What a power cut or a kill leaves of the vote journal, at every write, also
 * of a change of halves, of a growth, and of the repair itself; and what
 * damage does. Through the blocking half of the journal, on the disk of
 * disk.h; the thread in front is check_journal's.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "journal_fixture.h"
#include "scratch.h"
#include "store/file.h"

static char dir[PATH_MAX - 8], votes[PATH_MAX];
static struct model model;

static void begin(uint64_t blocks)
{
	journal_dir(dir, sizeof(dir), blocks);
	snprintf(votes, sizeof(votes), "%s/votes", dir);
	memset(&model, 0, sizeof(model));
}

static void open_or_fail(struct journal_file *j)
{
	struct fault f = {0};

	ck_assert_msg(!journal_file_open(j, dir, false, &f), "%s", f.detail);
}

static void write_or_fail(struct journal_file *j, uint64_t from)
{
	struct fault f = {0};

	ck_assert_msg(!model_write(&model, j, from, &f), "%s", f.detail);
}

/* What these bytes are read as. */
static uint64_t reopened(struct span image)
{
	struct journal_file j;
	uint64_t last;

	put_votes(dir, image);
	open_or_fail(&j);
	last = expect_model(&model, &j);
	journal_file_release(&j);
	return last;
}

/* --- one record ---------------------------------------------------------- */

/* Written behind another one; then the last write is cut at each byte. */
static void cut_everywhere(size_t len, size_t step)
{
	struct buf image = {0};
	struct journal_file j;
	size_t cut, size, done;
	uint64_t last;

	begin(16);
	model_add(&model, 9, 100);
	open_or_fail(&j);
	write_or_fail(&j, 1);
	model_add(&model, 9, len);
	disk_begin(votes);
	write_or_fail(&j, 2);
	disk_stop();
	journal_file_release(&j);
	model.durable = 1;
	size = disk_step_len(0);
	done = JOURNAL_HEAD_LEN + len;
	for (cut = 0; cut <= size; cut += step) {
		disk_image(&image, 1, cut, DISK_ALL, NULL);
		last = reopened(buf_span(&image));
		if (cut < JOURNAL_HEAD_LEN)
			ck_assert_uint_eq(last, 1);
		if (cut >= done)
			ck_assert_uint_eq(last, 2);
	}
	disk_end();
	buf_release(&image);
}

START_TEST(a_write_cut_at_any_byte_leaves_what_was_before)
{
	cut_everywhere(0, 1);
	cut_everywhere(300, 1);
	cut_everywhere(JOURNAL_BLOCK - JOURNAL_HEAD_LEN, 7);
	cut_everywhere(JOURNAL_BLOCK - JOURNAL_HEAD_LEN + 1, 13);
	cut_everywhere(40000, 211);
}
END_TEST

/* --- lives ---------------------------------------------------------------- */

/* What was told by which step. */
struct mark {
	size_t steps;
	uint64_t durable;
	uint64_t count;
};

struct life {
	struct rng rng;
	struct mark marks[64];
	size_t mark_count;
	size_t most; /* bytes of a record */
};

static void mark(struct life *l)
{
	ck_assert_uint_lt(l->mark_count, ARRAY_LEN(l->marks));
	l->marks[l->mark_count++] =
		(struct mark){disk_steps(), model.durable, model.count};
}

/* What an opening gives stays, and nothing else comes back. */
static void open_and_mark(struct life *l, struct journal_file *j)
{
	mark(l);
	open_or_fail(j);
	model.count = expect_model(&model, j);
	model.durable = model.count;
	mark(l);
}

static void add_group(struct life *l)
{
	uint64_t n = 1 + rng_below(&l->rng, 3);

	while (n--)
		model_add_any(&model, &l->rng, l->most);
	mark(l);
}

/* The process is killed while it writes, and opens it again: what it did is
 * there to be read, but the power may still go. */
static void kill_and_open(struct life *l, struct journal_file *j)
{
	uint64_t from = model.count + 1;
	struct fault f;

	add_group(l);
	disk_fail_after((size_t)rng_below(&l->rng, 5));
	(void)!model_write(&model, j, from, &f);
	journal_file_release(j);
	disk_fail_after(DISK_WHOLE);
	open_and_mark(l, j);
}

/* Open, and append groups; each step is noted. */
static void session(struct life *l)
{
	uint64_t groups = rng_below(&l->rng, 7), from;
	struct journal_file j;

	l->mark_count = 0;
	disk_begin(votes);
	open_and_mark(l, &j);
	while (groups--) {
		from = model.count + 1;
		add_group(l);
		write_or_fail(&j, from);
		mark(l);
	}
	if (rng_below(&l->rng, 2))
		kill_and_open(l, &j);
	disk_stop();
	journal_file_release(&j);
}

/* What was durable when the disk had done n steps, and what was there. */
static void at_step(const struct life *l, size_t n)
{
	size_t i;

	model.durable = 0;
	for (i = 0; i < l->mark_count; i++)
		if (l->marks[i].steps <= n) {
			model.durable = l->marks[i].durable;
			model.count = l->marks[i].count;
		}
}

/* Every step of the session, and what each kind of loss makes of it. */
static void crash_everywhere(struct life *l)
{
	uint64_t count = model.count, durable = model.durable;
	struct buf image = {0};
	size_t n, cut, len;
	unsigned loss;

	for (n = 0; n <= disk_steps(); n++) {
		at_step(l, n);
		for (loss = 0; loss < DISK_LOSS_COUNT + 1; loss++) {
			disk_image(&image, n, DISK_WHOLE,
				   loss > DISK_SOME ? DISK_SOME
						    : (enum disk_loss)loss,
				   &l->rng);
			reopened(buf_span(&image));
		}
		len = n ? disk_step_len(n - 1) : 0;
		if (!len)
			continue;
		cut = (size_t)rng_below(&l->rng, len);
		disk_image(&image, n, cut, DISK_ALL, &l->rng);
		reopened(buf_span(&image));
	}
	model.count = count;
	model.durable = durable;
	buf_release(&image);
}

/* Go on from one of these moments. What is not there any more is forgotten,
 * and is not to come back. */
static void crash_once(struct life *l)
{
	size_t n = (size_t)rng_below(&l->rng, disk_steps() + 1);
	struct buf image = {0};
	struct journal_file j;
	struct fault f;

	at_step(l, n);
	disk_image(&image, n, DISK_WHOLE,
		   (enum disk_loss)rng_below(&l->rng, DISK_LOSS_COUNT),
		   &l->rng);
	disk_end();
	put_votes(dir, buf_span(&image));
	ck_assert_int_eq(journal_file_open(&j, dir, true, &f), ERR_OK);
	model.count = expect_model(&model, &j);
	/* What was not told is not promised to stay, until it is opened. */
	journal_file_release(&j);
	buf_release(&image);
}

static void live(uint64_t seed, uint64_t blocks, size_t most)
{
	struct life l = {.most = most};
	unsigned sessions;
	struct stat st;

	rng_seed(&l.rng, seed);
	begin(blocks);
	for (sessions = 0; sessions < 8; sessions++) {
		session(&l);
		crash_everywhere(&l);
		crash_once(&l);
		ck_assert_int_eq(stat(votes, &st), 0);
		if (st.st_size > 60 * JOURNAL_BLOCK)
			break;
	}
}

START_TEST(a_crash_at_any_write_leaves_all_that_was_durable)
{
	uint64_t seed = (uint64_t)_i;

	/* small ones, and halves that are never, soon, at once too small */
	live(3 * seed, 24, 300);
	live(3 * seed + 1, 6, 6000);
	live(3 * seed + 2, 1, 9000);
}
END_TEST

/* --- damage --------------------------------------------------------------- */

/* Three generations, each record told durable by itself. */
static void make_worn(void)
{
	struct journal_file j;
	struct rng rng;
	unsigned i;

	begin(6);
	rng_seed(&rng, 4);
	for (i = 0; i < 14; i++) {
		if (i % 5 == 0)
			open_or_fail(&j);
		model_add(&model, 3 + i / 3, (size_t)rng_below(&rng, 5000));
		write_or_fail(&j, model.count);
		if (i % 5 == 4)
			journal_file_release(&j);
	}
	journal_file_release(&j);
}

static bool is_sampled(uint64_t at)
{
	return at % JOURNAL_BLOCK < JOURNAL_HEAD_LEN + 8 || at % 89 == 0;
}

static void flip(int fd, off_t at, uint8_t bit)
{
	uint8_t byte;

	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= bit;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
}

START_TEST(no_flipped_bit_makes_another_record)
{
	unsigned refused = 0, lost = 0;
	struct journal_file j;
	struct fault f;
	struct stat st;
	off_t at;
	int fd;

	make_worn();
	fd = open(votes, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	/* The last record is the one that a crash may have cut off. */
	model.durable = model.count - 1;
	for (at = 0; at < st.st_size; at++) {
		enum err e;

		if (!is_sampled((uint64_t)at))
			continue;
		flip(fd, at, (uint8_t)(1u << at % 8));
		e = journal_file_open(&j, dir, true, &f);
		if (!e)
			lost += expect_model(&model, &j) < model.count;
		else
			ck_assert(e == ERR_CORRUPT || e == ERR_FOREIGN_FORMAT);
		refused += e != ERR_OK;
		journal_file_release(&j);
		flip(fd, at, (uint8_t)(1u << at % 8));
	}
	close(fd);
	/* both were met */
	ck_assert_uint_gt(refused, 50);
	ck_assert_uint_gt(lost, 50);
}
END_TEST

START_TEST(damage_in_front_of_a_good_record_is_told_with_the_way_out)
{
	struct journal_file j;
	struct fault f;
	off_t at;
	int fd;

	begin(16);
	open_or_fail(&j);
	while (model.count < 3) {
		model_add(&model, 5, 500);
		write_or_fail(&j, model.count);
	}
	at = (off_t)j.slots.list[1].at + JOURNAL_HEAD_LEN + 17;
	journal_file_release(&j);
	fd = open(votes, O_RDWR | O_CLOEXEC);
	flip(fd, at, 4);
	close(fd);
	ck_assert_int_eq(journal_file_open(&j, dir, false, &f), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(f.detail, "record 2 of"));
	ck_assert_ptr_nonnull(
		strstr(f.detail, "ccoin votes reset --from-height H"));
	journal_file_release(&j);
}
END_TEST

START_TEST(a_file_that_was_cut_short_is_told)
{
	struct journal_file j;
	struct fault f;

	make_worn();
	/* the second half is gone, whichever is live */
	ck_assert_int_eq(truncate(votes, 7 * JOURNAL_BLOCK), 0);
	ck_assert_int_eq(journal_file_open(&j, dir, false, &f), ERR_CORRUPT);
	journal_file_release(&j);
	/* nor is it an empty one without a head */
	ck_assert_int_eq(truncate(votes, 40), 0);
	ck_assert_int_eq(journal_file_open(&j, dir, false, &f), ERR_CORRUPT);
	journal_file_release(&j);
	ck_assert_int_eq(truncate(votes, 0), 0);
	ck_assert_int_eq(journal_file_open(&j, dir, false, &f), ERR_CORRUPT);
	journal_file_release(&j);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_crash");
	TCase *tc = tcase_create("journal_crash");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_write_cut_at_any_byte_leaves_what_was_before);
	tcase_add_loop_test(
		tc, a_crash_at_any_write_leaves_all_that_was_durable, 0, 6);
	tcase_add_test(tc, no_flipped_bit_makes_another_record);
	tcase_add_test(
		tc, damage_in_front_of_a_good_record_is_told_with_the_way_out);
	tcase_add_test(tc, a_file_that_was_cut_short_is_told);
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

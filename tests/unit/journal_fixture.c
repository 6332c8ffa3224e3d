/* SPDX-License-Identifier: MIT */
/* The model of a vote journal; see the header. */
#include <config.h>

#include "journal_fixture.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scratch.h"
#include "store/file.h"

void model_add(struct model *m, uint64_t height, size_t len)
{
	ck_assert_uint_lt(m->count, MODEL_MAX);
	m->list[m->count++] = (struct model_record){height, ++m->salt, len};
}

void model_add_any(struct model *m, struct rng *rng, size_t most)
{
	uint64_t height = m->count ? m->list[m->count - 1].height : 7;

	if (!rng_below(rng, 5))
		height += 1 + rng_below(rng, 2);
	/* half of them small */
	if (rng_below(rng, 2) && most > 300)
		most = 300;
	model_add(m, height, rng_below(rng, most + 1));
}

void model_bytes(struct buf *out, const struct model *m, uint64_t seq)
{
	const struct model_record *r = &m->list[seq - 1];
	struct rng rng;
	size_t i;

	*out = (struct buf){0};
	rng_seed(&rng, r->salt);
	for (i = 0; i < r->len; i++)
		buf_byte(out, (uint8_t)rng_next(&rng));
}

enum err model_write(struct model *m, struct journal_file *j, uint64_t from,
		     struct fault *f)
{
	size_t count = (size_t)(m->count - from + 1), i;
	struct journal_record *list = xcalloc(count, sizeof(*list));
	struct buf *bytes = xcalloc(count, sizeof(*bytes));
	enum err e;

	for (i = 0; i < count; i++) {
		model_bytes(&bytes[i], m, from + i);
		list[i] = (struct journal_record){from + i,
						  m->list[from + i - 1].height,
						  buf_span(&bytes[i])};
	}
	e = journal_file_append(j, list, count, f);
	if (!e)
		m->durable = m->count;
	for (i = 0; i < count; i++)
		buf_release(&bytes[i]);
	free(bytes);
	free(list);
	return e;
}

/* How many of the first `last` have the highest height. */
static size_t highest(const struct model *m, uint64_t last)
{
	size_t n = 0;

	while (n < last &&
	       m->list[last - 1 - n].height == m->list[last - 1].height)
		n++;
	return n;
}

static void expect_last(const struct model *m, uint64_t last, size_t count)
{
	ck_assert_uint_ge(last, m->durable);
	ck_assert_uint_le(last, m->count);
	ck_assert_uint_eq(count, highest(m, last));
}

static void expect_bytes(const struct model *m, uint64_t seq, struct span got)
{
	struct buf want;

	model_bytes(&want, m, seq);
	ck_assert(span_eq(got, buf_span(&want)));
	buf_release(&want);
}

uint64_t expect_model(const struct model *m, const struct journal_file *j)
{
	struct buf got = {0};
	struct fault f = {0};
	size_t i;

	expect_last(m, j->last, j->slots.count);
	for (i = 0; i < j->slots.count; i++) {
		const struct journal_slot *s = &j->slots.list[i];

		ck_assert_uint_eq(s->seq, j->last + 1 - j->slots.count + i);
		ck_assert_uint_eq(s->height, m->list[s->seq - 1].height);
		buf_reset(&got);
		ck_assert_msg(!journal_read(&got, j, s, &f), "%s", f.detail);
		expect_bytes(m, s->seq, buf_span(&got));
	}
	buf_release(&got);
	return j->last;
}

uint64_t expect_journal(const struct model *m, const struct journal *j)
{
	uint64_t last = journal_last(j);
	size_t i;

	expect_last(m, last, journal_count(j));
	for (i = 0; i < journal_count(j); i++) {
		const struct journal_record *r = journal_get(j, i);

		ck_assert_uint_eq(r->seq, last + 1 - journal_count(j) + i);
		ck_assert_uint_eq(r->height, m->list[r->seq - 1].height);
		expect_bytes(m, r->seq, r->bytes);
	}
	return last;
}

void journal_dir(char *out, size_t size, uint64_t blocks)
{
	struct fault f = {0};

	scratch_path(out, size);
	ck_assert_int_eq(dir_make(out, &f), ERR_OK);
	ck_assert_msg(!journal_make(out, blocks * JOURNAL_BLOCK, &f), "%s",
		      f.detail);
}

void put_votes(const char *dir, struct span bytes)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/votes", dir);
	/* Not O_TRUNC: some file systems flush at the end of that. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)bytes.len), 0);
	while (bytes.len) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		ck_assert_int_gt(n, 0);
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
	close(fd);
}

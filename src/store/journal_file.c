/* SPDX-License-Identifier: MIT */
/*
 * Writing a vote journal: opening it, which repairs it, appending, and
 * changing the half. The rules are those of journal_internal.h.
 */
#include <config.h>

#include "store/journal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file.h"

#define ZEROS ((size_t)1 << 20)
#define HALF_MAX (UINT64_C(1) << 40)

/* --- writing ------------------------------------------------------------- */

static int write_at(int fd, uint64_t at, struct span bytes)
{
	ssize_t n;

	while (bytes.len) {
		n = pwrite(fd, bytes.data, bytes.len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		bytes.data += n;
		bytes.len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

enum err journal_flush(struct journal_file *j, struct fault *f)
{
	if (!j->dirty)
		return ERR_OK;
	if (fdatasync(j->fd))
		return path_fault(f, "flush", j->path, errno);
	j->dirty = false;
	j->sure = j->last;
	return ERR_OK;
}

enum err journal_fill(int fd, uint64_t from, uint64_t half, const char *path,
		      struct fault *f)
{
	uint64_t end = JOURNAL_BLOCK + 2 * half;
	uint8_t *zeros = xcalloc(1, ZEROS);
	int error = 0;

	for (; !error && from < end; from += ZEROS)
		error = write_at(fd, from,
				 SPAN(zeros, end - from < ZEROS
						     ? (size_t)(end - from)
						     : ZEROS));
	free(zeros);
	/* The length, too: that is why no later flush has to write it. */
	if (!error && fsync(fd))
		error = errno;
	return error ? path_fault(f, "write", path, error) : ERR_OK;
}

/* Write behind the end of the live half, where there is room. */
static enum err put(struct journal_file *j, int fd, uint64_t seq,
		    uint64_t height, struct span bytes, struct fault *f)
{
	struct journal_head h = {.generation = j->generation,
				 .seq = seq,
				 .height = height,
				 .carried = j->carried,
				 .sure = j->sure};
	struct journal_slot slot = {seq, height,
				    journal_side_at(j, j->side) + j->end,
				    (uint32_t)bytes.len};
	struct buf out = {0};
	int error;

	journal_record_encode(&out, &h, bytes, j->id);
	j->dirty = true;
	error = write_at(fd, slot.at, buf_span(&out));
	if (!error) {
		journal_slots_add(&j->slots, &slot);
		j->end += out.len;
		j->last = seq;
	}
	buf_release(&out);
	return error ? path_fault(f, "write", j->path, error) : ERR_OK;
}

/* --- changing the half --------------------------------------------------- */

enum err journal_carry(struct journal_file *j, int fd, unsigned side,
		       struct fault *f)
{
	struct journal_slots old = j->slots;
	struct buf bytes = {0};
	enum err e = ERR_OK;
	size_t i;

	j->slots = (struct journal_slots){0};
	j->side = side;
	j->generation = ++j->newest;
	j->carried = old.count ? old.list[old.count - 1].seq : 0;
	j->sure = 0;
	j->end = 0;
	for (i = 0; i < old.count && !e; i++) {
		buf_reset(&bytes);
		e = journal_read(&bytes, j, &old.list[i], f);
		if (!e)
			e = put(j, fd, old.list[i].seq, old.list[i].height,
				buf_span(&bytes), f);
	}
	buf_release(&bytes);
	free(old.list);
	return e;
}

static uint64_t slots_size(const struct journal_slots *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->count; i++)
		sum += journal_size(s->list[i].len);
	return sum;
}

/* A record of that height and size does not fit behind the others. */
static enum err make_room(struct journal_file *j, uint64_t height,
			  uint64_t size, struct fault *f)
{
	bool higher = j->slots.count && j->slots.list[0].height != height;
	uint64_t kept = slots_size(&j->slots);
	enum err e = journal_flush(j, f);

	if (e)
		return e;
	if (size + (higher ? 0 : kept) > j->half)
		return journal_grow(j, size + kept, f);
	/* Those of lower heights are done with when this one is durable, and
	 * stay where they are until then. */
	if (higher)
		j->slots.count = 0;
	e = journal_carry(j, j->fd, !j->side, f);
	/* Before any other follows: that one is sure of these. */
	return e ? e : journal_flush(j, f);
}

enum err journal_file_append(struct journal_file *j,
			     const struct journal_record *list, size_t count,
			     struct fault *f)
{
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; i < count && !e; i++) {
		uint64_t size = journal_size(list[i].bytes.len);

		if (size > j->half - j->end)
			e = make_room(j, list[i].height, size, f);
		if (!e)
			e = put(j, j->fd, list[i].seq, list[i].height,
				list[i].bytes, f);
	}
	return e ? e : journal_flush(j, f);
}

/* --- opening ------------------------------------------------------------- */

static enum err check_mode(const struct journal_file *j, const struct stat *st,
			   struct fault *f)
{
	if (!S_ISREG(st->st_mode))
		return fault_set(f, ERR_IO, "", "%s is not a regular file",
				 j->path);
	if (st->st_mode & 077)
		return fault_set(f, ERR_PERMISSION, "",
				 "%s can be used by others (mode %04o); "
				 "expected 0600: chmod 600 %s",
				 j->path, (unsigned)(st->st_mode & 07777),
				 j->path);
	return ERR_OK;
}

static enum err read_file_head(struct journal_file *j, uint64_t length,
			       struct fault *f)
{
	uint8_t block[JOURNAL_BLOCK];
	int error = journal_pread(j->fd, 0, block, sizeof(block));
	enum err e;

	if (error)
		return path_fault(f, "read", j->path, error);
	e = journal_file_head_read(j->id, &j->half,
				   SPAN(block, length < sizeof(block)
						       ? (size_t)length
						       : sizeof(block)),
				   j->path, f);
	if (!e && (!j->half || j->half > HALF_MAX || j->half % JOURNAL_BLOCK))
		e = fault_set(f, ERR_FOREIGN_FORMAT, "",
			      "%s: the halves have a size that no version "
			      "gives them",
			      j->path);
	return e;
}

/* A full disk must not be left fuller by what did not work. */
static enum err make_whole(struct journal_file *j, uint64_t length,
			   struct fault *f)
{
	enum err e;

	if (length >= journal_side_at(j, 2))
		return ERR_OK;
	e = journal_fill(j->fd, length, j->half, j->path, f);
	if (e)
		(void)!ftruncate(j->fd, (off_t)length);
	return e;
}

/* See the rules: what was read is written anew, and what was cut off is
 * behind us. */
static enum err repair(struct journal_file *j, struct fault *f)
{
	enum err e;

	/* What replaces the other half may not have been flushed yet. */
	if (fdatasync(j->fd))
		return path_fault(f, "flush", j->path, errno);
	if (j->newest < JOURNAL_GENERATION - 1)
		j->newest = JOURNAL_GENERATION - 1;
	if (!j->generation) {
		j->generation = ++j->newest;
		return ERR_OK;
	}
	e = journal_carry(j, j->fd, !j->side, f);
	return e ? e : journal_flush(j, f);
}

enum err journal_file_open(struct journal_file *out, const char *datadir,
			   bool read_only, struct fault *f)
{
	struct stat st;
	uint64_t length;
	enum err e;

	*out = (struct journal_file){.dir = xstrdup(datadir),
				     .path = path_join(datadir, "votes")};
	out->fd = open(out->path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC |
					  O_NOFOLLOW | O_NONBLOCK);
	if (out->fd < 0)
		return path_fault(f, "open", out->path, errno);
	if (fstat(out->fd, &st))
		return path_fault(f, "read", out->path, errno);
	length = (uint64_t)st.st_size;
	e = check_mode(out, &st, f);
	if (!e)
		e = read_file_head(out, length, f);
	if (!e)
		e = journal_scan(out, length, f);
	if (e || read_only)
		return e;
	journal_grow_clean(out);
	e = make_whole(out, length, f);
	return e ? e : repair(out, f);
}

void journal_file_release(struct journal_file *j)
{
	if (j->fd >= 0)
		close(j->fd);
	free(j->slots.list);
	free(j->path);
	free(j->dir);
	*j = (struct journal_file){.fd = -1};
}

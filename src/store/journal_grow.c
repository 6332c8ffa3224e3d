/* SPDX-License-Identifier: MIT */
/*
 * Vote journals that are made whole in a file of their own: a new one, one in
 * place of another, and one with larger halves. Each appears at once.
 */
#include <config.h>

#include "store/journal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "loop/clock.h"
#include "store/file.h"

#define ID_TIME_LEN 6

static void put_time(uint8_t id[JOURNAL_ID_LEN], uint64_t ms)
{
	uint8_t time[8];

	put_be64(time, ms << 16);
	memcpy(id, time, ID_TIME_LEN);
}

/* When the journal there was made, ms since 1970, also one that is damaged
 * behind its head; 0 when that cannot be read, or there is none. */
static uint64_t time_of(const char *path)
{
	uint8_t id[JOURNAL_ID_LEN], block[JOURNAL_BLOCK];
	uint64_t half;
	size_t len;
	int error,
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return 0;
	error = fd_read(fd, block, sizeof(block), &len);
	close(fd);
	if (error ||
	    journal_file_head_read(id, &half, SPAN(block, len), path, NULL))
		return 0;
	return get_be64(id) >> 16;
}

/* Later than `before`, whatever the clock says. */
static enum err make_id(uint8_t id[JOURNAL_ID_LEN], uint64_t before,
			struct fault *f)
{
	uint64_t now = clock_now_ms();

	put_time(id, now > before ? now : before + 1);
	if (getrandom(id + ID_TIME_LEN, JOURNAL_ID_LEN - ID_TIME_LEN, 0) !=
	    JOURNAL_ID_LEN - ID_TIME_LEN)
		return fault_set(f, ERR_IO, "", "getrandom failed");
	return ERR_OK;
}

/* --- a new one ----------------------------------------------------------- */

/* A link, because a rename would take the place of one that came between. */
static enum err publish(int fd, const char *temporary, const char *path,
			struct span content, struct fault *f)
{
	int error = fd_write(fd, content);

	if (error)
		return path_fault(f, "write", temporary, error);
	if (!link(temporary, path))
		return ERR_OK;
	if (errno == EEXIST)
		return fault_set(f, ERR_EXISTS, "", "%s is there already",
				 path);
	return path_fault(f, "make", path, errno);
}

static enum err make_new(const char *path, struct span content, struct fault *f)
{
	char *temporary;
	int fd = file_beside(&temporary, path);
	enum err e;

	if (fd < 0) {
		e = path_fault(f, "make", path, errno);
	} else {
		e = publish(fd, temporary, path, content, f);
		close(fd);
		unlink(temporary);
	}
	free(temporary);
	return e;
}

enum err journal_make(const char *datadir, uint64_t half, struct fault *f)
{
	char *path = path_join(datadir, "votes");
	uint8_t id[JOURNAL_ID_LEN];
	struct buf content = {0};
	enum err e = ERR_OK;

	/* Asked first, so that one that is there is no matter of permission
	 * or of room. */
	if (!access(path, F_OK))
		e = fault_set(f, ERR_EXISTS, "", "%s is there already", path);
	if (!e)
		e = make_id(id, 0, f);
	if (!e) {
		journal_file_head(&content, id, half);
		e = make_new(path, buf_span(&content), f);
	}
	if (!e)
		e = dir_flush(datadir, f);
	buf_release(&content);
	free(path);
	return e;
}

enum err journal_create(const char *datadir, struct fault *f)
{
	return journal_make(datadir, JOURNAL_HALF, f);
}

enum err journal_replace(const char *datadir, uint64_t height,
			 struct span bytes, struct fault *f)
{
	struct journal_head h = {.generation = JOURNAL_GENERATION - 1,
				 .seq = 1,
				 .height = height};
	uint8_t id[JOURNAL_ID_LEN];
	struct buf content = {0};
	char *path = path_join(datadir, "votes");
	enum err e = make_id(id, time_of(path), f);

	if (!e) {
		journal_file_head(&content, id, JOURNAL_HALF);
		journal_record_encode(&content, &h, bytes, id);
		e = file_replace(path, buf_span(&content), f);
	}
	buf_release(&content);
	free(path);
	return e;
}

/* --- larger halves ------------------------------------------------------- */

static char *grown_path(const struct journal_file *j)
{
	return path_join(j->dir, "votes.grow");
}

void journal_grow_clean(const struct journal_file *j)
{
	char *path = grown_path(j);

	unlink(path);
	free(path);
}

/* All of it, and flushed. */
static enum err write_grown(struct journal_file *j, int fd, const char *path,
			    uint64_t half, struct fault *f)
{
	struct buf head = {0};
	enum err e = ERR_OK;
	int error;

	journal_file_head(&head, j->id, half);
	error = fd_write(fd, buf_span(&head));
	buf_release(&head);
	if (error)
		return path_fault(f, "write", path, error);
	e = journal_fill(fd, JOURNAL_BLOCK, half, path, f);
	if (!e)
		e = journal_carry(j, fd, 0, f);
	if (!e && fsync(fd))
		e = path_fault(f, "flush", path, errno);
	return e;
}

/* The journal is the new file, when that is sure to be found. */
static enum err replace_by(struct journal_file *j, int fd, const char *path,
			   uint64_t half, struct fault *f)
{
	if (rename(path, j->path))
		return path_fault(f, "replace", j->path, errno);
	close(j->fd);
	j->fd = fd;
	j->half = half;
	j->dirty = false;
	j->sure = j->carried;
	return dir_flush(j->dir, f);
}

enum err journal_grow(struct journal_file *j, uint64_t least, struct fault *f)
{
	char *path = grown_path(j);
	uint64_t half = j->half;
	enum err e;
	int fd;

	while (half < least)
		half *= 2;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0) {
		e = path_fault(f, "make", path, errno);
	} else {
		e = write_grown(j, fd, path, half, f);
		if (!e)
			e = replace_by(j, fd, path, half, f);
		if (e && fd != j->fd) {
			close(fd);
			unlink(path);
		}
	}
	free(path);
	return e;
}

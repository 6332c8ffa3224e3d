/* SPDX-License-Identifier: MIT */
/* A disk that remembers; see the header. */
#include <config.h>

#include "disk.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define SECTOR 512

enum kind { WRITE, FLUSH, RENAME, FLUSH_DIRECTORY };

struct step {
	enum kind kind;
	ino_t file; /* RENAME: what gets the name */
	uint64_t at;
	struct buf bytes;
};

/* The wrapped functions have no place for a context. */
static struct {
	bool on;
	ino_t file;
	struct buf before;
	struct step *list;
	size_t count, cap;
	size_t most;  /* 0: any number */
	int held[16]; /* so that no file's number is given to another */
	size_t held_count;
} disk;

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

/* Whether the disk fails from here on. */
static bool fails(void)
{
	if (!disk.on || !disk.most || disk.count + 1 < disk.most)
		return false;
	errno = EIO;
	return true;
}

static struct step *note(enum kind kind, ino_t file)
{
	struct step *s;

	if (disk.count == disk.cap) {
		disk.cap = disk.cap ? 2 * disk.cap : 64;
		disk.list = xrealloc(disk.list, disk.cap, sizeof(*disk.list));
	}
	s = &disk.list[disk.count++];
	*s = (struct step){.kind = kind, .file = file};
	return s;
}

static void hold(int fd)
{
	ck_assert_uint_lt(disk.held_count, ARRAY_LEN(disk.held));
	disk.held[disk.held_count] = dup(fd);
	ck_assert_int_ge(disk.held[disk.held_count++], 0);
}

static void note_write(int fd, const void *data, size_t len, off_t at)
{
	struct stat st;
	struct step *s;
	size_t i;

	if (!disk.on)
		return;
	ck_assert_int_eq(fstat(fd, &st), 0);
	if (!S_ISREG(st.st_mode))
		return;
	for (i = 0; i < disk.count; i++)
		if (disk.list[i].file == st.st_ino)
			break;
	if (i == disk.count)
		hold(fd);
	s = note(WRITE, st.st_ino);
	s->at = (uint64_t)at;
	buf_append(&s->bytes, data, len);
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	if (fails())
		return -1;
	note_write(fd, data, len, at);
	return __real_pwrite(fd, data, len, at);
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (fails())
		return -1;
	if (disk.on)
		note_write(fd, data, len, lseek(fd, 0, SEEK_CUR));
	return __real_write(fd, data, len);
}

static int note_flush(int fd)
{
	struct stat st;

	if (!disk.on)
		return 0;
	if (fails())
		return -1;
	ck_assert_int_eq(fstat(fd, &st), 0);
	note(S_ISDIR(st.st_mode) ? FLUSH_DIRECTORY : FLUSH, st.st_ino);
	return 0;
}

int __wrap_fdatasync(int fd)
{
	return note_flush(fd);
}

int __wrap_fsync(int fd)
{
	return note_flush(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	struct stat st;

	if (fails())
		return -1;
	if (disk.on && !stat(from, &st))
		note(RENAME, st.st_ino);
	return __real_rename(from, to);
}

void disk_fail_after(size_t more)
{
	disk.most = more == DISK_WHOLE ? 0 : disk.count + more + 1;
}

void disk_stop(void)
{
	disk.on = false;
}

void disk_end(void)
{
	size_t i;

	for (i = 0; i < disk.count; i++)
		buf_release(&disk.list[i].bytes);
	for (i = 0; i < disk.held_count; i++)
		close(disk.held[i]);
	free(disk.list);
	buf_release(&disk.before);
	memset(&disk, 0, sizeof(disk));
}

void disk_begin(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	disk_end();
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	disk.file = st.st_ino;
	buf_reserve(&disk.before, (size_t)st.st_size);
	disk.before.len = (size_t)st.st_size;
	ck_assert_int_eq(pread(fd, disk.before.data, disk.before.len, 0),
			 st.st_size);
	hold(fd);
	close(fd);
	disk.on = true;
}

size_t disk_steps(void)
{
	return disk.count;
}

size_t disk_step_len(size_t i)
{
	return disk.list[i].bytes.len;
}

/* --- what is left -------------------------------------------------------- */

static void apply(struct buf *out, uint64_t at, struct span bytes)
{
	size_t end = (size_t)at + bytes.len;

	if (end > out->len) {
		buf_reserve(out, end - out->len);
		memset(out->data + out->len, 0, end - out->len);
		out->len = end;
	}
	memcpy(out->data + at, bytes.data, bytes.len);
}

static void apply_some(struct buf *out, uint64_t at, struct span bytes,
		       struct rng *rng)
{
	/* rarely, often, nearly always */
	uint64_t chance = 1 + rng_below(rng, 7);
	size_t from, len;

	for (from = 0; from < bytes.len; from += len) {
		len = SECTOR - (at + from) % SECTOR;
		if (len > bytes.len - from)
			len = bytes.len - from;
		if (rng_below(rng, 8) < chance)
			apply(out, at + from, SPAN(bytes.data + from, len));
	}
}

static bool is_flushed(const struct step *s, size_t n)
{
	enum kind by = s->kind == RENAME ? FLUSH_DIRECTORY : FLUSH;
	const struct step *t;

	for (t = s + 1; t < disk.list + n; t++)
		if (t->kind == by &&
		    (by == FLUSH_DIRECTORY || t->file == s->file))
			return true;
	return false;
}

/* Which file has the name. */
static ino_t named(size_t n, enum disk_loss loss, struct rng *rng)
{
	ino_t file = disk.file;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct step *s = &disk.list[i];

		if (s->kind != RENAME)
			continue;
		if (is_flushed(s, n) || loss == DISK_ALL ||
		    (loss == DISK_SOME && rng_below(rng, 2)))
			file = s->file;
	}
	return file;
}

void disk_image(struct buf *out, size_t n, size_t cut, enum disk_loss loss,
		struct rng *rng)
{
	ino_t file = named(n, loss, rng);
	size_t i;

	buf_reset(out);
	if (file == disk.file)
		buf_append_span(out, buf_span(&disk.before));
	for (i = 0; i < n; i++) {
		const struct step *s = &disk.list[i];
		struct span bytes = buf_span(&s->bytes);

		if (s->kind != WRITE || s->file != file)
			continue;
		if (i == n - 1 && cut < bytes.len)
			bytes.len = cut;
		if (is_flushed(s, n) || loss == DISK_ALL)
			apply(out, s->at, bytes);
		else if (loss == DISK_SOME)
			apply_some(out, s->at, bytes, rng);
	}
}

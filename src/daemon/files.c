/* SPDX-License-Identifier: MIT */
/* Small files, whole; see the header. */
#include <config.h>

#include "daemon/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

char *path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir) + strlen(name) + 2;
	char *out = xmalloc(len);

	snprintf(out, len, "%s/%s", dir, name);
	return out;
}

static enum err code_of(int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return ERR_NOT_FOUND;
	if (error == EACCES || error == EPERM || error == EROFS)
		return ERR_PERMISSION;
	if (error == ENOSPC || error == EDQUOT)
		return ERR_NO_SPACE;
	return ERR_IO;
}

static enum err system_fault(struct fault *f, const char *path,
			     const char *verb)
{
	int error = errno;

	return fault_set(f, code_of(error), "", "%s: cannot %s: %s", path, verb,
			 strerror(error));
}

static enum err read_all(struct buf *out, int fd, const char *path, size_t max,
			 struct fault *f)
{
	size_t start = out->len;

	for (;;) {
		ssize_t n;

		buf_reserve(out, CHUNK);
		n = read(fd, out->data + out->len, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return system_fault(f, path, "read");
		if (n == 0)
			return ERR_OK;
		out->len += (size_t)n;
		if (out->len - start > max)
			return fault_set(f, ERR_TOO_BIG, "",
					 "%s: expected at most %zu bytes", path,
					 max);
	}
}

enum err file_read(struct buf *out, const char *path, size_t max,
		   struct fault *f)
{
	size_t start = out->len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e;

	if (fd < 0)
		return system_fault(f, path, "open");
	e = read_all(out, fd, path, max, f);
	close(fd);
	if (e)
		out->len = start;
	return e;
}

static bool write_all(int fd, struct span content)
{
	while (content.len) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		content.data += n;
		content.len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static enum err flush_dir_of(const char *path, struct fault *f)
{
	char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	enum err e = ERR_OK;
	int fd;

	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		e = system_fault(f, path, "flush the directory of");
	if (fd >= 0)
		close(fd);
	free(dir);
	return e;
}

static enum err write_beside(int fd, const char *temporary, const char *path,
			     struct span content, struct fault *f)
{
	if (!write_all(fd, content))
		return system_fault(f, temporary, "write");
	if (rename(temporary, path))
		return system_fault(f, path, "replace");
	return flush_dir_of(path, f);
}

enum err file_replace(const char *path, struct span content, struct fault *f)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *temporary = xmalloc(size);
	enum err e;
	int fd;

	snprintf(temporary, size, "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		e = system_fault(f, path, "write");
	} else {
		e = write_beside(fd, temporary, path, content, f);
		close(fd);
		if (e)
			unlink(temporary);
	}
	free(temporary);
	return e;
}

enum err dir_make(const char *path, struct fault *f)
{
	char *copy = xstrdup(path);
	enum err e = ERR_OK;

	for (char *p = copy + 1; !e; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			e = system_fault(f, copy, "make the directory");
		if (!c)
			break;
		*p = c;
	}
	free(copy);
	return e;
}

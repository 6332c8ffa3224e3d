/* SPDX-License-Identifier: MIT */
/* Files and directories; see the header. */
#include <config.h>

#include "store/file.h"

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

enum err path_fault(struct fault *f, const char *what, const char *path,
		    int error)
{
	enum err code = ERR_IO;

	/* EFBIG: a limit on the size of files is like a full disk. */
	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		code = ERR_NO_SPACE;
	else if (error == EACCES || error == EPERM || error == EROFS)
		code = ERR_PERMISSION;
	else if (error == ENOENT)
		code = ERR_NOT_FOUND;
	return fault_set(f, code, "", "cannot %s %s: %s", what, path,
			 strerror(error));
}

/* --- files ------------------------------------------------------------- */

int fd_read(int fd, void *out, size_t max, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len < max) {
		n = read(fd, (uint8_t *)out + *len, max - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	return 0;
}

int fd_write(int fd, struct span content)
{
	ssize_t n;

	while (content.len) {
		n = write(fd, content.data, content.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		content.data += n;
		content.len -= (size_t)n;
	}
	return fsync(fd) ? errno : 0;
}

static enum err read_all(struct buf *out, int fd, const char *path, size_t max,
			 struct fault *f)
{
	size_t start = out->len, len;
	int error;

	do {
		buf_reserve(out, CHUNK);
		error = fd_read(fd, out->data + out->len, CHUNK, &len);
		if (error)
			return path_fault(f, "read", path, error);
		out->len += len;
		if (out->len - start > max)
			return fault_set(f, ERR_TOO_BIG, "",
					 "%s: expected at most %zu bytes", path,
					 max);
	} while (len == CHUNK);
	return ERR_OK;
}

enum err file_read(struct buf *out, const char *path, size_t max,
		   struct fault *f)
{
	size_t start = out->len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e;

	if (fd < 0)
		return path_fault(f, "open", path, errno);
	e = read_all(out, fd, path, max, f);
	close(fd);
	if (e)
		out->len = start;
	return e;
}

static enum err flush_dir_of(const char *path, struct fault *f)
{
	char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	enum err e;

	if (slash)
		slash[slash == dir] = '\0';
	e = dir_flush(slash ? dir : ".", f);
	free(dir);
	return e;
}

static enum err write_beside(int fd, const char *temporary, const char *path,
			     struct span content, struct fault *f)
{
	int error = fd_write(fd, content);

	/* Some file systems tell only now. */
	if (close(fd) && !error)
		error = errno;
	if (error)
		return path_fault(f, "write", temporary, error);
	if (rename(temporary, path))
		return path_fault(f, "replace", path, errno);
	return flush_dir_of(path, f);
}

int file_beside(char **temporary, const char *path)
{
	size_t size = strlen(path) + sizeof(".XXXXXX");

	*temporary = xmalloc(size);
	snprintf(*temporary, size, "%s.XXXXXX", path);
	return mkostemp(*temporary, O_CLOEXEC); /* mode 0600 */
}

enum err file_replace(const char *path, struct span content, struct fault *f)
{
	char *temporary;
	int fd = file_beside(&temporary, path);
	enum err e;

	if (fd < 0) {
		e = path_fault(f, "write", path, errno);
	} else {
		e = write_beside(fd, temporary, path, content, f);
		if (e)
			unlink(temporary);
	}
	free(temporary);
	return e;
}

/* --- directories ------------------------------------------------------- */

enum err dir_make(const char *path, struct fault *f)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return ERR_OK;
	return path_fault(f, "make the directory", path, errno);
}

enum err dir_make_all(const char *path, struct fault *f)
{
	char *copy = xstrdup(path);
	enum err e = ERR_OK;

	for (char *p = copy + 1; !e; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		e = dir_make(copy, f);
		if (!c)
			break;
		*p = c;
	}
	free(copy);
	return e;
}

enum err dir_flush(const char *path, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = ERR_OK;

	if (fd < 0)
		return path_fault(f, "open", path, errno);
	if (fsync(fd))
		e = path_fault(f, "flush", path, errno);
	close(fd);
	return e;
}

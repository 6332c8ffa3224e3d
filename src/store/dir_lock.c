/* SPDX-License-Identifier: MIT */
/* The lock of a data directory; see the header. */
#include <config.h>

#include "store/dir_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/file.h"

static enum err locked_fault(struct fault *f, int fd, const char *path)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;

	if (pid > 0)
		return fault_set(f, ERR_LOCKED, "", "%s is held by process %ld",
				 path, pid);
	return fault_set(f, ERR_LOCKED, "", "%s is held by another process",
			 path);
}

/* Where nothing can be written the file can still be locked; and where it is
 * not even there, no process ever had the directory open for writing. */
static enum err open_lock(int *fd, const char *path, bool read_only,
			  struct fault *f)
{
	int error;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	error = errno;
	if (*fd < 0 && read_only && (error == EROFS || error == EACCES)) {
		*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (*fd < 0 && errno == ENOENT)
			return ERR_OK;
	}
	return *fd < 0 ? path_fault(f, "open", path, error) : ERR_OK;
}

enum err dir_lock(int *fd, const char *datadir, bool read_only, struct fault *f)
{
	char path[PATH_MAX], text[24];
	enum err e;
	int n;

	n = snprintf(path, sizeof(path), "%s/.lock", datadir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return path_fault(f, "open", datadir, ENAMETOOLONG);
	e = open_lock(fd, path, read_only, f);
	if (e || *fd < 0)
		return e;
	if (flock(*fd, LOCK_EX | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			e = locked_fault(f, *fd, path);
		else
			e = path_fault(f, "lock", path, errno);
		close(*fd);
		*fd = -1;
		return e;
	}
	/* Only the message needs the pid: a full disk must not stop an
	 * operator from reading the store. */
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(*fd, 0) || pwrite(*fd, text, (size_t)n, 0) != n)
		(void)!ftruncate(*fd, 0);
	return ERR_OK;
}

void dir_unlock(int fd)
{
	/* Emptied, not removed: another process may have it open already. */
	(void)!ftruncate(fd, 0);
	close(fd);
}

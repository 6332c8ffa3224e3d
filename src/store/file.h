/* SPDX-License-Identifier: MIT */
/*
 * Files and directories: paths, small files read whole and written so that a
 * crash leaves the old content or the new, and what a failed system call
 * means. Every fault names the path. Knows nothing of what is in a file.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include "base/bytes.h"
#include "base/err.h"

/* "dir/name"; the caller frees. */
MUST_USE char *path_join(const char *dir, const char *name);
/*
 * The fault of a system call on a path: the code that fits errno value
 * error, and a detail that names what was tried, the path and the reason.
 */
MUST_USE enum err path_fault(struct fault *f, const char *what,
			     const char *path, int error);

/* Append the file's bytes. ERR_NOT_FOUND, ERR_PERMISSION, ERR_TOO_BIG,
 * ERR_IO (also when the path is a directory). */
MUST_USE enum err file_read(struct buf *out, const char *path, size_t max,
			    struct fault *f);
/* Replace the file, mode 0600: a temporary one beside it is written, flushed
 * and renamed, and the directory is flushed. */
MUST_USE enum err file_replace(const char *path, struct span content,
			       struct fault *f);
/* A new file beside it, mode 0600, open for writing; -1 and errno. The caller
 * frees its path in any case. */
MUST_USE int file_beside(char **temporary, const char *path);
/* Up to max bytes, to the end of the file; errno's value, or 0. */
MUST_USE int fd_read(int fd, void *out, size_t max, size_t *len);
/* Write it all and flush it; errno's value, or 0. */
MUST_USE int fd_write(int fd, struct span content);

/* Make the directory, mode 0700; fine when it is there. */
MUST_USE enum err dir_make(const char *path, struct fault *f);
/* And those above it. */
MUST_USE enum err dir_make_all(const char *path, struct fault *f);
/* What was made or renamed in a directory survives a power cut only when the
 * directory is flushed. */
MUST_USE enum err dir_flush(const char *path, struct fault *f);

#endif

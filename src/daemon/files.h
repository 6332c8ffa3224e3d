/* SPDX-License-Identifier: MIT */
/*
 * Small files, whole: read up to a bound, written so that a crash leaves the
 * old content or the new. Errors name the path.
 */
#ifndef DAEMON_FILES_H
#define DAEMON_FILES_H

#include "base/bytes.h"
#include "base/err.h"

/* Append the file's bytes. ERR_NOT_FOUND, ERR_PERMISSION, ERR_TOO_BIG,
 * ERR_IO (also when the path is a directory). */
MUST_USE enum err file_read(struct buf *out, const char *path, size_t max,
			    struct fault *f);
/* Replace the file, mode 0600: a temporary one beside it is written, flushed
 * and renamed, and the directory is flushed. */
MUST_USE enum err file_replace(const char *path, struct span content,
			       struct fault *f);
/* Make the directory and those above it, mode 0700; fine when it is there. */
MUST_USE enum err dir_make(const char *path, struct fault *f);
/* "dir/name"; the caller frees. */
MUST_USE char *path_join(const char *dir, const char *name);

#endif

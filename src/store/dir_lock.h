/* SPDX-License-Identifier: MIT */
/*
 * The lock of a data directory: DATADIR/.lock, held by one process at a
 * time through flock(), so that it goes when the process does, however that
 * ends. The file holds the pid, for the message to who comes second.
 */
#ifndef STORE_DIR_LOCK_H
#define STORE_DIR_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Take the lock: *fd holds it until dir_unlock(). The file is made when it
 * is not there; with read_only it need not be writable, and where it is
 * missing and cannot be made *fd is -1. ERR_LOCKED (the detail names the
 * path and the pid), ERR_PERMISSION, ERR_NO_SPACE, ERR_IO; then *fd is -1.
 */
MUST_USE enum err dir_lock(int *fd, const char *datadir, bool read_only,
			   struct fault *f);
void dir_unlock(int fd);

#endif

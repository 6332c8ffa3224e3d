/* SPDX-License-Identifier: MIT */
/*
 * The lock of a data directory: DATADIR/.lock, held by one process at a
 * time through flock(), so that it goes when the process does, however that
 * ends. The file holds the pid, for the message to who comes second.
 */
#ifndef STORE_DIR_LOCK_H
#define STORE_DIR_LOCK_H

#include "base/err.h"

/*
 * Take the lock: *fd holds it until dir_unlock(). The file is made when it
 * is not there. ERR_LOCKED (the detail names the path and the pid),
 * ERR_PERMISSION, ERR_NO_SPACE, ERR_IO.
 */
MUST_USE enum err dir_lock(int *fd, const char *datadir, struct fault *f);
void dir_unlock(int fd);

/*
 * The fault of a system call on a path: the code that fits errno value
 * error, and a detail that names what was tried, the path and the reason.
 */
MUST_USE enum err path_fault(struct fault *f, const char *what,
			     const char *path, int error);

#endif

/* SPDX-License-Identifier: MIT */
/* What keyfile.c and keyfile_password.c share, for no other file. */
#ifndef STORE_KEYFILE_INTERNAL_H
#define STORE_KEYFILE_INTERNAL_H

#include <sys/stat.h>

#include "base/err.h"

/* ERR_PERMISSION, with what to do about it. */
MUST_USE enum err keyfile_others_can_read(const char *path, mode_t mode,
					  struct fault *f);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A directory for a test's files. main() makes it before the tests run and
 * removes it after, so that it goes also when a test fails.
 */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <stddef.h>

/* Make the directory, under $TMPDIR or /tmp; ends the process on failure. */
void scratch_make(void);
/* Write the path of a file in it: a fresh one at each call. */
void scratch_path(char *out, size_t size);
/* Remove it and all that is in it. */
void scratch_remove(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A directory for a test's files, as long as the tests run: it goes also when
 * one of them fails.
 */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <stddef.h>

#include <check.h>

/* Run the tests of a suite in a program with such a directory, under $TMPDIR
 * or /tmp; what main() returns. Ends the process when it cannot be made. */
int scratch_run(Suite *suite);
/* Write the path of a file in it: a fresh one at each call. */
void scratch_path(char *out, size_t size);

#endif

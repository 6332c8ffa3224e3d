/* SPDX-License-Identifier: MIT */
/* A directory for a test's files; see the header. */
#include <config.h>

#include "scratch.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char root[PATH_MAX / 2];

static void make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/ccoin-unit-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(root)) {
		perror(root);
		exit(EXIT_FAILURE);
	}
}

void scratch_path(char *out, size_t size)
{
	static unsigned count;

	/* The pid, because each test may run in a process of its own. */
	snprintf(out, size, "%s/%ld-%u", root, (long)getpid(), count++);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_all(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int scratch_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	make();
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	remove_all();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

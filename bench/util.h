/* SPDX-License-Identifier: MIT */
/*
 * What every part of the benchmark needs: a clock, a way to give up that
 * leaves no process behind, files, and three runs of one figure.
 */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

#define RUNS 3

/* Monotonic, in seconds. */
double now(void);
/* Say why on standard error, end what child_started() was told of, exit 2. */
NORETURN void die(const char *fmt, ...) PRINTF_LIKE(1, 2);
NORETURN void die_fault(const char *what, const struct fault *f);
/* Progress, on standard error. */
void note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A process that must not outlive this one. */
void child_started(pid_t pid);
/* End it by SIGTERM, by SIGKILL when that takes more than 20 s. */
void child_stop(pid_t pid);

char *path_of(const char *dir, const char *name);
void make_dir(const char *path);
void remove_tree(const char *path);
/* false when there is no such file. */
bool file_load(struct buf *out, const char *path);
/* Whole or not at all. */
void file_save(const char *path, struct span bytes);

/* One figure, RUNS times. */
struct runs {
	double value[RUNS];
	int count;
};

void runs_add(struct runs *r, double value);
double runs_median(const struct runs *r);
double runs_min(const struct runs *r);
double runs_max(const struct runs *r);

#endif

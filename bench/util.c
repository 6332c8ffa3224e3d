/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "bench/util.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN_MAX 8

static pid_t children[CHILDREN_MAX];

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void die(const char *fmt, ...)
{
	va_list args;
	int i;

	fputs("bench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	for (i = 0; i < CHILDREN_MAX; i++)
		if (children[i])
			kill(children[i], SIGKILL);
	exit(2);
}

void die_fault(const char *what, const struct fault *f)
{
	die("%s: %s: %s (%s)", what, f->field, f->detail, err_code(f->code));
}

/* --- processes --------------------------------------------------------- */

static pid_t *find_child(pid_t pid)
{
	int i;

	for (i = 0; i < CHILDREN_MAX; i++)
		if (children[i] == pid)
			return &children[i];
	die("no place for process %d", (int)pid);
}

void child_started(pid_t pid)
{
	*find_child(0) = pid;
}

void child_stop(pid_t pid)
{
	double until = now() + 20;

	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (now() > until)
			kill(pid, SIGKILL);
		poll(NULL, 0, 2);
	}
	*find_child(pid) = 0;
}

/* --- files ------------------------------------------------------------- */

char *path_of(const char *dir, const char *name)
{
	size_t len = strlen(dir) + strlen(name) + 2;
	char *path = xmalloc(len);

	snprintf(path, len, "%s/%s", dir, name);
	return path;
}

void make_dir(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void remove_tree(const char *path)
{
	if (nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) &&
	    errno != ENOENT)
		die("%s: %s", path, strerror(errno));
}

bool file_load(struct buf *out, const char *path)
{
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	buf_reset(out);
	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, strerror(errno));
	buf_reserve(out, (size_t)st.st_size);
	while (out->len < (size_t)st.st_size) {
		n = read(fd, out->data + out->len,
			 (size_t)st.st_size - out->len);
		if (n <= 0)
			die("%s: cut short", path);
		out->len += (size_t)n;
	}
	close(fd);
	return true;
}

void file_save(const char *path, struct span bytes)
{
	size_t len = strlen(path) + 5;
	char *part = xmalloc(len);
	FILE *out;

	snprintf(part, len, "%s.new", path);
	out = fopen(part, "wb");
	if (!out || fwrite(bytes.data, 1, bytes.len, out) != bytes.len ||
	    fchmod(fileno(out), 0600) || fclose(out) || rename(part, path))
		die("%s: %s", part, strerror(errno));
	free(part);
}

/* --- runs -------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void runs_add(struct runs *r, double value)
{
	if (r->count == RUNS)
		BUG("too many runs");
	r->value[r->count++] = value;
	qsort(r->value, (size_t)r->count, sizeof(*r->value), ascending);
}

double runs_median(const struct runs *r)
{
	return r->count ? r->value[r->count / 2] : 0;
}

double runs_min(const struct runs *r)
{
	return r->count ? r->value[0] : 0;
}

double runs_max(const struct runs *r)
{
	return r->count ? r->value[r->count - 1] : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * For the crash tests: a library that is loaded before the C library
 * (LD_PRELOAD), counts what a daemon does to its files and what it sends, and
 * kills it at a chosen one, by SIGKILL. The program is the one that is
 * shipped. It can also lose what was not flushed, as a power cut does.
 * tests/functional/crashing.py speaks to it.
 *
 * CRASH_DIR       the data directory, as a real path: what is counted
 * CRASH_CLASS     of these, with commas: chain, votes, other, send
 * CRASH_AT        the number of the call to end at, from 1; 0 or none: never
 * CRASH_WHEN      before, after; torn: in the middle of a write
 * CRASH_LOSE      a number: of what was written and not flushed since, some is
 *                 lost, chosen by it; 0: all
 * CRASH_NOT_PORT  sends from this port are not counted (HTTP)
 * CRASH_COUNT     a file that gets struct counts: mapped, so it is right
 *                 whoever kills the process
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_SIZE 4096

enum class { CHAIN, VOTES, OTHER, SEND, CLASSES, NONE = CLASSES };
enum when { BEFORE, AFTER, TORN };

static const char *const names[CLASSES] = {"chain", "votes", "other", "send"};

struct counts {
	_Atomic uint64_t calls[CLASSES];
	_Atomic uint64_t counted; /* those of the chosen classes */
	/* CRASH_AT, CRASH_WHEN; a test may change them */
	_Atomic uint64_t at, when;
	char ended_at[128]; /* "before pwrite chain"; empty: it did not */
};

/* What was written and may not be on disk yet. */
struct write_seen {
	struct write_seen *next;
	uint64_t number; /* rising */
	dev_t dev;
	ino_t ino;
	off_t at, size_before;
	size_t len; /* of the bytes that were there before */
	char path[PATH_SIZE];
	char bytes[];
};

static struct {
	char dir[PATH_SIZE];
	size_t dir_len;
	bool chosen[CLASSES];
	bool loses;
	uint64_t lose;
	int not_port;
	struct counts *counts, own;
	pthread_mutex_t writing; /* held over each write when `loses` */
	struct write_seen *seen; /* newest first */
	uint64_t writes;	 /* so many were ever seen */
} shim = {.counts = &shim.own, .writing = PTHREAD_MUTEX_INITIALIZER};

/* The function of that name behind this library. */
#define REAL(name)                                                             \
	static __typeof__(name) *real;                                         \
	if (!real)                                                             \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

static int64_t setting(const char *name)
{
	const char *text = getenv(name);

	return text && *text ? strtoll(text, NULL, 10) : 0;
}

static void share_counts(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p;

	if (fd < 0 || syscall(SYS_ftruncate, fd, sizeof(struct counts)))
		abort();
	p = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE,
		 MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		abort();
	close(fd);
	shim.counts = p;
}

__attribute__((constructor)) static void read_settings(void)
{
	const char *dir = getenv("CRASH_DIR"), *count = getenv("CRASH_COUNT");
	const char *class = getenv("CRASH_CLASS"), *when = getenv("CRASH_WHEN");
	size_t i;

	for (i = 0; i < CLASSES; i++)
		shim.chosen[i] = class && strstr(class, names[i]);
	shim.loses = getenv("CRASH_LOSE") != NULL;
	shim.lose = (uint64_t)setting("CRASH_LOSE");
	shim.not_port = (int)setting("CRASH_NOT_PORT");
	if (count)
		share_counts(count);
	shim.counts->when = when && !strcmp(when, "after")  ? AFTER
			    : when && !strcmp(when, "torn") ? TORN
							    : BEFORE;
	shim.counts->at = (uint64_t)setting("CRASH_AT");
	if (dir && strlen(dir) < PATH_SIZE)
		shim.dir_len = (size_t)snprintf(shim.dir, PATH_SIZE, "%s", dir);
}

/* --- what is counted ------------------------------------------------------ */

static enum class class_of_path(const char *path) {
	const char *rest = path + shim.dir_len;

	if (!shim.dir_len || strncmp(path, shim.dir, shim.dir_len)) return NONE;
	if (*rest != '/') return *rest ? NONE
				       : OTHER; /* the directory's own fsync */
	rest++;
	return !strncmp(rest, "chain", 5)   ? CHAIN
	       : !strncmp(rest, "votes", 5) ? VOTES
					    : OTHER;
}

static bool path_of(int fd, char *out)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_SIZE - 1);
	if (n <= 0 || out[0] != '/')
		return false;
	out[n] = '\0';
	return true;
}

static enum class class_of_socket(int fd) {
	struct sockaddr_in6 a = {0}; socklen_t len = sizeof(a);

	if (!shim.dir_len ||
	    getsockname(fd, (struct sockaddr *)&a, &len)) return NONE;
	/* the port stands at one place in both families */
	if ((a.sin6_family != AF_INET && a.sin6_family != AF_INET6) ||
	    ntohs(a.sin6_port) == shim.not_port) return NONE;
	return SEND;
}

static enum class class_of(int fd) {
	int error = errno; enum class class = NONE; char path[PATH_SIZE];
	struct stat st;

	if (shim.dir_len && !fstat(fd, &st)){
		if (S_ISSOCK(st.st_mode)) class = class_of_socket(fd);
		else if ((S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
			 path_of(fd, path)) class
		= class_of_path(path);}
errno = error;
return class;
}

/* --- the end -------------------------------------------------------------- */

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void put_back(const struct write_seen *w)
{
	int fd = open(w->path, O_RDWR | O_CLOEXEC);
	struct stat st;

	/* another file has the name by now, or none */
	if (fd < 0 || fstat(fd, &st) || st.st_dev != w->dev ||
	    st.st_ino != w->ino)
		return;
	(void)!syscall(SYS_pwrite64, fd, w->bytes, w->len, w->at);
	if (st.st_size > w->size_before &&
	    w->at + (off_t)w->len >= w->size_before)
		(void)!syscall(SYS_ftruncate, fd, w->size_before);
	close(fd);
}

static void lose_what_was_not_flushed(void)
{
	uint64_t state = shim.lose;
	const struct write_seen *w;

	pthread_mutex_lock(&shim.writing); /* for ever: nobody writes again */
	for (w = shim.seen; w; w = w->next)
		if (!shim.lose || next_random(&state) & 1)
			put_back(w);
}

static void end(const char *when, const char *call, enum class class)
{
	snprintf(shim.counts->ended_at, sizeof(shim.counts->ended_at),
		 "%s %s %s", when, call, names[class]);
	if (shim.loses)
		lose_what_was_not_flushed();
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Count a call; whether it is the one to end at. */
static bool is_the_one(enum class class)
{
	struct counts *c = shim.counts;

	if (class == NONE)
		return false;
	atomic_fetch_add(&c->calls[class], 1);
	return shim.chosen[class] &&
	       atomic_fetch_add(&c->counted, 1) + 1 == c->at;
}

/* --- what is not flushed ---------------------------------------------------
 */

static void remember(int fd, off_t at, size_t len)
{
	struct write_seen *w = malloc(sizeof(*w) + len);
	ssize_t n;
	struct stat st;

	if (!w || fstat(fd, &st) || !path_of(fd, w->path))
		abort();
	*w->bytes = 0;
	w->dev = st.st_dev;
	w->ino = st.st_ino;
	w->size_before = st.st_size;
	w->at = at;
	/* fd may be open for writing alone */
	fd = open(w->path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, w->bytes, len, at);
	if (fd >= 0)
		close(fd);
	w->len = n > 0 ? (size_t)n : 0;
	w->number = ++shim.writes;
	w->next = shim.seen;
	shim.seen = w;
}

/* What was written to that file until it was to be flushed: the first so many
 * writes. */
static void forget(int fd, uint64_t writes)
{
	struct write_seen **at = &shim.seen, *w;
	struct stat st;

	if (fstat(fd, &st))
		return;
	while ((w = *at)) {
		if (w->number <= writes && w->ino == st.st_ino &&
		    w->dev == st.st_dev) {
			*at = w->next;
			free(w);
		} else {
			at = &w->next;
		}
	}
}

/* --- writes ----------------------------------------------------------------
 */

static size_t sum(const struct iovec *v, int count)
{
	size_t n = 0;

	while (count-- > 0)
		n += v[count].iov_len;
	return n;
}

/* In the middle of a write: its first half is there. */
static void tear(int fd, const struct iovec *v, int count, off_t at,
		 enum class class)
{
	size_t left = sum(v, count) / 2;

	for (; left && count--; v++) {
		size_t n = v->iov_len < left ? v->iov_len : left;

		if (at < 0 || class == SEND)
			(void)!syscall(SYS_write, fd, v->iov_base, n);
		else
			(void)!syscall(SYS_pwrite64, fd, v->iov_base, n, at);
		at += at < 0 ? 0 : (off_t)n;
		left -= n;
	}
}

struct call {
	const char *name;
	int fd;
	enum class class;
	bool last, locked;
};

static struct call begin_file(const char *name, enum class class)
{
	struct call c = {.name = name, .fd = -1, .class = class};

	c.last = is_the_one(class);
	if (c.last && shim.counts->when == BEFORE)
		end("before", name, class);
	return c;
}

static void done(const struct call *c)
{
	if (c->locked)
		pthread_mutex_unlock(&shim.writing);
	if (c->last)
		end("after", c->name, c->class);
}

/* at < 0: where the file stands */
static struct call begin_write(const char *name, int fd, const struct iovec *v,
			       int count, off_t at)
{
	struct call c = begin_file(name, class_of(fd));
	int error = errno;
	bool file = c.class != NONE && c.class != SEND;

	c.fd = fd;
	if (shim.loses && file && !(fcntl(fd, F_GETFL) & O_DSYNC)) {
		pthread_mutex_lock(&shim.writing);
		c.locked = true;
		remember(fd, at < 0 ? lseek(fd, 0, SEEK_CUR) : at,
			 sum(v, count));
	}
	if (c.last && shim.counts->when == TORN) {
		tear(fd, v, count, at, c.class);
		if (c.locked)
			pthread_mutex_unlock(&shim.writing);
		end("in", name, c.class);
	}
	errno = error;
	return c;
}

#define ONE(data, n) &(struct iovec){(void *)(uintptr_t)(data), (n)}, 1

#define WRITE(result, name, parameters, arguments, bytes, at)                  \
	result name parameters                                                 \
	{                                                                      \
		struct call c;                                                 \
		result r;                                                      \
		REAL(name);                                                    \
		c = begin_write(#name, fd, bytes, at);                         \
		r = real arguments;                                            \
		done(&c);                                                      \
		return r;                                                      \
	}

#define COMMA ,
WRITE(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), ONE(b, n),
      -1)
WRITE(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t at),
      (fd, b, n, at), ONE(b, n), at)
WRITE(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t at),
      (fd, b, n, at), ONE(b, n), at)
WRITE(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n),
      v COMMA n, -1)
WRITE(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t at),
      (fd, v, n, at), v COMMA n, at)
WRITE(ssize_t, send, (int fd, const void *b, size_t n, int flags),
      (fd, b, n, flags), ONE(b, n), -1)
WRITE(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags),
      (fd, m, flags), m->msg_iov COMMA(int) m->msg_iovlen, -1)

/* --- the rest ---------------------------------------------------------------
 */

#define FLUSH(name)                                                            \
	int name(int fd)                                                       \
	{                                                                      \
		uint64_t writes;                                               \
		struct call c;                                                 \
		int r;                                                         \
		REAL(name);                                                    \
		c = begin_file(#name, class_of(fd));                           \
		pthread_mutex_lock(&shim.writing);                             \
		writes = shim.writes;                                          \
		pthread_mutex_unlock(&shim.writing);                           \
		r = real(fd);                                                  \
		pthread_mutex_lock(&shim.writing);                             \
		if (!r)                                                        \
			forget(fd, writes);                                    \
		pthread_mutex_unlock(&shim.writing);                           \
		done(&c);                                                      \
		return r;                                                      \
	}
FLUSH(fsync)
FLUSH(fdatasync)

#define OTHER_CALL(name, parameters, arguments, its_class)                     \
	int name parameters                                                    \
	{                                                                      \
		struct call c;                                                 \
		int r;                                                         \
		REAL(name);                                                    \
		c = begin_file(#name, its_class);                              \
		r = real arguments;                                            \
		done(&c);                                                      \
		return r;                                                      \
	}
OTHER_CALL(ftruncate, (int fd, off_t size), (fd, size), class_of(fd))
OTHER_CALL(ftruncate64, (int fd, off64_t size), (fd, size), class_of(fd))
OTHER_CALL(fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n),
	   class_of(fd))
OTHER_CALL(posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n),
	   class_of(fd))
OTHER_CALL(posix_fallocate64, (int fd, off64_t at, off64_t n), (fd, at, n),
	   class_of(fd))
OTHER_CALL(rename, (const char *from, const char *to), (from, to),
	   class_of_path(to))
OTHER_CALL(link, (const char *from, const char *to), (from, to),
	   class_of_path(to))
OTHER_CALL(unlink, (const char *path), (path), class_of_path(path))

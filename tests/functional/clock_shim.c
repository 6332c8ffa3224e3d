/* SPDX-License-Identifier: MIT */
/*
 * A library to be loaded before the C library (LD_PRELOAD) that moves the time
 * of day by CLOCK_OFFSET_MS, for tests of nodes whose clocks are wrong. What
 * measures durations is left alone.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int64_t offset_ms;

__attribute__((constructor)) static void read_settings(void)
{
	const char *text = getenv("CLOCK_OFFSET_MS");

	offset_ms = text ? strtoll(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t which, struct timespec *t)
{
	static __typeof__(clock_gettime) *real;
	int64_t ns;
	int r;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	r = real(which, t);
	if (r || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE))
		return r;
	ns = t->tv_nsec + offset_ms % 1000 * 1000000;
	t->tv_sec += offset_ms / 1000;
	t->tv_sec += ns < 0 ? -1 : ns / 1000000000;
	t->tv_nsec = (ns + 1000000000) % 1000000000;
	return 0;
}

int gettimeofday(struct timeval *t, void *zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now))
		return -1;
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now))
		return -1;
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the load is sent to, each a process of its own on a free port of
 * loopback: ccoind, and as the ceiling of HTTP a server of the same evhttp
 * that answers everything with nothing. Dies with the benchmark.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "bench/util.h"

struct server {
	pid_t pid;
	uint16_t port;
	double started; /* just before the fork */
	int out;	/* its standard output */
};

/* argv ends with NULL; --http is added. Returns once the daemon has said
 * where it listens. Its log goes to the file. */
void server_start_daemon(struct server *out, const char *const *argv,
			 const char *log);
void server_start_empty(struct server *out);
void server_stop(struct server *s);
/* A figure of /proc/PID/status in KiB, as "RssAnon". */
size_t server_memory(const struct server *s, const char *name);
/* Note the time that each thread has used so far, by so many things done:
 * the loop comes first, then the store's writer, then the workers. And the
 * load generator's since the last note. */
void server_note_cpu(const struct server *s, const char *what, size_t count);

#endif

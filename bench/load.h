/* SPDX-License-Identifier: MIT */
/*
 * The load generator: keep-alive connections to a server on loopback, each
 * with one request on its way. It shares its cores with what it measures, so
 * it does no more than it must: requests are ready bytes, of an answer the
 * status and the length are read.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>

#include "bench/util.h"

struct load {
	uint16_t port;
	int connections;
	void *ctx;
	/* The next request of connection number conn; false: it has no more. */
	bool (*next)(void *ctx, int conn, struct span *request);
	/* Its answer; the body dies on return. */
	void (*answer)(void *ctx, int status, struct span body);
};

/* Send until no connection has more, and all is answered. Gives up when
 * nothing comes for 20 s. */
void load_run(const struct load *l);

/* One request on a connection of its own: the answer's body and a zero byte,
 * for the caller to release. Anything but 200 ends the benchmark. */
struct buf load_get(uint16_t port, const char *path);
/* Append a request. */
void request_get(struct buf *out, const char *path);
void request_post(struct buf *out, const char *path, const char *type,
		  struct span body);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Bytes over a connected non-blocking socket, with TLS or without: what both
 * the loop's connections and the fetching of a genesis stand on. Never waits:
 * it says what to wait for. Every call does a bounded amount of work.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/mem.h"
#include "net/tls.h"
#include "net/where.h"

struct evbuffer;

/* What came of a call: bytes moved or not, and what to wait for. */
enum stream_state {
	STREAM_DONE,	   /* the handshake is; all was written; max was read */
	STREAM_WANT_READ,  /* call again when the socket is readable */
	STREAM_WANT_WRITE, /* ... is writable */
	STREAM_END,	   /* the other side has closed */
	STREAM_FAILED,	   /* see why */
};

struct stream {
	int fd;		    /* -1: none */
	struct ssl_st *ssl; /* NULL: without TLS */
	char why[160];	    /* of STREAM_FAILED */
};

/* A socket that is being connected; false with errno set. */
MUST_USE bool stream_connect(struct stream *s, const struct endpoint *to);
/* What became of it; call it when it is writable. false: see why. */
MUST_USE bool stream_connected(struct stream *s);
/* Of a connected one: TCP_NODELAY, keepalive, and TLS unless t is NULL.
 * false: see why. */
MUST_USE bool stream_begin(struct stream *s, struct tls *t, bool inbound);
enum stream_state stream_handshake(struct stream *s);
/* Append up to about max bytes; *got are those that came. */
enum stream_state stream_read(struct stream *s, struct evbuffer *in, size_t max,
			      size_t *got);
/* Write and drain up to about max bytes. */
enum stream_state stream_write(struct stream *s, struct evbuffer *out,
			       size_t max);
/* Tell the other side that no more comes. */
void stream_finish(struct stream *s);
void stream_close(struct stream *s);

#endif

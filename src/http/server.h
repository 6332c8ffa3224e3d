/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: connections, limits, requests, replies. The only room
 * that knows libevent's evhttp (conn.c, refusal.c, server.c, reply.c); what
 * lies above sees an opaque request and answers it now, later, or as a stream.
 * One thread, the loop's. Promises that a request that is not answered yet is
 * either answered or cancelled, once.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct event_base;
struct http_server;
struct http_request;

/* Bits, so that a route may take several. */
enum http_method {
	HTTP_GET = 1,
	HTTP_HEAD = 2,
	HTTP_POST = 4,
	HTTP_PUT = 8,
	HTTP_DELETE = 16,
	HTTP_OTHER = 32 /* OPTIONS, PATCH and what nobody knows */
};

/* The request headers that are kept; anything else is ignored. */
enum http_header {
	HTTP_ACCEPT,
	HTTP_AUTHORIZATION,
	HTTP_CONTENT_TYPE,
	HTTP_IF_NONE_MATCH,
	HTTP_HEADER_COUNT
};

/* 0 anywhere stands for the default, which INTERFACE promises. */
struct http_limits {
	size_t header_bytes;  /* 8 KiB, request line included */
	size_t body_bytes;    /* 4 MiB: the most that any route takes */
	unsigned connections; /* 256 */
	unsigned per_address; /* 16, loopback excepted */
	unsigned deliver_ms;  /* 10 s: from the connection, or from the end
			       * of the answer before, to a whole request */
	unsigned stall_ms;    /* 30 s without taking a byte of an answer */
	bool count_loopback;  /* per_address holds for loopback as well */
};

struct http_config {
	const char *address; /* where to listen: a literal or a name */
	uint16_t port;	     /* 0: a free one */
	/* names beyond IP literals and localhost that Host may hold */
	const char *const *hosts;
	size_t host_count;
	bool any_host; /* the Host header does not matter */
	struct http_limits limits;
	void *ctx;
	/* a whole request from an allowed host: answer, defer or stream it */
	void (*handle)(void *ctx, struct http_request *r);
	/* its answer begins; for counters. May be NULL. */
	void (*answered)(void *ctx, const struct http_request *r, int status);
};

/*
 * Listen. ERR_LOCKED: the port is in use; ERR_PERMISSION; ERR_MALFORMED: no
 * such address; ERR_IO. The fault says which address. Strings are copied.
 */
MUST_USE enum err http_server_new(struct http_server **out,
				  struct event_base *base,
				  const struct http_config *config,
				  struct fault *f);
/* Close everything; what is not answered is cancelled. NULL is fine. */
void http_server_free(struct http_server *s);
/* "http://127.0.0.1:5000", with the port that was bound. */
const char *http_server_url(const struct http_server *s);
unsigned http_server_connections(const struct http_server *s);

/* --- a request ---------------------------------------------------------- */

enum http_method http_method(const struct http_request *r);
/* As sent, not decoded; the query without its '?'. */
struct span http_path(const struct http_request *r);
struct span http_query(const struct http_request *r);
/* NULL when it was not sent. */
const char *http_header(const struct http_request *r, enum http_header h);
/* The numeric address that it came from. */
const char *http_peer(const struct http_request *r);
/* Borrowed until the request is answered. */
struct span http_body(struct http_request *r);
/* A number of the caller's, -1 at first: which route it is. */
void http_set_tag(struct http_request *r, int tag);
int http_tag(const struct http_request *r);

/* --- answers ------------------------------------------------------------ */

#define HTTP_TEXT "text/plain; charset=utf-8"
#define HTTP_JSON "application/json"
#define HTTP_MSGPACK "application/msgpack"
#define HTTP_CSV "text/csv; charset=utf-8; header=present"
#define HTTP_PROBLEM "application/problem+json"

/* Add a header to the answer to come. */
void http_reply_header(struct http_request *r, const char *name,
		       const char *value);
/* Answer. The body is copied; HEAD gets its length alone. After this, r is
 * not the caller's any more; so for the two below. */
void http_reply(struct http_request *r, int status, const char *type,
		struct span body);
/* RFC 9457: type, title, status, detail, code, and the field if any. */
void http_problem(struct http_request *r, int status, const struct fault *f);

/* What a stream's next slice did. */
enum http_more {
	HTTP_MORE,  /* call again when what was appended has been taken */
	HTTP_END,   /* that was all */
	HTTP_ABORT, /* cannot go on: the connection is cut, so that the client
		     * sees that the answer is not whole */
};

struct http_stream {
	/* Append the next slice, of less than 5 ms and some 100 kB. */
	enum http_more (*more)(void *ctx, struct buf *out);
	/* Called once, whatever happened. */
	void (*done)(void *ctx);
};

/*
 * Answer in slices, each made when the one before has left: a client that
 * does not read costs one slice. An answer of a single slice is an ordinary
 * reply with its length (and, when etag is true, an ETag over its body).
 */
void http_stream(struct http_request *r, int status, const char *type,
		 const struct http_stream *ops, void *ctx, bool etag);

/*
 * Answer later. The body is let go of now: what waits for minutes must not
 * hold 4 MiB. cancel is called, once, when the client goes or the server
 * closes before the answer: r is dead from then on.
 */
typedef void (*http_cancel_fn)(void *ctx);
void http_defer(struct http_request *r, http_cancel_fn cancel, void *ctx);

/*
 * The answer of a GET: no-cache with an ETag over the body; 304 without a
 * body to who has it already.
 */
void http_reply_tagged(struct http_request *r, const char *type,
		       struct span body);
/* Whether If-None-Match holds this tag (without quotes). */
bool http_has_tag(const struct http_request *r, const char *tag);
/* Set the headers ETag and Cache-Control. */
void http_set_cache(struct http_request *r, const char *tag,
		    const char *control);
/* 304. */
void http_not_modified(struct http_request *r);

#endif

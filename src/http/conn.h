/* SPDX-License-Identifier: MIT */
/*
 * What conn.c, refusal.c, server.c and reply.c share: a connection and the one
 * request on it. evhttp answers a connection's requests one after the other, so
 * a request is part of its connection and costs no allocation. No other file
 * may include this.
 */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>
#include <time.h>

#include "http/server.h"

#define CONN_PEER_MAX 64

struct http_request {
	struct conn *conn;
	struct evhttp_request *ev; /* NULL: there is no request */
	enum http_method method;
	struct span path;
	struct span query;
	const char *headers[HTTP_HEADER_COUNT];
	int status; /* of the answer; 0: not answered yet */
	int tag;
	http_cancel_fn cancel;
	void *cancel_ctx;
	const struct http_stream *stream;
	void *stream_ctx;
	struct event *again; /* runs a stream that had nothing to send */
};

struct conn {
	TAILQ_ENTRY(conn) link;
	struct http_server *server;
	struct bufferevent *bev;	 /* evcon's */
	struct evhttp_connection *evcon; /* NULL: just accepted */
	int fd;
	char peer[CONN_PEER_MAX];
	bool loopback;
	struct evbuffer_cb_entry *watch; /* on what is written */
	struct event *written;		 /* evhttp did so by itself */
	bool refused;			 /* and it is mended */
	bool waits;			 /* reads ahead little */
	uint64_t due;	  /* when a whole request must be there (ms) */
	size_t waiting;	  /* bytes of answer at the last look, and */
	uint64_t stalled; /* since when they are as many (ms) */
	struct http_request req;
};

TAILQ_HEAD(conn_list, conn);

struct http_server {
	struct event_base *base;
	struct evhttp *evhttp;
	struct http_config config; /* hosts is hosts below */
	struct http_limits limits;
	char **hosts;
	char *url;
	struct conn_list fresh; /* accepted, evhttp's part not known yet */
	struct conn_list conns;
	unsigned count; /* in conns */
	struct conn **by_fd;
	size_t by_fd_len;
	struct event *adopt; /* takes what is fresh into conns */
	struct event *sweep; /* looks at deadlines */
	struct buf slice;    /* of the stream that is at work */
	time_t date_of;
	char date[40];
};

/* Now, for the header Date. */
const char *server_date(struct http_server *s);
/* Append the body of a refusal. */
void out_problem(struct buf *out, int status, const struct fault *f);
/* Callbacks for evhttp and libevent; arg is the server. */
struct bufferevent *conn_accept(struct event_base *base, void *arg);
void conn_adopt(evutil_socket_t fd, short what, void *arg);
void conn_sweep(evutil_socket_t fd, short what, void *arg);
/* How far to read ahead of what evhttp takes: little while a request waits
 * for its answer, else a whole request. */
void conn_read_ahead(struct conn *c, bool waits);
/* The answer is handed over: the next request is awaited. arg: the conn. */
void conn_answered(struct evhttp_request *ev, void *arg);

#endif

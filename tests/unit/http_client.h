/* SPDX-License-Identifier: MIT */
/*
 * An HTTP client for tests whose server runs on the same thread: it turns
 * the event loop while it waits. Understands lengths, chunks and closing.
 */
#ifndef TESTS_UNIT_HTTP_CLIENT_H
#define TESTS_UNIT_HTTP_CLIENT_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/bytes.h"

struct client {
	struct event_base *base;
	int fd;
	struct buf in; /* received, not read yet */
	bool eof;
};

struct reply {
	int status; /* 0: the connection ended without one */
	char head[4096];
	struct buf body; /* ended by a zero byte that is not counted */
	bool cut;	 /* the connection ended within it */
};

/* Connect to "http://HOST:PORT". */
void client_open(struct client *c, struct event_base *base, const char *url);
void client_close(struct client *c);
/* One turn of the loop, and of the socket. */
void client_turn(struct client *c);
void client_send(struct client *c, struct span bytes);
void client_text(struct client *c, const char *text);
/* The next answer; head: it is one to HEAD. */
void client_read(struct client *c, struct reply *r, bool head);
/* Turn until the server closes. */
void client_await_close(struct client *c);
/* The value of a header, "" when there is none; static memory. */
const char *reply_header(const struct reply *r, const char *name);
void reply_release(struct reply *r);

/* One request on a connection of its own; type may be NULL. */
void http_exchange(struct event_base *base, const char *url, const char *method,
		   const char *path, const char *headers, struct span body,
		   struct reply *r);

/* What main() of such a test ends with: run the case, as a suite of this
 * name. */
struct TCase;
int run_case(const char *name, struct TCase *tc);

#endif

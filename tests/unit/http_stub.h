/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server with a handler of the tests' own: /defer waits, /lines and
 * /abort and /endless stream, /tagged has an ETag, /length counts the body;
 * any other path is its own answer.
 */
#ifndef TESTS_UNIT_HTTP_STUB_H
#define TESTS_UNIT_HTTP_STUB_H

#include "http/server.h"
#include "http_client.h"

extern struct event_base *base;
extern struct http_server *server;
extern struct client client;
extern struct reply reply;

/* What the handler did. */
extern struct http_request *deferred;
extern unsigned handled, cancelled, done, slices;
extern int told;	   /* status of the last answer */
extern size_t stream_left; /* slices of /lines; every other one is empty */

void start(struct http_limits limits);
void stop(void);
void connect_to(struct client *c);
/* Send on `client`; its answer is `reply`. */
void ask(const char *text);
#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: localhost\r\n"
/* Release both, and stop. */
void end(void);

#endif

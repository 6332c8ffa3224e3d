/* SPDX-License-Identifier: MIT */
/*
 * Nets of a test on one loop, and clients that speak no protocol: what each
 * side was told is kept. Everything is on loopback and free ports.
 */
#ifndef TESTS_UNIT_NET_FIXTURE_H
#define TESTS_UNIT_NET_FIXTURE_H

#include <event2/event.h>

#include "net/net.h"
#include "net/stream.h"

#define MESSAGES_KEPT 8

/* One node of the network room, and what it told. */
struct side {
	struct net *net;
	char dir[256];
	struct secret_key *key;
	unsigned connected, disconnected;
	uint64_t peer; /* the last one */
	bool inbound, has_id;
	struct address id;
	char where[64];
	unsigned messages;
	uint64_t from; /* of the last message */
	struct {
		enum message_type type;
		size_t len;
		uint8_t first; /* byte of its body */
	} got[MESSAGES_KEPT];  /* the last ones, by number */
	bool greet;	       /* call every peer good at once */
};

extern struct event_base *base;

void loop_begin(void);
void loop_end(void);

/* Start with a key of test_keys.h; connect may be NULL. */
void side_start(struct side *s, const char *pem, const char *connect,
		bool plain);
/* Stop the net, keep what was told, and its directory. */
void side_stop(struct side *s);
/* And free the key. */
void side_end(struct side *s);
/* 127.0.0.1:PORT of a side; static memory. */
const char *side_where(const struct side *s);

/* Turn the loop until it is so; the test's limit ends what never comes. */
void turn(void);
#define UNTIL(condition)                                                       \
	do {                                                                   \
		while (!(condition))                                           \
			turn();                                                \
	} while (0)

/* A client: a socket, and TLS when t is given, connected to a side. */
void client_open(struct stream *c, const struct side *to, struct tls *t);
/* Send all; turns the loop meanwhile. false: the other side has closed. */
bool client_send(struct stream *c, const void *data, size_t len);
/* Turn until the other side has closed; what it said is not looked at. */
void client_await_end(struct stream *c);
bool client_is_closed(struct stream *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One connection to another node, from dialling or accepting it to its end:
 * TLS within a deadline, frames in slices, a queue with a bound. What it does
 * in one turn of the loop is bounded, so that one that floods holds up
 * nobody. Knows no other connection and no address book.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <sys/queue.h>

#include "net/net.h"
#include "net/resolve.h"
#include "net/stream.h"

#define CONN_OPEN_MS 10000     /* to connect and to prove the keys */
#define CONN_CLOSE_MS 2000     /* to take what was queued for it */
#define CONN_SLICE_BYTES 65536 /* read in one turn */
#define CONN_SLICE_FRAMES 64   /* handed on in one turn */
#define CONN_QUEUE_MAX (8u << 20)
/* Of a body, until the owner says that the peer is no stranger: hellos and
 * pieces of a genesis asked for. */
#define CONN_STRANGER_MAX 4096

struct event;
struct evbuffer;
struct conn;

enum conn_state {
	CONN_RESOLVING,
	CONN_CONNECTING,
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_FLUSHING,	/* dropped; what is queued goes out */
	CONN_LINGERING, /* it went out; the other side closes */
	CONN_DEAD,
};

/* What a connection tells its owner. */
struct conn_ops {
	/* The other side's key is proved (with TLS). */
	void (*opened)(void *ctx, struct conn *c);
	void (*message)(void *ctx, struct conn *c, enum message_type type,
			struct span body);
	/* Once, in a turn of its own: nothing comes any more. */
	void (*ended)(void *ctx, struct conn *c);
	/* The last: free it. */
	void (*closed)(void *ctx, struct conn *c);
};

struct conn_config {
	struct event_base *base;
	struct resolver *resolver;
	struct tls *tls; /* NULL: plain */
	const struct conn_ops *ops;
	void *ctx;
};

struct conn {
	const struct conn_config *config; /* borrowed */
	enum conn_state state;
	bool inbound;
	char where[WHERE_TEXT]; /* as dialled, or the socket's */
	bool has_place;
	struct place place; /* the socket's other end */
	bool has_id;
	struct address id; /* proved */
	bool broken;	   /* it broke the rules of framing */
	char why[200];	   /* of its end */
	struct net_peer_stats stats;
	size_t body_max;

	/* the owner's */
	LIST_ENTRY(conn) link;
	uint64_t number; /* 0: not told of yet */
	bool good;
	net_probe_fn *probe;
	void *probe_ctx;

	/* conn.c's */
	struct stream stream;
	struct place places[RESOLVE_MAX]; /* to try */
	size_t place_count, place_at;
	struct lookup *lookup;
	struct evbuffer *in, *out;
	struct event *read, *write, *later, *deadline;
	bool eof, backlog, told;
	size_t discarded;
};

/* Begin to dial. Nothing is called back within. */
struct conn *conn_dial(const struct conn_config *config,
		       const struct where *where);
/* Takes the socket. */
struct conn *conn_accept(const struct conn_config *config, int fd,
			 const struct place *from);
void conn_free(struct conn *c); /* calls nothing back */

/* Queue a message. Over the bound the connection ends. */
void conn_send(struct conn *c, enum message_type type, struct span body);
/* End it when what is queued has left, at the latest in CONN_CLOSE_MS. */
void conn_drop(struct conn *c, const char *why);
/* End it at once. */
void conn_end(struct conn *c, const char *why);

#endif

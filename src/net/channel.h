/* SPDX-License-Identifier: MIT */
/*
 * One connection to another node, from dialling or accepting it to its end:
 * TLS within a deadline, frames in slices, a queue with a bound. What it does
 * in one turn of the loop is bounded, so that one that floods holds up
 * nobody. Knows no other connection and no address book.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include <sys/queue.h>

#include "net/net.h"
#include "net/resolve.h"
#include "net/stream.h"

#define CHANNEL_OPEN_MS 10000	  /* to connect and to prove the keys */
#define CHANNEL_CLOSE_MS 2000	  /* to take what was queued for it */
#define CHANNEL_SLICE_BYTES 65536 /* read in one turn */
#define CHANNEL_SLICE_FRAMES 64	  /* handed on in one turn */
#define CHANNEL_QUEUE_MAX (8u << 20)
#define CHANNELS_HELD_MAX (128u << 20) /* bytes in and out, of all together */
#define CHANNEL_SLICE_MS 2	       /* of handing on, in one turn */
/* Of a body, until the owner says that the peer is no stranger: hellos and
 * pieces of a genesis asked for. */
#define CHANNEL_STRANGER_MAX 4096

struct event;
struct evbuffer;
struct channel;

enum channel_state {
	CHANNEL_RESOLVING,
	CHANNEL_CONNECTING,
	CHANNEL_HANDSHAKE,
	CHANNEL_OPEN,
	CHANNEL_FLUSHING,  /* dropped; what is queued goes out */
	CHANNEL_LINGERING, /* it went out; the other side closes */
	CHANNEL_DEAD,
};

/* What a connection tells its owner. */
struct channel_ops {
	/* The other side's key is proved (with TLS). */
	void (*opened)(void *ctx, struct channel *c);
	void (*message)(void *ctx, struct channel *c, enum message_type type,
			struct span body);
	/* Once, in a turn of its own: nothing comes any more. */
	void (*ended)(void *ctx, struct channel *c);
	/* The last: free it. */
	void (*closed)(void *ctx, struct channel *c);
	/* All together hold more than CHANNELS_HELD_MAX: end who holds most,
	 * whoever is being served. */
	void (*crowded)(void *ctx);
};

struct channel_config {
	struct event_base *base;
	struct resolver *resolver;
	struct tls *tls; /* NULL: plain */
	const struct channel_ops *ops;
	void *ctx;
	size_t *held; /* bytes that all channels hold: theirs to count */
};

struct channel {
	const struct channel_config *config; /* borrowed */
	enum channel_state state;
	bool inbound;
	char where[WHERE_TEXT]; /* as dialled, or the socket's */
	bool has_place;
	struct endpoint place; /* the socket's other end */
	bool has_id;
	struct address id; /* proved */
	bool broken;	   /* it broke the rules of framing */
	char why[200];	   /* of its end */
	struct net_peer_stats stats;
	size_t body_max;

	/* the owner's */
	LIST_ENTRY(channel) link;
	uint64_t number; /* 0: not told of yet */
	bool good;
	bool by_dial; /* the end of it is told to dial.c */
	net_probe_fn *probe;
	void *probe_ctx;

	/* channel.c's */
	struct stream stream;
	struct endpoint places[RESOLVE_MAX]; /* to try */
	size_t place_count, place_at;
	struct lookup *lookup;
	struct evbuffer *in, *out;
	struct event *read, *write, *later, *deadline;
	bool eof, backlog, told;
	size_t discarded;
	size_t held; /* bytes in and out, as counted last */
};

/* Begin to dial. Nothing is called back within. */
struct channel *channel_dial(const struct channel_config *config,
			     const struct where *where);
/* Takes the socket. */
struct channel *channel_accept(const struct channel_config *config, int fd,
			       const struct endpoint *from);
void channel_free(struct channel *c); /* calls nothing back */

/* Queue a message. Over the bound the connection ends. */
void channel_send(struct channel *c, enum message_type type, struct span body);
/* End it when what is queued has left, at the latest in CHANNEL_CLOSE_MS. */
void channel_drop(struct channel *c, const char *why);
/* End it at once. */
void channel_end(struct channel *c, const char *why);

#endif

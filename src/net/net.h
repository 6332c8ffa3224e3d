/* SPDX-License-Identifier: MIT */
/*
 * Connections to other nodes: listening, dialling with back-off from the
 * address book, TLS 1.3 that proves each side's key, frames. Knows the sizes
 * of messages and not what they mean. All calls and callbacks on the loop.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/err.h"
#include "codec/message.h"
#include "crypto/key.h"

struct event_base;
struct net;

struct net_callbacks {
	/* Numbers rise. id NULL: without TLS. */
	void (*connected)(void *ctx, uint64_t peer, bool inbound,
			  const struct address *id, const char *where);
	void (*message)(void *ctx, uint64_t peer, enum message_type type,
			struct span body);
	/* Once for each connected(), also after net_drop(). */
	void (*disconnected)(void *ctx, uint64_t peer);
};

struct net_config {
	const char *datadir;   /* peers.json is here */
	const char *address;   /* to listen on, a literal; "": all */
	uint16_t port;	       /* 0: a free one */
	const char *advertise; /* host:port told to others; NULL: the address
				  that a peer sees, with our port */
	const char *const *connect; /* host:port, always tried */
	size_t connect_count;
	bool plain;	  /* no TLS; loopback only */
	bool local;	  /* addresses of this machine are worth a dial, also
			     before somebody of it is connected */
	size_t max_peers; /* connections in all */
	const struct secret_key *key; /* proves our id; borrowed */
	const struct net_callbacks *callbacks;
	void *ctx;
};

/* ERR_LOCKED (the port is in use), ERR_PERMISSION, ERR_MALFORMED (no such
 * address), ERR_IO with a fault that names address and port; ERR_OUT_OF_RANGE:
 * plain beyond loopback; ERR_CRYPTO. Strings are copied. */
MUST_USE enum err net_new(struct net **out, struct event_base *base,
			  const struct net_config *config, struct fault *f);
void net_free(struct net *n); /* calls nothing back */
uint16_t net_port(const struct net *n);
/* What others are told: host:port; borrowed. A host of 0.0.0.0 or [::] stands
 * for the address that the other one sees. */
const char *net_advertised(const struct net *n);

/* Queue a message. A peer whose queue is over its bound is dropped. Unknown
 * numbers are fine: the peer is gone. */
void net_send(struct net *n, uint64_t peer, enum message_type type,
	      struct span body);
/* End a connection when what was queued is sent, at the latest in 2 s; its
 * id, and its address unless it is loopback, are refused for ban_ms. */
void net_drop(struct net *n, uint64_t peer, uint64_t ban_ms, const char *why);
/* Its hello was good: keep its address (listen may be empty). */
void net_peer_good(struct net *n, uint64_t peer, const char *listen);
/* Heard of: candidates to dial, not told on. */
void net_heard_of(struct net *n, const char *where);
/* The addresses to try always, again: SIGHUP. */
void net_set_connect(struct net *n, const char *const *connect, size_t count);
/* Addresses that are being tried for the first time: the node is not alone
 * yet while there are some. */
size_t net_trying(const struct net *n);
/* Addresses that may be dialled, now or later. */
size_t net_addresses(const struct net *n);

struct net_peer_stats {
	uint64_t since; /* ms since 1970 */
	uint64_t bytes_in, bytes_out;
	uint64_t messages_in, messages_out;
};
bool net_stats(const struct net *n, uint64_t peer, struct net_peer_stats *out);
/* Of all connections since the start, also those that are gone; since is 0. */
void net_totals(const struct net *n, struct net_peer_stats *out);

/* Dial once, and tell whether a node of TLS answers there and with which id
 * (/register). Then the connection goes on as any other. */
typedef void net_probe_fn(void *ctx, bool reached, const struct address *id);
void net_probe(struct net *n, const char *where, net_probe_fn *fn, void *ctx);

#endif

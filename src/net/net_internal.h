/* SPDX-License-Identifier: MIT */
/* What the files net.c, accept.c and outbound.c share, for no other file. */
#ifndef NET_NET_INTERNAL_H
#define NET_NET_INTERNAL_H

#include "base/map.h"
#include "net/channel.h"
#include "net/dial.h"
#include "net/peerbook_file.h"

#define PER_HOST_MAX 16	 /* inbound, outside loopback */
#define HALF_OPEN_MAX 64 /* inbound, not through TLS yet */
#define PROBES_MAX 8
#define SAVE_AFTER_MS 5000 /* what changes the book */

struct event;
struct evconnlistener;

struct net {
	struct event_base *base;
	struct channel_config channel_config;
	const struct net_callbacks *callbacks;
	void *ctx;
	struct address id; /* our own */
	bool plain;
	bool local;
	size_t max_peers;
	uint16_t port;
	char advertised[WHERE_TEXT];
	struct tls *tls;
	struct resolver *resolver;
	struct evconnlistener *listener;
	bool listener_off; /* out of file descriptors: back in a second */
	LIST_HEAD(, channel) channels;
	size_t held;	       /* bytes that they hold */
	struct map *by_number; /* of those that were told of */
	uint64_t last_number;
	struct net_peer_stats gone; /* of all that are gone */
	struct peerbook book;
	struct peerbook_file file;
	uint64_t save_at; /* steady ms; 0: nothing to save */
	struct dial dial;
	struct event *tick;
};

/* accept.c: ERR_LOCKED, ERR_PERMISSION, ERR_MALFORMED, ERR_IO. */
MUST_USE enum err net_listen(struct net *n, const char *address, uint16_t port,
			     struct fault *f);
void net_listen_again(struct net *n);

/* outbound.c */
void net_load_book(struct net *n);
/* Dial who is due. */
void net_dial(struct net *n, uint64_t now, uint64_t *wake);
/* The connection was dialled, and has ended. */
void net_dial_ended(struct net *n, const struct channel *c);
/* The operator's list. */
void net_name(struct net *n, const char *const *list, size_t count);
/* Take up an address, unless it is unsound. */
void net_offer(struct net *n, const char *text, enum peerbook_source source);
/* Why not to dial there; NULL: do. */
const char *net_obstacle(const struct net *n, const struct where *w);

/* net.c: the timer is to look again. */
void net_wake(struct net *n);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The wiring of net/: what connections tell becomes events, and the core's
 * effects on peers are carried out.
 */
#ifndef DAEMON_NETWORK_H
#define DAEMON_NETWORK_H

#include "daemon/config.h"
#include "http/api.h"
#include "net/net.h"
#include "node/node.h"

struct network;

struct network_config {
	struct event_base *base;
	const struct config *config;
	const char *datadir;
	const struct secret_key *key; /* the node's; borrowed */
	uint64_t places;	      /* rules_places() */
	/* Take a step with it. */
	void (*step)(void *ctx, struct node_event *event);
	void *ctx;
};

/* Listen, and dial once the loop runs. Errors of net_new(). */
MUST_USE enum err network_new(struct network **out,
			      const struct network_config *config,
			      struct fault *f);
void network_free(struct network *w); /* NULL is fine; calls nothing */
struct net *network_net(struct network *w);
/* HOST:PORT where it listens. */
const char *network_where(const struct network *w);

/* Fill what the core is told of itself; borrows from w. */
MUST_USE enum err network_describe(const struct network *w,
				   struct node_config *out, struct fault *f);
/* Addresses that are worth a dial. */
void network_heard(struct network *w, const char *where);
/*
 * Dial once, and tell whether a node answers, with its id (NULL without TLS);
 * fn may be called from within, and is not when the network ends before.
 */
typedef void network_probe_fn(void *ctx, uint64_t request, bool reached,
			      const struct address *id);
void network_probe(struct network *w, uint64_t request, const char *where,
		   network_probe_fn *fn, void *ctx);
/* EFFECT_SEND, EFFECT_DROP, NOTIFY_PEER, NOTIFY_ADDRESSES. */
void network_perform(struct network *w, const struct effect *e);
/* SIGHUP: the addresses to connect to. */
void network_reload(struct network *w, const struct config *config);
/* For api_config.traffic. */
bool network_traffic(const struct network *w, uint64_t peer,
		     struct api_traffic *out);

#endif

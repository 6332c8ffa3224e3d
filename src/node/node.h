/* SPDX-License-Identifier: MIT */
/*
 * The core as one machine: node_step(node, event, view) -> effects. Reads no
 * clock, opens no socket, starts no thread, holds no global variable.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "node/event.h"

struct node;

struct node_config {
	uint64_t seed;	/* of the node's random generator and maps */
	bool validator; /* make blocks with the account below */
	bool has_account;
	struct address account;
	struct buf public_key; /* SPKI of the account; copied */
	size_t mempool_bytes;  /* 0: MEMPOOL_BYTES_DEFAULT */
	/* The network; all zeros for a node that is alone. */
	struct address id;    /* address of the key that TLS proves */
	uint64_t instance;    /* random, of this run */
	struct hash upgrades; /* of the rule changes that are configured */
	const char *listen;   /* host:port told to others; "" or NULL: none;
				 copied */
	const char *agent;    /* "ccoin/0.2.0"; copied */
	/* Wait so long after the start for a first peer's tip before making
	 * blocks, ms; 0: there is nobody to wait for. */
	uint64_t boot_ms;
};

/*
 * Open the node on what the view holds: a store made by genesis_store().
 * ERR_NOT_FOUND: no chain; ERR_CORRUPT: damaged. ERR_BAD_PRODUCER: validator
 * whose account is not an authority (the fault names both).
 */
MUST_USE enum err node_new(struct node **out, const struct node_config *config,
			   struct kv_view *view, struct fault *f);
void node_free(struct node *n);
/* Take one step. Effects are appended. The view shows every batch that an
 * EVENT_DURABLE has reported. */
void node_step(struct node *n, const struct node_event *event,
	       struct kv_view *view, struct effects *effects);

#endif

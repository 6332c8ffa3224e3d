/* SPDX-License-Identifier: MIT */
/*
 * The core as one machine: node_step(node, event, view) -> effects. Reads no
 * clock, opens no socket, starts no thread, holds no global variable.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "node/event.h"

struct node;

#define JOURNAL_ID_BYTES 16

/* The vote journal as it was opened (doc/bft.md: "Losing the journal"). */
struct node_journal {
	bool is_there; /* else nothing is ever signed for others */
	bool is_new;   /* made at a start, not with the key, and not written:
			* votes may be   lost */
	uint8_t id[JOURNAL_ID_BYTES];
	uint64_t last; /* number of its last record; 0: none */
	/* records of its highest height, the oldest first (codec/vote.h);
	 * borrowed during node_new() */
	const struct span *records;
	size_t record_count;
};

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
	struct node_journal journal; /* engines with votes alone */
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

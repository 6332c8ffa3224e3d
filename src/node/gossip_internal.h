/* SPDX-License-Identifier: MIT */
/*
 * The inside of gossip, for its own files: gossip.c (announcing, answering)
 * and gossip_wants.c (asking). Hashes are SHA-256 of full bytes throughout.
 */
#ifndef NODE_GOSSIP_INTERNAL_H
#define NODE_GOSSIP_INTERNAL_H

#include "node/peers.h"

#define ANNOUNCE_MS 25	      /* after the first, or when there are ... */
#define ANNOUNCE_QUICK_MS 3   /* between two, where a block waits for nothing */
#define ANNOUNCE_BATCH 256    /* ... so many */
#define ANNOUNCE_AT_ONCE 4096 /* to a new peer, the oldest */
#define AGAIN_MS 10000	      /* to one peer, a batch of the oldest */
#define WANTS_MAX 16384	      /* asked for and not here yet */
#define WANTS_PER_PEER 4096
#define WANTS_SURE 32	 /* of these, whatever the others take */
#define ANSWER_MS 2000	 /* then the next announcer is asked */
#define SULK_MS 10000	 /* who was silent is not asked for so long */
#define OTHERS_MAX 8	 /* announcers remembered beside the one asked */
#define QUEUE_MAX 131072 /* announced and not asked for yet, in all */
#define QUEUE_PER_PEER 32768
#define QUEUE_SURE 4096	       /* of these, whatever the others take */
#define ASKED_BYTES (4u << 20) /* on their way from one peer, by guess */
#define LATE_KEPT 2048	       /* answers that may come late, per peer */
#define KNOWN_SLOTS 16384      /* hashes known at one peer, about */
#define DONE_KEPT 8192	       /* lately looked at, whatever came out ... */
/* ... and not asked for again for so long at most: all peers announce it about
 * now. Later it may be welcome: what it could not stand beside, or was dropped
 * for, has gone, and its announcer waits for a block with it. */
#define DONE_MS 2000
#define POOL_SLACK 1024 /* entries of what left the pool */

/* A transaction that was asked of a peer. In the list by deadline. */
struct want {
	struct hash full;
	uint64_t peer;
	uint64_t asked; /* ms since 1970 */
	uint64_t others[OTHERS_MAX];
	size_t other_count;
	struct want *prev, *next;
};

struct gossip {
	struct map *pool;  /* full -> struct hash, its id; may be gone */
	struct map *wants; /* full -> struct want */
	struct want *first, *last;
	struct recent *done;
	uint64_t done_until;
	size_t queued;	  /* of all peers */
	uint64_t again;	  /* when to announce again, ms */
	uint64_t flush;	  /* when the first batch is due, ms; 0: none */
	uint64_t salt[4]; /* of known_tag() */
};

struct gossip_peer {
	struct buf out; /* hashes to announce to it */
	uint64_t out_since;
	uint64_t told;	 /* ms since 1970: the last announcement */
	uint64_t *known; /* tags of hashes that it has, by slot; lossy */
	/* announced by it, not asked for yet: a ring */
	struct hash *queue;
	size_t queue_cap, queue_head, queue_len;
	struct buf ask; /* hashes to ask it for, at the end of the step */
	size_t open;	/* wants that were asked of it */
	uint64_t answered, sulks_until;
	size_t average; /* bytes of its transactions */
	/* asked of it, and then of another, or come from elsewhere: its answer
	 * may come still and is no fault */
	struct recent *late;
};

/* Note that the peer has it. */
void known_put(const struct gossip *g, struct gossip_peer *gp,
	       const struct hash *full);
/* The pool's entry; false when it is not there (any more). */
bool gossip_pool_find(struct node *n, struct mempool_entry *out,
		      const struct hash *full);

/* gossip_wants.c */
/* TXA, TXN. */
void wants_announced(struct node *n, struct peer *p, struct span body);
void wants_arrived(struct node *n, struct peer *p, struct span body);
void wants_peer_gone(struct node *n, struct peer *p);
void wants_tick(struct node *n);
void wants_free(struct gossip *g);

#endif

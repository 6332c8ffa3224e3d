/* SPDX-License-Identifier: MIT */
/*
 * Other nodes: handshake, places, pings, budgets, faults. Within the room
 * node/; sync.c and gossip.c keep what is theirs in the peer.
 */
#ifndef NODE_PEERS_H
#define NODE_PEERS_H

#include "node/internal.h"
#include "node/network.h"

enum peer_stage {
	PEER_NEW,     /* connected; its hello is awaited */
	PEER_READY,   /* its hello was good */
	PEER_LEAVING, /* being dropped: nothing of it counts any more */
};

/* What a peer did that it could have known to be wrong. */
enum peer_fault {
	FAULT_MALFORMED,   /* not what the protocol says: 100 */
	FAULT_UNEXPECTED,  /* an answer that nobody asked for, a hello twice: 20
			    */
	FAULT_OVER_BUDGET, /* more than its share: 10 */
	FAULT_BAD_TX,	   /* a signature that does not hold: 25 */
	FAULT_BAD_VOTE,	   /* the same of a vote: 100 */
	FAULT_BAD_HEADER,  /* breaks the engine's rules, or a bad seal: 100 */
	FAULT_FAR_FUTURE,  /* a header of more than a minute ahead: 25 */
	FAULT_BAD_BODY,	   /* not what its header says: 100 */
	FAULT_BAD_BLOCK,   /* its header's roots do not come out: its maker's
			      fault, who passed the signature alone: 0 */
	FAULT_SILENT,	   /* asked, and no answer in time: 0, but see sync */
};

struct gossip_peer; /* gossip.c */
struct sync_peer;   /* sync.c */
struct bft_peer;    /* bft.c */

struct peer {
	uint64_t number;
	enum peer_stage stage;
	bool inbound;
	bool has_id;
	struct address id;
	bool authority;
	char where[ADDRESS_TEXT_MAX + 1];
	char listen[ADDRESS_TEXT_MAX + 1];
	char agent[AGENT_MAX + 1];
	uint64_t connected; /* ms since 1970 */
	uint64_t since;	    /* its hello */
	/* its tip, as it said last */
	uint64_t height, settled;
	struct hash tip;
	int64_t clock_offset;
	uint64_t round_trip;
	struct gossip_peer *gossip; /* made when ready */
	struct sync_peer *sync;
	struct bft_peer *bft;
	/* the rest is peers.c's */
	uint64_t instance; /* of its run */
	uint64_t heard;	   /* ms since 1970: its last message */
	uint64_t hello_by; /* its hello is due, ms */
	bool gone_told;	   /* gossip and sync know that it leaves */
	uint64_t pieces;   /* of the genesis, asked before the hello */
	uint64_t score, score_at;
	uint64_t pings;		  /* sent so far */
	uint64_t ping, ping_sent; /* number of the open one; 0: none open */
	uint64_t next_ping;
	uint64_t clock_warned; /* ms since 1970; 0: never */
	uint64_t addresses_told;
	int64_t tokens[5]; /* budgets by class of message; may be a debt */
	uint64_t tokens_at;
	uint64_t over[5]; /* messages beyond them, not read */
	uint32_t awaited[MESSAGE_TYPE_COUNT]; /* answers to what we asked */
};

struct peers *peers_new(struct node *n);
void peers_free(struct peers *p);
void peers_connected(struct node *n, const struct node_event *e);
void peers_message(struct node *n, const struct node_event *e);
void peers_disconnected(struct node *n, const struct node_event *e);
void peers_tick(struct node *n);

struct peer *peer_find(struct node *n, uint64_t number);
/* Those that are ready; *at starts at 0. NULL at the end. A peer may be
 * dropped meanwhile. */
struct peer *peers_next(struct node *n, size_t *at);
size_t peers_ready(const struct node *n);
/* One of them, each as likely; NULL: there is none. */
struct peer *peers_pick(struct node *n);
/* Queue a message and take the body's bytes (*body is empty afterwards). An
 * answer (AHD, ABL, TXN, GLK) is charged to the peer's budget of requests; a
 * question (RHD, RBL, ...) lets one answer in that costs it nothing. */
void peer_send(struct node *n, struct peer *p, enum message_type type,
	       struct buf *body);
/* Count a fault against it, with what it was; at 100 it is banned. */
void peer_fault(struct node *n, struct peer *p, enum peer_fault fault,
		const char *fmt, ...) PRINTF_LIKE(4, 5);
/* End it without a ban, saying why (BYE code text). The peer stays, as
 * PEER_LEAVING, until the step is over: gossip and sync are told by their
 * _gone() in the next peers_tick(). */
void peer_drop(struct node *n, struct peer *p, const char *code,
	       const char *fmt, ...) PRINTF_LIKE(4, 5);

/* gossip.c */
struct gossip *gossip_new(struct node *n);
void gossip_free(struct gossip *g);
void gossip_peer_ready(struct node *n, struct peer *p);
void gossip_peer_gone(struct node *n, struct peer *p);
void gossip_peer_free(struct gossip_peer *gp); /* when the node ends */
/* Whether it was asked for transactions that may come still. */
bool gossip_expects(const struct peer *p);
/* TXA, TXQ, TXN. */
void gossip_message(struct node *n, struct peer *p, enum message_type type,
		    struct span body);
/* A transaction entered the pool: announce it. from: whom it came from, 0
 * none. */
void gossip_entered(struct node *n, const struct tx *tx, uint64_t from);
/* What became of a transaction that was asked of a peer: ERR_OK (it is in
 * the pool or a block), ERR_MALFORMED (its bytes are no transaction),
 * ERR_BAD_SIGNATURE, or why it is not wanted now. */
void gossip_checked(struct node *n, uint64_t from, const struct hash *full,
		    enum err result);
/* Announce so many of the oldest to all, whatever they know. */
void gossip_tell_all(struct node *n, size_t max);
void gossip_tick(struct node *n);

/* sync.c */
struct sync *sync_new(struct node *n);
void sync_free(struct sync *s);
/* The engine at a header that follows the chain is here too: node_new() calls
 * it last. Errors are the store's. */
MUST_USE enum err sync_open(struct node *n, struct kv_view *view,
			    uint64_t boot_ms, struct fault *f);
void sync_peer_ready(struct node *n, struct peer *p);
void sync_peer_gone(struct node *n, struct peer *p);
/* When the node ends: peers_free() comes before sync_free(). */
void sync_peer_free(struct sync_peer *sp);
/* It told its tip: p->height, tip, settled are new. */
void sync_peer_tip(struct node *n, struct peer *p);
/* RHD, AHD, RBL, ABL, BLK, RGK, EVD. RGK may come from an inbound peer that
 * is still PEER_NEW (p->sync is NULL then). */
void sync_message(struct node *n, struct peer *p, enum message_type type,
		  struct span body);
void sync_job(struct node *n, struct job *job); /* OWNER_SYNC */
void sync_durable(struct node *n, uint64_t seq);
/* What the chain weighs when that block is its tip; state: the engine's after
 * it. ERR_CORRUPT. */
MUST_USE enum err sync_rank(struct node *n, uint64_t *rank, struct span state,
			    const struct engine_block *block);
/* The tip moved by a block of our own: announce it, prune the tree. */
void sync_own_block(struct node *n);
/* A branch is being moved to: it has the chain's state tree (branch.h). */
bool sync_is_moving(const struct node *n);
/* Whether production should wait: BOOT, or a better branch is on its way, or
 * a branch is being moved to, or the node is halted. */
bool sync_holds_production(const struct node *n);
void sync_tick(struct node *n);

#endif

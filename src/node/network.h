/* SPDX-License-Identifier: MIT */
/*
 * What a node tells about its network: who is here, how far they are, what
 * it does about that. Reads, like query.h.
 */
#ifndef NODE_NETWORK_H
#define NODE_NETWORK_H

#include "consensus/engine.h"
#include "node/node.h"

enum sync_state { SYNC_BOOT, SYNC_BEHIND, SYNC_READY };

struct sync_info {
	enum sync_state state;
	uint64_t target;       /* height of the best branch known, by headers */
	uint64_t started;      /* height where this catching up began */
	uint64_t since;	       /* ms since 1970 */
	bool halted;	       /* two conflicting settled blocks */
	struct hash halted_by; /* the settled block of the other branch */
	uint64_t reorgs;       /* since the start */
	uint64_t deepest;      /* blocks that one took back, at most */
};
void node_sync(const struct node *n, struct sync_info *out);

struct peer_info {
	uint64_t peer; /* the connection's number */
	struct address id;
	const char *where;  /* borrowed until the next step */
	const char *listen; /* "" when it does not say */
	const char *agent;
	bool inbound;
	bool authority;
	uint64_t since; /* ms since 1970: its hello */
	uint64_t height, settled;
	struct hash tip;
	int64_t clock_offset; /* ms; positive: its clock is ahead */
	uint64_t round_trip;  /* ms, of the last ping */
	uint64_t score;	      /* 100 is a ban */
};
/* Peers whose hello was good, by rising number; start with *at = 0; false at
 * the end. */
bool node_peer_next(const struct node *n, size_t *at, struct peer_info *out);
size_t node_peer_count(const struct node *n);
/* The median of the peers' clock offsets, ms; false without peers. */
bool node_clock_offset(const struct node *n, int64_t *out);

/* The engine's view of the chain. */
bool node_authority(const struct node *n, size_t i,
		    struct engine_authority *out);
void node_engine_status(const struct node *n, uint64_t now,
			struct engine_status *out);

/* One piece of evidence: two sealed headers of one signer and one slot. */
struct evidence_info {
	struct hash id; /* SHA-256 of its bytes */
	uint64_t found; /* ms since 1970 */
	struct address producer;
	struct hash hash[2];
	struct header header[2]; /* borrows from the view */
	struct seal seal[2];
};
/* Pieces that are kept; the newest may not be durable yet. */
size_t node_evidence_count(const struct node *n);
/* In the order of their ids, those behind *after (NULL: the first).
 * ERR_NOT_FOUND at the end. */
MUST_USE enum err query_evidence(struct evidence_info *out, struct node *n,
				 struct kv_view *view,
				 const struct hash *after);

#endif

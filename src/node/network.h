/* SPDX-License-Identifier: MIT */
/*
 * What a node tells about its network: who is here, how far they are, what
 * it does about that. Reads, like query.h.
 */
#ifndef NODE_NETWORK_H
#define NODE_NETWORK_H

#include "consensus/engine.h"
#include "ledger/validators.h"
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

/* What the present height waits for, with an engine whose validators vote. */
enum bft_step {
	BFT_STEP_IDLE,	       /* there is nothing to agree on */
	BFT_STEP_PROPOSAL,     /* the leader's */
	BFT_STEP_PREPARE,      /* a quorum of them */
	BFT_STEP_COMMIT,       /* a quorum of them */
	BFT_STEP_ROUND_CHANGE, /* a quorum of validators in this round */
	BFT_STEP_DECIDED,      /* the block is being written */
};

struct bft_info {
	uint64_t height; /* that is agreed on: the tip's and one */
	uint64_t since;	 /* ms since 1970: it began */
	uint64_t round;
	enum bft_step step;
	size_t count, quorum; /* of the height's validators */
	size_t leader;	      /* of the round: its number among them */
	bool timer_runs;
	uint64_t deadline; /* ms since 1970, when it does */
	bool has_proposal; /* of this round */
	struct hash proposal;
	bool prepared; /* a certificate is held, of the round beside it */
	uint64_t prepared_round;
	/* Who was heard of longer ago than that, ms, is missing. */
	uint64_t lately;
	/* Why this node, which runs as a validator, signs nothing; NULL: it
	 * signs, or does not run as one. Borrowed until the next step. */
	const char *silent;
	bool has_journal;
	uint64_t floor;	  /* no height below it is ever signed for */
	uint64_t records; /* number of the journal's last durable record */
	/* Since the start. */
	uint64_t timeouts;		 /* rounds that timed out */
	uint64_t persisted;		 /* times that records became durable */
	uint64_t votes[VOTE_KIND_COUNT]; /* new ones that held, by kind */
};

/* A validator of that height. */
struct bft_member {
	const struct validator *who; /* borrowed until the next step */
	bool self, connected;
	/* ms since 1970: its last vote or message, or the last message of a
	 * peer that says that it is connected to it; 0: none since the start */
	uint64_t seen;
	/* of this round, for its proposal */
	bool prepared, committed;
	bool in_round; /* it was seen in this round, or above */
};

/* false: the engine's validators do not vote. */
bool node_bft(const struct node *n, struct bft_info *out);
/* Number i of the height's set; false when there are no more. */
bool node_bft_member(const struct node *n, size_t i, uint64_t now,
		     struct bft_member *out);

/* One piece of evidence: two votes of one validator in one round, where they
 * vote; else two sealed headers of one signer and one slot. */
struct evidence_info {
	struct hash id;		 /* SHA-256 of its bytes */
	uint64_t found;		 /* ms since 1970 */
	struct address producer; /* who signed both */
	bool of_votes;
	struct double_vote votes; /* its key borrows from the view */
	/* of headers */
	struct hash hash[2];
	struct header header[2]; /* borrows from the view */
	struct seal seal[2];
};
/* Pieces of either kind that are kept; the newest may not be durable yet. */
size_t node_evidence_count(const struct node *n);
/* In the order of their ids, those behind *after (NULL: the first).
 * ERR_NOT_FOUND at the end. */
MUST_USE enum err query_evidence(struct evidence_info *out, struct node *n,
				 struct kv_view *view,
				 const struct hash *after);

#endif

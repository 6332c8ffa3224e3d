/* SPDX-License-Identifier: MIT */
/*
 * The inside of the room of sync, for its own files: sync.c (lifetime, states
 * and dispatch), main_chain.c (the store's blocks), headers.c and
 * headers_ask.c (what extends the tree), branches.c (which tip to move to),
 * bodies.c and body_answers.c (who is asked for what), body_check.c (whether
 * what came holds), reorg.c and reorg_adopt.c (moving), serve.c (answers),
 * evidence.c and evidence_told.c.
 */
#ifndef NODE_SYNC_INTERNAL_H
#define NODE_SYNC_INTERNAL_H

#include "chain/branch.h"
#include "chain/tree.h"
#include "node/peers.h"

#define TREE_BYTES_MAX (32u << 20)
#define HEADER_BATCHES_MAX 8 /* being checked at a time */
#define HEADERS_AHEAD 8192   /* above the tip: then bodies come first */
#define HEADERS_DEADLINE_MS 8000
#define WINDOW_BLOCKS 256
#define WINDOW_BYTES (32u << 20)
#define RANGE_BLOCKS 16
#define RANGES_PER_PEER 2
#define RANGE_DEADLINE_MS 2000
#define RANGE_BYTES_PER_MS 64 /* slower than that is stalling */
#define MISSED_MAX 3	      /* deadlines in a row */
#define LACKS_KEPT 64
#define BODY_JOBS_MAX 8
#define MOVE_BLOCKS 64 /* checked whole up to here, stepwise beyond */
#define MOVE_BYTES (4u << 20)
#define PROGRESS_LOG_MS 5000
#define SILENCE_MIN_MS 250
#define FAR_FUTURE_MS 60000 /* of a header: a fault beyond that */
#define EVIDENCE_MAX 1024
#define EVIDENCE_AGE_MS (UINT64_C(7) * 24 * 3600 * 1000)

/* Blocks asked of one peer in one RBL. */
struct range {
	size_t count; /* 0: none */
	uint64_t number;
	uint64_t sent, deadline;
	size_t overtaken; /* answers of others to what was asked later */
	bool direct;	  /* one block whose header is not known yet */
	struct hash hashes[RANGE_BLOCKS];
};

struct sync_peer {
	/* headers */
	uint64_t headers_deadline; /* 0: none asked */
	bool headers_late;	   /* an answer may come after its deadline */
	uint64_t ask_at;	   /* not before, ms since 1970 */
	bool checking;		   /* a batch of it is being checked */
	bool more;		   /* its last answer was full */
	bool has_last;
	struct hash last; /* the highest header that it gave and that held */
	uint64_t stale_until; /* ms since 1970 */
	struct hash stale;    /* a tip that led to nothing new */
	/* bodies */
	struct range ranges[RANGES_PER_PEER];
	size_t allowed; /* ranges in flight */
	size_t good;	/* answers since the last deadline missed */
	size_t missed;	/* deadlines in a row */
	size_t late;	/* answers that may still come after theirs */
	struct hash lacks[LACKS_KEPT];
	size_t lack_count;
	size_t evidence_checks; /* signatures of its evidence, in jobs */
	size_t reach; /* nodes of the path that it has; for one pass */
};

enum work_kind { WORK_HEADERS, WORK_BODY, WORK_EVIDENCE };

/* What a job of ours is about; its owner embeds it first. */
struct work {
	enum work_kind kind;
};

enum move_state { MOVE_IDLE, MOVE_BUILDING, MOVE_COMMITTING };

struct move {
	enum move_state state;
	struct branch *branch;
	bool stepwise;	/* decided by headers: its tip may be worse */
	bool down;	/* the fork is deeper than one branch goes */
	uint64_t depth; /* blocks that it takes back */
	uint64_t seq;
	struct buf *added, *taken; /* the engine's states; ascending */
	size_t added_count, taken_count;
	size_t added_cap;
};

struct evidence_room; /* evidence.c */

struct sync {
	struct tree *tree;
	uint64_t boot_ms, boot_until;
	bool booting;
	bool dirty;   /* something changed: look at everything */
	bool changed; /* the tree or the tip did: choose anew */
	uint64_t due; /* else look again then, ms; 0: never */

	/* what is settled never goes, though a step back unsettles it */
	uint64_t settled;
	bool halted;
	struct hash halted_by;

	/* which tip (branches.c) */
	struct tree_node *target; /* NULL: the main chain is the best */
	struct tree_node **path;  /* from the fork's child to the target */
	size_t path_count, path_cap;
	uint64_t behind_since, behind_from; /* ms, height */
	uint64_t progress;		    /* ms: something of it came */
	uint64_t hope_at;		    /* promises count again then, ms */
	bool asking;			    /* one who is ahead was asked */
	uint64_t hold_until;		    /* production waits until then */
	uint64_t log_at, log_height;

	struct map *works; /* job id -> struct work */
	/* hash -> where: asked with its block (&pending), or in a job */
	struct map *pending;
	size_t header_batches;
	size_t body_jobs;
	struct map *keys;      /* address -> struct buf: from bodies here */
	uint64_t body_average; /* bytes */
	uint64_t ranges_asked; /* ever */

	struct move move;
	uint64_t reorgs, deepest;
	struct evidence_room *evidence;
};

/* Look at everything again in this step. */
void sync_changed(struct sync *s);
/* Look again at that time at the latest. */
void sync_due(struct sync *s, uint64_t at);
/* A job of signatures to check; takes w (its own memory) until sync_job(). */
void sync_work(struct node *n, struct job *job, struct work *w);
/* Something better was promised: production waits, but not all the time. */
void sync_hope(struct node *n);
/* A peer said something that only who is ahead can say: ask it. */
void sync_nudge(struct node *n, struct peer *p);
/* As the engine sees a header. */
void sync_engine_block(struct engine_block *out, const struct header *h,
		       const struct hash *hash);

/*
 * main_chain.c: blocks of the main chain as the store has them now (which may
 * be a batch ahead of the tip). ERR_NOT_FOUND; ERR_IO, ERR_CORRUPT. Spans
 * borrow from the view.
 */
struct main_header {
	struct header header;
	struct span raw;
	struct span seal_raw;
	struct hash hash;
};
MUST_USE enum err main_height(struct node *n, uint64_t *height,
			      const struct hash *hash);
bool main_has(struct node *n, const struct hash *hash);
MUST_USE enum err main_header(struct node *n, struct main_header *out,
			      uint64_t height);
/* The same of a block's bytes that are or were on the main chain. */
MUST_USE enum err main_parse(struct node *n, struct main_header *out,
			     struct span raw);
MUST_USE enum err main_block(struct node *n, struct span *raw, uint64_t height);
/* The parts of a block's bytes; they were checked once. */
MUST_USE enum err main_split(struct span *header_raw, struct span *seal_raw,
			     struct span raw);
MUST_USE enum err main_state(struct node *n, struct span *state,
			     uint64_t height);
/* What a state after a block says is settled, a height, and the rank. */
MUST_USE enum err sync_settled(struct node *n, uint64_t *settled,
			       uint64_t *rank, struct span state,
			       const struct engine_block *block);
/* A new engine as it was after that block, and the block. */
MUST_USE enum err main_engine(struct node *n, struct engine **out,
			      struct engine_block *block, uint64_t height);
/* The same after a block of either, the main chain or the tree. */
MUST_USE enum err sync_engine_at(struct node *n, struct engine **out,
				 struct engine_block *block,
				 const struct hash *hash);

/* headers_ask.c */
void headers_ask(struct node *n); /* of whoever may know more */
/* Whether a header is known, or on its way. */
bool headers_knows(struct node *n, const struct hash *hash);

/* headers.c */
void headers_received(struct node *n, struct peer *p, struct span body);
/* The header of the block above the tip, with its certificate. */
void headers_of_certificate(struct node *n, struct peer *p,
			    struct span header_raw, struct span seal_raw);
/* A block whose header is not in the tree: it goes the way of headers. */
void headers_of_block(struct node *n, struct peer *p, struct span raw);
void headers_checked(struct node *n, struct work *w, const struct job *job);
void headers_free(struct work *w);

/* branches.c */
/* Choose the target anew; halt when two settled blocks conflict. */
void branches_choose(struct node *n);
/* <0 when a is better. */
int branches_prefer(void *node, const struct tree_node *a,
		    const struct tree_node *b);
bool branches_beats_main(struct node *n, const struct tree_node *a);
/* The block is wrong, whoever sent it: never move to it or past it. */
void branches_invalid(struct node *n, struct tree_node *node, const char *why);
/* The main chain moved: what is on it leaves the tree, and, when that is
 * short of room, what can never win. */
void branches_prune(struct node *n);

/* bodies.c */
void bodies_schedule(struct node *n);
/* A block was announced whose parent is our tip. */
void bodies_ask_direct(struct node *n, struct peer *p, const struct hash *h);
/* Whether it is awaited of a peer. */
bool bodies_asked(struct node *n, const struct hash *hash);
bool range_holds(const struct range *r, const struct hash *hash);
size_t ranges_in_flight(const struct sync_peer *sp);

/* body_answers.c */
void bodies_received(struct node *n, struct peer *p, struct span body);
void bodies_peer_gone(struct node *n, struct peer *p);
void bodies_deadlines(struct node *n, struct peer *p);

/* body_check.c */
/* The Merkle root of a block's transactions. */
void body_root(struct hash *out, const struct block *b);
/* Append the signatures of a block's transactions that were not checked
 * before. ERR_NOT_FOUND: a sender has no key; ERR_IO, ERR_CORRUPT are
 * the store's. */
MUST_USE enum err body_checks(struct node *n, struct checks *checks,
			      const struct block *b);
/* What came for a node: false and a fault for the sender when it is not what
 * the header says. */
bool body_attach(struct node *n, struct tree_node *node, struct span raw,
		 struct peer *p);
/* Have those checked whose turn it is. */
void bodies_check(struct node *n);
void body_checked(struct node *n, struct work *w, const struct job *job);
void body_keys_forget(struct sync *s, const struct tx *txs, size_t count);
void body_keys_free(struct sync *s);

/* reorg.c */
void reorg_tick(struct node *n);
void reorg_end(struct move *m); /* forget it; the branch is gone */
void reorg_free(struct sync *s);

/* reorg_adopt.c */
void reorg_durable(struct node *n, uint64_t seq);

/* serve.c */
void serve_headers(struct node *n, struct peer *p, struct span body);
void serve_blocks(struct node *n, struct peer *p, struct span body);
void serve_genesis(struct node *n, struct peer *p, struct span body);
/* Tell the tip to those who do not have it. */
void serve_announce(struct node *n);

/* evidence.c and evidence_told.c */
MUST_USE enum err evidence_open(struct node *n, struct kv_view *view);
void evidence_free(struct sync *s);
/* A header whose seal holds: compare it with others of its time. */
void evidence_look(struct node *n, const struct header *h,
		   const struct hash *hash, struct span header_raw,
		   struct span seal_raw);
void evidence_received(struct node *n, struct peer *p, struct span body);
void evidence_checked(struct node *n, struct work *w, const struct job *job);
void evidence_free_work(struct work *w);
void evidence_durable(struct node *n, uint64_t seq);
void evidence_greet(struct node *n, struct peer *p);

#endif

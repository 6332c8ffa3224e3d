/* SPDX-License-Identifier: MIT */
/* What the files of this room share: the chain's own struct. */
#ifndef CHAIN_INTERNAL_H
#define CHAIN_INTERNAL_H

#include "base/map.h"
#include "chain/chain.h"
#include "chain/derive.h"

/* The defaults of struct flush_bounds. */
#define FLUSH_ENTRIES 100000
#define FLUSH_BLOCKS 10000
#define FLUSH_SLICE 4000

/* A flush under way: which tables, up to where. */
struct flush {
	bool running;
	bool in_flight;	 /* a slice is being written */
	uint64_t target; /* the watermark when it is done */
	/* Orphans below this number were taken back before it began, so it
	 * writes all that they left: its last slice deletes them. */
	uint64_t orphans_end;
	enum kv_table table;
	struct buf from;       /* next key of that table */
	struct kv_batch slice; /* a copy of what is in flight */
	uint64_t seq;
	bool last;
};

/* A row of the table orphans. */
struct orphan {
	struct hash hash;
	uint64_t height;
	uint64_t number;
};

struct orphans {
	struct orphan **list; /* by number */
	size_t count, cap;
	struct map *by_hash; /* the newest of a hash */
	uint64_t next;	     /* number */
};

struct chain {
	struct rules rules;
	struct hash genesis;
	uint64_t seed;
	struct chain_tip tip;
	struct mmr range;	      /* over all headers, the tip's included */
	struct governance governance; /* empty: no validators */
	struct state_tree *tree;      /* the branch's, while one lives */
	struct kv_overlay *overlay;   /* derived entries, not yet flushed */
	uint64_t watermark;
	struct flush_bounds bounds;
	struct flush flush;
	struct orphans orphans;
	size_t back_max;	     /* BRANCH_BACK_MAX */
	const struct branch *branch; /* that lives, or NULL */
};

/* --- candidate.c: where a block is put ---------------------------------- */

/* The chain's tip or a branch's. The state tree stands there. */
struct position {
	struct kv_view *view;	    /* all tables as of here */
	struct kv_overlay *derived; /* a block's derived entries go here */
	struct chain_tip *tip;
	struct mmr *range; /* the tip's header included */
	struct governance *governance;
};

/* candidate_check() at a position, which must outlive the candidate. */
MUST_USE enum err candidate_check_at(struct candidate **out, struct chain *c,
				     const struct position *at,
				     const struct block *block, struct span raw,
				     struct fault *f);
/* Its rows of the log. */
void candidate_log(const struct candidate *b, struct kv_batch *out);
/* Move its position onto it. What is left of it is its bytes, transactions,
 * delta and tip. */
MUST_USE enum err candidate_move(struct candidate *b);

/* --- log.c: what is in the log ------------------------------------------ */

/* A block with its delta and its transactions, hashed. Borrows the bytes. */
struct logged {
	struct block block;
	struct delta delta;
	struct tx *txs;
};

/* On an error nothing is left to release; ERR_CORRUPT. */
MUST_USE enum err logged_decode(struct logged *out, const struct chain *c,
				struct span block, struct span delta);
void logged_release(struct logged *l);
/* The bytes of a block and of its delta. */
MUST_USE enum err log_read(struct span *block, struct span *delta,
			   struct kv_view *store, uint64_t height);
/* The tip as it was with that block. */
MUST_USE enum err log_tip(struct chain_tip *out, const struct chain *c,
			  struct kv_view *store, uint64_t height);
/* The mountain range over all headers to that height. */
MUST_USE enum err log_range(struct mmr *out, const struct chain *c,
			    struct kv_view *store, uint64_t height);

/* --- orphans.c ----------------------------------------------------------- */

/* Take back again, into the overlay, what flushes may have left of orphans;
 * *lowest is lowered to the lowest block below one. */
MUST_USE enum err orphans_open(struct chain *c, struct kv_view *store,
			       uint64_t *lowest);
void orphans_release(struct orphans *o);
/* The next number is its own. */
void orphans_add(struct orphans *o, const struct hash *hash, uint64_t height);
/* Forget those below a number. */
void orphans_drop(struct orphans *o, uint64_t below);

/* --- chain.c, flush.c ---------------------------------------------------- */

/* Put the derived entries of a block into an overlay; view shows the tables
 * before the block, those that it writes included. */
MUST_USE enum err chain_derive(struct kv_overlay *into, struct kv_view *view,
			       uint64_t height, const struct tx *txs,
			       size_t tx_count, const struct delta *delta);
/* The log above the fork is another now. */
void flush_moved(struct chain *c, uint64_t fork);
/* The watermark as it is when all that was handed out is durable. */
uint64_t flush_watermark(const struct chain *c);

#endif

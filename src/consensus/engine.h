/* SPDX-License-Identifier: MIT */
/*
 * A consensus engine decides who may make a block and when, which of two
 * branches is better, and what is settled. Each engine is one const table;
 * every operation is mandatory. Engines are pure: time is an input.
 */
#ifndef CONSENSUS_ENGINE_H
#define CONSENSUS_ENGINE_H

#include "base/err.h"
#include "codec/block.h"
#include "crypto/check.h"
#include "ledger/genesis.h"

/* What an engine sees of a block: its header, decoded, and its hash. */
struct engine_block {
	uint64_t height;
	uint64_t time; /* ms */
	bool has_producer;
	struct address producer;
	struct hash hash;
	bool has_txs;	 /* holds transactions */
	bool has_change; /* between its set of validators and the next */
	struct validator_change change;
};

/* What a node asks when something changed. */
struct engine_input {
	uint64_t now; /* ms since 1970 */
	const struct engine_block *tip;
	const struct address *self; /* NULL: only follow */
	/* time of the last header that self signed, ever; 0: none. It may be
	 * later than the tip's: its block was taken back. */
	uint64_t signed_time;
	/* the rank of the chain that ended with it. The tip's may be lower
	 * while the node is on its way to a better branch. */
	uint64_t signed_rank;
	size_t executable; /* transactions that could go into a block */
};

/* The engine's answer. */
struct engine_output {
	bool propose;	   /* make a block now, with this time ... */
	bool may_be_empty; /* ... even when no transaction fits */
	uint64_t time;
	uint64_t wake_at; /* else ask again then; 0: when something changes */
	/* nothing may be signed on this tip: self signed on a chain that
	 * weighs more, and waits for one that does */
	bool outweighed;
};

/* An authority as the chain shows it (GET /v1/validators). */
struct engine_authority {
	struct address account;
	bool has_slots; /* else what is below is not known of an authority */
	bool has_height;
	uint64_t height;     /* of its latest block */
	uint64_t slot_start; /* of that block's slot: ms since 1970 */
	uint64_t made;	     /* blocks on this chain */
	/* Slots of its own that passed without its block while all were to
	 * fill theirs: in all, and since its latest block. */
	uint64_t missed;
	uint64_t missed_since;
};

/* Whose turn it is and what is waited for (GET /v1/consensus). */
struct engine_status {
	bool has_slots;	     /* else of the rest turn and quorum alone */
	uint64_t slot;	     /* at now */
	uint64_t slot_start; /* ms since 1970 */
	uint64_t slot_ms;
	struct address turn;	/* authority of that slot, or of round 0 */
	size_t quorum;		/* distinct authorities that settle a block */
	bool filling;		/* the last transactions are not settled yet */
	uint64_t last_with_txs; /* height of the last block with some; 0 none */
	/* authorities that signed that block or one after it */
	size_t signed_count;
	/* of self, an authority: its first slot that is not over at now and
	 * is after the tip's */
	bool has_own_slot;
	uint64_t own_slot;
};

/* The tip of a branch, for the choice between two. */
struct branch_tip {
	struct engine_block tip;
	uint64_t settled; /* height of its highest settled block */
	uint64_t rank;	  /* what the engine says that it weighs */
};

struct engine;

struct engine_ops {
	const char *name;
	/* blocks are final, by the certificate that is their seal; the node's
	 * room for votes drives it, not the producer */
	bool certifies;
	/* rules and genesis, the chain's hash, outlive it. */
	enum err (*create)(struct engine **out, const struct rules *rules,
			   const struct hash *genesis, struct fault *f);
	void (*destroy)(struct engine *e);
	/*
	 * Follow the chain: block is now the tip. Called for every block in
	 * order, from genesis or from a restored state on.
	 */
	void (*accept)(struct engine *e, const struct engine_block *block);
	/* What must be kept to go on after a restart, as it would be after
	 * `block` (which accept() will see next); and its way back. */
	void (*save)(const struct engine *e, struct buf *out,
		     const struct engine_block *block);
	enum err (*restore)(struct engine *e, struct span state,
			    const struct engine_block *tip);
	/* Whether the header may follow the parent: time, producer, engine
	 * fields. now 0: do not compare with the clock. */
	enum err (*check_header)(const struct engine *e,
				 const struct engine_block *parent,
				 const struct header *header, uint64_t now);
	/*
	 * Whether the seal is one that this header may have, by all but its
	 * signatures: those are appended to `checks`, and the seal holds when
	 * they all do. On an error what was appended is to be taken off.
	 */
	enum err (*check_seal)(const struct engine *e,
			       const struct header *header,
			       const struct hash *hash, const struct seal *seal,
			       struct checks *checks);
	/* <0 when a is the better branch, >0 when b is; 0 only for the same
	 * tip. */
	int (*prefer)(const struct engine *e, const struct branch_tip *a,
		      const struct branch_tip *b);
	/* Height of the highest settled block. */
	uint64_t (*settled)(const struct engine *e);
	/* What the chain weighs, for prefer() and for what may be signed: it
	 * never goes down as the chain grows. */
	uint64_t (*rank)(const struct engine *e);
	/* Whether an account is entitled to make blocks at all. */
	bool (*is_authority)(const struct engine *e,
			     const struct address *account);
	void (*step)(struct engine *e, struct engine_output *out,
		     const struct engine_input *in);
	/* Two headers of this chain that no honest authority signs both (their
	 * seals are checked elsewhere): same signer, same turn, two hashes. */
	bool (*conflict)(const struct engine *e, const struct engine_block *a,
			 const struct engine_block *b);
	/* Authority number i; false when there are no more. */
	bool (*authority)(const struct engine *e, size_t i,
			  struct engine_authority *out);
	/* self: whose own slot is asked for; NULL nobody's. */
	void (*status)(const struct engine *e, uint64_t now,
		       const struct address *self, struct engine_status *out);
};

/* Engines embed this first. */
struct engine {
	const struct engine_ops *ops;
};

extern const struct engine_ops engine_poa, engine_bft;

/* The table of the rules' engine. */
const struct engine_ops *engine_ops_of(enum engine_kind kind);

#endif

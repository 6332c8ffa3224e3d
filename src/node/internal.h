/* SPDX-License-Identifier: MIT */
/* What the files of this room share: the node's own struct. */
#ifndef NODE_INTERNAL_H
#define NODE_INTERNAL_H

#include "base/map.h"
#include "base/recent.h"
#include "base/rng.h"
#include "chain/chain.h"
#include "consensus/engine.h"
#include "mempool/mempool.h"
#include "node/node.h"
#include "node/query.h"

/* Transactions of clients whose signatures are being checked, in bytes: past
 * this they are asked to come back later. */
#define SUBMISSION_BYTES_MAX (32u << 20)
/* Those of peers, too; they are not asked for more when there are so many. */
#define SUBMISSION_BYTES_PEERS (SUBMISSION_BYTES_MAX / 2)

/* What is remembered of transactions lately seen (base/recent.h): keys of
 * senders, about 4 MB, and what checking their signatures gave, 2 MB. */
#define KEYS_KEPT 4096
#define CHECKED_KEPT 8192

enum production {
	PRODUCTION_IDLE,
	PRODUCTION_SIGNING,    /* a candidate waits for its signature */
	PRODUCTION_COMMITTING, /* a sealed one waits to be durable */
};

struct submission;
struct sync;	 /* sync.c */
struct gossip;	 /* gossip.c */
struct peers;	 /* peers.c */
struct bft_room; /* bft.c */

struct node {
	struct rng rng;
	struct chain *chain;
	struct engine *engine;
	struct mempool *pool;
	bool validator;
	bool has_account;
	struct address account;
	struct buf public_key;

	uint64_t next_job;
	uint64_t next_seq;

	/* submission of transactions (submit.c) */
	struct map *submissions; /* job id -> struct submission */
	size_t submission_bytes;
	struct map *checking;	/* full hash -> struct submission */
	struct recent *keys;	/* address -> public key, lately seen */
	struct recent *checked; /* SHA-256 of full bytes -> enum err */
	uint64_t drops_told;

	/* production of blocks (produce.c) */
	enum production production;
	struct candidate *candidate;
	struct hash candidate_parent; /* the tip that it was made on */
	uint64_t sign_job;
	uint64_t block_seq;
	uint64_t flush_seq;  /* 0: no slice in flight */
	uint64_t not_before; /* after a vain attempt: do not spin */
	/* time of the last header that was given out to be signed: ms, 0 none.
	 * In the store under META_SIGNED with each block that left. */
	uint64_t signed_time;
	uint64_t signed_rank; /* of the chain that ended with it */
	bool outweighed;      /* the operator was told that it waits */

	/* the network */
	struct address id;
	uint64_t instance;
	struct hash upgrades;
	char listen[ADDRESS_TEXT_MAX + 1];
	char agent[AGENT_MAX + 1];
	struct peers *peers;   /* peers.c */
	struct gossip *gossip; /* gossip.c */
	struct sync *sync;     /* sync.c */
	struct bft_room *bft;  /* bft.c; NULL: the engine knows no votes */

	/* When to be called again at the latest: the least of what this
	 * step's rooms asked for by node_wake(); 0 none. node_step() makes
	 * one EFFECT_TIMER of it. */
	uint64_t wake;
	uint64_t timer; /* what the shell was told last */

	/* for one step */
	uint64_t now;
	struct kv_view *store;
	struct effects *effects;
};

/* submit.c */
void submit_begin(struct node *n, const struct node_event *e);
/* Transactions that were asked of a peer, with their full hashes; what comes
 * of each is told by gossip_checked(). */
void submit_peer(struct node *n, uint64_t from, const struct span *txs,
		 const struct hash *fulls, size_t count);
/* A transaction that the node made itself. */
void submit_own(struct node *n, struct span tx);
/* Whether the signature of these bytes is being checked. */
bool submit_has(const struct node *n, const struct hash *full);
/* Whether peers may be asked for more. */
bool submit_has_room(const struct node *n);
void submit_checked(struct node *n, struct job *job);
void submit_free_all(struct node *n);

/* produce.c */
void produce(struct node *n);
void produce_signed(struct node *n, struct job *job);
void produce_durable(struct node *n, uint64_t seq);
/* The next slice of derived tables, when one is due. */
void produce_flush(struct node *n);
/* Fill a candidate with the best transactions that apply, of so many bytes
 * at most; what stands in an empty block. */
void produce_fill(struct node *n, struct candidate *b, size_t bytes_max);
void produce_placeholder(struct node *n, struct buf *out);
/* The row of the engine's state after a candidate, into its batch; *state is
 * that state, which the caller releases. */
void produce_put_state(struct node *n, const struct candidate *b,
		       struct kv_batch *batch, struct buf *state);
/* A sealed candidate and the batch that holds it: both are taken, and it is
 * adopted when they are durable. */
void produce_commit_take(struct node *n, struct candidate *b,
			 struct kv_batch *batch);

/* pool.c */
/* What an address never seen holds, at the tip. */
uint64_t pool_unseen(const struct node *n);
/* The tip moved; the pool has heard of what changed by it. before: what
 * pool_unseen() was. */
MUST_USE enum err pool_tip_moved(struct node *n, uint64_t before);
/*
 * Whether the next block might hold this operation, by what is cheap to know
 * and does not depend on what is pending before it: a vote is a validator's,
 * evidence is against one and not known yet. ERR_NOT_A_VALIDATOR, ERR_EXISTS,
 * ERR_UNSUPPORTED_OPERATION (a chain without validators).
 */
MUST_USE enum err pool_check_operation(const struct node *n,
				       const struct tx *tx, struct fault *f);
/* ERR_OK unless it is this operation's turn, the account's nonce being that,
 * and the ledger refuses it for good on the tip. ERR_OK, too, while blocks from
 * elsewhere are on their way into the chain. */
MUST_USE enum err pool_try_operation(struct node *n, const struct tx *tx,
				     uint64_t nonce, struct fault *f);
/* Whether this refusal by the ledger is of the operation, for good: it will not
 * be better in the next block by itself, as a gap is. */
bool pool_is_final(const struct tx *tx, enum err e);

MUST_USE enum err pool_is_included(struct node *n, bool *included,
				   const struct hash *id);
/* Blocks were taken back: what they held and the chain does not hold now goes
 * back into the pool. raw: a block's bytes. */
MUST_USE enum err pool_take_back(struct node *n, struct span raw);

/* At the start: the same for all that were taken back not long ago, for who
 * was told that they are in a block or pending. */
MUST_USE enum err pool_open(struct node *n);

/* Hand a batch to the shell, which owns it from now on; its number. */
uint64_t node_commit(struct node *n, struct kv_batch *batch);
/* Hand a job to the shell, which owns it until it gives it back; its number. */
uint64_t node_job(struct node *n, struct job *job, enum job_kind kind,
		  enum job_owner owner);

/* Ask to be stepped at this time (ms since 1970); the earliest counts. Every
 * room asks anew in every step, from its tick. */
void node_wake(struct node *n, uint64_t at);
/* A line for the operator; what a peer wrote may be in it. */
void node_log(struct node *n, enum notice level, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Height of the highest block that was ever settled here. The engine, asked of
 * the chain alone, says less after a move to where less was signed yet. */
uint64_t node_settled(const struct node *n);

/* The surroundings failed: tell the shell to stop. */
void node_fail(struct node *n, enum err e, const char *what);
void engine_block_of(struct engine_block *out, const struct chain_tip *tip);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One real node over kv_mem, for fuzzers: whatever the world around it does,
 * what it says must be well-formed, and what it keeps bounded. The world is
 * three authorities (the keys of the numbers 1 to 3) or, of a chain that votes,
 * four validators (1 to 4), and strangers. Every promise of the shell is kept
 * here (numbers rise, batches and the records of the vote journal become
 * durable in order), and nothing else is. Of a node that votes: it signs no
 * two votes for one height, round and kind, goes back to no round, and says
 * none before it is durable, as long as its journal is not lost; it prepares
 * what it can execute, and commits to what was prepared.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "chain/genesis.h"
#include "node/node.h"
#include "node/query.h"
#include "sim/journal.h"

#define WORLD_EPOCH UINT64_C(1700000000000) /* of genesis, ms since 1970 */
#define WORLD_START (WORLD_EPOCH + 30000)
#define WORLD_AUTHORITIES 3
#define WORLD_VALIDATORS 4
#define WORLD_KEYS 5 /* one more: who may be voted in */
#define WORLD_PEERS 8
#define WORLD_SELF 7   /* number of the node's own id */
#define WORLD_BLOCKS 4 /* proposed ones that are remembered */

enum world_engine {
	WORLD_POA,
	WORLD_BFT,
	WORLD_BFT_IDLE /* nothing is due without transactions */
};

struct world_chain {
	bool votes, idle;
	size_t members;			/* the first so many keys */
	size_t seats[WORLD_VALIDATORS]; /* which key has each, when it votes */
	struct hash genesis;
	struct kv_batch rows;
};

struct world_peer {
	uint64_t number; /* 0: not connected */
	bool inbound;
	bool dropped; /* the node is done with it */
	struct address id;
};

enum world_job {
	JOB_HONEST,
	JOB_ALL_BAD,  /* no signature holds */
	JOB_ALL_GOOD, /* every one does */
	JOB_WAYS
};

/* What becomes of the vote journal at a start. */
enum world_journal {
	JOURNAL_WRITTEN, /* what was not flushed yet is there all the same */
	JOURNAL_NEW,	 /* lost: the start makes a new one */
	JOURNAL_NONE,
	JOURNAL_OLDER, /* half of its records */
	JOURNAL_WAYS
};

/* A block that somebody proposed. */
struct world_block {
	struct hash hash;
	struct buf raw;
};

/* A vote that a validator is to say. */
struct world_vote {
	enum vote_kind kind;
	size_t seat;
	uint64_t height; /* 0: of the tip; 1: the one above it, ... */
	uint64_t round;
	size_t block;	   /* which of those that were proposed last */
	size_t at;	   /* a proposal's: the byte of the block ... */
	uint8_t flip;	   /* ... in which these bits are others */
	uint64_t prepared; /* a round change's: 0, or 1 + round */
};

struct world {
	const struct world_chain *chain;
	struct kv_mem *mem;
	struct node *node;
	unsigned who;  /* the key that it has; 0: none */
	bool boot;     /* it waits for a first peer */
	bool believes; /* workers that settle take every signature for good */
	bool over;     /* it said that it cannot go on */
	bool twin;     /* somebody else votes with its key */
	uint64_t now, timer;
	uint64_t next_peer, last_seq;
	struct world_peer peers[WORLD_PEERS];
	struct effects pending; /* jobs and commits not carried out yet */
	struct journal journal;
	struct rng ids; /* of journals */
	struct world_block blocks[WORLD_BLOCKS];
	size_t block_count; /* so many were proposed */
	uint64_t rings;	    /* of the timer, since the clock moved */
	uint64_t blocks_told;
	uint64_t sent[MESSAGE_TYPE_COUNT];
	size_t heap; /* bytes allocated before it began */
};

/* who: 0 for an observer, or which key it has; 5: of no member. */
void world_open(struct world *w, enum world_engine engine, unsigned who,
		bool boot);
/* Carry out what is left, then compare with a replay and with a restart. */
void world_close(struct world *w);

/* The id of a number: members from 0 on, strangers, WORLD_SELF. */
struct address world_id(const struct world *w, size_t number);
/* world_chain.c; made once and never freed. */
const struct world_chain *world_chain(enum world_engine engine);
const struct secret_key *world_key(size_t number); /* from 0 on */

/* slot: 0..WORLD_PEERS - 1. What does not apply is passed over. */
void world_connect(struct world *w, size_t slot, bool inbound, bool has_id,
		   size_t id);
void world_disconnect(struct world *w, size_t slot);
void world_message(struct world *w, size_t slot, enum message_type type,
		   struct span body);
/* The hello that is due on that connection, as it should be. */
void world_hello(struct world *w, size_t slot, uint64_t height);
void world_submit(struct world *w, struct span raw);
/* Move the clock, ringing the timer when due. */
void world_pass(struct world *w, uint64_t ms);
void world_do_job(struct world *w, size_t which, enum world_job how);
/* The first commit becomes durable. */
void world_do_commit(struct world *w);
/* The first record of the vote journal that waits becomes durable. */
void world_do_persist(struct world *w);
/* Carry out all that waits, honestly. */
void world_settle(struct world *w);
/* kill -9 and start: what is not durable is gone. */
void world_restart(struct world *w);
void world_restart_with(struct world *w, enum world_journal journal);

/* world_votes.c: what validators sign for each other. */
/* The validator of that seat says it over that connection; beside it is what
 * justifies it, if the others can. */
void world_say_vote(struct world *w, size_t slot, const struct world_vote *v);
/* A record of the node's, for its journal. */
void world_take_record(struct world *w, struct effect *e);
/* What the node sends, and what it is told. */
void world_sent_votes(struct world *w, enum message_type type,
		      struct span body);
void world_heard_votes(struct world *w, enum message_type type,
		       struct span body);

#endif

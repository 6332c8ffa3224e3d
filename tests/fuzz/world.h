/* SPDX-License-Identifier: MIT */
/*
 * One real node over kv_mem, for fuzzers: whatever the world around it does,
 * what it says must be well-formed, and what it keeps bounded. The world is
 * three authorities (the keys of the numbers 1 to 3) and strangers. Every
 * promise of the shell is kept here (numbers rise, batches become durable in
 * order), and nothing else is.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "chain/genesis.h"
#include "node/node.h"
#include "node/query.h"

#define WORLD_EPOCH UINT64_C(1700000000000) /* of genesis, ms since 1970 */
#define WORLD_START (WORLD_EPOCH + 30000)
#define WORLD_AUTHORITIES 3
#define WORLD_PEERS 8
#define WORLD_SELF 7 /* number of the node's own id */

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

struct world {
	struct kv_mem *mem;
	struct node *node;
	unsigned who; /* the authority that it is; 0: none */
	bool boot;    /* it waits for a first peer */
	uint64_t now, timer;
	uint64_t next_peer, last_seq;
	struct world_peer peers[WORLD_PEERS];
	struct effects pending; /* jobs and commits not carried out yet */
	uint64_t rings;		/* of the timer, since the clock moved */
	uint64_t blocks_told;
	uint64_t sent[MESSAGE_TYPE_COUNT];
	size_t heap; /* bytes allocated before it began */
};

void world_open(struct world *w, unsigned who, bool boot);
/* Carry out what is left, then compare with a replay and with a restart. */
void world_close(struct world *w);

/* The id of a number: authorities 0 to 2, strangers, WORLD_SELF. */
struct address world_id(const struct world *w, size_t number);
const struct hash *world_genesis(void);

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
/* Carry out all that waits, honestly. */
void world_settle(struct world *w);
/* kill -9 and start: what is not durable is gone. */
void world_restart(struct world *w);

#endif

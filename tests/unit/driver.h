/* SPDX-License-Identifier: MIT */
/*
 * A whole node in a test: the production core over kv_mem, on a clock that
 * the test moves, with Ed25519 keys made from small numbers. Jobs and commits
 * happen when the test says, and a crash drops what was not durable.
 */
#ifndef TESTS_UNIT_DRIVER_H
#define TESTS_UNIT_DRIVER_H

#include "node/node.h"
#include "node/query.h"
#include "node/verify.h"

#define DRIVER_START UINT64_C(1700000000000)
#define DRIVER_RESULTS 4096

/* What a node of a network is; {0} for one that is alone. Strings are
 * borrowed as long as the driver lives. */
struct driver_network {
	bool on;	 /* it may speak to peers */
	bool observer;	 /* makes no blocks */
	unsigned miners; /* keys 1, 2, ... of the genesis; 0: key 1 alone */
	unsigned key;	 /* its account; 0: key 1 */
	/* engine bft: the miners are its validators; members to add to
	 * `consensus` ("" or ", \"x\": 1"); NULL: poa */
	const char *bft;
	struct address id;
	uint64_t instance;
	struct hash upgrades;
	const char *listen;
	uint64_t boot_ms; /* waits so long for a first peer */
};

/* For engine bft: rounds that end soon. Round 0 lasts so many ms. */
#define BFT_TIMEOUT 1000
#define BFT_FAST ", \"timeout_ms\": 1000, \"timeout_max_ms\": 4000"

/* A vote journal in memory. */
struct driver_record {
	uint64_t seq, height;
	struct buf bytes;
};
struct driver_journal {
	bool is_missing, is_new;
	uint8_t id[JOURNAL_ID_BYTES];
	uint64_t last;
	struct driver_record *list; /* durable ones */
	size_t count;
};

struct driver {
	struct driver_network network;
	struct kv_mem *mem;
	struct node *node;
	struct secret_key *key; /* of the validator */
	struct verifier *verifier;
	struct driver_journal journal;
	struct effects pending; /* jobs, commits, records not carried out yet */
	struct effects told;	/* sent, dropped, logged, in a network */
	uint64_t now;
	uint64_t ahead; /* its clock is, of now; ms */
	uint64_t timer; /* 0: none; as now */
	uint64_t blocks_told;
	uint64_t drops_told;
	uint64_t verified; /* signatures checked by jobs */
	bool may_fail;	   /* the node may say that it cannot go on */
	uint64_t failures; /* how often it did */
	struct submit_result results[DRIVER_RESULTS]; /* of the last submit */
	size_t result_count;
	bool answered;
};

/* The key of a small number; the caller frees. */
struct secret_key *test_key(unsigned number);
struct address test_address(unsigned number);

/*
 * A node whose genesis has key 1 as its one miner and as the holder of
 * `balance`; more is JSON members to add ("" or ", \"x\": 1"), mining the
 * members of block_mining.
 */
void driver_new(struct driver *d, uint64_t balance, const char *mining,
		const char *more);
/* The same with keys 1 .. miners as miners; the node has key 1. */
void driver_new_of(struct driver *d, unsigned miners, uint64_t balance,
		   const char *mining, const char *more);
/* The same in a network. */
void driver_new_in(struct driver *d, const struct driver_network *network,
		   uint64_t balance, const char *mining, const char *more);
void driver_free(struct driver *d);
/* One event, at the driver's time. */
void driver_step(struct driver *d, struct node_event *e);
/* Carry out the first job or commit that waits; false when none does. */
bool driver_do_one(struct driver *d);
/* Carry out all. */
void driver_settle(struct driver *d);
/* Move the clock, ringing the timer when due, and carry out all. */
void driver_advance(struct driver *d, uint64_t ms);
/* How many records of a height its journal has. */
size_t driver_records(const struct driver *d, uint64_t height);
/* The journal is lost: at the next start it is a new, empty one. */
void driver_lose_journal(struct driver *d);
/* Forget what is not durable, and start again. */
void driver_crash(struct driver *d);
/* Submit and carry out until it is answered (blocks wait for the clock). */
void driver_submit(struct driver *d, const struct span *txs, size_t count);
/* A signed transaction with these fields, sender and key filled in; the
 * caller releases. */
struct buf driver_sign(const struct driver *d, unsigned from,
		       const struct tx *fields);
/* A signed transfer from the key of a number; the caller releases. */
struct buf driver_transfer(const struct driver *d, unsigned from,
			   uint64_t nonce, const struct address *to,
			   uint64_t amount, uint64_t fee);
/* Submit one; its result. */
struct submit_result driver_send(struct driver *d, unsigned from,
				 uint64_t nonce, unsigned to, uint64_t amount,
				 uint64_t fee);
uint64_t driver_height(const struct driver *d);
/* At the tip. */
uint64_t driver_balance(struct driver *d, unsigned number);

#endif

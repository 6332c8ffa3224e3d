/* SPDX-License-Identifier: MIT */
/*
 * Make a chain in a store from a genesis file: read, mine the genesis block,
 * write it. Shared by ccoin-init and ccoind --genesis.
 */
#ifndef DAEMON_INIT_H
#define DAEMON_INIT_H

#include "base/err.h"
#include "ledger/genesis.h"
#include "store/kv_lmdb.h"

struct init_result {
	uint64_t nonce;
	struct hash pow;
	struct hash genesis; /* the chain's id */
};

/* Told now and then; false gives up. */
struct init_progress {
	bool (*mining)(void *ctx, uint64_t tries);
	bool (*storing)(void *ctx, uint64_t done, uint64_t of);
	void *ctx;
};

/* Read and parse a genesis file. The fault's detail names the path. */
MUST_USE enum err init_read_genesis(struct rules *out, const char *path,
				    struct fault *f);
/*
 * Mine and write the genesis block. ERR_EXISTS when the store holds a chain
 * (nothing is changed); ERR_TIMEOUT when progress gave up: then there is no
 * chain, and what was written of it goes with the next attempt. out and
 * progress may be NULL.
 */
MUST_USE enum err init_store(struct init_result *out, struct store *store,
			     const struct rules *rules,
			     const struct init_progress *progress,
			     struct fault *f);
/* Write the genesis block with a nonce that is known to seal it. The errors
 * of init_store(). */
MUST_USE enum err init_store_sealed(struct store *store,
				    const struct rules *rules, uint64_t nonce,
				    struct fault *f);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What is sent: senders with RSA-2048 keys, a genesis file made from them,
 * and their signed transactions. All of it is kept in a cache directory,
 * since a key takes 0.18 s and a signature 0.24 ms. The genesis file has a
 * fixed time, so the chain's id, and with it the signatures, stay valid.
 */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#include "bench/util.h"
#include "crypto/hash.h"
#include "crypto/key.h"

#define CORPUS_BALANCE 1000000 /* of every account */

struct corpus {
	size_t senders, accounts, rounds;
	size_t block; /* transactions in a block at most */
	char *genesis_path;
	struct hash chain;
	struct address *address; /* of each account; the senders' first */
	struct buf raw;		 /* transactions, by nonce, then by sender */
	size_t *ends;
};

/* Take from the cache what is there, make the rest. Each sender pays 1 to
 * another account with each of its nonces 0..rounds-1. */
void corpus_make(struct corpus *out, const char *cache, size_t senders,
		 size_t accounts, size_t rounds, size_t block);
void corpus_release(struct corpus *c);
struct span corpus_tx(const struct corpus *c, size_t nonce, size_t sender);
/* Put the key of sender 0, the chain's miner, into a data directory. */
void corpus_give_key(const struct corpus *c, const char *cache,
		     const char *datadir);
/* An account that is not a sender. */
struct address corpus_account(size_t i);

#endif

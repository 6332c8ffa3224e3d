/* SPDX-License-Identifier: MIT */
/*
 * Before there is a node: the rules of a chain, asked of one that has it, by
 * somebody who knows its genesis hash alone. Waits, within bounds; the loop
 * does not run yet. What comes is bytes of a stranger: the caller compares
 * the hash.
 */
#ifndef NET_FETCH_GENESIS_H
#define NET_FETCH_GENESIS_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/key.h"

#define FETCH_OPEN_MS 10000  /* to connect and to prove the keys */
#define FETCH_PIECE_MS 15000 /* for each piece */

struct fetched {
	struct buf rules_raw; /* canonical rules, it is said */
	uint64_t nonce;	      /* of the genesis block's seal */
};

/* Told with every piece. May be NULL. */
typedef void fetch_progress_fn(void *ctx, uint64_t done, uint64_t total);

struct fetch_from {
	const char *where;	      /* host:port */
	const struct secret_key *key; /* proves our id */
	bool plain;		      /* no TLS */
	fetch_progress_fn *progress;
	void *ctx;
};

/*
 * Ask one node for it. ERR_IO: nobody is there, or it hung up; ERR_TIMEOUT;
 * ERR_MALFORMED: not what the protocol says; ERR_UNAVAILABLE: it says why it
 * does not want to; ERR_CRYPTO. The fault's detail names the address. On an
 * error *out is empty. release: buf_release(&out->rules_raw). SIGPIPE must be
 * ignored.
 */
MUST_USE enum err fetch_genesis(struct fetched *out,
				const struct fetch_from *from, struct fault *f);

#endif

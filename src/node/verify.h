/* SPDX-License-Identifier: MIT */
/*
 * Verify a store: recompute everything from the genesis block on and compare
 * (links, seals, signatures, roots, balances, supply, derived tables).
 * Trusts nothing but the genesis hash that the store names.
 */
#ifndef NODE_VERIFY_H
#define NODE_VERIFY_H

#include "base/err.h"
#include "crypto/hash.h"
#include "kv/kv.h"

struct verify_report {
	struct hash genesis;
	uint64_t height;       /* of the tip */
	uint64_t blocks;       /* checked, genesis included */
	uint64_t transactions; /* checked */
	uint64_t accounts;
	uint64_t supply;
	struct hash state_root;
};

/* Called after each block; tip is the last height. */
typedef void verify_progress_fn(void *ctx, uint64_t height, uint64_t tip);

/*
 * ERR_OK: all is as it must be. Otherwise the fault says what is wrong and
 * where ("block 12", "account ab..."); ERR_NOT_FOUND: no chain. The view
 * must not change meanwhile.
 */
MUST_USE enum err node_verify(struct verify_report *out, struct kv_view *store,
			      verify_progress_fn *progress, void *ctx,
			      struct fault *f);

#endif

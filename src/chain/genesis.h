/* SPDX-License-Identifier: MIT */
/*
 * The genesis block: a pure function of the rules. Its hash is the chain's
 * id. It is sealed by a nonce: the lowest from 0 whose pow hash has
 * genesis_difficulty leading zero hex digits.
 */
#ifndef CHAIN_GENESIS_H
#define CHAIN_GENESIS_H

#include "base/err.h"
#include "codec/block.h"
#include "kv/kv.h"
#include "ledger/delta.h"
#include "ledger/genesis.h"

/* {0} before genesis_make(); end with genesis_release(). */
struct genesis {
	const struct rules *rules; /* borrowed */
	struct buf rules_raw;
	struct buf header_raw;
	struct delta delta;
	const struct account **by_address; /* those of the delta */
	struct hash hash;		   /* the chain's id */
};

void genesis_make(struct genesis *out, const struct rules *rules);
void genesis_release(struct genesis *g);
/*
 * Try nonces from *nonce on, at most `tries` of them. True when *nonce fits;
 * then *pow is its hash. Otherwise *nonce is where to go on.
 */
bool genesis_mine(struct hash *pow, uint64_t *nonce, const struct genesis *g,
		  uint64_t tries);
/*
 * The writes that store the genesis block, in batches of a few thousand:
 * start with *at = 0; false when there are no more. The chain is whole when
 * the last one is durable, and META_UNFINISHED stands until then.
 */
bool genesis_batch(const struct genesis *g, uint64_t nonce, size_t *at,
		   struct kv_batch *out);
/*
 * Writes that remove what an interrupted making left, which may have been
 * another genesis: to be committed, and asked for again until out stays
 * empty. META_UNFINISHED stands until the next making ends.
 */
MUST_USE enum err genesis_clear(struct kv_batch *out, struct kv_view *view);
/*
 * The rules and the genesis hash of the chain in a store. ERR_NOT_FOUND:
 * there is none, or its making was interrupted; ERR_CORRUPT: damaged.
 */
MUST_USE enum err genesis_load(struct rules *rules, struct hash *genesis,
			       struct kv_view *view, struct fault *f);

#endif

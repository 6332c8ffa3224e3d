/* SPDX-License-Identifier: MIT */
/* What verify.c and verify_tables.c share, for no other file. */
#ifndef NODE_VERIFY_INTERNAL_H
#define NODE_VERIFY_INTERNAL_H

#include "chain/chain.h"
#include "consensus/engine.h"
#include "node/verify.h"

struct verify {
	struct kv_view *store;
	struct chain *stored;	/* the store as a node opens it */
	struct kv_view *tables; /* its tables as of the tip */
	struct kv_mem *mem;	/* the second chain's store */
	struct chain *again;
	struct engine *engine;
	struct verifier *verifier;
	struct kv_overlay *keys; /* address -> key, from verified blocks */
	struct buf state;	 /* the engine's, after the block before */
	uint64_t entries[KV_TABLE_COUNT]; /* that the tables must have */
	uint64_t seq;
	uint64_t height;
	struct verify_report *report;
	struct fault *f;
};

/*
 * verify_tables.c: the entries of the derived tables that one block makes,
 * while the second chain stands at it; and at the end every account, and
 * that no table holds more. ERR_CORRUPT, and the fault says where.
 */
MUST_USE enum err verify_derived(struct verify *v, const struct tx *txs,
				 size_t tx_count, const struct delta *delta);
/* The mountain range at this height, where the store keeps one. */
MUST_USE enum err verify_range(struct verify *v);
MUST_USE enum err verify_accounts(struct verify *v);
MUST_USE enum err verify_counts(struct verify *v);

#endif

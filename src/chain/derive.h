/* SPDX-License-Identifier: MIT */
/*
 * From one block and its delta to the entries of the derived tables: used
 * when a block is adopted, when the log is replayed after a crash, and to
 * verify a store.
 */
#ifndef CHAIN_DERIVE_H
#define CHAIN_DERIVE_H

#include "base/err.h"
#include "codec/tx.h"
#include "kv/kv.h"
#include "ledger/delta.h"

/* Where the entries go. */
struct derive_sink {
	/* The account after the block, of an address that the delta does not
	 * list (a transfer of 0 left it as it was). */
	enum err (*account)(void *ctx, struct account *out,
			    const struct address *address);
	enum err (*put)(void *ctx, enum kv_table t, struct span key,
			struct span value);
	void *ctx;
};

/* txs are decoded and hashed. Errors are the sink's. */
MUST_USE enum err derive_block(const struct derive_sink *sink, uint64_t height,
			       const struct tx *txs, size_t tx_count,
			       const struct delta *delta);

/*
 * The way back over a block: its entries are deleted or get the delta's old
 * records, in an overlay. Doing it again changes nothing. A key stays: it is
 * its address's, whatever becomes of the block that brought it.
 */
MUST_USE enum err derive_undo(struct kv_overlay *into, uint64_t height,
			      const struct tx *txs, size_t tx_count,
			      const struct delta *delta);

#endif

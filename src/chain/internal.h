/* SPDX-License-Identifier: MIT */
/* What the files of this room share: the chain's own struct. */
#ifndef CHAIN_INTERNAL_H
#define CHAIN_INTERNAL_H

#include "chain/chain.h"
#include "chain/derive.h"

/* A flush under way: which tables, up to where. */
struct flush {
	bool running;
	bool in_flight;	 /* a slice is being written */
	uint64_t target; /* the watermark when it is done */
	enum kv_table table;
	struct buf from;       /* next key of that table */
	struct kv_batch slice; /* a copy of what is in flight */
	uint64_t seq;
	bool last;
};

struct chain {
	struct rules rules;
	struct hash genesis;
	uint64_t seed;
	struct chain_tip tip;
	struct mmr range; /* over all headers, the tip's included */
	struct state_tree *tree;
	struct kv_overlay *overlay; /* derived entries, not yet flushed */
	uint64_t watermark;
	struct flush flush;
};

/* Put the derived entries of a block into the overlay. */
MUST_USE enum err chain_derive(struct chain *c, struct kv_view *store,
			       uint64_t height, const struct tx *txs,
			       size_t tx_count, const struct delta *delta);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What poa remembers of a chain: for each authority its latest block and its
 * slots, and what follows from that, what is backed and what is settled. A
 * plain value that moves from block to block. Knows slots and numbers of
 * authorities; not times, keys or what may be made next.
 */
#ifndef CONSENSUS_POA_STATE_H
#define CONSENSUS_POA_STATE_H

#include "base/bytes.h"
#include "base/err.h"

/* One authority. All zeros: it has made nothing. */
struct poa_row {
	uint64_t height; /* of its latest block; 0: none */
	uint64_t slot;	 /* of that block */
	uint64_t made;	 /* blocks */
	/* slots of its own that passed without its block while all were to
	 * fill theirs: in all, and since its latest block */
	uint64_t missed;
	uint64_t missed_since;
	/* one more than its latest slot before that block in which this chain
	 * has no block of it; 0: none. It may have signed elsewhere there. */
	uint64_t gap;
};

/* A block that a quorum stands behind. */
struct poa_backed {
	uint64_t height, slot; /* of the block */
	uint64_t since;	       /* height of the block that made it so */
};

struct poa_state {
	struct poa_row *rows; /* n of them, in the order of the miners */
	size_t n;
	uint64_t last_with_txs; /* height of the last block with some */
	uint64_t settled;	/* height */
	/* the highest block that a quorum signed or built upon */
	struct poa_backed backed;
	/* those that may still be settled, lowest first */
	struct poa_backed *open;
	size_t open_count;
	uint64_t slot; /* of the latest block */
};

/* A block as this room sees it. */
struct poa_block {
	uint64_t height;
	uint64_t slot;
	size_t signer; /* number of the authority; n: nobody (genesis) */
	bool has_txs;
};

/* Of a chain of no block. */
void poa_state_init(struct poa_state *s, size_t n);
void poa_state_copy(struct poa_state *out, const struct poa_state *s);
void poa_state_release(struct poa_state *s);

/* Distinct authorities of n that settle a block: floor(2n/3) + 1. */
size_t poa_quorum(size_t n);
/* Whether authorities are to fill their slots: the last block that holds
 * transactions is not settled. */
bool poa_is_filling(const struct poa_state *s);
/* Authorities that signed the last block with transactions or a later one;
 * 0 when there is none. */
size_t poa_signed_count(const struct poa_state *s);

/* The block follows. */
void poa_advance(struct poa_state *s, const struct poa_block *b);

/* All but the slot, which the block itself tells. */
void poa_state_encode(struct buf *out, const struct poa_state *s);
/* The state after a block of this height and slot, into one of n
 * authorities. ERR_CORRUPT; then its content is undefined. */
MUST_USE enum err poa_state_decode(struct poa_state *s, struct span in,
				   uint64_t height, uint64_t slot);

#endif

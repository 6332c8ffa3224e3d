/* SPDX-License-Identifier: MIT */
/*
 * What one block changed: each touched account's old and new record, the
 * reward that was minted and the supply after it. Stored beside the block;
 * every derived table can be made again from these.
 */
#ifndef LEDGER_DELTA_H
#define LEDGER_DELTA_H

#include "ledger/account.h"

struct delta_change {
	bool existed;	    /* before the block */
	struct account old; /* when it existed */
	struct account new;
};

/* {0} is empty. Owns changes; sorted by account_key(). */
struct delta {
	uint64_t supply; /* after the block */
	uint64_t reward; /* minted for the producer */
	uint64_t fees;	 /* that the producer got */
	struct delta_change *changes;
	size_t count;
};

/*
 * Reads a delta from front to back without a copy of its changes. A plain
 * value that borrows the bytes.
 */
struct delta_reader {
	uint64_t supply, reward, fees; /* as in struct delta */
	size_t left;		       /* changes not read yet */
	struct span rest;	       /* their bytes */
};

void delta_encode(struct buf *out, const struct delta *d);
/* ERR_CORRUPT when the bytes are not a delta (they come from our store). */
MUST_USE enum err delta_decode(struct delta *out, struct span raw);
void delta_release(struct delta *d);

/* ERR_CORRUPT as above; the changes are not looked at yet. */
MUST_USE enum err delta_reader_init(struct delta_reader *out, struct span raw);
/* The next change: ERR_NOT_FOUND behind the last, ERR_CORRUPT. */
MUST_USE enum err delta_reader_next(struct delta_reader *r,
				    struct delta_change *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Votes and evidence on a whole node (driver.h), by keys of small numbers,
 * and blocks as only a quorum of cheats makes them.
 */
#ifndef TESTS_UNIT_DRIVER_OPS_H
#define TESTS_UNIT_DRIVER_OPS_H

#include "driver.h"

/* Full bytes, for the driver's chain, without a fee; the caller releases. A
 * vote of key `from` to add key `who`, with the acceptance of key `by`, which
 * an honest one has of `who`. */
struct buf ops_add(const struct driver *d, unsigned from, uint64_t nonce,
		   unsigned who, unsigned by);
struct buf ops_remove(const struct driver *d, unsigned from, uint64_t nonce,
		      unsigned who, bool few);
/* Two PREPAREs of a key for one height, the second signed by key `by`. */
struct buf ops_evidence(const struct driver *d, unsigned from, uint64_t nonce,
			unsigned offender, unsigned by, uint64_t height);

/* Submit one, whose bytes are released; its result. */
struct submit_result ops_push(struct driver *d, struct buf *raw);
enum tx_state ops_state(struct driver *d, const struct hash *id,
			enum err *reason);

/*
 * A next block with these transactions, whose signatures nobody looked at,
 * under a true certificate of keys 1 .. validators, which are the set: into
 * the driver's store as it is, and the driver starts again upon it.
 */
void ops_force_block(struct driver *d, unsigned validators,
		     const struct span *txs, size_t count);
/* A transaction past all checks into the pool; its id. */
struct hash ops_force_pending(struct driver *d, struct span raw);

#endif

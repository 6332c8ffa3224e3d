/* SPDX-License-Identifier: MIT */
/*
 * Merkle trees in the manner of RFC 6962: a leaf is SHA-256(0x00 || leaf), a
 * node SHA-256(0x01 || left || right), split at the largest power of two
 * below the count, so that an odd leaf is never doubled; the root of nothing
 * is SHA-256 of the empty string. The Merkle mountain range over the same
 * leaves has the same root; it needs only its peaks to grow.
 */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include "crypto/hash.h"

/* The peaks of a range of count leaves: one per set bit of count, the
 * largest first. A plain value; {0} is empty. */
struct mmr {
	uint64_t count;
	struct hash peaks[64];
};

void mmr_append(struct mmr *m, const struct hash *leaf);
void mmr_root(struct hash *out, const struct mmr *m);
/* Root over leaves[0..count). */
void merkle_root(struct hash *out, const struct hash *leaves, size_t count);

#endif

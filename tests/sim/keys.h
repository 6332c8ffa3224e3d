/* SPDX-License-Identifier: MIT */
/*
 * Keys that cost a hash instead of a curve: public keys of the Ed25519 form
 * made from numbers, and signatures that anybody could make who knew how.
 * They vary from one to the next, as PSS does. Production code has no part
 * in it: the simulator carries out the jobs.
 */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include "crypto/key.h"

#define SIM_SPKI 44
#define SIM_SIGNATURE 64

struct sim_key {
	uint8_t spki[SIM_SPKI];
	struct address address;
};

void sim_key_make(struct sim_key *out, uint32_t number);
/* Append the signature; salt is what makes it vary. */
void sim_sign(struct buf *out, struct span spki, const struct hash *digest,
	      uint64_t salt);
MUST_USE enum err sim_verify(struct span spki, const struct hash *digest,
			     struct span signature);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The core's one random generator: xoshiro256**, seeded when the node is
 * made, so that a run replays from its seed. Not for secrets.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Uniform in 0..n-1; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

#endif

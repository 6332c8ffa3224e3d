/* SPDX-License-Identifier: MIT */
/* The poa engine alone, with as many authorities as a test wants. */
#ifndef TESTS_UNIT_POA_FIXTURE_H
#define TESTS_UNIT_POA_FIXTURE_H

#include "consensus/engine.h"

#define MINERS_TEST_MAX 8
#define GENESIS_TIME 10000

extern struct rules rules;
extern struct engine *engine;
extern struct address miners[MINERS_TEST_MAX];

/* Another `engine`, of n authorities, on a chain of nothing. */
void make_engine(size_t n, uint64_t slot_ms);
/* Its hash is of height and miner alone. */
struct engine_block block_of(uint64_t height, uint64_t time, size_t miner,
			     bool has_txs);

#endif

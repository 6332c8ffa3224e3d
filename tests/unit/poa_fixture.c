/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "poa_fixture.h"

#include <check.h>

#include "driver.h"

struct rules rules;
struct engine *engine;
struct address miners[MINERS_TEST_MAX];

void make_engine(size_t n, uint64_t slot_ms)
{
	size_t i;

	rules = (struct rules){.miners = miners,
			       .miner_count = n,
			       .slot_ms = slot_ms,
			       .genesis_time = GENESIS_TIME,
			       .interval_ms = 5000,
			       .min_bound = 3,
			       .max_bound = 10};
	for (i = 0; i < n; i++)
		miners[i] = test_address((unsigned)i + 1);
	ck_assert(!engine_poa.create(&engine, &rules, NULL, NULL));
}

struct engine_block block_of(uint64_t height, uint64_t time, size_t miner,
			     bool has_txs)
{
	struct engine_block b = {.height = height,
				 .time = time,
				 .has_producer = true,
				 .producer = miners[miner],
				 .has_txs = has_txs};

	put_be64(b.hash.b, height * 100 + miner);
	return b;
}

/* SPDX-License-Identifier: MIT */
/* What the two files of the mempool's test share. */
#ifndef TESTS_UNIT_CHECK_MEMPOOL_H
#define TESTS_UNIT_CHECK_MEMPOOL_H

#include "mempool/mempool.h"

struct address test_address(uint8_t who);
/* A transaction of this many bytes with an id of its own. It borrows bytes
 * that every one of them shares. */
struct tx test_tx(uint8_t who, uint64_t nonce, uint64_t fee, uint64_t amount,
		  uint8_t to, size_t bytes);
/* Play random operations from this seed on the pool and on the naive one. */
void test_model(uint64_t seed);

#endif

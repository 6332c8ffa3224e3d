/* SPDX-License-Identifier: MIT */
/*
 * What every fuzzer includes. A fuzzer is one function over bytes: it must
 * neither crash nor break the property that it asserts, whatever the bytes.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An assertion that NDEBUG does not remove. */
#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			BUG("fuzz: " #condition);                              \
	} while (0)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Amounts of money: unsigned integers, at most 2^53 - 1, so that no JSON
 * client misreads one (DESIGN: "Amounts"). All arithmetic is checked.
 */
#ifndef BASE_AMOUNT_H
#define BASE_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

/* The cap of one amount and of the whole supply; also of every integer that
 * a client reads in JSON (height, nonce, time). */
#define AMOUNT_MAX ((UINT64_C(1) << 53) - 1)

/* *out = a + b; false, *out unchanged, when that passes AMOUNT_MAX. */
MUST_USE bool amount_add(uint64_t *out, uint64_t a, uint64_t b);

#endif

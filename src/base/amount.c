/* SPDX-License-Identifier: MIT */
/* Checked arithmetic on amounts; see the header. */
#include "base/amount.h"

bool amount_add(uint64_t *out, uint64_t a, uint64_t b)
{
	if (a > AMOUNT_MAX || b > AMOUNT_MAX - a)
		return false;
	*out = a + b;
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "ledger/validators.h"

size_t validators_faults(size_t n)
{
	return n ? (n - 1) / 3 : 0;
}

size_t validators_quorum(size_t n)
{
	return (n + validators_faults(n)) / 2 + 1;
}

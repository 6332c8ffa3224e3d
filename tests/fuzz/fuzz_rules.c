/* SPDX-License-Identifier: MIT */
/* A chain's rules from a store that may be damaged. */
#include "fuzz/fuzz.h"
#include "ledger/genesis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span raw = SPAN(data, len);
	struct buf again = {0};
	struct rules rules;

	if (rules_decode(&rules, raw))
		return 0;
	rules_encode(&again, &rules);
	MUST(span_eq(buf_span(&again), raw));
	buf_release(&again);
	rules_release(&rules);
	return 0;
}

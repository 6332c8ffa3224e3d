/* SPDX-License-Identifier: MIT */
/* A block's delta from a store that may be damaged. */
#include "fuzz/fuzz.h"
#include "ledger/delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span raw = SPAN(data, len);
	struct buf again = {0};
	struct delta d;

	if (delta_decode(&d, raw))
		return 0;
	delta_encode(&again, &d);
	MUST(span_eq(buf_span(&again), raw));
	buf_release(&again);
	delta_release(&d);
	return 0;
}

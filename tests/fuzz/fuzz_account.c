/* SPDX-License-Identifier: MIT */
/* An account's record from a store that may be damaged. */
#include "fuzz/fuzz.h"
#include "ledger/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span raw = SPAN(data, len);
	struct buf again = {0};
	struct account a;

	if (account_decode(&a, raw))
		return 0;
	account_encode(&again, &a);
	MUST(span_eq(buf_span(&again), raw));
	buf_release(&again);
	return 0;
}

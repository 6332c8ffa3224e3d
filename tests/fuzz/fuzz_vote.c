/* SPDX-License-Identifier: MIT */
/* Votes, lists of them, certificates, double votes and records of the journal
 * (the first byte says which): what decodes encodes back to the same bytes, and
 * a seal takes a certificate just when its decoder does. */
#include "fuzz/fuzz.h"
#include "votes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum vote_thing t;
	struct buf again = {0};
	struct span raw;

	if (!len)
		return 0;
	t = (enum vote_thing)(data[0] % THINGS);
	raw = SPAN(data + 1, len - 1);
	if (!thing_again(&again, t, raw))
		MUST(span_eq(buf_span(&again), raw));
	buf_release(&again);
	return 0;
}

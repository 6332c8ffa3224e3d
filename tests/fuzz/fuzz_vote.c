/* SPDX-License-Identifier: MIT */
/* Votes, lists of them, certificates, double votes and records of the journal
 * (the first byte says which): what decodes encodes back to the same bytes, and
 * a seal takes a certificate just when its decoder does. */
#include "codec/block.h"
#include "fuzz/fuzz.h"
#include "votes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum vote_thing t;
	struct buf again = {0};
	struct span raw;
	struct seal seal;
	bool good;

	if (!len)
		return 0;
	t = (enum vote_thing)(data[0] % THINGS);
	raw = SPAN(data + 1, len - 1);
	good = !thing_again(&again, t, raw);
	if (good)
		MUST(span_eq(buf_span(&again), raw));
	if (t == THING_CERTIFICATE) {
		bool is_seal = !seal_decode(&seal, raw);

		/* a seal may also be of three elements */
		MUST(good == (is_seal && seal.certificate.len > 0));
		MUST(!good || span_eq(seal.certificate, raw));
	}
	buf_release(&again);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Genesis files. What is accepted has one encoding, which reads back as the
 * same rules; what is refused says which field.
 */
#include "fuzz/fuzz.h"
#include "ledger/genesis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf first = {0}, second = {0};
	struct rules rules, read;
	struct fault f = {0};
	enum err e;

	e = genesis_parse(&rules, SPAN(data, len), &f);
	if (e) {
		MUST(f.code == e && f.detail[0]);
		return 0;
	}
	rules_encode(&first, &rules);
	MUST(!rules_decode(&read, buf_span(&first)));
	rules_encode(&second, &read);
	MUST(span_eq(buf_span(&first), buf_span(&second)));
	buf_release(&first);
	buf_release(&second);
	rules_release(&rules);
	rules_release(&read);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Messages of every type (the first byte): what decodes, down to the elements
 * of lists, encodes back to the same bytes. */
#include "fuzz/fuzz.h"
#include "messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf again = {0};
	enum message_type t;
	struct span body;

	if (!len)
		return 0;
	t = (enum message_type)(data[0] % MESSAGE_TYPE_COUNT);
	body = SPAN(data + 1, len - 1);
	if (body.len <= message_bytes_max(t) && !message_again(&again, t, body))
		MUST(span_eq(buf_span(&again), body));
	buf_release(&again);
	return 0;
}

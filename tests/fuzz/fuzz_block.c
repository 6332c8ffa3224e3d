/* SPDX-License-Identifier: MIT */
/* Blocks: what decodes encodes back to the same bytes, part by part. */
#include "codec/block.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span raw = SPAN(data, len);
	struct buf again = {0};
	struct block b;

	if (block_decode(&b, raw))
		return 0;
	MUST(len <= BLOCK_BYTES_MAX + SEAL_BYTES_MAX);
	MUST(b.size <= BLOCK_BYTES_MAX);
	header_encode(&again, &b.header);
	MUST(span_eq(buf_span(&again), b.header_raw));
	buf_reset(&again);
	block_encode(&again, b.header_raw, &b.seal, b.txs, b.tx_count);
	MUST(span_eq(buf_span(&again), raw));
	buf_release(&again);
	block_release(&b);
	return 0;
}

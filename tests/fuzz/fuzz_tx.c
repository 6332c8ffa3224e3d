/* SPDX-License-Identifier: MIT */
/*
 * Transactions as a client or a peer sends them. What decodes encodes back to
 * the same bytes: else one transaction would have two forms and two hashes.
 */
#include "codec/tx.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span raw = SPAN(data, len);
	struct fault f;
	struct buf again = {0};
	struct tx tx;

	if (tx_decode(&tx, raw, TX_BYTES_MAX, &f))
		return 0;
	tx_encode(&again, &tx);
	MUST(span_eq(buf_span(&again), raw));
	MUST(span_eq(tx.raw, raw));
	buf_reset(&again);
	tx_encode_body(&again, &tx);
	MUST(span_eq(buf_span(&again), tx.body));
	MUST(tx.amount <= AMOUNT_MAX && tx.fee <= AMOUNT_MAX);
	MUST((tx.nonce == 0) == (tx.key.len != 0));
	buf_release(&again);
	return 0;
}

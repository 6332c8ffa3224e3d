/* SPDX-License-Identifier: MIT */
/*
 * Transactions pushed as JSON. What is accepted and well-formed says the same
 * thing when it is printed and read again; what the scan takes is what the
 * parser takes.
 */
#include "codec/tx_json.h"
#include "fuzz/fuzz.h"

static void check_round_trip(struct span raw)
{
	struct buf again = {0};
	struct fault f;
	struct tx tx;
	json_t *out;

	if (tx_decode(&tx, raw, TX_BYTES_MAX, &f))
		return;
	out = tx_to_json(&tx, SPAN("", 0));
	MUST(out);
	/* The id printed needs a chain, which there is none of here. */
	json_object_del(out, "id");
	MUST(!tx_from_json(&again, out, &f));
	MUST(span_eq(buf_span(&again), raw));
	json_decref(out);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf raw = {0}, scanned = {0};
	struct fault f = {0};
	json_t *in = json_parse(SPAN(data, len), &f);
	size_t end, count = tx_scan_json(&scanned, &end, 1, SPAN(data, len));
	enum err e;

	if (!in) {
		MUST(f.code);
		MUST(!count);
		return 0;
	}
	f = (struct fault){0};
	e = tx_from_json(&raw, in, &f);
	if (e)
		MUST(f.code == e);
	else
		check_round_trip(buf_span(&raw));
	if (count && !json_is_array(in))
		MUST(!e && span_eq(buf_span(&raw), buf_span(&scanned)));
	buf_release(&scanned);
	json_decref(in);
	buf_release(&raw);
	return 0;
}

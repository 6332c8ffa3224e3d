/* SPDX-License-Identifier: MIT */
/* Votes and evidence as JSON. Private to tx_json.c. */
#ifndef CODEC_TX_OP_JSON_H
#define CODEC_TX_OP_JSON_H

#include <jansson.h>

#include "codec/tx.h"

/* What the spans of an operation borrow. {0} is empty. */
struct tx_op_bytes {
	struct buf what; /* the change, or the double vote */
	struct buf acceptance;
};
void tx_op_bytes_release(struct tx_op_bytes *b);

/*
 * Fill in the operation from the member `vote` or `evidence` of a transaction;
 * the fault names the place ("vote.add.public_key"). What the bytes must obey
 * is left to tx_decode().
 */
MUST_USE enum err tx_vote_from_json(struct tx *tx, struct tx_op_bytes *bytes,
				    const json_t *in, struct fault *f);
MUST_USE enum err tx_evidence_from_json(struct tx *tx,
					struct tx_op_bytes *bytes,
					const json_t *in, struct fault *f);
/* The members; tx was decoded. */
MUST_USE json_t *tx_vote_to_json(const struct tx *tx);
MUST_USE json_t *tx_evidence_to_json(const struct tx *tx);

#endif

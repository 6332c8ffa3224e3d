/* SPDX-License-Identifier: MIT */
/* The operation within a transaction's body. Private to tx*.c. */
#ifndef CODEC_TX_OP_H
#define CODEC_TX_OP_H

#include "codec/msgpack.h"
#include "codec/tx.h"

/* Append the list of operations, which holds one. */
void tx_op_encode(struct buf *out, const struct tx *tx);
/* Read that list. A form that the reader refuses is its error;
 * ERR_UNSUPPORTED_OPERATION. */
MUST_USE enum err tx_op_read(struct tx *tx, struct mp_reader *r,
			     struct fault *f);
/* What is within the operation that was read, once the whole could be. */
MUST_USE enum err tx_op_check(const struct tx *tx, struct fault *f);

#endif

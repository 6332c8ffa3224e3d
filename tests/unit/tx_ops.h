/* SPDX-License-Identifier: MIT */
/*
 * Votes and evidence for tests, signed as they must be, or by whoever the test
 * says: what a forger would make.
 */
#ifndef TESTS_UNIT_TX_OPS_H
#define TESTS_UNIT_TX_OPS_H

#include "codec/tx.h"
#include "codec/vote.h"
#include "crypto/key.h"

/* The sender's side of a transaction. */
struct op_sender {
	const struct secret_key *key;
	uint64_t nonce, fee;
	const struct hash *genesis;
};

struct tx_change op_add(const struct secret_key *key);
struct tx_change op_remove(const struct address *account);

/* Append full bytes. accepts NULL: there is no acceptance; over NULL: over
 * what is due. */
void op_vote(struct buf *raw, const struct op_sender *s, bool approve,
	     const struct tx_change *c, const struct secret_key *accepts,
	     const struct hash *over);
/* Two PREPAREs of the offender for two blocks, at a height, really signed by
 * these. */
void op_double_vote(struct buf *out, const struct secret_key *offender,
		    const struct secret_key *const signers[2], uint64_t height,
		    const struct hash *genesis);
void op_evidence(struct buf *raw, const struct op_sender *s,
		 struct span double_vote);

#endif

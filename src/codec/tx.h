/* SPDX-License-Identifier: MIT */
/*
 * Transactions as bytes (DESIGN: "Transaction"; doc/protocol.md has the
 * layout). Full bytes: [body, public key, signature]. Body: [version,
 * sender, nonce, fee, valid_until, data, [operation]]. A transfer is
 * [0, recipient, amount]. The public key is empty unless the nonce is 0.
 */
#ifndef CODEC_TX_H
#define CODEC_TX_H

#include "base/amount.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/key.h"

#define TX_VERSION 1
#define TX_BYTES_MAX 4096 /* consensus bound on the full bytes */
#define TX_NONCE_MAX AMOUNT_MAX

enum tx_op {
	TX_TRANSFER = 0,
	TX_VOTE = 1,	/* a validator's, on a change of the set */
	TX_EVIDENCE = 2 /* of a validator that signed twice */
};

/* A plain value; its spans borrow from the bytes that it was decoded from
 * (or, when it is being made, from whoever made it). */
struct tx {
	struct address sender;
	uint64_t nonce;
	uint64_t fee;
	uint64_t valid_until; /* height, inclusive; 0 is never */
	struct span data;
	enum tx_op op;
	struct address recipient; /* of a transfer */
	uint64_t amount;
	bool approve;		 /* of a vote; else it is taken back */
	struct span change;	 /* change_encode(), ledger/validators.h */
	struct span acceptance;	 /* by the new key; empty: there is none */
	struct span double_vote; /* of evidence: double_vote_encode() */
	struct span key;	 /* SPKI; empty unless nonce is 0 */
	struct span signature;	 /* empty: not signed yet */
	/* set by tx_decode() */
	struct span raw;  /* the full bytes */
	struct span body; /* the body within raw */
	/* set by tx_hash() */
	struct hash id;	  /* digest of the body: what is signed */
	struct hash full; /* SHA-256 of raw */
};

/* Append the canonical body, the canonical full bytes. */
void tx_encode_body(struct buf *out, const struct tx *tx);
void tx_encode(struct buf *out, const struct tx *tx);
/*
 * Decode full bytes. Checks the form alone: canonical, version and operation
 * known, size at most max_bytes, amounts at most 2^53 - 1, a key exactly
 * when the nonce is 0 and then of an accepted form and the sender's, a
 * signature of the right length for a key that is there (else 64 or 256
 * bytes). Everything else is the ledger's. f may be NULL.
 */
MUST_USE enum err tx_decode(struct tx *tx, struct span raw, size_t max_bytes,
			    struct fault *f);
/* Compute id and full of a decoded transaction for this chain. */
void tx_hash(struct tx *tx, const struct hash *genesis);
/* The digest of the body of a transaction that is being made. */
void tx_signing_digest(struct hash *out, const struct tx *tx,
		       const struct hash *genesis);

#endif

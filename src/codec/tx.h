/* SPDX-License-Identifier: MIT */
/*
 * Transactions as bytes (DESIGN: "Transaction"; doc/protocol.md has the
 * layout). Full bytes: [body, public key, signature]. Body: [version,
 * sender, nonce, fee, valid_until, data, [operation]]. The public key is empty
 * unless the nonce is 0. Operations: a transfer [0, recipient, amount]; a
 * validator's vote on a change of the set [1, approve, change, acceptance]; the
 * evidence of a double vote [2, double vote].
 */
#ifndef CODEC_TX_H
#define CODEC_TX_H

#include "base/amount.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/check.h"

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
	struct span change;	 /* tx_change_encode() */
	struct span acceptance;	 /* by the new key; see tx_accept_digest() */
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

/* Who is paid; NULL: the operation pays nobody. */
const struct address *tx_recipient(const struct tx *tx);

/* Append the canonical body, the canonical full bytes. */
void tx_encode_body(struct buf *out, const struct tx *tx);
void tx_encode(struct buf *out, const struct tx *tx);
/*
 * Decode full bytes. Checks the form alone: canonical, version and operation
 * known, size at most max_bytes, amounts at most 2^53 - 1, a key exactly
 * when the nonce is 0 and then of an accepted form and the sender's, a
 * signature of the right length for a key that is there (else 64 or 256
 * bytes). A vote's change and the evidence are of their own canonical form,
 * with keys of an accepted form; an acceptance is there exactly when a vote
 * approves of adding a key, and of the length of its signatures. Everything
 * else is the ledger's. f may be NULL.
 */
MUST_USE enum err tx_decode(struct tx *tx, struct span raw, size_t max_bytes,
			    struct fault *f);
/* It borrows from a copy of its full bytes at `to` from here on. */
void tx_move(struct tx *tx, const uint8_t *to);
/* Compute id and full of a decoded transaction for this chain. */
void tx_hash(struct tx *tx, const struct hash *genesis);
/* The digest of the body of a transaction that is being made. */
void tx_signing_digest(struct hash *out, const struct tx *tx,
		       const struct hash *genesis);

/*
 * What a vote is about, as bytes: [0, key, 0] or [1, address, few]; the ledger
 * has its rules, and a value of it that borrows nothing (ledger/validators.h).
 * A set that grows needs no leave, so an addition has one form, that which its
 * newcomer signs. A plain value; the key is borrowed.
 */
struct tx_change {
	bool remove;
	bool few; /* by a removal: the set may become smaller than four */
	struct span key;	/* SPKI, of who is added */
	struct address account; /* of who is added or removed */
};
void tx_change_encode(struct buf *out, const struct tx_change *c);
/* ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_BAD_PUBLIC_KEY. Fills in account. */
MUST_USE enum err tx_change_decode(struct tx_change *out, struct span raw);
/* What a key that is to be added signs, so that nobody is made a validator
 * who does not want to be one: for this chain, and for nothing else. */
void tx_accept_digest(struct hash *out, struct span change,
		      const struct hash *genesis);

/*
 * Append every signature that a decoded and hashed transaction stands on: the
 * sender's, by his key; with an approving vote to add a key that key's
 * acceptance; with evidence its two votes. It holds when all of them do:
 * whoever checks a transaction checks these, and none alone. false: one is
 * longer than there are any; some may have been appended.
 */
MUST_USE bool tx_checks(struct checks *out, const struct tx *tx,
			struct span key, const struct hash *genesis);

#endif

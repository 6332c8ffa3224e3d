/* SPDX-License-Identifier: MIT */
/*
 * What validators sign for each other (CONSENSUS: "bft"; doc/protocol.md:
 * "Votes"). The signed body is [kind, height, round, prepared, digest]; its
 * digest with DOMAIN_VOTE is what the validator's key signs. As it travels
 * and as it is kept, a vote is [kind, height, round, prepared, digest,
 * signer, signature].
 */
#ifndef CODEC_VOTE_H
#define CODEC_VOTE_H

#include "base/amount.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/key.h"

#define VALIDATORS_MAX 100
#define VOTE_ROUND_MAX (UINT64_C(1) << 32)
/* A floor above every height that there can be. */
#define VOTE_FLOOR_NEVER AMOUNT_MAX

enum vote_kind {
	VOTE_PROPOSAL,
	VOTE_PREPARE,
	VOTE_COMMIT,
	VOTE_ROUND_CHANGE, /* "I have entered this round" */
	VOTE_KIND_COUNT
};

/* "round_change", for people and in JSON. */
const char *vote_kind_name(enum vote_kind kind);

/* A plain value. */
struct vote {
	enum vote_kind kind;
	uint64_t height;
	uint64_t round;
	/* VOTE_ROUND_CHANGE: whether the signer holds a prepared certificate
	 * of this height, and of which round, below `round`. The highest. */
	bool prepared;
	uint64_t prepared_round;
	/* The block's hash. In a round change that of the prepared block, or
	 * zeros. */
	struct hash digest;
	uint16_t signer; /* index in the height's validator set */
	uint16_t signature_len;
	uint8_t signature[KEY_SIGNATURE_MAX];
};

/* Append the body, [kind, height, round, prepared, digest]. */
void vote_encode_body(struct buf *out, const struct vote *v);
/* What is signed: for this chain, and for nothing but a vote. */
void vote_digest(struct hash *out, const struct vote *v,
		 const struct hash *genesis);
/* Add the check of its signature by that key (SPKI, borrowed) to the list,
 * which copies what it needs. false, and nothing is added: checks_add(). */
MUST_USE bool vote_check(struct checks *out, const struct vote *v,
			 struct span key, const struct hash *genesis);
/* Whether two votes say the same: all but the signatures. */
bool vote_same(const struct vote *a, const struct vote *b);
/* Whether no honest validator signs both: one signer, height, round and kind,
 * and another body (rule 15). */
bool vote_conflict(const struct vote *a, const struct vote *b);

void vote_encode(struct buf *out, const struct vote *v);
/* Checks the form alone: canonical, kind known, signer below VALIDATORS_MAX, a
 * signature of 64 or 256 bytes, prepared and digest as the kind has them,
 * prepared_round below round. */
MUST_USE enum err vote_decode(struct vote *out, struct span raw);

/* A list of them: [vote, ...]. */
void votes_encode(struct buf *out, const struct vote *list, size_t count);
/* Allocates *out (free() it) for at most max. */
MUST_USE enum err votes_decode(struct vote **out, size_t *count, size_t max,
			       struct span raw);

/*
 * The commit certificate, which is a block's seal with bft (codec/block.h):
 * [round, [[signer, signature], ...]], signers ascending, at least one. The
 * votes are COMMITs of the block's height and hash in that round.
 */
void certificate_encode(struct buf *out, uint64_t round,
			const struct vote *commits, size_t count);
/* Fills in kind, height and digest. *out is allocated; free() it. */
MUST_USE enum err certificate_decode(struct vote **out, size_t *count,
				     uint64_t *round, struct span raw,
				     uint64_t height,
				     const struct hash *digest);

/*
 * Double votes (rule 15): [public key, height, kind, round, [prepared, digest,
 * signature], [prepared, digest, signature]], the two in the order of their
 * bodies, so that one offence has one form. In a transaction's operation, in
 * EVV, in the store.
 */
struct double_vote {
	struct span key; /* SPKI of the offender; borrowed */
	struct vote vote[2];
};
void double_vote_encode(struct buf *out, struct span key, const struct vote *a,
			const struct vote *b);
/* ERR_MALFORMED also when the two do not conflict, or stand the other way. */
MUST_USE enum err double_vote_decode(struct double_vote *out, struct span raw);

/*
 * A record of the vote journal (rule 7, rule 17): what was signed, and what
 * must not be lost with it. [0, height]: nothing is signed below that height.
 * [1, vote, block, [round change, ...], [prepare, ...]]: with a PROPOSAL its
 * block and justification, with a PREPARE its block, with a COMMIT and a
 * ROUND_CHANGE the prepared certificate.
 */
struct vote_record {
	bool is_floor;
	uint64_t floor;
	struct vote vote;
	struct span block; /* full bytes, empty seal; empty: none. Borrowed. */
	struct vote *changes; /* owned: vote_record_release() */
	size_t change_count;
	struct vote *prepares; /* owned */
	size_t prepare_count;
};
void vote_record_encode(struct buf *out, const struct vote_record *r);
MUST_USE enum err vote_record_decode(struct vote_record *out, struct span raw);
void vote_record_release(struct vote_record *r);

#endif

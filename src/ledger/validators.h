/* SPDX-License-Identifier: MIT */
/*
 * A set of validators (CONSENSUS: bft, rules 2, 10 and 14): public keys, in
 * the order of their addresses. The key of the account is the voting key. Its
 * hash, which headers carry, is SHA-256(DOMAIN_VALIDATORS || canonical [key,
 * ...]).
 */
#ifndef LEDGER_VALIDATORS_H
#define LEDGER_VALIDATORS_H

#include "base/bytes.h"
#include "base/err.h"
#include "codec/vote.h"
#include "crypto/key.h"

struct validator {
	struct address account;
	uint16_t key_len;
	uint8_t key[KEY_SPKI_MAX];
};

/*
 * Of n members, f = floor((n-1)/3) may be faulty; a quorum is
 * floor((n+f)/2) + 1, so that two have an honest member in common.
 */
size_t validators_faults(size_t n);
size_t validators_quorum(size_t n);

/* From an SPKI; ERR_BAD_PUBLIC_KEY when it is of no accepted form. */
MUST_USE enum err validator_set_key(struct validator *out, struct span key);

/* {0} is empty. Owns its list. */
struct validators {
	struct validator *list;
	size_t count;
};

void validators_release(struct validators *v);
void validators_copy(struct validators *out, const struct validators *v);
/* SIZE_MAX: not among them. */
size_t validators_find(const struct validators *v, const struct address *a);
void validators_hash(struct hash *out, const struct validators *v);
void validators_encode(struct buf *out, const struct validators *v);
/* Keys of an accepted form, in order, distinct, 1..VALIDATORS_MAX. */
MUST_USE enum err validators_decode(struct validators *out, struct span raw);

enum change_kind { CHANGE_ADD, CHANGE_REMOVE };

/*
 * One change of a set, in the bytes of what is voted for (tx_change_encode());
 * in a header that carries none, the empty array. few: the set may become
 * smaller than four by it. A set that grows needs no leave, so an addition has
 * one form, without the flag: votes for it are for one change. A plain value.
 */
struct validator_change {
	enum change_kind kind;
	bool few;
	struct address account;
	uint16_t key_len; /* CHANGE_ADD */
	uint8_t key[KEY_SPKI_MAX];
};
#define VALIDATORS_FEW 4 /* fewer need the flag */

void change_encode(struct buf *out, const struct validator_change *c);
MUST_USE enum err change_decode(struct validator_change *out, struct span raw);
bool change_same(const struct validator_change *a,
		 const struct validator_change *b);
/* ERR_EXISTS (it is a member), ERR_NOT_FOUND (it is none), ERR_OUT_OF_RANGE
 * (too many, none left, or fewer than four without the flag). The set is
 * unchanged then. validators_can() only asks. */
MUST_USE enum err validators_can(const struct validators *v,
				 const struct validator_change *c,
				 struct fault *f);
MUST_USE enum err validators_apply(struct validators *v,
				   const struct validator_change *c,
				   struct fault *f);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Signatures to check, collected on one thread and checked on another: plain
 * values that borrow nothing.
 */
#ifndef CRYPTO_CHECK_H
#define CRYPTO_CHECK_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/key.h"

struct check {
	struct hash digest;
	uint16_t key_len;
	uint16_t signature_len;
	uint8_t key[KEY_SPKI_MAX];
	uint8_t signature[KEY_SIGNATURE_MAX];
	enum err result; /* filled by who checks it */
};

/* {0} is empty. Owns its list. What is collected is bounded by who collects:
 * some 600 bytes each. */
struct checks {
	struct check *list;
	size_t count, cap;
};

/* Append one. false, and nothing is added: key or signature are longer than
 * there are any. */
MUST_USE bool checks_add(struct checks *c, const struct hash *digest,
			 struct span key, struct span signature);
/* Check one, and fill in its result. */
void check_run(struct check *c, struct verifier *v);
/* Check all of them here and now. The first error; results are filled up to
 * it. */
MUST_USE enum err checks_verify(struct checks *c, struct verifier *v);
/* The first error among count results from `first` on, filled before. */
MUST_USE enum err checks_result(const struct checks *c, size_t first,
				size_t count);
void checks_release(struct checks *c);

#endif

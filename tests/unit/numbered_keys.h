/* SPDX-License-Identifier: MIT */
/*
 * As many fixed Ed25519 keys as a test needs, by their number: sets of
 * validators.
 */
#ifndef TESTS_UNIT_NUMBERED_KEYS_H
#define TESTS_UNIT_NUMBERED_KEYS_H

#include <check.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "crypto/key.h"
#include "ledger/validators.h"

/* The key of a number; secret_key_free() it. */
static inline struct secret_key *numbered_key(uint32_t number)
{
	uint8_t seed[32] = {0x6b};
	struct secret_key *key;
	EVP_PKEY *pkey;

	put_be32(seed + 28, number);
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
					    sizeof(seed));
	ck_assert_ptr_nonnull(pkey);
	ck_assert_int_eq(secret_key_take(&key, pkey), ERR_OK);
	return key;
}

/* The validator with that key. */
static inline struct validator numbered_validator(uint32_t number)
{
	struct secret_key *key = numbered_key(number);
	struct validator v;

	ck_assert_int_eq(validator_set_key(&v, secret_key_public(key)), ERR_OK);
	ck_assert(address_eq(&v.account, secret_key_address(key)));
	secret_key_free(key);
	return v;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Keys and signatures: RSA-2048 (PSS, SHA-256, MGF1-SHA-256, salt of 32
 * bytes, over the 32-byte digest itself) and Ed25519 (over the same 32
 * bytes). A public key is its SubjectPublicKeyInfo in DER; one strict
 * template per type, so that one key has one encoding and one address.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

enum key_type { KEY_RSA2048, KEY_ED25519 };

#define KEY_SPKI_MAX 294
#define KEY_SIGNATURE_MAX 256

/*
 * Check that spki is exactly the DER of an RSA-2048 key (2048 bits, odd
 * modulus, e = 65537, rsaEncryption with NULL parameters) or of an Ed25519
 * key. ERR_BAD_PUBLIC_KEY otherwise. type may be NULL.
 */
MUST_USE enum err key_check(enum key_type *type, struct span spki);
/* Length in bytes of every signature of this type: 256 or 64. */
size_t key_signature_len(enum key_type type);
void key_address(struct address *out, struct span spki);

/*
 * Checks signatures, keeping the decoded keys of the last max_keys accounts
 * with their contexts (about 2 kB each). For one thread at a time.
 */
struct verifier;
MUST_USE struct verifier *verifier_new(size_t max_keys);
void verifier_free(struct verifier *v);
/* ERR_OK, ERR_BAD_PUBLIC_KEY, ERR_BAD_SIGNATURE; ERR_CRYPTO when OpenSSL
 * fails for a reason of its own. */
MUST_USE enum err verifier_check(struct verifier *v, struct span spki,
				 const struct hash *digest,
				 struct span signature);

/* A private key. May be used by several threads at once, never changed. */
struct evp_pkey_st; /* OpenSSL's EVP_PKEY */
struct secret_key;
/*
 * Take ownership of an OpenSSL key pair. ERR_BAD_PUBLIC_KEY when it is not
 * of a type above (*out is NULL and the pkey is freed then too).
 */
MUST_USE enum err secret_key_take(struct secret_key **out,
				  struct evp_pkey_st *pkey);
void secret_key_free(struct secret_key *key);
/* Borrowed; live as long as the key. */
struct span secret_key_public(const struct secret_key *key);
const struct address *secret_key_address(const struct secret_key *key);
const struct evp_pkey_st *secret_key_pkey(const struct secret_key *key);
/* Append the signature of the digest. PSS salts are random, so two calls
 * give two signatures. */
MUST_USE enum err secret_key_sign(const struct secret_key *key,
				  struct buf *signature,
				  const struct hash *digest);

#endif

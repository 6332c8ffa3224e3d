/* SPDX-License-Identifier: MIT */
/*
 * What key.c and verifier.c share, for no other file: where the numbers lie
 * in a public key's DER, and the parameters of a PSS signature.
 */
#ifndef CRYPTO_KEY_OPENSSL_H
#define CRYPTO_KEY_OPENSSL_H

#include <stdbool.h>

#include <openssl/evp.h>

#define KEY_RSA_AT 33 /* the modulus, big-endian */
#define KEY_RSA_LEN 256
#define KEY_ED25519_AT 12 /* the y coordinate, little-endian, and a sign */
#define KEY_ED25519_LEN 32

/*
 * RFC 8017 8.1 with SHA-256, MGF1 with SHA-256 and a salt of exactly 32
 * bytes, on a context made ready to sign or to verify. false when OpenSSL
 * fails.
 */
bool key_set_pss(EVP_PKEY_CTX *ctx);

#endif

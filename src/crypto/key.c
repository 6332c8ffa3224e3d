/* SPDX-License-Identifier: MIT */
/*
 * The encoding of public keys, and private keys. A key's DER is compared with
 * a template instead of being parsed: d2i_PUBKEY costs as much as six RSA
 * checks, and accepts more than one encoding of a key.
 */
#include "crypto/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/key_openssl.h"

#define PSS_SALT 32

/*
 * RFC 5280, RFC 3279 2.3.1: SEQUENCE { SEQUENCE { rsaEncryption, NULL },
 * BIT STRING { SEQUENCE { INTEGER n (2048 bits and a zero byte), 65537 } } }.
 */
static const uint8_t rsa_head[] = {
	0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
	0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
	0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
};
static const uint8_t rsa_tail[] = {0x02, 0x03, 0x01, 0x00, 0x01};
/* RFC 8410: SEQUENCE { SEQUENCE { Ed25519 }, BIT STRING }. */
static const uint8_t ed25519_head[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
};

#define RSA_SPKI (KEY_RSA_AT + KEY_RSA_LEN + sizeof(rsa_tail))
#define ED25519_SPKI (KEY_ED25519_AT + KEY_ED25519_LEN)

_Static_assert(sizeof(rsa_head) == KEY_RSA_AT, "where the modulus begins");
_Static_assert(sizeof(ed25519_head) == KEY_ED25519_AT, "where y begins");

/*
 * The y coordinates, little-endian without the sign bit, of the points of
 * small order: with such a key anyone can make signatures.
 */
static const uint8_t small_order[][KEY_ED25519_LEN] = {
	{0},
	{1},
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
	 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
	 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
	 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
	 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* --- the encoding of a public key ---- */

static bool rsa_is_sound(const uint8_t *spki)
{
	const uint8_t *n = spki + sizeof(rsa_head);

	return !memcmp(spki, rsa_head, sizeof(rsa_head)) &&
	       !memcmp(n + KEY_RSA_LEN, rsa_tail, sizeof(rsa_tail)) &&
	       n[0] & 0x80 && n[KEY_RSA_LEN - 1] & 1;
}

static bool ed25519_is_sound(const uint8_t *spki)
{
	uint8_t y[KEY_ED25519_LEN];
	size_t i;

	if (memcmp(spki, ed25519_head, sizeof(ed25519_head)) != 0)
		return false;
	memcpy(y, spki + sizeof(ed25519_head), sizeof(y));
	y[31] &= 0x7f;
	for (i = 0; i < ARRAY_LEN(small_order); i++)
		if (!memcmp(y, small_order[i], sizeof(y)))
			return false;
	/* OpenSSL reduces y by p = 2^255 - 19: a point would have two names.
	 * RFC 8032 5.1.3 refuses y >= p. */
	if (y[31] != 0x7f)
		return true;
	for (i = 1; i < 31; i++)
		if (y[i] != 0xff)
			return true;
	return y[0] < 0xed;
}

enum err key_check(enum key_type *type, struct span spki)
{
	enum key_type found;

	if (spki.len == RSA_SPKI && rsa_is_sound(spki.data))
		found = KEY_RSA2048;
	else if (spki.len == ED25519_SPKI && ed25519_is_sound(spki.data))
		found = KEY_ED25519;
	else
		return ERR_BAD_PUBLIC_KEY;
	if (type)
		*type = found;
	return ERR_OK;
}

size_t key_signature_len(enum key_type type)
{
	switch (type) {
	case KEY_RSA2048:
		return 256;
	case KEY_ED25519:
		return 64;
	}
	BUG("key type");
}

void key_address(struct address *out, struct span spki)
{
	struct hash h;

	sha256(&h, spki);
	memcpy(out->b, h.b, ADDRESS_LEN);
}

bool key_set_pss(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, PSS_SALT) > 0;
}

/* --- private keys ---- */

struct secret_key {
	EVP_PKEY *pkey;
	enum key_type type;
	struct address address;
	size_t spki_len;
	uint8_t spki[KEY_SPKI_MAX];
};

/* Whether the private half is there and fits the public one. */
static enum err try_pair(const struct secret_key *key)
{
	static const struct hash message = {"does this key pair work?"};
	struct verifier *v = verifier_new(1);
	struct buf sig = {0};
	enum err err = secret_key_sign(key, &sig, &message);

	if (!err)
		err = verifier_check(v, secret_key_public(key), &message,
				     buf_span(&sig));
	buf_release(&sig);
	verifier_free(v);
	return err ? ERR_BAD_PUBLIC_KEY : ERR_OK;
}

enum err secret_key_take(struct secret_key **out, EVP_PKEY *pkey)
{
	struct secret_key *key = xcalloc(1, sizeof(*key));
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	enum err err = ERR_BAD_PUBLIC_KEY;

	*out = NULL;
	key->pkey = pkey;
	if (len > 0 && len <= KEY_SPKI_MAX)
		err = key_check(&key->type, SPAN(der, (size_t)len));
	if (!err) {
		key->spki_len = (size_t)len;
		memcpy(key->spki, der, key->spki_len);
		key_address(&key->address, secret_key_public(key));
		err = try_pair(key);
	}
	OPENSSL_free(der);
	if (err) {
		ERR_clear_error();
		secret_key_free(key);
		return err;
	}
	*out = key;
	return ERR_OK;
}

void secret_key_free(struct secret_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey); /* wipes the private numbers */
	free(key);
}

struct span secret_key_public(const struct secret_key *key)
{
	return SPAN(key->spki, key->spki_len);
}

const struct address *secret_key_address(const struct secret_key *key)
{
	return &key->address;
}

const EVP_PKEY *secret_key_pkey(const struct secret_key *key)
{
	return key->pkey;
}

static bool sign_rsa(EVP_PKEY *pkey, uint8_t *sig, size_t *len,
		     const struct hash *digest)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok = ctx && EVP_PKEY_sign_init(ctx) > 0 && key_set_pss(ctx) &&
		  EVP_PKEY_sign(ctx, sig, len, digest->b, HASH_LEN) > 0;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool sign_ed25519(EVP_PKEY *pkey, uint8_t *sig, size_t *len,
			 const struct hash *digest)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		  EVP_DigestSign(ctx, sig, len, digest->b, HASH_LEN) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

enum err secret_key_sign(const struct secret_key *key, struct buf *signature,
			 const struct hash *digest)
{
	uint8_t sig[KEY_SIGNATURE_MAX];
	size_t len = sizeof(sig);
	bool ok = false;

	switch (key->type) {
	case KEY_RSA2048:
		ok = sign_rsa(key->pkey, sig, &len, digest);
		break;
	case KEY_ED25519:
		ok = sign_ed25519(key->pkey, sig, &len, digest);
		break;
	}
	if (!ok || len != key_signature_len(key->type)) {
		ERR_clear_error();
		return ERR_CRYPTO;
	}
	buf_append(signature, sig, len);
	return ERR_OK;
}

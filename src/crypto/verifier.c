/* SPDX-License-Identifier: MIT */
/*
 * Checks signatures over OpenSSL's EVP. A key stays decoded, with a context
 * that is set up, since setting one up costs as much again as the check.
 * Only keys that have verified something enter the cache, so that filling it
 * with rubbish takes as many private keys.
 */
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/map.h"
#include "crypto/key.h"
#include "crypto/key_openssl.h"

/*
 * What a failure of OpenSSL means: a verdict over the input, unless memory
 * ran out. A peer must not be blamed for that. Empties the error queue.
 */
static enum err failure(enum err verdict)
{
	unsigned long e;

	while ((e = ERR_get_error()))
		if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
			verdict = ERR_CRYPTO;
	return verdict;
}

/* NULL when OpenSSL fails. The key must have passed key_check(). */
static EVP_PKEY *rsa_import(EVP_PKEY_CTX *maker, const uint8_t *spki)
{
	uint8_t native[KEY_RSA_LEN];
	unsigned int e = 65537;
	OSSL_PARAM params[3];
	EVP_PKEY *pkey = NULL;
	BIGNUM *n;

	n = BN_bin2bn(spki + KEY_RSA_AT, KEY_RSA_LEN, NULL);
	if (!n)
		return NULL;
	if (BN_bn2nativepad(n, native, KEY_RSA_LEN) == KEY_RSA_LEN) {
		params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N,
						    native, KEY_RSA_LEN);
		params[1] =
			OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &e);
		params[2] = OSSL_PARAM_construct_end();
		if (EVP_PKEY_fromdata(maker, &pkey, EVP_PKEY_PUBLIC_KEY,
				      params) <= 0)
			pkey = NULL;
	}
	BN_free(n);
	return pkey;
}

/* A decoded public key, ready to check. */
struct entry {
	struct hash id; /* SHA-256 of the SPKI */
	EVP_PKEY_CTX *rsa;
	EVP_PKEY *ed_key;
	EVP_MD_CTX *ed;
	bool used; /* since the clock's hand passed */
};

struct verifier {
	EVP_PKEY_CTX *rsa_maker;
	struct map *map; /* id -> entry */
	struct entry **entries;
	size_t count, max;
	size_t hand;
};

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	EVP_PKEY_CTX_free(e->rsa);
	EVP_MD_CTX_free(e->ed);
	EVP_PKEY_free(e->ed_key);
	free(e);
}

static bool entry_init_rsa(struct entry *e, EVP_PKEY_CTX *maker,
			   const uint8_t *spki)
{
	EVP_PKEY *pkey = rsa_import(maker, spki);

	if (!pkey)
		return false;
	e->rsa = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	EVP_PKEY_free(pkey); /* the context holds it */
	return e->rsa && EVP_PKEY_verify_init(e->rsa) > 0 &&
	       key_set_pss(e->rsa);
}

static bool entry_init_ed25519(struct entry *e, const uint8_t *spki)
{
	e->ed_key = EVP_PKEY_new_raw_public_key_ex(
		NULL, "ED25519", NULL, spki + KEY_ED25519_AT, KEY_ED25519_LEN);
	e->ed = EVP_MD_CTX_new();
	return e->ed_key && e->ed;
}

static enum err entry_new(struct entry **out, struct verifier *v,
			  const struct hash *id, struct span spki)
{
	enum key_type type;
	struct entry *e;
	enum err err = key_check(&type, spki);
	bool ok = false;

	if (err)
		return err;
	e = xcalloc(1, sizeof(*e));
	e->id = *id;
	switch (type) {
	case KEY_RSA2048:
		ok = entry_init_rsa(e, v->rsa_maker, spki.data);
		break;
	case KEY_ED25519:
		ok = entry_init_ed25519(e, spki.data);
		break;
	}
	if (!ok) {
		entry_free(e);
		(void)failure(ERR_CRYPTO);
		return ERR_CRYPTO;
	}
	*out = e;
	return ERR_OK;
}

static enum err entry_check(struct entry *e, const struct hash *digest,
			    struct span sig)
{
	enum key_type type = e->rsa ? KEY_RSA2048 : KEY_ED25519;
	int ok = -1;

	if (sig.len != key_signature_len(type))
		return ERR_BAD_SIGNATURE;
	switch (type) {
	case KEY_RSA2048:
		ok = EVP_PKEY_verify(e->rsa, sig.data, sig.len, digest->b,
				     HASH_LEN);
		break;
	case KEY_ED25519:
		/* One initialisation serves one message; it is cheap. */
		if (EVP_DigestVerifyInit(e->ed, NULL, NULL, NULL, e->ed_key) !=
		    1)
			break;
		ok = EVP_DigestVerify(e->ed, sig.data, sig.len, digest->b,
				      HASH_LEN);
		break;
	}
	if (ok == 1)
		return ERR_OK;
	return failure(ok < 0 ? ERR_CRYPTO : ERR_BAD_SIGNATURE);
}

struct verifier *verifier_new(size_t max_keys)
{
	struct verifier *v = xcalloc(1, sizeof(*v));

	v->max = max_keys ? max_keys : 1;
	v->entries = xcalloc(v->max, sizeof(struct entry *));
	/* The seed steers no result; where memory lies is good enough. */
	v->map = map_new(HASH_LEN, (uint64_t)(uintptr_t)v);
	v->rsa_maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (!v->rsa_maker || EVP_PKEY_fromdata_init(v->rsa_maker) <= 0)
		BUG("OpenSSL has no RSA");
	return v;
}

void verifier_free(struct verifier *v)
{
	size_t i;

	if (!v)
		return;
	for (i = 0; i < v->count; i++)
		entry_free(v->entries[i]);
	free(v->entries);
	map_free(v->map);
	EVP_PKEY_CTX_free(v->rsa_maker);
	free(v);
}

/* Keep the entry; when all places are taken, the clock's hand makes one. */
static void keep(struct verifier *v, struct entry *e)
{
	struct entry *old;

	if (v->count < v->max) {
		v->entries[v->count++] = e;
	} else {
		while ((old = v->entries[v->hand])->used) {
			old->used = false;
			v->hand = (v->hand + 1) % v->max;
		}
		map_del(v->map, old->id.b);
		entry_free(old);
		v->entries[v->hand] = e;
		v->hand = (v->hand + 1) % v->max;
	}
	map_put(v->map, e->id.b, e);
}

enum err verifier_check(struct verifier *v, struct span spki,
			const struct hash *digest, struct span signature)
{
	struct entry *e;
	struct hash id;
	enum err err;

	if (spki.len > KEY_SPKI_MAX)
		return ERR_BAD_PUBLIC_KEY;
	sha256(&id, spki);
	e = map_get(v->map, id.b);
	if (e) {
		e->used = true;
		return entry_check(e, digest, signature);
	}
	err = entry_new(&e, v, &id, spki);
	if (err)
		return err;
	err = entry_check(e, digest, signature);
	if (err)
		entry_free(e);
	else
		keep(v, e);
	return err;
}

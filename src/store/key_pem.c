/* SPDX-License-Identifier: MIT */
/*
 * PKCS#8 through OpenSSL. The PEM block is read by name instead of by
 * PEM_read_bio_PrivateKey(), which does not tell a wrong password from a
 * damaged file.
 */
#include "store/key_pem.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h> /* PKCS8_decrypt */
#include <openssl/x509.h>

/* RFC 7914; OpenSSL opens no PKCS#8 with a larger N, for its memory limit. */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SALT_LEN 16

void key_pem_wipe(struct key_pem *p)
{
	OPENSSL_cleanse(p, sizeof(*p));
}

static bool write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *info,
			    const char *password)
{
	X509_ALGOR *scheme =
		PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, SALT_LEN, NULL,
				      SCRYPT_N, SCRYPT_R, SCRYPT_P);
	X509_SIG *sealed;
	bool ok;

	if (!scheme)
		return false;
	sealed = PKCS8_set0_pbe(password, (int)strlen(password), info, scheme);
	if (!sealed) {
		X509_ALGOR_free(scheme);
		return false;
	}
	ok = PEM_write_bio_PKCS8(bio, sealed) == 1;
	X509_SIG_free(sealed);
	return ok;
}

enum err key_pem_write(struct key_pem *out, const struct secret_key *key,
		       const char *password)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(secret_key_pkey(key));
	BIO *bio = BIO_new(BIO_s_mem()); /* wiped when it grows and goes */
	bool ok = false;
	char *text;
	long len;

	if (info && bio) {
		if (password)
			ok = write_encrypted(bio, info, password);
		else
			ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) == 1;
		len = BIO_get_mem_data(bio, &text);
		if (ok && len > 0 && len <= KEY_PEM_MAX) {
			memcpy(out->text, text, (size_t)len);
			out->len = (size_t)len;
		} else {
			ok = false;
		}
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	BIO_free(bio);
	if (ok)
		return ERR_OK;
	ERR_clear_error();
	return ERR_CRYPTO;
}

/* The whole of der must be used up. */
static PKCS8_PRIV_KEY_INFO *read_plain(const unsigned char *der, long len)
{
	const unsigned char *p = der;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, len);

	if (info && p != der + len) {
		PKCS8_PRIV_KEY_INFO_free(info);
		return NULL;
	}
	return info;
}

static enum err read_encrypted(PKCS8_PRIV_KEY_INFO **out,
			       const unsigned char *der, long len,
			       const char *password)
{
	const unsigned char *p = der;
	X509_SIG *sealed = d2i_X509_SIG(NULL, &p, len);
	enum err err = ERR_MALFORMED;

	if (sealed && p == der + len) {
		if (password)
			*out = PKCS8_decrypt(sealed, password,
					     (int)strlen(password));
		err = *out ? ERR_OK : ERR_BAD_PASSWORD;
	}
	X509_SIG_free(sealed);
	return err;
}

static enum err take_info(struct secret_key **out, PKCS8_PRIV_KEY_INFO *info)
{
	EVP_PKEY *pkey = EVP_PKCS82PKEY(info);

	if (!pkey)
		return ERR_MALFORMED;
	return secret_key_take(out, pkey) ? ERR_MALFORMED : ERR_OK;
}

enum err key_pem_read(struct secret_key **out, const struct key_pem *in,
		      const char *password)
{
	PKCS8_PRIV_KEY_INFO *info = NULL;
	BIO *bio = BIO_new_mem_buf(in->text, (int)in->len);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	enum err err = ERR_MALFORMED;
	long len = 0;

	*out = NULL;
	if (bio && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
		if (*header) /* the old way to encrypt */
			err = ERR_MALFORMED;
		else if (!strcmp(name, PEM_STRING_PKCS8INF))
			info = read_plain(der, len);
		else if (!strcmp(name, PEM_STRING_PKCS8))
			err = read_encrypted(&info, der, len, password);
		if (info)
			err = take_info(out, info);
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, (size_t)len);
	BIO_free(bio);
	ERR_clear_error();
	return err;
}

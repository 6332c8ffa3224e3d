/* SPDX-License-Identifier: MIT */
/*
 * Keys as PKCS#8 PEM text, encrypted (scrypt, AES-256-CBC) when there is a
 * password. Knows no files.
 */
#ifndef STORE_KEY_PEM_H
#define STORE_KEY_PEM_H

#include "base/err.h"
#include "crypto/key.h"

#define KEY_PEM_MAX 8192 /* an RSA-2048 key takes less than 2 KiB */

/* Secret: key_pem_wipe() it after use. */
struct key_pem {
	char text[KEY_PEM_MAX];
	size_t len;
};

void key_pem_wipe(struct key_pem *p);

/* password NULL: not encrypted. ERR_CRYPTO when OpenSSL fails. */
MUST_USE enum err key_pem_write(struct key_pem *out,
				const struct secret_key *key,
				const char *password);
/*
 * ERR_MALFORMED: not PKCS#8 PEM, or not a key pair of an accepted type.
 * ERR_BAD_PASSWORD: encrypted, and the password is NULL or does not open it.
 * A password for a key that is not encrypted is ignored.
 */
MUST_USE enum err key_pem_read(struct secret_key **out,
			       const struct key_pem *in, const char *password);

#endif

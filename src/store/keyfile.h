/* SPDX-License-Identifier: MIT */
/*
 * Keys on disk: DATADIR/keys/ADDRESS.pem, PKCS#8, mode 0600, encrypted
 * (scrypt, AES-256-CBC) when a password is given. A key file that others can
 * read is refused. Secrets are wiped from memory.
 */
#ifndef STORE_KEYFILE_H
#define STORE_KEYFILE_H

#include "base/err.h"
#include "crypto/key.h"

/* Make a key and store it under datadir/keys (made with mode 0700 when it is
 * not there). password NULL: not encrypted. Never overwrites. */
MUST_USE enum err keyfile_create(struct secret_key **out, const char *datadir,
				 enum key_type type, const char *password,
				 struct fault *f);
/*
 * Load the key of an address. ERR_NOT_FOUND, ERR_PERMISSION (others can read
 * it), ERR_BAD_PASSWORD (wrong, or none for an encrypted key), ERR_WRONG_KEY
 * (the file holds another address's key), ERR_MALFORMED. The fault's detail
 * names the path.
 */
MUST_USE enum err keyfile_load(struct secret_key **out, const char *datadir,
			       const struct address *address,
			       const char *password, struct fault *f);
/*
 * The key of a node without an account, DATADIR/node.pem: Ed25519, PKCS#8,
 * not encrypted, made when it is not there. The errors of keyfile_load().
 */
MUST_USE enum err keyfile_node(struct secret_key **out, const char *datadir,
			       struct fault *f);
/* The addresses that have a key file, sorted; free(*out). A directory that
 * is not there holds none. */
MUST_USE enum err keyfile_list(struct address **out, size_t *count,
			       const char *datadir, struct fault *f);
/*
 * Read a password file: its first line without the newline, at most 1024
 * bytes; refused when others can read it. Wipe with keyfile_wipe().
 */
MUST_USE enum err keyfile_password(char **out, const char *path,
				   struct fault *f);
void keyfile_wipe(char *password); /* overwrite and free; NULL is fine */

#endif

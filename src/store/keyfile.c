/* SPDX-License-Identifier: MIT */
/*
 * Making, storing and loading keys. A file appears whole or not at all, and
 * never replaces another; what was secret in memory is overwritten. How a
 * key is written is key_pem.c's affair.
 */
#include <config.h>

#include "store/keyfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "store/file.h"
#include "store/key_pem.h"
#include "store/keyfile_internal.h"

#define SUFFIX ".pem"
#define NAME_LEN (2 * ADDRESS_LEN + sizeof(SUFFIX) - 1)

/* DATADIR/keys/[.]ADDRESS + end */
static char *key_path(const char *datadir, const char *dot,
		      const struct address *address, const char *end)
{
	char hex[ADDRESS_HEX_LEN], name[NAME_LEN + 2];
	char *keys = path_join(datadir, "keys");
	char *path;

	snprintf(name, sizeof(name), "%s%s%s", dot, address_hex(hex, address),
		 end);
	path = path_join(keys, name);
	free(keys);
	return path;
}

/* --- files ---- */

/* Make DATADIR and DATADIR/keys, and see that they last. */
static enum err make_dirs(const char *datadir, const char *keys,
			  struct fault *f)
{
	enum err err = dir_make(datadir, f);

	if (!err)
		err = dir_make(keys, f);
	if (!err)
		err = dir_flush(datadir, f);
	return err;
}

static enum err write_new(const char *path, const struct key_pem *pem,
			  struct fault *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int error;

	if (fd < 0 && errno == EEXIST)
		return fault_set(f, ERR_EXISTS, "", "%s exists already", path);
	if (fd < 0)
		return path_fault(f, "create", path, errno);
	error = fd_write(fd, SPAN(pem->text, pem->len));
	if (close(fd) && !error)
		error = errno;
	if (!error)
		return ERR_OK;
	unlink(path);
	return path_fault(f, "write", path, error);
}

/* Give the written file its name, unless that is taken. */
static enum err publish(const char *temp, const char *path, struct fault *f)
{
	int error = link(temp, path) ? errno : 0;

	/* Some file systems have no links. The name is that of a key just
	 * made, so nothing stands there. */
	if ((error == EPERM || error == EOPNOTSUPP || error == ENOSYS) &&
	    access(path, F_OK) && !rename(temp, path))
		return ERR_OK;
	unlink(temp);
	if (error == EEXIST)
		return fault_set(f, ERR_EXISTS, "", "%s exists already", path);
	return error ? path_fault(f, "create", path, error) : ERR_OK;
}

/* --- keys ---- */

static enum err generate(struct secret_key **out, enum key_type type,
			 struct fault *f)
{
	EVP_PKEY *pkey = NULL;

	switch (type) {
	case KEY_RSA2048:
		pkey = EVP_RSA_gen(2048);
		break;
	case KEY_ED25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	}
	if (pkey && !secret_key_take(out, pkey))
		return ERR_OK;
	ERR_clear_error();
	return fault_set(f, ERR_CRYPTO, "", "OpenSSL cannot make a key");
}

static enum err store(const struct secret_key *key, const char *datadir,
		      const struct key_pem *pem, struct fault *f)
{
	const struct address *address = secret_key_address(key);
	char *keys = path_join(datadir, "keys");
	char *temp = key_path(datadir, ".", address, ".new");
	char *path = key_path(datadir, "", address, SUFFIX);
	enum err err = make_dirs(datadir, keys, f);

	if (!err)
		err = write_new(temp, pem, f);
	if (!err)
		err = publish(temp, path, f);
	if (!err)
		err = dir_flush(keys, f);
	free(keys);
	free(temp);
	free(path);
	return err;
}

enum err keyfile_create(struct secret_key **out, const char *datadir,
			enum key_type type, const char *password,
			struct fault *f)
{
	struct secret_key *key;
	struct key_pem pem;
	enum err err;

	*out = NULL;
	if (password && !*password)
		return fault_set(f, ERR_BAD_PASSWORD, "",
				 "an empty password protects nothing");
	err = generate(&key, type, f);
	if (err)
		return err;
	err = key_pem_write(&pem, key, password);
	if (err)
		err = fault_set(f, err, "", "OpenSSL cannot encode a key");
	else
		err = store(key, datadir, &pem, f);
	key_pem_wipe(&pem);
	if (err)
		secret_key_free(key);
	else
		*out = key;
	return err;
}

/* The text of a key file that nobody else can read or change. */
static enum err read_key(struct key_pem *pem, const char *path, struct fault *f)
{
	/* Not to wait for a writer, should it be a pipe. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	enum err err = ERR_OK;
	int error = 0;

	if (fd < 0)
		return path_fault(f, "open", path, errno);
	if (fstat(fd, &st))
		err = path_fault(f, "examine", path, errno);
	else if (!S_ISREG(st.st_mode))
		err = fault_set(f, ERR_MALFORMED, "", "%s is not a file", path);
	else if (st.st_mode & 077)
		err = keyfile_others_can_read(path, st.st_mode, f);
	else
		error = fd_read(fd, pem->text, sizeof(pem->text), &pem->len);
	close(fd);
	if (error)
		err = path_fault(f, "read", path, error);
	return err;
}

/* address NULL: of any. */
static enum err open_key(struct secret_key **out, const char *path,
			 const struct address *address, const char *password,
			 struct fault *f)
{
	char hex[ADDRESS_HEX_LEN];
	struct secret_key *key = NULL;
	struct key_pem pem = {.len = 0};
	enum err err = read_key(&pem, path, f);

	if (!err) {
		err = key_pem_read(&key, &pem, password);
		if (err == ERR_BAD_PASSWORD)
			err = fault_set(f, err, "",
					password ? "the password does not "
						   "open %s"
						 : "%s is encrypted: give its "
						   "password",
					path);
		else if (err)
			err = fault_set(f, err, "",
					"%s holds no RSA-2048 or Ed25519 key "
					"pair in PKCS#8 PEM",
					path);
	}
	key_pem_wipe(&pem);
	if (!err && address && !address_eq(secret_key_address(key), address)) {
		err = fault_set(f, ERR_WRONG_KEY, "",
				"%s holds the key of address %s", path,
				address_hex(hex, secret_key_address(key)));
		secret_key_free(key);
		key = NULL;
	}
	*out = key;
	return err;
}

enum err keyfile_load(struct secret_key **out, const char *datadir,
		      const struct address *address, const char *password,
		      struct fault *f)
{
	char *path = key_path(datadir, "", address, SUFFIX);
	enum err err = open_key(out, path, address, password, f);

	free(path);
	return err;
}

/* --- the node's own ---- */

static enum err make_node_key(struct secret_key **out, const char *path,
			      struct fault *f)
{
	struct key_pem pem;
	enum err err = generate(out, KEY_ED25519, f);

	if (err)
		return err;
	err = key_pem_write(&pem, *out, NULL);
	if (err)
		err = fault_set(f, err, "", "OpenSSL cannot encode a key");
	else
		err = file_replace(path, SPAN(pem.text, pem.len), f);
	key_pem_wipe(&pem);
	if (err) {
		secret_key_free(*out);
		*out = NULL;
	}
	return err;
}

enum err keyfile_node(struct secret_key **out, const char *datadir,
		      struct fault *f)
{
	char *path = path_join(datadir, "node.pem");
	enum err err = open_key(out, path, NULL, NULL, f);

	if (err == ERR_NOT_FOUND)
		err = make_node_key(out, path, f);
	else if (err == ERR_MALFORMED)
		fault_set(f, err, "",
			  "%s holds no RSA-2048 or Ed25519 key pair in PKCS#8 "
			  "PEM; remove it, and the next start makes a new one "
			  "(and a new id)",
			  path);
	free(path);
	return err;
}

/* --- the list ---- */

static int by_address(const void *a, const void *b)
{
	return memcmp(a, b, ADDRESS_LEN);
}

/* Whether the name is one that keyfile_create() gives. */
static bool name_address(struct address *out, const char *name)
{
	char hex[ADDRESS_HEX_LEN];

	return strlen(name) == NAME_LEN &&
	       address_from_hex(out, SPAN(name, 2 * ADDRESS_LEN)) &&
	       !memcmp(name, address_hex(hex, out), 2 * ADDRESS_LEN) &&
	       !strcmp(name + 2 * ADDRESS_LEN, SUFFIX);
}

static enum err read_names(struct address **out, size_t *count,
			   const char *path, struct fault *f)
{
	DIR *dir = opendir(path);
	struct address address;
	struct dirent *e;
	size_t cap = 0;
	int error;

	if (!dir && errno == ENOENT)
		return ERR_OK;
	if (!dir)
		return path_fault(f, "open", path, errno);
	for (errno = 0; (e = readdir(dir)); errno = 0) {
		if (!name_address(&address, e->d_name))
			continue;
		if (*count == cap) {
			cap = cap * 2 + 8;
			*out = xrealloc(*out, cap, sizeof(**out));
		}
		(*out)[(*count)++] = address;
	}
	error = errno;
	closedir(dir);
	if (!error)
		return ERR_OK;
	free(*out);
	*out = NULL;
	*count = 0;
	return path_fault(f, "read", path, error);
}

enum err keyfile_list(struct address **out, size_t *count, const char *datadir,
		      struct fault *f)
{
	char *path = path_join(datadir, "keys");
	enum err err;

	*out = NULL;
	*count = 0;
	err = read_names(out, count, path, f);
	free(path);
	if (*count)
		qsort(*out, *count, sizeof(**out), by_address);
	return err;
}

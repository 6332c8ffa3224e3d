/* SPDX-License-Identifier: MIT */
/* Password files, and what is said of a file that others can use. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "store/file.h"
#include "store/keyfile.h"
#include "store/keyfile_internal.h"

#define PASSWORD_MAX 1024

enum err keyfile_others_can_read(const char *path, mode_t mode, struct fault *f)
{
	return fault_set(f, ERR_PERMISSION, "",
			 "%s has mode %04o, so that others can use it; "
			 "make it 0600 (chmod 600)",
			 path, (unsigned)(mode & 07777));
}

static enum err first_line(char **out, char *text, size_t len, const char *path,
			   struct fault *f)
{
	char *end = memchr(text, '\n', len);
	size_t n = end ? (size_t)(end - text) : len;

	if (n > PASSWORD_MAX)
		return fault_set(f, ERR_TOO_BIG, "",
				 "the first line of %s is longer than %d bytes",
				 path, PASSWORD_MAX);
	if (!n)
		return fault_set(f, ERR_MALFORMED, "",
				 "the first line of %s is empty", path);
	if (memchr(text, 0, n))
		return fault_set(f, ERR_MALFORMED, "",
				 "the first line of %s holds a zero byte",
				 path);
	text[n] = 0;
	*out = xstrdup(text);
	return ERR_OK;
}

enum err keyfile_password(char **out, const char *path, struct fault *f)
{
	char text[PASSWORD_MAX + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum err err = ERR_OK;
	size_t len = 0;
	int error = 0;

	*out = NULL;
	if (fd < 0)
		return path_fault(f, "open", path, errno);
	if (fstat(fd, &st))
		err = path_fault(f, "examine", path, errno);
	else if (S_ISREG(st.st_mode) && st.st_mode & 077)
		err = keyfile_others_can_read(path, st.st_mode, f);
	else
		error = fd_read(fd, text, PASSWORD_MAX + 1, &len);
	close(fd);
	if (error)
		err = path_fault(f, "read", path, error);
	if (!err)
		err = first_line(out, text, len, path, f);
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}

void keyfile_wipe(char *password)
{
	if (!password)
		return;
	OPENSSL_cleanse(password, strlen(password));
	free(password);
}

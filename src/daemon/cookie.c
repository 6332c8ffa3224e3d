/* SPDX-License-Identifier: MIT */
/* The cookie; see the header. */
#include "daemon/cookie.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/text.h"
#include "store/file.h"

enum err cookie_make(char out[COOKIE_LEN + 1], const char *datadir,
		     struct fault *f)
{
	uint8_t secret[COOKIE_LEN / 2];
	char *path;
	enum err e;

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return fault_set(f, ERR_IO, "", "getrandom failed");
	hex_encode(out, SPAN_OF(secret));
	path = path_join(datadir, ".cookie");
	e = file_replace(path, SPAN(out, COOKIE_LEN), f);
	free(path);
	return e;
}

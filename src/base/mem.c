/* SPDX-License-Identifier: MIT */
/*
 * Allocation that cannot fail, and the one place where a broken invariant
 * ends the process. Knows nothing of the ledger.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bug_at(const char *file, int line, const char *text)
{
	fprintf(stderr, "ccoin: bug at %s:%d: %s\n", file, line, text);
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		BUG("out of memory");
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		BUG("out of memory");
	return p;
}

void *xrealloc(void *old, size_t count, size_t size)
{
	void *p;

	if (size && count > SIZE_MAX / size)
		BUG("allocation size overflows");
	size *= count;
	p = realloc(old, size ? size : 1);
	if (!p)
		BUG("out of memory");
	return p;
}

void *xmemdup(const void *data, size_t len)
{
	void *p = xmalloc(len);

	if (len)
		memcpy(p, data, len);
	return p;
}

char *xstrdup(const char *text)
{
	return xmemdup(text, strlen(text) + 1);
}

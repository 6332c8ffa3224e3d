/* SPDX-License-Identifier: MIT */
/* Looking things up in the route table; see the header. */
#include "http/routes.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static bool is_address(struct span s)
{
	uint8_t raw[ADDRESS_LEN];

	return hex_decode(raw, sizeof(raw), s);
}

/* Whether the path is of the pattern; pieces gets its parameters. */
static bool is_match(const char *pattern, struct span path, struct span *pieces)
{
	const char *p = (const char *)path.data;
	const char *end = p + path.len;
	const char *from;
	bool address;

	while (*pattern) {
		if (*pattern != '{') {
			if (p == end || *p != *pattern)
				return false;
			p++, pattern++;
			continue;
		}
		from = p;
		while (p < end && *p != '/')
			p++;
		if (p == from)
			return false;
		*pieces = SPAN(from, p - from);
		address = !strncmp(pattern, "{address}", 9);
		if (address && !is_address(*pieces))
			return false;
		pieces++;
		pattern += strcspn(pattern, "}") + 1;
	}
	return p == end;
}

const struct route *route_find(const struct route *table, size_t count,
			       unsigned method, struct span path,
			       struct span pieces[PARAMS_MAX],
			       unsigned *allowed)
{
	const struct route *r;
	unsigned methods;

	*allowed = 0;
	if (path.len > 1 && path.data[path.len - 1] == '/')
		path.len--;
	for (r = table; r < table + count; r++) {
		if (!is_match(r->path, path, pieces))
			continue;
		methods = r->methods;
		if (methods & HTTP_GET)
			methods |= HTTP_HEAD;
		if (methods & method)
			return r;
		*allowed |= methods;
	}
	return NULL;
}

char *route_allow(char out[ROUTE_ALLOW_MAX], unsigned methods)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{HTTP_GET, "GET"},
		     {HTTP_HEAD, "HEAD"},
		     {HTTP_POST, "POST"},
		     {HTTP_PUT, "PUT"},
		     {HTTP_DELETE, "DELETE"}};
	size_t i, len = 0;

	out[0] = '\0';
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (methods & names[i].bit)
			len += (size_t)snprintf(out + len,
						ROUTE_ALLOW_MAX - len, "%s%s",
						len ? ", " : "", names[i].name);
	return out;
}

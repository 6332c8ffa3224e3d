/* SPDX-License-Identifier: MIT */
/* The Accept header; see the header. */
#include "http/accept.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "http/server.h"

#define BLANKS " \t"

/* The thousandths of "0.5", or 1000 for what is no weight. */
static int read_weight(const char *s)
{
	int weight = *s == '1' ? 1000 : 0, unit = 100;

	if (*s != '0' && *s != '1')
		return 1000;
	if (*++s == '.')
		while (isdigit((unsigned char)*++s)) {
			weight += unit * (*s - '0');
			unit /= 10;
		}
	return weight > 1000 ? 1000 : weight;
}

/* The q of one range, which ends at a comma. */
static int weight_of(const char *range, size_t len)
{
	const char *end = range + len, *at = range;

	while ((at = memchr(at, ';', (size_t)(end - at)))) {
		at++;
		at += strspn(at, BLANKS);
		if (at + 2 < end && (*at | 0x20) == 'q' && at[1] == '=')
			return read_weight(at + 2);
	}
	return 1000;
}

/* The weight of a type that is listed by name; 0 when it is not. */
static int named_weight(const char *accept, const char *type)
{
	size_t len, name = strlen(type);
	int weight = 0;

	for (; *accept; accept += len + (accept[len] == ',')) {
		accept += strspn(accept, BLANKS);
		len = strcspn(accept, ",");
		if (len >= name && !strncasecmp(accept, type, name) &&
		    strchr(BLANKS ";,", accept[name]))
			weight = weight_of(accept, len);
	}
	return weight;
}

bool accept_prefers(const char *accept, const char *type)
{
	int weight = accept ? named_weight(accept, type) : 0;

	return weight && weight >= named_weight(accept, HTTP_JSON);
}

/* SPDX-License-Identifier: MIT */
/* Which Host headers are allowed; see the header. */
#include "http/host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 253

/* ":digits", or nothing. */
static bool is_port(const char *s)
{
	if (!*s)
		return true;
	if (*s++ != ':' || strlen(s) > 5)
		return false;
	return s[strspn(s, "0123456789")] == '\0';
}

bool host_is_allowed(const char *host, const char *const *names, size_t count)
{
	unsigned char literal[sizeof(struct in6_addr)];
	char name[HOST_MAX + 1];
	const char *end;
	bool bracket;
	size_t i, len;

	if (!host)
		return false;
	bracket = *host == '[';
	if (bracket)
		host++;
	len = strcspn(host, bracket ? "]" : ":");
	end = host + len;
	if (bracket && *end++ != ']')
		return false;
	if (!len || len > HOST_MAX || !is_port(end))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (bracket)
		return inet_pton(AF_INET6, name, literal) == 1;
	if (!strcasecmp(name, "localhost"))
		return true;
	if (inet_pton(AF_INET, name, literal) == 1)
		return true;
	for (i = 0; i < count; i++)
		if (!strcasecmp(name, names[i]))
			return true;
	return false;
}

bool host_is_loopback(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1") ||
	       !strncmp(address, "::ffff:127.", 11);
}

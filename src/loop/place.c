/* SPDX-License-Identifier: MIT */
/* HOST:PORT; see the header. */
#include <config.h>

#include "loop/place.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define HTTP_PORT 80

/* A name of letters, digits, dots and dashes. What ends in a number is an IPv4
 * address or nothing: 300.1.1.1 is no name, and 127.1 an address to some and a
 * name to nobody. */
static bool is_name(const char *host)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	const char *last = strrchr(host, '.');

	last = last ? last + 1 : host;
	return !host[strspn(host, allowed)] && host[0] != '.' &&
	       host[0] != '-' && !strstr(host, "..") &&
	       last[strspn(last, "0123456789")];
}

static bool is_address(int family, const char *host)
{
	unsigned char scratch[sizeof(struct in6_addr)];

	return inet_pton(family, host, scratch) == 1;
}

static bool host_copy(char out[PLACE_HOST_MAX], struct span text)
{
	if (text.len == 0 || text.len >= PLACE_HOST_MAX ||
	    memchr(text.data, '\0', text.len))
		return false;
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return true;
}

bool place_host_is_good(struct span text)
{
	char host[PLACE_HOST_MAX];

	return host_copy(host, text) &&
	       (is_address(AF_INET, host) || is_address(AF_INET6, host) ||
		is_name(host));
}

/* A host as it stands before a port: an IPv6 address is in brackets. */
static bool host_read(char out[PLACE_HOST_MAX], struct span text)
{
	bool v6 = text.len > 2 && text.data[0] == '[' &&
		  text.data[text.len - 1] == ']';

	if (v6)
		text = (struct span){text.data + 1, text.len - 2};
	if (!host_copy(out, text))
		return false;
	return v6 ? is_address(AF_INET6, out)
		  : is_address(AF_INET, out) || is_name(out);
}

bool place_read(struct place *out, struct span text)
{
	struct place p;
	uint64_t port;
	size_t at = text.len;

	while (at > 0 && text.data[at - 1] != ':')
		at--;
	if (at == 0 || !host_read(p.host, (struct span){text.data, at - 1}) ||
	    !decimal_decode(&port, UINT16_MAX,
			    (struct span){text.data + at, text.len - at}) ||
	    port == 0)
		return false;
	p.port = (uint16_t)port;
	*out = p;
	return true;
}

char *place_print(char out[PLACE_MAX], const char *host, uint16_t port)
{
	snprintf(out, PLACE_MAX, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
		 (unsigned)port);
	return out;
}

static bool path_is_good(struct span path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] <= ' ' || path.data[i] >= 0x7f ||
		    path.data[i] == '?' || path.data[i] == '#')
			return false;
	return true;
}

bool place_read_url(struct place *out, struct span *path, struct span text)
{
	static const char scheme[] = "http://";
	size_t len = sizeof(scheme) - 1;
	struct span host, rest;
	struct place p;

	if (text.len < len || memcmp(text.data, scheme, len) != 0)
		return false;
	host = (struct span){text.data + len, 0};
	while (len + host.len < text.len && host.data[host.len] != '/')
		host.len++;
	rest = (struct span){host.data + host.len, text.len - len - host.len};
	if (rest.len > 0 && rest.data[rest.len - 1] == '/')
		rest.len--;
	if (!path_is_good(rest))
		return false;
	if (!place_read(&p, host)) {
		if (!host_read(p.host, host))
			return false;
		p.port = HTTP_PORT;
	}
	*out = p;
	*path = rest;
	return true;
}

bool place_is_loopback(const char *host)
{
	static const uint8_t mapped[13] = {0, 0, 0, 0,	  0,	0,  0,
					   0, 0, 0, 0xff, 0xff, 127};
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6) ||
		       memcmp(v6.s6_addr, mapped, sizeof(mapped)) == 0;
	return strcmp(host, "localhost") == 0;
}

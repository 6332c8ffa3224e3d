/* SPDX-License-Identifier: MIT */
/* Where a node is; see the header. */
#include <config.h>

#include "net/where.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* --- text ------------------------------------------------------------- */

/* Put an address in brackets in its one spelling: an IPv4 address that is
 * written as one of IPv6 is an IPv4 address. */
static bool spell_v6(struct where *w)
{
	struct in6_addr six;

	if (inet_pton(AF_INET6, w->host, &six) != 1)
		return false;
	w->numeric = true;
	w->v6 = !IN6_IS_ADDR_V4MAPPED(&six);
	if (w->v6)
		return inet_ntop(AF_INET6, &six, w->host, sizeof(w->host));
	return inet_ntop(AF_INET, six.s6_addr + 12, w->host, sizeof(w->host));
}

bool where_parse(struct where *out, const char *text)
{
	struct in_addr four;
	struct place p;
	size_t i;

	*out = (struct where){.port = 0};
	if (!place_read(&p, span_str(text)))
		return false;
	out->port = p.port;
	for (i = 0; p.host[i]; i++)
		out->host[i] = (char)tolower((unsigned char)p.host[i]);
	if (strchr(out->host, ':'))
		return spell_v6(out);
	out->numeric = inet_pton(AF_INET, out->host, &four) == 1;
	return true;
}

void where_print(char out[WHERE_TEXT], const struct where *w)
{
	place_print(out, w->host, w->port);
}

void where_endpoint(struct endpoint *out, const struct where *w)
{
	struct sockaddr_in *four = (void *)&out->sa;
	struct sockaddr_in6 *six = (void *)&out->sa;

	*out = (struct endpoint){.len = 0};
	if (w->v6) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(w->port);
		inet_pton(AF_INET6, w->host, &six->sin6_addr);
		out->len = sizeof(*six);
	} else {
		four->sin_family = AF_INET;
		four->sin_port = htons(w->port);
		inet_pton(AF_INET, w->host, &four->sin_addr);
		out->len = sizeof(*four);
	}
}

bool where_is_loopback(const struct where *w)
{
	return place_is_loopback(w->host);
}

bool where_is_unspecified(const struct where *w)
{
	return w->numeric &&
	       (!strcmp(w->host, "0.0.0.0") || !strcmp(w->host, "::"));
}

bool where_is_sound(const struct where *w)
{
	const struct sockaddr_in *four;
	const struct sockaddr_in6 *six;
	struct endpoint p;

	if (!w->numeric)
		return true;
	where_endpoint(&p, w);
	four = (void *)&p.sa;
	six = (void *)&p.sa;
	if (w->v6)
		return !IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr) &&
		       !IN6_IS_ADDR_MULTICAST(&six->sin6_addr) &&
		       /* which interface it is on is not said */
		       !IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr);
	/* 0/8 is this host, 224/4 multicast, 240/4 reserved and broadcast */
	return ntohl(four->sin_addr.s_addr) >> 24 != 0 &&
	       ntohl(four->sin_addr.s_addr) >> 29 != 7;
}

/* --- sockets' addresses ------------------------------------------------ */

void endpoint_tidy(struct endpoint *p)
{
	struct sockaddr_in6 six;
	struct sockaddr_in *four = (void *)&p->sa;

	if (p->sa.ss_family != AF_INET6)
		return;
	memcpy(&six, &p->sa, sizeof(six));
	if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
		return;
	*p = (struct endpoint){.len = sizeof(*four)};
	four->sin_family = AF_INET;
	four->sin_port = six.sin6_port;
	memcpy(&four->sin_addr, six.sin6_addr.s6_addr + 12,
	       sizeof(four->sin_addr));
}

void endpoint_print(char out[WHERE_TEXT], const struct endpoint *p)
{
	const struct sockaddr_in *four = (const void *)&p->sa;
	const struct sockaddr_in6 *six = (const void *)&p->sa;
	char host[INET6_ADDRSTRLEN] = "?";

	if (p->sa.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		place_print(out, host, ntohs(six->sin6_port));
	} else {
		inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
		place_print(out, host, ntohs(four->sin_port));
	}
}

bool endpoint_is_loopback(const struct endpoint *p)
{
	const struct sockaddr_in *four = (const void *)&p->sa;
	const struct sockaddr_in6 *six = (const void *)&p->sa;

	if (p->sa.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	return ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

void host_of(struct host *out, const struct endpoint *p)
{
	const struct sockaddr_in *four = (const void *)&p->sa;
	const struct sockaddr_in6 *six = (const void *)&p->sa;

	*out = (struct host){{0}};
	if (p->sa.ss_family == AF_INET6) {
		memcpy(out->b, six->sin6_addr.s6_addr, 8);
	} else {
		memcpy(out->b, mapped, sizeof(mapped));
		memcpy(out->b + 12, &four->sin_addr, 4);
	}
}

void host_print(char out[INET6_ADDRSTRLEN], const struct host *h)
{
	if (!memcmp(h->b, mapped, sizeof(mapped)))
		inet_ntop(AF_INET, h->b + 12, out, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, h->b, out, INET6_ADDRSTRLEN);
}

bool host_parse(struct host *out, const char *text)
{
	*out = (struct host){{0}};
	if (inet_pton(AF_INET, text, out->b + 12) == 1) {
		memcpy(out->b, mapped, sizeof(mapped));
		return true;
	}
	return inet_pton(AF_INET6, text, out->b) == 1;
}

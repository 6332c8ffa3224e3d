/* SPDX-License-Identifier: MIT */
/*
 * Where a node is: host:port as text, IPv4, [IPv6] or a name, in one spelling
 * each, so that two texts that are equal mean the same and are compared as
 * texts. And hosts, by which connections are counted and bans are kept.
 */
#ifndef NET_WHERE_H
#define NET_WHERE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "codec/message.h"
#include "loop/place.h"

#define WHERE_TEXT (ADDRESS_TEXT_MAX + 1)
_Static_assert(WHERE_TEXT >= PLACE_MAX, "a place as text has room");

struct where {
	char host[PLACE_HOST_MAX]; /* without brackets, lower case */
	uint16_t port;		   /* never 0 */
	bool numeric;
	bool v6;
};

/* A socket's address. */
struct endpoint {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* Whose connections are counted together: an IPv4 address, or the half of an
 * IPv6 address that names a network, since the other half is its user's to
 * choose. */
struct host {
	uint8_t b[16];
};

/* What place_read() reads; false: it is not host:port. */
MUST_USE bool where_parse(struct where *out, const char *text);
void where_print(char out[WHERE_TEXT], const struct where *w);
/* Of a numeric one. */
void where_endpoint(struct endpoint *out, const struct where *w);
/* Loopback, for a name: "localhost". */
bool where_is_loopback(const struct where *w);
/* 0.0.0.0 or [::]. */
bool where_is_unspecified(const struct where *w);
/* One that another node may dial: no multicast, not unspecified. */
bool where_is_sound(const struct where *w);

/* An IPv4 address in an IPv6 socket is an IPv4 address. */
void endpoint_tidy(struct endpoint *p);
void endpoint_print(char out[WHERE_TEXT], const struct endpoint *p);
bool endpoint_is_loopback(const struct endpoint *p);
void host_of(struct host *out, const struct endpoint *p);
/* "10.0.0.1", or "2001:db8:1:2::" for its network. */
void host_print(char out[INET6_ADDRSTRLEN], const struct host *h);
MUST_USE bool host_parse(struct host *out, const char *text);

#endif

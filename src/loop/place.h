/* SPDX-License-Identifier: MIT */
/*
 * Where something listens, as text: HOST:PORT, and http://HOST:PORT. Reads
 * text alone; nothing is looked up.
 */
#ifndef LOOP_PLACE_H
#define LOOP_PLACE_H

#include "base/bytes.h"
#include "base/mem.h"

#define PLACE_HOST_MAX 254		   /* with the zero byte */
#define PLACE_MAX (PLACE_HOST_MAX + 2 + 6) /* "[HOST]:65535" and a zero */

struct place {
	char host[PLACE_HOST_MAX]; /* a name, an IPv4 or IPv6 address */
	uint16_t port;		   /* not 0 */
};

/* NAME:PORT, A.B.C.D:PORT or [V6]:PORT; false, *out unchanged, when the text
 * is anything else or ends later than text does. */
MUST_USE bool place_read(struct place *out, struct span text);
/* An IP address or a name such as place_read() takes, without brackets. */
MUST_USE bool place_host_is_good(struct span text);
/* Write it as place_read() reads it; return out. */
char *place_print(char out[PLACE_MAX], const char *host, uint16_t port);

/*
 * http://HOST[:PORT][/PATH], the port 80 when there is none. *path is what
 * comes after them in text, "" or from '/' on without a last '/'.
 */
MUST_USE bool place_read_url(struct place *out, struct span *path,
			     struct span text);

/* Whether a host is this machine by any network: 127.0.0.0/8, ::1, also as
 * ::ffff:127.0.0.1, and localhost. */
bool place_is_loopback(const char *host);

#endif

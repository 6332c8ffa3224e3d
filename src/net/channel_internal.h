/* SPDX-License-Identifier: MIT */
/* What channel.c and channel_io.c share, for no other file. */
#ifndef NET_CHANNEL_INTERNAL_H
#define NET_CHANNEL_INTERNAL_H

#include "net/channel.h"

/* The next of its addresses, or its end. */
void channel_try_next(struct channel *c);
/* Count what it holds; over the bound of all, one ends: perhaps this. */
void channel_count(struct channel *c);
/* Its timer `later` rings in the next turn. */
void channel_later(struct channel *c);

/* channel_io.c: the socket is readable, or writable. */
void channel_read(struct channel *c);
void channel_write(struct channel *c);
/* Hand on the frames that are here, a slice of them. */
void channel_deliver(struct channel *c);

#endif

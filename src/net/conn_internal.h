/* SPDX-License-Identifier: MIT */
/* What conn.c and conn_io.c share, for no other file. */
#ifndef NET_CONN_INTERNAL_H
#define NET_CONN_INTERNAL_H

#include "net/conn.h"

/* The next of its addresses, or its end. */
void conn_try_next(struct conn *c);
/* Its timer `later` rings in the next turn. */
void conn_later(struct conn *c);

/* conn_io.c: the socket is readable, or writable. */
void conn_read(struct conn *c);
void conn_write(struct conn *c);
/* Hand on the frames that are here, a slice of them. */
void conn_deliver(struct conn *c);

#endif

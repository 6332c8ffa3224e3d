/* SPDX-License-Identifier: MIT */
/*
 * Refusals that no handler makes, as problem documents like any other. For
 * conn.c alone.
 */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include "http/conn.h"

/* Send 503 past evhttp, if that can be done at once; the caller closes. */
void refusal_send(struct conn *c);
/* From here on, what evhttp refuses by itself is a problem document. */
void refusal_watch(struct conn *c);
/* Before c is freed. */
void refusal_unwatch(struct conn *c);

#endif

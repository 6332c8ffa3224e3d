/* SPDX-License-Identifier: MIT */
/*
 * The transactions of one request's body as they are read, and from there
 * into the node: all their bytes are in one buffer. For the files that know
 * a form of the body, handlers_submit.c and push_long.c.
 */
#ifndef HTTP_BATCH_H
#define HTTP_BATCH_H

#include "codec/tx_json.h"
#include "http/submission.h"

#define BATCH_MAX 1000

struct batch {
	struct submission *s;
	struct buf raw;
	size_t *ends; /* in raw */
	size_t count;
};

/* Room for count; many: they came as an array. */
void batch_begin(struct batch *b, struct call *c, size_t count, bool many);
/* The next one, or why it is none. */
void batch_add_json(struct batch *b, const struct call *c, const json_t *in);
void batch_add_refused(struct batch *b, const struct fault *f);
/* Into the node, once count are there; takes b->s, which answers the call. */
void batch_send(struct batch *b, struct call *c);
/* Frees what batch_send() left. */
void batch_release(struct batch *b);

/*
 * An array in JSON that is too long to be parsed in one turn of the loop:
 * in parts, one of its elements after the other. The call is answered later.
 */
void push_long(struct call *c, struct span body);
/* From this many bytes on (jansson takes 3 ms for them); also the most that
 * a single transaction's text may have. */
#define LONG_TEXT (64u << 10)

#endif

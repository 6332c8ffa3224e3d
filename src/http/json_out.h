/* SPDX-License-Identifier: MIT */
/*
 * JSON appended to a buffer, without a tree in between: what most answers
 * are written with. The caller places commas and braces; this room escapes.
 */
#ifndef HTTP_JSON_OUT_H
#define HTTP_JSON_OUT_H

#include <jansson.h>
#include <stdint.h>

#include "base/bytes.h"
#include "crypto/hash.h"

/* Text as it is: punctuation and keys, as in out_text(b, ",\"height\":"). */
void out_text(struct buf *b, const char *text);
void out_uint(struct buf *b, uint64_t v);
void out_int(struct buf *b, int64_t v);
void out_bool(struct buf *b, bool v);
/* A string in quotes, escaped. What is not UTF-8 becomes '?'. */
void out_string(struct buf *b, struct span s);
/* In quotes. */
void out_base64(struct buf *b, struct span s);
/* Hex digits in quotes. */
void out_hex(struct buf *b, struct span s);
void out_hash(struct buf *b, const struct hash *h);
void out_address(struct buf *b, const struct address *a);

/* A member behind another one: a comma, its key, and its value. */
void out_key(struct buf *b, const char *key); /* without a value yet */
void out_member(struct buf *b, const char *key, uint64_t v);
void out_flag(struct buf *b, const char *key, bool v);
/* null when there is none. */
void out_maybe(struct buf *b, const char *key, bool has, uint64_t v);
/* A string, or null for NULL. */
void out_words(struct buf *b, const char *key, const char *text);

/* A tree of jansson's, compact. */
void out_json(struct buf *b, const json_t *json);

#endif

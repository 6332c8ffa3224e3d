/* SPDX-License-Identifier: MIT */
/*
 * Bytes as text: hex (lower case out, both cases in) and base64 (RFC 4648
 * section 4, padded, canonical: no stray bits, no white space).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"
#include "base/mem.h"

/* Write 2 * in.len digits and a zero byte. */
void hex_encode(char *out, struct span in);
/* Read exactly 2 * len digits; false when text is anything else. */
MUST_USE bool hex_decode(uint8_t *out, size_t len, struct span text);

/* Append; never fails. */
void base64_encode(struct buf *out, struct span in);
/* Append the bytes; false (out unchanged) when text is not canonical. */
MUST_USE bool base64_decode(struct buf *out, struct span text);

/*
 * Read a decimal integer 0..max without sign, blanks or leading zeros;
 * false when text is anything else.
 */
MUST_USE bool decimal_decode(uint64_t *out, uint64_t max, struct span text);

#endif

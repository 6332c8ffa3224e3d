/* SPDX-License-Identifier: MIT */
/*
 * Canonical msgpack: unsigned integers, bin and arrays, each in its shortest
 * form; no other type exists here. What encodes is written through msgpack-c;
 * what decodes is read by a cursor of our own that refuses every other form,
 * allocates nothing and copies nothing.
 */
#ifndef CODEC_MSGPACK_H
#define CODEC_MSGPACK_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

void mp_uint(struct buf *out, uint64_t v);
void mp_bin(struct buf *out, struct span s);
void mp_hash(struct buf *out, const struct hash *h);
/* The head of an array; its count elements follow. */
void mp_array(struct buf *out, size_t count);

/*
 * Reads from front to back. The first error sticks, and every later read
 * gives zeros, so that a decoder may check once, at the end.
 */
struct mp_reader {
	const uint8_t *p;
	const uint8_t *end;
	enum err err; /* ERR_OK, ERR_MALFORMED, ERR_NOT_CANONICAL */
};

void mp_reader_init(struct mp_reader *r, struct span in);
/* An integer 0..max; larger is ERR_MALFORMED. */
uint64_t mp_read_uint(struct mp_reader *r, uint64_t max);
/* Borrowed bytes, min..max of them. */
struct span mp_read_bin(struct mp_reader *r, size_t min, size_t max);
/* A bin of HASH_LEN, of ADDRESS_LEN bytes; zeros on an error. */
struct hash mp_read_hash(struct mp_reader *r);
struct address mp_read_address(struct mp_reader *r);
/* The number of elements, min..max. */
size_t mp_read_array(struct mp_reader *r, size_t min, size_t max);
/* Pass over one value of any kind, to a depth of 10, and return its bytes. A
 * block that holds a double vote needs 9. */
struct span mp_read_raw(struct mp_reader *r);
/* The same of what must be an array; of what is said by its own decoder. */
struct span mp_read_array_raw(struct mp_reader *r);
/* What was read may not be there, says the decoder: ERR_MALFORMED from here
 * on, unless there was an error before. */
void mp_refuse(struct mp_reader *r);
/* The reader's error, or ERR_MALFORMED when bytes are left. */
MUST_USE enum err mp_reader_end(const struct mp_reader *r);

#endif

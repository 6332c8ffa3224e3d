/* SPDX-License-Identifier: MIT */
/*
 * Byte strings: a span borrows, a buf owns and grows. Neither is ended by a
 * zero byte.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes. {NULL, 0} is empty. Lives as long as what it points to. */
struct span {
	const uint8_t *data;
	size_t len;
};

/* Owned, growing bytes. {0} is empty and ready; end with buf_release(). */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

#define SPAN(ptr, length) ((struct span){(const uint8_t *)(ptr), (length)})
#define SPAN_OF(array) SPAN((array), sizeof(array))

struct span span_str(const char *text);
bool span_eq(struct span a, struct span b);
/* Order as memcmp, a prefix before what extends it. <0, 0 or >0. */
int span_cmp(struct span a, struct span b);
/* Whether the bytes are well-formed UTF-8 without U+0000. */
bool span_is_utf8(struct span s);

void buf_reserve(struct buf *b, size_t more);
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_span(struct buf *b, struct span s);
void buf_byte(struct buf *b, uint8_t byte);
/* Empty it, keep its memory. */
void buf_reset(struct buf *b);
void buf_release(struct buf *b);
struct span buf_span(const struct buf *b);

/* Big-endian integers, as table keys and digests use them. */
void put_be64(uint8_t out[8], uint64_t v);
uint64_t get_be64(const uint8_t in[8]);
void put_be32(uint8_t out[4], uint32_t v);
uint32_t get_be32(const uint8_t in[4]);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Spans and buffers. Promises that no function here reads past a length.
 */
#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct span span_str(const char *text)
{
	return SPAN(text, strlen(text));
}

bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

int span_cmp(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.data, b.data, n) : 0;

	if (c)
		return c;
	return (a.len > b.len) - (a.len < b.len);
}

/* Length of the UTF-8 sequence at p, or 0 (RFC 3629). */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c = p[0];
	size_t len, i;

	if (c < 0x80)
		return c ? 1 : 0;
	if (c >= 0xc2 && c < 0xe0)
		len = 2;
	else if (c >= 0xe0 && c < 0xf0)
		len = 3;
	else if (c >= 0xf0 && c < 0xf5)
		len = 4;
	else
		return 0;
	if (left < len)
		return 0;
	c &= 0xffu >> (len + 1);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return len;
}

bool span_is_utf8(struct span s)
{
	size_t i = 0, step;

	while (i < s.len) {
		step = utf8_sequence(s.data + i, s.len - i);
		if (!step)
			return false;
		i += step;
	}
	return true;
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64;

	if (b->cap - b->len >= more)
		return;
	if (more > SIZE_MAX / 4 - b->len)
		BUG("buffer size overflows");
	while (cap - b->len < more)
		cap *= 2;
	b->data = xrealloc(b->data, cap, 1);
	b->cap = cap;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return;
	buf_reserve(b, len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_append_span(struct buf *b, struct span s)
{
	buf_append(b, s.data, s.len);
}

void buf_byte(struct buf *b, uint8_t byte)
{
	buf_append(b, &byte, 1);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

struct span buf_span(const struct buf *b)
{
	return SPAN(b->data, b->len);
}

void put_be64(uint8_t out[8], uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> (56 - 8 * i));
}

uint64_t get_be64(const uint8_t in[8])
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | in[i];
	return v;
}

void put_be32(uint8_t out[4], uint32_t v)
{
	int i;

	for (i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

uint32_t get_be32(const uint8_t in[4])
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 4; i++)
		v = v << 8 | in[i];
	return v;
}

/* SPDX-License-Identifier: MIT */
/*
 * Hex, base64 and decimal. Strict on the way in: one text for one value,
 * except that hex may be written in either case.
 */
#include "base/text.h"

#include <string.h>

static const char digits16[] = "0123456789abcdef";
static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

void hex_encode(char *out, struct span in)
{
	size_t i;

	for (i = 0; i < in.len; i++) {
		*out++ = digits16[in.data[i] >> 4];
		*out++ = digits16[in.data[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_decode(uint8_t *out, size_t len, struct span text)
{
	size_t i;
	int hi, lo;

	if (text.len != 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		hi = hex_digit(text.data[2 * i]);
		lo = hex_digit(text.data[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

void base64_encode(struct buf *out, struct span in)
{
	size_t i, left;
	uint32_t v;
	char four[4];

	buf_reserve(out, (in.len + 2) / 3 * 4);
	for (i = 0; i < in.len; i += 3) {
		left = in.len - i;
		v = (uint32_t)in.data[i] << 16;
		if (left > 1)
			v |= (uint32_t)in.data[i + 1] << 8;
		if (left > 2)
			v |= in.data[i + 2];
		four[0] = digits64[v >> 18];
		four[1] = digits64[v >> 12 & 63];
		four[2] = left > 1 ? digits64[v >> 6 & 63] : '=';
		four[3] = left > 2 ? digits64[v & 63] : '=';
		buf_append(out, four, 4);
	}
}

/* Values of the characters from '+' to 'z'; -1: not a digit. */
static const int8_t value64[] = {
	62, -1, -1, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1,
	-1, -1, -1, -1, -1, -1, 0,  1,	2,  3,	4,  5,	6,  7,	8,  9,
	10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	-1, -1, -1, -1, -1, -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
	36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
};

static int base64_digit(uint8_t c)
{
	unsigned at = c - (unsigned)'+';

	return at < sizeof(value64) ? value64[at] : -1;
}

/* The 24 bits of four digits; negative when one of them is none. */
static int32_t base64_group(const uint8_t *four)
{
	int a = base64_digit(four[0]), b = base64_digit(four[1]);
	int c = base64_digit(four[2]), d = base64_digit(four[3]);

	if ((a | b | c | d) < 0)
		return -1;
	return a << 18 | b << 12 | c << 6 | d;
}

/* Every byte of a signed JSON transaction's key and signature passes here. */
bool base64_decode(struct buf *out, struct span text)
{
	size_t pad = 0, i;
	uint8_t last[4], *to;
	int32_t v;

	if (text.len % 4)
		return false;
	if (!text.len)
		return true;
	if (text.data[text.len - 1] == '=')
		pad = text.data[text.len - 2] == '=' ? 2 : 1;
	buf_reserve(out, text.len / 4 * 3);
	to = out->data + out->len;
	for (i = 0; i + 4 < text.len; i += 4, to += 3) {
		v = base64_group(text.data + i);
		if (v < 0)
			return false;
		to[0] = (uint8_t)(v >> 16);
		to[1] = (uint8_t)(v >> 8);
		to[2] = (uint8_t)v;
	}
	memset(last, 'A', sizeof(last));
	memcpy(last, text.data + i, 4 - pad);
	v = base64_group(last);
	/* The bits that are cut off must be zero: one text for one value. */
	if (v < 0 || (v & ((1 << 8 * pad) - 1)))
		return false;
	to[0] = (uint8_t)(v >> 16);
	if (pad < 2)
		to[1] = (uint8_t)(v >> 8);
	if (pad < 1)
		to[2] = (uint8_t)v;
	out->len += text.len / 4 * 3 - pad;
	return true;
}

bool decimal_decode(uint64_t *out, uint64_t max, struct span text)
{
	uint64_t v = 0;
	size_t i;

	if (!text.len || (text.len > 1 && text.data[0] == '0'))
		return false;
	for (i = 0; i < text.len; i++) {
		unsigned d = text.data[i] - (unsigned)'0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

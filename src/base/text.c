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

static int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

bool base64_decode(struct buf *out, struct span text)
{
	size_t start = out->len, i, k, pad = 0;
	uint32_t v;
	int d;

	if (text.len % 4)
		return false;
	if (text.len && text.data[text.len - 1] == '=')
		pad = text.data[text.len - 2] == '=' ? 2 : 1;
	buf_reserve(out, text.len / 4 * 3);
	for (i = 0; i < text.len; i += 4) {
		bool last = i + 4 == text.len;
		size_t use = last ? 4 - pad : 4;

		v = 0;
		for (k = 0; k < 4; k++) {
			d = k < use ? base64_digit(text.data[i + k]) : 0;
			if (d < 0)
				goto bad;
			v = v << 6 | (uint32_t)d;
		}
		if ((use == 3 && v & 0xff) || (use == 2 && v & 0xffff))
			goto bad;
		buf_byte(out, (uint8_t)(v >> 16));
		if (use > 2)
			buf_byte(out, (uint8_t)(v >> 8));
		if (use > 3)
			buf_byte(out, (uint8_t)v);
	}
	return true;
bad:
	out->len = start;
	return false;
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

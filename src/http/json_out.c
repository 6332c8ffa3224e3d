/* SPDX-License-Identifier: MIT */
/* JSON appended to a buffer; see the header. */
#include "http/json_out.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void out_text(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void out_uint(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_append(b, digits + at, sizeof(digits) - at);
}

void out_int(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_byte(b, '-');
	out_uint(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void out_bool(struct buf *b, bool v)
{
	out_text(b, v ? "true" : "false");
}

void out_string(struct buf *b, struct span s)
{
	bool utf8 = span_is_utf8(s);
	char code[8];
	size_t i;
	uint8_t c;

	buf_byte(b, '"');
	for (i = 0; i < s.len; i++) {
		c = s.data[i];
		if (c == '"' || c == '\\') {
			buf_byte(b, '\\');
			buf_byte(b, c);
		} else if (c < 0x20 || c == 0x7f) {
			snprintf(code, sizeof(code), "\\u%04x", c);
			out_text(b, code);
		} else {
			buf_byte(b, c < 0x80 || utf8 ? c : '?');
		}
	}
	buf_byte(b, '"');
}

void out_base64(struct buf *b, struct span s)
{
	buf_byte(b, '"');
	base64_encode(b, s);
	buf_byte(b, '"');
}

void out_hex(struct buf *b, struct span s)
{
	buf_byte(b, '"');
	buf_reserve(b, 2 * s.len + 1);
	hex_encode((char *)b->data + b->len, s);
	b->len += 2 * s.len;
	buf_byte(b, '"');
}

void out_hash(struct buf *b, const struct hash *h)
{
	out_hex(b, hash_span(h));
}

void out_address(struct buf *b, const struct address *a)
{
	out_hex(b, address_span(a));
}

void out_key(struct buf *b, const char *key)
{
	out_text(b, ",\"");
	out_text(b, key);
	out_text(b, "\":");
}

void out_member(struct buf *b, const char *key, uint64_t v)
{
	out_key(b, key);
	out_uint(b, v);
}

void out_flag(struct buf *b, const char *key, bool v)
{
	out_key(b, key);
	out_bool(b, v);
}

void out_maybe(struct buf *b, const char *key, bool has, uint64_t v)
{
	out_key(b, key);
	if (has)
		out_uint(b, v);
	else
		out_text(b, "null");
}

void out_words(struct buf *b, const char *key, const char *text)
{
	out_key(b, key);
	if (text)
		out_string(b, span_str(text));
	else
		out_text(b, "null");
}

static int append(const char *data, size_t len, void *arg)
{
	buf_append(arg, data, len);
	return 0;
}

void out_json(struct buf *b, const json_t *json)
{
	if (json_dump_callback(json, append, b, JSON_COMPACT | JSON_ENCODE_ANY))
		BUG("jansson could not print what it holds");
}

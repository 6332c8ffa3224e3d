/* SPDX-License-Identifier: MIT */
/*
 * Canonical msgpack over msgpack-c's packer, and a strict reader. The reader
 * is ours because msgpack-c's unpacker allocates what a length field
 * promises before the bytes are there, and accepts longer forms than needed.
 */
#include "codec/msgpack.h"

#include <msgpack/pack.h>
#include <string.h>

#define RAW_DEPTH_MAX 10

static int append(void *data, const char *bytes, size_t len)
{
	buf_append(data, bytes, len);
	return 0;
}

static msgpack_packer packer(struct buf *out)
{
	msgpack_packer p;

	msgpack_packer_init(&p, out, append);
	return p;
}

void mp_uint(struct buf *out, uint64_t v)
{
	msgpack_packer p = packer(out);

	msgpack_pack_uint64(&p, v);
}

void mp_bin(struct buf *out, struct span s)
{
	msgpack_packer p = packer(out);

	msgpack_pack_bin(&p, s.len);
	if (s.len)
		msgpack_pack_bin_body(&p, s.data, s.len);
}

void mp_hash(struct buf *out, const struct hash *h)
{
	mp_bin(out, hash_span(h));
}

void mp_array(struct buf *out, size_t count)
{
	msgpack_packer p = packer(out);

	msgpack_pack_array(&p, count);
}

void mp_reader_init(struct mp_reader *r, struct span in)
{
	if (!in.len)
		in = SPAN("", 0); /* NULL + 0 is undefined */
	*r = (struct mp_reader){in.data, in.data + in.len, ERR_OK};
}

static void fail(struct mp_reader *r, enum err e)
{
	if (!r->err)
		r->err = e;
	r->p = r->end;
}

/* Take len bytes; NULL when they are not there. */
static const uint8_t *take(struct mp_reader *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->err || (size_t)(r->end - p) < len) {
		fail(r, ERR_MALFORMED);
		return NULL;
	}
	r->p += len;
	return p;
}

/* A big-endian integer of size bytes that must be at least least: a smaller
 * one has a shorter form. */
static uint64_t take_be(struct mp_reader *r, size_t size, uint64_t least)
{
	const uint8_t *p = take(r, size);
	uint64_t v = 0;
	size_t i;

	if (!p)
		return 0;
	for (i = 0; i < size; i++)
		v = v << 8 | p[i];
	if (v < least) {
		fail(r, ERR_NOT_CANONICAL);
		return 0;
	}
	return v;
}

uint64_t mp_read_uint(struct mp_reader *r, uint64_t max)
{
	const uint8_t *p = take(r, 1);
	uint64_t v = 0;

	if (!p)
		return 0;
	if (*p < 0x80)
		v = *p;
	else if (*p == 0xcc)
		v = take_be(r, 1, 0x80);
	else if (*p == 0xcd)
		v = take_be(r, 2, 0x100);
	else if (*p == 0xce)
		v = take_be(r, 4, 0x10000);
	else if (*p == 0xcf)
		v = take_be(r, 8, UINT64_C(0x100000000));
	else
		fail(r, ERR_MALFORMED);
	if (v > max) {
		fail(r, ERR_MALFORMED);
		return 0;
	}
	return v;
}

struct span mp_read_bin(struct mp_reader *r, size_t min, size_t max)
{
	const uint8_t *p = take(r, 1);
	uint64_t len = 0;

	if (!p)
		return SPAN(NULL, 0);
	if (*p == 0xc4)
		len = take_be(r, 1, 0);
	else if (*p == 0xc5)
		len = take_be(r, 2, 0x100);
	else if (*p == 0xc6)
		len = take_be(r, 4, 0x10000);
	else
		fail(r, ERR_MALFORMED);
	if (len < min || len > max)
		fail(r, ERR_MALFORMED);
	p = take(r, (size_t)len);
	return p ? SPAN(p, (size_t)len) : SPAN(NULL, 0);
}

struct hash mp_read_hash(struct mp_reader *r)
{
	struct span s = mp_read_bin(r, HASH_LEN, HASH_LEN);
	struct hash h = {{0}};

	if (s.len)
		memcpy(h.b, s.data, HASH_LEN);
	return h;
}

struct address mp_read_address(struct mp_reader *r)
{
	struct span s = mp_read_bin(r, ADDRESS_LEN, ADDRESS_LEN);
	struct address a = {{0}};

	if (s.len)
		memcpy(a.b, s.data, ADDRESS_LEN);
	return a;
}

size_t mp_read_array(struct mp_reader *r, size_t min, size_t max)
{
	const uint8_t *p = take(r, 1);
	uint64_t count = 0;

	if (!p)
		return 0;
	if ((*p & 0xf0) == 0x90)
		count = *p & 0x0f;
	else if (*p == 0xdc)
		count = take_be(r, 2, 16);
	else if (*p == 0xdd)
		count = take_be(r, 4, 0x10000);
	else
		fail(r, ERR_MALFORMED);
	if (count < min || count > max)
		fail(r, ERR_MALFORMED);
	return r->err ? 0 : (size_t)count;
}

static void skip(struct mp_reader *r, int depth)
{
	size_t count;

	if (r->p == r->end || !depth) {
		fail(r, ERR_MALFORMED);
	} else if (*r->p < 0x80 || (*r->p >= 0xcc && *r->p <= 0xcf)) {
		mp_read_uint(r, UINT64_MAX);
	} else if (*r->p >= 0xc4 && *r->p <= 0xc6) {
		mp_read_bin(r, 0, SIZE_MAX);
	} else {
		/* Each element takes a byte at least: what is left bounds
		 * the loop. */
		count = mp_read_array(r, 0, (size_t)(r->end - r->p));
		while (count-- && !r->err)
			skip(r, depth - 1);
	}
}

struct span mp_read_raw(struct mp_reader *r)
{
	const uint8_t *start = r->p;

	skip(r, RAW_DEPTH_MAX);
	if (r->err)
		return SPAN(NULL, 0);
	return SPAN(start, (size_t)(r->p - start));
}

struct span mp_read_array_raw(struct mp_reader *r)
{
	struct span s = mp_read_raw(r);

	if (s.len && (s.data[0] & 0xf0) != 0x90 && s.data[0] != 0xdc &&
	    s.data[0] != 0xdd) {
		fail(r, ERR_MALFORMED);
		return SPAN(NULL, 0);
	}
	return s;
}

void mp_refuse(struct mp_reader *r)
{
	fail(r, ERR_MALFORMED);
}

enum err mp_reader_end(const struct mp_reader *r)
{
	if (r->err)
		return r->err;
	return r->p == r->end ? ERR_OK : ERR_MALFORMED;
}

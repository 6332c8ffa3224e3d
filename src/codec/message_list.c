/* SPDX-License-Identifier: MIT */
/* Messages that hold lists: hashes, headers, blocks, evidence. See message.h.
 */
#include "codec/message.h"

#include "codec/msgpack.h"

/* --- lists -------------------------------------------------------------- */

/* Read a list whose elements are of any kind. */
static void read_list(struct msg_list *out, struct mp_reader *r, size_t max)
{
	size_t i;

	out->left = mp_read_array(r, 0, max);
	out->p = r->p;
	for (i = 0; i < out->left; i++)
		mp_read_raw(r);
	out->end = r->p;
}

static void read_hashes(struct hash *out, size_t *count, struct mp_reader *r,
			size_t min, size_t max)
{
	size_t i;

	*count = mp_read_array(r, min, max);
	for (i = 0; i < *count; i++)
		out[i] = mp_read_hash(r);
}

enum err msg_list_begin(struct msg_list *out, struct span body, size_t max)
{
	struct mp_reader r;
	enum err e;

	mp_reader_init(&r, body);
	read_list(out, &r, max);
	e = mp_reader_end(&r);
	if (e)
		*out = (struct msg_list){0};
	return e;
}

bool msg_list_next(struct msg_list *l, struct span *raw)
{
	struct mp_reader r;

	if (!l->left)
		return false;
	mp_reader_init(&r, SPAN(l->p, (size_t)(l->end - l->p)));
	*raw = mp_read_raw(&r);
	l->p = r.p;
	l->left--;
	return raw->len > 0;
}

void msg_hashes_encode(struct buf *out, const struct hash *list, size_t count)
{
	size_t i;

	mp_array(out, count);
	for (i = 0; i < count; i++)
		mp_hash(out, &list[i]);
}

enum err msg_hashes_decode(struct hash *out, size_t *count, size_t max,
			   struct span body)
{
	struct mp_reader r;

	mp_reader_init(&r, body);
	read_hashes(out, count, &r, 0, max);
	return mp_reader_end(&r);
}

/* --- headers and blocks ------------------------------------------------- */

void msg_ask_headers_encode(struct buf *out, const struct msg_ask_headers *m)
{
	mp_array(out, 2);
	msg_hashes_encode(out, m->locator, m->count);
	mp_uint(out, m->max);
}

enum err msg_ask_headers_decode(struct msg_ask_headers *out, struct span body)
{
	struct mp_reader r;

	mp_reader_init(&r, body);
	mp_read_array(&r, 2, 2);
	read_hashes(out->locator, &out->count, &r, 1, MSG_LOCATOR_MAX);
	out->max = mp_read_uint(&r, MSG_HEADERS_MAX);
	if (!out->max)
		mp_refuse(&r);
	return mp_reader_end(&r);
}

void msg_header_encode(struct buf *out, struct span header_raw,
		       struct span seal_raw)
{
	mp_array(out, 2);
	buf_append_span(out, header_raw);
	buf_append_span(out, seal_raw);
}

enum err msg_header_decode(struct span *header_raw, struct span *seal_raw,
			   struct span raw)
{
	struct mp_reader r;

	mp_reader_init(&r, raw);
	mp_read_array(&r, 2, 2);
	*header_raw = mp_read_array_raw(&r);
	*seal_raw = mp_read_array_raw(&r);
	return mp_reader_end(&r);
}

void msg_blocks_encode(struct buf *out, const struct span *blocks,
		       size_t block_count, const struct hash *missing,
		       size_t missing_count)
{
	size_t i;

	mp_array(out, 2);
	mp_array(out, block_count);
	for (i = 0; i < block_count; i++)
		buf_append_span(out, blocks[i]);
	msg_hashes_encode(out, missing, missing_count);
}

enum err msg_blocks_decode(struct msg_blocks *out, struct span body)
{
	struct mp_reader r;
	enum err e;

	mp_reader_init(&r, body);
	mp_read_array(&r, 2, 2);
	read_list(&out->blocks, &r, MSG_BLOCKS_MAX);
	read_hashes(out->missing, &out->missing_count, &r, 0, MSG_BLOCKS_MAX);
	e = mp_reader_end(&r);
	if (e)
		out->blocks = (struct msg_list){0};
	return e;
}

void msg_evidence_encode(struct buf *out, const struct span header[2],
			 const struct span seal[2])
{
	size_t i;

	mp_array(out, 4);
	for (i = 0; i < 2; i++) {
		buf_append_span(out, header[i]);
		buf_append_span(out, seal[i]);
	}
}

enum err msg_evidence_decode(struct msg_evidence *out, struct span raw)
{
	struct mp_reader r;
	size_t i;

	mp_reader_init(&r, raw);
	mp_read_array(&r, 4, 4);
	for (i = 0; i < 2; i++) {
		out->header[i] = mp_read_array_raw(&r);
		out->seal[i] = mp_read_array_raw(&r);
	}
	out->raw = raw;
	return mp_reader_end(&r);
}

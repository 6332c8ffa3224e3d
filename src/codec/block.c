/* SPDX-License-Identifier: MIT */
/*
 * Blocks to and from canonical bytes. Knows their form; which engine fields,
 * seal or roots are right is decided above.
 */
#include "codec/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/msgpack.h"
#include "codec/tx.h"
#include "codec/vote_read.h"

#define HEADER_FIELDS 11
#define ENGINE_BYTES_MAX 512
#define EMPTY_SEAL_BYTES 6 /* 93 c4 00 c4 00 00 */

static void put_span(struct buf *out, struct span s)
{
	mp_bin(out, s.data ? s : SPAN("", 0));
}

void header_encode(struct buf *out, const struct header *h)
{
	mp_array(out, HEADER_FIELDS);
	mp_uint(out, BLOCK_VERSION);
	mp_uint(out, h->height);
	mp_hash(out, &h->parent);
	mp_uint(out, h->time);
	put_span(out,
		 h->has_producer ? address_span(&h->producer) : SPAN("", 0));
	mp_hash(out, &h->txs_root);
	put_span(out, h->results_root);
	mp_hash(out, &h->state_root);
	mp_hash(out, &h->history_root);
	if (h->engine.len)
		buf_append_span(out, h->engine);
	else
		mp_array(out, 0);
	put_span(out, h->extra);
}

static enum err read_header(struct header *out, struct mp_reader *r)
{
	struct span producer, engine;

	*out = (struct header){0};
	mp_read_array(r, HEADER_FIELDS, HEADER_FIELDS);
	if (mp_read_uint(r, UINT64_MAX) != BLOCK_VERSION && !r->err)
		return ERR_UNSUPPORTED_VERSION;
	out->height = mp_read_uint(r, AMOUNT_MAX);
	out->parent = mp_read_hash(r);
	out->time = mp_read_uint(r, AMOUNT_MAX);
	producer = mp_read_bin(r, 0, ADDRESS_LEN);
	if (producer.len == ADDRESS_LEN) {
		out->has_producer = true;
		memcpy(out->producer.b, producer.data, ADDRESS_LEN);
	} else if (producer.len) {
		return ERR_MALFORMED;
	}
	out->txs_root = mp_read_hash(r);
	out->results_root = mp_read_bin(r, 0, HASH_LEN);
	out->state_root = mp_read_hash(r);
	out->history_root = mp_read_hash(r);
	engine = mp_read_raw(r);
	if (!engine.len || engine.len > ENGINE_BYTES_MAX ||
	    ((engine.data[0] & 0xf0) != 0x90 && engine.data[0] != 0xdc))
		return r->err ? r->err : ERR_MALFORMED;
	out->engine = engine;
	out->extra = mp_read_bin(r, 0, BLOCK_EXTRA_MAX);
	return r->err;
}

enum err header_decode(struct header *out, struct span raw)
{
	struct mp_reader r;
	enum err e;

	mp_reader_init(&r, raw);
	e = read_header(out, &r);
	return e ? e : mp_reader_end(&r);
}

void header_hash(struct hash *out, const struct hash *genesis,
		 struct span header_raw)
{
	digest(out, DOMAIN_HEADER, genesis, header_raw);
}

void seal_encode(struct buf *out, const struct seal *s)
{
	if (s->certificate.len) {
		buf_append_span(out, s->certificate);
		return;
	}
	mp_array(out, 3);
	put_span(out, s->key);
	put_span(out, s->signature);
	mp_uint(out, s->nonce);
}

static void read_seal(struct seal *out, struct mp_reader *r)
{
	struct mp_reader look = *r;

	*out = (struct seal){0};
	if (mp_read_array(&look, 2, 3) == 2) {
		out->certificate = certificate_read(r);
		return;
	}
	mp_read_array(r, 3, 3);
	out->key = mp_read_bin(r, 0, KEY_SPKI_MAX);
	out->signature = mp_read_bin(r, 0, KEY_SIGNATURE_MAX);
	out->nonce = mp_read_uint(r, UINT64_MAX);
}

enum err seal_decode(struct seal *out, struct span raw)
{
	struct mp_reader r;

	mp_reader_init(&r, raw);
	read_seal(out, &r);
	return mp_reader_end(&r);
}

void block_encode(struct buf *out, struct span header_raw,
		  const struct seal *seal, const struct span *txs,
		  size_t tx_count)
{
	size_t i;

	mp_array(out, 3);
	buf_append_span(out, header_raw);
	seal_encode(out, seal);
	mp_array(out, tx_count);
	for (i = 0; i < tx_count; i++)
		buf_append_span(out, txs[i]);
}

static enum err read_block(struct block *out, size_t *seal_len,
			   struct mp_reader *r)
{
	const uint8_t *start;
	enum err e;
	size_t count, i;

	mp_read_array(r, 3, 3);
	start = r->p;
	e = read_header(&out->header, r);
	if (e)
		return e;
	out->header_raw = SPAN(start, (size_t)(r->p - start));
	start = r->p;
	read_seal(&out->seal, r);
	*seal_len = (size_t)(r->p - start);
	/* a transaction takes more than 64 bytes: the bytes bound the array */
	count = mp_read_array(r, 0, (size_t)(r->end - r->p) / 64 + 1);
	if (r->err)
		return r->err;
	out->txs = xcalloc(count, sizeof(*out->txs));
	for (i = 0; i < count; i++)
		out->txs[i] = mp_read_raw(r);
	out->tx_count = count;
	return mp_reader_end(r);
}

enum err block_decode(struct block *out, struct span raw)
{
	struct mp_reader r;
	size_t seal_len = 0;
	enum err e;

	*out = (struct block){0};
	if (raw.len > BLOCK_BYTES_MAX + SEAL_BYTES_MAX)
		return ERR_TOO_BIG;
	mp_reader_init(&r, raw);
	e = read_block(out, &seal_len, &r);
	out->size = raw.len - seal_len + EMPTY_SEAL_BYTES;
	if (!e && out->size > BLOCK_BYTES_MAX)
		e = ERR_TOO_BIG;
	if (e)
		block_release(out);
	return e;
}

void block_release(struct block *b)
{
	free(b->txs);
	*b = (struct block){0};
}

/* SPDX-License-Identifier: MIT */
/* Keys and values of the chain's tables; see the header. */
#include "chain/tables.h"

#include <string.h>

#include "base/amount.h"
#include "codec/msgpack.h"

struct span meta_key(const char *name)
{
	return span_str(name);
}

struct span height_key(uint8_t out[HEIGHT_KEY_LEN], uint64_t height)
{
	put_be64(out, height);
	return SPAN(out, HEIGHT_KEY_LEN);
}

struct span history_key(uint8_t out[HISTORY_KEY_LEN],
			const struct address *address, uint64_t height)
{
	memcpy(out, address->b, ADDRESS_LEN);
	put_be64(out + ADDRESS_LEN, height);
	return SPAN(out, HISTORY_KEY_LEN);
}

struct span txid_value(uint8_t out[TXID_VALUE_LEN], uint64_t height,
		       uint32_t index)
{
	put_be64(out, height);
	put_be32(out + 8, index);
	return SPAN(out, TXID_VALUE_LEN);
}

enum err txid_decode(uint64_t *height, uint32_t *index, struct span value)
{
	if (value.len != TXID_VALUE_LEN)
		return ERR_CORRUPT;
	*height = get_be64(value.data);
	*index = get_be32(value.data + 8);
	return ERR_OK;
}

enum err height_decode(uint64_t *height, struct span value)
{
	if (value.len != HEIGHT_KEY_LEN)
		return ERR_CORRUPT;
	*height = get_be64(value.data);
	return ERR_OK;
}

struct span signed_value(uint8_t out[SIGNED_VALUE_LEN], uint64_t time,
			 uint64_t rank)
{
	put_be64(out, time);
	put_be64(out + 8, rank);
	return SPAN(out, SIGNED_VALUE_LEN);
}

enum err signed_decode(uint64_t *time, uint64_t *rank, struct span value)
{
	if (value.len != SIGNED_VALUE_LEN)
		return ERR_CORRUPT;
	*time = get_be64(value.data);
	*rank = get_be64(value.data + 8);
	return ERR_OK;
}

struct span votes_value(uint8_t out[VOTES_VALUE_LEN],
			const uint8_t id[VOTES_ID_LEN], uint64_t number)
{
	memcpy(out, id, VOTES_ID_LEN);
	put_be64(out + VOTES_ID_LEN, number);
	return SPAN(out, VOTES_VALUE_LEN);
}

enum err votes_known_decode(struct votes_known *out, struct span value)
{
	if (value.len != VOTES_VALUE_LEN)
		return ERR_CORRUPT;
	out->is_there = true;
	memcpy(out->id, value.data, VOTES_ID_LEN);
	out->number = get_be64(value.data + VOTES_ID_LEN);
	return ERR_OK;
}

void history_encode(struct buf *out, uint64_t balance, uint64_t nonce,
		    const uint32_t *indexes, size_t count)
{
	size_t i;

	mp_array(out, 3);
	mp_uint(out, balance);
	mp_uint(out, nonce);
	mp_array(out, count);
	for (i = 0; i < count; i++)
		mp_uint(out, indexes[i]);
}

enum err history_decode(struct history_entry *out, struct span value)
{
	struct mp_reader r;

	*out = (struct history_entry){0};
	mp_reader_init(&r, value);
	mp_read_array(&r, 3, 3);
	out->balance = mp_read_uint(&r, AMOUNT_MAX);
	out->nonce = mp_read_uint(&r, AMOUNT_MAX);
	out->count = mp_read_array(&r, 0, value.len);
	out->indexes = SPAN(r.p, (size_t)(r.end - r.p));
	return r.err ? ERR_CORRUPT : ERR_OK;
}

bool history_next_index(struct history_entry *e, uint32_t *index)
{
	struct mp_reader r;

	if (!e->count)
		return false;
	mp_reader_init(&r, e->indexes);
	*index = (uint32_t)mp_read_uint(&r, UINT32_MAX);
	if (r.err)
		return false;
	e->indexes = SPAN(r.p, (size_t)(r.end - r.p));
	e->count--;
	return true;
}

enum err history_seek(struct kv_cursor *c, struct history_entry *out,
		      uint64_t *height, const struct address *address,
		      uint64_t below)
{
	uint8_t key[HISTORY_KEY_LEN];
	enum err e;

	e = kv_seek_before(c, history_key(key, address, below));
	if (e)
		return e;
	if (c->key.len != HISTORY_KEY_LEN)
		return ERR_CORRUPT;
	if (memcmp(c->key.data, address->b, ADDRESS_LEN))
		return ERR_NOT_FOUND;
	*height = get_be64(c->key.data + ADDRESS_LEN);
	return history_decode(out, c->value);
}

static size_t peak_count(uint64_t leaves)
{
	size_t n = 0;

	for (; leaves; leaves &= leaves - 1)
		n++;
	return n;
}

void range_encode(struct buf *out, const struct mmr *m)
{
	size_t i, n = peak_count(m->count);

	mp_array(out, 1 + n);
	mp_uint(out, m->count);
	for (i = 0; i < n; i++)
		mp_bin(out, hash_span(&m->peaks[i]));
}

enum err range_decode(struct mmr *out, struct span value)
{
	struct mp_reader r;
	struct span peak;
	size_t i, n;

	*out = (struct mmr){0};
	mp_reader_init(&r, value);
	n = mp_read_array(&r, 1, 65);
	out->count = mp_read_uint(&r, AMOUNT_MAX);
	if (r.err || n != 1 + peak_count(out->count))
		return ERR_CORRUPT;
	for (i = 0; i + 1 < n; i++) {
		peak = mp_read_bin(&r, HASH_LEN, HASH_LEN);
		if (peak.len)
			memcpy(out->peaks[i].b, peak.data, HASH_LEN);
	}
	return mp_reader_end(&r) ? ERR_CORRUPT : ERR_OK;
}

void orphan_encode(struct buf *out, struct span block, struct span delta)
{
	mp_array(out, 2);
	mp_bin(out, block);
	mp_bin(out, delta);
}

enum err orphan_decode(struct span *block, struct span *delta,
		       struct span value)
{
	struct mp_reader r;

	mp_reader_init(&r, value);
	mp_read_array(&r, 2, 2);
	*block = mp_read_bin(&r, 0, value.len);
	*delta = mp_read_bin(&r, 0, value.len);
	return mp_reader_end(&r) ? ERR_CORRUPT : ERR_OK;
}

enum err state_get(struct kv_view *v, struct span *state, uint64_t height)
{
	struct kv_cursor *c = kv_cursor_open(v, KV_STATES);
	uint8_t above[HEIGHT_KEY_LEN], key[HEIGHT_KEY_LEN];
	uint64_t at = 0;
	enum err e;

	e = kv_seek_before(c, height_key(above, height + 1));
	if (!e)
		e = height_decode(&at, c->key);
	kv_cursor_close(c);
	/* what a cursor shows ends with it */
	return e ? e : kv_get(v, state, KV_STATES, height_key(key, at));
}

void state_put(struct kv_batch *out, uint64_t height, struct span state,
	       const struct span *below)
{
	uint8_t key[HEIGHT_KEY_LEN];

	if (!below || !span_eq(state, *below))
		kv_batch_put(out, KV_STATES, height_key(key, height), state);
}

/* SPDX-License-Identifier: MIT */
/*
 * What poa remembers of a chain; see the header. Settling takes two quorums
 * (doc/poa.md has the proof): one whose signatures back a block, and one that
 * built on it having seen the first, of authorities that cannot have signed
 * another branch in between.
 */
#include "consensus/poa_state.h"

#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"

#define ROW_LEN 6 /* members of a row, encoded */

/* Backed blocks that are kept: those of some rounds. */
static size_t open_max(const struct poa_state *s)
{
	return 4 * s->n;
}

void poa_state_init(struct poa_state *s, size_t n)
{
	*s = (struct poa_state){.n = n};
	s->rows = xcalloc(n, sizeof(*s->rows));
	s->open = xcalloc(open_max(s), sizeof(*s->open));
}

void poa_state_copy(struct poa_state *out, const struct poa_state *s)
{
	*out = *s;
	out->rows = xmemdup(s->rows, s->n * sizeof(*s->rows));
	out->open = xcalloc(open_max(s), sizeof(*s->open));
	memcpy(out->open, s->open, s->open_count * sizeof(*s->open));
}

void poa_state_release(struct poa_state *s)
{
	free(s->rows);
	free(s->open);
	*s = (struct poa_state){0};
}

size_t poa_quorum(size_t n)
{
	return 2 * n / 3 + 1;
}

bool poa_is_filling(const struct poa_state *s)
{
	return s->last_with_txs > s->settled;
}

size_t poa_signed_count(const struct poa_state *s)
{
	size_t i, count = 0;

	if (!s->last_with_txs)
		return 0;
	for (i = 0; i < s->n; i++)
		if (s->rows[i].height >= s->last_with_txs)
			count++;
	return count;
}

static int by_height(const void *a, const void *b)
{
	const struct poa_row *x = a, *y = b;

	return (x->height < y->height) - (x->height > y->height);
}

/* Authorities whose word counts for a block: in none of their slots after it
 * can they have signed another branch. since: only those that signed at that
 * height or above. */
static size_t count_faithful(const struct poa_state *s,
			     const struct poa_backed *b, uint64_t since)
{
	size_t i, count = 0;

	for (i = 0; i < s->n; i++)
		count += s->rows[i].height >= since &&
			 s->rows[i].gap <= b->slot + 1;
	return count;
}

static void forget_open(struct poa_state *s, size_t i)
{
	s->open_count--;
	memmove(s->open + i, s->open + i + 1,
		(s->open_count - i) * sizeof(*s->open));
}

/* A quorum of distinct signers at or after it: sort the authorities by their
 * latest blocks, and take the one at the quorum. */
static void update_backed(struct poa_state *s, uint64_t height)
{
	struct poa_row *rows = xmemdup(s->rows, s->n * sizeof(*rows));
	const struct poa_row *at = &rows[poa_quorum(s->n) - 1];

	qsort(rows, s->n, sizeof(*rows), by_height);
	if (at->height > s->backed.height) {
		s->backed = (struct poa_backed){at->height, at->slot, height};
		if (s->open_count == open_max(s))
			forget_open(s, 0);
		s->open[s->open_count++] = s->backed;
	}
	free(rows);
}

/* The highest backed block upon which a quorum built once it was backed,
 * faithfully. */
static void update_settled(struct poa_state *s)
{
	size_t i = s->open_count, quorum = poa_quorum(s->n);

	while (i-- > 0) {
		const struct poa_backed *b = &s->open[i];

		if (count_faithful(s, b, 0) < quorum) {
			forget_open(s, i); /* it will never be */
			continue;
		}
		if (count_faithful(s, b, b->since) < quorum)
			continue;
		s->settled = b->height;
		s->open_count -= i + 1;
		memmove(s->open, s->open + i + 1,
			s->open_count * sizeof(*s->open));
		return;
	}
}

/* Slots of authority i among 0 .. end - 1. */
static uint64_t slots_before(const struct poa_state *s, uint64_t end, size_t i)
{
	return end / s->n + (end % s->n > i);
}

/* Nobody used the slots strictly between the two; there may be days of them. */
static void count_missed(struct poa_state *s, uint64_t from, uint64_t to)
{
	uint64_t missed;
	size_t i;

	if (to <= from + 1)
		return;
	for (i = 0; i < s->n; i++) {
		missed = slots_before(s, to, i) - slots_before(s, from + 1, i);
		s->rows[i].missed += missed;
		s->rows[i].missed_since += missed;
	}
}

void poa_advance(struct poa_state *s, const struct poa_block *b)
{
	struct poa_row *row;

	/* idle slots are nobody's fault */
	if (poa_is_filling(s))
		count_missed(s, s->slot, b->slot);
	s->slot = b->slot;
	if (b->has_txs)
		s->last_with_txs = b->height;
	if (b->signer >= s->n || !b->height)
		return; /* genesis is signed by nobody */
	row = &s->rows[b->signer];
	if (b->slot >= s->n && (!row->made || row->slot != b->slot - s->n))
		row->gap = b->slot - s->n + 1;
	row->height = b->height;
	row->slot = b->slot;
	row->made++;
	row->missed_since = 0;
	update_backed(s, b->height);
	update_settled(s);
}

static void encode_backed(struct buf *out, const struct poa_backed *b)
{
	mp_array(out, 3);
	mp_uint(out, b->height);
	mp_uint(out, b->slot);
	mp_uint(out, b->since);
}

static void decode_backed(struct poa_backed *b, struct mp_reader *r,
			  uint64_t height, uint64_t slot)
{
	mp_read_array(r, 3, 3);
	b->height = mp_read_uint(r, height);
	b->slot = mp_read_uint(r, slot);
	b->since = mp_read_uint(r, height);
}

void poa_state_encode(struct buf *out, const struct poa_state *s)
{
	size_t i;

	mp_array(out, 5);
	mp_uint(out, s->last_with_txs);
	mp_uint(out, s->settled);
	encode_backed(out, &s->backed);
	mp_array(out, s->open_count);
	for (i = 0; i < s->open_count; i++)
		encode_backed(out, &s->open[i]);
	mp_array(out, s->n);
	for (i = 0; i < s->n; i++) {
		const struct poa_row *row = &s->rows[i];

		mp_array(out, ROW_LEN);
		mp_uint(out, row->height);
		mp_uint(out, row->slot);
		mp_uint(out, row->made);
		mp_uint(out, row->missed);
		mp_uint(out, row->missed_since);
		mp_uint(out, row->gap);
	}
}

enum err poa_state_decode(struct poa_state *s, struct span in, uint64_t height,
			  uint64_t slot)
{
	struct mp_reader r;
	size_t i;

	s->slot = slot;
	mp_reader_init(&r, in);
	mp_read_array(&r, 5, 5);
	s->last_with_txs = mp_read_uint(&r, height);
	s->settled = mp_read_uint(&r, height);
	decode_backed(&s->backed, &r, height, slot);
	s->open_count = mp_read_array(&r, 0, open_max(s));
	for (i = 0; i < s->open_count; i++)
		decode_backed(&s->open[i], &r, height, slot);
	mp_read_array(&r, s->n, s->n);
	for (i = 0; i < s->n; i++) {
		struct poa_row *row = &s->rows[i];

		mp_read_array(&r, ROW_LEN, ROW_LEN);
		row->height = mp_read_uint(&r, height);
		row->slot = mp_read_uint(&r, slot);
		row->made = mp_read_uint(&r, height);
		row->missed = mp_read_uint(&r, slot);
		row->missed_since = mp_read_uint(&r, slot);
		row->gap = mp_read_uint(&r, slot + 1);
	}
	return mp_reader_end(&r) ? ERR_CORRUPT : ERR_OK;
}

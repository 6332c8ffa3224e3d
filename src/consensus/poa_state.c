/* SPDX-License-Identifier: MIT */
/* What poa remembers of a chain; see the header. */
#include "consensus/poa_state.h"

#include <stdlib.h>

#include "codec/msgpack.h"

#define ROW_LEN 5 /* members of a row, encoded */

void poa_state_init(struct poa_state *s, size_t n)
{
	*s = (struct poa_state){.n = n};
	s->rows = xcalloc(n, sizeof(*s->rows));
}

void poa_state_copy(struct poa_state *out, const struct poa_state *s)
{
	*out = *s;
	out->rows = xmemdup(s->rows, s->n * sizeof(*s->rows));
}

void poa_state_release(struct poa_state *s)
{
	free(s->rows);
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

static int descending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* The highest block with a quorum of distinct signers at or after it: sort
 * the authorities' latest heights, and take the one at the quorum. */
static void update_settled(struct poa_state *s)
{
	uint64_t *heights = xcalloc(s->n, sizeof(*heights)), height;
	size_t i;

	for (i = 0; i < s->n; i++)
		heights[i] = s->rows[i].height;
	qsort(heights, s->n, sizeof(*heights), descending);
	height = heights[poa_quorum(s->n) - 1];
	if (height > s->settled)
		s->settled = height;
	free(heights);
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
	row->height = b->height;
	row->slot = b->slot;
	row->made++;
	row->missed_since = 0;
	update_settled(s);
}

void poa_state_encode(struct buf *out, const struct poa_state *s)
{
	size_t i;

	mp_array(out, 3);
	mp_uint(out, s->last_with_txs);
	mp_uint(out, s->settled);
	mp_array(out, s->n);
	for (i = 0; i < s->n; i++) {
		const struct poa_row *row = &s->rows[i];

		mp_array(out, ROW_LEN);
		mp_uint(out, row->height);
		mp_uint(out, row->slot);
		mp_uint(out, row->made);
		mp_uint(out, row->missed);
		mp_uint(out, row->missed_since);
	}
}

enum err poa_state_decode(struct poa_state *s, struct span in, uint64_t height,
			  uint64_t slot)
{
	struct mp_reader r;
	size_t i;

	s->slot = slot;
	mp_reader_init(&r, in);
	mp_read_array(&r, 3, 3);
	s->last_with_txs = mp_read_uint(&r, height);
	s->settled = mp_read_uint(&r, height);
	mp_read_array(&r, s->n, s->n);
	for (i = 0; i < s->n; i++) {
		struct poa_row *row = &s->rows[i];

		mp_read_array(&r, ROW_LEN, ROW_LEN);
		row->height = mp_read_uint(&r, height);
		row->slot = mp_read_uint(&r, slot);
		row->made = mp_read_uint(&r, height);
		row->missed = mp_read_uint(&r, slot);
		row->missed_since = mp_read_uint(&r, slot);
	}
	return mp_reader_end(&r) ? ERR_CORRUPT : ERR_OK;
}

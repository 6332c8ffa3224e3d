/* SPDX-License-Identifier: MIT */
/*
 * Deltas to and from bytes: [supply, reward, fees, [[old or empty, new],
 * ...]], old and new being account records, old an empty array when the
 * account was not there.
 */
#include "ledger/delta.h"

#include <stdlib.h>

#include "base/amount.h"
#include "codec/msgpack.h"

void delta_encode(struct buf *out, const struct delta *d)
{
	size_t i;

	mp_array(out, 4);
	mp_uint(out, d->supply);
	mp_uint(out, d->reward);
	mp_uint(out, d->fees);
	mp_array(out, d->count);
	for (i = 0; i < d->count; i++) {
		mp_array(out, 2);
		if (d->changes[i].existed)
			account_encode(out, &d->changes[i].old);
		else
			mp_array(out, 0);
		account_encode(out, &d->changes[i].new);
	}
}

static enum err read_change(struct delta_change *c, struct mp_reader *r)
{
	struct span old;

	mp_read_array(r, 2, 2);
	old = mp_read_raw(r);
	c->existed = !span_eq(old, SPAN("\x90", 1)); /* an empty array */
	if (c->existed && account_decode(&c->old, old))
		return ERR_CORRUPT;
	return account_decode(&c->new, mp_read_raw(r));
}

enum err delta_decode(struct delta *out, struct span raw)
{
	struct mp_reader r;
	size_t i;

	*out = (struct delta){0};
	mp_reader_init(&r, raw);
	mp_read_array(&r, 4, 4);
	out->supply = mp_read_uint(&r, AMOUNT_MAX);
	out->reward = mp_read_uint(&r, AMOUNT_MAX);
	out->fees = mp_read_uint(&r, AMOUNT_MAX);
	out->count = mp_read_array(&r, 0, raw.len);
	if (r.err) {
		*out = (struct delta){0};
		return ERR_CORRUPT;
	}
	out->changes = xcalloc(out->count, sizeof(*out->changes));
	for (i = 0; i < out->count; i++)
		if (read_change(&out->changes[i], &r))
			break;
	if (i < out->count || mp_reader_end(&r)) {
		delta_release(out);
		return ERR_CORRUPT;
	}
	return ERR_OK;
}

enum err delta_supply(uint64_t *out, struct span raw)
{
	struct mp_reader r;

	mp_reader_init(&r, raw);
	mp_read_array(&r, 4, 4);
	*out = mp_read_uint(&r, AMOUNT_MAX);
	return r.err ? ERR_CORRUPT : ERR_OK;
}

void delta_release(struct delta *d)
{
	free(d->changes);
	*d = (struct delta){0};
}

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

enum err delta_reader_init(struct delta_reader *out, struct span raw)
{
	struct mp_reader r;

	*out = (struct delta_reader){0};
	mp_reader_init(&r, raw);
	mp_read_array(&r, 4, 4);
	out->supply = mp_read_uint(&r, AMOUNT_MAX);
	out->reward = mp_read_uint(&r, AMOUNT_MAX);
	out->fees = mp_read_uint(&r, AMOUNT_MAX);
	out->left = mp_read_array(&r, 0, raw.len);
	out->rest = SPAN(r.p, (size_t)(r.end - r.p));
	if (r.err || (!out->left && out->rest.len))
		return ERR_CORRUPT;
	return ERR_OK;
}

enum err delta_reader_next(struct delta_reader *d, struct delta_change *out)
{
	struct mp_reader r;

	if (!d->left)
		return ERR_NOT_FOUND;
	mp_reader_init(&r, d->rest);
	if (read_change(out, &r))
		return ERR_CORRUPT;
	d->left--;
	d->rest = SPAN(r.p, (size_t)(r.end - r.p));
	return d->left || !d->rest.len ? ERR_OK : ERR_CORRUPT;
}

enum err delta_decode(struct delta *out, struct span raw)
{
	struct delta_reader r;
	enum err e;

	*out = (struct delta){0};
	e = delta_reader_init(&r, raw);
	if (e)
		return e;
	*out = (struct delta){
		.supply = r.supply, .reward = r.reward, .fees = r.fees};
	out->changes = xcalloc(r.left, sizeof(*out->changes));
	while (!(e = delta_reader_next(&r, &out->changes[out->count])))
		out->count++;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	delta_release(out);
	return e;
}

void delta_release(struct delta *d)
{
	free(d->changes);
	*d = (struct delta){0};
}

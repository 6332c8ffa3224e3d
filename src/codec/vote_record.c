/* SPDX-License-Identifier: MIT */
/* Records of the vote journal as bytes; see vote.h. */
#include <stdlib.h>

#include "base/amount.h"
#include "codec/block.h"
#include "codec/vote_read.h"

enum { RECORD_FLOOR, RECORD_VOTE };

void vote_record_encode(struct buf *out, const struct vote_record *r)
{
	if (r->is_floor) {
		mp_array(out, 2);
		mp_uint(out, RECORD_FLOOR);
		mp_uint(out, r->floor);
		return;
	}
	mp_array(out, 5);
	mp_uint(out, RECORD_VOTE);
	vote_encode(out, &r->vote);
	mp_bin(out, r->block.len ? r->block : SPAN("", 0));
	votes_encode(out, r->changes, r->change_count);
	votes_encode(out, r->prepares, r->prepare_count);
}

static void read_vote(struct vote_record *out, struct mp_reader *r)
{
	vote_read(&out->vote, r);
	out->block = mp_read_bin(r, 0, BLOCK_BYTES_MAX);
	votes_read(&out->changes, &out->change_count, VALIDATORS_MAX, r);
	votes_read(&out->prepares, &out->prepare_count, VALIDATORS_MAX, r);
}

enum err vote_record_decode(struct vote_record *out, struct span raw)
{
	struct mp_reader r;
	size_t fields;
	enum err e;

	*out = (struct vote_record){0};
	mp_reader_init(&r, raw);
	fields = mp_read_array(&r, 2, 5);
	out->is_floor = mp_read_uint(&r, RECORD_VOTE) == RECORD_FLOOR;
	if (fields != (out->is_floor ? 2 : 5))
		mp_refuse(&r);
	if (out->is_floor)
		out->floor = mp_read_uint(&r, AMOUNT_MAX);
	else
		read_vote(out, &r);
	e = mp_reader_end(&r);
	if (e)
		vote_record_release(out);
	return e;
}

void vote_record_release(struct vote_record *r)
{
	free(r->changes);
	free(r->prepares);
	*r = (struct vote_record){0};
}

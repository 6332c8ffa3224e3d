/* SPDX-License-Identifier: MIT */
/*
 * The governance of a chain to and from bytes, and what headers tell of it.
 * What decodes obeys what holds of every governance: voters and offenders are
 * members, in order.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "ledger/governance.h"

static void encode_change(struct buf *out, const struct governance *g)
{
	if (g->has_change)
		change_encode(out, &g->change);
	else
		mp_array(out, 0);
}

/* One, or the empty array. */
static void read_change(bool *has, struct validator_change *out,
			struct mp_reader *r)
{
	struct span raw = mp_read_raw(r);

	*has = !span_eq(raw, SPAN("\x90", 1));
	if (!r->err && *has && change_decode(out, raw))
		mp_refuse(r);
}

static void encode_proposal(struct buf *out, const struct proposal *p)
{
	size_t i;

	mp_array(out, 3);
	change_encode(out, &p->change);
	mp_uint(out, p->since);
	mp_array(out, p->voter_count);
	for (i = 0; i < p->voter_count; i++)
		mp_bin(out, address_span(&p->voters[i]));
}

/* [set, change or [], [[change, since, [voter, ...]], ...],
 * [[offender, height, found], ...]] */
void governance_encode(struct buf *out, const struct governance *g)
{
	size_t i;

	mp_array(out, 4);
	validators_encode(out, &g->set);
	encode_change(out, g);
	mp_array(out, g->proposal_count);
	for (i = 0; i < g->proposal_count; i++)
		encode_proposal(out, &g->proposals[i]);
	mp_array(out, g->offender_count);
	for (i = 0; i < g->offender_count; i++) {
		mp_array(out, 3);
		mp_bin(out, address_span(&g->offenders[i].account));
		mp_uint(out, g->offenders[i].height);
		mp_uint(out, g->offenders[i].found);
	}
}

bool governance_same(const struct governance *a, const struct governance *b)
{
	struct buf x = {0}, y = {0};
	bool same;

	governance_encode(&x, a);
	governance_encode(&y, b);
	same = span_eq(buf_span(&x), buf_span(&y));
	buf_release(&x);
	buf_release(&y);
	return same;
}

/* One that is a member and above the one before; false otherwise. */
static bool decode_member(struct address *out, const struct governance *g,
			  const struct address *before, struct mp_reader *r)
{
	*out = mp_read_address(r);
	return !r->err && validators_find(&g->set, out) != SIZE_MAX &&
	       (!before || memcmp(before->b, out->b, ADDRESS_LEN) < 0);
}

static bool decode_proposal(struct proposal *p, const struct governance *g,
			    struct mp_reader *r)
{
	size_t i, count;

	mp_read_array(r, 3, 3);
	if (change_decode(&p->change, mp_read_raw(r)))
		return false;
	p->since = mp_read_uint(r, UINT64_MAX);
	count = mp_read_array(r, 1, g->set.count);
	p->voters = xcalloc(count, sizeof(*p->voters));
	p->voter_count = count;
	for (i = 0; i < count; i++)
		if (!decode_member(&p->voters[i], g,
				   i ? &p->voters[i - 1] : NULL, r))
			return false;
	return !r->err;
}

static bool decode_proposals(struct governance *g, struct mp_reader *r)
{
	size_t count = mp_read_array(r, 0, g->set.count * PROPOSALS_PER_MEMBER);

	g->proposals = xcalloc(count, sizeof(*g->proposals));
	while (count--)
		if (!decode_proposal(&g->proposals[g->proposal_count++], g, r))
			return false;
	return !r->err;
}

static bool decode_offenders(struct governance *g, struct mp_reader *r)
{
	size_t i, count = mp_read_array(r, 0, g->set.count);
	struct offender *o;

	g->offenders = xcalloc(count, sizeof(*g->offenders));
	g->offender_count = count;
	for (i = 0; i < count; i++) {
		o = &g->offenders[i];
		mp_read_array(r, 3, 3);
		if (!decode_member(&o->account, g, i ? &o[-1].account : NULL,
				   r))
			return false;
		o->height = mp_read_uint(r, UINT64_MAX);
		o->found = mp_read_uint(r, UINT64_MAX);
	}
	return !r->err;
}

static bool decode_all(struct governance *g, struct span raw)
{
	struct mp_reader r;

	mp_reader_init(&r, raw);
	mp_read_array(&r, 4, 4);
	if (validators_decode(&g->set, mp_read_raw(&r)))
		return false;
	read_change(&g->has_change, &g->change, &r);
	if (r.err ||
	    (g->has_change && validators_can(&g->set, &g->change, NULL)))
		return false;
	return decode_proposals(g, &r) && decode_offenders(g, &r) &&
	       !mp_reader_end(&r);
}

enum err governance_decode(struct governance *out, struct span raw)
{
	*out = (struct governance){0};
	if (decode_all(out, raw))
		return ERR_OK;
	governance_release(out);
	return ERR_CORRUPT;
}

void governance_fields(struct buf *out, const struct governance *g)
{
	struct validators next;
	struct hash hash;

	governance_newest(&next, g);
	mp_array(out, 3);
	validators_hash(&hash, &g->set);
	mp_hash(out, &hash);
	validators_hash(&hash, &next);
	mp_hash(out, &hash);
	encode_change(out, g);
	validators_release(&next);
}

enum err governance_told_decode(struct governance_told *out, struct span fields)
{
	struct mp_reader r;

	*out = (struct governance_told){0};
	mp_reader_init(&r, fields);
	mp_read_array(&r, 3, 3);
	out->set = mp_read_hash(&r);
	out->next = mp_read_hash(&r);
	read_change(&out->has_change, &out->change, &r);
	return mp_reader_end(&r);
}

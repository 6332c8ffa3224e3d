/* SPDX-License-Identifier: MIT */
/* Messages between validators as bytes; see the header. */
#include "codec/message_bft.h"

#include <stdlib.h>
#include <string.h>

#include "codec/vote_read.h"

/* --- proposals ----------------------------------------------------------- */

void msg_proposal_encode(struct buf *out, const struct msg_proposal *m)
{
	mp_array(out, 4);
	vote_encode(out, &m->vote);
	buf_append_span(out, m->block);
	votes_encode(out, m->changes, m->change_count);
	votes_encode(out, m->prepares, m->prepare_count);
}

static bool any_prepared(const struct vote *changes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (changes[i].prepared)
			return true;
	return false;
}

/* The prepared certificate that stands beside a proposal. */
static bool prepares_fit(const struct msg_proposal *m)
{
	uint64_t round;

	if (!m->prepare_count)
		return true;
	round = m->prepares[0].round;
	return round < m->vote.round &&
	       any_prepared(m->changes, m->change_count) &&
	       votes_are(m->prepares, m->prepare_count, VOTE_PREPARE,
			 m->vote.height, round, &m->vote.digest);
}

static bool proposal_fits(const struct msg_proposal *m)
{
	return m->vote.kind == VOTE_PROPOSAL &&
	       (m->vote.round || !m->change_count) &&
	       votes_are(m->changes, m->change_count, VOTE_ROUND_CHANGE,
			 m->vote.height, m->vote.round, NULL) &&
	       prepares_fit(m);
}

enum err msg_proposal_decode(struct msg_proposal *out, struct span body)
{
	struct mp_reader r;
	enum err e;

	*out = (struct msg_proposal){0};
	mp_reader_init(&r, body);
	mp_read_array(&r, 4, 4);
	vote_read(&out->vote, &r);
	out->block = mp_read_array_raw(&r);
	votes_read(&out->changes, &out->change_count, VALIDATORS_MAX, &r);
	votes_read(&out->prepares, &out->prepare_count, VALIDATORS_MAX, &r);
	if (!r.err && !proposal_fits(out))
		mp_refuse(&r);
	e = mp_reader_end(&r);
	if (e)
		msg_proposal_release(out);
	return e;
}

void msg_proposal_release(struct msg_proposal *m)
{
	free(m->changes);
	free(m->prepares);
	*m = (struct msg_proposal){0};
}

/* --- votes --------------------------------------------------------------- */

enum err msg_votes_decode(struct vote **out, size_t *count, struct span body)
{
	enum err e = votes_decode(out, count, MSG_VOTES_MAX, body);
	size_t i;

	if (e)
		return e;
	for (i = 0; i < *count; i++)
		if ((*out)[i].kind != VOTE_PREPARE &&
		    (*out)[i].kind != VOTE_COMMIT)
			break;
	if (*count && i == *count)
		return ERR_OK;
	free(*out);
	*out = NULL;
	*count = 0;
	return ERR_MALFORMED;
}

void msg_round_change_encode(struct buf *out, const struct msg_round_change *m)
{
	mp_array(out, 2);
	vote_encode(out, &m->vote);
	votes_encode(out, m->prepares, m->prepare_count);
}

static bool round_change_fits(const struct msg_round_change *m)
{
	return m->vote.kind == VOTE_ROUND_CHANGE &&
	       (m->vote.prepared || !m->prepare_count) &&
	       votes_are(m->prepares, m->prepare_count, VOTE_PREPARE,
			 m->vote.height, m->vote.prepared_round,
			 &m->vote.digest);
}

enum err msg_round_change_decode(struct msg_round_change *out, struct span body)
{
	struct mp_reader r;
	enum err e;

	*out = (struct msg_round_change){0};
	mp_reader_init(&r, body);
	mp_read_array(&r, 2, 2);
	vote_read(&out->vote, &r);
	votes_read(&out->prepares, &out->prepare_count, VALIDATORS_MAX, &r);
	if (!r.err && !round_change_fits(out))
		mp_refuse(&r);
	e = mp_reader_end(&r);
	if (e)
		msg_round_change_release(out);
	return e;
}

void msg_round_change_release(struct msg_round_change *m)
{
	free(m->prepares);
	*m = (struct msg_round_change){0};
}

/* --- blocks, links ------------------------------------------------------- */

void msg_block_answer_encode(struct buf *out, struct span block)
{
	mp_array(out, block.len ? 1 : 0);
	buf_append_span(out, block);
}

enum err msg_block_answer_decode(struct span *block, struct span body)
{
	struct mp_reader r;

	*block = SPAN(NULL, 0);
	mp_reader_init(&r, body);
	if (mp_read_array(&r, 0, 1))
		*block = mp_read_array_raw(&r);
	return mp_reader_end(&r);
}

void msg_links_encode(struct buf *out, const struct address *list, size_t count)
{
	size_t i;

	mp_array(out, count);
	for (i = 0; i < count; i++)
		mp_bin(out, address_span(&list[i]));
}

enum err msg_links_decode(struct address *out, size_t *count, struct span body)
{
	struct mp_reader r;
	size_t i;

	mp_reader_init(&r, body);
	*count = mp_read_array(&r, 0, VALIDATORS_MAX);
	for (i = 0; i < *count && !r.err; i++) {
		out[i] = mp_read_address(&r);
		if (i && memcmp(out[i - 1].b, out[i].b, ADDRESS_LEN) >= 0)
			mp_refuse(&r);
	}
	return mp_reader_end(&r);
}

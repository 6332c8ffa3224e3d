/* SPDX-License-Identifier: MIT */
/* Messages between validators, made at random and encoded again. */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/message_bft.h"
#include "codec/msgpack.h"
#include "votes.h"

/* --- made at random ------------------------------------------------------ */

/* Of a kind, and what follows from it. */
static struct vote vote_of(enum vote_kind kind, uint64_t height, uint64_t round,
			   struct rng *r)
{
	struct vote v = vote_random(r);

	v.kind = kind;
	v.height = height;
	v.round = round;
	v.prepared = false;
	v.prepared_round = 0;
	bytes_random(v.digest.b, HASH_LEN, r);
	if (kind == VOTE_ROUND_CHANGE)
		v.digest = (struct hash){{0}};
	return v;
}

static size_t prepares_of(struct vote *list, size_t max, uint64_t height,
			  uint64_t round, const struct hash *digest,
			  struct rng *r)
{
	size_t i, n = rng_below(r, max + 1);

	for (i = 0; i < n; i++) {
		list[i] = vote_of(VOTE_PREPARE, height, round, r);
		list[i].digest = *digest;
	}
	return n;
}

static void some_block(struct buf *out, struct rng *r)
{
	mp_array(out, 3);
	mp_array(out, 0);
	mp_uint(out, number_random(r, UINT64_MAX));
	mp_array(out, 0);
}

static void proposal(struct buf *out, struct rng *r)
{
	uint64_t height = number_random(r, AMOUNT_MAX);
	uint64_t round = rng_below(r, 2) ? number_random(r, 9) : 0;
	struct vote changes[2], prepares[2];
	struct buf block = {0};
	struct msg_proposal m = {
		.vote = vote_of(VOTE_PROPOSAL, height, round, r),
		.changes = changes,
		.change_count = round ? rng_below(r, 3) : 0,
		.prepares = prepares};
	size_t i;

	for (i = 0; i < m.change_count; i++)
		changes[i] = vote_of(VOTE_ROUND_CHANGE, height, round, r);
	if (m.change_count && rng_below(r, 2)) {
		changes[0].prepared = true;
		changes[0].prepared_round = rng_below(r, round);
		changes[0].digest = m.vote.digest;
		m.prepare_count = prepares_of(prepares, 2, height,
					      changes[0].prepared_round,
					      &m.vote.digest, r);
	}
	some_block(&block, r);
	m.block = buf_span(&block);
	msg_proposal_encode(out, &m);
	buf_release(&block);
}

static void votes(struct buf *out, struct rng *r)
{
	struct vote list[3];
	size_t i, n = 1 + rng_below(r, 3);

	for (i = 0; i < n; i++)
		list[i] = vote_of(rng_below(r, 2) ? VOTE_PREPARE : VOTE_COMMIT,
				  number_random(r, AMOUNT_MAX),
				  number_random(r, VOTE_ROUND_MAX), r);
	votes_encode(out, list, n);
}

static void round_change(struct buf *out, struct rng *r)
{
	struct vote prepares[3];
	struct msg_round_change m = {
		.vote = vote_of(VOTE_ROUND_CHANGE, number_random(r, AMOUNT_MAX),
				1 + number_random(r, VOTE_ROUND_MAX - 1), r),
		.prepares = prepares};

	if (rng_below(r, 2)) {
		m.vote.prepared = true;
		m.vote.prepared_round = rng_below(r, m.vote.round);
		bytes_random(m.vote.digest.b, HASH_LEN, r);
		m.prepare_count =
			prepares_of(prepares, 3, m.vote.height,
				    m.vote.prepared_round, &m.vote.digest, r);
	}
	msg_round_change_encode(out, &m);
}

static void block_asked(struct buf *out, struct rng *r)
{
	struct msg_block_here m = {.height = number_random(r, AMOUNT_MAX)};

	bytes_random(m.hash.b, HASH_LEN, r);
	msg_block_here_encode(out, &m);
}

static void block_answer(struct buf *out, struct rng *r)
{
	struct buf block = {0};

	if (rng_below(r, 2))
		some_block(&block, r);
	msg_block_answer_encode(out, buf_span(&block));
	buf_release(&block);
}

static void links(struct buf *out, struct rng *r)
{
	struct address list[4];
	size_t i, n = rng_below(r, 5);

	for (i = 0; i < n; i++) {
		bytes_random(list[i].b, ADDRESS_LEN, r);
		list[i].b[0] = (uint8_t)(i << 6 | (list[i].b[0] & 0x3f));
	}
	msg_links_encode(out, list, n);
}

void message_bft_random(struct buf *out, enum message_type t, struct rng *r)
{
	size_t n;

	if (t == MSG_PRP) {
		proposal(out, r);
	} else if (t == MSG_VOT) {
		votes(out, r);
	} else if (t == MSG_RCH) {
		round_change(out, r);
	} else if (t == MSG_RPB) {
		block_asked(out, r);
	} else if (t == MSG_APB) {
		block_answer(out, r);
	} else if (t == MSG_CRT) {
		msg_header_encode(out, SPAN("\x91\x01", 2), SPAN("\x90", 1));
	} else if (t == MSG_LNK) {
		links(out, r);
	} else if (t == MSG_EVV) {
		n = rng_below(r, 3);
		mp_array(out, n);
		while (n--)
			thing_random(out, THING_DOUBLE, r);
	} else {
		BUG("no such type of message");
	}
}

/* --- encoded again ------------------------------------------------------- */

static enum err proposal_again(struct buf *out, struct span body)
{
	struct msg_proposal m;
	enum err e = msg_proposal_decode(&m, body);

	if (!e)
		msg_proposal_encode(out, &m);
	else if (m.changes || m.prepares)
		BUG("a list is given with an error");
	msg_proposal_release(&m);
	return e;
}

static enum err votes_again(struct buf *out, struct span body)
{
	struct vote *list;
	size_t count;
	enum err e = msg_votes_decode(&list, &count, body);

	if (!e)
		votes_encode(out, list, count);
	else if (list || count)
		BUG("a list is given with an error");
	free(list);
	return e;
}

static enum err round_change_again(struct buf *out, struct span body)
{
	struct msg_round_change m;
	enum err e = msg_round_change_decode(&m, body);

	if (!e)
		msg_round_change_encode(out, &m);
	else if (m.prepares)
		BUG("a list is given with an error");
	msg_round_change_release(&m);
	return e;
}

static enum err block_asked_again(struct buf *out, struct span body)
{
	struct msg_block_here m;
	enum err e = msg_block_here_decode(&m, body);

	if (!e)
		msg_block_here_encode(out, &m);
	return e;
}

static enum err block_answer_again(struct buf *out, struct span body)
{
	struct span block;
	enum err e = msg_block_answer_decode(&block, body);

	if (!e)
		msg_block_answer_encode(out, block);
	return e;
}

static enum err sealed_again(struct buf *out, struct span body)
{
	struct span header, seal;
	enum err e = msg_header_decode(&header, &seal, body);

	if (!e)
		msg_header_encode(out, header, seal);
	return e;
}

static enum err links_again(struct buf *out, struct span body)
{
	struct address list[VALIDATORS_MAX];
	size_t count;
	enum err e = msg_links_decode(list, &count, body);

	if (!e)
		msg_links_encode(out, list, count);
	return e;
}

static enum err double_votes_again(struct buf *out, struct span body)
{
	struct buf one = {0};
	struct msg_list l;
	struct span raw;
	enum err e = msg_list_begin(&l, body, MSG_DOUBLE_VOTES_MAX);

	if (!e)
		mp_array(out, l.left);
	while (!e && msg_list_next(&l, &raw)) {
		e = thing_again(&one, THING_DOUBLE, raw);
		buf_append_span(out, buf_span(&one));
	}
	buf_release(&one);
	return e;
}

enum err message_bft_again(struct buf *out, enum message_type t,
			   struct span body)
{
	if (t == MSG_PRP)
		return proposal_again(out, body);
	if (t == MSG_VOT)
		return votes_again(out, body);
	if (t == MSG_RCH)
		return round_change_again(out, body);
	if (t == MSG_RPB)
		return block_asked_again(out, body);
	if (t == MSG_APB)
		return block_answer_again(out, body);
	if (t == MSG_CRT)
		return sealed_again(out, body);
	if (t == MSG_LNK)
		return links_again(out, body);
	if (t == MSG_EVV)
		return double_votes_again(out, body);
	BUG("no such type of message");
}

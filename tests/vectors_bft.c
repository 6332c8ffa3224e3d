/* SPDX-License-Identifier: MIT */
/* Messages between validators of doc/vectors.json. The validators are the
 * owners of the two keys; the one with the Ed25519 key signs all, so that the
 * bytes repeat. */
#include <string.h>

#include "codec/block.h"
#include "codec/message_bft.h"
#include "codec/msgpack.h"
#include "vectors.h"

#define HEIGHT 2 /* of the block that is agreed on */

struct signing {
	const struct example *x;
	struct hash digest; /* of the block */
	uint16_t self;
};

static struct vote signed_vote(const struct signing *s, enum vote_kind kind,
			       uint64_t round, bool prepared)
{
	struct vote v = {.kind = kind,
			 .height = HEIGHT,
			 .round = round,
			 .prepared = prepared,
			 .signer = s->self};
	struct buf signature = {0};
	struct hash digest;

	if (kind != VOTE_ROUND_CHANGE || prepared)
		v.digest = s->digest;
	vote_digest(&digest, &v, &s->x->genesis.hash);
	if (secret_key_sign(s->x->ed25519, &signature, &digest))
		BUG("signing failed");
	memcpy(v.signature, signature.data, signature.len);
	v.signature_len = (uint16_t)signature.len;
	buf_release(&signature);
	return v;
}

static void example_votes(json_t *list, const struct signing *s)
{
	struct vote prepare = signed_vote(s, VOTE_PREPARE, 0, false);
	struct vote votes[2] = {prepare, signed_vote(s, VOTE_COMMIT, 0, false)};
	struct msg_round_change change = {
		.vote = signed_vote(s, VOTE_ROUND_CHANGE, 1, true),
		.prepares = &prepare,
		.prepare_count = 1};
	struct buf body = {0};

	votes_encode(&body, votes, 2);
	message_example(list, MSG_VOT, &body);
	msg_round_change_encode(&body, &change);
	message_example(list, MSG_RCH, &body);
}

/* The block of round 0 once more, in round 1. */
static void example_proposal(json_t *list, const struct signing *s,
			     struct span block)
{
	struct vote prepare = signed_vote(s, VOTE_PREPARE, 0, false);
	struct vote change = signed_vote(s, VOTE_ROUND_CHANGE, 1, true);
	struct msg_proposal m = {
		.vote = signed_vote(s, VOTE_PROPOSAL, 1, false),
		.block = block,
		.changes = &change,
		.change_count = 1,
		.prepares = &prepare,
		.prepare_count = 1};
	struct buf body = {0};

	msg_proposal_encode(&body, &m);
	message_example(list, MSG_PRP, &body);
}

static void example_answers(json_t *list, const struct signing *s,
			    struct span header, struct span block)
{
	struct msg_block_here ask = {HEIGHT, s->digest};
	struct vote commit = signed_vote(s, VOTE_COMMIT, 1, false);
	struct buf body = {0}, certificate = {0};

	msg_block_here_encode(&body, &ask);
	message_example(list, MSG_RPB, &body);
	msg_block_answer_encode(&body, block);
	message_example(list, MSG_APB, &body);
	certificate_encode(&certificate, 1, &commit, 1);
	msg_header_encode(&body, header, buf_span(&certificate));
	message_example(list, MSG_CRT, &body);
	buf_release(&certificate);
}

static void example_offence(json_t *list, const struct signing *s)
{
	struct vote a = signed_vote(s, VOTE_PREPARE, 0, false), b;
	struct signing other = *s;
	struct buf body = {0};

	memset(other.digest.b, 0xee, HASH_LEN);
	b = signed_vote(&other, VOTE_PREPARE, 0, false);
	mp_array(&body, 1);
	double_vote_encode(&body, secret_key_public(s->x->ed25519), &a, &b);
	message_example(list, MSG_EVV, &body);
}

void bft_message_examples(json_t *list, const struct example *x,
			  const json_t *blocks)
{
	struct address set[2] = {*secret_key_address(x->ed25519),
				 *secret_key_address(x->rsa)};
	struct signing s = {.x = x};
	struct buf header = example_bytes(blocks, HEIGHT - 1, "header");
	struct buf block = {0}, body = {0};
	const struct seal none = {0};

	header_hash(&s.digest, &x->genesis.hash, buf_span(&header));
	if (memcmp(set[0].b, set[1].b, ADDRESS_LEN) > 0) {
		set[1] = set[0];
		set[0] = *secret_key_address(x->rsa);
		s.self = 1;
	}
	block_encode(&block, buf_span(&header), &none, NULL, 0);
	example_proposal(list, &s, buf_span(&block));
	example_votes(list, &s);
	example_answers(list, &s, buf_span(&header), buf_span(&block));
	msg_links_encode(&body, set, 2);
	message_example(list, MSG_LNK, &body);
	example_offence(list, &s);
	buf_release(&header);
	buf_release(&block);
}

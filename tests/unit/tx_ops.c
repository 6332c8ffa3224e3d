/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "tx_ops.h"

#include <check.h>
#include <string.h>

struct tx_change op_add(const struct secret_key *key)
{
	return (struct tx_change){.key = secret_key_public(key),
				  .account = *secret_key_address(key)};
}

struct tx_change op_remove(const struct address *account)
{
	return (struct tx_change){.remove = true, .account = *account};
}

static void sign_and_encode(struct buf *raw, const struct op_sender *s,
			    struct tx *tx)
{
	struct buf signature = {0};
	struct hash id;

	tx->sender = *secret_key_address(s->key);
	tx->nonce = s->nonce;
	tx->fee = s->fee;
	if (!tx->nonce)
		tx->key = secret_key_public(s->key);
	tx_signing_digest(&id, tx, s->genesis);
	ck_assert(!secret_key_sign(s->key, &signature, &id));
	tx->signature = buf_span(&signature);
	tx_encode(raw, tx);
	buf_release(&signature);
}

void op_vote(struct buf *raw, const struct op_sender *s, bool approve,
	     const struct tx_change *c, const struct secret_key *accepts,
	     const struct hash *over)
{
	struct tx tx = {.op = TX_VOTE, .approve = approve};
	struct buf change = {0}, acceptance = {0};
	struct hash due;

	tx_change_encode(&change, c);
	tx.change = buf_span(&change);
	tx_accept_digest(&due, tx.change, s->genesis);
	if (accepts)
		ck_assert(!secret_key_sign(accepts, &acceptance,
					   over ? over : &due));
	tx.acceptance = buf_span(&acceptance);
	sign_and_encode(raw, s, &tx);
	buf_release(&change);
	buf_release(&acceptance);
}

void op_double_vote(struct buf *out, const struct secret_key *offender,
		    const struct secret_key *const signers[2], uint64_t height,
		    const struct hash *genesis)
{
	struct buf signature = {0};
	struct vote v[2];
	struct hash d;
	size_t i;

	for (i = 0; i < 2; i++) {
		v[i] = (struct vote){.kind = VOTE_PREPARE,
				     .height = height,
				     .round = 1,
				     .digest = {{(uint8_t)(i + 1)}}};
		vote_digest(&d, &v[i], genesis);
		buf_reset(&signature);
		ck_assert(!secret_key_sign(signers[i], &signature, &d));
		v[i].signature_len = (uint16_t)signature.len;
		memcpy(v[i].signature, signature.data, signature.len);
	}
	double_vote_encode(out, secret_key_public(offender), &v[0], &v[1]);
	buf_release(&signature);
}

void op_evidence(struct buf *raw, const struct op_sender *s,
		 struct span double_vote)
{
	struct tx tx = {.op = TX_EVIDENCE, .double_vote = double_vote};

	sign_and_encode(raw, s, &tx);
}

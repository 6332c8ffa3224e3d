/* SPDX-License-Identifier: MIT */
/* Votes and evidence of doc/vectors.json: transactions whose operation has
 * signatures of its own. All are by the Ed25519 key, so that they repeat: it
 * votes, accepts, and signed twice. */
#include <string.h>

#include "codec/vote.h"
#include "vectors.h"

#define VOTER_NONCE 2

static struct buf signed_by(const struct secret_key *key,
			    const struct hash *digest)
{
	struct buf out = {0};

	if (secret_key_sign(key, &out, digest))
		BUG("signing failed");
	return out;
}

/* What the operation's own signatures are of, in their order. */
static json_t *with_digests(json_t *o, const struct hash *digests, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, hash_json(&digests[i]));
	add(o, "digests", list);
	return o;
}

static json_t *addition(const struct example *x, struct buf *raw)
{
	struct tx_change change = {.key = secret_key_public(x->ed25519),
				   .account = *secret_key_address(x->ed25519)};
	struct tx tx = {.nonce = VOTER_NONCE, .op = TX_VOTE, .approve = true};
	struct buf bytes = {0}, acceptance;
	struct hash due;
	json_t *o;

	tx_change_encode(&bytes, &change);
	tx.change = buf_span(&bytes);
	tx_accept_digest(&due, tx.change, &x->genesis.hash);
	acceptance = signed_by(x->ed25519, &due);
	tx.acceptance = buf_span(&acceptance);
	o = tx_example("a vote to add the Ed25519 key, with its acceptance",
		       raw, &tx, x->ed25519, x);
	buf_release(&bytes);
	buf_release(&acceptance);
	return with_digests(o, &due, 1);
}

static json_t *removal(const struct example *x, struct buf *raw)
{
	struct tx_change change = {.remove = true,
				   .few = true,
				   .account = *secret_key_address(x->rsa)};
	struct tx tx = {
		.nonce = VOTER_NONCE + 1, .op = TX_VOTE, .approve = true};
	struct buf bytes = {0};
	json_t *o;

	tx_change_encode(&bytes, &change);
	tx.change = buf_span(&bytes);
	o = tx_example("a vote to remove the RSA account, though fewer than "
		       "four be left",
		       raw, &tx, x->ed25519, x);
	buf_release(&bytes);
	return with_digests(o, NULL, 0);
}

/* Two COMMITs of round 1 of block 2, for made up blocks. */
static void sign_twice(struct buf *out, struct hash digests[2],
		       const struct example *x)
{
	struct buf signature;
	struct vote v[2];
	size_t i;

	for (i = 0; i < 2; i++) {
		v[i] = (struct vote){
			.kind = VOTE_COMMIT, .height = 2, .round = 1};
		memset(v[i].digest.b, i ? 0xee : 0xdd, HASH_LEN);
		vote_digest(&digests[i], &v[i], &x->genesis.hash);
		signature = signed_by(x->ed25519, &digests[i]);
		v[i].signature_len = (uint16_t)signature.len;
		memcpy(v[i].signature, signature.data, signature.len);
		buf_release(&signature);
	}
	double_vote_encode(out, secret_key_public(x->ed25519), &v[0], &v[1]);
}

static json_t *accusation(const struct example *x, struct buf *raw)
{
	struct tx tx = {.nonce = VOTER_NONCE + 2, .op = TX_EVIDENCE};
	struct buf twice = {0};
	struct hash digests[2];
	json_t *o;

	sign_twice(&twice, digests, x);
	tx.double_vote = buf_span(&twice);
	o = tx_example("evidence of two COMMITs by the Ed25519 key", raw, &tx,
		       x->ed25519, x);
	buf_release(&twice);
	return with_digests(o, digests, 2);
}

json_t *op_examples(const struct example *x, struct buf ops[OP_EXAMPLES])
{
	json_t *list = json_array();

	json_array_append_new(list, addition(x, &ops[0]));
	json_array_append_new(list, removal(x, &ops[1]));
	json_array_append_new(list, accusation(x, &ops[2]));
	return list;
}

/* --- refusals ------------------------------------------------------------ */

static void refuse(json_t *list, const char *name, const struct tx *tx)
{
	struct buf raw = {0};

	tx_encode(&raw, tx);
	json_array_append_new(list, tx_refusal(name, buf_span(&raw)));
	buf_release(&raw);
}

static struct tx decoded(const struct buf *raw)
{
	struct tx tx;

	if (tx_decode(&tx, buf_span(raw), TX_BYTES_MAX, NULL))
		BUG("an example does not decode");
	return tx;
}

/* The change with another last byte, which is few. */
static void refuse_few(json_t *list, const struct tx *add_vote)
{
	struct tx tx = *add_vote;
	struct buf change = {0};

	buf_append_span(&change, tx.change);
	change.data[change.len - 1] = 1;
	tx.change = buf_span(&change);
	refuse(list, "an addition with few", &tx);
	buf_release(&change);
}

/* The two votes, which differ in their digests alone, change places. */
static void refuse_swapped(json_t *list, const struct tx *evidence)
{
	struct double_vote d;
	struct tx tx = *evidence;
	struct buf swapped = {0};
	size_t side;

	if (double_vote_decode(&d, tx.double_vote))
		BUG("an example does not decode");
	side = 1 + 1 + 2 + HASH_LEN + 2 + d.vote[0].signature_len;
	buf_append(&swapped, tx.double_vote.data,
		   tx.double_vote.len - 2 * side);
	buf_append(&swapped, tx.double_vote.data + tx.double_vote.len - side,
		   side);
	buf_append(&swapped,
		   tx.double_vote.data + tx.double_vote.len - 2 * side, side);
	tx.double_vote = buf_span(&swapped);
	refuse(list, "evidence with its votes the other way", &tx);
	buf_release(&swapped);
}

void op_refusals(json_t *list, const struct buf ops[OP_EXAMPLES])
{
	struct tx add_vote = decoded(&ops[0]), drop = decoded(&ops[1]);
	struct tx evidence = decoded(&ops[2]), tx = add_vote;

	tx.acceptance = SPAN(NULL, 0);
	refuse(list, "an addition without its acceptance", &tx);
	tx = add_vote;
	tx.acceptance.len--;
	refuse(list, "an acceptance of 63 bytes", &tx);
	tx = add_vote;
	tx.approve = false;
	refuse(list, "an acceptance with a vote that is taken back", &tx);
	tx = drop;
	tx.acceptance = add_vote.acceptance;
	refuse(list, "an acceptance with a removal", &tx);
	refuse_few(list, &add_vote);
	refuse_swapped(list, &evidence);
}

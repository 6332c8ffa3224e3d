/* SPDX-License-Identifier: MIT */
/*
 * Operations to and from canonical bytes. What a vote changes and what
 * evidence proves are read here for their form, and kept as bytes: their rules
 * are the ledger's.
 */
#include "codec/tx_op.h"

#include "codec/vote.h"

#define OP_FIELDS_MAX 16 /* of an operation that is not known */

static struct span span_or_empty(struct span s)
{
	return s.data ? s : SPAN("", 0);
}

const struct address *tx_recipient(const struct tx *tx)
{
	return tx->op == TX_TRANSFER ? &tx->recipient : NULL;
}

void tx_op_encode(struct buf *out, const struct tx *tx)
{
	mp_array(out, 1);
	switch (tx->op) {
	case TX_TRANSFER:
		mp_array(out, 3);
		mp_uint(out, TX_TRANSFER);
		mp_bin(out, address_span(&tx->recipient));
		mp_uint(out, tx->amount);
		break;
	case TX_VOTE:
		mp_array(out, 4);
		mp_uint(out, TX_VOTE);
		mp_uint(out, tx->approve);
		buf_append_span(out, tx->change);
		mp_bin(out, span_or_empty(tx->acceptance));
		break;
	case TX_EVIDENCE:
		mp_array(out, 2);
		mp_uint(out, TX_EVIDENCE);
		buf_append_span(out, tx->double_vote);
		break;
	}
}

static void read_fields(struct tx *tx, struct mp_reader *r)
{
	static const size_t fields[] = {
		[TX_TRANSFER] = 3, [TX_VOTE] = 4, [TX_EVIDENCE] = 2};

	mp_read_array(r, fields[tx->op], fields[tx->op]);
	mp_read_uint(r, TX_EVIDENCE);
	switch (tx->op) {
	case TX_TRANSFER:
		tx->recipient = mp_read_address(r);
		tx->amount = mp_read_uint(r, UINT64_MAX);
		break;
	case TX_VOTE:
		tx->approve = mp_read_uint(r, 1);
		tx->change = mp_read_raw(r);
		tx->acceptance = mp_read_bin(r, 0, KEY_SIGNATURE_MAX);
		break;
	case TX_EVIDENCE:
		tx->double_vote = mp_read_raw(r);
		break;
	}
}

enum err tx_op_read(struct tx *tx, struct mp_reader *r, struct fault *f)
{
	struct mp_reader look;
	uint64_t op;

	if (mp_read_array(r, 0, OP_FIELDS_MAX) != 1 && !r->err)
		return fault_set(f, ERR_UNSUPPORTED_OPERATION, "operations",
				 "version 1 holds exactly one operation");
	look = *r;
	mp_read_array(&look, 1, OP_FIELDS_MAX);
	op = mp_read_uint(&look, UINT64_MAX);
	if (!look.err && op > TX_EVIDENCE)
		return fault_set(f, ERR_UNSUPPORTED_OPERATION, "operations",
				 "operation is %llu, expected 0 (transfer), 1 "
				 "(vote) or 2 (evidence)",
				 (unsigned long long)op);
	tx->op = look.err ? TX_TRANSFER : (enum tx_op)op;
	read_fields(tx, r);
	return ERR_OK;
}

/* --- changes ------------------------------------------------------------- */

void tx_change_encode(struct buf *out, const struct tx_change *c)
{
	mp_array(out, 3);
	mp_uint(out, c->remove);
	mp_bin(out, c->remove ? address_span(&c->account) : c->key);
	mp_uint(out, c->few);
}

enum err tx_change_decode(struct tx_change *out, struct span raw)
{
	struct mp_reader r;
	enum err e;

	*out = (struct tx_change){0};
	mp_reader_init(&r, raw);
	mp_read_array(&r, 3, 3);
	out->remove = mp_read_uint(&r, 1);
	if (out->remove)
		out->account = mp_read_address(&r);
	else
		out->key = mp_read_bin(&r, 1, KEY_SPKI_MAX);
	out->few = mp_read_uint(&r, out->remove); /* 0 with an addition */
	e = mp_reader_end(&r);
	if (e || out->remove)
		return e;
	e = key_check(NULL, out->key);
	if (!e)
		key_address(&out->account, out->key);
	return e;
}

void tx_accept_digest(struct hash *out, struct span change,
		      const struct hash *genesis)
{
	digest(out, DOMAIN_ACCEPT, genesis, change);
}

/* --- signatures ---------------------------------------------------------- */

static bool add_acceptance(struct checks *out, const struct tx *tx,
			   const struct hash *genesis)
{
	struct tx_change c;
	struct hash d;

	if (!tx->acceptance.len)
		return true;
	if (tx_change_decode(&c, tx->change))
		BUG("the transaction was not decoded");
	tx_accept_digest(&d, tx->change, genesis);
	return checks_add(out, &d, c.key, tx->acceptance);
}

static bool add_votes(struct checks *out, const struct tx *tx,
		      const struct hash *genesis)
{
	struct double_vote twice;
	size_t i;

	if (double_vote_decode(&twice, tx->double_vote))
		BUG("the transaction was not decoded");
	for (i = 0; i < ARRAY_LEN(twice.vote); i++)
		if (!vote_check(out, &twice.vote[i], twice.key, genesis))
			return false;
	return true;
}

bool tx_checks(struct checks *out, const struct tx *tx, struct span key,
	       const struct hash *genesis)
{
	if (!checks_add(out, &tx->id, key, tx->signature))
		return false;
	switch (tx->op) {
	case TX_TRANSFER:
		break;
	case TX_VOTE:
		return add_acceptance(out, tx, genesis);
	case TX_EVIDENCE:
		return add_votes(out, tx, genesis);
	}
	return true;
}

/* --- checks -------------------------------------------------------------- */

static enum err check_acceptance(const struct tx *tx, const struct tx_change *c,
				 struct fault *f)
{
	bool due = tx->approve && !c->remove;
	enum key_type type;

	if (!due && tx->acceptance.len)
		return fault_set(f, ERR_MALFORMED, "vote.acceptance",
				 "expected none unless the vote approves of "
				 "adding a key");
	if (!due)
		return ERR_OK;
	if (!tx->acceptance.len)
		return fault_set(f, ERR_UNSIGNED, "vote.acceptance",
				 "expected the signature by which the new key "
				 "accepts");
	if (key_check(&type, c->key) ||
	    tx->acceptance.len != key_signature_len(type))
		return fault_set(f, ERR_BAD_SIGNATURE, "vote.acceptance",
				 "it has %zu bytes, which no signature of that "
				 "key has",
				 tx->acceptance.len);
	return ERR_OK;
}

static enum err check_vote(const struct tx *tx, struct fault *f)
{
	struct tx_change c;
	enum err e = tx_change_decode(&c, tx->change);

	if (e)
		return fault_set(f, e, "vote",
				 "expected to add a public key of an accepted "
				 "form, or to remove an address");
	return check_acceptance(tx, &c, f);
}

static enum err check_evidence(const struct tx *tx, struct fault *f)
{
	struct double_vote d;
	enum err e = double_vote_decode(&d, tx->double_vote);

	if (e)
		return fault_set(f, e, "evidence",
				 "expected two conflicting votes of one key, "
				 "height, round and kind, in their order");
	return ERR_OK;
}

enum err tx_op_check(const struct tx *tx, struct fault *f)
{
	switch (tx->op) {
	case TX_TRANSFER:
		break;
	case TX_VOTE:
		return check_vote(tx, f);
	case TX_EVIDENCE:
		return check_evidence(tx, f);
	}
	return ERR_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Transactions to and from canonical bytes. Knows the form of a transaction
 * and nothing of the state that it will meet.
 */
#include "codec/tx.h"

#include <string.h>

#include "codec/msgpack.h"
#include "codec/tx_op.h"

#define BODY_FIELDS 7

static struct span span_or_empty(struct span s)
{
	return s.data ? s : SPAN("", 0);
}

void tx_encode_body(struct buf *out, const struct tx *tx)
{
	mp_array(out, BODY_FIELDS);
	mp_uint(out, TX_VERSION);
	mp_bin(out, address_span(&tx->sender));
	mp_uint(out, tx->nonce);
	mp_uint(out, tx->fee);
	mp_uint(out, tx->valid_until);
	mp_bin(out, span_or_empty(tx->data));
	tx_op_encode(out, tx);
}

void tx_encode(struct buf *out, const struct tx *tx)
{
	mp_array(out, 3);
	tx_encode_body(out, tx);
	mp_bin(out, span_or_empty(tx->key));
	mp_bin(out, span_or_empty(tx->signature));
}

/* An integer of up to 64 bits in the bytes, which must pass no bound that a
 * client's JSON could not express. */
static enum err bounded(uint64_t v, const char *field, struct fault *f)
{
	if (v <= AMOUNT_MAX)
		return ERR_OK;
	return fault_set(f, ERR_AMOUNT_OVERFLOW, field,
			 "%s is %llu, expected at most 2^53 - 1", field,
			 (unsigned long long)v);
}

static enum err read_body(struct tx *tx, struct mp_reader *r, struct fault *f)
{
	const uint8_t *start = r->p;
	uint64_t version;
	enum err e;

	mp_read_array(r, BODY_FIELDS, BODY_FIELDS);
	version = mp_read_uint(r, UINT64_MAX);
	if (!r->err && version != TX_VERSION)
		return fault_set(f, ERR_UNSUPPORTED_VERSION, "version",
				 "version is %llu, expected %d",
				 (unsigned long long)version, TX_VERSION);
	tx->sender = mp_read_address(r);
	tx->nonce = mp_read_uint(r, UINT64_MAX);
	tx->fee = mp_read_uint(r, UINT64_MAX);
	tx->valid_until = mp_read_uint(r, UINT64_MAX);
	tx->data = mp_read_bin(r, 0, TX_BYTES_MAX);
	e = tx_op_read(tx, r, f);
	if (e)
		return e;
	tx->body = SPAN(start, (size_t)(r->p - start));
	return ERR_OK;
}

static enum err check_key(const struct tx *tx, struct fault *f)
{
	enum key_type type;
	struct address owner;

	if (tx->nonce) {
		if (tx->key.len)
			return fault_set(f, ERR_KEY_UNEXPECTED, "public_key",
					 "nonce is %llu, expected no public "
					 "key unless it is 0",
					 (unsigned long long)tx->nonce);
		if (tx->signature.len != 64 && tx->signature.len != 256)
			return fault_set(f, ERR_BAD_SIGNATURE, "signature",
					 "signature has %zu bytes, expected "
					 "256 (RSA-2048) or 64 (Ed25519)",
					 tx->signature.len);
		return ERR_OK;
	}
	if (!tx->key.len)
		return fault_set(f, ERR_KEY_REQUIRED, "public_key",
				 "nonce is 0, expected the sender's public "
				 "key");
	if (key_check(&type, tx->key))
		return fault_set(f, ERR_BAD_PUBLIC_KEY, "public_key",
				 "expected the SubjectPublicKeyInfo (DER) of "
				 "an RSA-2048 key with e = 65537, or of an "
				 "Ed25519 key");
	key_address(&owner, tx->key);
	if (!address_eq(&owner, &tx->sender)) {
		char hex[ADDRESS_HEX_LEN];

		return fault_set(f, ERR_WRONG_KEY, "public_key",
				 "the public key belongs to %s, expected the "
				 "sender's",
				 address_hex(hex, &owner));
	}
	if (tx->signature.len != key_signature_len(type))
		return fault_set(f, ERR_BAD_SIGNATURE, "signature",
				 "signature has %zu bytes, expected %zu",
				 tx->signature.len, key_signature_len(type));
	return ERR_OK;
}

enum err tx_decode(struct tx *tx, struct span raw, size_t max_bytes,
		   struct fault *f)
{
	struct mp_reader r;
	enum err e;

	*tx = (struct tx){0};
	if (raw.len > max_bytes)
		return fault_set(f, ERR_TOO_BIG, "",
				 "the transaction has %zu bytes, expected at "
				 "most %zu",
				 raw.len, max_bytes);
	mp_reader_init(&r, raw);
	mp_read_array(&r, 3, 3);
	e = read_body(tx, &r, f);
	if (e)
		return e;
	tx->key = mp_read_bin(&r, 0, TX_BYTES_MAX);
	tx->signature = mp_read_bin(&r, 0, TX_BYTES_MAX);
	e = mp_reader_end(&r);
	if (e == ERR_NOT_CANONICAL)
		return fault_set(f, e, "",
				 "an integer or a length is not in "
				 "its shortest form");
	if (e)
		return fault_set(f, e, "",
				 "expected [body, public key, signature] in "
				 "canonical msgpack");
	tx->raw = raw;
	if ((e = bounded(tx->nonce, "number", f)) ||
	    (e = bounded(tx->fee, "fee", f)) ||
	    (e = bounded(tx->valid_until, "valid_until", f)) ||
	    (e = bounded(tx->amount, "amount", f)) || (e = tx_op_check(tx, f)))
		return e;
	if (!tx->signature.len)
		return fault_set(f, ERR_UNSIGNED, "signature",
				 "expected a signature");
	return check_key(tx, f);
}

void tx_move(struct tx *tx, const uint8_t *to)
{
	struct span *parts[] = {&tx->body,	 &tx->data,   &tx->key,
				&tx->signature,	 &tx->change, &tx->acceptance,
				&tx->double_vote};
	struct span from = tx->raw;
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		struct span *s = parts[i];

		if (!s->len) {
			*s = SPAN(NULL, 0);
			continue;
		}
		if (s->data < from.data ||
		    s->data + s->len > from.data + from.len)
			BUG("a part of the transaction is not in its bytes");
		s->data = to + (s->data - from.data);
	}
	tx->raw = SPAN(to, from.len);
}

void tx_hash(struct tx *tx, const struct hash *genesis)
{
	digest(&tx->id, DOMAIN_TX, genesis, tx->body);
	sha256(&tx->full, tx->raw);
}

void tx_signing_digest(struct hash *out, const struct tx *tx,
		       const struct hash *genesis)
{
	struct buf body = {0};

	tx_encode_body(&body, tx);
	digest(out, DOMAIN_TX, genesis, buf_span(&body));
	buf_release(&body);
}

/* SPDX-License-Identifier: MIT */
/*
 * A transaction between the JSON that clients write and its canonical bytes.
 * An object is walked once; faults come in a fixed order, whatever the order
 * of its keys. What the bytes themselves must obey (sizes, who owns the key)
 * is left to tx_decode(), so that JSON and msgpack meet the same rules.
 */
#include "codec/tx_json.h"

#include <string.h>

#include "base/text.h"
#include "codec/tx_op_json.h"

enum field {
	F_NUMBER,
	F_NONCE,
	F_FROM,
	F_TO,
	F_AMOUNT,
	F_VOTE,
	F_EVIDENCE,
	F_FEE,
	F_VALID_UNTIL,
	F_DATA,
	F_DATA_BASE64,
	F_PUBLIC_KEY,
	F_SIGNATURE,
	F_ID,
	F_COUNT
};

static const char *const names[F_COUNT] = {
	[F_NUMBER] = "number",
	[F_NONCE] = "nonce",
	[F_FROM] = "from",
	[F_TO] = "to",
	[F_AMOUNT] = "amount",
	[F_VOTE] = "vote",
	[F_EVIDENCE] = "evidence",
	[F_FEE] = "fee",
	[F_VALID_UNTIL] = "valid_until",
	[F_DATA] = "data",
	[F_DATA_BASE64] = "data_base64",
	[F_PUBLIC_KEY] = "public_key",
	[F_SIGNATURE] = "signature",
	[F_ID] = "id",
};

static enum err refuse(struct fault *f, enum err code, enum field field,
		       const json_t *v, const char *expected)
{
	json_refuse(f, code, names[field], v, expected);
	return code;
}

/* Sort the object's values by field. */
static enum err collect(const json_t *v[F_COUNT], const json_t *in,
			struct fault *f)
{
	json_t *object = (json_t *)in; /* iterating does not change it */
	const char *key;
	void *at;
	size_t i;

	if (!json_is_object(in))
		return fault_set(f, ERR_WRONG_TYPE, "",
				 "a transaction is a JSON object");
	for (at = json_object_iter(object); at;
	     at = json_object_iter_next(object, at)) {
		key = json_object_iter_key(at);
		for (i = 0; i < F_COUNT; i++)
			if (!strcmp(key, names[i]))
				break;
		if (i == F_COUNT)
			return fault_set(f, ERR_UNKNOWN_FIELD, key,
					 "\"%.40s\" is not a field of a "
					 "transaction, expected number from to "
					 "amount fee valid_until data "
					 "data_base64 public_key signature id "
					 "vote evidence",
					 key);
		v[i] = json_object_iter_value(at);
	}
	return ERR_OK;
}

static enum err need(const json_t *v[F_COUNT], enum field field,
		     struct fault *f)
{
	if (v[field])
		return ERR_OK;
	return fault_set(f, ERR_MISSING_FIELD, names[field],
			 "%s is missing; a transaction has number, from, to, "
			 "amount and signature",
			 names[field]);
}

/* An integer 0..2^53-1; *out stays when the field is absent. */
static enum err read_uint(uint64_t *out, const json_t *v[F_COUNT],
			  enum field field, enum err too_large, struct fault *f)
{
	const char *expected = "an integer from 0 to 9007199254740991";
	json_int_t n;

	if (!v[field])
		return ERR_OK;
	if (!json_is_integer(v[field]))
		return refuse(f, ERR_WRONG_TYPE, field, v[field], expected);
	n = json_integer_value(v[field]);
	if (n < 0)
		return refuse(f, ERR_OUT_OF_RANGE, field, v[field], expected);
	if ((uint64_t)n > AMOUNT_MAX)
		return refuse(f, too_large, field, v[field], expected);
	*out = (uint64_t)n;
	return ERR_OK;
}

static enum err read_text(struct span *out, const json_t *v, enum field field,
			  const char *expected, struct fault *f)
{
	if (!json_is_string(v))
		return refuse(f, ERR_WRONG_TYPE, field, v, expected);
	*out = SPAN(json_string_value(v), json_string_length(v));
	return ERR_OK;
}

static enum err read_address(struct address *out, const json_t *v[F_COUNT],
			     enum field field, struct fault *f)
{
	const char *expected = "an address of 40 hex digits";
	struct span text;
	enum err e;

	if ((e = need(v, field, f)) ||
	    (e = read_text(&text, v[field], field, expected, f)))
		return e;
	if (!address_from_hex(out, text))
		return refuse(f, ERR_BAD_ADDRESS, field, v[field], expected);
	return ERR_OK;
}

/* Append the bytes; *from and *len say where. Absent is empty. */
static enum err read_base64(struct buf *bytes, size_t *from, size_t *len,
			    const json_t *v[F_COUNT], enum field field,
			    size_t max, struct fault *f)
{
	const char *expected = "base64 (RFC 4648, padded)";
	struct span text;
	enum err e;

	*from = bytes->len;
	*len = 0;
	if (!v[field])
		return ERR_OK;
	e = read_text(&text, v[field], field, expected, f);
	if (e)
		return e;
	if (text.len > (max + 2) / 3 * 4)
		return fault_set(f, ERR_TOO_BIG, names[field],
				 "%s has %zu digits of base64, expected at "
				 "most %zu bytes",
				 names[field], text.len, max);
	if (!base64_decode(bytes, text))
		return refuse(f, ERR_MALFORMED, field, v[field], expected);
	*len = bytes->len - *from;
	return ERR_OK;
}

static enum err read_nonce(struct tx *tx, const json_t *v[F_COUNT],
			   struct fault *f)
{
	uint64_t number = 0, nonce;
	enum err e;

	if (!v[F_NONCE] && (e = need(v, F_NUMBER, f)))
		return e;
	if ((e = read_uint(&number, v, F_NUMBER, ERR_OUT_OF_RANGE, f)))
		return e;
	nonce = number;
	if ((e = read_uint(&nonce, v, F_NONCE, ERR_OUT_OF_RANGE, f)))
		return e;
	if (v[F_NUMBER] && number != nonce)
		return fault_set(f, ERR_MALFORMED, "nonce",
				 "number is %llu and nonce is %llu, expected "
				 "the same (or one of them)",
				 (unsigned long long)number,
				 (unsigned long long)nonce);
	tx->nonce = nonce;
	return ERR_OK;
}

/* A key that the ledger knows already is dropped, another's is refused. */
static enum err drop_key(const struct tx *tx, struct span key, struct fault *f)
{
	char hex[ADDRESS_HEX_LEN];
	struct address owner;

	if (key_check(NULL, key))
		return fault_set(f, ERR_BAD_PUBLIC_KEY, "public_key",
				 "expected the SubjectPublicKeyInfo (DER) of "
				 "an RSA-2048 key with e = 65537, or of an "
				 "Ed25519 key");
	key_address(&owner, key);
	if (address_eq(&owner, &tx->sender))
		return ERR_OK;
	return fault_set(f, ERR_WRONG_KEY, "public_key",
			 "the public key belongs to %s, expected the sender's",
			 address_hex(hex, &owner));
}

/* What it does: a transfer, or what stands in the place of one. */
static enum err read_operation(struct tx *tx, struct tx_op_bytes *bytes,
			       const json_t *v[F_COUNT], struct fault *f)
{
	enum field op = v[F_VOTE] ? F_VOTE : F_EVIDENCE;
	enum err e;

	if (!v[F_VOTE] && !v[F_EVIDENCE]) {
		if ((e = read_address(&tx->recipient, v, F_TO, f)) ||
		    (e = need(v, F_AMOUNT, f)))
			return e;
		return read_uint(&tx->amount, v, F_AMOUNT, ERR_AMOUNT_OVERFLOW,
				 f);
	}
	if (v[F_TO] || v[F_AMOUNT] || (v[F_VOTE] && v[F_EVIDENCE]))
		return fault_set(f, ERR_UNSUPPORTED_OPERATION, names[op],
				 "expected one operation: to and amount, or "
				 "vote, or evidence");
	if (v[F_VOTE])
		return tx_vote_from_json(tx, bytes, v[F_VOTE], f);
	return tx_evidence_from_json(tx, bytes, v[F_EVIDENCE], f);
}

static enum err read_plain(struct tx *tx, struct tx_op_bytes *bytes,
			   const json_t *v[F_COUNT], struct fault *f)
{
	struct hash id;
	struct span text;
	enum err e;

	if ((e = read_nonce(tx, v, f)) ||
	    (e = read_address(&tx->sender, v, F_FROM, f)) ||
	    (e = read_operation(tx, bytes, v, f)) ||
	    (e = read_uint(&tx->fee, v, F_FEE, ERR_AMOUNT_OVERFLOW, f)) ||
	    (e = read_uint(&tx->valid_until, v, F_VALID_UNTIL, ERR_OUT_OF_RANGE,
			   f)))
		return e;
	if (v[F_ID]) {
		e = read_text(&text, v[F_ID], F_ID, "64 hex digits", f);
		if (e)
			return e;
		if (!hash_from_hex(&id, text))
			return refuse(f, ERR_BAD_HASH, F_ID, v[F_ID],
				      "64 hex digits");
	}
	if (!v[F_DATA])
		return ERR_OK;
	if (v[F_DATA_BASE64])
		return fault_set(f, ERR_DUPLICATE_FIELD, "data_base64",
				 "data and data_base64 are both given, "
				 "expected one of them");
	e = read_text(&tx->data, v[F_DATA], F_DATA, "a string", f);
	if (e)
		return e;
	if (tx->data.len > TX_BYTES_MAX)
		return fault_set(f, ERR_TOO_BIG, "data",
				 "data has %zu bytes, and a transaction at "
				 "most %d",
				 tx->data.len, TX_BYTES_MAX);
	return ERR_OK;
}

static enum err read_tx(struct buf *raw, struct buf *bytes,
			struct tx_op_bytes *op, const json_t *v[F_COUNT],
			struct fault *f)
{
	struct tx tx = {.op = TX_TRANSFER};
	size_t data, data_len, key, key_len, sig, sig_len;
	enum err e;

	if ((e = read_plain(&tx, op, v, f)) ||
	    (e = read_base64(bytes, &data, &data_len, v, F_DATA_BASE64,
			     TX_BYTES_MAX, f)) ||
	    (e = read_base64(bytes, &key, &key_len, v, F_PUBLIC_KEY,
			     TX_BYTES_MAX, f)) ||
	    (e = read_base64(bytes, &sig, &sig_len, v, F_SIGNATURE,
			     TX_BYTES_MAX, f)))
		return e;
	if (!sig_len)
		return fault_set(f, ERR_UNSIGNED, "signature",
				 "expected the signature in base64");
	if (v[F_DATA_BASE64])
		tx.data = SPAN(bytes->data + data, data_len);
	if (key_len && tx.nonce) {
		e = drop_key(&tx, SPAN(bytes->data + key, key_len), f);
		if (e)
			return e;
	} else if (key_len) {
		tx.key = SPAN(bytes->data + key, key_len);
	}
	tx.signature = SPAN(bytes->data + sig, sig_len);
	tx_encode(raw, &tx);
	return ERR_OK;
}

enum err tx_from_json(struct buf *raw, const json_t *in, struct fault *f)
{
	const json_t *v[F_COUNT] = {NULL};
	struct tx_op_bytes op = {.what = {0}};
	struct buf bytes = {0};
	enum err e;

	e = collect(v, in, f);
	if (e)
		return e;
	buf_reserve(&bytes, KEY_SPKI_MAX + KEY_SIGNATURE_MAX + 8);
	e = read_tx(raw, &bytes, &op, v, f);
	tx_op_bytes_release(&op);
	buf_release(&bytes);
	return e;
}

bool tx_json_id(struct hash *id, const json_t *in)
{
	const json_t *v = json_object_get(in, names[F_ID]);

	return json_is_string(v) &&
	       hash_from_hex(id,
			     SPAN(json_string_value(v), json_string_length(v)));
}

/* Takes the value, which is NULL only when memory ran out. */
static void set(json_t *object, enum field field, json_t *value)
{
	if (json_object_set_new_nocheck(object, names[field], value))
		BUG("out of memory");
}

static json_t *ascii(const char *text)
{
	return json_string_nocheck(text);
}

static void set_base64(json_t *object, enum field field, struct span bytes)
{
	struct buf text = {0};

	base64_encode(&text, bytes);
	set(object, field,
	    json_stringn_nocheck(text.len ? (const char *)text.data : "",
				 text.len));
	buf_release(&text);
}

static void set_operation(json_t *o, const struct tx *tx)
{
	char address[ADDRESS_HEX_LEN];

	switch (tx->op) {
	case TX_TRANSFER:
		set(o, F_TO, ascii(address_hex(address, &tx->recipient)));
		set(o, F_AMOUNT, json_integer((json_int_t)tx->amount));
		break;
	case TX_VOTE:
		set(o, F_VOTE, tx_vote_to_json(tx));
		break;
	case TX_EVIDENCE:
		set(o, F_EVIDENCE, tx_evidence_to_json(tx));
		break;
	}
}

json_t *tx_to_json(const struct tx *tx, struct span key)
{
	char hash[HASH_HEX_LEN], address[ADDRESS_HEX_LEN];
	json_t *o = json_object();

	if (!o)
		BUG("out of memory");
	set(o, F_ID, ascii(hash_hex(hash, &tx->id)));
	set(o, F_NUMBER, json_integer((json_int_t)tx->nonce));
	set(o, F_FROM, ascii(address_hex(address, &tx->sender)));
	set_operation(o, tx);
	set(o, F_FEE, json_integer((json_int_t)tx->fee));
	set(o, F_VALID_UNTIL, json_integer((json_int_t)tx->valid_until));
	if (!tx->data.len)
		set(o, F_DATA, ascii(""));
	else if (span_is_utf8(tx->data))
		set(o, F_DATA,
		    json_stringn_nocheck((const char *)tx->data.data,
					 tx->data.len));
	else
		set_base64(o, F_DATA_BASE64, tx->data);
	if (tx->key.len)
		key = tx->key;
	if (key.len)
		set_base64(o, F_PUBLIC_KEY, key);
	if (tx->signature.len)
		set_base64(o, F_SIGNATURE, tx->signature);
	return o;
}

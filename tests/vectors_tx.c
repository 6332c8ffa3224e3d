/* SPDX-License-Identifier: MIT */
/* Transactions of doc/vectors.json: good ones, and what is refused. */
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/msgpack.h"
#include "codec/tx_json.h"

/*
 * PSS salts are random, so this signature was made once, and it is checked
 * that it holds. When the bytes that it signs change on purpose, the program
 * says what to put here.
 */
/* clang-format off */
static const char rsa_signature[] =
	"hANKiPv3I3SXq3IYP8LUaiudxoVVLQzkRDGJgPgD4Q76658FxKqnd+DxyrprEiva"
	"iTsj4YkMebF2yeeUVnDDvzXWu5zLZeDj4+Iml4NddXlHQGcUISFMQJgnWoUYiBRm"
	"rPF2dVTD09ABD8E3oPJ26KFrcqjCy4pZqZJbbG6JV5xE/JhtzmCkL0GFc5cBvIJD"
	"0XnWggev77VvNPE7EfdZ/qhwzJ+I2E+cSf4+RsVZJynMBlkuLqPhp/IDJ2xzWAqk"
	"q68I70m6PvDjB3Idk/maMMSb3r/DaSFpX5dLPMPjmf6Cd1g022Z4bpVwJf//X5FU"
	"0xNS37KPi9TIGCaZhi1i+Q==";
/* clang-format on */

static void sign(struct buf *out, const struct secret_key *key,
		 const struct hash *message)
{
	if (secret_key_sign(key, out, message))
		BUG("signing failed");
}

static void sign_rsa(struct buf *out, const struct secret_key *key,
		     const struct hash *message)
{
	struct verifier *v = verifier_new(1);
	struct buf text = {0};

	if (!base64_decode(out, span_str(rsa_signature)) ||
	    verifier_check(v, secret_key_public(key), message, buf_span(out))) {
		buf_reset(out);
		sign(out, key, message);
		base64_encode(&text, buf_span(out));
		fprintf(stderr,
			"vectors: the RSA signature is of other bytes; one of "
			"these is %.*s\n",
			(int)text.len, (const char *)text.data);
		exit(EXIT_FAILURE);
	}
	verifier_free(v);
}

json_t *tx_example(const char *name, struct buf *raw, struct tx *tx,
		   const struct secret_key *key, const struct example *x)
{
	json_t *o = json_object();
	struct buf sig = {0}, body = {0};
	struct tx decoded;
	struct hash id;
	struct fault f;

	tx->sender = *secret_key_address(key);
	if (!tx->nonce)
		tx->key = secret_key_public(key);
	tx_signing_digest(&id, tx, &x->genesis.hash);
	if (key == x->rsa)
		sign_rsa(&sig, key, &id);
	else
		sign(&sig, key, &id);
	tx->signature = buf_span(&sig);
	tx_encode_body(&body, tx);
	tx_encode(raw, tx);
	if (tx_decode(&decoded, buf_span(raw), TX_BYTES_MAX, &f))
		BUG("an example does not decode");
	tx_hash(&decoded, &x->genesis.hash);
	add(o, "name", json_string(name));
	add(o, "signed_by", json_string(key == x->rsa ? "rsa" : "ed25519"));
	add(o, "body", hex_json(buf_span(&body)));
	add(o, "id", hash_json(&decoded.id));
	add(o, "signature", hex_json(decoded.signature));
	add(o, "full", hex_json(buf_span(raw)));
	add(o, "full_hash", hash_json(&decoded.full));
	add(o, "json", tx_to_json(&decoded, SPAN(NULL, 0)));
	buf_release(&sig);
	buf_release(&body);
	return o;
}

json_t *tx_examples(const struct example *x, struct buf txs[TX_EXAMPLES])
{
	static const uint8_t binary[] = {0x00, 0xff, 0x80};
	const struct address *rsa = secret_key_address(x->rsa);
	const struct address *ed = secret_key_address(x->ed25519);
	json_t *list = json_array();
	struct tx tx;

	tx = (struct tx){.recipient = *ed, .amount = 100000};
	json_array_append_new(list, tx_example("first of an RSA account",
					       &txs[0], &tx, x->rsa, x));
	tx = (struct tx){.recipient = *rsa,
			 .amount = 1,
			 .fee = 2,
			 .valid_until = 300,
			 .data = span_str("caf\xc3\xa9")};
	json_array_append_new(list, tx_example("first of an Ed25519 account",
					       &txs[1], &tx, x->ed25519, x));
	memset(tx.recipient.b, 0xc3, ADDRESS_LEN);
	tx = (struct tx){.recipient = tx.recipient,
			 .nonce = 1,
			 .amount = 70000,
			 .data = SPAN_OF(binary)};
	json_array_append_new(list,
			      tx_example("second of an Ed25519 account, its "
					 "data no UTF-8",
					 &txs[2], &tx, x->ed25519, x));
	tx = (struct tx){.recipient = *ed,
			 .nonce = AMOUNT_MAX,
			 .amount = AMOUNT_MAX,
			 .fee = AMOUNT_MAX,
			 .valid_until = AMOUNT_MAX};
	json_array_append_new(
		list, tx_example("the largest integers (well formed; no "
				 "account could pay it)",
				 &txs[3], &tx, x->ed25519, x));
	return list;
}

/* --- refusals: good is the second example, with its key ---- */

json_t *tx_refusal(const char *name, struct span raw)
{
	json_t *o = json_object();
	struct fault f = {0};
	struct tx tx;

	if (!tx_decode(&tx, raw, TX_BYTES_MAX, &f))
		BUG("a bad example decodes");
	add(o, "name", json_string(name));
	add(o, "full", hex_json(raw));
	add(o, "code", json_string(err_code(f.code)));
	add(o, "field", json_string(f.field));
	return o;
}

/* What stands in good before at, then bytes, then good from `skip` on. */
static json_t *spliced(const char *name, struct span good, size_t at,
		       const char *bytes, size_t len, size_t skip)
{
	struct buf raw = {0};
	json_t *o;

	buf_append(&raw, good.data, at);
	buf_append(&raw, bytes, len);
	buf_append(&raw, good.data + skip, good.len - skip);
	o = tx_refusal(name, buf_span(&raw));
	buf_release(&raw);
	return o;
}

static json_t *changed(const char *name, const struct tx *tx)
{
	struct buf raw = {0};
	json_t *o;

	tx_encode(&raw, tx);
	o = tx_refusal(name, buf_span(&raw));
	buf_release(&raw);
	return o;
}

/* The offset of the last array of the body: [[0, recipient, amount]]. */
static size_t operations_of(const struct tx *tx)
{
	return (size_t)(tx->body.data + tx->body.len - tx->raw.data) - 26;
}

/* Integers past 2^53 - 1, lengths of addresses, how many operations. */
static void add_bounds(json_t *list, const struct tx *tx)
{
	static const char two[] = "\x92\x93\x00\xc4\x14"
				  "aaaaaaaaaaaaaaaaaaaa\x01\x93\x00\xc4\x14"
				  "bbbbbbbbbbbbbbbbbbbb\x01";
	size_t ops = operations_of(tx), recipient = ops + 3;
	struct span good = tx->raw;
	struct tx other = *tx;

	if (good.data[ops] != 0x91 || good.data[recipient] != 0xc4)
		BUG("the layout changed");
	other.nonce = AMOUNT_MAX + 1;
	json_array_append_new(list, changed("nonce 2^53", &other));
	other = *tx;
	other.fee = AMOUNT_MAX + 1;
	json_array_append_new(list, changed("fee 2^53", &other));
	other = *tx;
	other.valid_until = AMOUNT_MAX + 1;
	json_array_append_new(list, changed("valid_until 2^53", &other));
	json_array_append_new(list, spliced("a sender of 19 bytes", good, 3,
					    "\xc4\x13", 2, 6));
	json_array_append_new(list,
			      spliced("a recipient of 19 bytes", good,
				      recipient, "\xc4\x13", 2, recipient + 3));
	json_array_append_new(
		list, spliced("no operation", good, ops, "\x90", 1, ops + 26));
	json_array_append_new(list, spliced("two operations", good, ops, two,
					    sizeof(two) - 1, ops + 26));
}

/* Larger than any genesis allows, by one byte. */
static json_t *too_big(const struct tx *tx)
{
	static const uint8_t zeros[TX_BYTES_MAX];
	struct tx other = *tx;
	struct buf raw = {0};

	other.data = SPAN(zeros, 256);
	tx_encode(&raw, &other);
	other.data.len += TX_BYTES_MAX + 1 - raw.len;
	buf_release(&raw);
	return changed("4097 bytes", &other);
}

json_t *tx_refusals(const struct example *x, struct span good)
{
	/* 93 97 01 c4 14 (20 bytes) 00 ...: version at 2, nonce at 25,
	 * fee at 26, 91 93 00 at 37 */
	enum { VERSION = 2, SENDER = 3, NONCE = 25, FEE = 26 };
	static const uint8_t small_order[44] = {0x30, 0x2a, 0x30, 0x05, 0x06,
						0x03, 0x2b, 0x65, 0x70, 0x03,
						0x21, 0x00, 0x01};
	json_t *list = json_array();
	struct tx tx, other;

	if (tx_decode(&tx, good, TX_BYTES_MAX, NULL) || good.data[FEE] != 2)
		BUG("the layout changed");
	json_array_append_new(list, spliced("a byte too many", good, good.len,
					    "\0", 1, good.len));
	json_array_append_new(list, tx_refusal("a byte too few",
					       SPAN(good.data, good.len - 1)));
	json_array_append_new(list, spliced("nonce 0 in two bytes", good, NONCE,
					    "\xcc\x00", 2, NONCE + 1));
	json_array_append_new(list, spliced("sender as bin 16", good, SENDER,
					    "\xc5\x00\x14", 3, SENDER + 2));
	json_array_append_new(list, spliced("sender as str", good, SENDER,
					    "\xb4", 1, SENDER + 2));
	json_array_append_new(list,
			      spliced("fee as a float", good, FEE,
				      "\xca\x40\x00\x00\x00", 5, FEE + 1));
	json_array_append_new(
		list, spliced("fee below zero", good, FEE, "\xff", 1, FEE + 1));
	json_array_append_new(list, spliced("version 2", good, VERSION, "\x02",
					    1, VERSION + 1));
	json_array_append_new(list, spliced("operation 7", good,
					    operations_of(&tx) + 2, "\x07", 1,
					    operations_of(&tx) + 3));
	other = tx;
	other.amount = AMOUNT_MAX + 1;
	json_array_append_new(list, changed("amount 2^53", &other));
	other = tx;
	other.signature = SPAN(NULL, 0);
	json_array_append_new(list, changed("no signature", &other));
	other = tx;
	other.signature.len--;
	json_array_append_new(list, changed("signature of 63 bytes", &other));
	other = tx;
	other.key = SPAN(NULL, 0);
	json_array_append_new(list, changed("nonce 0 without a key", &other));
	other = tx;
	other.nonce = 1;
	json_array_append_new(list, changed("nonce 1 with a key", &other));
	other = tx;
	other.key = secret_key_public(x->rsa);
	json_array_append_new(list, changed("another's key", &other));
	other = tx;
	other.key.len--;
	json_array_append_new(list, changed("a cut key", &other));
	other = tx;
	other.key = SPAN_OF(small_order);
	key_address(&other.sender, other.key);
	json_array_append_new(list,
			      changed("a key of small order (y = 1)", &other));
	add_bounds(list, &tx);
	json_array_append_new(list, too_big(&tx));
	return list;
}

/* SPDX-License-Identifier: MIT */
/*
 * The API of the other seed: paths under the node's own address. Another's
 * address is not found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "codec/tx_json.h"
#include "http/block_json.h"
#include "http/json_out.h"
#include "http/submission.h"
#include "http/tx_status.h"
#include "node/network.h"

#define VALUES_MAX 100 /* of a body, which has three at most */

static bool is_own(struct call *c)
{
	const struct address *own = c->api->cfg.account;

	if (own && address_eq(own, &c->args.arg[OWN_ADDRESS].address))
		return true;
	call_fault(c, ERR_NOT_FOUND, "address",
		   "this is not the node's account");
	return false;
}

void handle_own(struct call *c)
{
	struct buf out = {0};

	if (!is_own(c))
		return;
	out_text(&out, "{\"peers\":");
	out_uint(&out, node_peer_count(c->api->cfg.node));
	out_text(&out, "}\n");
	http_reply_tagged(c->r, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}

void handle_own_count(struct call *c)
{
	if (is_own(c))
		handle_chainlength(c);
}

/* --- POST /{address}/txn: make one --------------------------------------- */

static void refuse_field(struct call *c, const char *name,
			 const char *const *fields, size_t count)
{
	char list[80] = "";
	size_t i, len = 0;

	for (i = 0; i < count && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, " %s",
					fields[i]);
	call_fault(c, ERR_UNKNOWN_FIELD, name,
		   "\"%.40s\" is not a field here, expected%s", name, list);
}

/* The fields of a body that is one flat object; NULL and an answer else. */
static json_t *read_object(struct call *c, const char *const *fields,
			   size_t count)
{
	struct fault f;
	json_t *in = json_parse_bounded(http_body(c->r), VALUES_MAX, &f);
	json_t *value;
	const char *name;
	size_t i;

	if (!in) {
		call_refuse(c, &f);
		return NULL;
	}
	if (!json_is_object(in)) {
		call_fault(c, ERR_WRONG_TYPE, "", "expected an object");
		json_decref(in);
		return NULL;
	}
	json_object_foreach(in, name, value)
	{
		for (i = 0; i < count && strcmp(name, fields[i]); i++)
			;
		if (i < count)
			continue;
		refuse_field(c, name, fields, count);
		json_decref(in);
		return NULL;
	}
	return in;
}

/* too_large is the code of what passes 2^53 - 1. */
static enum err get_integer(uint64_t *out, const json_t *in, const char *name,
			    enum err too_large, struct fault *f)
{
	const char *expected = "an integer from 0 to 9007199254740991";
	const json_t *v = json_object_get(in, name);

	if (!json_is_integer(v))
		return json_refuse(f, ERR_WRONG_TYPE, name, v, expected);
	if (json_integer_value(v) < 0)
		return json_refuse(f, ERR_OUT_OF_RANGE, name, v, expected);
	if (json_integer_value(v) > (json_int_t)AMOUNT_MAX)
		return json_refuse(f, too_large, name, v, expected);
	*out = (uint64_t)json_integer_value(v);
	return ERR_OK;
}

/* Stand-in for data that nobody gave (genesis: transaction). */
static void placeholder(struct buf *out, const struct placeholder *p)
{
	uint8_t random[PLACEHOLDER_TEXT_MAX];

	/* up to 256 bytes come whole */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		BUG("getrandom failed");
	placeholder_write(out, p, random);
}

/* tx from the body; data holds its bytes. */
static enum err read_transfer(struct tx *tx, struct buf *data, const json_t *in,
			      const struct rules *rules, struct fault *f)
{
	const json_t *to = json_object_get(in, "sendto_address");
	const json_t *text = json_object_get(in, "data");

	if (!json_is_string(to))
		return json_refuse(f, ERR_WRONG_TYPE, "sendto_address", to,
				   "an address of 40 hex digits");
	if (!address_from_hex(&tx->recipient, span_str(json_string_value(to))))
		return json_refuse(f, ERR_BAD_ADDRESS, "sendto_address", to,
				   "an address of 40 hex digits");
	if (text && !json_is_string(text))
		return json_refuse(f, ERR_WRONG_TYPE, "data", text, "a string");
	if (text)
		buf_append(data, json_string_value(text),
			   json_string_length(text));
	else
		placeholder(data, &rules->tx_placeholder);
	tx->data = buf_span(data);
	tx->fee = rules->min_fee;
	tx->op = TX_TRANSFER;
	return get_integer(&tx->amount, in, "amount", ERR_AMOUNT_OVERFLOW, f);
}

/*
 * Sender, nonce and key of the node's own account, then the signature: here,
 * on the loop. RSA-2048 takes 0.25 ms of it, but only who holds the cookie
 * gets this far, and the nonce is right only as long as nothing comes between
 * reading it and handing the transaction on; a job would have to queue these
 * behind each other to keep that.
 */
static enum err sign(struct buf *out, struct api *api, struct tx *tx)
{
	const struct secret_key *key = api->cfg.key;
	struct buf signature = {0};
	struct node_tip tip;
	struct account own;
	struct hash digest;
	enum err e;

	node_tip(api->cfg.node, &tip);
	tx->sender = *secret_key_address(key);
	e = query_account(&own, NULL, api->cfg.node, api_view(api), &tx->sender,
			  tip.height);
	if (e)
		return e;
	tx->nonce = mempool_next_nonce(node_mempool(api->cfg.node), &tx->sender,
				       own.nonce);
	if (!tx->nonce)
		tx->key = secret_key_public(key);
	tx_signing_digest(&digest, tx, node_genesis_hash(api->cfg.node));
	e = secret_key_sign(key, &signature, &digest);
	tx->signature = buf_span(&signature);
	if (!e)
		tx_encode(out, tx);
	buf_release(&signature);
	return e;
}

void handle_own_create(struct call *c)
{
	static const char *const fields[] = {"sendto_address", "amount",
					     "data"};
	struct buf data = {0}, raw = {0};
	struct tx tx;
	struct fault f;
	struct span one;
	json_t *in;
	enum err e;

	if (!is_own(c))
		return;
	if (!c->api->cfg.key) {
		call_fault(c, ERR_UNAVAILABLE, "",
			   "this node does not hold its account's key");
		return;
	}
	in = read_object(c, fields, ARRAY_LEN(fields));
	if (!in)
		return;
	memset(&tx, 0, sizeof(tx));
	if (read_transfer(&tx, &data, in, node_rules(c->api->cfg.node), &f)) {
		call_refuse(c, &f);
	} else if (data.len > TX_BYTES_MAX) {
		call_fault(c, ERR_TOO_BIG, "data",
			   "%zu bytes; a transaction has at most %d", data.len,
			   TX_BYTES_MAX);
	} else if ((e = sign(&raw, c->api, &tx))) {
		call_query_failed(c, e, "");
	} else {
		one = buf_span(&raw);
		submission_send(
			submission_new(c->api, SUBMISSION_OWN, 1, false), c,
			&one);
	}
	json_decref(in);
	buf_release(&data);
	buf_release(&raw);
}

/* --- POST /{address}/txn/{id}: one of a given block ---------------------- */

void handle_own_tx(struct call *c)
{
	static const char *const fields[] = {"block_number"};
	struct tx_info t;
	struct buf out = {0};
	struct fault f;
	uint64_t height;
	json_t *in;
	enum err e;

	if (!is_own(c))
		return;
	in = read_object(c, fields, ARRAY_LEN(fields));
	if (!in)
		return;
	e = get_integer(&height, in, "block_number", ERR_OUT_OF_RANGE, &f);
	json_decref(in);
	if (e) {
		call_refuse(c, &f);
		return;
	}
	e = query_tx(&t, c->api->cfg.node, api_view(c->api),
		     &c->args.arg[OWN_TX].hash);
	if (!e && (!tx_is_in_block(t.state) || t.height != height)) {
		tx_info_release(&t);
		e = ERR_NOT_FOUND;
	}
	if (e) {
		call_query_failed(c, e,
				  "this block has no transaction of this id");
		return;
	}
	e = out_tx_info(&out, c->api, &t);
	out_text(&out, "\n");
	tx_info_release(&t);
	if (e)
		call_query_failed(c, e, "");
	else
		http_reply(c->r, 200, HTTP_JSON, buf_span(&out));
	buf_release(&out);
}

/* SPDX-License-Identifier: MIT */
/* Making transactions; see the header. */
#include <config.h>

#include "cmd/wallet_tx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "codec/tx_json.h"

#define WAIT_MARGIN 10 /* seconds that a node may answer late */

const char *const wallet_waits[] = {"pool", "block", "settled", "final", NULL};

/* --- what the node says ------------------------------------------------ */

static enum err read_placeholder(struct placeholder *out, const json_t *value,
				 struct fault *f)
{
	const char *kind = json_string_value(json_array_get(value, 0));
	const json_t *second = json_array_get(value, 1);
	json_int_t length = json_integer_value(second);
	const char *text = json_string_value(second);

	*out = (struct placeholder){.kind = PLACEHOLDER_NONE};
	if (!value || json_is_null(value))
		return ERR_OK;
	if (kind && strcmp(kind, "rnd") == 0 && length >= 1 &&
	    length <= PLACEHOLDER_TEXT_MAX) {
		out->kind = PLACEHOLDER_RND;
		out->length = (uint64_t)length;
		return ERR_OK;
	}
	if (kind && strcmp(kind, "predef") == 0 && text &&
	    strlen(text) < sizeof(out->text)) {
		out->kind = PLACEHOLDER_PREDEF;
		memcpy(out->text, text, strlen(text) + 1);
		return ERR_OK;
	}
	return fault_set(f, ERR_WRONG_TYPE, "tx_placeholder",
			 "the node's answer is of an unknown form, expected "
			 "[\"rnd\", N] or [\"predef\", TEXT]");
}

enum err chain_facts_read(struct chain_facts *out, const json_t *status,
			  struct fault *f)
{
	const char *id = json_string_value(json_object_get(status, "chain_id"));
	const json_t *fee = json_object_get(status, "min_fee");

	if (!id || !hash_from_hex(&out->chain_id, span_str(id)))
		return fault_set(f, ERR_MISSING_FIELD, "chain_id",
				 "the node's answer lacks it, expected a hash");
	if (!json_is_integer(fee) || json_integer_value(fee) < 0)
		return fault_set(f, ERR_MISSING_FIELD, "min_fee",
				 "the node's answer lacks it, expected an "
				 "integer");
	out->min_fee = (uint64_t)json_integer_value(fee);
	return read_placeholder(&out->data,
				json_object_get(status, "tx_placeholder"), f);
}

int wallet_chain_facts(struct chain_facts *out, struct wallet *w)
{
	struct fault f = {0};
	json_t *answer;
	int status = wallet_get(&answer, w, "/v1/status");

	if (!status && chain_facts_read(out, answer, &f))
		status = wallet_fail(&f);
	json_decref(answer);
	return status;
}

int wallet_account_facts(struct account_facts *out, struct wallet *w,
			 const struct address *address)
{
	char hex[ADDRESS_HEX_LEN];
	char path[80];
	json_t *answer;
	int status;

	snprintf(path, sizeof(path), "/v1/accounts/%s",
		 address_hex(hex, address));
	status = wallet_get(&answer, w, path);
	if (!status)
		status = wallet_member(&out->balance, answer, "balance");
	if (!status)
		status = wallet_member(&out->pending, answer, "pending");
	if (!status)
		status = wallet_member(&out->nonce, answer, "nonce");
	if (!status)
		status = wallet_member(&out->next_nonce, answer, "next_nonce");
	json_decref(answer);
	return status;
}

/* --- making ------------------------------------------------------------ */

void placeholder_fill(struct buf *out, const struct placeholder *p)
{
	uint8_t random[PLACEHOLDER_TEXT_MAX];

	/* up to 256 bytes come whole */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		BUG("getrandom failed");
	placeholder_write(out, p, random);
}

enum err wallet_sign(json_t **out, struct tx *tx, const struct secret_key *key,
		     const struct chain_facts *chain, struct fault *f)
{
	struct buf signature = {0};
	struct buf raw = {0};
	struct hash to_sign;
	struct tx made;
	enum err e;

	*out = NULL;
	tx->sender = *secret_key_address(key);
	tx->key = tx->nonce ? SPAN(NULL, 0) : secret_key_public(key);
	tx_signing_digest(&to_sign, tx, &chain->chain_id);
	e = secret_key_sign(key, &signature, &to_sign);
	if (e) {
		fault_set(f, e, "", "%s", err_text(e));
		goto done;
	}
	tx->signature = buf_span(&signature);
	tx_encode(&raw, tx);
	/* the node will check the same: better said here than there */
	e = tx_decode(&made, buf_span(&raw), TX_BYTES_MAX, f);
	if (!e) {
		tx_hash(&made, &chain->chain_id);
		*out = tx_to_json(&made, SPAN(NULL, 0));
	}
done:
	tx->signature = SPAN(NULL, 0);
	buf_release(&raw);
	buf_release(&signature);
	return e;
}

/* Fill what the options and the node say. data holds the data's bytes. */
static int complete(struct tx *tx, struct buf *data, struct wallet *w,
		    const struct address *from, struct chain_facts *chain)
{
	struct account_facts account;
	int status = wallet_chain_facts(chain, w);

	if (!status)
		status = wallet_account_facts(&account, w, from);
	if (status)
		return status;
	if (w->options.data)
		buf_append_span(data, span_str(w->options.data));
	else
		placeholder_fill(data, &chain->data);
	tx->nonce = account.next_nonce;
	tx->fee = w->options.fee == NOT_GIVEN ? chain->min_fee : w->options.fee;
	tx->valid_until = w->options.valid_until;
	tx->data = buf_span(data);
	return EXIT_DONE;
}

int wallet_make(json_t **out, struct wallet *w, struct tx *tx,
		const struct secret_key *key)
{
	struct fault f = {0};
	struct chain_facts chain;
	struct buf data = {0};
	int status = complete(tx, &data, w, secret_key_address(key), &chain);

	if (!status && wallet_sign(out, tx, key, &chain, &f))
		status = wallet_fail(&f);
	buf_release(&data);
	return status;
}

/* --- waiting ----------------------------------------------------------- */

void wallet_push_path(char *out, size_t size, enum wait_for wait,
		      uint64_t timeout)
{
	static const char *const words[] = {
		[WAIT_POOL] = "pool",
		[WAIT_BLOCK] = "block",
		[WAIT_SETTLED] = "settled",
		[WAIT_FINAL] = "final",
	};

	if (wait == WAIT_POOL)
		snprintf(out, size, "/v1/txs");
	else
		snprintf(out, size, "/v1/txs?wait=%s&timeout=%" PRIu64,
			 words[wait], timeout);
}

int wallet_waited(const json_t *answer, enum wait_for wait)
{
	/* what a status is worth, as enum wait_for counts */
	static const char *const words[] = {"pending", "included", "settled",
					    "final"};
	const char *status =
		json_string_value(json_object_get(answer, "status"));
	const char *reason =
		json_string_value(json_object_get(answer, "reason"));

	if (status && strcmp(status, "dropped") == 0) {
		fprintf(stderr, "ccoin: the transaction was dropped (%s)\n",
			reason ? reason : "?");
		return EXIT_REFUSED;
	}
	if (wait == WAIT_POOL)
		return EXIT_DONE;
	for (size_t i = (size_t)wait; i < ARRAY_LEN(words); i++)
		if (status && strcmp(status, words[i]) == 0)
			return EXIT_DONE;
	fprintf(stderr, "ccoin: timed out; the transaction is %s\n",
		status ? status : "in an unknown state");
	return EXIT_TIMED_OUT;
}

int wallet_push(json_t **out, struct wallet *w, const char *path,
		struct span body)
{
	unsigned timeout = 0;

	if (w->options.wait != WAIT_POOL)
		timeout = (unsigned)w->options.timeout + WAIT_MARGIN;
	return wallet_post(out, NULL, w, path, body, timeout);
}

int wallet_send_made(struct wallet *w, const json_t *tx)
{
	enum wait_for wait = (enum wait_for)w->options.wait;
	char *text = json_dumps(tx, JSON_COMPACT);
	char path[80];
	json_t *answer;
	int status;

	if (!text)
		BUG("json_dumps failed");
	wallet_push_path(path, sizeof(path), wait, w->options.timeout);
	status = wallet_push(&answer, w, path, span_str(text));
	free(text);
	if (!status) {
		/* it is on its way, however the waiting ends */
		if (w->config.json)
			wallet_print_json(answer);
		else
			puts(json_string_value(json_object_get(tx, "id")));
		status = wallet_waited(answer, wait);
	}
	json_decref(answer);
	return status;
}

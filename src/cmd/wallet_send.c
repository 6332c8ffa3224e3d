/* SPDX-License-Identifier: MIT */
/* The commands that make transactions: send, sign, push (rnd is beside). */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/wallet_tx.h"
#include "codec/tx_json.h"
#include "store/file.h"

#define PUSH_MAX (4u << 20) /* what a node takes */
#define WAIT_MARGIN 10	    /* seconds that a node may answer late */

#define AT(field) .offset = offsetof(struct wallet_options, field)

static const char *const waits[] = {"pool", "block", "settled", "final", NULL};

/* sign has those before the last two. */
static const struct option_spec send_specs[] = {
	{.name = "from",
	 .type = OPTION_TEXT,
	 .arg = "ADDRESS",
	 AT(from),
	 .help = "the account that pays; default: the wallet's"},
	{.name = "fee",
	 .letter = 'F',
	 .type = OPTION_UINT,
	 .max = AMOUNT_MAX,
	 .arg = "FEE",
	 AT(fee),
	 .help = "default: the chain's min_fee"},
	{.name = "data",
	 .letter = 'M',
	 .type = OPTION_STRING,
	 .arg = "DATA",
	 AT(data),
	 .help = "text to send along; default: what the chain's "
		 "genesis says"},
	{.name = "valid-until",
	 .type = OPTION_UINT,
	 .max = AMOUNT_MAX,
	 .arg = "H",
	 AT(valid_until),
	 .help = "last height whose block may hold it; default 0: for ever"},
	{.name = "wait",
	 .type = OPTION_CHOICE,
	 .choices = waits,
	 .arg = "pool|block|settled|final",
	 AT(wait),
	 .help = "return when it is this far; default pool"},
	{.name = "timeout",
	 .type = OPTION_UINT,
	 .min = 1,
	 .max = 300,
	 .arg = "SECONDS",
	 AT(timeout),
	 .help = "how long to wait; default 60"},
};

static const struct option_spec rnd_specs[] = {
	{.name = "number",
	 .letter = 'n',
	 .type = OPTION_UINT,
	 .min = 1,
	 .max = 1000000,
	 .arg = "N",
	 AT(count),
	 .help = "how many; default 1"},
	{.name = "timeout",
	 .type = OPTION_UINT,
	 .min = 1,
	 .max = 300,
	 .arg = "SECONDS",
	 AT(timeout),
	 .help = "how long to wait for a block when the queues are full; "
		 "default 60"},
};

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
	tx->op = TX_TRANSFER;
	tx->nonce = account.next_nonce;
	tx->fee = w->options.fee == NOT_GIVEN ? chain->min_fee : w->options.fee;
	tx->valid_until = w->options.valid_until;
	tx->data = buf_span(data);
	return EXIT_DONE;
}

static int sign_with(json_t **out, struct wallet *w, struct tx *tx,
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

/* From AMOUNT ADDRESS and the options to signed JSON. */
static int make(json_t **out, struct wallet *w, char **argv)
{
	struct tx tx = {0};
	struct secret_key *key;
	struct address from;
	int status;

	*out = NULL;
	if (!wallet_amount(&tx.amount, argv[0]))
		return wallet_usage("AMOUNT: value %s, expected an integer "
				    "0..9007199254740991",
				    argv[0]);
	status = wallet_address(&tx.recipient, w, argv[1]);
	if (!status)
		status = wallet_address(&from, w, w->options.from);
	if (!status)
		status = wallet_key(&key, w, &from);
	if (status)
		return status;
	status = sign_with(out, w, &tx, key);
	secret_key_free(key);
	return status;
}

static int run_sign(struct wallet *w, int argc, char **argv)
{
	json_t *tx;
	int status = make(&tx, w, argv);

	(void)argc;
	if (!status)
		wallet_print_json(tx);
	json_decref(tx);
	return status;
}

static int post(json_t **out, struct wallet *w, const char *path,
		struct span body)
{
	unsigned timeout = 0;

	if (w->options.wait != WAIT_POOL)
		timeout = (unsigned)w->options.timeout + WAIT_MARGIN;
	return wallet_post(out, NULL, w, path, body, timeout);
}

static int send_made(struct wallet *w, const json_t *tx)
{
	enum wait_for wait = (enum wait_for)w->options.wait;
	char *text = json_dumps(tx, JSON_COMPACT);
	char path[80];
	json_t *answer;
	int status;

	if (!text)
		BUG("json_dumps failed");
	wallet_push_path(path, sizeof(path), wait, w->options.timeout);
	status = post(&answer, w, path, span_str(text));
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

static int run_send(struct wallet *w, int argc, char **argv)
{
	json_t *tx;
	int status = make(&tx, w, argv);

	(void)argc;
	if (!status)
		status = send_made(w, tx);
	json_decref(tx);
	return status;
}

/* --- push -------------------------------------------------------------- */

static int read_stdin(struct buf *out)
{
	struct fault f = {0};

	while (out->len <= PUSH_MAX) {
		ssize_t n;

		buf_reserve(out, 65536);
		n = read(STDIN_FILENO, out->data + out->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	if (out->len <= PUSH_MAX)
		return EXIT_DONE;
	fault_set(&f, ERR_TOO_BIG, "",
		  "standard input: expected at most %u "
		  "bytes",
		  PUSH_MAX);
	return wallet_fail(&f);
}

static int read_input(struct buf *out, const char *path)
{
	struct fault f = {0};

	if (!path || strcmp(path, "-") == 0)
		return read_stdin(out);
	if (file_read(out, path, PUSH_MAX, &f))
		return wallet_fail(&f);
	return EXIT_DONE;
}

/* One element of an array's answer. */
static int print_result(const json_t *result)
{
	const char *id = json_string_value(json_object_get(result, "id"));

	if (json_object_get(result, "code")) {
		if (id)
			fprintf(stderr, "ccoin: transaction %s:\n", id);
		wallet_print_problem(result);
		return EXIT_REFUSED;
	}
	puts(id ? id : "?");
	return EXIT_DONE;
}

static int print_results(const struct wallet *w, const json_t *answer)
{
	int status = EXIT_DONE;
	const json_t *item;
	size_t i;

	if (w->config.json)
		wallet_print_json(answer);
	else if (json_is_object(answer))
		return print_result(answer);
	json_array_foreach(answer, i, item)
	{
		bool bad = json_object_get(item, "code") != NULL;

		if (bad || !w->config.json)
			bad = print_result(item) != EXIT_DONE;
		if (bad)
			status = EXIT_REFUSED;
	}
	return status;
}

static int push_text(struct wallet *w, struct span text)
{
	struct fault f = {0};
	json_t *parsed = json_parse(text, &f);
	json_t *answer;
	int status;

	if (!parsed)
		return wallet_fail(&f);
	json_decref(parsed);
	status = post(&answer, w, "/v1/txs", text);
	if (!status)
		status = print_results(w, answer);
	json_decref(answer);
	return status;
}

static int run_push(struct wallet *w, int argc, char **argv)
{
	struct buf text = {0};
	int status = read_input(&text, argc ? argv[0] : NULL);

	if (!status)
		status = push_text(w, buf_span(&text));
	buf_release(&text);
	return status;
}

const struct command wallet_send_commands[] = {
	{.name = "send",
	 .args = "AMOUNT ADDRESS",
	 .args_min = 2,
	 .args_max = 2,
	 .help = "Send money, and print the transaction's id",
	 .specs = send_specs,
	 .spec_count = ARRAY_LEN(send_specs),
	 .run = run_send},
	{.name = "sign",
	 .args = "AMOUNT ADDRESS",
	 .args_min = 2,
	 .args_max = 2,
	 .help = "Sign as send does, and print the JSON instead of sending it",
	 .specs = send_specs,
	 .spec_count = ARRAY_LEN(send_specs) - 2,
	 .run = run_sign},
	{.name = "push",
	 .args = "[FILE]",
	 .args_max = 1,
	 .help = "Send signed JSON, from standard input without a file",
	 .run = run_push},
	{.name = "rnd",
	 .args = "",
	 .help = "Send random transfers between the wallet's accounts, and "
		 "print their ids",
	 .specs = rnd_specs,
	 .spec_count = ARRAY_LEN(rnd_specs),
	 .run = wallet_rnd},
};
const size_t wallet_send_command_count = ARRAY_LEN(wallet_send_commands);

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

/* sign has those before the last two. */
static const struct option_spec send_specs[] = {
	WALLET_SPEC_FROM,
	WALLET_SPEC_FEE,
	{.name = "data",
	 .letter = 'M',
	 .type = OPTION_STRING,
	 .arg = "DATA",
	 WALLET_AT(data),
	 .help = "text to send along; default: what the chain's "
		 "genesis says"},
	WALLET_SPEC_VALID_UNTIL,
	WALLET_SPEC_WAIT,
	WALLET_SPEC_TIMEOUT,
};

static const struct option_spec rnd_specs[] = {
	{.name = "number",
	 .letter = 'n',
	 .type = OPTION_UINT,
	 .min = 1,
	 .max = 1000000,
	 .arg = "N",
	 WALLET_AT(count),
	 .help = "how many; default 1"},
	{.name = "timeout",
	 .type = OPTION_UINT,
	 .min = 1,
	 .max = 300,
	 .arg = "SECONDS",
	 WALLET_AT(timeout),
	 .help = "how long to wait for a block when the queues are full; "
		 "default 60"},
};

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
	status = wallet_make(out, w, &tx, key);
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

static int run_send(struct wallet *w, int argc, char **argv)
{
	json_t *tx;
	int status = make(&tx, w, argv);

	(void)argc;
	if (!status)
		status = wallet_send_made(w, tx);
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
	status = wallet_push(&answer, w, "/v1/txs", text);
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

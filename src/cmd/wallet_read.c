/* SPDX-License-Identifier: MIT */
/* The commands that ask the node and change nothing. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/wallet.h"

#define AT(field) .offset = offsetof(struct wallet_options, field)

static const struct option_spec balance_specs[] = {
	{.name = "confirmations",
	 .type = OPTION_UINT,
	 .max = AMOUNT_MAX,
	 .arg = "N",
	 AT(confirmations),
	 .help = "count what has N confirmations; default 1; 0 counts pending "
		 "transactions too"},
};

static const struct option_spec block_specs[] = {
	{.name = "all-state",
	 .type = OPTION_FLAG,
	 AT(all_state),
	 .help = "with every account at that height, not only those that the "
		 "block changed"},
};

static const struct option_spec history_specs[] = {
	{.name = "csv",
	 .type = OPTION_FLAG,
	 AT(csv),
	 .help = "as comma-separated values, with a line of names first"},
};

static int print_answer(struct wallet *w, const char *path)
{
	json_t *answer;
	int status = wallet_get(&answer, w, path);

	if (!status)
		status = wallet_print(w, answer);
	json_decref(answer);
	return status;
}

static int run_balance(struct wallet *w, int argc, char **argv)
{
	struct address a;
	char hex[ADDRESS_HEX_LEN];
	char path[160];
	int status = wallet_address(&a, w, argc ? argv[0] : NULL);

	if (status)
		return status;
	snprintf(path, sizeof(path),
		 "/balance?address=%s&confirmations=%" PRIu64,
		 address_hex(hex, &a), w->options.confirmations);
	return print_answer(w, path);
}

static bool is_hex(const char *text, size_t max)
{
	return strlen(text) <= max &&
	       strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

/* Print one page, or gather it; *last becomes its greatest address. */
static void take_page(json_t *all, const json_t *page, char *last, size_t size)
{
	const char *key;
	const json_t *value;

	json_object_foreach((json_t *)page, key, value)
	{
		if (strcmp(key, last) > 0)
			snprintf(last, size, "%s", key);
		if (all)
			json_object_set(all, key, (json_t *)value);
		else
			printf("%s %" JSON_INTEGER_FORMAT "\n", key,
			       json_integer_value(value));
	}
}

static int run_balances(struct wallet *w, int argc, char **argv)
{
	const char *prefix = argc ? argv[0] : "";
	char last[ADDRESS_HEX_LEN] = "";
	json_t *all = w->config.json ? json_object() : NULL;
	int status = EXIT_DONE;

	if (!is_hex(prefix, 2 * ADDRESS_LEN))
		return wallet_usage("PREFIX: value %s, expected at most 40 hex "
				    "digits",
				    prefix);
	for (;;) {
		char path[200];
		char before[ADDRESS_HEX_LEN];
		json_t *page;

		memcpy(before, last, sizeof(before));
		snprintf(path, sizeof(path),
			 "/balances?limit=1000&prefix=%s%s%s", prefix,
			 last[0] ? "&after=" : "", last);
		status = wallet_get(&page, w, path);
		if (!status)
			take_page(all, page, last, sizeof(last));
		json_decref(page);
		/* the end: a page that leads no further */
		if (status || strcmp(last, before) == 0)
			break;
	}
	if (!status && all)
		wallet_print_json(all);
	json_decref(all);
	return status;
}

static int run_tx(struct wallet *w, int argc, char **argv)
{
	struct hash id;
	char hex[HASH_HEX_LEN];
	char path[100];

	(void)argc;
	if (!hash_from_hex(&id, span_str(argv[0])))
		return wallet_usage("ID: value %s, expected 64 hex digits",
				    argv[0]);
	snprintf(path, sizeof(path), "/v1/txs/%s", hash_hex(hex, &id));
	return print_answer(w, path);
}

static bool is_block_name(const char *text)
{
	uint64_t height;
	struct hash hash;

	return decimal_decode(&height, AMOUNT_MAX, span_str(text)) ||
	       hash_from_hex(&hash, span_str(text)) ||
	       strcmp(text, "latest") == 0 || strcmp(text, "settled") == 0 ||
	       strcmp(text, "final") == 0;
}

static int run_block(struct wallet *w, int argc, char **argv)
{
	const char *which = argc ? argv[0] : "latest";
	char path[120];

	if (!is_block_name(which))
		return wallet_usage("BLOCK: value %s, expected a number, a "
				    "hash, latest, settled or final",
				    which);
	snprintf(path, sizeof(path), "/v1/blocks/%s%s", which,
		 w->options.all_state ? "?state=all" : "");
	return print_answer(w, path);
}

static int run_status(struct wallet *w, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_answer(w, "/v1/status");
}

/* --- history ----------------------------------------------------------- */

static void print_field(const json_t *tx_object, const char *field)
{
	const json_t *value = json_object_get(tx_object, field);

	if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT " ", json_integer_value(value));
	else
		printf("%s ", json_string_value(value)
				      ? json_string_value(value)
				      : "-");
}

/* Block, id, from, to, amount, fee, data. */
static void print_line(const json_t *item)
{
	static const char *const fields[] = {"block", "id",	"from",
					     "to",    "amount", "fee"};
	const json_t *inner = json_object_get(item, "tx");
	const json_t *object = inner ? inner : item;
	char *data;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		print_field(object, fields[i]);
	/* as JSON: others wrote it, and it may hold anything */
	data = json_dumps(json_object_get(object, "data"), JSON_ENCODE_ANY);
	puts(data ? data : "-");
	free(data);
}

static int history_page(struct wallet *w, const char *hex, char *cursor,
			size_t size, json_t *all)
{
	char path[400];
	json_t *page;
	const json_t *item;
	const char *next;
	size_t i;
	int status;

	snprintf(path, sizeof(path), "/v1/accounts/%s/txs?limit=200%s%s", hex,
		 cursor[0] ? "&cursor=" : "", cursor);
	status = wallet_get(&page, w, path);
	if (status)
		return status;
	json_array_foreach(json_object_get(page, "items"), i, item)
	{
		if (all)
			json_array_append(all, (json_t *)item);
		else
			print_line(item);
	}
	next = json_string_value(json_object_get(page, "next"));
	snprintf(cursor, size, "%s", next ? next : "");
	json_decref(page);
	return EXIT_DONE;
}

static int history_csv(struct wallet *w, const char *hex)
{
	struct buf text = {0};
	char path[100];
	int status;

	snprintf(path, sizeof(path), "/v1/accounts/%s/txs", hex);
	status = wallet_get_text(&text, w, path, "text/csv");
	if (!status)
		fwrite(text.data, 1, text.len, stdout);
	buf_release(&text);
	return status;
}

static int run_history(struct wallet *w, int argc, char **argv)
{
	struct address a;
	char hex[ADDRESS_HEX_LEN];
	char cursor[128] = "";
	json_t *all;
	int status = wallet_address(&a, w, argc ? argv[0] : NULL);

	if (status)
		return status;
	address_hex(hex, &a);
	if (w->options.csv)
		return history_csv(w, hex);
	all = w->config.json ? json_array() : NULL;
	do
		status = history_page(w, hex, cursor, sizeof(cursor), all);
	while (!status && cursor[0]);
	if (!status && all)
		wallet_print_json(all);
	json_decref(all);
	return status;
}

const struct command wallet_read_commands[] = {
	{.name = "balance",
	 .args = "[ADDRESS]",
	 .args_max = 1,
	 .help = "Print an account's balance",
	 .specs = balance_specs,
	 .spec_count = ARRAY_LEN(balance_specs),
	 .run = run_balance},
	{.name = "balances",
	 .args = "[PREFIX]",
	 .args_max = 1,
	 .help = "Print the balance of every account, or of those whose "
		 "address begins so",
	 .run = run_balances},
	{.name = "tx",
	 .args = "ID",
	 .args_min = 1,
	 .args_max = 1,
	 .help = "Print a transaction and what became of it",
	 .run = run_tx},
	{.name = "block",
	 .args = "[N|HASH]",
	 .args_max = 1,
	 .help = "Print a block, the latest without an argument",
	 .specs = block_specs,
	 .spec_count = ARRAY_LEN(block_specs),
	 .run = run_block},
	{.name = "history",
	 .args = "[ADDRESS]",
	 .args_max = 1,
	 .help = "Print an account's transactions, newest first",
	 .specs = history_specs,
	 .spec_count = ARRAY_LEN(history_specs),
	 .run = run_history},
	{.name = "status",
	 .args = "",
	 .help = "Print how the node is doing",
	 .run = run_status},
};
const size_t wallet_read_command_count = ARRAY_LEN(wallet_read_commands);

/* SPDX-License-Identifier: MIT */
/* The commands that show the network: peers and authorities, as tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/wallet.h"

#define CELL_MAX 64 /* characters shown of one */

static const struct wallet_column peer_columns[] = {
	{"ID", "id", false},
	{"WHERE", "where", false},
	{"DIR", "direction", false},
	{"AUTHORITY", "authority", false},
	{"HEIGHT", "height", true},
	{"SETTLED", "settled_height", true},
	{"OFFSET_MS", "clock_offset_ms", true},
	{"TRIP_MS", "round_trip_ms", true},
	{"IN", "bytes_in", true},
	{"OUT", "bytes_out", true},
	{"SCORE", "score", true},
	{"AGENT", "agent", false},
};

static const struct wallet_column validator_columns[] = {
	{"ADDRESS", "address", false},	 {"HEIGHT", "height", true},
	{"MADE", "made", true},		 {"MISSED", "missed", true},
	{"SINCE", "missed_since", true}, {"ONLINE", "online", false},
	{"SELF", "self", false},
};

/* What stands in a cell. What came from others must not move the cursor or
 * look like two cells. */
static void cell(char out[CELL_MAX + 1], const json_t *item,
		 const struct wallet_column *c)
{
	const json_t *value = json_object_get(item, c->member);
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		snprintf(out, CELL_MAX + 1, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(out, CELL_MAX + 1, "%s",
			 json_is_true(value) ? "yes" : "no");
	else
		snprintf(out, CELL_MAX + 1, "%s", text && *text ? text : "-");
	for (; *out; out++)
		if ((unsigned char)*out <= 0x20 || (unsigned char)*out >= 0x7f)
			*out = '?';
}

static size_t width_of(const json_t *items, const struct wallet_column *c)
{
	size_t i, width = strlen(c->title);
	char text[CELL_MAX + 1];
	const json_t *item;

	json_array_foreach(items, i, item)
	{
		cell(text, item, c);
		if (strlen(text) > width)
			width = strlen(text);
	}
	return width;
}

static void print_cell(const char *text, size_t width, bool right, bool last)
{
	if (last && !right)
		puts(text); /* no blanks at the end of a line */
	else
		printf(right ? "%*s%s" : "%-*s%s", (int)width, text,
		       last ? "\n" : "  ");
}

void wallet_print_table(const json_t *items,
			const struct wallet_column *columns, size_t count)
{
	size_t *widths = xcalloc(count, sizeof(*widths)), i, k;
	char text[CELL_MAX + 1];
	const json_t *item;

	for (k = 0; k < count; k++) {
		widths[k] = width_of(items, &columns[k]);
		print_cell(columns[k].title, widths[k], columns[k].right,
			   k + 1 == count);
	}
	json_array_foreach(items, i, item)
	{
		for (k = 0; k < count; k++) {
			cell(text, item, &columns[k]);
			print_cell(text, widths[k], columns[k].right,
				   k + 1 == count);
		}
	}
	free(widths);
}

int wallet_get_all(json_t **out, struct wallet *w, const char *path)
{
	char page_path[240], cursor[80] = "", before[80];
	json_t *page;
	const char *next;
	int status;

	*out = NULL;
	do {
		snprintf(page_path, sizeof(page_path), "%s%climit=200%s%s",
			 path, strchr(path, '?') ? '&' : '?',
			 cursor[0] ? "&cursor=" : "", cursor);
		status = wallet_get(&page, w, page_path);
		if (status)
			return status;
		next = json_string_value(json_object_get(page, "next"));
		memcpy(before, cursor, sizeof(before));
		snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
		if (!*out)
			*out = json_incref(page);
		else
			json_array_extend(json_object_get(*out, "items"),
					  json_object_get(page, "items"));
		json_decref(page);
		/* the end: none, or a page that leads no further */
	} while (cursor[0] && strcmp(cursor, before) != 0);
	json_object_set_new(*out, "next", json_null());
	return EXIT_DONE;
}

static int print_list(struct wallet *w, const char *path,
		      const struct wallet_column *columns, size_t count)
{
	json_t *list;
	int status = wallet_get_all(&list, w, path);

	if (!status && w->config.json)
		wallet_print_json(list);
	else if (!status)
		wallet_print_table(json_object_get(list, "items"), columns,
				   count);
	json_decref(list);
	return status;
}

static int run_peers(struct wallet *w, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_list(w, "/v1/peers", peer_columns,
			  ARRAY_LEN(peer_columns));
}

static int run_validators(struct wallet *w, int argc, char **argv)
{
	json_t *list;
	int status = wallet_get_all(&list, w, "/v1/validators");

	(void)argc;
	(void)argv;
	if (!status && w->config.json)
		wallet_print_json(list);
	else if (!status && json_object_get(list, "quorum"))
		wallet_print_voters(list);
	else if (!status)
		wallet_print_table(json_object_get(list, "items"),
				   validator_columns,
				   ARRAY_LEN(validator_columns));
	json_decref(list);
	return status;
}

const struct command wallet_network_commands[] = {
	{.name = "peers",
	 .args = "",
	 .help = "Print the nodes that the node is connected with",
	 .run = run_peers},
	{.name = "validators",
	 .args = "",
	 .help = "Print who makes blocks: those made and missed, or, where "
		 "validators vote, who was heard of and when",
	 .run = run_validators},
};
const size_t wallet_network_command_count = ARRAY_LEN(wallet_network_commands);

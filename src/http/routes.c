/* SPDX-License-Identifier: MIT */
/* The route table and looking things up in it; see the header. */
#include "http/routes.h"

#include <stdio.h>
#include <string.h>

#include "base/amount.h"
#include "base/mem.h"
#include "base/text.h"

#define BODY_MAX (1u << 20)
#define BODY_TXS_MAX (4u << 20)

#define NUMBER(n, lo, hi, text)                                                \
	{                                                                      \
		.name = (n), .type = PARAM_NUMBER, .min = (lo), .max = (hi),   \
		.about = (text)                                                \
	}
#define STATE_PARAM                                                            \
	{                                                                      \
		.name = "state", .type = PARAM_CHOICE, .choices = "all",       \
		.about = "all: every account at that height, not only those "  \
			 "that the block changed"                              \
	}
#define CONFIRMATIONS_PARAM                                                    \
	NUMBER("confirmations", 0, AMOUNT_MAX,                                 \
	       "the state N - 1 blocks below the tip; 0 counts pending "       \
	       "transactions; default 1")
#define OWN_PARAM                                                              \
	{                                                                      \
		.name = "address", .type = PARAM_ADDRESS, .in_path = true,     \
		.required = true, .about = "the node's own account"            \
	}
#define ACCOUNT_PARAM                                                          \
	{                                                                      \
		.name = "account", .type = PARAM_ADDRESS, .in_path = true,     \
		.required = true, .about = "an address"                        \
	}

static const struct param no_params[] = {{.name = NULL}};
static const struct param block_params[] = {
	[BLOCK_INDEX] = NUMBER("index", 0, AMOUNT_MAX, "the block's number"),
	[BLOCK_HASH] = {.name = "hash",
			.type = PARAM_HASH,
			.about = "the block's hash, instead of its number"},
	[BLOCK_STATE] = STATE_PARAM,
	{.name = NULL}};
static const struct param chain_params[] = {
	[CHAIN_FROM] =
		NUMBER("from", 0, AMOUNT_MAX, "the first number; default 0"),
	[CHAIN_LIMIT] = NUMBER("limit", 0, AMOUNT_MAX,
			       "how many blocks at most; default all"),
	{.name = NULL}};
static const struct param balance_params[] = {
	[BALANCE_ADDRESS] = {.name = "address",
			     .type = PARAM_ADDRESS,
			     .required = true,
			     .about = "whose balance"},
	[BALANCE_CONFIRMATIONS] = CONFIRMATIONS_PARAM,
	{.name = NULL}};
static const struct param balances_params[] = {
	[BALANCES_PREFIX] = {.name = "prefix",
			     .type = PARAM_TEXT,
			     .max = 40,
			     .about = "first hex digits of the addresses"},
	[BALANCES_CONFIRMATIONS] = CONFIRMATIONS_PARAM,
	[BALANCES_AFTER] = {.name = "after",
			    .type = PARAM_ADDRESS,
			    .about = "only addresses after this one"},
	[BALANCES_LIMIT] =
		NUMBER("limit", 1, 1000, "how many at most; default 1000"),
	{.name = NULL}};
static const struct param confirmations_params[] = {
	[CONFIRMATIONS_ID] = {.name = "transaction_id",
			      .type = PARAM_HASH,
			      .required = true,
			      .about = "the transaction's id"},
	{.name = NULL}};
static const struct param own_params[] = {[OWN_ADDRESS] = OWN_PARAM,
					  {.name = NULL}};
static const struct param own_block_params[] = {
	[OWN_ADDRESS] = OWN_PARAM,
	[OWN_BLOCK] = {.name = "number",
		       .type = PARAM_NUMBER,
		       .max = AMOUNT_MAX,
		       .in_path = true,
		       .required = true,
		       .about = "the block's number"},
	[OWN_STATE] = STATE_PARAM,
	{.name = NULL}};
static const struct param own_tx_params[] = {
	[OWN_ADDRESS] = OWN_PARAM,
	[OWN_TX] = {.name = "id",
		    .type = PARAM_HASH,
		    .in_path = true,
		    .required = true,
		    .about = "the transaction's id"},
	{.name = NULL}};
static const struct param blocks_params[] = {
	[BLOCKS_CURSOR] = NUMBER("cursor", 0, AMOUNT_MAX,
				 "next of the page before; default the tip"),
	[BLOCKS_LIMIT] =
		NUMBER("limit", 1, 200, "how many at most; default 20"),
	{.name = NULL}};
static const struct param v1_block_params[] = {
	[BLOCKS_ID] = {.name = "id",
		       .type = PARAM_TEXT,
		       .max = 64,
		       .in_path = true,
		       .required = true,
		       .about = "a number, a hash, latest, settled or final"},
	[BLOCKS_STATE] = STATE_PARAM,
	{.name = NULL}};
static const struct param txs_params[] = {
	[TXS_WAIT] = {.name = "wait",
		      .type = PARAM_CHOICE,
		      .choices = "pool|block|settled|final",
		      .about = "answer when the transaction is there; "
			       "default pool"},
	[TXS_TIMEOUT] = NUMBER("timeout", 0, 300,
			       "seconds to wait at most; then 202 with the "
			       "present status; default 30"),
	{.name = NULL}};
static const struct param tx_params[] = {
	[TXS_ID] = {.name = "id",
		    .type = PARAM_HASH,
		    .in_path = true,
		    .required = true,
		    .about = "the transaction's id"},
	{.name = NULL}};
static const struct param account_params[] = {[ACCOUNT_ADDRESS] = ACCOUNT_PARAM,
					      {.name = NULL}};
static const struct param account_txs_params[] = {
	[ACCOUNT_ADDRESS] = ACCOUNT_PARAM,
	[ACCOUNT_CURSOR] = {.name = "cursor",
			    .type = PARAM_TEXT,
			    .max = 32,
			    .about = "next of the page before"},
	[ACCOUNT_LIMIT] = NUMBER("limit", 1, 200,
				 "how many at most; default 50, in CSV all"),
	[ACCOUNT_SINCE] =
		NUMBER("since", 0, AMOUNT_MAX, "down to this block; default 0"),
	[ACCOUNT_FORMAT] = {.name = "format",
			    .type = PARAM_CHOICE,
			    .choices = "json|csv",
			    .about = "csv is also had with Accept: text/csv"},
	{.name = NULL}};

#define TX_BODY                                                                \
	"a transaction or an array of up to 1000: JSON (also within a JSON "   \
	"string), or canonical bytes as application/msgpack"

const struct route route_table[] = {
	{HTTP_GET, "/running", "Whether the node runs", no_params, false, 0,
	 NULL, HTTP_TEXT, handle_running},
	{HTTP_GET, "/balance", "The balance of an address", balance_params,
	 false, 0, NULL, HTTP_JSON, handle_balance},
	{HTTP_PUT | HTTP_POST, "/pushtx", "Submit transactions", no_params,
	 false, BODY_TXS_MAX, TX_BODY, HTTP_JSON, handle_pushtx},
	{HTTP_GET, "/block", "A block, by number or hash", block_params, false,
	 0, NULL, HTTP_JSON, handle_block},
	{HTTP_GET, "/blockchain", "Blocks in order, streamed", chain_params,
	 false, 0, NULL, HTTP_JSON, handle_blockchain},
	{HTTP_GET, "/chainlength", "How many blocks there are", no_params,
	 false, 0, NULL, HTTP_JSON, handle_chainlength},
	{HTTP_GET, "/nodes", "Peers, as host:port", no_params, false, 0, NULL,
	 HTTP_JSON, handle_nodes},
	{HTTP_GET, "/unprocessed", "Pending transactions", no_params, false, 0,
	 NULL, HTTP_JSON, handle_unprocessed},
	{HTTP_GET, "/balances", "Balances by address", balances_params, false,
	 0, NULL, HTTP_JSON, handle_balances},
	{HTTP_GET, "/confirmations", "1 at the tip, 0 pending",
	 confirmations_params, false, 0, NULL, HTTP_JSON, handle_confirmations},
	{HTTP_GET, "/{address}", "How many peers", own_params, false, 0, NULL,
	 HTTP_JSON, handle_own},
	{HTTP_GET, "/{address}/blk/cnt", "How many blocks there are",
	 own_params, false, 0, NULL, HTTP_JSON, handle_own_count},
	{HTTP_GET, "/{address}/blk/{number}", "A block by number",
	 own_block_params, false, 0, NULL, HTTP_JSON, handle_own_block},
	{HTTP_POST, "/{address}/txn",
	 "Make, sign and submit a transaction of the node's own account",
	 own_params, true, BODY_MAX, "{sendto_address, amount, data}",
	 HTTP_JSON, handle_own_create},
	{HTTP_POST, "/{address}/txn/{id}", "A transaction of a given block",
	 own_tx_params, false, BODY_MAX, "{block_number}", HTTP_JSON,
	 handle_own_tx},
	{HTTP_GET, "/v1/status", "The node and its chain", no_params, false, 0,
	 NULL, HTTP_JSON, handle_v1_status},
	{HTTP_GET, "/v1/blocks", "Blocks, newest first", blocks_params, false,
	 0, NULL, HTTP_JSON, handle_v1_blocks},
	{HTTP_GET, "/v1/blocks/{id}", "A block", v1_block_params, false, 0,
	 NULL, HTTP_JSON, handle_v1_block},
	{HTTP_POST, "/v1/txs", "Submit transactions and wait for them",
	 txs_params, false, BODY_TXS_MAX, TX_BODY, HTTP_JSON, handle_v1_txs},
	{HTTP_GET, "/v1/txs/{id}", "A transaction and what became of it",
	 tx_params, false, 0, NULL, HTTP_JSON, handle_v1_tx},
	{HTTP_GET, "/v1/accounts/{account}", "An account", account_params,
	 false, 0, NULL, HTTP_JSON, handle_v1_account},
	{HTTP_GET, "/v1/accounts/{account}/txs",
	 "An account's transactions, newest first", account_txs_params, false,
	 0, NULL, HTTP_JSON, handle_v1_account_txs},
	{HTTP_GET, "/health", "Whether the process answers", no_params, false,
	 0, NULL, HTTP_JSON, handle_health},
	{HTTP_GET, "/ready", "Whether the node can serve", no_params, false, 0,
	 NULL, HTTP_JSON, handle_ready},
	{HTTP_GET, "/metrics", "Figures for Prometheus", no_params, false, 0,
	 NULL, "text/plain; version=0.0.4; charset=utf-8", handle_metrics},
	{HTTP_GET, "/openapi.json", "This description", no_params, false, 0,
	 NULL, HTTP_JSON, handle_openapi},
};
const size_t route_count = ARRAY_LEN(route_table);

static bool is_address(struct span s)
{
	uint8_t raw[ADDRESS_LEN];

	return hex_decode(raw, sizeof(raw), s);
}

/* Whether the path is of the pattern; pieces gets its parameters. */
static bool is_match(const char *pattern, struct span path, struct span *pieces)
{
	const char *p = (const char *)path.data;
	const char *end = p + path.len;
	const char *from;
	bool address;

	while (*pattern) {
		if (*pattern != '{') {
			if (p == end || *p != *pattern)
				return false;
			p++, pattern++;
			continue;
		}
		from = p;
		while (p < end && *p != '/')
			p++;
		if (p == from)
			return false;
		*pieces = SPAN(from, p - from);
		address = !strncmp(pattern, "{address}", 9);
		if (address && !is_address(*pieces))
			return false;
		pieces++;
		pattern += strcspn(pattern, "}") + 1;
	}
	return p == end;
}

const struct route *route_find(unsigned method, struct span path,
			       struct span pieces[PARAMS_MAX],
			       unsigned *allowed)
{
	const struct route *r;
	unsigned methods;

	*allowed = 0;
	if (path.len > 1 && path.data[path.len - 1] == '/')
		path.len--;
	for (r = route_table; r < route_table + route_count; r++) {
		if (!is_match(r->path, path, pieces))
			continue;
		methods = r->methods;
		if (methods & HTTP_GET)
			methods |= HTTP_HEAD;
		if (methods & method)
			return r;
		*allowed |= methods;
	}
	return NULL;
}

char *route_allow(char out[ROUTE_ALLOW_MAX], unsigned methods)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{HTTP_GET, "GET"},
		     {HTTP_HEAD, "HEAD"},
		     {HTTP_POST, "POST"},
		     {HTTP_PUT, "PUT"},
		     {HTTP_DELETE, "DELETE"}};
	size_t i, len = 0;

	out[0] = '\0';
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (methods & names[i].bit)
			len += (size_t)snprintf(out + len,
						ROUTE_ALLOW_MAX - len, "%s%s",
						len ? ", " : "", names[i].name);
	return out;
}

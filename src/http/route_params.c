/* SPDX-License-Identifier: MIT */
/* The parameters of the routes, in the order of the indexes of routes.h. */
#include "http/route_params.h"

#include "base/amount.h"

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

const struct param no_params[] = {{.name = NULL}};
const struct param block_params[] = {
	[BLOCK_INDEX] = NUMBER("index", 0, AMOUNT_MAX, "the block's number"),
	[BLOCK_HASH] = {.name = "hash",
			.type = PARAM_HASH,
			.about = "the block's hash, instead of its number"},
	[BLOCK_STATE] = STATE_PARAM,
	{.name = NULL}};
const struct param register_params[] = {
	[REGISTER_URL] =
		{.name = "url",
		 .type = PARAM_TEXT,
		 .max = 255,
		 .required = true,
		 .about = "HOST:PORT where the node listens for others"},
	{.name = NULL}};
const struct param chain_params[] = {
	[CHAIN_FROM] =
		NUMBER("from", 0, AMOUNT_MAX, "the first number; default 0"),
	[CHAIN_LIMIT] = NUMBER("limit", 0, AMOUNT_MAX,
			       "how many blocks at most; default all"),
	{.name = NULL}};
const struct param balance_params[] = {
	[BALANCE_ADDRESS] = {.name = "address",
			     .type = PARAM_ADDRESS,
			     .required = true,
			     .about = "whose balance"},
	[BALANCE_CONFIRMATIONS] = CONFIRMATIONS_PARAM,
	{.name = NULL}};
const struct param balances_params[] = {
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
const struct param confirmations_params[] = {
	[CONFIRMATIONS_ID] = {.name = "transaction_id",
			      .type = PARAM_HASH,
			      .required = true,
			      .about = "the transaction's id"},
	{.name = NULL}};
const struct param own_params[] = {[OWN_ADDRESS] = OWN_PARAM, {.name = NULL}};
const struct param own_block_params[] = {
	[OWN_ADDRESS] = OWN_PARAM,
	[OWN_BLOCK] = {.name = "number",
		       .type = PARAM_NUMBER,
		       .max = AMOUNT_MAX,
		       .in_path = true,
		       .required = true,
		       .about = "the block's number"},
	[OWN_STATE] = STATE_PARAM,
	{.name = NULL}};
const struct param own_tx_params[] = {
	[OWN_ADDRESS] = OWN_PARAM,
	[OWN_TX] = {.name = "id",
		    .type = PARAM_HASH,
		    .in_path = true,
		    .required = true,
		    .about = "the transaction's id"},
	{.name = NULL}};
const struct param blocks_params[] = {
	[BLOCKS_CURSOR] = NUMBER("cursor", 0, AMOUNT_MAX,
				 "next of the page before; default the tip"),
	[BLOCKS_LIMIT] =
		NUMBER("limit", 1, 200, "how many at most; default 20"),
	{.name = NULL}};
const struct param v1_block_params[] = {
	[BLOCKS_ID] = {.name = "id",
		       .type = PARAM_TEXT,
		       .max = 64,
		       .in_path = true,
		       .required = true,
		       .about = "a number, a hash, latest, settled or final"},
	[BLOCKS_STATE] = STATE_PARAM,
	{.name = NULL}};
const struct param txs_params[] = {
	[TXS_WAIT] = {.name = "wait",
		      .type = PARAM_CHOICE,
		      .choices = "pool|block|settled|final",
		      .about = "answer when the transaction is there; "
			       "default pool"},
	[TXS_TIMEOUT] = NUMBER("timeout", 0, 300,
			       "seconds to wait at most; then 202 with the "
			       "present status; default 30"),
	{.name = NULL}};
const struct param genesis_params[] = {
	[GENESIS_ALLOC] = {.name = "alloc",
			   .type = PARAM_CHOICE,
			   .choices = "false|true",
			   .about = "true: with alloc, which may hold a "
				    "million accounts; default false"},
	{.name = NULL}};
const struct param tx_params[] = {[TXS_ID] = {.name = "id",
					      .type = PARAM_HASH,
					      .in_path = true,
					      .required = true,
					      .about = "the transaction's id"},
				  {.name = NULL}};
const struct param account_params[] = {[ACCOUNT_ADDRESS] = ACCOUNT_PARAM,
				       {.name = NULL}};
const struct param account_txs_params[] = {
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
const struct param network_params[] = {
	[NETWORK_CURSOR] = NUMBER("cursor", 0, AMOUNT_MAX,
				  "next of the page before; default the first"),
	[NETWORK_LIMIT] =
		NUMBER("limit", 1, 200, "how many at most; default 50"),
	{.name = NULL}};
const struct param evidence_params[] = {
	[NETWORK_CURSOR] = {.name = "cursor",
			    .type = PARAM_HASH,
			    .about = "next of the page before"},
	[NETWORK_LIMIT] =
		NUMBER("limit", 1, 200, "how many at most; default 50"),
	{.name = NULL}};

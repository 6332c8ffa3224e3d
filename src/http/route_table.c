/* SPDX-License-Identifier: MIT */
/* The route table: each path, its parameters, and what is said of it. */
#include "base/amount.h"
#include "base/mem.h"
#include "http/routes.h"

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
static const struct param genesis_params[] = {
	[GENESIS_ALLOC] = {.name = "alloc",
			   .type = PARAM_CHOICE,
			   .choices = "false|true",
			   .about = "true: with alloc, which may hold a "
				    "million accounts; default false"},
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
static const struct param network_params[] = {
	[NETWORK_CURSOR] = NUMBER("cursor", 0, AMOUNT_MAX,
				  "next of the page before; default the first"),
	[NETWORK_LIMIT] =
		NUMBER("limit", 1, 200, "how many at most; default 50"),
	{.name = NULL}};
static const struct param evidence_params[] = {
	[NETWORK_CURSOR] = {.name = "cursor",
			    .type = PARAM_HASH,
			    .about = "next of the page before"},
	[NETWORK_LIMIT] =
		NUMBER("limit", 1, 200, "how many at most; default 50"),
	{.name = NULL}};

#define TX_BODY                                                                \
	"a transaction or an array of up to 1000: JSON (also within a JSON "   \
	"string), or canonical bytes as application/msgpack"
#define TX_SCHEMA "PushedTransaction or [PushedTransaction]"

#define NO_BLOCK "there is no such block"
#define NO_TX                                                                  \
	"no transaction of this id is pending or in a block; nor was one "     \
	"dropped lately"
#define NOT_OWN "this is not the node's account"
#define NOT_OWN_OR_NO_BLOCK NOT_OWN ", or there is no such block"

const struct route route_table[] = {
	{.methods = HTTP_GET,
	 .path = "/running",
	 .summary = "Whether the node runs",
	 .params = no_params,
	 .type = HTTP_TEXT,
	 .schema = "string",
	 .answer = "the word running",
	 .handle = handle_running},
	{.methods = HTTP_GET,
	 .path = "/balance",
	 .summary = "The balance of an address",
	 .params = balance_params,
	 .type = HTTP_JSON,
	 .schema = "Amount",
	 .answer = "a bare number; of an address that was never seen, what it "
		   "would be given when it is first touched: "
		   "new_address_balance, 0 by default",
	 .handle = handle_balance},
	{.methods = HTTP_PUT | HTTP_POST,
	 .path = "/pushtx",
	 .summary = "Submit transactions",
	 .params = no_params,
	 .body_max = BODY_TXS_MAX,
	 .body = TX_BODY,
	 .body_schema = TX_SCHEMA,
	 .type = HTTP_JSON,
	 .schema = "PushResult or [PushResult]",
	 .answer = "of one: it was known already; of an array: a result for "
		   "each, in order, also of those that are refused",
	 .accepted = "it is new, and in the pool",
	 .handle = handle_pushtx},
	{.methods = HTTP_GET,
	 .path = "/block",
	 .summary = "A block, by number or hash",
	 .params = block_params,
	 .type = HTTP_JSON,
	 .schema = "Block",
	 .answer = "the block",
	 .missing = NO_BLOCK,
	 .handle = handle_block},
	{.methods = HTTP_GET,
	 .path = "/blockchain",
	 .summary = "Blocks in order, streamed",
	 .params = chain_params,
	 .type = HTTP_JSON,
	 .schema = "[Block]",
	 .answer = "an array of blocks, lowest number first",
	 .handle = handle_blockchain},
	{.methods = HTTP_GET,
	 .path = "/chainlength",
	 .summary = "How many blocks there are",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "integer",
	 .answer = "a bare number: the tip's, plus one for the genesis block, "
		   "which is number 0",
	 .handle = handle_chainlength},
	{.methods = HTTP_GET,
	 .path = "/nodes",
	 .summary = "Peers, as host:port",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "[string]",
	 .answer = "an array of host:port",
	 .handle = handle_nodes},
	{.methods = HTTP_GET,
	 .path = "/unprocessed",
	 .summary = "Pending transactions",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "[Transaction]",
	 .answer = "an array of those that wait in the pool, oldest first, "
		   "queued ones among them",
	 .handle = handle_unprocessed},
	{.methods = HTTP_GET,
	 .path = "/balances",
	 .summary = "Balances by address",
	 .params = balances_params,
	 .type = HTTP_JSON,
	 .schema = "{Amount}",
	 .answer = "an object from address to balance, in order of address; to "
		   "go on, ask after the last one",
	 .handle = handle_balances},
	{.methods = HTTP_GET,
	 .path = "/confirmations",
	 .summary = "How deep a transaction is",
	 .params = confirmations_params,
	 .type = HTTP_JSON,
	 .schema = "integer",
	 .answer =
		 "a bare number: 1 in the block at the tip, one more for each "
		 "block after it, 0 while it is pending",
	 .missing = NO_TX,
	 .handle = handle_confirmations},
	{.methods = HTTP_GET,
	 .path = "/{address}",
	 .summary = "How many peers",
	 .params = own_params,
	 .type = HTTP_JSON,
	 .schema = "Peers",
	 .answer = "the number of peers",
	 .missing = NOT_OWN,
	 .handle = handle_own},
	{.methods = HTTP_GET,
	 .path = "/{address}/blk/cnt",
	 .summary = "How many blocks there are",
	 .params = own_params,
	 .type = HTTP_JSON,
	 .schema = "integer",
	 .answer = "a bare number: the tip's, plus one",
	 .missing = NOT_OWN,
	 .handle = handle_own_count},
	{.methods = HTTP_GET,
	 .path = "/{address}/blk/{number}",
	 .summary = "A block by number",
	 .params = own_block_params,
	 .type = HTTP_JSON,
	 .schema = "Block",
	 .answer = "the block",
	 .missing = NOT_OWN_OR_NO_BLOCK,
	 .handle = handle_own_block},
	{.methods = HTTP_POST,
	 .path = "/{address}/txn",
	 .summary = "Make, sign and submit a transaction of the node's own "
		    "account",
	 .params = own_params,
	 .cookie = true,
	 .body_max = BODY_MAX,
	 .body = "what the node is to send, with its own number and the "
		 "chain's min_fee",
	 .body_schema = "OwnTransfer",
	 .type = HTTP_JSON,
	 .schema = "Transaction",
	 .answer = "the transaction, known already",
	 .accepted = "the transaction, which is in the pool",
	 .missing = NOT_OWN,
	 .handle = handle_own_create},
	{.methods = HTTP_POST,
	 .path = "/{address}/txn/{id}",
	 .summary = "A transaction of a given block",
	 .params = own_tx_params,
	 .body_max = BODY_MAX,
	 .body = "the number of the block that holds it",
	 .body_schema = "OwnQuestion",
	 .type = HTTP_JSON,
	 .schema = "Transaction",
	 .answer = "the transaction",
	 .missing =
		 "this is not the node's account, or that block does not hold "
		 "it",
	 .handle = handle_own_tx},
	{.methods = HTTP_GET,
	 .path = "/v1/status",
	 .summary = "The node and its chain",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "Status",
	 .answer = "the node, its tip, and the rules that a client needs",
	 .handle = handle_v1_status},
	{.methods = HTTP_GET,
	 .path = "/v1/genesis",
	 .summary = "The rules of the chain",
	 .params = genesis_params,
	 .type = HTTP_JSON,
	 .other = HTTP_MSGPACK,
	 .schema = "Genesis",
	 .answer =
		 "JSON: the genesis file with every default written out and "
		 "without alloc, with chain_id and rules_hash added; msgpack: "
		 "the canonical bytes of the rules, alloc included, whose "
		 "digest is rules_hash",
	 .handle = handle_v1_genesis},
	{.methods = HTTP_GET,
	 .path = "/v1/blocks",
	 .summary = "Blocks, newest first",
	 .params = blocks_params,
	 .type = HTTP_JSON,
	 .schema = "BlockPage",
	 .answer = "a page of blocks without their contents",
	 .handle = handle_v1_blocks},
	{.methods = HTTP_GET,
	 .path = "/v1/blocks/{id}",
	 .summary = "A block",
	 .params = v1_block_params,
	 .type = HTTP_JSON,
	 .other = HTTP_MSGPACK,
	 .schema = "Block",
	 .answer = "JSON: the block; msgpack: its canonical bytes, whose "
		   "header's digest is the id",
	 .missing = NO_BLOCK,
	 .handle = handle_v1_block},
	{.methods = HTTP_POST,
	 .path = "/v1/txs",
	 .summary = "Submit transactions and wait for them",
	 .params = txs_params,
	 .body_max = BODY_TXS_MAX,
	 .body = TX_BODY,
	 .body_schema = TX_SCHEMA,
	 .type = HTTP_JSON,
	 .schema = "PushResult or [PushResult]",
	 .answer = "of one: it is where wait says, or was known already; of an "
		   "array: a result for each, in order, also of those that are "
		   "refused",
	 .accepted = "without wait: it is new, and in the pool; with wait: the "
		     "time is up, and this is how far it is",
	 .handle = handle_v1_txs},
	{.methods = HTTP_GET,
	 .path = "/v1/txs/{id}",
	 .summary = "A transaction and what became of it",
	 .params = tx_params,
	 .type = HTTP_JSON,
	 .schema = "TxInfo",
	 .answer = "the transaction, and where it is",
	 .missing = NO_TX,
	 .handle = handle_v1_tx},
	{.methods = HTTP_GET,
	 .path = "/v1/accounts/{account}",
	 .summary = "An account",
	 .params = account_params,
	 .type = HTTP_JSON,
	 .schema = "Account",
	 .answer = "the account; an address that was never seen is one too",
	 .handle = handle_v1_account},
	{.methods = HTTP_GET,
	 .path = "/v1/accounts/{account}/txs",
	 .summary = "An account's transactions, newest first",
	 .params = account_txs_params,
	 .type = HTTP_JSON,
	 .other = HTTP_CSV,
	 .schema = "TxPage",
	 .answer = "those in blocks: a page of JSON, or CSV with a line of "
		   "headings",
	 .handle = handle_v1_account_txs},
	{.methods = HTTP_GET,
	 .path = "/v1/peers",
	 .summary = "Connected nodes",
	 .params = network_params,
	 .type = HTTP_JSON,
	 .schema = "PeerPage",
	 .answer = "a page of those whose hello was good, in the order of "
		   "connecting",
	 .no_store = true,
	 .handle = handle_v1_peers},
	{.methods = HTTP_GET,
	 .path = "/v1/validators",
	 .summary = "Who makes blocks, and who does not",
	 .params = network_params,
	 .type = HTTP_JSON,
	 .schema = "ValidatorPage",
	 .answer = "a page of the authorities, in the order of their slots",
	 .handle = handle_v1_validators},
	{.methods = HTTP_GET,
	 .path = "/v1/consensus",
	 .summary = "Whose turn it is, and who is waited for",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "Consensus",
	 .answer = "where the engine stands, at this moment",
	 .no_store = true,
	 .handle = handle_v1_consensus},
	{.methods = HTTP_GET,
	 .path = "/v1/evidence",
	 .summary = "Authorities that signed twice",
	 .params = evidence_params,
	 .type = HTTP_JSON,
	 .schema = "EvidencePage",
	 .answer = "a page of pairs of headers, of one signer and one turn",
	 .handle = handle_v1_evidence},
	{.methods = HTTP_GET,
	 .path = "/health",
	 .summary = "Whether the process answers",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "Health",
	 .answer = "it does",
	 .no_store = true,
	 .handle = handle_health},
	{.methods = HTTP_GET,
	 .path = "/ready",
	 .summary = "Whether the node can serve",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "Health",
	 .answer = "it can; 503 unavailable when it cannot, with the name of "
		   "the check that failed as field, where it is one of boot, "
		   "sync, halted, no_peers, clock",
	 .no_store = true,
	 .handle = handle_ready},
	{.methods = HTTP_GET,
	 .path = "/metrics",
	 .summary = "Figures for Prometheus",
	 .params = no_params,
	 .type = "text/plain; version=0.0.4; charset=utf-8",
	 .schema = "string",
	 .answer = "one figure a line",
	 .no_store = true,
	 .handle = handle_metrics},
	{.methods = HTTP_GET,
	 .path = "/openapi.json",
	 .summary = "This description",
	 .params = no_params,
	 .type = HTTP_JSON,
	 .schema = "any",
	 .answer = "an OpenAPI 3.1 document",
	 .handle = handle_openapi},
};
const size_t route_count = ARRAY_LEN(route_table);

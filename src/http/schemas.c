/* SPDX-License-Identifier: MIT */
/* The shapes of the answers; see the header. */
#include "http/schema_shape.h"

#include <stdio.h>
#include <string.h>

#include "base/amount.h"
#include "base/err.h"

/* --- scalars ------------------------------------------------------------- */

static const struct {
	const char *name, *pattern, *about;
} texts[] = {
	{"Hash", "^[0-9a-f]{64}$", "32 bytes in lower-case hex"},
	{"Address", "^[0-9a-f]{40}$", "20 bytes in lower-case hex"},
	{"Base64", "^[A-Za-z0-9+/]*={0,2}$", "RFC 4648 section 4, padded"},
	{"Nobody", "^$", "the empty string: no address"},
};

/* --- transactions -------------------------------------------------------- */

#define TX_FIELDS                                                              \
	{"number", "Amount", "its nonce: the sender's are numbered from 0"},   \
		{"from", "Address", "who pays and signs"},                     \
		{"to?", "Address", "who gets the amount"},                     \
		{"amount?", "Amount", "what it moves"},                        \
		{"vote?", "Vote",                                              \
		 "a validator's, in the place of to and amount"},              \
		{"evidence?", "DoubleVote",                                    \
		 "that a validator signed twice, in their place"},
#define DATA_FIELDS                                                            \
	{"data?", "string", "the data, when it is UTF-8"},                     \
		{"data_base64?", "Base64", "the data, when it is not"},

static const struct member vote_add[] = {
	{"public_key", "Base64", "SubjectPublicKeyInfo in DER"},
	{"address?", "Address", "the key's"},
	{NULL, NULL, NULL}};

static const struct member vote[] = {
	{"approve", "boolean", "false: an earlier vote is taken back"},
	{"add?", "VoteAdd", "who is to become a validator"},
	{"remove?", "Address", "or who is to be none any more"},
	{"allow_few?", "boolean",
	 "by remove the set may become smaller than four; default false"},
	{"acceptance?", "Base64",
	 "due when a key is added with approval: its signature of the change"},
	{NULL, NULL, NULL}};

static const struct member signed_vote[] = {
	{"prepared_round?", "Amount or null",
	 "of a round change: the round of its certificate; null: none"},
	{"digest", "Hash", "of the block; zeros: none"},
	{"signature", "Base64", "by the public key"},
	{NULL, NULL, NULL}};

static const struct member double_vote[] = {
	{"public_key", "Base64", "who signed both"},
	{"address?", "Address", "the key's"},
	{"height", "Amount", ""},
	{"round", "Amount", ""},
	{"kind", "=proposal|prepare|commit|round_change", ""},
	{"votes", "[SignedVote]", "two that differ"},
	{NULL, NULL, NULL}};

static const struct member transaction[] = {
	{"id", "Hash", "what was signed"},
	TX_FIELDS{"fee", "Amount", "what the block's producer gets"},
	{"valid_until", "Amount", "last height that may hold it; 0: any"},
	DATA_FIELDS{"public_key?", "Base64",
		    "the sender's, SubjectPublicKeyInfo in DER; the ledger "
		    "adds it where the transaction does not carry it"},
	{"signature", "Base64", "of the id"},
	{"block?", "Amount", "number of the block that holds it"},
	{"block_hash?", "Hash", "id of that block"},
	{"confirmations?", "Amount", "1 at the tip"},
	{NULL, NULL, NULL}};

static const struct member pushed_transaction[] = {
	{"id?", "Hash", "refused unless it is this transaction's"},
	TX_FIELDS{"fee?", "Amount", "default 0"},
	{"valid_until?", "Amount", "default 0: any"},
	DATA_FIELDS{"public_key?", "Base64", "due when number is 0"},
	{"signature", "Base64", "of the id"},
	{NULL, NULL, NULL}};

static const struct member push_result[] = {
	{"id", "Hash or null", "null: it cannot be read"},
	{"status", "=pending|queued|included|settled|final|dropped|refused",
	 "queued: earlier numbers are missing"},
	{"height?", "Amount", "of the block that holds it"},
	{"confirmations?", "Amount", "1 at the tip"},
	{"code?", "ErrorCode", "why it was refused or dropped"},
	{"field?", "string", "the field that is wrong"},
	{"detail?", "string", "the value, and what was expected"},
	{NULL, NULL, NULL}};

static const struct member tx_info[] = {
	{"tx", "Transaction or null", "null when it was dropped"},
	{"status", "=pending|included|settled|final|dropped",
	 "pending also while earlier numbers are missing"},
	{"height?", "Amount", "of the block that holds it"},
	{"confirmations?", "Amount", "1 at the tip"},
	{"reason?", "ErrorCode",
	 "why it was dropped; nonce_gap: earlier numbers are missing"},
	{NULL, NULL, NULL}};

static const struct member tx_page[] = {
	{"items", "[Transaction]", "newest first"},
	{"next", "string or null", "cursor of the next page; null: no more"},
	{NULL, NULL, NULL}};

/* --- blocks -------------------------------------------------------------- */

#define BLOCK_FIELDS                                                           \
	{"number", "Amount", "height; genesis is 0"},                          \
		{"id", "Hash", "digest of the header"},                        \
		{"hash_parent", "Hash", "zeros in genesis"},                   \
		{"hash_state", "Hash", "state root after the block"},          \
		{"hash_txns", "Hash", "root of the transactions"},             \
		{"time", "Amount", "ms since 1970"},                           \
		{"coinbase", "Address or Nobody", "the producer"},             \
		{"reward", "Amount",                                           \
		 "what was minted for the producer, without fees"},            \
		{"difficulty", "integer", "of the rules, not of the header"},  \
		{"nonce", "integer", "of the seal"},                           \
		{"data?", "string", "the header's extra, when it is UTF-8"},   \
		{"data_base64?", "Base64", "the same, when it is not"},
#define DEPTH_FIELDS                                                           \
	{"confirmations", "Amount", "1 at the tip"},                           \
		{"settled", "boolean", "as the engine defines it"},            \
		{"final", "boolean",                                           \
		 "it can never be replaced; only engine bft proves that"},

static const struct member block[] = {
	BLOCK_FIELDS{"body", "[Transaction]", "in the block's order"},
	DEPTH_FIELDS{"certificate?", "Certificate",
		     "what makes it final; only where the engine has votes"},
	{"state", "{AccountState}",
	 "by address: those that the block changed, after it; with "
	 "state=all every account at that height"},
	{NULL, NULL, NULL}};

static const struct member certificate[] = {
	{"round", "integer", "in which it was decided"},
	{"votes", "[CertificateVote]", "of a quorum, in order of validator"},
	{NULL, NULL, NULL}};

static const struct member certificate_vote[] = {
	{"validator", "integer", "its place in the height's set, from 0"},
	{"address?", "Address",
	 "left out when the set has changed since; the headers tell it"},
	{"signature", "Base64", "of its vote to commit the block"},
	{NULL, NULL, NULL}};

static const struct member block_head[] = {
	BLOCK_FIELDS{"transactions", "integer", "how many it holds"},
	DEPTH_FIELDS{NULL, NULL, NULL}};

static const struct member block_page[] = {
	{"items", "[BlockHead]", "newest first"},
	{"next", "string or null", "cursor of the next page; null: no more"},
	{NULL, NULL, NULL}};

/* --- accounts ------------------------------------------------------------ */

static const struct member account_state[] = {
	{"balance", "Amount", ""},
	{"nonce", "Amount", "of its next transaction"},
	{NULL, NULL, NULL}};

static const struct member account[] = {
	{"address", "Address", "the one asked for"},
	{"exists", "boolean", "whether a block at the tip or below touched it"},
	{"balance", "Amount", "at the tip"},
	{"pending", "Amount",
	 "the balance once all pending transactions are in blocks"},
	{"nonce", "Amount", "at the tip: of the next one in a block"},
	{"next_nonce", "Amount",
	 "the number to send with: pending ones are counted, queued ones, "
	 "which stand behind a gap, are not"},
	{NULL, NULL, NULL}};

/* --- the chain ----------------------------------------------------------- */

static const struct member pool[] = {
	{"transactions", "integer", "pending and queued"},
	{"executable", "integer", "pending: could be in the next block"},
	{"bytes", "integer", "as the pool's limit counts"},
	{NULL, NULL, NULL}};

static const struct member status[] = {
	{"version", "string", "of the program"},
	{"network_id", "string", ""},
	{"chain_id", "Hash", "hash of the genesis header"},
	{"engine", "=poa|bft", ""},
	{"height", "Amount", "number of the tip"},
	{"hash", "Hash", "id of the tip"},
	{"time", "Amount", "of the tip, ms since 1970"},
	{"state_root", "Hash", "at the tip"},
	{"settled_height", "Amount", "number of the last settled block"},
	{"final_height", "Amount or null",
	 "number of the last final block; null: this engine has no finality"},
	{"flushed_height", "Amount",
	 "block up to which derived tables are written"},
	{"supply", "Amount", "sum of all balances"},
	{"min_fee", "Amount", "lowest fee of a transaction"},
	{"max_tx_bytes", "integer", "most full bytes of a transaction"},
	{"confirmations", "integer", "a rule, of use with engine pow"},
	{"new_address_balance", "Amount", "of an address never seen"},
	{"tx_placeholder?", "[any]",
	 "data for a transaction that is given none: [\"rnd\", N] or "
	 "[\"predef\", TEXT]"},
	{"validator", "boolean", "whether the node makes blocks"},
	{"account", "Address or null", "the node's own"},
	{"waiting", "string or null",
	 "with bft: the validators that the present step lacks, in words, and "
	 "when they were last seen; null: nobody"},
	{"silent", "string or null",
	 "with bft: why this node, which runs as a validator, signs nothing"},
	{"peers", "integer", "connected"},
	{"sync", "Sync", ""},
	{"halted", "boolean", "two conflicting blocks are settled"},
	{"mempool", "Mempool", ""},
	{"uptime", "integer", "seconds"},
	{NULL, NULL, NULL}};

static const struct member mining[] = {
	{"interval", "integer", "seconds"},
	{"max_bound", "integer", "most transactions of a block"},
	{"min_bound", "integer", "waiting ones that make a block at once"},
	{"reward", "Amount", "of a block's producer"},
	{"difficulty", "integer", "of use with engine pow"},
	{"allow_empty", "boolean", ""},
	{"placeholder_data?", "[any]", "left out: none"},
	{NULL, NULL, NULL}};

static const struct member genesis_tx[] = {{"placeholder_data", "[any]", ""},
					   {NULL, NULL, NULL}};

static const struct member genesis_block[] = {
	{"coinbase", "Address or Nobody", ""},
	{"coinbase_reward", "Amount", ""},
	{"difficulty", "integer", "zero hex digits of the pow hash"},
	{"time", "Amount", "ms since 1970"},
	{NULL, NULL, NULL}};

static const struct member genesis_alloc[] = {{"balance", "Amount", ""},
					      {NULL, NULL, NULL}};

static const struct member genesis_validator[] = {
	{"public_key", "string", "SubjectPublicKeyInfo (DER), base64"},
	{NULL, NULL, NULL}};

static const struct member consensus[] = {
	{"engine", "=poa|bft", ""},
	{"slot_ms?", "integer", "poa"},
	{"validators?", "[GenesisValidator]", "bft, sorted by address"},
	{"timeout_ms?", "integer", "bft"},
	{"timeout_max_ms?", "integer", "bft"},
	{"max_drift?", "integer", "bft, seconds"},
	{"allow_few?", "boolean", "bft"},
	{NULL, NULL, NULL}};

static const struct member genesis[] = {
	{"chain_id", "Hash", "not part of a genesis file"},
	{"rules_hash", "Hash", "not part of a genesis file"},
	{"network_id", "string", ""},
	{"miners?", "[Address]", "poa, in the order of the slots"},
	{"block_mining", "GenesisMining", ""},
	{"transaction?", "GenesisTransaction", "left out: no placeholder"},
	{"max_peers", "integer", "the most peers of a node; 0 is 256"},
	{"genesis_block", "GenesisBlock", ""},
	{"new_address_balance", "Amount", ""},
	{"confirmations", "integer", ""},
	{"min_fee", "Amount", ""},
	{"max_tx_bytes", "integer", ""},
	{"max_block_bytes", "integer", ""},
	{"consensus", "GenesisConsensus", ""},
	{"alloc?", "{GenesisAlloc}", "with alloc=true, in order of address"},
	{NULL, NULL, NULL}};

/* --- the rest ------------------------------------------------------------ */

static const struct member problem[] = {
	{"type", "string", "urn:ccoin:error:CODE"},
	{"title", "string", "the code in a sentence"},
	{"status", "integer", "the HTTP status"},
	{"detail", "string", "the value, and what was expected"},
	{"code", "ErrorCode", "stable"},
	{"field?", "string",
	 "the field or parameter that is wrong; of /ready the check that "
	 "failed"},
	{NULL, NULL, NULL}};

static const struct member health[] = {{"status", "=ok|ready", ""},
				       {NULL, NULL, NULL}};

static const struct member peers[] = {{"peers", "integer", "connected"},
				      {NULL, NULL, NULL}};

static const struct member registered[] = {
	{"registered", "string", "HOST:PORT"},
	{"id", "Address or null", "of the node that answers; null without TLS"},
	{NULL, NULL, NULL}};

static const struct member own_transfer[] = {
	{"sendto_address", "Address", ""},
	{"amount", "Amount", ""},
	{"data?", "string", "default: what the genesis says"},
	{NULL, NULL, NULL}};

static const struct member own_question[] = {
	{"block_number", "Amount", "of the block that holds it"},
	{NULL, NULL, NULL}};

static const struct shape shapes[] = {
	{"Vote", vote},
	{"VoteAdd", vote_add},
	{"DoubleVote", double_vote},
	{"SignedVote", signed_vote},
	{"Transaction", transaction},
	{"PushedTransaction", pushed_transaction},
	{"PushResult", push_result},
	{"TxInfo", tx_info},
	{"TxPage", tx_page},
	{"Block", block},
	{"Certificate", certificate},
	{"CertificateVote", certificate_vote},
	{"BlockHead", block_head},
	{"BlockPage", block_page},
	{"AccountState", account_state},
	{"Account", account},
	{"Mempool", pool},
	{"Status", status},
	{"Genesis", genesis},
	{"GenesisMining", mining},
	{"GenesisTransaction", genesis_tx},
	{"GenesisBlock", genesis_block},
	{"GenesisAlloc", genesis_alloc},
	{"GenesisConsensus", consensus},
	{"GenesisValidator", genesis_validator},
	{"Problem", problem},
	{"Health", health},
	{"Peers", peers},
	{"Registered", registered},
	{"OwnTransfer", own_transfer},
	{"OwnQuestion", own_question},
};

/* --- to JSON Schema ------------------------------------------------------ */

static json_t *object_of(const struct member *m)
{
	json_t *o = json_pack("{s:s}", "type", "object");
	json_t *properties = json_object(), *required = json_array(), *p;
	char name[40];

	for (; m->name; m++) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(m->name, "?"),
			 m->name);
		p = schema_of_type(m->type);
		if (*m->about)
			json_object_set_new(p, "description",
					    json_string(m->about));
		json_object_set_new(properties, name, p);
		if (!strchr(m->name, '?'))
			json_array_append_new(required, json_string(name));
	}
	json_object_set_new(o, "properties", properties);
	json_object_set_new(o, "required", required);
	return o;
}

static json_t *error_codes(void)
{
	json_t *list = json_array();
	int e;

	for (e = ERR_OK + 1; e < ERR_COUNT; e++)
		json_array_append_new(list, json_string(err_code((enum err)e)));
	return json_pack("{s:s, s:o}", "type", "string", "enum", list);
}

json_t *schemas_all(void)
{
	json_t *all = json_object(), *o;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		o = json_pack("{s:s, s:s, s:s}", "type", "string", "pattern",
			      texts[i].pattern, "description", texts[i].about);
		json_object_set_new(all, texts[i].name, o);
	}
	o = json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0,
		      "maximum", (json_int_t)AMOUNT_MAX);
	json_object_set_new(all, "Amount", o);
	json_object_set_new(all, "ErrorCode", error_codes());
	for (i = 0; i < ARRAY_LEN(shapes); i++)
		json_object_set_new(all, shapes[i].name,
				    object_of(shapes[i].members));
	for (i = 0; i < network_shape_count; i++)
		json_object_set_new(all, network_shapes[i].name,
				    object_of(network_shapes[i].members));
	return all;
}

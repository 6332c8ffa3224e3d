/* SPDX-License-Identifier: MIT */
/* The table of the rules, and what holds between them. */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/block.h"
#include "codec/tx.h"
#include "ledger/rules_table.h"

#define SECOND_MS 1000
#define YEAR_S (366 * 86400)
#define HOUR_MS 3600000
#define DAY_MS 86400000

#define AT(field) offsetof(struct rules, field)
#define UINT_OF(of, field) RULE_UINT, of, false, AT(field), 1
#define UINT(field) UINT_OF(OF_ALL, field)
#define AMOUNT(field) RULE_AMOUNT, OF_ALL, false, AT(field), 1, 0, AMOUNT_MAX, 0

const struct rule rule_table[] = {
	{"", "network_id", RULE_NETWORK_ID, OF_ALL, true, AT(network_id), 0, 0,
	 0, 0, "the name of the network"},
	{"", "miners", RULE_MINERS, OF_POA, true, AT(miners), 0, 0, 0, 0,
	 "the addresses that may make blocks"},
	{"block_mining", "interval", RULE_UINT, OF_ALL, false, AT(interval_ms),
	 SECOND_MS, 0, YEAR_S, 0,
	 "seconds after which fewer than min_bound transactions make a block"},
	{"block_mining", "max_bound", UINT(max_bound), 1, MAX_BOUND_MAX, 1000,
	 "the most transactions of a block"},
	{"block_mining", "min_bound", UINT(min_bound), 1, MAX_BOUND_MAX, 1,
	 "pending transactions that make a block at once"},
	{"block_mining", "reward", AMOUNT(reward),
	 "what the producer of a block gets"},
	{"block_mining", "difficulty", UINT(difficulty), 0, DIFFICULTY_MAX, 0,
	 "leading zero hex digits of a block's hash, with engine pow"},
	{"block_mining", "allow_empty", RULE_BOOL, OF_ALL, false,
	 AT(allow_empty), 0, 0, 0, 0,
	 "whether a block may hold no transaction"},
	{"block_mining", "placeholder_data", RULE_PLACEHOLDER, OF_ALL, false,
	 AT(block_placeholder), 0, 0, 0, 0, "extra data of an empty block"},
	{"transaction", "placeholder_data", RULE_PLACEHOLDER, OF_ALL, false,
	 AT(tx_placeholder), 0, 0, 0, 0,
	 "data of a transaction that is given none"},
	{"", "max_peers", UINT(max_peers), 0, 1000000, 0,
	 "the most peers of a node; 0 is no limit"},
	{"genesis_block", "coinbase", RULE_COINBASE, OF_ALL, false,
	 AT(coinbase), 0, 0, 0, 0, "who gets coinbase_reward"},
	{"genesis_block", "coinbase_reward", AMOUNT(coinbase_reward),
	 "what the coinbase gets in the genesis block"},
	{"genesis_block", "difficulty", UINT(genesis_difficulty), 0,
	 DIFFICULTY_MAX, 0, "leading zero hex digits of the genesis block"},
	{"genesis_block", "time", UINT(genesis_time), 0, AMOUNT_MAX, 0,
	 "milliseconds since 1970"},
	{"", "alloc", RULE_ALLOC, OF_ALL, false, AT(alloc), 0, 0, 0, 0,
	 "balances in the genesis block"},
	{"", "new_address_balance", AMOUNT(new_address_balance),
	 "what an address that was never seen holds"},
	{"", "confirmations", UINT(confirmations), 1, 1000000, 6,
	 "blocks after which one is settled, with engine pow"},
	{"", "min_fee", AMOUNT(min_fee), "the lowest fee of a transaction"},
	{"", "max_tx_bytes", UINT(max_tx_bytes), 512, TX_BYTES_MAX,
	 TX_BYTES_MAX, "the most bytes of a transaction"},
	{"", "max_block_bytes", UINT(max_block_bytes), 512 + 4096,
	 BLOCK_BYTES_MAX, BLOCK_BYTES_MAX, "the most bytes of a block"},
	{"consensus", "engine", RULE_ENGINE, OF_ALL, false, AT(engine), 0, 0, 0,
	 0, "who makes blocks, and when"},
	/* 0: 1000, or 10 where interval is 0 */
	{"consensus", "slot_ms", UINT_OF(OF_POA, slot_ms), 1, DAY_MS, 0,
	 "milliseconds of a slot"},
	{"consensus", "validators", RULE_VALIDATORS, OF_BFT, true,
	 AT(validators), 0, 0, 0, 0, "the public keys of who agrees on blocks"},
	{"consensus", "timeout_ms", UINT_OF(OF_BFT, timeout_ms), 10, HOUR_MS,
	 2000, "milliseconds of the first round"},
	{"consensus", "timeout_max_ms", UINT_OF(OF_BFT, timeout_max_ms), 10,
	 HOUR_MS, 30000, "milliseconds of the longest round"},
	{"consensus", "max_drift", RULE_UINT, OF_BFT, false, AT(max_drift_ms),
	 SECOND_MS, 1, 3600, 15,
	 "seconds that a new block may be ahead of the clock"},
	{"consensus", "allow_few", RULE_BOOL, OF_BFT, false, AT(allow_few), 0,
	 0, 0, 0, "whether fewer than four validators may be"},
};

_Static_assert(ARRAY_LEN(rule_table) == RULE_COUNT, "count the table");

bool rule_is_of(const struct rule *rule, enum engine_kind engine)
{
	switch (rule->of) {
	case OF_ALL:
		return true;
	case OF_POA:
		return engine == ENGINE_POA;
	case OF_BFT:
		return engine == ENGINE_BFT;
	}
	BUG("a rule of nobody");
}

const char *engine_name(enum engine_kind k)
{
	switch (k) {
	case ENGINE_POA:
		return "poa";
	case ENGINE_BFT:
		return "bft";
	}
	BUG("an engine of no name");
}

bool engine_of_name(enum engine_kind *out, const char *name)
{
	*out = ENGINE_POA;
	if (!strcmp(name, engine_name(ENGINE_POA)))
		return true;
	*out = ENGINE_BFT;
	return !strcmp(name, engine_name(ENGINE_BFT));
}

void *rule_at(struct rules *r, const struct rule *rule)
{
	return (char *)r + rule->offset;
}

const void *rule_in(const struct rules *r, const struct rule *rule)
{
	return (const char *)r + rule->offset;
}

void rules_release(struct rules *r)
{
	free(r->miners);
	free(r->alloc);
	validators_release(&r->validators);
	*r = (struct rules){0};
}

uint64_t rules_places(const struct rules *r)
{
	return r->max_peers ? r->max_peers : 256;
}

void rules_drop_alloc(struct rules *r)
{
	free(r->alloc);
	r->alloc = NULL;
}

bool rules_is_network_id(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			return false;
	return text.len >= 1 && text.len <= NETWORK_ID_MAX &&
	       span_is_utf8(text);
}

static enum err check_distinct(const struct rules *r, struct fault *f)
{
	char hex[ADDRESS_HEX_LEN], field[FAULT_FIELD_MAX];
	size_t i, k;
	int order;

	for (i = 0; i < r->miner_count; i++)
		for (k = 0; k < i; k++)
			if (address_eq(&r->miners[i], &r->miners[k])) {
				snprintf(field, sizeof(field), "miners[%zu]",
					 i);
				return fault_set(
					f, ERR_DUPLICATE_FIELD, field,
					"%s is also miners[%zu], expected "
					"each address once",
					address_hex(hex, &r->miners[i]), k);
			}
	for (i = 1; i < r->alloc_count; i++) {
		order = span_cmp(address_span(&r->alloc[i - 1].address),
				 address_span(&r->alloc[i].address));
		if (order < 0)
			continue;
		address_hex(hex, &r->alloc[i].address);
		snprintf(field, sizeof(field), "alloc.%s", hex);
		return fault_set(f, order ? ERR_MALFORMED : ERR_DUPLICATE_FIELD,
				 field,
				 "%s is given twice (in capitals it is the "
				 "same address), expected once",
				 hex);
	}
	return ERR_OK;
}

static enum err check_supply(const struct rules *r, struct fault *f)
{
	uint64_t sum = r->coinbase_reward;
	size_t i;

	for (i = 0; i < r->alloc_count; i++)
		if (!amount_add(&sum, sum, r->alloc[i].balance))
			return fault_set(f, ERR_AMOUNT_OVERFLOW, "alloc",
					 "the sum of alloc and "
					 "genesis_block.coinbase_reward passes "
					 "%llu, expected at most that (2^53 - "
					 "1)",
					 (unsigned long long)AMOUNT_MAX);
	return ERR_OK;
}

static enum err check_bft(const struct rules *r, struct fault *f)
{
	if (r->miner_count || r->slot_ms != BFT_SLOT_MS)
		return fault_set(f, ERR_OUT_OF_RANGE, "miners",
				 "miners and slots with engine \"bft\"");
	if (!r->validators.count)
		return fault_set(f, ERR_MISSING_FIELD, "consensus.validators",
				 "consensus.validators is missing");
	if (r->validators.count < VALIDATORS_FEW && !r->allow_few)
		return fault_set(f, ERR_OUT_OF_RANGE, "consensus.validators",
				 "consensus.validators has %zu keys, expected "
				 "at least %d, or consensus.allow_few: true",
				 r->validators.count, VALIDATORS_FEW);
	if (r->timeout_max_ms < r->timeout_ms)
		return fault_set(f, ERR_OUT_OF_RANGE,
				 "consensus.timeout_max_ms",
				 "consensus.timeout_max_ms is %llu, expected "
				 "at least timeout_ms, which is %llu",
				 (unsigned long long)r->timeout_max_ms,
				 (unsigned long long)r->timeout_ms);
	if (r->max_tx_bytes < BFT_TX_BYTES_MIN)
		return fault_set(f, ERR_OUT_OF_RANGE, "max_tx_bytes",
				 "max_tx_bytes is %llu, expected at least %d "
				 "with engine \"bft\": evidence must fit",
				 (unsigned long long)r->max_tx_bytes,
				 BFT_TX_BYTES_MIN);
	return ERR_OK;
}

enum err rules_check(const struct rules *r, struct fault *f)
{
	enum err e;

	if (r->min_bound > r->max_bound)
		return fault_set(f, ERR_OUT_OF_RANGE, "block_mining.min_bound",
				 "block_mining.min_bound is %llu, expected at "
				 "most max_bound, which is %llu",
				 (unsigned long long)r->min_bound,
				 (unsigned long long)r->max_bound);
	if (r->max_block_bytes < r->max_tx_bytes + 4096)
		return fault_set(f, ERR_OUT_OF_RANGE, "max_block_bytes",
				 "max_block_bytes is %llu, expected at least "
				 "max_tx_bytes + 4096, which is %llu",
				 (unsigned long long)r->max_block_bytes,
				 (unsigned long long)r->max_tx_bytes + 4096);
	if (r->engine == ENGINE_BFT && (e = check_bft(r, f)))
		return e;
	e = check_distinct(r, f);
	return e ? e : check_supply(r, f);
}

void placeholder_write(struct buf *out, const struct placeholder *p,
		       const uint8_t random[PLACEHOLDER_TEXT_MAX])
{
	/* 64 of them, so that each is as likely as the next */
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
				      "abcdefghijklmnopqrstuvwxyz_0123456789";
	uint64_t i;

	switch (p->kind) {
	case PLACEHOLDER_NONE:
		break;
	case PLACEHOLDER_PREDEF:
		buf_append_span(out, span_str(p->text));
		break;
	case PLACEHOLDER_RND:
		if (p->length > PLACEHOLDER_TEXT_MAX)
			BUG("a placeholder longer than the rules allow");
		for (i = 0; i < p->length; i++)
			buf_byte(out, (uint8_t)letters[random[i] & 63]);
		break;
	}
}

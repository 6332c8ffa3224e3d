/* SPDX-License-Identifier: MIT */
/*
 * The table of the rules, their canonical bytes, and what holds between
 * them. What decodes obeys the same bounds as what was parsed, so bytes that
 * decode are those of a genesis file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/block.h"
#include "codec/msgpack.h"
#include "codec/tx.h"
#include "ledger/rules_table.h"

#define RULES_VERSION 1
/* Bytes of the smallest entry [address, balance]: bounds the count. */
#define ALLOC_ENTRY_MIN (1 + 2 + ADDRESS_LEN + 1)
#define SECOND_MS 1000
#define YEAR_S (366 * 86400)
#define DAY_MS 86400000

#define AT(field) offsetof(struct rules, field)
#define UINT(field) RULE_UINT, false, AT(field), 1
#define AMOUNT(field) RULE_AMOUNT, false, AT(field), 1, 0, AMOUNT_MAX, 0

const struct rule rule_table[] = {
	{"", "network_id", RULE_NETWORK_ID, true, AT(network_id), 0, 0, 0, 0,
	 "the name of the network"},
	{"", "miners", RULE_MINERS, true, AT(miners), 0, 0, 0, 0,
	 "the addresses that may make blocks"},
	{"block_mining", "interval", RULE_UINT, false, AT(interval_ms),
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
	{"block_mining", "allow_empty", RULE_BOOL, false, AT(allow_empty), 0, 0,
	 0, 0, "whether a block may hold no transaction"},
	{"block_mining", "placeholder_data", RULE_PLACEHOLDER, false,
	 AT(block_placeholder), 0, 0, 0, 0, "extra data of an empty block"},
	{"transaction", "placeholder_data", RULE_PLACEHOLDER, false,
	 AT(tx_placeholder), 0, 0, 0, 0,
	 "data of a transaction that is given none"},
	{"", "max_peers", UINT(max_peers), 0, 1000000, 0,
	 "the most peers of a node; 0 is no limit"},
	{"genesis_block", "coinbase", RULE_COINBASE, false, AT(coinbase), 0, 0,
	 0, 0, "who gets coinbase_reward"},
	{"genesis_block", "coinbase_reward", AMOUNT(coinbase_reward),
	 "what the coinbase gets in the genesis block"},
	{"genesis_block", "difficulty", UINT(genesis_difficulty), 0,
	 DIFFICULTY_MAX, 0, "leading zero hex digits of the genesis block"},
	{"genesis_block", "time", UINT(genesis_time), 0, AMOUNT_MAX, 0,
	 "milliseconds since 1970"},
	{"", "alloc", RULE_ALLOC, false, AT(alloc), 0, 0, 0, 0,
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
	{"consensus", "engine", RULE_ENGINE, false, AT(engine), 0, 0, 0, 0,
	 "who makes blocks, and when"},
	/* 0: 1000, or 10 where interval is 0 */
	{"consensus", "slot_ms", UINT(slot_ms), 1, DAY_MS, 0,
	 "milliseconds of a slot"},
};

_Static_assert(ARRAY_LEN(rule_table) == RULE_COUNT, "count the table");

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
	e = check_distinct(r, f);
	return e ? e : check_supply(r, f);
}

static void encode_placeholder(struct buf *out, const struct placeholder *p)
{
	switch (p->kind) {
	case PLACEHOLDER_NONE:
		mp_array(out, 0);
		return;
	case PLACEHOLDER_RND:
		mp_array(out, 2);
		mp_uint(out, PLACEHOLDER_RND);
		mp_uint(out, p->length);
		return;
	case PLACEHOLDER_PREDEF:
		mp_array(out, 2);
		mp_uint(out, PLACEHOLDER_PREDEF);
		mp_bin(out, span_str(p->text));
		return;
	}
	BUG("unknown placeholder");
}

static void encode_rule(struct buf *out, const struct rules *r,
			const struct rule *rule)
{
	const void *at = rule_in(r, rule);
	size_t i;

	switch (rule->kind) {
	case RULE_NETWORK_ID:
		mp_bin(out, span_str(r->network_id));
		return;
	case RULE_MINERS:
		mp_array(out, r->miner_count);
		for (i = 0; i < r->miner_count; i++)
			mp_bin(out, address_span(&r->miners[i]));
		return;
	case RULE_UINT:
	case RULE_AMOUNT:
		mp_uint(out, *(const uint64_t *)at);
		return;
	case RULE_BOOL:
		mp_uint(out, *(const bool *)at);
		return;
	case RULE_PLACEHOLDER:
		encode_placeholder(out, at);
		return;
	case RULE_COINBASE:
		mp_bin(out, r->has_coinbase ? address_span(&r->coinbase)
					    : SPAN("", 0));
		return;
	case RULE_ALLOC:
		mp_array(out, r->alloc_count);
		for (i = 0; i < r->alloc_count; i++) {
			mp_array(out, 2);
			mp_bin(out, address_span(&r->alloc[i].address));
			mp_uint(out, r->alloc[i].balance);
		}
		return;
	case RULE_ENGINE:
		mp_uint(out, (uint64_t)r->engine);
		return;
	}
	BUG("unknown kind of rule");
}

void rules_encode(struct buf *out, const struct rules *r)
{
	size_t i;

	mp_array(out, 1 + RULE_COUNT);
	mp_uint(out, RULES_VERSION);
	for (i = 0; i < RULE_COUNT; i++)
		encode_rule(out, r, &rule_table[i]);
}

static void read_address(struct address *out, struct mp_reader *in)
{
	struct span s = mp_read_bin(in, ADDRESS_LEN, ADDRESS_LEN);

	if (s.len)
		memcpy(out->b, s.data, ADDRESS_LEN);
}

/* false when the value is none of a placeholder's. */
static bool decode_placeholder(struct placeholder *p, struct mp_reader *in)
{
	size_t count = mp_read_array(in, 0, 2);
	struct span text;

	if (count != 2)
		return count == 0;
	switch (mp_read_uint(in, PLACEHOLDER_PREDEF)) {
	case PLACEHOLDER_RND:
		p->kind = PLACEHOLDER_RND;
		p->length = mp_read_uint(in, PLACEHOLDER_TEXT_MAX);
		return p->length >= 1;
	case PLACEHOLDER_PREDEF:
		p->kind = PLACEHOLDER_PREDEF;
		text = mp_read_bin(in, 0, PLACEHOLDER_TEXT_MAX);
		if (text.len)
			memcpy(p->text, text.data, text.len);
		return span_is_utf8(text);
	default:
		return false;
	}
}

static void read_alloc_entry(struct alloc *out, struct mp_reader *in)
{
	mp_read_array(in, 2, 2);
	read_address(&out->address, in);
	out->balance = mp_read_uint(in, AMOUNT_MAX);
}

static void decode_alloc(struct rules *r, struct mp_reader *in)
{
	size_t max = (size_t)(in->end - in->p) / ALLOC_ENTRY_MIN, i;

	r->alloc_count = mp_read_array(in, 0, max);
	r->alloc = xcalloc(r->alloc_count + 1, sizeof(*r->alloc));
	for (i = 0; i < r->alloc_count && !in->err; i++)
		read_alloc_entry(&r->alloc[i], in);
}

static bool decode_rule(struct rules *r, struct mp_reader *in,
			const struct rule *rule)
{
	void *at = rule_at(r, rule);
	struct span s;
	size_t i;

	switch (rule->kind) {
	case RULE_NETWORK_ID:
		s = mp_read_bin(in, 1, NETWORK_ID_MAX);
		if (!rules_is_network_id(s))
			return false;
		memcpy(r->network_id, s.data, s.len);
		return true;
	case RULE_MINERS:
		r->miner_count = mp_read_array(in, 1, MINERS_MAX);
		r->miners = xcalloc(r->miner_count + 1, sizeof(*r->miners));
		for (i = 0; i < r->miner_count; i++)
			read_address(&r->miners[i], in);
		return true;
	case RULE_UINT:
	case RULE_AMOUNT:
		*(uint64_t *)at = mp_read_uint(in, rule->max * rule->unit);
		return *(uint64_t *)at >= rule->min * rule->unit;
	case RULE_BOOL:
		*(bool *)at = mp_read_uint(in, 1);
		return true;
	case RULE_PLACEHOLDER:
		return decode_placeholder(at, in);
	case RULE_COINBASE:
		s = mp_read_bin(in, 0, ADDRESS_LEN);
		r->has_coinbase = s.len > 0;
		if (s.len == ADDRESS_LEN)
			memcpy(r->coinbase.b, s.data, ADDRESS_LEN);
		return s.len == 0 || s.len == ADDRESS_LEN;
	case RULE_ALLOC:
		decode_alloc(r, in);
		return true;
	case RULE_ENGINE:
		mp_read_uint(in, ENGINE_POA);
		r->engine = ENGINE_POA;
		return true;
	}
	BUG("unknown kind of rule");
}

enum err rules_decode(struct rules *out, struct span in)
{
	struct mp_reader reader;
	bool good;
	size_t i;

	*out = (struct rules){0};
	mp_reader_init(&reader, in);
	mp_read_array(&reader, 1 + RULE_COUNT, 1 + RULE_COUNT);
	good = mp_read_uint(&reader, RULES_VERSION) == RULES_VERSION;
	for (i = 0; i < RULE_COUNT && good && !reader.err; i++)
		good = decode_rule(out, &reader, &rule_table[i]);
	if (good && !mp_reader_end(&reader) && !rules_check(out, NULL))
		return ERR_OK;
	rules_release(out);
	return ERR_CORRUPT;
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

static void alloc_walk_begin(struct alloc_walk *w, struct mp_reader *in)
{
	const struct rule *rule = rule_table;

	mp_read_array(in, 1 + RULE_COUNT, 1 + RULE_COUNT);
	mp_read_uint(in, RULES_VERSION);
	for (; rule->kind != RULE_ALLOC; rule++)
		mp_read_raw(in);
	w->left = mp_read_array(in, 0, SIZE_MAX);
	w->begun = true;
}

bool alloc_walk_next(struct alloc *out, struct alloc_walk *w, struct span raw)
{
	struct mp_reader in;

	if (w->at > raw.len)
		return false;
	mp_reader_init(&in, SPAN(raw.data + w->at, raw.len - w->at));
	if (!w->begun)
		alloc_walk_begin(w, &in);
	if (!w->left)
		return false;
	read_alloc_entry(out, &in);
	if (in.err)
		return false;
	w->left--;
	w->at = (size_t)(in.p - raw.data);
	return true;
}

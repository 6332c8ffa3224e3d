/* SPDX-License-Identifier: MIT */
/*
 * The canonical bytes of the rules. What decodes obeys the same bounds as
 * what was parsed, so bytes that decode are those of a genesis file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/msgpack.h"
#include "ledger/rules_table.h"

#define RULES_VERSION 1
/* Bytes of the smallest entry [address, balance]: bounds the count. */
#define ALLOC_ENTRY_MIN (1 + 2 + ADDRESS_LEN + 1)

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
	case RULE_VALIDATORS:
		validators_encode(out, &r->validators);
		return;
	}
	BUG("unknown kind of rule");
}

/* How many rows of the table the encoding has. */
static size_t encoded_count(enum engine_kind engine)
{
	return engine == ENGINE_BFT ? RULE_COUNT : RULE_COUNT_ALL;
}

void rules_encode(struct buf *out, const struct rules *r)
{
	size_t i, count = encoded_count(r->engine);

	mp_array(out, 1 + count);
	mp_uint(out, RULES_VERSION);
	for (i = 0; i < count; i++)
		encode_rule(out, r, &rule_table[i]);
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
	out->address = mp_read_address(in);
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
		i = rule_is_of(rule, r->engine) ? 1 : 0;
		r->miner_count = mp_read_array(in, i, i * MINERS_MAX);
		r->miners = xcalloc(r->miner_count + 1, sizeof(*r->miners));
		for (i = 0; i < r->miner_count; i++)
			r->miners[i] = mp_read_address(in);
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
		return mp_read_uint(in, ENGINE_BFT) == (uint64_t)r->engine;
	case RULE_VALIDATORS:
		return !validators_decode(&r->validators, mp_read_raw(in));
	}
	BUG("unknown kind of rule");
}

enum err rules_decode(struct rules *out, struct span in)
{
	struct mp_reader reader;
	size_t i, count;
	bool good;

	*out = (struct rules){0};
	mp_reader_init(&reader, in);
	count = mp_read_array(&reader, 1 + RULE_COUNT_ALL, 1 + RULE_COUNT);
	/* the number of rows tells the engine, and the engine's row must agree
	 */
	if (count == 1 + RULE_COUNT)
		out->engine = ENGINE_BFT;
	good = count == 1 + encoded_count(out->engine) &&
	       mp_read_uint(&reader, RULES_VERSION) == RULES_VERSION;
	for (i = 0; i + 1 < count && good && !reader.err; i++)
		good = decode_rule(out, &reader, &rule_table[i]);
	if (good && !mp_reader_end(&reader) && !rules_check(out, NULL))
		return ERR_OK;
	rules_release(out);
	return ERR_CORRUPT;
}

static void alloc_walk_begin(struct alloc_walk *w, struct mp_reader *in)
{
	const struct rule *rule = rule_table;

	mp_read_array(in, 1 + RULE_COUNT_ALL, 1 + RULE_COUNT);
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

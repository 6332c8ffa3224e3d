/* SPDX-License-Identifier: MIT */
/*
 * Rules back to the JSON of a genesis file, by the same table that reads it.
 * What comes out, with alloc, is read as the same rules.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/rules_table.h"

static json_t *address_json(const struct address *a)
{
	char hex[ADDRESS_HEX_LEN];

	return json_string(address_hex(hex, a));
}

static json_t *miners_json(const struct rules *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->miner_count; i++)
		json_array_append_new(list, address_json(&r->miners[i]));
	return list;
}

static json_t *placeholder_json(const struct placeholder *p)
{
	switch (p->kind) {
	case PLACEHOLDER_NONE:
		return NULL;
	case PLACEHOLDER_RND:
		return json_pack("[s, I]", "rnd", (json_int_t)p->length);
	case PLACEHOLDER_PREDEF:
		return json_pack("[s, s]", "predef", p->text);
	}
	BUG("unknown placeholder");
}

static json_t *validators_json(const struct validators *v)
{
	json_t *list = json_array();
	struct buf text = {0};
	size_t i;

	for (i = 0; i < v->count; i++) {
		buf_reset(&text);
		base64_encode(&text, SPAN(v->list[i].key, v->list[i].key_len));
		json_array_append_new(list, json_pack("{s: s%}", "public_key",
						      (const char *)text.data,
						      text.len));
	}
	buf_release(&text);
	return list;
}

/* NULL: the rule is left out. */
static json_t *rule_json(const struct rules *r, const struct rule *rule)
{
	const void *at = rule_in(r, rule);

	if (!rule_is_of(rule, r->engine))
		return NULL;
	switch (rule->kind) {
	case RULE_NETWORK_ID:
		return json_string(r->network_id);
	case RULE_MINERS:
		return miners_json(r);
	case RULE_UINT:
	case RULE_AMOUNT:
		return json_integer(
			(json_int_t)(*(const uint64_t *)at / rule->unit));
	case RULE_BOOL:
		return json_boolean(*(const bool *)at);
	case RULE_PLACEHOLDER:
		return placeholder_json(at);
	case RULE_COINBASE:
		return r->has_coinbase ? address_json(&r->coinbase)
				       : json_string("");
	case RULE_ALLOC:
		return NULL;
	case RULE_ENGINE:
		return json_string(engine_name(r->engine));
	case RULE_VALIDATORS:
		return validators_json(&r->validators);
	}
	BUG("unknown kind of rule");
}

static json_t *section_of(json_t *root, const char *name)
{
	json_t *o = *name ? json_object_get(root, name) : root;

	if (!o) {
		o = json_object();
		json_object_set_new(root, name, o);
	}
	return o;
}

void genesis_print(struct buf *out, const struct rules *r)
{
	json_t *root = json_object(), *value;
	char *text;
	size_t i;

	for (i = 0; i < RULE_COUNT; i++) {
		value = rule_json(r, &rule_table[i]);
		if (value &&
		    json_object_set_new(section_of(root, rule_table[i].section),
					rule_table[i].name, value))
			BUG("out of memory");
	}
	text = json_dumps(root, JSON_COMPACT);
	if (!text)
		BUG("rules that JSON cannot hold");
	buf_append(out, text, strlen(text));
	free(text);
	json_decref(root);
}

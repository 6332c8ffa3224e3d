/* SPDX-License-Identifier: MIT */
/*
 * The genesis file to rules: first that no object holds a field that is not
 * in the table, then each row of the table in its order, then what holds
 * between the rules. So the first fault is the same whatever the order of
 * the keys.
 */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/tx_json.h"
#include "ledger/rules_table.h"

static enum err read_uint(uint64_t *out, const struct rule *rule,
			  const char *path, const json_t *v, struct fault *f)
{
	char expected[FAULT_DETAIL_MAX];
	json_int_t n;

	snprintf(expected, sizeof(expected), "an integer from %llu to %llu: %s",
		 (unsigned long long)rule->min, (unsigned long long)rule->max,
		 rule->what);
	if (!json_is_integer(v))
		return json_refuse(f, ERR_WRONG_TYPE, path, v, expected);
	n = json_integer_value(v);
	if (n > 0 && (uint64_t)n > AMOUNT_MAX && rule->kind == RULE_AMOUNT)
		return json_refuse(f, ERR_AMOUNT_OVERFLOW, path, v, expected);
	if (n < 0 || (uint64_t)n < rule->min || (uint64_t)n > rule->max)
		return json_refuse(f, ERR_OUT_OF_RANGE, path, v, expected);
	*out = (uint64_t)n * rule->unit;
	return ERR_OK;
}

static enum err read_address(struct address *out, const char *path,
			     const json_t *v, struct fault *f)
{
	const char *expected = "an address of 40 hex digits";

	if (!json_is_string(v))
		return json_refuse(f, ERR_WRONG_TYPE, path, v, expected);
	if (!address_from_hex(
		    out, SPAN(json_string_value(v), json_string_length(v))))
		return json_refuse(f, ERR_BAD_ADDRESS, path, v, expected);
	return ERR_OK;
}

/* The seed wrote a number; it is the same as its digits. */
static enum err read_network_id(struct rules *r, const char *path,
				const json_t *v, struct fault *f)
{
	const char *expected = "a text of 1 to 64 bytes, or a number";

	if (json_is_integer(v)) {
		if (json_integer_value(v) < 0 ||
		    (uint64_t)json_integer_value(v) > AMOUNT_MAX)
			return json_refuse(f, ERR_OUT_OF_RANGE, path, v,
					   expected);
		snprintf(r->network_id, sizeof(r->network_id),
			 "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return ERR_OK;
	}
	if (!json_is_string(v))
		return json_refuse(f, ERR_WRONG_TYPE, path, v, expected);
	if (!rules_is_network_id(
		    SPAN(json_string_value(v), json_string_length(v))))
		return json_refuse(f, ERR_OUT_OF_RANGE, path, v, expected);
	memcpy(r->network_id, json_string_value(v), json_string_length(v));
	return ERR_OK;
}

static enum err read_miners(struct rules *r, const char *path, const json_t *v,
			    struct fault *f)
{
	char item[FAULT_FIELD_MAX];
	size_t i, count = json_array_size(v);
	enum err e;

	if (!json_is_array(v))
		return json_refuse(f, ERR_WRONG_TYPE, path, v,
				   "an array of addresses");
	if (count < 1 || count > MINERS_MAX)
		return fault_set(f, ERR_OUT_OF_RANGE, path,
				 "%s has %zu addresses, expected 1 to %d", path,
				 count, MINERS_MAX);
	r->miners = xcalloc(count, sizeof(*r->miners));
	r->miner_count = count;
	for (i = 0; i < count; i++) {
		snprintf(item, sizeof(item), "miners[%zu]", i);
		e = read_address(&r->miners[i], item, json_array_get(v, i), f);
		if (e)
			return e;
	}
	return ERR_OK;
}

/* With bft: left out, or empty. */
static enum err no_miners(const char *path, const json_t *v, struct fault *f)
{
	if (!v || (json_is_array(v) && !json_array_size(v)))
		return ERR_OK;
	return json_refuse(f, ERR_OUT_OF_RANGE, path, v,
			   "none: with engine \"bft\" consensus.validators "
			   "make blocks");
}

static enum err read_placeholder(struct placeholder *p, const char *path,
				 const json_t *v, struct fault *f)
{
	const char *expected = "[\"rnd\", 1 to 256] or [\"predef\", a text of "
			       "at most 256 bytes]";
	const json_t *kind = json_array_get(v, 0), *value;

	if (!json_is_array(v) || !json_is_string(kind))
		return json_refuse(f, ERR_WRONG_TYPE, path, v, expected);
	value = json_array_get(v, 1);
	if (json_array_size(v) != 2)
		return json_refuse(f, ERR_OUT_OF_RANGE, path, v, expected);
	if (!strcmp(json_string_value(kind), "rnd")) {
		if (!json_is_integer(value))
			return json_refuse(f, ERR_WRONG_TYPE, path, value,
					   expected);
		if (json_integer_value(value) < 1 ||
		    json_integer_value(value) > PLACEHOLDER_TEXT_MAX)
			return json_refuse(f, ERR_OUT_OF_RANGE, path, value,
					   expected);
		p->kind = PLACEHOLDER_RND;
		p->length = (uint64_t)json_integer_value(value);
		return ERR_OK;
	}
	if (strcmp(json_string_value(kind), "predef"))
		return json_refuse(f, ERR_OUT_OF_RANGE, path, kind, expected);
	if (!json_is_string(value))
		return json_refuse(f, ERR_WRONG_TYPE, path, value, expected);
	if (json_string_length(value) > PLACEHOLDER_TEXT_MAX)
		return json_refuse(f, ERR_OUT_OF_RANGE, path, value, expected);
	p->kind = PLACEHOLDER_PREDEF;
	memcpy(p->text, json_string_value(value), json_string_length(value));
	return ERR_OK;
}

static enum err read_coinbase(struct rules *r, const char *path,
			      const json_t *v, struct fault *f)
{
	if (json_is_string(v) && !json_string_length(v))
		return ERR_OK;
	r->has_coinbase = true;
	return read_address(&r->coinbase, path, v, f);
}

static enum err read_alloc_entry(struct alloc *out, const char *key, json_t *v,
				 struct fault *f)
{
	static const struct rule balance = {"",
					    "balance",
					    RULE_AMOUNT,
					    OF_ALL,
					    true,
					    0,
					    1,
					    0,
					    AMOUNT_MAX,
					    0,
					    "what the address holds"};
	char path[FAULT_FIELD_MAX];
	const char *name;
	void *at;

	snprintf(path, sizeof(path), "alloc.%s", key);
	if (!address_from_hex(&out->address, span_str(key)))
		return fault_set(f, ERR_BAD_ADDRESS, path,
				 "\"%.60s\" in alloc is not an address, "
				 "expected 40 hex digits",
				 key);
	if (!json_is_object(v))
		return json_refuse(f, ERR_WRONG_TYPE, path, v,
				   "an object: {\"balance\": N}");
	for (at = json_object_iter(v); at; at = json_object_iter_next(v, at)) {
		name = json_object_iter_key(at);
		if (!strcmp(name, "balance"))
			continue;
		snprintf(path, sizeof(path), "alloc.%s.%s", key, name);
		return fault_set(f, ERR_UNKNOWN_FIELD, path,
				 "%s is not known, expected balance alone",
				 path);
	}
	v = json_object_get(v, "balance");
	snprintf(path, sizeof(path), "alloc.%s.balance", key);
	if (!v)
		return fault_set(f, ERR_MISSING_FIELD, path,
				 "%s is missing, expected an integer", path);
	return read_uint(&out->balance, &balance, path, v, f);
}

static int compare_alloc(const void *a, const void *b)
{
	const struct alloc *x = a, *y = b;

	return memcmp(x->address.b, y->address.b, ADDRESS_LEN);
}

static enum err read_alloc(struct rules *r, const char *path, json_t *v,
			   struct fault *f)
{
	void *at;
	enum err e;

	if (!json_is_object(v))
		return json_refuse(
			f, ERR_WRONG_TYPE, path, v,
			"an object: {\"address\": {\"balance\": N}}");
	r->alloc = xcalloc(json_object_size(v) + 1, sizeof(*r->alloc));
	for (at = json_object_iter(v); at; at = json_object_iter_next(v, at)) {
		e = read_alloc_entry(&r->alloc[r->alloc_count++],
				     json_object_iter_key(at),
				     json_object_iter_value(at), f);
		if (e)
			return e;
	}
	qsort(r->alloc, r->alloc_count, sizeof(*r->alloc), compare_alloc);
	return ERR_OK;
}

static enum err read_engine(struct rules *r, const char *path, const json_t *v,
			    struct fault *f)
{
	if (!json_is_string(v))
		return json_refuse(f, ERR_WRONG_TYPE, path, v,
				   "\"poa\" or \"bft\"");
	if (!strcmp(json_string_value(v), "pow"))
		return json_refuse(f, ERR_OUT_OF_RANGE, path, v,
				   "\"poa\" or \"bft\": \"pow\" is not built "
				   "into this version");
	if (!engine_of_name(&r->engine, json_string_value(v)))
		return json_refuse(f, ERR_OUT_OF_RANGE, path, v,
				   "\"poa\" or \"bft\"");
	return ERR_OK;
}

/* v is NULL when the field is left out. */
static enum err read_rule(struct rules *r, const struct rule *rule, json_t *v,
			  struct fault *f)
{
	char path[FAULT_FIELD_MAX];
	void *at = rule_at(r, rule);

	rule_path(path, rule->section, rule->name);
	if (!rule_is_of(rule, r->engine))
		return rule->kind == RULE_MINERS ? no_miners(path, v, f)
						 : ERR_OK;
	if (!v) {
		if (rule->required)
			return fault_set(f, ERR_MISSING_FIELD, path,
					 "%s is missing, expected %s", path,
					 rule->what);
		if (rule->unit)
			*(uint64_t *)at = rule->otherwise * rule->unit;
		return ERR_OK;
	}
	switch (rule->kind) {
	case RULE_NETWORK_ID:
		return read_network_id(r, path, v, f);
	case RULE_MINERS:
		return read_miners(r, path, v, f);
	case RULE_UINT:
	case RULE_AMOUNT:
		return read_uint(at, rule, path, v, f);
	case RULE_BOOL:
		if (!json_is_boolean(v))
			return json_refuse(f, ERR_WRONG_TYPE, path, v,
					   "true or false");
		*(bool *)at = json_is_true(v);
		return ERR_OK;
	case RULE_PLACEHOLDER:
		return read_placeholder(at, path, v, f);
	case RULE_COINBASE:
		return read_coinbase(r, path, v, f);
	case RULE_ALLOC:
		return read_alloc(r, path, v, f);
	case RULE_ENGINE:
		return read_engine(r, path, v, f);
	case RULE_VALIDATORS:
		return genesis_read_validators(&r->validators, path, v, f);
	}
	BUG("unknown kind of rule");
}

static enum err read_row(struct rules *r, json_t *root, size_t i,
			 struct fault *f)
{
	const struct rule *rule = &rule_table[i];
	json_t *object =
		*rule->section ? json_object_get(root, rule->section) : root;

	return read_rule(r, rule, json_object_get(object, rule->name), f);
}

/* It says which other rows the file may have. */
static enum err read_engine_first(struct rules *r, json_t *root,
				  struct fault *f)
{
	size_t i = 0;

	while (rule_table[i].kind != RULE_ENGINE)
		i++;
	return read_row(r, root, i, f);
}

static enum err read_rules(struct rules *r, json_t *root, struct fault *f)
{
	enum err e;
	size_t i;

	if (!json_is_object(root))
		return fault_set(f, ERR_WRONG_TYPE, "",
				 "a genesis file holds one JSON object");
	e = genesis_check_names(root, "", f);
	if (!e)
		e = read_engine_first(r, root, f);
	for (i = 0; i < RULE_COUNT && !e; i++)
		e = read_row(r, root, i, f);
	if (e)
		return e;
	if (r->engine == ENGINE_BFT)
		r->slot_ms = BFT_SLOT_MS;
	else if (!r->slot_ms)
		r->slot_ms = r->interval_ms ? 1000 : 10;
	return rules_check(r, f);
}

enum err genesis_parse(struct rules *out, struct span json, struct fault *f)
{
	struct fault own;
	json_t *root;
	enum err e;

	*out = (struct rules){0};
	if (!f)
		f = &own;
	if (json.len > GENESIS_FILE_MAX)
		return fault_set(f, ERR_TOO_BIG, "",
				 "the genesis file has %zu bytes, expected at "
				 "most %u",
				 json.len, GENESIS_FILE_MAX);
	root = json_parse(json, f);
	if (!root)
		return f->code;
	e = read_rules(out, root, f);
	json_decref(root);
	if (e)
		rules_release(out);
	return e;
}

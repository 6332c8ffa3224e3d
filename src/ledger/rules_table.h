/* SPDX-License-Identifier: MIT */
/*
 * Every rule of a chain, once: where it stands in the genesis file and in
 * struct rules, what it may be, what it is when left out. The order of the
 * table is the order of the canonical encoding, so it never changes. For the
 * genesis_*.c and rules.c alone.
 */
#ifndef LEDGER_RULES_TABLE_H
#define LEDGER_RULES_TABLE_H

#include "codec/tx_json.h"
#include "ledger/genesis.h"

enum rule_kind {
	RULE_NETWORK_ID,
	RULE_MINERS,
	RULE_UINT,
	RULE_AMOUNT, /* an integer whose excess is amount_overflow */
	RULE_BOOL,
	RULE_PLACEHOLDER,
	RULE_COINBASE,
	RULE_ALLOC,
	RULE_ENGINE,
};

struct rule {
	const char *section; /* object that holds it; "": the file itself */
	const char *name;
	enum rule_kind kind;
	bool required;
	size_t offset;	    /* in struct rules */
	uint64_t unit;	    /* integers: what the file's 1 is here */
	uint64_t min, max;  /* as the file has it */
	uint64_t otherwise; /* the default, as the file has it */
	const char *what;
};

#define RULE_COUNT 23
extern const struct rule rule_table[];

/* Write "block_mining.interval", or "miners" when section is "". */
void rule_path(char out[FAULT_FIELD_MAX], const char *section,
	       const char *name);
/* Whether every field of the object and of those in it is in the table;
 * section is "" for the whole file. */
MUST_USE enum err genesis_check_names(json_t *object, const char *section,
				      struct fault *f);

/* Where the rule stands in r. */
void *rule_at(struct rules *r, const struct rule *rule);
const void *rule_in(const struct rules *r, const struct rule *rule);

/*
 * What holds between rules: distinct miners, alloc in order and distinct,
 * the supply's cap, min_bound and max_bound, max_tx_bytes and
 * max_block_bytes.
 */
MUST_USE enum err rules_check(const struct rules *r, struct fault *f);
/* Whether the text may be a network's name: UTF-8 without control bytes. */
bool rules_is_network_id(struct span text);

#endif

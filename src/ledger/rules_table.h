/* SPDX-License-Identifier: MIT */
/*
 * Every rule of a chain, once: where it stands in the genesis file and in
 * struct rules, what it may be, what it is when left out. The order of the
 * table is the order of the canonical encoding, so it never changes. For the
 * genesis_*.c and rules*.c alone.
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
	RULE_VALIDATORS,
};

/* Whose rule it is. Elsewhere a file must not have it. */
enum rule_of { OF_ALL, OF_POA, OF_BFT };

struct rule {
	const char *section; /* object that holds it; "": the file itself */
	const char *name;
	enum rule_kind kind;
	enum rule_of of;
	bool required;
	size_t offset;	    /* in struct rules */
	uint64_t unit;	    /* integers: what the file's 1 is here */
	uint64_t min, max;  /* as the file has it */
	uint64_t otherwise; /* the default, as the file has it */
	const char *what;
};

#define RULE_COUNT 28
/* The first ones stand in every chain's canonical encoding, those of another
 * engine as 0 or empty; bft's five follow where they are the chain's. */
#define RULE_COUNT_ALL 23
extern const struct rule rule_table[];

/* Write "block_mining.interval", or "miners" when section is "". */
void rule_path(char out[FAULT_FIELD_MAX], const char *section,
	       const char *name);
/* Whether every field of the object and of those in it is in the table;
 * section is "" for the whole file. */
MUST_USE enum err genesis_check_names(json_t *object, const char *section,
				      struct fault *f);

/* consensus.validators: sorted, distinct, 1..VALIDATORS_MAX. */
MUST_USE enum err genesis_read_validators(struct validators *out,
					  const char *path, const json_t *v,
					  struct fault *f);

/* Whether a chain of this engine has the rule. */
bool rule_is_of(const struct rule *rule, enum engine_kind engine);
const char *engine_name(enum engine_kind k);
/* false: no engine has that name. */
bool engine_of_name(enum engine_kind *out, const char *name);

/* Where the rule stands in r. */
void *rule_at(struct rules *r, const struct rule *rule);
const void *rule_in(const struct rules *r, const struct rule *rule);

/*
 * What holds between rules: distinct miners, alloc in order and distinct,
 * the supply's cap, min_bound and max_bound, max_tx_bytes and
 * max_block_bytes, and what bft demands.
 */
MUST_USE enum err rules_check(const struct rules *r, struct fault *f);
/* Whether the text may be a network's name: UTF-8 without control bytes. */
bool rules_is_network_id(struct span text);

#endif

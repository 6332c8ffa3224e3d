/* SPDX-License-Identifier: MIT */
/*
 * Making transactions: what the chain asks for, and a signed transaction as
 * the JSON that a node takes.
 */
#ifndef CMD_WALLET_TX_H
#define CMD_WALLET_TX_H

#include <stddef.h>

#include "cmd/wallet.h"

#define WALLET_AT(field) .offset = offsetof(struct wallet_options, field)
extern const char *const wallet_waits[]; /* as enum wait_for counts */

/* Options of every command that makes a transaction. */
#define WALLET_SPEC_FROM                                                       \
	{                                                                      \
		.name = "from", .type = OPTION_TEXT, .arg = "ADDRESS",         \
		WALLET_AT(from),                                               \
		.help = "the account that pays; default: the wallet's"         \
	}
#define WALLET_SPEC_FEE                                                        \
	{                                                                      \
		.name = "fee", .letter = 'F', .type = OPTION_UINT,             \
		.max = AMOUNT_MAX, .arg = "FEE", WALLET_AT(fee),               \
		.help = "default: the chain's min_fee"                         \
	}
#define WALLET_SPEC_VALID_UNTIL                                                \
	{                                                                      \
		.name = "valid-until", .type = OPTION_UINT, .max = AMOUNT_MAX, \
		.arg = "H", WALLET_AT(valid_until),                            \
		.help = "last height whose block may hold it; default 0: for " \
			"ever"                                                 \
	}
#define WALLET_SPEC_WAIT                                                       \
	{                                                                      \
		.name = "wait", .type = OPTION_CHOICE,                         \
		.choices = wallet_waits, .arg = "pool|block|settled|final",    \
		WALLET_AT(wait),                                               \
		.help = "return when it is this far; default pool"             \
	}
#define WALLET_SPEC_TIMEOUT                                                    \
	{                                                                      \
		.name = "timeout", .type = OPTION_UINT, .min = 1, .max = 300,  \
		.arg = "SECONDS", WALLET_AT(timeout),                          \
		.help = "how long to wait; default 60"                         \
	}

/* What /v1/status says that a transaction depends on. */
struct chain_facts {
	struct hash chain_id;
	uint64_t min_fee;
	struct placeholder data; /* when the user gives none */
};

/* What /v1/accounts/{a} says. */
struct account_facts {
	uint64_t balance;    /* by the latest block */
	uint64_t pending;    /* with pending transactions counted */
	uint64_t nonce;	     /* by the latest block */
	uint64_t next_nonce; /* of the next transaction */
};

/* Ask the node; print errors, give the exit status. */
int wallet_chain_facts(struct chain_facts *out, struct wallet *w);
int wallet_account_facts(struct account_facts *out, struct wallet *w,
			 const struct address *address);
/* Read the answers; ERR_MISSING_FIELD, ERR_WRONG_TYPE, ... */
MUST_USE enum err chain_facts_read(struct chain_facts *out,
				   const json_t *status, struct fault *f);

/* Append what stands for data that nobody gave; for rnd that many random
 * letters and digits. */
void placeholder_fill(struct buf *out, const struct placeholder *p);

/*
 * Sign a transaction: tx has its fields set but key and signature. *out is its
 * JSON with the id. The key is carried when the nonce is 0.
 */
MUST_USE enum err wallet_sign(json_t **out, struct tx *tx,
			      const struct secret_key *key,
			      const struct chain_facts *chain, struct fault *f);

/* The same with what the options and the node say: nonce, fee, valid_until,
 * data. Prints its error; the exit status. */
int wallet_make(json_t **out, struct wallet *w, struct tx *tx,
		const struct secret_key *key);

/* POST, as long as the options say. */
int wallet_push(json_t **out, struct wallet *w, const char *path,
		struct span body);
/* Send one that was made, wait as the options say, and print its id. */
int wallet_send_made(struct wallet *w, const json_t *tx);
/* How an answer of POST /v1/txs stands to what was waited for: EXIT_DONE,
 * EXIT_REFUSED (it was dropped; printed), EXIT_TIMED_OUT (printed). */
int wallet_waited(const json_t *answer, enum wait_for wait);
/* "/v1/txs" with its query. */
void wallet_push_path(char *out, size_t size, enum wait_for wait,
		      uint64_t timeout);

/* rnd, in a file of its own. */
int wallet_rnd(struct wallet *w, int argc, char **argv);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Making transactions: what the chain asks for, and a signed transaction as
 * the JSON that a node takes.
 */
#ifndef CMD_WALLET_TX_H
#define CMD_WALLET_TX_H

#include "cmd/wallet.h"

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
 * Sign a transfer: tx has its fields set but key and signature. *out is its
 * JSON with the id. The key is carried when the nonce is 0.
 */
MUST_USE enum err wallet_sign(json_t **out, struct tx *tx,
			      const struct secret_key *key,
			      const struct chain_facts *chain, struct fault *f);

/* How an answer of POST /v1/txs stands to what was waited for: EXIT_DONE,
 * EXIT_REFUSED (it was dropped; printed), EXIT_TIMED_OUT (printed). */
int wallet_waited(const json_t *answer, enum wait_for wait);
/* "/v1/txs" with its query. */
void wallet_push_path(char *out, size_t size, enum wait_for wait,
		      uint64_t timeout);

/* rnd, in a file of its own. */
int wallet_rnd(struct wallet *w, int argc, char **argv);

#endif

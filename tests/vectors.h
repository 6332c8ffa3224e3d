/* SPDX-License-Identifier: MIT */
/*
 * What the files of the vectors program share: the chain that all
 * examples are of, and how bytes stand in the JSON.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <jansson.h>

#include "chain/genesis.h"
#include "codec/message.h"
#include "codec/tx.h"
#include "crypto/key.h"

struct example {
	struct secret_key *rsa, *ed25519;
	struct rules rules;
	struct genesis genesis;
};

json_t *uint_json(uint64_t v);
json_t *hex_json(struct span bytes);
json_t *hash_json(const struct hash *h);
json_t *address_json(const struct address *a);
void add(json_t *object, const char *name, json_t *value);

/* Keys, what is no key, signatures at the edge, error codes. */
json_t *key_examples(const struct example *x);
json_t *key_refusals(const struct example *x);
json_t *signature_examples(void);
json_t *error_examples(void);

/* The transactions of the example: full bytes in txs, in order. */
#define TX_EXAMPLES 4
json_t *tx_examples(const struct example *x, struct buf txs[TX_EXAMPLES]);
/* Bytes that are refused, with the code of each. */
json_t *tx_refusals(const struct example *x, struct span good);

/* One; its full bytes in raw. */
json_t *tx_example(const char *name, struct buf *raw, struct tx *tx,
		   const struct secret_key *key, const struct example *x);
json_t *tx_refusal(const char *name, struct span raw);

/* Votes and evidence; and what is refused, appended to the list. */
#define OP_EXAMPLES 3
json_t *op_examples(const struct example *x, struct buf ops[OP_EXAMPLES]);
void op_refusals(json_t *list, const struct buf ops[OP_EXAMPLES]);

json_t *state_examples(void);
/* Fills the example's rules and genesis. */
json_t *genesis_examples(struct example *x);
/* Blocks of the example's chain, the first with all but the last of txs. */
json_t *block_examples(const struct example *x,
		       const struct buf txs[TX_EXAMPLES]);

/* A message of each type, made of those blocks and transactions; and bodies
 * that are refused. */
json_t *message_examples(const struct example *x,
			 const struct buf txs[TX_EXAMPLES],
			 const json_t *blocks);
json_t *message_refusals(void);

/* The next message of the list; takes the body. */
void message_example(json_t *list, enum message_type t, struct buf *body);
/* Bytes of a member of an example. */
struct buf example_bytes(const json_t *list, size_t i, const char *name);
/* Those between validators, about the second block. */
void bft_message_examples(json_t *list, const struct example *x,
			  const json_t *blocks);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The ledger once more, in plain code: every block that any node ever
 * committed, with all accounts after it, made from its parent's and its
 * transactions. Knows how bytes are decoded and nothing else of production.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "base/map.h"
#include "codec/block.h"
#include "ledger/account.h"
#include "ledger/genesis.h"
#include "sim/sets.h"

/* An account after a block, in order of key. */
struct model_account {
	struct hash key;  /* SHA-256 of the address */
	struct hash leaf; /* of the state tree */
	struct account account;
};

/* What a block says of one address. */
struct model_note {
	struct address address;
	uint64_t balance, nonce; /* after it */
	uint32_t *indexes;	 /* of its transactions there */
	size_t count;
};

struct model_block {
	struct hash hash;
	struct model_block *parent; /* NULL: genesis */
	struct header header;	    /* its spans are not to be used */
	struct buf raw;		    /* its bytes; empty for genesis */
	uint64_t supply;
	bool has_txs;
	bool late; /* decided when a round had failed: it may be empty */
	bool seen; /* on a disk or the network: it may be known to anybody */
	struct model_account *accounts;
	size_t account_count;
	struct model_note *notes;
	size_t note_count;
	struct hash *ids; /* of its transactions */
	struct hash *fulls;
	size_t tx_count;
	struct sets sets; /* after it; on a chain with validators */
};

struct model {
	const struct rules *rules;
	struct hash genesis;
	struct map *blocks;	     /* hash -> struct model_block */
	struct map *keys;	     /* address -> public key, SIM_SPKI bytes */
	const struct people *people; /* NULL: nobody validates */
	struct model_block *root;
	struct model_block **list; /* in the order added, genesis first */
	size_t count;
};

/* keys: who may sign; filled by the caller with pointers that outlive it. */
void model_init(struct model *m, const struct rules *rules,
		const struct hash *genesis, uint64_t seed);
void model_release(struct model *m);
struct model_block *model_find(const struct model *m, const struct hash *hash);
/*
 * Replay a block on its parent: NULL with what is wrong in why (a text of
 * FAULT_DETAIL_MAX). The same block twice is one.
 */
struct model_block *model_add(struct model *m, struct span raw, char *why);
/* The state root of a block with this header and no transactions. */
void model_root_after(struct hash *out, const struct model *m,
		      struct model_block *parent, const struct header *header);
/* The ancestor at that height. */
struct model_block *model_at(struct model_block *b, uint64_t height);
const struct model_account *model_account(const struct model_block *b,
					  const struct address *address);

#endif

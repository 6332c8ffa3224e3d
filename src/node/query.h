/* SPDX-License-Identifier: MIT */
/*
 * Reads on a node: what HTTP answers are made from. They show durable state
 * only: what is reported as in a block survives a crash. view is the shell's
 * present view of the store, as for node_step(). Errors other than
 * ERR_NOT_FOUND and ERR_OUT_OF_RANGE are the environment's (ERR_IO,
 * ERR_CORRUPT).
 */
#ifndef NODE_QUERY_H
#define NODE_QUERY_H

#include "codec/block.h"
#include "ledger/account.h"
#include "ledger/delta.h"
#include "ledger/genesis.h"
#include "ledger/governance.h"
#include "mempool/mempool.h"
#include "node/node.h"

struct node_tip {
	uint64_t height;
	uint64_t time;	  /* ms, of the block */
	uint64_t settled; /* height */
	uint64_t final;	  /* height; without finality 0: only the genesis can
			   * never change */
	uint64_t supply;
	struct hash hash;
	struct hash state_root;
	uint64_t flushed; /* height up to which derived tables are written */
	size_t unflushed; /* their entries that are not */
};

/* Without alloc: query_rules_bytes() and alloc_walk_next() have that. */
const struct rules *node_rules(const struct node *n);
const struct hash *node_genesis_hash(const struct node *n);
void node_tip(const struct node *n, struct node_tip *out);
const struct mempool *node_mempool(const struct node *n);
/* Whether this node makes blocks, and with which account. */
bool node_is_validator(const struct node *n);
/* Whether the engine proves that a block can never be replaced. */
bool node_has_finality(const struct node *n);

/* After the tip; borrowed until the next step. NULL: the chain has no
 * validators that vote. */
const struct governance *node_governance(const struct node *n);
/* Who agreed on a block of the chain, when that is the set which agrees on the
 * next one: its header tells. NULL: another. Borrowed until the next step. */
const struct validators *node_validators_of(const struct node *n,
					    const struct header *header);

/* A block with all that a client is told about it. Owns its bytes. */
struct block_info {
	struct buf raw;	    /* the block's bytes */
	struct block block; /* decoded from raw; block.txs[] are raw txs */
	uint64_t reward;    /* minted for the producer */
	uint64_t supply;    /* after the block */
	struct hash hash;
	uint64_t confirmations; /* 1 at the tip */
	bool settled;
	bool final; /* the chain holds it with its certificate, durable; never
		     * without node_has_finality() */
};

MUST_USE enum err query_block(struct block_info *out, struct node *n,
			      struct kv_view *view, uint64_t height);
MUST_USE enum err query_block_height(uint64_t *height, struct node *n,
				     struct kv_view *view,
				     const struct hash *hash);
void block_info_release(struct block_info *b);

/* The canonical bytes of the chain's rules: 26 MB for a million accounts in
 * alloc, so they are borrowed from the view, and their hash is read from the
 * genesis header instead of being made again. */
MUST_USE enum err query_rules_bytes(struct span *out, struct kv_view *view);
MUST_USE enum err query_rules_hash(struct hash *out, struct node *n,
				   struct kv_view *view);

/* Where a walk over a block's changes stands. {0} is the start. */
struct changes_cursor {
	bool begun;
	size_t left;  /* changes */
	size_t bytes; /* of them */
};

/*
 * The accounts that a block changed, in slices: up to limit of them in the
 * order of account_key(), from the cursor on, which moves. *count 0: that
 * was all.
 */
MUST_USE enum err query_changes(struct delta_change *out, size_t *count,
				struct changes_cursor *at, struct node *n,
				struct kv_view *view, uint64_t height,
				size_t limit);

/*
 * The account's state after block `height` (at most the tip's:
 * ERR_OUT_OF_RANGE). An address never seen by then has new_address_balance
 * and nonce 0; *exists tells (may be NULL).
 */
MUST_USE enum err query_account(struct account *out, bool *exists,
				struct node *n, struct kv_view *view,
				const struct address *address, uint64_t height);
/* With pending transactions counted in (confirmations=0). */
MUST_USE enum err query_balance_pending(uint64_t *out, struct node *n,
					struct kv_view *view,
					const struct address *address);
/*
 * Up to limit accounts that existed after block `height`, in address order,
 * whose address in hex begins with prefix (lower case, 0..40 digits) and
 * comes after *after (NULL: from the start). *more: there are others.
 * One call visits at most 4 * limit + 64 addresses and may thus return fewer;
 * *last is the last address visited (valid when *more).
 */
MUST_USE enum err query_accounts(struct account *out, size_t *count, bool *more,
				 struct address *last, struct node *n,
				 struct kv_view *view, const char *prefix,
				 const struct address *after, uint64_t height,
				 size_t limit);
/* Append the public key that the ledger knows; ERR_NOT_FOUND. */
MUST_USE enum err query_key(struct buf *out, struct node *n,
			    struct kv_view *view,
			    const struct address *address);

enum tx_state {
	TX_PENDING,
	TX_QUEUED,
	TX_INCLUDED,
	TX_SETTLED, /* and not final */
	TX_FINAL,
	TX_DROPPED,
};

struct tx_info {
	enum tx_state state;
	struct buf raw;	 /* full bytes; empty when dropped */
	struct tx tx;	 /* decoded from raw, hashed */
	struct buf key;	 /* the sender's key, when known */
	uint64_t height; /* when in a block */
	uint32_t index;
	struct hash block;
	uint64_t block_time;
	uint64_t confirmations; /* 0 pending */
	enum err reason;	/* when dropped */
};

/* ERR_NOT_FOUND when neither pending, nor in a block, nor lately dropped. */
MUST_USE enum err query_tx(struct tx_info *out, struct node *n,
			   struct kv_view *view, const struct hash *id);
void tx_info_release(struct tx_info *t);
/*
 * The same without the transaction: its state, for one in a block the height
 * and index, for a dropped one the reason. Costs no more than a lookup.
 */
MUST_USE enum err query_tx_place(enum tx_state *state, uint64_t *height,
				 uint32_t *index, enum err *reason,
				 struct node *n, struct kv_view *view,
				 const struct hash *id);

/* One line of an account's history, newest first. */
struct activity {
	uint64_t height;
	uint32_t index; /* within the block */
};

/*
 * Transactions from or to the address, newest first, strictly before
 * (height, index) of *before (NULL: from the tip), down to height `since`.
 */
MUST_USE enum err query_activity(struct activity *out, size_t *count,
				 struct node *n, struct kv_view *view,
				 const struct address *address,
				 const struct activity *before, uint64_t since,
				 size_t limit);

#endif

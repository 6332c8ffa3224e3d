/* SPDX-License-Identifier: MIT */
/*
 * The rules by which a block changes the state: transfers, fees, the reward,
 * what an address that was never seen holds, and the supply's cap (DESIGN:
 * "Amounts"; CONSENSUS: "Common rules").
 */
#ifndef LEDGER_APPLY_H
#define LEDGER_APPLY_H

#include "base/err.h"
#include "codec/tx.h"
#include "kv/kv.h"
#include "ledger/account.h"
#include "ledger/delta.h"
#include "ledger/genesis.h"
#include "ledger/governance.h"

/* The state before a block, and what the block has changed so far. */
struct overlay;

/*
 * view shows the table accounts before the block; borrowed, as are the
 * rules, for the overlay's life. supply is that before the block. seed keys
 * the overlay's map and reaches no result.
 */
MUST_USE struct overlay *overlay_new(const struct rules *rules,
				     struct kv_view *view, uint64_t supply,
				     uint64_t seed);
void overlay_free(struct overlay *o);
/* Count votes and evidence as of this state before the block, of which a copy
 * is taken. Without it they are refused: the chain has no validators. */
void overlay_govern(struct overlay *o, const struct governance *g);
/* What it is after the block, for the caller to release: once, at the end. */
void overlay_governance(struct governance *out, struct overlay *o);

/*
 * Apply a transaction of a block at this height, wholly or, on an error, not
 * at all. Its form and signature were checked before. ERR_EXPIRED,
 * ERR_FEE_TOO_LOW, ERR_TOO_BIG, ERR_NONCE_TOO_LOW, ERR_NONCE_GAP (not
 * exactly the account's), ERR_AMOUNT_OVERFLOW, ERR_INSUFFICIENT_BALANCE;
 * of a vote and of evidence governance_vote()'s and governance_offence()'s,
 * and ERR_UNSUPPORTED_OPERATION; ERR_IO and ERR_CORRUPT from the store.
 */
MUST_USE enum err overlay_apply(struct overlay *o, const struct tx *tx,
				uint64_t height, struct fault *f);
/*
 * End the block: pay the fees and reward = min(rules' reward, cap - supply)
 * to the producer (NULL: nobody; nothing is minted and fees must be 0), and
 * give the delta, which the caller releases. Only accounts that are new or
 * differ are in it.
 */
MUST_USE enum err overlay_finish(struct overlay *o, struct delta *out,
				 const struct address *producer);

/* The same for the genesis block: alloc and the coinbase's reward. */
void genesis_delta(struct delta *out, const struct rules *rules);

/* What an address that was never seen holds at this supply:
 * min(new_address_balance, cap - supply). */
uint64_t unseen_balance(const struct rules *rules, uint64_t supply);

/*
 * Read an account as the view has it. One never seen has what it would be
 * minted, unseen_balance(); then *existed is false.
 * Errors are the store's.
 */
MUST_USE enum err account_read(struct account *out, bool *existed,
			       struct kv_view *view, const struct rules *rules,
			       uint64_t supply, const struct address *address);

/*
 * state root = digest(DOMAIN_STATE, zeros, tree root || supply as 8 bytes,
 * big-endian): it commits to every account and to the supply.
 */
void state_root(struct hash *out, const struct hash *tree_root,
		uint64_t supply);

#endif

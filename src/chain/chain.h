/* SPDX-License-Identifier: MIT */
/*
 * One chain: the tip, its state, and the tables over kv. A block is prepared
 * as a candidate on the tip, committed as one batch, and adopted when that
 * is durable; only then does the tip move. Derived tables are kept in an
 * overlay and flushed in slices behind a watermark (DESIGN: "The store").
 *
 * The chain knows the ledger's rules; who may make a block is the engine's,
 * above.
 */
#ifndef CHAIN_CHAIN_H
#define CHAIN_CHAIN_H

#include "base/err.h"
#include "codec/block.h"
#include "codec/tx.h"
#include "crypto/merkle.h"
#include "kv/kv.h"
#include "ledger/account.h"
#include "ledger/delta.h"
#include "ledger/genesis.h"
#include "ledger/governance.h"
#include "ledger/state_tree.h"

struct chain;

struct chain_tip {
	uint64_t height;
	uint64_t time; /* ms */
	bool has_producer;
	struct address producer;
	bool has_txs;
	struct hash hash;
	struct hash state_root;
	uint64_t supply;
	bool has_change; /* between its set of validators and the next */
	struct validator_change change;
};

/*
 * Open the chain of a store and read again what the derived tables lack.
 * seed keys hash maps. ERR_NOT_FOUND: no chain; ERR_CORRUPT, ERR_IO.
 */
MUST_USE enum err chain_open(struct chain **out, struct kv_view *store,
			     uint64_t seed, struct fault *f);
void chain_free(struct chain *c);

/* Without alloc: the bytes of the rules have that. */
const struct rules *chain_rules(const struct chain *c);
const struct hash *chain_genesis(const struct chain *c);
const struct chain_tip *chain_tip(const struct chain *c);
uint64_t chain_watermark(const struct chain *c);
/* The mountain range over all headers, the tip's included. */
const struct mmr *chain_range(const struct chain *c);
/* Who agrees on the next blocks, and their votes, after the tip; empty on a
 * chain without validators. */
const struct governance *chain_governance(const struct chain *c);
/* Derived entries that no flush has written yet. */
size_t chain_unflushed(const struct chain *c);
/* All tables as of the tip, over the store's present view. Borrowed until
 * the next call. */
struct kv_view *chain_view(struct chain *c, struct kv_view *store);

/* The account at the tip (see account_read()). */
MUST_USE enum err chain_account(struct account *out, bool *existed,
				struct chain *c, struct kv_view *store,
				const struct address *address);

/* --- a block on the tip ------------------------------------------------ */

struct candidate;

MUST_USE struct candidate *candidate_new(struct chain *c,
					 struct kv_view *store);
void candidate_free(struct candidate *b);
/* Apply a decoded, hashed transaction and take a copy of it. Refusals as
 * overlay_apply(), and ERR_TOO_BIG or ERR_TOO_MANY_TXS when the block is
 * full; then nothing changed. */
MUST_USE enum err candidate_add(struct candidate *b, const struct tx *tx,
				struct fault *f);
size_t candidate_tx_count(const struct candidate *b);
/*
 * Compute the roots and the header. engine is one msgpack array (empty span:
 * the empty one); on a chain with validators it is governance_fields() of the
 * state before the block, whatever is given. ERR_IO, ERR_CORRUPT from the
 * store.
 */
MUST_USE enum err candidate_finish(struct candidate *b, uint64_t time,
				   const struct address *producer,
				   struct span engine, struct span extra);
/* What the seal signs; what an engine and a peer see. Once finished. */
const struct hash *candidate_hash(const struct candidate *b);
const struct chain_tip *candidate_tip(const struct candidate *b);
const struct delta *candidate_delta(const struct candidate *b);
/* After it; empty on a chain without validators, and once it is adopted. */
const struct governance *candidate_governance(const struct candidate *b);
/* Transactions in order. */
const struct tx *candidate_txs(const struct candidate *b);
void candidate_seal(struct candidate *b, const struct seal *seal);
/* The block's bytes, once sealed. */
struct span candidate_raw(const struct candidate *b);
/*
 * Make a candidate of a block that came from elsewhere: all but the engine's
 * rules and the signatures is checked. On ERR_OK it is sealed and finished.
 */
MUST_USE enum err candidate_check(struct candidate **out, struct chain *c,
				  struct kv_view *store,
				  const struct block *block, struct span raw,
				  struct fault *f);

/* The writes of a sealed candidate. */
void chain_commit(const struct chain *c, const struct candidate *b,
		  struct kv_batch *out);
/* It is durable: move the tip, and free the candidate. Errors are the
 * store's, and leave the chain unusable. */
MUST_USE enum err chain_adopt_take(struct chain *c, struct candidate *b,
				   struct kv_view *store);

/* --- flushing derived tables ------------------------------------------- */

/*
 * A flush begins when so many entries wait, or so many blocks, which a start
 * would read again; it writes so many entries at a time (at most 4000, the
 * default, and at least 1). The defaults are right for a node; a simulation
 * flushes more often.
 */
struct flush_bounds {
	size_t entries;
	uint64_t blocks;
	size_t slice;
};
void chain_set_flush_bounds(struct chain *c, const struct flush_bounds *b);

/* The writes of the next slice into *out, to be committed as seq; false when
 * none is due, and while a branch lives (branch.h). One slice at a time: the
 * next after chain_flushed(). */
bool chain_flush(struct chain *c, uint64_t seq, struct kv_batch *out);
/* That slice is durable and in the store's view. */
void chain_flushed(struct chain *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Pending transactions: verified, not yet in a block. One queue per sender,
 * ordered by nonce: what follows the account's nonce without a gap is
 * executable ("pending"), what stands behind a gap is "queued". Ordered by
 * fee per byte of full bytes, then by arrival. Bounded in bytes and per
 * account; a full pool drops the cheapest.
 */
#ifndef MEMPOOL_MEMPOOL_H
#define MEMPOOL_MEMPOOL_H

#include "base/err.h"
#include "codec/tx.h"
#include "ledger/account.h"

#define MEMPOOL_PER_ACCOUNT 64	/* transactions of one sender */
#define MEMPOOL_NONCE_WINDOW 64 /* nonce < account's nonce + 64 */
#define MEMPOOL_BYTES_DEFAULT (32u << 20)
#define MEMPOOL_DROPPED_KEPT 4096 /* reasons remembered, newest first */

enum mempool_place { MEMPOOL_PENDING, MEMPOOL_QUEUED };

struct mempool;
/* max_bytes counts full bytes plus MEMPOOL_ENTRY_COST per transaction. */
#define MEMPOOL_ENTRY_COST 256
MUST_USE struct mempool *mempool_new(size_t max_bytes, uint64_t seed);
void mempool_free(struct mempool *m);

/*
 * Whether tx could enter, before the cost of checking its signature.
 * account is the sender's present state (of the tip); height that of the
 * next block. ERR_OK also when it is in the pool already (then *known:
 * its id is there; compare full hashes to know whether the bytes are).
 * ERR_NONCE_TOO_LOW, ERR_NONCE_GAP (beyond the window), ERR_EXPIRED,
 * ERR_INSUFFICIENT_BALANCE (amounts and fees of its sender's earlier
 * pending nonces included), ERR_AMOUNT_OVERFLOW (amount + fee),
 * ERR_REPLACEMENT_FEE_TOO_LOW, ERR_MEMPOOL_FULL (it would be the cheapest
 * itself). The fault names the field ("number", "amount", ...).
 */
MUST_USE enum err mempool_check(const struct mempool *m, bool *known,
				const struct tx *tx,
				const struct account *account, uint64_t height,
				struct fault *f);
/*
 * Add a verified, hashed transaction; its full bytes are copied. Errors as
 * above. When its id is there already: ERR_OK, the bytes that came first
 * stay. May drop or replace others (see mempool_drops()).
 */
MUST_USE enum err mempool_add(struct mempool *m, enum mempool_place *place,
			      const struct tx *tx,
			      const struct account *account, uint64_t height,
			      struct fault *f);

/*
 * A block came: account is the new state of an address that it changed.
 * Removes what its nonce has passed (no drop: it was included, unless the id
 * is not in the block, which is ERR_NONCE_TOO_LOW as a drop: the caller
 * first takes out the included ids with mempool_remove_included()), and
 * decides anew which of the rest are executable and payable; what cannot be
 * paid any more is dropped as ERR_INSUFFICIENT_BALANCE.
 */
void mempool_account_changed(struct mempool *m, const struct account *account);
void mempool_remove_included(struct mempool *m, const struct hash *id);
/* Drop what is not valid at this height any more (ERR_EXPIRED). */
void mempool_expire(struct mempool *m, uint64_t height);

/* An entry as seen from outside; borrowed until the pool changes. */
struct mempool_entry {
	const struct tx *tx; /* with its own bytes, id and full hash */
	enum mempool_place place;
	uint64_t arrival; /* counts up */
};

/* false when no such id is pending or queued. */
bool mempool_get(const struct mempool *m, struct mempool_entry *out,
		 const struct hash *id);
/* Walk by arrival: start with *arrival = 0; false at the end. */
bool mempool_next(const struct mempool *m, struct mempool_entry *out,
		  uint64_t *arrival);
size_t mempool_count(const struct mempool *m);
size_t mempool_executable(const struct mempool *m); /* of these, pending */
size_t mempool_bytes(const struct mempool *m);
/* The nonce that the sender's next transaction should have, when the
 * account's is account_nonce. */
uint64_t mempool_next_nonce(const struct mempool *m,
			    const struct address *sender,
			    uint64_t account_nonce);
/* Sums over pending transactions: amounts to the address, and amounts and
 * fees from it. */
void mempool_flow(const struct mempool *m, uint64_t *in, uint64_t *out,
		  const struct address *address);

/*
 * Choose transactions for a block: the best executable one first, each
 * sender's in nonce order. The pool must not change while a pick lives.
 */
struct mempool_pick;
MUST_USE struct mempool_pick *mempool_pick_new(const struct mempool *m);
void mempool_pick_free(struct mempool_pick *p);
/* NULL when there is none left. */
const struct tx *mempool_pick_next(struct mempool_pick *p);
/* Leave out the rest of the sender of the one just given. */
void mempool_pick_skip_sender(struct mempool_pick *p);

/* How many were ever dropped (not included); and why this id was, among the
 * last MEMPOOL_DROPPED_KEPT. ERR_OK when it is not among them. */
uint64_t mempool_drops(const struct mempool *m);
enum err mempool_dropped(const struct mempool *m, const struct hash *id);

#endif

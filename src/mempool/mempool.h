/* SPDX-License-Identifier: MIT */
/*
 * Pending transactions: verified, not yet in a block. One queue per sender,
 * ordered by nonce: what follows the account's nonce without a gap is
 * executable ("pending"), what stands behind a gap is "queued". Ordered by
 * fee per byte of full bytes, then by arrival. Bounded in bytes and per
 * account; a full pool drops the cheapest: queued ones before pending ones
 * (their fees are promises that may never be kept), then by fee per byte,
 * then the newest.
 *
 * Every entry can be paid from the state that the pool was told last, after
 * the pending ones of its sender before it. Queued ones are not charged to
 * each other until the gap before them closes.
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
/* max_bytes counts full bytes plus MEMPOOL_ENTRY_COST per transaction: a
 * measure that does not depend on the machine. Real memory is some 200
 * bytes per transaction more. */
#define MEMPOOL_ENTRY_COST 440
MUST_USE struct mempool *mempool_new(size_t max_bytes, uint64_t seed);
void mempool_free(struct mempool *m);

/*
 * Whether tx could enter, before the cost of checking its signature. tx is
 * decoded and hashed. account is the sender's present state (of the tip),
 * the one that mempool_account_changed() told last; height that of the next
 * block. ERR_OK also when it is in the pool already (then *known: its id is
 * there; compare full hashes to know whether the bytes are).
 * ERR_NONCE_TOO_LOW, ERR_NONCE_GAP (beyond the window, which also bounds a
 * sender's queue), ERR_EXPIRED, ERR_AMOUNT_OVERFLOW (amount + fee),
 * ERR_REPLACEMENT_FEE_TOO_LOW (below 110% of the fee of the one with its
 * nonce, rounded up, or not more than it), ERR_INSUFFICIENT_BALANCE (amounts
 * and fees of its sender's earlier pending nonces included, not those of the
 * one that it replaces), ERR_MEMPOOL_FULL (it would be the cheapest itself,
 * or could only enter by dropping an earlier nonce of its own sender). The
 * first that applies, in this order. The fault names the field ("number",
 * "amount", ...). min_fee is the ledger's.
 *
 * Those before it may be on their way still (a client sends a run at once):
 * here a full pool has room for it as if they had come. mempool_add() knows.
 */
MUST_USE enum err mempool_check(const struct mempool *m, bool *known,
				const struct tx *tx,
				const struct account *account, uint64_t height,
				struct fault *f);
/*
 * Add a verified, hashed transaction; its full bytes are copied. Errors as
 * above. When its id is there already: ERR_OK, the bytes that came first
 * stay. May drop others: what it replaces (ERR_REPLACED), what is cheaper in
 * a full pool (ERR_MEMPOOL_FULL), and later ones of its sender that cannot
 * be paid after it (ERR_INSUFFICIENT_BALANCE). What stood behind a dropped
 * one becomes queued.
 */
MUST_USE enum err mempool_add(struct mempool *m, enum mempool_place *place,
			      const struct tx *tx,
			      const struct account *account, uint64_t height,
			      struct fault *f);

/*
 * account is the new state of an address that a block changed. Removes what
 * its nonce has passed (as drops, ERR_NONCE_TOO_LOW: the caller first takes
 * out the included ids with mempool_remove_included()), and decides anew
 * which of the rest are executable and payable; what cannot be paid any more
 * is dropped as ERR_INSUFFICIENT_BALANCE. When the nonce went back (a
 * reorganisation), what is beyond the window then is dropped as
 * ERR_NONCE_GAP.
 */
void mempool_account_changed(struct mempool *m, const struct account *account);
/* Take out what a block includes, in the block's order: no drop. The rest of
 * a sender's run stays pending. Fine when the id is not there. */
void mempool_remove_included(struct mempool *m, const struct hash *id);
/* The ledger will not have this one: drop it, for this reason. Fine when the id
 * is not there. */
void mempool_refuse(struct mempool *m, const struct hash *id, enum err reason);
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
/* The same by sender and nonce. */
bool mempool_find(const struct mempool *m, struct mempool_entry *out,
		  const struct address *sender, uint64_t nonce);
/* Walk by arrival: start with *arrival = 0; false at the end. The pool may
 * change between two calls: what came later is seen. */
bool mempool_next(const struct mempool *m, struct mempool_entry *out,
		  uint64_t *arrival);
size_t mempool_count(const struct mempool *m);
size_t mempool_executable(const struct mempool *m); /* of these, pending */
size_t mempool_operations(const struct mempool *m); /* that are no transfer */
size_t mempool_bytes(const struct mempool *m);	    /* as max_bytes counts */
/* The nonce that the sender's next transaction should have, when the
 * account's is account_nonce: the first that is missing. */
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

/* How many were ever dropped (not included; a refusal is no drop); and why
 * this id was, among the last MEMPOOL_DROPPED_KEPT. ERR_OK when it is not
 * among them, or came back, or was included since. */
uint64_t mempool_drops(const struct mempool *m);
/* It was in a block that was taken back, and cannot enter: remember that as a
 * drop. */
void mempool_note_dropped(struct mempool *m, const struct hash *id,
			  enum err reason);
enum err mempool_dropped(const struct mempool *m, const struct hash *id);

#endif

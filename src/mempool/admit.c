/* SPDX-License-Identifier: MIT */
/*
 * Whether a transaction may enter the pool, and what goes for it. Decides
 * everything before anything changes, so that a refusal leaves no trace.
 */
#include <inttypes.h>

#include "mempool/pool.h"

/* The most entries that have to go for one that is as big as any. */
#define VICTIMS_MAX                                                            \
	((TX_BYTES_MAX + MEMPOOL_ENTRY_COST) / MEMPOOL_ENTRY_COST + 1)

/* What adding a transaction means. */
struct plan {
	struct entry *replaced; /* NULL: none */
	enum mempool_place place;
	struct entry *victims[VICTIMS_MAX];
	size_t victim_count;
};

static enum err check_form(const struct tx *tx, const struct account *account,
			   uint64_t height, struct fault *f)
{
	uint64_t cost;

	if (!tx->raw.len || tx->raw.len > TX_BYTES_MAX)
		BUG("the transaction was not decoded");
	if (tx->nonce < account->nonce)
		return fault_set(f, ERR_NONCE_TOO_LOW, "number",
				 "%" PRIu64 " was used already; the account's "
				 "next is %" PRIu64,
				 tx->nonce, account->nonce);
	if (tx->nonce - account->nonce >= MEMPOOL_NONCE_WINDOW)
		return fault_set(f, ERR_NONCE_GAP, "number",
				 "%" PRIu64 " is too far ahead; the account's "
				 "next is %" PRIu64 ", and %d are taken from "
				 "there",
				 tx->nonce, account->nonce,
				 MEMPOOL_NONCE_WINDOW);
	if (tx->valid_until && tx->valid_until < height)
		return fault_set(f, ERR_EXPIRED, "valid_until",
				 "%" PRIu64 " has passed; the next block is "
				 "%" PRIu64,
				 tx->valid_until, height);
	if (!amount_add(&cost, tx->amount, tx->fee))
		return fault_set(f, ERR_AMOUNT_OVERFLOW, "amount",
				 "amount %" PRIu64 " and fee %" PRIu64
				 " together pass %" PRIu64,
				 tx->amount, tx->fee, AMOUNT_MAX);
	return ERR_OK;
}

/* What the sender's entries that follow the account's nonce without a gap
 * cost before this nonce; *place is where it would stand itself. */
static uint64_t cost_before(enum mempool_place *place, const struct party *p,
			    const struct account *account, uint64_t nonce)
{
	uint64_t next = account->nonce, cost = 0;
	size_t i;

	*place = nonce == next ? MEMPOOL_PENDING : MEMPOOL_QUEUED;
	if (!p || !p->count)
		return 0;
	if (p->nonce == next && nonce - next >= p->run) {
		if (nonce - next == p->run)
			*place = MEMPOOL_PENDING;
		return p->run_cost;
	}
	for (i = queue_lower(p, next); i < p->count; i++) {
		if (next == nonce || p->queue[i]->tx.nonce != next)
			break;
		cost += p->queue[i]->cost;
		next++;
	}
	*place = next == nonce ? MEMPOOL_PENDING : MEMPOOL_QUEUED;
	return cost;
}

static enum err check_replacement(const struct entry *old, const struct tx *tx,
				  struct fault *f)
{
	/* at most 2^53 each: eleven of them do not overflow */
	uint64_t least = (old->tx.fee * 11 + 9) / 10;

	if (least == old->tx.fee)
		least++;
	if (tx->fee >= least)
		return ERR_OK;
	return fault_set(f, ERR_REPLACEMENT_FEE_TOO_LOW, "fee",
			 "%" PRIu64 ", but the one in the pool pays %" PRIu64
			 ": at least %" PRIu64 " is needed to replace it",
			 tx->fee, old->tx.fee, least);
}

/* Choose who goes so that tx fits: those that are cheaper than it. */
static bool make_room(const struct mempool *m, struct plan *plan,
		      const struct party *sender, const struct tx *tx)
{
	struct key key = key_cheap(plan->place == MEMPOOL_PENDING, tx->fee,
				   tx->raw.len, m->arrival + 1);
	size_t have = m->max_bytes - m->bytes, need = entry_bytes(tx);
	bool ok = true;
	struct walk w;

	if (plan->replaced)
		have += entry_bytes(&plan->replaced->tx);
	if (have >= need)
		return true;
	walk_init(&w, &m->heaps[HEAP_CHEAP]);
	while (ok && have < need) {
		struct entry *e = walk_next(&w);

		if (e && e == plan->replaced)
			continue;
		/* nor may it cut the ground from under its own feet */
		ok = e && key_is_less(heap_key(w.of, e), key) &&
		     !(e->sender == sender && e->tx.nonce < tx->nonce) &&
		     plan->victim_count < VICTIMS_MAX;
		if (!ok)
			break;
		plan->victims[plan->victim_count++] = e;
		have += entry_bytes(&e->tx);
	}
	walk_release(&w);
	return ok;
}

/* ahead: those before it may be on their way, so it is to find its room as
 * if they were here. */
static enum err examine(const struct mempool *m, struct plan *plan, bool ahead,
			const struct tx *tx, const struct account *account,
			uint64_t height, struct fault *f)
{
	const struct party *p = party_find(m, &tx->sender);
	uint64_t before;
	enum err err;

	plan->replaced = NULL;
	plan->victim_count = 0;
	err = check_form(tx, account, height, f);
	if (err)
		return err;
	if (p) {
		size_t at = queue_lower(p, tx->nonce);

		if (at < p->count && p->queue[at]->tx.nonce == tx->nonce) {
			plan->replaced = p->queue[at];
			err = check_replacement(plan->replaced, tx, f);
			if (err)
				return err;
		}
	}
	before = cost_before(&plan->place, p, account, tx->nonce);
	if (before > account->balance ||
	    tx->amount + tx->fee > account->balance - before)
		return fault_set(f, ERR_INSUFFICIENT_BALANCE, "amount",
				 "amount %" PRIu64 " and fee %" PRIu64
				 " after %" PRIu64 " of pending transactions; "
				 "the balance is %" PRIu64,
				 tx->amount, tx->fee, before, account->balance);
	if (ahead)
		plan->place = MEMPOOL_PENDING;
	if (!make_room(m, plan, p, tx))
		return fault_set(f, ERR_MEMPOOL_FULL, "fee",
				 "%" PRIu64 " for %zu bytes is too little "
				 "while the pool is full",
				 tx->fee, tx->raw.len);
	return ERR_OK;
}

enum err mempool_check(const struct mempool *m, bool *known,
		       const struct tx *tx, const struct account *account,
		       uint64_t height, struct fault *f)
{
	struct plan plan;

	*known = map_get(m->ids, tx->id.b) != NULL;
	if (*known)
		return ERR_OK;
	return examine(m, &plan, true, tx, account, height, f);
}

enum err mempool_add(struct mempool *m, enum mempool_place *place,
		     const struct tx *tx, const struct account *account,
		     uint64_t height, struct fault *f)
{
	struct entry *e = map_get(m->ids, tx->id.b);
	const struct party *p;
	struct plan plan;
	enum err err;
	size_t i;

	if (e) {
		*place = e->place;
		return ERR_OK;
	}
	p = party_find(m, &tx->sender);
	if (p && p->count &&
	    (p->nonce != account->nonce || p->balance != account->balance))
		mempool_account_changed(m, account);
	err = examine(m, &plan, false, tx, account, height, f);
	if (err)
		return err;
	for (i = 0; i < plan.victim_count; i++) {
		struct party *s = plan.victims[i]->sender;

		queue_drop(m, plan.victims[i], ERR_MEMPOOL_FULL);
		party_tidy(m, s);
	}
	if (plan.replaced) {
		struct party *s = plan.replaced->sender;

		queue_drop(m, plan.replaced, ERR_REPLACED);
		party_tidy(m, s);
	}
	drop_forget(m, &tx->id);
	*place = queue_insert(m, tx, account)->place;
	return ERR_OK;
}

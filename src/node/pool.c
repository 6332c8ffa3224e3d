/* SPDX-License-Identifier: MIT */
/*
 * What the pool hears when the tip moves, by a block of our own or by a
 * branch.
 */
#include <stdlib.h>

#include "chain/tables.h"
#include "ledger/apply.h"
#include "node/internal.h"
#include "node/peers.h"

uint64_t pool_unseen(const struct node *n)
{
	return unseen_balance(chain_rules(n->chain),
			      chain_tip(n->chain)->supply);
}

/* What an address never seen holds shrinks when the supply nears the cap, and
 * no delta tells that: let the pool look at such senders again. */
static enum err retell_unseen(struct node *n, uint64_t before)
{
	struct mempool_entry entry;
	struct account account;
	uint64_t arrival = 0;
	bool existed;
	enum err e;

	if (pool_unseen(n) == before)
		return ERR_OK;
	while (mempool_next(n->pool, &entry, &arrival)) {
		e = chain_account(&account, &existed, n->chain, n->store,
				  &entry.tx->sender);
		if (e)
			return e;
		if (!existed)
			mempool_account_changed(n->pool, &account);
	}
	return ERR_OK;
}

/* --- votes and evidence -------------------------------------------------- */

static enum err check_vote(const struct governance *g, const struct tx *tx,
			   struct fault *f)
{
	if (validators_find(&g->set, &tx->sender) != SIZE_MAX)
		return ERR_OK;
	return fault_set(f, ERR_NOT_A_VALIDATOR, "from",
			 "the sender is none of the %zu validators of the next "
			 "block",
			 g->set.count);
}

static enum err check_evidence(const struct governance *g, const struct tx *tx,
			       struct fault *f)
{
	struct address offender;
	struct double_vote d;
	size_t i;

	if (double_vote_decode(&d, tx->double_vote))
		BUG("the transaction was not decoded");
	key_address(&offender, d.key);
	if (validators_find(&g->set, &offender) == SIZE_MAX)
		return fault_set(f, ERR_NOT_A_VALIDATOR, "evidence",
				 "the offender is no validator any more");
	for (i = 0; i < g->offender_count; i++)
		if (address_eq(&g->offenders[i].account, &offender))
			return fault_set(f, ERR_EXISTS, "evidence",
					 "the offender is known as one");
	return ERR_OK;
}

enum err pool_check_operation(const struct node *n, const struct tx *tx,
			      struct fault *f)
{
	const struct governance *g = chain_governance(n->chain);

	if (tx->op == TX_TRANSFER)
		return ERR_OK;
	if (!g->set.count)
		return fault_set(f, ERR_UNSUPPORTED_OPERATION, "operations",
				 "votes and evidence are for a chain with "
				 "validators, expected a transfer");
	return tx->op == TX_VOTE ? check_vote(g, tx, f)
				 : check_evidence(g, tx, f);
}

bool pool_is_final(const struct tx *tx, enum err e)
{
	if (tx->op == TX_TRANSFER)
		return false;
	switch ((int)e) {
	case ERR_NOT_A_VALIDATOR:
	case ERR_EXISTS:
	case ERR_NOT_FOUND:
	case ERR_TOO_MANY:
	case ERR_OUT_OF_RANGE:
	case ERR_UNSUPPORTED_OPERATION:
		return true;
	default:
		return false;
	}
}

/* Whether the ledger would have it next, all alone. */
static enum err try_next(struct node *n, const struct tx *tx, struct fault *f)
{
	struct candidate *b = candidate_new(n->chain, n->store);
	enum err e = candidate_add(b, tx, f);

	candidate_free(b);
	return e;
}

enum err pool_try_operation(struct node *n, const struct tx *tx, uint64_t nonce,
			    struct fault *f)
{
	struct fault why;
	enum err e;

	/* while a branch lives there is no other on the chain (branch.h); with
	 * its tip the pool is tried again */
	if (tx->op == TX_TRANSFER || tx->nonce != nonce || sync_is_moving(n))
		return ERR_OK;
	e = try_next(n, tx, &why);
	if (!pool_is_final(tx, e))
		return ERR_OK;
	*f = why;
	return e;
}

/* A node that makes no blocks learns here that a vote has become void: each
 * whose turn it is is tried on the tip. They are few: only members vote. */
static void retry_operations(struct node *n)
{
	struct mempool_entry entry;
	uint64_t arrival = 0;
	struct fault f;
	enum err e;

	while (mempool_operations(n->pool) &&
	       mempool_next(n->pool, &entry, &arrival)) {
		if (entry.tx->op == TX_TRANSFER)
			continue;
		e = pool_check_operation(n, entry.tx, NULL);
		if (!e)
			e = try_next(n, entry.tx, &f);
		if (pool_is_final(entry.tx, e))
			mempool_refuse(n->pool, &entry.tx->id, e);
	}
}

enum err pool_tip_moved(struct node *n, uint64_t before)
{
	enum err e = retell_unseen(n, before);

	if (!e)
		retry_operations(n);
	return e;
}

/* --- what is in blocks --------------------------------------------------- */

enum err pool_is_included(struct node *n, bool *included, const struct hash *id)
{
	struct span value;
	enum err e;

	e = kv_get(chain_view(n->chain, n->store), &value, KV_TXIDS,
		   hash_span(id));
	*included = !e;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Its signature held once, so it holds. */
static enum err take_back(struct node *n, const struct tx *tx)
{
	enum mempool_place place;
	struct account account;
	struct fault why;
	bool existed, included;
	enum err e;

	e = pool_is_included(n, &included, &tx->id);
	if (e || included)
		return e; /* the new branch has it too */
	e = chain_account(&account, &existed, n->chain, n->store, &tx->sender);
	if (e)
		return e;
	e = mempool_add(n->pool, &place, tx, &account,
			chain_tip(n->chain)->height + 1, &why);
	if (e)
		mempool_note_dropped(n->pool, &tx->id, e);
	else
		gossip_entered(n, tx, 0);
	return ERR_OK;
}

enum err pool_take_back(struct node *n, struct span raw)
{
	struct block b;
	struct tx tx;
	enum err e;
	size_t i;

	e = block_decode(&b, raw);
	for (i = 0; !e && i < b.tx_count; i++) {
		e = tx_decode(&tx, b.txs[i], TX_BYTES_MAX, NULL);
		if (e)
			break;
		tx_hash(&tx, chain_genesis(n->chain));
		e = take_back(n, &tx);
	}
	block_release(&b);
	return e;
}

/* The last move and its lowest block first, as the nonces go. */
enum err pool_open(struct node *n)
{
	struct kv_cursor *c = kv_cursor_open(n->store, KV_ORPHANS);
	uint8_t key[HEIGHT_KEY_LEN];
	struct span raw, delta;
	uint64_t number;
	enum err e;

	for (e = kv_seek_before(c, SPAN(NULL, 0)); !e;
	     e = kv_seek_before(c, height_key(key, number))) {
		e = height_decode(&number, c->key);
		if (!e)
			e = orphan_decode(&raw, &delta, c->value);
		if (!e)
			e = pool_take_back(n, raw);
		if (e)
			break;
	}
	kv_cursor_close(c);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

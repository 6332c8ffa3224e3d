/* SPDX-License-Identifier: MIT */
/*
 * Apply transactions on an overlay of the state. Amounts cannot overflow
 * here: all balances together are the supply, which never passes the cap;
 * what breaks that is a bug, not an input.
 */
#include "ledger/apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/map.h"

struct entry {
	struct hash key;
	bool existed; /* in the view */
	bool touched; /* exists in the state after what was applied */
	struct account old;
	struct account now; /* balance is not yet valid unless exists() */
};

struct overlay {
	const struct rules *rules;
	struct kv_view *view;
	uint64_t supply;
	uint64_t fees;
	struct map *entries; /* address -> struct entry */
	/* NULL: the chain has no validators */
	struct governance_block *votes;
};

uint64_t unseen_balance(const struct rules *rules, uint64_t supply)
{
	uint64_t room = AMOUNT_MAX - supply;

	return rules->new_address_balance < room ? rules->new_address_balance
						 : room;
}

enum err account_read(struct account *out, bool *existed, struct kv_view *view,
		      const struct rules *rules, uint64_t supply,
		      const struct address *address)
{
	struct span record;
	struct hash key;
	enum err e;

	account_key(&key, address);
	e = kv_get(view, &record, KV_ACCOUNTS, hash_span(&key));
	*existed = !e;
	if (e == ERR_NOT_FOUND) {
		*out = (struct account){
			.address = *address,
			.balance = unseen_balance(rules, supply),
		};
		return ERR_OK;
	}
	return e ? e : account_decode(out, record);
}

struct overlay *overlay_new(const struct rules *rules, struct kv_view *view,
			    uint64_t supply, uint64_t seed)
{
	struct overlay *o = xcalloc(1, sizeof(*o));

	o->rules = rules;
	o->view = view;
	o->supply = supply;
	o->entries = map_new(ADDRESS_LEN, seed);
	return o;
}

void overlay_free(struct overlay *o)
{
	size_t at = 0;
	void *entry;

	if (!o)
		return;
	while (map_next(o->entries, &at, NULL, &entry))
		free(entry);
	map_free(o->entries);
	governance_block_free(o->votes);
	free(o);
}

void overlay_govern(struct overlay *o, const struct governance *g)
{
	governance_block_free(o->votes);
	o->votes = governance_begin(g);
}

void overlay_governance(struct governance *out, struct overlay *o)
{
	governance_end(out, o->votes);
	governance_block_free(o->votes);
	o->votes = NULL;
}

static enum err load(struct overlay *o, struct entry **out,
		     const struct address *address)
{
	struct entry *n = map_get(o->entries, address->b);
	enum err e;

	*out = n;
	if (n)
		return ERR_OK;
	n = xcalloc(1, sizeof(*n));
	e = account_read(&n->old, &n->existed, o->view, o->rules, o->supply,
			 address);
	if (e) {
		free(n);
		return e;
	}
	account_key(&n->key, address);
	n->now = n->old;
	map_put(o->entries, address->b, n);
	*out = n;
	return ERR_OK;
}

static bool exists(const struct entry *n)
{
	return n->existed || n->touched;
}

static uint64_t balance(const struct overlay *o, const struct entry *n)
{
	return exists(n) ? n->now.balance : unseen_balance(o->rules, o->supply);
}

/* The account is in the state from here on; what it is given for that is
 * minted. */
static void touch(struct overlay *o, struct entry *n)
{
	if (exists(n))
		return;
	n->now.balance = unseen_balance(o->rules, o->supply);
	o->supply += n->now.balance;
	n->touched = true;
}

static void credit(struct entry *n, uint64_t amount)
{
	if (!amount_add(&n->now.balance, n->now.balance, amount))
		BUG("a balance passes the cap");
}

static enum err check(const struct overlay *o, const struct entry *sender,
		      const struct tx *tx, uint64_t height, struct fault *f)
{
	uint64_t total, have = balance(o, sender);

	if (tx->raw.len > o->rules->max_tx_bytes)
		return fault_set(f, ERR_TOO_BIG, "",
				 "the transaction has %zu bytes, expected at "
				 "most %llu",
				 tx->raw.len,
				 (unsigned long long)o->rules->max_tx_bytes);
	if (tx->valid_until && tx->valid_until < height)
		return fault_set(f, ERR_EXPIRED, "valid_until",
				 "valid_until is %llu, expected at least %llu",
				 (unsigned long long)tx->valid_until,
				 (unsigned long long)height);
	if (tx->fee < o->rules->min_fee)
		return fault_set(f, ERR_FEE_TOO_LOW, "fee",
				 "fee is %llu, expected at least %llu",
				 (unsigned long long)tx->fee,
				 (unsigned long long)o->rules->min_fee);
	if (tx->nonce != sender->now.nonce)
		return fault_set(f,
				 tx->nonce < sender->now.nonce
					 ? ERR_NONCE_TOO_LOW
					 : ERR_NONCE_GAP,
				 "number", "number is %llu, expected %llu",
				 (unsigned long long)tx->nonce,
				 (unsigned long long)sender->now.nonce);
	if (!amount_add(&total, tx->amount, tx->fee))
		return fault_set(f, ERR_AMOUNT_OVERFLOW, "amount",
				 "amount and fee pass 2^53 - 1");
	if (total > have)
		return fault_set(f, ERR_INSUFFICIENT_BALANCE, "amount",
				 "amount and fee are %llu, the balance is %llu",
				 (unsigned long long)total,
				 (unsigned long long)have);
	return ERR_OK;
}

/* What the operation says besides who is paid; on an error nothing. */
static enum err govern(struct overlay *o, const struct tx *tx, uint64_t height,
		       struct fault *f)
{
	struct validator_change change;
	struct double_vote twice;
	enum err e;

	if (tx->op == TX_TRANSFER)
		return ERR_OK;
	if (!o->votes)
		return fault_set(f, ERR_UNSUPPORTED_OPERATION, "operations",
				 "votes and evidence are for a chain with "
				 "validators, expected a transfer");
	if (tx->op == TX_VOTE) {
		e = change_decode(&change, tx->change);
		return e ? fault_set(f, e, "vote",
				     "expected [0, key, few] or [1, address, "
				     "few]")
			 : governance_vote(o->votes, &tx->sender, &change,
					   tx->approve, height, f);
	}
	e = double_vote_decode(&twice, tx->double_vote);
	return e ? fault_set(f, e, "evidence", "expected two votes of a key")
		 : governance_offence(o->votes, &twice, height, f);
}

enum err overlay_apply(struct overlay *o, const struct tx *tx, uint64_t height,
		       struct fault *f)
{
	const struct address *to = tx_recipient(tx);
	struct entry *sender, *recipient = NULL;
	enum err e;

	if ((e = load(o, &sender, &tx->sender)) ||
	    (to && (e = load(o, &recipient, to))))
		return fault_set(f, e, "", "the store failed");
	e = check(o, sender, tx, height, f);
	if (!e)
		e = govern(o, tx, height, f);
	if (e)
		return e;
	touch(o, sender);
	if (recipient)
		touch(o, recipient);
	sender->now.balance -= tx->amount + tx->fee;
	sender->now.nonce++;
	if (recipient)
		credit(recipient, tx->amount);
	o->fees += tx->fee;
	return ERR_OK;
}

static int by_key(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return memcmp((*x)->key.b, (*y)->key.b, HASH_LEN);
}

static bool is_changed(const struct entry *n)
{
	if (!n->existed)
		return n->touched;
	return n->old.balance != n->now.balance || n->old.nonce != n->now.nonce;
}

static void make_delta(struct delta *out, const struct overlay *o)
{
	struct entry **list = xcalloc(map_count(o->entries), sizeof(*list));
	size_t count = 0, at = 0, i;
	void *entry;

	while (map_next(o->entries, &at, NULL, &entry))
		if (is_changed(entry))
			list[count++] = entry;
	qsort(list, count, sizeof(*list), by_key);
	out->changes = xcalloc(count, sizeof(*out->changes));
	out->count = count;
	for (i = 0; i < count; i++)
		out->changes[i] = (struct delta_change){
			.existed = list[i]->existed,
			.old = list[i]->old,
			.new = list[i]->now,
		};
	free(list);
}

enum err overlay_finish(struct overlay *o, struct delta *out,
			const struct address *producer)
{
	struct entry *n;
	uint64_t room;
	enum err e;

	*out = (struct delta){.fees = o->fees};
	if (!producer && o->fees)
		BUG("fees without a producer");
	/* A block that pays nothing leaves its producer as it is. */
	if (producer && (o->fees || o->rules->reward)) {
		e = load(o, &n, producer);
		if (e)
			return e;
		touch(o, n);
		room = AMOUNT_MAX - o->supply;
		out->reward = o->rules->reward < room ? o->rules->reward : room;
		o->supply += out->reward;
		credit(n, o->fees);
		credit(n, out->reward);
	}
	out->supply = o->supply;
	make_delta(out, o);
	return ERR_OK;
}

/* A change and what it is sorted by: hashed once. */
struct keyed {
	struct hash key;
	struct delta_change change;
};

static int by_account_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	return memcmp(x->key.b, y->key.b, HASH_LEN);
}

static void sort_by_key(struct delta *d)
{
	struct keyed *list = xcalloc(d->count, sizeof(*list));
	size_t i;

	for (i = 0; i < d->count; i++) {
		list[i].change = d->changes[i];
		account_key(&list[i].key, &list[i].change.new.address);
	}
	qsort(list, d->count, sizeof(*list), by_account_key);
	for (i = 0; i < d->count; i++)
		d->changes[i] = list[i].change;
	free(list);
}

void genesis_delta(struct delta *out, const struct rules *rules)
{
	bool coinbase = rules->has_coinbase;
	size_t i;

	*out = (struct delta){0};
	out->changes = xcalloc(rules->alloc_count + 1, sizeof(*out->changes));
	for (i = 0; i < rules->alloc_count; i++) {
		struct account *a = &out->changes[out->count++].new;

		a->address = rules->alloc[i].address;
		a->balance = rules->alloc[i].balance;
		if (coinbase && address_eq(&a->address, &rules->coinbase)) {
			a->balance += rules->coinbase_reward;
			coinbase = false;
		}
	}
	if (coinbase) {
		struct account *a = &out->changes[out->count++].new;

		a->address = rules->coinbase;
		a->balance = rules->coinbase_reward;
	}
	if (rules->has_coinbase)
		out->reward = rules->coinbase_reward;
	for (i = 0; i < out->count; i++)
		if (!amount_add(&out->supply, out->supply,
				out->changes[i].new.balance))
			BUG("the genesis supply passes the cap");
	sort_by_key(out);
}

void state_root(struct hash *out, const struct hash *tree_root, uint64_t supply)
{
	static const struct hash zeros;
	uint8_t body[HASH_LEN + 8];

	memcpy(body, tree_root->b, HASH_LEN);
	put_be64(body + HASH_LEN, supply);
	digest(out, DOMAIN_STATE, &zeros, SPAN_OF(body));
}

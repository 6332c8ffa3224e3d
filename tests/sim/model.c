/* SPDX-License-Identifier: MIT */
/* The naive ledger; see the header. */
#include "sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/tx.h"
#include "sim/keys.h"

static void leaf_of(struct model_account *m)
{
	struct buf record = {0};
	struct hash h;

	account_encode(&record, &m->account);
	sha256(&h, buf_span(&record));
	hash_pair(&m->leaf, 0, &m->key, &h);
	buf_release(&record);
}

/* The definition in ledger/state_tree.h, to the letter. */
static void tree_root(struct hash *out, const struct model_account *list,
		      size_t count, unsigned depth)
{
	struct hash left, right;
	size_t zeros = 0;

	memset(out->b, 0, HASH_LEN);
	if (count == 1)
		*out = list->leaf;
	if (count <= 1)
		return;
	while (zeros < count &&
	       !(list[zeros].key.b[depth / 8] & 0x80 >> depth % 8))
		zeros++;
	tree_root(&left, list, zeros, depth + 1);
	tree_root(&right, list + zeros, count - zeros, depth + 1);
	hash_pair(out, 1, &left, &right);
}

static void root_of(struct hash *out, const struct model_block *b)
{
	static const struct hash zeros;
	uint8_t body[HASH_LEN + 8];
	struct hash tree;

	tree_root(&tree, b->accounts, b->account_count, 0);
	memcpy(body, tree.b, HASH_LEN);
	put_be64(body + HASH_LEN, b->supply);
	digest(out, DOMAIN_STATE, &zeros, SPAN_OF(body));
}

static size_t place_of(const struct model_block *b, const struct hash *key)
{
	size_t low = 0, high = b->account_count, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (memcmp(b->accounts[mid].key.b, key->b, HASH_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct model_account *model_account(const struct model_block *b,
					  const struct address *address)
{
	struct hash key;
	size_t at;

	sha256(&key, address_span(address));
	at = place_of(b, &key);
	if (at < b->account_count && hash_eq(&b->accounts[at].key, &key))
		return &b->accounts[at];
	return NULL;
}

static struct model_note *note(struct model_block *b,
			       const struct address *address)
{
	struct model_note *n;
	size_t i;

	for (i = 0; i < b->note_count; i++)
		if (address_eq(&b->notes[i].address, address))
			return &b->notes[i];
	b->notes = xrealloc(b->notes, b->note_count + 1, sizeof(*b->notes));
	n = &b->notes[b->note_count++];
	*n = (struct model_note){.address = *address};
	return n;
}

static void note_index(struct model_block *b, const struct address *address,
		       size_t index)
{
	struct model_note *n = note(b, address);

	if (n->count && n->indexes[n->count - 1] == index)
		return; /* to itself */
	n->indexes = xrealloc(n->indexes, n->count + 1, sizeof(*n->indexes));
	n->indexes[n->count++] = (uint32_t)index;
}

/* The account, minted what new ones are when it is not there. */
static struct account *touch(const struct model *m, struct model_block *b,
			     const struct address *address)
{
	struct hash key;
	size_t at;

	sha256(&key, address_span(address));
	at = place_of(b, &key);
	if (at < b->account_count && hash_eq(&b->accounts[at].key, &key))
		return &b->accounts[at].account;
	b->accounts = xrealloc(b->accounts, b->account_count + 1,
			       sizeof(*b->accounts));
	memmove(b->accounts + at + 1, b->accounts + at,
		(b->account_count - at) * sizeof(*b->accounts));
	b->account_count++;
	b->accounts[at] = (struct model_account){
		.key = key, .account = {.address = *address}};
	b->accounts[at].account.balance = m->rules->new_address_balance;
	if (b->supply + m->rules->new_address_balance > AMOUNT_MAX)
		b->accounts[at].account.balance = AMOUNT_MAX - b->supply;
	b->supply += b->accounts[at].account.balance;
	return &b->accounts[at].account;
}

static const char *pay(const struct model *m, struct model_block *b,
		       const struct tx *tx, uint64_t *fees)
{
	const struct rules *rules = m->rules;
	struct account *from = touch(m, b, &tx->sender);

	if (from->nonce != tx->nonce)
		return "its nonce is not the account's";
	if (tx->amount + tx->fee > from->balance)
		return "its sender cannot pay it";
	if (tx->fee < rules->min_fee)
		return "its fee is below min_fee";
	if (tx->valid_until && tx->valid_until < b->header.height)
		return "it is expired";
	from->nonce++;
	from->balance -= tx->amount + tx->fee;
	if (tx->op == TX_TRANSFER)
		touch(m, b, &tx->recipient)->balance += tx->amount;
	*fees += tx->fee;
	return sets_operation(&b->sets, m->people, tx, b->header.height);
}

static const char *add_tx(const struct model *m, struct model_block *b,
			  size_t i, struct span raw, uint64_t *fees)
{
	const uint8_t *spki;
	const char *wrong;
	struct tx tx;

	if (tx_decode(&tx, raw, m->rules->max_tx_bytes, NULL))
		return "it cannot be decoded";
	tx_hash(&tx, &m->genesis);
	spki = map_get(m->keys, tx.sender.b);
	if (!spki)
		return "nobody has its sender's key";
	if (sim_verify(SPAN(spki, SIM_SPKI), &tx.id, tx.signature))
		return "its signature does not hold";
	if (!sets_is_signed(&tx, &m->genesis))
		return "a signature in its operation does not hold";
	wrong = pay(m, b, &tx, fees);
	if (wrong)
		return wrong;
	note_index(b, &tx.sender, i);
	if (tx.op == TX_TRANSFER)
		note_index(b, &tx.recipient, i);
	b->ids[i] = tx.id;
	b->fulls[i] = tx.full;
	return NULL;
}

static void end_block(const struct model *m, struct model_block *b,
		      uint64_t fees)
{
	uint64_t reward = m->rules->reward;
	const struct model_account *before;
	struct account *a;
	size_t i;

	if (b->header.has_producer && (reward || fees)) {
		a = touch(m, b, &b->header.producer);
		if (reward > AMOUNT_MAX - b->supply)
			reward = AMOUNT_MAX - b->supply;
		b->supply += reward;
		a->balance += reward + fees;
	}
	for (i = 0; i < b->account_count; i++) {
		struct model_account *now = &b->accounts[i];

		before = b->parent ? model_account(b->parent,
						   &now->account.address)
				   : NULL;
		if (before && before->account.balance == now->account.balance &&
		    before->account.nonce == now->account.nonce)
			continue;
		leaf_of(now);
		note(b, &now->account.address);
	}
	for (i = 0; i < b->note_count; i++) {
		a = touch(m, b, &b->notes[i].address);
		b->notes[i].balance = a->balance;
		b->notes[i].nonce = a->nonce;
	}
}

static const char *check_end(const struct model *m, const struct model_block *b)
{
	uint64_t sum = 0;
	struct hash root;
	size_t i;

	for (i = 0; i < b->account_count; i++)
		sum += b->accounts[i].account.balance;
	if (sum != b->supply || sum > AMOUNT_MAX)
		return "balances do not sum up to the supply";
	root_of(&root, b);
	if (!hash_eq(&root, &b->header.state_root))
		return "the state root is not the naive ledger's";
	if (b->tx_count > m->rules->max_bound)
		return "more transactions than max_bound";
	return NULL;
}

static void block_free(struct model_block *b)
{
	size_t i;

	for (i = 0; i < b->note_count; i++)
		free(b->notes[i].indexes);
	free(b->notes);
	free(b->accounts);
	free(b->ids);
	free(b->fulls);
	buf_release(&b->raw);
	free(b);
}

static struct model_block *follow(struct model_block *parent,
				  const struct header *header)
{
	struct model_block *b = xcalloc(1, sizeof(*b));

	b->parent = parent;
	b->header = *header;
	b->supply = parent->supply;
	b->sets = parent->sets;
	b->account_count = parent->account_count;
	b->accounts = xmemdup(parent->accounts,
			      b->account_count * sizeof(*b->accounts));
	return b;
}

void model_root_after(struct hash *out, const struct model *m,
		      struct model_block *parent, const struct header *header)
{
	struct model_block *b = follow(parent, header);

	end_block(m, b, 0);
	root_of(out, b);
	block_free(b);
}

static const char *replay(const struct model *m, struct model_block *b,
			  const struct block *block)
{
	const char *wrong;
	uint64_t fees = 0;
	size_t i;

	if (b->header.height != b->parent->header.height + 1)
		return "the height is not one above its parent's";
	b->tx_count = block->tx_count;
	b->has_txs = block->tx_count > 0;
	b->ids = xcalloc(b->tx_count, sizeof(*b->ids));
	b->fulls = xcalloc(b->tx_count, sizeof(*b->fulls));
	for (i = 0; i < b->tx_count; i++) {
		wrong = add_tx(m, b, i, block->txs[i], &fees);
		if (wrong)
			return wrong;
	}
	end_block(m, b, fees);
	sets_end(&b->sets);
	return check_end(m, b);
}

static void enlist(struct model *m, struct model_block *b)
{
	map_put(m->blocks, b->hash.b, b);
	if (!(m->count & (m->count - 1)))
		m->list = xrealloc(m->list, 2 * m->count + 1, sizeof(*m->list));
	m->list[m->count++] = b;
}

struct model_block *model_add(struct model *m, struct span raw, char *why)
{
	struct model_block *b, *parent;
	struct block block;
	struct hash hash;
	const char *wrong;

	if (block_decode(&block, raw)) {
		snprintf(why, FAULT_DETAIL_MAX, "a block of other bytes");
		return NULL;
	}
	header_hash(&hash, &m->genesis, block.header_raw);
	b = model_find(m, &hash);
	parent = model_find(m, &block.header.parent);
	if (b || !parent) {
		if (!b)
			snprintf(why, FAULT_DETAIL_MAX, "its parent is none");
		block_release(&block);
		return b;
	}
	b = follow(parent, &block.header);
	b->hash = hash;
	buf_append_span(&b->raw, raw);
	wrong = replay(m, b, &block);
	block_release(&block);
	if (wrong) {
		snprintf(why, FAULT_DETAIL_MAX, "%s", wrong);
		block_free(b);
		return NULL;
	}
	enlist(m, b);
	return b;
}

void model_init(struct model *m, const struct rules *rules,
		const struct hash *genesis, uint64_t seed)
{
	struct model_block *b = xcalloc(1, sizeof(*b));
	struct rules none = *rules;
	struct model free_of_charge = {.rules = &none};
	size_t i;

	*m = (struct model){.rules = rules, .genesis = *genesis, .root = b};
	m->blocks = map_new(HASH_LEN, seed);
	m->keys = map_new(ADDRESS_LEN, seed);
	none.new_address_balance = none.reward = 0;
	b->hash = *genesis;
	b->header.time = rules->genesis_time;
	for (i = 0; i < rules->alloc_count; i++) {
		touch(&free_of_charge, b, &rules->alloc[i].address)->balance =
			rules->alloc[i].balance;
		b->supply += rules->alloc[i].balance;
	}
	end_block(&free_of_charge, b, 0);
	enlist(m, b);
}

void model_release(struct model *m)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		block_free(m->list[i]);
	map_free(m->blocks);
	map_free(m->keys);
	free(m->list);
}

struct model_block *model_find(const struct model *m, const struct hash *hash)
{
	return map_get(m->blocks, hash->b);
}

struct model_block *model_at(struct model_block *b, uint64_t height)
{
	while (b && b->header.height > height)
		b = b->parent;
	return b;
}

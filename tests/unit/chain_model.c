/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "chain_model.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/genesis.h"
#include "chain/tables.h"
#include "codec/msgpack.h"
#include "driver.h"

#define REWARD 7
#define WELCOME 25 /* new_address_balance */
#define RICH 1000000000

struct rng rng;
struct address people[PEOPLE];
struct kv_mem *store;
struct chain *chain;
struct kv_mem *want;
uint64_t want_supply;
struct hash want_hashes[WANT_HEIGHTS];

static struct secret_key *keys[PEOPLE];
static uint64_t strangers;

/* What a block says of one address. */
struct note {
	struct address address;
	bool named;
	uint32_t index[TXS_MAX];
	size_t count;
};

/* --- a chain to start with --------------------------------------------- */

void open_chain(void)
{
	struct fault f = {0};

	ck_assert_msg(
		!chain_open(&chain, kv_mem_view(store), rng_next(&rng), &f),
		"%s", f.detail);
}

static void put(struct kv_mem *m, enum kv_table t, struct span key,
		struct span value)
{
	struct kv_batch batch = {0};

	kv_batch_put(&batch, t, key, value);
	kv_mem_apply(m, &batch);
	kv_batch_release(&batch);
}

static void naive_put(const struct account *a)
{
	struct buf record = {0};
	struct hash key;

	sha256(&key, address_span(&a->address));
	account_encode(&record, a);
	put(want, KV_ACCOUNTS, hash_span(&key), buf_span(&record));
	buf_release(&record);
}

/* Of an address that a block touches: minted what new ones are. */
static struct account naive_account(const struct address *address)
{
	struct account a = {.address = *address};
	struct hash key;
	struct span raw;

	sha256(&key, address_span(address));
	if (!kv_get(kv_mem_view(want), &raw, KV_ACCOUNTS, hash_span(&key))) {
		ck_assert(!account_decode(&a, raw));
		return a;
	}
	a.balance = WELCOME;
	want_supply += WELCOME;
	put(want, KV_ADDRESSES, address_span(address), SPAN("", 0));
	naive_put(&a);
	return a;
}

/* [balance, nonce, [index, ...]] under the address and the height. */
static void naive_history(const struct note *n, uint64_t height)
{
	struct account a = naive_account(&n->address);
	uint8_t key[ADDRESS_LEN + 8];
	struct buf value = {0};
	size_t i;

	memcpy(key, n->address.b, ADDRESS_LEN);
	for (i = 0; i < 8; i++)
		key[ADDRESS_LEN + i] = (uint8_t)(height >> (56 - 8 * i));
	mp_array(&value, 3);
	mp_uint(&value, a.balance);
	mp_uint(&value, a.nonce);
	mp_array(&value, n->count);
	for (i = 0; i < n->count; i++)
		mp_uint(&value, n->index[i]);
	put(want, KV_HISTORY, SPAN_OF(key), buf_span(&value));
	buf_release(&value);
}

/* The first person owns everything and all make blocks. */
void make_chain(uint64_t seed, const char *more)
{
	char json[2048], hex[ADDRESS_HEX_LEN];
	struct kv_batch batch = {0};
	struct fault f = {0};
	struct note first = {0};
	struct rules rules;
	struct genesis g;
	size_t at = 0, i;

	rng_seed(&rng, seed);
	strangers = 0;
	for (i = 0; i < PEOPLE; i++) {
		keys[i] = test_key((unsigned)i + 1);
		people[i] = *secret_key_address(keys[i]);
	}
	address_hex(hex, &people[0]);
	snprintf(json, sizeof(json),
		 "{\"network_id\": \"chain\", \"miners\": [\"%s\"],"
		 " \"block_mining\": {\"interval\": 0, \"reward\": %d},"
		 " \"new_address_balance\": %d,"
		 " \"alloc\": {\"%s\": {\"balance\": %d}}%s}",
		 hex, REWARD, WELCOME, hex, RICH, more);
	ck_assert_msg(!genesis_parse(&rules, span_str(json), &f), "%s: %s",
		      f.field, f.detail);
	genesis_make(&g, &rules);
	store = kv_mem_new();
	while (genesis_batch(&g, 0, &at, &batch)) {
		kv_mem_apply(store, &batch);
		kv_batch_release(&batch);
	}
	want_hashes[0] = g.hash;
	genesis_release(&g);
	rules_release(&rules);

	want = kv_mem_new();
	want_supply = RICH;
	first.address = people[0];
	put(want, KV_ADDRESSES, address_span(&people[0]), SPAN("", 0));
	naive_put(&(struct account){.address = people[0], .balance = RICH});
	naive_history(&first, 0);
	open_chain();
}

void end_chain(void)
{
	size_t i;

	chain_free(chain);
	kv_mem_free(store);
	kv_mem_free(want);
	for (i = 0; i < PEOPLE; i++)
		secret_key_free(keys[i]);
}

/* --- blocks ------------------------------------------------------------ */

static struct address address_of(size_t who)
{
	struct address a = {{0xee}};

	if (who < PEOPLE)
		return people[who];
	put_be64(a.b + 8, ++strangers);
	return a;
}

static uint64_t balance_of(size_t person)
{
	struct account a;
	bool existed;

	ck_assert(!chain_account(&a, &existed, chain, kv_mem_view(store),
				 &people[person]));
	return a.balance;
}

/* The full bytes of a transfer, and the transfer itself. */
struct tx transfer(struct buf *raw, size_t from, uint64_t nonce,
		   const struct address *to, uint64_t amount, uint64_t fee,
		   size_t data)
{
	static const uint8_t zeros[4096];
	struct tx tx = {.sender = people[from],
			.nonce = nonce,
			.fee = fee,
			.recipient = *to,
			.amount = amount,
			.data = SPAN(zeros, data),
			.signature = SPAN(zeros, 64)};
	struct tx got;

	if (!nonce)
		tx.key = secret_key_public(keys[from]);
	tx_encode(raw, &tx);
	ck_assert(!tx_decode(&got, buf_span(raw), TX_BYTES_MAX, NULL));
	tx_hash(&got, chain_genesis(chain));
	return got;
}

/* The same transfer on the naive ledger. */
static void naive_transfer(struct note *notes, size_t *count, uint32_t index,
			   uint64_t height, const struct tx *tx,
			   const struct deed *deed)
{
	struct account from = naive_account(&tx->sender), to;
	struct note *a = &notes[deed->from];
	struct note *b =
		deed->to < PEOPLE ? &notes[deed->to] : &notes[(*count)++];
	uint8_t at[12];

	from.balance -= tx->amount + tx->fee;
	from.nonce++;
	naive_put(&from);
	to = naive_account(&tx->recipient);
	to.balance += tx->amount;
	naive_put(&to);
	a->index[a->count++] = index;
	if (b != a)
		b->index[b->count++] = index;
	a->named = b->named = true;
	b->address = tx->recipient;
	put_be64(at, height);
	put_be32(at + 8, index);
	put(want, KV_TXIDS, hash_span(&tx->id), SPAN_OF(at));
	if (!tx->nonce)
		put(want, KV_KEYS, address_span(&tx->sender), tx->key);
}

static void naive_end(struct note *notes, size_t count, uint64_t height,
		      size_t producer, uint64_t fees)
{
	struct account a = naive_account(&people[producer]);
	size_t i;

	a.balance += fees + REWARD;
	want_supply += REWARD;
	naive_put(&a);
	notes[producer].named = true;
	for (i = 0; i < count; i++)
		if (notes[i].named)
			naive_history(&notes[i], height);
}

/* A sealed block of these transfers on the tip, here and naively. */
struct candidate *make_block(const struct deed *deeds, size_t count)
{
	static struct note notes[PEOPLE + TXS_MAX];
	static const uint8_t zeros[64];
	uint64_t height = chain_tip(chain)->height + 1, fees = 0;
	size_t producer = rng_below(&rng, PEOPLE), noted = PEOPLE, i;
	struct candidate *b = candidate_new(chain, kv_mem_view(store));
	struct seal seal = {.key = secret_key_public(keys[producer]),
			    .signature = SPAN_OF(zeros)};
	struct fault f = {0};

	memset(notes, 0, sizeof(notes));
	for (i = 0; i < PEOPLE; i++)
		notes[i].address = people[i];
	for (i = 0; i < count; i++) {
		struct account from = naive_account(&people[deeds[i].from]);
		struct address to = address_of(deeds[i].to);
		struct buf raw = {0};
		struct tx tx = transfer(&raw, deeds[i].from, from.nonce, &to,
					deeds[i].amount, deeds[i].fee, 5);

		ck_assert_msg(!candidate_add(b, &tx, &f), "%s", f.detail);
		naive_transfer(notes, &noted, (uint32_t)i, height, &tx,
			       &deeds[i]);
		fees += deeds[i].fee;
		buf_release(&raw);
	}
	naive_end(notes, noted, height, producer, fees);
	ck_assert(!candidate_finish(b, height * 1000, &people[producer],
				    SPAN(NULL, 0), span_str("extra")));
	candidate_seal(b, &seal);
	want_hashes[height] = *candidate_hash(b);
	return b;
}

void take_block(struct candidate *b)
{
	struct kv_batch batch = {0};

	chain_commit(chain, b, &batch);
	kv_mem_apply(store, &batch);
	kv_batch_release(&batch);
	ck_assert(!chain_adopt_take(chain, b, kv_mem_view(store)));
}

/* Small payments among people that can always be paid, many of nothing. */
size_t random_deeds(struct deed *deeds, size_t count)
{
	uint64_t left[PEOPLE];
	size_t i, n = 0;

	for (i = 0; i < PEOPLE; i++)
		left[i] = balance_of(i);
	while (n < count) {
		struct deed d = {.from = rng_below(&rng, PEOPLE),
				 .to = rng_below(&rng, PEOPLE + 1),
				 .fee = rng_below(&rng, 3)};

		if (!rng_below(&rng, 4))
			d.to = d.from;
		if (!rng_below(&rng, 4))
			d.amount = rng_below(&rng, left[d.from] / 20 + 1);
		if (d.amount + d.fee > left[d.from])
			d = (struct deed){.to = rng_below(&rng, PEOPLE)};
		left[d.from] -= d.amount + d.fee;
		deeds[n++] = d;
	}
	return n;
}

/* SPDX-License-Identifier: MIT */
/*
 * A chain over kv_mem: what its headers and tables hold against what plain
 * code makes of the same transactions, through flushes and crashes; and
 * blocks from elsewhere. Signatures are the node's, so here they are zeros.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "chain/chain.h"
#include "chain/genesis.h"
#include "chain/tables.h"
#include "codec/msgpack.h"
#include "driver.h"
#include "ledger/apply.h"

#define PEOPLE 24
#define STRANGER PEOPLE
#define TXS_MAX 1000
#define REWARD 7
#define WELCOME 25 /* new_address_balance */
#define RICH 1000000000

struct deed {
	size_t from, to; /* people; STRANGER: a new address */
	uint64_t amount, fee;
};

/* What a block says of one address. */
struct note {
	struct address address;
	bool named;
	uint32_t index[TXS_MAX];
	size_t count;
};

static struct rng rng;
static struct secret_key *keys[PEOPLE];
static struct address people[PEOPLE];
static uint64_t strangers;

static struct kv_mem *store; /* what is durable */
static struct chain *chain;
static uint64_t seq;

/* What must come out, made by plain code. */
static struct kv_mem *want;
static uint64_t want_supply;
static struct hash want_hashes[200]; /* of headers, by height */

/* --- a chain to start with --------------------------------------------- */

static void open_chain(void)
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
static void make_chain(uint64_t seed, const char *more)
{
	char json[2048], hex[ADDRESS_HEX_LEN];
	struct kv_batch batch = {0};
	struct fault f = {0};
	struct note first = {0};
	struct rules rules;
	struct genesis g;
	size_t at = 0, i;

	rng_seed(&rng, seed);
	strangers = seq = 0;
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

static void end_chain(void)
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
static struct tx transfer(struct buf *raw, size_t from, uint64_t nonce,
			  const struct address *to, uint64_t amount,
			  uint64_t fee, size_t data)
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
static struct candidate *make_block(const struct deed *deeds, size_t count)
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

static void take_block(struct candidate *b)
{
	struct kv_batch batch = {0};

	chain_commit(chain, b, &batch);
	kv_mem_apply(store, &batch);
	kv_batch_release(&batch);
	ck_assert(!chain_adopt_take(chain, b, kv_mem_view(store)));
}

/* Small payments among people that can always be paid, many of nothing. */
static size_t random_deeds(struct deed *deeds, size_t count)
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

/* --- what must hold ---------------------------------------------------- */

static void ck_table(enum kv_table t)
{
	struct kv_view *view = chain_view(chain, kv_mem_view(store));
	struct kv_cursor *got = kv_cursor_open(view, t);
	struct kv_cursor *must = kv_cursor_open(kv_mem_view(want), t);
	enum err e = kv_seek(got, SPAN("", 0)), m = kv_seek(must, SPAN("", 0));

	while (!e && !m) {
		ck_assert_msg(span_eq(got->key, must->key) &&
				      span_eq(got->value, must->value),
			      "table %s is not what the blocks make it",
			      kv_table_name(t));
		e = kv_next(got);
		m = kv_next(must);
	}
	ck_assert_int_eq(e, ERR_NOT_FOUND);
	ck_assert_int_eq(m, ERR_NOT_FOUND);
	kv_cursor_close(got);
	kv_cursor_close(must);
}

static void ck_tables(void)
{
	ck_table(KV_ACCOUNTS);
	ck_table(KV_ADDRESSES);
	ck_table(KV_HISTORY);
	ck_table(KV_TXIDS);
	ck_table(KV_KEYS);
	ck_assert_uint_eq(chain_tip(chain)->supply, want_supply);
}

static struct hash naive_state_root(void)
{
	struct state_tree *t;
	struct hash root;

	ck_assert(!state_tree_build(&t, kv_mem_view(want)));
	state_tree_root(&root, t);
	state_root(&root, &root, want_supply);
	state_tree_free(t);
	return root;
}

static void ck_hash(const struct hash *got, const struct hash *must)
{
	ck_assert(hash_eq(got, must));
}

/* Every field of the tip's header, from the block's bytes. */
static void ck_header(uint64_t height)
{
	static struct hash leaves[TXS_MAX];
	struct hash root = naive_state_root();
	uint8_t key[HEIGHT_KEY_LEN];
	struct block block;
	struct span raw;
	size_t i;

	put_be64(key, height);
	ck_assert(!kv_get(kv_mem_view(store), &raw, KV_BLOCKS, SPAN_OF(key)));
	ck_assert(!block_decode(&block, raw));
	ck_assert_uint_eq(block.header.height, height);
	ck_hash(&block.header.parent, &want_hashes[height - 1]);
	ck_assert_uint_eq(block.header.results_root.len, 0);
	ck_hash(&block.header.state_root, &root);
	merkle_root(&root, want_hashes, height);
	ck_hash(&block.header.history_root, &root);
	for (i = 0; i < block.tx_count; i++)
		sha256(&leaves[i], block.txs[i]);
	merkle_root(&root, leaves, block.tx_count);
	ck_hash(&block.header.txs_root, &root);
	ck_assert(span_eq(block.header.extra, span_str("extra")));
	digest(&root, "ccoin/header/1", &want_hashes[0], block.header_raw);
	ck_hash(&root, &want_hashes[height]);
	ck_assert(!kv_get(kv_mem_view(store), &raw, KV_HEIGHTS,
			  hash_span(&root)));
	ck_assert(span_eq(raw, SPAN_OF(key)));
	block_release(&block);
}

static void crash(void)
{
	struct chain_tip before = *chain_tip(chain);

	chain_free(chain);
	open_chain();
	ck_assert_uint_eq(chain_tip(chain)->height, before.height);
	ck_hash(&chain_tip(chain)->hash, &before.hash);
	ck_hash(&chain_tip(chain)->state_root, &before.state_root);
	ck_tables();
}

START_TEST(headers_and_tables_are_what_the_transactions_make_them)
{
	static struct deed deeds[TXS_MAX];
	uint64_t height, seed;

	for (seed = 1; seed <= 3; seed++) {
		make_chain(seed, "");
		ck_tables();
		for (height = 1; height <= 60; height++) {
			size_t n = random_deeds(deeds, rng_below(&rng, 20));

			take_block(make_block(deeds, n));
			ck_assert_uint_eq(chain_tip(chain)->height, height);
			ck_header(height);
			if (height % 10 == 0)
				ck_tables();
			if (height % 25 == 0)
				crash();
		}
		end_chain();
	}
}
END_TEST

/* --- flushes ----------------------------------------------------------- */

/* So many entries that a flush is due: payments to strangers, and some that
 * change nobody but their sender. */
static void fill_overlay(void)
{
	static struct deed deeds[TXS_MAX];
	unsigned round;
	size_t i;

	for (round = 0; round < 16; round++) {
		/* few: so that some are named and not changed */
		i = random_deeds(deeds, rng_below(&rng, 9));
		for (; i < TXS_MAX; i++)
			deeds[i] = (struct deed){.to = STRANGER, .amount = 1};
		take_block(make_block(deeds, TXS_MAX));
	}
}

/* Write slices, a block after each, until the flush ends or so many were
 * written; false when it has ended. */
static bool write_slices(unsigned most)
{
	struct deed deeds[8];
	struct kv_batch batch = {0};
	unsigned n = 0;

	while (n < most && chain_flush(chain, ++seq, &batch)) {
		take_block(make_block(deeds,
				      random_deeds(deeds, rng_below(&rng, 9))));
		kv_mem_apply(store, &batch);
		kv_batch_release(&batch);
		chain_flushed(chain);
		n++;
	}
	return n == most;
}

/* A flush that is broken off again and again and then ends, twice: the
 * second time the store holds accounts to go on from. */
START_TEST(tables_are_whole_after_a_crash_at_any_slice_of_a_flush)
{
	struct kv_batch lost = {0};
	unsigned slices, round;
	uint64_t begun = 0;

	make_chain(9, "");
	for (round = 0; round < 2; round++) {
		fill_overlay();
		for (slices = 1; slices < 16; slices += slices) {
			ck_assert(write_slices(slices));
			ck_assert_uint_eq(chain_watermark(chain), begun);
			/* a slice on its way is lost */
			ck_assert(chain_flush(chain, ++seq, &lost));
			kv_batch_release(&lost);
			crash();
		}
		begun = chain_tip(chain)->height;
		ck_assert(!write_slices(1000));
		ck_assert_uint_eq(chain_watermark(chain), begun);
		ck_tables();
		crash();
		ck_assert_uint_eq(chain_watermark(chain), begun);
	}
	end_chain();
}
END_TEST

/* --- bounds ------------------------------------------------------------ */

START_TEST(a_full_block_is_within_its_bounds)
{
	static const uint8_t zeros[KEY_SIGNATURE_MAX];
	static uint8_t extra[BLOCK_EXTRA_MAX];
	struct seal seal = {.key = SPAN(zeros, 0), .signature = SPAN_OF(zeros)};
	struct candidate *b, *again;
	struct block block;
	uint64_t nonce;
	size_t data;
	enum err e;

	make_chain(4, ", \"max_tx_bytes\": 1000, \"max_block_bytes\": 8000");
	for (data = 0; data <= 600; data += 50) {
		struct fault f = {0};

		b = candidate_new(chain, kv_mem_view(store));
		for (nonce = 0, e = ERR_OK; !e; nonce++) {
			struct buf raw = {0};
			struct tx tx = transfer(&raw, 0, nonce, &people[1], 1,
						0, data);

			e = candidate_add(b, &tx, NULL);
			buf_release(&raw);
		}
		ck_assert_int_eq(e, ERR_TOO_BIG);
		ck_assert_uint_gt(candidate_tx_count(b), 5);
		ck_assert(!candidate_finish(b, 1, &people[0], SPAN(NULL, 0),
					    SPAN_OF(extra)));
		candidate_seal(b, &seal);
		ck_assert_uint_le(candidate_raw(b).len, 8000);
		ck_assert(!block_decode(&block, candidate_raw(b)));
		ck_assert_msg(!candidate_check(&again, chain,
					       kv_mem_view(store), &block,
					       candidate_raw(b), &f),
			      "%s", f.detail);
		block_release(&block);
		candidate_free(again);
		candidate_free(b);
	}
	end_chain();
}
END_TEST

START_TEST(no_block_holds_more_than_max_bound)
{
	struct candidate *b;
	uint64_t nonce;

	make_chain(4, "");
	b = candidate_new(chain, kv_mem_view(store));
	for (nonce = 0; nonce <= TXS_MAX; nonce++) {
		struct buf raw = {0};
		struct tx tx = transfer(&raw, 0, nonce, &people[1], 1, 0, 0);

		ck_assert_int_eq(candidate_add(b, &tx, NULL),
				 nonce < TXS_MAX ? ERR_OK : ERR_TOO_MANY_TXS);
		buf_release(&raw);
	}
	candidate_free(b);
	end_chain();
}
END_TEST

/* --- blocks from elsewhere --------------------------------------------- */

/* A good block, encoded again with another header or other transactions. */
static enum err check_changed(const struct block *good, const struct header *h,
			      const struct span *txs, size_t count)
{
	struct buf header = {0}, raw = {0};
	struct candidate *b = NULL;
	struct block block;
	struct fault f = {0};
	enum err e;

	header_encode(&header, h);
	block_encode(&raw, buf_span(&header), &good->seal, txs, count);
	ck_assert(!block_decode(&block, buf_span(&raw)));
	e = candidate_check(&b, chain, kv_mem_view(store), &block,
			    buf_span(&raw), &f);
	ck_assert_int_eq(e, f.code);
	ck_assert_int_eq(!e, b != NULL);
	if (b)
		ck_assert(span_eq(candidate_raw(b), buf_span(&raw)));
	candidate_free(b);
	block_release(&block);
	buf_release(&header);
	buf_release(&raw);
	return e;
}

/* To the byte: what the block holds is looked at when it is not too big. */
START_TEST(a_block_from_elsewhere_may_have_all_bytes_that_genesis_allows)
{
	struct deed deed = {0, 1, 1, 0};
	struct candidate *b;
	struct span txs[9];
	struct buf raw[9] = {{0}}, whole = {0};
	struct block block;
	size_t i, data, len = 0;

	make_chain(6, ", \"max_tx_bytes\": 1000, \"max_block_bytes\": 8000");
	b = make_block(&deed, 1);
	ck_assert(!block_decode(&block, candidate_raw(b)));
	for (i = 0; i < 8; i++) {
		transfer(&raw[i], 0, i, &people[1], 1, 0, 760);
		txs[i] = buf_span(&raw[i]);
	}
	for (data = 300; len <= 8003; data++) {
		struct tx tx;

		buf_reset(&raw[8]);
		tx = transfer(&raw[8], 0, 8, &people[1], 1, 0, data);
		txs[8] = tx.raw;
		buf_reset(&whole);
		block_encode(&whole, block.header_raw, &block.seal, txs, 9);
		len = whole.len;
		ck_assert_uint_lt(data == 300 ? len : 0, 8000);
		ck_assert_int_eq(check_changed(&block, &block.header, txs, 9),
				 len > 8000 ? ERR_TOO_BIG : ERR_BAD_TXS_ROOT);
	}
	for (i = 0; i < 9; i++)
		buf_release(&raw[i]);
	buf_release(&whole);
	block_release(&block);
	candidate_free(b);
	end_chain();
}
END_TEST

START_TEST(a_block_from_elsewhere_is_believed_in_nothing)
{
	struct deed deeds[3] = {{0, 1, 100, 2}, {1, 2, 40, 1}, {0, 3, 9, 0}};
	struct candidate *b;
	struct block block;
	struct header h;
	struct span txs[4];
	size_t i;

	make_chain(5, "");
	take_block(make_block(deeds, 1));
	b = make_block(deeds, 3);
	ck_assert(!block_decode(&block, candidate_raw(b)));
	memcpy(txs, block.txs, 3 * sizeof(*txs));
	h = block.header;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_OK);

	/* each bit of each hash */
	for (i = 0; i < 8 * HASH_LEN; i++) {
		struct hash *hashes[] = {&h.parent, &h.txs_root, &h.state_root,
					 &h.history_root};
		enum err codes[] = {ERR_BAD_PARENT, ERR_BAD_TXS_ROOT,
				    ERR_BAD_STATE_ROOT, ERR_BAD_HISTORY_ROOT};
		size_t k;

		for (k = 0; k < 4; k++) {
			hashes[k]->b[i / 8] ^= (uint8_t)(1u << i % 8);
			ck_assert_int_eq(check_changed(&block, &h, txs, 3),
					 codes[k]);
			hashes[k]->b[i / 8] ^= (uint8_t)(1u << i % 8);
		}
	}
	h.height++;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_PARENT);
	h.height -= 2;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_PARENT);
	h = block.header;
	h.results_root = SPAN("x", 1);
	ck_assert_int_eq(check_changed(&block, &h, txs, 3),
			 ERR_BAD_RESULTS_ROOT);
	h = block.header;
	h.has_producer = false;
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_PRODUCER);
	/* the producer's pay is in the state */
	h = block.header;
	h.producer = people[5];
	if (!address_eq(&h.producer, &block.header.producer))
		ck_assert_int_eq(check_changed(&block, &h, txs, 3),
				 ERR_BAD_STATE_ROOT);

	/* fewer, more, or in another order */
	h = block.header;
	ck_assert_int_eq(check_changed(&block, &h, txs, 2), ERR_BAD_TXS_ROOT);
	txs[3] = txs[2];
	ck_assert_int_eq(check_changed(&block, &h, txs, 4), ERR_NONCE_TOO_LOW);
	txs[1] = txs[2];
	txs[2] = block.txs[1];
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_BAD_TXS_ROOT);
	txs[0] = txs[1];
	ck_assert_int_eq(check_changed(&block, &h, txs, 3), ERR_NONCE_GAP);
	block_release(&block);
	candidate_free(b);
	end_chain();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("chain");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t,
		       headers_and_tables_are_what_the_transactions_make_them);
	tcase_add_test(t,
		       tables_are_whole_after_a_crash_at_any_slice_of_a_flush);
	tcase_add_test(t, a_full_block_is_within_its_bounds);
	tcase_add_test(t, no_block_holds_more_than_max_bound);
	tcase_add_test(
		t,
		a_block_from_elsewhere_may_have_all_bytes_that_genesis_allows);
	tcase_add_test(t, a_block_from_elsewhere_is_believed_in_nothing);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

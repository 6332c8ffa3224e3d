/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "branch_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "chain/internal.h"
#include "chain/tables.h"
#include "driver.h"
#include "ledger/apply.h"

/* So few that the same ones appear on several branches. */
#define STRANGERS 30
#define CAP ((UINT64_C(1) << 53) - 1)
#define ALLOCATED 1000000000 /* by chain_model */

struct line lines[LINES];
static struct line spare; /* of a height that no line stands at */
static struct kv_mem *genesis;

static void copy_store(struct kv_mem *to, struct kv_mem *from)
{
	struct kv_batch batch = {0};
	unsigned t;
	enum err e;

	for (t = 0; t < KV_TABLE_COUNT; t++) {
		struct kv_cursor *c =
			kv_cursor_open(kv_mem_view(from), (enum kv_table)t);

		for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c))
			kv_batch_put(&batch, (enum kv_table)t, c->key,
				     c->value);
		kv_cursor_close(c);
	}
	kv_mem_apply(to, &batch);
	kv_batch_release(&batch);
}

static void line_end(struct line *l)
{
	uint64_t h;

	chain_free(l->chain);
	if (l->mem)
		kv_mem_free(l->mem);
	l->chain = NULL;
	l->mem = NULL;
	for (h = 1; h <= l->height; h++)
		buf_release(&l->raw[h]);
	l->height = 0;
}

static void line_begin(struct line *l)
{
	line_end(l);
	l->mem = kv_mem_new();
	copy_store(l->mem, genesis);
	ck_assert(!chain_open(&l->chain, kv_mem_view(l->mem), 1, NULL));
	l->hash[0] = *chain_genesis(l->chain);
}

void make_world(uint64_t seed, bool near_cap)
{
	char more[300] = "", hex[ADDRESS_HEX_LEN];
	struct address idle = test_address(77);
	size_t i;

	if (near_cap)
		snprintf(more, sizeof(more),
			 ", \"genesis_block\": {\"coinbase\": \"%s\","
			 " \"coinbase_reward\": %llu}",
			 address_hex(hex, &idle),
			 (unsigned long long)(CAP - ALLOCATED - 1200));
	make_chain(seed, more);
	genesis = kv_mem_new();
	copy_store(genesis, store);
	for (i = 0; i < LINES; i++)
		line_begin(&lines[i]);
}

void end_world(void)
{
	size_t i;

	for (i = 0; i < LINES; i++)
		line_end(&lines[i]);
	line_end(&spare);
	kv_mem_free(genesis);
	end_chain();
}

/* --- growing ------------------------------------------------------------- */

static struct address anybody(void)
{
	struct address a = {{0xdd}};

	if (rng_below(&rng, 3))
		return people[rng_below(&rng, PEOPLE)];
	a.b[19] = (uint8_t)rng_below(&rng, STRANGERS);
	return a;
}

static void add_transfer(struct candidate *b, struct chain *c,
			 struct kv_view *view, uint64_t *used)
{
	size_t from = rng_below(&rng, 4) ? 0 : rng_below(&rng, PEOPLE);
	struct address to = anybody();
	struct buf raw = {0};
	struct account account;
	bool existed;
	struct tx tx;

	if (!rng_below(&rng, 8))
		to = people[from];
	ck_assert(!chain_account(&account, &existed, c, view, &people[from]));
	/* few values, so that branches share transactions */
	tx = transfer(&raw, from, account.nonce + used[from], &to,
		      rng_below(&rng, 3) * (from ? 1 : 40), rng_below(&rng, 2),
		      0);
	/* who cannot pay does not */
	if (!candidate_add(b, &tx, NULL))
		used[from]++;
	buf_release(&raw);
}

void fill_block(struct candidate *b, struct chain *c, struct kv_view *view,
		size_t txs)
{
	static const uint8_t zeros[64];
	struct seal seal = {.key = SPAN(zeros, 32),
			    .signature = SPAN_OF(zeros)};
	struct address *producer = &people[rng_below(&rng, PEOPLE)];
	uint64_t used[PEOPLE] = {0};
	uint8_t extra[8];
	size_t i;

	for (i = 0; i < txs; i++)
		add_transfer(b, c, view, used);
	put_be64(extra, rng_next(&rng));
	ck_assert(!candidate_finish(b, chain_tip(c)->time + 1000, producer,
				    SPAN(NULL, 0), SPAN_OF(extra)));
	candidate_seal(b, &seal);
}

/* Keep its bytes, and adopt it. */
static void line_take(struct line *l, struct candidate *b)
{
	struct kv_batch batch = {0};

	ck_assert_uint_lt(l->height + 1, HEIGHTS);
	l->height++;
	l->hash[l->height] = *candidate_hash(b);
	l->raw[l->height] = (struct buf){0};
	buf_append_span(&l->raw[l->height], candidate_raw(b));
	chain_commit(l->chain, b, &batch);
	kv_mem_apply(l->mem, &batch);
	kv_batch_release(&batch);
	ck_assert(!chain_adopt_take(l->chain, b, kv_mem_view(l->mem)));
}

void line_grow(struct line *l, size_t txs)
{
	struct candidate *b = candidate_new(l->chain, kv_mem_view(l->mem));

	fill_block(b, l->chain, kv_mem_view(l->mem), txs);
	line_take(l, b);
}

void line_add(struct line *l, struct span raw)
{
	struct candidate *b = NULL;
	struct fault f = {0};
	struct block block;

	ck_assert(!block_decode(&block, raw));
	ck_assert_msg(!candidate_check(&b, l->chain, kv_mem_view(l->mem),
				       &block, raw, &f),
		      "%s", f.detail);
	line_take(l, b);
	block_release(&block);
}

void line_fork(struct line *l, const struct line *from, uint64_t height)
{
	uint64_t h;

	line_begin(l);
	for (h = 1; h <= height; h++)
		line_add(l, buf_span(&from->raw[h]));
}

struct line *line_of(const struct hash *hash, uint64_t height)
{
	size_t i;

	for (i = 0; i < LINES; i++)
		if (lines[i].height >= height &&
		    hash_eq(&lines[i].hash[height], hash))
			return &lines[i];
	return NULL;
}

/* --- comparing ----------------------------------------------------------- */

/* The line itself, or a chain that is grown anew to that height. */
static struct line *at_height(const struct line *l, uint64_t height)
{
	if (l->height == height)
		return (struct line *)l;
	if (!spare.mem || spare.height > height ||
	    !hash_eq(&spare.hash[spare.height], &l->hash[spare.height]))
		line_begin(&spare);
	while (spare.height < height)
		line_add(&spare, buf_span(&l->raw[spare.height + 1]));
	return &spare;
}

static void ck_table(struct kv_view *got_view, struct kv_view *must_view,
		     enum kv_table t)
{
	struct kv_cursor *got = kv_cursor_open(got_view, t);
	struct kv_cursor *must = kv_cursor_open(must_view, t);
	enum err e = kv_seek(got, SPAN("", 0)), m = kv_seek(must, SPAN("", 0));

	while (!e && !m) {
		while (t == KV_KEYS && !e && !span_eq(got->key, must->key))
			e = kv_next(got);
		ck_assert_msg(span_eq(got->key, must->key),
			      "table %s: an entry too much or too few",
			      kv_table_name(t));
		ck_assert_msg(span_eq(got->value, must->value),
			      "table %s: another value", kv_table_name(t));
		e = kv_next(got);
		m = kv_next(must);
	}
	ck_assert_msg(t == KV_KEYS || e == ERR_NOT_FOUND,
		      "table %s: an entry too much", kv_table_name(t));
	ck_assert_msg(m == ERR_NOT_FOUND, "table %s: an entry is missing",
		      kv_table_name(t));
	kv_cursor_close(got);
	kv_cursor_close(must);
}

void ck_tables_of(struct kv_view *view, const struct line *l, uint64_t height)
{
	static const enum kv_table tables[] = {
		KV_BLOCKS,  KV_DELTAS, KV_HEIGHTS, KV_ACCOUNTS, KV_ADDRESSES,
		KV_HISTORY, KV_TXIDS,  KV_KEYS,	   KV_RANGES};
	struct line *ref = at_height(l, height);
	struct span got, must;
	size_t i;

	for (i = 0; i < ARRAY_LEN(tables); i++)
		ck_table(view, chain_view(ref->chain, kv_mem_view(ref->mem)),
			 tables[i]);
	ck_assert(!kv_get(view, &got, KV_META, meta_key(META_RANGE)));
	ck_assert(!kv_get(kv_mem_view(ref->mem), &must, KV_META,
			  meta_key(META_RANGE)));
	ck_assert_msg(span_eq(got, must), "the stored range differs");
}

static void ck_orphans(struct kv_view *view, uint64_t watermark)
{
	struct kv_cursor *c = kv_cursor_open(view, KV_ORPHANS);
	struct span raw, delta;
	struct block block;
	enum err e;

	for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c)) {
		ck_assert(!orphan_decode(&raw, &delta, c->value));
		ck_assert(!block_decode(&block, raw));
		ck_assert_msg(block.header.height > watermark,
			      "the watermark is above a fork");
		block_release(&block);
	}
	kv_cursor_close(c);
}

void ck_chain_of(struct chain *c, struct kv_mem *mem)
{
	const struct chain_tip *tip = chain_tip(c), *must;
	struct line *l = line_of(&tip->hash, tip->height), *ref;
	struct hash a, b;
	struct span row;
	uint64_t watermark;

	ck_assert_ptr_nonnull(l);
	ck_tables_of(chain_view(c, kv_mem_view(mem)), l, tip->height);
	ref = at_height(l, tip->height);
	must = chain_tip(ref->chain);
	ck_assert_uint_eq(tip->time, must->time);
	ck_assert_uint_eq(tip->supply, must->supply);
	ck_assert_int_eq(tip->has_txs, must->has_txs);
	ck_assert_int_eq(tip->has_producer, must->has_producer);
	ck_assert(address_eq(&tip->producer, &must->producer));
	ck_assert(hash_eq(&tip->state_root, &must->state_root));
	ck_assert_uint_eq(chain_range(c)->count, tip->height + 1);
	mmr_root(&a, chain_range(c));
	mmr_root(&b, chain_range(ref->chain));
	ck_assert_msg(hash_eq(&a, &b), "the range differs");
	state_tree_root(&a, c->tree);
	state_root(&a, &a, tip->supply);
	ck_assert_msg(hash_eq(&a, &tip->state_root), "the tree differs");
	ck_assert_uint_eq(state_tree_count(c->tree),
			  state_tree_count(ref->chain->tree));
	ck_assert(!kv_get(kv_mem_view(mem), &row, KV_META,
			  meta_key(META_WATERMARK)));
	ck_assert(!height_decode(&watermark, row));
	ck_assert_uint_eq(watermark, chain_watermark(c));
	ck_orphans(kv_mem_view(mem), watermark);
}

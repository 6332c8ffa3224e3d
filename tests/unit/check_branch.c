/* SPDX-License-Identifier: MIT */
/*
 * A chain that moves between branches, makes blocks of its own, flushes and
 * crashes at random, against chains that grew from genesis along each branch
 * and never did anything else. BRANCH_SEEDS in the environment: so many worlds.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "branch_world.h"
#include "chain/branch.h"
#include "chain/internal.h"
#include "chain/tables.h"

/* --- batches on their way ------------------------------------------------ */

enum write_kind { WRITE_BLOCK, WRITE_BRANCH, WRITE_SLICE };

struct write {
	enum write_kind kind;
	struct kv_batch batch;
};

static struct write writes[4]; /* in order */
static size_t write_count;
static struct candidate *own; /* that waits to be durable */
static struct branch *branch;
static uint64_t seq;

static struct kv_view *view(void)
{
	return kv_mem_view(store);
}

static struct kv_batch *write_new(enum write_kind kind)
{
	struct write *w = &writes[write_count++];

	*w = (struct write){.kind = kind};
	ck_assert_uint_le(write_count, ARRAY_LEN(writes));
	return &w->batch;
}

static bool is_on_its_way(enum write_kind kind)
{
	size_t i;

	for (i = 0; i < write_count; i++)
		if (writes[i].kind == kind)
			return true;
	return false;
}

/* The first `count` of them are durable, and then the chain hears of it: of
 * its blocks first, as the node tells it. */
static void become_durable(size_t count)
{
	bool done[3] = {false};
	size_t i;

	for (i = 0; i < count; i++) {
		kv_mem_apply(store, &writes[i].batch);
		kv_batch_release(&writes[i].batch);
		done[writes[i].kind] = true;
	}
	write_count -= count;
	memmove(writes, writes + count, write_count * sizeof(*writes));
	if (done[WRITE_BLOCK]) {
		ck_assert(!chain_adopt_take(chain, own, view()));
		own = NULL;
	}
	if (done[WRITE_BRANCH]) {
		chain_adopt_branch(chain, branch);
		branch_free(branch);
		branch = NULL;
	}
	if (done[WRITE_SLICE])
		chain_flushed(chain);
}

static void some_become_durable(void)
{
	become_durable(rng_below(&rng, write_count + 1));
}

static void try_slice(void)
{
	struct kv_batch batch = {0};

	if (is_on_its_way(WRITE_SLICE))
		return;
	if (chain_flush(chain, ++seq, &batch)) {
		ck_assert_ptr_null(branch);
		ck_assert_uint_le(batch.count, 20000);
		*write_new(WRITE_SLICE) = batch;
	}
}

/* Go on until the slice that ends a flush is on its way. */
static void flush_to_the_last(void)
{
	for (try_slice(); is_on_its_way(WRITE_SLICE) && !chain->flush.last;
	     try_slice())
		become_durable(write_count);
}

static void open_again(void)
{
	struct flush_bounds often = {
		.entries = 1 + rng_below(&rng, 200),
		.blocks = 1 + rng_below(&rng, 50),
		.slice = 1 + rng_below(&rng, 40),
	};

	open_chain();
	chain_set_flush_bounds(chain, &often);
}

/* What is not durable is lost. */
static void crash(void)
{
	branch_free(branch);
	candidate_free(own);
	branch = NULL;
	own = NULL;
	while (write_count)
		kv_batch_release(&writes[--write_count].batch);
	chain_free(chain);
	open_again();
	ck_chain_of(chain, store);
}

/* --- moves --------------------------------------------------------------- */

/* The highest block of the line that is on the chain. */
static uint64_t fork_with(const struct line *l)
{
	uint64_t h = l->height;
	struct span value;

	while (kv_get(view(), &value, KV_HEIGHTS, hash_span(&l->hash[h])))
		h--;
	return h;
}

static enum err add_raw(struct span raw, struct fault *f)
{
	struct block block;
	enum err e;

	ck_assert(!block_decode(&block, raw));
	e = branch_add(branch, view(), &block, raw, f);
	block_release(&block);
	return e;
}

/* The block with a bit of its state root changed, or with its first
 * transaction once more. */
static enum err add_spoilt(struct span raw, bool root)
{
	struct span txs[TXS_MAX + 1];
	struct buf header_raw = {0}, spoilt = {0};
	struct block block;
	struct header h;
	enum err e;

	ck_assert(!block_decode(&block, raw));
	h = block.header;
	memcpy(txs, block.txs, block.tx_count * sizeof(*txs));
	if (!root && block.tx_count)
		txs[block.tx_count++] = block.txs[0];
	else
		h.state_root.b[7] ^= 4;
	header_encode(&header_raw, &h);
	block_encode(&spoilt, buf_span(&header_raw), &block.seal, txs,
		     block.tx_count);
	block_release(&block);
	e = add_raw(buf_span(&spoilt), NULL);
	buf_release(&header_raw);
	buf_release(&spoilt);
	return e;
}

static void ck_spoilt(struct span raw)
{
	struct chain_tip before = *branch_tip(branch);
	size_t count = branch_count(branch), bytes = branch_bytes(branch);
	enum err e = add_spoilt(raw, rng_below(&rng, 2));

	ck_assert(e == ERR_BAD_STATE_ROOT || e == ERR_NONCE_TOO_LOW);
	ck_assert(hash_eq(&branch_tip(branch)->hash, &before.hash));
	ck_assert_uint_eq(branch_tip(branch)->supply, before.supply);
	ck_assert_uint_eq(branch_count(branch), count);
	ck_assert_uint_eq(branch_bytes(branch), bytes);
}

/* The accounts that the pool would hear of. */
struct noted {
	struct account account;
	bool exists;
};

static struct noted *note_accounts(size_t *count)
{
	struct noted *list;
	size_t i;

	*count = branch_account_count(branch);
	list = xcalloc(*count, sizeof(*list));
	for (i = 0; i < *count; i++)
		list[i].account = *branch_account(branch, i, &list[i].exists);
	return list;
}

/* They are so, now that the branch is adopted. */
static void ck_noted(const struct noted *list, size_t count)
{
	struct account got;
	bool existed;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct account *a = &list[i].account;

		ck_assert(!chain_account(&got, &existed, chain, view(),
					 &a->address));
		ck_assert_int_eq(existed, list[i].exists);
		ck_assert_uint_eq(got.balance, a->balance);
		ck_assert_uint_eq(got.nonce, a->nonce);
	}
}

/* Lay blocks of the line on a branch, disturbed; false when it was given
 * up. */
static bool lay(const struct line *l, uint64_t fork, uint64_t to)
{
	struct chain_tip before = *chain_tip(chain);
	struct fault f = {0};
	uint64_t h;

	ck_assert_msg(!branch_new(&branch, chain, view(), fork, &f), "%s",
		      f.detail);
	ck_assert_uint_eq(branch_fork(branch), fork);
	for (h = fork + 1; h <= to; h++) {
		if (!rng_below(&rng, 20))
			ck_spoilt(buf_span(&l->raw[h]));
		ck_assert_msg(!add_raw(buf_span(&l->raw[h]), &f), "%s",
			      f.detail);
		if (!rng_below(&rng, 10))
			some_become_durable();
		ck_assert(hash_eq(&branch_tip(branch)->hash, &l->hash[h]));
	}
	ck_assert(hash_eq(&chain_tip(chain)->hash, &before.hash));
	if (rng_below(&rng, 4))
		return true;
	ck_assert(!branch_abandon_take(branch, view()));
	branch = NULL;
	return false;
}

/* To a line, all the way, or back a bit only. */
static void move(const struct line *l)
{
	uint64_t fork = fork_with(l), to = l->height;
	struct noted *noted;
	size_t count;

	if (!rng_below(&rng, 3))
		flush_to_the_last();
	if (!rng_below(&rng, 6))
		to = fork + rng_below(&rng, l->height - fork + 1);
	if (!lay(l, fork, to)) {
		become_durable(write_count);
		ck_chain_of(chain, store);
		return;
	}
	branch_commit(branch, write_new(WRITE_BRANCH));
	noted = note_accounts(&count);
	try_slice(); /* none comes while a branch lives */
	some_become_durable();
	if (rng_below(&rng, 6)) {
		become_durable(write_count);
		ck_noted(noted, count);
		ck_chain_of(chain, store);
	} else {
		crash();
	}
	free(noted);
}

/* A block of the chain's own, which becomes a line's. */
static void make_own(void)
{
	const struct chain_tip *tip = chain_tip(chain);
	struct line *l = line_of(&tip->hash, tip->height);

	own = candidate_new(chain, view());
	fill_block(own, chain, view(), rng_below(&rng, 6));
	if (l->height != tip->height) {
		struct line *other = &lines[rng_below(&rng, LINES)];

		if (other == l)
			other = &lines[(size_t)(l - lines + 1) % LINES];
		line_fork(other, l, tip->height);
		l = other;
	}
	line_add(l, candidate_raw(own));
	chain_commit(chain, own, write_new(WRITE_BLOCK));
	try_slice();
	some_become_durable();
	if (rng_below(&rng, 6)) {
		become_durable(write_count);
		ck_chain_of(chain, store);
	} else {
		crash();
	}
}

/* A line begins anew not far from the tip of another. */
static void fork_a_line(void)
{
	struct line *from = &lines[rng_below(&rng, LINES)];
	struct line *to = &lines[rng_below(&rng, LINES)];
	uint64_t back = rng_below(&rng, rng_below(&rng, 9) ? 9 : 90);
	size_t n = 1 + rng_below(&rng, 12);

	/* nor may the chain lose the line that it is on */
	if (from == to ||
	    line_of(&chain_tip(chain)->hash, chain_tip(chain)->height) == to)
		return;
	line_fork(to, from, from->height > back ? from->height - back : 0);
	while (n--)
		line_grow(to, rng_below(&rng, 9));
}

/* When all is flushed, the tables alone say it, and no orphan is left. */
static void flush_all(void)
{
	struct flush_bounds all = {.entries = 1, .blocks = 1000, .slice = 100};
	struct kv_cursor *orphans;
	const struct chain_tip *tip;

	chain_set_flush_bounds(chain, &all);
	while (chain_unflushed(chain)) {
		try_slice();
		become_durable(write_count);
	}
	tip = chain_tip(chain);
	ck_tables_of(view(), line_of(&tip->hash, tip->height), tip->height);
	orphans = kv_cursor_open(view(), KV_ORPHANS);
	ck_assert_int_eq(kv_seek(orphans, SPAN("", 0)), ERR_NOT_FOUND);
	kv_cursor_close(orphans);
	ck_chain_of(chain, store);
}

static void act(void)
{
	uint64_t slices;

	switch (rng_below(&rng, 8)) {
	case 0:
		fork_a_line();
		break;
	case 1:
		line_grow(&lines[rng_below(&rng, LINES)], rng_below(&rng, 9));
		break;
	case 2:
		make_own();
		break;
	case 3:
	case 4:
		for (slices = rng_below(&rng, 9); slices; slices--) {
			try_slice();
			some_become_durable();
		}
		break;
	case 5:
		if (!rng_below(&rng, 4))
			crash();
		break;
	default:
		move(&lines[rng_below(&rng, LINES)]);
	}
}

static void live(uint64_t seed)
{
	size_t steps = 80, grown, i;

	make_world(seed, seed % 3 == 1);
	chain_free(chain);
	open_again();
	for (grown = rng_below(&rng, 130); grown; grown--)
		line_grow(&lines[0], rng_below(&rng, 4));
	for (i = 1; i < LINES; i++)
		line_fork(&lines[i], &lines[0],
			  lines[0].height -
				  rng_below(&rng, lines[0].height % 9 + 1));
	move(&lines[0]);
	while (steps--)
		act();
	become_durable(write_count);
	if (seed % 2)
		crash();
	flush_all();
	crash();
	end_world();
}

START_TEST(a_chain_that_moved_is_one_that_never_was_elsewhere)
{
	uint64_t seed = (uint64_t)_i + 1;

	live(seed);
}
END_TEST

/* --- one move, step by step ---------------------------------------------- */

static void move_to_the_end(const struct line *l)
{
	uint64_t fork = fork_with(l), h;
	struct fault f = {0};

	ck_assert(!branch_new(&branch, chain, view(), fork, &f));
	for (h = fork + 1; h <= l->height; h++)
		ck_assert_msg(!add_raw(buf_span(&l->raw[h]), &f), "%s",
			      f.detail);
	branch_commit(branch, write_new(WRITE_BRANCH));
	become_durable(1);
	ck_chain_of(chain, store);
}

/* One transaction more than a block may have, each of them good. */
static enum err add_too_many(const struct line *l, uint64_t height)
{
	struct kv_view *v = kv_mem_view(l->mem);
	struct buf raw[TXS_MAX + 1] = {{0}}, whole = {0};
	struct span txs[TXS_MAX + 1];
	struct account account;
	struct block block;
	bool existed;
	uint64_t i;
	enum err e;

	ck_assert_uint_eq(l->height + 1, height);
	ck_assert(!chain_account(&account, &existed, l->chain, v, &people[0]));
	for (i = 0; i <= TXS_MAX; i++) {
		transfer(&raw[i], 0, account.nonce + i, &people[1], 1, 0, 0);
		txs[i] = buf_span(&raw[i]);
	}
	ck_assert(!block_decode(&block, buf_span(&lines[0].raw[height])));
	block_encode(&whole, block.header_raw, &block.seal, txs, TXS_MAX + 1);
	e = add_raw(buf_span(&whole), NULL);
	block_release(&block);
	for (i = 0; i <= TXS_MAX; i++)
		buf_release(&raw[i]);
	buf_release(&whole);
	return e;
}

START_TEST(a_bad_block_in_the_middle_changes_nothing)
{
	struct line *good = &lines[0], *other = &lines[1], *half = &lines[2];
	struct fault f = {0};
	uint64_t h;

	make_world(3, false);
	for (h = 0; h < 12; h++)
		line_grow(good, 6);
	line_fork(half, good, 8);
	line_fork(other, good, 4);
	for (h = 0; h < 7; h++)
		line_grow(other, 6);
	move_to_the_end(other);

	ck_assert(!branch_new(&branch, chain, view(), 4, &f));
	for (h = 5; h <= 8; h++)
		ck_assert(!add_raw(buf_span(&good->raw[h]), &f));
	ck_assert_int_eq(add_spoilt(buf_span(&good->raw[9]), true),
			 ERR_BAD_STATE_ROOT);
	ck_assert_int_eq(add_spoilt(buf_span(&good->raw[9]), false),
			 ERR_NONCE_TOO_LOW);
	ck_assert_int_eq(add_too_many(half, 9), ERR_TOO_MANY_TXS);
	ck_assert_int_eq(add_raw(buf_span(&good->raw[10]), &f), ERR_BAD_PARENT);
	ck_assert_int_eq(add_raw(buf_span(&other->raw[9]), &f), ERR_BAD_PARENT);
	ck_assert(hash_eq(&branch_tip(branch)->hash, &good->hash[8]));
	ck_assert_uint_eq(branch_count(branch), 4);
	/* the chain is as it was, after it */
	ck_assert(!branch_abandon_take(branch, view()));
	branch = NULL;
	ck_chain_of(chain, store);
	/* and so is a branch that goes on after it */
	ck_assert(!branch_new(&branch, chain, view(), 4, &f));
	for (h = 5; h <= 12; h++) {
		ck_assert(add_spoilt(buf_span(&good->raw[h]), h % 2));
		ck_assert(!add_raw(buf_span(&good->raw[h]), &f));
	}
	branch_commit(branch, write_new(WRITE_BRANCH));
	become_durable(1);
	ck_chain_of(chain, store);
	end_world();
}
END_TEST

/* What was taken back, by hash: as long as the store needs it anyway. */
START_TEST(a_block_taken_back_is_given_until_a_flush_has_passed)
{
	struct line *a = &lines[0], *b = &lines[1];
	struct span raw;
	uint64_t h;
	int round;

	make_world(8, false);
	for (h = 0; h < 9; h++)
		line_grow(a, 5);
	line_fork(b, a, 6);
	line_grow(b, 5);
	move_to_the_end(a);
	ck_assert_int_eq(chain_orphan(&raw, chain, view(), &a->hash[9]),
			 ERR_NOT_FOUND);
	/* there, back and there again: twice an orphan, one hash */
	move_to_the_end(b);
	move_to_the_end(a);
	move_to_the_end(b);
	for (round = 0; round < 2; round++) {
		for (h = 7; h <= 9; h++) {
			ck_assert(!chain_orphan(&raw, chain, view(),
						&a->hash[h]));
			ck_assert(span_eq(raw, buf_span(&a->raw[h])));
		}
		ck_assert_int_eq(chain_orphan(&raw, chain, view(), &a->hash[6]),
				 ERR_NOT_FOUND);
		crash();
	}
	flush_all();
	for (h = 7; h <= 9; h++)
		ck_assert_int_eq(chain_orphan(&raw, chain, view(), &a->hash[h]),
				 ERR_NOT_FOUND);
	end_world();
}
END_TEST

/* What the pool hears of: which blocks and transactions, lowest first. */
START_TEST(a_branch_names_what_it_takes_back_and_what_it_brings)
{
	struct line *a = &lines[0], *b = &lines[1];
	struct fault f = {0};
	const struct tx *txs;
	struct block block;
	size_t count, i;
	uint64_t h;

	make_world(11, false);
	for (h = 0; h < 6; h++)
		line_grow(a, 5);
	line_fork(b, a, 3);
	for (h = 0; h < 4; h++)
		line_grow(b, 5);
	move_to_the_end(a);
	ck_assert(!branch_new(&branch, chain, view(), 3, &f));
	for (h = 4; h <= 7; h++)
		ck_assert(!add_raw(buf_span(&b->raw[h]), &f));
	ck_assert_uint_eq(branch_orphan_count(branch), 3);
	for (h = 4; h <= 6; h++)
		ck_assert(span_eq(branch_orphan(branch, h - 4),
				  buf_span(&a->raw[h])));
	ck_assert_uint_eq(branch_count(branch), 4);
	for (h = 4; h <= 7; h++) {
		txs = branch_txs(branch, h - 4, &count);
		ck_assert(!block_decode(&block, buf_span(&b->raw[h])));
		ck_assert_uint_eq(count, block.tx_count);
		for (i = 0; i < count; i++)
			ck_assert(span_eq(txs[i].raw, block.txs[i]));
		block_release(&block);
	}
	ck_assert(!branch_abandon_take(branch, view()));
	branch = NULL;
	end_world();
}
END_TEST

START_TEST(a_full_branch_is_no_fault_of_the_block)
{
	struct line *l = &lines[0];
	struct kv_batch batch = {0};
	struct fault f = {0};
	uint64_t h;

	make_world(5, false);
	for (h = 0; h <= BRANCH_BLOCKS_MAX; h++)
		line_grow(l, 0);
	ck_assert(!branch_new(&branch, chain, view(), 0, &f));
	for (h = 1; h <= BRANCH_BLOCKS_MAX; h++)
		ck_assert(!add_raw(buf_span(&l->raw[h]), &f));
	ck_assert_int_eq(add_raw(buf_span(&l->raw[h]), &f), ERR_OVERLOADED);
	branch_commit(branch, write_new(WRITE_BRANCH));
	become_durable(1);
	ck_chain_of(chain, store);
	/* the deepest way back, and as many blocks again */
	ck_assert(!branch_new(&branch, chain, view(), 0, &f));
	for (h = 1; h <= BRANCH_BLOCKS_MAX; h++)
		ck_assert(!add_raw(buf_span(&l->raw[h]), &f));
	branch_commit(branch, &batch);
	/* and as many rows of the engine's state */
	ck_assert_uint_lt(batch.count + BRANCH_BLOCKS_MAX, 20000);
	kv_batch_release(&batch);
	ck_assert(!branch_abandon_take(branch, view()));
	branch = NULL;
	ck_chain_of(chain, store);
	end_world();
}
END_TEST

int main(void)
{
	const char *more = getenv("BRANCH_SEEDS");
	uint64_t seeds = 25;
	Suite *s = suite_create("branch");
	TCase *t = tcase_create("branch");
	SRunner *sr = srunner_create(s);
	int failed;

	if (more && !decimal_decode(&seeds, 1000000, span_str(more)))
		return 2;
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t,
			    a_chain_that_moved_is_one_that_never_was_elsewhere,
			    0, (int)seeds);
	tcase_add_test(t, a_bad_block_in_the_middle_changes_nothing);
	tcase_add_test(t, a_block_taken_back_is_given_until_a_flush_has_passed);
	tcase_add_test(t, a_branch_names_what_it_takes_back_and_what_it_brings);
	tcase_add_test(t, a_full_branch_is_no_fault_of_the_block);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

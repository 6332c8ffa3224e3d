/* SPDX-License-Identifier: MIT */
/* Making a chain in a store, also where an earlier making was interrupted. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/genesis.h"
#include "daemon/init.h"
#include "node/verify.h"
#include "scratch.h"

#define MANY 25000 /* accounts: several batches to write, and to clear */

/* Rules with accounts of the addresses first, first + 1, ... */
static void make_rules(struct rules *out, unsigned first, unsigned count)
{
	struct buf text = {0};
	struct fault f = {0};
	char entry[128];
	unsigned i;
	int n;

	n = snprintf(entry, sizeof(entry),
		     "{\"network_id\": \"test\", \"miners\": [\"%040x\"], "
		     "\"alloc\": {",
		     first);
	buf_append(&text, entry, (size_t)n);
	for (i = 0; i < count; i++) {
		n = snprintf(entry, sizeof(entry),
			     "%s\"%040x\": {\"balance\": %u}", i ? "," : "",
			     first + i, i);
		buf_append(&text, entry, (size_t)n);
	}
	buf_append(&text, "}}", 2);
	ck_assert_msg(!genesis_parse(out, buf_span(&text), &f), "%s: %s",
		      f.field, f.detail);
	buf_release(&text);
}

static struct store *open_store(const char *dir)
{
	struct store *s;
	struct fault f = {0};

	ck_assert_msg(!store_open(&s, dir, STORE_CREATE, &f), "%s", f.detail);
	return s;
}

static void close_store(struct store *s)
{
	struct fault f = {0};

	ck_assert_msg(!store_close(s, &f), "%s", f.detail);
}

/* The first batches of a genesis, and no more of it. */
static void interrupt_making(const char *dir, const struct rules *rules,
			     unsigned batches)
{
	struct store *s = open_store(dir);
	struct kv_batch batch = {0};
	struct fault f = {0};
	struct genesis g;
	size_t at = 0;

	genesis_make(&g, rules);
	while (batches--) {
		ck_assert(genesis_batch(&g, 0, &at, &batch));
		ck_assert(!store_commit_sync(s, &batch, &f));
		kv_batch_release(&batch);
	}
	ck_assert(genesis_batch(&g, 0, &at, &batch));
	kv_batch_release(&batch);
	genesis_release(&g);
	close_store(s);
}

static void expect_no_chain(const char *dir)
{
	struct store *s = open_store(dir);
	struct fault f = {0};
	struct rules rules;
	struct hash hash;

	ck_assert_int_eq(genesis_load(&rules, &hash, store_view(s), &f),
			 ERR_NOT_FOUND);
	close_store(s);
}

static void make_and_verify(const char *dir, const struct rules *rules)
{
	struct store *s = open_store(dir);
	struct verify_report report;
	struct init_result made;
	struct fault f = {0};

	ck_assert_msg(!init_store(&made, s, rules, NULL, &f), "%s", f.detail);
	ck_assert_msg(!node_verify(&report, store_view(s), NULL, NULL, &f),
		      "%s", f.detail);
	ck_assert(hash_eq(&report.genesis, &made.genesis));
	ck_assert_uint_eq(report.accounts, rules->alloc_count);
	ck_assert_int_eq(init_store(&made, s, rules, NULL, &f), ERR_EXISTS);
	close_store(s);
}

START_TEST(an_interrupted_making_is_done_again)
{
	struct rules rules;
	char dir[128];

	scratch_path(dir, sizeof(dir));
	make_rules(&rules, 1, MANY);
	interrupt_making(dir, &rules, 1);
	expect_no_chain(dir);
	interrupt_making(dir, &rules, 3);
	expect_no_chain(dir);
	make_and_verify(dir, &rules);
	rules_release(&rules);
}
END_TEST

START_TEST(nothing_of_an_interrupted_making_is_left_in_another_chain)
{
	struct rules rules, other;
	char dir[128];

	scratch_path(dir, sizeof(dir));
	make_rules(&rules, 1, MANY);
	make_rules(&other, 100, 5);
	interrupt_making(dir, &rules, 4);
	make_and_verify(dir, &other);
	rules_release(&other);
	rules_release(&rules);
}
END_TEST

/* What the store needs to append, and not to search: with other orders the
 * time that a big genesis takes grows faster than the genesis. */
START_TEST(each_table_is_written_in_the_order_of_its_keys)
{
	uint8_t last[KV_TABLE_COUNT][KV_KEY_MAX];
	size_t len[KV_TABLE_COUNT] = {0}, rows[KV_TABLE_COUNT] = {0};
	struct kv_batch batch = {0};
	struct rules rules;
	struct genesis g;
	struct kv_op op;
	size_t at = 0, in, batches = 0;
	unsigned t;

	make_rules(&rules, 1, MANY);
	/* an account that is not in alloc, in the midst of those that are */
	rules.has_coinbase = true;
	memset(rules.coinbase.b, 0, ADDRESS_LEN);
	rules.coinbase.b[ADDRESS_LEN - 2] = 1;
	rules.coinbase.b[ADDRESS_LEN - 1] = 1;
	rules.alloc[256].address.b[0] = 1; /* was the same */
	genesis_make(&g, &rules);
	for (; genesis_batch(&g, 0, &at, &batch); batches++) {
		ck_assert_uint_le(batch.count, STORE_TXN_OPS);
		for (in = 0; kv_batch_next(&batch, &in, &op);) {
			t = op.table;
			rows[t]++;
			if (t == KV_META)
				continue;
			ck_assert(!op.del);
			ck_assert_int_gt(
				span_cmp(op.key, SPAN(last[t], len[t])), 0);
			memcpy(last[t], op.key.data, op.key.len);
			len[t] = op.key.len;
		}
		kv_batch_release(&batch);
	}
	ck_assert_uint_eq(rows[KV_ACCOUNTS], MANY + 1);
	ck_assert_uint_eq(rows[KV_ADDRESSES], MANY + 1);
	ck_assert_uint_eq(rows[KV_HISTORY], MANY + 1);
	/* each is a flush or two */
	ck_assert_uint_le(batches, 3 * MANY / 10000);
	genesis_release(&g);
	rules_release(&rules);
}
END_TEST

static bool never_mind(void *ctx, uint64_t tries)
{
	(void)ctx;
	(void)tries;
	return true;
}

/* Go on as often as *ctx says. */
static bool count_down(void *ctx, uint64_t done, uint64_t of)
{
	unsigned *left = ctx;

	ck_assert_uint_gt(done, 0);
	ck_assert_uint_le(done, of);
	return (*left)--;
}

START_TEST(giving_up_while_storing_leaves_no_chain)
{
	unsigned left = 2;
	struct init_progress progress = {never_mind, count_down, &left};
	struct fault f = {0};
	struct rules rules;
	struct store *s;
	char dir[128];

	scratch_path(dir, sizeof(dir));
	make_rules(&rules, 1, MANY);
	s = open_store(dir);
	ck_assert_int_eq(init_store(NULL, s, &rules, &progress, &f),
			 ERR_TIMEOUT);
	close_store(s);
	expect_no_chain(dir);
	make_and_verify(dir, &rules);
	rules_release(&rules);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("init");
	TCase *tc = tcase_create("init");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_interrupted_making_is_done_again);
	tcase_add_test(
		tc, nothing_of_an_interrupted_making_is_left_in_another_chain);
	tcase_add_test(tc, each_table_is_written_in_the_order_of_its_keys);
	tcase_add_test(tc, giving_up_while_storing_leaves_no_chain);
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

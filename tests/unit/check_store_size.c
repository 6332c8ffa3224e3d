/* SPDX-License-Identifier: MIT */
/*
 * The length of the store's file: whatever a process that was killed leaves
 * opens again, and a file that was cut short is refused.
 */
#include <config.h>

#include <check.h>
#include <limits.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "scratch.h"
#include "store_rows.h"

#define KEYS 400
#define VALUE_MAX 60000
#define ROUNDS 80

static uint8_t filling[VALUE_MAX];

static void data_path(char *out, size_t size, const char *dir)
{
	snprintf(out, size, "%s/chain/data.mdb", dir);
}

static size_t file_size(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (size_t)st.st_size;
}

/* --- as a kill between LMDB's commit and ours leaves it ---------------- */

/*
 * One transaction of LMDB alone: what our writer does, killed before it
 * settles the file's length. Values are of up to longest bytes. lens is what
 * there is afterwards: the length of the value of each key, 0 for none.
 */
static void bare_transaction(const char *dir, struct rng *rng, size_t longest,
			     size_t lens[KEYS])
{
	unsigned n = 1 + (unsigned)rng_below(rng, 300), i;
	char chain[PATH_MAX + 8];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	snprintf(chain, sizeof(chain), "%s/chain", dir);
	ck_assert(!mdb_env_create(&env));
	ck_assert(!mdb_env_set_maxdbs(env, 20));
	ck_assert(!mdb_env_set_mapsize(env, (size_t)1 << 30));
	ck_assert(!mdb_env_open(env, chain, 0, 0600));
	ck_assert(!mdb_txn_begin(env, NULL, 0, &txn));
	ck_assert(!mdb_dbi_open(txn, kv_table_name(KV_KEYS), 0, &dbi));
	for (i = 0; i < n; i++) {
		uint32_t at = (uint32_t)rng_below(rng, KEYS);
		MDB_val key = {sizeof(at), &at}, value = {0, filling};

		if (rng_below(rng, 3)) {
			value.mv_size = 1 + rng_below(rng, longest);
			ck_assert(!mdb_put(txn, dbi, &key, &value, 0));
		} else if (lens[at]) {
			ck_assert(!mdb_del(txn, dbi, &key, NULL));
		}
		lens[at] = value.mv_size;
	}
	/* what comes and goes in one transaction is never written */
	for (i = 0; n % 2 && i < KEYS; i++) {
		MDB_val key = {sizeof(i), &i};

		if (!lens[i] || !rng_below(rng, 10))
			continue;
		ck_assert(!mdb_del(txn, dbi, &key, NULL));
		lens[i] = 0;
	}
	ck_assert(!mdb_txn_commit(txn));
	mdb_env_close(env);
}

static void expect_rows(struct kv_view *v, const size_t lens[KEYS])
{
	struct span value;
	uint32_t at;

	for (at = 0; at < KEYS; at++) {
		enum err e = kv_get(v, &value, KV_KEYS, SPAN(&at, sizeof(at)));

		ck_assert_int_eq(e, lens[at] ? ERR_OK : ERR_NOT_FOUND);
		if (!e)
			ck_assert(span_eq(value, SPAN(filling, lens[at])));
	}
}

START_TEST(what_lmdb_alone_has_committed_opens)
{
	char dir[PATH_MAX], data[PATH_MAX + 32];
	size_t lens[KEYS] = {0}, before, lacking, most = 0;
	struct store *s;
	struct rng rng;
	unsigned n;

	scratch_path(dir, sizeof(dir));
	data_path(data, sizeof(data), dir);
	ck_assert_int_eq(store_close(open_or_fail(dir, STORE_CREATE), NULL),
			 ERR_OK);
	rng_seed(&rng, 3);
	for (n = 1; n <= ROUNDS; n++) {
		/* ever more, or there would be room in the file already */
		bare_transaction(dir, &rng, VALUE_MAX * n / ROUNDS, lens);
		before = file_size(data);
		s = open_or_fail(dir, 0);
		expect_rows(store_view(s), lens);
		ck_assert_int_eq(store_close(s, NULL), ERR_OK);
		lacking = file_size(data) - before;
		most = lacking > most ? lacking : most;
	}
	/* or this test would show nothing */
	ck_assert_uint_gt(most, 16 * 4096);
}
END_TEST

/* --- killed at any moment ---------------------------------------------- */

/* Batch n as numbered(), and much that comes and goes within it. */
static struct kv_batch churning(uint64_t n)
{
	struct kv_batch b = numbered(n, n * 131 % 9000);
	uint8_t key[8];
	uint64_t i;

	for (i = 0; i < 40; i++) {
		put_be64(key, i);
		kv_batch_put(
			&b, KV_TXIDS, SPAN_OF(key),
			SPAN(filling, (n * 7919 + i * 104729) % VALUE_MAX));
	}
	for (i = 0; i < 40; i++) {
		put_be64(key, i);
		if ((n + i) % 5)
			kv_batch_del(&b, KV_TXIDS, SPAN_OF(key));
	}
	return b;
}

static void churn_until_killed(const char *dir, int report)
{
	struct store *s = open_or_fail(dir, STORE_CREATE);
	uint64_t n = expect_prefix(store_view(s));
	struct fault f;

	for (;;) {
		struct kv_batch b = churning(++n);

		if (store_commit_sync(s, &b, &f) ||
		    write(report, &n, sizeof(n)) != sizeof(n))
			_exit(1);
		kv_batch_release(&b);
	}
}

START_TEST(a_process_killed_around_big_transactions_leaves_a_store)
{
	uint64_t durable = 0, found = 0, spin;
	int kills, status, report[2];
	char dir[PATH_MAX];
	struct store *s;
	struct rng rng;
	unsigned reports;
	pid_t pid;

	scratch_path(dir, sizeof(dir));
	rng_seed(&rng, 23);
	for (kills = 0; kills < 40; kills++) {
		ck_assert_int_eq(pipe(report), 0);
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (!pid) {
			close(report[0]);
			churn_until_killed(dir, report[1]);
		}
		close(report[1]);
		for (reports = (unsigned)rng_below(&rng, 6); reports; reports--)
			ck_assert_int_eq(
				read(report[0], &durable, sizeof(durable)),
				sizeof(durable));
		for (spin = rng_below(&rng, 300000); spin; spin--)
			rng_next(&rng);
		kill(pid, SIGKILL);
		status = wait_for(pid);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		close(report[0]);
		s = open_or_fail(dir, STORE_CREATE);
		found = expect_prefix(store_view(s));
		ck_assert_uint_ge(found, durable);
		ck_assert_int_eq(store_close(s, NULL), ERR_OK);
	}
	ck_assert_uint_gt(found, 20);
}
END_TEST

/* --- cut short --------------------------------------------------------- */

/* Wherever it is cut: refused and left as it was, or, when nothing but free
 * pages are gone, whole. */
START_TEST(a_file_cut_anywhere_is_whole_or_refused)
{
	char dir[PATH_MAX], data[PATH_MAX + 32];
	unsigned opened = 0, refused = 0;
	size_t lens[KEYS] = {0}, size, cut;
	struct buf content = {0};
	struct store *s;
	struct fault f;
	struct rng rng;
	FILE *file;
	enum err e;
	int n;

	scratch_path(dir, sizeof(dir));
	data_path(data, sizeof(data), dir);
	ck_assert_int_eq(store_close(open_or_fail(dir, STORE_CREATE), NULL),
			 ERR_OK);
	rng_seed(&rng, 9);
	for (n = 0; n < 8; n++) {
		bare_transaction(dir, &rng, VALUE_MAX, lens);
		ck_assert_int_eq(store_close(open_or_fail(dir, 0), NULL),
				 ERR_OK);
	}
	size = file_size(data);
	buf_reserve(&content, size);
	file = fopen(data, "rb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(content.data, 1, size, file), size);
	fclose(file);
	for (cut = 100; cut < size; cut += 4096 * (1 + rng_below(&rng, 20))) {
		file = fopen(data, "wb");
		ck_assert_ptr_nonnull(file);
		ck_assert_uint_eq(fwrite(content.data, 1, size - cut, file),
				  size - cut);
		fclose(file);
		e = store_open(&s, dir, 0, &f);
		if (!e) {
			expect_rows(store_view(s), lens);
			ck_assert_int_eq(store_close(s, NULL), ERR_OK);
			opened++;
			continue;
		}
		ck_assert_int_eq(e, ERR_CORRUPT);
		ck_assert_uint_eq(file_size(data), size - cut);
		refused++;
	}
	ck_assert_uint_gt(refused, 10);
	ck_assert_uint_gt(opened, 10);
	buf_release(&content);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_size");
	TCase *tc = tcase_create("store_size");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, what_lmdb_alone_has_committed_opens);
	tcase_add_test(tc,
		       a_process_killed_around_big_transactions_leaves_a_store);
	tcase_add_test(tc, a_file_cut_anywhere_is_whole_or_refused);
	suite_add_tcase(suite, tc);
	return scratch_run(suite);
}

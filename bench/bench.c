/* SPDX-License-Identifier: MIT */
/*
 * bench [quick|full] CACHE CCOIND: each figure beside its ceiling, measured
 * in the same run. Three runs, ceiling and figure in turn, so that whatever
 * else the machine does meets both. Exit status 1 when a bound is missed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/figures.h"

#define BLOCK 2000 /* transactions at most */

/* How much of everything. */
struct size {
	const char *name;
	size_t senders, rounds;	  /* submission */
	size_t accounts;	  /* there, and the few of the blocks */
	size_t many, many_rounds; /* accounts of the big chain */
	size_t requests;	  /* GET */
	size_t blocks;
	bool judged; /* long enough to be held to the bounds */
};

static const struct size sizes[] = {
	{"quick", 20, 50, 4000, 10000, 50, 5000, 5, false},
	{"full", 1000, 60, 10000, 1000000, 20, 200000, 100, true},
};

enum bound { AT_LEAST, AT_MOST };

struct row {
	const char *what, *unit, *ceiling;
	enum bound bound;
	double share; /* of the limit, or of 1 where there is none */
	struct runs figure, limit;
};

static struct row rows[] = {
	{.what = "msgpack, arrays of 1000, committed",
	 .unit = "tx/s",
	 .ceiling = "RSA-2048 checks/s, one core",
	 .bound = AT_LEAST,
	 .share = 0.5},
	{.what = "JSON, one a request, committed",
	 .unit = "tx/s",
	 .ceiling = "empty evhttp answers/s",
	 .bound = AT_LEAST,
	 .share = 0.25},
	{.what = "GET /balance, many accounts",
	 .unit = "/s",
	 .ceiling = "empty evhttp answers/s",
	 .bound = AT_LEAST,
	 .share = 0.7},
	{.what = "block of 1000, many accounts",
	 .unit = "ms",
	 .ceiling = "the same, few accounts",
	 .bound = AT_MOST,
	 .share = 2},
	{.what = "RssAnon, many accounts, loaded",
	 .unit = "MiB",
	 .bound = AT_MOST,
	 .share = 64},
	{.what = "start to first answer, new --dev",
	 .unit = "ms",
	 .bound = AT_MOST,
	 .share = 50},
};

enum { ROW_MSGPACK, ROW_JSON, ROW_BALANCE, ROW_BLOCK, ROW_MEMORY, ROW_START };

static void print_runs(const struct runs *r)
{
	double high = runs_max(r);
	int digits = high < 100 ? 2 : 0;

	printf(" %9.*f %9.*f %9.*f", digits, runs_min(r), digits,
	       runs_median(r), digits, high);
}

/* true when the bound holds */
static bool print_row(const struct row *r)
{
	double of = r->limit.count ? runs_median(&r->limit) : 1;
	double share = runs_median(&r->figure) / of;
	bool ok = r->bound == AT_LEAST ? share >= r->share : share <= r->share;

	printf("%-34s %-5s", r->what, r->unit);
	print_runs(&r->figure);
	printf("  %8.2f %s %-5g %s\n", share,
	       r->bound == AT_LEAST ? ">=" : "<=", r->share,
	       ok ? "ok" : "MISSED");
	if (r->limit.count) {
		printf("  of %-35s", r->ceiling);
		print_runs(&r->limit);
		printf("\n");
	}
	return ok;
}

static int print_table(const struct size *size)
{
	int missed = 0;
	size_t i;

	printf("\n%s: %zu senders, %zu transactions, %zu accounts; many: %zu\n"
	       "%-34s %-5s %9s %9s %9s  %8s\n",
	       size->name, size->senders, size->senders * size->rounds,
	       size->accounts, size->many, "", "", "min", "median", "max",
	       "share");
	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].figure.count)
			missed += !print_row(&rows[i]);
	return missed;
}

/* --- the runs ---------------------------------------------------------- */

static void run_submission(const struct bench *b, const struct size *size)
{
	struct server empty, s;
	struct corpus c;
	int i;

	corpus_make(&c, b->cache, size->senders, size->accounts, size->rounds,
		    BLOCK);
	server_start_empty(&empty);
	for (i = 0; i < RUNS; i++) {
		note("submission, run %d of %d", i + 1, RUNS);
		runs_add(&rows[ROW_MSGPACK].limit, figure_verify(&c));
		daemon_start(&s, b, &c);
		runs_add(&rows[ROW_MSGPACK].figure, figure_msgpack(&s, &c));
		server_note_cpu(&s, "msgpack", c.senders * c.rounds);
		server_stop(&s);
		runs_add(&rows[ROW_JSON].limit,
			 figure_empty(&empty, size->requests));
		daemon_start(&s, b, &c);
		runs_add(&rows[ROW_JSON].figure, figure_json(&s, &c));
		server_note_cpu(&s, "JSON", c.senders * c.rounds);
		server_stop(&s);
	}
	server_note_cpu(&empty, "empty", RUNS * size->requests);
	server_stop(&empty);
	corpus_release(&c);
}

static void run_stages(const struct bench *b, const struct size *size)
{
	struct corpus c;

	corpus_make(&c, b->cache, size->senders, size->accounts, size->rounds,
		    BLOCK);
	stages_print(b, &c);
	corpus_release(&c);
}

static void run_many(const struct bench *b, const struct size *size)
{
	struct server empty, s;
	struct corpus c;
	int i;

	note("a chain of %zu accounts", size->many);
	corpus_make(&c, b->cache, size->senders, size->many, size->many_rounds,
		    BLOCK);
	server_start_empty(&empty);
	for (i = 0; i < RUNS; i++) {
		daemon_start(&s, b, &c);
		if (!i)
			note("RssAnon after it was made: %.1f MiB",
			     (double)server_memory(&s, "RssAnon") / 1024);
		server_stop(&s);
		daemon_again(&s, b, &c);
		note("many accounts, run %d of %d; RssAnon at the start "
		     "%.1f MiB",
		     i + 1, RUNS, (double)server_memory(&s, "RssAnon") / 1024);
		runs_add(&rows[ROW_BALANCE].limit,
			 figure_empty(&empty, size->requests));
		runs_add(&rows[ROW_BALANCE].figure,
			 figure_balance(&s, &c, size->requests));
		server_note_cpu(&s, "balance", size->requests);
		figure_msgpack(&s, &c);
		runs_add(&rows[ROW_MEMORY].figure,
			 (double)server_memory(&s, "RssAnon") / 1024);
		server_stop(&s);
	}
	server_note_cpu(&empty, "empty", RUNS * size->requests);
	server_stop(&empty);
	corpus_release(&c);
}

static void run_blocks(const struct bench *b, const struct size *size)
{
	struct block_bench *few, *many;
	char *other = path_of(b->cache, "few");
	int i;

	few = block_bench_new(other, size->accounts);
	many = block_bench_new(b->work, size->many);
	for (i = 0; i < RUNS; i++) {
		note("blocks, run %d of %d", i + 1, RUNS);
		runs_add(&rows[ROW_BLOCK].limit,
			 figure_blocks(few, size->blocks));
		runs_add(&rows[ROW_BLOCK].figure,
			 figure_blocks(many, size->blocks));
	}
	block_bench_free(few);
	block_bench_free(many);
	remove_tree(other);
	free(other);
}

static void run_start(const struct bench *b, const struct size *size)
{
	int i;

	(void)size;

	for (i = 0; i < RUNS; i++)
		runs_add(&rows[ROW_START].figure, figure_start(b));
}

/* --- the parts --------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(const struct bench *b, const struct size *size);
} parts[] = {
	{"start", run_start},	{"submission", run_submission},
	{"stages", run_stages}, {"blocks", run_blocks},
	{"many", run_many},
};

/* All of them when none is named. */
static bool is_wanted(const char *part, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strcmp(argv[i], part))
			return true;
	return !argc;
}

static const struct size *size_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++)
		if (!strcmp(name, sizes[i].name))
			return &sizes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct size *size = argc < 4 ? NULL : size_of(argv[1]);
	struct bench b;
	size_t i;
	int missed;

	if (!size) {
		fputs("usage: bench quick|full CACHE CCOIND [PART]...\n"
		      "parts: start submission stages blocks many\n",
		      stderr);
		return 2;
	}
	b = (struct bench){argv[3], argv[2], path_of(argv[2], "log"),
			   path_of(argv[2], "data")};
	make_dir(b.cache);
	for (i = 0; i < ARRAY_LEN(parts); i++)
		if (is_wanted(parts[i].name, argc - 4, argv + 4))
			parts[i].run(&b, size);
	remove_tree(b.work);
	missed = print_table(size);
	free(b.log);
	free(b.work);
	if (missed && !size->judged)
		puts("too short to judge: the bounds are those of "
		     "BENCH=full");
	return missed && size->judged;
}

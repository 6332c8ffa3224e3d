/* SPDX-License-Identifier: MIT */
/*
 * The figures, each measured once by a call; and what they are compared
 * with. Whatever is counted is checked: a figure of refused transactions, or
 * of some that are in no block, ends the benchmark.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "bench/corpus.h"
#include "bench/server.h"

/* --- with a daemon (figures.c) ----------------------------------------- */

struct bench {
	const char *ccoind;
	const char *cache; /* what is kept */
	char *log;	   /* of the daemons */
	char *work;	   /* data directories: removed in the end */
};

/* A daemon on a new data directory that makes blocks of the corpus' chain. */
void daemon_start(struct server *out, const struct bench *b,
		  const struct corpus *c);
/* The same directory once more, as of an earlier call. */
void daemon_again(struct server *out, const struct bench *b,
		  const struct corpus *c);

/* Have it put all transactions into blocks; at no particular speed. */
void daemon_fill(const struct server *s, const struct corpus *c);

/* Transactions a second, from the first submitted to the last in a block:
 * arrays of msgpack; JSON, one a request. For a daemon on a new chain. */
double figure_msgpack(const struct server *s, const struct corpus *c);
double figure_json(const struct server *s, const struct corpus *c);
/* Answers a second: balances of random accounts, or of any server. */
double figure_balance(const struct server *s, const struct corpus *c,
		      size_t requests);
double figure_empty(const struct server *s, size_t requests);
/* Milliseconds from the fork to the first byte of an answer. */
double figure_start(const struct bench *b);

/* --- in this process --------------------------------------------------- */

/* Checks of one thread a second, its keys decoded (stages.c). */
double figure_verify(const struct corpus *c);

/* A chain of its own in dir (blocks.c). */
struct block_bench;
struct block_bench *block_bench_new(const char *dir, size_t accounts);
/* Apply, commit and flush `blocks` blocks of 1000 transfers between random
 * accounts; milliseconds a block. */
double figure_blocks(struct block_bench *b, size_t blocks);
void block_bench_free(struct block_bench *b);

/* Print what each stage of a transaction costs (stages.c). */
void stages_print(const struct bench *b, const struct corpus *c);

#endif

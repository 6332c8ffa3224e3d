/* SPDX-License-Identifier: MIT */
/*
 * What the late joiner of scripts/join-test catches up with: chain
 * TRANSACTIONS CACHE CCOIND DATADIR makes a chain of so many transfers, each
 * signed with RSA-2048, in blocks of up to 1000, and leaves it in DATADIR.
 * chain checks CACHE prints the ceiling: signatures checked a second, one
 * core.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/figures.h"

/* Enough for full blocks while the pool keeps 64 transactions of each; keys
 * are what takes long to make. */
#define SENDERS 250
#define ACCOUNTS 10000
#define BLOCK 1000

static int make(const char *count, const char *cache, const char *ccoind,
		char *datadir)
{
	size_t rounds = strtoul(count, NULL, 10) / SENDERS;
	struct bench b = {ccoind, cache, path_of(cache, "log"), datadir};
	struct corpus c;
	struct server s;

	if (!rounds)
		die("at least %d transactions", SENDERS);
	corpus_make(&c, cache, SENDERS, ACCOUNTS, rounds, BLOCK);
	daemon_start(&s, &b, &c);
	note("a chain of %zu transactions", SENDERS * rounds);
	daemon_fill(&s, &c);
	server_stop(&s);
	corpus_release(&c);
	free(b.log);
	return 0;
}

static int checks(const char *cache)
{
	struct corpus c;

	corpus_make(&c, cache, SENDERS, ACCOUNTS, 1, BLOCK);
	printf("%.0f\n", figure_verify(&c));
	corpus_release(&c);
	return 0;
}

int main(int argc, char **argv)
{
	bool is_checks = argc == 3 && !strcmp(argv[1], "checks");

	if (!is_checks && argc != 5) {
		fputs("usage: chain TRANSACTIONS CACHE CCOIND DATADIR\n"
		      "       chain checks CACHE\n",
		      stderr);
		return 2;
	}
	make_dir(argv[2]);
	return is_checks ? checks(argv[2])
			 : make(argv[1], argv[2], argv[3], argv[4]);
}

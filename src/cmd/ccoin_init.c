/* SPDX-License-Identifier: MIT */
/* ccoin-init: mine a genesis block and store it. See daemon/init.h. */
#include <config.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/init.h"
#include "loop/clock.h"
#include "store/file.h"

#define NAME "ccoin-init"
#define USAGE                                                                  \
	"usage: ccoin-init GENESIS [options]\n"                                \
	"Mine the genesis block of the file GENESIS, and store it.\n"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* A second one ends the program at once. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal,
				   .sa_flags = SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* The line that progress is shown in, when standard error is a terminal. */
struct line {
	bool terminal;
	uint64_t start; /* ms */
	uint64_t shown; /* ms since start; 0: never */
};

/* Whether it is time to show the line again. */
static bool line_is_due(struct line *line)
{
	uint64_t ms = clock_steady_ms() - line->start;

	if (!line->terminal || ms - line->shown < 200)
		return false;
	line->shown = ms;
	return true;
}

static bool show_mining(void *ctx, uint64_t tries)
{
	struct line *line = ctx;

	if (line_is_due(line))
		fprintf(stderr, "\rmining: %" PRIu64 " tried, %" PRIu64 "/s ",
			tries, tries * 1000 / line->shown);
	return !interrupted;
}

static bool show_storing(void *ctx, uint64_t done, uint64_t of)
{
	if (line_is_due(ctx))
		/* As long as the line of mining that it is written over. */
		fprintf(stderr, "\rstoring: %3" PRIu64 "%%%-30s",
			done * 100 / of, "");
	return !interrupted;
}

static int fail(const struct fault *f)
{
	fault_print(NAME, f);
	return 1;
}

static enum err mine(struct init_result *made, const struct rules *rules,
		     const char *datadir, struct fault *f)
{
	struct line line = {.terminal = isatty(STDERR_FILENO),
			    .start = clock_steady_ms()};
	struct init_progress progress = {show_mining, show_storing, &line};
	struct store *store;
	enum err e = dir_make_all(datadir, f);
	enum err closed;

	if (!e)
		e = store_open(&store, datadir, STORE_CREATE, f);
	if (e)
		return e;
	e = init_store(made, store, rules, &progress, f);
	closed = store_close(store, e ? NULL : f);
	if (line.shown)
		fputc('\n', stderr);
	return e ? e : closed;
}

static int run(const char *file, const char *datadir)
{
	struct init_result made;
	struct fault f = {0};
	struct rules rules;
	char hex[HASH_HEX_LEN];
	enum err e;

	if (init_read_genesis(&rules, file, &f))
		return fail(&f);
	catch_signals();
	e = mine(&made, &rules, datadir, &f);
	rules_release(&rules);
	if (e == ERR_EXISTS || e == ERR_TIMEOUT) {
		struct fault inner = f;

		fault_set(&f, e, "", "%s: %s", datadir, inner.detail);
	}
	if (e)
		return fail(&f);
	printf("Genesis block has been mined: nonce=%" PRIu64 ", pow_hash=%s\n",
	       made.nonce, hash_hex(hex, &made.pow));
	printf("chain id: %s\n", hash_hex(hex, &made.genesis));
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct config config;
	struct config_input in = {.program = PROGRAM_INIT,
				  .argc = argc,
				  .argv = argv,
				  .env = environ};
	int first;
	int status = config_start(&config, &first, &in, USAGE, NULL);

	if (status >= 0)
		return status;
	if (argc - first != 1) {
		fprintf(stderr, NAME ": expected one genesis file\n" USAGE);
		status = 2;
	} else {
		status = run(argv[first], config.datadir);
	}
	config_release(&config);
	return status;
}

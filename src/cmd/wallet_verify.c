/* SPDX-License-Identifier: MIT */
/* verify: recompute a whole data directory, with the node stopped. */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/wallet.h"
#include "node/verify.h"
#include "store/kv_lmdb.h"

#define PROGRESS_EVERY 256 /* blocks */

static void show_progress(void *ctx, uint64_t height, uint64_t tip)
{
	bool *shown = ctx;

	if (height % PROGRESS_EVERY && height != tip)
		return;
	*shown = true;
	fprintf(stderr, "\rverify: block %" PRIu64 " of %" PRIu64, height, tip);
}

static int print_report(const struct wallet *w, const struct verify_report *r)
{
	char genesis[HASH_HEX_LEN];
	char root[HASH_HEX_LEN];
	json_t *out = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "chain_id",
		hash_hex(genesis, &r->genesis), "height", (json_int_t)r->height,
		"blocks", (json_int_t)r->blocks, "transactions",
		(json_int_t)r->transactions, "accounts",
		(json_int_t)r->accounts, "supply", (json_int_t)r->supply,
		"state_root", hash_hex(root, &r->state_root));
	int status = wallet_print(w, out);

	json_decref(out);
	if (!w->config.json)
		puts("all is as it must be");
	return status;
}

static int verify_store(struct wallet *w, struct store *s)
{
	struct verify_report report = {0};
	struct fault f = {0};
	bool shown = false;
	enum err e = node_verify(&report, store_view(s),
				 isatty(STDERR_FILENO) ? show_progress : NULL,
				 &shown, &f);

	if (shown)
		fputc('\n', stderr);
	return e ? wallet_fail(&f) : print_report(w, &report);
}

static int verify_datadir(struct wallet *w)
{
	struct fault f = {0};
	struct store *s;
	int status;

	if (store_open(&s, w->config.datadir, STORE_READ_ONLY, &f))
		return wallet_fail(&f);
	status = verify_store(w, s);
	if (store_close(s, &f) && status == EXIT_DONE)
		status = wallet_fail(&f);
	return status;
}

static int died(const struct wallet *w, int number)
{
	struct fault f;

	fault_set(&f, ERR_CORRUPT, "",
		  "the pages of %s/chain/data.mdb are damaged so that they "
		  "cannot be walked (signal %d: %s)",
		  w->config.datadir, number, strsignal(number));
	return wallet_fail(&f);
}

/*
 * In a process of its own: LMDB follows what the pages say, and where they
 * are damaged that can be anywhere.
 */
static int run_verify(struct wallet *w, int argc, char **argv)
{
	pid_t child;
	int status;

	(void)argc;
	(void)argv;
	fflush(stdout);
	child = fork();
	if (child < 0) {
		perror("ccoin: fork");
		return EXIT_REFUSED;
	}
	if (!child) {
		status = verify_datadir(w);
		if (fflush(stdout))
			status = EXIT_REFUSED;
		_exit(status);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR) {
			perror("ccoin: waitpid");
			return EXIT_REFUSED;
		}
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : died(w, WTERMSIG(status));
}

const struct command wallet_verify_command = {
	.name = "verify",
	.args = "",
	.help = "Recompute the whole chain of the data directory, with the "
		"node stopped",
	.run = run_verify,
};

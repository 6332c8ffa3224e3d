/* SPDX-License-Identifier: MIT */
/*
 * rnd: random transfers between the wallet's accounts, as fast as the node
 * takes them. Works in rounds: ask for the accounts, sign what their queues
 * have room for, send it in arrays; when nothing has room, wait for a block.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/rng.h"
#include "cmd/wallet_tx.h"
#include "mempool/mempool.h"
#include "store/keyfile.h"

#define BATCH_MAX 500  /* transactions in an array */
#define FUTILE_MAX 3   /* rounds without one that was taken */
#define WAIT_MARGIN 10 /* seconds that a node may answer late */

struct payer {
	struct secret_key *key;
	uint64_t nonce;	    /* of the next transaction */
	uint64_t room;	    /* in the node's queue for the account */
	uint64_t spendable; /* by the latest block, less what is on its way */
};

struct rnd {
	struct wallet *w;
	struct chain_facts chain;
	struct rng rng;
	struct payer *payers;
	size_t count;
	uint64_t left;	    /* transactions still to be made */
	json_t *last;	    /* the last that was taken; NULL: none yet */
	struct fault fault; /* the last refusal that time may cure */
};

static int load_keys(struct rnd *r)
{
	struct fault f = {0};
	struct address *list;
	size_t count;
	int status = wallet_password(r->w);

	if (status)
		return status;
	if (keyfile_list(&list, &count, r->w->config.datadir, &f))
		return wallet_fail(&f);
	r->payers = xcalloc(count ? count : 1, sizeof(*r->payers));
	for (; r->count < count && !status; r->count += !status)
		status = wallet_key(&r->payers[r->count].key, r->w,
				    &list[r->count]);
	free(list);
	if (!status && !count) {
		fault_set(&f, ERR_NOT_FOUND, "",
			  "%s holds no account; make one with 'ccoin "
			  "create-account'",
			  r->w->config.datadir);
		status = wallet_fail(&f);
	}
	return status;
}

static int refresh(struct rnd *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct payer *p = &r->payers[i];
		struct account_facts a;
		int status = wallet_account_facts(&a, r->w,
						  secret_key_address(p->key));
		uint64_t queued;

		if (status)
			return status;
		queued = a.next_nonce > a.nonce ? a.next_nonce - a.nonce : 0;
		p->nonce = a.next_nonce;
		p->room = queued < MEMPOOL_PER_ACCOUNT
				  ? MEMPOOL_PER_ACCOUNT - queued
				  : 0;
		/* pending money may still be lost with its transaction */
		p->spendable = a.pending < a.balance ? a.pending : a.balance;
	}
	return EXIT_DONE;
}

static bool can_pay(const struct rnd *r, const struct payer *p)
{
	return p->room && p->spendable > r->chain.min_fee;
}

/* A payer that can pay, by lot; NULL when none can. */
static struct payer *draw_payer(struct rnd *r)
{
	size_t start = rng_below(&r->rng, r->count);

	for (size_t i = 0; i < r->count; i++) {
		struct payer *p = &r->payers[(start + i) % r->count];

		if (can_pay(r, p))
			return p;
	}
	return NULL;
}

/* Any account but the payer, unless it is the only one. */
static const struct payer *draw_payee(struct rnd *r, const struct payer *from)
{
	size_t own = (size_t)(from - r->payers);

	if (r->count == 1)
		return from;
	return &r->payers[(own + 1 + rng_below(&r->rng, r->count - 1)) %
			  r->count];
}

static enum err sign_one(json_t **out, struct rnd *r, struct payer *p,
			 struct fault *f)
{
	uint64_t most = p->spendable - r->chain.min_fee;
	struct buf data = {0};
	struct tx tx = {.op = TX_TRANSFER, .nonce = p->nonce};
	enum err e;

	/* small amounts, so that the money lasts */
	if (most > 100)
		most = most / 100;
	tx.amount = 1 + rng_below(&r->rng, most);
	tx.fee = r->chain.min_fee;
	tx.recipient = *secret_key_address(draw_payee(r, p)->key);
	placeholder_fill(&data, &r->chain.data);
	tx.data = buf_span(&data);
	e = wallet_sign(out, &tx, p->key, &r->chain, f);
	buf_release(&data);
	if (!e) {
		p->nonce++;
		p->room--;
		p->spendable -= tx.amount + tx.fee;
	}
	return e;
}

static int sign_batch(json_t *batch, struct rnd *r)
{
	while (json_array_size(batch) < BATCH_MAX &&
	       json_array_size(batch) < r->left) {
		struct payer *p = draw_payer(r);
		struct fault f = {0};
		json_t *tx;

		if (!p)
			break;
		if (sign_one(&tx, r, p, &f))
			return wallet_fail(&f);
		json_array_append_new(batch, tx);
	}
	return EXIT_DONE;
}

/* Refusals that the next block may cure. */
static bool passes_with_time(const char *code)
{
	static const enum err codes[] = {
		ERR_MEMPOOL_FULL, ERR_ACCOUNT_QUEUE_FULL, ERR_NONCE_GAP,
		ERR_NONCE_TOO_LOW, ERR_INSUFFICIENT_BALANCE};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(code, err_code(codes[i])) == 0)
			return true;
	return false;
}

/* Count and print what was taken. */
static int take_results(struct rnd *r, const json_t *batch,
			const json_t *results)
{
	const json_t *item;
	size_t i;

	json_array_foreach(results, i, item)
	{
		const char *code =
			json_string_value(json_object_get(item, "code"));
		json_t *tx = json_array_get(batch, i);

		if (code && !passes_with_time(code)) {
			wallet_print_problem(item);
			return EXIT_REFUSED;
		}
		if (code || !tx) {
			fault_set(&r->fault, ERR_UNAVAILABLE, "",
				  "the node takes no more: %s",
				  code ? code : "?");
			continue;
		}
		puts(json_string_value(json_object_get(tx, "id")));
		r->left--;
		json_decref(r->last);
		r->last = json_incref(tx);
	}
	fflush(stdout);
	return EXIT_DONE;
}

static int post_json(json_t **out, struct rnd *r, const json_t *value,
		     const char *path, unsigned timeout)
{
	char *text = json_dumps(value, JSON_COMPACT);
	int status;

	if (!text)
		BUG("json_dumps failed");
	status = wallet_post(out, NULL, r->w, path, span_str(text), timeout);
	free(text);
	return status;
}

/* Sending a transaction again does nothing but wait for its block. */
static int wait_for_block(struct rnd *r)
{
	uint64_t timeout = r->w->options.timeout;
	char path[80];
	json_t *answer;
	int status;

	wallet_push_path(path, sizeof(path), WAIT_BLOCK, timeout);
	status = post_json(&answer, r, r->last, path,
			   (unsigned)timeout + WAIT_MARGIN);
	if (!status)
		status = wallet_waited(answer, WAIT_BLOCK);
	json_decref(answer);
	return status;
}

static int one_round(struct rnd *r)
{
	json_t *batch = json_array();
	json_t *results = NULL;
	int status = refresh(r);

	if (!status)
		status = sign_batch(batch, r);
	if (!status && json_array_size(batch))
		status = post_json(&results, r, batch, "/v1/txs", 0);
	if (!status && results)
		status = take_results(r, batch, results);
	json_decref(results);
	json_decref(batch);
	return status;
}

static int stuck(struct rnd *r)
{
	if (!r->fault.detail[0])
		fault_set(&r->fault, ERR_INSUFFICIENT_BALANCE, "",
			  "no account of this wallet can pay");
	fprintf(stderr, "ccoin: %s\n", r->fault.detail);
	return EXIT_REFUSED;
}

static int all_rounds(struct rnd *r)
{
	int futile = 0;

	while (r->left) {
		uint64_t before = r->left;
		int status = one_round(r);

		if (status)
			return status;
		futile = r->left == before ? futile + 1 : 0;
		if (!futile)
			continue;
		if (!r->last || futile == FUTILE_MAX)
			return stuck(r);
		status = wait_for_block(r);
		if (status)
			return status;
	}
	return EXIT_DONE;
}

int wallet_rnd(struct wallet *w, int argc, char **argv)
{
	struct rnd r = {.w = w, .left = w->options.count};
	uint64_t seed;
	int status;

	(void)argc;
	(void)argv;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		BUG("getrandom failed");
	rng_seed(&r.rng, seed);
	status = load_keys(&r);
	if (!status)
		status = wallet_chain_facts(&r.chain, w);
	if (!status)
		status = all_rounds(&r);
	for (size_t i = 0; i < r.count; i++)
		secret_key_free(r.payers[i].key);
	free(r.payers);
	json_decref(r.last);
	return status;
}

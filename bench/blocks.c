/* SPDX-License-Identifier: MIT */
/*
 * Blocks of 1000 transfers on a chain over the real store, in this process:
 * what the loop and the writer do for a block once its transactions are
 * verified. Senders and recipients are spread over all accounts, and a block
 * changes 2000 of them, however many there are. See figures.h.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench/figures.h"
#include "chain/chain.h"
#include "daemon/init.h"
#include "store/kv_lmdb.h"

#define BLOCK_TXS 1000

struct block_bench {
	struct store *store;
	struct chain *chain;
	struct address *address;
	uint64_t *nonce; /* of each account */
	size_t *named;	 /* the last block that names it */
	size_t blocks;
	size_t accounts;
	struct rng rng;
	uint64_t seq, flush_seq;
};

static int by_address(const void *a, const void *b)
{
	const struct alloc *x = a, *y = b;

	return memcmp(x->address.b, y->address.b, ADDRESS_LEN);
}

/* The rules of a chain with these accounts: a file of one account is parsed
 * for the defaults. */
static void make_rules(struct rules *out, const struct block_bench *b)
{
	static const char text[] =
		"{\"network_id\":\"blocks\",\"miners\":"
		"[\"0000000000000000000000000000000000000001\"],"
		"\"consensus\":{\"slot_ms\":1}}";
	struct fault f;
	size_t i;

	if (genesis_parse(out, span_str(text), &f))
		die_fault("genesis", &f);
	free(out->alloc);
	out->alloc = xcalloc(b->accounts, sizeof(*out->alloc));
	out->alloc_count = b->accounts;
	for (i = 0; i < b->accounts; i++)
		out->alloc[i] = (struct alloc){b->address[i], CORPUS_BALANCE};
	qsort(out->alloc, b->accounts, sizeof(*out->alloc), by_address);
}

struct block_bench *block_bench_new(const char *dir, size_t accounts)
{
	struct block_bench *b = xcalloc(1, sizeof(*b));
	struct rules rules;
	struct fault f;
	size_t i;

	remove_tree(dir);
	if (accounts < 2 * BLOCK_TXS)
		BUG("a block names each account once: too few of them");
	b->accounts = accounts;
	b->address = xcalloc(accounts, sizeof(*b->address));
	b->nonce = xcalloc(accounts, sizeof(*b->nonce));
	b->named = xcalloc(accounts, sizeof(*b->named));
	for (i = 0; i < accounts; i++)
		b->address[i] = corpus_account(i);
	rng_seed(&b->rng, 1);
	make_rules(&rules, b);
	if (store_open(&b->store, dir, STORE_CREATE, &f) ||
	    init_store(NULL, b->store, &rules, NULL, &f) ||
	    store_view_renew(b->store, &f) ||
	    chain_open(&b->chain, store_view(b->store), 1, &f))
		die_fault(dir, &f);
	rules_release(&rules);
	return b;
}

void block_bench_free(struct block_bench *b)
{
	struct fault f;

	chain_free(b->chain);
	if (store_close(b->store, &f))
		die_fault("store", &f);
	free(b->address);
	free(b->nonce);
	free(b->named);
	free(b);
}

/* --- blocks ------------------------------------------------------------ */

/* The transactions of a block, made before the clock starts. */
struct load_block {
	struct buf raw;
	struct tx txs[BLOCK_TXS];
};

/* Any account that this block does not name yet. */
static size_t draw(struct block_bench *b)
{
	size_t i;

	do
		i = rng_below(&b->rng, b->accounts);
	while (b->named[i] == b->blocks);
	b->named[i] = b->blocks;
	return i;
}

/* Nobody checks the signatures here: those of the figures are not signed. */
static void make_block(struct block_bench *b, struct load_block *out)
{
	static const uint8_t signature[KEY_SIGNATURE_MAX];
	size_t i;

	b->blocks++;
	buf_reset(&out->raw);
	buf_reserve(&out->raw, (size_t)BLOCK_TXS * 512);
	for (i = 0; i < BLOCK_TXS; i++) {
		size_t from = draw(b), to = draw(b);
		size_t start = out->raw.len;
		struct tx *tx = &out->txs[i];

		*tx = (struct tx){
			.sender = b->address[from],
			.recipient = b->address[to],
			.nonce = b->nonce[from]++,
			.amount = 1,
			.signature = SPAN_OF(signature),
		};
		tx_encode(&out->raw, tx);
		tx->raw = SPAN(out->raw.data + start, out->raw.len - start);
		/* a block's bytes hold the signature, wherever it is here */
		tx->signature = tx->raw;
		tx->body = tx->raw;
		tx_hash(tx, chain_genesis(b->chain));
	}
}

/* Queue the next slice of a flush, when one is due. */
static void flush(struct block_bench *b)
{
	struct kv_batch batch = {0};

	if (b->flush_seq || !chain_flush(b->chain, b->seq + 1, &batch)) {
		kv_batch_release(&batch);
		return;
	}
	b->flush_seq = ++b->seq;
	store_commit_take(b->store, b->seq, &batch);
}

/* What the loop does when the writer has news. */
static uint64_t reap(struct block_bench *b)
{
	struct pollfd p = {.fd = store_fd(b->store), .events = POLLIN};
	uint64_t durable;
	struct fault f;

	if (poll(&p, 1, 20000) != 1)
		die("the store does not write");
	if (store_reap(b->store, &durable, &f) ||
	    store_view_renew(b->store, &f))
		die_fault("store", &f);
	if (b->flush_seq && durable >= b->flush_seq) {
		b->flush_seq = 0;
		chain_flushed(b->chain);
		flush(b);
	}
	return durable;
}

static void run_block(struct block_bench *b, const struct load_block *in)
{
	const struct rules *rules = chain_rules(b->chain);
	static const uint8_t signature[KEY_SIGNATURE_MAX];
	static const uint8_t key[KEY_SPKI_MAX];
	struct seal seal = {.key = SPAN_OF(key),
			    .signature = SPAN_OF(signature)};
	struct candidate *c = candidate_new(b->chain, store_view(b->store));
	struct kv_batch batch = {0};
	struct fault f;
	uint64_t seq;
	size_t i;

	for (i = 0; i < BLOCK_TXS; i++)
		if (candidate_add(c, &in->txs[i], &f))
			die_fault("apply", &f);
	if (candidate_finish(c, chain_tip(b->chain)->time + 1,
			     &rules->miners[0], SPAN(NULL, 0), SPAN(NULL, 0)))
		die("the store fails");
	candidate_seal(c, &seal);
	chain_commit(b->chain, c, &batch);
	seq = ++b->seq;
	store_commit_take(b->store, seq, &batch);
	while (reap(b) < seq)
		;
	if (chain_adopt_take(b->chain, c, store_view(b->store)))
		die("the store fails");
	flush(b);
}

double figure_blocks(struct block_bench *b, size_t blocks)
{
	struct load_block *in = xcalloc(1, sizeof(*in));
	double took = 0, began;
	size_t i;

	for (i = 0; i < blocks; i++) {
		make_block(b, in);
		began = now();
		run_block(b, in);
		took += now() - began;
	}
	began = now();
	while (b->flush_seq)
		reap(b);
	took += now() - began;
	buf_release(&in->raw);
	free(in);
	return took / (double)blocks * 1e3;
}

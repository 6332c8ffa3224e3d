/* SPDX-License-Identifier: MIT */
/*
 * What each stage of a transaction costs on one core, alone and warm: the
 * ceiling, and the rows of doc/performance.md. See figures.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/figures.h"
#include "chain/chain.h"
#include "codec/msgpack.h"
#include "codec/tx_json.h"
#include "daemon/init.h"
#include "ledger/apply.h"
#include "mempool/mempool.h"
#include "store/kv_lmdb.h"

#define BLOCK_TXS 1000

/* --- the ceiling ------------------------------------------------------- */

double figure_verify(const struct corpus *c)
{
	struct verifier *v = verifier_new(c->senders);
	struct tx *txs = xcalloc(c->senders, sizeof(*txs));
	double began, took = 0;
	size_t i, done = 0;

	for (i = 0; i < c->senders; i++)
		if (tx_decode(&txs[i], corpus_tx(c, 0, i), TX_BYTES_MAX, NULL))
			die("a transaction of the cache cannot be read");
	for (i = 0; i < c->senders; i++)
		tx_hash(&txs[i], &c->chain);
	/* the first time around decodes the keys */
	for (began = now(); took < 1; took = now() - began) {
		for (i = 0; i < c->senders; i++)
			if (verifier_check(v, txs[i].key, &txs[i].id,
					   txs[i].signature))
				die("a signature of the cache does not hold");
		if (done)
			done += c->senders;
		else
			began = now(), done = 1;
	}
	free(txs);
	verifier_free(v);
	return (double)done / took;
}

/* --- stages ------------------------------------------------------------ */

struct stages {
	const struct corpus *c;
	size_t count;
	struct tx *txs;
	struct store *store;
	struct chain *chain;
	uint64_t seq;
};

static void row(const char *what, double began, size_t count)
{
	printf("  %-58s %8.2f us\n", what,
	       (now() - began) * 1e6 / (double)count);
}

static void bodies(struct stages *s)
{
	const struct corpus *c = s->c;
	size_t i, end;
	char **text = xcalloc(s->count, sizeof(char *));
	struct buf raw = {0};
	json_t **json = xcalloc(s->count, sizeof(*json));
	struct fault f;
	double t;

	for (i = 0; i < s->count; i++) {
		struct tx tx;
		json_t *out;

		if (tx_decode(&tx, corpus_tx(c, i / c->senders, i % c->senders),
			      TX_BYTES_MAX, NULL))
			die("decode");
		out = tx_to_json(&tx, SPAN(NULL, 0));
		json_object_del(out, "id");
		text[i] = json_dumps(out, JSON_COMPACT);
		json_decref(out);
	}
	t = now();
	for (i = 0; i < s->count; i++)
		json[i] = json_parse(span_str(text[i]), &f);
	row("JSON: parse the text (jansson)", t, s->count);
	t = now();
	for (i = 0; i < s->count; i++)
		if (tx_from_json(&raw, json[i], &f))
			die_fault("json", &f);
	row("JSON: to canonical bytes", t, s->count);
	t = now();
	for (i = 0; i < s->count; i++)
		json_decref(json[i]);
	row("JSON: free the tree", t, s->count);
	buf_reset(&raw);
	t = now();
	for (i = 0; i < s->count; i++)
		if (!tx_scan_json(&raw, &end, 1, span_str(text[i])))
			die("a plain transaction is not scanned");
	row("JSON: all three, of a plain transaction, by the scan", t,
	    s->count);
	for (i = 0; i < s->count; i++)
		free(text[i]);
	free(text);
	free(json);
	buf_release(&raw);
}

static void decode(struct stages *s)
{
	const struct corpus *c = s->c;
	size_t i;
	double t = now();

	for (i = 0; i < s->count; i++)
		if (tx_decode(&s->txs[i],
			      corpus_tx(c, i / c->senders, i % c->senders),
			      TX_BYTES_MAX, NULL))
			die("decode");
	row("decode canonical bytes", t, s->count);
	t = now();
	for (i = 0; i < s->count; i++)
		tx_hash(&s->txs[i], &c->chain);
	row("hash: id and full bytes", t, s->count);
}

static void pool(struct stages *s)
{
	struct mempool *m = mempool_new((size_t)1 << 30, 1);
	struct kv_view *view = store_view(s->store);
	enum mempool_place place;
	struct mempool_pick *pick;
	struct account a;
	struct fault f;
	size_t i;
	bool existed, known;
	double t = now();

	for (i = 0; i < s->count; i++)
		if (chain_account(&a, &existed, s->chain, view,
				  &s->txs[i].sender) ||
		    mempool_check(m, &known, &s->txs[i], &a, 1, &f))
			die_fault("pool", &f);
	row("account and pool, before the check of the signature", t, s->count);
	t = now();
	for (i = 0; i < s->count; i++)
		if (chain_account(&a, &existed, s->chain, view,
				  &s->txs[i].sender) ||
		    mempool_check(m, &known, &s->txs[i], &a, 1, &f) ||
		    mempool_add(m, &place, &s->txs[i], &a, 1, &f))
			die_fault("pool", &f);
	row("the same after it, and into the pool", t, s->count);
	t = now();
	pick = mempool_pick_new(m);
	for (i = 0; mempool_pick_next(pick); i++)
		;
	mempool_pick_free(pick);
	row("pick for a block", t, i);
	t = now();
	for (i = 0; i < s->count; i++)
		mempool_remove_included(m, &s->txs[i].id);
	row("out of the pool", t, s->count);
	mempool_free(m);
}

struct block_times {
	double apply, finish, encode, append, adopt, flush;
};

static void commit(struct stages *s, struct kv_batch *batch)
{
	struct fault f;

	if (store_commit_sync(s->store, batch, &f) ||
	    store_view_renew(s->store, &f))
		die_fault("store", &f);
	kv_batch_release(batch);
}

static void one_block(struct stages *s, struct block_times *sum,
		      const struct tx *txs)
{
	static const uint8_t key[KEY_SPKI_MAX], signature[KEY_SIGNATURE_MAX];
	struct seal seal = {.key = SPAN_OF(key),
			    .signature = SPAN_OF(signature)};
	struct candidate *b = candidate_new(s->chain, store_view(s->store));
	struct kv_batch batch = {0};
	double t = now();
	struct fault f;
	size_t i;

	for (i = 0; i < BLOCK_TXS; i++)
		if (candidate_add(b, &txs[i], &f))
			die_fault("apply", &f);
	sum->apply += now() - t;
	t = now();
	if (candidate_finish(b, chain_tip(s->chain)->time + 10,
			     &s->c->address[0], SPAN(NULL, 0), SPAN(NULL, 0)))
		die("finish");
	sum->finish += now() - t;
	t = now();
	candidate_seal(b, &seal);
	chain_commit(s->chain, b, &batch);
	sum->encode += now() - t;
	t = now();
	commit(s, &batch);
	sum->append += now() - t;
	t = now();
	if (chain_adopt_take(s->chain, b, store_view(s->store)))
		die("adopt");
	sum->adopt += now() - t;
	t = now();
	while (chain_flush(s->chain, ++s->seq, &batch)) {
		commit(s, &batch);
		chain_flushed(s->chain);
	}
	sum->flush += now() - t;
}

static void blocks(struct stages *s)
{
	size_t i, n = s->count / BLOCK_TXS;
	struct block_times sum = {0};

	for (i = 0; i < n; i++)
		one_block(s, &sum, &s->txs[i * BLOCK_TXS]);
#define BLOCK_ROW(field, what)                                                 \
	printf("  %-58s %8.2f us\n", what, sum.field * 1e6 / (double)s->count)
	BLOCK_ROW(apply, "apply");
	BLOCK_ROW(finish, "delta, state tree, roots, header");
	BLOCK_ROW(encode, "encode block and delta");
	BLOCK_ROW(append,
		  "append to the log, with the disk's flush (the writer)");
	BLOCK_ROW(adopt, "derive into the overlay");
	BLOCK_ROW(flush, "flush derived tables, in slices (mostly the writer)");
#undef BLOCK_ROW
}

void stages_print(const struct bench *b, const struct corpus *c)
{
	struct stages s = {.c = c};
	struct rules rules;
	struct fault f;

	s.count = c->senders * c->rounds;
	s.count -= s.count % BLOCK_TXS;
	s.txs = xcalloc(s.count, sizeof(*s.txs));
	remove_tree(b->work);
	if (init_read_genesis(&rules, c->genesis_path, &f) ||
	    store_open(&s.store, b->work, STORE_CREATE, &f) ||
	    init_store(NULL, s.store, &rules, NULL, &f) ||
	    store_view_renew(s.store, &f) ||
	    chain_open(&s.chain, store_view(s.store), 1, &f))
		die_fault("stages", &f);
	rules_release(&rules);
	printf("a transaction, in blocks of %d, %zu accounts; each stage "
	       "alone on one core\n",
	       BLOCK_TXS, c->accounts);
	bodies(&s);
	decode(&s);
	pool(&s);
	printf("  %-58s %8.2f us\n", "check the signature (a worker)",
	       1e6 / figure_verify(c));
	blocks(&s);
	free(s.txs);
	chain_free(s.chain);
	if (store_close(s.store, &f))
		die_fault("stages", &f);
}

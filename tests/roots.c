/* SPDX-License-Identifier: MIT */
/*
 * The same chains everywhere: blocks made from a fixed seed, with every rule
 * of the ledger at work, and the hash, state root and supply of each tenth.
 * Whatever the compiler and its options, the lines are those of
 * tests/roots.expected. `--print` prints them; see scripts/same-roots.
 */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/rng.h"
#include "chain/chain.h"
#include "chain/genesis.h"
#include "chain/tables.h"
#include "consensus/engine.h"
#include "node/verify.h"

#define KEYS 24
#define BLOCKS 400
#define BLOCK_TXS 24
#define TELL_EVERY 10

struct scenario {
	const char *name;
	uint64_t seed;
	const char *rules;    /* JSON members, the first in block_mining */
	uint64_t balance;     /* of each key in alloc */
	unsigned crowd;	      /* other addresses in alloc, to fill the tree */
	uint64_t max_fee;     /* fees are below */
	uint64_t amount_step; /* amounts are multiples of it */
};

static const struct scenario scenarios[] = {
	/* rewards and fees, accounts coming and going to zero */
	{"plain", 1, "\"reward\": 50}", 10000, 0, 5, 1},
	/* every new address is given something; fees have a floor */
	{"minting", 2,
	 "\"reward\": 7}, \"new_address_balance\": 11, "
	 "\"min_fee\": 2",
	 1000, 0, 9, 1},
	/* rewards and minting run into 2^53 - 1 */
	{"cap", 3, "\"reward\": 999999937}, \"new_address_balance\": 1000003",
	 (AMOUNT_MAX - UINT64_C(200000000000)) / KEYS, 0, 5,
	 UINT64_C(1000000007)},
	/* buckets of the tree that overflow and empty again; small blocks */
	{"crowd", 4, "\"reward\": 1, \"max_bound\": 7}", 100000, 3000, 3, 1},
};

struct world {
	const struct scenario *s;
	struct rng rng;
	struct secret_key *keys[KEYS];
	struct kv_mem *mem;
	struct chain *chain;
	struct engine *engine;
	uint64_t seq;
	uint64_t slot;
	uint64_t refused[ERR_COUNT];
	struct buf *out;
};

static struct secret_key *key_of(unsigned number)
{
	uint8_t seed[32] = {0};
	struct secret_key *key;

	put_be32(seed, number);
	if (secret_key_take(&key,
			    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
							 seed, sizeof(seed))))
		BUG("a key of 32 bytes");
	return key;
}

static void say(struct buf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct buf *out, const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line))
		BUG("a line too long");
	buf_append(out, line, (size_t)n);
}

static void tell_tip(struct world *w)
{
	const struct chain_tip *tip = chain_tip(w->chain);
	char hash[HASH_HEX_LEN], root[HASH_HEX_LEN];

	say(w->out, "%s %" PRIu64 " %s %s %" PRIu64 "\n", w->s->name,
	    tip->height, hash_hex(hash, &tip->hash),
	    hash_hex(root, &tip->state_root), tip->supply);
}

static struct engine_block block_of(const struct chain_tip *tip)
{
	return (struct engine_block){.height = tip->height,
				     .time = tip->time,
				     .has_producer = tip->has_producer,
				     .producer = tip->producer,
				     .hash = tip->hash,
				     .has_txs = tip->has_txs};
}

/* The engine follows the chain. */
static void accept_tip(struct world *w)
{
	struct engine_block block = block_of(chain_tip(w->chain));

	w->engine->ops->accept(w->engine, &block);
}

/* --- genesis ----------------------------------------------------------- */

static void genesis_text(struct buf *out, const struct world *w)
{
	char hex[ADDRESS_HEX_LEN];
	unsigned i;

	say(out, "{\"network_id\": \"%s\", \"miners\": [", w->s->name);
	for (i = 0; i < 3; i++)
		say(out, "%s\"%s\"", i ? ", " : "",
		    address_hex(hex, secret_key_address(w->keys[i])));
	say(out, "], \"genesis_block\": {\"difficulty\": 2}, \"alloc\": {");
	for (i = 0; i < KEYS; i++)
		say(out, "\"%s\": {\"balance\": %" PRIu64 "}, ",
		    address_hex(hex, secret_key_address(w->keys[i])),
		    w->s->balance);
	for (i = 0; i < w->s->crowd; i++)
		say(out, "\"%040x\": {\"balance\": %u}, ", i + 1, i % 7);
	say(out, "\"%040x\": {\"balance\": 1}}, ", 0xffffffffu);
	say(out, "\"block_mining\": {\"interval\": 1, %s}", w->s->rules);
}

static void begin(struct world *w)
{
	struct kv_batch batch = {0};
	struct buf text = {0};
	struct rules rules;
	struct genesis g;
	struct hash pow;
	struct fault f = {0};
	uint64_t nonce = 0;
	size_t at = 0;

	genesis_text(&text, w);
	if (genesis_parse(&rules, buf_span(&text), &f)) {
		fprintf(stderr, "%s: %s: %s\n", w->s->name, f.field, f.detail);
		exit(EXIT_FAILURE);
	}
	genesis_make(&g, &rules);
	if (!genesis_mine(&pow, &nonce, &g, UINT64_MAX))
		BUG("no nonce");
	while (genesis_batch(&g, nonce, &at, &batch)) {
		kv_mem_apply(w->mem, &batch);
		kv_batch_release(&batch);
	}
	if (chain_open(&w->chain, kv_mem_view(w->mem), 9, &f))
		BUG(f.detail);
	if (engine_ops_of(rules.engine)
		    ->create(&w->engine, chain_rules(w->chain),
			     chain_genesis(w->chain), &f))
		BUG(f.detail);
	accept_tip(w);
	say(w->out, "%s nonce %" PRIu64 "\n", w->s->name, nonce);
	genesis_release(&g);
	rules_release(&rules);
	buf_release(&text);
}

/* --- transactions ------------------------------------------------------ */

/* One that exists, one of the crowd, or a new one. */
static void pick_recipient(struct world *w, struct address *out)
{
	size_t i;

	switch (rng_below(&w->rng, 4)) {
	case 0:
		for (i = 0; i < ADDRESS_LEN; i++)
			out->b[i] = (uint8_t)rng_below(&w->rng, 256);
		break;
	case 1:
		memset(out->b, 0, ADDRESS_LEN);
		put_be32(out->b + ADDRESS_LEN - 4,
			 (uint32_t)rng_below(&w->rng, w->s->crowd + 40));
		break;
	default:
		*out = *secret_key_address(w->keys[rng_below(&w->rng, KEYS)]);
	}
}

/* What the sender's last transaction in this block left is not known here:
 * some are refused, which is part of the test. */
static uint64_t pick_amount(struct world *w, uint64_t balance)
{
	switch (rng_below(&w->rng, 8)) {
	case 0:
		return 0;
	case 1:
		return balance; /* all of it, when the fee is 0 */
	case 2:
		return AMOUNT_MAX;
	default:
		return w->s->amount_step * rng_below(&w->rng, 300);
	}
}

static uint64_t pick_valid_until(struct world *w, uint64_t height)
{
	uint64_t r = rng_below(&w->rng, 10);

	return r < 7 ? 0 : height + r - 8; /* expired, just in time, early */
}

static void make_tx(struct world *w, struct buf *raw, unsigned sender,
		    uint64_t nonce, uint64_t balance)
{
	const struct secret_key *key = w->keys[sender];
	uint64_t height = chain_tip(w->chain)->height + 1;
	uint8_t data[16];
	struct buf signature = {0};
	struct hash digest;
	struct tx tx = {.sender = *secret_key_address(key),
			.nonce = nonce,
			.fee = rng_below(&w->rng, w->s->max_fee),
			.op = TX_TRANSFER};

	tx.valid_until = pick_valid_until(w, height);
	pick_recipient(w, &tx.recipient);
	if (!rng_below(&w->rng, 12))
		tx.recipient = tx.sender;
	tx.amount = pick_amount(w, balance);
	memset(data, (int)rng_below(&w->rng, 256), sizeof(data));
	tx.data = SPAN(data, rng_below(&w->rng, sizeof(data) + 1));
	tx_signing_digest(&digest, &tx, chain_genesis(w->chain));
	if (secret_key_sign(key, &signature, &digest))
		BUG("Ed25519 refuses to sign");
	if (!nonce)
		tx.key = secret_key_public(key);
	tx.signature = buf_span(&signature);
	tx_encode(raw, &tx);
	buf_release(&signature);
}

/* One transaction into the block, or counted as refused. */
static void add_tx(struct world *w, struct candidate *b, uint64_t *nonces)
{
	unsigned sender = (unsigned)rng_below(&w->rng, KEYS);
	struct account account;
	struct buf raw = {0};
	struct fault f = {0};
	bool existed;
	struct tx tx;
	enum err e;

	if (chain_account(&account, &existed, w->chain, kv_mem_view(w->mem),
			  secret_key_address(w->keys[sender])))
		BUG("a view of memory failed");
	if (nonces[sender] < account.nonce)
		nonces[sender] = account.nonce;
	make_tx(w, &raw, sender, nonces[sender] + !rng_below(&w->rng, 30),
		account.balance);
	e = tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, &f);
	if (e)
		BUG(f.detail);
	tx_hash(&tx, chain_genesis(w->chain));
	e = candidate_add(b, &tx, &f);
	w->refused[e]++;
	if (!e)
		nonces[sender]++;
	buf_release(&raw);
}

/* --- blocks ------------------------------------------------------------ */

static void adopt(struct world *w, struct candidate *b)
{
	struct engine_block block = block_of(candidate_tip(b));
	struct kv_batch batch = {0};
	uint8_t key[HEIGHT_KEY_LEN];
	struct buf state = {0};

	chain_commit(w->chain, b, &batch);
	w->engine->ops->save(w->engine, &state, &block);
	kv_batch_put(&batch, KV_STATES, height_key(key, block.height),
		     buf_span(&state));
	buf_release(&state);
	kv_mem_apply(w->mem, &batch);
	kv_batch_release(&batch);
	if (chain_adopt_take(w->chain, b, kv_mem_view(w->mem)))
		BUG("a view of memory failed");
	accept_tip(w);
	while (chain_flush(w->chain, ++w->seq, &batch)) {
		kv_mem_apply(w->mem, &batch);
		chain_flushed(w->chain);
		kv_batch_release(&batch);
	}
}

static void seal(struct candidate *b, const struct secret_key *key)
{
	struct buf signature = {0};
	struct seal s = {.key = secret_key_public(key)};

	if (secret_key_sign(key, &signature, candidate_hash(b)))
		BUG("Ed25519 refuses to sign");
	s.signature = buf_span(&signature);
	candidate_seal(b, &s);
	buf_release(&signature);
}

static void make_block(struct world *w, uint64_t *nonces)
{
	struct candidate *b = candidate_new(w->chain, kv_mem_view(w->mem));
	size_t count = rng_below(&w->rng, BLOCK_TXS);
	const struct secret_key *key;
	uint64_t time, extra_len;
	uint8_t extra[8];

	while (count--)
		add_tx(w, b, nonces);
	w->slot += 1 + rng_below(&w->rng, 4);
	key = w->keys[w->slot % 3];
	memset(extra, (int)w->slot % 128, sizeof(extra));
	/* one draw a statement: the order of arguments is the compiler's */
	time = w->slot * 1000 + rng_below(&w->rng, 1000);
	extra_len = rng_below(&w->rng, sizeof(extra) + 1);
	if (candidate_finish(b, time, secret_key_address(key), SPAN(NULL, 0),
			     SPAN(extra, extra_len)))
		BUG("a view of memory failed");
	seal(b, key);
	adopt(w, b);
}

/* The chain holds what a stranger would compute from its blocks. */
static void check_all(struct world *w)
{
	struct verify_report report;
	struct fault f = {0};
	char root[HASH_HEX_LEN];

	if (node_verify(&report, kv_mem_view(w->mem), NULL, NULL, &f)) {
		fprintf(stderr, "%s: %s\n", w->s->name, f.detail);
		exit(EXIT_FAILURE);
	}
	say(w->out,
	    "%s verified %" PRIu64 " transactions, %" PRIu64
	    " accounts, root %s\n",
	    w->s->name, report.transactions, report.accounts,
	    hash_hex(root, &report.state_root));
}

static void run(const struct scenario *s, struct buf *out)
{
	struct world w = {.s = s, .out = out, .mem = kv_mem_new()};
	uint64_t nonces[KEYS] = {0};
	unsigned i;

	rng_seed(&w.rng, s->seed);
	for (i = 0; i < KEYS; i++)
		w.keys[i] = key_of(i + 1);
	begin(&w);
	tell_tip(&w);
	for (i = 1; i <= BLOCKS; i++) {
		make_block(&w, nonces);
		if (!(i % TELL_EVERY))
			tell_tip(&w);
	}
	check_all(&w);
	for (i = 1; i < ERR_COUNT; i++)
		if (w.refused[i])
			say(out, "%s refused %s %" PRIu64 "\n", s->name,
			    err_code((enum err)i), w.refused[i]);
	w.engine->ops->destroy(w.engine);
	chain_free(w.chain);
	kv_mem_free(w.mem);
	for (i = 0; i < KEYS; i++)
		secret_key_free(w.keys[i]);
}

/* --- against the file -------------------------------------------------- */

static size_t line_length(struct span s)
{
	const uint8_t *end = s.len ? memchr(s.data, '\n', s.len) : NULL;

	return end ? (size_t)(end - s.data) + 1 : s.len;
}

static int compare(struct span got, struct span want, const char *path)
{
	size_t n, m, line = 1;

	while (got.len || want.len) {
		n = line_length(got);
		m = line_length(want);
		if (n != m || memcmp(got.data, want.data, n)) {
			fprintf(stderr,
				"roots: line %zu of %s is\n%.*sand this "
				"build makes\n%.*s",
				line, path, (int)m, (const char *)want.data,
				(int)n, (const char *)got.data);
			return EXIT_FAILURE;
		}
		got = SPAN(got.data + n, got.len - n);
		want = SPAN(want.data + m, want.len - m);
		line++;
	}
	return EXIT_SUCCESS;
}

static int compare_with_file(const struct buf *got)
{
	const char *srcdir = getenv("srcdir");
	struct buf want = {0};
	char path[512], chunk[4096];
	FILE *in;
	size_t n;
	int status;

	snprintf(path, sizeof(path), "%s/tests/roots.expected",
		 srcdir ? srcdir : ".");
	in = fopen(path, "r");
	if (!in) {
		perror(path);
		return EXIT_FAILURE;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), in)))
		buf_append(&want, chunk, n);
	fclose(in);
	status = compare(buf_span(got), buf_span(&want), path);
	buf_release(&want);
	return status;
}

int main(int argc, char **argv)
{
	struct buf out = {0};
	int status = EXIT_SUCCESS;
	size_t i;

	for (i = 0; i < ARRAY_LEN(scenarios); i++)
		run(&scenarios[i], &out);
	if (argc == 2 && !strcmp(argv[1], "--print"))
		fwrite(out.data, 1, out.len, stdout);
	else
		status = compare_with_file(&out);
	buf_release(&out);
	return status;
}

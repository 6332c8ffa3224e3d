/* SPDX-License-Identifier: MIT */
/* States, genesis blocks and blocks of doc/vectors.json. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/msgpack.h"
#include "consensus/engine.h"
#include "crypto/merkle.h"
#include "kv/kv.h"
#include "ledger/apply.h"
#include "ledger/state_tree.h"
#include "vectors.h"

static void put_account(struct kv_mem *store, const struct account *a)
{
	struct kv_batch batch = {0};
	struct buf record = {0};
	struct hash key;

	account_key(&key, &a->address);
	account_encode(&record, a);
	kv_batch_put(&batch, KV_ACCOUNTS, hash_span(&key), buf_span(&record));
	kv_mem_apply(store, &batch);
	kv_batch_release(&batch);
	buf_release(&record);
}

/* Both roots of the accounts in the store. */
static void roots(struct hash *tree_root, struct hash *root,
		  struct kv_mem *store, uint64_t supply)
{
	struct state_tree *tree;

	if (state_tree_build(&tree, kv_mem_view(store)))
		BUG("a view of memory failed");
	state_tree_root(tree_root, tree);
	state_root(root, tree_root, supply);
	state_tree_free(tree);
}

static json_t *account_example(const struct account *a)
{
	json_t *o = json_object();
	struct buf record = {0};
	struct hash key;

	account_key(&key, &a->address);
	account_encode(&record, a);
	add(o, "address", address_json(&a->address));
	add(o, "balance", uint_json(a->balance));
	add(o, "nonce", uint_json(a->nonce));
	add(o, "key", hash_json(&key));
	add(o, "record", hex_json(buf_span(&record)));
	buf_release(&record);
	return o;
}

static void add_state(json_t *o, struct kv_mem *store, uint64_t supply)
{
	struct hash tree_root, root;

	roots(&tree_root, &root, store, supply);
	add(o, "supply", uint_json(supply));
	add(o, "tree_root", hash_json(&tree_root));
	add(o, "state_root", hash_json(&root));
}

static json_t *state_example(size_t count)
{
	json_t *o = json_object(), *list = json_array();
	struct kv_mem *store = kv_mem_new();
	uint64_t supply = 0;
	struct account a;
	size_t i;

	for (i = 0; i < count; i++) {
		a = (struct account){.balance = 1000 * i, .nonce = i % 3};
		memset(a.address.b, (int)i, ADDRESS_LEN);
		supply += a.balance;
		put_account(store, &a);
		json_array_append_new(list, account_example(&a));
	}
	add(o, "accounts", list);
	add_state(o, store, supply);
	kv_mem_free(store);
	return o;
}

json_t *state_examples(void)
{
	static const size_t counts[] = {0, 1, 2, 3, 7, 40};
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < ARRAY_LEN(counts); i++)
		json_array_append_new(list, state_example(counts[i]));
	return list;
}

/* --- genesis ---- */

static json_t *genesis_example(const char *name, const char *file,
			       const struct rules *rules,
			       const struct genesis *g)
{
	static const struct hash zeros;
	json_t *o = json_object();
	struct header h;
	struct hash hash;
	uint64_t nonce = 0;

	add(o, "name", json_string(name));
	add(o, "file", json_string(file));
	add(o, "rules", hex_json(buf_span(&g->rules_raw)));
	digest(&hash, DOMAIN_RULES, &zeros, buf_span(&g->rules_raw));
	add(o, "rules_hash", hash_json(&hash));
	if (header_decode(&h, buf_span(&g->header_raw)))
		BUG("a genesis header does not decode");
	add(o, "state_root", hash_json(&h.state_root));
	add(o, "supply", uint_json(g->delta.supply));
	add(o, "header", hex_json(buf_span(&g->header_raw)));
	add(o, "chain_id", hash_json(&g->hash));
	if (!genesis_mine(&hash, &nonce, g, UINT64_C(1) << 32))
		BUG("no nonce below 2^32");
	add(o, "difficulty", uint_json(rules->genesis_difficulty));
	add(o, "nonce", uint_json(nonce));
	add(o, "pow_hash", hash_json(&hash));
	return o;
}

static void must_parse(struct rules *r, const char *file)
{
	struct fault f;

	if (!genesis_parse(r, span_str(file), &f))
		return;
	fprintf(stderr, "vectors: %s: %s\n", f.field, f.detail);
	exit(EXIT_FAILURE);
}

static const char bare_file[] =
	"{\"network_id\": 1,"
	" \"miners\": [\"00112233445566778899aabbccddeeff00112233\"]}";

/* Every field; the first %s is the Ed25519 address, the second RSA's. */
static const char full_form[] =
	"{\"network_id\": \"vectors\", \"miners\": [\"%s\", \"%s\"],"
	" \"block_mining\": {\"interval\": 10, \"max_bound\": 500,"
	" \"min_bound\": 3, \"reward\": 50, \"difficulty\": 5,"
	" \"allow_empty\": true, \"placeholder_data\": [\"rnd\", 15]},"
	" \"transaction\": {\"placeholder_data\": [\"predef\", \"none\"]},"
	" \"max_peers\": 8, \"genesis_block\": {"
	"\"coinbase\": \"%s\", \"coinbase_reward\": 500000,"
	" \"difficulty\": 4, \"time\": 1700000000000},"
	" \"alloc\": {\"%s\": {\"balance\": 7},"
	" \"00000000000000000000000000000000000000ff\": {\"balance\": 0}},"
	" \"consensus\": {\"engine\": \"poa\", \"slot_ms\": 2000},"
	" \"new_address_balance\": 3, \"confirmations\": 12, \"min_fee\": 0,"
	" \"max_tx_bytes\": 2048, \"max_block_bytes\": 65536}";

json_t *genesis_examples(struct example *x)
{
	char ed[ADDRESS_HEX_LEN], rsa[ADDRESS_HEX_LEN], file[2048];
	json_t *list = json_array();
	struct genesis g;
	struct rules r;

	must_parse(&r, bare_file);
	genesis_make(&g, &r);
	json_array_append_new(list,
			      genesis_example("defaults", bare_file, &r, &g));
	genesis_release(&g);
	rules_release(&r);

	address_hex(ed, secret_key_address(x->ed25519));
	address_hex(rsa, secret_key_address(x->rsa));
	snprintf(file, sizeof(file), full_form, ed, rsa, rsa, ed);
	must_parse(&x->rules, file);
	genesis_make(&x->genesis, &x->rules);
	json_array_append_new(
		list, genesis_example("full", file, &x->rules, &x->genesis));
	return list;
}

/* --- blocks of the chain "full" ---- */

/* The chain as it grows. */
struct grown {
	struct kv_mem *store;
	struct engine *engine;
	struct engine_block tip;
	struct mmr range;
	uint64_t supply;
};

static void grow(struct grown *c, const struct delta *d)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		put_account(c->store, &d->changes[i].new);
	c->supply = d->supply;
}

static json_t *apply(struct grown *c, const struct example *x,
		     const struct buf *txs, size_t count)
{
	json_t *changed = json_array();
	struct overlay *o;
	struct delta d;
	struct fault f;
	struct tx tx;
	size_t i;

	o = overlay_new(&x->rules, kv_mem_view(c->store), c->supply, 1);
	for (i = 0; i < count; i++)
		if (tx_decode(&tx, buf_span(&txs[i]), TX_BYTES_MAX, &f) ||
		    overlay_apply(o, &tx, c->tip.height + 1, &f))
			BUG("an example does not apply");
	if (overlay_finish(o, &d, secret_key_address(x->ed25519)))
		BUG("a view of memory failed");
	grow(c, &d);
	for (i = 0; i < d.count; i++)
		json_array_append_new(changed,
				      account_example(&d.changes[i].new));
	delta_release(&d);
	overlay_free(o);
	return changed;
}

/* Nobody would take a block that is not right. */
static void check_block(struct grown *c, const struct header *h,
			const struct hash *hash, const struct seal *seal)
{
	struct verifier *v = verifier_new(1);
	struct checks checks = {0};

	if (c->engine->ops->check_header(c->engine, &c->tip, h, 0) ||
	    c->engine->ops->check_seal(c->engine, h, hash, seal, &checks) ||
	    !checks.count || checks_verify(&checks, v))
		BUG("an example is not a block of its chain");
	checks_release(&checks);
	verifier_free(v);
}

static json_t *block_example(struct grown *c, const struct example *x,
			     uint64_t time, struct span extra,
			     const struct buf *txs, size_t count)
{
	json_t *o = json_object(), *changed = apply(c, x, txs, count);
	struct buf raw = {0}, sig = {0}, seal_raw = {0}, block = {0};
	struct span spans[TX_EXAMPLES];
	struct hash leaves[TX_EXAMPLES], tree_root, hash;
	struct seal seal = {.key = secret_key_public(x->ed25519)};
	struct header h = {
		.height = c->tip.height + 1,
		.parent = c->tip.hash,
		.time = time,
		.has_producer = true,
		.producer = *secret_key_address(x->ed25519),
		.extra = extra,
	};
	size_t i;

	for (i = 0; i < count; i++) {
		spans[i] = buf_span(&txs[i]);
		sha256(&leaves[i], spans[i]);
	}
	merkle_root(&h.txs_root, leaves, count);
	mmr_root(&h.history_root, &c->range);
	roots(&tree_root, &h.state_root, c->store, c->supply);
	h.engine = SPAN("\x90", 1);
	header_encode(&raw, &h);
	header_hash(&hash, &x->genesis.hash, buf_span(&raw));
	if (secret_key_sign(x->ed25519, &sig, &hash))
		BUG("signing failed");
	seal.signature = buf_span(&sig);
	seal_encode(&seal_raw, &seal);
	block_encode(&block, buf_span(&raw), &seal, spans, count);
	check_block(c, &h, &hash, &seal);
	add(o, "height", uint_json(h.height));
	add(o, "time", uint_json(h.time));
	add(o, "txs_root", hash_json(&h.txs_root));
	add(o, "history_root", hash_json(&h.history_root));
	add(o, "changed", changed);
	add_state(o, c->store, c->supply);
	add(o, "header", hex_json(buf_span(&raw)));
	add(o, "hash", hash_json(&hash));
	add(o, "seal", hex_json(buf_span(&seal_raw)));
	add(o, "block", hex_json(buf_span(&block)));
	c->tip = (struct engine_block){
		.height = h.height, .time = time, .hash = hash};
	mmr_append(&c->range, &hash);
	buf_release(&raw);
	buf_release(&sig);
	buf_release(&seal_raw);
	buf_release(&block);
	return o;
}

json_t *block_examples(const struct example *x,
		       const struct buf txs[TX_EXAMPLES])
{
	uint64_t start = x->rules.genesis_time;
	json_t *list = json_array();
	struct grown c = {.store = kv_mem_new()};

	if (engine_poa.create(&c.engine, &x->rules, &x->genesis.hash, NULL))
		BUG("no engine");
	c.tip = (struct engine_block){.time = start, .hash = x->genesis.hash};
	mmr_append(&c.range, &x->genesis.hash);
	grow(&c, &x->genesis.delta);
	/* The Ed25519 account is the first of two miners: even slots of 2 s */
	json_array_append_new(
		list, block_example(&c, x, start + 4123, SPAN("", 0), txs, 3));
	json_array_append_new(list, block_example(&c, x, start + 8000,
						  span_str("abcdefghijklmno"),
						  NULL, 0));
	c.engine->ops->destroy(c.engine);
	kv_mem_free(c.store);
	return list;
}

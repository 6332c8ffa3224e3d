/* SPDX-License-Identifier: MIT */
/* What verification must find in a store that was made by somebody who lies,
 * or spoilt since. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "chain/branch.h"
#include "chain/tables.h"
#include "consensus/engine.h"
#include "driver.h"

#define IDLE 9 /* whom nobody pays */

static struct driver d;

static struct kv_view *view(void)
{
	return kv_mem_view(d.mem);
}

static void ck_verify(enum err want, const char *what)
{
	struct verify_report report;
	struct fault f = {0};
	enum err e = node_verify(&report, view(), NULL, NULL, &f);

	/* damage may be met in any form */
	ck_assert_msg(want == ERR_CORRUPT ? e != ERR_OK : e == want,
		      "%s: %s (%s)", what, err_text(e), f.detail);
	if (e)
		ck_assert(f.detail[0] != '\0');
}

/* Five payments, and an account that none of them touches. */
static void short_life(void)
{
	uint64_t nonce;
	struct address idle = test_address(IDLE);
	char more[200], hex[ADDRESS_HEX_LEN];

	snprintf(more, sizeof(more),
		 ", \"genesis_block\": {\"coinbase\": \"%s\", "
		 "\"coinbase_reward\": 77}",
		 address_hex(hex, &idle));
	driver_new(&d, 1000, "\"interval\": 0, \"reward\": 2", more);
	for (nonce = 0; nonce < 5; nonce++) {
		ck_assert_int_eq(driver_send(&d, 1, nonce, 2, 9, 1).status,
				 SUBMIT_PENDING);
		driver_advance(&d, 20);
	}
	ck_assert_uint_eq(driver_height(&d), 5);
	ck_verify(ERR_OK, "an honest store");
}

/* The engine's state after the tip, as the block's batch has it. */
static void put_engine(struct kv_batch *batch, struct chain *chain,
		       const struct chain_tip *tip)
{
	const struct chain_tip *parent = chain_tip(chain);
	struct engine_block now = {.height = tip->height,
				   .time = tip->time,
				   .has_producer = tip->has_producer,
				   .producer = tip->producer,
				   .has_txs = tip->has_txs},
			    before = {.height = parent->height,
				      .time = parent->time};
	uint8_t key[HEIGHT_KEY_LEN];
	struct engine *engine;
	struct buf state = {0};
	struct span old;

	ck_assert(!engine_poa.create(&engine, chain_rules(chain),
				     chain_genesis(chain), NULL));
	ck_assert(!kv_get(view(), &old, KV_STATES,
			  height_key(key, parent->height)));
	ck_assert(!engine_poa.restore(engine, old, &before));
	engine_poa.save(engine, &state, &now);
	kv_batch_put(batch, KV_STATES, height_key(key, tip->height),
		     buf_span(&state));
	buf_release(&state);
	engine_poa.destroy(engine);
}

/* Lay a block of one transaction on the store, behind the node's back. */
static void forge(const struct buf *raw, unsigned sealer,
		  const struct hash *signed_hash)
{
	struct secret_key *key = test_key(sealer);
	struct kv_batch batch = {0};
	struct buf signature = {0};
	struct candidate *b;
	struct chain *chain;
	struct seal seal;
	struct fault f = {0};
	struct tx tx;

	ck_assert(!chain_open(&chain, view(), 3, &f));
	b = candidate_new(chain, view());
	ck_assert(!tx_decode(&tx, buf_span(raw), TX_BYTES_MAX, &f));
	tx_hash(&tx, chain_genesis(chain));
	ck_assert_msg(!candidate_add(b, &tx, &f), "%s", f.detail);
	ck_assert(!candidate_finish(b, d.now + 5000, secret_key_address(d.key),
				    SPAN(NULL, 0), SPAN(NULL, 0)));
	ck_assert(!secret_key_sign(key, &signature,
				   signed_hash ? signed_hash
					       : candidate_hash(b)));
	seal = (struct seal){.key = secret_key_public(key),
			     .signature = buf_span(&signature)};
	candidate_seal(b, &seal);
	chain_commit(chain, b, &batch);
	put_engine(&batch, chain, candidate_tip(b));
	kv_mem_apply(d.mem, &batch);
	kv_batch_release(&batch);
	candidate_free(b);
	chain_free(chain);
	buf_release(&signature);
	secret_key_free(key);
}

START_TEST(verify_finds_a_forged_signature_or_seal)
{
	static const struct {
		const char *what;
		uint64_t nonce; /* of person 1 5, of person 2 0 */
		unsigned from, sealer;
		bool bad_tx, bad_hash;
		enum err want;
	} forgeries[] = {
		{"nothing forged", 5, 1, 1, false, false, ERR_OK},
		{"a first transaction", 0, 2, 1, false, false, ERR_OK},
		{"a later signature", 5, 1, 1, true, false, ERR_BAD_SIGNATURE},
		{"a first signature", 0, 2, 1, true, false, ERR_BAD_SIGNATURE},
		{"another's seal", 5, 1, 2, false, false, ERR_BAD_SEAL},
		{"a seal of another block", 5, 1, 1, false, true, ERR_BAD_SEAL},
	};
	struct hash other = {{1}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(forgeries); i++) {
		struct tx tx = {.nonce = forgeries[i].nonce,
				.amount = 3,
				.recipient = test_address(3)};
		struct buf raw;

		short_life();
		raw = driver_sign(&d, forgeries[i].from, &tx);
		raw.data[raw.len - 7] ^= forgeries[i].bad_tx;
		forge(&raw, forgeries[i].sealer,
		      forgeries[i].bad_hash ? &other : NULL);
		ck_verify(forgeries[i].want, forgeries[i].what);
		buf_release(&raw);
		driver_free(&d);
	}
}
END_TEST

static void change(enum kv_table t, struct span key, struct span value,
		   bool del)
{
	struct kv_batch batch = {0};

	if (del)
		kv_batch_del(&batch, t, key);
	else
		kv_batch_put(&batch, t, key, value);
	kv_mem_apply(d.mem, &batch);
	kv_batch_release(&batch);
}

/* An entry changed, lengthened and taken out. */
static void spoil(enum kv_table t, struct span key)
{
	const char *name = kv_table_name(t);
	struct buf good = {0}, bad = {0};
	struct span value;

	ck_assert(!kv_get(view(), &value, t, key));
	buf_append_span(&good, value);
	buf_append_span(&bad, value);
	buf_byte(&bad, 0);
	change(t, key, buf_span(&bad), false);
	ck_verify(ERR_CORRUPT, name);
	if (good.len) {
		bad.data[good.len / 2] ^= 1;
		change(t, key, SPAN(bad.data, good.len), false);
		ck_verify(ERR_CORRUPT, name);
	}
	change(t, key, SPAN("", 0), true);
	ck_verify(ERR_CORRUPT, name);
	change(t, key, buf_span(&good), false);
	ck_verify(ERR_OK, "a mended store");
	buf_release(&good);
	buf_release(&bad);
}

START_TEST(verify_finds_a_spoilt_or_missing_entry)
{
	uint8_t key[HISTORY_KEY_LEN];
	struct address idle = test_address(IDLE);
	struct hash hashed;
	struct block_info b;
	uint64_t h;

	short_life();
	account_key(&hashed, &idle);
	spoil(KV_ACCOUNTS, hash_span(&hashed));
	spoil(KV_ADDRESSES, address_span(&idle));
	spoil(KV_HISTORY, history_key(key, &idle, 0));
	spoil(KV_RANGES, height_key(key, 0));
	for (h = 1; h <= 5; h++) {
		ck_assert(!query_block(&b, d.node, view(), h));
		spoil(KV_HEIGHTS, hash_span(&b.hash));
		block_info_release(&b);
	}
	driver_free(&d);
}
END_TEST

START_TEST(verify_finds_an_entry_that_nothing_explains)
{
	static const enum kv_table tables[] = {
		KV_HEIGHTS, KV_ACCOUNTS, KV_ADDRESSES, KV_HISTORY,
		KV_TXIDS,   KV_KEYS,	 KV_STATES,    KV_RANGES,
	};
	static const uint8_t stray[HASH_LEN] = {0xfe};
	size_t i;

	short_life();
	for (i = 0; i < ARRAY_LEN(tables); i++) {
		change(tables[i], SPAN_OF(stray), SPAN("x", 1), false);
		ck_verify(ERR_CORRUPT, kv_table_name(tables[i]));
		change(tables[i], SPAN_OF(stray), SPAN("", 0), true);
		ck_verify(ERR_OK, "a mended store");
	}
	driver_free(&d);
}
END_TEST

/* Take blocks back behind the node's back. */
static void take_back(uint64_t fork)
{
	struct kv_batch batch = {0};
	struct branch *branch;
	struct chain *chain;
	struct fault f = {0};

	ck_assert(!chain_open(&chain, view(), 3, &f));
	ck_assert_msg(!branch_new(&branch, chain, view(), fork, &f), "%s",
		      f.detail);
	branch_commit(branch, &batch);
	kv_mem_apply(d.mem, &batch);
	kv_batch_release(&batch);
	branch_free(branch);
	chain_free(chain);
}

/* Person 2 pays for the first time, and that is taken back; then person 1
 * does something else. */
START_TEST(verify_is_content_with_a_store_that_took_blocks_back)
{
	static const uint8_t stray[ADDRESS_LEN] = {0xfe};
	struct tx first = {.amount = 3, .recipient = test_address(3)};
	struct tx other = {
		.nonce = 4, .amount = 1, .recipient = test_address(4)};
	struct secret_key *key = test_key(2);
	struct address from = test_address(2);
	struct buf raw;

	short_life();
	raw = driver_sign(&d, 2, &first);
	forge(&raw, 1, NULL);
	buf_release(&raw);
	take_back(4);
	ck_verify(ERR_OK, "a store whose chain is shorter now");
	raw = driver_sign(&d, 1, &other);
	forge(&raw, 1, NULL);
	buf_release(&raw);
	ck_verify(ERR_OK, "a store with orphans");
	/* as a flush leaves it */
	change(KV_KEYS, address_span(&from), secret_key_public(key), false);
	ck_verify(ERR_OK, "a key of a block that was taken back");
	change(KV_KEYS, SPAN_OF(stray), secret_key_public(key), false);
	ck_verify(ERR_CORRUPT, "a key of another address");
	secret_key_free(key);
	driver_free(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("verify");
	TCase *t = tcase_create("verify");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, verify_finds_a_forged_signature_or_seal);
	tcase_add_test(t, verify_finds_a_spoilt_or_missing_entry);
	tcase_add_test(t, verify_finds_an_entry_that_nothing_explains);
	tcase_add_test(t, verify_is_content_with_a_store_that_took_blocks_back);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

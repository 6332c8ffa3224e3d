/* SPDX-License-Identifier: MIT */
/*
 * Proofs of presence and absence: honest ones of random states show what is
 * so and not the contrary; damaged and forged ones show nothing.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "codec/msgpack.h"
#include "ledger/state_tree.h"
#include "state_model.h"

static struct span no_record(void)
{
	return SPAN(NULL, 0);
}

static void prove(struct buf *out, const struct state_tree *t, struct model *m,
		  const struct hash *key)
{
	buf_reset(out);
	ck_assert_int_eq(state_tree_prove(out, t, &m->view, key), ERR_OK);
}

/* That the proof shows what is so of key, and not the contrary. */
static void ck_proof(const struct buf *proof, const struct hash *root,
		     const struct model *m, const struct hash *key)
{
	uint8_t other[MODEL_RECORD] = {0xee};
	size_t i = model_place(m, hash_span(key));
	bool there = model_has(m, key);

	ck_assert_int_eq(
		state_proof_check(buf_span(proof), root, key, no_record()),
		!there);
	ck_assert(
		!state_proof_check(buf_span(proof), root, key, SPAN_OF(other)));
	if (there)
		ck_assert(state_proof_check(buf_span(proof), root, key,
					    SPAN_OF(m->items[i].record)));
}

START_TEST(what_is_there_and_what_is_not_can_be_proved)
{
	struct model_changes *c = xmalloc(sizeof(*c));
	struct state_tree *t;
	struct buf proof = {0};
	struct hash key, root;
	struct model m;
	struct rng rng;
	unsigned round;
	size_t i;

	rng_seed(&rng, (uint64_t)_i);
	model_init(&m);
	t = model_tree(&m);
	for (round = 0; round < 6; round++) {
		state_tree_root(&root, t);
		for (i = 0; i < m.count; i++) {
			prove(&proof, t, &m, &m.items[i].key);
			ck_proof(&proof, &root, &m, &m.items[i].key);
		}
		for (i = 0; i < 60; i++) {
			random_key(&key, &rng, &m);
			prove(&proof, t, &m, &key);
			ck_proof(&proof, &root, &m, &key);
		}
		random_changes(c, &rng, &m,
			       round ? 1 + rng_below(&rng, MODEL_CHANGES) : 1,
			       round > 2);
		change_tree(t, &m, c->c, c->n);
	}
	/* down to the last, and to none */
	while (m.count) {
		key = m.items[m.count / 2].key;
		c->c[0] = (struct state_change){key, no_record()};
		change_tree(t, &m, c->c, 1);
		if (m.count > 12)
			continue;
		state_tree_root(&root, t);
		prove(&proof, t, &m, &key);
		ck_proof(&proof, &root, &m, &key);
		for (i = 0; i < m.count; i++) {
			prove(&proof, t, &m, &m.items[i].key);
			ck_proof(&proof, &root, &m, &m.items[i].key);
		}
	}
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

/* No damaged proof proves anything, either way. */
static void ck_useless(const struct buf *proof, const struct hash *root,
		       const struct hash *key, struct span record)
{
	ck_assert(!state_proof_check(buf_span(proof), root, key, record));
	ck_assert(!state_proof_check(buf_span(proof), root, key, no_record()));
}

START_TEST(a_damaged_proof_proves_nothing)
{
	struct model_changes *c = xmalloc(sizeof(*c));
	struct state_tree *t;
	struct buf proof = {0};
	struct hash keys[2], root, wrong;
	struct span record;
	struct model m;
	struct rng rng;
	size_t i, k, len;

	rng_seed(&rng, 9);
	model_init(&m);
	random_changes(c, &rng, &m, MODEL_CHANGES, false);
	model_apply(&m, c->c, c->n);
	t = model_tree(&m);
	state_tree_root(&root, t);
	keys[0] = m.items[7].key;
	keys[1] = m.items[7].key; /* absent, with another in its place */
	keys[1].b[31] ^= 1;
	record = SPAN_OF(m.items[7].record);
	for (k = 0; k < 2; k++) {
		prove(&proof, t, &m, &keys[k]);
		ck_proof(&proof, &root, &m, &keys[k]);
		for (i = 0; i < proof.len * 8; i++) {
			proof.data[i / 8] ^= (uint8_t)(1 << i % 8);
			ck_useless(&proof, &root, &keys[k], record);
			proof.data[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		len = proof.len;
		for (proof.len = 0; proof.len < len; proof.len++)
			ck_useless(&proof, &root, &keys[k], record);
		buf_byte(&proof, 0);
		ck_useless(&proof, &root, &keys[k], record);
		proof.len = len;
		wrong = root;
		wrong.b[0] ^= 1;
		ck_useless(&proof, &wrong, &keys[k], record);
		/* another's proof, unless they share the place */
		ck_useless(&proof, &root, &m.items[40].key,
			   SPAN_OF(m.items[40].record));
	}
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

/* Proofs written by hand to claim what is not so. */
START_TEST(a_forged_proof_is_refused)
{
	static const uint8_t zeros[MODEL_RECORD];
	struct hash root, key = {{0x40}}, other = {{0xc0}}, record, leaf;
	struct hash near = {{0x41}};
	struct buf p = {0};

	sha256(&record, SPAN_OF(zeros));
	hash_pair(&leaf, 0, &key, &record);
	/* A state of one account: its own leaf does not show its absence. */
	mp_array(&p, 2);
	mp_array(&p, 0);
	mp_array(&p, 2);
	mp_bin(&p, hash_span(&key));
	mp_bin(&p, hash_span(&record));
	ck_assert(!state_proof_check(buf_span(&p), &leaf, &key, no_record()));
	ck_assert(
		!state_proof_check(buf_span(&p), &leaf, &key, SPAN_OF(zeros)));
	/* it does show that of every other key */
	ck_assert(state_proof_check(buf_span(&p), &leaf, &other, no_record()));
	/* A leaf on the other side of the root says nothing of this side. */
	hash_pair(&root, 1, &(struct hash){{9}}, &leaf);
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 1);
	mp_bin(&p, hash_span(&(struct hash){{9}}));
	mp_array(&p, 2);
	mp_bin(&p, hash_span(&key)); /* bit 0 is clear, other's is set */
	mp_bin(&p, hash_span(&record));
	ck_assert(!state_proof_check(buf_span(&p), &root, &other, no_record()));
	ck_assert(!state_proof_check(buf_span(&p), &root, &near, no_record()));
	/* One element where there are none or two; its bytes outside. */
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 0);
	mp_array(&p, 1);
	mp_bin(&p, hash_span(&key));
	mp_bin(&p, hash_span(&record));
	ck_assert(!state_proof_check(buf_span(&p), &leaf, &other, no_record()));
	/* Or nowhere, for a root that a leaf of zeros would have. */
	hash_pair(&root, 0, &(struct hash){{0}}, &(struct hash){{0}});
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 0);
	mp_array(&p, 1);
	ck_assert(!state_proof_check(buf_span(&p), &root, &other, no_record()));
	/* More siblings than a key has bits. */
	buf_reset(&p);
	mp_array(&p, 2);
	mp_array(&p, 257);
	ck_assert(!state_proof_check(buf_span(&p), &leaf, &key, no_record()));
	/* Nothing at all. */
	ck_assert(!state_proof_check(SPAN(NULL, 0), &leaf, &key, no_record()));
	buf_release(&p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_proof");
	TCase *c = tcase_create("state_proof");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, what_is_there_and_what_is_not_can_be_proved, 0,
			    5);
	tcase_add_test(c, a_damaged_proof_proves_nothing);
	tcase_add_test(c, a_forged_proof_is_refused);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}

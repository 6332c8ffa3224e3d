/* SPDX-License-Identifier: MIT */
/*
 * The state tree against the definition of its root, written down naively in
 * the model: whatever was changed in whatever order, by patches or by a
 * scan, the root depends on the accounts alone.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ledger/account.h"
#include "ledger/state_tree.h"
#include "state_model.h"

START_TEST(the_root_of_no_account_is_zero)
{
	struct model m;
	struct state_tree *t;
	struct state_patch *p;
	struct hash h;

	model_init(&m);
	t = model_tree(&m);
	state_tree_root(&h, t);
	ck_assert(hash_is_zero(&h));
	ck_assert_int_eq(state_tree_patch(&p, t, &m.view, NULL, 0), ERR_OK);
	state_patch_root(&h, p);
	ck_assert(hash_is_zero(&h));
	state_tree_take(t, p);
	ck_tree(t, &m);
	state_tree_free(t);
	state_tree_free(NULL);
	state_patch_free(NULL);
}
END_TEST

START_TEST(the_first_accounts_roots_are_as_defined)
{
	struct account a = {.balance = 5};
	struct state_change c[2];
	struct model m;
	struct state_tree *t;
	struct state_patch *p;
	struct hash leaf[2], record, zero = {{0}}, want, got;
	uint8_t raw[2][MODEL_RECORD] = {{1}, {2}};
	size_t i;
	int d;

	model_init(&m);
	t = model_tree(&m);
	account_key(&c[0].key, &a.address);
	c[1].key = c[0].key;
	c[1].key.b[0] ^= 0x10; /* they part at bit 3 */
	for (i = 0; i < 2; i++) {
		c[i].record = SPAN_OF(raw[i]);
		sha256(&record, c[i].record);
		hash_pair(&leaf[i], 0, &c[i].key, &record);
	}
	ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c, 1), ERR_OK);
	state_patch_root(&got, p);
	ck_assert(hash_eq(&got, &leaf[0]));
	state_patch_free(p);
	qsort(c, 2, sizeof(c[0]), order_by_key);
	ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c, 2), ERR_OK);
	/* the one with bit 3 clear is left */
	account_key(&record, &a.address);
	i = record.b[0] & 0x10 ? 1 : 0;
	hash_pair(&want, 1, &leaf[i], &leaf[!i]);
	for (d = 2; d >= 0; d--) {
		if (record.b[0] & 0x80 >> d)
			hash_pair(&want, 1, &zero, &want);
		else
			hash_pair(&want, 1, &want, &zero);
	}
	state_patch_root(&got, p);
	ck_assert(hash_eq(&got, &want));
	state_patch_free(p);
	state_tree_free(t);
}
END_TEST

START_TEST(random_histories_end_at_the_root_of_their_accounts)
{
	struct model_changes *c = xmalloc(sizeof(*c));
	struct state_tree *t, *fresh;
	struct state_patch *p;
	struct model m;
	struct rng rng;
	unsigned round;

	rng_seed(&rng, (uint64_t)_i);
	model_init(&m);
	for (round = 0; round < (unsigned)_i % 7; round++) {
		random_changes(c, &rng, &m, MODEL_CHANGES, false);
		model_apply(&m, c->c, c->n);
	}
	t = model_tree(&m);
	ck_tree(t, &m);
	for (round = 0; round < 12; round++) {
		/* one that is dropped leaves no trace */
		random_changes(c, &rng, &m, 20, true);
		ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c->c, c->n),
				 ERR_OK);
		random_changes(c, &rng, &m, 1 + rng_below(&rng, MODEL_CHANGES),
			       _i & 1);
		change_tree(t, &m, c->c, c->n);
		state_patch_free(p);
	}
	fresh = model_tree(&m);
	ck_tree(fresh, &m);
	state_tree_free(fresh);
	state_tree_free(t);
	model_release(&m);
	free(c);
}
END_TEST

START_TEST(the_order_of_changes_does_not_matter)
{
	struct model_changes *c = xmalloc(sizeof(*c));
	struct state_tree *t;
	struct model all, m;
	struct hash root, want;
	struct rng rng;
	size_t i, j, step, order[MODEL_CHANGES];

	rng_seed(&rng, (uint64_t)_i);
	model_init(&all);
	random_changes(c, &rng, &all, MODEL_CHANGES, false);
	model_apply(&all, c->c, c->n);
	random_changes(c, &rng, &all, MODEL_CHANGES, false);
	model_release(&all);
	model_apply(&all, c->c, c->n);
	model_root(&want, &all);
	for (i = 0; i < c->n; i++)
		order[i] = i;
	for (i = c->n; i > 1; i--) {
		j = rng_below(&rng, i);
		step = order[j];
		order[j] = order[i - 1];
		order[i - 1] = step;
	}
	model_init(&m);
	t = model_tree(&m);
	for (i = 0; i < c->n; i++)
		change_tree(t, &m, &c->c[order[i]], 1);
	state_tree_root(&root, t);
	ck_assert(hash_eq(&root, &want));
	state_tree_free(t);
	model_release(&m);
	model_release(&all);
	free(c);
}
END_TEST

/* Going back over a block takes out the accounts that it made. */
START_TEST(undoing_changes_brings_the_old_root_back)
{
	struct model_changes *c = xmalloc(sizeof(*c));
	struct model_changes *back = xmalloc(sizeof(*back));
	struct model m, old[4];
	struct state_tree *t;
	struct rng rng;
	size_t i, k, at;

	rng_seed(&rng, (uint64_t)_i);
	model_init(&m);
	t = model_tree(&m);
	for (k = 0; k < 4; k++) {
		model_copy(&old[k], &m);
		random_changes(c, &rng, &m, MODEL_CHANGES, false);
		change_tree(t, &m, c->c, c->n);
	}
	while (k-- > 0) {
		back->n = 0;
		for (i = 0; i < m.count && back->n < MODEL_CHANGES; i++) {
			at = model_place(&old[k], hash_span(&m.items[i].key));
			if (!model_has(&old[k], &m.items[i].key))
				back->c[back->n++] = (struct state_change){
					m.items[i].key, SPAN(NULL, 0)};
			else if (memcmp(old[k].items[at].record,
					m.items[i].record, MODEL_RECORD) != 0)
				back->c[back->n++] = (struct state_change){
					m.items[i].key,
					SPAN_OF(old[k].items[at].record)};
		}
		change_tree(t, &m, back->c, back->n);
		ck_tree(t, &old[k]);
		model_release(&old[k]);
	}
	ck_assert_uint_eq(state_tree_count(t), 0);
	state_tree_free(t);
	model_release(&m);
	free(c);
	free(back);
}
END_TEST

START_TEST(ground_addresses_cost_a_longer_path_and_no_more)
{
	static const unsigned shared[] = {40, 80, 248};
	struct model m;
	struct state_tree *t;
	struct model_changes *c = xmalloc(sizeof(*c));
	struct hash base;
	struct rng rng;
	size_t i, k, before;

	rng_seed(&rng, 3);
	for (k = 0; k < ARRAY_LEN(shared); k++) {
		model_init(&m);
		random_changes(c, &rng, &m, MODEL_CHANGES, false);
		model_apply(&m, c->c, c->n);
		t = model_tree(&m);
		before = state_tree_bytes(t);
		random_bytes(&rng, base.b, HASH_LEN);
		for (i = 0; i < MODEL_CHANGES; i++) {
			c->c[i].key = base;
			/* the top bits of the byte where they part vary */
			c->c[i].key.b[shared[k] / 8] = (uint8_t)(i * 4);
			random_bytes(&rng, c->records[i], MODEL_RECORD);
			c->c[i].record = SPAN_OF(c->records[i]);
		}
		/* one at a time, then all at once over a second set */
		for (i = 0; i < MODEL_CHANGES; i += 3)
			change_tree(t, &m, &c->c[i], 1);
		change_tree(t, &m, c->c, MODEL_CHANGES);
		/* a pair a level, and a quarter of slack for growth */
		ck_assert_uint_le(state_tree_bytes(t) - before,
				  (shared[k] + 64) * 80 * 2);
		for (i = 0; i < MODEL_CHANGES; i++)
			c->c[i].record = SPAN(NULL, 0);
		change_tree(t, &m, c->c, MODEL_CHANGES);
		change_tree(t, &m, c->c,
			    MODEL_CHANGES); /* they are gone already */
		state_tree_free(t);
		model_release(&m);
	}
	free(c);
}
END_TEST

START_TEST(a_failing_view_fails_the_walk_and_spares_the_tree)
{
	struct model_changes *c = xmalloc(sizeof(*c));
	struct state_patch *p = NULL;
	struct state_tree *t, *none = NULL;
	struct buf proof = {0};
	struct model m;
	struct rng rng;
	size_t i, io = 0;
	enum err err;

	rng_seed(&rng, 5);
	model_init(&m);
	random_changes(c, &rng, &m, MODEL_CHANGES, false);
	model_apply(&m, c->c, c->n);
	t = model_tree(&m);
	for (i = 0; i < m.count; i++) {
		m.fail_at = i;
		ck_assert_int_eq(state_tree_build(&none, &m.view), ERR_IO);
		ck_assert_ptr_null(none);
		ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c->c, c->n),
				 ERR_IO);
		ck_assert_ptr_null(p);
		err = state_tree_prove(&proof, t, &m.view, &m.items[i].key);
		io += err == ERR_IO;
		m.fail_at = SIZE_MAX;
		m.short_at = i;
		ck_assert_int_eq(state_tree_build(&none, &m.view), ERR_CORRUPT);
		ck_assert_int_eq(state_tree_patch(&p, t, &m.view, c->c, c->n),
				 ERR_CORRUPT);
		m.short_at = SIZE_MAX;
	}
	ck_assert_uint_eq(io, m.count);
	m.is_unordered = true;
	ck_assert_int_eq(state_tree_build(&none, &m.view), ERR_CORRUPT);
	m.is_unordered = false;
	ck_tree(t, &m);
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

START_TEST(a_view_of_another_state_is_noticed)
{
	struct model_changes *c = xmalloc(sizeof(*c));
	struct state_patch *p;
	struct state_tree *t;
	struct buf proof = {0};
	struct model m, other;
	struct hash key;
	struct rng rng;

	rng_seed(&rng, 6);
	model_init(&m);
	model_init(&other);
	random_changes(c, &rng, &m, MODEL_CHANGES, false);
	model_apply(&m, c->c, c->n);
	t = model_tree(&m);
	key = m.items[0].key;
	/* an empty one, and one whose account has another record */
	ck_assert_int_eq(state_tree_patch(&p, t, &other.view, c->c, 1),
			 ERR_CORRUPT);
	ck_assert_int_eq(state_tree_prove(&proof, t, &other.view, &key),
			 ERR_CORRUPT);
	m.items[0].record[0] ^= 1;
	ck_assert_int_eq(state_tree_prove(&proof, t, &m.view, &key),
			 ERR_CORRUPT);
	ck_assert_uint_eq(proof.len, 0);
	state_tree_free(t);
	model_release(&m);
	buf_release(&proof);
	free(c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_tree");
	TCase *c = tcase_create("state_tree");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, the_root_of_no_account_is_zero);
	tcase_add_test(c, the_first_accounts_roots_are_as_defined);
	tcase_add_loop_test(
		c, random_histories_end_at_the_root_of_their_accounts, 0, 28);
	tcase_add_loop_test(c, the_order_of_changes_does_not_matter, 0, 10);
	tcase_add_loop_test(c, undoing_changes_brings_the_old_root_back, 0, 10);
	tcase_add_test(c, ground_addresses_cost_a_longer_path_and_no_more);
	tcase_add_test(c, a_failing_view_fails_the_walk_and_spares_the_tree);
	tcase_add_test(c, a_view_of_another_state_is_noticed);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}

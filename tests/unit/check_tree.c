/* SPDX-License-Identifier: MIT */
/*
 * The tree of headers: against a list that knows each node's parent, under
 * random changes, and its bound.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "chain/tree.h"

#define NODES 400
#define ROOM (1u << 20)

/* What the tree must hold. */
struct entry {
	struct hash hash, parent;
	uint64_t height;
	bool here, invalid, unavailable;
};

static struct entry list[NODES];
static size_t count;
static struct tree *t;
static struct rng rng;

static int by_height(void *ctx, const struct tree_node *a,
		     const struct tree_node *b)
{
	(void)ctx;
	if (a->header.height != b->header.height)
		return a->header.height > b->header.height ? -1 : 1;
	return memcmp(&a->hash, &b->hash, HASH_LEN);
}

static struct hash hash_number(uint64_t n)
{
	uint8_t bytes[8];
	struct hash h;

	put_be64(bytes, n);
	sha256(&h, SPAN_OF(bytes));
	return h;
}

static enum err add(struct tree_node **out, struct tree_node *parent,
		    const struct hash *parent_hash, uint64_t height,
		    const struct hash *hash, const struct tree_node *keep)
{
	static const uint8_t engine[] = {0x90};
	struct header h = {.height = height,
			   .parent = *parent_hash,
			   .engine = SPAN_OF(engine)};
	struct buf raw = {0};
	enum err e;

	header_encode(&raw, &h);
	e = tree_add(t, out, parent, buf_span(&raw), span_str("seal"), hash,
		     span_str("state"), height / 2, keep, by_height, NULL);
	buf_release(&raw);
	return e;
}

static struct entry *find(const struct hash *hash)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].here && hash_eq(&list[i].hash, hash))
			return &list[i];
	return NULL;
}

static bool follows(const struct entry *e, const struct entry *root)
{
	while (e && e != root)
		e = find(&e->parent);
	return e != NULL;
}

static void compare(void)
{
	struct tree_node *root, *n;
	size_t seen = 0, here = 0, i;

	for (i = 0; i < count; i++)
		here += list[i].here;
	ck_assert_uint_eq(tree_count(t), here);
	for (root = tree_roots(t); root; root = root->sibling) {
		ck_assert_ptr_null(root->parent);
		ck_assert_ptr_null(find(&root->header.parent));
		for (n = root; n; n = tree_walk(root, n, false)) {
			const struct entry *e = find(&n->hash);

			seen++;
			ck_assert_ptr_nonnull(e);
			ck_assert_ptr_eq(tree_find(t, &n->hash), n);
			ck_assert(hash_eq(&n->header.parent, &e->parent));
			ck_assert_int_eq(n->invalid, e->invalid);
			ck_assert_int_eq(n->unavailable, e->unavailable);
			if (n->parent)
				ck_assert(
					hash_eq(&n->parent->hash, &e->parent));
		}
	}
	ck_assert_uint_eq(seen, here);
}

/* A new one on a random one or on the main chain; or one that was removed
 * comes back, as when it is taken back from there. */
static void grow(void)
{
	const struct entry *on = count ? &list[rng_below(&rng, count)] : NULL;
	struct entry *e = &list[count];
	struct tree_node *n, *parent;

	if (on && !on->here && !find(&on->hash)) {
		e = &list[on - list];
	} else {
		if (count == NODES)
			return;
		e->hash = hash_number(rng_next(&rng));
		e->parent = on && on->here ? on->hash
					   : hash_number(rng_below(&rng, 4));
		e->height = on && on->here ? on->height + 1 : 1;
		count++;
	}
	parent = tree_find(t, &e->parent);
	ck_assert_int_eq(add(&n, parent, &e->parent, e->height, &e->hash, NULL),
			 ERR_OK);
	ck_assert_int_eq(add(&n, parent, &e->parent, e->height, &e->hash, NULL),
			 ERR_EXISTS);
	e->here = true;
	e->invalid = parent && parent->invalid;
	e->unavailable = parent && parent->unavailable;
}

static void shrink(void)
{
	struct entry *e = &list[rng_below(&rng, count)];
	bool goes[NODES];
	size_t i;

	if (!e->here)
		return;
	if (rng_below(&rng, 2)) {
		tree_remove_keep_children(t, tree_find(t, &e->hash));
		e->here = false;
		return;
	}
	for (i = 0; i < count; i++)
		goes[i] = list[i].here && follows(&list[i], e);
	tree_remove_subtree(t, tree_find(t, &e->hash));
	for (i = 0; i < count; i++)
		list[i].here &= !goes[i];
}

static void mark(void)
{
	struct entry *e = &list[rng_below(&rng, count)];
	size_t i;

	if (!e->here)
		return;
	if (rng_below(&rng, 4)) {
		tree_mark_unavailable(t, tree_find(t, &e->hash));
		for (i = 0; i < count; i++)
			if (list[i].here && follows(&list[i], e))
				list[i].unavailable = true;
		return;
	}
	tree_mark_available(t, tree_find(t, &e->hash));
	for (; e; e = find(&e->parent))
		e->unavailable = false;
}

START_TEST(it_holds_what_a_list_of_parents_holds)
{
	unsigned step;

	rng_seed(&rng, (uint64_t)_i);
	t = tree_new(ROOM, 1);
	memset(list, 0, sizeof(list));
	count = 0;
	for (step = 0; step < 500; step++) {
		uint64_t dice = rng_below(&rng, 10);

		if (!count || dice < 6)
			grow();
		else if (dice < 8)
			shrink();
		else
			mark();
		if (step % 10 == 0)
			compare();
	}
	compare();
	tree_free(t);
}
END_TEST

START_TEST(what_is_invalid_marks_all_that_follows_and_frees_its_bodies)
{
	struct hash none = hash_number(0), a = hash_number(1),
		    b = hash_number(2), c = hash_number(3);
	struct tree_node *na, *nb, *nc;

	t = tree_new(ROOM, 1);
	ck_assert(!add(&na, NULL, &none, 1, &a, NULL));
	ck_assert(!add(&nb, na, &a, 2, &b, NULL));
	tree_set_body(t, na, TREE_HERE, span_str("four"));
	tree_set_body(t, nb, TREE_WAITING, span_str("sixsix"));
	ck_assert_uint_eq(tree_body_bytes(t), 10);
	tree_mark_invalid(t, nb);
	ck_assert(!na->invalid && nb->invalid);
	ck_assert_uint_eq(tree_body_bytes(t), 4);
	ck_assert_int_eq(nb->body, TREE_ABSENT);
	ck_assert(!add(&nc, nb, &b, 3, &c, NULL));
	ck_assert(nc->invalid);
	tree_remove_subtree(t, na);
	ck_assert_uint_eq(tree_count(t) + tree_bytes(t) + tree_body_bytes(t),
			  0);
	tree_free(t);
}
END_TEST

START_TEST(a_full_tree_drops_the_worst_branch_and_never_what_is_kept)
{
	struct hash root = hash_number(0), best, parent, hash;
	struct tree_node *n = NULL, *tip;
	uint64_t i;

	t = tree_new(40000, 1);
	parent = root;
	for (i = 1; i <= 30; i++) { /* the one that is kept */
		best = hash_number(i);
		ck_assert(!add(&n, n, &parent, i, &best, n));
		parent = best;
	}
	tip = n;
	for (i = 100; i < 600; i++) { /* short ones, each on its own */
		hash = hash_number(i);
		ck_assert(!add(&n, NULL, &root, 1, &hash, tip));
		ck_assert_uint_le(tree_bytes(t), 40000);
	}
	for (n = tip, i = 30; n; n = n->parent, i--) {
		hash = hash_number(i);
		ck_assert_ptr_eq(tree_find(t, &hash), n);
	}
	ck_assert_uint_eq(i, 0);
	tree_free(t);
	/* nothing that may go */
	t = tree_new(2000, 1);
	for (i = 1, n = NULL, parent = root; i < 50; i++) {
		hash = hash_number(i);
		tip = n;
		if (add(&n, tip, &parent, i, &hash, NULL) == ERR_TOO_BIG)
			break;
		parent = hash;
	}
	ck_assert_uint_lt(i, 50);
	ck_assert_uint_eq(tree_count(t), i - 1);
	tree_free(t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tree");
	TCase *c = tcase_create("tree");

	tcase_add_loop_test(c, it_holds_what_a_list_of_parents_holds, 1, 40);
	tcase_add_test(
		c, what_is_invalid_marks_all_that_follows_and_frees_its_bodies);
	tcase_add_test(
		c, a_full_tree_drops_the_worst_branch_and_never_what_is_kept);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}

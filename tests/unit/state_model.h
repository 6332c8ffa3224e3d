/* SPDX-License-Identifier: MIT */
/*
 * A model of the accounts for the tests of the state tree: sorted items that
 * are a view too, with a root by the definition, and random changes.
 */
#ifndef UNIT_STATE_MODEL_H
#define UNIT_STATE_MODEL_H

#include "base/rng.h"
#include "ledger/state_tree.h"

#define MODEL_RECORD 24
#define MODEL_CHANGES 64

struct model_item {
	struct hash key;
	uint8_t record[MODEL_RECORD];
};

struct model {
	struct kv_view view;
	struct model_item *items;
	size_t count;
	/* how its cursors misbehave */
	size_t fail_at;	   /* of this item: ERR_IO */
	size_t short_at;   /* its key lacks a byte */
	bool is_unordered; /* goes back to the first after the last */
};

/* Changes with records of their own. */
struct model_changes {
	struct state_change c[MODEL_CHANGES];
	uint8_t records[MODEL_CHANGES][MODEL_RECORD];
	size_t n;
};

void model_init(struct model *m);
void model_release(struct model *m);
void model_copy(struct model *out, const struct model *m);
/* Where key is, or would be. */
size_t model_place(const struct model *m, struct span key);
bool model_has(const struct model *m, const struct hash *key);
void model_apply(struct model *m, const struct state_change *c, size_t n);
/* The definition in ledger/state_tree.h, to the letter. */
void model_root(struct hash *out, const struct model *m);

/* The tree of the model; and that a tree is the model's. */
struct state_tree *model_tree(struct model *m);
void ck_tree(const struct state_tree *t, const struct model *m);
/* Patch, look, take, and keep the model in step. */
void change_tree(struct state_tree *t, struct model *m,
		 const struct state_change *c, size_t n);

/* For qsort(): by the key, which comes first. */
int order_by_key(const void *a, const void *b);
void random_bytes(struct rng *rng, uint8_t *out, size_t len);
/* A random key, one of the model's, or one that shares its first bits. */
void random_key(struct hash *out, struct rng *rng, const struct model *m);
void random_changes(struct model_changes *out, struct rng *rng,
		    const struct model *m, size_t n, bool removals);

#endif

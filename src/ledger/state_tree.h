/* SPDX-License-Identifier: MIT */
/*
 * The state tree: a canonical binary tree over account_key(address), whose
 * root commits to every account (DESIGN: "The state tree").
 *
 *   root of no account       32 zero bytes
 *   root of one account      leaf = SHA-256(0x00 || key || SHA-256(record))
 *   root of more, at depth d SHA-256(0x01 || root of those whose bit d of the
 *                            key is 0 || root of those whose bit d is 1)
 *
 * Bit 0 is the highest bit of byte 0. The shape depends on the set alone.
 *
 * Kept in memory: a binary trie whose leaves are buckets of a few accounts.
 * A bucket stores only its hash and its count, and is scanned again in the
 * table accounts when one of its accounts changes; when it overflows it
 * splits where it is, so that ground addresses cost at most a longer path.
 */
#ifndef LEDGER_STATE_TREE_H
#define LEDGER_STATE_TREE_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "kv/kv.h"

struct state_tree;

/* Scan the whole table accounts of the view. The tree keeps no reference.
 * ERR_CORRUPT when a key is not 32 bytes, or out of order. */
MUST_USE enum err state_tree_build(struct state_tree **out,
				   struct kv_view *view);
void state_tree_free(struct state_tree *t);
void state_tree_root(struct hash *out, const struct state_tree *t);
uint64_t state_tree_count(const struct state_tree *t); /* accounts */
size_t state_tree_bytes(const struct state_tree *t);   /* memory used */

/*
 * An account's new record. No block removes an account, but going back over
 * the block that made one does: record.data NULL.
 */
struct state_change {
	struct hash key;    /* account_key() */
	struct span record; /* account_encode() */
};

/*
 * What the tree becomes after the changes, which are sorted by key without
 * duplicates. view shows the table accounts as the tree stands, that is
 * without the changes; ERR_CORRUPT when it visibly does not. The tree itself
 * is left as it is.
 */
struct state_patch;
MUST_USE enum err state_tree_patch(struct state_patch **out,
				   const struct state_tree *t,
				   struct kv_view *view,
				   const struct state_change *changes,
				   size_t count);
void state_patch_root(struct hash *out, const struct state_patch *p);
void state_patch_free(struct state_patch *p);
/* Make the tree what the patch says, and free the patch. The patch must be
 * of this tree as it stands. */
void state_tree_take(struct state_tree *t, struct state_patch *p);

/*
 * A proof that key has this record, or that it has none: the siblings from
 * the root down, and, where another account stands in the key's place, that
 * account's leaf. Encoded as [[sibling, ...], other]: other is an empty
 * array, or [key, SHA-256(record)]. view as for state_tree_patch().
 */
MUST_USE enum err state_tree_prove(struct buf *out, const struct state_tree *t,
				   struct kv_view *view,
				   const struct hash *key);
/* Pure: needs only the root. record.data NULL checks absence. false when
 * the proof does not prove it. */
MUST_USE bool state_proof_check(struct span proof, const struct hash *root,
				const struct hash *key, struct span record);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Whether a body is what its header says: form and Merkle root at once, the
 * signatures on workers, in the order of the path, so that the keys of a
 * block are known from the ledger and from the bodies before it. What does
 * not match the header is the fault of who sent it; what matches it and is
 * wrong all the same is the fault of who made it, and the block is invalid.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "node/sync_internal.h"

struct body_work {
	struct work work;
	struct hash hash; /* of the block */
};

/* --- what came --------------------------------------------------------- */

void body_root(struct hash *out, const struct block *b)
{
	struct hash *leaves = xcalloc(b->tx_count, sizeof(*leaves));
	size_t i;

	for (i = 0; i < b->tx_count; i++)
		sha256(&leaves[i], b->txs[i]);
	merkle_root(out, leaves, b->tx_count);
	free(leaves);
}

/* The seal that was checked goes with it: any other would have to be checked
 * too, and the block's hash is the same. */
static void attach(struct node *n, struct tree_node *node,
		   const struct block *b)
{
	struct buf raw = {0};
	struct seal seal;

	if (seal_decode(&seal, node->seal_raw))
		BUG("a seal that was checked does not decode");
	if (b->size > chain_rules(n->chain)->max_block_bytes) {
		branches_invalid(n, node, "it is too big");
		return;
	}
	block_encode(&raw, node->header_raw, &seal, b->txs, b->tx_count);
	tree_set_body(n->sync->tree, node, TREE_WAITING, buf_span(&raw));
	n->sync->progress = n->now;
	buf_release(&raw);
}

bool body_attach(struct node *n, struct tree_node *node, struct span raw,
		 struct peer *p)
{
	struct block b;
	struct hash root;
	bool good;

	if (node->body >= TREE_WAITING || node->invalid)
		return true;
	good = !block_decode(&b, raw);
	if (good) {
		body_root(&root, &b);
		good = hash_eq(&root, &b.header.txs_root) &&
		       span_eq(b.header_raw, node->header_raw);
	}
	if (good)
		attach(n, node, &b);
	else if (p)
		peer_fault(n, p, FAULT_BAD_BODY,
			   "the body of block %llu is not its header's",
			   (unsigned long long)node->header.height);
	block_release(&b);
	sync_changed(n->sync);
	return good;
}

/* --- keys -------------------------------------------------------------- */

static void remember_key(struct sync *s, const struct tx *tx)
{
	struct buf *key;

	if (map_get(s->keys, tx->sender.b))
		return;
	key = xcalloc(1, sizeof(*key));
	buf_append_span(key, tx->key);
	map_put(s->keys, tx->sender.b, key);
}

static void free_key(void *value)
{
	struct buf *key = value;

	if (!key)
		return;
	buf_release(key);
	free(key);
}

/* They are in the ledger now. */
void body_keys_forget(struct sync *s, const struct tx *txs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (txs[i].key.len)
			free_key(map_del(s->keys, txs[i].sender.b));
}

void body_keys_free(struct sync *s)
{
	size_t at = 0;
	void *value;

	while (map_next(s->keys, &at, NULL, &value))
		free_key(value);
	map_free(s->keys);
}

/* ERR_NOT_FOUND: nothing on this branch made it known. */
static enum err find_key(struct node *n, struct span *key, const struct tx *tx)
{
	const struct buf *here;

	if (tx->key.len) {
		remember_key(n->sync, tx);
		*key = tx->key;
		return ERR_OK;
	}
	if (recent_get(n->keys, key, tx->sender.b))
		return ERR_OK;
	here = map_get(n->sync->keys, tx->sender.b);
	if (here) {
		*key = buf_span(here);
		return ERR_OK;
	}
	return kv_get(chain_view(n->chain, n->store), key, KV_KEYS,
		      address_span(&tx->sender));
}

/* --- signatures -------------------------------------------------------- */

/* Whether these very bytes were checked before. */
static bool known_good(struct node *n, const struct tx *tx)
{
	struct mempool_entry entry;
	struct span verdict;

	if (mempool_get(n->pool, &entry, &tx->id) &&
	    hash_eq(&entry.tx->full, &tx->full))
		return true;
	return recent_get(n->checked, &verdict, tx->full.b) && !verdict.len;
}

static enum err add_check(struct node *n, struct checks *checks,
			  struct span raw)
{
	struct span key;
	struct tx tx;
	enum err e;

	e = tx_decode(&tx, raw, chain_rules(n->chain)->max_tx_bytes, NULL);
	if (e)
		return e;
	tx_hash(&tx, chain_genesis(n->chain));
	e = find_key(n, &key, &tx);
	if (e || known_good(n, &tx))
		return e;
	return tx_checks(checks, &tx, key, chain_genesis(n->chain))
		       ? ERR_OK
		       : ERR_BAD_SIGNATURE;
}

enum err body_checks(struct node *n, struct checks *checks,
		     const struct block *b)
{
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; !e && i < b->tx_count; i++)
		e = add_check(n, checks, b->txs[i]);
	return e;
}

static enum err fill_job(struct node *n, struct job *job,
			 const struct tree_node *node)
{
	struct block b;
	enum err e;

	e = block_decode(&b, buf_span(&node->raw));
	if (e)
		return e;
	e = body_checks(n, &job->checks, &b);
	block_release(&b);
	return e;
}

static void start_check(struct node *n, struct tree_node *node)
{
	struct job *job = xcalloc(1, sizeof(*job));
	struct body_work *w;
	enum err e = fill_job(n, job, node);

	if (!e && job->checks.count) {
		w = xcalloc(1, sizeof(*w));
		w->work.kind = WORK_BODY;
		w->hash = node->hash;
		node->body = TREE_CHECKING;
		n->sync->body_jobs++;
		sync_work(n, job, &w->work);
		return;
	}
	job_free(job);
	if (e == ERR_IO || e == ERR_CORRUPT)
		node_fail(n, e, "reading a public key");
	else if (e)
		branches_invalid(n, node,
				 e == ERR_NOT_FOUND ? "a sender has no key"
						    : err_text(e));
	else
		node->body = TREE_HERE;
}

void bodies_check(struct node *n)
{
	struct sync *s = n->sync;
	size_t i;

	for (i = 0; i < s->path_count && s->body_jobs < BODY_JOBS_MAX; i++) {
		struct tree_node *node = s->path[i];

		if (node->body < TREE_WAITING || node->invalid)
			break;
		if (node->body == TREE_WAITING)
			start_check(n, node);
	}
	if (!tree_body_bytes(s->tree) && map_count(s->keys)) {
		body_keys_free(s);
		s->keys = map_new(ADDRESS_LEN, rng_next(&n->rng));
	}
}

void body_checked(struct node *n, struct work *w, const struct job *job)
{
	struct body_work *b = (struct body_work *)w;
	struct tree_node *node = tree_find(n->sync->tree, &b->hash);
	enum err e = checks_result(&job->checks, 0, job->checks.count);

	free(b);
	n->sync->body_jobs--;
	n->sync->progress = n->now;
	sync_changed(n->sync);
	if (e == ERR_CRYPTO)
		node_fail(n, e, "checking the signatures of a block");
	if (!node || node->body != TREE_CHECKING)
		return;
	if (e && e != ERR_CRYPTO)
		branches_invalid(n, node, err_text(e));
	else
		node->body = TREE_HERE;
}

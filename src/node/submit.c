/* SPDX-License-Identifier: MIT */
/*
 * Transactions of clients: decode, refuse what is cheap to refuse, have the
 * signatures checked by a worker, and put what holds into the pool. A
 * signature is checked once; what was checked is known by SHA-256 of the
 * full bytes, never by its id.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "node/internal.h"

#define KEYS_KEPT 8192 /* about 3 MB */

/* One request of a client, until all its transactions are answered. */
struct submission {
	uint64_t request;
	struct buf bytes; /* full bytes of the transactions to be checked */
	struct submit_result *results; /* one for each of the request */
	size_t count;
	struct tx *txs; /* those whose signatures are being checked */
	size_t *index;	/* of each in results */
	size_t tx_count;
};

static void submission_free(struct submission *s)
{
	buf_release(&s->bytes);
	free(s->results);
	free(s->txs);
	free(s->index);
	free(s);
}

void submit_free_all(struct node *n)
{
	size_t at = 0;
	void *value;

	while (map_next(n->submissions, &at, NULL, &value))
		submission_free(value);
	map_free(n->submissions);
	at = 0;
	while (map_next(n->keys, &at, NULL, &value)) {
		buf_release(value);
		free(value);
	}
	map_free(n->keys);
}

/* An address is a hash of its key, so a key that fits is the right one
 * whether its transaction was good or not. */
static void remember_key(struct node *n, const struct tx *tx)
{
	struct buf *key;
	size_t at = 0;
	const void *address;
	void *value;

	if (map_get(n->keys, tx->sender.b))
		return;
	if (map_count(n->keys) >= KEYS_KEPT &&
	    map_next(n->keys, &at, &address, &value)) {
		map_del(n->keys, address);
		buf_release(value);
		free(value);
	}
	key = xcalloc(1, sizeof(*key));
	buf_append_span(key, tx->key);
	map_put(n->keys, tx->sender.b, key);
}

enum err node_key(struct span *out, struct node *n,
		  const struct address *address)
{
	const struct buf *seen = map_get(n->keys, address->b);

	if (seen) {
		*out = buf_span(seen);
		return ERR_OK;
	}
	return kv_get(chain_view(n->chain, n->store), out, KV_KEYS,
		      address_span(address));
}

static bool is_included(struct node *n, const struct hash *id)
{
	struct span value;

	return !kv_get(chain_view(n->chain, n->store), &value, KV_TXIDS,
		       hash_span(id));
}

static enum err check_rules(const struct node *n, const struct tx *tx,
			    struct fault *f)
{
	uint64_t min_fee = chain_rules(n->chain)->min_fee;

	if (tx->fee >= min_fee)
		return ERR_OK;
	return fault_set(f, ERR_FEE_TOO_LOW, "fee",
			 "fee is %llu, expected at least %llu",
			 (unsigned long long)tx->fee,
			 (unsigned long long)min_fee);
}

/* Whether the pool would take it, by what can be known without checking the
 * signature. *known: these very bytes are in the pool. */
static enum err pre_check(struct node *n, bool *known, struct tx *tx,
			  struct fault *f)
{
	struct mempool_entry entry;
	struct account account;
	bool existed, in_pool;
	enum err e;

	*known = false;
	e = check_rules(n, tx, f);
	if (e)
		return e;
	if (mempool_get(n->pool, &entry, &tx->id) &&
	    hash_eq(&entry.tx->full, &tx->full)) {
		*known = true;
		return ERR_OK;
	}
	e = chain_account(&account, &existed, n->chain, n->store, &tx->sender);
	if (e) {
		node_fail(n, e, "reading an account");
		return fault_set(f, e, "", "the store failed");
	}
	e = mempool_check(n->pool, &in_pool, tx, &account,
			  chain_tip(n->chain)->height + 1, f);
	/* perhaps it is in a block: that is known, if the signature holds */
	if (e == ERR_NONCE_TOO_LOW && is_included(n, &tx->id))
		return ERR_OK;
	return e;
}

/* The key that checks tx, from itself or from the ledger. */
static enum err find_key(struct node *n, struct span *key, const struct tx *tx,
			 struct fault *f)
{
	enum key_type type;
	enum err e;

	if (tx->key.len) {
		remember_key(n, tx);
		*key = tx->key;
		return ERR_OK;
	}
	e = node_key(key, n, &tx->sender);
	if (e == ERR_NOT_FOUND)
		return fault_set(f, ERR_NONCE_GAP, "number",
				 "number is %llu, but the account's first "
				 "transaction (number 0, with its public "
				 "key) was never seen",
				 (unsigned long long)tx->nonce);
	if (!e && !key_check(&type, *key) &&
	    tx->signature.len != key_signature_len(type))
		return fault_set(f, ERR_BAD_SIGNATURE, "signature",
				 "signature has %zu bytes, expected %zu",
				 tx->signature.len, key_signature_len(type));
	return e;
}

static void fill_check(struct check *c, const struct tx *tx, struct span key)
{
	c->digest = tx->id;
	c->key_len = (uint16_t)key.len;
	c->signature_len = (uint16_t)tx->signature.len;
	memcpy(c->key, key.data, key.len);
	memcpy(c->signature, tx->signature.data, tx->signature.len);
}

/* Decode and pre-check one; true when its signature is to be checked. */
static bool take_tx(struct node *n, struct submission *s, struct job *job,
		    size_t i, struct span raw)
{
	struct submit_result *r = &s->results[i];
	struct tx *tx = &s->txs[s->tx_count];
	struct span key;
	bool known;
	enum err e;

	r->status = SUBMIT_REFUSED;
	e = tx_decode(tx, raw, chain_rules(n->chain)->max_tx_bytes, &r->fault);
	if (e)
		return false;
	tx_hash(tx, chain_genesis(n->chain));
	r->id = tx->id;
	r->has_id = true;
	e = pre_check(n, &known, tx, &r->fault);
	if (e)
		return false;
	if (known) {
		r->status = SUBMIT_KNOWN;
		return false;
	}
	e = find_key(n, &key, tx, &r->fault);
	if (e)
		return false;
	fill_check(&job->checks[s->tx_count], tx, key);
	return true;
}

static void answer(struct node *n, struct submission *s)
{
	struct effect *effect = effects_add(n->effects, EFFECT_NOTIFY);

	effect->notify = NOTIFY_SUBMITTED;
	effect->request = s->request;
	effect->results = s->results;
	effect->result_count = s->count;
	s->results = NULL;
	n->submission_bytes -= s->bytes.len;
	submission_free(s);
}

static size_t sum_of(const struct node_event *e)
{
	size_t i, total = 0;

	for (i = 0; i < e->tx_count; i++)
		total += e->txs[i].len;
	return total;
}

void submit_begin(struct node *n, const struct node_event *e)
{
	struct submission *s = xcalloc(1, sizeof(*s));
	struct job *job = xcalloc(1, sizeof(*job));
	size_t i, total = sum_of(e);
	struct effect *effect;
	bool full = n->submission_bytes + total > SUBMISSION_BYTES_MAX;

	s->request = e->request;
	s->count = e->tx_count;
	s->results = xcalloc(e->tx_count, sizeof(*s->results));
	s->txs = xcalloc(e->tx_count, sizeof(*s->txs));
	s->index = xcalloc(e->tx_count, sizeof(*s->index));
	job->checks = xcalloc(e->tx_count, sizeof(*job->checks));
	buf_reserve(&s->bytes, total);
	for (i = 0; i < e->tx_count; i++) {
		size_t start = s->bytes.len;

		if (full) {
			s->results[i].status = SUBMIT_REFUSED;
			fault_set(&s->results[i].fault, ERR_MEMPOOL_FULL, "",
				  "too many signatures wait to be checked");
			continue;
		}
		/* the copy is what is decoded: reserved, it stays put */
		buf_append_span(&s->bytes, e->txs[i]);
		if (take_tx(n, s, job, i,
			    SPAN(s->bytes.data + start, e->txs[i].len)))
			s->index[s->tx_count++] = i;
	}
	n->submission_bytes += s->bytes.len;
	if (!s->tx_count) {
		job_free(job);
		answer(n, s);
		return;
	}
	job->kind = JOB_VERIFY;
	job->id = n->next_job++;
	job->check_count = s->tx_count;
	map_put(n->submissions, &job->id, s);
	effect = effects_add(n->effects, EFFECT_JOB);
	effect->job = job;
}

/* Its signature holds: into the pool. */
static void enter(struct node *n, const struct tx *tx, struct submit_result *r)
{
	enum mempool_place place;
	struct account account;
	bool existed, known;
	enum err e;

	e = chain_account(&account, &existed, n->chain, n->store, &tx->sender);
	if (e) {
		node_fail(n, e, "reading an account");
		return;
	}
	e = mempool_check(n->pool, &known, tx, &account,
			  chain_tip(n->chain)->height + 1, &r->fault);
	if (!e && known) {
		r->status = SUBMIT_KNOWN;
		return;
	}
	if (!e)
		e = mempool_add(n->pool, &place, tx, &account,
				chain_tip(n->chain)->height + 1, &r->fault);
	if (e == ERR_NONCE_TOO_LOW && is_included(n, &tx->id))
		r->status = SUBMIT_KNOWN;
	else if (!e)
		r->status = place == MEMPOOL_PENDING ? SUBMIT_PENDING
						     : SUBMIT_QUEUED;
}

void submit_checked(struct node *n, struct job *job)
{
	struct submission *s = map_del(n->submissions, &job->id);
	struct submit_result *r;
	size_t k;

	if (!s)
		BUG("a job that nobody asked for");
	for (k = 0; k < s->tx_count; k++) {
		r = &s->results[s->index[k]];
		if (job->checks[k].result)
			fault_set(&r->fault, job->checks[k].result, "signature",
				  "the signature does not fit the sender's "
				  "key, this transaction and this chain");
		else
			enter(n, &s->txs[k], r);
	}
	answer(n, s);
}

/* SPDX-License-Identifier: MIT */
/*
 * Transactions of clients and of peers: decode, refuse what is cheap to refuse,
 * have the signatures checked by a worker, and put what holds into the pool. A
 * signature is checked once; what was checked is known by SHA-256 of the
 * full bytes, never by its id.
 */
#include <stdlib.h>

#include "chain/tables.h"
#include "node/peers.h"

/* One request of a client, or one message of a peer, until all its
 * transactions are answered. */
struct submission {
	uint64_t request;
	uint64_t from;	    /* the peer; 0: a client */
	bool own;	    /* the node's own: nobody is answered */
	struct hash *fulls; /* of a peer's, one for each result */
	struct buf bytes;   /* full bytes of the transactions to be checked */
	struct submit_result *results; /* one for each of the request */
	size_t count;
	struct tx *txs; /* those whose signatures are being checked */
	size_t *index;	/* of each in results */
	size_t *end;	/* of each one's signatures in the job's */
	size_t tx_count;
};

static void submission_free(struct submission *s)
{
	buf_release(&s->bytes);
	free(s->results);
	free(s->fulls);
	free(s->txs);
	free(s->index);
	free(s->end);
	free(s);
}

void submit_free_all(struct node *n)
{
	size_t at = 0;
	void *value;

	while (map_next(n->submissions, &at, NULL, &value))
		submission_free(value);
	map_free(n->submissions);
	map_free(n->checking);
	recent_free(n->keys);
	recent_free(n->checked);
}

/* The store failed: the node stops, and the client hears of it. */
static enum err store_failed(struct node *n, enum err e, struct fault *f)
{
	node_fail(n, e, "reading the ledger");
	return fault_set(f, e, "", "the store failed");
}

/*
 * The public key of a sender whose transaction does not carry it: lately
 * seen (an address is a hash of its key, so a key that fits is the right
 * one, whether its transaction was good or not), in the ledger, or in its
 * pending first transaction. ERR_NOT_FOUND.
 */
static enum err sender_key(struct node *n, struct span *out,
			   const struct address *sender)
{
	struct mempool_entry first;
	enum err e;

	if (recent_get(n->keys, out, sender->b))
		return ERR_OK;
	e = kv_get(chain_view(n->chain, n->store), out, KV_KEYS,
		   address_span(sender));
	if (!e && key_check(NULL, *out))
		return ERR_CORRUPT;
	if (e != ERR_NOT_FOUND)
		return e;
	if (!mempool_find(n->pool, &first, sender, 0))
		return ERR_NOT_FOUND;
	*out = first.tx->key;
	return ERR_OK;
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

/*
 * Whether the pool would take it, by all but its signature. ERR_OK with
 * *known: it is in the pool or in a block (its id is; which bytes, the
 * caller must know).
 */
static enum err check(struct node *n, bool *known, struct account *account,
		      const struct tx *tx, struct fault *f)
{
	bool existed, included;
	enum err e, why;

	*known = false;
	e = check_rules(n, tx, f);
	if (e)
		return e;
	e = chain_account(account, &existed, n->chain, n->store, &tx->sender);
	if (e)
		return store_failed(n, e, f);
	why = mempool_check(n->pool, known, tx, account,
			    chain_tip(n->chain)->height + 1, f);
	if (!why && !*known)
		return pool_check_operation(n, tx, f);
	if (why != ERR_NONCE_TOO_LOW)
		return why;
	e = pool_is_included(n, &included, &tx->id);
	if (e)
		return store_failed(n, e, f);
	*known = included;
	return included ? ERR_OK : why;
}

/* Its signature holds: into the pool, and to the peers. */
static void enter(struct node *n, const struct tx *tx, struct submit_result *r,
		  uint64_t from)
{
	enum mempool_place place;
	struct account account;
	bool known;

	if (check(n, &known, &account, tx, &r->fault))
		return;
	if (known) {
		r->status = SUBMIT_KNOWN;
		return;
	}
	/* what is void counts as work and costs those who do not lead a
	 * timeout: a member must not send one after the other */
	if (pool_try_operation(n, tx, account.nonce, &r->fault))
		return;
	if (mempool_add(n->pool, &place, tx, &account,
			chain_tip(n->chain)->height + 1, &r->fault))
		return;
	r->status = place == MEMPOOL_PENDING ? SUBMIT_PENDING : SUBMIT_QUEUED;
	gossip_entered(n, tx, from);
}

static void refuse_signature(struct submit_result *r, const struct tx *tx,
			     enum err why)
{
	fault_set(&r->fault, why, "signature",
		  tx->op == TX_TRANSFER
			  ? "the signature does not fit the sender's key, this "
			    "transaction and this chain"
			  : "the signature does not fit the sender's key, this "
			    "transaction and this chain; or one within vote or "
			    "evidence does not fit its key");
}

/* The key that checks tx, from itself or from what is known of its sender. */
static enum err find_key(struct node *n, struct span *key, const struct tx *tx,
			 struct fault *f)
{
	enum key_type type;
	enum err e;

	if (tx->key.len) {
		recent_put(n->keys, tx->sender.b, tx->key);
		*key = tx->key;
		return ERR_OK; /* tx_decode() compared the lengths */
	}
	e = sender_key(n, key, &tx->sender);
	if (e == ERR_NOT_FOUND)
		return fault_set(f, ERR_NONCE_GAP, "number",
				 "number is %llu, but the account's first "
				 "transaction (number 0, with its public "
				 "key) was never seen",
				 (unsigned long long)tx->nonce);
	if (e)
		return store_failed(n, e, f);
	if (!key_check(&type, *key) &&
	    tx->signature.len != key_signature_len(type))
		return fault_set(f, ERR_BAD_SIGNATURE, "signature",
				 "signature has %zu bytes, expected %zu",
				 tx->signature.len, key_signature_len(type));
	return ERR_OK;
}

/*
 * These very bytes were checked lately: answer by what that gave. false when
 * they were not.
 */
static bool answer_checked(struct node *n, const struct tx *tx,
			   struct submit_result *r, uint64_t from)
{
	struct span verdict;

	if (!recent_get(n->checked, &verdict, tx->full.b))
		return false;
	if (verdict.len)
		refuse_signature(r, tx, ERR_BAD_SIGNATURE);
	else
		enter(n, tx, r, from);
	return true;
}

/* Decode and look at one; true when its signature is to be checked. */
static bool take_tx(struct node *n, struct submission *s, struct job *job,
		    size_t i, struct span raw)
{
	struct submit_result *r = &s->results[i];
	struct tx *tx = &s->txs[s->tx_count];
	struct account account;
	struct span key;
	bool known;

	r->status = SUBMIT_REFUSED;
	if (tx_decode(tx, raw, chain_rules(n->chain)->max_tx_bytes, &r->fault))
		return false;
	tx_hash(tx, chain_genesis(n->chain));
	r->id = tx->id;
	r->has_id = true;
	if (answer_checked(n, tx, r, s->from))
		return false;
	if (s->from && submit_has(n, &tx->full)) {
		r->status = SUBMIT_KNOWN;
		return false;
	}
	/* a known id says nothing yet of these bytes: they are checked */
	if (check(n, &known, &account, tx, &r->fault) ||
	    find_key(n, &key, tx, &r->fault))
		return false;
	if (!tx_checks(&job->checks, tx, key, chain_genesis(n->chain)))
		BUG("a key or signature longer than there are");
	s->end[s->tx_count] = job->checks.count;
	map_put(n->checking, tx->full.b, s);
	return true;
}

static void answer_client(struct node *n, struct submission *s)
{
	struct effect *effect = effects_add(n->effects, EFFECT_NOTIFY);

	effect->notify = NOTIFY_SUBMITTED;
	effect->request = s->request;
	effect->results = s->results;
	effect->result_count = s->count;
	s->results = NULL;
}

static void answer(struct node *n, struct submission *s)
{
	const struct submit_result *r;
	size_t i;

	n->submission_bytes -= s->bytes.len;
	if (!s->from && !s->own)
		answer_client(n, s);
	for (i = 0; s->from && i < s->count; i++) {
		r = &s->results[i];
		gossip_checked(n, s->from, &s->fulls[i],
			       r->status != SUBMIT_REFUSED ? ERR_OK
			       : r->has_id || r->fault.code == ERR_MEMPOOL_FULL
				       ? r->fault.code
				       : ERR_MALFORMED);
	}
	submission_free(s);
}

static size_t sum_of(const struct span *txs, size_t count)
{
	size_t i, total = 0;

	for (i = 0; i < count; i++)
		total += txs[i].len;
	return total;
}

static void begin(struct node *n, struct submission *s, const struct span *txs)
{
	struct job *job = xcalloc(1, sizeof(*job));
	size_t i, total = sum_of(txs, s->count);
	bool full = n->submission_bytes + total > SUBMISSION_BYTES_MAX;

	s->results = xcalloc(s->count, sizeof(*s->results));
	s->txs = xcalloc(s->count, sizeof(*s->txs));
	s->index = xcalloc(s->count, sizeof(*s->index));
	s->end = xcalloc(s->count, sizeof(*s->end));
	buf_reserve(&s->bytes, total + 1); /* an empty one has a place, too */
	for (i = 0; i < s->count; i++) {
		size_t start = s->bytes.len;

		if (full) {
			s->results[i].status = SUBMIT_REFUSED;
			fault_set(&s->results[i].fault, ERR_MEMPOOL_FULL, "",
				  "too many signatures wait to be checked");
			continue;
		}
		/* the copy is what is decoded: reserved, it stays put */
		buf_append_span(&s->bytes, txs[i]);
		if (take_tx(n, s, job, i,
			    SPAN(s->bytes.data + start, txs[i].len)))
			s->index[s->tx_count++] = i;
	}
	n->submission_bytes += s->bytes.len;
	if (!s->tx_count) {
		job_free(job);
		answer(n, s);
		return;
	}
	node_job(n, job, JOB_VERIFY, OWNER_SUBMIT);
	map_put(n->submissions, &job->id, s);
}

void submit_begin(struct node *n, const struct node_event *e)
{
	struct submission *s = xcalloc(1, sizeof(*s));

	s->request = e->request;
	s->count = e->tx_count;
	begin(n, s, e->txs);
}

void submit_peer(struct node *n, uint64_t from, const struct span *txs,
		 const struct hash *fulls, size_t count)
{
	struct submission *s = xcalloc(1, sizeof(*s));

	s->from = from;
	s->count = count;
	s->fulls = xmemdup(fulls, count * sizeof(*fulls));
	begin(n, s, txs);
}

void submit_own(struct node *n, struct span tx)
{
	struct submission *s = xcalloc(1, sizeof(*s));

	s->own = true;
	s->count = 1;
	begin(n, s, &tx);
}

bool submit_has(const struct node *n, const struct hash *full)
{
	return map_get(n->checking, full->b) != NULL;
}

bool submit_has_room(const struct node *n)
{
	return n->submission_bytes < SUBMISSION_BYTES_PEERS;
}

/* Remember what checking these bytes gave: nothing, or one byte for bad. */
static void remember(struct node *n, const struct tx *tx, enum err result)
{
	if (!result)
		recent_put(n->checked, tx->full.b, SPAN("", 0));
	else if (result == ERR_BAD_SIGNATURE)
		recent_put(n->checked, tx->full.b, SPAN("!", 1));
}

void submit_checked(struct node *n, struct job *job)
{
	struct submission *s = map_del(n->submissions, &job->id);
	struct submit_result *r;
	size_t k, first = 0;
	enum err result;

	if (!s)
		BUG("a job that nobody asked for");
	for (k = 0; k < s->tx_count; k++) {
		r = &s->results[s->index[k]];
		result = checks_result(&job->checks, first, s->end[k] - first);
		first = s->end[k];
		remember(n, &s->txs[k], result);
		map_del(n->checking, s->txs[k].full.b);
		if (result)
			refuse_signature(r, &s->txs[k], result);
		else
			enter(n, &s->txs[k], r, s->from);
	}
	answer(n, s);
}

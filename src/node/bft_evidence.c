/* SPDX-License-Identifier: MIT */
/*
 * Double votes (rule 15): found by the machine or told by a peer, kept in the
 * store, told on, and brought into a block by a transaction of whoever of the
 * validators sees that no block holds it.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "node/bft_offences.h"
#include "node/evidence_internal.h"
#include "node/network.h"

bool offence_is_known(const struct node *n, const struct address *account,
		      uint64_t height)
{
	const struct offences *o = n->bft->offences;
	size_t i, count = 0;

	for (i = 0; i < o->count; i++) {
		if (!address_eq(&o->list[i].account, account))
			continue;
		count++;
		if (o->list[i].height == height)
			return true;
	}
	return count >= OFFENCES_OF_ONE;
}

/* --- keeping ----------------------------------------------------------- */

static void put(const struct offence *f, struct kv_batch *batch)
{
	struct buf value = {0};

	mp_array(&value, 2);
	mp_uint(&value, f->found);
	buf_append_span(&value, buf_span(&f->raw));
	kv_batch_put(batch, KV_EVIDENCE, hash_span(&f->id), buf_span(&value));
	buf_release(&value);
}

static void remove_at(struct offences *o, size_t i, struct kv_batch *batch)
{
	kv_batch_del(batch, KV_EVIDENCE, hash_span(&o->list[i].id));
	buf_release(&o->list[i].raw);
	o->list[i] = o->list[--o->count];
}

static void drop_old(struct node *n, struct kv_batch *batch)
{
	struct offences *o = n->bft->offences;
	size_t i = 0;

	while (i < o->count) {
		if (o->list[i].found + EVIDENCE_AGE_MS < n->now)
			remove_at(o, i, batch);
		else
			i++;
	}
}

static void keep(struct node *n, const struct offence *f)
{
	struct offences *o = n->bft->offences;
	struct kv_batch *batch = xcalloc(1, sizeof(*batch));
	struct offence *kept;

	drop_old(n, batch);
	if (o->count == OFFENCES_MAX)
		remove_at(o, 0, batch);
	kept = &o->list[o->count++];
	*kept = *f;
	put(kept, batch);
	kept->seq = node_commit(n, batch);
	o->look_at = 0;
}

void offence_found(struct node *n, struct span key, const struct vote *a,
		   const struct vote *b, uint64_t from)
{
	static const char *const kinds[] = {"proposals", "prepares", "commits",
					    "round changes"};
	struct offence f = {.height = a->height, .found = n->now, .from = from};
	char hex[ADDRESS_HEX_LEN];

	key_address(&f.account, key);
	if (offence_is_known(n, &f.account, f.height))
		return;
	node_log(n, NOTICE_WARNING,
		 "%s signed two %s at height %llu in round %llu",
		 address_hex(hex, &f.account), kinds[a->kind],
		 (unsigned long long)a->height, (unsigned long long)a->round);
	double_vote_encode(&f.raw, key, a, b);
	sha256(&f.id, buf_span(&f.raw));
	keep(n, &f);
}

size_t offences_count(const struct node *n)
{
	return n->bft->offences->count;
}

/* --- life -------------------------------------------------------------- */

static enum err load(struct node *n, struct span id, struct span value)
{
	struct offences *o = n->bft->offences;
	struct double_vote d;
	struct offence f = {0};
	struct span raw;

	if (id.len != HASH_LEN || evidence_item(&raw, &f.found, value) ||
	    double_vote_decode(&d, raw))
		return ERR_CORRUPT;
	memcpy(f.id.b, id.data, HASH_LEN);
	key_address(&f.account, d.key);
	f.height = d.vote[0].height;
	buf_append_span(&f.raw, raw);
	if (o->count == OFFENCES_MAX)
		buf_release(&f.raw);
	else
		o->list[o->count++] = f;
	return ERR_OK;
}

enum err offences_open(struct node *n, struct kv_view *view)
{
	struct offences *o = xcalloc(1, sizeof(*o));

	n->bft->offences = o;
	o->works = map_new(sizeof(uint64_t), rng_next(&n->rng));
	return evidence_load(n, view, load);
}

void offences_free(struct offences *o)
{
	size_t at = 0, i;
	void *value;

	if (!o)
		return;
	while (map_next(o->works, &at, NULL, &value)) {
		buf_release(&((struct offence_work *)value)->body);
		free(value);
	}
	map_free(o->works);
	for (i = 0; i < o->count; i++)
		buf_release(&o->list[i].raw);
	free(o);
}

/* --- into a block ------------------------------------------------------ */

/* A member that the chain does not know as an offender yet. */
static bool is_open(struct node *n, const struct offence *f)
{
	const struct governance *g = chain_governance(n->chain);
	size_t i;

	if (f->height > chain_tip(n->chain)->height + 1 ||
	    validators_find(&g->set, &f->account) == SIZE_MAX)
		return false;
	for (i = 0; i < g->offender_count; i++)
		if (address_eq(&g->offenders[i].account, &f->account))
			return false;
	return true;
}

/* Somebody's transaction says it already, and may be in the next block. What
 * waits behind a gap may wait for ever: an offender could send such a one, and
 * what stood before one of ours may have been dropped. */
static bool is_pending(struct node *n, const struct address *account)
{
	struct mempool_entry entry;
	struct double_vote d;
	struct address other;
	uint64_t arrival = 0;

	while (mempool_operations(n->pool) &&
	       mempool_next(n->pool, &entry, &arrival)) {
		if (entry.tx->op != TX_EVIDENCE ||
		    entry.place != MEMPOOL_PENDING ||
		    double_vote_decode(&d, entry.tx->double_vote))
			continue;
		key_address(&other, d.key);
		if (address_eq(&other, account))
			return true;
	}
	return false;
}

static struct offence *next_open(struct node *n)
{
	struct offences *o = n->bft->offences;
	size_t i;

	for (i = 0; i < o->count; i++)
		if (is_open(n, &o->list[i]) &&
		    !is_pending(n, &o->list[i].account))
			return &o->list[i];
	return NULL;
}

/* A transaction of our own account; spans borrow from f and the node. */
static enum err make(struct node *n, struct tx *tx, const struct offence *f)
{
	struct account account;
	bool existed;
	enum err e;

	e = chain_account(&account, &existed, n->chain, n->store, &n->account);
	*tx = (struct tx){
		.sender = n->account,
		.op = TX_EVIDENCE,
		.fee = chain_rules(n->chain)->min_fee,
		.double_vote = buf_span(&f->raw),
	};
	if (e)
		return e;
	tx->nonce = mempool_next_nonce(n->pool, &n->account, account.nonce);
	if (!tx->nonce)
		tx->key = buf_span(&n->public_key);
	return ERR_OK;
}

static void start(struct node *n, const struct offence *f)
{
	struct offences *o = n->bft->offences;
	struct job *job;
	struct tx tx;
	enum err e = make(n, &tx, f);

	if (e) {
		node_fail(n, e, "reading the own account");
		return;
	}
	job = xcalloc(1, sizeof(*job));
	tx_signing_digest(&job->digest, &tx, chain_genesis(n->chain));
	o->sign_job = node_job(n, job, JOB_SIGN, OWNER_BFT);
	o->signing = f->id;
	o->signing_nonce = tx.nonce;
}

bool offences_signed(struct node *n, struct job *job)
{
	struct offences *o = n->bft->offences;
	struct buf raw = {0};
	struct tx tx;
	size_t i;

	if (!o->sign_job || job->id != o->sign_job)
		return false;
	o->sign_job = 0;
	for (i = 0; !job->result && i < o->count; i++) {
		if (!hash_eq(&o->list[i].id, &o->signing) ||
		    make(n, &tx, &o->list[i]) || tx.nonce != o->signing_nonce)
			continue; /* its nonce went: made again */
		tx.signature = buf_span(&job->signature);
		tx_encode(&raw, &tx);
		submit_own(n, buf_span(&raw));
		buf_release(&raw);
	}
	return true;
}

void offences_tick(struct node *n)
{
	struct offences *o = n->bft->offences;
	const struct offence *f;

	if (!o->count || o->sign_job || !n->validator || !n->has_account ||
	    n->sync->booting || !room_is_member(n, &n->account))
		return;
	if (n->now < o->look_at) {
		node_wake(n, o->look_at);
		return;
	}
	/* looking goes through the pool: not at every step */
	o->look_at = n->now + OFFENCE_AGAIN_MS;
	node_wake(n, o->look_at);
	f = next_open(n);
	if (f)
		start(n, f);
}

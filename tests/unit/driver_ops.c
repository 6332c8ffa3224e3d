/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "driver_ops.h"

#include <check.h>
#include <string.h>

#include "codec/vote.h"
#include "node/internal.h"
#include "tx_ops.h"

static struct op_sender sender(const struct driver *d, unsigned from,
			       uint64_t nonce, struct secret_key **key)
{
	*key = test_key(from);
	return (struct op_sender){.key = *key,
				  .nonce = nonce,
				  .genesis = node_genesis_hash(d->node)};
}

struct buf ops_add(const struct driver *d, unsigned from, uint64_t nonce,
		   unsigned who, unsigned by)
{
	struct secret_key *key, *newcomer = test_key(who), *accepts;
	struct op_sender s = sender(d, from, nonce, &key);
	struct tx_change change = op_add(newcomer);
	struct buf raw = {0};

	accepts = test_key(by);
	op_vote(&raw, &s, true, &change, accepts, NULL);
	secret_key_free(key);
	secret_key_free(newcomer);
	secret_key_free(accepts);
	return raw;
}

struct buf ops_remove(const struct driver *d, unsigned from, uint64_t nonce,
		      unsigned who, bool few)
{
	struct secret_key *key;
	struct op_sender s = sender(d, from, nonce, &key);
	struct address leaver = test_address(who);
	struct tx_change change = op_remove(&leaver);
	struct buf raw = {0};

	change.few = few;
	op_vote(&raw, &s, true, &change, NULL, NULL);
	secret_key_free(key);
	return raw;
}

struct buf ops_evidence(const struct driver *d, unsigned from, uint64_t nonce,
			unsigned offender, unsigned by, uint64_t height)
{
	struct secret_key *key, *first = test_key(offender),
				*second = test_key(by);
	const struct secret_key *const signers[] = {first, second};
	struct op_sender s = sender(d, from, nonce, &key);
	struct buf raw = {0}, twice = {0};

	op_double_vote(&twice, first, signers, height, s.genesis);
	op_evidence(&raw, &s, buf_span(&twice));
	buf_release(&twice);
	secret_key_free(key);
	secret_key_free(first);
	secret_key_free(second);
	return raw;
}

struct submit_result ops_push(struct driver *d, struct buf *raw)
{
	struct span s = buf_span(raw);

	driver_submit(d, &s, 1);
	buf_release(raw);
	return d->results[0];
}

enum tx_state ops_state(struct driver *d, const struct hash *id,
			enum err *reason)
{
	enum tx_state state;
	uint64_t height;
	uint32_t index;

	ck_assert(!query_tx_place(&state, &height, &index, reason, d->node,
				  kv_mem_view(d->mem), id));
	return state;
}

/* --- what no honest node makes ------------------------------------------- */

static void read_tx(struct tx *out, const struct driver *d, struct span raw)
{
	struct fault f = {0};

	ck_assert_msg(!tx_decode(out, raw, TX_BYTES_MAX, &f), "%s", f.detail);
	tx_hash(out, node_genesis_hash(d->node));
}

static void certify(struct candidate *b, const struct driver *d,
		    unsigned validators)
{
	const struct validators *set = &chain_governance(d->node->chain)->set;
	struct buf raw = {0}, signature = {0};
	struct vote votes[VALIDATORS_MAX];
	struct seal seal = {0};
	struct hash digest;
	unsigned i;

	memset(votes, 0, sizeof(votes));
	for (i = 1; i <= validators; i++) {
		struct secret_key *key = test_key(i);
		size_t at = validators_find(set, secret_key_address(key));
		struct vote *v;

		ck_assert_uint_lt(at, validators);
		v = &votes[at];
		*v = (struct vote){.kind = VOTE_COMMIT,
				   .height = candidate_tip(b)->height,
				   .digest = *candidate_hash(b),
				   .signer = (uint16_t)at};
		vote_digest(&digest, v, node_genesis_hash(d->node));
		buf_reset(&signature);
		ck_assert(!secret_key_sign(key, &signature, &digest));
		v->signature_len = (uint16_t)signature.len;
		memcpy(v->signature, signature.data, signature.len);
		secret_key_free(key);
	}
	certificate_encode(&raw, 0, votes, validators);
	seal.certificate = buf_span(&raw);
	candidate_seal(b, &seal);
	buf_release(&raw);
	buf_release(&signature);
}

void ops_force_block(struct driver *d, unsigned validators,
		     const struct span *txs, size_t count)
{
	struct node *n = d->node;
	struct candidate *b = candidate_new(n->chain, kv_mem_view(d->mem));
	struct address producer = test_address(1);
	struct kv_batch batch = {0};
	struct fault f = {0};
	struct buf state = {0};
	struct tx tx;
	size_t i;

	for (i = 0; i < count; i++) {
		read_tx(&tx, d, txs[i]);
		ck_assert_msg(!candidate_add(b, &tx, &f), "%s", f.detail);
	}
	ck_assert(!candidate_finish(b, chain_tip(n->chain)->time + 1, &producer,
				    SPAN(NULL, 0), SPAN(NULL, 0)));
	certify(b, d, validators);
	chain_commit(n->chain, b, &batch);
	n->store = kv_mem_view(d->mem);
	produce_put_state(n, b, &batch, &state);
	kv_mem_apply(d->mem, &batch);
	kv_batch_release(&batch);
	buf_release(&state);
	candidate_free(b);
	driver_crash(d);
}

struct hash ops_force_pending(struct driver *d, struct span raw)
{
	enum mempool_place place;
	struct account account;
	struct fault f = {0};
	struct tx tx;
	bool existed;

	read_tx(&tx, d, raw);
	ck_assert(!chain_account(&account, &existed, d->node->chain,
				 kv_mem_view(d->mem), &tx.sender));
	ck_assert_msg(!mempool_add(d->node->pool, &place, &tx, &account,
				   driver_height(d) + 1, &f),
		      "%s", f.detail);
	return tx.id;
}

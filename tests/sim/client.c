/* SPDX-License-Identifier: MIT */
/*
 * People who pay: most of them well, some with a nonce that is wrong, some
 * twice, some with a signature that does not hold. They remember what they
 * were told.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/tx.h"
#include "sim/sim.h"

#define FIRST_CLIENT 100 /* number of its key */

void client_make(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->client_count; i++)
		map_put(s->model.keys, s->clients[i].address.b,
			s->clients[i].spki);
}

/* To another client, itself, an authority or somebody new. */
static struct address recipient(struct sim *s, const struct sim_key *from)
{
	uint64_t dice = rng_below(&s->rng, 10);
	struct address a = {{0x77}};

	if (dice == 0)
		return from->address;
	if (dice == 1)
		return s->hosts[rng_below(&s->rng, s->n)].key.address;
	if (dice == 2) {
		put_be64(a.b + 8, rng_next(&s->rng));
		return a;
	}
	return s->clients[rng_below(&s->rng, s->client_count)].address;
}

/* What a wallet asks its node for. */
uint64_t client_nonce(struct host *h, const struct address *sender,
		      uint64_t *balance)
{
	struct account a;
	bool existed;

	if (chain_account(&a, &existed, h->node->chain, kv_mem_view(h->mem),
			  sender))
		BUG("kv_mem does not fail");
	*balance = a.balance;
	return mempool_next_nonce(node_mempool(h->node), sender, a.nonce);
}

static uint64_t some_nonce(struct sim *s, uint64_t next)
{
	uint64_t dice = rng_below(&s->rng, 20);

	if (dice < 2 && next) /* a replacement, or used */
		return next - 1;
	if (dice == 2)
		return rng_below(&s->rng, next + 1);
	if (dice == 3) /* a gap */
		return next + sim_between(s, 1, 3);
	if (dice == 4)
		return next + sim_between(s, 60, 70);
	return next;
}

static void fill(struct sim *s, struct host *h, struct tx *tx,
		 const struct sim_key *from)
{
	uint64_t balance, next = client_nonce(h, &from->address, &balance);

	*tx = (struct tx){.sender = from->address};
	tx->nonce = some_nonce(s, next);
	tx->fee = s->rules.min_fee + rng_below(&s->rng, 20);
	if (tx->nonce != next)
		tx->fee *= 2;
	if (sim_chance(s, 3) && tx->fee)
		tx->fee = 0;
	tx->recipient = recipient(s, from);
	if (sim_chance(s, 4)) /* more than there is, perhaps */
		tx->amount = balance + rng_below(&s->rng, 10) - 5;
	else
		tx->amount = rng_below(&s->rng, balance / 8 + 1);
	tx->amount &= AMOUNT_MAX;
	if (sim_chance(s, 15))
		tx->valid_until = s->top + rng_below(&s->rng, 12);
}

static void encode(struct sim *s, struct buf *raw, struct tx *tx,
		   const struct sim_key *from)
{
	uint8_t data[200] = {0};
	struct buf signature = {0};
	struct hash id;

	put_be64(data, rng_next(&s->rng));
	tx->data = SPAN(data, rng_below(&s->rng, sizeof(data)));
	tx_signing_digest(&id, tx, &s->genesis.hash);
	sim_sign(&signature, SPAN_OF(from->spki), &id, rng_next(&s->rng));
	if (sim_chance(s, 4))
		signature.data[rng_below(&s->rng, 64)] ^= 1;
	if (!tx->nonce)
		tx->key = SPAN_OF(from->spki);
	tx->signature = buf_span(&signature);
	tx_encode(raw, tx);
	tx->id = id;
	buf_release(&signature);
}

static void remember(struct sim *s, const struct host *h, const struct hash *id)
{
	if (!(s->promise_count & (s->promise_count - 1)))
		s->promises = xrealloc(s->promises, 2 * s->promise_count + 1,
				       sizeof(*s->promises));
	s->promises[s->promise_count] = (struct promise){
		.id = *id,
		.host = h->number,
		.life = h->life,
	};
	s->promise_count++;
}

static void submit(struct sim *s, struct host *h, const struct sim_key *from)
{
	struct node_event e = {.kind = EVENT_SUBMIT};
	struct buf raw[3] = {{0}};
	struct span txs[3];
	size_t i, n = sim_chance(s, 10) ? 3 : 1;
	struct tx tx;

	fill(s, h, &tx, from);
	for (i = 0; i < n; i++) {
		encode(s, &raw[i], &tx, from);
		txs[i] = buf_span(&raw[i]);
		tx.key = SPAN(NULL, 0);
		tx.nonce++;
	}
	sim_trace(s,
		  "client %02x%02x asks host %zu: nonce %llu, amount %llu, "
		  "fee %llu, %02x%02x",
		  from->address.b[0], from->address.b[1], h->number,
		  (unsigned long long)tx.nonce - n,
		  (unsigned long long)tx.amount, (unsigned long long)tx.fee,
		  tx.id.b[0], tx.id.b[1]);
	remember(s, h, &tx.id);
	s->stats.submitted += n;
	e.request = s->promise_count;
	e.txs = txs;
	e.tx_count = n;
	host_step(s, h, &e);
	for (i = 0; i < n; i++)
		buf_release(&raw[i]);
}

void client_submit(struct sim *s, struct host *h, const struct tx *tx,
		   struct span raw)
{
	struct node_event e = {
		.kind = EVENT_SUBMIT, .txs = &raw, .tx_count = 1};

	remember(s, h, &tx->id);
	s->stats.submitted++;
	e.request = s->promise_count;
	host_step(s, h, &e);
}

void client_sign(struct sim *s, struct buf *raw, struct tx *tx,
		 const struct sim_key *from)
{
	struct buf signature = {0};
	struct hash id;

	tx_signing_digest(&id, tx, &s->genesis.hash);
	sim_sign(&signature, SPAN_OF(from->spki), &id, rng_next(&s->rng));
	if (!tx->nonce)
		tx->key = SPAN_OF(from->spki);
	tx->signature = buf_span(&signature);
	tx_encode(raw, tx);
	tx->id = id;
	buf_release(&signature);
}

void client_pay_well(struct sim *s, struct host *h)
{
	const struct sim_key *from = &s->clients[0];
	struct tx tx = {.sender = from->address,
			.fee = s->rules.min_fee,
			.recipient = from->address};
	struct buf raw = {0};
	uint64_t balance;

	tx.nonce = client_nonce(h, &from->address, &balance);
	client_sign(s, &raw, &tx, from);
	sim_trace(s, "there is work for host %zu", h->number);
	client_submit(s, h, &tx, buf_span(&raw));
	buf_release(&raw);
}

void client_pay(struct sim *s)
{
	struct host *h;

	if (s->changes && sim_chance(s, 35)) {
		client_vote(s);
		return;
	}
	h = host_any(s);
	if (h)
		submit(s, h, &s->clients[rng_below(&s->rng, s->client_count)]);
}

void client_answer(struct sim *s, struct host *h, const struct effect *e)
{
	const struct submit_result *r = &e->results[e->result_count - 1];
	struct promise *p;

	if (!e->request || e->request > s->promise_count) {
		sim_fail(s, "host %zu answers what nobody asked", h->number);
		return;
	}
	p = &s->promises[e->request - 1];
	if (p->answered || p->host != h->number || p->life != h->life)
		sim_fail(s, "host %zu answers a request twice", h->number);
	p->answered = true;
	p->taken = r->status != SUBMIT_REFUSED;
	if (r->has_id && !hash_eq(&r->id, &p->id))
		sim_fail(s, "host %zu names another id", h->number);
	if (!p->taken)
		sim_trace(s, "host %zu refuses %02x%02x: %s", h->number,
			  p->id.b[0], p->id.b[1], r->fault.detail);
}

static void settle_one(struct sim *s, const struct promise *p)
{
	struct host *h = &s->hosts[p->host];
	enum tx_state state;
	uint64_t height;
	uint32_t index;
	enum err reason = ERR_OK, e;

	if (p->life != h->life || !h->node || !check_counts(s, h))
		return; /* a pool does not survive a crash */
	if (!p->answered) {
		sim_fail(s, "host %zu never answered a client", h->number);
		return;
	}
	if (!p->taken)
		return;
	e = query_tx_place(&state, &height, &index, &reason, h->node,
			   kv_mem_view(h->mem), &p->id);
	if (e)
		sim_fail(s,
			 "host %zu took transaction %02x%02x and does not "
			 "know it any more",
			 h->number, p->id.b[0], p->id.b[1]);
	else if (state == TX_PENDING)
		sim_fail(s,
			 "host %zu took transaction %02x%02x, which is still "
			 "pending",
			 h->number, p->id.b[0], p->id.b[1]);
	else if (state == TX_DROPPED && !reason)
		sim_fail(s, "host %zu dropped a transaction without a reason",
			 h->number);
}

void client_settle(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->promise_count && !s->failed; i++)
		settle_one(s, &s->promises[i]);
}

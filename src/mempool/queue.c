/* SPDX-License-Identifier: MIT */
/*
 * One queue per sender: what enters and leaves it, and which of it is
 * pending. Keeps what pool.h says always holds. Whether something may enter
 * at all is admit.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "mempool/pool.h"

struct party *party_find(const struct mempool *m, const struct address *address)
{
	return map_get(m->parties, address->b);
}

static struct party *party_make(struct mempool *m,
				const struct address *address)
{
	struct party *p = party_find(m, address);

	if (p)
		return p;
	p = xcalloc(1, sizeof(*p));
	p->address = *address;
	map_put(m->parties, address->b, p);
	return p;
}

void party_tidy(struct mempool *m, struct party *p)
{
	struct heap *heads = &m->heaps[HEAP_HEADS];
	struct entry *head = p->run ? p->queue[0] : NULL;

	if (p->head != head) {
		if (p->head)
			heap_remove(heads, p->head);
		if (head)
			heap_put(heads, head,
				 key_best(head->tx.fee, head->tx.raw.len,
					  head->arrival));
		p->head = head;
	}
	if (p->count || p->refs)
		return;
	map_del(m->parties, p->address.b);
	free(p->queue);
	free(p);
}

size_t queue_lower(const struct party *p, uint64_t nonce)
{
	size_t from = 0, to = p->count;

	/* nearly always it follows the run, or is in it */
	if (p->count && nonce >= p->nonce && nonce - p->nonce <= p->run) {
		from = (size_t)(nonce - p->nonce);
		if (from < p->run || from == p->count)
			return from;
	}
	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (p->queue[mid]->tx.nonce < nonce)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static void cheap_put(struct mempool *m, struct entry *e)
{
	heap_put(&m->heaps[HEAP_CHEAP], e,
		 key_cheap(e->place == MEMPOOL_PENDING, e->tx.fee,
			   e->tx.raw.len, e->arrival));
}

static void set_place(struct mempool *m, struct entry *e,
		      enum mempool_place place)
{
	e->place = place;
	switch (place) {
	case MEMPOOL_PENDING:
		m->executable++;
		e->recipient->in += e->tx.amount;
		e->sender->run_cost += e->cost;
		e->sender->run++;
		break;
	case MEMPOOL_QUEUED:
		m->executable--;
		e->recipient->in -= e->tx.amount;
		e->sender->run_cost -= e->cost;
		e->sender->run--;
		break;
	}
	/* a new entry takes its place there when this one is settled */
	if (e->pos[HEAP_CHEAP] == HEAP_NOWHERE)
		return;
	heap_remove(&m->heaps[HEAP_CHEAP], e);
	cheap_put(m, e);
}

/* End the run before the place at. */
static void truncate_run(struct mempool *m, struct party *p, size_t at)
{
	while (p->run > at)
		set_place(m, p->queue[p->run - 1], MEMPOOL_QUEUED);
}

/* Take the queued entry at this place out of everything and free it. */
static void detach(struct mempool *m, struct party *s, size_t at)
{
	struct entry *e = s->queue[at];
	struct party *r = e->recipient;

	memmove(s->queue + at, s->queue + at + 1,
		(s->count - at - 1) * sizeof(*s->queue));
	s->count--;
	if (s->head == e) {
		heap_remove(&m->heaps[HEAP_HEADS], e);
		s->head = NULL;
	}
	heap_remove(&m->heaps[HEAP_CHEAP], e);
	heap_remove(&m->heaps[HEAP_EXPIRY], e);
	arrivals_remove(&m->arrivals, e->arrival);
	map_del(m->ids, e->tx.id.b);
	m->bytes -= entry_bytes(&e->tx);
	m->operations -= e->tx.op != TX_TRANSFER;
	free(e);
	r->refs--;
	if (r != s)
		party_tidy(m, r);
}

/* Take out an entry; what stands behind it is behind a gap then. */
static void cut_out(struct mempool *m, struct entry *e)
{
	struct party *s = e->sender;
	size_t at = queue_lower(s, e->tx.nonce);

	if (at < s->run)
		truncate_run(m, s, at);
	detach(m, s, at);
}

void queue_drop(struct mempool *m, struct entry *e, enum err reason)
{
	drop_note(m, &e->tx.id, reason);
	cut_out(m, e);
}

/* Take out the first entry, whose nonce is used now. The run behind it stays
 * what it is. */
static void pop_front(struct mempool *m, struct party *p)
{
	if (p->run) {
		set_place(m, p->queue[0], MEMPOOL_QUEUED);
		p->nonce++;
	}
	detach(m, p, 0);
}

/* Lengthen the run as far as nonces and money go; drop what the balance
 * cannot pay behind it. */
static void extend_run(struct mempool *m, struct party *p)
{
	size_t i;

	while (p->run < p->count) {
		struct entry *e = p->queue[p->run];

		if (e->tx.nonce != p->nonce + p->run)
			break;
		if (e->cost > p->balance - p->run_cost) {
			queue_drop(m, e, ERR_INSUFFICIENT_BALANCE);
			break;
		}
		set_place(m, e, MEMPOOL_PENDING);
	}
	for (i = p->count; i-- > p->run;)
		if (p->queue[i]->cost > p->balance - p->run_cost)
			queue_drop(m, p->queue[i], ERR_INSUFFICIENT_BALANCE);
}

static struct entry *entry_new(struct mempool *m, const struct tx *tx)
{
	struct entry *e = xmalloc(sizeof(*e) + tx->raw.len);
	size_t i;

	*e = (struct entry){
		.tx = *tx,
		.place = MEMPOOL_QUEUED,
		.arrival = ++m->arrival,
		.cost = tx->amount + tx->fee,
	};
	for (i = 0; i < HEAP_KINDS; i++)
		e->pos[i] = HEAP_NOWHERE;
	memcpy(e->bytes, tx->raw.data, tx->raw.len);
	tx_move(&e->tx, e->bytes);
	return e;
}

struct entry *queue_insert(struct mempool *m, const struct tx *tx,
			   const struct account *account)
{
	struct entry *e = entry_new(m, tx);
	struct party *s = party_make(m, &tx->sender);
	size_t at;

	e->sender = s;
	if (!s->count) {
		s->nonce = account->nonce;
		s->balance = account->balance;
	}
	/* who pays nobody pays himself nothing */
	e->recipient = party_make(m, tx_recipient(tx) ? tx_recipient(tx)
						      : &tx->sender);
	e->recipient->refs++;
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 1;
		s->queue = xrealloc(s->queue, s->cap, sizeof(*s->queue));
	}
	at = queue_lower(s, tx->nonce);
	memmove(s->queue + at + 1, s->queue + at,
		(s->count - at) * sizeof(*s->queue));
	s->queue[at] = e;
	s->count++;

	m->bytes += entry_bytes(&e->tx);
	m->operations += e->tx.op != TX_TRANSFER;
	map_put(m->ids, e->tx.id.b, e);
	arrivals_put(&m->arrivals, e->arrival, e);
	if (tx->valid_until)
		heap_put(&m->heaps[HEAP_EXPIRY], e,
			 (struct key){tx->valid_until, e->arrival});
	extend_run(m, s);
	cheap_put(m, e);
	party_tidy(m, s);
	return e;
}

/* Drop the first pending entry that the balance does not reach, if any. */
static void cut_unpayable(struct mempool *m, struct party *p)
{
	uint64_t left = p->balance;
	size_t i;

	if (p->run_cost <= p->balance)
		return;
	for (i = 0; p->queue[i]->cost <= left; i++)
		left -= p->queue[i]->cost;
	queue_drop(m, p->queue[i], ERR_INSUFFICIENT_BALANCE);
}

void mempool_account_changed(struct mempool *m, const struct account *account)
{
	struct party *p = party_find(m, &account->address);

	if (!p || !p->count)
		return;
	while (p->count && p->queue[0]->tx.nonce < account->nonce) {
		drop_note(m, &p->queue[0]->tx.id, ERR_NONCE_TOO_LOW);
		pop_front(m, p);
	}
	/* back after a reorganisation: what was first is behind a gap now */
	if (account->nonce < p->nonce)
		truncate_run(m, p, 0);
	while (p->count && p->queue[p->count - 1]->tx.nonce - account->nonce >=
				   MEMPOOL_NONCE_WINDOW)
		queue_drop(m, p->queue[p->count - 1], ERR_NONCE_GAP);
	p->nonce = account->nonce;
	p->balance = account->balance;
	cut_unpayable(m, p);
	extend_run(m, p);
	party_tidy(m, p);
}

void mempool_remove_included(struct mempool *m, const struct hash *id)
{
	struct entry *e = map_get(m->ids, id->b);
	struct party *s;

	drop_forget(m, id);
	if (!e)
		return;
	s = e->sender;
	if (s->run && e == s->queue[0]) {
		/* the account has paid for it and counted on */
		s->balance -= e->cost;
		pop_front(m, s);
	} else {
		cut_out(m, e);
	}
	party_tidy(m, s);
}

void mempool_expire(struct mempool *m, uint64_t height)
{
	struct entry *e;

	while ((e = heap_first(&m->heaps[HEAP_EXPIRY])) &&
	       e->tx.valid_until < height) {
		struct party *s = e->sender;

		queue_drop(m, e, ERR_EXPIRED);
		party_tidy(m, s);
	}
}

void mempool_refuse(struct mempool *m, const struct hash *id, enum err reason)
{
	struct entry *e = map_get(m->ids, id->b);
	struct party *s;

	if (!e)
		return;
	s = e->sender;
	queue_drop(m, e, reason);
	party_tidy(m, s);
}

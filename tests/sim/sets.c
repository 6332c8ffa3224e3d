/* SPDX-License-Identifier: MIT */
/* Sets of validators and their changes; see the header. */
#include "sim/sets.h"

#include <string.h>

#include "codec/msgpack.h"
#include "codec/vote.h"

#define FEW 4
#define VOTES_OF_ONE 8

void people_make(struct people *p, size_t count)
{
	size_t i, k;

	p->count = count;
	for (i = 0; i < count; i++) {
		sim_key_make(&p->keys[i], (uint32_t)i);
		for (k = i; k && memcmp(p->keys[p->order[k - 1]].address.b,
					p->keys[i].address.b, ADDRESS_LEN) > 0;
		     k--)
			p->order[k] = p->order[k - 1];
		p->order[k] = i;
	}
}

size_t people_find(const struct people *p, const struct address *a)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (address_eq(&p->keys[i].address, a))
			return i;
	return NOBODY;
}

size_t set_size(unsigned set)
{
	size_t n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}

size_t set_quorum(unsigned set)
{
	size_t n = set_size(set);

	return n ? (n + (n - 1) / 3) / 2 + 1 : 0;
}

size_t set_person(const struct people *p, unsigned set, size_t index)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (set >> p->order[i] & 1 && !index--)
			return p->order[i];
	return NOBODY;
}

size_t set_index(const struct people *p, unsigned set, size_t person)
{
	size_t i, at = 0;

	for (i = 0; i < p->count; i++) {
		if (p->order[i] == person)
			return set >> person & 1 ? at : NOBODY;
		at += set >> p->order[i] & 1;
	}
	return NOBODY;
}

/* --- headers -------------------------------------------------------------- */

void set_encode(struct buf *out, const struct people *p, unsigned set)
{
	size_t i;

	mp_array(out, set_size(set));
	for (i = 0; i < p->count; i++)
		if (set >> p->order[i] & 1)
			mp_bin(out, SPAN_OF(p->keys[p->order[i]].spki));
}

static void put_hash(struct buf *out, const struct people *p, unsigned set)
{
	static const char domain[] = DOMAIN_VALIDATORS;
	struct buf raw = {0};
	struct hash h;

	buf_append(&raw, domain, sizeof(domain) - 1);
	set_encode(&raw, p, set);
	sha256(&h, buf_span(&raw));
	mp_hash(out, &h);
	buf_release(&raw);
}

static void put_change(struct buf *out, const struct people *p,
		       const struct set_change *c)
{
	mp_array(out, 3);
	mp_uint(out, c->remove);
	if (c->remove)
		mp_bin(out, address_span(&p->keys[c->person].address));
	else
		mp_bin(out, SPAN_OF(p->keys[c->person].spki));
	mp_uint(out, c->remove && c->few);
}

void sets_fields(struct buf *out, const struct sets *s, const struct people *p)
{
	mp_array(out, 3);
	put_hash(out, p, s->set);
	put_hash(out, p, s->next);
	if (s->has_change)
		put_change(out, p, &s->change);
	else
		mp_array(out, 0);
}

/* --- operations ----------------------------------------------------------- */

static bool can(unsigned set, const struct set_change *c)
{
	bool is_member = set >> c->person & 1;

	if (!c->remove)
		return !is_member;
	return is_member && set_size(set) > (c->few ? 1 : FEW);
}

static bool same(const struct set_change *a, const struct set_change *b)
{
	return a->remove == b->remove && a->person == b->person &&
	       (!a->remove || a->few == b->few);
}

static void forget(struct sets *now, size_t i)
{
	now->count--;
	memmove(&now->proposals[i], &now->proposals[i + 1],
		(now->count - i) * sizeof(now->proposals[0]));
}

static const char *take_back(struct sets *now, unsigned voter, size_t i)
{
	if (i == now->count || !(now->proposals[i].voters & voter))
		return "it takes back a vote that is not there";
	now->proposals[i].voters &= ~voter;
	if (!now->proposals[i].voters)
		forget(now, i);
	return NULL;
}

static const char *count_vote(struct sets *now, size_t sender, bool approve,
			      const struct set_change *c)
{
	unsigned voter = 1u << sender;
	size_t i, k, open = 0;

	for (i = 0; i < now->count && !same(&now->proposals[i].change, c); i++)
		;
	if (!approve)
		return take_back(now, voter, i);
	for (k = 0; k < now->count; k++)
		open += !!(now->proposals[k].voters & voter);
	if (i < now->count && now->proposals[i].voters & voter)
		return "its sender voted for that already";
	if (!can(now->next, c))
		return "the newest set cannot be changed so";
	if (open >= VOTES_OF_ONE || i == SETS_PROPOSALS_MAX)
		return "its sender has too many votes";
	if (i == now->count)
		now->proposals[now->count++] =
			(struct set_proposal){.change = *c};
	now->proposals[i].voters |= voter;
	return NULL;
}

static const char *vote(struct sets *now, const struct people *p,
			const struct tx *tx)
{
	size_t sender = people_find(p, &tx->sender);
	struct tx_change change;
	struct set_change c;

	if (sender == NOBODY || !(now->set >> sender & 1))
		return "a vote of who is no validator of its block";
	if (tx_change_decode(&change, tx->change))
		return "a vote for what cannot be decoded";
	c.remove = change.remove;
	c.few = change.few;
	c.person = people_find(p, &change.account);
	if (c.person == NOBODY)
		return "a vote on a stranger";
	return count_vote(now, sender, tx->approve, &c);
}

static const char *evidence(struct sets *now, const struct people *p,
			    const struct tx *tx, uint64_t height)
{
	struct double_vote d;
	struct address who;
	size_t person;

	if (double_vote_decode(&d, tx->double_vote))
		return "evidence that is none";
	key_address(&who, d.key);
	person = people_find(p, &who);
	if (person == NOBODY || !(now->set >> person & 1))
		return "evidence against no validator of its block";
	if (now->offenders >> person & 1)
		return "evidence that is known";
	if (d.vote[0].height > height)
		return "evidence of a height to come";
	now->offenders |= 1u << person;
	return NULL;
}

const char *sets_operation(struct sets *now, const struct people *p,
			   const struct tx *tx, uint64_t height)
{
	if (tx->op == TX_TRANSFER)
		return NULL;
	if (!p)
		return "an operation of a chain with validators";
	return tx->op == TX_VOTE ? vote(now, p, tx)
				 : evidence(now, p, tx, height);
}

static bool both_signed(const struct tx *tx, const struct hash *genesis)
{
	struct double_vote d;
	struct hash digest;
	size_t i;

	if (double_vote_decode(&d, tx->double_vote))
		return false;
	for (i = 0; i < 2; i++) {
		vote_digest(&digest, &d.vote[i], genesis);
		if (sim_verify(
			    d.key, &digest,
			    SPAN(d.vote[i].signature, d.vote[i].signature_len)))
			return false;
	}
	return true;
}

bool sets_is_signed(const struct tx *tx, const struct hash *genesis)
{
	struct tx_change change;
	struct hash digest;

	if (tx->op == TX_EVIDENCE)
		return both_signed(tx, genesis);
	if (tx->op != TX_VOTE || tx_change_decode(&change, tx->change) ||
	    change.remove || !tx->approve)
		return true;
	tx_accept_digest(&digest, tx->change, genesis);
	return !sim_verify(change.key, &digest, tx->acceptance);
}

void sets_end(struct sets *now)
{
	size_t quorum = set_quorum(now->set), i;
	unsigned old = now->next;

	now->has_change = false;
	for (i = 0; i < now->count && !now->has_change; i++) {
		struct set_proposal *a = &now->proposals[i];

		if (set_size(a->voters) < quorum || !can(old, &a->change))
			continue;
		now->has_change = true;
		now->change = a->change;
		now->next ^= 1u << a->change.person;
	}
	now->set = old;
	now->offenders &= old;
	for (i = now->count; i-- > 0;) {
		now->proposals[i].voters &= old;
		if (!now->proposals[i].voters ||
		    !can(now->next, &now->proposals[i].change))
			forget(now, i);
	}
}

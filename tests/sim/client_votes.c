/* SPDX-License-Identifier: MIT */
/* Members who want others among them, or fewer: votes in transactions, for what
 * is on the agenda until it is so. */
#include "codec/tx.h"
#include "sim/sim.h"

/* When the set is as it was wanted, something else is wanted. */
static void set_agenda(struct sim *s, unsigned set)
{
	size_t away = s->newcomer;
	bool is_member;

	if (s->has_agenda) {
		is_member = set >> s->agenda.person & 1;
		if (is_member == s->agenda.remove)
			return;
	}
	s->has_agenda = true;
	for (away = 0; set >> away & 1; away++)
		;
	if (set_size(set) > s->n) /* somebody has to go */
		s->agenda = (struct set_change){
			.remove = true,
			.person = set_person(&s->people, set,
					     rng_below(&s->rng, set_size(set))),
		};
	else if (away < s->n || away == s->newcomer)
		s->agenda = (struct set_change){.person = away};
	else
		s->agenda = (struct set_change){.person = s->newcomer};
}

static void accept(struct sim *s, struct buf *out, struct span change,
		   const struct sim_key *newcomer)
{
	struct hash digest;

	tx_accept_digest(&digest, change, &s->genesis.hash);
	sim_sign(out, SPAN_OF(newcomer->spki), &digest, rng_next(&s->rng));
}

void client_vote(struct sim *s)
{
	struct host *h = host_any(s);
	struct buf raw = {0}, change = {0}, acceptance = {0};
	const struct sim_key *from, *who;
	struct tx_change c = {0};
	struct tx tx = {.op = TX_VOTE, .approve = !sim_chance(s, 5)};
	uint64_t balance;
	unsigned set;

	if (!h)
		return;
	set = h->tip->sets.set;
	set_agenda(s, h->tip->sets.next);
	from = &s->people.keys[set_person(&s->people, set,
					  rng_below(&s->rng, set_size(set)))];
	who = &s->people.keys[s->agenda.person];
	c.remove = s->agenda.remove;
	c.few = c.remove && sim_chance(s, 10);
	c.key = c.remove ? SPAN(NULL, 0) : SPAN_OF(who->spki);
	c.account = who->address;
	tx_change_encode(&change, &c);
	tx.sender = from->address;
	tx.fee = s->rules.min_fee;
	tx.nonce = client_nonce(h, &from->address, &balance);
	tx.change = buf_span(&change);
	if (tx.approve && !c.remove)
		accept(s, &acceptance, tx.change, who);
	tx.acceptance = buf_span(&acceptance);
	client_sign(s, &raw, &tx, from);
	sim_trace(s, "a member votes at host %zu: %s %zu", h->number,
		  c.remove ? "remove" : "add", s->agenda.person);
	client_submit(s, h, &tx, buf_span(&raw));
	buf_release(&raw);
	buf_release(&change);
	buf_release(&acceptance);
}

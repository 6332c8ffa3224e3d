/* SPDX-License-Identifier: MIT */
/*
 * A third party that hears every vote that any host ever sends, and forgets
 * none in a crash. Of honest ones: they hold, are kept before they are said,
 * and never contradict each other. What it heard lately the faulty may use.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "node/network.h"
#include "sim/sim.h"

#define HEARD_VOTES 256
#define HEARD_MESSAGES 48
#define PLACE_LEN 18

struct heard {
	enum message_type type;
	struct buf body;
};

struct witness {
	struct map *said; /* person, kind, height, round -> struct hash */
	struct map *good; /* SHA-256 of a vote: it holds */
	struct vote votes[HEARD_VOTES];
	size_t vote_count; /* ever */
	struct heard messages[HEARD_MESSAGES];
	size_t message_count;
	/* the last message, which goes to many */
	size_t from;
	uint64_t step;
	enum message_type type;
	struct buf body;
};

void witness_begin(struct sim *s)
{
	s->witness = xcalloc(1, sizeof(*s->witness));
	s->witness->said = map_new(PLACE_LEN, s->seed);
	s->witness->good = map_new(HASH_LEN, s->seed);
}

void witness_release(struct sim *s)
{
	struct witness *w = s->witness;
	size_t at = 0, i;
	void *value;

	while (map_next(w->said, &at, NULL, &value))
		free(value);
	map_free(w->said);
	map_free(w->good);
	for (i = 0; i < HEARD_MESSAGES; i++)
		buf_release(&w->messages[i].body);
	buf_release(&w->body);
	free(w);
	free(s->decided);
	s->decided = NULL;
}

/* --- whether a vote holds --------------------------------------------------
 */

unsigned witness_set(const struct sim *s, uint64_t height)
{
	if (height && height - 1 < s->decided_count)
		return s->decided[height - 1]->sets.set;
	if (height > 1 && height - 2 < s->decided_count)
		return s->decided[height - 2]->sets.next;
	return 0;
}

static void name_of(struct hash *out, const struct vote *v)
{
	struct buf raw = {0};

	vote_encode(&raw, v);
	sha256(out, buf_span(&raw));
	buf_release(&raw);
}

static bool was_heard(const struct sim *s, const struct vote *v)
{
	struct hash name;

	name_of(&name, v);
	return map_get(s->witness->good, name.b) != NULL;
}

bool witness_holds(struct sim *s, const struct vote *v)
{
	size_t person =
		set_person(&s->people, witness_set(s, v->height), v->signer);
	struct hash name, digest;

	if (person == NOBODY)
		return false;
	name_of(&name, v);
	if (map_get(s->witness->good, name.b))
		return true;
	vote_digest(&digest, v, &s->genesis.hash);
	if (sim_verify(SPAN_OF(s->people.keys[person].spki), &digest,
		       SPAN(v->signature, v->signature_len)))
		return false;
	map_put(s->witness->good, name.b, s);
	return true;
}

bool witness_quorum(struct sim *s, enum vote_kind kind, uint64_t height,
		    uint64_t round, const struct hash *digest,
		    const struct vote *list, size_t count)
{
	unsigned set = witness_set(s, height), signers = 0;
	size_t i, person;

	for (i = 0; i < count; i++) {
		person = set_person(&s->people, set, list[i].signer);
		if (list[i].kind != kind || list[i].height != height ||
		    list[i].round != round ||
		    !hash_eq(&list[i].digest, digest) || person == NOBODY ||
		    !witness_holds(s, &list[i]))
			return false;
		signers |= 1u << person;
	}
	return set && set_size(signers) >= set_quorum(set);
}

/* --- what is said -----------------------------------------------------------
 */

static void body_hash(struct hash *out, const struct vote *v)
{
	struct buf raw = {0};

	vote_encode_body(&raw, v);
	sha256(out, buf_span(&raw));
	buf_release(&raw);
}

/* One body for a place, over all lives. */
static void never_twice(struct sim *s, const struct host *h, size_t person,
			const struct vote *v)
{
	uint8_t place[PLACE_LEN] = {(uint8_t)person, (uint8_t)v->kind};
	struct hash body, *first;

	put_be64(place + 2, v->height);
	put_be64(place + 10, v->round);
	body_hash(&body, v);
	first = map_get(s->witness->said, place);
	if (!first)
		map_put(s->witness->said, place, xmemdup(&body, sizeof(body)));
	else if (!hash_eq(first, &body) && s->cheaters >> person & 1)
		s->stats.double_signed++;
	else if (!hash_eq(first, &body))
		sim_fail(s,
			 "validator %zu signed two votes of kind %d at height "
			 "%llu in round %llu, the second said by host %zu",
			 person, (int)v->kind, (unsigned long long)v->height,
			 (unsigned long long)v->round, h->number);
}

/* Whether what must not be lost with the vote stands beside it. */
static const char *incomplete(struct sim *s, const struct record *r)
{
	const struct vote *v = &r->content.vote;
	const struct vote_record *c = &r->content;
	bool certified = v->kind == VOTE_COMMIT ||
			 (v->kind == VOTE_ROUND_CHANGE && v->prepared);
	uint64_t round = v->kind == VOTE_COMMIT ? v->round : v->prepared_round;

	if ((v->kind == VOTE_PROPOSAL || v->kind == VOTE_PREPARE) &&
	    (!r->has_block || !hash_eq(&r->block, &v->digest)))
		return "the block";
	if (certified &&
	    !witness_quorum(s, VOTE_PREPARE, v->height, round, &v->digest,
			    c->prepares, c->prepare_count))
		return "the certificate";
	return NULL;
}

/* A vote of its own: it is in its journal, with all that belongs to it, and
 * these are its very bytes. */
static void is_kept(struct sim *s, struct host *h, const struct vote *v)
{
	const struct record *r = journal_find(&h->journal, v);
	const char *lacks;

	if (!r) {
		sim_fail(s,
			 "host %zu says a vote of kind %d at height %llu in "
			 "round %llu that is not durable in its journal",
			 h->number, (int)v->kind, (unsigned long long)v->height,
			 (unsigned long long)v->round);
		return;
	}
	if (!vote_same(&r->content.vote, v) ||
	    r->content.vote.signature_len != v->signature_len ||
	    memcmp(r->content.vote.signature, v->signature, v->signature_len)) {
		sim_fail(s, "host %zu says another vote than its journal has",
			 h->number);
		return;
	}
	lacks = incomplete(s, r);
	if (lacks)
		sim_fail(
			s,
			"host %zu says a vote of kind %d whose record lacks %s",
			h->number, (int)v->kind, lacks);
}

static void say(struct sim *s, struct host *h, const struct vote *v)
{
	size_t person =
		set_person(&s->people, witness_set(s, v->height), v->signer);
	bool heard = was_heard(s, v);

	if (!witness_holds(s, v)) {
		sim_fail(s,
			 "host %zu says a vote of kind %d at height %llu that "
			 "does not hold",
			 h->number, (int)v->kind,
			 (unsigned long long)v->height);
		return;
	}
	s->stats.votes += person == h->person;
	s->stats.passed += person != h->person;
	s->witness->votes[s->witness->vote_count++ % HEARD_VOTES] = *v;
	never_twice(s, h, person, v);
	/* a twin passes on what the other one said, and who lost a journal
	 * what it said itself before that */
	if (person == h->person && !(s->cheaters >> person & 1) &&
	    !(h->loses && heard && !journal_find(&h->journal, v)))
		is_kept(s, h, v);
}

static void say_all(struct sim *s, struct host *h, const struct vote *list,
		    size_t count)
{
	size_t i;

	for (i = 0; i < count && !s->failed; i++)
		if (!witness_holds(s, &list[i]))
			sim_fail(s, "host %zu says what does not hold",
				 h->number);
}

static void say_proposal(struct sim *s, struct host *h, struct span body)
{
	struct msg_proposal m;

	if (msg_proposal_decode(&m, body)) {
		sim_fail(s, "host %zu says PRP that is none", h->number);
		return;
	}
	say(s, h, &m.vote);
	say_all(s, h, m.changes, m.change_count);
	say_all(s, h, m.prepares, m.prepare_count);
	msg_proposal_release(&m);
}

static void say_votes(struct sim *s, struct host *h, struct span body)
{
	struct vote *list;
	size_t count, i;

	if (msg_votes_decode(&list, &count, body)) {
		sim_fail(s, "host %zu says VOT that is none", h->number);
		return;
	}
	for (i = 0; i < count && !s->failed; i++)
		say(s, h, &list[i]);
	free(list);
}

static void say_change(struct sim *s, struct host *h, struct span body)
{
	struct msg_round_change m;

	if (msg_round_change_decode(&m, body)) {
		sim_fail(s, "host %zu says RCH that is none", h->number);
		return;
	}
	say(s, h, &m.vote);
	say_all(s, h, m.prepares, m.prepare_count);
	msg_round_change_release(&m);
}

/* The same to the next peer. */
static bool is_repeated(struct sim *s, const struct host *h,
			enum message_type type, struct span body)
{
	struct witness *w = s->witness;

	if (w->step == s->stats.steps && w->from == h->number &&
	    w->type == type && span_eq(buf_span(&w->body), body))
		return true;
	w->step = s->stats.steps;
	w->from = h->number;
	w->type = type;
	buf_reset(&w->body);
	buf_append_span(&w->body, body);
	return false;
}

static void remember(struct witness *w, enum message_type type,
		     struct span body)
{
	struct heard *at = &w->messages[w->message_count++ % HEARD_MESSAGES];

	at->type = type;
	buf_reset(&at->body);
	buf_append_span(&at->body, body);
}

/* As many as may be faulty gave a round up, over work that only they saw: they
 * say so again and again (rule 8), and nobody else has anything to do. */
static bool few_gave_up(struct sim *s, const struct host *by)
{
	size_t i, count = 0;
	struct bft_info info;

	for (i = 0; i < s->host_count; i++) {
		const struct host *h = &s->hosts[i];

		count += h->node && (by->tip->sets.set >> h->person & 1) &&
			 node_bft(h->node, &info) &&
			 info.height == by->tip->header.height + 1 &&
			 info.round;
	}
	return count <= validators_faults(set_size(by->tip->sets.set));
}

void witness_sent(struct sim *s, struct host *h, enum message_type type,
		  struct span body)
{
	bool votes = type == MSG_PRP || type == MSG_VOT || type == MSG_RCH;

	if ((!votes && type != MSG_CRT && type != MSG_EVV) ||
	    is_repeated(s, h, type, body))
		return;
	remember(s->witness, type, body);
	if (check_counts(s, h) && !(type == MSG_RCH && few_gave_up(s, h)))
		s->last_vote = s->now;
	if (type == MSG_PRP)
		say_proposal(s, h, body);
	else if (type == MSG_VOT)
		say_votes(s, h, body);
	else if (type == MSG_RCH)
		say_change(s, h, body);
}

/* --- for those who misuse it -------------------------------------------------
 */

static size_t held(size_t ever, size_t most)
{
	return ever < most ? ever : most;
}

bool witness_vote(struct sim *s, struct vote *out)
{
	const struct witness *w = s->witness;
	size_t count = held(w->vote_count, HEARD_VOTES);

	if (!count)
		return false;
	if (count > 24 && sim_chance(s, 70))
		count = 24;
	*out = w->votes[(w->vote_count - 1 - rng_below(&s->rng, count)) %
			HEARD_VOTES];
	return true;
}

bool witness_message(struct sim *s, enum message_type *type, struct span *body)
{
	const struct witness *w = s->witness;
	size_t count = held(w->message_count, HEARD_MESSAGES);
	const struct heard *at;

	if (!count)
		return false;
	at = &w->messages[(w->message_count - 1 - rng_below(&s->rng, count)) %
			  HEARD_MESSAGES];
	*type = at->type;
	*body = buf_span(&at->body);
	return true;
}

static bool is_like(const struct vote *v, const struct vote *like,
		    bool with_digest)
{
	return v->kind == like->kind && v->height == like->height &&
	       v->round == like->round &&
	       (!with_digest || hash_eq(&v->digest, &like->digest));
}

size_t witness_like(const struct sim *s, struct vote *out, size_t max,
		    const struct vote *like, bool with_digest)
{
	const struct witness *w = s->witness;
	size_t i, k, at, count = 0, have = held(w->vote_count, HEARD_VOTES);

	for (i = 0; i < have && count < max; i++) {
		const struct vote *v = &w->votes[i];

		if (!is_like(v, like, with_digest))
			continue;
		for (at = 0; at < count && out[at].signer < v->signer; at++)
			;
		if (at < count && out[at].signer == v->signer)
			continue;
		for (k = count++; k > at; k--)
			out[k] = out[k - 1];
		out[at] = *v;
	}
	return count;
}

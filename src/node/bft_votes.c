/* SPDX-License-Identifier: MIT */
/*
 * Votes of others: what could change nothing is dropped unchecked, of the
 * rest a worker checks the signatures, those that were not seen before, and
 * with a proposal those of its transactions. Honest nodes pass on only what
 * holds, so a signature that does not is the fault of who sent it.
 */
#include <stdlib.h>
#include <string.h>

#include "node/bft_internal.h"
#include "node/sync_internal.h"

/* --- what is known ----------------------------------------------------- */

static void vote_name(struct hash *out, const struct vote *v)
{
	struct buf raw = {0};

	vote_encode(&raw, v);
	sha256(out, buf_span(&raw));
	buf_release(&raw);
}

void votes_good(struct node *n, const struct vote *v)
{
	struct hash name;

	vote_name(&name, v);
	recent_put(n->bft->good, name.b, SPAN("", 0));
}

static bool is_good(const struct node *n, const struct hash *name)
{
	struct span value;

	return recent_get(n->bft->good, &value, name->b);
}

static bool vote_is_good(const struct node *n, const struct vote *v)
{
	struct hash name;

	vote_name(&name, v);
	return is_good(n, &name);
}

/* --- what is wanted ---------------------------------------------------- */

/* A vote for what is above the next height: that peer knows more. */
static void is_ahead(struct node *n, struct peer *p)
{
	if (p->sync)
		sync_nudge(n, p);
}

/* What holds and is here already: its signer says it again. */
static void relay_again(struct node *n, const struct peer *p,
			struct incoming *m, const struct vote *v)
{
	struct hash name = m->digest;

	if (m->type == MSG_VOT)
		vote_name(&name, v);
	if (!is_good(n, &name) || !relay_is_due(n, &name))
		return;
	m->peer = p->number;
	if (m->type == MSG_VOT)
		relay_vote(n, v, p->number);
	else
		relay_message(n, m);
}

/* Whether the vote could change anything. Of what could not, some is to be
 * answered or passed on. */
static bool is_wanted(struct node *n, struct peer *p, struct incoming *m,
		      const struct vote *v)
{
	struct bft_room *room = n->bft;

	if (v->height < room->height) {
		certificate_answer(n, p, v->height);
		return false;
	}
	if (v->height > room->height + 1) {
		is_ahead(n, p);
		return false;
	}
	if (bft_wants(room->machine, v))
		return true;
	relay_again(n, p, m, v);
	return false;
}

/* Keep what is wanted of a message; false: nothing is left of it. */
static bool keep_wanted(struct node *n, struct peer *p, struct incoming *m)
{
	size_t i, left = 0;

	if (m->type != MSG_VOT)
		return is_wanted(n, p, m, &m->votes[0]);
	for (i = 0; i < m->count; i++)
		if (is_wanted(n, p, m, &m->votes[i]))
			m->votes[left++] = m->votes[i];
	m->count = left;
	return left != 0;
}

/* --- the job ----------------------------------------------------------- */

/* The checks of those of its votes that are not known to hold. */
static enum err add_checks(struct node *n, struct job *job, struct incoming *m)
{
	const struct validator *who;
	size_t i;

	for (i = 0; i < m->count; i++) {
		const struct vote *v = &m->votes[i];
		const struct validators *set = room_set(n, v->height);

		if (!set || v->signer >= set->count)
			return ERR_OUT_OF_RANGE;
		m->known[i] = vote_is_good(n, v);
		who = &set->list[v->signer];
		if (!m->known[i] &&
		    !vote_check(&job->checks, v, SPAN(who->key, who->key_len),
				&n->bft->genesis))
			return ERR_BAD_SIGNATURE;
	}
	return ERR_OK;
}

static bool has_room(const struct node *n, const struct peer *p,
		     const struct incoming *m)
{
	const struct bft_room *room = n->bft;

	if (m->strange &&
	    (room->strange_checks + m->vote_checks > STRANGE_CHECKS ||
	     room->strange_bytes + m->bytes > STRANGE_BYTES))
		return false;
	return map_count(room->incoming) < INCOMING_MAX &&
	       room->incoming_bytes + m->bytes <= INCOMING_BYTES &&
	       p->bft->incoming < INCOMING_PER_PEER &&
	       p->bft->incoming_bytes + m->bytes <= INCOMING_BYTES_PER_PEER;
}

static void start(struct node *n, struct peer *p, struct job *job,
		  struct incoming *m)
{
	struct bft_room *room = n->bft;

	node_job(n, job, JOB_VERIFY, OWNER_BFT);
	map_put(room->incoming, &job->id, m);
	room->incoming_bytes += m->bytes;
	if (m->strange) {
		room->strange_checks += m->vote_checks;
		room->strange_bytes += m->bytes;
	}
	p->bft->incoming++;
	p->bft->incoming_bytes += m->bytes;
}

/* With a proposal on the tip, its transactions' signatures, at once when it
 * comes from a member. Of others anybody can send as many as a block holds
 * under a leader's name: theirs, and those that cannot be had now, are asked
 * for when it is to be executed. */
static void add_block_checks(struct node *n, struct job *job,
			     struct incoming *m)
{
	struct block block;

	m->vote_checks = job->checks.count;
	if (!m->block || m->block->height != n->bft->height ||
	    (!m->known[0] && m->strange))
		return;
	if (!block_decode(&block, buf_span(&m->block->raw)) &&
	    !body_checks(n, &job->checks, &block))
		m->block->state = KEPT_CHECKING;
	else
		job->checks.count = m->vote_checks;
	block_release(&block);
}

/* What came of them; those of a transaction are no fault of the sender. */
static void take_block_checks(struct node *n, const struct job *job,
			      struct incoming *m)
{
	enum err e;

	if (!m->block || m->block->state != KEPT_CHECKING)
		return;
	e = checks_result(&job->checks, m->vote_checks,
			  job->checks.count - m->vote_checks);
	if (e == ERR_CRYPTO)
		node_fail(n, e, "checking the signatures of a proposal");
	m->block->state = e ? KEPT_BAD : KEPT_GOOD;
}

/* --- what holds -------------------------------------------------------- */

static void note_seen(struct node *n, const struct vote *v)
{
	struct bft_room *room = n->bft;

	room->votes[v->kind]++;
	if (v->height == room->height && v->signer < room->set.count)
		room->seen[v->signer].at = n->now;
}

/* true: it is new, and held now or evidence. What stands on nothing is not
 * passed on: of that one validator can sign any number. */
static bool give(struct node *n, const struct vote *v,
		 const struct bft_message *m)
{
	struct bft *machine = n->bft->machine;
	bool wanted = bft_wants(machine, v);

	note_seen(n, v);
	bft_receive(machine, m, n->now, &n->bft->out);
	return wanted && !bft_wants(machine, v);
}

/* Its height may be over since its signatures were sent to be checked. */
static bool is_late(const struct node *n, const struct vote *v)
{
	return v->height != n->bft->height && v->height != n->bft->height + 1;
}

static void accept_votes(struct node *n, const struct incoming *m)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		const struct vote *v = &m->votes[i];
		struct bft_message message = {.vote = v};

		if (is_late(n, v))
			continue;
		if (give(n, v, &message))
			relay_vote(n, v, m->peer);
	}
}

static void accept(struct node *n, struct incoming *m)
{
	struct bft_room *room = n->bft;
	struct bft_message message = {
		.vote = &m->votes[0],
		.changes = m->votes + 1,
		.change_count = m->change_count,
		.prepares = m->votes + 1 + m->change_count,
		.prepare_count = m->prepare_count,
	};
	struct kept_block *b;
	size_t i;

	for (i = 0; i < m->count; i++)
		if (!m->known[i])
			votes_good(n, &m->votes[i]);
	if (m->type == MSG_VOT) {
		accept_votes(n, m);
		return;
	}
	recent_put(room->good, m->digest.b, SPAN("", 0));
	if (is_late(n, &m->votes[0]))
		return;
	if (give(n, &m->votes[0], &message))
		relay_message(n, m);
	if (!m->block)
		return;
	b = blocks_take(room, m->block);
	m->block = NULL;
	bft_block(room->machine, &b->digest, n->now, &room->out);
}

/* --- in and out -------------------------------------------------------- */

/* The block may be here from another round: then these bytes are the same. */
static bool block_fits(const struct node *n, struct incoming *m)
{
	const struct kept_block *b;

	if (!m->block)
		return true;
	b = blocks_find(n->bft, &m->block->digest);
	return !b || span_eq(buf_span(&b->raw), buf_span(&m->block->raw));
}

static void check(struct node *n, struct peer *p, struct incoming *m)
{
	struct job *job = xcalloc(1, sizeof(*job));
	enum err e = add_checks(n, job, m);

	m->peer = p->number;
	m->strange = !room_is_member(n, &p->id);
	if (!e && !block_fits(n, m))
		e = ERR_BAD_TXS_ROOT;
	if (!e)
		add_block_checks(n, job, m);
	if (!e && job->checks.count && has_room(n, p, m)) {
		start(n, p, job, m);
		return;
	}
	if (e)
		peer_fault(n, p, FAULT_MALFORMED, "%s cannot be: %s",
			   message_letters(m->type), err_text(e));
	else if (!job->checks.count) {
		take_block_checks(n, job, m);
		accept(n, m);
	}
	job_free(job);
	incoming_free(m);
}

void votes_received(struct node *n, struct peer *p, enum message_type type,
		    struct span body)
{
	struct incoming *m;

	if (incoming_read(n, &m, type, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "%s cannot be read",
			   message_letters(type));
		return;
	}
	if (keep_wanted(n, p, m))
		check(n, p, m);
	else
		incoming_free(m);
}

bool votes_checked(struct node *n, const struct job *job)
{
	struct bft_room *room = n->bft;
	struct incoming *m = map_del(room->incoming, &job->id);
	struct peer *p;
	enum err e;

	if (!m)
		return false;
	room->incoming_bytes -= m->bytes;
	if (m->strange) {
		room->strange_checks -= m->vote_checks;
		room->strange_bytes -= m->bytes;
	}
	p = peer_find(n, m->peer);
	if (p && p->bft) {
		p->bft->incoming--;
		p->bft->incoming_bytes -= m->bytes;
	}
	e = checks_result(&job->checks, 0, m->vote_checks);
	take_block_checks(n, job, m);
	if (e == ERR_CRYPTO)
		node_fail(n, e, "checking a vote");
	else if (!e)
		accept(n, m);
	else if (p)
		peer_fault(n, p, FAULT_BAD_VOTE,
			   "%s with a signature that does not hold",
			   message_letters(m->type));
	incoming_free(m);
	return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * Who is told what (doc/bft.md: "Relaying"): votes of our own go to all peers,
 * those of others, once they are known to hold, to the peers that are not
 * connected to their signer. A connected validator is a peer whose id is in
 * the set: ids are addresses of keys that TLS proved.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "node/bft_internal.h"

/* What is known already is passed on again at most so often, ms: its signer
 * says it again every half timeout, and a connection may have been new. */
#define AGAIN_MS 500

/* --- ours -------------------------------------------------------------- */

void relay_own(struct node *n, const struct bft_effect *e)
{
	struct buf body = {0}, copy = {0};
	enum message_type type = outgoing_write(n, &body, e);
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at))) {
		buf_append_span(&copy, buf_span(&body));
		peer_send(n, p, type, &copy);
	}
	buf_release(&body);
}

/* --- of others --------------------------------------------------------- */

/* To the peers that do not have it from its signer. */
static void pass_on(struct node *n, const struct vote *v, uint64_t from,
		    enum message_type type, struct span body)
{
	const struct validators *set = room_set(n, v->height);
	const struct address *signer;
	struct buf copy = {0};
	struct peer *p;
	size_t at = 0;

	if (!set || v->signer >= set->count)
		return;
	signer = &set->list[v->signer].account;
	while ((p = peers_next(n, &at))) {
		if (p->number == from || !p->bft || links_has(p, signer))
			continue;
		buf_append_span(&copy, body);
		peer_send(n, p, type, &copy);
	}
}

void relay_message(struct node *n, const struct incoming *m)
{
	pass_on(n, &m->votes[0], m->peer, m->type, buf_span(&m->body));
}

void relay_vote(struct node *n, const struct vote *v, uint64_t from)
{
	struct buf body = {0};

	votes_encode(&body, v, 1);
	pass_on(n, v, from, MSG_VOT, buf_span(&body));
	buf_release(&body);
}

/* In a chain of connections nobody near may have the block; those who have it
 * may lack one of these votes. */
void relay_decided(struct node *n, const struct vote *votes, size_t count)
{
	struct buf body = {0};
	struct peer *p;
	size_t at = 0, done, part;

	while ((p = peers_next(n, &at)))
		for (done = 0; done < count; done += part) {
			part = count - done < MSG_VOTES_MAX ? count - done
							    : MSG_VOTES_MAX;
			votes_encode(&body, votes + done, part);
			peer_send(n, p, MSG_VOT, &body);
		}
}

bool relay_is_due(struct node *n, const struct hash *name)
{
	uint8_t when[8];
	struct hash key;
	struct span value;

	put_be64(when, n->now / AGAIN_MS);
	sha256_2(&key, SPAN(name->b, HASH_LEN), SPAN_OF(when));
	if (recent_get(n->bft->told, &value, key.b))
		return false;
	recent_put(n->bft->told, key.b, SPAN("", 0));
	return true;
}

/* --- links ------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, ADDRESS_LEN);
}

/* The list is in order: a hundred validators are looked for in those of some
 * hundred peers. */
bool links_has(const struct peer *p, const struct address *a)
{
	if (address_eq(&p->id, a))
		return true;
	return p->bft && p->bft->linked_count &&
	       bsearch(a, p->bft->linked, p->bft->linked_count, sizeof(*a),
		       by_bytes);
}

/* The validators that this node is connected to, and itself. */
static size_t links(struct node *n, struct address out[VALIDATORS_MAX])
{
	size_t at = 0, count = 0;
	struct peer *p;

	if (room_is_member(n, &n->id))
		out[count++] = n->id;
	while (count < VALIDATORS_MAX && (p = peers_next(n, &at)))
		if (p->bft && room_is_member(n, &p->id))
			out[count++] = p->id;
	qsort(out, count, sizeof(*out), by_bytes);
	return count;
}

static struct address *copy_list(const struct address *list, size_t count)
{
	return count ? xmemdup(list, count * sizeof(*list)) : NULL;
}

static void tell_links(struct node *n, struct peer *p)
{
	struct buf body = {0};

	msg_links_encode(&body, n->bft->linked, n->bft->linked_count);
	peer_send(n, p, MSG_LNK, &body);
}

void links_greet(struct node *n, struct peer *p)
{
	if (n->bft->linked_count)
		tell_links(n, p);
}

void links_tick(struct node *n)
{
	struct address list[VALIDATORS_MAX];
	struct bft_room *room = n->bft;
	struct peer *p;
	size_t at = 0, count;

	if (!room->links_changed)
		return;
	room->links_changed = false;
	count = links(n, list);
	if (count == room->linked_count &&
	    (!count || !memcmp(list, room->linked, count * sizeof(*list))))
		return;
	free(room->linked);
	room->linked = copy_list(list, count);
	room->linked_count = count;
	while ((p = peers_next(n, &at)))
		tell_links(n, p);
}

void links_received(struct node *n, struct peer *p, struct span body)
{
	struct address list[VALIDATORS_MAX];
	size_t count;

	if (msg_links_decode(list, &count, body)) {
		peer_fault(n, p, FAULT_MALFORMED, "LNK cannot be read");
		return;
	}
	free(p->bft->linked);
	p->bft->linked = copy_list(list, count);
	p->bft->linked_count = count;
}

/* --- transactions after a timeout (rule 12) ---------------------------- */

void relay_transactions(struct node *n)
{
	gossip_tell_all(n, TOLD_AGAIN_MAX);
}

/* SPDX-License-Identifier: MIT */
/*
 * Validators without honour, and those who have none of their keys: they heard
 * every vote, sign what they like with the keys that they have, and say it to
 * whom they like.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/message_bft.h"
#include "codec/msgpack.h"
#include "sim/byzantine.h"

/* --- saying it -------------------------------------------------------------
 */

/* To one, or to all that it is connected to. Takes the body. */
void evil_say(struct sim *s, const struct attacker *a, uint64_t conn,
	      enum message_type type, struct buf *body)
{
	bool all = sim_chance(s, 50);
	struct buf copy;
	size_t i;

	for (i = 0; i < a->conn_count; i++) {
		if (!all && a->conns[i] != conn)
			continue;
		copy = (struct buf){0};
		buf_append_span(&copy, buf_span(body));
		attacker_send(s, a, a->conns[i], type, &copy);
	}
	buf_release(body);
}

/* One of those who cheat, in that set; NOBODY: none does. */
size_t evil_one(struct sim *s, unsigned set)
{
	unsigned bad = set & s->cheaters;

	if (!bad)
		return NOBODY;
	return set_person(&s->people, bad, rng_below(&s->rng, set_size(bad)));
}

/* Signed by one of them, when there is one. */
bool evil_sign(struct sim *s, struct vote *v, size_t person)
{
	unsigned set = witness_set(s, v->height);
	size_t index = set_index(&s->people, set, person);
	struct buf signature = {0};
	struct hash digest;

	if (person == NOBODY || index == NOBODY)
		return false;
	v->signer = (uint16_t)index;
	vote_digest(&digest, v, &s->genesis.hash);
	sim_sign(&signature, SPAN_OF(s->people.keys[person].spki), &digest,
		 rng_next(&s->rng));
	v->signature_len = (uint16_t)signature.len;
	memcpy(v->signature, signature.data, signature.len);
	buf_release(&signature);
	return true;
}

static void say_vote(struct sim *s, const struct attacker *a, uint64_t conn,
		     const struct vote *v, const struct votes *prepares)
{
	struct msg_round_change change = {.vote = *v};
	struct buf out = {0};

	if (v->kind == VOTE_PROPOSAL)
		return; /* with its block alone: evil_propose() */
	if (v->kind != VOTE_ROUND_CHANGE) {
		votes_encode(&out, v, 1);
		evil_say(s, a, conn, MSG_VOT, &out);
		return;
	}
	if (prepares) {
		change.prepares = (struct vote *)prepares->list;
		change.prepare_count = prepares->count;
	}
	msg_round_change_encode(&out, &change);
	evil_say(s, a, conn, MSG_RCH, &out);
}

/* --- lists -----------------------------------------------------------------
 */

void evil_gather(struct sim *s, struct votes *out, enum vote_kind kind,
		 uint64_t height, uint64_t round, const struct hash *digest)
{
	struct vote like = {.kind = kind, .height = height, .round = round};
	size_t who;

	if (digest)
		like.digest = *digest;
	out->count = witness_like(s, out->list, VOTES_MAX / 2, &like,
				  digest != NULL);
	/* and one of their own, for nothing */
	who = evil_one(s, witness_set(s, height));
	if (sim_chance(s, 70) && evil_sign(s, &like, who))
		out->list[out->count++] = like;
}

/* One too few, one twice, one changed; or as it is. */
void evil_spoil(struct sim *s, struct votes *l)
{
	if (!l->count)
		return;
	switch (rng_below(&s->rng, 5)) {
	case 0:
		l->count--;
		break;
	case 1:
		l->list[l->count - 1] = l->list[0];
		break;
	case 2:
		l->list[rng_below(&s->rng, l->count)].signature[9] ^= 1;
		break;
	default:
		break;
	}
}

/* --- misdeeds ---------------------------------------------------------------
 */

/* Something in it is another by one. */
static void twist(struct sim *s, struct vote *v)
{
	switch (rng_below(&s->rng, 6)) {
	case 0:
		v->height += sim_chance(s, 50) || !v->height ? 1 : UINT64_MAX;
		break;
	case 1:
		v->round += sim_chance(s, 50) || !v->round ? 1 : UINT64_MAX;
		break;
	case 2:
		v->digest.b[rng_below(&s->rng, HASH_LEN)] ^= 1;
		break;
	case 3:
		v->kind = (enum vote_kind)rng_below(&s->rng, VOTE_KIND_COUNT);
		break;
	case 4:
		v->prepared_round += 1;
		break;
	default:
		v->round += sim_between(s, 1, 1000);
	}
	/* of a form that can be read */
	if (v->kind != VOTE_ROUND_CHANGE) {
		v->prepared = false;
		v->prepared_round = 0;
	} else if (!v->round || !v->prepared || v->prepared_round >= v->round) {
		v->prepared = false;
		v->prepared_round = 0;
		memset(v->digest.b, 0, HASH_LEN);
	}
}

static void twisted(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct vote v;
	struct votes prepares;

	if (!witness_vote(s, &v))
		return;
	if (sim_chance(s, 80))
		twist(s, &v);
	/* or with the signature that there was */
	if (sim_chance(s, 85) &&
	    !evil_sign(s, &v, evil_one(s, witness_set(s, v.height))))
		return;
	evil_gather(s, &prepares, VOTE_PREPARE, v.height, v.prepared_round,
		    &v.digest);
	if (!v.prepared)
		prepares.count = 0;
	say_vote(s, a, conn, &v, &prepares);
}

/* Both ways, to different ones. */
static void both(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct vote v;
	size_t who;

	if (!witness_vote(s, &v))
		return;
	v.kind = sim_chance(s, 50) ? VOTE_PREPARE : VOTE_COMMIT;
	v.prepared = false;
	v.prepared_round = 0;
	who = evil_one(s, witness_set(s, v.height));
	if (!evil_sign(s, &v, who))
		return;
	say_vote(s, a, conn, &v, NULL);
	v.digest.b[0] ^= 1;
	if (evil_sign(s, &v, who))
		say_vote(s, a, conn, &v, NULL);
}

static void repeated(struct sim *s, const struct attacker *a, uint64_t conn)
{
	enum message_type type;
	struct buf out = {0};
	struct span body;

	if (!witness_message(s, &type, &body))
		return;
	buf_append_span(&out, body);
	evil_say(s, a, conn, type, &out);
}

/* A claim to be prepared, with what is no certificate, or is one. */
static void claimed(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct votes prepares;
	struct vote v;

	if (!witness_vote(s, &v))
		return;
	evil_gather(s, &prepares, VOTE_PREPARE, v.height, v.round, &v.digest);
	evil_spoil(s, &prepares);
	v.kind = VOTE_ROUND_CHANGE;
	v.prepared = true;
	v.prepared_round = v.round;
	v.round += sim_between(s, 1, 2);
	if (evil_sign(s, &v, evil_one(s, witness_set(s, v.height))))
		say_vote(s, a, conn, &v, &prepares);
}

/* "I am connected to these." */
static void linked(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct address list[SETS_PEOPLE_MAX];
	struct buf out = {0};
	size_t i, count = 0;
	unsigned some = (unsigned)rng_next(&s->rng);

	if (sim_chance(s, 30))
		some = ~0u;
	for (i = 0; i < s->people.count; i++)
		if (some >> i & 1)
			list[count++] =
				s->people.keys[s->people.order[i]].address;
	msg_links_encode(&out, list, count);
	evil_say(s, a, conn, MSG_LNK, &out);
}

/* Proof of what nobody did. */
static void slander(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct vote v, w;
	struct buf out = {0};
	size_t who;

	if (!witness_vote(s, &v))
		return;
	who = set_person(&s->people, witness_set(s, v.height), v.signer);
	if (who == NOBODY)
		return;
	w = v;
	if (sim_chance(s, 80))
		twist(s, &w);
	mp_array(&out, 1);
	double_vote_encode(&out, SPAN_OF(s->people.keys[who].spki), &v, &w);
	evil_say(s, a, conn, MSG_EVV, &out);
}

/* For a block that is none, or one that matters. */
static void asked(struct sim *s, const struct attacker *a, uint64_t conn)
{
	struct msg_block_here m = {0};
	struct buf out = {0};
	struct vote v;

	if (!witness_vote(s, &v))
		return;
	m.height = v.height;
	m.hash = v.digest;
	msg_block_here_encode(&out, &m);
	evil_say(s, a, conn, MSG_RPB, &out);
}

static void flooded(struct sim *s, const struct attacker *a, uint64_t conn)
{
	size_t i, n = sim_between(s, 5, 40);

	for (i = 0; i < n; i++)
		twisted(s, a, conn);
}

bool byzantine_act(struct sim *s, const struct attacker *a, uint64_t conn)
{
	static void (*const acts[])(struct sim * s, const struct attacker *a,
				    uint64_t conn) = {
		twisted,      twisted,	    both,	  repeated,
		claimed,      evil_propose, evil_propose, evil_reground,
		evil_certify, linked,	    slander,	  asked,
		flooded,
	};

	if (sim_chance(s, 30))
		return false; /* what all engines know */
	acts[rng_below(&s->rng, ARRAY_LEN(acts))](s, a, conn);
	return true;
}

bool byzantine_says(struct sim *s, struct host *h, size_t to,
		    enum message_type type)
{
	bool matters = type == MSG_PRP || type == MSG_VOT || type == MSG_RCH ||
		       type == MSG_APB || type == MSG_CRT;

	switch (h->silence) {
	case SILENCE_ALL:
		return !matters;
	case SILENCE_PROPOSALS:
		return type != MSG_PRP;
	case SILENCE_SOME:
		return !matters || !(h->deaf_to >> to & 1);
	case SILENCE_HALF:
		return !matters || sim_chance(s, 50);
	case SILENCE_NOT:
	case SILENCE_COUNT:
		break;
	}
	return true;
}

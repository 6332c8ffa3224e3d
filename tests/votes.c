/* SPDX-License-Identifier: MIT */
#include "votes.h"

#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/block.h"
#include "codec/msgpack.h"

/* --- made at random ------------------------------------------------------ */

uint64_t number_random(struct rng *r, uint64_t max)
{
	uint64_t v = rng_next(r) >> rng_below(r, 64);

	return v > max ? rng_below(r, max) : v;
}

void bytes_random(uint8_t *out, size_t len, struct rng *r)
{
	while (len--)
		*out++ = (uint8_t)rng_next(r);
}

struct vote vote_random(struct rng *r)
{
	struct vote v = {.kind = (enum vote_kind)rng_below(r, VOTE_KIND_COUNT),
			 .height = number_random(r, AMOUNT_MAX),
			 .round = number_random(r, VOTE_ROUND_MAX),
			 .signer = (uint16_t)rng_below(r, VALIDATORS_MAX),
			 .signature_len = rng_below(r, 2) ? 64 : 256};

	bytes_random(v.signature, v.signature_len, r);
	v.prepared = v.kind == VOTE_ROUND_CHANGE && v.round && rng_below(r, 2);
	if (v.prepared)
		v.prepared_round = rng_below(r, v.round);
	if (v.kind != VOTE_ROUND_CHANGE || v.prepared)
		bytes_random(v.digest.b, HASH_LEN, r);
	return v;
}

/* Keys of the right form: of Ed25519 and, for 256, of RSA. */
struct span vote_key_random(uint8_t out[KEY_SPKI_MAX], size_t signature_len,
			    struct rng *r)
{
	static const uint8_t ed_head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
					  0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	static const uint8_t rsa_head[] = {
		0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a,
		0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
		0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01,
		0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
	static const uint8_t rsa_tail[] = {0x02, 0x03, 0x01, 0x00, 0x01};

	bytes_random(out, KEY_SPKI_MAX, r);
	if (signature_len == 64) {
		memcpy(out, ed_head, sizeof(ed_head));
		out[43] &= 0x3f; /* below the field's prime */
		return SPAN(out, 44);
	}
	memcpy(out, rsa_head, sizeof(rsa_head));
	out[33] |= 0x80;
	out[33 + 255] |= 1;
	memcpy(out + 33 + 256, rsa_tail, sizeof(rsa_tail));
	return SPAN(out, KEY_SPKI_MAX);
}

/* Another vote of the same place that says something else. */
struct vote vote_other(const struct vote *v, struct rng *r)
{
	struct vote o = *v;

	if (o.kind != VOTE_ROUND_CHANGE || o.prepared) {
		bytes_random(o.digest.b, HASH_LEN, r);
	} else if (o.round) {
		o.prepared = true;
		o.prepared_round = rng_below(r, o.round);
	} else {
		o.kind = VOTE_COMMIT;
		bytes_random(o.digest.b, HASH_LEN, r);
	}
	bytes_random(o.signature, o.signature_len, r);
	return o;
}

/* --- each kind of thing -------------------------------------------------- */

/* what certificates are of */
static const struct hash digest_of_all = {{9}};

void votes_random(struct vote *list, size_t count, struct rng *r)
{
	size_t i;

	for (i = 0; i < count; i++)
		list[i] = vote_random(r);
}

static void some_record(struct buf *out, struct rng *r)
{
	struct vote changes[3], prepares[3];
	struct vote_record v = {.vote = vote_random(r),
				.changes = changes,
				.change_count = rng_below(r, 3),
				.prepares = prepares,
				.prepare_count = rng_below(r, 3)};
	uint8_t block[300];

	v.is_floor = !rng_below(r, 8);
	v.floor = number_random(r, AMOUNT_MAX);
	bytes_random(block, sizeof(block), r);
	v.block = SPAN(block, rng_below(r, sizeof(block)));
	votes_random(changes, v.change_count, r);
	votes_random(prepares, v.prepare_count, r);
	vote_record_encode(out, &v);
}

static void some_double_vote(struct buf *out, struct rng *r)
{
	uint8_t key[KEY_SPKI_MAX];
	struct vote a = vote_random(r), b = vote_other(&a, r);
	struct span spki = vote_key_random(key, a.signature_len, r);

	a.kind = b.kind;
	if (a.kind == VOTE_COMMIT)
		a.prepared = false;
	double_vote_encode(out, spki, &a, &b);
}

void thing_random(struct buf *out, enum vote_thing t, struct rng *r)
{
	struct vote list[20];
	size_t i, n = rng_below(r, 20);

	votes_random(list, ARRAY_LEN(list), r);
	switch (t) {
	case THING_VOTE:
		vote_encode(out, &list[0]);
		return;
	case THING_VOTES:
		votes_encode(out, list, n);
		return;
	case THING_CERTIFICATE:
		for (i = 0; i <= n; i++)
			list[i].signer = (uint16_t)(5 * i + rng_below(r, 5));
		certificate_encode(out, number_random(r, VOTE_ROUND_MAX), list,
				   n + 1);
		return;
	case THING_DOUBLE:
		some_double_vote(out, r);
		return;
	case THING_RECORD:
		some_record(out, r);
		return;
	case THINGS:
		break;
	}
	BUG("no such thing");
}

static enum err votes_again(struct buf *out, struct span raw)
{
	struct vote *list;
	size_t count;
	enum err e = votes_decode(&list, &count, 20, raw);

	if (!e)
		votes_encode(out, list, count);
	if (e && (list || count))
		BUG("a list is given with an error");
	free(list);
	return e;
}

static enum err certificate_again(struct buf *out, struct span raw)
{
	struct vote *list;
	uint64_t round;
	struct seal seal;
	bool seal_too;
	size_t count, i;
	enum err e = certificate_decode(&list, &count, &round, raw, 7,
					&digest_of_all);

	/* a seal takes just what this decoder takes */
	seal_too = !seal_decode(&seal, raw) && seal.certificate.len;
	if (seal_too != !e || (!e && !span_eq(seal.certificate, raw)))
		BUG("a certificate is one here and none there");
	if (!e)
		certificate_encode(out, round, list, count);
	for (i = 0; i < count; i++)
		if (list[i].kind != VOTE_COMMIT || list[i].height != 7 ||
		    list[i].round != round || list[i].prepared ||
		    !hash_eq(&list[i].digest, &digest_of_all))
			BUG("a certificate is not of COMMITs");
	if (e && (list || count))
		BUG("a list is given with an error");
	free(list);
	return e;
}

static enum err record_again(struct buf *out, struct span raw)
{
	struct vote_record v;
	enum err e = vote_record_decode(&v, raw);

	if (!e)
		vote_record_encode(out, &v);
	vote_record_release(&v);
	return e;
}

enum err thing_again(struct buf *out, enum vote_thing t, struct span raw)
{
	struct double_vote d;
	struct vote v;
	enum err e;

	buf_reset(out);
	switch (t) {
	case THING_VOTE:
		e = vote_decode(&v, raw);
		if (!e)
			vote_encode(out, &v);
		return e;
	case THING_VOTES:
		return votes_again(out, raw);
	case THING_CERTIFICATE:
		return certificate_again(out, raw);
	case THING_DOUBLE:
		e = double_vote_decode(&d, raw);
		if (e)
			return e;
		if (!vote_conflict(&d.vote[0], &d.vote[1]))
			BUG("a double vote without a conflict");
		double_vote_encode(out, d.key, &d.vote[1], &d.vote[0]);
		return ERR_OK;
	case THING_RECORD:
		return record_again(out, raw);
	case THINGS:
		break;
	}
	BUG("no such thing");
}

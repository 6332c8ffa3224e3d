/* SPDX-License-Identifier: MIT */
/* Votes and what is made of them, as bytes: what is refused, and that what is
 * taken encodes back to the same bytes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/rng.h"
#include "codec/msgpack.h"
#include "codec/vote.h"

/* --- made at random ------------------------------------------------------ */

static uint64_t number(struct rng *r, uint64_t max)
{
	uint64_t v = rng_next(r) >> rng_below(r, 64);

	return v > max ? rng_below(r, max) : v;
}

static void fill(uint8_t *out, size_t len, struct rng *r)
{
	while (len--)
		*out++ = (uint8_t)rng_next(r);
}

static struct vote some_vote(struct rng *r)
{
	struct vote v = {.kind = (enum vote_kind)rng_below(r, VOTE_KIND_COUNT),
			 .height = number(r, AMOUNT_MAX),
			 .round = number(r, VOTE_ROUND_MAX),
			 .signer = (uint16_t)rng_below(r, VALIDATORS_MAX),
			 .signature_len = rng_below(r, 2) ? 64 : 256};

	fill(v.signature, v.signature_len, r);
	v.prepared = v.kind == VOTE_ROUND_CHANGE && v.round && rng_below(r, 2);
	if (v.prepared)
		v.prepared_round = rng_below(r, v.round);
	if (v.kind != VOTE_ROUND_CHANGE || v.prepared)
		fill(v.digest.b, HASH_LEN, r);
	return v;
}

/* Keys of the right form: of Ed25519 and, for 256, of RSA. */
static struct span some_key(uint8_t out[KEY_SPKI_MAX], size_t signature_len,
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

	fill(out, KEY_SPKI_MAX, r);
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
static struct vote other_vote(const struct vote *v, struct rng *r)
{
	struct vote o = *v;

	if (o.kind != VOTE_ROUND_CHANGE || o.prepared) {
		fill(o.digest.b, HASH_LEN, r);
	} else if (o.round) {
		o.prepared = true;
		o.prepared_round = rng_below(r, o.round);
	} else {
		o.kind = VOTE_COMMIT;
		fill(o.digest.b, HASH_LEN, r);
	}
	fill(o.signature, o.signature_len, r);
	return o;
}

/* --- each kind of thing -------------------------------------------------- */

enum thing { VOTE, VOTES, CERTIFICATE, DOUBLE, RECORD, THINGS };

static const struct hash digest_of_all = {{9}};

static void some_votes(struct vote *list, size_t count, struct rng *r)
{
	size_t i;

	for (i = 0; i < count; i++)
		list[i] = some_vote(r);
}

static void some_record(struct buf *out, struct rng *r)
{
	struct vote changes[3], prepares[3];
	struct vote_record v = {.vote = some_vote(r),
				.changes = changes,
				.change_count = rng_below(r, 3),
				.prepares = prepares,
				.prepare_count = rng_below(r, 3)};
	uint8_t block[300];

	v.is_floor = !rng_below(r, 8);
	v.floor = number(r, AMOUNT_MAX);
	fill(block, sizeof(block), r);
	v.block = SPAN(block, rng_below(r, sizeof(block)));
	some_votes(changes, v.change_count, r);
	some_votes(prepares, v.prepare_count, r);
	vote_record_encode(out, &v);
}

static void some_double_vote(struct buf *out, struct rng *r)
{
	uint8_t key[KEY_SPKI_MAX];
	struct vote a = some_vote(r), b = other_vote(&a, r);
	struct span spki = some_key(key, a.signature_len, r);

	a.kind = b.kind;
	if (a.kind == VOTE_COMMIT)
		a.prepared = false;
	double_vote_encode(out, spki, &a, &b);
}

static void some_thing(struct buf *out, enum thing t, struct rng *r)
{
	struct vote list[20];
	size_t i, n = rng_below(r, 20);

	some_votes(list, ARRAY_LEN(list), r);
	switch (t) {
	case VOTE:
		vote_encode(out, &list[0]);
		return;
	case VOTES:
		votes_encode(out, list, n);
		return;
	case CERTIFICATE:
		for (i = 0; i <= n; i++)
			list[i].signer = (uint16_t)(5 * i + rng_below(r, 5));
		certificate_encode(out, number(r, VOTE_ROUND_MAX), list, n + 1);
		return;
	case DOUBLE:
		some_double_vote(out, r);
		return;
	case RECORD:
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
	ck_assert(!e || (!list && !count));
	free(list);
	return e;
}

static enum err certificate_again(struct buf *out, struct span raw)
{
	struct vote *list;
	uint64_t round;
	size_t count, i;
	enum err e = certificate_decode(&list, &count, &round, raw, 7,
					&digest_of_all);

	if (!e)
		certificate_encode(out, round, list, count);
	for (i = 0; i < count; i++)
		ck_assert(list[i].kind == VOTE_COMMIT && list[i].height == 7 &&
			  list[i].round == round && !list[i].prepared &&
			  hash_eq(&list[i].digest, &digest_of_all));
	ck_assert(!e || (!list && !count));
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

/* Decode, and encode what came out. */
static enum err again(struct buf *out, enum thing t, struct span raw)
{
	struct double_vote d;
	struct vote v;
	enum err e;

	buf_reset(out);
	switch (t) {
	case VOTE:
		e = vote_decode(&v, raw);
		if (!e)
			vote_encode(out, &v);
		return e;
	case VOTES:
		return votes_again(out, raw);
	case CERTIFICATE:
		return certificate_again(out, raw);
	case DOUBLE:
		e = double_vote_decode(&d, raw);
		if (e)
			return e;
		ck_assert(vote_conflict(&d.vote[0], &d.vote[1]));
		/* one form, whichever is named first */
		double_vote_encode(out, d.key, &d.vote[1], &d.vote[0]);
		return ERR_OK;
	case RECORD:
		return record_again(out, raw);
	case THINGS:
		break;
	}
	BUG("no such thing");
}

START_TEST(what_is_made_round_trips)
{
	struct buf raw = {0}, back = {0};
	struct rng r;
	int i;

	rng_seed(&r, 1);
	for (i = 0; i < 500; i++) {
		buf_reset(&raw);
		some_thing(&raw, (enum thing)_i, &r);
		ck_assert_int_eq(again(&back, (enum thing)_i, buf_span(&raw)),
				 ERR_OK);
		ck_assert(span_eq(buf_span(&raw), buf_span(&back)));
	}
	buf_release(&raw);
	buf_release(&back);
}
END_TEST

START_TEST(what_is_cut_or_lengthened_is_refused)
{
	struct buf raw = {0}, back = {0};
	struct rng r;
	size_t len;
	int i;

	rng_seed(&r, 2);
	for (i = 0; i < 8; i++) {
		buf_reset(&raw);
		some_thing(&raw, (enum thing)_i, &r);
		for (len = 0; len < raw.len; len++) {
			uint8_t *cut = xmemdup(raw.data, len);

			ck_assert_int_ne(
				again(&back, (enum thing)_i, SPAN(cut, len)),
				ERR_OK);
			free(cut);
		}
		buf_byte(&raw, 0);
		ck_assert_int_ne(again(&back, (enum thing)_i, buf_span(&raw)),
				 ERR_OK);
	}
	buf_release(&raw);
	buf_release(&back);
}
END_TEST

START_TEST(a_changed_byte_is_refused_or_canonical)
{
	struct buf raw = {0}, back = {0};
	struct rng r;
	size_t at, refused = 0;
	int i, v;

	rng_seed(&r, 3);
	for (i = 0; i < 3; i++) {
		buf_reset(&raw);
		some_thing(&raw, (enum thing)_i, &r);
		for (at = 0; at < raw.len; at++) {
			uint8_t old = raw.data[at];

			for (v = (int)(at % 3); v < 256; v += 3) {
				raw.data[at] = (uint8_t)v;
				if (again(&back, (enum thing)_i,
					  buf_span(&raw)))
					refused++;
				else
					ck_assert(span_eq(buf_span(&raw),
							  buf_span(&back)));
			}
			raw.data[at] = old;
		}
	}
	ck_assert_uint_gt(refused, 50);
	buf_release(&raw);
	buf_release(&back);
}
END_TEST

/* --- a vote -------------------------------------------------------------- */

/* The fields as integers, so that they can be wrong. */
struct fields {
	uint64_t kind, height, round, prepared, signer;
	bool zeros; /* the digest */
	size_t signature_len;
};

static enum err take(const struct fields *f)
{
	static const uint8_t bytes[300] = {1};
	struct hash digest = {{f->zeros ? 0 : 1}};
	struct buf raw = {0};
	struct vote v;
	enum err e;

	mp_array(&raw, 7);
	mp_uint(&raw, f->kind);
	mp_uint(&raw, f->height);
	mp_uint(&raw, f->round);
	mp_uint(&raw, f->prepared);
	mp_hash(&raw, &digest);
	mp_uint(&raw, f->signer);
	mp_bin(&raw, SPAN(bytes, f->signature_len));
	e = vote_decode(&v, buf_span(&raw));
	if (!e && v.prepared)
		ck_assert_uint_eq(v.prepared_round, f->prepared - 1);
	buf_release(&raw);
	return e;
}

START_TEST(a_vote_is_within_its_bounds)
{
	static const struct fields good[] = {
		{0, 1, 0, 0, 0, false, 64},
		{1, AMOUNT_MAX, VOTE_ROUND_MAX, 0, 99, false, 256},
		{2, 1, 7, 0, 3, false, 64},
		{3, 1, 7, 0, 3, true, 64},
		{3, 1, 7, 1, 3, false, 64},
		{3, 1, 7, 7, 3, false, 64},
	};
	static const struct fields bad[] = {
		{4, 1, 0, 0, 0, false, 64},
		{0, AMOUNT_MAX + 1, 0, 0, 0, false, 64},
		{0, 1, VOTE_ROUND_MAX + 1, 0, 0, false, 64},
		{0, 1, 0, 0, VALIDATORS_MAX, false, 64},
		{0, 1, 0, 0, 0, false, 0},
		{0, 1, 0, 0, 0, false, 63},
		{0, 1, 0, 0, 0, false, 128},
		{0, 1, 0, 0, 0, false, 257},
		/* only who changes the round has prepared something */
		{0, 1, 7, 1, 0, false, 64},
		{1, 1, 7, 1, 0, false, 64},
		{2, 1, 7, 1, 0, false, 64},
		/* in a round below */
		{3, 1, 7, 8, 3, false, 64},
		{3, 1, 0, 1, 3, false, 64},
		/* and nothing prepared has no digest */
		{3, 1, 7, 0, 3, false, 64},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_int_eq(take(&good[i]), ERR_OK);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(take(&bad[i]), ERR_MALFORMED);
}
END_TEST

/* Every field of the body is signed, and the chain; who signs is not. */
START_TEST(a_signature_is_for_one_body_and_chain)
{
	struct hash genesis = {{1}}, other_genesis = {{2}}, a, b;
	struct vote v, o;
	struct rng r;
	int i;

	rng_seed(&r, 4);
	for (i = 0; i < 200; i++) {
		v = some_vote(&r);
		vote_digest(&a, &v, &genesis);
		vote_digest(&b, &v, &other_genesis);
		ck_assert(!hash_eq(&a, &b));
		o = v;
		o.signer++;
		fill(o.signature, o.signature_len, &r);
		vote_digest(&b, &o, &genesis);
		ck_assert(hash_eq(&a, &b));
		o = other_vote(&v, &r);
		vote_digest(&b, &o, &genesis);
		ck_assert(!hash_eq(&a, &b));
		o = v;
		o.height++;
		vote_digest(&b, &o, &genesis);
		ck_assert(!hash_eq(&a, &b));
		o = v;
		o.round++;
		vote_digest(&b, &o, &genesis);
		ck_assert(!hash_eq(&a, &b));
	}
}
END_TEST

/* Two signatures of one body (PSS has a random salt) are one vote. */
START_TEST(two_votes_conflict_by_their_bodies)
{
	struct vote v, o;
	struct rng r;
	int i;

	rng_seed(&r, 5);
	for (i = 0; i < 500; i++) {
		v = some_vote(&r);
		o = v;
		fill(o.signature, o.signature_len, &r);
		ck_assert(vote_same(&v, &o) && !vote_conflict(&v, &o));
		o = other_vote(&v, &r);
		ck_assert(!vote_same(&v, &o));
		ck_assert_int_eq(vote_conflict(&v, &o), o.kind == v.kind);
		ck_assert_int_eq(vote_conflict(&o, &v), o.kind == v.kind);
		o.signer++;
		ck_assert(!vote_same(&v, &o) && !vote_conflict(&v, &o));
		o = other_vote(&v, &r);
		o.height++;
		ck_assert(!vote_conflict(&v, &o));
		o = other_vote(&v, &r);
		o.round++;
		ck_assert(!vote_conflict(&v, &o));
	}
}
END_TEST

/* --- lists --------------------------------------------------------------- */

START_TEST(a_list_of_votes_ends_at_its_bound)
{
	struct vote list[4], *got;
	struct buf raw = {0};
	struct rng r;
	size_t n, max, count;

	rng_seed(&r, 6);
	some_votes(list, ARRAY_LEN(list), &r);
	for (n = 0; n <= ARRAY_LEN(list); n++)
		for (max = 0; max <= ARRAY_LEN(list); max++) {
			buf_reset(&raw);
			votes_encode(&raw, list, n);
			ck_assert_int_eq(
				votes_decode(&got, &count, max, buf_span(&raw)),
				n > max ? ERR_MALFORMED : ERR_OK);
			ck_assert_uint_eq(count, n > max ? 0 : n);
			free(got);
		}
	buf_release(&raw);
}
END_TEST

static enum err certify(const uint16_t *signers, size_t count)
{
	struct vote list[VALIDATORS_MAX + 1];
	struct buf raw = {0}, back = {0};
	struct rng r;
	size_t i;
	enum err e;

	rng_seed(&r, 7);
	for (i = 0; i < count; i++) {
		list[i] = some_vote(&r);
		list[i].signer = signers[i];
	}
	certificate_encode(&raw, 3, list, count);
	e = again(&back, CERTIFICATE, buf_span(&raw));
	buf_release(&raw);
	buf_release(&back);
	return e;
}

START_TEST(a_certificate_names_each_signer_once_and_in_order)
{
	uint16_t all[VALIDATORS_MAX + 1];
	uint16_t i;

	for (i = 0; i <= VALIDATORS_MAX; i++)
		all[i] = i;
	ck_assert_int_eq(certify(all, 1), ERR_OK);
	ck_assert_int_eq(certify(all, VALIDATORS_MAX), ERR_OK);
	ck_assert_int_eq(certify(all, 0), ERR_MALFORMED);
	ck_assert_int_eq(certify(all, VALIDATORS_MAX + 1), ERR_MALFORMED);
	ck_assert_int_eq(certify((uint16_t[]){1, 4, 99}, 3), ERR_OK);
	ck_assert_int_eq(certify((uint16_t[]){1, 4, 100}, 3), ERR_MALFORMED);
	ck_assert_int_eq(certify((uint16_t[]){1, 4, 4}, 3), ERR_MALFORMED);
	ck_assert_int_eq(certify((uint16_t[]){4, 4}, 2), ERR_MALFORMED);
	ck_assert_int_eq(certify((uint16_t[]){4, 1, 5}, 3), ERR_MALFORMED);
}
END_TEST

/* --- double votes -------------------------------------------------------- */

static void put_side(struct buf *out, const struct vote *v)
{
	mp_array(out, 3);
	mp_uint(out, v->prepared ? v->prepared_round + 1 : 0);
	mp_hash(out, &v->digest);
	mp_bin(out, SPAN(v->signature, v->signature_len));
}

static enum err accuse(struct span key, const struct vote *a,
		       const struct vote *b)
{
	struct double_vote d;
	struct buf raw = {0};
	enum err e;

	mp_array(&raw, 6);
	mp_bin(&raw, key);
	mp_uint(&raw, a->height);
	mp_uint(&raw, a->kind);
	mp_uint(&raw, a->round);
	put_side(&raw, a);
	put_side(&raw, b);
	e = double_vote_decode(&d, buf_span(&raw));
	buf_release(&raw);
	return e;
}

START_TEST(a_double_vote_has_one_form)
{
	uint8_t room[KEY_SPKI_MAX], other_room[KEY_SPKI_MAX];
	struct vote a = {.kind = VOTE_PREPARE, .height = 3, .round = 1};
	struct vote b = a, c;
	struct span key, wrong;
	struct rng r;

	rng_seed(&r, 8);
	key = some_key(room, 64, &r);
	wrong = some_key(other_room, 256, &r);
	a.signature_len = b.signature_len = 64;
	a.digest.b[0] = 1;
	b.digest.b[0] = 2;
	ck_assert_int_eq(accuse(key, &a, &b), ERR_OK);
	ck_assert_int_eq(accuse(key, &b, &a), ERR_MALFORMED);
	c = a;
	c.signature[5]++; /* the same body, signed twice: no offence */
	ck_assert_int_eq(accuse(key, &a, &c), ERR_MALFORMED);
	ck_assert_int_eq(accuse(wrong, &a, &b), ERR_MALFORMED);
	ck_assert_int_eq(accuse(SPAN(room, 43), &a, &b), ERR_MALFORMED);
	ck_assert_int_eq(accuse(SPAN("", 0), &a, &b), ERR_MALFORMED);
	a.kind = b.kind = VOTE_ROUND_CHANGE;
	a.prepared = b.prepared = true;
	ck_assert_int_eq(accuse(key, &a, &b), ERR_OK);
	b.prepared_round = 1;
	ck_assert_int_eq(accuse(key, &a, &b), ERR_MALFORMED);
}
END_TEST

/* --- records ------------------------------------------------------------- */

START_TEST(a_record_holds_no_more_votes_than_validators)
{
	struct vote list[VALIDATORS_MAX + 1];
	struct vote_record v = {.changes = list, .prepares = list}, got;
	struct buf raw = {0};
	struct rng r;
	size_t n, i;

	rng_seed(&r, 9);
	some_votes(list, ARRAY_LEN(list), &r);
	v.vote = list[0];
	for (n = VALIDATORS_MAX; n <= VALIDATORS_MAX + 1; n++)
		for (i = 0; i < 2; i++) {
			v.change_count = i ? n : 0;
			v.prepare_count = i ? 0 : n;
			buf_reset(&raw);
			vote_record_encode(&raw, &v);
			ck_assert_int_eq(
				vote_record_decode(&got, buf_span(&raw)),
				n > VALIDATORS_MAX ? ERR_MALFORMED : ERR_OK);
			vote_record_release(&got);
		}
	buf_release(&raw);
}
END_TEST

START_TEST(a_record_gives_back_what_was_kept)
{
	struct vote_record v = {.is_floor = true, .floor = AMOUNT_MAX}, got;
	struct vote one;
	struct buf raw = {0};
	struct rng r;

	rng_seed(&r, 10);
	one = some_vote(&r);
	vote_record_encode(&raw, &v);
	ck_assert_int_eq(vote_record_decode(&got, buf_span(&raw)), ERR_OK);
	ck_assert(got.is_floor && got.floor == AMOUNT_MAX);
	v = (struct vote_record){.vote = one,
				 .block = span_str("bytes"),
				 .prepares = &one,
				 .prepare_count = 1};
	buf_reset(&raw);
	vote_record_encode(&raw, &v);
	ck_assert_int_eq(vote_record_decode(&got, buf_span(&raw)), ERR_OK);
	ck_assert(!got.is_floor && vote_same(&got.vote, &one));
	ck_assert(span_eq(got.block, span_str("bytes")));
	ck_assert(!got.change_count && got.prepare_count == 1 &&
		  vote_same(&got.prepares[0], &one));
	vote_record_release(&got);
	buf_release(&raw);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vote");
	TCase *all = tcase_create("all"), *each = tcase_create("each");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, what_is_made_round_trips, 0, THINGS);
	tcase_add_loop_test(all, what_is_cut_or_lengthened_is_refused, 0,
			    THINGS);
	tcase_add_loop_test(all, a_changed_byte_is_refused_or_canonical, 0,
			    THINGS);
	tcase_add_test(each, a_vote_is_within_its_bounds);
	tcase_add_test(each, a_signature_is_for_one_body_and_chain);
	tcase_add_test(each, two_votes_conflict_by_their_bodies);
	tcase_add_test(each, a_list_of_votes_ends_at_its_bound);
	tcase_add_test(each, a_certificate_names_each_signer_once_and_in_order);
	tcase_add_test(each, a_double_vote_has_one_form);
	tcase_add_test(each, a_record_holds_no_more_votes_than_validators);
	tcase_add_test(each, a_record_gives_back_what_was_kept);
	suite_add_tcase(s, all);
	suite_add_tcase(s, each);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

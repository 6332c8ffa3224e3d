/* SPDX-License-Identifier: MIT */
/* Votes and what is made of them, as bytes: what is refused, and that what is
 * taken encodes back to the same bytes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "codec/msgpack.h"
#include "votes.h"

START_TEST(what_is_made_round_trips)
{
	struct buf raw = {0}, back = {0};
	struct rng r;
	int i;

	rng_seed(&r, 1);
	for (i = 0; i < 500; i++) {
		buf_reset(&raw);
		thing_random(&raw, (enum vote_thing)_i, &r);
		ck_assert_int_eq(
			thing_again(&back, (enum vote_thing)_i, buf_span(&raw)),
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
		thing_random(&raw, (enum vote_thing)_i, &r);
		for (len = 0; len < raw.len; len++) {
			uint8_t *cut = xmemdup(raw.data, len);

			ck_assert_int_ne(thing_again(&back, (enum vote_thing)_i,
						     SPAN(cut, len)),
					 ERR_OK);
			free(cut);
		}
		buf_byte(&raw, 0);
		ck_assert_int_ne(
			thing_again(&back, (enum vote_thing)_i, buf_span(&raw)),
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
		thing_random(&raw, (enum vote_thing)_i, &r);
		for (at = 0; at < raw.len; at++) {
			uint8_t old = raw.data[at];

			for (v = (int)(at % 3); v < 256; v += 3) {
				raw.data[at] = (uint8_t)v;
				if (thing_again(&back, (enum vote_thing)_i,
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
		v = vote_random(&r);
		vote_digest(&a, &v, &genesis);
		vote_digest(&b, &v, &other_genesis);
		ck_assert(!hash_eq(&a, &b));
		o = v;
		o.signer++;
		bytes_random(o.signature, o.signature_len, &r);
		vote_digest(&b, &o, &genesis);
		ck_assert(hash_eq(&a, &b));
		o = vote_other(&v, &r);
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
		v = vote_random(&r);
		o = v;
		bytes_random(o.signature, o.signature_len, &r);
		ck_assert(vote_same(&v, &o) && !vote_conflict(&v, &o));
		o = vote_other(&v, &r);
		ck_assert(!vote_same(&v, &o));
		ck_assert_int_eq(vote_conflict(&v, &o), o.kind == v.kind);
		ck_assert_int_eq(vote_conflict(&o, &v), o.kind == v.kind);
		o.signer++;
		ck_assert(!vote_same(&v, &o) && !vote_conflict(&v, &o));
		o = vote_other(&v, &r);
		o.height++;
		ck_assert(!vote_conflict(&v, &o));
		o = vote_other(&v, &r);
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
	votes_random(list, ARRAY_LEN(list), &r);
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
		list[i] = vote_random(&r);
		list[i].signer = signers[i];
	}
	certificate_encode(&raw, 3, list, count);
	e = thing_again(&back, THING_CERTIFICATE, buf_span(&raw));
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
	key = vote_key_random(room, 64, &r);
	wrong = vote_key_random(other_room, 256, &r);
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
	votes_random(list, ARRAY_LEN(list), &r);
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
	one = vote_random(&r);
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

/* SPDX-License-Identifier: MIT */
/*
 * Headers and certificates of bft with real keys: a chain whose set goes from
 * four to five and back is followed by its headers alone, and whatever is not
 * said by the right set, in one round, by enough of them, is refused.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "codec/msgpack.h"
#include "consensus/engine.h"
#include "ledger/governance.h"
#include "tests/unit/numbered_keys.h"

#define PEOPLE 7

static struct secret_key *people[PEOPLE]; /* in the order of addresses */
static const struct hash genesis = {{0x42}};
static struct rules rules;

static int by_address(const void *a, const void *b)
{
	struct secret_key *const *x = a, *const *y = b;

	return memcmp(secret_key_address(*x)->b, secret_key_address(*y)->b,
		      ADDRESS_LEN);
}

static struct validator_change change_of(enum change_kind kind, size_t who)
{
	struct span key = secret_key_public(people[who]);
	struct validator_change c = {
		.kind = kind, .account = *secret_key_address(people[who])};

	if (kind == CHANGE_ADD) {
		c.key_len = (uint16_t)key.len;
		memcpy(c.key, key.data, key.len);
	}
	return c;
}

/* Of the first so many. */
static struct validators set_of(size_t count)
{
	struct validators v = {0};
	struct validator_change c;
	size_t i;

	for (i = 0; i < count; i++) {
		c = change_of(CHANGE_ADD, i);
		ck_assert(!validators_apply(&v, &c, NULL));
	}
	return v;
}

static void setup(void)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		people[i] = numbered_key((uint32_t)i);
	qsort(people, PEOPLE, sizeof(*people), by_address);
	rules = (struct rules){.engine = ENGINE_BFT, .validators = set_of(4)};
}

static void teardown(void)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		secret_key_free(people[i]);
	rules_release(&rules);
}

/* --- a chain ------------------------------------------------------------ */

struct world {
	struct engine *engine;
	struct governance now;
	struct engine_block tip;
	struct verifier *verifier;
};

static void begin(struct world *w)
{
	*w = (struct world){.tip = {.hash = genesis, .time = 1000},
			    .verifier = verifier_new(16)};
	ck_assert(!engine_bft.create(&w->engine, &rules, &genesis, NULL));
	governance_init(&w->now, &rules.validators);
	engine_bft.accept(w->engine, &w->tip);
}

static void end(struct world *w)
{
	engine_bft.destroy(w->engine);
	governance_release(&w->now);
	verifier_free(w->verifier);
}

/* The header that is due, with its fields in a buffer that it borrows. */
static struct header due(const struct world *w, struct buf *fields)
{
	struct header h = {.height = w->tip.height + 1,
			   .parent = w->tip.hash,
			   .time = w->tip.time + 1,
			   .has_producer = true,
			   .producer = w->now.set.list[0].account};

	buf_reset(fields);
	governance_fields(fields, &w->now);
	h.engine = buf_span(fields);
	return h;
}

static struct hash hash_of(const struct header *h)
{
	struct buf raw = {0};
	struct hash hash;

	header_encode(&raw, h);
	header_hash(&hash, &genesis, buf_span(&raw));
	buf_release(&raw);
	return hash;
}

/* COMMITs of a header's hash by these, in their order; key i signs as number
 * as[i]. */
struct signers {
	size_t count;
	size_t key[PEOPLE], as[PEOPLE];
	uint64_t round[PEOPLE]; /* that is signed */
	uint64_t told;		/* that the certificate says */
	enum vote_kind kind;	/* that is signed */
	uint64_t height;	/* that is signed; 0: the header's */
};

static struct signers first(size_t count)
{
	struct signers s = {.count = count, .kind = VOTE_COMMIT, .told = 3};
	size_t i;

	for (i = 0; i < PEOPLE; i++) {
		s.key[i] = s.as[i] = i;
		s.round[i] = 3;
	}
	return s;
}

static void certificate(struct buf *out, const struct header *h,
			const struct signers *s)
{
	struct vote votes[PEOPLE];
	struct buf signature = {0};
	struct hash digest;
	size_t i;

	for (i = 0; i < s->count; i++) {
		votes[i] = (struct vote){.kind = s->kind,
					 .height = s->height ? s->height
							     : h->height,
					 .round = s->round[i],
					 .digest = hash_of(h),
					 .signer = (uint16_t)s->as[i]};
		vote_digest(&digest, &votes[i], &genesis);
		buf_reset(&signature);
		ck_assert(!secret_key_sign(people[s->key[i]], &signature,
					   &digest));
		votes[i].signature_len = (uint16_t)signature.len;
		memcpy(votes[i].signature, signature.data, signature.len);
	}
	buf_reset(out);
	certificate_encode(out, s->told, votes, s->count);
	buf_release(&signature);
}

/* Form and signatures. */
static enum err seal(const struct world *w, const struct header *h,
		     const struct signers *s)
{
	struct checks checks = {0};
	struct hash hash = hash_of(h);
	struct buf raw = {0};
	struct seal sealed;
	enum err e;

	certificate(&raw, h, s);
	sealed = (struct seal){.certificate = buf_span(&raw)};
	e = engine_bft.check_seal(w->engine, h, &hash, &sealed, &checks);
	ck_assert(e || checks.count == s->count);
	if (!e)
		e = checks_verify(&checks, w->verifier);
	checks_release(&checks);
	buf_release(&raw);
	return e;
}

static enum err header(const struct world *w, const struct header *h)
{
	return engine_bft.check_header(w->engine, &w->tip, h, 0);
}

/* Accept it; `change` is voted for by all in it, NULL: nothing. */
static void go_on(struct world *w, const struct header *h,
		  const struct validator_change *change)
{
	struct governance_block *b = governance_begin(&w->now);
	struct governance after;
	size_t i;

	w->tip = (struct engine_block){.height = h->height,
				       .time = h->time,
				       .hash = hash_of(h),
				       .has_change = w->now.has_change,
				       .change = w->now.change};
	engine_bft.accept(w->engine, &w->tip);
	for (i = 0; change && i < w->now.set.count; i++)
		ck_assert(!governance_vote(b, &w->now.set.list[i].account,
					   change, true, h->height, NULL));
	governance_end(&after, b);
	governance_block_free(b);
	governance_release(&w->now);
	w->now = after;
}

static void step_on(struct world *w, const struct validator_change *change)
{
	struct buf fields = {0};
	struct header h = due(w, &fields);

	go_on(w, &h, change);
	buf_release(&fields);
}

/* Restored from what was saved before the block, it goes on alike. */
static void check_saved(const struct world *w, const struct header *h)
{
	struct engine_block block = {.height = h->height,
				     .time = h->time,
				     .hash = hash_of(h),
				     .has_change = w->now.has_change,
				     .change = w->now.change};
	struct buf state = {0}, again = {0}, expected = {0};
	struct validators next;
	struct engine_block none = {.height = h->height + 1};
	struct engine *e;

	engine_bft.save(w->engine, &state, &block);
	governance_newest(&next, &w->now);
	validators_encode(&expected, &next);
	ck_assert(span_eq(buf_span(&state), buf_span(&expected)));
	validators_release(&next);
	buf_release(&expected);
	ck_assert(!engine_bft.create(&e, &rules, &genesis, NULL));
	ck_assert(!engine_bft.restore(e, buf_span(&state), &block));
	ck_assert_uint_eq(engine_bft.settled(e), h->height);
	engine_bft.save(e, &again, &none);
	ck_assert(span_eq(buf_span(&state), buf_span(&again)));
	engine_bft.destroy(e);
	buf_release(&state);
	buf_release(&again);
}

START_TEST(headers_alone_tell_the_sets)
{
	struct validator_change add = change_of(CHANGE_ADD, 5),
				drop = change_of(CHANGE_REMOVE, 1);
	/* voted in block 2: in header 3, five from 4 on. Voted in block 5: in
	 * header 6, four again from 7 on. */
	static const size_t sizes[] = {4, 4, 4, 5, 5, 5, 4, 4};
	struct buf fields = {0};
	struct signers s;
	struct header h;
	struct world w;
	size_t i, k;

	begin(&w);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		ck_assert_uint_eq(w.now.set.count, sizes[i]);
		h = due(&w, &fields);
		ck_assert_int_eq(header(&w, &h), ERR_OK);
		/* keys of the set, in order */
		s = first(validators_quorum(sizes[i]));
		for (k = 0; k < s.count; k++)
			for (s.key[k] = 0;
			     !address_eq(secret_key_address(people[s.key[k]]),
					 &w.now.set.list[k].account);)
				s.key[k]++;
		ck_assert_int_eq(seal(&w, &h, &s), ERR_OK);
		s.count--;
		ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SEAL);
		check_saved(&w, &h);
		ck_assert(engine_bft.is_authority(w.engine,
						  &w.now.set.list[0].account));
		go_on(&w, &h, i == 1 ? &add : i == 4 ? &drop : NULL);
		ck_assert_uint_eq(engine_bft.settled(w.engine), i + 1);
	}
	ck_assert(!engine_bft.is_authority(w.engine,
					   secret_key_address(people[1])));
	ck_assert(engine_bft.is_authority(w.engine,
					  secret_key_address(people[5])));
	buf_release(&fields);
	end(&w);
}
END_TEST

/* [hash, hash, change] of what the test says. */
static void tell(struct buf *out, const struct validators *set,
		 const struct validators *next,
		 const struct validator_change *change)
{
	struct hash hash;

	buf_reset(out);
	mp_array(out, 3);
	validators_hash(&hash, set);
	mp_hash(out, &hash);
	validators_hash(&hash, next);
	mp_hash(out, &hash);
	if (change)
		change_encode(out, change);
	else
		mp_array(out, 0);
}

static enum err told(const struct world *w, const struct validators *set,
		     const struct validators *next,
		     const struct validator_change *change)
{
	struct buf fields = {0}, said = {0};
	struct header h = due(w, &fields);
	enum err e;

	tell(&said, set, next, change);
	h.engine = buf_span(&said);
	e = header(w, &h);
	buf_release(&fields);
	buf_release(&said);
	return e;
}

START_TEST(sets_and_changes_that_do_not_follow_are_refused)
{
	struct validators four = set_of(4), five = set_of(5), other = set_of(6);
	struct validator_change add4 = change_of(CHANGE_ADD, 4),
				add5 = change_of(CHANGE_ADD, 5),
				add0 = change_of(CHANGE_ADD, 0),
				drop0 = change_of(CHANGE_REMOVE, 0),
				drop6 = change_of(CHANGE_REMOVE, 6);
	struct buf fields = {0};
	struct header h;
	struct world w;

	begin(&w);
	ck_assert_int_eq(told(&w, &four, &four, NULL), ERR_OK);
	ck_assert_int_eq(told(&w, &four, &five, &add4), ERR_OK);
	ck_assert_int_eq(told(&w, &five, &five, NULL), ERR_BAD_ENGINE_FIELDS);
	ck_assert_int_eq(told(&w, &four, &five, NULL), ERR_BAD_ENGINE_FIELDS);
	ck_assert_int_eq(told(&w, &four, &four, &add4), ERR_BAD_ENGINE_FIELDS);
	ck_assert_int_eq(told(&w, &four, &five, &add5), ERR_BAD_ENGINE_FIELDS);
	ck_assert_int_eq(told(&w, &four, &other, &add4), ERR_BAD_ENGINE_FIELDS);
	/* changes that cannot be: a member, a stranger, too few left */
	ck_assert_int_eq(told(&w, &four, &four, &add0), ERR_BAD_ENGINE_FIELDS);
	ck_assert_int_eq(told(&w, &four, &four, &drop6), ERR_BAD_ENGINE_FIELDS);
	ck_assert_int_eq(told(&w, &four, &four, &drop0), ERR_BAD_ENGINE_FIELDS);
	/* no form at all, and a flag that says nothing */
	h = due(&w, &fields);
	h.engine = SPAN("\x90", 1);
	ck_assert_int_eq(header(&w, &h), ERR_BAD_ENGINE_FIELDS);
	tell(&fields, &four, &five, &add4);
	fields.data[fields.len - 1] = 1;
	h.engine = buf_span(&fields);
	ck_assert_int_eq(header(&w, &h), ERR_BAD_ENGINE_FIELDS);
	validators_release(&four);
	validators_release(&five);
	validators_release(&other);
	buf_release(&fields);
	end(&w);
}
END_TEST

START_TEST(time_goes_on_and_a_member_produces)
{
	struct buf fields = {0};
	struct header h, good;
	struct world w;

	begin(&w);
	h = good = due(&w, &fields);
	h.time = w.tip.time;
	ck_assert_int_eq(header(&w, &h), ERR_BAD_TIME);
	h = good;
	h.producer = *secret_key_address(people[4]);
	ck_assert_int_eq(header(&w, &h), ERR_BAD_PRODUCER);
	h.has_producer = false;
	ck_assert_int_eq(header(&w, &h), ERR_BAD_PRODUCER);
	/* the clock is asked of proposals, elsewhere */
	h = good;
	h.time = 1000000;
	ck_assert_int_eq(engine_bft.check_header(w.engine, &w.tip, &h, 2000),
			 ERR_OK);
	buf_release(&fields);
	end(&w);
}
END_TEST

START_TEST(a_certificate_that_proves_nothing_is_refused)
{
	struct validator_change add = change_of(CHANGE_ADD, 4);
	struct buf fields = {0};
	struct signers s;
	struct header h;
	struct world w;

	begin(&w);
	step_on(&w, &add);
	step_on(&w, NULL);
	h = due(&w, &fields); /* of five: four are a quorum */
	ck_assert_uint_eq(w.now.set.count, 5);
	s = first(4);
	ck_assert_int_eq(seal(&w, &h, &s), ERR_OK);
	s = first(5);
	ck_assert_int_eq(seal(&w, &h, &s), ERR_OK);
	s = first(3);
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SEAL);
	s = first(4);
	s.as[3] = s.key[3] = 2; /* one of them twice */
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SEAL);
	s = first(4);
	s.key[3] = 2; /* one for another */
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SIGNATURE);
	s = first(4);
	s.as[3] = s.key[3] = 5; /* no member */
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SEAL);
	s = first(4);
	s.round[2] = 2; /* COMMITs of two rounds */
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SIGNATURE);
	s = first(4);
	s.told = 2; /* of another than is told */
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SIGNATURE);
	s = first(4);
	s.kind = VOTE_PREPARE;
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SIGNATURE);
	s = first(4);
	s.height = h.height - 1;
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SIGNATURE);
	buf_release(&fields);
	end(&w);
}
END_TEST

/* Enough of the set before, or of the next, are not enough of this. */
START_TEST(the_set_of_another_height_proves_nothing)
{
	struct validator_change drop = change_of(CHANGE_REMOVE, 0);
	struct signers old = first(4), new = first(4);
	struct buf fields = {0};
	struct header h;
	struct world w;
	size_t i;

	validators_release(&rules.validators);
	rules.validators = set_of(5);
	for (i = 0; i < 4; i++)
		new.key[i] = i + 1; /* number i of who is left */
	begin(&w);
	step_on(&w, &drop);
	h = due(&w, &fields); /* carries the change; five agree on it */
	ck_assert(w.now.has_change);
	ck_assert_int_eq(seal(&w, &h, &old), ERR_OK);
	ck_assert_int_eq(seal(&w, &h, &new), ERR_BAD_SIGNATURE);
	go_on(&w, &h, NULL);
	h = due(&w, &fields);
	ck_assert_int_eq(seal(&w, &h, &old), ERR_BAD_SIGNATURE);
	ck_assert_int_eq(seal(&w, &h, &new), ERR_OK);
	buf_release(&fields);
	end(&w);
}
END_TEST

START_TEST(seals_of_another_form_or_height_are_refused)
{
	struct span key = secret_key_public(people[0]);
	struct checks checks = {0};
	struct buf fields = {0}, raw = {0}, signature = {0};
	struct signers s = first(3);
	struct seal sealed = {0};
	struct header h;
	struct hash hash;
	struct world w;

	begin(&w);
	h = due(&w, &fields);
	hash = hash_of(&h);
	ck_assert_int_eq(
		engine_bft.check_seal(w.engine, &h, &hash, &sealed, &checks),
		ERR_BAD_SEAL);
	ck_assert(!secret_key_sign(people[0], &signature, &hash));
	sealed = (struct seal){.key = key, .signature = buf_span(&signature)};
	ck_assert_int_eq(
		engine_bft.check_seal(w.engine, &h, &hash, &sealed, &checks),
		ERR_BAD_SEAL);
	certificate(&raw, &h, &s);
	sealed = (struct seal){.certificate = SPAN(raw.data, raw.len - 1)};
	ck_assert_int_eq(
		engine_bft.check_seal(w.engine, &h, &hash, &sealed, &checks),
		ERR_BAD_SEAL);
	ck_assert_uint_eq(checks.count, 0);
	/* of a height that the engine does not stand below */
	h.height++;
	ck_assert_int_eq(seal(&w, &h, &s), ERR_BAD_SEAL);
	buf_release(&fields);
	buf_release(&raw);
	buf_release(&signature);
	checks_release(&checks);
	end(&w);
}
END_TEST

START_TEST(the_higher_tip_is_better_and_nothing_is_proposed)
{
	struct branch_tip low = {.tip = {.height = 4}},
			  high = {.tip = {.height = 5}};
	struct engine_block tip = {.height = 1};
	struct engine_input in = {.now = 1000000000,
				  .tip = &tip,
				  .self = secret_key_address(people[0]),
				  .executable = 1000};
	struct engine_authority a;
	struct engine_output out;
	struct engine_status s;
	struct world w;
	size_t i;

	begin(&w);
	ck_assert_int_lt(engine_bft.prefer(w.engine, &high, &low), 0);
	ck_assert_int_gt(engine_bft.prefer(w.engine, &low, &high), 0);
	ck_assert_int_eq(engine_bft.prefer(w.engine, &low, &low), 0);
	engine_bft.step(w.engine, &out, &in);
	ck_assert(!out.propose && !out.wake_at);
	for (i = 0; engine_bft.authority(w.engine, i, &a); i++) {
		ck_assert(
			address_eq(&a.account, secret_key_address(people[i])));
		ck_assert(!a.has_slots);
	}
	ck_assert_uint_eq(i, 4);
	engine_bft.status(w.engine, 5, NULL, &s);
	ck_assert(!s.has_slots);
	ck_assert_uint_eq(s.quorum, 3);
	/* leader of (1, 0) */
	ck_assert(address_eq(&s.turn, secret_key_address(people[1])));
	end(&w);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("bft_engine");
	Suite *s = suite_create("bft_engine");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, headers_alone_tell_the_sets);
	tcase_add_test(tc, sets_and_changes_that_do_not_follow_are_refused);
	tcase_add_test(tc, time_goes_on_and_a_member_produces);
	tcase_add_test(tc, a_certificate_that_proves_nothing_is_refused);
	tcase_add_test(tc, the_set_of_another_height_proves_nothing);
	tcase_add_test(tc, seals_of_another_form_or_height_are_refused);
	tcase_add_test(tc, the_higher_tip_is_better_and_nothing_is_proposed);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

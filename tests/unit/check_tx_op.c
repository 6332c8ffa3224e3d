/* SPDX-License-Identifier: MIT */
/* Votes and evidence in transactions: their bytes, their JSON, and by whom
 * they must be signed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "codec/msgpack.h"
#include "codec/tx_json.h"
#include "numbered_keys.h"
#include "test_keys.h"
#include "tx_ops.h"

static const struct hash genesis = {{7}};
static struct secret_key *rsa, *ed;

static void setup(void)
{
	rsa = test_key(TEST_RSA_PEM);
	ed = test_key(TEST_ED25519_PEM);
}

static void teardown(void)
{
	secret_key_free(rsa);
	secret_key_free(ed);
}

/* --- one of each --------------------------------------------------------- */

enum made { ADD, TAKE_BACK_ADD, REMOVE, TAKE_BACK_REMOVE, EVIDENCE, MADE };

static void make(struct buf *raw, enum made what, uint64_t nonce, bool few)
{
	struct op_sender s = {rsa, nonce, 3, &genesis};
	const struct secret_key *both[2] = {ed, ed};
	struct tx_change add = op_add(ed),
			 drop = op_remove(secret_key_address(ed));
	struct buf double_vote = {0};

	drop.few = few;
	switch (what) {
	case ADD:
		op_vote(raw, &s, true, &add, ed, NULL);
		break;
	case TAKE_BACK_ADD:
		op_vote(raw, &s, false, &add, NULL, NULL);
		break;
	case REMOVE:
	case TAKE_BACK_REMOVE:
		op_vote(raw, &s, what == REMOVE, &drop, NULL, NULL);
		break;
	case EVIDENCE:
		op_double_vote(&double_vote, ed, both, 5, &genesis);
		op_evidence(raw, &s, buf_span(&double_vote));
		buf_release(&double_vote);
		break;
	case MADE:
		break;
	}
}

static struct tx decoded(const struct buf *raw)
{
	struct fault f = {0};
	struct tx tx;

	ck_assert_msg(!tx_decode(&tx, buf_span(raw), TX_BYTES_MAX, &f),
		      "%s: %s", f.field, f.detail);
	tx_hash(&tx, &genesis);
	return tx;
}

/* --- bytes --------------------------------------------------------------- */

START_TEST(each_operation_round_trips)
{
	struct buf raw = {0}, again = {0};
	unsigned i;

	for (i = 0; i < 4 * MADE; i++) {
		enum made what = (enum made)(i % MADE);
		struct tx tx;

		buf_reset(&raw);
		buf_reset(&again);
		make(&raw, what, i < 2 * MADE, i / MADE % 2);
		tx = decoded(&raw);
		ck_assert_int_eq(tx.op,
				 what == EVIDENCE ? TX_EVIDENCE : TX_VOTE);
		ck_assert(tx.approve == (what == ADD || what == REMOVE));
		ck_assert_uint_eq(tx.acceptance.len, what == ADD ? 64 : 0);
		ck_assert(!tx_recipient(&tx) && !tx.amount);
		tx_encode(&again, &tx);
		ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
	}
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

/* Whatever one changed byte makes of it: refused, or taken and the same. */
START_TEST(a_mutated_operation_is_refused_or_canonical)
{
	struct buf raw = {0}, again = {0};
	struct rng rng;
	struct tx tx;
	int i, taken = 0;

	rng_seed(&rng, 1);
	for (i = 0; i < 40000; i++) {
		size_t at;

		if (i % 8000 == 0) {
			buf_reset(&raw);
			make(&raw, (enum made)(i / 8000), 1, false);
		}
		at = rng_below(&rng, raw.len - 256); /* not the signature */
		uint8_t old = raw.data[at];

		raw.data[at] = (uint8_t)rng_next(&rng);
		if (!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, NULL)) {
			buf_reset(&again);
			tx_encode(&again, &tx);
			ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
			taken++;
		}
		raw.data[at] = old;
	}
	ck_assert_int_gt(taken, 1000);
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

/* The pool and a block keep copies. */
START_TEST(a_moved_transaction_needs_its_old_bytes_no_more)
{
	struct buf raw = {0}, again = {0}, copy = {0};
	struct tx tx;
	unsigned i;

	for (i = 0; i < MADE; i++) {
		buf_reset(&copy);
		buf_reset(&again);
		make(&raw, (enum made)i, i % 2, false);
		tx = decoded(&raw);
		buf_append_span(&copy, buf_span(&raw));
		tx_move(&tx, copy.data);
		memset(raw.data, 0xff, raw.len);
		buf_release(&raw);
		tx_encode(&again, &tx);
		ck_assert(span_eq(buf_span(&copy), buf_span(&again)));
		ck_assert(span_eq(buf_span(&copy), tx.raw));
	}
	buf_release(&copy);
	buf_release(&again);
}
END_TEST

/* A vote of these parts, taken or refused for its acceptance. */
static enum err vote_of(bool approve, const struct tx_change *c,
			size_t acceptance, struct fault *f)
{
	static const uint8_t zeros[KEY_SIGNATURE_MAX];
	struct tx tx = {.op = TX_VOTE,
			.nonce = 1,
			.approve = approve,
			.acceptance = SPAN(zeros, acceptance),
			.signature = SPAN(zeros, 64)},
		  got;
	struct buf raw = {0}, change = {0};
	enum err e;

	*f = (struct fault){0};
	tx_change_encode(&change, c);
	tx.change = buf_span(&change);
	tx_encode(&raw, &tx);
	e = tx_decode(&got, buf_span(&raw), TX_BYTES_MAX, f);
	buf_release(&raw);
	buf_release(&change);
	return e;
}

START_TEST(an_acceptance_is_there_exactly_when_a_key_is_to_be_added)
{
	struct tx_change add = op_add(ed), of_rsa = op_add(rsa),
			 drop = op_remove(secret_key_address(ed));
	struct fault f;

	ck_assert_int_eq(vote_of(true, &add, 64, &f), ERR_OK);
	ck_assert_int_eq(vote_of(true, &of_rsa, 256, &f), ERR_OK);
	ck_assert_int_eq(vote_of(true, &add, 0, &f), ERR_UNSIGNED);
	ck_assert_str_eq(f.field, "vote.acceptance");
	ck_assert_int_eq(vote_of(true, &add, 256, &f), ERR_BAD_SIGNATURE);
	ck_assert_int_eq(vote_of(true, &of_rsa, 64, &f), ERR_BAD_SIGNATURE);
	ck_assert_int_eq(vote_of(false, &add, 0, &f), ERR_OK);
	ck_assert_int_eq(vote_of(false, &add, 64, &f), ERR_MALFORMED);
	ck_assert_int_eq(vote_of(true, &drop, 0, &f), ERR_OK);
	ck_assert_int_eq(vote_of(true, &drop, 64, &f), ERR_MALFORMED);
	ck_assert_int_eq(vote_of(false, &drop, 64, &f), ERR_MALFORMED);
}
END_TEST

START_TEST(a_change_names_a_key_of_an_accepted_form)
{
	struct tx_change add = op_add(ed);
	struct fault f;

	/* one form: what the newcomer signs is what all vote for */
	add.few = true;
	ck_assert_int_eq(vote_of(true, &add, 64, &f), ERR_MALFORMED);
	add.few = false;
	add.key.len--;
	ck_assert_int_eq(vote_of(true, &add, 64, &f), ERR_BAD_PUBLIC_KEY);
	ck_assert_str_eq(f.field, "vote");
}
END_TEST

/* --- signatures ---------------------------------------------------------- */

/* All that it stands on, as submit, bodies and verification check it. */
static enum err signatures_of(const struct buf *raw, const struct hash *chain)
{
	struct verifier *v = verifier_new(4);
	struct checks checks = {0};
	struct tx tx;
	enum err e;

	ck_assert(!tx_decode(&tx, buf_span(raw), TX_BYTES_MAX, NULL));
	tx_hash(&tx, chain);
	ck_assert(tx_checks(&checks, &tx, secret_key_public(rsa), chain));
	e = checks_verify(&checks, v);
	checks_release(&checks);
	verifier_free(v);
	return e;
}

START_TEST(what_is_signed_by_all_holds_on_its_chain_alone)
{
	static const struct hash other = {{8}};
	struct buf raw = {0};
	unsigned i;

	for (i = 0; i < MADE; i++) {
		buf_reset(&raw);
		make(&raw, (enum made)i, 1, false);
		ck_assert_int_eq(signatures_of(&raw, &genesis), ERR_OK);
		ck_assert_int_eq(signatures_of(&raw, &other),
				 ERR_BAD_SIGNATURE);
	}
	buf_release(&raw);
}
END_TEST

/* Signed by the newcomer, but in another of a key's roles; or by another. */
START_TEST(a_signature_in_any_other_role_is_no_acceptance)
{
	static const char *const roles[] = {DOMAIN_TX,	     DOMAIN_HEADER,
					    DOMAIN_RULES,    DOMAIN_STATE,
					    DOMAIN_UPGRADES, DOMAIN_MEMBER,
					    DOMAIN_VOTE,     DOMAIN_VALIDATORS};
	struct op_sender s = {rsa, 1, 0, &genesis};
	struct tx_change add = op_add(ed), self = op_add(rsa);
	struct buf raw = {0}, change = {0};
	struct hash over;
	size_t i;

	tx_change_encode(&change, &add);
	for (i = 0; i < ARRAY_LEN(roles); i++) {
		digest(&over, roles[i], &genesis, buf_span(&change));
		buf_reset(&raw);
		op_vote(&raw, &s, true, &add, ed, &over);
		ck_assert_int_eq(signatures_of(&raw, &genesis),
				 ERR_BAD_SIGNATURE);
	}
	/* a newcomer's yes to itself is none to somebody else */
	tx_accept_digest(&over, buf_span(&change), &genesis);
	buf_reset(&raw);
	op_vote(&raw, &s, true, &self, rsa, &over);
	ck_assert_int_eq(signatures_of(&raw, &genesis), ERR_BAD_SIGNATURE);
	buf_release(&raw);
	buf_release(&change);
}
END_TEST

START_TEST(evidence_needs_both_votes_by_its_key)
{
	struct op_sender s = {rsa, 1, 0, &genesis};
	struct secret_key *third = numbered_key(3);
	unsigned forged;

	for (forged = 0; forged < 4; forged++) {
		const struct secret_key *signers[2] = {forged & 1 ? third : ed,
						       forged & 2 ? third : ed};
		struct buf raw = {0}, double_vote = {0};

		op_double_vote(&double_vote, ed, signers, 5, &genesis);
		op_evidence(&raw, &s, buf_span(&double_vote));
		ck_assert_int_eq(signatures_of(&raw, &genesis),
				 forged ? ERR_BAD_SIGNATURE : ERR_OK);
		buf_release(&raw);
		buf_release(&double_vote);
	}
	secret_key_free(third);
}
END_TEST

/* --- JSON ---------------------------------------------------------------- */

START_TEST(each_operation_as_json_is_the_same_bytes)
{
	struct buf raw = {0}, again = {0};
	struct fault f = {0};
	unsigned i;

	for (i = 0; i < 2 * MADE; i++) {
		size_t end;
		json_t *json;
		struct tx tx;
		char *text;

		buf_reset(&raw);
		buf_reset(&again);
		make(&raw, (enum made)(i % MADE), i / MADE, i % 3 == 0);
		tx = decoded(&raw);
		json = tx_to_json(&tx, SPAN(NULL, 0));
		ck_assert(!json_object_get(json, "to"));
		ck_assert(!json_object_get(json, "amount"));
		ck_assert_msg(!tx_from_json(&again, json, &f), "%s: %s",
			      f.field, f.detail);
		ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
		/* and the quick way leaves it to the other */
		text = json_dumps(json, 0);
		ck_assert_uint_eq(tx_scan_json(&again, &end, 1, span_str(text)),
				  0);
		free(text);
		json_decref(json);
	}
	buf_release(&raw);
	buf_release(&again);
}
END_TEST

START_TEST(a_vote_in_json_is_what_the_interface_says)
{
	struct buf raw = {0};
	struct tx tx;
	json_t *json, *vote, *add;

	make(&raw, ADD, 1, false);
	tx = decoded(&raw);
	json = tx_to_json(&tx, SPAN(NULL, 0));
	vote = json_object_get(json, "vote");
	add = json_object_get(vote, "add");
	ck_assert(json_is_true(json_object_get(vote, "approve")));
	ck_assert(json_is_false(json_object_get(vote, "allow_few")));
	ck_assert(json_is_string(json_object_get(vote, "acceptance")));
	ck_assert(json_is_string(json_object_get(add, "public_key")));
	ck_assert(json_is_string(json_object_get(add, "address")));
	ck_assert(!json_object_get(vote, "remove"));
	json_decref(json);
	buf_release(&raw);
}
END_TEST

#define A "00112233445566778899aabbccddeeff00112233"
#define H "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SIDE "{\"digest\": \"" H "\", \"signature\": \"\"}"

START_TEST(every_bad_field_of_an_operation_is_named)
{
	static const struct {
		const char *op;
		enum err code;
		const char *field;
	} bads[] = {
		{"\"vote\": 1", ERR_WRONG_TYPE, "vote"},
		{"\"vote\": {}", ERR_MISSING_FIELD, "vote.approve"},
		{"\"vote\": {\"approve\": 1}", ERR_WRONG_TYPE, "vote.approve"},
		{"\"vote\": {\"approve\": true}", ERR_MISSING_FIELD,
		 "vote.add"},
		{"\"vote\": {\"approve\": true, \"remove\": \"" A
		 "\", \"add\": {}}",
		 ERR_DUPLICATE_FIELD, "vote.add"},
		{"\"vote\": {\"approve\": true, \"remove\": \"0\"}",
		 ERR_BAD_ADDRESS, "vote.remove"},
		{"\"vote\": {\"approve\": true, \"remove\": \"" A
		 "\", \"why\": 1}",
		 ERR_UNKNOWN_FIELD, "vote"},
		{"\"vote\": {\"approve\": true, \"remove\": \"" A
		 "\", \"allow_few\": 1}",
		 ERR_WRONG_TYPE, "vote.allow_few"},
		{"\"vote\": {\"approve\": true, \"remove\": \"" A
		 "\", \"acceptance\": \"?\"}",
		 ERR_MALFORMED, "vote.acceptance"},
		{"\"vote\": {\"approve\": true, \"add\": {}, "
		 "\"allow_few\": true}",
		 ERR_MALFORMED, "vote.allow_few"},
		{"\"vote\": {\"approve\": true, \"add\": \"" A "\"}",
		 ERR_WRONG_TYPE, "vote.add"},
		{"\"vote\": {\"approve\": true, \"add\": {}}",
		 ERR_MISSING_FIELD, "vote.add.public_key"},
		{"\"vote\": {\"approve\": true, \"add\": {\"public_key\": "
		 "\"\", \"address\": \"" A "\"}}",
		 ERR_WRONG_KEY, "vote.add.address"},
		{"\"vote\": {\"approve\": true, \"remove\": \"" A
		 "\"}, \"amount\": 0",
		 ERR_UNSUPPORTED_OPERATION, "vote"},
		{"\"vote\": {\"approve\": true, \"remove\": \"" A
		 "\"}, \"evidence\": {}",
		 ERR_UNSUPPORTED_OPERATION, "vote"},
		{"\"evidence\": {}, \"to\": \"" A "\"",
		 ERR_UNSUPPORTED_OPERATION, "evidence"},
		{"\"evidence\": {}", ERR_MISSING_FIELD, "evidence.public_key"},
		{"\"evidence\": {\"public_key\": \"\"}", ERR_MISSING_FIELD,
		 "evidence.votes"},
		{"\"evidence\": {\"public_key\": \"\", \"votes\": [1, 2]}",
		 ERR_MISSING_FIELD, "evidence.height"},
		{"\"evidence\": {\"public_key\": \"\", \"votes\": [1, 2], "
		 "\"height\": -1, \"round\": 0, \"kind\": \"commit\"}",
		 ERR_OUT_OF_RANGE, "evidence.height"},
		{"\"evidence\": {\"public_key\": \"\", \"votes\": [1, 2], "
		 "\"height\": 1, \"round\": 0, \"kind\": \"veto\"}",
		 ERR_OUT_OF_RANGE, "evidence.kind"},
		{"\"evidence\": {\"public_key\": \"\", \"votes\": [1, 2], "
		 "\"height\": 1, \"round\": 0, \"kind\": \"commit\"}",
		 ERR_WRONG_TYPE, "evidence.votes[0]"},
		{"\"evidence\": {\"public_key\": \"\", \"votes\": [" SIDE
		 ", {\"digest\": \"\"}], \"height\": 1, \"round\": 0, "
		 "\"kind\": \"commit\"}",
		 ERR_BAD_HASH, "evidence.votes[1].digest"},
	};
	struct buf raw = {0};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bads); i++) {
		struct fault f = {0};
		struct buf text = {0};
		json_t *in;

		buf_append_span(&text,
				span_str("{\"number\": 1, \"from\": \"" A
					 "\", \"signature\": \"YQ==\", "));
		buf_append_span(&text, span_str(bads[i].op));
		buf_byte(&text, '}');
		in = json_parse(buf_span(&text), &f);
		ck_assert_msg(in, "%s: %s", bads[i].op, f.detail);
		ck_assert_msg(tx_from_json(&raw, in, &f) == bads[i].code,
			      "%s: %s %s: %s", bads[i].op, err_code(f.code),
			      f.field, f.detail);
		ck_assert_msg(!strcmp(f.field, bads[i].field), "%s: %s",
			      bads[i].op, f.field);
		ck_assert_uint_eq(raw.len, 0);
		json_decref(in);
		buf_release(&text);
	}
	buf_release(&raw);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tx_op");
	TCase *bytes = tcase_create("bytes"), *json = tcase_create("json");
	TCase *keys = tcase_create("keys");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(bytes, setup, teardown);
	tcase_add_checked_fixture(keys, setup, teardown);
	tcase_add_checked_fixture(json, setup, teardown);
	tcase_set_timeout(bytes, 60);
	tcase_add_test(bytes, each_operation_round_trips);
	tcase_add_test(bytes, a_moved_transaction_needs_its_old_bytes_no_more);
	tcase_add_test(bytes, a_mutated_operation_is_refused_or_canonical);
	tcase_add_test(
		bytes,
		an_acceptance_is_there_exactly_when_a_key_is_to_be_added);
	tcase_add_test(bytes, a_change_names_a_key_of_an_accepted_form);
	tcase_add_test(keys, what_is_signed_by_all_holds_on_its_chain_alone);
	tcase_add_test(keys, a_signature_in_any_other_role_is_no_acceptance);
	tcase_add_test(keys, evidence_needs_both_votes_by_its_key);
	tcase_add_test(json, each_operation_as_json_is_the_same_bytes);
	tcase_add_test(json, a_vote_in_json_is_what_the_interface_says);
	tcase_add_test(json, every_bad_field_of_an_operation_is_named);
	suite_add_tcase(s, bytes);
	suite_add_tcase(s, keys);
	suite_add_tcase(s, json);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

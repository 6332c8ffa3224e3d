/* SPDX-License-Identifier: MIT */
/* Claims and the table of members: who is believed, for how long. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "codec/tx_json.h"
#include "discovery/members.h"
#include "test_keys.h"

#define NOW 1790000000000ull
#define TTL 5000
#define FAR "192.0.2.1"

static struct members *members;
static struct verifier *verifier;
static struct secret_key *key;
static struct fault fault;

static void setup(void)
{
	members = members_new(TTL);
	verifier = verifier_new(4);
	key = test_key(TEST_RSA_PEM);
	fault = (struct fault){0};
}

static void teardown(void)
{
	members_free(members);
	verifier_free(verifier);
	secret_key_free(key);
}

static struct claim signed_claim(const char *where, uint64_t time, bool goes)
{
	struct claim c = {.time = time, .goes = goes};

	memset(c.chain.b, 7, HASH_LEN);
	snprintf(c.where, sizeof(c.where), "%s", where);
	ck_assert_int_eq(claim_sign(&c, key), ERR_OK);
	return c;
}

/* One of no key; what is in the table looks as if it had been signed. */
static enum err believe_id(uint32_t id, uint64_t time, const char *source,
			   uint64_t now)
{
	const struct member *row;
	struct claim c = {.time = time, .where = "a:1"};
	enum err e;

	memcpy(c.id.b, &id, sizeof(id));
	buf_append(&c.key, "x", 1);
	e = members_believe(members, &row, &c, source, now, &fault);
	claim_release(&c);
	return e;
}

static enum err believe(const char *where, uint64_t time, bool goes,
			uint64_t now)
{
	struct claim c = signed_claim(where, time, goes);
	const struct member *row;
	enum err e = members_believe(members, &row, &c, FAR, now, &fault);

	claim_release(&c);
	return e;
}

static const char *only_where(void)
{
	size_t at = 0;
	const struct member *row = members_next(members, &at);

	ck_assert_ptr_nonnull(row);
	ck_assert_ptr_null(members_next(members, &at));
	return row->where;
}

START_TEST(a_claim_is_read_as_it_was_printed)
{
	struct claim c = signed_claim("node.example:4999", NOW, false);
	struct claim back = {.id = c.id};
	struct buf text = {0};
	json_t *in;

	ck_assert_int_eq(claim_check(&c, verifier, &fault), ERR_OK);
	claim_print(&text, &c);
	ck_assert_uint_le(text.len, CLAIM_BODY_MAX);
	in = json_parse_bounded(buf_span(&text), CLAIM_VALUES_MAX, &fault);
	ck_assert_int_eq(claim_read_proof(&back, in, &fault), ERR_OK);
	ck_assert_int_eq(claim_read_where(&back, in, &fault), ERR_OK);
	ck_assert_int_eq(claim_check(&back, verifier, &fault), ERR_OK);
	json_decref(in);
	buf_release(&text);
	claim_release(&back);
	claim_release(&c);
}
END_TEST

/* Each field is signed: with any of them changed, nobody is believed. */
START_TEST(a_signature_holds_for_one_claim_alone)
{
	struct claim c = signed_claim("a:1", NOW, false);

	c.where[0] = 'b';
	ck_assert_int_eq(claim_check(&c, verifier, &fault), ERR_BAD_SIGNATURE);
	c.where[0] = 'a';
	c.time++;
	ck_assert_int_eq(claim_check(&c, verifier, &fault), ERR_BAD_SIGNATURE);
	c.time--;
	c.chain.b[31]++;
	ck_assert_int_eq(claim_check(&c, verifier, &fault), ERR_BAD_SIGNATURE);
	c.chain.b[31]--;
	c.goes = true;
	ck_assert_int_eq(claim_check(&c, verifier, &fault), ERR_BAD_SIGNATURE);
	c.goes = false;
	ck_assert_int_eq(claim_check(&c, verifier, &fault), ERR_OK);
	c.id.b[0]++;
	ck_assert_int_eq(claim_check(&c, verifier, &fault), ERR_WRONG_KEY);
	claim_release(&c);
	ck_assert_int_eq(claim_check(&(struct claim){0}, verifier, &fault),
			 ERR_UNSIGNED);
}
END_TEST

START_TEST(an_empty_host_is_the_address_that_was_seen)
{
	ck_assert_int_eq(believe(":4999", NOW, false, NOW), ERR_OK);
	ck_assert_str_eq(only_where(), FAR ":4999");
	ck_assert_int_eq(believe("node.example:1", NOW + 1, false, NOW),
			 ERR_OK);
	ck_assert_str_eq(only_where(), "node.example:1");
	ck_assert_int_eq(believe_id(9, NOW, "::ffff:192.0.2.9", NOW), ERR_OK);
}
END_TEST

START_TEST(only_a_claim_of_now_is_believed)
{
	ck_assert_int_eq(believe("a:1", NOW - CLAIM_SKEW_MS - 1, false, NOW),
			 ERR_EXPIRED);
	ck_assert_int_eq(believe("a:1", NOW + CLAIM_SKEW_MS + 1, false, NOW),
			 ERR_OUT_OF_RANGE);
	ck_assert_uint_eq(members_count(members), 0);
	ck_assert_int_eq(believe("a:1", NOW - CLAIM_SKEW_MS, false, NOW),
			 ERR_OK);
	ck_assert_int_eq(believe("a:1", NOW + CLAIM_SKEW_MS, false, NOW),
			 ERR_OK);
}
END_TEST

/* Whoever listened in cannot bring a member back, nor make it go. */
START_TEST(no_claim_is_believed_twice)
{
	ck_assert_int_eq(believe("a:1", NOW, false, NOW), ERR_OK);
	ck_assert_int_eq(believe("a:1", NOW, false, NOW), ERR_EXISTS);
	ck_assert_int_eq(believe("b:1", NOW - 1, false, NOW), ERR_EXISTS);
	ck_assert_int_eq(believe("a:1", NOW, true, NOW), ERR_EXISTS);
	ck_assert_int_eq(believe("", NOW + 1, true, NOW + 1), ERR_OK);
	ck_assert_uint_eq(members_count(members), 0);
	/* it went, and what it said before still does not count */
	members_expire(members, NOW + 2);
	ck_assert_int_eq(believe("a:1", NOW, false, NOW + 2), ERR_EXISTS);
	ck_assert_int_eq(believe("", NOW + 2, true, NOW + 2), ERR_NOT_FOUND);
	ck_assert_int_eq(believe("a:1", NOW + 3, false, NOW + 3), ERR_OK);
	ck_assert_str_eq(only_where(), "a:1");
	/* nor after its time to live */
	members_expire(members, NOW + 3 + TTL);
	ck_assert_uint_eq(members_count(members), 0);
	ck_assert_int_eq(believe("a:1", NOW + 3, false, NOW + 3 + TTL),
			 ERR_EXISTS);
	/* until it would be too old anyway */
	members_expire(members, NOW + 4 + CLAIM_SKEW_MS);
	ck_assert_int_eq(
		believe("a:1", NOW + 3, false, NOW + 4 + CLAIM_SKEW_MS),
		ERR_EXPIRED);
}
END_TEST

START_TEST(a_member_is_listed_for_its_time_to_live)
{
	ck_assert_int_eq(believe("a:1", NOW, false, NOW), ERR_OK);
	members_expire(members, NOW + TTL - 1);
	ck_assert_uint_eq(members_count(members), 1);
	ck_assert_int_eq(believe("a:1", NOW + TTL - 1, false, NOW + TTL - 1),
			 ERR_OK);
	members_expire(members, NOW + TTL);
	ck_assert_uint_eq(members_count(members), 1);
	members_expire(members, NOW + 2 * TTL - 1);
	ck_assert_uint_eq(members_count(members), 0);
}
END_TEST

START_TEST(what_is_not_signed_changes_nothing_that_was)
{
	struct claim c = {.where = "evil:1"};
	const struct member *row;

	c.id = *secret_key_address(key);
	ck_assert_int_eq(members_believe(members, &row, &c, FAR, NOW, &fault),
			 ERR_OK);
	ck_assert_int_eq(believe("a:1", NOW, false, NOW), ERR_OK);
	ck_assert_int_eq(members_believe(members, &row, &c, FAR, NOW, &fault),
			 ERR_UNSIGNED);
	c.goes = true;
	ck_assert_int_eq(members_believe(members, &row, &c, FAR, NOW, &fault),
			 ERR_UNSIGNED);
	ck_assert_str_eq(only_where(), "a:1");
}
END_TEST

START_TEST(one_address_has_sixteen_members)
{
	for (uint32_t i = 0; i < MEMBERS_PER_SOURCE; i++)
		ck_assert_int_eq(believe_id(i, NOW, FAR, NOW), ERR_OK);
	ck_assert_int_eq(believe_id(99, NOW, FAR, NOW), ERR_OVERLOADED);
	ck_assert_int_eq(believe_id(99, NOW, "::ffff:" FAR, NOW),
			 ERR_OVERLOADED);
	/* those that are there may go on */
	ck_assert_int_eq(believe_id(3, NOW + 1, FAR, NOW), ERR_OK);
	ck_assert_int_eq(believe_id(99, NOW, "192.0.2.2", NOW), ERR_OK);
	/* one that moves counts where it comes to */
	ck_assert_int_eq(believe_id(99, NOW + 1, FAR, NOW), ERR_OVERLOADED);
	for (uint32_t i = 100; i < 200; i++)
		ck_assert_int_eq(believe_id(i, NOW, "127.0.0.1", NOW), ERR_OK);
	members_expire(members, NOW + CLAIM_SKEW_MS + 2);
	ck_assert_int_eq(believe_id(99, NOW + CLAIM_SKEW_MS, FAR,
				    NOW + CLAIM_SKEW_MS + 2),
			 ERR_OK);
}
END_TEST

START_TEST(the_table_is_bounded)
{
	for (uint32_t i = 0; i < MEMBERS_MAX; i++)
		ck_assert_int_eq(believe_id(i, NOW, "127.0.0.1", NOW), ERR_OK);
	ck_assert_int_eq(believe_id(MEMBERS_MAX, NOW, "127.0.0.1", NOW),
			 ERR_OVERLOADED);
	ck_assert_int_eq(believe_id(5, NOW + 1, "127.0.0.1", NOW), ERR_OK);
	ck_assert_uint_eq(members_count(members), MEMBERS_MAX);
}
END_TEST

static const struct {
	const char *text;
	enum err want;
	const char *field;
} bad[] = {
	{"{\"where\": \"a\"}", ERR_OUT_OF_RANGE, "where"},
	{"{\"where\": \":0\"}", ERR_OUT_OF_RANGE, "where"},
	{"{\"where\": \":65536\"}", ERR_OUT_OF_RANGE, "where"},
	{"{\"where\": 1}", ERR_WRONG_TYPE, "where"},
	{"{}", ERR_MISSING_FIELD, "where"},
	{"{\"where\": \"\"}", ERR_OUT_OF_RANGE, "where"},
	{"{\"where\": \"a:1\", \"time\": 1}", ERR_MISSING_FIELD, "chain"},
	{"{\"where\": \"a:1\", \"chain\": \"12\"}", ERR_BAD_HASH, "chain"},
};

START_TEST(what_is_no_claim_is_named)
{
	struct claim c = {0};
	json_t *in = json_parse(span_str(bad[_i].text), &fault);
	enum err e = claim_read_proof(&c, in, &fault);

	if (!e)
		e = claim_read_where(&c, in, &fault);
	ck_assert_int_eq(e, bad[_i].want);
	ck_assert_str_eq(fault.field, bad[_i].field);
	json_decref(in);
	claim_release(&c);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("members");
	TCase *t = tcase_create("members");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_claim_is_read_as_it_was_printed);
	tcase_add_test(t, a_signature_holds_for_one_claim_alone);
	tcase_add_test(t, an_empty_host_is_the_address_that_was_seen);
	tcase_add_test(t, only_a_claim_of_now_is_believed);
	tcase_add_test(t, no_claim_is_believed_twice);
	tcase_add_test(t, a_member_is_listed_for_its_time_to_live);
	tcase_add_test(t, what_is_not_signed_changes_nothing_that_was);
	tcase_add_test(t, one_address_has_sixteen_members);
	tcase_add_test(t, the_table_is_bounded);
	tcase_add_loop_test(t, what_is_no_claim_is_named, 0, ARRAY_LEN(bad));
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}

/* SPDX-License-Identifier: MIT */
/* What is told of the validators' votes on themselves. */
#include <check.h>
#include <jansson.h>

#include "http/governance_json.h"
#include "json_look.h"
#include "numbered_keys.h"

#define MEMBERS 4

static struct governance g;
static char hex[MEMBERS + 1][ADDRESS_HEX_LEN];

/* Four members, and the address of one more. */
static void setup(void)
{
	struct validators set = {.count = MEMBERS};
	struct validator stranger = numbered_validator(MEMBERS);
	struct validator list[MEMBERS], other;
	size_t i, k;

	for (i = 0; i < MEMBERS; i++) {
		list[i] = numbered_validator((uint32_t)i);
		for (k = i; k && memcmp(&list[k].account, &list[k - 1].account,
					ADDRESS_LEN) < 0;
		     k--) {
			other = list[k];
			list[k] = list[k - 1];
			list[k - 1] = other;
		}
	}
	set.list = list;
	governance_init(&g, &set);
	for (i = 0; i < MEMBERS; i++)
		address_hex(hex[i], &list[i].account);
	address_hex(hex[MEMBERS], &stranger.account);
}

static void teardown(void)
{
	governance_release(&g);
}

/* Block `height` holds votes of so many members for a change. */
static void block_of(uint64_t height, const struct validator_change *c,
		     size_t voters)
{
	struct governance_block *b = governance_begin(&g);
	struct governance after = {0};
	struct fault f;
	size_t i;

	for (i = 0; i < voters; i++)
		ck_assert(!governance_vote(b, &g.set.list[i].account, c, true,
					   height, &f));
	governance_end(&after, b);
	governance_block_free(b);
	governance_release(&g);
	g = after;
}

static struct validator_change add(void)
{
	struct validator v = numbered_validator(MEMBERS);
	struct validator_change c = {
		.kind = CHANGE_ADD, .account = v.account, .key_len = v.key_len};

	memcpy(c.key, v.key, v.key_len);
	return c;
}

static json_t *told(uint64_t height)
{
	struct buf out = {0};
	json_error_t error;
	json_t *o;

	buf_append_span(&out, span_str("{\"next\":null"));
	out_governance(&out, &g, height);
	buf_append_span(&out, span_str("}"));
	o = json_loadb((char *)out.data, out.len, JSON_REJECT_DUPLICATES,
		       &error);
	ck_assert_msg(o != NULL, "%s in %.*s", error.text, (int)out.len,
		      (char *)out.data);
	buf_release(&out);
	return o;
}

static const json_t *only(const json_t *o, const char *list)
{
	ck_assert_uint_eq(json_array_size(json_object_get(o, list)), 1);
	return json_array_get(json_object_get(o, list), 0);
}

START_TEST(without_votes_there_is_the_quorum_alone)
{
	json_t *o = told(3);

	ck_assert_int_eq(number_in(o, "quorum"), 3);
	ck_assert(json_is_null(json_object_get(o, "change")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "proposals")), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "offenders")), 0);
	json_decref(o);
}
END_TEST

START_TEST(a_proposal_tells_what_it_is_and_who_is_for_it)
{
	static const char *const members[] = {
		"id", "add", "allow_few", "votes", "needed", "since", NULL};
	struct validator_change c = add();
	const json_t *p;
	char id[HASH_HEX_LEN];
	struct buf raw = {0};
	struct hash hash;
	json_t *o;

	block_of(7, &c, 2);
	o = told(7);
	p = only(o, "proposals");
	expect_members(p, members);
	change_encode(&raw, &c);
	sha256(&hash, buf_span(&raw));
	buf_release(&raw);
	ck_assert_str_eq(text_in(p, "id"), hash_hex(id, &hash));
	ck_assert_str_eq(text_in(json_object_get(p, "add"), "address"),
			 hex[MEMBERS]);
	ck_assert_uint_eq(json_array_size(json_object_get(p, "votes")), 2);
	ck_assert_str_eq(json_string_value(json_array_get(
				 json_object_get(p, "votes"), 1)),
			 hex[1]);
	ck_assert_int_eq(number_in(p, "needed"), 3);
	ck_assert_int_eq(number_in(p, "since"), 7);
	json_decref(o);
}
END_TEST

/* Block 8's votes: header 9 carries the change, and the new set agrees on
 * block 10. */
START_TEST(a_change_that_passed_tells_its_height)
{
	struct validator_change c = add();
	const json_t *change;
	json_t *o;

	block_of(8, &c, 3);
	o = told(8);
	change = json_object_get(o, "change");
	ck_assert_int_eq(number_in(change, "height"), 10);
	ck_assert_str_eq(text_in(json_object_get(change, "add"), "address"),
			 hex[MEMBERS]);
	json_decref(o);
	block_of(9, &c, 0);
	ck_assert_uint_eq(g.set.count, MEMBERS + 1);
	o = told(9);
	ck_assert(json_is_null(json_object_get(o, "change")));
	json_decref(o);
}
END_TEST

START_TEST(a_removal_names_its_member_and_an_offender_what_it_did)
{
	struct validator_change c = {.kind = CHANGE_REMOVE, .few = true};
	const json_t *p;
	json_t *o;

	c.account = g.set.list[2].account;
	block_of(5, &c, 1);
	g.offenders = xcalloc(1, sizeof(*g.offenders));
	g.offender_count = 1;
	g.offenders[0] = (struct offender){
		.account = c.account, .height = 4, .found = 5};
	o = told(5);
	p = only(o, "proposals");
	ck_assert_str_eq(text_in(p, "remove"), hex[2]);
	ck_assert(json_is_true(json_object_get(p, "allow_few")));
	ck_assert(!json_object_get(p, "add"));
	p = only(o, "offenders");
	ck_assert_str_eq(text_in(p, "address"), hex[2]);
	ck_assert_int_eq(number_in(p, "height"), 4);
	ck_assert_int_eq(number_in(p, "found"), 5);
	json_decref(o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("governance_json");
	TCase *t = tcase_create("governance_json");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, without_votes_there_is_the_quorum_alone);
	tcase_add_test(t, a_proposal_tells_what_it_is_and_who_is_for_it);
	tcase_add_test(t, a_change_that_passed_tells_its_height);
	tcase_add_test(t,
		       a_removal_names_its_member_and_an_offender_what_it_did);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

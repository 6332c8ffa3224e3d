/* SPDX-License-Identifier: MIT */
/* What is told of validators that vote, from states made up as values. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "http/bft_json.h"
#include "http/ready.h"

#include "json_look.h"

#define NOW UINT64_C(1700000000000)
#define SECOND 1000

static struct validator who[VALIDATORS_MAX];
static char hex[VALIDATORS_MAX][ADDRESS_HEX_LEN];

/* All of count validators are here, this node is number 0, and there is
 * nothing to agree on. */
static struct bft_view calm(size_t count)
{
	struct bft_view v = {.now = NOW};
	size_t i;

	v.info = (struct bft_info){.height = 8,
				   .since = NOW - 90 * SECOND,
				   .step = BFT_STEP_IDLE,
				   .count = count,
				   .quorum = validators_quorum(count),
				   .leader = 1,
				   .lately = 10 * SECOND};
	for (i = 0; i < count; i++) {
		who[i].account.b[0] = (uint8_t)(i + 1);
		who[i].key[0] = (uint8_t)i;
		who[i].key_len = 3;
		address_hex(hex[i], &who[i].account);
		v.member[i] = (struct bft_member){.who = &who[i],
						  .self = i == 0,
						  .connected = i > 0,
						  .seen = NOW - i * SECOND};
	}
	return v;
}

static void gone(struct bft_view *v, size_t i, uint64_t ms)
{
	v->member[i].connected = false;
	v->member[i].seen = v->now - ms;
}

static void never(struct bft_view *v, size_t i)
{
	v->member[i].connected = false;
	v->member[i].seen = 0;
}

static void expect_words(const struct bft_view *v, bool missing,
			 const char *want)
{
	char text[BFT_WAITING_MAX];

	bft_waiting_text(text, v, missing);
	ck_assert_str_eq(text, want);
}

/* Who are waited for, as digits. */
static void expect_waited(const struct bft_view *v, const char *want)
{
	char got[VALIDATORS_MAX + 1] = "";
	size_t i, n = 0;

	for (i = 0; i < v->info.count; i++)
		if (bft_is_waited_for(v, i))
			got[n++] = (char)('0' + i);
	got[n] = '\0';
	ck_assert_str_eq(got, want);
}

START_TEST(who_is_missing_is_named_with_the_time)
{
	struct bft_view v = calm(4);
	char want[BFT_WAITING_MAX];

	expect_words(&v, true, "");
	gone(&v, 2, 14 * SECOND + 999);
	snprintf(want, sizeof(want),
		 "waiting for 1 of 4: %s last seen 14 s ago", hex[2]);
	expect_words(&v, true, want);
	never(&v, 3);
	snprintf(want, sizeof(want),
		 "waiting for 2 of 4: %s last seen 14 s ago, %s never seen",
		 hex[2], hex[3]);
	expect_words(&v, true, want);
	expect_words(&v, false, want);
}
END_TEST

START_TEST(an_age_is_told_in_a_unit_that_fits)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{10001, "10 s ago"},	{119999, "119 s ago"},
		{120000, "2 min ago"},	{7199999, "119 min ago"},
		{7200000, "2 h ago"},	{172799999, "47 h ago"},
		{172800000, "2 d ago"}, {UINT64_C(864000000), "10 d ago"},
	};
	struct bft_view v = calm(4);
	char want[BFT_WAITING_MAX];
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		gone(&v, 3, cases[i].ms);
		snprintf(want, sizeof(want),
			 "waiting for 1 of 4: %s last seen %s", hex[3],
			 cases[i].text);
		expect_words(&v, true, want);
	}
}
END_TEST

/* However many there are, the sentence is whole and says how many. */
START_TEST(names_that_do_not_fit_are_counted)
{
	char text[BFT_WAITING_MAX], more[40];
	size_t i, n, named;
	const char *at;

	for (n = 4; n <= VALIDATORS_MAX; n += 32) {
		struct bft_view v = calm(n);

		for (i = 1; i < n; i++)
			gone(&v, i, NOW - 1);
		bft_waiting_text(text, &v, true);
		for (named = 0, at = text; (at = strstr(at, " last seen "));)
			named++, at++;
		ck_assert_uint_ge(named, 1);
		snprintf(more, sizeof(more), " and %zu more", n - 1 - named);
		ck_assert_str_eq(text + strlen(text) - strlen(more), more);
	}
}
END_TEST

START_TEST(too_few_to_agree_are_told_even_while_nothing_is_due)
{
	struct bft_view v = calm(4);

	ck_assert(!bft_is_short(&v));
	gone(&v, 3, 60 * SECOND);
	ck_assert(bft_is_missing(&v, 3));
	/* three of four are enough */
	ck_assert(!bft_is_short(&v));
	expect_waited(&v, "");
	gone(&v, 2, 10 * SECOND + 1);
	ck_assert(bft_is_short(&v));
	expect_waited(&v, "23");
	gone(&v, 2, 10 * SECOND);
	ck_assert(!bft_is_short(&v));
	/* nor does one help that may not sign */
	v.info.silent = "its votes may be lost";
	ck_assert(bft_is_short(&v));
	/* a clock that was set back makes nobody missing */
	v = calm(4);
	v.now = NOW - 3600 * SECOND;
	ck_assert(!bft_is_short(&v));
}
END_TEST

START_TEST(who_is_waited_for_is_who_the_step_lacks)
{
	struct bft_view v = calm(4);

	v.info.step = BFT_STEP_PROPOSAL;
	expect_waited(&v, "1");
	v.info.step = BFT_STEP_PREPARE;
	v.member[1].prepared = v.member[3].prepared = true;
	expect_waited(&v, "02");
	v.info.step = BFT_STEP_COMMIT;
	v.member[2].committed = true;
	expect_waited(&v, "013");
	v.info.step = BFT_STEP_ROUND_CHANGE;
	v.member[0].in_round = v.member[1].in_round = true;
	expect_waited(&v, "23");
	v.info.step = BFT_STEP_DECIDED;
	expect_waited(&v, "");
}
END_TEST

/* --- as JSON ------------------------------------------------------------- */

static json_t *told(const struct bft_view *v)
{
	struct buf out = {0};
	json_error_t error;
	json_t *o;

	buf_append_span(&out, span_str("{\"engine\":\"bft\""));
	out_bft(&out, v, 7);
	buf_append_span(&out, span_str("}"));
	o = json_loadb((char *)out.data, out.len, JSON_REJECT_DUPLICATES,
		       &error);
	ck_assert_msg(o != NULL, "%s in %.*s", error.text, (int)out.len,
		      (char *)out.data);
	buf_release(&out);
	return o;
}

START_TEST(consensus_tells_what_it_waits_for_and_since_when)
{
	static const char *const members[] = {
		"engine",   "height",	      "since",	     "round",
		"step",	    "leader",	      "validators",  "quorum",
		"proposal", "prepared_round", "votes",	     "timer_ends",
		"timeouts", "settled_height", "waiting_for", "waiting",
		"silent",   "journal",	      NULL};
	struct bft_view v = calm(4);
	json_t *o, *one, *votes;

	v.info.step = BFT_STEP_PREPARE;
	v.info.round = 2;
	v.info.leader = 2;
	v.info.timer_runs = true;
	v.info.deadline = NOW + 700;
	v.info.timeouts = 5;
	v.info.has_proposal = true;
	v.info.has_journal = true;
	v.info.floor = 3;
	v.info.records = 44;
	v.member[0].prepared = v.member[1].prepared = true;
	v.member[0].in_round = true;
	gone(&v, 2, 14 * SECOND);
	never(&v, 3);
	o = told(&v);
	expect_members(o, members);
	ck_assert_int_eq(number_in(o, "height"), 8);
	ck_assert_int_eq(number_in(o, "since"), NOW - 90 * SECOND);
	ck_assert_int_eq(number_in(o, "round"), 2);
	ck_assert_str_eq(text_in(o, "step"), "prepare");
	ck_assert_str_eq(text_in(o, "leader"), hex[2]);
	ck_assert_int_eq(number_in(o, "quorum"), 3);
	ck_assert_int_eq(number_in(o, "timer_ends"), NOW + 700);
	ck_assert_int_eq(number_in(o, "timeouts"), 5);
	ck_assert_int_eq(number_in(o, "settled_height"), 7);
	ck_assert(json_is_null(json_object_get(o, "prepared_round")));
	ck_assert(json_is_null(json_object_get(o, "silent")));
	votes = json_object_get(o, "votes");
	ck_assert_int_eq(number_in(votes, "needed"), 3);
	ck_assert_int_eq(number_in(votes, "prepare"), 2);
	ck_assert_int_eq(number_in(votes, "commit"), 0);
	ck_assert_int_eq(number_in(votes, "in_round"), 1);
	ck_assert_int_eq(number_in(json_object_get(o, "journal"), "floor"), 3);
	ck_assert_int_eq(number_in(json_object_get(o, "journal"), "records"),
			 44);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "waiting_for")),
			  2);
	one = json_array_get(json_object_get(o, "waiting_for"), 0);
	ck_assert_str_eq(text_in(one, "address"), hex[2]);
	ck_assert_int_eq(number_in(one, "last_seen"), NOW - 14 * SECOND);
	ck_assert_int_eq(number_in(one, "last_seen_ms"), 14 * SECOND);
	ck_assert(json_is_true(json_object_get(one, "missing")));
	one = json_array_get(json_object_get(o, "waiting_for"), 1);
	ck_assert(json_is_null(json_object_get(one, "last_seen")));
	ck_assert(json_is_null(json_object_get(one, "last_seen_ms")));
	ck_assert(strstr(text_in(o, "waiting"), "waiting for 2 of 4: "));
	json_decref(o);
}
END_TEST

START_TEST(a_calm_chain_waits_for_nobody)
{
	struct bft_view v = calm(4);
	json_t *o;

	v.info.silent = "the account is not a validator";
	v.info.prepared = true;
	o = told(&v);
	ck_assert_str_eq(text_in(o, "step"), "idle");
	ck_assert_str_eq(text_in(o, "silent"),
			 "the account is not a validator");
	ck_assert_int_eq(number_in(o, "prepared_round"), 0);
	ck_assert(json_is_null(json_object_get(o, "waiting")));
	ck_assert(json_is_null(json_object_get(o, "timer_ends")));
	ck_assert(json_is_null(json_object_get(o, "proposal")));
	ck_assert(json_is_null(json_object_get(o, "journal")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "waiting_for")),
			  0);
	json_decref(o);
}
END_TEST

START_TEST(a_validator_is_told_with_its_key)
{
	static const char *const members[] = {
		"address", "public_key", "last_seen", "last_seen_ms",
		"missing", "connected",	 "self",      NULL};
	struct bft_view v = calm(4);
	struct buf out = {0};
	json_t *o;

	gone(&v, 2, 60 * SECOND);
	out_bft_member(&out, &v, 2);
	o = json_loadb((char *)out.data, out.len, 0, NULL);
	expect_members(o, members);
	ck_assert_str_eq(text_in(o, "address"), hex[2]);
	ck_assert_str_eq(text_in(o, "public_key"), "AgAA");
	ck_assert_int_eq(number_in(o, "last_seen_ms"), 60 * SECOND);
	ck_assert(json_is_true(json_object_get(o, "missing")));
	ck_assert(json_is_false(json_object_get(o, "connected")));
	ck_assert(json_is_false(json_object_get(o, "self")));
	json_decref(o);
	buf_release(&out);
}
END_TEST

static bool has_line(const struct buf *text, const char *line)
{
	return strstr((const char *)text->data, line) != NULL;
}

START_TEST(metrics_count_what_validators_do)
{
	struct bft_view v = calm(4);
	struct buf out = {0};

	v.info.round = 3;
	v.info.timeouts = 7;
	v.info.votes[VOTE_COMMIT] = 12;
	v.info.silent = "not a validator";
	never(&v, 2);
	out_bft_metrics(&out, &v);
	buf_byte(&out, 0);
	ck_assert(has_line(&out, "\nccoin_bft_round 3\n"));
	ck_assert(has_line(&out, "\nccoin_bft_timeouts_total 7\n"));
	ck_assert(has_line(&out,
			   "\nccoin_bft_votes_total{kind=\"commit\"} 12\n"));
	ck_assert(has_line(
		&out, "\nccoin_bft_votes_total{kind=\"round_change\"} 0\n"));
	ck_assert(has_line(&out, "\nccoin_bft_quorum 3\n"));
	ck_assert(has_line(&out, "\nccoin_bft_missing 1\n"));
	ck_assert(has_line(&out, "\nccoin_bft_silent 1\n"));
	ck_assert(!has_line(&out, "ccoin_bft_journal"));
	buf_reset(&out);
	v.info.has_journal = true;
	v.info.records = 99;
	v.info.persisted = 4;
	out_bft_metrics(&out, &v);
	buf_byte(&out, 0);
	ck_assert(has_line(&out, "\nccoin_bft_journal_records_total 99\n"));
	ck_assert(has_line(&out, "\nccoin_bft_journal_flushes_total 4\n"));
	buf_release(&out);
}
END_TEST

/* --- /ready -------------------------------------------------------------- */

START_TEST(not_ready_names_who_is_missing)
{
	struct bft_view v = calm(4);
	char missing[BFT_WAITING_MAX], want[FAULT_DETAIL_MAX];
	struct readiness r = {.sync = {.state = SYNC_READY},
			      .authorities = 4,
			      .peers = 3,
			      .missing = "",
			      .quorum = v.info.quorum,
			      .offset_max = 500};
	struct fault f = {0};

	ck_assert_int_eq(ready_check(&r, &f), ERR_OK);
	gone(&v, 2, 14 * SECOND);
	never(&v, 3);
	bft_waiting_text(missing, &v, true);
	r.missing = missing;
	ck_assert_int_eq(ready_check(&r, &f), ERR_UNAVAILABLE);
	ck_assert_str_eq(f.field, "quorum");
	snprintf(want, sizeof(want), "not ready: quorum: %s; 3 are needed",
		 missing);
	ck_assert_str_eq(f.detail, want);
	/* the longest is not cut off */
	v = calm(VALIDATORS_MAX);
	for (size_t i = 1; i < VALIDATORS_MAX; i++)
		gone(&v, i, NOW - 1);
	bft_waiting_text(missing, &v, true);
	r.quorum = v.info.quorum;
	ck_assert_int_eq(ready_check(&r, &f), ERR_UNAVAILABLE);
	ck_assert(strstr(f.detail, " more; 67 are needed"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bft_json");
	TCase *t = tcase_create("bft_json");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, who_is_missing_is_named_with_the_time);
	tcase_add_test(t, an_age_is_told_in_a_unit_that_fits);
	tcase_add_test(t, names_that_do_not_fit_are_counted);
	tcase_add_test(t, too_few_to_agree_are_told_even_while_nothing_is_due);
	tcase_add_test(t, who_is_waited_for_is_who_the_step_lacks);
	tcase_add_test(t, consensus_tells_what_it_waits_for_and_since_when);
	tcase_add_test(t, a_calm_chain_waits_for_nobody);
	tcase_add_test(t, a_validator_is_told_with_its_key);
	tcase_add_test(t, metrics_count_what_validators_do);
	tcase_add_test(t, not_ready_names_who_is_missing);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Waiting for transactions over HTTP: until they are where the client wants
 * them, at what cost to everybody else, and leaving meanwhile.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "http_fixture.h"

static struct client waiter;

static void wait_for(const char *query, unsigned from, uint64_t nonce)
{
	char head[512], *text = pushed_json(from, nonce, 2, 5);

	client_open(&waiter, base, api_url(api));
	snprintf(head, sizeof(head),
		 "POST /v1/txs?%s HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 query, strlen(text));
	client_text(&waiter, head);
	client_text(&waiter, text);
	free(text);
}

static void read_waiter(void)
{
	forget();
	client_read(&waiter, &reply, false);
	read_json();
	client_close(&waiter);
}

/* Turn until the node has it. */
static void until_pending(size_t count)
{
	while (mempool_count(node_mempool(d.node)) < count)
		client_turn(&waiter);
	client_turn(&waiter);
}

START_TEST(waiting_ends_when_it_is_there)
{
	start();
	wait_for("wait=pool", 1, 0);
	read_waiter();
	expect(202);
	wait_for("wait=block&timeout=300", 1, 1);
	until_pending(2);
	api_changed(api); /* nothing of it: it goes on waiting */
	client_turn(&waiter);
	ck_assert_uint_eq(waiter.in.len, 0);
	make_block();
	read_waiter();
	expect(200);
	ck_assert_str_eq(text_of("status"), "settled");
	/* the block of the first one was on its way already */
	ck_assert_int_eq(number_of("height"), 2);
	wait_for("wait=settled", 1, 2);
	until_pending(1);
	make_block();
	read_waiter();
	expect(200);
	/* what is there already is not waited for */
	wait_for("wait=settled", 1, 2);
	read_waiter();
	expect(200);
	wait_for("wait=block&timeout=0", 1, 3);
	read_waiter();
	expect(202);
	ck_assert_str_eq(text_of("status"), "pending");
	wait_for("wait=final", 1, 4);
	read_waiter();
	expect_problem(422, "no_finality", "wait");
	wait_for("wait=never", 1, 4);
	read_waiter();
	expect_problem(400, "out_of_range", "wait");
	wait_for("wait=block", 1, 0); /* known, in a block */
	read_waiter();
	expect(200);
	stop();
}
END_TEST

/* An array of count times a first transaction, and one of a second, unless
 * that is empty. */
static struct buf array_of(size_t count, struct span first, struct span second)
{
	struct buf out = {0};
	size_t i;

	mp_array(&out, (uint32_t)(count + !!second.len));
	for (i = 0; i < count; i++)
		buf_append_span(&out, first);
	buf_append_span(&out, second);
	return out;
}

static const char *status_at(size_t i)
{
	return json_string_value(
		json_object_get(json_array_get(json, i), "status"));
}

START_TEST(an_array_known_already_costs_a_lookup_each)
{
	struct address to = test_address(2);
	struct buf one, many;
	size_t i;

	start();
	one = driver_transfer(&d, 1, 0, &to, 5, 0);
	many = array_of(1000, buf_span(&one), SPAN(NULL, 0));
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&many));
	expect(200);
	ck_assert_uint_eq(json_array_size(json), 1000);
	ck_assert_str_eq(status_at(0), "pending");
	ck_assert_str_eq(status_at(999), "pending");
	make_block();
	memset(reads, 0, sizeof(reads));
	views = 0;
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&many));
	expect(200);
	for (i = 0; i < 1000; i++) {
		ck_assert_str_eq(status_at(i), "settled");
		ck_assert_int_eq(
			json_integer_value(json_object_get(
				json_array_get(json, i), "confirmations")),
			1);
	}
	ck_assert_uint_eq(reads[KV_BLOCKS], 0);
	ck_assert_uint_eq(reads[KV_DELTAS], 0);
	ck_assert_uint_eq(views, 1000);
	buf_release(&one);
	buf_release(&many);
	stop();
}
END_TEST

START_TEST(a_block_costs_who_waits_only_what_was_not_there)
{
	enum { WAITERS = 5, COPIES = 600 };
	struct client waiters[WAITERS], goes;
	struct address to = test_address(2);
	struct buf first, second, many;
	unsigned before, most = 0;
	char head[512];
	size_t i;

	start();
	first = driver_transfer(&d, 1, 0, &to, 5, 0);
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&first));
	make_block();
	views = 0;
	second = driver_transfer(&d, 1, 1, &to, 5, 0);
	many = array_of(COPIES, buf_span(&first), buf_span(&second));
	for (i = 0; i < WAITERS; i++) {
		client_open(&waiters[i], base, api_url(api));
		snprintf(head, sizeof(head),
			 "POST /v1/txs?wait=block&timeout=300 HTTP/1.1\r\n"
			 "Host: localhost\r\n" MSGPACK
			 "Content-Length: %zu\r\n\r\n",
			 many.len);
		client_text(&waiters[i], head);
		client_send(&waiters[i], buf_span(&many));
		/* what is there is looked at, in parts */
		while (views < (i + 1) * (COPIES + 1)) {
			before = views;
			/* a single turn, unlike client_turn() */
			event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
			if (views - before > most)
				most = views - before;
		}
		ck_assert_uint_eq(views, (i + 1) * (COPIES + 1));
		client_turn(&waiters[i]);
		ck_assert_uint_eq(waiters[i].in.len, 0);
	}
	ck_assert_uint_lt(most, COPIES);
	/* and one goes half way */
	client_open(&goes, base, api_url(api));
	client_text(&goes, head);
	client_send(&goes, buf_span(&many));
	for (before = views; views == before;)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	client_close(&goes);
	client_turn(&waiters[0]);
	ck_assert_uint_lt(views, before + COPIES);
	views = 0;
	for (i = 0; i < 10; i++) {
		api_changed(api); /* nothing of it, ten times */
		client_turn(&waiters[0]);
	}
	ck_assert_uint_gt(views, 0);
	ck_assert_uint_le(views, 10 * WAITERS);
	memset(reads, 0, sizeof(reads));
	views = 0;
	make_block();
	for (i = 0; i < WAITERS; i++) {
		forget();
		client_read(&waiters[i], &reply, false);
		read_json();
		expect(200);
		ck_assert_uint_eq(json_array_size(json), COPIES + 1);
		ck_assert_str_eq(status_at(0), "settled");
		ck_assert_str_eq(status_at(COPIES), "settled");
		ck_assert_int_eq(
			json_integer_value(json_object_get(
				json_array_get(json, 0), "confirmations")),
			2); /* as of now, not of the look */
		client_close(&waiters[i]);
	}
	ck_assert_uint_eq(views, WAITERS);
	ck_assert_uint_eq(reads[KV_BLOCKS], 0);
	buf_release(&first);
	buf_release(&second);
	buf_release(&many);
	stop();
}
END_TEST

START_TEST(an_array_whose_time_is_over_tells_how_far_each_came)
{
	struct address to = test_address(2);
	struct buf first, second, many;

	start();
	first = driver_transfer(&d, 1, 0, &to, 5, 0);
	ask_with("POST", "/pushtx", MSGPACK, buf_span(&first));
	make_block();
	second = driver_transfer(&d, 1, 2, &to, 5, 0);
	many = array_of(300, buf_span(&second), buf_span(&first));
	ask_with("POST", "/v1/txs?wait=block&timeout=0", MSGPACK,
		 buf_span(&many));
	expect(202);
	ck_assert_uint_eq(json_array_size(json), 301);
	ck_assert_str_eq(status_at(0), "queued");
	ck_assert_str_eq(status_at(299), "queued");
	ck_assert_str_eq(status_at(300), "settled");
	buf_release(&first);
	buf_release(&second);
	buf_release(&many);
	stop();
}
END_TEST

START_TEST(what_is_dropped_ends_the_wait_with_the_reason)
{
	struct address to = test_address(2);
	struct buf raw;
	struct span s;

	start();
	wait_for("wait=block", 1, 0);
	until_pending(1);
	/* the same nonce with a fee takes its place */
	raw = driver_transfer(&d, 1, 0, &to, 6, 100);
	s = buf_span(&raw);
	driver_submit(&d, &s, 1);
	ck_assert_int_eq(d.results[0].status, SUBMIT_PENDING);
	buf_release(&raw);
	api_changed(api);
	read_waiter();
	expect_problem(422, "replaced", "");
	stop();
}
END_TEST

START_TEST(who_leaves_while_waiting_is_forgotten)
{
	struct client other;

	start();
	client_open(&other, base, api_url(api));
	/* before the node has answered */
	hold = true;
	held = 0;
	wait_for("wait=block", 1, 0);
	while (!held)
		client_turn(&waiter);
	client_close(&waiter);
	client_text(&other, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
	client_read(&other, &reply, false); /* the loop saw it go */
	forget();
	memset(d.results, 0, sizeof(d.results[0]));
	api_submit_result(api, held, d.results, 1);
	api_submit_result(api, 12345, d.results, 1);
	/* after it */
	hold = false;
	wait_for("wait=block", 1, 0);
	until_pending(1);
	client_close(&waiter);
	client_turn(&other);
	client_turn(&other);
	make_block();
	/* and one is waiting when all ends */
	wait_for("wait=block", 1, 1);
	until_pending(1);
	client_close(&other);
	stop();
	client_close(&waiter);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("api");

	tcase_add_test(tc, waiting_ends_when_it_is_there);
	tcase_add_test(tc, an_array_known_already_costs_a_lookup_each);
	tcase_add_test(tc, a_block_costs_who_waits_only_what_was_not_there);
	tcase_add_test(tc, an_array_whose_time_is_over_tells_how_far_each_came);
	tcase_add_test(tc, what_is_dropped_ends_the_wait_with_the_reason);
	tcase_add_test(tc, who_leaves_while_waiting_is_forgotten);
	return run_case("http_wait", tc);
}

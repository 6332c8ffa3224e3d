/* SPDX-License-Identifier: MIT */
/* /register dials before it believes, once and seldom; /nodes without peers. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "http_fixture.h"

#define REGISTER(where)                                                        \
	"POST /register?url=" where " HTTP/1.1\r\nHost: localhost\r\n"         \
	"Content-Length: 0\r\n\r\n"

static struct client client;

/* Ask, and turn until the place is being dialled. */
static void ask_to_register(const char *text)
{
	probed = 0;
	client_open(&client, base, api_url(api));
	client_text(&client, text);
	while (!probed)
		client_turn(&client);
}

static void read_answer(void)
{
	forget();
	client_read(&client, &reply, false);
	read_json();
	client_close(&client);
}

START_TEST(who_answers_is_registered)
{
	start();
	ask_to_register(REGISTER("node.example:4999"));
	ck_assert_str_eq(probed_where, "node.example:4999");
	/* another's answer, or a late one, is nobody's */
	api_probed(api, probed + 1, true, &own);
	api_probed(api, probed, true, &own);
	api_probed(api, probed, false, NULL);
	read_answer();
	expect(200);
	ck_assert_str_eq(text_of("registered"), "node.example:4999");
	ck_assert_str_eq(text_of("id"), own_hex);
	stop();
}
END_TEST

START_TEST(who_does_not_answer_is_not)
{
	start();
	ask_to_register(REGISTER("[::1]:4999"));
	api_probed(api, probed, false, NULL);
	read_answer();
	expect_problem(422, "unreachable", "url");
	stop();
}
END_TEST

START_TEST(a_dial_that_takes_long_is_given_up)
{
	start();
	ask_to_register(REGISTER("192.0.2.1:4999"));
	read_answer();
	expect_problem(504, "timeout", "url");
	api_probed(api, probed, true, &own);
	stop();
}
END_TEST

START_TEST(a_client_that_goes_is_forgotten)
{
	start();
	ask_to_register(REGISTER("a:1"));
	client_close(&client);
	/* also when it is still there at the end */
	get("/running");
	api_probed(api, probed, true, &own);
	stop();
}
END_TEST

START_TEST(one_dial_a_second)
{
	start();
	ask_to_register(REGISTER("a:1"));
	probed = 0;
	post("/register?url=b:1", "");
	expect_problem(503, "overloaded", "");
	ck_assert_str_eq(reply_header(&reply, "Retry-After"), "1");
	ck_assert_uint_eq(probed, 0);
	client_close(&client);
	stop();
}
END_TEST

START_TEST(what_is_no_place_is_not_dialled)
{
	static const char *const bad[] = {"a",		"a:0",	    ":1",
					  "http://a:1", "10.0.0:1", "::1:5",
					  "a:1/x",	"a%20b:1"};

	start();
	probed = 0;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		get_of("/register?url=%s", bad[i]);
		expect_problem(400, "malformed", "url");
	}
	get("/register");
	expect_problem(400, "missing_field", "url");
	ck_assert_uint_eq(probed, 0);
	stop();
}
END_TEST

START_TEST(without_a_network_nobody_registers)
{
	no_network = true;
	start();
	no_network = false;
	get("/register?url=a:1");
	expect_problem(503, "unavailable", "");
	get("/nodes");
	ck_assert_str_eq((char *)reply.body.data, "[]\n");
	stop();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("register");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, who_answers_is_registered);
	tcase_add_test(t, who_does_not_answer_is_not);
	tcase_add_test(t, a_dial_that_takes_long_is_given_up);
	tcase_add_test(t, a_client_that_goes_is_forgotten);
	tcase_add_test(t, one_dial_a_second);
	tcase_add_test(t, what_is_no_place_is_not_dialled);
	tcase_add_test(t, without_a_network_nobody_registers);
	return run_case("register", t);
}

/* SPDX-License-Identifier: MIT */
/*
 * Whom the HTTP server lets in and how much it takes: hosts, connections,
 * sizes, and clients that are slow.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/host.h"
#include "http_stub.h"

/* --- who gets in --------------------------------------------------------- */

START_TEST(host_is_a_literal_localhost_or_listed)
{
	static const char *const names[] = {"node.example"};
	static const char *const good[] = {"localhost",	      "LOCALHOST:5000",
					   "127.0.0.1",	      "10.0.0.1:80",
					   "[::1]",	      "[::1]:5000",
					   "node.example:80", "Node.Example"};
	static const char *const bad[] = {"",
					  "evil.example",
					  "localhost.evil.example",
					  "127.0.0.1.x",
					  "localhost:80:80",
					  "[::1",
					  "::1",
					  "localhost:port",
					  "127.1",
					  "[localhost]",
					  "node.example.com",
					  "localhost@evil.example",
					  ":5000",
					  "localhost:123456"};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(host_is_allowed(good[i], names, 1), "%s",
			      good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!host_is_allowed(bad[i], names, 1), "%s", bad[i]);
	ck_assert(!host_is_allowed(NULL, names, 1));
}
END_TEST

START_TEST(another_host_is_refused_and_the_handler_never_asked)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
		"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
	};
	size_t i;

	start((struct http_limits){0});
	connect_to(&client);
	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		ask(requests[i]);
		ck_assert_int_eq(reply.status, 403);
		ck_assert(strstr((char *)reply.body.data, "\"bad_host\""));
		ck_assert_str_eq(reply_header(&reply, "Content-Type"),
				 HTTP_PROBLEM);
	}
	ck_assert_uint_eq(handled, 0);
	ask("GET http://localhost/x?y#z HTTP/1.1\r\nHost: evil\r\n\r\n");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq((char *)reply.body.data, "/x");
	end();
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
	struct http_config config = {.address = "127.0.0.1"};
	struct http_server *second;
	struct fault f = {0};
	const char *port;

	start((struct http_limits){0});
	port = strrchr(http_server_url(server), ':') + 1;
	config.port = (uint16_t)strtoul(port, NULL, 10);
	ck_assert_int_eq(http_server_new(&second, base, &config, &f),
			 ERR_LOCKED);
	ck_assert_ptr_null(second);
	ck_assert(strstr(f.detail, port));
	config.address = "no such address";
	ck_assert_int_eq(http_server_new(&second, base, &config, &f),
			 ERR_MALFORMED);
	stop();
}
END_TEST

START_TEST(connections_are_counted_and_come_free_again)
{
	struct client others[2];
	struct reply r;

	start((struct http_limits){.connections = 2});
	connect_to(&others[0]);
	connect_to(&others[1]);
	while (http_server_connections(server) < 2)
		client_turn(&others[1]);
	connect_to(&client);
	client_read(&client, &reply, false);
	ck_assert_int_eq(reply.status, 503);
	ck_assert_str_eq(reply_header(&reply, "Content-Type"), HTTP_PROBLEM);
	client_await_close(&client);
	client_close(&client);
	client_close(&others[0]); /* it never sent a byte */
	while (http_server_connections(server) > 1)
		client_turn(&others[1]);
	connect_to(&client);
	ask(GET("/a"));
	ck_assert_int_eq(reply.status, 200);
	/* those that were there are served */
	client_text(&others[1], GET("/b"));
	client_read(&others[1], &r, false);
	ck_assert_int_eq(r.status, 200);
	reply_release(&r);
	client_close(&others[1]);
	end();
}
END_TEST

START_TEST(one_address_has_its_share)
{
	struct client others[3];
	struct reply r;
	int i;

	start((struct http_limits){.per_address = 2, .count_loopback = true});
	for (i = 0; i < 3; i++)
		connect_to(&others[i]);
	client_read(&others[2], &r, false);
	ck_assert_int_eq(r.status, 503);
	reply_release(&r);
	ck_assert_uint_eq(http_server_connections(server), 2);
	for (i = 0; i < 3; i++)
		client_close(&others[i]);
	stop();
	/* loopback is excepted otherwise */
	start((struct http_limits){.per_address = 2});
	for (i = 0; i < 3; i++)
		connect_to(&others[i]);
	client_text(&others[2], GET("/"));
	client_read(&others[2], &r, false);
	ck_assert_int_eq(r.status, 200);
	reply_release(&r);
	for (i = 0; i < 3; i++)
		client_close(&others[i]);
	stop();
}
END_TEST

/* --- what is too much ---------------------------------------------------- */

/* The answer is a problem document, and the last one. */
static void expect_refusal(int status, const char *code)
{
	char member[64];

	ck_assert_int_eq(reply.status, status);
	ck_assert_int_eq(told, status);
	ck_assert_str_eq(reply_header(&reply, "Content-Type"), HTTP_PROBLEM);
	ck_assert_str_eq(reply_header(&reply, "Connection"), "close");
	ck_assert_str_ne(reply_header(&reply, "Date"), "");
	snprintf(member, sizeof(member), "\"status\":%d,", status);
	ck_assert_ptr_nonnull(strstr((char *)reply.body.data, member));
	snprintf(member, sizeof(member), "\"code\":\"%s\"", code);
	ck_assert_ptr_nonnull(strstr((char *)reply.body.data, member));
	ck_assert_ptr_null(strstr((char *)reply.body.data, "<"));
	ck_assert_int_eq(reply.body.data[reply.body.len - 1], '\n');
	client_await_close(&client);
	ck_assert_uint_eq(client.in.len, 0);
	client_close(&client);
	reply_release(&reply);
	memset(&reply, 0, sizeof(reply));
	told = 0;
}

START_TEST(what_no_handler_sees_is_refused_with_a_problem)
{
	static const struct {
		const char *text;
		int status;
		const char *code;
	} cases[] = {
		{POST "Content-Length: 1001\r\n\r\n", 413, "too_big"},
		{POST "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
		 413, "too_big"},
		{POST "Transfer-Encoding: chunked\r\n\r\n3ea\r\n", 413,
		 "too_big"},
		{POST "Content-Length: -1\r\n\r\n", 400, "malformed"},
		{POST "Content-Length: 5\r\nExpect: miracles\r\n\r\n", 417,
		 "malformed"},
		{"GET / HTTP/1.1\r\nno colon here\r\n\r\n", 400, "malformed"},
	};
	struct buf big = {0};
	size_t i;

	start((struct http_limits){.body_bytes = 1000});
	connect_to(&client);
	buf_append_span(&big, span_str("GET / HTTP/1.1\r\nHost: "
				       "localhost\r\nX: "));
	while (big.len < 9000)
		buf_byte(&big, 'x');
	buf_append_span(&big, span_str("\r\n\r\n"));
	client_send(&client, buf_span(&big));
	client_read(&client, &reply, false);
	expect_refusal(400, "malformed");

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		connect_to(&client);
		ask(cases[i].text);
		expect_refusal(cases[i].status, cases[i].code);
		ck_assert_uint_eq(handled, 0);
	}

	/* after a request that was answered, and one that was sent with it */
	connect_to(&client);
	ask(GET("/one"));
	ck_assert_int_eq(reply.status, 200);
	ask(GET("/two") "nonsense\r\n\r\n");
	ck_assert_str_eq((char *)reply.body.data, "/two");
	reply_release(&reply);
	client_read(&client, &reply, false);
	expect_refusal(400, "malformed");

	/* told to go on, and then too long */
	connect_to(&client);
	client_text(&client, POST "Expect: 100-continue\r\n"
				  "Transfer-Encoding: chunked\r\n\r\n");
	client_text(&client, "3ea\r\n");
	client_read(&client, &reply, false);
	if (reply.status == 100) {
		reply_release(&reply);
		client_read(&client, &reply, false);
	}
	expect_refusal(413, "too_big");

	connect_to(&client);
	ask("POST /length HTTP/1.1\r\nHost: localhost\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
	    "\r\n");
	ck_assert_str_eq((char *)reply.body.data, "5\n");
	buf_release(&big);
	end();
}
END_TEST

START_TEST(a_request_has_its_time_and_not_more)
{
	static const char *const begun[] = {"", "GET / HT",
					    "GET / HTTP/1.1\r\nHost: loc",
					    POST "Content-Length: 9\r\n\r\nab"};
	size_t i;

	start((struct http_limits){.deliver_ms = 80});
	for (i = 0; i < sizeof(begun) / sizeof(*begun); i++) {
		connect_to(&client);
		client_text(&client, begun[i]);
		client_await_close(&client);
		ck_assert_uint_eq(client.in.len, 0);
		client_close(&client);
	}
	/* a byte now and then does not buy more of it */
	connect_to(&client);
	client_text(&client, "GET / HTTP/1.1\r\nX: ");
	while (!client.eof) {
		client_text(&client, "x");
		client_turn(&client);
	}
	client_close(&client);
	/* nor does an answer before; who waits for an answer is not cut */
	connect_to(&client);
	client_text(&client, GET("/defer"));
	while (!deferred)
		client_turn(&client);
	for (i = 0; i < 120; i++)
		client_turn(&client);
	ck_assert_ptr_nonnull(deferred);
	http_reply(deferred, 200, HTTP_TEXT, span_str("late\n"));
	client_read(&client, &reply, false);
	ck_assert_str_eq((char *)reply.body.data, "late\n");
	client_await_close(&client);
	ck_assert_uint_eq(http_server_connections(server), 0);
	end();
}
END_TEST

START_TEST(a_reader_that_stops_is_dropped_and_costs_little)
{
	start((struct http_limits){.stall_ms = 100, .deliver_ms = 80});
	connect_to(&client);
	client_text(&client, GET("/endless"));
	while (!done)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(done, 1);
	ck_assert_uint_eq(http_server_connections(server), 0);
	/* what the sockets' buffers take, not what there is */
	ck_assert_uint_lt(slices, 1000);
	end();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("api");

	tcase_add_test(tc, host_is_a_literal_localhost_or_listed);
	tcase_add_test(tc, another_host_is_refused_and_the_handler_never_asked);
	tcase_add_test(tc, a_port_in_use_is_named);
	tcase_add_test(tc, connections_are_counted_and_come_free_again);
	tcase_add_test(tc, one_address_has_its_share);
	tcase_add_test(tc, what_no_handler_sees_is_refused_with_a_problem);
	tcase_add_test(tc, a_request_has_its_time_and_not_more);
	tcase_add_test(tc, a_reader_that_stops_is_dropped_and_costs_little);
	return run_case("http_limits", tc);
}

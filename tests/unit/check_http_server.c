/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server's answers on the wire: lengths, streams, caches, pipelines,
 * and clients that leave.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "http_stub.h"

/* --- answers on the wire ------------------------------------------------- */

START_TEST(head_tells_the_length_and_sends_nothing)
{
	start((struct http_limits){0});
	connect_to(&client);
	ask("HEAD /abc HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply_header(&reply, "Content-Length"), "4");
	ck_assert_str_eq(reply_header(&reply, "Content-Type"), HTTP_TEXT);
	/* the connection goes on where it should */
	ask(GET("/next"));
	ck_assert_str_eq((char *)reply.body.data, "/next");
	stream_left = 5;
	ask("HEAD /lines HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(done, 1);
	ask(GET("/after"));
	ck_assert_str_eq((char *)reply.body.data, "/after");
	end();
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	int i;

	start((struct http_limits){0});
	connect_to(&client);
	client_text(&client, GET("/1") GET("/defer") GET("/3"));
	while (!deferred)
		client_turn(&client);
	/* more arrives while one waits: evhttp would exit the process */
	client_text(&client, GET("/4"));
	for (i = 0; i < 20; i++)
		client_turn(&client);
	ck_assert_uint_eq(handled, 2);
	http_reply(deferred, 200, HTTP_TEXT, span_str("2"));
	for (i = 1; i <= 4; i++) {
		char want[2] = {(char)('0' + i), '\0'};

		client_read(&client, &reply, false);
		ck_assert_int_eq(reply.status, 200);
		ck_assert(strstr((char *)reply.body.data, want));
		reply_release(&reply);
	}
	memset(&reply, 0, sizeof(reply));
	ck_assert_int_eq(told, 200);
	end();
}
END_TEST

#define DELETE "DELETE /length HTTP/1.1\r\nHost: localhost\r\n"

START_TEST(a_delete_may_have_a_body)
{
	start((struct http_limits){.body_bytes = 100});
	connect_to(&client);
	ask(DELETE "Content-Length: 5\r\n\r\n12345");
	ck_assert_str_eq((char *)reply.body.data, "5\n");
	ask(DELETE "\r\n");
	ck_assert_str_eq((char *)reply.body.data, "0\n");
	ask(DELETE "Content-Length: 101\r\n\r\n");
	ck_assert_int_eq(reply.status, 413);
	end();
}
END_TEST

START_TEST(a_stream_is_whole_in_every_version)
{
	size_t i;

	start((struct http_limits){0});
	connect_to(&client);
	stream_left = 101;
	ask(GET("/lines"));
	ck_assert_str_eq(reply_header(&reply, "Transfer-Encoding"), "chunked");
	ck_assert(!reply.cut);
	ck_assert_uint_eq(reply.body.len, 51 * 16);
	for (i = 0; i < reply.body.len; i += 16)
		ck_assert(
			!memcmp(reply.body.data + i, "0123456789abcde\n", 16));
	ck_assert_uint_eq(done, 1);
	/* one slice is an ordinary answer */
	stream_left = 1;
	ask(GET("/lines"));
	ck_assert_str_eq(reply_header(&reply, "Content-Length"), "16");
	ck_assert_str_ne(reply_header(&reply, "ETag"), "");
	ck_assert_uint_eq(done, 2);
	/* HTTP/1.0 knows no chunks: the end is the connection's */
	stream_left = 101;
	ask("GET /lines HTTP/1.0\r\nHost: localhost\r\n"
	    "Connection: keep-alive\r\n\r\n");
	ck_assert_uint_eq(reply.body.len, 51 * 16);
	ck_assert_str_eq(reply_header(&reply, "Content-Length"), "");
	ck_assert(client.eof);
	end();
}
END_TEST

START_TEST(a_stream_that_fails_is_seen_to_be_cut)
{
	start((struct http_limits){0});
	connect_to(&client);
	ask(GET("/abort"));
	ck_assert_int_eq(reply.status, 200);
	ck_assert(reply.cut);
	ck_assert_uint_eq(done, 1);
	client_close(&client);
	/* before anything was sent it is an answer */
	slices = 2;
	connect_to(&client);
	ask(GET("/abort"));
	ck_assert_int_eq(reply.status, 500);
	ck_assert_uint_eq(done, 2);
	end();
}
END_TEST

START_TEST(who_has_it_already_gets_304)
{
	char text[256], tag[128];

	start((struct http_limits){0});
	connect_to(&client);
	ask(GET("/tagged"));
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply_header(&reply, "Cache-Control"), "no-cache");
	snprintf(tag, sizeof(tag), "%s", reply_header(&reply, "ETag"));
	snprintf(text, sizeof(text),
		 "GET /tagged HTTP/1.1\r\nHost: localhost\r\n"
		 "If-None-Match: \"x\", W/%s\r\n\r\n",
		 tag);
	ask(text);
	ck_assert_int_eq(reply.status, 304);
	ck_assert_str_eq(reply_header(&reply, "ETag"), tag);
	ask("GET /tagged HTTP/1.1\r\nHost: localhost\r\n"
	    "If-None-Match: \"other\"\r\n\r\n");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq((char *)reply.body.data, "same\n");
	end();
}
END_TEST

START_TEST(noise_is_answered_with_400_or_nothing)
{
	static const char *const noise[] = {
		"\r\n\r\n\r\n\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
		POST "Content-Length: -1\r\n\r\n",
		POST "Content-Length: 99999999999999999999\r\n\r\n",
		POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	};
	size_t i;

	start((struct http_limits){.deliver_ms = 200});
	for (i = 0; i < sizeof(noise) / sizeof(*noise); i++) {
		connect_to(&client);
		client_text(&client, noise[i]);
		client_read(&client, &reply, false);
		ck_assert_msg(!reply.status || reply.status >= 400, "%zu: %d",
			      i, reply.status);
		reply_release(&reply);
		client_close(&client);
	}
	ck_assert_uint_eq(handled, 0);
	memset(&reply, 0, sizeof(reply));
	connect_to(&client);
	ask(GET("/fine"));
	ck_assert_int_eq(reply.status, 200);
	end();
}
END_TEST

START_TEST(head_of_a_stream_makes_nothing_of_it)
{
	start((struct http_limits){0});
	connect_to(&client);
	ask("HEAD /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply_header(&reply, "Content-Type"), HTTP_TEXT);
	ck_assert_uint_eq(slices, 0);
	ck_assert_uint_eq(done, 1);
	ask(GET("/next")); /* nothing is between the two */
	ck_assert_str_eq((char *)reply.body.data, "/next");
	ask("HEAD /abort HTTP/1.0\r\nHost: localhost\r\n"
	    "Connection: keep-alive\r\n\r\n");
	ck_assert_int_eq(reply.status, 200);
	client_await_close(&client);
	ck_assert_uint_eq(slices, 0);
	ck_assert_uint_eq(done, 2);
	end();
}
END_TEST

/* --- clients that go ----------------------------------------------------- */

START_TEST(a_client_that_goes_cancels_what_it_waits_for_once)
{
	struct client other;

	start((struct http_limits){0});
	connect_to(&other);
	connect_to(&client);
	client_text(&client, GET("/defer"));
	while (!deferred)
		client_turn(&client);
	client_close(&client);
	while (!cancelled)
		client_turn(&other);
	ck_assert_uint_eq(cancelled, 1);
	ck_assert_uint_eq(http_server_connections(server), 1);
	/* and a stream is told that it is over */
	connect_to(&client);
	client_text(&client, GET("/endless"));
	while (client.in.len < 100000)
		client_turn(&client);
	client_close(&client);
	while (!done)
		client_turn(&other);
	ck_assert_uint_eq(done, 1);
	client_close(&other);
	stop();
}
END_TEST

START_TEST(what_waits_holds_no_body_and_the_next_one_is_whole)
{
	struct buf next = {0};
	size_t i, k;

	start((struct http_limits){0});
	connect_to(&client);
	for (i = 0; i < 2; i++) {
		client_text(&client, "POST /defer HTTP/1.1\r\nHost: localhost"
				     "\r\nContent-Length: 5\r\n\r\nhello");
		while (!deferred)
			client_turn(&client);
		ck_assert_uint_eq(http_body(deferred).len, 0);
		/* more than is read ahead comes before the answer */
		buf_reset(&next);
		buf_append_span(&next,
				span_str("POST /length HTTP/1.1\r\nHost: "
					 "localhost\r\nContent-Length: "
					 "100000\r\n\r\n"));
		for (k = 0; k < 100000; k++)
			buf_byte(&next, 'x');
		client_send(&client, buf_span(&next));
		client_turn(&client);
		client_turn(&client);
		ck_assert_uint_eq(client.in.len, 0);
		http_reply(deferred, 200, HTTP_TEXT, span_str("late\n"));
		deferred = NULL;
		client_read(&client, &reply, false);
		ck_assert_str_eq((char *)reply.body.data, "late\n");
		reply_release(&reply);
		client_read(&client, &reply, false);
		ck_assert_str_eq((char *)reply.body.data, "100000\n");
		reply_release(&reply);
		memset(&reply, 0, sizeof(reply));
	}
	ck_assert_uint_eq(cancelled, 0);
	buf_release(&next);
	end();
}
END_TEST

START_TEST(closing_the_server_cancels_everything)
{
	struct client streaming, fresh;

	start((struct http_limits){0});
	connect_to(&client);
	connect_to(&streaming);
	client_text(&client, GET("/defer"));
	client_text(&streaming, GET("/endless"));
	while (!deferred || !slices)
		client_turn(&client);
	connect_to(&fresh);
	http_server_free(server);
	ck_assert_uint_eq(cancelled, 1);
	ck_assert_uint_eq(done, 1);
	event_base_free(base);
	client_close(&client);
	client_close(&streaming);
	client_close(&fresh);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("api");

	tcase_add_test(tc, head_tells_the_length_and_sends_nothing);
	tcase_add_test(tc, pipelined_requests_are_answered_in_order);
	tcase_add_test(tc, a_delete_may_have_a_body);
	tcase_add_test(tc, a_stream_is_whole_in_every_version);
	tcase_add_test(tc, a_stream_that_fails_is_seen_to_be_cut);
	tcase_add_test(tc, who_has_it_already_gets_304);
	tcase_add_test(tc, head_of_a_stream_makes_nothing_of_it);
	tcase_add_test(tc, noise_is_answered_with_400_or_nothing);
	tcase_add_test(tc, a_client_that_goes_cancels_what_it_waits_for_once);
	tcase_add_test(tc, what_waits_holds_no_body_and_the_next_one_is_whole);
	tcase_add_test(tc, closing_the_server_cancels_everything);
	return run_case("http_server", tc);
}

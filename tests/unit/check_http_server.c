/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server with a handler of the test's own: which requests get
 * through, what an answer looks like on the wire, and clients that are slow,
 * greedy, early or gone.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/host.h"
#include "http/server.h"
#include "http_client.h"

static struct event_base *base;
static struct http_server *server;
static struct client client;
static struct reply reply;

/* What the handler below did. */
static struct http_request *deferred;
static unsigned handled, cancelled, done, slices;
static int told;

static void on_cancel(void *ctx)
{
	ck_assert_ptr_eq(ctx, &deferred);
	deferred = NULL;
	cancelled++;
}

/* Streams: the last digit of the path is the kind. */
static size_t stream_left;

static enum http_more more_lines(void *ctx, struct buf *out)
{
	(void)ctx;
	slices++;
	if (stream_left % 2)
		buf_append(out, "0123456789abcde\n", 16);
	/* every other slice has nothing to send */
	return --stream_left ? HTTP_MORE : HTTP_END;
}

static enum http_more more_and_abort(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_append(out, "begun", 5);
	return ++slices < 3 ? HTTP_MORE : HTTP_ABORT;
}

static enum http_more more_for_ever(void *ctx, struct buf *out)
{
	static const uint8_t zeros[65536];

	(void)ctx;
	slices++;
	buf_append(out, zeros, sizeof(zeros));
	return HTTP_MORE;
}

static void on_done(void *ctx)
{
	(void)ctx;
	done++;
}

static const struct http_stream lines = {more_lines, on_done};
static const struct http_stream aborting = {more_and_abort, on_done};
static const struct http_stream endless = {more_for_ever, on_done};

static bool is_path(struct http_request *r, const char *path)
{
	return span_eq(http_path(r), span_str(path));
}

static void on_request(void *ctx, struct http_request *r)
{
	char text[64];
	int n;

	(void)ctx;
	handled++;
	if (is_path(r, "/defer")) {
		deferred = r;
		http_defer(r, on_cancel, &deferred);
	} else if (is_path(r, "/lines")) {
		http_stream(r, 200, HTTP_TEXT, &lines, NULL, true);
	} else if (is_path(r, "/abort")) {
		http_stream(r, 200, HTTP_TEXT, &aborting, NULL, false);
	} else if (is_path(r, "/endless")) {
		http_stream(r, 200, HTTP_TEXT, &endless, NULL, false);
	} else if (is_path(r, "/tagged")) {
		http_reply_tagged(r, HTTP_TEXT, span_str("same\n"));
	} else if (is_path(r, "/length")) {
		n = snprintf(text, sizeof(text), "%zu\n", http_body(r).len);
		http_reply(r, 200, HTTP_TEXT, SPAN(text, n));
	} else {
		http_reply(r, 200, HTTP_TEXT, http_path(r));
	}
}

static void on_answered(void *ctx, const struct http_request *r, int status)
{
	(void)ctx, (void)r;
	told = status;
}

static void start(struct http_limits limits)
{
	static const char *const hosts[] = {"node.example"};
	struct http_config config = {.address = "127.0.0.1",
				     .hosts = hosts,
				     .host_count = 1,
				     .limits = limits,
				     .handle = on_request,
				     .answered = on_answered};
	struct fault f = {0};

	base = event_base_new();
	handled = cancelled = done = slices = 0;
	ck_assert_msg(!http_server_new(&server, base, &config, &f), "%s",
		      f.detail);
}

static void stop(void)
{
	http_server_free(server);
	event_base_free(base);
}

static void connect_to(struct client *c)
{
	client_open(c, base, http_server_url(server));
}

static void ask(const char *text)
{
	reply_release(&reply);
	client_text(&client, text);
	client_read(&client, &reply, !strncmp(text, "HEAD", 4));
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void end(void)
{
	reply_release(&reply);
	memset(&reply, 0, sizeof(reply));
	client_close(&client);
	stop();
}

/* --- who gets in ------------------------------------------------------------
 */

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

/* --- what is too much
 * ---------------------------------------------------------- */

START_TEST(big_headers_and_bodies_are_refused)
{
	struct buf big = {0};
	char head[256];

	start((struct http_limits){.body_bytes = 1000});
	connect_to(&client);
	buf_append_span(&big, span_str("GET / HTTP/1.1\r\nHost: "
				       "localhost\r\nX: "));
	while (big.len < 9000)
		buf_byte(&big, 'x');
	buf_append_span(&big, span_str("\r\n\r\n"));
	client_send(&client, buf_span(&big));
	client_read(&client, &reply, false);
	ck_assert_int_eq(reply.status, 400);
	client_await_close(&client);
	client_close(&client);
	reply_release(&reply);

	connect_to(&client);
	snprintf(head, sizeof(head),
		 "POST / HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Length: 1001\r\n\r\n");
	ask(head);
	ck_assert_int_eq(reply.status, 413);
	client_await_close(&client);
	client_close(&client);

	connect_to(&client);
	ask("POST / HTTP/1.1\r\nHost: localhost\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3ea\r\n");
	ck_assert_int_eq(reply.status, 413);
	ck_assert_uint_eq(handled, 0);
	client_close(&client);

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
	static const char *const begun[] = {
		"", "GET / HT", "GET / HTTP/1.1\r\nHost: loc",
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
		"\r\nab"};
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

/* --- answers on the wire
 * ---------------------------------------------------------- */

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

/* --- clients that go
 * --------------------------------------------------------------- */

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

START_TEST(noise_is_answered_with_400_or_nothing)
{
	static const char *const noise[] = {
		"\r\n\r\n\r\n\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Length: 99999999999999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\n"
		"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
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

int main(void)
{
	Suite *s = suite_create("http_server");
	TCase *tc = tcase_create("server");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, host_is_a_literal_localhost_or_listed);
	tcase_add_test(tc, another_host_is_refused_and_the_handler_never_asked);
	tcase_add_test(tc, a_port_in_use_is_named);
	tcase_add_test(tc, connections_are_counted_and_come_free_again);
	tcase_add_test(tc, one_address_has_its_share);
	tcase_add_test(tc, big_headers_and_bodies_are_refused);
	tcase_add_test(tc, a_request_has_its_time_and_not_more);
	tcase_add_test(tc, a_reader_that_stops_is_dropped_and_costs_little);
	tcase_add_test(tc, head_tells_the_length_and_sends_nothing);
	tcase_add_test(tc, pipelined_requests_are_answered_in_order);
	tcase_add_test(tc, a_stream_is_whole_in_every_version);
	tcase_add_test(tc, a_stream_that_fails_is_seen_to_be_cut);
	tcase_add_test(tc, who_has_it_already_gets_304);
	tcase_add_test(tc, a_client_that_goes_cancels_what_it_waits_for_once);
	tcase_add_test(tc, closing_the_server_cancels_everything);
	tcase_add_test(tc, noise_is_answered_with_400_or_nothing);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "http_stub.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct event_base *base;
struct http_server *server;
struct client client;
struct reply reply;

/* What the handler below did. */
struct http_request *deferred;
unsigned handled, cancelled, done, slices;
int told;

static void on_cancel(void *ctx)
{
	ck_assert_ptr_eq(ctx, &deferred);
	deferred = NULL;
	cancelled++;
}

/* Streams: the last digit of the path is the kind. */
size_t stream_left;

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

void start(struct http_limits limits)
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

void stop(void)
{
	http_server_free(server);
	event_base_free(base);
}

void connect_to(struct client *c)
{
	client_open(c, base, http_server_url(server));
}

void ask(const char *text)
{
	reply_release(&reply);
	client_text(&client, text);
	client_read(&client, &reply, !strncmp(text, "HEAD", 4));
}

void end(void)
{
	reply_release(&reply);
	memset(&reply, 0, sizeof(reply));
	client_close(&client);
	stop();
}

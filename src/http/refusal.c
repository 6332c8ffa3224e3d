/* SPDX-License-Identifier: MIT */
/*
 * Refusals that no handler makes: a connection too many, and what evhttp
 * refuses by itself (a body or headers too large, what is no HTTP). evhttp
 * 2.1 writes a page of HTML then and has no hook for it, so its bytes are
 * exchanged for a problem document before the loop can send them.
 */
#include "http/refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/json_out.h"

#define PAGE_MAX 2048 /* evhttp's pages have some 300 bytes */
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* line: the status line, with its end; more: header lines, or "". */
static void write_refusal(struct buf *out, struct http_server *s,
			  struct span line, const char *more, bool has_body,
			  int status, const struct fault *f)
{
	struct buf body = {0};

	out_problem(&body, status, f);
	buf_append_span(out, line);
	out_text(out, "Content-Type: " HTTP_PROBLEM "\r\nDate: ");
	out_text(out, server_date(s));
	out_text(out, "\r\nConnection: close\r\nContent-Length: ");
	out_uint(out, body.len);
	out_text(out, "\r\n");
	out_text(out, more);
	out_text(out, "\r\n");
	if (has_body)
		buf_append_span(out, buf_span(&body));
	buf_release(&body);
}

void refusal_send(struct conn *c)
{
	struct fault f = {0};
	struct buf out = {0};

	fault_set(&f, ERR_OVERLOADED, "", "too many connections");
	write_refusal(&out, c->server,
		      span_str("HTTP/1.1 503 Service Unavailable\r\n"),
		      "Retry-After: 1\r\n", true, 503, &f);
	/* what it does not take at once is lost: it is closed next */
	(void)!send(c->fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_release(&out);
}

/* --- evhttp's own -------------------------------------------------------- */

static void explain(struct fault *f, const struct http_limits *l, int status)
{
	switch (status) {
	case 413:
		fault_set(f, ERR_TOO_BIG, "",
			  "the body has more than %zu bytes", l->body_bytes);
		break;
	case 417:
		fault_set(f, ERR_MALFORMED, "Expect",
			  "expected 100-continue or nothing");
		break;
	default:
		fault_set(f, ERR_MALFORMED, "",
			  "this is no HTTP/1.1 request, or its line and "
			  "headers have more than %zu bytes",
			  l->header_bytes);
		break;
	}
}

/* The status of an error page that begins here; 0: it is none. */
static int page_status(struct span page)
{
	const char *at = (const char *)page.data;
	int status = 0, i;

	if (page.len < 13 || memcmp(at, "HTTP/", 5) || at[8] != ' ')
		return 0;
	for (i = 9; i < 12; i++) {
		if (at[i] < '0' || at[i] > '9')
			return 0;
		status = 10 * status + at[i] - '0';
	}
	return status >= 400 && status < 600 ? status : 0;
}

static struct span upto(struct span text, const char *mark)
{
	const uint8_t *at = memmem(text.data, text.len, mark, strlen(mark));

	return at ? SPAN(text.data, at + strlen(mark) - text.data)
		  : SPAN(NULL, 0);
}

/* out holds all that is to be sent, evhttp's page last. */
static void exchange(struct conn *c, struct evbuffer *out)
{
	size_t skip = 0, len = evbuffer_get_length(out);
	uint8_t bytes[PAGE_MAX];
	struct span page, line, head;
	struct buf ours = {0};
	struct fault f = {0};
	int status;

	if (len > sizeof(bytes) ||
	    evbuffer_copyout(out, bytes, len) != (ev_ssize_t)len)
		return;
	if (len > strlen(CONTINUE) &&
	    !memcmp(bytes, CONTINUE, strlen(CONTINUE)))
		skip = strlen(CONTINUE);
	page = SPAN(bytes + skip, len - skip);
	status = page_status(page);
	line = upto(page, "\r\n");
	head = upto(page, "\r\n\r\n");
	if (!status || !head.len)
		return;
	explain(&f, &c->server->limits, status);
	buf_append(&ours, bytes, skip);
	write_refusal(&ours, c->server, line, "", head.len < page.len, status,
		      &f);
	c->refused = true; /* this one is the last on its connection */
	evbuffer_drain(out, len);
	evbuffer_add(out, ours.data, ours.len);
	buf_release(&ours);
	c->req.tag = -1;
	if (c->server->config.answered)
		c->server->config.answered(c->server->config.ctx, &c->req,
					   status);
}

/* Runs after the callback in which evhttp wrote, and before the loop looks
 * for sockets that can be written to. */
static void on_written(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct evbuffer *out = bufferevent_get_output(c->bev);

	(void)fd, (void)what;
	if (c->req.ev)
		return;
	/* a bufferevent freezes the front of what it is to write */
	evbuffer_unfreeze(out, 1);
	exchange(c, out);
	evbuffer_freeze(out, 1);
}

/* What is written while no request is ours is evhttp's own. */
static void on_output(struct evbuffer *out, const struct evbuffer_cb_info *info,
		      void *arg)
{
	struct conn *c = arg;

	(void)out;
	if (!info->n_added || c->req.ev || c->refused)
		return;
	if (!c->written)
		c->written = event_new(c->server->base, -1, 0, on_written, c);
	event_active(c->written, EV_TIMEOUT, 0);
}

void refusal_watch(struct conn *c)
{
	c->watch =
		evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, c);
}

void refusal_unwatch(struct conn *c)
{
	evbuffer_remove_cb_entry(bufferevent_get_output(c->bev), c->watch);
	if (c->written)
		event_free(c->written);
}

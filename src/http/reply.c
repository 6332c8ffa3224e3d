/* SPDX-License-Identifier: MIT */
/*
 * Reading a request and answering it through evhttp: whole, later, or in
 * slices. Mends what evhttp leaves out: the length of an answer to HEAD, the
 * end of an HTTP/1.0 stream, clients that leave while they wait.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "http/conn.h"
#include "http/json_out.h"
#include "http/server.h"

/* --- a request ----------------------------------------------------------- */

enum http_method http_method(const struct http_request *r)
{
	return r->method;
}

struct span http_path(const struct http_request *r)
{
	return r->path;
}

struct span http_query(const struct http_request *r)
{
	return r->query;
}

const char *http_header(const struct http_request *r, enum http_header h)
{
	return r->headers[h];
}

const char *http_peer(const struct http_request *r)
{
	return r->conn->peer;
}

struct span http_body(struct http_request *r)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r->ev);
	size_t len = evbuffer_get_length(in);

	return SPAN(len ? evbuffer_pullup(in, -1) : NULL, len);
}

void http_set_tag(struct http_request *r, int tag)
{
	r->tag = tag;
}

int http_tag(const struct http_request *r)
{
	return r->tag;
}

/* --- an answer ----------------------------------------------------------- */

void http_reply_header(struct http_request *r, const char *name,
		       const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(r->ev), name,
			  value);
}

/* evhttp's own list of phrases ends at 417. */
static const char *phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 202:
		return "Accepted";
	case 422:
		return "Unprocessable Content";
	case 429:
		return "Too Many Requests";
	default:
		return NULL;
	}
}

/* evhttp would make it anew each time. */
const char *server_date(struct http_server *s)
{
	struct timeval now;

	event_base_gettimeofday_cached(s->base, &now);
	if (now.tv_sec != s->date_of) {
		s->date_of = now.tv_sec;
		evutil_date_rfc1123(s->date, sizeof(s->date), NULL);
	}
	return s->date;
}

/* What every answer begins with. */
static void begin(struct http_request *r, int status, const char *type)
{
	struct http_server *s = r->conn->server;

	if (!r->ev || r->status)
		BUG("a request is answered twice");
	r->status = status;
	r->cancel = NULL;
	http_reply_header(r, "Date", server_date(s));
	if (type)
		http_reply_header(r, "Content-Type", type);
	if (s->config.answered)
		s->config.answered(s->config.ctx, r, status);
}

void http_reply(struct http_request *r, int status, const char *type,
		struct span body)
{
	char length[24];

	begin(r, status, type);
	if (r->method == HTTP_HEAD) {
		snprintf(length, sizeof(length), "%zu", body.len);
		http_reply_header(r, "Content-Length", length);
	} else {
		evbuffer_add(evhttp_request_get_output_buffer(r->ev), body.data,
			     body.len);
	}
	evhttp_send_reply(r->ev, status, phrase(status), NULL);
}

void out_problem(struct buf *out, int status, const struct fault *f)
{
	const char *detail = f->detail[0] ? f->detail : err_text(f->code);

	out_text(out, "{\"type\":\"urn:ccoin:error:");
	out_text(out, err_code(f->code));
	out_text(out, "\",\"title\":");
	out_string(out, span_str(err_text(f->code)));
	out_text(out, ",\"status\":");
	out_uint(out, (uint64_t)status);
	out_text(out, ",\"detail\":");
	out_string(out, span_str(detail));
	out_text(out, ",\"code\":");
	out_string(out, span_str(err_code(f->code)));
	if (f->field[0]) {
		out_text(out, ",\"field\":");
		out_string(out, span_str(f->field));
	}
	out_text(out, "}\n");
}

void http_problem(struct http_request *r, int status, const struct fault *f)
{
	struct buf b = {0};

	out_problem(&b, status, f);
	http_reply(r, status, HTTP_PROBLEM, buf_span(&b));
	buf_release(&b);
}

/* --- caches -------------------------------------------------------------- */

bool http_has_tag(const struct http_request *r, const char *tag)
{
	const char *have = r->headers[HTTP_IF_NONE_MATCH];
	size_t len = strlen(tag);

	if (!have || (r->method & (HTTP_GET | HTTP_HEAD)) == 0)
		return false;
	if (!strcmp(have, "*"))
		return true;
	for (; (have = strstr(have, tag)); have += len)
		if (have > r->headers[HTTP_IF_NONE_MATCH] && have[-1] == '"' &&
		    have[len] == '"')
			return true;
	return false;
}

void http_set_cache(struct http_request *r, const char *tag,
		    const char *control)
{
	char quoted[128];

	snprintf(quoted, sizeof(quoted), "\"%s\"", tag);
	http_reply_header(r, "ETag", quoted);
	http_reply_header(r, "Cache-Control", control);
}

void http_not_modified(struct http_request *r)
{
	begin(r, 304, NULL);
	evhttp_send_reply(r->ev, 304, NULL, NULL);
}

/* Enough of SHA-256 that two bodies never share it by accident. */
#define TAG_BYTES 12

void http_reply_tagged(struct http_request *r, const char *type,
		       struct span body)
{
	char tag[2 * HASH_LEN + 1];
	struct hash h;

	sha256(&h, body);
	hash_hex(tag, &h);
	tag[2 * TAG_BYTES] = '\0';
	http_set_cache(r, tag, "no-cache");
	if (http_has_tag(r, tag))
		http_not_modified(r);
	else
		http_reply(r, 200, type, body);
}

/* --- later --------------------------------------------------------------- */

/*
 * While a request waits evhttp does not read, so it would not see the client
 * go. Read, but without its read callback: that one exits the process when
 * something arrives in this state. evhttp sets its callbacks again when it
 * writes; the watermark bounds what piles up. Who sends more than that ahead
 * is not seen to go before the answer.
 */
void http_defer(struct http_request *r, http_cancel_fn cancel, void *ctx)
{
	struct bufferevent *bev = r->conn->bev;
	struct evbuffer *body = evhttp_request_get_input_buffer(r->ev);
	bufferevent_data_cb wcb;
	bufferevent_event_cb ecb;
	void *arg;

	r->cancel = cancel;
	r->cancel_ctx = ctx;
	evbuffer_drain(body, evbuffer_get_length(body));
	conn_read_ahead(r->conn, true);
	bufferevent_getcb(bev, NULL, &wcb, &ecb, &arg);
	bufferevent_setcb(bev, NULL, wcb, ecb, arg);
	bufferevent_enable(bev, EV_READ);
}

/* --- in slices ----------------------------------------------------------- */

static void stream_end(struct http_request *r)
{
	const struct http_stream *ops = r->stream;

	r->stream = NULL;
	if (r->again) {
		event_free(r->again);
		r->again = NULL;
	}
	ops->done(r->stream_ctx);
}

static void send_slice(struct http_request *r, enum http_more more);

static void stream_step(struct http_request *r)
{
	struct buf *out = &r->conn->server->slice;

	out->len = 0;
	send_slice(r, r->stream->more(r->stream_ctx, out));
}

/* The slice before has left. */
static void on_flushed(struct evhttp_connection *evcon, void *arg)
{
	struct http_request *r = arg;

	(void)evcon;
	if (r->stream)
		stream_step(r);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	stream_step(arg);
}

/* Nothing to send, so nothing will be flushed: come back next turn. */
static void step_again(struct http_request *r)
{
	static const struct timeval soon = {0, 0};

	if (!r->again)
		r->again = evtimer_new(r->conn->server->base, on_again, r);
	evtimer_add(r->again, &soon);
}

static void send_slice(struct http_request *r, enum http_more more)
{
	struct buf *out = &r->conn->server->slice;
	struct evbuffer *chunk;

	if (more == HTTP_ABORT) {
		evhttp_connection_free(r->conn->evcon); /* calls done */
		return;
	}
	if (more == HTTP_MORE && !out->len) {
		step_again(r);
		return;
	}
	if (out->len) {
		chunk = evbuffer_new();
		evbuffer_add(chunk, out->data, out->len);
		evhttp_send_reply_chunk_with_cb(
			r->ev, chunk, more == HTTP_MORE ? on_flushed : NULL, r);
		evbuffer_free(chunk);
	}
	if (more == HTTP_END) {
		stream_end(r);
		evhttp_send_reply_end(r->ev);
	}
}

/* An HTTP/1.0 client knows the end of a stream by the connection's. */
static void close_after(struct http_request *r)
{
	evhttp_remove_header(evhttp_request_get_input_headers(r->ev),
			     "Connection");
	http_reply_header(r, "Connection", "close");
}

/* The first slice was the last. */
static void reply_whole(struct http_request *r, int status, const char *type,
			enum http_more more, bool etag)
{
	struct span body = buf_span(&r->conn->server->slice);
	struct fault f;

	if (more == HTTP_ABORT) {
		fault_set(&f, ERR_IO, "", "the store cannot be read");
		http_problem(r, 500, &f);
	} else if (etag && status == 200) {
		http_reply_tagged(r, type, body);
	} else {
		http_reply(r, status, type, body);
	}
}

/* The head of an answer whose length is not known. */
static void begin_stream(struct http_request *r, int status, const char *type)
{
	begin(r, status, type);
	if (r->ev->minor == 0)
		close_after(r);
	evhttp_send_reply_start(r->ev, status, phrase(status));
	if (r->method == HTTP_HEAD)
		evhttp_send_reply_end(r->ev);
}

void http_stream(struct http_request *r, int status, const char *type,
		 const struct http_stream *ops, void *ctx, bool etag)
{
	struct buf *out = &r->conn->server->slice;
	enum http_more more;

	out->len = 0;
	if (r->method == HTTP_HEAD && !etag) {
		/* without the length: only making the body would tell it
		 * (RFC 9110, 9.3.2) */
		begin_stream(r, status, type);
		ops->done(ctx);
		return;
	}
	more = ops->more(ctx, out);
	if (more != HTTP_MORE) {
		reply_whole(r, status, type, more, etag);
		ops->done(ctx);
		return;
	}
	if (etag)
		http_reply_header(r, "Cache-Control", "no-cache");
	begin_stream(r, status, type);
	if (r->method == HTTP_HEAD) {
		ops->done(ctx);
		return;
	}
	r->stream = ops;
	r->stream_ctx = ctx;
	send_slice(r, HTTP_MORE);
}

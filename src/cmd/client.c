/* SPDX-License-Identifier: MIT */
/* A small blocking HTTP client over evhttp; see the header. */
#include <config.h>

#include "cmd/client.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
	struct event_base *base;
	struct evhttp_connection *conn;
	char *url;
	char *host;   /* without the brackets of IPv6 */
	char *header; /* of Host */
	char *prefix; /* of every path; "" or "/..." without a slash at end */
	uint16_t port;
};

/* What the callbacks of one call leave behind. */
struct call {
	struct reply *reply;
	bool done;
	bool answered;
	bool has_error;
	enum evhttp_request_error error;
};

static bool take_url(struct client *c, const struct evhttp_uri *uri)
{
	const char *host = uri ? evhttp_uri_get_host(uri) : NULL;
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
	int port = uri ? evhttp_uri_get_port(uri) : -1;
	size_t len;

	if (!scheme || strcmp(scheme, "http") != 0 || !host || !host[0] ||
	    evhttp_uri_get_userinfo(uri) || evhttp_uri_get_query(uri) ||
	    port == 0)
		return false;
	c->port = port < 0 ? 80 : (uint16_t)port;
	len = strlen(host) + sizeof(":65535");
	c->header = xmalloc(len);
	snprintf(c->header, len, port < 0 ? "%s" : "%s:%d", host, port);
	c->host = xstrdup(host[0] == '[' ? host + 1 : host);
	if (host[0] == '[')
		c->host[strcspn(c->host, "]")] = '\0';
	c->prefix = xstrdup(path ? path : "");
	for (len = strlen(c->prefix); len && c->prefix[len - 1] == '/'; len--)
		c->prefix[len - 1] = '\0';
	return true;
}

enum err client_new(struct client **out, const char *url, struct fault *f)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	struct client *c = xcalloc(1, sizeof(*c));
	bool good = take_url(c, uri);

	if (uri)
		evhttp_uri_free(uri);
	c->url = xstrdup(url);
	*out = NULL;
	if (!good) {
		client_free(c);
		return fault_set(f, ERR_OUT_OF_RANGE, "--url",
				 "value %s, expected http://HOST[:PORT]", url);
	}
	c->base = event_base_new();
	if (!c->base)
		BUG("event_base_new failed");
	*out = c;
	return ERR_OK;
}

static void disconnect(struct client *c)
{
	if (c->conn)
		evhttp_connection_free(c->conn);
	c->conn = NULL;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	disconnect(c);
	if (c->base)
		event_base_free(c->base);
	free(c->url);
	free(c->host);
	free(c->header);
	free(c->prefix);
	free(c);
}

static void on_reply(struct evhttp_request *req, void *arg)
{
	struct call *call = arg;
	struct evbuffer *in;
	size_t len;

	call->done = true;
	if (!req || evhttp_request_get_response_code(req) == 0)
		return;
	call->answered = true;
	call->reply->status = evhttp_request_get_response_code(req);
	in = evhttp_request_get_input_buffer(req);
	len = evbuffer_get_length(in);
	buf_reserve(&call->reply->body, len);
	evbuffer_remove(in, call->reply->body.data, len);
	call->reply->body.len = len;
}

static void on_error(enum evhttp_request_error error, void *arg)
{
	struct call *call = arg;

	call->has_error = true;
	call->error = error;
}

static struct evhttp_request *make_request(struct client *c, struct call *call,
					   const struct request *r)
{
	struct evhttp_request *req = evhttp_request_new(on_reply, call);
	struct evkeyvalq *headers;

	if (!req)
		BUG("evhttp_request_new failed");
	evhttp_request_set_error_cb(req, on_error);
	headers = evhttp_request_get_output_headers(req);
	evhttp_add_header(headers, "Host", c->header);
	evhttp_add_header(headers, "Connection", "keep-alive");
	if (r->accept)
		evhttp_add_header(headers, "Accept", r->accept);
	if (r->type) {
		evhttp_add_header(headers, "Content-Type", r->type);
		evbuffer_add(evhttp_request_get_output_buffer(req),
			     r->body.data, r->body.len);
	}
	return req;
}

static void call_once(struct client *c, struct call *call,
		      const struct request *r)
{
	struct evhttp_request *req;
	size_t len = strlen(c->prefix) + strlen(r->path) + 1;
	char *path = xmalloc(len);

	snprintf(path, len, "%s%s", c->prefix, r->path);
	if (!c->conn) {
		c->conn = evhttp_connection_base_new(c->base, NULL, c->host,
						     c->port);
		if (!c->conn)
			BUG("evhttp_connection_base_new failed");
		evhttp_connection_set_max_body_size(c->conn, REPLY_MAX);
	}
	evhttp_connection_set_timeout(
		c->conn, r->timeout ? (int)r->timeout : CLIENT_TIMEOUT_DEFAULT);
	req = make_request(c, call, r);
	/* a request that cannot be made is freed by evhttp */
	if (evhttp_make_request(c->conn, req,
				r->type ? EVHTTP_REQ_POST : EVHTTP_REQ_GET,
				path))
		call->done = true;
	free(path);
	while (!call->done)
		if (event_base_loop(c->base, EVLOOP_ONCE))
			break;
}

static enum err explain(const struct client *c, const struct call *call,
			struct fault *f)
{
	if (call->has_error && call->error == EVREQ_HTTP_TIMEOUT)
		return fault_set(f, ERR_TIMEOUT, "", "%s: no answer in time",
				 c->url);
	if (call->has_error && call->error == EVREQ_HTTP_DATA_TOO_LONG)
		return fault_set(f, ERR_TOO_BIG, "",
				 "%s: the answer is longer than %u bytes",
				 c->url, REPLY_MAX);
	return fault_set(f, ERR_UNAVAILABLE, "",
			 "%s: cannot be reached; is the node running?", c->url);
}

enum err client_call(struct client *c, struct reply *out,
		     const struct request *r, struct fault *f)
{
	bool kept = c->conn != NULL;
	struct call call;

	for (;;) {
		*out = (struct reply){0};
		call = (struct call){.reply = out};
		call_once(c, &call, r);
		if (call.answered)
			return ERR_OK;
		reply_release(out);
		disconnect(c);
		if (!kept ||
		    (call.has_error && call.error == EVREQ_HTTP_TIMEOUT))
			return explain(c, &call, f);
		kept = false;
	}
}

void reply_release(struct reply *r)
{
	buf_release(&r->body);
	*r = (struct reply){0};
}

/* SPDX-License-Identifier: MIT */
/*
 * Listening, and handing whole requests up. Knows nothing of routes.
 */
#include "http/server.h"

#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "http/conn.h"
#include "http/host.h"

#define BACKLOG 128

/* --- requests ------------------------------------------------------------ */

static enum http_method method_of(enum evhttp_cmd_type type)
{
	/* evhttp has more, and one that its enum does not name */
	if (type == EVHTTP_REQ_GET)
		return HTTP_GET;
	if (type == EVHTTP_REQ_HEAD)
		return HTTP_HEAD;
	if (type == EVHTTP_REQ_POST)
		return HTTP_POST;
	if (type == EVHTTP_REQ_PUT)
		return HTTP_PUT;
	if (type == EVHTTP_REQ_DELETE)
		return HTTP_DELETE;
	return HTTP_OTHER;
}

/* Keep the headers that matter. false when Host is there twice. */
static bool read_headers(struct http_request *r, const char **host)
{
	static const char *const names[HTTP_HEADER_COUNT] = {
		[HTTP_ACCEPT] = "Accept",
		[HTTP_AUTHORIZATION] = "Authorization",
		[HTTP_CONTENT_TYPE] = "Content-Type",
		[HTTP_IF_NONE_MATCH] = "If-None-Match",
	};
	const struct evkeyval *h;
	size_t i;

	*host = NULL;
	memset(r->headers, 0, sizeof(r->headers));
	for (h = evhttp_request_get_input_headers(r->ev)->tqh_first; h;
	     h = h->next.tqe_next) {
		if (!strcasecmp(h->key, "Host")) {
			if (*host)
				return false;
			*host = h->value;
			continue;
		}
		for (i = 0; i < HTTP_HEADER_COUNT; i++)
			if (!strcasecmp(h->key, names[i]))
				r->headers[i] = h->value;
	}
	return true;
}

/* Split the target; an absolute one overrides the Host header (RFC 9112,
 * 3.2.2). */
static void read_target(struct http_request *r, const char **host)
{
	const char *uri = evhttp_request_get_uri(r->ev);
	const struct evhttp_uri *parts;
	size_t path, query;

	if (*uri != '/' && *uri != '*') {
		parts = evhttp_request_get_evhttp_uri(r->ev);
		/* evhttp takes us for a proxy, and would close */
		r->ev->flags &= ~EVHTTP_PROXY_REQUEST;
		if (parts && evhttp_uri_get_host(parts)) {
			*host = evhttp_uri_get_host(parts);
			uri = strstr(uri, "//");
			uri = uri ? uri + 2 : "";
			uri += strcspn(uri, "/?#");
		}
	}
	path = strcspn(uri, "?#");
	r->path = SPAN(uri, path);
	r->query = SPAN("", 0);
	if (uri[path] == '?') {
		uri += path + 1;
		query = strcspn(uri, "#");
		r->query = SPAN(uri, query);
	}
}

static void on_request(struct evhttp_request *ev, void *arg)
{
	struct http_server *s = arg;
	struct evhttp_connection *evcon = evhttp_request_get_connection(ev);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	int fd = bufferevent_getfd(bev);
	struct http_request *r;
	struct fault f;
	const char *host;
	bool once;

	if (!TAILQ_EMPTY(&s->fresh))
		conn_adopt(-1, 0, s);
	if (fd < 0 || (size_t)fd >= s->by_fd_len || !s->by_fd[fd])
		BUG("a request on a connection that nobody saw");
	r = &s->by_fd[fd]->req;
	r->ev = ev;
	r->method = method_of(evhttp_request_get_command(ev));
	r->status = 0;
	r->tag = -1;
	r->cancel = NULL;
	r->stream = NULL;
	r->conn->waiting = 0;
	evhttp_request_set_on_complete_cb(ev, conn_answered, r->conn);
	once = read_headers(r, &host);
	read_target(r, &host);
	if (!once ||
	    (!s->config.any_host &&
	     !host_is_allowed(host, s->config.hosts, s->config.host_count))) {
		fault_set(&f, ERR_BAD_HOST, "Host",
			  "the Host header is \"%.100s\"; expected an IP "
			  "literal, localhost or a name listed in http.hosts",
			  host ? host : "");
		http_problem(r, 403, &f);
		return;
	}
	s->config.handle(s->config.ctx, r);
}

/* --- the server ---------------------------------------------------------- */

static void set_limits(struct http_limits *l)
{
	if (!l->header_bytes)
		l->header_bytes = 8192;
	if (!l->body_bytes)
		l->body_bytes = 4u << 20;
	if (!l->connections)
		l->connections = 256;
	if (!l->per_address)
		l->per_address = 16;
	if (!l->deliver_ms)
		l->deliver_ms = 10000;
	if (!l->stall_ms)
		l->stall_ms = 30000;
}

static void set_url(struct http_server *s, int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof(at);
	char host[NI_MAXHOST], port[NI_MAXSERV], url[NI_MAXHOST + 32];

	if (getsockname(fd, (struct sockaddr *)&at, &len) ||
	    getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		BUG("a listening socket without an address");
	snprintf(url, sizeof(url),
		 at.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s",
		 host, port);
	s->url = xstrdup(url);
}

static enum err listen_at(struct http_server *s, struct fault *f)
{
	const struct http_config *cfg = &s->config;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE};
	struct addrinfo *at = NULL;
	struct evconnlistener *l;
	char port[8];
	int rc;

	snprintf(port, sizeof(port), "%u", (unsigned)cfg->port);
	rc = getaddrinfo(cfg->address, port, &hints, &at);
	if (rc)
		return fault_set(f, ERR_MALFORMED, "http", "%s: %s",
				 cfg->address, gai_strerror(rc));
	errno = 0;
	l = evconnlistener_new_bind(s->base, NULL, NULL,
				    LEV_OPT_CLOSE_ON_FREE |
					    LEV_OPT_CLOSE_ON_EXEC |
					    LEV_OPT_REUSEABLE,
				    BACKLOG, at->ai_addr, (int)at->ai_addrlen);
	rc = errno;
	freeaddrinfo(at);
	if (!l)
		return fault_set(f,
				 rc == EADDRINUSE ? ERR_LOCKED
				 : rc == EACCES	  ? ERR_PERMISSION
						  : ERR_IO,
				 "http", "cannot listen on %s:%s: %s",
				 cfg->address, port, strerror(rc));
	if (!evhttp_bind_listener(s->evhttp, l)) {
		evconnlistener_free(l);
		return fault_set(f, ERR_IO, "http", "cannot listen on %s:%s",
				 cfg->address, port);
	}
	set_url(s, evconnlistener_get_fd(l));
	return ERR_OK;
}

enum err http_server_new(struct http_server **out, struct event_base *base,
			 const struct http_config *config, struct fault *f)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	size_t i;
	enum err e;

	*out = NULL;
	s->base = base;
	s->config = *config;
	s->limits = config->limits;
	set_limits(&s->limits);
	TAILQ_INIT(&s->fresh);
	TAILQ_INIT(&s->conns);
	s->hosts = xcalloc(config->host_count + 1, sizeof(*s->hosts));
	for (i = 0; i < config->host_count; i++)
		s->hosts[i] = xstrdup(config->hosts[i]);
	s->config.hosts = (const char *const *)s->hosts;
	s->evhttp = evhttp_new(base);
	s->adopt = event_new(base, -1, 0, conn_adopt, s);
	s->sweep = evtimer_new(base, conn_sweep, s);
	if (!s->evhttp || !s->adopt || !s->sweep)
		BUG("libevent is out of memory");
	evhttp_set_max_headers_size(s->evhttp,
				    (ev_ssize_t)s->limits.header_bytes);
	evhttp_set_max_body_size(s->evhttp, (ev_ssize_t)s->limits.body_bytes);
	evhttp_set_default_content_type(s->evhttp, NULL);
	/* all of them reach us, so that 405 is ours to say */
	evhttp_set_allowed_methods(s->evhttp, 0xffff);
	evhttp_set_bevcb(s->evhttp, conn_accept, s);
	evhttp_set_gencb(s->evhttp, on_request, s);
	e = listen_at(s, f);
	if (e) {
		http_server_free(s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

void http_server_free(struct http_server *s)
{
	size_t i;

	if (!s)
		return;
	conn_adopt(-1, 0, s);
	evhttp_free(s->evhttp);
	event_free(s->adopt);
	event_free(s->sweep);
	for (i = 0; i < s->config.host_count; i++)
		free(s->hosts[i]);
	free(s->hosts);
	free(s->by_fd);
	free(s->url);
	buf_release(&s->slice);
	free(s);
}

const char *http_server_url(const struct http_server *s)
{
	return s->url;
}

unsigned http_server_connections(const struct http_server *s)
{
	return s->count;
}

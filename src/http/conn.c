/* SPDX-License-Identifier: MIT */
/*
 * Connections: how many there may be, how long they may take, and what ends
 * with them. Works around what evhttp 2.1 lacks: it has no limit on
 * connections, no deadline per request and no word on a connection that was
 * accepted. Knows nothing of what is asked on them.
 */
#include "http/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/host.h"
#include "http/refusal.h"
#include "loop/clock.h"

/*
 * evhttp asks for a bufferevent for each connection that it accepts, before
 * it makes its own part. Remember it; conn_adopt() looks at it right after,
 * before anything can have been read.
 */
struct bufferevent *conn_accept(struct event_base *base, void *arg)
{
	struct http_server *s = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
	struct conn *c;

	if (!bev)
		return NULL;
	bufferevent_incref(bev);
	c = xcalloc(1, sizeof(*c));
	c->server = s;
	c->bev = bev;
	TAILQ_INSERT_TAIL(&s->fresh, c, link);
	event_active(s->adopt, EV_TIMEOUT, 0);
	return bev;
}

/*
 * evhttp lets go of the connection, for whatever reason. A request that is
 * being answered ends here too. Its evhttp part is freed by evhttp, unless
 * that took it off the connection first: then it is ours.
 */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
	struct conn *c = arg;
	struct http_server *s = c->server;
	struct http_request *r = &c->req;
	struct evhttp_request *ev = r->ev;
	http_cancel_fn cancel = r->status ? NULL : r->cancel;

	(void)evcon;
	r->ev = NULL;
	r->cancel = NULL;
	if (cancel)
		cancel(r->cancel_ctx);
	if (r->stream)
		r->stream->done(r->stream_ctx);
	if (r->again)
		event_free(r->again);
	if (ev && !ev->evcon)
		evhttp_request_free(ev);
	refusal_unwatch(c);
	s->by_fd[c->fd] = NULL;
	TAILQ_REMOVE(&s->conns, c, link);
	s->count--;
	free(c);
}

static unsigned count_peer(const struct http_server *s, const char *peer)
{
	const struct conn *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &s->conns, link)
	n += !strcmp(c->peer, peer);
	return n;
}

/* Whether the limits leave room for the connection. */
static bool has_room(const struct http_server *s, const struct conn *c)
{
	if (s->count >= s->limits.connections)
		return false;
	if (c->loopback && !s->limits.count_loopback)
		return true;
	return count_peer(s, c->peer) < s->limits.per_address;
}

/* evhttp keeps what a client sends too early: bound it. */
void conn_read_ahead(struct conn *c, bool waits)
{
	const struct http_limits *l = &c->server->limits;
	size_t whole = l->body_bytes + l->header_bytes + 65536;

	c->waits = waits;
	bufferevent_setwatermark(c->bev, EV_READ, 0, waits ? 4096 : whole);
}

static void adopt_one(struct http_server *s, struct conn *c)
{
	char *peer;
	uint16_t port;
	int on = 1;

	c->loopback = false;
	evhttp_connection_get_peer(c->evcon, &peer, &port);
	snprintf(c->peer, sizeof(c->peer), "%s", peer);
	c->loopback = host_is_loopback(c->peer);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn_read_ahead(c, false);
	if (!has_room(s, c)) {
		refusal_send(c);
		evhttp_connection_free(c->evcon);
		free(c);
		return;
	}
	if ((size_t)c->fd >= s->by_fd_len) {
		size_t len = (size_t)c->fd + 64;

		s->by_fd = xrealloc(s->by_fd, len, sizeof(*s->by_fd));
		memset(s->by_fd + s->by_fd_len, 0,
		       (len - s->by_fd_len) * sizeof(*s->by_fd));
		s->by_fd_len = len;
	}
	s->by_fd[c->fd] = c;
	TAILQ_INSERT_TAIL(&s->conns, c, link);
	s->count++;
	c->req.conn = c;
	c->due = clock_steady_ms() + s->limits.deliver_ms;
	refusal_watch(c);
	evhttp_connection_set_closecb(c->evcon, on_close, c);
}

static void arm_sweep(struct http_server *s)
{
	unsigned ms = s->limits.deliver_ms / 8;
	struct timeval tv;

	ms = ms < 10 ? 10 : ms > 1000 ? 1000 : ms;
	tv.tv_sec = ms / 1000;
	tv.tv_usec = (suseconds_t)(ms % 1000) * 1000;
	if (s->count && !evtimer_pending(s->sweep, NULL))
		evtimer_add(s->sweep, &tv);
}

/*
 * evhttp has no word for "accepted", but the argument of the bufferevent's
 * callbacks is its connection (NULL once that is freed): with it, the close
 * callback can be set before the first request.
 */
void conn_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;
	struct conn *c;
	void *evcon;

	(void)fd, (void)what;
	while ((c = TAILQ_FIRST(&s->fresh))) {
		TAILQ_REMOVE(&s->fresh, c, link);
		bufferevent_getcb(c->bev, NULL, NULL, NULL, &evcon);
		c->fd = bufferevent_getfd(c->bev);
		if (bufferevent_decref(c->bev) || !evcon || c->fd < 0) {
			free(c);
			continue;
		}
		c->evcon = evcon;
		adopt_one(s, c);
	}
	arm_sweep(s);
}

/* Whether the connection has had its time. */
static bool is_overdue(struct conn *c, uint64_t now)
{
	struct http_request *r = &c->req;
	size_t waiting;

	if (!r->ev)
		return now >= c->due;
	if (!r->status)
		return false; /* we are the ones who take long */
	waiting = evbuffer_get_length(bufferevent_get_output(c->bev));
	if (waiting != c->waiting || !waiting) {
		c->waiting = waiting;
		c->stalled = now;
		return false;
	}
	return now - c->stalled >= c->server->limits.stall_ms;
}

void conn_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;
	struct conn *c, *next;
	uint64_t now = clock_steady_ms();

	(void)fd, (void)what;
	for (c = TAILQ_FIRST(&s->conns); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (is_overdue(c, now))
			evhttp_connection_free(c->evcon);
	}
	arm_sweep(s);
}

/* The answer is out, or at least handed over: await the next request. */
void conn_answered(struct evhttp_request *ev, void *arg)
{
	struct conn *c = arg;

	(void)ev;
	c->req.ev = NULL;
	if (c->waits)
		conn_read_ahead(c, false);
	c->due = clock_steady_ms() + c->server->limits.deliver_ms;
}

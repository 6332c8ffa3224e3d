/* SPDX-License-Identifier: MIT */
/* One connection; see the header, and conn_io.c for what goes through it. */
#include <config.h>

#include "net/conn_internal.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/clock.h"

static const struct timeval at_once;

/* --- making and ending ------------------------------------------------- */

static void set_deadline(struct conn *c, unsigned ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_add(c->deadline, &tv);
}

/* Go on in the next turn of the loop: a timer of 0 is not served in this. */
void conn_later(struct conn *c)
{
	event_add(c->later, &at_once);
}

static void quiet(struct event *e)
{
	if (e)
		event_del(e);
}

static void free_event(struct event **e)
{
	if (*e)
		event_free(*e);
	*e = NULL;
}

/* The socket and its events. */
static void hang_up(struct conn *c)
{
	free_event(&c->read);
	free_event(&c->write);
	stream_close(&c->stream);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	conn_end(c, c->state == CONN_HANDSHAKE ? "no handshake in 10 s"
					       : "no connection in 10 s");
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->state >= CONN_FLUSHING && !c->told) {
		c->told = true;
		c->config->ops->ended(c->config->ctx, c);
	}
	if (c->state == CONN_DEAD)
		c->config->ops->closed(c->config->ctx, c);
	else if (c->state == CONN_OPEN)
		conn_deliver(c);
}

static struct conn *make(const struct conn_config *config)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->config = config;
	c->stream.fd = -1;
	c->body_max = CONN_STRANGER_MAX;
	c->in = evbuffer_new();
	c->out = evbuffer_new();
	c->later = evtimer_new(config->base, on_later, c);
	c->deadline = evtimer_new(config->base, on_deadline, c);
	if (!c->in || !c->out || !c->later || !c->deadline)
		BUG("libevent has no memory");
	set_deadline(c, CONN_OPEN_MS);
	return c;
}

void conn_free(struct conn *c)
{
	if (!c)
		return;
	if (c->lookup)
		resolve_cancel(c->lookup);
	hang_up(c);
	free_event(&c->later);
	free_event(&c->deadline);
	evbuffer_free(c->in);
	evbuffer_free(c->out);
	free(c);
}

static void set_why(struct conn *c, const char *why)
{
	if (!c->why[0])
		snprintf(c->why, sizeof(c->why), "%s", why);
}

void conn_end(struct conn *c, const char *why)
{
	if (c->state == CONN_DEAD)
		return;
	set_why(c, why);
	c->state = CONN_DEAD;
	if (c->lookup)
		resolve_cancel(c->lookup);
	c->lookup = NULL;
	hang_up(c);
	quiet(c->deadline);
	conn_later(c);
}

void conn_drop(struct conn *c, const char *why)
{
	if (c->state >= CONN_FLUSHING)
		return;
	if (c->state != CONN_OPEN) {
		conn_end(c, why);
		return;
	}
	set_why(c, why);
	c->state = CONN_FLUSHING;
	quiet(c->read);
	event_add(c->write, NULL);
	set_deadline(c, CONN_CLOSE_MS);
	conn_later(c);
}

/* --- opening ----------------------------------------------------------- */

static void open_up(struct conn *c)
{
	if (c->stream.ssl) {
		c->has_id = tls_peer(&c->id, c->stream.ssl);
		if (!c->has_id) {
			conn_end(c, "its certificate has no node's key");
			return;
		}
	}
	c->state = CONN_OPEN;
	c->stats.since = clock_now_ms();
	quiet(c->deadline);
	event_add(c->read, NULL);
	c->config->ops->opened(c->config->ctx, c);
}

static void shake_hands(struct conn *c)
{
	switch (stream_handshake(&c->stream)) {
	case STREAM_DONE:
		open_up(c);
		break;
	case STREAM_WANT_READ:
		event_add(c->read, NULL);
		break;
	case STREAM_WANT_WRITE:
		event_add(c->write, NULL);
		break;
	case STREAM_END:
		conn_end(c, "it closed the connection");
		break;
	case STREAM_FAILED:
		conn_end(c, c->stream.why);
		break;
	}
}

static void begin(struct conn *c)
{
	c->state = CONN_HANDSHAKE;
	if (stream_begin(&c->stream, c->config->tls, c->inbound))
		shake_hands(c);
	else
		conn_end(c, c->stream.why);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	switch (c->state) {
	case CONN_CONNECTING:
		if (stream_connected(&c->stream))
			begin(c);
		else
			conn_try_next(c);
		break;
	case CONN_HANDSHAKE:
		quiet(c->read);
		shake_hands(c);
		break;
	case CONN_OPEN:
	case CONN_FLUSHING:
	case CONN_LINGERING:
		if (what & EV_WRITE)
			conn_write(c);
		if (what & EV_READ)
			conn_read(c);
		break;
	case CONN_RESOLVING:
	case CONN_DEAD:
		break;
	}
}

static void watch(struct conn *c)
{
	struct event_base *base = c->config->base;

	c->read = event_new(base, c->stream.fd, EV_READ | EV_PERSIST, on_ready,
			    c);
	c->write = event_new(base, c->stream.fd, EV_WRITE, on_ready, c);
	if (!c->read || !c->write)
		BUG("libevent has no memory");
}

/* --- dialling ---------------------------------------------------------- */

void conn_try_next(struct conn *c)
{
	hang_up(c);
	while (c->place_at < c->place_count) {
		c->place = c->places[c->place_at++];
		c->has_place = true;
		if (!stream_connect(&c->stream, &c->place))
			continue;
		c->state = CONN_CONNECTING;
		watch(c);
		event_add(c->write, NULL);
		return;
	}
	conn_end(c, c->stream.why);
}

static void on_resolved(void *ctx, const struct place *list, size_t count,
			const char *why)
{
	struct conn *c = ctx;

	c->lookup = NULL;
	if (!count) {
		conn_end(c, why);
		return;
	}
	memcpy(c->places, list, count * sizeof(*list));
	c->place_count = count;
	conn_try_next(c);
}

struct conn *conn_dial(const struct conn_config *config,
		       const struct where *where)
{
	struct conn *c = make(config);

	where_print(c->where, where);
	if (where->numeric) {
		where_place(&c->places[0], where);
		c->place_count = 1;
		conn_try_next(c);
		return c;
	}
	c->state = CONN_RESOLVING;
	c->lookup = resolve(config->resolver, where, on_resolved, c);
	return c;
}

struct conn *conn_accept(const struct conn_config *config, int fd,
			 const struct place *from)
{
	struct conn *c = make(config);

	c->inbound = true;
	c->stream.fd = fd;
	c->has_place = true;
	c->place = *from;
	place_print(c->where, from);
	watch(c);
	c->state = CONN_HANDSHAKE;
	if (!stream_begin(&c->stream, config->tls, true))
		conn_end(c, c->stream.why);
	else if (config->tls)
		event_add(c->read, NULL);
	else /* opened is not called within */
		event_add(c->write, NULL);
	return c;
}

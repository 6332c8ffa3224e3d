/* SPDX-License-Identifier: MIT */
/* One connection; see the header, and channel_io.c for what goes through it. */
#include <config.h>

#include "net/channel_internal.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/clock.h"

static const struct timeval at_once;

/* --- what it holds ----------------------------------------------------- */

static void count_held(struct channel *c, size_t now)
{
	*c->config->held += now;
	*c->config->held -= c->held;
	c->held = now;
}

void channel_count(struct channel *c)
{
	if (c->state == CHANNEL_DEAD)
		return;
	count_held(c, evbuffer_get_length(c->in) + evbuffer_get_length(c->out));
	if (*c->config->held > CHANNELS_HELD_MAX)
		c->config->ops->crowded(c->config->ctx);
}

/* --- making and ending ------------------------------------------------- */

static void set_deadline(struct channel *c, unsigned ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_add(c->deadline, &tv);
}

/* Go on in the next turn of the loop: a timer of 0 is not served in this. */
void channel_later(struct channel *c)
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
static void hang_up(struct channel *c)
{
	free_event(&c->read);
	free_event(&c->write);
	stream_close(&c->stream);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	(void)what;
	channel_end(c, c->state == CHANNEL_HANDSHAKE ? "no handshake in 10 s"
						     : "no connection in 10 s");
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	(void)what;
	if (c->state >= CHANNEL_FLUSHING && !c->told) {
		c->told = true;
		c->config->ops->ended(c->config->ctx, c);
	}
	if (c->state == CHANNEL_DEAD)
		c->config->ops->closed(c->config->ctx, c);
	else if (c->state == CHANNEL_OPEN)
		channel_deliver(c);
}

static struct channel *make(const struct channel_config *config)
{
	struct channel *c = xcalloc(1, sizeof(*c));

	c->config = config;
	c->stream.fd = -1;
	c->body_max = CHANNEL_STRANGER_MAX;
	c->in = evbuffer_new();
	c->out = evbuffer_new();
	c->later = evtimer_new(config->base, on_later, c);
	c->deadline = evtimer_new(config->base, on_deadline, c);
	if (!c->in || !c->out || !c->later || !c->deadline)
		BUG("libevent has no memory");
	set_deadline(c, CHANNEL_OPEN_MS);
	return c;
}

void channel_free(struct channel *c)
{
	if (!c)
		return;
	if (c->lookup)
		resolve_cancel(c->lookup);
	count_held(c, 0);
	hang_up(c);
	free_event(&c->later);
	free_event(&c->deadline);
	evbuffer_free(c->in);
	evbuffer_free(c->out);
	free(c);
}

static void set_why(struct channel *c, const char *why)
{
	if (!c->why[0])
		snprintf(c->why, sizeof(c->why), "%s", why);
}

void channel_end(struct channel *c, const char *why)
{
	if (c->state == CHANNEL_DEAD)
		return;
	set_why(c, why);
	c->state = CHANNEL_DEAD;
	count_held(c, 0); /* it is freed in a turn of its own */
	if (c->lookup)
		resolve_cancel(c->lookup);
	c->lookup = NULL;
	hang_up(c);
	quiet(c->deadline);
	channel_later(c);
}

void channel_drop(struct channel *c, const char *why)
{
	if (c->state >= CHANNEL_FLUSHING)
		return;
	if (c->state != CHANNEL_OPEN) {
		channel_end(c, why);
		return;
	}
	set_why(c, why);
	c->state = CHANNEL_FLUSHING;
	quiet(c->read);
	event_add(c->write, NULL);
	set_deadline(c, CHANNEL_CLOSE_MS);
	channel_later(c);
}

/* --- opening ----------------------------------------------------------- */

static void open_up(struct channel *c)
{
	if (c->stream.ssl) {
		c->has_id = tls_peer(&c->id, c->stream.ssl);
		if (!c->has_id) {
			channel_end(c, "its certificate has no node's key");
			return;
		}
	}
	c->state = CHANNEL_OPEN;
	c->stats.since = clock_now_ms();
	quiet(c->deadline);
	event_add(c->read, NULL);
	c->config->ops->opened(c->config->ctx, c);
}

static void shake_hands(struct channel *c)
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
		channel_end(c, "it closed the connection");
		break;
	case STREAM_FAILED:
		channel_end(c, c->stream.why);
		break;
	}
}

static void begin(struct channel *c)
{
	c->state = CHANNEL_HANDSHAKE;
	if (stream_begin(&c->stream, c->config->tls, c->inbound))
		shake_hands(c);
	else
		channel_end(c, c->stream.why);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	switch (c->state) {
	case CHANNEL_CONNECTING:
		if (stream_connected(&c->stream))
			begin(c);
		else
			channel_try_next(c);
		break;
	case CHANNEL_HANDSHAKE:
		quiet(c->read);
		shake_hands(c);
		break;
	case CHANNEL_OPEN:
	case CHANNEL_FLUSHING:
	case CHANNEL_LINGERING:
		if (what & EV_WRITE)
			channel_write(c);
		if (what & EV_READ)
			channel_read(c);
		break;
	case CHANNEL_RESOLVING:
	case CHANNEL_DEAD:
		break;
	}
}

static void watch(struct channel *c)
{
	struct event_base *base = c->config->base;

	c->read = event_new(base, c->stream.fd, EV_READ | EV_PERSIST, on_ready,
			    c);
	c->write = event_new(base, c->stream.fd, EV_WRITE, on_ready, c);
	if (!c->read || !c->write)
		BUG("libevent has no memory");
}

/* --- dialling ---------------------------------------------------------- */

void channel_try_next(struct channel *c)
{
	hang_up(c);
	while (c->place_at < c->place_count) {
		c->place = c->places[c->place_at++];
		c->has_place = true;
		if (!stream_connect(&c->stream, &c->place))
			continue;
		c->state = CHANNEL_CONNECTING;
		watch(c);
		event_add(c->write, NULL);
		return;
	}
	channel_end(c, c->stream.why);
}

static void on_resolved(void *ctx, const struct endpoint *list, size_t count,
			const char *why)
{
	struct channel *c = ctx;

	c->lookup = NULL;
	if (!count) {
		channel_end(c, why);
		return;
	}
	memcpy(c->places, list, count * sizeof(*list));
	c->place_count = count;
	channel_try_next(c);
}

struct channel *channel_dial(const struct channel_config *config,
			     const struct where *where)
{
	struct channel *c = make(config);

	where_print(c->where, where);
	if (where->numeric) {
		where_endpoint(&c->places[0], where);
		c->place_count = 1;
		channel_try_next(c);
		return c;
	}
	c->state = CHANNEL_RESOLVING;
	c->lookup = resolve(config->resolver, where, on_resolved, c);
	return c;
}

struct channel *channel_accept(const struct channel_config *config, int fd,
			       const struct endpoint *from)
{
	struct channel *c = make(config);

	c->inbound = true;
	c->stream.fd = fd;
	c->has_place = true;
	c->place = *from;
	endpoint_print(c->where, from);
	watch(c);
	c->state = CHANNEL_HANDSHAKE;
	if (!stream_begin(&c->stream, config->tls, true))
		channel_end(c, c->stream.why);
	else if (config->tls)
		event_add(c->read, NULL);
	else /* opened is not called within */
		event_add(c->write, NULL);
	return c;
}

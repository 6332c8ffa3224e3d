/* SPDX-License-Identifier: MIT */
/* What goes through a connection: frames in, in slices; a queue out. */
#include <config.h>

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>

#include "loop/clock.h"
#include "net/channel_internal.h"
#include "net/frame.h"

#define WRITE_SLICE (256u << 10)
/* Thrown away unread of one that is dropped, so that it reads our last words:
 * closing on unread bytes would cut them off. */
#define LINGER_BYTES_MAX (1u << 20)

/* --- in ---------------------------------------------------------------- */

static void end_of_input(struct channel *c)
{
	if (c->stream.why[0])
		channel_end(c, c->stream.why);
	else
		channel_end(c, "it closed the connection");
}

/* RFC 8446 5.1: a record of the handshake, version 3.x. */
static bool speaks_tls(const struct channel *c)
{
	uint8_t head[2];

	return !c->stream.ssl &&
	       evbuffer_copyout(c->in, head, sizeof(head)) == sizeof(head) &&
	       head[0] == 22 && head[1] == 3;
}

static void bad_frame(struct channel *c, const struct frame *frame)
{
	(void)frame;
	c->broken = true;
	channel_end(c, speaks_tls(c) ? "it speaks TLS, and this node runs with "
				       "--p2p-plain"
				     : "a frame of no known type, or over its "
				       "type's length");
}

static void hand_on(struct channel *c, const struct frame *frame)
{
	c->stats.messages_in++;
	c->config->ops->message(c->config->ctx, c, frame->type, frame->body);
	frame_drop(c->in, frame);
}

void channel_deliver(struct channel *c)
{
	enum frame_state state = FRAME_WHOLE;
	uint64_t until = clock_steady_ms() + CHANNEL_SLICE_MS;
	struct frame frame;
	size_t i;

	for (i = 0; i < CHANNEL_SLICE_FRAMES && c->state == CHANNEL_OPEN; i++) {
		state = frame_first(&frame, c->in, c->body_max);
		if (state != FRAME_WHOLE)
			break;
		hand_on(c, &frame);
		/* a question may cost a thousand times its own bytes */
		if (clock_steady_ms() > until)
			break;
	}
	channel_count(c);
	if (c->state != CHANNEL_OPEN)
		return;
	if (state == FRAME_BAD) {
		bad_frame(c, &frame);
		return;
	}
	c->backlog = state == FRAME_WHOLE;
	if (c->backlog) {
		event_del(c->read);
		channel_later(c);
	} else if (c->eof) {
		end_of_input(c);
	} else {
		event_add(c->read, NULL);
	}
}

/* Nothing of it is looked at. */
static void discard(struct channel *c)
{
	uint8_t chunk[16384];
	ssize_t n = recv(c->stream.fd, chunk, sizeof(chunk), 0);

	if (n > 0 && c->discarded < LINGER_BYTES_MAX)
		c->discarded += (size_t)n;
	else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		channel_end(c, "");
}

void channel_read(struct channel *c)
{
	size_t got;

	if (c->state == CHANNEL_LINGERING)
		discard(c);
	if (c->state != CHANNEL_OPEN || c->backlog)
		return;
	switch (stream_read(&c->stream, c->in, CHANNEL_SLICE_BYTES, &got)) {
	case STREAM_DONE:
	case STREAM_WANT_READ:
		break;
	case STREAM_WANT_WRITE:
		event_add(c->write, NULL);
		break;
	case STREAM_END:
	case STREAM_FAILED:
		/* what came before counts */
		c->eof = true;
		break;
	}
	c->stats.bytes_in += got;
	channel_count(c);
	if (c->state == CHANNEL_OPEN)
		channel_deliver(c);
}

/* --- out --------------------------------------------------------------- */

static void flushed(struct channel *c)
{
	stream_finish(&c->stream);
	c->state = CHANNEL_LINGERING;
	event_add(c->read, NULL);
}

void channel_write(struct channel *c)
{
	size_t before = evbuffer_get_length(c->out);
	enum stream_state state;

	if (c->state == CHANNEL_LINGERING)
		return;
	state = stream_write(&c->stream, c->out, WRITE_SLICE);
	c->stats.bytes_out += before - evbuffer_get_length(c->out);
	channel_count(c);
	if (c->state == CHANNEL_DEAD)
		return;
	switch (state) {
	case STREAM_DONE:
		if (c->state == CHANNEL_FLUSHING)
			flushed(c);
		break;
	case STREAM_WANT_READ: /* not in TLS 1.3 */
	case STREAM_WANT_WRITE:
		event_add(c->write, NULL);
		break;
	case STREAM_END:
	case STREAM_FAILED:
		end_of_input(c);
		break;
	}
}

void channel_send(struct channel *c, enum message_type type, struct span body)
{
	if (c->state != CHANNEL_OPEN)
		return;
	if (evbuffer_get_length(c->out) + FRAME_HEAD + body.len >
	    CHANNEL_QUEUE_MAX) {
		channel_end(c, "it does not read");
		return;
	}
	frame_write(c->out, type, body);
	c->stats.messages_out++;
	event_add(c->write, NULL);
	channel_count(c);
}

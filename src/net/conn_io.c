/* SPDX-License-Identifier: MIT */
/* What goes through a connection: frames in, in slices; a queue out. */
#include <config.h>

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>

#include "net/conn_internal.h"
#include "net/frame.h"

#define WRITE_SLICE (256u << 10)
/* Thrown away unread of one that is dropped, so that it reads our last words:
 * closing on unread bytes would cut them off. */
#define LINGER_BYTES_MAX (1u << 20)

/* --- in ---------------------------------------------------------------- */

static void end_of_input(struct conn *c)
{
	if (c->stream.why[0])
		conn_end(c, c->stream.why);
	else
		conn_end(c, "it closed the connection");
}

static void bad_frame(struct conn *c, const struct frame *frame)
{
	(void)frame;
	c->broken = true;
	conn_end(c, "a frame of no known type, or over its type's length");
}

static void hand_on(struct conn *c, const struct frame *frame)
{
	c->stats.messages_in++;
	c->config->ops->message(c->config->ctx, c, frame->type, frame->body);
	frame_drop(c->in, frame);
}

void conn_deliver(struct conn *c)
{
	enum frame_state state = FRAME_WHOLE;
	struct frame frame;
	size_t i;

	for (i = 0; i < CONN_SLICE_FRAMES && c->state == CONN_OPEN; i++) {
		state = frame_first(&frame, c->in, c->body_max);
		if (state != FRAME_WHOLE)
			break;
		hand_on(c, &frame);
	}
	if (c->state != CONN_OPEN)
		return;
	if (state == FRAME_BAD) {
		bad_frame(c, &frame);
		return;
	}
	c->backlog = state == FRAME_WHOLE;
	if (c->backlog) {
		event_del(c->read);
		conn_later(c);
	} else if (c->eof) {
		end_of_input(c);
	} else {
		event_add(c->read, NULL);
	}
}

/* Nothing of it is looked at. */
static void discard(struct conn *c)
{
	uint8_t chunk[16384];
	ssize_t n = recv(c->stream.fd, chunk, sizeof(chunk), 0);

	if (n > 0 && c->discarded < LINGER_BYTES_MAX)
		c->discarded += (size_t)n;
	else if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		conn_end(c, "");
}

void conn_read(struct conn *c)
{
	size_t got;

	if (c->state == CONN_LINGERING)
		discard(c);
	if (c->state != CONN_OPEN || c->backlog)
		return;
	switch (stream_read(&c->stream, c->in, CONN_SLICE_BYTES, &got)) {
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
	conn_deliver(c);
}

/* --- out --------------------------------------------------------------- */

static void flushed(struct conn *c)
{
	stream_finish(&c->stream);
	c->state = CONN_LINGERING;
	event_add(c->read, NULL);
}

void conn_write(struct conn *c)
{
	size_t before = evbuffer_get_length(c->out);
	enum stream_state state;

	if (c->state == CONN_LINGERING)
		return;
	state = stream_write(&c->stream, c->out, WRITE_SLICE);
	c->stats.bytes_out += before - evbuffer_get_length(c->out);
	switch (state) {
	case STREAM_DONE:
		if (c->state == CONN_FLUSHING)
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

void conn_send(struct conn *c, enum message_type type, struct span body)
{
	if (c->state != CONN_OPEN)
		return;
	if (evbuffer_get_length(c->out) + FRAME_HEAD + body.len >
	    CONN_QUEUE_MAX) {
		conn_end(c, "it does not read");
		return;
	}
	frame_write(c->out, type, body);
	c->stats.messages_out++;
	event_add(c->write, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The rules of a chain from a peer; see the header. */
#include <config.h>

#include "net/fetch_genesis.h"

#include <errno.h>
#include <event2/buffer.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "loop/clock.h"
#include "net/frame.h"
#include "net/stream.h"

#define READ_BYTES 65536

struct fetch {
	const struct fetch_from *from;
	struct tls *tls;
	struct stream stream;
	struct evbuffer *in, *out;
	uint64_t deadline; /* steady ms */
	struct fault *f;
};

static enum err fail(struct fetch *x, enum err e, const char *what)
{
	return fault_set(x->f, e, "", "%s: %s", x->from->where, what);
}

/* --- waiting ----------------------------------------------------------- */

static enum err wait_for(struct fetch *x, short events)
{
	struct pollfd p = {.fd = x->stream.fd, .events = events};
	uint64_t now;
	int n;

	do {
		now = clock_steady_ms();
		if (now >= x->deadline)
			return fail(x, ERR_TIMEOUT, "no answer in time");
		n = poll(&p, 1, (int)(x->deadline - now));
	} while (!n || (n < 0 && errno == EINTR));
	return n < 0 ? fail(x, ERR_IO, strerror(errno)) : ERR_OK;
}

/* Wait for what a call wanted; an error when it wanted nothing. */
static enum err wait_as(struct fetch *x, enum stream_state state)
{
	switch (state) {
	case STREAM_WANT_READ:
		return wait_for(x, POLLIN);
	case STREAM_WANT_WRITE:
		return wait_for(x, POLLOUT);
	case STREAM_END:
		return fail(x, ERR_IO, "it closed the connection");
	case STREAM_FAILED:
		return fail(x, ERR_IO, x->stream.why);
	case STREAM_DONE:
		break;
	}
	return ERR_OK;
}

/* --- connecting -------------------------------------------------------- */

static enum err try_place(struct fetch *x, const struct endpoint *to)
{
	enum stream_state state = STREAM_DONE;
	enum err e;

	if (!stream_connect(&x->stream, to))
		return fail(x, ERR_IO, x->stream.why);
	e = wait_for(x, POLLOUT);
	if (e)
		return e;
	if (!stream_connected(&x->stream) ||
	    !stream_begin(&x->stream, x->tls, false))
		return fail(x, ERR_IO, x->stream.why);
	do {
		state = stream_handshake(&x->stream);
		e = wait_as(x, state);
	} while (!e && state != STREAM_DONE);
	return e;
}

static enum err try_places(struct fetch *x, const struct addrinfo *list)
{
	struct endpoint to;
	enum err e = fail(x, ERR_IO, "no address");

	for (; list; list = list->ai_next) {
		to = (struct endpoint){.len = list->ai_addrlen};
		memcpy(&to.sa, list->ai_addr, list->ai_addrlen);
		stream_close(&x->stream);
		e = try_place(x, &to);
		if (!e || e == ERR_TIMEOUT)
			break;
	}
	return e;
}

static enum err open_stream(struct fetch *x)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	struct where w;
	char port[8];
	int error;
	enum err e;

	if (!where_parse(&w, x->from->where))
		return fail(x, ERR_MALFORMED, "expected HOST:PORT");
	snprintf(port, sizeof(port), "%u", (unsigned)w.port);
	error = getaddrinfo(w.host, port, &hints, &list);
	if (error)
		return fail(x, ERR_IO, gai_strerror(error));
	x->deadline = clock_steady_ms() + FETCH_OPEN_MS;
	e = try_places(x, list);
	freeaddrinfo(list);
	return e;
}

/* --- pieces ------------------------------------------------------------ */

static enum err send_question(struct fetch *x, uint64_t offset)
{
	struct buf body = {0};
	enum err e = ERR_OK;

	msg_ask_genesis_encode(&body, offset);
	frame_write(x->out, MSG_RGK, buf_span(&body));
	buf_release(&body);
	while (!e && evbuffer_get_length(x->out))
		e = wait_as(x, stream_write(&x->stream, x->out, READ_BYTES));
	return e;
}

static enum err read_frame(struct fetch *x, struct frame *frame)
{
	enum stream_state state = STREAM_DONE;
	enum err e = ERR_OK;
	size_t got;

	for (;;) {
		switch (frame_first(frame, x->in, MESSAGE_BYTES_MAX)) {
		case FRAME_WHOLE:
			return ERR_OK;
		case FRAME_BAD:
			return fail(x, ERR_MALFORMED,
				    "it sent what is no message");
		case FRAME_MORE:
			break;
		}
		e = wait_as(x, state);
		if (e)
			return e;
		state = stream_read(&x->stream, x->in, READ_BYTES, &got);
		if (got)
			state = STREAM_DONE;
	}
}

/* It says good-bye instead. */
static enum err refused(struct fetch *x, struct span body)
{
	struct msg_bye bye;

	if (msg_bye_decode(&bye, body))
		return fail(x, ERR_MALFORMED, "its good-bye cannot be read");
	return fault_set(x->f, ERR_UNAVAILABLE, "", "%s: %.*s (%.*s)",
			 x->from->where, (int)bye.text.len,
			 (const char *)bye.text.data, (int)bye.code.len,
			 (const char *)bye.code.data);
}

/* Append what follows what is there; *total is 0 before the first. That it is
 * MSG_GENESIS_MAX at most, and the piece within it, is seen by the decoder. */
static enum err take_piece(struct fetch *x, struct fetched *out,
			   uint64_t *total, struct span body)
{
	struct msg_genesis m;

	if (msg_genesis_decode(&m, body) || m.offset != out->rules_raw.len ||
	    (*total && (m.total != *total || m.nonce != out->nonce)))
		return fail(x, ERR_MALFORMED,
			    "its piece of the genesis does not fit");
	*total = m.total;
	out->nonce = m.nonce;
	buf_append_span(&out->rules_raw, m.piece);
	if (x->from->progress)
		x->from->progress(x->from->ctx, out->rules_raw.len, m.total);
	return ERR_OK;
}

static enum err fetch_piece(struct fetch *x, struct fetched *out,
			    uint64_t *total)
{
	struct frame frame;
	enum err e;

	x->deadline = clock_steady_ms() + FETCH_PIECE_MS;
	e = send_question(x, out->rules_raw.len);
	if (!e)
		e = read_frame(x, &frame);
	if (e)
		return e;
	if (frame.type == MSG_GLK)
		e = take_piece(x, out, total, frame.body);
	else if (frame.type == MSG_BYE)
		e = refused(x, frame.body);
	else
		e = fail(x, ERR_MALFORMED, "it sent what was not asked for");
	frame_drop(x->in, &frame);
	return e;
}

enum err fetch_genesis(struct fetched *out, const struct fetch_from *from,
		       struct fault *f)
{
	struct fetch x = {.from = from, .stream = {.fd = -1}, .f = f};
	uint64_t total = 0;
	enum err e = ERR_OK;

	*out = (struct fetched){.nonce = 0};
	x.in = evbuffer_new();
	x.out = evbuffer_new();
	if (!x.in || !x.out)
		BUG("libevent has no memory");
	if (!from->plain)
		e = tls_new(&x.tls, from->key, f);
	if (!e)
		e = open_stream(&x);
	while (!e && (!total || out->rules_raw.len < total))
		e = fetch_piece(&x, out, &total);
	if (!e)
		stream_finish(&x.stream);
	stream_close(&x.stream);
	tls_free(x.tls);
	evbuffer_free(x.in);
	evbuffer_free(x.out);
	if (e)
		buf_release(&out->rules_raw);
	return e;
}

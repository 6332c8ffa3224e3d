/* SPDX-License-Identifier: MIT */
/* Nets of a test; see the header. */
#include <config.h>

#include "net_fixture.h"

#include <check.h>
#include <event2/buffer.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scratch.h"
#include "test_keys.h"

struct event_base *base;

void loop_begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
}

void loop_end(void)
{
	/* what was cancelled is let go of in a turn */
	turn();
	event_base_free(base);
}

/* --- sides --------------------------------------------------------------- */

static void on_connected(void *ctx, uint64_t peer, bool inbound,
			 const struct address *id, const char *where)
{
	struct side *s = ctx;

	ck_assert_uint_gt(peer, s->peer);
	s->connected++;
	s->peer = peer;
	s->inbound = inbound;
	s->has_id = id;
	if (id)
		s->id = *id;
	snprintf(s->where, sizeof(s->where), "%s", where);
	if (s->greet)
		net_peer_good(s->net, peer, "");
}

static void on_message(void *ctx, uint64_t peer, enum message_type type,
		       struct span body)
{
	struct side *s = ctx;
	size_t i = s->messages++ % MESSAGES_KEPT;

	s->from = peer;
	s->got[i].type = type;
	s->got[i].len = body.len;
	s->got[i].first = body.len ? body.data[0] : 0;
}

static void on_disconnected(void *ctx, uint64_t peer)
{
	struct side *s = ctx;

	ck_assert_uint_le(peer, s->peer);
	s->disconnected++;
}

static const struct net_callbacks callbacks = {
	on_connected,
	on_message,
	on_disconnected,
};

void side_start(struct side *s, const char *pem, const char *connect,
		bool plain)
{
	struct net_config config = {
		.datadir = s->dir,
		.address = "127.0.0.1",
		.connect = &connect,
		.connect_count = connect ? 1 : 0,
		.plain = plain,
		.max_peers = 100,
		.callbacks = &callbacks,
		.ctx = s,
	};
	struct fault f = {0};

	if (!s->dir[0]) {
		scratch_path(s->dir, sizeof(s->dir));
		ck_assert_int_eq(mkdir(s->dir, 0700), 0);
	}
	if (!s->key)
		s->key = test_key(pem);
	config.key = s->key;
	ck_assert_msg(net_new(&s->net, base, &config, &f) == ERR_OK, "%s",
		      f.detail);
}

void side_stop(struct side *s)
{
	net_free(s->net);
	s->net = NULL;
}

void side_end(struct side *s)
{
	side_stop(s);
	secret_key_free(s->key);
	s->key = NULL;
}

const char *side_where(const struct side *s)
{
	static char where[32];

	snprintf(where, sizeof(where), "127.0.0.1:%u",
		 (unsigned)net_port(s->net));
	return where;
}

void turn(void)
{
	/* so that a client's own waiting is seen */
	static const struct timeval limit = {0, 10000};

	event_base_loopexit(base, &limit);
	event_base_loop(base, EVLOOP_ONCE);
}

/* --- clients ------------------------------------------------------------- */

void client_open(struct stream *c, const struct side *to, struct tls *t)
{
	struct endpoint at;
	struct where w;
	enum stream_state state;

	*c = (struct stream){.fd = -1};
	ck_assert(where_parse(&w, side_where(to)));
	where_endpoint(&at, &w);
	ck_assert(stream_connect(c, &at));
	turn();
	ck_assert_msg(stream_connected(c), "%s", c->why);
	ck_assert(stream_begin(c, t, false));
	while ((state = stream_handshake(c)) != STREAM_DONE) {
		ck_assert_msg(state == STREAM_WANT_READ ||
				      state == STREAM_WANT_WRITE,
			      "%s", c->why);
		turn();
	}
}

bool client_send(struct stream *c, const void *data, size_t len)
{
	struct evbuffer *out = evbuffer_new();
	enum stream_state state = STREAM_WANT_WRITE;

	evbuffer_add(out, data, len);
	while (state == STREAM_WANT_WRITE || state == STREAM_WANT_READ) {
		state = stream_write(c, out, len);
		if (evbuffer_get_length(out))
			turn();
	}
	evbuffer_free(out);
	return state == STREAM_DONE;
}

bool client_is_closed(struct stream *c)
{
	struct evbuffer *in = evbuffer_new();
	enum stream_state state;
	size_t got;

	do
		state = stream_read(c, in, 65536, &got);
	while (got);
	evbuffer_free(in);
	return state == STREAM_END || state == STREAM_FAILED;
}

void client_await_end(struct stream *c)
{
	UNTIL(client_is_closed(c));
}

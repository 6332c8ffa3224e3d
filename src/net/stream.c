/* SPDX-License-Identifier: MIT */
/* Bytes over a socket; see the header. */
#include <config.h>

#include "net/stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

/* A TLS record's most: OpenSSL takes a record at a time from the socket, so
 * that nothing waits in it that the socket does not tell of. */
#define CHUNK 16384
#define READS_MAX 64 /* records, in one call */

static enum stream_state failed(struct stream *s, const char *what,
				const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s: %s", what, why);
	return STREAM_FAILED;
}

/* --- beginning --------------------------------------------------------- */

bool stream_connect(struct stream *s, const struct endpoint *to)
{
	s->ssl = NULL;
	s->fd = socket(to->sa.ss_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd >= 0 &&
	    (!connect(s->fd, (const struct sockaddr *)&to->sa, to->len) ||
	     errno == EINPROGRESS))
		return true;
	failed(s, "connect", strerror(errno));
	stream_close(s);
	return false;
}

bool stream_connected(struct stream *s)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (!error)
		return true;
	failed(s, "connect", strerror(error));
	return false;
}

bool stream_begin(struct stream *s, struct tls *t, bool inbound)
{
	/* a silent end shows after 60 + 4 * 15 s */
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60},
		{IPPROTO_TCP, TCP_KEEPINTVL, 15},
		{IPPROTO_TCP, TCP_KEEPCNT, 4},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(options); i++)
		if (setsockopt(s->fd, options[i].level, options[i].name,
			       &options[i].value, sizeof(int))) {
			failed(s, "socket", strerror(errno));
			return false;
		}
	if (t)
		s->ssl = tls_attach(t, s->fd, inbound);
	if (t && !s->ssl)
		failed(s, "TLS", "cannot begin");
	return !t || s->ssl;
}

/* --- TLS --------------------------------------------------------------- */

/* What OpenSSL's answer means. */
static enum stream_state judge(struct stream *s, int result)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return STREAM_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return STREAM_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return STREAM_END;
	case SSL_ERROR_SYSCALL:
		failed(s, "TLS", errno ? strerror(errno) : "cut");
		break;
	default:
		failed(s, "TLS", tls_reason());
		break;
	}
	/* after this OpenSSL must not be asked to say goodbye */
	SSL_set_quiet_shutdown(s->ssl, 1);
	return STREAM_FAILED;
}

enum stream_state stream_handshake(struct stream *s)
{
	int r;

	if (!s->ssl)
		return STREAM_DONE;
	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(s->ssl);
	return r == 1 ? STREAM_DONE : judge(s, r);
}

/* One read(2) or SSL_read(); *n > 0 with STREAM_DONE. */
static enum stream_state read_some(struct stream *s, void *to, size_t max,
				   size_t *n)
{
	ssize_t r;

	*n = 0;
	errno = 0;
	if (s->ssl) {
		ERR_clear_error();
		r = SSL_read_ex(s->ssl, to, max, n);
		return r == 1 ? STREAM_DONE : judge(s, (int)r);
	}
	r = read(s->fd, to, max);
	if (r > 0) {
		*n = (size_t)r;
		return STREAM_DONE;
	}
	if (!r)
		return STREAM_END;
	if (errno == EAGAIN || errno == EINTR)
		return STREAM_WANT_READ;
	return failed(s, "read", strerror(errno));
}

enum stream_state stream_read(struct stream *s, struct evbuffer *in, size_t max,
			      size_t *got)
{
	uint8_t chunk[CHUNK];
	enum stream_state state;
	size_t n, reads = 0;

	*got = 0;
	/* a record may bring a single byte, and costs as much as a full one */
	do {
		state = read_some(s, chunk, sizeof(chunk), &n);
		if (n && evbuffer_add(in, chunk, n))
			BUG("evbuffer_add failed");
		*got += n;
	} while (state == STREAM_DONE && *got < max && ++reads < READS_MAX);
	return state;
}

static enum stream_state write_some(struct stream *s, const void *from,
				    size_t len, size_t *n)
{
	ssize_t r;

	*n = 0;
	errno = 0;
	if (s->ssl) {
		ERR_clear_error();
		r = SSL_write_ex(s->ssl, from, len, n);
		return r == 1 ? STREAM_DONE : judge(s, (int)r);
	}
	r = send(s->fd, from, len, MSG_NOSIGNAL);
	if (r >= 0) {
		*n = (size_t)r;
		return STREAM_DONE;
	}
	if (errno == EAGAIN || errno == EINTR)
		return STREAM_WANT_WRITE;
	return failed(s, "write", strerror(errno));
}

enum stream_state stream_write(struct stream *s, struct evbuffer *out,
			       size_t max)
{
	enum stream_state state = STREAM_DONE;
	size_t len, n, done = 0;

	while (state == STREAM_DONE && done < max) {
		/* What OpenSSL did not take it wants to see again, with no
		 * less behind it: the front of the buffer only grows. */
		len = evbuffer_get_contiguous_space(out);
		if (!len)
			return STREAM_DONE;
		if (len > CHUNK)
			len = CHUNK;
		state = write_some(s, evbuffer_pullup(out, (ev_ssize_t)len),
				   len, &n);
		evbuffer_drain(out, n);
		done += n;
	}
	if (state == STREAM_DONE && evbuffer_get_length(out))
		return STREAM_WANT_WRITE;
	return state;
}

/* --- ending ------------------------------------------------------------ */

void stream_finish(struct stream *s)
{
	if (s->ssl && SSL_is_init_finished(s->ssl)) {
		ERR_clear_error();
		SSL_shutdown(s->ssl);
		ERR_clear_error();
	}
	shutdown(s->fd, SHUT_WR);
}

void stream_close(struct stream *s)
{
	SSL_free(s->ssl);
	s->ssl = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

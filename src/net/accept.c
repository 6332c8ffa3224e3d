/* SPDX-License-Identifier: MIT */
/* Listening, and whom to let in before anything is read. */
#include <config.h>

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <string.h>
#include <unistd.h>

#include "loop/clock.h"
#include "loop/log.h"
#include "net/net_internal.h"

#define BACKLOG 128

/* --- whom to let in ---------------------------------------------------- */

struct crowd {
	size_t inbound, half_open, same_host;
};

static void count(struct crowd *out, const struct net *n,
		  const struct host *host)
{
	const struct channel *c;
	struct host other;

	*out = (struct crowd){0};
	LIST_FOREACH (c, &n->channels, link) {
		if (!c->inbound || c->state == CHANNEL_DEAD)
			continue;
		out->inbound++;
		out->half_open += c->state == CHANNEL_HANDSHAKE;
		host_of(&other, &c->place);
		out->same_host += !memcmp(&other, host, sizeof(other));
	}
}

/*
 * Whoever only sits on places must not keep others out: of those that did not
 * prove their key (or else did not greet) one goes. The oldest of the
 * newcomer's own address, so that one address drives out itself alone; else
 * the oldest, as who means it is through before its turn comes. false: there
 * is none.
 */
static bool make_room(const struct net *n, const struct host *host,
		      bool half_open)
{
	struct channel *c, *oldest = NULL, *own = NULL;
	struct host other;

	LIST_FOREACH (c, &n->channels, link) {
		if (!c->inbound || c->good || c->state > CHANNEL_OPEN ||
		    (half_open && c->state != CHANNEL_HANDSHAKE))
			continue;
		host_of(&other, &c->place);
		oldest = c; /* new ones stand first */
		if (!memcmp(&other, host, sizeof(other)))
			own = c;
	}
	if (own)
		oldest = own;
	if (oldest)
		channel_end(oldest, "others need its place");
	return oldest;
}

/* Why not; NULL: let it in. */
static const char *refusal(const struct net *n, const struct endpoint *from)
{
	bool loopback = endpoint_is_loopback(from);
	struct crowd crowd;
	struct host host;

	host_of(&host, from);
	count(&crowd, n, &host);
	if (!loopback && peerbook_banned_host(&n->book, &host, clock_now_ms()))
		return "it is banned";
	if (!loopback && crowd.same_host >= PER_HOST_MAX)
		return "too many from one address";
	if (crowd.half_open >= HALF_OPEN_MAX)
		make_room(n, &host, true);
	else if (crowd.inbound >= n->max_peers && !make_room(n, &host, false))
		return "too many connections";
	return NULL;
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd,
		      struct sockaddr *sa, int len, void *arg)
{
	struct net *n = arg;
	struct endpoint from = {.len = (socklen_t)len};
	char where[WHERE_TEXT];
	struct channel *c;
	const char *why;

	(void)l;
	memcpy(&from.sa, sa, (size_t)len);
	endpoint_tidy(&from);
	why = refusal(n, &from);
	if (why) {
		endpoint_print(where, &from);
		log_debug("%s is not let in: %s", where, why);
		close(fd);
		return;
	}
	c = channel_accept(&n->channel_config, fd, &from);
	LIST_INSERT_HEAD(&n->channels, c, link);
}

/* Without file descriptors it would ring all the time. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
	struct net *n = arg;

	log_warning("cannot accept a connection: %s", strerror(errno));
	evconnlistener_disable(l);
	n->listener_off = true;
	net_wake(n);
}

void net_listen_again(struct net *n)
{
	if (n->listener_off)
		evconnlistener_enable(n->listener);
	n->listener_off = false;
}

/* --- listening --------------------------------------------------------- */

static int open_socket(const struct endpoint *at, bool both)
{
	int fd = socket(at->sa.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, only = !both, error;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (!bind(fd, (const struct sockaddr *)&at->sa, at->len) &&
	    !listen(fd, BACKLOG))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int listen_on(const char *host, uint16_t port, bool both)
{
	struct where w = {.numeric = true, .port = port};
	struct endpoint at;

	w.v6 = strchr(host, ':');
	memcpy(w.host, host, strlen(host) + 1);
	where_endpoint(&at, &w);
	return open_socket(&at, both);
}

static uint16_t bound_port(int fd)
{
	struct endpoint at = {.len = sizeof(at.sa)};

	if (getsockname(fd, (struct sockaddr *)&at.sa, &at.len))
		return 0;
	return ntohs(at.sa.ss_family == AF_INET6
			     ? ((struct sockaddr_in6 *)&at.sa)->sin6_port
			     : ((struct sockaddr_in *)&at.sa)->sin_port);
}

static enum err cannot_listen(struct fault *f, const char *address,
			      uint16_t port, int error)
{
	enum err e = ERR_IO;

	if (error == EADDRINUSE)
		e = ERR_LOCKED;
	else if (error == EACCES || error == EPERM)
		e = ERR_PERMISSION;
	return fault_set(f, e, "",
			 "p2p: cannot listen on %s port %u: %s; --port or "
			 "--listen names another",
			 *address ? address : "all addresses", (unsigned)port,
			 strerror(error));
}

enum err net_listen(struct net *n, const char *address, uint16_t port,
		    struct fault *f)
{
	struct host literal;
	int fd;

	if (*address && !host_parse(&literal, address))
		return fault_set(f, ERR_MALFORMED, "",
				 "cannot listen on %s: expected an IPv4 or "
				 "IPv6 address",
				 address);
	fd = *address ? listen_on(address, port, false)
		      : listen_on("::", port, true);
	/* a machine without IPv6 */
	if (fd < 0 && !*address && errno != EADDRINUSE && errno != EACCES)
		fd = listen_on("0.0.0.0", port, false);
	if (fd < 0)
		return cannot_listen(f, address, port, errno);
	n->port = bound_port(fd);
	n->listener = evconnlistener_new(
		n->base, on_accept, n,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!n->listener) {
		close(fd);
		return fault_set(f, ERR_IO, "", "libevent cannot listen");
	}
	evconnlistener_set_error_cb(n->listener, on_accept_error);
	return ERR_OK;
}

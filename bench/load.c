/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "bench/load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define ROOM 16384 /* to read into, at least */
#define PATIENCE_MS 20000

struct peer {
	int fd, number;
	bool open; /* a request is on its way */
	bool writing;
	struct span left; /* of the request */
	struct buf in;
	size_t head; /* of the answer, with its empty line; 0: not all there */
	size_t body;
	int status;
};

struct run {
	const struct load *load;
	int epoll;
	int busy;
	struct peer peers[CONNECTIONS_MAX];
};

static int dial(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		die("port %u: %s", (unsigned)port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void watch(const struct run *r, struct peer *p, bool writing)
{
	struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0u),
				.data.ptr = p};

	if (writing != p->writing &&
	    epoll_ctl(r->epoll, EPOLL_CTL_MOD, p->fd, &e))
		die("epoll: %s", strerror(errno));
	p->writing = writing;
}

static void push(const struct run *r, struct peer *p)
{
	ssize_t n;

	while (p->left.len) {
		n = send(p->fd, p->left.data, p->left.len,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("send: %s", strerror(errno));
		p->left = SPAN(p->left.data + n, p->left.len - (size_t)n);
	}
	watch(r, p, p->left.len != 0);
}

static void begin(struct run *r, struct peer *p)
{
	const struct load *l = r->load;

	p->open = l->next(l->ctx, p->number, &p->left);
	if (!p->open) {
		r->busy--;
		return;
	}
	p->head = 0;
	buf_reset(&p->in);
	push(r, p);
}

/* The head is there: its status, and how long the body is. */
static void read_head(struct peer *p, const char *end)
{
	const char *text = (const char *)p->in.data, *line = text;

	if (p->in.len < 13 || memcmp(text, "HTTP/1.1 ", 9))
		die("not an HTTP answer: %.*s", (int)(end - text), text);
	p->status = (text[9] - '0') * 100 + (text[10] - '0') * 10 +
		    (text[11] - '0');
	p->head = (size_t)(end - text) + 4;
	while (line < end) {
		line = (const char *)memchr(line, '\n',
					    (size_t)(end + 2 - line)) +
		       1;
		if (!strncasecmp(line, "Content-Length:", 15)) {
			p->body = strtoul(line + 15, NULL, 10);
			return;
		}
	}
	die("an answer without a length: %.*s", (int)(end - text), text);
}

static void pull(struct run *r, struct peer *p)
{
	const struct load *l = r->load;
	const char *end;
	ssize_t n;

	buf_reserve(&p->in, ROOM);
	n = recv(p->fd, p->in.data + p->in.len, p->in.cap - p->in.len,
		 MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the server closed a connection");
	p->in.len += (size_t)n;
	if (!p->head) {
		end = memmem(p->in.data, p->in.len, "\r\n\r\n", 4);
		if (!end)
			return;
		read_head(p, end);
	}
	if (p->in.len < p->head + p->body)
		return;
	l->answer(l->ctx, p->status, SPAN(p->in.data + p->head, p->body));
	begin(r, p);
}

static void turn(struct run *r)
{
	struct epoll_event events[CONNECTIONS_MAX];
	int i, n = epoll_wait(r->epoll, events, CONNECTIONS_MAX, PATIENCE_MS);

	if (!n)
		die("no answer for %d s", PATIENCE_MS / 1000);
	for (i = 0; i < n; i++) {
		struct peer *p = events[i].data.ptr;

		if (events[i].events & EPOLLOUT)
			push(r, p);
		if (events[i].events & ~(uint32_t)EPOLLOUT)
			pull(r, p);
	}
}

void load_run(const struct load *l)
{
	struct run *r = xcalloc(1, sizeof(*r));
	int i;

	r->load = l;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0 || l->connections > CONNECTIONS_MAX)
		die("epoll: %s", strerror(errno));
	for (i = 0; i < l->connections; i++) {
		struct peer *p = &r->peers[i];
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};

		p->number = i;
		p->fd = dial(l->port);
		if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, p->fd, &e))
			die("epoll: %s", strerror(errno));
	}
	r->busy = l->connections;
	for (i = 0; i < l->connections; i++)
		begin(r, &r->peers[i]);
	while (r->busy)
		turn(r);
	for (i = 0; i < l->connections; i++) {
		close(r->peers[i].fd);
		buf_release(&r->peers[i].in);
	}
	close(r->epoll);
	free(r);
}

/* --- single requests --------------------------------------------------- */

void request_get(struct buf *out, const char *path)
{
	char head[512];
	int n = snprintf(head, sizeof(head),
			 "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);

	buf_append(out, head, (size_t)n);
}

void request_post(struct buf *out, const char *path, const char *type,
		  struct span body)
{
	char head[512];
	int n = snprintf(head, sizeof(head),
			 "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
			 "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			 path, type, body.len);

	buf_append(out, head, (size_t)n);
	buf_append_span(out, body);
}

struct single {
	struct buf request, body;
	bool sent;
};

static bool next_single(void *ctx, int conn, struct span *request)
{
	struct single *s = ctx;
	bool first = !s->sent;

	(void)conn;
	s->sent = true;
	*request = buf_span(&s->request);
	return first;
}

static void answer_single(void *ctx, int status, struct span body)
{
	struct single *s = ctx;

	if (status != 200)
		die("%.*s answered %d: %.*s", (int)s->request.len,
		    (const char *)s->request.data, status, (int)body.len,
		    (const char *)body.data);
	buf_append_span(&s->body, body);
	buf_byte(&s->body, 0);
}

struct buf load_get(uint16_t port, const char *path)
{
	struct single s = {0};
	struct load l = {port, 1, &s, next_single, answer_single};

	request_get(&s.request, path);
	load_run(&l);
	buf_release(&s.request);
	return s.body;
}

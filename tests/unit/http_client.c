/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "http_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int run_case(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

void client_open(struct client *c, struct event_base *base, const char *url)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	const char *port = strrchr(url, ':');

	memset(c, 0, sizeof(*c));
	c->base = base;
	at.sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

void client_close(struct client *c)
{
	close(c->fd);
	buf_release(&c->in);
}

static void receive(struct client *c)
{
	uint8_t part[65536];
	ssize_t n = recv(c->fd, part, sizeof(part), MSG_DONTWAIT);

	if (n > 0)
		buf_append(&c->in, part, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		c->eof = true;
}

void client_turn(struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	event_base_loop(c->base, EVLOOP_NONBLOCK);
	poll(&p, 1, 1);
	if (p.revents)
		receive(c);
}

void client_send(struct client *c, struct span bytes)
{
	ssize_t n;

	while (bytes.len) {
		n = send(c->fd, bytes.data, bytes.len,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return; /* the server closed: the reply will tell */
		if (n > 0)
			bytes = SPAN(bytes.data + n, bytes.len - (size_t)n);
		if (bytes.len)
			client_turn(c);
	}
}

void client_text(struct client *c, const char *text)
{
	client_send(c, span_str(text));
}

/* Wait for this many bytes; false when the connection ends before. */
static bool need(struct client *c, size_t len)
{
	while (c->in.len < len && !c->eof)
		client_turn(c);
	return c->in.len >= len;
}

static void consume(struct client *c, size_t len)
{
	memmove(c->in.data, c->in.data + len, c->in.len - len);
	c->in.len -= len;
}

/* Read up to and with a mark into out. */
static bool read_until(struct client *c, const char *mark, char *out,
		       size_t cap)
{
	size_t at, len = strlen(mark);

	for (at = 0;; at++) {
		if (!need(c, at + len))
			return false;
		if (!memcmp(c->in.data + at, mark, len))
			break;
	}
	at += len;
	ck_assert_uint_lt(at, cap);
	memcpy(out, c->in.data, at);
	out[at] = '\0';
	consume(c, at);
	return true;
}

static void take(struct client *c, struct reply *r, size_t len)
{
	r->cut = !need(c, len);
	if (r->cut)
		len = c->in.len;
	buf_append(&r->body, c->in.data, len);
	consume(c, len);
}

static void read_chunks(struct client *c, struct reply *r)
{
	char line[64];
	size_t len = 1;

	while (len && !r->cut) {
		r->cut = !read_until(c, "\r\n", line, sizeof(line));
		len = r->cut ? 0 : strtoul(line, NULL, 16);
		take(c, r, r->cut ? 0 : len);
		r->cut = r->cut || !read_until(c, "\r\n", line, sizeof(line));
	}
}

const char *reply_header(const struct reply *r, const char *name)
{
	static char value[1024];
	const char *at = r->head;
	size_t len = strlen(name), n;

	while ((at = strstr(at, "\r\n"))) {
		at += 2;
		if (strncasecmp(at, name, len) || at[len] != ':')
			continue;
		at += len + 1;
		at += strspn(at, " ");
		n = strcspn(at, "\r");
		ck_assert_uint_lt(n, sizeof(value));
		memcpy(value, at, n);
		value[n] = '\0';
		return value;
	}
	return "";
}

void client_read(struct client *c, struct reply *r, bool head)
{
	memset(r, 0, sizeof(*r));
	if (read_until(c, "\r\n\r\n", r->head, sizeof(r->head)))
		r->status = (int)strtol(r->head + 9, NULL, 10);
	if (!r->status || head || r->status == 304)
		;
	else if (!strcmp(reply_header(r, "Transfer-Encoding"), "chunked"))
		read_chunks(c, r);
	else if (*reply_header(r, "Content-Length"))
		take(c, r,
		     strtoul(reply_header(r, "Content-Length"), NULL, 10));
	else {
		while (!c->eof)
			client_turn(c);
		take(c, r, c->in.len);
	}
	buf_byte(&r->body, 0);
	r->body.len--;
}

void client_await_close(struct client *c)
{
	while (!c->eof)
		client_turn(c);
}

void reply_release(struct reply *r)
{
	buf_release(&r->body);
}

void http_exchange(struct event_base *base, const char *url, const char *method,
		   const char *path, const char *headers, struct span body,
		   struct reply *r)
{
	struct client c;
	char head[2048];

	client_open(&c, base, url);
	snprintf(head, sizeof(head),
		 "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
		 "%s\r\n",
		 method, path, body.len, headers);
	client_text(&c, head);
	client_send(&c, body);
	client_read(&c, r, !strcmp(method, "HEAD"));
	client_close(&c);
}

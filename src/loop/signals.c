/* SPDX-License-Identifier: MIT */
/*
 * The second SIGINT or SIGTERM is left to the kernel: after the first one
 * the default action is put back. See the header.
 */
#include <config.h>

#include "loop/signals.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

struct signals {
	struct event *interrupt, *terminate, *hangup;
	signals_fn *stop, *reload;
	void *ctx;
	struct sigaction old_pipe;
};

static void on_stop(evutil_socket_t number, short what, void *arg)
{
	struct signals *s = arg;

	(void)number;
	(void)what;
	/* both: after ^C, kill ends it at once as well */
	evsignal_del(s->interrupt);
	evsignal_del(s->terminate);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	s->stop(s->ctx);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct signals *s = arg;

	(void)number;
	(void)what;
	if (s->reload)
		s->reload(s->ctx);
}

static struct event *watch(struct event_base *base, int number,
			   event_callback_fn fn, struct signals *s)
{
	struct event *e = evsignal_new(base, number, fn, s);

	if (!e || evsignal_add(e, NULL))
		BUG("libevent refuses a signal");
	return e;
}

struct signals *signals_new(struct event_base *base, signals_fn *stop,
			    signals_fn *reload, void *ctx)
{
	struct signals *s = xcalloc(1, sizeof(*s));
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	s->stop = stop;
	s->reload = reload;
	s->ctx = ctx;
	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, &s->old_pipe);
	s->interrupt = watch(base, SIGINT, on_stop, s);
	s->terminate = watch(base, SIGTERM, on_stop, s);
	s->hangup = watch(base, SIGHUP, on_hangup, s);
	return s;
}

void signals_free(struct signals *s)
{
	if (!s)
		return;
	event_free(s->interrupt);
	event_free(s->terminate);
	event_free(s->hangup);
	sigaction(SIGPIPE, &s->old_pipe, NULL);
	free(s);
}

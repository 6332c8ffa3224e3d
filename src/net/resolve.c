/* SPDX-License-Identifier: MIT */
/* Names to addresses; see the header. */
#include <config.h>

#include "net/resolve.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct resolver {
	struct event_base *base;
	struct evdns_base *dns; /* NULL: not needed yet */
	LIST_HEAD(, lookup) lookups;
};

struct lookup {
	resolved_fn *fn; /* NULL: cancelled */
	void *ctx;
	struct evdns_getaddrinfo_request *request;
	bool starting; /* within resolve() */
	bool over;     /* called back there */
	LIST_ENTRY(lookup) link;
};

struct resolver *resolver_new(struct event_base *base)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->base = base;
	LIST_INIT(&r->lookups);
	return r;
}

static void forget(struct lookup *l)
{
	LIST_REMOVE(l, link);
	free(l);
}

void resolver_free(struct resolver *r)
{
	struct lookup *l, *next;

	if (!r)
		return;
	for (l = LIST_FIRST(&r->lookups); l; l = next) {
		next = LIST_NEXT(l, link);
		resolve_cancel(l);
	}
	if (r->dns)
		evdns_base_free(r->dns, 0);
	/* those whose answer had not come */
	for (l = LIST_FIRST(&r->lookups); l; l = next) {
		next = LIST_NEXT(l, link);
		forget(l);
	}
	free(r);
}

/* A machine without /etc/resolv.conf still has /etc/hosts. */
static bool set_up(struct resolver *r)
{
	if (r->dns)
		return true;
	r->dns = evdns_base_new(r->base,
				EVDNS_BASE_INITIALIZE_NAMESERVERS |
					EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (r->dns)
		return true;
	r->dns = evdns_base_new(r->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (r->dns)
		evdns_base_load_hosts(r->dns, "/etc/hosts");
	return r->dns;
}

static size_t copy_places(struct endpoint out[RESOLVE_MAX],
			  const struct evutil_addrinfo *list)
{
	size_t n = 0;

	for (; list && n < RESOLVE_MAX; list = list->ai_next) {
		if (list->ai_addrlen > sizeof(out->sa))
			continue;
		out[n] = (struct endpoint){.len = (socklen_t)list->ai_addrlen};
		memcpy(&out[n].sa, list->ai_addr, list->ai_addrlen);
		n++;
	}
	return n;
}

static void on_answer(int error, struct evutil_addrinfo *list, void *arg)
{
	struct endpoint places[RESOLVE_MAX];
	struct lookup *l = arg;
	resolved_fn *fn = l->fn;
	void *ctx = l->ctx;
	size_t count = error ? 0 : copy_places(places, list);

	if (list)
		evutil_freeaddrinfo(list);
	if (l->starting)
		l->over = true;
	else
		forget(l);
	if (fn)
		fn(ctx, places, count,
		   error ? evutil_gai_strerror(error) : "no address");
}

struct lookup *resolve(struct resolver *r, const struct where *w,
		       resolved_fn *fn, void *ctx)
{
	struct evutil_addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP,
		.ai_flags = EVUTIL_AI_ADDRCONFIG | EVUTIL_AI_NUMERICSERV,
	};
	struct evdns_getaddrinfo_request *request;
	struct lookup *l;
	char port[8];

	if (!set_up(r)) {
		fn(ctx, NULL, 0, "names cannot be looked up here");
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->fn = fn;
	l->ctx = ctx;
	l->starting = true;
	LIST_INSERT_HEAD(&r->lookups, l, link);
	snprintf(port, sizeof(port), "%u", (unsigned)w->port);
	request =
		evdns_getaddrinfo(r->dns, w->host, port, &hints, on_answer, l);
	l->starting = false;
	l->request = request;
	if (!l->over)
		return l;
	forget(l);
	return NULL;
}

void resolve_cancel(struct lookup *l)
{
	if (!l->fn)
		return;
	/* it is called back once more, in a later turn */
	l->fn = NULL;
	if (l->request)
		evdns_getaddrinfo_cancel(l->request);
}

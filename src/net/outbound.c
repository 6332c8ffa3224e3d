/* SPDX-License-Identifier: MIT */
/* The book and the dialling: which addresses there are, and what became of
 * trying them. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/clock.h"
#include "loop/log.h"
#include "net/net_internal.h"

/* --- addresses --------------------------------------------------------- */

static void offer_book(struct net *n)
{
	size_t i;

	for (i = 0; i < n->book.count; i++)
		dial_offer(&n->dial, n->book.entries[i].where);
}

void net_load_book(struct net *n)
{
	peerbook_file_load(&n->file, &n->book, clock_now_ms());
	offer_book(n);
}

/* As it is dialled: one spelling, and 0.0.0.0 is this machine. */
static bool named_where(char out[WHERE_TEXT], const char *text)
{
	struct where w;

	if (!where_parse(&w, text))
		return false;
	if (where_is_unspecified(&w))
		snprintf(w.host, sizeof(w.host), "%s",
			 w.v6 ? "::1" : "127.0.0.1");
	where_print(out, &w);
	return true;
}

void net_name(struct net *n, const char *const *list, size_t count)
{
	char(*texts)[WHERE_TEXT] = xcalloc(DIAL_NAMED_MAX, sizeof(*texts));
	const char *ok[DIAL_NAMED_MAX];
	size_t i, used = 0;

	for (i = 0; i < count && used < DIAL_NAMED_MAX; i++) {
		if (named_where(texts[used], list[i])) {
			ok[used] = texts[used];
			used++;
		} else {
			log_warning("%s: expected HOST:PORT to connect to",
				    list[i]);
		}
	}
	dial_name(&n->dial, ok, used);
	free(texts);
	offer_book(n);
}

/* Whether addresses of this machine mean something: somebody of it is here, or
 * whoever started us says so. */
static bool has_loopback(const struct net *n)
{
	const struct channel *c;

	if (n->local)
		return true;
	LIST_FOREACH (c, &n->channels, link)
		if (c->has_place && c->state == CHANNEL_OPEN &&
		    endpoint_is_loopback(&c->place))
			return true;
	return false;
}

/* The book forgot some for others: so does the dialling, when it is full. */
static void sweep(struct net *n)
{
	char where[WHERE_TEXT];
	size_t i = n->dial.count;

	while (i--) {
		memcpy(where, n->dial.targets[i].where, sizeof(where));
		if (!peerbook_find(&n->book, where))
			dial_withdraw(&n->dial, where);
	}
}

void net_offer(struct net *n, const char *text, enum peerbook_source source)
{
	char where[WHERE_TEXT];
	struct where w;

	if (!where_parse(&w, text) || !where_is_sound(&w))
		return;
	if (where_is_loopback(&w) && !has_loopback(n))
		return;
	where_print(where, &w);
	if (!strcmp(where, n->advertised))
		return;
	if (!peerbook_add(&n->book, where, source))
		return;
	if (n->dial.count == DIAL_TARGETS_MAX)
		sweep(n);
	dial_offer(&n->dial, where);
}

/* --- dialling ---------------------------------------------------------- */

static bool id_is_connected(void *ctx, const struct address *id)
{
	const struct net *n = ctx;
	const struct channel *c;

	LIST_FOREACH (c, &n->channels, link)
		if (c->state == CHANNEL_OPEN && c->has_id &&
		    address_eq(&c->id, id))
			return true;
	return false;
}

static size_t outbound(const struct net *n)
{
	const struct channel *c;
	size_t count = 0;

	LIST_FOREACH (c, &n->channels, link)
		count += !c->inbound && c->state < CHANNEL_FLUSHING;
	return count;
}

const char *net_obstacle(const struct net *n, const struct where *w)
{
	struct endpoint place;
	struct host host;

	if (n->plain && !where_is_loopback(w))
		return "without TLS only this machine is connected to";
	if (!w->numeric || where_is_loopback(w))
		return NULL;
	where_endpoint(&place, w);
	host_of(&host, &place);
	if (peerbook_banned_host(&n->book, &host, clock_now_ms()))
		return "its address is banned";
	return NULL;
}

static void dial(struct net *n, const struct target *t, uint64_t now)
{
	const char *why;
	struct where w;
	struct channel *c;

	if (!where_parse(&w, t->where))
		BUG("an address to dial is none");
	why = net_obstacle(n, &w);
	if (why) {
		if (t->named && !t->failures)
			log_warning("%s is not connected to: %s", t->where,
				    why);
		dial_ended(&n->dial, t->where, now);
		return;
	}
	log_debug("connecting to %s", t->where);
	c = channel_dial(&n->channel_config, &w);
	c->by_dial = true;
	LIST_INSERT_HEAD(&n->channels, c, link);
}

void net_dial(struct net *n, uint64_t now, uint64_t *wake)
{
	const struct target *t;

	while ((t = dial_next(&n->dial, now, outbound(n), wake, id_is_connected,
			      n)))
		dial(n, t, now);
}

/* Once to the operator, then for who looks closely. */
static void log_end(const struct channel *c, const struct target *t,
		    uint64_t wait)
{
	double seconds = (double)wait / 1000;

	if (!t->named && !c->good)
		log_debug("%s: %s", c->where, c->why);
	else if (c->good || t->failures == 1)
		log_info("%s: %s; trying again in %.1f s", c->where, c->why,
			 seconds);
	else
		log_debug("%s: %s; trying again in %.1f s", c->where, c->why,
			  seconds);
}

void net_dial_ended(struct net *n, const struct channel *c)
{
	const struct target *t = dial_find(&n->dial, c->where);
	bool kept = c->good || peerbook_failed(&n->book, c->where);
	uint64_t wait;

	if (c->by_dial && t) {
		wait = dial_ended(&n->dial, c->where, clock_steady_ms());
		if (!t->self)
			log_end(c, t, wait);
	}
	if (!kept)
		dial_withdraw(&n->dial, c->where);
}

/* SPDX-License-Identifier: MIT */
/* The room's door; see the header. Within: accept.c, outbound.c, channel.c. */
#include <config.h>

#include "net/net.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "loop/clock.h"
#include "loop/log.h"
#include "net/net_internal.h"

/* --- the timer --------------------------------------------------------- */

void net_wake(struct net *n)
{
	struct timeval tv = {0, 0};

	/* out of file descriptors: not at once */
	if (n->listener_off)
		tv.tv_sec = 1;
	event_add(n->tick, &tv);
}

static void save(struct net *n, uint64_t now)
{
	if (n->book.changed) {
		if (!n->save_at)
			n->save_at = now + SAVE_AFTER_MS;
		if (n->save_at > now)
			return;
		peerbook_prune(&n->book, clock_now_ms());
		if (peerbook_file_save(&n->file, &n->book)) {
			n->book.changed = false;
			n->save_at = 0;
		} else {
			n->save_at = now + SAVE_AFTER_MS;
		}
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;
	uint64_t now = clock_steady_ms(), wake;
	struct timeval tv;

	(void)fd;
	(void)what;
	net_listen_again(n);
	net_dial(n, now, &wake);
	save(n, now);
	if (n->save_at && (!wake || n->save_at < wake))
		wake = n->save_at;
	if (!wake)
		return;
	wake = wake > now ? wake - now : 1;
	tv.tv_sec = (time_t)(wake / 1000);
	tv.tv_usec = (suseconds_t)(wake % 1000 * 1000);
	event_add(n->tick, &tv);
}

/* --- bans -------------------------------------------------------------- */

/* Whether what came over it is the doing of who is at that address: anybody
 * can tell us to dial somebody else's server, and that is no node's fault. */
static bool is_of_its_host(const struct channel *c)
{
	return c->has_place && !endpoint_is_loopback(&c->place) &&
	       (c->inbound || c->good);
}

static void ban(struct net *n, const struct channel *c, uint64_t ms,
		const char *why)
{
	uint64_t now = clock_now_ms(), id_ms = 0, host_ms = 0;
	struct host host;

	if (c->has_id)
		id_ms = peerbook_ban_id(&n->book, &c->id, now, ms, why);
	if (is_of_its_host(c)) {
		host_of(&host, &c->place);
		host_ms = peerbook_ban_host(&n->book, &host, now, ms, why);
	}
	if (host_ms > id_ms)
		id_ms = host_ms;
	if (id_ms)
		log_warning("%s is banned for %llu s: %s", c->where,
			    (unsigned long long)id_ms / 1000, why);
	else
		log_warning("%s is dropped: %s", c->where, why);
	net_wake(n);
}

/* Known already to be unwelcome: told, and not told of. */
static bool refuse_banned(struct net *n, struct channel *c)
{
	struct msg_bye bye = {.code = span_str("banned")};
	uint64_t now = clock_now_ms();
	char text[BYE_TEXT_MAX + 1];
	struct buf body = {0};
	const struct ban *b;

	b = c->has_id ? peerbook_banned_id(&n->book, &c->id, now) : NULL;
	if (!b)
		return false;
	log_debug("%s is banned: %s", c->where, b->why);
	snprintf(text, sizeof(text), "banned for %llu s more: %s",
		 (unsigned long long)(b->until - now) / 1000 + 1, b->why);
	bye.text = span_str(text);
	msg_bye_encode(&body, &bye);
	channel_send(c, MSG_BYE, buf_span(&body));
	buf_release(&body);
	channel_drop(c, "its id is banned");
	return true;
}

/* --- what a connection tells ------------------------------------------- */

static void on_opened(void *ctx, struct channel *c)
{
	struct net *n = ctx;
	net_probe_fn *probe = c->probe;

	if (!c->inbound)
		dial_answered(&n->dial, c->where, c->has_id ? &c->id : NULL);
	if (!c->inbound && c->has_id && address_eq(&c->id, &n->id)) {
		dial_self(&n->dial, c->where);
		peerbook_forget(&n->book, c->where);
	}
	c->probe = NULL;
	if (probe)
		probe(c->probe_ctx, true, c->has_id ? &c->id : NULL);
	/* the probe may have come from anywhere */
	if (c->state != CHANNEL_OPEN || refuse_banned(n, c))
		return;
	c->number = ++n->last_number;
	map_put(n->by_number, &c->number, c);
	net_wake(n);
	n->callbacks->connected(n->ctx, c->number, c->inbound,
				c->has_id ? &c->id : NULL, c->where);
}

static void on_message(void *ctx, struct channel *c, enum message_type type,
		       struct span body)
{
	struct net *n = ctx;

	if (c->number)
		n->callbacks->message(n->ctx, c->number, type, body);
}

static void add_stats(struct net_peer_stats *sum,
		      const struct net_peer_stats *s)
{
	sum->bytes_in += s->bytes_in;
	sum->bytes_out += s->bytes_out;
	sum->messages_in += s->messages_in;
	sum->messages_out += s->messages_out;
}

static void on_ended(void *ctx, struct channel *c)
{
	struct net *n = ctx;

	if (c->broken)
		ban(n, c, BAN_MS_FIRST, c->why);
	if (!c->inbound)
		net_dial_ended(n, c);
	else
		log_debug("%s: %s", c->where, c->why);
	if (c->probe)
		c->probe(c->probe_ctx, false, NULL);
	c->probe = NULL;
	if (c->number) {
		add_stats(&n->gone, &c->stats);
		map_del(n->by_number, &c->number);
		n->callbacks->disconnected(n->ctx, c->number);
	}
	net_wake(n);
}

static void on_closed(void *ctx, struct channel *c)
{
	(void)ctx;
	LIST_REMOVE(c, link);
	channel_free(c);
}

/* Who holds most of what all hold is who does not read, or does not come to
 * an end. */
static void on_crowded(void *ctx)
{
	struct net *n = ctx;
	struct channel *c, *most = NULL;

	LIST_FOREACH (c, &n->channels, link)
		if (!most || c->held > most->held)
			most = c;
	if (most)
		channel_end(most, "it holds the most of too much memory");
}

static const struct channel_ops channel_ops = {
	on_opened, on_message, on_ended, on_closed, on_crowded,
};

/* --- making ------------------------------------------------------------ */

static enum err check_plain(const struct net_config *config, struct fault *f)
{
	struct host literal;

	if (!config->plain || (host_parse(&literal, config->address) &&
			       place_is_loopback(config->address)))
		return ERR_OK;
	return fault_set(f, ERR_OUT_OF_RANGE, "",
			 "without TLS a node listens on loopback alone, not on "
			 "%s",
			 *config->address ? config->address : "all addresses");
}

/* On all addresses, whoever sees us knows which one it is: 0.0.0.0 says so. */
static void set_advertised(struct net *n, const struct net_config *config)
{
	const char *host = *config->address ? config->address : "0.0.0.0";
	struct where w;

	if (config->advertise && where_parse(&w, config->advertise))
		where_print(n->advertised, &w);
	else if (config->advertise)
		snprintf(n->advertised, sizeof(n->advertised), "%s",
			 config->advertise);
	else
		place_print(n->advertised, host, n->port);
}

static enum err set_up(struct net *n, const struct net_config *config,
		       struct fault *f)
{
	uint64_t seed;
	enum err e = check_plain(config, f);

	if (e)
		return e;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return fault_set(f, ERR_IO, "", "getrandom failed");
	n->by_number = map_new(sizeof(uint64_t), seed);
	dial_init(&n->dial, seed);
	n->tick = evtimer_new(n->base, on_tick, n);
	if (!n->tick)
		return fault_set(f, ERR_IO, "", "no event loop");
	n->resolver = resolver_new(n->base);
	if (!config->plain)
		e = tls_new(&n->tls, config->key, f);
	if (!e)
		e = net_listen(n, config->address, config->port, f);
	return e;
}

enum err net_new(struct net **out, struct event_base *base,
		 const struct net_config *config, struct fault *f)
{
	struct net *n = xcalloc(1, sizeof(*n));
	enum err e;

	*out = NULL;
	LIST_INIT(&n->channels);
	n->base = base;
	n->callbacks = config->callbacks;
	n->ctx = config->ctx;
	n->plain = config->plain;
	n->local = config->local;
	n->max_peers = config->max_peers;
	n->id = *secret_key_address(config->key);
	peerbook_init(&n->book);
	peerbook_file_init(&n->file, config->datadir);
	e = set_up(n, config, f);
	if (e) {
		net_free(n);
		return e;
	}
	n->channel_config = (struct channel_config){
		.base = base,
		.resolver = n->resolver,
		.tls = n->tls,
		.ops = &channel_ops,
		.ctx = n,
		.held = &n->held,
	};
	set_advertised(n, config);
	net_load_book(n);
	net_name(n, config->connect, config->connect_count);
	net_wake(n);
	*out = n;
	return ERR_OK;
}

void net_free(struct net *n)
{
	struct channel *c;

	if (!n)
		return;
	if (n->listener)
		evconnlistener_free(n->listener);
	while ((c = LIST_FIRST(&n->channels))) {
		LIST_REMOVE(c, link);
		channel_free(c);
	}
	resolver_free(n->resolver);
	peerbook_file_finish(&n->file, &n->book);
	peerbook_release(&n->book);
	dial_release(&n->dial);
	map_free(n->by_number);
	if (n->tick)
		event_free(n->tick);
	tls_free(n->tls);
	free(n);
}

uint16_t net_port(const struct net *n)
{
	return n->port;
}

const char *net_advertised(const struct net *n)
{
	return n->advertised;
}

/* --- calls from above -------------------------------------------------- */

static struct channel *find(const struct net *n, uint64_t peer)
{
	return map_get(n->by_number, &peer);
}

void net_send(struct net *n, uint64_t peer, enum message_type type,
	      struct span body)
{
	struct channel *c = find(n, peer);

	if (c)
		channel_send(c, type, body);
}

void net_drop(struct net *n, uint64_t peer, uint64_t ban_ms, const char *why)
{
	struct channel *c = find(n, peer);

	if (!c)
		return;
	if (ban_ms)
		ban(n, c, ban_ms, why);
	channel_drop(c, *why ? why : "dropped");
}

/* Where an inbound peer says that it listens, seen from here. */
static void take_listen(struct net *n, const struct channel *c,
			const char *listen)
{
	char text[WHERE_TEXT];
	struct target *t;
	struct where w;
	struct endpoint p;

	if (!*listen || !where_parse(&w, listen))
		return;
	where_print(text, &w);
	if (where_is_unspecified(&w) && c->has_place) {
		p = c->place;
		/* the port lies at the same place in both families */
		((struct sockaddr_in *)&p.sa)->sin_port = htons(w.port);
		endpoint_print(text, &p);
	}
	net_offer(n, text, BOOK_TOLD);
	/* It is here already. What the operator named is dialled all the
	 * same: a stranger's word keeps us from nobody. */
	t = dial_find(&n->dial, text);
	if (t && !t->named && !t->has_id && c->has_id) {
		t->has_id = true;
		t->id = c->id;
	}
}

void net_peer_good(struct net *n, uint64_t peer, const char *listen)
{
	struct channel *c = find(n, peer);

	if (!c || c->good)
		return;
	c->good = true;
	c->body_max = MESSAGE_BYTES_MAX;
	if (c->inbound) {
		take_listen(n, c, listen);
	} else {
		peerbook_good(&n->book, c->where, clock_now_ms());
		if (c->by_dial)
			dial_good(&n->dial, c->where, clock_steady_ms());
	}
	net_wake(n);
}

void net_heard_of(struct net *n, const char *where)
{
	net_offer(n, where, BOOK_HEARD);
	net_wake(n);
}

void net_set_connect(struct net *n, const char *const *connect, size_t count)
{
	net_name(n, connect, count);
	net_wake(n);
}

size_t net_trying(const struct net *n)
{
	return dial_untried(&n->dial);
}

bool net_stats(const struct net *n, uint64_t peer, struct net_peer_stats *out)
{
	const struct channel *c = find(n, peer);

	if (c)
		*out = c->stats;
	return c;
}

void net_totals(const struct net *n, struct net_peer_stats *out)
{
	const struct channel *c;

	*out = n->gone;
	LIST_FOREACH (c, &n->channels, link)
		if (c->number && !c->told)
			add_stats(out, &c->stats);
}

size_t net_addresses(const struct net *n)
{
	size_t i, count = 0;

	for (i = 0; i < n->dial.count; i++)
		count += !n->dial.targets[i].self;
	return count;
}

static size_t probes(const struct net *n)
{
	const struct channel *c;
	size_t count = 0;

	LIST_FOREACH (c, &n->channels, link)
		count += c->probe != NULL;
	return count;
}

void net_probe(struct net *n, const char *where, net_probe_fn *fn, void *ctx)
{
	struct where w;
	struct channel *c;

	if (!where_parse(&w, where) || !where_is_sound(&w) ||
	    net_obstacle(n, &w) || probes(n) >= PROBES_MAX) {
		fn(ctx, false, NULL);
		return;
	}
	c = channel_dial(&n->channel_config, &w);
	c->probe = fn;
	c->probe_ctx = ctx;
	LIST_INSERT_HEAD(&n->channels, c, link);
}

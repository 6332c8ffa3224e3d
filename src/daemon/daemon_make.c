/* SPDX-License-Identifier: MIT */
/* Making what a daemon consists of, in an order in which each can rely on
 * those before, and letting go of it. */
#include <config.h>

#include <event2/event.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/daemon_internal.h"
#include "loop/clock.h"
#include "loop/signals.h"
#include "loop/workers.h"
#include "node/query.h"

static enum err make_node(struct daemon *d, struct fault *f)
{
	const struct opened *o = &d->opened;
	struct node_config config = {.validator = d->config->validator};
	enum err e;

	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0)
		return fault_set(f, ERR_IO, "", "getrandom failed");
	if (o->key) {
		config.has_account = true;
		config.account = *secret_key_address(o->key);
		buf_append_span(&config.public_key, secret_key_public(o->key));
	}
	e = network_describe(d->network, &config, f);
	if (!e && o->votes && o->key && config.validator)
		e = votes_open(&d->votes, &config.journal, o->datadir, f);
	if (!e)
		e = node_new(&d->node, &config, store_view(o->store), f);
	buf_release(&config.public_key);
	return e;
}

static unsigned worker_count(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->threads)
		return (unsigned)config->threads;
	return cores > 1 ? (unsigned)cores - 1 : 1;
}

static enum err make_network(struct daemon *d, struct fault *f)
{
	struct network_config config = {
		.base = d->base,
		.config = d->config,
		.datadir = d->opened.datadir,
		.key = opened_key(&d->opened),
		.places = d->opened.places,
		.step = daemon_step,
		.ctx = d,
	};

	return network_new(&d->network, &config, f);
}

static bool traffic(void *ctx, uint64_t peer, struct api_traffic *out)
{
	const struct daemon *d = ctx;

	return network_traffic(d->network, peer, out);
}

static void on_probed(void *ctx, uint64_t request, bool reached,
		      const struct address *id)
{
	struct daemon *d = ctx;

	api_probed(d->api, request, reached, id);
}

static void probe(void *ctx, uint64_t request, const char *where)
{
	struct daemon *d = ctx;

	network_probe(d->network, request, where, on_probed, d);
}

static void heard(void *ctx, const char *where)
{
	struct daemon *d = ctx;

	network_heard(d->network, where);
}

static void make_discovery(struct daemon *d)
{
	struct discovery_config config = {
		.url = d->config->discovery,
		.key = opened_key(&d->opened),
		.chain = node_genesis_hash(d->node),
		.where = net_advertised(network_net(d->network)),
		.heard = heard,
		.ctx = d,
	};

	if (config.url)
		d->discovery = discovery_new(d->base, &config);
}

static enum err make_api(struct daemon *d, struct fault *f)
{
	const struct config *c = d->config;
	const struct secret_key *key = d->opened.key;
	struct api_config config = {
		.node = d->node,
		.ctx = d,
		.view = daemon_view,
		.submit = daemon_on_submit,
		.failed = daemon_on_query_failed,
		.check = daemon_check,
		.traffic = traffic,
		.probe = probe,
		.account = c->account.given ? &c->account.value : NULL,
		.key = key,
		.cookie = d->cookie,
		.version = PACKAGE_VERSION,
		.address = c->http.address,
		.port = (uint16_t)c->http.port,
		.hosts = (const char *const *)c->http_hosts.list,
		.host_count = c->http_hosts.count,
	};
	enum err e;

	e = api_new(&d->api, d->base, &config, f);
	if (!e)
		e = cookie_make(d->cookie, d->opened.datadir, f);
	return e;
}

/* What peers and clients get before the rest has a turn. */
#define AT_ONCE_US 5000

/*
 * evhttp turns reading and writing on and off several times a request; with
 * a list of changes the kernel hears of what is left of that once a turn.
 *
 * The timer, the workers and the disk come first: however many
 * peers have something to say, the slot is not missed for them.
 */
static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	const struct timeval at_once = {0, AT_ONCE_US};
	struct event_base *base = NULL;

	if (config &&
	    !event_config_set_flag(config,
				   EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) &&
	    !event_config_set_max_dispatch_interval(config, &at_once, -1, 1))
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	/* of two priorities, what names none has the second */
	if (base && event_base_priority_init(base, 2)) {
		event_base_free(base);
		base = NULL;
	}
	return base;
}

static void give_memory_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

enum err daemon_make(struct daemon *d, struct fault *f)
{
	enum err e;

	e = daemon_open(&d->opened, d->config, f);
	if (e)
		return e;
	d->base = make_base();
	if (!d->base)
		return fault_set(f, ERR_IO, "", "no event loop");
	e = make_network(d, f);
	if (!e)
		e = make_node(d, f);
	if (e)
		return e;
	give_memory_back();
	d->signals = signals_new(d->base, daemon_on_stop, daemon_on_reload, d);
	d->timer = timer_new(d->base, clock_now_ms, daemon_on_timer, d);
	d->durable = event_new(d->base, store_fd(d->opened.store),
			       EV_READ | EV_PERSIST, daemon_on_durable, d);
	event_priority_set(d->durable, 0);
	event_add(d->durable, NULL);
	if (d->votes)
		votes_begin(d->votes, d->base, daemon_step,
			    daemon_on_votes_failed, d);
	e = workers_new(&d->workers, d->base, worker_count(d->config),
			d->opened.key, daemon_on_job, d, f);
	if (!e)
		e = make_api(d, f);
	if (!e)
		make_discovery(d);
	return e;
}

/*
 * Making and reading a chain of many accounts takes a multiple of the memory
 * that the node keeps. What is big shall come from the system and go back to
 * it: glibc by itself would soon take up to 32 MiB from its heaps, and keep
 * as much free at the end of each thread's.
 */
void daemon_keep_little_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
#endif
}

/* What was queued goes to the disk. What failed was said already when it made
 * the daemon give up. */
static void close_disk(struct daemon *d)
{
	struct fault f;

	if (votes_close(d->votes, &f) && !d->status) {
		daemon_report(&f);
		d->status = 1;
	}
	if (daemon_close(&d->opened, &f) && !d->status) {
		daemon_report(&f);
		d->status = 1;
	}
}

void daemon_release(struct daemon *d)
{
	api_free(d->api);
	workers_free(d->workers);
	if (d->durable)
		event_free(d->durable);
	timer_free(d->timer);
	signals_free(d->signals);
	discovery_free(d->discovery);
	network_free(d->network);
	node_free(d->node);
	effects_release(&d->spare);
	/* their events go before it does */
	close_disk(d);
	if (d->base)
		event_base_free(d->base);
}

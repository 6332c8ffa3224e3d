/* SPDX-License-Identifier: MIT */
/*
 * The wiring: events in, effects out. Every source of events (HTTP, workers,
 * the store's writer, the timer) ends in step(), and every effect of the
 * core is carried out in perform(). No rule of the ledger is here.
 */
#include <config.h>

#include "daemon/daemon.h"

#include <event2/event.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/cookie.h"
#include "daemon/open.h"
#include "http/api.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "loop/signals.h"
#include "loop/workers.h"
#include "node/query.h"

#define WAITING_MAX 16 /* batches; more and the node is not ready */

struct daemon {
	struct config *config;
	const struct config_input *input; /* where config came from */
	struct opened opened;
	struct node *node;
	struct event_base *base;
	struct signals *signals;
	struct timer *timer;
	struct event *durable; /* the store's writer has news */
	struct workers *workers;
	struct api *api;
	uint64_t durable_seq;
	struct effects spare; /* memory for the next step's */
	char cookie[COOKIE_LEN + 1];
	int status;
};

static void report(const struct fault *f)
{
	log_error("%s%s%s (%s)", f->field, f->field[0] ? ": " : "",
		  f->detail[0] ? f->detail : err_text(f->code),
		  err_code(f->code));
}

/* Something the node cannot go on without has failed. */
static void give_up(struct daemon *d, const struct fault *f)
{
	report(f);
	d->status = 1;
	event_base_loopbreak(d->base);
}

/* --- effects ----------------------------------------------------------- */

static void notify(struct daemon *d, const struct effect *e)
{
	switch (e->notify) {
	case NOTIFY_SUBMITTED:
		api_submit_result(d->api, e->request, e->results,
				  e->result_count);
		break;
	case NOTIFY_BLOCK:
		log_debug("block %llu", (unsigned long long)e->height);
		api_changed(d->api);
		break;
	case NOTIFY_DROPPED:
		api_changed(d->api);
		break;
	case NOTIFY_ENV:
		give_up(d, &e->fault);
		break;
	case NOTIFY_LOG:
		if (e->level == NOTICE_WARNING)
			log_warning("%s", e->fault.detail);
		else if (e->level == NOTICE_INFO)
			log_info("%s", e->fault.detail);
		else
			log_debug("%s", e->fault.detail);
		break;
	case NOTIFY_REORG:
		log_warning("went over to a better branch: %llu blocks above "
			    "height %llu were taken back",
			    (unsigned long long)e->depth,
			    (unsigned long long)e->height);
		api_changed(d->api);
		break;
	case NOTIFY_PEER:
	case NOTIFY_ADDRESSES:
		break;
	}
}

static void perform(struct daemon *d, struct effect *e)
{
	switch (e->kind) {
	case EFFECT_COMMIT:
		store_commit_take(d->opened.store, e->seq, e->batch);
		break;
	case EFFECT_TIMER:
		timer_at(d->timer, e->at);
		break;
	case EFFECT_JOB:
		workers_submit_take(d->workers, e->job);
		e->job = NULL;
		break;
	case EFFECT_NOTIFY:
		notify(d, e);
		break;
	case EFFECT_SEND:
	case EFFECT_DROP:
		break;
	}
}

/* One step of the core, and its effects in their order. */
static void step(struct daemon *d, struct node_event *event)
{
	struct effects effects = d->spare;
	size_t i;

	/* what an effect leads to may end here again */
	d->spare = (struct effects){0};
	event->now = clock_now_ms();
	node_step(d->node, event, store_view(d->opened.store), &effects);
	for (i = 0; i < effects.count; i++)
		perform(d, &effects.list[i]);
	effects_reset(&effects);
	effects_release(&d->spare);
	d->spare = effects;
}

/* --- events ------------------------------------------------------------ */

static void on_timer(void *ctx)
{
	struct node_event event = {.kind = EVENT_TIMER};

	step(ctx, &event);
}

static void on_job_done(void *ctx, struct job *job)
{
	struct node_event event = {.kind = EVENT_JOB_DONE, .job = job};

	step(ctx, &event);
}

static void on_submit(void *ctx, uint64_t request, const struct span *txs,
		      size_t count)
{
	struct node_event event = {
		.kind = EVENT_SUBMIT,
		.request = request,
		.txs = txs,
		.tx_count = count,
	};

	step(ctx, &event);
}

static void on_durable(int fd, short what, void *ctx)
{
	struct node_event event = {.kind = EVENT_DURABLE};
	struct daemon *d = ctx;
	struct fault f;
	enum err e;

	(void)fd;
	(void)what;
	e = store_reap(d->opened.store, &event.seq, &f);
	if (!e && event.seq > d->durable_seq)
		e = store_view_renew(d->opened.store, &f);
	if (e) {
		give_up(d, &f);
		return;
	}
	if (event.seq <= d->durable_seq)
		return;
	d->durable_seq = event.seq;
	step(d, &event);
}

static void on_stop(void *ctx)
{
	struct daemon *d = ctx;

	log_info("stopping");
	event_base_loopbreak(d->base);
}

/* SIGHUP: read the log level again. */
static void on_reload(void *ctx)
{
	struct daemon *d = ctx;
	enum config_source source;
	struct config again;
	struct fault f;
	int first;

	if (config_read(&again, &first, &source, d->input, &f)) {
		report(&f);
		return;
	}
	log_set((enum log_level)again.log_level,
		(enum log_format)again.log_format);
	config_release(&again);
	log_info("the log level was read again");
}

static struct kv_view *view(void *ctx)
{
	struct daemon *d = ctx;

	return store_view(d->opened.store);
}

/* What keeps the node from doing its work, for GET /ready. */
static const char *check(void *ctx)
{
	struct daemon *d = ctx;
	struct node_tip tip;

	node_tip(d->node, &tip);
	if (clock_now_ms() < tip.time)
		return "the clock is behind the last block";
	if (store_waiting(d->opened.store) > WAITING_MAX)
		return "the disk does not keep up";
	return NULL;
}

static void on_query_failed(void *ctx, enum err e)
{
	struct fault f;

	fault_set(&f, e, "", "reading the store failed: %s", err_text(e));
	give_up(ctx, &f);
}

/* --- starting ---------------------------------------------------------- */

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

static enum err make_api(struct daemon *d, struct fault *f)
{
	const struct config *c = d->config;
	const struct secret_key *key = d->opened.key;
	struct api_config config = {
		.node = d->node,
		.ctx = d,
		.view = view,
		.submit = on_submit,
		.failed = on_query_failed,
		.check = check,
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

/*
 * evhttp turns reading and writing on and off several times a request; with
 * a list of changes the kernel hears of what is left of that once a turn.
 */
static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && !event_config_set_flag(
			      config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST))
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

/*
 * Making and reading a chain of many accounts takes a multiple of the memory
 * that the node keeps. What is big shall come from the system and go back to
 * it: glibc by itself would soon take up to 32 MiB from its heaps, and keep
 * as much free at the end of each thread's.
 */
static void keep_little_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
#endif
}

static void give_memory_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

static enum err start(struct daemon *d, struct fault *f)
{
	enum err e;

	e = daemon_open(&d->opened, d->config, f);
	if (!e)
		e = make_node(d, f);
	if (e)
		return e;
	give_memory_back();
	d->base = make_base();
	if (!d->base)
		return fault_set(f, ERR_IO, "", "no event loop");
	d->signals = signals_new(d->base, on_stop, on_reload, d);
	d->timer = timer_new(d->base, clock_now_ms, on_timer, d);
	d->durable = event_new(d->base, store_fd(d->opened.store),
			       EV_READ | EV_PERSIST, on_durable, d);
	event_add(d->durable, NULL);
	e = workers_new(&d->workers, d->base, worker_count(d->config),
			d->opened.key, on_job_done, d, f);
	return e ? e : make_api(d, f);
}

static void announce(const struct daemon *d)
{
	char hex[ADDRESS_HEX_LEN];

	printf("http %s\n", api_url(d->api));
	if (d->config->dev.on)
		printf("account %s\n",
		       address_hex(hex, secret_key_address(d->opened.key)));
	fflush(stdout);
}

static void log_start(const struct daemon *d)
{
	char chain[HASH_HEX_LEN], account[ADDRESS_HEX_LEN];
	struct node_tip tip;

	node_tip(d->node, &tip);
	log_info("chain %s at height %llu, in %s",
		 hash_hex(chain, node_genesis_hash(d->node)),
		 (unsigned long long)tip.height, d->opened.datadir);
	if (d->config->account.given && !d->opened.key)
		log_warning("%s holds no key of account %s: this node follows "
			    "and signs nothing",
			    d->opened.datadir,
			    address_hex(account, &d->config->account.value));
}

static void release(struct daemon *d)
{
	struct fault f;

	api_free(d->api);
	workers_free(d->workers);
	if (d->durable)
		event_free(d->durable);
	timer_free(d->timer);
	signals_free(d->signals);
	node_free(d->node);
	effects_release(&d->spare);
	if (d->base)
		event_base_free(d->base);
	/* said already when it made the daemon give up */
	if (daemon_close(&d->opened, &f) && !d->status) {
		report(&f);
		d->status = 1;
	}
}

int daemon_run(struct config *config, const struct config_input *input)
{
	struct daemon d = {.config = config, .input = input};
	struct node_event begin = {.kind = EVENT_START};
	struct fault f = {0};

	log_set((enum log_level)config->log_level,
		(enum log_format)config->log_format);
	keep_little_memory();
	/* a limit on the size of files (ulimit -f) is like a full disk */
	signal(SIGXFSZ, SIG_IGN);
	if (start(&d, &f)) {
		fault_print("ccoind", &f);
		d.status = 1;
	} else {
		log_start(&d);
		announce(&d);
		step(&d, &begin);
		event_base_dispatch(d.base);
	}
	release(&d);
	return d.status;
}

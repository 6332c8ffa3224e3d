/* SPDX-License-Identifier: MIT */
/*
 * The wiring: events in, effects out. Every source of events (HTTP, peers,
 * workers, the store's writer, the timer) ends in step(), and every effect of
 * the core is carried out in perform(). No rule of the ledger is here.
 */
#include <config.h>

#include "daemon/daemon.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#include "daemon/daemon_internal.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "loop/workers.h"
#include "node/query.h"

#define WAITING_MAX 16 /* batches; more and the node is not ready */

void daemon_report(const struct fault *f)
{
	log_error("%s%s%s (%s)", f->field, f->field[0] ? ": " : "",
		  f->detail[0] ? f->detail : err_text(f->code),
		  err_code(f->code));
}

/* Something the node cannot go on without has failed. */
static void give_up(struct daemon *d, const struct fault *f)
{
	daemon_report(f);
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
		network_perform(d->network, e);
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
	case EFFECT_PERSIST:
		votes_append_take(d->votes, e->seq, e->height, &e->body);
		break;
	case EFFECT_SEND:
	case EFFECT_DROP:
		network_perform(d->network, e);
		break;
	}
}

/* One step of the core, and its effects in their order. */
void daemon_step(void *ctx, struct node_event *event)
{
	struct daemon *d = ctx;
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

void daemon_on_timer(void *ctx)
{
	struct node_event event = {.kind = EVENT_TIMER};

	daemon_step(ctx, &event);
}

void daemon_on_job(void *ctx, struct job *job)
{
	struct node_event event = {.kind = EVENT_JOB_DONE, .job = job};

	daemon_step(ctx, &event);
}

void daemon_on_submit(void *ctx, uint64_t request, const struct span *txs,
		      size_t count)
{
	struct node_event event = {
		.kind = EVENT_SUBMIT,
		.request = request,
		.txs = txs,
		.tx_count = count,
	};

	daemon_step(ctx, &event);
}

void daemon_on_durable(int fd, short what, void *ctx)
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
	daemon_step(d, &event);
}

static void leave(void *ctx)
{
	struct daemon *d = ctx;

	event_base_loopbreak(d->base);
}

void daemon_on_stop(void *ctx)
{
	struct daemon *d = ctx;

	log_info("stopping");
	if (d->discovery)
		discovery_stop(d->discovery, leave);
	else
		leave(d);
}

/* SIGHUP: read the log level and the peers to connect to again. */
void daemon_on_reload(void *ctx)
{
	struct daemon *d = ctx;
	enum config_source source;
	struct config again;
	struct fault f;
	int first;

	if (config_read(&again, &first, &source, d->input, &f)) {
		daemon_report(&f);
		return;
	}
	log_set((enum log_level)again.log_level,
		(enum log_format)again.log_format);
	network_reload(d->network, &again);
	config_release(&again);
	log_info("the log level and the peers to connect to were read again");
}

struct kv_view *daemon_view(void *ctx)
{
	struct daemon *d = ctx;

	return store_view(d->opened.store);
}

/* What keeps the node from doing its work, for GET /ready. */
const char *daemon_check(void *ctx)
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

void daemon_on_query_failed(void *ctx, enum err e)
{
	struct fault f;

	fault_set(&f, e, "", "reading the store failed: %s", err_text(e));
	give_up(ctx, &f);
}

void daemon_on_votes_failed(void *ctx, const struct fault *f)
{
	give_up(ctx, f);
}

/* --- running ----------------------------------------------------------- */

static void announce(const struct daemon *d)
{
	char hex[ADDRESS_HEX_LEN];

	printf("p2p %s\n", network_where(d->network));
	printf("http %s\n", api_url(d->api));
	if (d->config->dev.on)
		printf("account %s\n",
		       address_hex(hex, secret_key_address(d->opened.key)));
	fflush(stdout);
}

/* What it does as a validator. With votes the set changes while it runs, and
 * who is to be voted in must run before. */
static void log_role(const struct daemon *d)
{
	const struct governance *g = node_governance(d->node);
	const struct address *a = &d->config->account.value;
	char account[ADDRESS_HEX_LEN];

	address_hex(account, a);
	if (!g)
		log_info("makes blocks as authority %s", account);
	else if (validators_find(&g->set, a) != SIZE_MAX)
		log_info("votes as validator %s", account);
	else
		log_warning("account %s is not a validator of this chain: this "
			    "node follows, and signs nothing until the "
			    "validators have voted it in (ccoin validator)",
			    account);
}

static void log_start(const struct daemon *d)
{
	char chain[HASH_HEX_LEN], account[ADDRESS_HEX_LEN], id[ADDRESS_HEX_LEN];
	struct node_tip tip;

	node_tip(d->node, &tip);
	log_info("chain %s at height %llu, in %s",
		 hash_hex(chain, node_genesis_hash(d->node)),
		 (unsigned long long)tip.height, d->opened.datadir);
	log_info("node %s, listening on %s",
		 address_hex(id, secret_key_address(opened_key(&d->opened))),
		 network_where(d->network));
	if (d->config->validator)
		log_role(d);
	else
		log_info("follows, and makes no blocks: no --validator");
	if (d->config->account.given && !d->opened.key)
		log_warning("%s holds no key of account %s: this node follows "
			    "and signs nothing",
			    d->opened.datadir,
			    address_hex(account, &d->config->account.value));
}

int daemon_run(struct config *config, const struct config_input *input)
{
	struct daemon d = {.config = config, .input = input};
	struct node_event begin = {.kind = EVENT_START};
	struct fault f = {0};

	log_set((enum log_level)config->log_level,
		(enum log_format)config->log_format);
	daemon_keep_little_memory();
	/* fetching a genesis writes to sockets before the loop runs */
	signal(SIGPIPE, SIG_IGN);
	/* a limit on the size of files (ulimit -f) is like a full disk */
	signal(SIGXFSZ, SIG_IGN);
	if (daemon_make(&d, &f)) {
		fault_print("ccoind", &f);
		d.status = 1;
	} else {
		log_start(&d);
		announce(&d);
		daemon_step(&d, &begin);
		event_base_dispatch(d.base);
	}
	daemon_release(&d);
	return d.status;
}

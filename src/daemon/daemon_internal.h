/* SPDX-License-Identifier: MIT */
/* What daemon.c and daemon_make.c share, for no other file. */
#ifndef DAEMON_DAEMON_INTERNAL_H
#define DAEMON_DAEMON_INTERNAL_H

#include "daemon/cookie.h"
#include "daemon/daemon.h"
#include "daemon/discovery.h"
#include "daemon/network.h"
#include "daemon/open.h"
#include "daemon/votes.h"

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
	struct network *network;
	struct discovery *discovery; /* NULL: no meeting point */
	struct api *api;
	struct votes *votes; /* NULL: this node signs none */
	uint64_t durable_seq;
	struct effects spare; /* memory for the next step's */
	char cookie[COOKIE_LEN + 1];
	int status;
};

/* daemon_make.c: what the daemon stands on, and its end. */
MUST_USE enum err daemon_make(struct daemon *d, struct fault *f);
void daemon_release(struct daemon *d);
void daemon_keep_little_memory(void);

/* daemon.c: where events come in. */
void daemon_step(void *ctx, struct node_event *event);
void daemon_on_timer(void *ctx);
void daemon_on_job(void *ctx, struct job *job);
void daemon_on_submit(void *ctx, uint64_t request, const struct span *txs,
		      size_t count);
void daemon_on_durable(int fd, short what, void *ctx);
void daemon_on_stop(void *ctx);
void daemon_on_reload(void *ctx);
struct kv_view *daemon_view(void *ctx);
const char *daemon_check(void *ctx);
void daemon_on_query_failed(void *ctx, enum err e);
void daemon_on_votes_failed(void *ctx, const struct fault *f);
/* A failure, in the log. */
void daemon_report(const struct fault *f);

#endif

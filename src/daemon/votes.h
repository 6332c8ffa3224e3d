/* SPDX-License-Identifier: MIT */
/*
 * The vote journal of a running daemon: opened for the core, written as the
 * core says, and what is durable told to it (EFFECT_PERSIST,
 * EVENT_PERSISTED). Only a validator on a chain whose engine votes has one.
 */
#ifndef DAEMON_VOTES_H
#define DAEMON_VOTES_H

#include "node/node.h"

struct event_base;
struct votes;

/*
 * Open DATADIR/votes and fill *out, whose spans live until votes_begin(). A
 * journal that is not there is made, and said to be new, at this start and at
 * those that follow until the core has written into it: what was signed with
 * this key before, if anything, is not known. Errors are journal_open()'s.
 */
MUST_USE enum err votes_open(struct votes **out, struct node_journal *journal,
			     const char *datadir, struct fault *f);
/* The core has read it. step is called when records are durable, failed when
 * they could not be written. */
void votes_begin(struct votes *v, struct event_base *base,
		 void (*step)(void *ctx, struct node_event *event),
		 void (*failed)(void *ctx, const struct fault *f), void *ctx);
/* Takes the bytes. */
void votes_append_take(struct votes *v, uint64_t seq, uint64_t height,
		       struct buf *bytes);
/* Flush what waits and close. NULL is fine. */
enum err votes_close(struct votes *v, struct fault *f);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Transactions of one request on their way into the node, and the client
 * that waits for them: handed to the node, answered when its result comes,
 * or, with wait=, when the transactions are where the client wants them.
 */
#ifndef HTTP_SUBMISSION_H
#define HTTP_SUBMISSION_H

#include "http/call.h"

enum submission_kind {
	SUBMISSION_PUSH, /* {id, status}, or an array of them */
	SUBMISSION_OWN,	 /* one, answered with the transaction itself */
};

struct submission;

/* Room for count transactions; many: they came as an array. */
MUST_USE struct submission *submission_new(struct api *api,
					   enum submission_kind kind,
					   size_t count, bool many);
/* Free one that was not sent. */
void submission_free(struct submission *s);
/* Answer only when they are in a block, or settled, or seconds are over. */
void submission_wait(struct submission *s, enum wait_for until,
		     uint64_t seconds);
/* Number i was refused before the node saw it. */
void submission_refuse(struct submission *s, size_t i, const struct fault *f);
/*
 * Give the others to the node; txs has one span per transaction, empty for
 * those refused. Takes the submission, which answers the call.
 */
void submission_send(struct submission *s, struct call *c,
		     const struct span *txs);

#endif

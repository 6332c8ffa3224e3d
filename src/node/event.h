/* SPDX-License-Identifier: MIT */
/*
 * What goes into the core and what comes out: events and effects (DESIGN:
 * "One idea"). Plain values.
 */
#ifndef NODE_EVENT_H
#define NODE_EVENT_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "kv/kv.h"

enum event_kind {
	EVENT_START,	/* the first one */
	EVENT_SUBMIT,	/* transactions of a client */
	EVENT_TIMER,	/* the timer that was asked for rang */
	EVENT_JOB_DONE, /* a job came back */
	EVENT_DURABLE,	/* a batch is on disk, and the view shows it */
};

/* One signature to check. */
struct check {
	struct hash digest;
	uint16_t key_len;
	uint16_t signature_len;
	uint8_t key[KEY_SPKI_MAX];
	uint8_t signature[KEY_SIGNATURE_MAX];
	enum err result; /* filled by the worker */
};

enum job_kind { JOB_VERIFY, JOB_SIGN };

/* Work for a thread that shares nothing with the loop. Made by the core,
 * filled by a worker, given back whole in EVENT_JOB_DONE. */
struct job {
	enum job_kind kind;
	uint64_t id;
	/* JOB_VERIFY */
	struct check *checks;
	size_t check_count;
	/* JOB_SIGN: sign with the node's account */
	struct hash digest;
	struct buf signature;
	enum err result;
};

void job_free(struct job *j);

struct node_event {
	enum event_kind kind;
	uint64_t now; /* ms since 1970 */
	/* EVENT_SUBMIT: answered by NOTIFY_SUBMITTED with this number */
	uint64_t request;
	const struct span *txs; /* full bytes; borrowed during the step */
	size_t tx_count;
	/* EVENT_JOB_DONE; the step takes it */
	struct job *job;
	/* EVENT_DURABLE */
	uint64_t seq;
};

/* What became of one submitted transaction. */
enum submit_status {
	SUBMIT_PENDING, /* new, executable */
	SUBMIT_QUEUED,	/* new, behind a nonce gap */
	SUBMIT_KNOWN,	/* was there already, pending, queued or in a block */
	SUBMIT_REFUSED, /* see fault */
};

struct submit_result {
	enum submit_status status;
	bool has_id; /* it could be decoded */
	struct hash id;
	struct fault fault;
};

enum effect_kind { EFFECT_COMMIT, EFFECT_TIMER, EFFECT_JOB, EFFECT_NOTIFY };

enum notify_kind {
	NOTIFY_SUBMITTED, /* request, results */
	NOTIFY_BLOCK,	  /* the tip is now this height, durable */
	NOTIFY_DROPPED,	  /* pending transactions were dropped */
	NOTIFY_ENV,	  /* the surroundings failed: fault; stop the node */
};

struct effect {
	enum effect_kind kind;
	/* EFFECT_COMMIT: the shell owns the batch until it is durable. Batches
	 * become durable in the order of their numbers. */
	uint64_t seq;
	struct kv_batch *batch;
	/* EFFECT_TIMER: ring at this time (ms since 1970); replaces the one
	 * before. 0: none. */
	uint64_t at;
	/* EFFECT_JOB: the shell owns it until it gives it back */
	struct job *job;
	/* EFFECT_NOTIFY */
	enum notify_kind notify;
	uint64_t request;
	struct submit_result *results; /* owned by the effect */
	size_t result_count;
	uint64_t height;
	struct fault fault;
};

/* A list of effects in order. {0} is empty. */
struct effects {
	struct effect *list;
	size_t count, cap;
};

struct effect *effects_add(struct effects *e, enum effect_kind kind);
/* Free what is still owned by the list, keep its memory. */
void effects_reset(struct effects *e);
void effects_release(struct effects *e);

#endif

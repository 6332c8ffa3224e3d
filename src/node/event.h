/* SPDX-License-Identifier: MIT */
/*
 * What goes into the core and what comes out: events and effects (DESIGN:
 * "One idea"). Plain values.
 */
#ifndef NODE_EVENT_H
#define NODE_EVENT_H

#include "base/bytes.h"
#include "base/err.h"
#include "codec/message.h"
#include "crypto/check.h"
#include "crypto/hash.h"
#include "kv/kv.h"

enum event_kind {
	EVENT_START,	    /* the first one */
	EVENT_SUBMIT,	    /* transactions of a client */
	EVENT_TIMER,	    /* the timer that was asked for rang */
	EVENT_JOB_DONE,	    /* a job came back */
	EVENT_DURABLE,	    /* a batch is on disk, and the view shows it */
	EVENT_CONNECTED,    /* a connection to another node stands */
	EVENT_MESSAGE,	    /* it said something, within its bounds */
	EVENT_DISCONNECTED, /* it is gone; also the answer to EFFECT_DROP */
	EVENT_PERSISTED,    /* records of the vote journal are durable */
};

enum job_kind { JOB_VERIFY, JOB_SIGN };
enum job_owner { OWNER_SUBMIT, OWNER_PRODUCE, OWNER_SYNC, OWNER_BFT };

/* Work for a thread that shares nothing with the loop. Made by the core,
 * filled by a worker, given back whole in EVENT_JOB_DONE. */
struct job {
	enum job_kind kind;
	uint64_t id;
	enum job_owner owner; /* the room of the core that waits for it */
	/* JOB_VERIFY */
	struct checks checks; /* their results are filled by the worker */
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
	/* EVENT_DURABLE: of a batch. EVENT_PERSISTED: of a record of the vote
	 * journal. That one and all before it. */
	uint64_t seq;
	/* EVENT_CONNECTED, _MESSAGE, _DISCONNECTED: the connection. Numbers
	 * rise and are never used again. */
	uint64_t peer;
	/* EVENT_CONNECTED */
	bool inbound;
	bool has_id; /* TLS proved it; without TLS the hello claims it */
	struct address id;
	const char *where; /* host:port as dialled or accepted; borrowed */
	/* EVENT_MESSAGE; borrowed during the step */
	enum message_type type;
	struct span body;
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

enum effect_kind {
	EFFECT_COMMIT,
	EFFECT_TIMER,
	EFFECT_JOB,
	EFFECT_NOTIFY,
	EFFECT_SEND,	/* to a peer; lost when it is gone */
	EFFECT_DROP,	/* end a connection, behind what was sent before */
	EFFECT_PERSIST, /* a record for the vote journal */
};

enum notify_kind {
	NOTIFY_SUBMITTED, /* request, results */
	NOTIFY_BLOCK,	  /* the tip is now this height, durable */
	NOTIFY_DROPPED,	  /* pending transactions were dropped */
	NOTIFY_ENV,	  /* the surroundings failed: fault; stop the node */
	NOTIFY_LOG,	  /* a line for the operator: level, fault.detail */
	NOTIFY_REORG,	  /* height: of the fork; depth: blocks taken back */
	NOTIFY_PEER,	  /* peer: its hello was good; text: where it listens */
	NOTIFY_ADDRESSES, /* addresses: heard of from a peer */
};

enum notice { NOTICE_WARNING, NOTICE_INFO, NOTICE_DEBUG };

struct effect {
	enum effect_kind kind;
	/* EFFECT_COMMIT: the shell owns the batch until it is durable. Batches
	 * become durable in the order of their numbers. */
	uint64_t seq;
	struct kv_batch *batch;
	/* EFFECT_PERSIST: seq is the record's number, one more than the last;
	 * height is the record's; body its bytes (codec/vote.h), owned. */
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
	uint64_t depth;
	struct fault fault;
	enum notice level;
	/* EFFECT_SEND, EFFECT_DROP, NOTIFY_PEER: the connection */
	uint64_t peer;
	/* EFFECT_SEND: type and body, owned by the effect. NOTIFY_PEER: body
	 * is the text. NOTIFY_ADDRESSES: body is an ADR message's. */
	enum message_type type;
	struct buf body;
	/* EFFECT_DROP: fault says why; refuse its id and, outside loopback,
	 * its address for so long. 0: no ban. */
	uint64_t ban_ms;
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

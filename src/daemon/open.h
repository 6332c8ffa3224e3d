/* SPDX-License-Identifier: MIT */
/*
 * What a daemon stands on before it runs: its data directory, the chain in
 * it, and its account's key.
 */
#ifndef DAEMON_OPEN_H
#define DAEMON_OPEN_H

#include "crypto/key.h"
#include "daemon/config.h"
#include "store/kv_lmdb.h"

/* {0} before; end with daemon_close(). */
struct opened {
	struct store *store;
	struct secret_key *key;	     /* NULL: no account */
	struct secret_key *node_key; /* NULL: it is the account's */
	uint64_t places;	     /* rules_places() */
	bool votes;		     /* its validators keep a vote journal */
	char *datadir;
	bool temporary; /* made for --dev without -d: goes with the daemon */
};

/* What proves the node's id to others: the account's key, or the node's. */
const struct secret_key *opened_key(const struct opened *o);

/*
 * Open the data directory, load the account's key and, without one, the
 * node's, and make the chain when there is none: from --genesis or --dev, or
 * asked from the peers of --connect for who has --genesis-hash. ERR_OTHER_CHAIN
 * when the store holds another chain than --genesis or --genesis-hash say. May
 * turn on config->validator and set config->account (--dev).
 */
MUST_USE enum err daemon_open(struct opened *out, struct config *config,
			      struct fault *f);
/* Errors are those of batches that could not be written. */
enum err daemon_close(struct opened *o, struct fault *f);

#endif

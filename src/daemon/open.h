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
	struct secret_key *key; /* NULL: no account */
	char *datadir;
	bool temporary; /* made for --dev without -d: goes with the daemon */
};

/*
 * Open the data directory, making the chain from --genesis or --dev when
 * there is none, and load the account's key. ERR_OTHER_CHAIN when the store
 * holds another chain than --genesis or --genesis-hash say. May turn on
 * config->validator and set config->account (--dev).
 */
MUST_USE enum err daemon_open(struct opened *out, struct config *config,
			      struct fault *f);
/* Errors are those of batches that could not be written. */
enum err daemon_close(struct opened *o, struct fault *f);

#endif

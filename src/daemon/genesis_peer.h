/* SPDX-License-Identifier: MIT */
/* The chain of a node that knows a genesis hash and where others are. */
#ifndef DAEMON_GENESIS_PEER_H
#define DAEMON_GENESIS_PEER_H

#include "crypto/key.h"
#include "daemon/config.h"
#include "store/kv_lmdb.h"

/*
 * Ask those of --connect in turn for the rules whose genesis block has the
 * hash of --genesis-hash, and make that chain in the store, with the seal that
 * came along when it fits. The fault is the last one's; each is logged.
 * ERR_OTHER_CHAIN: it names both hashes.
 */
MUST_USE enum err genesis_from_peers(struct store *store,
				     const struct config *config,
				     const struct secret_key *key,
				     struct fault *f);

#endif

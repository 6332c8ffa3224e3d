/* SPDX-License-Identifier: MIT */
/*
 * The development chain of --dev: one account, one authority, blocks as soon
 * as there is a transaction, or every so many seconds.
 */
#ifndef DAEMON_DEV_H
#define DAEMON_DEV_H

#include "base/err.h"
#include "crypto/hash.h"
#include "ledger/genesis.h"

/* What the account of a development chain is given. */
#define DEV_BALANCE 1000000000

/*
 * The rules of a development chain of this account, with this genesis time
 * (ms). seconds 0: a block as soon as there is a transaction; else one every
 * so many seconds, empty or not.
 */
void dev_rules(struct rules *out, const struct address *account,
	       uint64_t genesis_time, uint64_t seconds);

#endif

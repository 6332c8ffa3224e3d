/* SPDX-License-Identifier: MIT */
/*
 * An account: what the state holds of an address. Its record, the value in
 * the tables accounts and history and what the state tree hashes, is the
 * canonical msgpack array [address, balance, nonce].
 */
#ifndef LEDGER_ACCOUNT_H
#define LEDGER_ACCOUNT_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

struct account {
	struct address address;
	uint64_t balance; /* at most AMOUNT_MAX */
	uint64_t nonce;	  /* of the next transaction */
};

#define ACCOUNT_RECORD_MAX (1 + 2 + ADDRESS_LEN + 9 + 9)

/* Key in the table accounts and path in the state tree: SHA-256(address). */
void account_key(struct hash *out, const struct address *address);
/* Append the record. */
void account_encode(struct buf *out, const struct account *a);
/* ERR_CORRUPT when the bytes are not a record (they come from our store). */
MUST_USE enum err account_decode(struct account *out, struct span record);

#endif

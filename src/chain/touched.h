/* SPDX-License-Identifier: MIT */
/* Accounts that a branch touched, each once, as they are at its tip. */
#ifndef CHAIN_TOUCHED_H
#define CHAIN_TOUCHED_H

#include "base/map.h"
#include "ledger/account.h"

struct touched_account {
	struct account account; /* zeros but its address, if it is none */
	bool exists;
};

/* init and release; read list[0..count). */
struct touched {
	struct touched_account **list;
	size_t count, cap;
	struct map *by_address;
};

void touched_init(struct touched *t, uint64_t seed);
void touched_release(struct touched *t);
/* It is this now, or was never seen. */
void touched_set(struct touched *t, const struct account *account, bool exists);

#endif

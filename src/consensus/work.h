/* SPDX-License-Identifier: MIT */
/*
 * Work: whether a block is due (CONSENSUS, common rules). A rule of
 * production, never of validity.
 */
#ifndef CONSENSUS_WORK_H
#define CONSENSUS_WORK_H

#include <stddef.h>

#include "ledger/genesis.h"

/*
 * The time in ms from which a block is due on a parent of this time with so
 * many executable transactions: 0 is now, UINT64_MAX is not before something
 * changes.
 */
uint64_t work_due_at(const struct rules *rules, size_t executable,
		     uint64_t parent_time);

#endif

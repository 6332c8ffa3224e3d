/* SPDX-License-Identifier: MIT */
/* What validators vote on who is one, as clients see it. */
#ifndef HTTP_GOVERNANCE_JSON_H
#define HTTP_GOVERNANCE_JSON_H

#include "ledger/governance.h"

/*
 * The members of GET /v1/validators after its list, as of block `height`:
 * ,"quorum":...,"offenders":[...]. A proposal's id is the SHA-256 of its
 * change's bytes (change_encode()).
 */
void out_governance(struct buf *out, const struct governance *g,
		    uint64_t height);

#endif

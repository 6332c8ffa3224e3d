/* SPDX-License-Identifier: MIT */
/* A member in the two forms in which it is told. */
#ifndef DISCOVERY_MEMBER_JSON_H
#define DISCOVERY_MEMBER_JSON_H

#include "discovery/members.h"

/* {id, where, seen, chain, without the brace at the end. */
void out_member_open(struct buf *out, const struct member *row);
/* `before` and {id, ip, port}, the seed's form; false, and nothing, of a
 * member whose place cannot be told so. */
bool out_seed_peer(struct buf *out, const char *before,
		   const struct member *row);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Canonical bytes as answers, for clients that hash for themselves: blocks,
 * and the rules of the chain.
 */
#ifndef HTTP_RAW_H
#define HTTP_RAW_H

#include "http/call.h"

/* Whether the client asks for bytes. Call it where the answer depends on it:
 * it tells caches so. */
bool call_wants_bytes(struct call *c);
/* Answer with a block's bytes; by_hash: the path names the block for good. */
void reply_block_bytes(struct call *c, uint64_t height, bool by_hash);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What is known of a transaction that was handed to the node, and how a
 * client is told: {"id":...,"status":...}. A look costs one lookup and loads
 * no block, however often a thousand of them are asked for.
 */
#ifndef HTTP_PROGRESS_H
#define HTTP_PROGRESS_H

#include "http/call.h"

struct progress {
	enum tx_state state;
	uint64_t height; /* in a block */
	enum err reason; /* dropped */
};

/* What the node's own result says; nothing yet of one that was known. */
void progress_init(struct progress *p, const struct submit_result *res);
/* Look again. Errors are the environment's. */
MUST_USE enum err progress_look(struct progress *p, struct api *api,
				const struct hash *id);
/* Whether it is where the client waits for it to be. */
bool progress_has_reached(const struct progress *p, enum wait_for until);
void out_progress(struct buf *out, const struct api *api,
		  const struct submit_result *res, const struct progress *p);

#endif

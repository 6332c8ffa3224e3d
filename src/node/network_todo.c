/* SPDX-License-Identifier: MIT */
/* In place of sync.c, until that tells these: a node alone. */
#include "node/network.h"

void node_sync(const struct node *n, struct sync_info *out)
{
	(void)n;
	*out = (struct sync_info){.state = SYNC_READY};
}

enum err query_evidence(struct evidence_info *out, struct node *n,
			struct kv_view *view, const struct hash *after)
{
	(void)out;
	(void)n;
	(void)view;
	(void)after;
	return ERR_NOT_FOUND;
}

/* SPDX-License-Identifier: MIT */
/* What the engine says of the chain; see network.h. */
#include "node/network.h"

#include "node/internal.h"

bool node_authority(const struct node *n, size_t i,
		    struct engine_authority *out)
{
	return n->engine->ops->authority(n->engine, i, out);
}

void node_engine_status(const struct node *n, uint64_t now,
			struct engine_status *out)
{
	/* an authority that only follows has no slot to wait for */
	n->engine->ops->status(n->engine, now,
			       n->validator ? &n->account : NULL, out);
}

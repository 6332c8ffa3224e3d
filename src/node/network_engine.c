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

/* No engine that a chain can have yet votes. */
bool node_bft(const struct node *n, struct bft_info *out)
{
	(void)n;
	*out = (struct bft_info){0};
	return false;
}

bool node_bft_member(const struct node *n, size_t i, uint64_t now,
		     struct bft_member *out)
{
	(void)n, (void)i, (void)now;
	*out = (struct bft_member){0};
	return false;
}

/* SPDX-License-Identifier: MIT */
/* Transactions of peers; see peers.h. */
#include "node/peers.h"

struct gossip *gossip_new(struct node *n)
{
	(void)n;
	return NULL;
}

void gossip_free(struct gossip *g)
{
	(void)g;
}

void gossip_tick(struct node *n)
{
	(void)n;
}

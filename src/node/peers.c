/* SPDX-License-Identifier: MIT */
/* Other nodes; see the header. */
#include "node/peers.h"

struct peers *peers_new(struct node *n)
{
	(void)n;
	return NULL;
}

void peers_free(struct peers *p)
{
	(void)p;
}

void peers_connected(struct node *n, const struct node_event *e)
{
	(void)n;
	(void)e;
}

void peers_message(struct node *n, const struct node_event *e)
{
	(void)n;
	(void)e;
}

void peers_disconnected(struct node *n, const struct node_event *e)
{
	(void)n;
	(void)e;
}

void peers_tick(struct node *n)
{
	(void)n;
}

/* SPDX-License-Identifier: MIT */
/* Blocks of peers; see peers.h. */
#include "node/peers.h"

struct sync *sync_new(struct node *n)
{
	(void)n;
	return NULL;
}

void sync_free(struct sync *s)
{
	(void)s;
}

enum err sync_open(struct node *n, struct kv_view *view, uint64_t boot_ms,
		   struct fault *f)
{
	(void)n;
	(void)view;
	(void)boot_ms;
	(void)f;
	return ERR_OK;
}

void sync_job(struct node *n, struct job *job)
{
	(void)n;
	(void)job;
}

void sync_durable(struct node *n, uint64_t seq)
{
	(void)n;
	(void)seq;
}

void sync_own_block(struct node *n)
{
	(void)n;
}

bool sync_holds_production(const struct node *n)
{
	(void)n;
	return false;
}

void sync_tick(struct node *n)
{
	(void)n;
}

void sync_peer_ready(struct node *n, struct peer *p)
{
	(void)n;
	(void)p;
}

void sync_peer_gone(struct node *n, struct peer *p)
{
	(void)n;
	(void)p;
}

void sync_peer_free(struct sync_peer *sp)
{
	(void)sp;
}

void sync_peer_tip(struct node *n, struct peer *p)
{
	(void)n;
	(void)p;
}

void sync_message(struct node *n, struct peer *p, enum message_type type,
		  struct span body)
{
	(void)n;
	(void)p;
	(void)type;
	(void)body;
}

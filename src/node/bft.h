/* SPDX-License-Identifier: MIT */
/*
 * The room around the round machine of bft (doc/bft.md): what goes between
 * it and the rest of the node. Only where engine->ops->certifies; else
 * n->bft is NULL and every function here does nothing.
 */
#ifndef NODE_BFT_H
#define NODE_BFT_H

#include "node/peers.h"

struct bft_room;
struct bft_peer;

/* node_new() calls it last. ERR_CORRUPT: a record of the journal, or what the
 * store knows of it, cannot be read; ERR_IO. */
MUST_USE enum err room_open(struct node *n, const struct node_config *config,
			    struct kv_view *view, struct fault *f);
void room_free(struct bft_room *room);

void room_peer_ready(struct node *n, struct peer *p);
void room_peer_gone(struct node *n, struct peer *p);
void room_peer_free(struct bft_peer *bp); /* when the node ends */
/* It told its tip: p->height is new. */
void room_peer_tip(struct node *n, const struct peer *p);
/* PRP, VOT, RCH, RPB, APB, CRT, LNK, EVV. */
void room_message(struct node *n, struct peer *p, enum message_type type,
		  struct span body);
void room_job(struct node *n, struct job *job); /* OWNER_BFT */
void room_persisted(struct node *n, uint64_t seq);
void room_durable(struct node *n, uint64_t seq);
void room_tick(struct node *n);

/* Before a branch begins: no candidate may live. */
void room_make_way(struct node *n);
/* Every batch that moves the tip says what the journal holds (rule 17). */
void room_put_votes(struct node *n, struct kv_batch *batch);
/* Double votes that are kept. */
size_t offences_count(const struct node *n);
/* The full bytes, with the empty seal, of a block that is here but not
 * decided; false: it is not here. Borrowed during the step. */
bool room_block(const struct node *n, struct span *raw,
		const struct hash *digest);

#endif

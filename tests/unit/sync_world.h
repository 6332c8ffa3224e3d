/* SPDX-License-Identifier: MIT */
/*
 * A few whole nodes on one chain, wired together when the test says, and a
 * hand on the wires that may change what goes through them.
 */
#ifndef TESTS_UNIT_SYNC_WORLD_H
#define TESTS_UNIT_SYNC_WORLD_H

#include "peer_fixture.h"

#define WORLD_NODES 8

struct world {
	struct driver node[WORLD_NODES];
	size_t count;
	struct wires wires;
	/* Change or take away (e->kind = EFFECT_TIMER) what is brought to
	 * that node; NULL: nothing. */
	void (*mangle)(struct world *w, struct driver *to, struct effect *e);
	void *ctx;					   /* of mangle */
	uint64_t brought[WORLD_NODES][MESSAGE_TYPE_COUNT]; /* to each */
};

/* Node i has key keys[i] (0: it only watches) of `miners` miners, and key 1
 * has all the money. Slots are of 100 ms. */
void world_new(struct world *w, size_t count, const unsigned *keys,
	       unsigned miners, const char *mining);
/* Validators with keys 1 .. validators, of engine bft, and observers behind
 * them. more: members to add to `consensus` ("" or ", \"x\": 1"). */
void world_new_bft(struct world *w, size_t count, unsigned validators,
		   const char *more);
/* Everybody to everybody. */
void world_mesh(struct world *w);
void world_free(struct world *w);
void world_dial(struct world *w, size_t from, size_t to);
/* Cut all wires, and say so to both ends. */
void world_cut(struct world *w);
/* The same of node i alone. */
void world_cut_off(struct world *w, size_t i);
/* Node i's number of its first open connection; fails when there is none. */
uint64_t world_connection(const struct world *w, size_t i);
/* Let all nodes live for so long, on one clock. */
void world_live(struct world *w, uint64_t ms);
/* Node i alone. */
void world_live_alone(struct world *w, size_t i, uint64_t ms);
/* Until a batch of the node waits to be made durable, and stands first. */
void world_until_commit(struct world *w, size_t i);
/* It loses what is not durable and starts again; all wires are gone. */
void world_crash(struct world *w, size_t i);
/* Until all are on one tip and at rest in it; false: they are not. */
bool world_agrees(struct world *w, uint64_t ms);
/* Fails unless every node holds one and the same ledger of that height. */
void world_same_ledger(const struct world *w, uint64_t height);
/* The node's whole ledger again, and its height. */
uint64_t world_verify(struct world *w, size_t i);
struct hash world_tip(const struct world *w, size_t i);
/* bft: the node of the member that leads round 0 of node 0's next height, and
 * of that number in its set. */
size_t world_leader(const struct world *w);
size_t world_node_of(const struct world *w, size_t member);
struct sync_info world_sync(const struct world *w, size_t i);
size_t world_evidence(struct world *w, size_t i);
/* What the node notified of reorganisations: the deepest. */
uint64_t world_deepest(struct world *w, size_t i);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One round machine at height 20, and messages to it made by hand. Its
 * effects are kept until rig_forget(); rig_cast() makes a vote durable.
 */
#ifndef UNIT_BFT_RIG_H
#define UNIT_BFT_RIG_H

#include "consensus/bft_machine.h"

#define RIG_HEIGHT 20
#define RIG_TIMEOUT 1000
#define NOT_PREPARED UINT64_MAX
#define PROOF_MAX 8

struct rig {
	struct bft *b;
	struct bft_effects out;
	uint64_t now;
	size_t n, self;
};

/* What stands beside a proposal. */
struct proof {
	struct vote changes[PROOF_MAX], prepares[PROOF_MAX];
	size_t change_count, prepare_count;
};

void rig_init(struct rig *r, size_t n, size_t self);
void rig_release(struct rig *r);
void rig_forget(struct rig *r);

/* Blocks are numbers; 0 is no block. */
struct hash rig_digest(unsigned block);
bool rig_is(const struct hash *digest, unsigned block);
struct vote rig_make(enum vote_kind kind, uint64_t round, size_t signer,
		     unsigned block);

void rig_vote(struct rig *r, enum vote_kind kind, uint64_t round, size_t signer,
	      unsigned block);
/* A round change prepared in `prepared` with a certificate of so many. */
void rig_change_with(struct rig *r, uint64_t round, size_t signer,
		     uint64_t prepared, unsigned block, size_t prepares);
void rig_change(struct rig *r, uint64_t round, size_t signer, uint64_t prepared,
		unsigned block);
/* The leader's proposal of round 0, its bytes, and that it is good. */
void rig_propose(struct rig *r, uint64_t round, unsigned block);
void rig_justified(struct rig *r, uint64_t round, size_t signer, unsigned block,
		   const struct proof *p);
void rig_block(struct rig *r, unsigned block);
void rig_executed(struct rig *r, unsigned block, bool valid);
/* Work; the block that self is asked for. */
void rig_build(struct rig *r, uint64_t round, unsigned block);
void rig_tick(struct rig *r, uint64_t now);

void proof_change(struct proof *p, uint64_t round, size_t signer,
		  uint64_t prepared, unsigned block);
void proof_prepares(struct proof *p, uint64_t round, unsigned block,
		    size_t count);

/* The last effect of that kind; NULL: none. */
const struct bft_effect *rig_find(const struct rig *r, enum bft_kind kind);
/* The vote that is wanted and not durable yet, when it is of that kind. */
const struct bft_effect *rig_casts(const struct rig *r, enum vote_kind kind);
/* It is durable. Fails when none of that kind is wanted. */
void rig_cast(struct rig *r, enum vote_kind kind);

#endif

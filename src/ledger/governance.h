/* SPDX-License-Identifier: MIT */
/*
 * Who will agree on the next blocks, and what the members have voted on it
 * (CONSENSUS: bft, rule 14): a part of the chain's state, after each block.
 *
 * Block h is agreed on by set(h). Its header carries hash(set(h)),
 * hash(set(h+1)) and the change between them, so that headers alone tell every
 * set. A vote in block h counts when its sender is in set(h), as a delta to
 * the newest set, set(h+1); when as many as set(h)'s quorum have voted for
 * one, it passes: header h+1 carries it, and it is effective at h+2. One a
 * block. Members that leave take their votes with them.
 */
#ifndef LEDGER_GOVERNANCE_H
#define LEDGER_GOVERNANCE_H

#include "base/err.h"
#include "ledger/validators.h"

#define PROPOSALS_PER_MEMBER 8 /* open changes that it may vote for */

struct proposal {
	struct validator_change change;
	struct address *voters; /* ascending; owned */
	size_t voter_count;
	uint64_t since; /* height of its first vote */
};

/* A member that was shown to have signed twice. */
struct offender {
	struct address account;
	uint64_t height; /* of the offence */
	uint64_t found;	 /* height of the block that holds the evidence */
};

/* After block h. {0} on a chain without validators. Owns its lists. */
struct governance {
	struct validators set;		/* set(h+1) */
	bool has_change;		/* header h+1 carries one ... */
	struct validator_change change; /* ... from set(h+1) to set(h+2) */
	struct proposal *proposals;	/* in the order of their first votes */
	size_t proposal_count;
	struct offender *offenders; /* members of set(h+1), ascending */
	size_t offender_count;
};

void governance_init(struct governance *g, const struct validators *genesis);
void governance_release(struct governance *g);
void governance_copy(struct governance *out, const struct governance *g);
bool governance_same(const struct governance *a, const struct governance *b);
void governance_encode(struct buf *out, const struct governance *g);
MUST_USE enum err governance_decode(struct governance *out, struct span raw);

/* set(h+2), which the caller releases: to it votes of block h+1 are a delta. */
void governance_newest(struct validators *out, const struct governance *g);

/* The engine's fields of header h+1: [hash(set(h+1)), hash(set(h+2)), change].
 */
void governance_fields(struct buf *out, const struct governance *g);

/* Those fields, as a header has them. A plain value. */
struct governance_told {
	struct hash set, next; /* hashes of the header's set and the next */
	bool has_change;
	struct validator_change change; /* between them */
};
MUST_USE enum err governance_told_decode(struct governance_told *out,
					 struct span fields);

/* How many votes a change needs: the quorum of set(h+1). */
size_t governance_quorum(const struct governance *g);

/*
 * Operations of block h+1, as it is being made: g becomes what is after it
 * step by step. First governance_begin(), then the operations, then
 * governance_end(): set(h+2) takes the place of set(h+1), the votes of who
 * left lapse, and what cannot be applied any more goes.
 */
struct governance_block; /* what the block adds; governance.c */
MUST_USE struct governance_block *governance_begin(const struct governance *g);
void governance_block_free(struct governance_block *b);
/*
 * approve false: take the vote back. ERR_NOT_A_VALIDATOR, ERR_EXISTS (voted
 * for already, or proposed for a member), ERR_NOT_FOUND (take back what is not
 * there; remove who is none), ERR_TOO_MANY (its open proposals),
 * ERR_OUT_OF_RANGE (validators_apply()).
 */
MUST_USE enum err governance_vote(struct governance_block *b,
				  const struct address *voter,
				  const struct validator_change *c,
				  bool approve, uint64_t height,
				  struct fault *f);
/* Its form and signatures hold. ERR_NOT_A_VALIDATOR (the offender is none
 * now), ERR_EXISTS (it is known as one), ERR_OUT_OF_RANGE (of a height above
 * the block's). */
MUST_USE enum err governance_offence(struct governance_block *b,
				     const struct double_vote *d,
				     uint64_t height, struct fault *f);
/* What is after the block; b is used up, to be freed. */
void governance_end(struct governance *out, struct governance_block *b);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Who validates which block, by the rules of doc/bft.md written down once
 * more in plain code: a set is a set of bits, one for each person of the
 * world. Knows how bytes are decoded and nothing else of production.
 */
#ifndef SIM_SETS_H
#define SIM_SETS_H

#include "codec/tx.h"
#include "sim/keys.h"

#define SETS_PEOPLE_MAX 16
#define SETS_PROPOSALS_MAX 64
#define NOBODY SIZE_MAX

/* Everybody who can be a validator. */
struct people {
	struct sim_key keys[SETS_PEOPLE_MAX];
	size_t count;
	size_t order[SETS_PEOPLE_MAX]; /* by address */
};

struct set_change {
	bool remove, few;
	size_t person;
};

struct set_proposal {
	struct set_change change;
	unsigned voters;
};

/* After block h. A plain value. */
struct sets {
	unsigned set;  /* of block h+1 */
	unsigned next; /* of block h+2 */
	bool has_change;
	struct set_change change;			   /* between them */
	struct set_proposal proposals[SETS_PROPOSALS_MAX]; /* oldest first */
	size_t count;
	unsigned offenders;
};

/* The first `count` keys of the world. */
void people_make(struct people *p, size_t count);
size_t people_find(const struct people *p, const struct address *a);

size_t set_size(unsigned set);
size_t set_quorum(unsigned set); /* 0: of nobody */
/* The person at that place of a set; NOBODY: there are not so many. */
size_t set_person(const struct people *p, unsigned set, size_t index);
size_t set_index(const struct people *p, unsigned set, size_t person);
/* As bytes: the keys in the order of their addresses. */
void set_encode(struct buf *out, const struct people *p, unsigned set);
/* What stands in a header whose parent left these. */
void sets_fields(struct buf *out, const struct sets *s, const struct people *p);
/*
 * What an operation of block `height` does; now: what is there before the
 * block and grows with it. What is wrong with it; NULL: nothing.
 */
const char *sets_operation(struct sets *now, const struct people *p,
			   const struct tx *tx, uint64_t height);
/* Whether the signatures hold that an operation brings beside its sender's. */
bool sets_is_signed(const struct tx *tx, const struct hash *genesis);
/* The block ends. */
void sets_end(struct sets *now);

#endif

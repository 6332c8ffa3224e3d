/* SPDX-License-Identifier: MIT */
/* What the files of the faulty share. */
#ifndef SIM_BYZANTINE_H
#define SIM_BYZANTINE_H

#include "sim/sim.h"

#define VOTES_MAX (2 * SETS_PEOPLE_MAX)

struct votes {
	struct vote list[VOTES_MAX];
	size_t count;
};

/* byzantine.c */
/* To one, or to all that it is connected to. Takes the body. */
void evil_say(struct sim *s, const struct attacker *a, uint64_t conn,
	      enum message_type type, struct buf *body);
/* One of those who cheat, in that set; NOBODY: none does. */
size_t evil_one(struct sim *s, unsigned set);
/* Whether that person can sign it. */
bool evil_sign(struct sim *s, struct vote *v, size_t person);
/* Votes like that that were heard, and one of their own; digest NULL: any. */
void evil_gather(struct sim *s, struct votes *out, enum vote_kind kind,
		 uint64_t height, uint64_t round, const struct hash *digest);
/* One too few, one twice, one changed; or as it is. */
void evil_spoil(struct sim *s, struct votes *l);

/* byzantine_blocks.c */
void evil_propose(struct sim *s, const struct attacker *a, uint64_t conn);
void evil_reground(struct sim *s, const struct attacker *a, uint64_t conn);
void evil_certify(struct sim *s, const struct attacker *a, uint64_t conn);

#endif

/* SPDX-License-Identifier: MIT */
/* What happened in one seed, and summed over many. */
#ifndef SIM_BFT_STATS_H
#define SIM_BFT_STATS_H

#include "sim/seeds.h"

/* X(name, word of the summary) */
#define BSIM_STATS(X)                                                          \
	SEEDS_STATS(X)                                                         \
	X(heights, "heights decided")                                          \
	X(late, "of them in a round above 0")                                  \
	X(again, "of them a block proposed again")                             \
	X(healed, "heights decided after healing")                             \
	X(timeouts, "timeouts")                                                \
	X(delivered, "messages delivered")                                     \
	X(dropped, "messages lost, doubled or late")                           \
	X(crashes, "crashes")                                                  \
	X(lost, "records lost in power cuts")                                  \
	X(wipes, "disks wiped")                                                \
	X(floors, "journals lost that vote again")                             \
	X(cuts, "partitions")                                                  \
	X(byzantine, "Byzantine validators")                                   \
	X(twins, "of them twins")                                              \
	X(attacks, "their misdeeds")                                           \
	X(slow_clocks, "clocks off by minutes")                                \
	X(changes, "changes of the set")                                       \
	X(fetches, "blocks asked for by digest")                               \
	X(evidence, "pairs of double votes seen")                              \
	X(certificates, "votes answered by a certificate")                     \
	X(idle, "seeds that fell silent")                                      \
	X(steps, "events")

/* The same, of maxima. */
#define BSIM_MAXIMA(X)                                                         \
	X(most_timeouts, "timeouts at most from healing to a decision")

struct bsim_stats {
	BSIM_STATS(SEEDS_MEMBER)
	BSIM_MAXIMA(SEEDS_MEMBER)
};

#endif

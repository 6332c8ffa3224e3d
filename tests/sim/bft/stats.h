/* SPDX-License-Identifier: MIT */
/* What happened in one seed, and summed over many. */
#ifndef SIM_BFT_STATS_H
#define SIM_BFT_STATS_H

#include <stdint.h>

/* X(name, word of the summary) */
#define BSIM_STATS(X)                                                          \
	X(seeds, "seeds")                                                      \
	X(counted, "seeds counted")                                            \
	X(violations, "violations")                                            \
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

struct bsim_stats {
#define BSIM_STAT(name, word) uint64_t name;
	BSIM_STATS(BSIM_STAT)
#undef BSIM_STAT
	/* between healing and a decision, at one validator: a maximum */
	uint64_t most_timeouts;
};

#endif

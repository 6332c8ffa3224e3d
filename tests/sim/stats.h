/* SPDX-License-Identifier: MIT */
/* What happened in one seed, and summed over many. */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stdint.h>

/* X(name, word of the summary) */
#define SIM_STATS(X)                                                           \
	X(seeds, "seeds")                                                      \
	X(counted, "seeds counted")                                            \
	X(violations, "violations")                                            \
	X(heights, "heights")                                                  \
	X(included, "transactions included")                                   \
	X(submitted, "transactions submitted")                                 \
	X(crashes, "crashes")                                                  \
	X(lost, "batches lost in crashes")                                     \
	X(partitions, "partitions")                                            \
	X(resets, "connections reset")                                         \
	X(connections, "connections")                                          \
	X(messages, "messages delivered")                                      \
	X(dropped, "messages dropped, doubled or out of order")                \
	X(reorgs, "reorganisations")                                           \
	X(attackers, "faulty peers")                                           \
	X(attacks, "their misdeeds")                                           \
	X(bans, "their bans")                                                  \
	X(cheaters, "cheating authorities")                                    \
	X(double_signed, "slots signed twice by them")                         \
	X(evidence, "evidence stored")                                         \
	X(conflicts, "settled conflicts under cheating")                       \
	X(halts, "halts under cheating")                                       \
	X(deep_checks, "whole ledgers compared")                               \
	X(steps, "steps of nodes")

struct sim_stats {
#define SIM_STAT(name, word) uint64_t name;
	SIM_STATS(SIM_STAT)
#undef SIM_STAT
	uint64_t deepest; /* reorganisation: a maximum, not a sum */
};

#endif

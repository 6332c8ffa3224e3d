/* SPDX-License-Identifier: MIT */
/* What happened in one seed, and summed over many. */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include "sim/seeds.h"

/* X(name, word of the summary) */
#define SIM_STATS(X)                                                           \
	SEEDS_STATS(X)                                                         \
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
	X(double_signed, "turns signed twice by them")                         \
	X(evidence, "evidence stored")                                         \
	X(conflicts, "settled conflicts under cheating")                       \
	X(halts, "halts under cheating")                                       \
	X(byzantine, "faulty validators")                                      \
	X(losers, "validators that lose things")                               \
	X(slow_clocks, "clocks off by minutes")                                \
	X(journals, "journals lost")                                           \
	X(chains, "chains lost")                                               \
	X(floors, "of the journals, votes again")                              \
	X(records, "records of journals")                                      \
	X(flushes, "their flushes")                                            \
	X(records_lost, "records lost in crashes")                             \
	X(votes, "votes said by honest ones")                                  \
	X(passed, "votes passed on")                                           \
	X(late, "heights decided in a round above 0")                          \
	X(set_changes, "changes of the set")                                   \
	X(convicted, "double votes shown in blocks")                           \
	X(stars, "networks around an observer")                                \
	X(deep_checks, "whole ledgers compared")                               \
	X(steps, "steps of nodes")

/* The same, of maxima. */
#define SIM_MAXIMA(X)                                                          \
	X(deepest, "blocks: the deepest reorganisation")                       \
	X(most_timeouts, "timeouts: the most to a decision after healing")

struct sim_stats {
	SIM_STATS(SEEDS_MEMBER)
	SIM_MAXIMA(SEEDS_MEMBER)
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Many worlds, each from its seed: the command line of a simulator. Seeds are
 * shared out among processes; one that aborts or hangs is a violation of its
 * seed, and the rest goes on.
 */
#ifndef SIM_SEEDS_H
#define SIM_SEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEDS_NUMBERS_MAX 64

/* What every simulator counts, before all else. X(name, word of the summary) */
#define SEEDS_STATS(X)                                                         \
	X(seeds, "seeds")                                                      \
	X(counted, "seeds counted")                                            \
	X(violations, "violations")

/* Lists of the members of its statistics: as such, as words, counted. */
#define SEEDS_MEMBER(name, word) uint64_t name;
#define SEEDS_WORD(name, word) word,
#define SEEDS_ONE(name, word) +1

/* What came of a seed. All is the world's, until its next run. */
struct seeds_outcome {
	const char *failure; /* NULL: none */
	uint64_t digest;     /* of all that happened */
	const uint64_t *numbers;
};

struct simulator {
	const char *dir, *name; /* of the program, in the build */
	const char *usage;
	const char *const *engines; /* to choose from, or NULL; ends in NULL */
	uint64_t last;		    /* seed, when none are named */
	uint64_t size_max;
	unsigned seconds; /* that a seed may take */
	/* Words of the numbers that it counts: those that are summed, and
	 * behind them those of which the most is kept. */
	const char *const *words;
	size_t sums, count;
	/* Memory of a process for its worlds, one after the other. */
	void *(*open)(void);
	void (*run)(struct seeds_outcome *out, void *world, size_t engine,
		    uint64_t seed, uint64_t size, bool trace);
	void (*close)(void *world);
};

/* main() of it. */
int seeds_main(const struct simulator *sim, int argc, char **argv);

#endif

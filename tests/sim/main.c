/* SPDX-License-Identifier: MIT */
/* The simulator of whole nodes, a world of them from each seed. */
#include <stdlib.h>

#include "sim/seeds.h"
#include "sim/sim.h"

static const char usage[] =
	"usage: ccoin-sim [--engine poa|bft] [--seeds FROM..TO] [-n N,...]\n"
	"                 [--jobs J] [--trace] [--twice]\n"
	"\n"
	"Runs a world of N whole nodes for each seed (N by turns of the list,\n"
	"default 4,5,7) and prints what broke and what happened in all.\n"
	"  --engine NAME     of consensus (default poa)\n"
	"  --seeds FROM..TO  which (default 1..300)\n"
	"  --jobs J          in so many processes (default 1)\n"
	"  --trace           print every event\n"
	"  --twice           each seed twice: it must be the same both times\n";

static const char *const engines[] = {"poa", "bft", NULL};

static const char *const words[] = {SIM_STATS(SEEDS_WORD)
					    SIM_MAXIMA(SEEDS_WORD)};

_Static_assert(sizeof(struct sim_stats) == ARRAY_LEN(words) * sizeof(uint64_t),
	       "a word for each number");
_Static_assert(ARRAY_LEN(words) <= SEEDS_NUMBERS_MAX, "there is room for all");

static void *open_world(void)
{
	return xcalloc(1, sizeof(struct sim));
}

static void run(struct seeds_outcome *out, void *world, size_t engine,
		uint64_t seed, uint64_t size, bool trace)
{
	struct sim *s = world;

	sim_run(s, engine ? &sim_bft : &sim_poa, seed, size, trace);
	sim_release(s); /* but for what is in it */
	*out = (struct seeds_outcome){
		.failure = s->failed ? s->failure : NULL,
		.digest = s->digest,
		.numbers = (const uint64_t *)&s->stats,
	};
}

int main(int argc, char **argv)
{
	static const struct simulator sim = {
		.dir = "tests/sim",
		.name = "ccoin-sim",
		.usage = usage,
		.engines = engines,
		.last = 300,
		.size_max = SIM_AUTHORITIES_MAX,
		.seconds = 120,
		.words = words,
		.sums = SIM_STATS(SEEDS_ONE),
		.count = ARRAY_LEN(words),
		.open = open_world,
		.run = run,
		.close = free,
	};

	return seeds_main(&sim, argc, argv);
}

/* SPDX-License-Identifier: MIT */
/* The simulator of the round machine, a world of them from each seed. */
#include <stdlib.h>

#include "base/mem.h"
#include "sim/bft/world.h"
#include "sim/seeds.h"

static const char usage[] =
	"usage: ccoin-bft-sim [--seeds FROM..TO] [-n N,...] [--jobs J] "
	"[--trace]\n"
	"                 [--twice]\n"
	"\n"
	"Runs a world of N round machines of bft for each seed (N by turns of "
	"the\n"
	"list, default 4,5,7) and prints what broke and what happened in all.\n"
	"  --seeds FROM..TO  which (default 1..1000)\n"
	"  --jobs J          in so many processes (default 1)\n"
	"  --trace           print every event\n"
	"  --twice           each seed twice: it must be the same both times\n";

static const char *const words[] = {BSIM_STATS(SEEDS_WORD)
					    BSIM_MAXIMA(SEEDS_WORD)};

_Static_assert(sizeof(struct bsim_stats) == ARRAY_LEN(words) * sizeof(uint64_t),
	       "a word for each number");
_Static_assert(ARRAY_LEN(words) <= SEEDS_NUMBERS_MAX, "there is room for all");

static void *open_world(void)
{
	return xcalloc(1, sizeof(struct world));
}

static void run(struct seeds_outcome *out, void *world, size_t engine,
		uint64_t seed, uint64_t size, bool trace)
{
	struct world *w = world;

	(void)engine;
	world_run(w, seed, size, trace);
	*out = (struct seeds_outcome){
		.failure = w->failed ? w->failure : NULL,
		.digest = w->digest,
		.numbers = (const uint64_t *)&w->stats,
	};
}

static void close_world(void *world)
{
	world_release(world);
	free(world);
}

int main(int argc, char **argv)
{
	static const struct simulator sim = {
		.dir = "tests/sim/bft",
		.name = "ccoin-bft-sim",
		.usage = usage,
		.last = 1000,
		.size_max = PERSONS_MAX,
		.seconds = 60,
		.words = words,
		.sums = BSIM_STATS(SEEDS_ONE),
		.count = ARRAY_LEN(words),
		.open = open_world,
		.run = run,
		.close = close_world,
	};

	return seeds_main(&sim, argc, argv);
}

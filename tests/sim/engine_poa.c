/* SPDX-License-Identifier: MIT */
/* What the simulator must know of proof of authority, written down once more
 * from its page (doc/poa.md) rather than asked of the engine. */
#include <stdio.h>

#include "sim/sim.h"

static void vary(struct buf *out, struct rng *rng, size_t n)
{
	static const unsigned slots[] = {1000, 1000, 500, 2000, 5000};
	char text[160];
	int len;

	(void)n;
	len = snprintf(text, sizeof(text),
		       "\"consensus\": {\"engine\": \"poa\", "
		       "\"slot_ms\": %u},",
		       slots[rng_below(rng, ARRAY_LEN(slots))]);
	buf_append(out, text, (size_t)len);
}

static uint64_t pace(const struct rules *rules)
{
	return rules->slot_ms;
}

static uint64_t slot_of(const struct rules *rules, uint64_t time)
{
	return time < rules->genesis_time
		       ? 0
		       : (time - rules->genesis_time) / rules->slot_ms;
}

static const char *check(const struct rules *rules, const struct header *parent,
			 const struct header *header)
{
	uint64_t slot = slot_of(rules, header->time);

	if (header->time < rules->genesis_time)
		return "it is older than genesis";
	if (slot <= slot_of(rules, parent->time))
		return "its slot is not later than its parent's";
	if (!header->has_producer ||
	    !address_eq(&header->producer,
			&rules->miners[slot % rules->miner_count]))
		return "it was another authority's slot";
	return NULL;
}

static bool turn(uint64_t *out, const struct rules *rules, uint64_t time)
{
	*out = slot_of(rules, time);
	return true;
}

static bool own_time(uint64_t *out, const struct rules *rules, struct rng *rng,
		     const struct header *parent, size_t i, uint64_t latest)
{
	uint64_t from = slot_of(rules, parent->time) + 1;
	uint64_t to = slot_of(rules, latest), n = rules->miner_count;

	from += (i + n - from % n) % n;
	if (from > to)
		return false;
	*out = rules->genesis_time +
	       (from + n * rng_below(rng, (to - from) / n + 1)) *
		       rules->slot_ms;
	return true;
}

const struct sim_engine sim_poa = {
	.name = "poa",
	.rules = vary,
	.pace = pace,
	.check = check,
	.turn = turn,
	.own_time = own_time,
	.cheating_unsettles = false, /* one: doc/poa.md */
};

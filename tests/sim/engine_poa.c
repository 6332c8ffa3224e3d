/* SPDX-License-Identifier: MIT */
/* What the simulator must know of proof of authority, written down once more
 * from its page (doc/poa.md) rather than asked of the engine. */
#include <stdio.h>

#include "codec/msgpack.h"
#include "sim/sim.h"

static void vary(struct sim *s, struct buf *out)
{
	static const unsigned slots[] = {1000, 1000, 500, 2000, 5000};
	char text[160];
	int len;

	len = snprintf(text, sizeof(text),
		       "\"consensus\": {\"engine\": \"poa\", "
		       "\"slot_ms\": %u},",
		       slots[rng_below(&s->rng, ARRAY_LEN(slots))]);
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

static const char *check(struct sim *s, const struct model_block *parent,
			 const struct header *header)
{
	const struct rules *rules = &s->rules;
	uint64_t slot = slot_of(rules, header->time);

	if (header->time < rules->genesis_time)
		return "it is older than genesis";
	if (slot <= slot_of(rules, parent->header.time))
		return "its slot is not later than its parent's";
	if (!header->has_producer ||
	    !address_eq(&header->producer,
			&rules->miners[slot % rules->miner_count]))
		return "it was another authority's slot";
	return NULL;
}

static const char *check_seal(struct sim *s, const struct model_block *b,
			      const struct seal *seal)
{
	(void)s;
	return sim_verify(seal->key, &b->hash, seal->signature)
		       ? "its seal does not hold"
		       : NULL;
}

/* [found, [header, seal, header, seal]] */
static bool culprit(const struct sim *s, struct address *out, struct span value)
{
	struct header header;
	struct mp_reader r;
	struct span raw;

	(void)s;
	mp_reader_init(&r, value);
	mp_read_array(&r, 2, 2);
	mp_read_uint(&r, UINT64_MAX);
	mp_read_array(&r, 4, 4);
	raw = mp_read_raw(&r);
	if (r.err || header_decode(&header, raw))
		return false;
	*out = header.producer;
	return true;
}

static uint64_t duration(struct sim *s)
{
	return sim_between(s, 30, 50);
}

static uint64_t patience(const struct sim *s)
{
	return 40000 + 2 * s->rules.interval_ms +
	       (8 * s->n + 20) * s->rules.slot_ms;
}

/* One authority may cheat. */
static void trouble(struct sim *s)
{
	s->cheater = s->twin = SIZE_MAX;
	if (s->n > 1 && sim_chance(s, 15)) {
		s->cheater = rng_below(&s->rng, s->n);
		s->cheaters = 1u << s->cheater;
		s->twins = true;
		s->stats.cheaters = 1;
	}
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

/* --- nothing more to see ------------------------------------------------- */

static bool misdeed(struct sim *s, const struct attacker *a, uint64_t conn)
{
	(void)s;
	(void)a;
	(void)conn;
	return false;
}

static void sent(struct sim *s, struct host *h, enum message_type type,
		 struct span body)
{
	(void)s;
	(void)h;
	(void)type;
	(void)body;
}

static void committed(struct sim *s, struct host *h, struct model_block *b)
{
	(void)s;
	(void)h;
	(void)b;
}

static void of_host(struct sim *s, struct host *h)
{
	(void)s;
	(void)h;
}

static void of_world(struct sim *s)
{
	(void)s;
}

static bool is_idle(struct sim *s, struct host *h)
{
	(void)s;
	(void)h;
	return true;
}

const struct sim_engine sim_poa = {
	.name = "poa",
	.rules = vary,
	.pace = pace,
	.heights = 20,
	.duration = duration,
	.patience = patience,
	.trouble = trouble,
	.settle_in = of_world,
	.check = check,
	.check_seal = check_seal,
	.culprit = culprit,
	.turn = turn,
	.own_time = own_time,
	.misdeed = misdeed,
	.sent = sent,
	.committed = committed,
	.crashed = of_host,
	.stepped = of_host,
	.healed = of_world,
	.is_idle = is_idle,
	.ended = of_world,
	.cheating_unsettles = false, /* one: doc/poa.md */
};

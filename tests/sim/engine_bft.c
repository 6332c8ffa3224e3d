/* SPDX-License-Identifier: MIT */
/* What the simulator must know of Byzantine fault tolerance, written down once
 * more from its page (doc/bft.md) rather than asked of the engine. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "codec/msgpack.h"
#include "node/network.h"
#include "sim/sim.h"

#define TIMEOUTS_MAX 4	/* from healing to a decision */
#define CONNECT_MS 4000 /* until all have found each other again */

/* --- rules ---------------------------------------------------------------- */

static void vary(struct sim *s, struct buf *out)
{
	static const unsigned timeouts[] = {500, 500, 1000, 1000, 2000};
	unsigned ms = timeouts[rng_below(&s->rng, ARRAY_LEN(timeouts))];
	char text[160];
	size_t i;
	int len;

	len = snprintf(text, sizeof(text),
		       "\"consensus\": {\"engine\": \"bft\", "
		       "\"timeout_ms\": %u, \"timeout_max_ms\": %u, "
		       "\"allow_few\": true, \"validators\": [",
		       ms, ms << sim_between(s, 2, 4));
	buf_append(out, text, (size_t)len);
	for (i = 0; i < s->n; i++) {
		buf_append(out, "{\"public_key\": \"", 16);
		base64_encode(out, SPAN_OF(s->people.keys[i].spki));
		buf_append(out, i + 1 < s->n ? "\"}," : "\"}",
			   i + 1 < s->n ? 3 : 2);
	}
	buf_append(out, "]},", 3);
}

static uint64_t pace(const struct rules *rules)
{
	return rules->timeout_ms;
}

static uint64_t duration(struct sim *s)
{
	return sim_between(s, 10, 20);
}

static uint64_t patience(const struct sim *s)
{
	/* and a block's time may be as far ahead as clocks may */
	return 40000 + 2 * s->rules.interval_ms + s->rules.max_drift_ms +
	       (8 * s->n + 20) * s->rules.timeout_ms +
	       (TIMEOUTS_MAX + 1) * s->rules.timeout_max_ms;
}

static size_t faults(size_t n)
{
	return (n - 1) / 3;
}

/* --- whom to distrust ------------------------------------------------------
 */

static void make_byzantine(struct sim *s, size_t who)
{
	s->cheaters |= 1u << who;
	s->stats.byzantine++;
	if (s->cheater == SIZE_MAX && !s->changes && sim_chance(s, 50)) {
		s->cheater = who;
		s->twins = true;
		s->stats.cheaters++;
	}
}

/* Not more than f, whatever the set is, are faulty in any way. */
static void trouble(struct sim *s)
{
	size_t left, who;
	uint64_t dice;

	s->cheater = s->twin = SIZE_MAX;
	s->changes = s->n < SIM_AUTHORITIES_MAX && sim_chance(s, 25);
	for (left = faults(s->n); left; left--) {
		who = rng_below(&s->rng, s->n);
		dice = rng_below(&s->rng, 100);
		if (dice < 20 || (s->faulty >> who & 1))
			continue;
		s->faulty |= 1u << who;
		if (dice < 58)
			make_byzantine(s, who);
		else if (dice < 92)
			s->losers |= 1u << who;
		else
			s->wrong_clocks |= 1u << who;
	}
	if (s->losers)
		s->weather.crashes = true;
	if (s->cheaters && !s->weather.attackers && sim_chance(s, 70))
		s->weather.attackers = 1;
}

/* Once they are made: what each of them does. */
static void make_faulty(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct host *h = &s->hosts[i];

		h->loses = s->losers >> i & 1;
		s->stats.losers += h->loses;
		if (s->wrong_clocks >> i & 1) {
			h->clock = (int64_t)sim_between(s, 20000, 300000);
			if (sim_chance(s, 50))
				h->clock = -h->clock;
			s->stats.slow_clocks++;
		}
		if (!(s->cheaters >> i & 1))
			continue;
		h->silence = (enum silence)rng_below(&s->rng, SILENCE_COUNT);
		if (h->silence == SILENCE_NOT && i != s->cheater)
			h->silence = SILENCE_ALL;
		h->deaf_to = (unsigned)rng_next(&s->rng);
	}
}

/* --- blocks ----------------------------------------------------------------
 */

static const char *check(struct sim *s, const struct model_block *parent,
			 const struct header *header)
{
	const struct sets *sets = &parent->sets;
	struct buf fields = {0};
	size_t who;
	bool same;

	if (header->time <= parent->header.time)
		return "it is not later than its parent";
	who = header->has_producer ? people_find(&s->people, &header->producer)
				   : NOBODY;
	if (who == NOBODY || !(sets->set >> who & 1))
		return "its producer is no member of its set";
	sets_fields(&fields, sets, &s->people);
	same = span_eq(buf_span(&fields), header->engine);
	buf_release(&fields);
	return same ? NULL : "it tells other sets than its parent left";
}

static const char *check_seal(struct sim *s, const struct model_block *b,
			      const struct seal *seal)
{
	uint64_t height = b->header.height, round;
	struct vote *commits;
	size_t count;
	bool good;

	if (certificate_decode(&commits, &count, &round, seal->certificate,
			       height, &b->hash))
		return "its certificate cannot be decoded";
	good = witness_quorum(s, VOTE_COMMIT, height, round, &b->hash, commits,
			      count);
	free(commits);
	if (good && round && height >= s->decided_count)
		s->stats.late++;
	if (height >= s->decided_count)
		model_find(&s->model, &b->hash)->late = round > 0;
	return good ? NULL : "its certificate does not hold";
}

/* Never two blocks of one height, on whatever disk. */
static void committed(struct sim *s, struct host *h, struct model_block *b)
{
	uint64_t height = b->header.height;

	if (height < s->decided_count) {
		if (s->decided[height] != b)
			sim_fail(s,
				 "host %zu decides another block at height "
				 "%llu",
				 h->number, (unsigned long long)height);
		return;
	}
	if (height != s->decided_count) {
		sim_fail(s, "host %zu decides a block above what is decided",
			 h->number);
		return;
	}
	s->decided = xrealloc(s->decided, height + 1, sizeof(*s->decided));
	s->decided[s->decided_count++] = b;
	s->stats.set_changes += b->sets.has_change;
}

/* --- evidence ---------------------------------------------------------------
 */

/* [found, double vote] */
static bool read_evidence(const struct sim *s, struct double_vote *d,
			  struct span value)
{
	struct tx tx = {.op = TX_EVIDENCE};
	struct mp_reader r;

	mp_reader_init(&r, value);
	mp_read_array(&r, 2, 2);
	mp_read_uint(&r, UINT64_MAX);
	tx.double_vote = mp_read_raw(&r);
	return !mp_reader_end(&r) && !double_vote_decode(d, tx.double_vote) &&
	       sets_is_signed(&tx, &s->genesis.hash);
}

static bool culprit(const struct sim *s, struct address *out, struct span value)
{
	struct double_vote d;

	if (!read_evidence(s, &d, value))
		return false;
	key_address(out, d.key);
	return true;
}

/* A member that it knows to have signed twice, and the chain does not. */
static bool is_unconvicted(struct sim *s, struct host *h, struct span value)
{
	const struct sets *sets = &h->tip->sets;
	struct double_vote d;
	struct address who;
	size_t person;

	if (!read_evidence(s, &d, value) ||
	    d.vote[0].height > h->tip->header.height + 1)
		return false;
	key_address(&who, d.key);
	person = people_find(&s->people, &who);
	return person != NOBODY && sets->set >> person & 1 &&
	       !(sets->offenders >> person & 1);
}

/* Evidence is a transaction like others: it costs min_fee, and a pool that is
 * full of better paid ones, executable or not, has no place for it. */
static bool can_bring(const struct sim *s, const struct host *h)
{
	const struct model_account *a =
		model_account(h->tip, &s->people.keys[h->person].address);

	if (s->weather.mempool_bytes)
		return false;
	return (a ? a->account.balance : s->rules.new_address_balance) >=
	       s->rules.min_fee;
}

/* Who makes blocks brings what it knows into one. */
static bool is_idle(struct sim *s, struct host *h)
{
	struct kv_cursor *c;
	bool idle = true;

	if (!(h->tip->sets.set >> h->person & 1) || !can_bring(s, h))
		return true;
	c = kv_cursor_open(kv_mem_view(h->mem), KV_EVIDENCE);
	if (!kv_seek(c, SPAN("", 0)))
		do
			idle = idle && !is_unconvicted(s, h, c->value);
		while (!kv_next(c));
	kv_cursor_close(c);
	return idle;
}

/* --- life -------------------------------------------------------------------
 */

static void sent(struct sim *s, struct host *h, enum message_type type,
		 struct span body)
{
	witness_sent(s, h, type, body);
}

static void crashed(struct sim *s, struct host *h)
{
	if (h->loses && !s->healed && sim_chance(s, 60))
		loss_of(s, h);
}

static void healed(struct sim *s)
{
	s->count_from = s->now + CONNECT_MS;
	sim_after(s, CONNECT_MS + sim_between(s, 0, pace(&s->rules)), SIM_WORK);
}

/* Rounds that timed out since the last decision after healing. */
static void stepped(struct sim *s, struct host *h)
{
	struct bft_info info;
	uint64_t count;

	if (!s->count_from || !node_bft(h->node, &info))
		return;
	if (s->now < s->count_from || h->counted != h->tip) {
		h->counted = h->tip;
		h->timeouts = info.timeouts;
		return;
	}
	count = info.timeouts - h->timeouts;
	if (!check_counts(s, h) || !(h->tip->sets.set >> h->person & 1))
		return;
	if (count > s->stats.most_timeouts)
		s->stats.most_timeouts = count;
	if (count > TIMEOUTS_MAX)
		sim_fail(s,
			 "healed, and host %zu waits for height %llu since "
			 "%llu timeouts",
			 h->number, (unsigned long long)info.height,
			 (unsigned long long)count);
}

static void ended(struct sim *s)
{
	const struct sets *sets = &check_first(s)->tip->sets;

	s->stats.convicted += set_size(sets->offenders);
	if (!s->rules.allow_empty &&
	    s->last_vote + s->n * pace(&s->rules) > s->now)
		sim_fail(s, "an idle chain is not silent");
}

static bool turn(uint64_t *out, const struct rules *rules, uint64_t time)
{
	(void)out;
	(void)rules;
	(void)time;
	return false;
}

static bool own_time(uint64_t *out, const struct rules *rules, struct rng *rng,
		     const struct header *parent, size_t i, uint64_t latest)
{
	(void)rules;
	(void)parent;
	(void)i;
	*out = latest - rng_below(rng, 10000);
	return true;
}

const struct sim_engine sim_bft = {
	.name = "bft",
	.certifies = true,
	.rules = vary,
	.pace = pace,
	.heights = 8,
	.duration = duration,
	.patience = patience,
	.trouble = trouble,
	.settle_in = make_faulty,
	.check = check,
	.check_seal = check_seal,
	.culprit = culprit,
	.turn = turn,
	.own_time = own_time,
	.misdeed = byzantine_act,
	.sent = sent,
	.committed = committed,
	.crashed = crashed,
	.stepped = stepped,
	.healed = healed,
	.is_idle = is_idle,
	.ended = ended,
	.cheating_unsettles = false,
};

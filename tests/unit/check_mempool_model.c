/* SPDX-License-Identifier: MIT */
/*
 * A naive pool: one array, every rule as a loop over all of it, nothing kept
 * that can be computed again. Slow and plain, so that it can be right.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "check_mempool.h"

__extension__ typedef unsigned __int128 u128;

#define WHO 7	      /* senders and recipients: 1..WHO */
#define MODEL_MAX 512 /* entries */
#define HISTORY 4000  /* ids */
#define STEPS 600

/* Check's own assertions tell the runner of every one that holds, which is
 * slower than the pool by far. */
#define REQUIRE(condition)                                                     \
	do {                                                                   \
		if (!(condition))                                              \
			ck_abort_msg("step %zu: %s", step, #condition);        \
	} while (0)

static size_t step;

struct model_entry {
	struct tx tx;
	uint64_t arrival;
	bool pending;
};

struct model {
	size_t max_bytes;
	struct model_entry list[MODEL_MAX]; /* by arrival */
	size_t count;
	uint64_t arrival, drops;
	struct account told[WHO + 1]; /* while it has entries */
	struct {
		struct tx tx;
		enum err reason;
	} history[HISTORY];
	size_t history_count;
};

static struct model model;
static struct mempool *pool;
static struct rng rng;

struct address test_address(uint8_t who)
{
	struct address a = {{0}};

	a.b[7] = who;
	return a;
}

struct tx test_tx(uint8_t who, uint64_t nonce, uint64_t fee, uint64_t amount,
		  uint8_t to, size_t bytes)
{
	static uint8_t raw[TX_BYTES_MAX];
	static uint64_t ids;
	struct tx tx = {
		.sender = test_address(who),
		.nonce = nonce,
		.fee = fee,
		.amount = amount,
		.recipient = test_address(to),
		.raw = SPAN(raw, bytes),
		.body = SPAN(raw + 1, 20),
	};

	put_be64(tx.id.b, ++ids);
	put_be64(tx.full.b, ~ids);
	return tx;
}

static size_t bytes_of(const struct tx *tx)
{
	return tx->raw.len + MEMPOOL_ENTRY_COST;
}

static size_t model_bytes(void)
{
	size_t i, n = 0;

	for (i = 0; i < model.count; i++)
		n += bytes_of(&model.list[i].tx);
	return n;
}

static int who_is(const struct address *a)
{
	return a->b[7];
}

static size_t model_find(const struct hash *id)
{
	size_t i;

	for (i = 0; i < model.count; i++)
		if (!memcmp(model.list[i].tx.id.b, id->b, HASH_LEN))
			return i;
	return SIZE_MAX;
}

static size_t model_at(int who, uint64_t nonce)
{
	size_t i;

	for (i = 0; i < model.count; i++)
		if (who_is(&model.list[i].tx.sender) == who &&
		    model.list[i].tx.nonce == nonce)
			return i;
	return SIZE_MAX;
}

static size_t model_has(int who)
{
	size_t i, n = 0;

	for (i = 0; i < model.count; i++)
		n += who_is(&model.list[i].tx.sender) == who;
	return n;
}

static void set_reason(const struct hash *id, enum err reason)
{
	size_t i;

	for (i = 0; i < model.history_count; i++)
		if (!memcmp(model.history[i].tx.id.b, id->b, HASH_LEN))
			model.history[i].reason = reason;
}

static void model_remove(size_t i)
{
	memmove(&model.list[i], &model.list[i + 1],
		(model.count - i - 1) * sizeof(model.list[0]));
	model.count--;
}

static void model_drop(size_t i, enum err reason)
{
	set_reason(&model.list[i].tx.id, reason);
	model.drops++;
	model_remove(i);
}

/* Bring one sender's entries in line with what was told of its account. */
static void settle(int who)
{
	const struct account *a = &model.told[who];
	uint64_t nonce, spent = 0, cost;
	size_t i;

	for (i = model.count; i-- > 0;) {
		struct model_entry *e = &model.list[i];

		if (who_is(&e->tx.sender) != who)
			continue;
		e->pending = false;
		if (e->tx.nonce < a->nonce)
			model_drop(i, ERR_NONCE_TOO_LOW);
		else if (e->tx.nonce >= a->nonce + MEMPOOL_NONCE_WINDOW)
			model_drop(i, ERR_NONCE_GAP);
	}
	for (nonce = a->nonce; (i = model_at(who, nonce)) != SIZE_MAX;
	     nonce++) {
		cost = model.list[i].tx.amount + model.list[i].tx.fee;
		if (spent + cost > a->balance) {
			model_drop(i, ERR_INSUFFICIENT_BALANCE);
			break;
		}
		spent += cost;
		model.list[i].pending = true;
	}
	for (i = model.count; i-- > 0;) {
		struct model_entry *e = &model.list[i];

		if (who_is(&e->tx.sender) == who && !e->pending &&
		    e->tx.amount + e->tx.fee + spent > a->balance)
			model_drop(i, ERR_INSUFFICIENT_BALANCE);
	}
}

static int cmp_rate(const struct tx *a, const struct tx *b)
{
	u128 x = (u128)a->fee * b->raw.len, y = (u128)b->fee * a->raw.len;

	return x < y ? -1 : x > y;
}

static bool is_cheaper(const struct model_entry *a, const struct model_entry *b)
{
	int c = cmp_rate(&a->tx, &b->tx);

	if (a->pending != b->pending)
		return b->pending;
	return c ? c < 0 : a->arrival > b->arrival;
}

/* only_check: with what the pool was told already. */
static enum err model_add(const struct tx *tx, const struct account *a,
			  uint64_t height, bool only_check)
{
	int who = who_is(&tx->sender);
	struct model_entry e = {*tx, model.arrival + 1, true};
	struct hash victims[MODEL_MAX];
	uint64_t nonce, before = 0;
	size_t i, n = 0, have, old;
	bool chosen[MODEL_MAX] = {false};

	if (model_find(&tx->id) != SIZE_MAX)
		return ERR_OK;
	if (!only_check && model_has(who)) {
		model.told[who] = *a;
		settle(who);
	}
	if (tx->nonce < a->nonce)
		return ERR_NONCE_TOO_LOW;
	if (tx->nonce >= a->nonce + MEMPOOL_NONCE_WINDOW)
		return ERR_NONCE_GAP;
	if (tx->valid_until && tx->valid_until < height)
		return ERR_EXPIRED;
	old = model_at(who, tx->nonce);
	if (old != SIZE_MAX) {
		uint64_t fee = model.list[old].tx.fee;

		if (tx->fee <= fee || tx->fee * 10 < fee * 11)
			return ERR_REPLACEMENT_FEE_TOO_LOW;
	}
	for (nonce = a->nonce; nonce < tx->nonce; nonce++) {
		i = model_at(who, nonce);
		if (i == SIZE_MAX) {
			e.pending = false;
			break;
		}
		before += model.list[i].tx.amount + model.list[i].tx.fee;
	}
	if (before + tx->amount + tx->fee > a->balance)
		return ERR_INSUFFICIENT_BALANCE;
	e.pending |= only_check;
	have = model.max_bytes - model_bytes();
	if (old != SIZE_MAX) {
		have += bytes_of(&model.list[old].tx);
		chosen[old] = true;
	}
	while (have < bytes_of(tx)) {
		size_t least = SIZE_MAX;

		for (i = 0; i < model.count; i++)
			if (!chosen[i] &&
			    (least == SIZE_MAX ||
			     is_cheaper(&model.list[i], &model.list[least])))
				least = i;
		if (least == SIZE_MAX || !is_cheaper(&model.list[least], &e))
			return ERR_MEMPOOL_FULL;
		if (who_is(&model.list[least].tx.sender) == who &&
		    model.list[least].tx.nonce < tx->nonce)
			return ERR_MEMPOOL_FULL;
		chosen[least] = true;
		have += bytes_of(&model.list[least].tx);
		victims[n++] = model.list[least].tx.id;
	}
	if (only_check)
		return ERR_OK;
	if (old != SIZE_MAX)
		model_drop(old, ERR_REPLACED);
	for (i = 0; i < n; i++) {
		size_t at = model_find(&victims[i]);
		int whose = who_is(&model.list[at].tx.sender);

		model_drop(at, ERR_MEMPOOL_FULL);
		if (whose != who)
			settle(whose);
	}
	REQUIRE(model.count < MODEL_MAX);
	model.arrival++;
	model.list[model.count++] = e;
	model.told[who] = *a;
	set_reason(&tx->id, ERR_OK);
	settle(who);
	return ERR_OK;
}

static void model_included(const struct hash *id)
{
	size_t i = model_find(id);
	const struct tx *tx;
	int who;

	set_reason(id, ERR_OK);
	if (i == SIZE_MAX)
		return;
	tx = &model.list[i].tx;
	who = who_is(&tx->sender);
	if (tx->nonce == model.told[who].nonce) {
		model.told[who].nonce++;
		model.told[who].balance -= tx->amount + tx->fee;
	}
	model_remove(i);
	settle(who);
}

static void compare_picks(void)
{
	bool taken[MODEL_MAX] = {false}, skipped[WHO + 1] = {false};
	struct mempool_pick *p = mempool_pick_new(pool);
	const struct tx *tx;
	size_t i, best;

	for (;;) {
		best = SIZE_MAX;
		for (i = 0; i < model.count; i++) {
			const struct model_entry *e = &model.list[i];
			int who = who_is(&e->tx.sender), c;
			size_t before = SIZE_MAX;

			if (!e->pending || taken[i] || skipped[who])
				continue;
			if (e->tx.nonce > model.told[who].nonce)
				before = model_at(who, e->tx.nonce - 1);
			if (before != SIZE_MAX && !taken[before])
				continue;
			c = best == SIZE_MAX
				    ? 1
				    : cmp_rate(&e->tx, &model.list[best].tx);
			if (c > 0) /* the array is by arrival */
				best = i;
		}
		tx = mempool_pick_next(p);
		if (best == SIZE_MAX)
			break;
		REQUIRE(tx);
		REQUIRE(!memcmp(tx->id.b, model.list[best].tx.id.b, HASH_LEN));
		taken[best] = true;
		if (!rng_below(&rng, 10)) {
			mempool_pick_skip_sender(p);
			skipped[who_is(&tx->sender)] = true;
		}
	}
	REQUIRE(!tx);
	mempool_pick_free(p);
}

static void compare(const struct account *accounts)
{
	struct mempool_entry e;
	uint64_t at = 0, in[WHO + 1] = {0}, out[WHO + 1] = {0}, a, b;
	size_t i, executable = 0, recent;

	REQUIRE(mempool_count(pool) == model.count);
	REQUIRE(mempool_bytes(pool) == model_bytes());
	REQUIRE(mempool_bytes(pool) <= model.max_bytes);
	for (i = 0; i < model.count; i++) {
		const struct model_entry *want = &model.list[i];

		REQUIRE(mempool_next(pool, &e, &at));
		REQUIRE(!memcmp(e.tx->id.b, want->tx.id.b, HASH_LEN));
		REQUIRE(e.arrival == want->arrival);
		REQUIRE((e.place == MEMPOOL_PENDING) == want->pending);
		REQUIRE(mempool_get(pool, &e, &want->tx.id));
		if (!want->pending)
			continue;
		executable++;
		in[who_is(&want->tx.recipient)] += want->tx.amount;
		out[who_is(&want->tx.sender)] += want->tx.amount + want->tx.fee;
	}
	REQUIRE(!mempool_next(pool, &e, &at));
	REQUIRE(mempool_executable(pool) == executable);
	for (i = 1; i <= WHO; i++) {
		struct address who = test_address((uint8_t)i);
		uint64_t nonce = accounts[i].nonce;

		mempool_flow(pool, &a, &b, &who);
		REQUIRE(a == in[i]);
		REQUIRE(b == out[i]);
		while (model_at((int)i, nonce) != SIZE_MAX)
			nonce++;
		REQUIRE(mempool_next_nonce(pool, &who, accounts[i].nonce) ==
			nonce);
	}
	REQUIRE(mempool_drops(pool) == model.drops);
	recent = model.history_count > 300 ? model.history_count - 300 : 0;
	for (i = recent; i < model.history_count; i++)
		REQUIRE(mempool_dropped(pool, &model.history[i].tx.id) ==
			model.history[i].reason);
}

static struct tx random_tx(const struct account *from, uint64_t height)
{
	static const size_t sizes[] = {100, 150, 200, 300, 301, 900, 4096};
	/* few rates, so that ties are met as often as near misses */
	static const uint64_t fees[] = {0, 0, 1, 2, 3, 10, 11, 12, 13, 100};
	size_t size = sizes[rng_below(&rng, ARRAY_LEN(sizes))];
	uint64_t fee = fees[rng_below(&rng, ARRAY_LEN(fees))];
	uint64_t nonce = from->nonce + rng_below(&rng, 6);
	struct tx tx;

	if (!rng_below(&rng, 20))
		nonce = from->nonce + rng_below(&rng, 70);
	if (!rng_below(&rng, 30) && nonce)
		nonce = from->nonce - (from->nonce > 0);
	if (!rng_below(&rng, 3))
		fee = fee * size / 50;
	tx = test_tx(from->address.b[7], nonce, fee, rng_below(&rng, 40),
		     (uint8_t)(1 + rng_below(&rng, WHO)), size);
	if (!rng_below(&rng, 3))
		tx.valid_until = height + rng_below(&rng, 8) - 1;
	return tx;
}

static void step_add(const struct account *accounts, uint64_t height)
{
	const struct account *a = &accounts[1 + rng_below(&rng, WHO)];
	struct tx tx = random_tx(a, height);
	struct account told = model.told[a->address.b[7]];
	bool known, same;
	enum err checked, got, want;
	enum mempool_place place;

	if (model.history_count && !rng_below(&rng, 8)) {
		size_t i = rng_below(&rng, model.history_count);

		tx = model.history[i].tx; /* once more */
		a = &accounts[who_is(&tx.sender)];
		told = model.told[who_is(&tx.sender)];
	} else {
		REQUIRE(model.history_count < HISTORY);
		model.history[model.history_count++].tx = tx;
	}
	same = !model_has(who_is(&a->address)) ||
	       (told.nonce == a->nonce && told.balance == a->balance);
	checked = mempool_check(pool, &known, &tx, a, height, NULL);
	REQUIRE(known == (model_find(&tx.id) != SIZE_MAX));
	if (same)
		REQUIRE(checked == model_add(&tx, a, height, true));
	got = mempool_add(pool, &place, &tx, a, height, NULL);
	want = model_add(&tx, a, height, false);
	REQUIRE(got == want);
	if (got == ERR_OK)
		REQUIRE((place == MEMPOOL_PENDING) ==
			model.list[model_find(&tx.id)].pending);
}

static void tell(struct account *accounts, size_t who)
{
	mempool_account_changed(pool, &accounts[who]);
	if (!model_has((int)who))
		return;
	model.told[who] = accounts[who];
	settle((int)who);
}

/* A block with some of the best, all of it told to the pool. */
static void step_block(struct account *accounts)
{
	size_t left = 1 + rng_below(&rng, 6), i;
	struct hash ids[8];
	size_t n = 0;
	struct mempool_pick *p = mempool_pick_new(pool);
	const struct tx *tx;

	while (left-- && (tx = mempool_pick_next(p))) {
		struct account *from = &accounts[who_is(&tx->sender)];
		struct account *to = &accounts[who_is(&tx->recipient)];

		if (tx->nonce != from->nonce ||
		    from->balance < tx->amount + tx->fee) {
			mempool_pick_skip_sender(p);
			continue;
		}
		from->balance -= tx->amount + tx->fee;
		from->nonce++;
		to->balance += tx->amount;
		ids[n++] = tx->id;
	}
	mempool_pick_free(p);
	for (i = 0; i < n; i++) {
		mempool_remove_included(pool, &ids[i]);
		model_included(&ids[i]);
	}
	for (i = 1; i <= WHO; i++)
		tell(accounts, i);
}

static void step_account(struct account *accounts)
{
	size_t who = 1 + rng_below(&rng, WHO);
	struct account *a = &accounts[who];

	switch (rng_below(&rng, 5)) {
	case 0:
		a->nonce += rng_below(&rng, 4);
		break;
	case 1: /* a reorganisation */
		a->nonce -= a->nonce ? rng_below(&rng, 2) : 0;
		break;
	case 2:
		a->balance = rng_below(&rng, 400);
		break;
	default:
		a->balance += rng_below(&rng, 3000);
		break;
	}
	if (rng_below(&rng, 4))
		tell(accounts, who);
}

static void step_included(void)
{
	struct hash id;

	if (!model.history_count)
		return;
	id = model.history[rng_below(&rng, model.history_count)].tx.id;
	mempool_remove_included(pool, &id);
	model_included(&id);
}

static void step_expire(uint64_t height)
{
	size_t i;
	int who;

	mempool_expire(pool, height);
	for (i = model.count; i-- > 0;) {
		const struct tx *tx = &model.list[i].tx;

		if (tx->valid_until && tx->valid_until < height)
			model_drop(i, ERR_EXPIRED);
	}
	for (who = 1; who <= WHO; who++)
		if (model_has(who))
			settle(who);
}

void test_model(uint64_t seed)
{
	static const size_t sizes[] = {4000, 20000, 1 << 20};
	struct account accounts[WHO + 1];
	uint64_t height = 3;
	size_t i;

	rng_seed(&rng, seed);
	memset(&model, 0, sizeof(model));
	model.max_bytes = sizes[seed % ARRAY_LEN(sizes)];
	pool = mempool_new(model.max_bytes, seed);
	for (i = 1; i <= WHO; i++)
		accounts[i] = (struct account){test_address((uint8_t)i),
					       rng_below(&rng, 5000),
					       rng_below(&rng, 3)};
	for (step = 0; step < STEPS; step++) {
		uint64_t dice = rng_below(&rng, 100);

		if (dice < 75)
			step_add(accounts, height);
		else if (dice < 82)
			step_block(accounts);
		else if (dice < 92)
			step_account(accounts);
		else if (dice < 96)
			step_included();
		else
			step_expire(++height);
		compare(accounts);
		if (step % 8 == 0)
			compare_picks();
	}
	mempool_free(pool);
}

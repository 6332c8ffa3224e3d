/* SPDX-License-Identifier: MIT */
/*
 * The ledger's rules against a naive ledger: random worlds live through
 * thousands of random blocks, good and refused transactions mixed, and after
 * each block state, delta, supply and roots must be what plain arithmetic
 * over a small array says.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/rng.h"
#include "kv/kv.h"
#include "ledger/apply.h"
#include "ledger/state_tree.h"

#define PEOPLE 12
#define WORLDS 60
#define BLOCKS 60
#define TXS_MAX 12

/* --- the naive ledger -------------------------------------------------- */

struct person {
	bool seen;
	uint64_t balance, nonce;
};

struct naive {
	struct person p[PEOPLE];
	uint64_t supply;
};

/* What one transaction says, by the numbers of the people. */
struct deed {
	size_t from, to;
	uint64_t nonce, amount, fee, valid_until;
	size_t bytes;
};

static struct rules rules;
static struct address who[PEOPLE];
static struct rng rng;

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t holds(const struct naive *n, size_t i)
{
	if (n->p[i].seen)
		return n->p[i].balance;
	return least(rules.new_address_balance, AMOUNT_MAX - n->supply);
}

static void appear(struct naive *n, size_t i)
{
	if (n->p[i].seen)
		return;
	n->p[i].balance = holds(n, i);
	n->p[i].seen = true;
	n->supply += n->p[i].balance;
}

static enum err naive_check(const struct naive *n, const struct deed *d,
			    uint64_t height)
{
	if (d->bytes > rules.max_tx_bytes)
		return ERR_TOO_BIG;
	if (d->valid_until != 0 && height > d->valid_until)
		return ERR_EXPIRED;
	if (d->fee < rules.min_fee)
		return ERR_FEE_TOO_LOW;
	if (d->nonce < n->p[d->from].nonce)
		return ERR_NONCE_TOO_LOW;
	if (d->nonce > n->p[d->from].nonce)
		return ERR_NONCE_GAP;
	if (d->amount + d->fee > AMOUNT_MAX)
		return ERR_AMOUNT_OVERFLOW;
	if (d->amount + d->fee > holds(n, d->from))
		return ERR_INSUFFICIENT_BALANCE;
	return ERR_OK;
}

static enum err naive_apply(struct naive *n, uint64_t *fees,
			    const struct deed *d, uint64_t height)
{
	enum err e = naive_check(n, d, height);

	if (e)
		return e;
	appear(n, d->from);
	appear(n, d->to);
	n->p[d->from].balance -= d->amount;
	n->p[d->from].balance -= d->fee;
	n->p[d->from].nonce += 1;
	n->p[d->to].balance += d->amount;
	*fees += d->fee;
	return ERR_OK;
}

/* Gives the reward. */
static uint64_t naive_finish(struct naive *n, uint64_t fees, size_t producer)
{
	uint64_t reward;

	if (!fees && !rules.reward)
		return 0;
	appear(n, producer);
	reward = least(rules.reward, AMOUNT_MAX - n->supply);
	n->supply += reward;
	n->p[producer].balance += fees + reward;
	return reward;
}

/* --- a world ----------------------------------------------------------- */

static struct kv_mem *store;
static struct naive now;

/* Lay one side of a delta over the table accounts. */
static void put_side(const struct delta *d, bool forward)
{
	struct kv_batch batch = {0};
	struct buf record = {0};
	struct hash key;
	size_t i;

	for (i = 0; i < d->count; i++) {
		const struct delta_change *c = &d->changes[i];

		account_key(&key, &c->new.address);
		buf_reset(&record);
		account_encode(&record, forward ? &c->new : &c->old);
		if (forward || c->existed)
			kv_batch_put(&batch, KV_ACCOUNTS, hash_span(&key),
				     buf_span(&record));
		else
			kv_batch_del(&batch, KV_ACCOUNTS, hash_span(&key));
	}
	kv_mem_apply(store, &batch);
	kv_batch_release(&batch);
	buf_release(&record);
}

static struct hash tree_root(void)
{
	struct state_tree *t;
	struct hash root;

	ck_assert(!state_tree_build(&t, kv_mem_view(store)));
	state_tree_root(&root, t);
	state_tree_free(t);
	return root;
}

/* The store holds exactly the naive ledger's people, and their balances are
 * the supply. */
static void ck_state(const struct naive *want)
{
	struct kv_cursor *c = kv_cursor_open(kv_mem_view(store), KV_ACCOUNTS);
	uint64_t sum = 0, count = 0, seen = 0;
	struct account a;
	bool existed;
	size_t i;
	enum err e;

	for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c)) {
		ck_assert(!account_decode(&a, c->value));
		ck_assert(amount_add(&sum, sum, a.balance));
		count++;
	}
	kv_cursor_close(c);
	ck_assert_uint_eq(sum, want->supply);
	ck_assert_uint_le(want->supply, AMOUNT_MAX);
	for (i = 0; i < PEOPLE; i++) {
		ck_assert(!account_read(&a, &existed, kv_mem_view(store),
					&rules, want->supply, &who[i]));
		ck_assert_int_eq(existed, want->p[i].seen);
		ck_assert(address_eq(&a.address, &who[i]));
		ck_assert_uint_eq(a.balance, holds(want, i));
		ck_assert_uint_eq(a.nonce, want->p[i].nonce);
		seen += want->p[i].seen;
	}
	ck_assert_uint_eq(count, seen);
}

static size_t number_of(const struct address *a)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		if (address_eq(a, &who[i]))
			return i;
	ck_abort_msg("an address that nobody named");
}

static bool is_same(const struct person *a, const struct person *b)
{
	return a->seen == b->seen &&
	       (!a->seen || (a->balance == b->balance && a->nonce == b->nonce));
}

static void ck_account(const struct account *a, const struct person *p)
{
	ck_assert_uint_eq(a->balance, p->balance);
	ck_assert_uint_eq(a->nonce, p->nonce);
}

/* Sorted by key, exactly those that differ, with both their records. */
static void ck_delta(const struct delta *d, const struct naive *before,
		     const struct naive *after)
{
	struct hash key, last;
	size_t i, differ = 0;

	for (i = 0; i < PEOPLE; i++)
		differ += !is_same(&before->p[i], &after->p[i]);
	ck_assert_uint_eq(d->count, differ);
	for (i = 0; i < d->count; i++) {
		const struct delta_change *c = &d->changes[i];
		size_t n = number_of(&c->new.address);

		account_key(&key, &c->new.address);
		if (i)
			ck_assert_int_lt(memcmp(last.b, key.b, HASH_LEN), 0);
		last = key;
		ck_assert(!is_same(&before->p[n], &after->p[n]));
		ck_assert_int_eq(c->existed, before->p[n].seen);
		ck_account(&c->new, &after->p[n]);
		if (c->existed) {
			ck_assert(address_eq(&c->old.address, &who[n]));
			ck_account(&c->old, &before->p[n]);
		}
	}
	ck_assert_uint_eq(d->supply, after->supply);
}

static void ck_round_trip(const struct delta *d)
{
	struct buf once = {0}, again = {0};
	struct delta_reader front;
	struct delta got;

	delta_encode(&once, d);
	ck_assert(!delta_decode(&got, buf_span(&once)));
	delta_encode(&again, &got);
	ck_assert(span_eq(buf_span(&once), buf_span(&again)));
	ck_assert(!delta_reader_init(&front, buf_span(&once)));
	ck_assert_uint_eq(front.supply, d->supply);
	delta_release(&got);
	buf_release(&once);
	buf_release(&again);
}

static void random_address(struct address *a)
{
	size_t i;

	for (i = 0; i < ADDRESS_LEN; i++)
		a->b[i] = (uint8_t)rng_below(&rng, 256);
}

static int by_address(const void *a, const void *b)
{
	return memcmp(a, b, ADDRESS_LEN);
}

/* Rules of every kind, and a genesis in which some people have something;
 * in every third world the cap is near. */
static void make_world(uint64_t seed)
{
	static struct alloc alloc[PEOPLE];
	uint64_t choices[] = {0, 1, 50, 7000, AMOUNT_MAX};
	struct delta d;
	size_t i;

	rng_seed(&rng, seed);
	for (i = 0; i < PEOPLE; i++)
		random_address(&who[i]);
	qsort(who, PEOPLE, sizeof(who[0]), by_address);
	rules = (struct rules){
		.alloc = alloc,
		.reward = choices[rng_below(&rng, 4)],
		.new_address_balance = choices[rng_below(&rng, 4)],
		.min_fee = rng_below(&rng, 2) * 3,
		.max_tx_bytes = 1000,
	};
	if (seed % 10 == 9)
		rules.reward = rules.new_address_balance = AMOUNT_MAX;
	now = (struct naive){0};
	for (i = 0; i < PEOPLE; i++) {
		if (rng_below(&rng, 3))
			continue;
		alloc[rules.alloc_count++] =
			(struct alloc){who[i], rng_below(&rng, 10000)};
		now.p[i] = (struct person){
			true, alloc[rules.alloc_count - 1].balance, 0};
		now.supply += now.p[i].balance;
	}
	i = rng_below(&rng, PEOPLE);
	if (seed % 3 == 0 || rng_below(&rng, 2)) {
		rules.has_coinbase = true;
		rules.coinbase = who[i];
		rules.coinbase_reward =
			seed % 3 ? rng_below(&rng, 10000)
				 : AMOUNT_MAX - now.supply -
					   rng_below(&rng, 20000);
		now.p[i].seen = true;
		now.p[i].balance += rules.coinbase_reward;
		now.supply += rules.coinbase_reward;
	}
	store = kv_mem_new();
	genesis_delta(&d, &rules);
	ck_delta(&d, &(struct naive){0}, &now);
	ck_assert_uint_eq(d.reward, rules.coinbase_reward);
	put_side(&d, true);
	ck_state(&now);
	delta_release(&d);
}

static uint64_t random_amount(const struct naive *n, size_t from, uint64_t fee)
{
	uint64_t has = holds(n, from);

	switch (rng_below(&rng, 8)) {
	case 0:
		return 0;
	case 1:
		return has;
	case 2: /* all but the fee */
		return has > fee ? has - fee : 0;
	case 3:
		return has > fee ? has - fee + 1 : 1;
	case 4:
		return AMOUNT_MAX - rng_below(&rng, 3);
	default:
		return has ? rng_below(&rng, has / 4 + 1) : 0;
	}
}

static struct deed random_deed(const struct naive *n, uint64_t height)
{
	uint64_t fees[] = {rules.min_fee, rules.min_fee, rules.min_fee + 1,
			   rules.min_fee ? rules.min_fee - 1 : 7,
			   rng_below(&rng, 2000)};
	struct deed d = {.from = rng_below(&rng, PEOPLE), .bytes = 200};

	d.to = rng_below(&rng, 4) ? rng_below(&rng, PEOPLE) : d.from;
	d.fee = fees[rng_below(&rng, 5)];
	d.amount = random_amount(n, d.from, d.fee);
	d.nonce = n->p[d.from].nonce;
	if (!rng_below(&rng, 6))
		d.nonce += rng_below(&rng, 3);
	else if (d.nonce && !rng_below(&rng, 6))
		d.nonce--;
	if (!rng_below(&rng, 3))
		d.valid_until = height + rng_below(&rng, 3) - 1;
	if (!rng_below(&rng, 20))
		d.bytes = rules.max_tx_bytes + rng_below(&rng, 2);
	return d;
}

static struct tx tx_of(const struct deed *d)
{
	static uint8_t bytes[1001];

	return (struct tx){
		.sender = who[d->from],
		.recipient = who[d->to],
		.nonce = d->nonce,
		.amount = d->amount,
		.fee = d->fee,
		.valid_until = d->valid_until,
		.raw = SPAN(bytes, d->bytes),
	};
}

/* One block on both ledgers; its delta. */
static struct delta live(uint64_t height, size_t *accepted, size_t *refused)
{
	struct naive before = now;
	struct delta d;
	struct overlay *o = overlay_new(&rules, kv_mem_view(store), now.supply,
					rng_next(&rng));
	size_t producer = rng_below(&rng, PEOPLE), i;
	size_t count = rng_below(&rng, TXS_MAX + 1);
	uint64_t fees = 0, reward = 0, sent[PEOPLE] = {0};
	bool nobody;

	for (i = 0; i < count; i++) {
		struct deed deed = random_deed(&now, height);
		struct tx tx = tx_of(&deed);
		enum err want = naive_apply(&now, &fees, &deed, height);

		ck_assert_int_eq(overlay_apply(o, &tx, height, NULL), want);
		sent[deed.from] += !want;
		*accepted += !want;
		*refused += want != ERR_OK;
	}
	nobody = !fees && !rng_below(&rng, 8);
	if (!nobody)
		reward = naive_finish(&now, fees, producer);
	ck_assert(!overlay_finish(o, &d, nobody ? NULL : &who[producer]));
	overlay_free(o);
	ck_assert_uint_eq(d.fees, fees);
	ck_assert_uint_eq(d.reward, reward);
	for (i = 0; i < PEOPLE; i++)
		ck_assert_uint_eq(now.p[i].nonce, before.p[i].nonce + sent[i]);
	ck_delta(&d, &before, &now);
	ck_round_trip(&d);
	put_side(&d, true);
	ck_state(&now);
	return d;
}

START_TEST(random_blocks_do_what_a_naive_ledger_does)
{
	size_t accepted = 0, refused = 0, i;
	uint64_t seed, height;

	for (seed = 0; seed < WORLDS; seed++) {
		struct delta d[BLOCKS];
		struct naive was[BLOCKS];
		struct hash root[BLOCKS], back;

		make_world(seed);
		for (i = 0; i < BLOCKS; i++) {
			was[i] = now;
			root[i] = tree_root();
			height = i + 1;
			d[i] = live(height, &accepted, &refused);
		}
		/* by its deltas the way leads back, block by block */
		while (i--) {
			put_side(&d[i], false);
			ck_state(&was[i]);
			back = tree_root();
			ck_assert(hash_eq(&back, &root[i]));
		}
		/* and there again */
		for (i = 0; i < BLOCKS; i++)
			put_side(&d[i], true);
		ck_state(&now);
		for (i = 0; i < BLOCKS; i++)
			delta_release(&d[i]);
		kv_mem_free(store);
	}
	/* a run in which one kind hardly occurs shows nothing */
	ck_assert_uint_gt(accepted, WORLDS * BLOCKS);
	ck_assert_uint_gt(refused, WORLDS * BLOCKS);
}
END_TEST

/* --- refusals ---------------------------------------------------------- */

/* A block of nothing but refused transactions is an empty one. */
START_TEST(what_is_refused_leaves_no_trace)
{
	uint64_t seed;
	size_t i;

	for (seed = 0; seed < WORLDS; seed++) {
		struct overlay *o;
		struct delta d;

		make_world(seed);
		rules.reward = 0;
		o = overlay_new(&rules, kv_mem_view(store), now.supply, seed);
		for (i = 0; i < 200; i++) {
			struct deed deed = random_deed(&now, 5);
			struct tx tx = tx_of(&deed);
			enum err e = naive_check(&now, &deed, 5);
			struct fault f = {0};

			if (!e)
				continue;
			ck_assert_int_eq(overlay_apply(o, &tx, 5, &f), e);
			ck_assert_int_eq(f.code, e);
			ck_assert(f.detail[0] != '\0');
		}
		ck_assert(!overlay_finish(o, &d, &who[0]));
		overlay_free(o);
		ck_assert_uint_eq(d.count, 0);
		ck_assert_uint_eq(d.fees, 0);
		ck_assert_uint_eq(d.supply, now.supply);
		ck_state(&now);
		delta_release(&d);
		kv_mem_free(store);
	}
}
END_TEST

/* --- roots and records ------------------------------------------------- */

START_TEST(the_state_root_is_over_the_tree_and_the_supply)
{
	static const char domain[] = "ccoin/state/1";
	struct hash tree = {{1, 2, 3}}, got, want;
	uint64_t supplies[] = {0, 1, 256, AMOUNT_MAX};
	struct buf text = {0};
	uint8_t be[8];
	size_t i, k;

	for (i = 0; i < ARRAY_LEN(supplies); i++) {
		buf_reset(&text);
		buf_append(&text, domain, strlen(domain));
		for (k = 0; k < HASH_LEN; k++)
			buf_byte(&text, 0);
		buf_append_span(&text, hash_span(&tree));
		for (k = 0; k < 8; k++)
			be[k] = (uint8_t)(supplies[i] >> (56 - 8 * k));
		buf_append(&text, be, 8);
		sha256(&want, buf_span(&text));
		state_root(&got, &tree, supplies[i]);
		ck_assert(hash_eq(&got, &want));
	}
	buf_release(&text);
}
END_TEST

START_TEST(a_damaged_delta_or_record_is_refused_or_reads_back_the_same)
{
	size_t accepted = 0, refused = 0, cut, i;
	struct delta d, got;
	struct buf raw = {0}, again = {0};

	make_world(3);
	d = live(1, &accepted, &refused);
	delta_encode(&raw, &d);
	for (cut = 0; cut < raw.len; cut++)
		ck_assert_int_eq(delta_decode(&got, SPAN(raw.data, cut)),
				 ERR_CORRUPT);
	for (i = 0; i < raw.len * 8; i++) {
		raw.data[i / 8] ^= (uint8_t)(1u << i % 8);
		if (!delta_decode(&got, buf_span(&raw))) {
			buf_reset(&again);
			delta_encode(&again, &got);
			ck_assert(span_eq(buf_span(&raw), buf_span(&again)));
			delta_release(&got);
		}
		raw.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	delta_release(&d);
	buf_release(&raw);
	buf_release(&again);
	kv_mem_free(store);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("apply");
	TCase *t = tcase_create("apply");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, random_blocks_do_what_a_naive_ledger_does);
	tcase_add_test(t, what_is_refused_leaves_no_trace);
	tcase_add_test(t, the_state_root_is_over_the_tree_and_the_supply);
	tcase_add_test(
		t, a_damaged_delta_or_record_is_refused_or_reads_back_the_same);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}

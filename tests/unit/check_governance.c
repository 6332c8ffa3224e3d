/* SPDX-License-Identifier: MIT */
/*
 * Votes on the set against a naive count: people as bits, random votes over
 * sets that change, and after each block what both say. Then the rules that
 * are about one block and the next, each by itself.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "codec/msgpack.h"
#include "ledger/governance.h"
#include "tests/unit/numbered_keys.h"

#define PEOPLE 10
#define MEMBER(set, i) (((set) >> (i)) & 1u)

static struct validator who[PEOPLE]; /* in the order of their addresses */

static int by_address(const void *a, const void *b)
{
	const struct validator *x = a, *y = b;

	return memcmp(x->account.b, y->account.b, ADDRESS_LEN);
}

static void setup(void)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		who[i] = numbered_validator((uint32_t)i);
	qsort(who, PEOPLE, sizeof(*who), by_address);
}

/* --- the naive count --------------------------------------------------- */

struct wish {
	bool add, few;
	unsigned who;
};

struct naive {
	unsigned set, next; /* set(h+1), set(h+2): bits */
	struct {
		struct wish wish;
		unsigned votes;
		uint64_t since;
	} open[PEOPLE * PROPOSALS_PER_MEMBER + 1];
	size_t open_count;
	unsigned guilty;
};

static unsigned bits(unsigned set)
{
	unsigned count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

/* The least number of which any two such groups share an honest one. */
static unsigned needed(unsigned set)
{
	unsigned n = bits(set), f = 0, q = 1;

	while (3 * (f + 1) < n)
		f++;
	while (2 * q < n + f + 1)
		q++;
	return q;
}

static enum err possible(unsigned set, struct wish w)
{
	bool in = MEMBER(set, w.who);

	if (w.add)
		return in ? ERR_EXISTS : ERR_OK;
	if (!in)
		return ERR_NOT_FOUND;
	if (bits(set) == 1 || (bits(set) < 5 && !w.few))
		return ERR_OUT_OF_RANGE;
	return ERR_OK;
}

static bool alike(struct wish a, struct wish b)
{
	return a.add == b.add && a.who == b.who && (a.add || a.few == b.few);
}

static void naive_drop(struct naive *n, size_t i)
{
	n->open_count--;
	for (; i < n->open_count; i++)
		n->open[i] = n->open[i + 1];
}

static enum err naive_vote(struct naive *n, unsigned voter, struct wish w,
			   bool approve, uint64_t height)
{
	size_t i, at = n->open_count, mine = 0;
	bool has;

	if (!MEMBER(n->set, voter))
		return ERR_NOT_A_VALIDATOR;
	for (i = 0; i < n->open_count; i++) {
		mine += MEMBER(n->open[i].votes, voter);
		if (alike(n->open[i].wish, w))
			at = i;
	}
	has = at < n->open_count && MEMBER(n->open[at].votes, voter);
	if (!approve) {
		if (!has)
			return ERR_NOT_FOUND;
		n->open[at].votes &= ~(1u << voter);
		if (!n->open[at].votes)
			naive_drop(n, at);
		return ERR_OK;
	}
	if (has)
		return ERR_EXISTS;
	if (possible(n->next, w))
		return possible(n->next, w);
	if (mine == PROPOSALS_PER_MEMBER)
		return ERR_TOO_MANY;
	if (at == n->open_count) {
		n->open_count++;
		n->open[at].wish = w;
		n->open[at].votes = 0;
		n->open[at].since = height;
	}
	n->open[at].votes |= 1u << voter;
	return ERR_OK;
}

static void naive_end(struct naive *n)
{
	unsigned agreed = n->set, newest = n->next;
	size_t i;

	for (i = 0; i < n->open_count; i++)
		if (bits(n->open[i].votes & agreed) >= needed(agreed) &&
		    !possible(n->next, n->open[i].wish)) {
			newest ^= 1u << n->open[i].wish.who;
			break;
		}
	n->set = n->next;
	n->next = newest;
	n->guilty &= n->set;
	for (i = n->open_count; i-- > 0;) {
		n->open[i].votes &= n->set;
		if (!n->open[i].votes || possible(newest, n->open[i].wish))
			naive_drop(n, i);
	}
}

/* --- both -------------------------------------------------------------- */

static struct validator_change change_of(struct wish w)
{
	struct validator_change c = {.kind = w.add ? CHANGE_ADD : CHANGE_REMOVE,
				     .few = !w.add && w.few,
				     .account = who[w.who].account};

	if (w.add) {
		c.key_len = who[w.who].key_len;
		memcpy(c.key, who[w.who].key, sizeof(c.key));
	}
	return c;
}

static unsigned bits_of(const struct validators *v)
{
	unsigned set = 0;
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		if (validators_find(v, &who[i].account) != SIZE_MAX)
			set |= 1u << i;
	ck_assert_uint_eq(bits(set), v->count);
	return set;
}

static unsigned voters_of(const struct proposal *p)
{
	unsigned set = 0;
	size_t i, k;

	for (i = 0; i < p->voter_count; i++)
		for (k = 0; k < PEOPLE; k++)
			if (address_eq(&p->voters[i], &who[k].account))
				set |= 1u << k;
	ck_assert_uint_eq(bits(set), p->voter_count);
	return set;
}

static void compare(const struct governance *g, const struct naive *n)
{
	struct validators newest;
	struct validator_change c;
	unsigned guilty = 0;
	size_t i, k;

	ck_assert_uint_eq(bits_of(&g->set), n->set);
	governance_newest(&newest, g);
	ck_assert_uint_eq(bits_of(&newest), n->next);
	validators_release(&newest);
	ck_assert_int_eq(g->has_change, n->set != n->next);
	ck_assert_uint_eq(governance_quorum(g), needed(n->set));
	ck_assert_uint_eq(g->proposal_count, n->open_count);
	for (i = 0; i < n->open_count; i++) {
		c = change_of(n->open[i].wish);
		ck_assert(change_same(&c, &g->proposals[i].change));
		ck_assert_uint_eq(voters_of(&g->proposals[i]),
				  n->open[i].votes);
		ck_assert_uint_eq(g->proposals[i].since, n->open[i].since);
	}
	for (i = 0; i < g->offender_count; i++)
		for (k = 0; k < PEOPLE; k++)
			if (address_eq(&g->offenders[i].account,
				       &who[k].account))
				guilty |= 1u << k;
	ck_assert_uint_eq(guilty, n->guilty);
	ck_assert_uint_eq(bits(guilty), g->offender_count);
}

static void round_trip(const struct governance *g)
{
	struct governance again, copy;
	struct buf a = {0}, b = {0};

	governance_encode(&a, g);
	ck_assert_int_eq(governance_decode(&again, buf_span(&a)), ERR_OK);
	governance_encode(&b, &again);
	ck_assert(span_eq(buf_span(&a), buf_span(&b)));
	governance_copy(&copy, &again);
	ck_assert(governance_same(&copy, g));
	governance_release(&again);
	governance_release(&copy);
	buf_release(&a);
	buf_release(&b);
}

static enum err accuse(struct governance_block *b, unsigned i, uint64_t offence,
		       uint64_t height)
{
	struct double_vote d = {.key = SPAN(who[i].key, who[i].key_len)};
	struct fault f = {0};
	enum err e;

	d.vote[0].height = d.vote[1].height = offence;
	e = governance_offence(b, &d, height, &f);
	ck_assert_int_eq(f.code, e);
	return e;
}

static enum err naive_accuse(struct naive *n, unsigned i, uint64_t offence,
			     uint64_t height)
{
	if (!MEMBER(n->set, i))
		return ERR_NOT_A_VALIDATOR;
	if (MEMBER(n->guilty, i))
		return ERR_EXISTS;
	if (offence > height)
		return ERR_OUT_OF_RANGE;
	n->guilty |= 1u << i;
	return ERR_OK;
}

static enum err vote(struct governance_block *b, unsigned voter, struct wish w,
		     bool approve, uint64_t height)
{
	struct validator_change c = change_of(w);
	struct fault f = {0};
	enum err e = governance_vote(b, &who[voter].account, &c, approve,
				     height, &f);

	ck_assert_int_eq(f.code, e);
	return e;
}

static void random_operation(struct governance_block *b, struct naive *n,
			     struct rng *rng, uint64_t height,
			     size_t refused[ERR_COUNT])
{
	unsigned voter = (unsigned)rng_below(rng, PEOPLE);
	uint64_t offence;
	struct wish w;
	bool approve;
	enum err e;

	if (!rng_below(rng, 40)) {
		offence = height - 1 + rng_below(rng, 3);
		e = naive_accuse(n, voter, offence, height);
		ck_assert_int_eq(accuse(b, voter, offence, height), e);
		refused[e]++;
		return;
	}
	w.who = (unsigned)rng_below(rng, PEOPLE);
	w.add = rng_below(rng, 2);
	w.few = rng_below(rng, 2);
	approve = rng_below(rng, 8);
	e = naive_vote(n, voter, w, approve, height);
	ck_assert_int_eq(vote(b, voter, w, approve, height), e);
	refused[e]++;
}

static void begin(struct governance *g, unsigned set)
{
	struct validators v = {0};
	struct validator_change c;
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		if (MEMBER(set, i)) {
			c = change_of(
				(struct wish){.add = true, .who = (unsigned)i});
			ck_assert_int_eq(validators_apply(&v, &c, NULL),
					 ERR_OK);
		}
	governance_init(g, &v);
	validators_release(&v);
}

static void end_block(struct governance *g, struct governance_block *b)
{
	struct governance after;

	governance_end(&after, b);
	governance_block_free(b);
	governance_release(g);
	*g = after;
}

static void random_life(uint64_t seed, size_t seen[ERR_COUNT],
			size_t sizes[PEOPLE + 1])
{
	unsigned set = 1u | (unsigned)(seed * 0x9e37u & 0x3ff);
	struct naive n = {.set = set, .next = set};
	struct governance g;
	struct governance_block *b;
	struct rng rng;
	uint64_t height;
	size_t ops;

	rng_seed(&rng, seed);
	begin(&g, set);
	for (height = 1; height <= 400; height++) {
		b = governance_begin(&g);
		for (ops = rng_below(&rng, 12); ops > 0; ops--)
			random_operation(b, &n, &rng, height, seen);
		naive_end(&n);
		end_block(&g, b);
		compare(&g, &n);
		if (height % 16 == 0)
			round_trip(&g);
		sizes[bits(n.set)]++;
	}
	governance_release(&g);
}

START_TEST(random_votes_count_as_bits_do)
{
	static const enum err all[] = {ERR_OK,	     ERR_NOT_A_VALIDATOR,
				       ERR_EXISTS,   ERR_NOT_FOUND,
				       ERR_TOO_MANY, ERR_OUT_OF_RANGE};
	size_t seen[ERR_COUNT] = {0}, sizes[PEOPLE + 1] = {0}, i;
	uint64_t seed;

	for (seed = 1; seed <= 20; seed++)
		random_life(seed, seen, sizes);
	/* the walk has been everywhere */
	for (i = 0; i < ARRAY_LEN(all); i++)
		ck_assert_msg(seen[all[i]] > 20, "%s %zu", err_code(all[i]),
			      seen[all[i]]);
	for (i = 1; i <= PEOPLE; i++)
		ck_assert_msg(sizes[i] > 0, "never %zu members", i);
}
END_TEST

static void agree(struct governance *g, unsigned from, unsigned to,
		  struct wish w)
{
	struct governance_block *b = governance_begin(g);

	for (; from < to; from++)
		ck_assert_int_eq(vote(b, from, w, true, 1), ERR_OK);
	end_block(g, b);
}

static void empty_block(struct governance *g)
{
	end_block(g, governance_begin(g));
}

static unsigned change_in(const struct governance *g)
{
	struct validators newest;
	unsigned set;

	governance_newest(&newest, g);
	set = bits_of(&newest) ^ bits_of(&g->set);
	validators_release(&newest);
	return set;
}

START_TEST(a_change_passes_in_one_header_and_holds_from_the_next)
{
	struct governance g;

	begin(&g, 0x0f);
	agree(&g, 0, 2, (struct wish){.add = true, .who = 4});
	ck_assert(!g.has_change);
	agree(&g, 2, 3, (struct wish){.add = true, .who = 4});
	ck_assert_uint_eq(bits_of(&g.set), 0x0f);
	ck_assert_uint_eq(change_in(&g), 0x10);
	ck_assert_uint_eq(g.proposal_count, 0);
	empty_block(&g);
	ck_assert_uint_eq(bits_of(&g.set), 0x1f);
	ck_assert(!g.has_change);
	governance_release(&g);
}
END_TEST

START_TEST(of_two_agreed_in_one_block_the_second_passes_in_the_next)
{
	struct wish first = {.add = true, .who = 7},
		    second = {.add = true, .who = 5};
	struct governance_block *b;
	struct governance g;
	unsigned i;

	begin(&g, 0x0f);
	b = governance_begin(&g);
	ck_assert_int_eq(vote(b, 0, first, true, 1), ERR_OK);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(vote(b, i, second, true, 1), ERR_OK);
	for (i = 1; i < 3; i++)
		ck_assert_int_eq(vote(b, i, first, true, 1), ERR_OK);
	end_block(&g, b);
	ck_assert_uint_eq(change_in(&g), 1u << 7);
	ck_assert_uint_eq(g.proposal_count, 1);
	empty_block(&g);
	ck_assert_uint_eq(bits_of(&g.set), 0x8f);
	ck_assert_uint_eq(change_in(&g), 1u << 5);
	empty_block(&g);
	ck_assert_uint_eq(bits_of(&g.set), 0xaf);
	governance_release(&g);
}
END_TEST

/* The second needs 4 of 5 while the first is being taken in: counted by the
 * set of the block at whose end it is counted, three are enough. */
START_TEST(the_set_of_the_block_counts_not_the_newest)
{
	struct governance g;

	begin(&g, 0x0f);
	agree(&g, 0, 3, (struct wish){.add = true, .who = 4});
	/* this block is still made by four */
	agree(&g, 0, 3, (struct wish){.add = true, .who = 5});
	ck_assert_uint_eq(change_in(&g), 1u << 5);
	ck_assert_uint_eq(governance_quorum(&g), 4);
	/* and this by five: three are too few now */
	agree(&g, 0, 3, (struct wish){.add = true, .who = 6});
	ck_assert(!g.has_change);
	governance_release(&g);
}
END_TEST

START_TEST(who_leaves_takes_the_votes_along)
{
	struct wish add = {.add = true, .who = 9};
	struct governance g;

	begin(&g, 0x3f); /* q = 4 */
	agree(&g, 5, 6, add);
	agree(&g, 0, 4, (struct wish){.who = 5});
	ck_assert_uint_eq(g.proposal_count, 1); /* 5 is in set(h+1) */
	empty_block(&g);
	ck_assert_uint_eq(bits_of(&g.set), 0x1f);
	ck_assert_uint_eq(g.proposal_count, 0);
	/* back again, it has voted for nothing */
	agree(&g, 0, 4, (struct wish){.add = true, .who = 5});
	empty_block(&g);
	agree(&g, 0, 3, add);
	ck_assert(!g.has_change);
	agree(&g, 5, 6, add);
	ck_assert_uint_eq(change_in(&g), 1u << 9);
	governance_release(&g);
}
END_TEST

START_TEST(what_the_last_change_ruled_out_is_forgotten)
{
	struct governance g;

	begin(&g, 0x1f);
	agree(&g, 0, 1, (struct wish){.who = 0});
	agree(&g, 0, 1, (struct wish){.who = 1, .few = true});
	agree(&g, 0, 4, (struct wish){.who = 4});
	/* with four, removing another without the flag is out of the
	 * question; with the flag it is not */
	ck_assert_uint_eq(g.proposal_count, 1);
	ck_assert(g.proposals[0].change.few);
	governance_release(&g);
}
END_TEST

START_TEST(an_offence_is_told_once_while_its_member_stays)
{
	struct governance_block *b;
	struct governance g;

	begin(&g, 0x3f);
	b = governance_begin(&g);
	ck_assert_int_eq(accuse(b, 9, 5, 7), ERR_NOT_A_VALIDATOR);
	ck_assert_int_eq(accuse(b, 3, 8, 7), ERR_OUT_OF_RANGE);
	ck_assert_int_eq(accuse(b, 3, 7, 7), ERR_OK);
	ck_assert_int_eq(accuse(b, 3, 6, 7), ERR_EXISTS);
	ck_assert_int_eq(accuse(b, 1, 2, 7), ERR_OK);
	end_block(&g, b);
	ck_assert_uint_eq(g.offender_count, 2);
	ck_assert(address_eq(&g.offenders[0].account, &who[1].account));
	ck_assert_uint_eq(g.offenders[1].height, 7);
	ck_assert_uint_eq(g.offenders[0].height, 2);
	ck_assert_uint_eq(g.offenders[0].found, 7);
	b = governance_begin(&g);
	ck_assert_int_eq(accuse(b, 3, 7, 8), ERR_EXISTS);
	end_block(&g, b);
	agree(&g, 0, 4, (struct wish){.who = 3});
	ck_assert_uint_eq(g.offender_count, 2);
	empty_block(&g);
	ck_assert_uint_eq(g.offender_count, 1);
	governance_release(&g);
}
END_TEST

START_TEST(a_header_tells_both_sets_and_the_change_between)
{
	struct governance g;
	struct buf fields = {0}, expected = {0};
	struct hash now, next;

	begin(&g, 0x0f);
	validators_hash(&now, &g.set);
	governance_fields(&fields, &g);
	mp_array(&expected, 3);
	mp_hash(&expected, &now);
	mp_hash(&expected, &now);
	mp_array(&expected, 0);
	ck_assert(span_eq(buf_span(&fields), buf_span(&expected)));

	agree(&g, 0, 3, (struct wish){.add = true, .who = 4});
	buf_reset(&fields);
	governance_fields(&fields, &g);
	governance_release(&g);
	begin(&g, 0x1f);
	validators_hash(&next, &g.set);
	buf_reset(&expected);
	mp_array(&expected, 3);
	mp_hash(&expected, &now);
	mp_hash(&expected, &next);
	mp_array(&expected, 3);
	mp_uint(&expected, 0);
	mp_bin(&expected, SPAN(who[4].key, who[4].key_len));
	mp_uint(&expected, 0);
	ck_assert(span_eq(buf_span(&fields), buf_span(&expected)));
	buf_release(&fields);
	buf_release(&expected);
	governance_release(&g);
}
END_TEST

START_TEST(damaged_bytes_are_no_governance)
{
	struct governance g, again;
	struct governance_block *b;
	struct buf raw = {0};
	struct rng rng;
	size_t i, at;
	uint8_t was;

	begin(&g, 0x0f);
	b = governance_begin(&g);
	ck_assert_int_eq(
		vote(b, 1, (struct wish){.who = 2, .few = true}, true, 1),
		ERR_OK);
	ck_assert_int_eq(accuse(b, 2, 1, 1), ERR_OK);
	end_block(&g, b);
	governance_encode(&raw, &g);
	for (i = 0; i < raw.len; i++)
		ck_assert_int_eq(governance_decode(&again, SPAN(raw.data, i)),
				 ERR_CORRUPT);
	rng_seed(&rng, 3);
	for (i = 0; i < 4000; i++) {
		at = rng_below(&rng, raw.len);
		was = raw.data[at];
		raw.data[at] = (uint8_t)rng_next(&rng);
		if (!governance_decode(&again, buf_span(&raw)))
			round_trip(&again);
		governance_release(&again);
		raw.data[at] = was;
	}
	buf_release(&raw);
	governance_release(&g);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("governance");
	Suite *s = suite_create("governance");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, random_votes_count_as_bits_do);
	tcase_add_test(tc,
		       a_change_passes_in_one_header_and_holds_from_the_next);
	tcase_add_test(
		tc, of_two_agreed_in_one_block_the_second_passes_in_the_next);
	tcase_add_test(tc, the_set_of_the_block_counts_not_the_newest);
	tcase_add_test(tc, who_leaves_takes_the_votes_along);
	tcase_add_test(tc, what_the_last_change_ruled_out_is_forgotten);
	tcase_add_test(tc, an_offence_is_told_once_while_its_member_stays);
	tcase_add_test(tc, a_header_tells_both_sets_and_the_change_between);
	tcase_add_test(tc, damaged_bytes_are_no_governance);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

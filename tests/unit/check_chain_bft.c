/* SPDX-License-Identifier: MIT */
/*
 * A chain with validators: what it keeps of their votes through blocks made
 * here, blocks from elsewhere, branches and starts is what the ledger's
 * governance says of the same votes, and headers tell it.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "chain/branch.h"
#include "chain/chain.h"
#include "chain/genesis.h"
#include "chain/tables.h"
#include "codec/vote.h"
#include "node/verify.h"
#include "tests/unit/numbered_keys.h"
#include "tests/unit/tx_ops.h"

#define PEOPLE 8
#define MEMBERS 5 /* at genesis */

static struct secret_key *people[PEOPLE];

static void setup(void)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		people[i] = numbered_key((uint32_t)i);
}

static void teardown(void)
{
	size_t i;

	for (i = 0; i < PEOPLE; i++)
		secret_key_free(people[i]);
}

/* --- a node ------------------------------------------------------------- */

struct copy {
	struct kv_mem *mem;
	struct chain *chain;
};

static void append(struct buf *out, const char *text)
{
	buf_append_span(out, span_str(text));
}

static void genesis_text(struct buf *out, bool bft)
{
	char hex[ADDRESS_HEX_LEN];
	size_t i;

	append(out, "{\"network_id\":\"test\",");
	if (bft) {
		append(out, "\"consensus\":{\"engine\":\"bft\","
			    "\"validators\":[");
		for (i = 0; i < MEMBERS; i++) {
			append(out, i ? ",{\"public_key\":\""
				      : "{\"public_key\":\"");
			base64_encode(out, secret_key_public(people[i]));
			append(out, "\"}");
		}
		append(out, "]},");
	} else {
		append(out, "\"miners\":[\"");
		append(out, address_hex(hex, secret_key_address(people[0])));
		append(out, "\"],");
	}
	append(out, "\"alloc\":{");
	for (i = 0; i < PEOPLE; i++) {
		append(out, i ? ",\"" : "\"");
		append(out, address_hex(hex, secret_key_address(people[i])));
		append(out, "\":{\"balance\":1000000}");
	}
	append(out, "}}");
}

static void open_copy(struct copy *c)
{
	struct fault f = {0};

	ck_assert_msg(!chain_open(&c->chain, kv_mem_view(c->mem), 3, &f), "%s",
		      f.detail);
}

static struct copy new_copy(bool bft)
{
	struct copy c = {.mem = kv_mem_new()};
	struct kv_batch batch = {0};
	struct buf text = {0};
	struct rules rules;
	struct genesis g;
	struct fault f;
	size_t at = 0;

	genesis_text(&text, bft);
	ck_assert_msg(!genesis_parse(&rules, buf_span(&text), &f), "%s: %s",
		      f.field, f.detail);
	genesis_make(&g, &rules);
	while (genesis_batch(&g, 0, &at, &batch)) {
		kv_mem_apply(c.mem, &batch);
		kv_batch_release(&batch);
	}
	genesis_release(&g);
	rules_release(&rules);
	buf_release(&text);
	open_copy(&c);
	return c;
}

static void free_copy(struct copy *c)
{
	chain_free(c->chain);
	kv_mem_free(c->mem);
}

static void restart(struct copy *c)
{
	chain_free(c->chain);
	open_copy(c);
}

/* The engine's state, which is the set of the next block, where it is another
 * than below. */
static void put_state(struct kv_batch *batch, const struct copy *c,
		      const struct candidate *b)
{
	const struct validators *next = &candidate_governance(b)->set,
				*set = &chain_governance(c->chain)->set;
	uint64_t height = candidate_tip(b)->height;
	struct buf state = {0}, before = {0};
	uint8_t key[HEIGHT_KEY_LEN];

	validators_encode(&state, next);
	validators_encode(&before, set);
	if (height == 1 || !span_eq(buf_span(&state), buf_span(&before)))
		kv_batch_put(batch, KV_STATES, height_key(key, height),
			     buf_span(&state));
	buf_release(&state);
	buf_release(&before);
}

static void adopt(struct copy *c, struct candidate *b)
{
	struct kv_batch batch = {0};

	put_state(&batch, c, b);
	chain_commit(c->chain, b, &batch);
	kv_mem_apply(c->mem, &batch);
	kv_batch_release(&batch);
	ck_assert(!chain_adopt_take(c->chain, b, kv_mem_view(c->mem)));
}

/* A block from elsewhere, alone or as a branch. */
static void take(struct copy *c, struct span raw, bool as_branch)
{
	struct kv_batch batch = {0};
	struct candidate *b;
	struct branch *branch;
	struct block block;
	struct fault f = {0};

	ck_assert(!block_decode(&block, raw));
	if (!as_branch) {
		ck_assert_msg(!candidate_check(&b, c->chain,
					       kv_mem_view(c->mem), &block, raw,
					       &f),
			      "%s", f.detail);
		adopt(c, b);
		block_release(&block);
		return;
	}
	ck_assert(!branch_new(&branch, c->chain, kv_mem_view(c->mem),
			      chain_tip(c->chain)->height, &f));
	ck_assert_msg(!branch_add(branch, kv_mem_view(c->mem), &block, raw, &f),
		      "%s", f.detail);
	branch_commit(branch, &batch);
	kv_mem_apply(c->mem, &batch);
	kv_batch_release(&batch);
	chain_adopt_branch(c->chain, branch);
	branch_free(branch);
	block_release(&block);
}

/* --- operations --------------------------------------------------------- */

static struct op_sender sender_of(struct copy *c, size_t who,
				  const uint64_t *used)
{
	struct account account;
	bool existed;

	ck_assert(!chain_account(&account, &existed, c->chain,
				 kv_mem_view(c->mem),
				 secret_key_address(people[who])));
	return (struct op_sender){.key = people[who],
				  .nonce = account.nonce + used[who],
				  .fee = 1,
				  .genesis = chain_genesis(c->chain)};
}

static void random_vote(struct buf *raw, const struct op_sender *s,
			struct rng *rng)
{
	size_t about = rng_below(rng, PEOPLE);
	bool approve = rng_below(rng, 6);
	struct tx_change change;

	if (rng_below(rng, 2)) {
		change = op_add(people[about]);
		op_vote(raw, s, approve, &change,
			approve ? people[about] : NULL, NULL);
		return;
	}
	change = op_remove(secret_key_address(people[about]));
	change.few = rng_below(rng, 2);
	op_vote(raw, s, approve, &change, NULL, NULL);
}

static void random_evidence(struct buf *raw, const struct op_sender *s,
			    struct rng *rng)
{
	const struct secret_key *who = people[rng_below(rng, PEOPLE)];
	const struct secret_key *signers[] = {who, who};
	struct buf twice = {0};

	op_double_vote(&twice, who, signers, rng_below(rng, 30), s->genesis);
	op_evidence(raw, s, buf_span(&twice));
	buf_release(&twice);
}

/* What the ledger says of it by itself. */
static enum err count(struct governance_block *g, const struct tx *tx,
		      uint64_t height)
{
	struct validator_change change;
	struct double_vote twice;

	if (tx->op == TX_EVIDENCE) {
		ck_assert(!double_vote_decode(&twice, tx->double_vote));
		return governance_offence(g, &twice, height, NULL);
	}
	ck_assert(!change_decode(&change, tx->change));
	return governance_vote(g, &tx->sender, &change, tx->approve, height,
			       NULL);
}

static void add_operation(struct copy *c, struct candidate *b,
			  struct governance_block *g, uint64_t *used,
			  struct rng *rng, size_t counts[2])
{
	size_t who = rng_below(rng, PEOPLE);
	struct op_sender s = sender_of(c, who, used);
	struct fault f = {0};
	struct buf raw = {0};
	struct tx tx;
	enum err e;

	if (rng_below(rng, 10))
		random_vote(&raw, &s, rng);
	else
		random_evidence(&raw, &s, rng);
	ck_assert_msg(!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, &f), "%s",
		      f.detail);
	tx_hash(&tx, s.genesis);
	e = count(g, &tx, chain_tip(c->chain)->height + 1);
	ck_assert_int_eq(candidate_add(b, &tx, &f), e);
	ck_assert_int_eq(f.code, e);
	counts[e != ERR_OK]++;
	used[who] += e == ERR_OK;
	buf_release(&raw);
}

/* Its engine's fields, as the header of the raw block has them. */
static void check_header(struct span raw, const struct governance *before)
{
	struct buf fields = {0};
	struct block block;

	governance_fields(&fields, before);
	ck_assert(!block_decode(&block, raw));
	ck_assert(span_eq(block.header.engine, buf_span(&fields)));
	block_release(&block);
	buf_release(&fields);
}

/* By all of the set. */
static void seal_block(struct candidate *b, const struct governance *now,
		       const struct hash *genesis)
{
	struct vote votes[PEOPLE];
	struct buf raw = {0}, signature = {0};
	struct seal seal = {0};
	struct hash digest;
	size_t i, k;

	for (i = 0; i < now->set.count; i++) {
		votes[i] = (struct vote){.kind = VOTE_COMMIT,
					 .height = candidate_tip(b)->height,
					 .digest = *candidate_hash(b),
					 .signer = (uint16_t)i};
		for (k = 0; !address_eq(secret_key_address(people[k]),
					&now->set.list[i].account);)
			k++;
		vote_digest(&digest, &votes[i], genesis);
		buf_reset(&signature);
		ck_assert(!secret_key_sign(people[k], &signature, &digest));
		votes[i].signature_len = (uint16_t)signature.len;
		memcpy(votes[i].signature, signature.data, signature.len);
	}
	certificate_encode(&raw, 0, votes, now->set.count);
	seal.certificate = buf_span(&raw);
	candidate_seal(b, &seal);
	buf_release(&raw);
	buf_release(&signature);
}

static void add_block(struct copy *maker, struct buf *raw, struct rng *rng,
		      struct governance *now, size_t counts[2])
{
	struct candidate *b =
		candidate_new(maker->chain, kv_mem_view(maker->mem));
	struct governance_block *g = governance_begin(now);
	uint64_t used[PEOPLE] = {0};
	struct governance after;
	size_t i;

	for (i = rng_below(rng, 7); i > 0; i--)
		add_operation(maker, b, g, used, rng, counts);
	ck_assert(!candidate_finish(b, chain_tip(maker->chain)->time + 1,
				    &now->set.list[0].account, SPAN(NULL, 0),
				    SPAN(NULL, 0)));
	seal_block(b, now, chain_genesis(maker->chain));
	check_header(candidate_raw(b), now);
	governance_end(&after, g);
	governance_block_free(g);
	ck_assert(governance_same(&after, candidate_governance(b)));
	governance_release(now);
	*now = after;
	buf_reset(raw);
	buf_append_span(raw, candidate_raw(b));
	adopt(maker, b);
}

START_TEST(votes_are_kept_through_blocks_branches_and_starts)
{
	struct copy maker = new_copy(true), other = new_copy(true);
	size_t counts[2] = {0}, changes = 0, height;
	struct governance now;
	struct buf raw = {0};
	struct rng rng;

	rng_seed(&rng, 11);
	governance_copy(&now, chain_governance(maker.chain));
	ck_assert_uint_eq(now.set.count, MEMBERS);
	for (height = 1; height <= 120; height++) {
		add_block(&maker, &raw, &rng, &now, counts);
		take(&other, buf_span(&raw), rng_below(&rng, 2));
		if (!rng_below(&rng, 3))
			restart(&maker);
		if (!rng_below(&rng, 3))
			restart(&other);
		ck_assert(governance_same(&now, chain_governance(maker.chain)));
		ck_assert(governance_same(&now, chain_governance(other.chain)));
		changes += now.has_change;
	}
	ck_assert_uint_gt(counts[0], 50);
	ck_assert_uint_gt(counts[1], 50);
	ck_assert_uint_gt(changes, 5);
	governance_release(&now);
	buf_release(&raw);
	free_copy(&maker);
	free_copy(&other);
}
END_TEST

static enum err verify(struct copy *c)
{
	struct verify_report report;
	struct fault f = {0};
	enum err e = node_verify(&report, kv_mem_view(c->mem), NULL, NULL, &f);

	ck_assert_msg(e == f.code, "%s", f.detail);
	ck_assert_msg(!e || e == ERR_CORRUPT, "%s", f.detail);
	return e;
}

static void put_governance(struct copy *c, const struct governance *g)
{
	struct kv_batch batch = {0};
	struct buf row = {0};

	if (g) {
		governance_encode(&row, g);
		kv_batch_put(&batch, KV_META, meta_key(META_GOVERNANCE),
			     buf_span(&row));
	} else {
		kv_batch_del(&batch, KV_META, meta_key(META_GOVERNANCE));
	}
	kv_mem_apply(c->mem, &batch);
	kv_batch_release(&batch);
	buf_release(&row);
}

START_TEST(verification_counts_the_votes_again)
{
	struct copy c = new_copy(true);
	struct governance now, other;
	struct buf raw = {0};
	struct rng rng;
	size_t counts[2] = {0}, height;

	rng_seed(&rng, 14);
	governance_copy(&now, chain_governance(c.chain));
	ck_assert_int_eq(verify(&c), ERR_OK);
	for (height = 1; height <= 40; height++)
		add_block(&c, &raw, &rng, &now, counts);
	ck_assert_int_eq(verify(&c), ERR_OK);
	ck_assert_uint_gt(now.proposal_count, 0);
	governance_copy(&other, &now);
	other.proposals[0].since++;
	put_governance(&c, &other);
	ck_assert_int_eq(verify(&c), ERR_CORRUPT);
	put_governance(&c, NULL);
	ck_assert_int_eq(verify(&c), ERR_CORRUPT);
	put_governance(&c, &now);
	ck_assert_int_eq(verify(&c), ERR_OK);
	governance_release(&now);
	governance_release(&other);
	buf_release(&raw);
	free_copy(&c);
}
END_TEST

/* A row is written with the block that makes it another, and only then. */
START_TEST(what_no_vote_changed_is_not_written)
{
	struct copy c = new_copy(true);
	const struct address *producer = secret_key_address(people[0]);
	uint64_t none[PEOPLE] = {0};
	struct kv_batch batch = {0};
	struct seal seal = {0};
	struct buf raw = {0};
	struct candidate *b;
	struct tx_change change;
	struct op_sender s;
	struct span value;
	struct tx tx;
	size_t votes;

	for (votes = 0; votes < 2; votes++) {
		b = candidate_new(c.chain, kv_mem_view(c.mem));
		if (votes) {
			s = sender_of(&c, 1, none);
			change = op_add(people[MEMBERS]);
			op_vote(&raw, &s, true, &change, people[MEMBERS], NULL);
			ck_assert(!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX,
					     NULL));
			tx_hash(&tx, s.genesis);
			ck_assert(!candidate_add(b, &tx, NULL));
		}
		ck_assert(!candidate_finish(b, votes + 1, producer,
					    SPAN(NULL, 0), SPAN(NULL, 0)));
		candidate_seal(b, &seal);
		chain_commit(c.chain, b, &batch);
		kv_mem_apply(c.mem, &batch);
		kv_batch_release(&batch);
		ck_assert(!chain_adopt_take(c.chain, b, kv_mem_view(c.mem)));
		ck_assert_int_eq(kv_get(kv_mem_view(c.mem), &value, KV_META,
					meta_key(META_GOVERNANCE)),
				 votes ? ERR_OK : ERR_NOT_FOUND);
	}
	buf_release(&raw);
	free_copy(&c);
}
END_TEST

/* The header of the raw block with other fields of the engine. */
static enum err with_fields(struct copy *c, struct span raw, struct span fields)
{
	struct buf header = {0}, forged = {0};
	struct candidate *b = NULL;
	struct fault f = {0};
	struct block block;
	enum err e;

	ck_assert(!block_decode(&block, raw));
	block.header.engine = fields;
	header_encode(&header, &block.header);
	block_encode(&forged, buf_span(&header), &block.seal, block.txs,
		     block.tx_count);
	block_release(&block);
	ck_assert(!block_decode(&block, buf_span(&forged)));
	e = candidate_check(&b, c->chain, kv_mem_view(c->mem), &block,
			    buf_span(&forged), &f);
	ck_assert_int_eq(f.code, e);
	candidate_free(b);
	block_release(&block);
	buf_release(&header);
	buf_release(&forged);
	return e;
}

START_TEST(other_sets_or_changes_in_a_header_are_refused)
{
	struct copy maker = new_copy(true), other = new_copy(true);
	struct buf raw = {0}, fields = {0};
	struct governance now, lie;
	struct governance_block *g;
	struct validator_change change = {
		.kind = CHANGE_REMOVE,
		.account = *secret_key_address(people[1])};
	struct rng rng;
	size_t counts[2] = {0}, i;

	rng_seed(&rng, 12);
	governance_copy(&now, chain_governance(other.chain));
	g = governance_begin(&now);
	for (i = 0; i < 4; i++)
		ck_assert(!governance_vote(g, secret_key_address(people[i]),
					   &change, true, 0, NULL));
	governance_end(&lie, g);
	governance_block_free(g);
	governance_fields(&fields, &now);
	add_block(&maker, &raw, &rng, &now, counts);
	ck_assert_int_eq(with_fields(&other, buf_span(&raw), buf_span(&fields)),
			 ERR_OK);
	buf_reset(&fields);
	governance_fields(&fields, &lie);
	ck_assert_int_eq(with_fields(&other, buf_span(&raw), buf_span(&fields)),
			 ERR_BAD_ENGINE_FIELDS);
	ck_assert_int_eq(with_fields(&other, buf_span(&raw), SPAN("\x90", 1)),
			 ERR_BAD_ENGINE_FIELDS);
	governance_release(&now);
	governance_release(&lie);
	buf_release(&fields);
	buf_release(&raw);
	free_copy(&maker);
	free_copy(&other);
}
END_TEST

START_TEST(without_validators_there_is_nothing_to_vote_on)
{
	struct copy c = new_copy(false);
	struct candidate *b = candidate_new(c.chain, kv_mem_view(c.mem));
	uint64_t none[PEOPLE] = {0};
	struct op_sender s = sender_of(&c, 0, none);
	struct buf raw = {0};
	struct rng rng;
	struct tx tx;
	size_t i;

	rng_seed(&rng, 13);
	ck_assert_uint_eq(chain_governance(c.chain)->set.count, 0);
	for (i = 0; i < 6; i++) {
		buf_reset(&raw);
		if (i % 2)
			random_vote(&raw, &s, &rng);
		else
			random_evidence(&raw, &s, &rng);
		ck_assert(!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, NULL));
		tx_hash(&tx, s.genesis);
		ck_assert_int_eq(candidate_add(b, &tx, NULL),
				 ERR_UNSUPPORTED_OPERATION);
	}
	candidate_free(b);
	buf_release(&raw);
	free_copy(&c);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("chain_bft");
	Suite *s = suite_create("chain_bft");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, votes_are_kept_through_blocks_branches_and_starts);
	tcase_add_test(tc, verification_counts_the_votes_again);
	tcase_add_test(tc, what_no_vote_changed_is_not_written);
	tcase_add_test(tc, other_sets_or_changes_in_a_header_are_refused);
	tcase_add_test(tc, without_validators_there_is_nothing_to_vote_on);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

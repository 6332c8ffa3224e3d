/* SPDX-License-Identifier: MIT */
/*
 * Genesis files: every wrong field is refused by name, what is right becomes
 * the same rules however it is written.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "ledger/genesis.h"

#define A "00112233445566778899aabbccddeeff00112233"
#define B "ffeeddccbbaa99887766554433221100ffeeddcc"
#define B_UP "FFEEDDCCBBAA99887766554433221100FFEEDDCC"

/* The form of the seed, every field of it. */
static const char seed_file[] =
	"{\n"
	"  \"network_id\": 1,\n"
	"  \"miners\": [\"" A "\", \"" B "\"],\n"
	"  \"block_mining\": {\n"
	"    \"interval\": 600,\n"
	"    \"max_bound\": 100,\n"
	"    \"min_bound\": 10,\n"
	"    \"reward\": 50,\n"
	"    \"difficulty\": 5,\n"
	"    \"allow_empty\": true,\n"
	"    \"placeholder_data\": [\"rnd\", 15]\n"
	"  },\n"
	"  \"transaction\": {\"placeholder_data\": [\"predef\", \"none\"]},\n"
	"  \"max_peers\": 0,\n"
	"  \"genesis_block\": {\"coinbase\": \"\", \"difficulty\": 4},\n"
	"  \"alloc\": {\"" B_UP "\": {\"balance\": 7},\n"
	"            \"" A "\": {\"balance\": 5}}\n"
	"}\n";

static enum err parse(struct rules *r, const char *text, struct fault *f)
{
	*f = (struct fault){0};
	return genesis_parse(r, span_str(text), f);
}

static void must_parse(struct rules *r, const char *text)
{
	struct fault f;

	ck_assert_msg(parse(r, text, &f) == ERR_OK, "%s\n%s: %s: %s", text,
		      err_code(f.code), f.field, f.detail);
}

static struct buf encoded(const char *text)
{
	struct buf b = {0};
	struct rules r;

	must_parse(&r, text);
	rules_encode(&b, &r);
	rules_release(&r);
	return b;
}

START_TEST(the_seeds_file_is_read_as_it_is)
{
	struct rules r;

	must_parse(&r, seed_file);
	ck_assert_str_eq(r.network_id, "1");
	ck_assert_uint_eq(r.miner_count, 2);
	ck_assert_uint_eq(r.miners[0].b[1], 0x11);
	ck_assert_uint_eq(r.miners[1].b[0], 0xff);
	ck_assert_uint_eq(r.interval_ms, 600000);
	ck_assert_uint_eq(r.max_bound, 100);
	ck_assert_uint_eq(r.min_bound, 10);
	ck_assert_uint_eq(r.reward, 50);
	ck_assert_uint_eq(r.difficulty, 5);
	ck_assert(r.allow_empty);
	ck_assert_int_eq(r.block_placeholder.kind, PLACEHOLDER_RND);
	ck_assert_uint_eq(r.block_placeholder.length, 15);
	ck_assert_int_eq(r.tx_placeholder.kind, PLACEHOLDER_PREDEF);
	ck_assert_str_eq(r.tx_placeholder.text, "none");
	ck_assert(!r.has_coinbase);
	ck_assert_uint_eq(r.genesis_difficulty, 4);
	ck_assert_uint_eq(r.alloc_count, 2);
	ck_assert_uint_eq(r.alloc[0].balance, 5);
	ck_assert_uint_eq(r.alloc[1].balance, 7);
	rules_release(&r);
}
END_TEST

START_TEST(defaults_written_out_are_the_same_rules)
{
	struct buf bare =
		encoded("{\"network_id\":\"n\",\"miners\":[\"" A "\"]}");
	struct buf full = encoded(
		"{\"network_id\":\"n\",\"miners\":[\"" A "\"],"
		"\"block_mining\":{\"interval\":0,\"max_bound\":1000,"
		"\"min_bound\":1,\"reward\":0,\"difficulty\":0,"
		"\"allow_empty\":false},\"transaction\":{},\"max_peers\":0,"
		"\"genesis_block\":{\"coinbase\":\"\",\"coinbase_reward\":0,"
		"\"difficulty\":0,\"time\":0},\"alloc\":{},"
		"\"consensus\":{\"engine\":\"poa\",\"slot_ms\":10},"
		"\"new_address_balance\":0,\"confirmations\":6,\"min_fee\":0,"
		"\"max_tx_bytes\":4096,\"max_block_bytes\":2097152}");
	struct buf slow = encoded("{\"network_id\":\"n\",\"miners\":[\"" A
				  "\"],\"block_mining\":{\"interval\":1}}");
	struct rules r;

	ck_assert(span_eq(buf_span(&bare), buf_span(&full)));
	ck_assert(!span_eq(buf_span(&bare), buf_span(&slow)));
	ck_assert_int_eq(rules_decode(&r, buf_span(&slow)), ERR_OK);
	ck_assert_uint_eq(r.slot_ms, 1000);
	ck_assert_uint_eq(r.interval_ms, 1000);
	rules_release(&r);
	buf_release(&bare);
	buf_release(&full);
	buf_release(&slow);
}
END_TEST

START_TEST(order_of_keys_blanks_and_capitals_do_not_matter)
{
	struct buf one = encoded(seed_file);
	struct buf two = encoded(
		"{\"alloc\":{\"" A "\":{\"balance\":5},\"" B
		"\":{\"balance\":7}},\"genesis_block\":{\"difficulty\":4},"
		"\"max_peers\":0,\"transaction\":{\"placeholder_data\":"
		"[\"predef\",\"n\\u006fne\"]},\"block_mining\":{"
		"\"placeholder_data\":[\"rnd\",15],\"allow_empty\":true,"
		"\"difficulty\":5,\"reward\":50,\"min_bound\":10,"
		"\"max_bound\":100,\"interval\":600},"
		"\"miners\":[\"" A "\",\"" B_UP "\"],\"network_id\":\"1\"}");
	struct buf three =
		encoded("{\"network_id\":1,\"miners\":[\"" B "\",\"" A "\"]}");
	struct buf four =
		encoded("{\"network_id\":1,\"miners\":[\"" A "\",\"" B "\"]}");

	ck_assert(span_eq(buf_span(&one), buf_span(&two)));
	/* The order of the miners is the order of the slots. */
	ck_assert(!span_eq(buf_span(&three), buf_span(&four)));
	buf_release(&one);
	buf_release(&two);
	buf_release(&three);
	buf_release(&four);
}
END_TEST

#define BASE "{\"network_id\":\"n\",\"miners\":[\"" A "\"],"
#define MINING BASE "\"block_mining\":{"
#define BLOCK0 BASE "\"genesis_block\":{"
#define ENGINE BASE "\"consensus\":{"
#define MINERS(list) "{\"network_id\":\"n\",\"miners\":" list "}"

static const struct bad {
	const char *text;
	enum err code;
	const char *field;
	const char *detail; /* a part of it */
} bads[] = {
	/* missing */
	{"{\"miners\":[\"" A "\"]}", ERR_MISSING_FIELD, "network_id",
	 "expected the name of the network"},
	{"{\"network_id\":1}", ERR_MISSING_FIELD, "miners",
	 "expected the addresses"},
	{BASE "\"alloc\":{\"" A "\":{}}}", ERR_MISSING_FIELD,
	 "alloc." A ".balance", "missing"},
	/* unknown */
	{BASE "\"max_peer\":1}", ERR_UNKNOWN_FIELD, "max_peer",
	 "did you mean max_peers?"},
	{BASE "\"interval\":1}", ERR_UNKNOWN_FIELD, "interval",
	 "did you mean block_mining.interval?"},
	{BASE "\"block_minning\":{}}", ERR_UNKNOWN_FIELD, "block_minning",
	 "did you mean block_mining?"},
	{MINING "\"intervall\":1}}", ERR_UNKNOWN_FIELD,
	 "block_mining.intervall", "did you mean block_mining.interval?"},
	{MINING "\"dificulty\":1}}", ERR_UNKNOWN_FIELD,
	 "block_mining.dificulty", "did you mean block_mining.difficulty?"},
	{BLOCK0 "\"dificulty\":1}}", ERR_UNKNOWN_FIELD,
	 "genesis_block.dificulty", "did you mean genesis_block.difficulty?"},
	{BLOCK0 "\"zzzzzzzzzzzzzz\":1}}", ERR_UNKNOWN_FIELD,
	 "genesis_block.zzzzzzzzzzzzzz",
	 "expected one of coinbase coinbase_reward difficulty time"},
	{BASE "\"\":1}", ERR_UNKNOWN_FIELD, "", "is not a field"},
	{BASE "\"alloc\":{\"" A "\":{\"balance\":1,\"nonce\":1}}}",
	 ERR_UNKNOWN_FIELD, "alloc." A ".nonce", "expected balance alone"},
	{ENGINE "\"validators\":[]}}", ERR_UNKNOWN_FIELD,
	 "consensus.validators", "belongs to engine \"bft\"; this chain's"},
	{ENGINE "\"engine\":\"poa\",\"max_drift\":1}}", ERR_UNKNOWN_FIELD,
	 "consensus.max_drift", "engine \"bft\""},
	{ENGINE "\"retarget\":\"static\"}}", ERR_UNKNOWN_FIELD,
	 "consensus.retarget", "engine \"pow\""},
	{ENGINE "\"half_life\":1}}", ERR_UNKNOWN_FIELD, "consensus.half_life",
	 "engine \"pow\""},
	/* repeated */
	{BASE "\n\"miners\":[]}", ERR_DUPLICATE_FIELD, "miners", "line 2"},
	{MINING "\"reward\":1,\"reward\":1}}", ERR_DUPLICATE_FIELD,
	 "block_mining.reward", "line 1, column"},
	{BASE "\"alloc\":{\"" B "\":{\"balance\":1},\"" B
	      "\":{\"balance\":1}}}",
	 ERR_DUPLICATE_FIELD, "alloc." B, "duplicate"},
	{BASE "\"alloc\":{\"" B "\":{\"balance\":1},\"" A
	      "\":{\"balance\":1},\"" B_UP "\":{\"balance\":1}}}",
	 ERR_DUPLICATE_FIELD, "alloc." B, "given twice"},
	{MINERS("[\"" A "\",\"" B "\",\"" B_UP "\"]"), ERR_DUPLICATE_FIELD,
	 "miners[2]", B " is also miners[1]"},
	/* network_id */
	{"{\"network_id\":\"\",\"miners\":[\"" A "\"]}", ERR_OUT_OF_RANGE,
	 "network_id", "expected a text of 1 to 64 bytes"},
	{"{\"network_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaa\",\"miners\":[\"" A "\"]}",
	 ERR_OUT_OF_RANGE, "network_id", "64 bytes"},
	{"{\"network_id\":\"a\\nb\",\"miners\":[\"" A "\"]}", ERR_OUT_OF_RANGE,
	 "network_id", "64 bytes"},
	{"{\"network_id\":-1,\"miners\":[\"" A "\"]}", ERR_OUT_OF_RANGE,
	 "network_id", "-1"},
	{"{\"network_id\":1.5,\"miners\":[\"" A "\"]}", ERR_WRONG_TYPE,
	 "network_id", "1.5"},
	{"{\"network_id\":null,\"miners\":[\"" A "\"]}", ERR_WRONG_TYPE,
	 "network_id", "null"},
	/* miners */
	{MINERS("[]"), ERR_OUT_OF_RANGE, "miners", "0 addresses, expected 1"},
	{MINERS("\"" A "\""), ERR_WRONG_TYPE, "miners", "expected an array"},
	{MINERS("{}"), ERR_WRONG_TYPE, "miners", "an object"},
	{MINERS("[7]"), ERR_WRONG_TYPE, "miners[0]", "7, expected an address"},
	{MINERS("[\"" A "\",\"12\"]"), ERR_BAD_ADDRESS, "miners[1]",
	 "\"12\", expected an address of 40 hex digits"},
	{MINERS("[\"" A "0\"]"), ERR_BAD_ADDRESS, "miners[0]", "expected"},
	{MINERS("[\"g0112233445566778899aabbccddeeff00112233\"]"),
	 ERR_BAD_ADDRESS, "miners[0]", "expected"},
	/* block_mining */
	{BASE "\"block_mining\":[]}", ERR_WRONG_TYPE, "block_mining",
	 "an array, expected an object"},
	{BASE "\"transaction\":null}", ERR_WRONG_TYPE, "transaction", "null"},
	{MINING "\"interval\":-5}}", ERR_OUT_OF_RANGE, "block_mining.interval",
	 "-5, expected an integer from 0 to"},
	{MINING "\"interval\":0.5}}", ERR_WRONG_TYPE, "block_mining.interval",
	 "real number 0.5, expected an integer"},
	{MINING "\"interval\":9007199254740993}}", ERR_OUT_OF_RANGE,
	 "block_mining.interval", "9007199254740993"},
	{MINING "\"interval\":\"10\"}}", ERR_WRONG_TYPE,
	 "block_mining.interval", "\"10\", expected an integer"},
	{MINING "\"max_bound\":0}}", ERR_OUT_OF_RANGE, "block_mining.max_bound",
	 "0, expected an integer from 1 to 100000"},
	{MINING "\"max_bound\":100001}}", ERR_OUT_OF_RANGE,
	 "block_mining.max_bound", "100001"},
	{MINING "\"min_bound\":0}}", ERR_OUT_OF_RANGE, "block_mining.min_bound",
	 "0, expected"},
	{MINING "\"min_bound\":11,\"max_bound\":10}}", ERR_OUT_OF_RANGE,
	 "block_mining.min_bound",
	 "11, expected at most max_bound, which is "
	 "10"},
	{MINING "\"reward\":9007199254740992}}", ERR_AMOUNT_OVERFLOW,
	 "block_mining.reward", "9007199254740992, expected"},
	{MINING "\"reward\":18446744073709551616}}", ERR_AMOUNT_OVERFLOW,
	 "block_mining.reward", "18446744073709551616"},
	{MINING "\"reward\":-1}}", ERR_OUT_OF_RANGE, "block_mining.reward",
	 "-1"},
	{MINING "\"reward\":1e3}}", ERR_WRONG_TYPE, "block_mining.reward",
	 "1000"},
	{MINING "\"difficulty\":17}}", ERR_OUT_OF_RANGE,
	 "block_mining.difficulty", "17, expected an integer from 0 to 16"},
	{MINING "\"allow_empty\":1}}", ERR_WRONG_TYPE,
	 "block_mining.allow_empty", "1, expected true or false"},
	{MINING "\"allow_empty\":\"true\"}}", ERR_WRONG_TYPE,
	 "block_mining.allow_empty", "\"true\""},
	/* placeholders */
	{MINING "\"placeholder_data\":\"x\"}}", ERR_WRONG_TYPE,
	 "block_mining.placeholder_data", "\"x\", expected [\"rnd\""},
	{MINING "\"placeholder_data\":[]}}", ERR_WRONG_TYPE,
	 "block_mining.placeholder_data", "an array"},
	{MINING "\"placeholder_data\":[\"rnd\"]}}", ERR_OUT_OF_RANGE,
	 "block_mining.placeholder_data", "expected"},
	{MINING "\"placeholder_data\":[\"rnd\",15,1]}}", ERR_OUT_OF_RANGE,
	 "block_mining.placeholder_data", "expected"},
	{MINING "\"placeholder_data\":[\"rnd\",0]}}", ERR_OUT_OF_RANGE,
	 "block_mining.placeholder_data", "0, expected"},
	{MINING "\"placeholder_data\":[\"rnd\",257]}}", ERR_OUT_OF_RANGE,
	 "block_mining.placeholder_data", "257"},
	{MINING "\"placeholder_data\":[\"rnd\",\"15\"]}}", ERR_WRONG_TYPE,
	 "block_mining.placeholder_data", "\"15\""},
	{MINING "\"placeholder_data\":[\"random\",15]}}", ERR_OUT_OF_RANGE,
	 "block_mining.placeholder_data", "\"random\""},
	{BASE "\"transaction\":{\"placeholder_data\":[\"predef\",5]}}",
	 ERR_WRONG_TYPE, "transaction.placeholder_data", "5, expected"},
	/* genesis_block */
	{BLOCK0 "\"coinbase\":\"xyz\"}}", ERR_BAD_ADDRESS,
	 "genesis_block.coinbase", "\"xyz\""},
	{BLOCK0 "\"coinbase\":null}}", ERR_WRONG_TYPE, "genesis_block.coinbase",
	 "null"},
	{BLOCK0 "\"difficulty\":17}}", ERR_OUT_OF_RANGE,
	 "genesis_block.difficulty", "17"},
	{BLOCK0 "\"time\":-1}}", ERR_OUT_OF_RANGE, "genesis_block.time", "-1"},
	{BLOCK0 "\"time\":9007199254740992}}", ERR_OUT_OF_RANGE,
	 "genesis_block.time", "9007199254740992"},
	{BLOCK0 "\"coinbase_reward\":9007199254740992}}", ERR_AMOUNT_OVERFLOW,
	 "genesis_block.coinbase_reward", "9007199254740992"},
	/* alloc */
	{BASE "\"alloc\":[]}", ERR_WRONG_TYPE, "alloc", "an array"},
	{BASE "\"alloc\":{\"12\":{\"balance\":1}}}", ERR_BAD_ADDRESS,
	 "alloc.12", "\"12\" in alloc is not an address"},
	{BASE "\"alloc\":{\"" A "\":5}}", ERR_WRONG_TYPE, "alloc." A,
	 "5, expected an object"},
	{BASE "\"alloc\":{\"" A "\":{\"balance\":1.0}}}", ERR_WRONG_TYPE,
	 "alloc." A ".balance", "real number 1"},
	{BASE "\"alloc\":{\"" A "\":{\"balance\":\"1\"}}}", ERR_WRONG_TYPE,
	 "alloc." A ".balance", "\"1\""},
	{BASE "\"alloc\":{\"" A "\":{\"balance\":-1}}}", ERR_OUT_OF_RANGE,
	 "alloc." A ".balance", "-1"},
	{BASE "\"alloc\":{\"" A "\":{\"balance\":9007199254740992}}}",
	 ERR_AMOUNT_OVERFLOW, "alloc." A ".balance", "9007199254740992"},
	{BASE "\"alloc\":{\"" A "\":{\"balance\":99999999999999999999}}}",
	 ERR_AMOUNT_OVERFLOW, "alloc." A ".balance", "99999999999999999999"},
	{BASE "\"alloc\":{\"" A "\":{\"balance\":9007199254740991},\"" B
	      "\":{\"balance\":1}}}",
	 ERR_AMOUNT_OVERFLOW, "alloc", "sum of alloc"},
	{BASE "\"genesis_block\":{\"coinbase\":\"" A "\",\"coinbase_reward\":"
	      "1},\"alloc\":{\"" B "\":{\"balance\":9007199254740991}}}",
	 ERR_AMOUNT_OVERFLOW, "alloc", "coinbase_reward passes"},
	/* consensus */
	{ENGINE "\"engine\":\"raft\"}}", ERR_OUT_OF_RANGE, "consensus.engine",
	 "\"raft\", expected \"poa\""},
	{ENGINE "\"engine\":\"bft\",\"validators\":[]}}", ERR_OUT_OF_RANGE,
	 "miners", "expected none"},
	{ENGINE "\"half_life\":9,\"engine\":\"pow\"}}", ERR_OUT_OF_RANGE,
	 "consensus.engine", "not built into this version"},
	{ENGINE "\"engine\":1}}", ERR_WRONG_TYPE, "consensus.engine", "1"},
	{ENGINE "\"engine\":1,\"timeout_ms\":100}}", ERR_WRONG_TYPE,
	 "consensus.engine", "1"},
	{ENGINE "\"slot_ms\":0}}", ERR_OUT_OF_RANGE, "consensus.slot_ms",
	 "0, expected an integer from 1"},
	{ENGINE "\"slot_ms\":99999999999}}", ERR_OUT_OF_RANGE,
	 "consensus.slot_ms", "99999999999"},
	{ENGINE "\"slot_ms\":1.5}}", ERR_WRONG_TYPE, "consensus.slot_ms",
	 "1.5"},
	/* the rest */
	{BASE "\"max_peers\":-1}", ERR_OUT_OF_RANGE, "max_peers", "-1"},
	{BASE "\"new_address_balance\":9007199254740992}", ERR_AMOUNT_OVERFLOW,
	 "new_address_balance", "9007199254740992"},
	{BASE "\"confirmations\":0}", ERR_OUT_OF_RANGE, "confirmations", "0"},
	{BASE "\"min_fee\":-1}", ERR_OUT_OF_RANGE, "min_fee", "-1"},
	{BASE "\"max_tx_bytes\":511}", ERR_OUT_OF_RANGE, "max_tx_bytes",
	 "511, expected an integer from 512 to 4096"},
	{BASE "\"max_tx_bytes\":4097}", ERR_OUT_OF_RANGE, "max_tx_bytes",
	 "4097"},
	{BASE "\"max_block_bytes\":8191}", ERR_OUT_OF_RANGE, "max_block_bytes",
	 "8191, expected at least max_tx_bytes + 4096, which is 8192"},
	{BASE "\"max_block_bytes\":2097153}", ERR_OUT_OF_RANGE,
	 "max_block_bytes", "2097153"},
	/* the whole */
	{"", ERR_MALFORMED, "", "empty"},
	{"[]", ERR_WRONG_TYPE, "", "one JSON object"},
	{"{\"network_id\": 1, // comment\n}", ERR_MALFORMED, "", "line 1"},
	{"{\"network_id\": 1,\n \"miners\": [", ERR_MALFORMED, "", "line 2"},
};

START_TEST(a_bad_field_is_refused_naming_field_value_and_expectation)
{
	const struct bad *b = &bads[_i];
	struct rules r;
	struct fault f;

	ck_assert_msg(parse(&r, b->text, &f) == b->code, "%s\n%s: %s: %s",
		      b->text, err_code(f.code), f.field, f.detail);
	ck_assert_int_eq(f.code, b->code);
	ck_assert_msg(!strcmp(f.field, b->field), "%s\nfield %s: %s", b->text,
		      f.field, f.detail);
	ck_assert_msg(strstr(f.detail, b->detail), "%s\n%s", b->text, f.detail);
	ck_assert_ptr_null(r.miners);
	ck_assert_ptr_null(r.alloc);
	/* Nobody has to ask why. */
	ck_assert_int_eq(genesis_parse(&r, span_str(b->text), NULL), b->code);
}
END_TEST

START_TEST(the_cap_itself_may_be_allocated)
{
	struct rules r;

	must_parse(&r, BASE "\"genesis_block\":{\"coinbase\":\"" A
			    "\",\"coinbase_reward\":1},\"alloc\":{\"" B
			    "\":{\"balance\":9007199254740990}}}");
	ck_assert(r.has_coinbase);
	ck_assert_uint_eq(r.alloc[0].balance, AMOUNT_MAX - 1);
	rules_release(&r);
}
END_TEST

/* If a duplicate were looked for among all, this would take hours. */
START_TEST(a_large_alloc_is_parsed_without_comparing_all_to_all)
{
	enum { COUNT = 200000 };
	struct buf text = {0};
	struct rules r;
	struct fault f;
	char line[96];
	size_t i;
	int n;

	buf_append_span(&text, span_str(BASE "\"alloc\":{"));
	for (i = COUNT; i; i--) {
		n = snprintf(line, sizeof(line),
			     "\"%08zxffffffffffffffffffffffffffffffff\":"
			     "{\"balance\":%zu},",
			     i, i);
		buf_append(&text, line, (size_t)n);
	}
	text.len--;
	buf_append_span(&text, span_str("}}"));
	ck_assert_int_eq(genesis_parse(&r, buf_span(&text), &f), ERR_OK);
	ck_assert_uint_eq(r.alloc_count, COUNT);
	for (i = 0; i < COUNT; i++)
		ck_assert_uint_eq(r.alloc[i].balance, i + 1);
	rules_release(&r);
	/* The last, once more, in capitals. */
	text.len -= 2;
	n = snprintf(line, sizeof(line),
		     ",\"%08xFFFFFFFFFFFFFFFFFFFFFFFF"
		     "FFFFFFFF\":{\"balance\":1}}}",
		     COUNT);
	buf_append(&text, line, (size_t)n);
	ck_assert_int_eq(genesis_parse(&r, buf_span(&text), &f),
			 ERR_DUPLICATE_FIELD);
	ck_assert_str_eq(f.field,
			 "alloc.00030d40ffffffffffffffffffffffffffffffff");
	buf_release(&text);
}
END_TEST

START_TEST(too_many_miners_and_too_big_a_file_are_refused)
{
	struct buf text = {0};
	struct rules r;
	struct fault f;
	char line[64];
	size_t i;
	int n;

	buf_append_span(&text, span_str("{\"network_id\":1,\"miners\":["));
	for (i = 0; i < 1000; i++) {
		n = snprintf(line, sizeof(line), "%s\"%040zx\"", i ? "," : "",
			     i);
		buf_append(&text, line, (size_t)n);
	}
	buf_append_span(&text, span_str("]}"));
	ck_assert_int_eq(genesis_parse(&r, buf_span(&text), &f), ERR_OK);
	ck_assert_uint_eq(r.miner_count, 1000);
	rules_release(&r);
	text.len -= 2;
	buf_append_span(&text, span_str(",\"" A "\"]}"));
	ck_assert_int_eq(genesis_parse(&r, buf_span(&text), &f),
			 ERR_OUT_OF_RANGE);
	ck_assert_str_eq(f.field, "miners");
	ck_assert_ptr_nonnull(strstr(f.detail, "1001"));
	ck_assert_int_eq(
		genesis_parse(&r, SPAN(text.data, GENESIS_FILE_MAX + 1), &f),
		ERR_TOO_BIG);
	buf_release(&text);
}
END_TEST

/* make distcheck runs tests with the source elsewhere: $srcdir. */
START_TEST(the_samples_are_good)
{
	static const char *const names[] = {"seed", "single", "town", "hard"};
	const char *srcdir = getenv("srcdir");
	static char text[65536];
	struct rules r;
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/genesis/%s.json",
		 srcdir ? srcdir : ".", names[_i]);
	file = fopen(path, "r");
	ck_assert_msg(file, "%s cannot be opened", path);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	ck_assert(!fclose(file));
	must_parse(&r, text);
	ck_assert_uint_eq(r.miners[0].b[0], 0xaa);
	rules_release(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("genesis");
	TCase *t = tcase_create("genesis");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_seeds_file_is_read_as_it_is);
	tcase_add_test(t, defaults_written_out_are_the_same_rules);
	tcase_add_test(t, order_of_keys_blanks_and_capitals_do_not_matter);
	tcase_add_loop_test(
		t, a_bad_field_is_refused_naming_field_value_and_expectation, 0,
		(int)ARRAY_LEN(bads));
	tcase_add_test(t, the_cap_itself_may_be_allocated);
	tcase_add_test(t, a_large_alloc_is_parsed_without_comparing_all_to_all);
	tcase_add_test(t, too_many_miners_and_too_big_a_file_are_refused);
	tcase_add_loop_test(t, the_samples_are_good, 0, 4);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

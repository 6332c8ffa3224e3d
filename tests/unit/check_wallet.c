/* SPDX-License-Identifier: MIT */
/* The wallet as far as it needs no node: address book, amounts, signing,
 * what an answer means, exit codes. */
#include <config.h>

#include <arpa/inet.h>
#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/wallet_tx.h"
#include "codec/tx_json.h"
#include "store/file.h"

#define ADDRESS "00112233445566778899aabbccddeeff00112233"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ARGS_MAX 12

static char dir[] = "/tmp/check_wallet.XXXXXX";
static char book_path[64];
static struct fault fault;

static void setup(void)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(book_path, sizeof(book_path), "%s/wallet.json", dir);
	fault = (struct fault){0};
}

static void teardown(void)
{
	unlink(book_path);
	/* also: nothing else was left behind */
	ck_assert_int_eq(rmdir(dir), 0);
}

static struct address address_of(const char *hex)
{
	struct address a;

	ck_assert(address_from_hex(&a, span_str(hex)));
	return a;
}

START_TEST(book_keeps_names_in_order)
{
	struct book b = {0};
	struct book again;
	struct address a = address_of(ADDRESS);
	struct address c =
		address_of("ff112233445566778899aabbccddeeff00112233");
	struct address found;
	struct stat st;

	ck_assert_int_eq(book_set(&b, "carol", &a, &fault), ERR_OK);
	ck_assert_int_eq(book_set(&b, "alice", &a, &fault), ERR_OK);
	ck_assert_int_eq(book_set(&b, "bob", &a, &fault), ERR_OK);
	ck_assert_int_eq(book_set(&b, "bob", &c, &fault), ERR_OK);
	b.has_default = true;
	b.default_address = a;
	ck_assert_int_eq(book_save(&b, dir, &fault), ERR_OK);
	book_release(&b);
	ck_assert_int_eq(stat(book_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(book_load(&again, dir, &fault), ERR_OK);
	ck_assert_uint_eq(again.count, 3);
	ck_assert_str_eq(again.list[0].name, "alice");
	ck_assert_str_eq(again.list[2].name, "carol");
	ck_assert(again.has_default);
	ck_assert(address_eq(&again.default_address, &a));
	ck_assert(book_find(&found, &again, "bob"));
	ck_assert(address_eq(&found, &c));
	ck_assert(!book_find(&found, &again, "bo"));
	ck_assert(!book_find(&found, &again, "zed"));
	book_release(&again);
}
END_TEST

START_TEST(book_that_is_not_there_is_empty)
{
	struct book b;

	ck_assert_int_eq(book_load(&b, dir, &fault), ERR_OK);
	ck_assert_uint_eq(b.count, 0);
	ck_assert(!b.has_default);
}
END_TEST

static const struct {
	const char *text;
	enum err want;
	const char *field;
} bad_books[] = {
	{"[]", ERR_WRONG_TYPE, ""},
	{"{", ERR_MALFORMED, ""},
	{"{\"nmes\": {}}", ERR_UNKNOWN_FIELD, "nmes"},
	{"{\"default\": 1}", ERR_WRONG_TYPE, "default"},
	{"{\"default\": \"12\"}", ERR_BAD_ADDRESS, "default"},
	{"{\"names\": []}", ERR_WRONG_TYPE, "names"},
	{"{\"names\": {\"bob\": \"12\"}}", ERR_BAD_ADDRESS, "names.bob"},
	{"{\"names\": {\"b b\": \"" ADDRESS "\"}}", ERR_OUT_OF_RANGE,
	 "names.b b"},
};

START_TEST(mistakes_in_the_book_are_named)
{
	struct book b;
	enum err e =
		file_replace(book_path, span_str(bad_books[_i].text), &fault);

	ck_assert_int_eq(e, ERR_OK);
	ck_assert_int_eq(book_load(&b, dir, &fault), bad_books[_i].want);
	ck_assert_str_eq(fault.field, bad_books[_i].field);
	ck_assert_ptr_nonnull(strstr(fault.detail, "wallet.json"));
	ck_assert_uint_eq(b.count, 0);
}
END_TEST

START_TEST(a_name_is_never_taken_for_an_address)
{
	struct book b = {0};
	struct address a = address_of(ADDRESS);
	struct address found;

	ck_assert(book_name_is_good("bob"));
	ck_assert(book_name_is_good("b"));
	ck_assert(book_name_is_good("Bob.2_x-y"));
	ck_assert(!book_name_is_good(""));
	ck_assert(!book_name_is_good("-bob"));
	ck_assert(!book_name_is_good("bob smith"));
	ck_assert(!book_name_is_good("b\303\266b"));
	ck_assert(!book_name_is_good("a23456789012345678901234567890123"));
	/* 40 hex digits are too long for a name */
	ck_assert(!book_name_is_good(ADDRESS));
	ck_assert_int_eq(book_set(&b, "bob", &a, &fault), ERR_OK);
	ck_assert_int_eq(book_resolve(&found, &b, "bob", &fault), ERR_OK);
	ck_assert(address_eq(&found, &a));
	ck_assert_int_eq(book_resolve(&found, &b, ADDRESS, &fault), ERR_OK);
	ck_assert_int_eq(book_resolve(&found, &b, "bib", &fault),
			 ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fault.detail, "bib"));
	ck_assert_int_eq(book_resolve(&found, &b, "b b", &fault),
			 ERR_BAD_ADDRESS);
	book_release(&b);
}
END_TEST

START_TEST(amounts_are_whole_and_bounded)
{
	static const char *const bad[] = {"",
					  "-1",
					  "+1",
					  "1.0",
					  "1e3",
					  " 1",
					  "0x1",
					  "01",
					  "1 ",
					  "9007199254740992",
					  "18446744073709551617"};
	uint64_t v;

	ck_assert(wallet_amount(&v, "0"));
	ck_assert(wallet_amount(&v, "9007199254740991"));
	ck_assert_uint_eq(v, AMOUNT_MAX);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!wallet_amount(&v, bad[i]), "%s", bad[i]);
}
END_TEST

/* --- what a node says -------------------------------------------------- */

static json_t *parse(const char *text)
{
	json_t *v = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(v);
	return v;
}

START_TEST(status_gives_what_a_transaction_needs)
{
	json_t *v = parse("{\"chain_id\": \"" ZEROS "\", \"min_fee\": 3,"
			  " \"tx_placeholder\": [\"rnd\", 15]}");
	struct chain_facts facts;
	struct buf data = {0};

	ck_assert_int_eq(chain_facts_read(&facts, v, &fault), ERR_OK);
	ck_assert_uint_eq(facts.min_fee, 3);
	placeholder_fill(&data, &facts.data);
	ck_assert_uint_eq(data.len, 15);
	ck_assert(span_is_utf8(buf_span(&data)));
	buf_reset(&data);
	json_object_set_new(v, "tx_placeholder", parse("[\"predef\", \"hi\"]"));
	ck_assert_int_eq(chain_facts_read(&facts, v, &fault), ERR_OK);
	placeholder_fill(&data, &facts.data);
	ck_assert(span_eq(buf_span(&data), span_str("hi")));
	buf_reset(&data);
	json_object_del(v, "tx_placeholder");
	ck_assert_int_eq(chain_facts_read(&facts, v, &fault), ERR_OK);
	placeholder_fill(&data, &facts.data);
	ck_assert_uint_eq(data.len, 0);
	buf_release(&data);
	json_decref(v);
}
END_TEST

static const struct {
	const char *text;
	const char *field;
} bad_status[] = {
	{"{\"min_fee\": 0}", "chain_id"},
	{"{\"chain_id\": \"12\", \"min_fee\": 0}", "chain_id"},
	{"{\"chain_id\": \"" ZEROS "\"}", "min_fee"},
	{"{\"chain_id\": \"" ZEROS "\", \"min_fee\": -1}", "min_fee"},
	{"{\"chain_id\": \"" ZEROS "\", \"min_fee\": 0,"
	 " \"tx_placeholder\": [\"rnd\", 257]}",
	 "tx_placeholder"},
	{"{\"chain_id\": \"" ZEROS "\", \"min_fee\": 0,"
	 " \"tx_placeholder\": [\"rnd\", \"x\"]}",
	 "tx_placeholder"},
	{"{\"chain_id\": \"" ZEROS "\", \"min_fee\": 0,"
	 " \"tx_placeholder\": \"hi\"}",
	 "tx_placeholder"},
};

START_TEST(a_status_of_another_form_is_named)
{
	json_t *v = parse(bad_status[_i].text);
	struct chain_facts facts;

	ck_assert_int_ne(chain_facts_read(&facts, v, &fault), ERR_OK);
	ck_assert_str_eq(fault.field, bad_status[_i].field);
	json_decref(v);
}
END_TEST

static struct secret_key *new_key(void)
{
	struct secret_key *key;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	ck_assert_int_eq(secret_key_take(&key, pkey), ERR_OK);
	return key;
}

START_TEST(what_is_signed_can_be_checked)
{
	struct chain_facts chain = {0};
	struct secret_key *key = new_key();
	struct verifier *verifier = verifier_new(1);
	struct buf raw = {0};

	memset(chain.chain_id.b, 7, HASH_LEN);
	for (uint64_t nonce = 0; nonce < 2; nonce++) {
		struct tx tx = {.nonce = nonce, .amount = 5, .fee = 1};
		struct tx made;
		struct hash named;
		json_t *json;
		enum err e;

		tx.data = span_str("hello");
		e = wallet_sign(&json, &tx, key, &chain, &fault);
		ck_assert_int_eq(e, ERR_OK);
		buf_reset(&raw);
		ck_assert_int_eq(tx_from_json(&raw, json, &fault), ERR_OK);
		e = tx_decode(&made, buf_span(&raw), TX_BYTES_MAX, &fault);
		ck_assert_int_eq(e, ERR_OK);
		tx_hash(&made, &chain.chain_id);
		ck_assert(tx_json_id(&named, json));
		ck_assert(hash_eq(&named, &made.id));
		/* the key goes with the first one only */
		ck_assert_int_eq(made.key.len != 0, nonce == 0);
		e = verifier_check(verifier, secret_key_public(key), &made.id,
				   made.signature);
		ck_assert_int_eq(e, ERR_OK);
		json_decref(json);
	}
	buf_release(&raw);
	secret_key_free(key);
	verifier_free(verifier);
}
END_TEST

START_TEST(a_transaction_that_is_too_long_is_not_sent)
{
	static char data[TX_BYTES_MAX];
	struct chain_facts chain = {0};
	struct secret_key *key = new_key();
	struct tx tx = {.amount = 5};
	json_t *json;
	enum err e;

	memset(data, 'x', sizeof(data));
	tx.data = SPAN_OF(data);
	e = wallet_sign(&json, &tx, key, &chain, &fault);
	ck_assert_int_eq(e, ERR_TOO_BIG);
	ck_assert_ptr_null(json);
	secret_key_free(key);
}
END_TEST

static const struct {
	const char *answer;
	enum wait_for wait;
	int want;
} waited[] = {
	{"{\"status\": \"pending\"}", WAIT_POOL, EXIT_DONE},
	{"{\"status\": \"queued\"}", WAIT_POOL, EXIT_DONE},
	{"{\"status\": \"pending\"}", WAIT_BLOCK, EXIT_TIMED_OUT},
	{"{\"status\": \"queued\"}", WAIT_BLOCK, EXIT_TIMED_OUT},
	{"{\"status\": \"included\"}", WAIT_BLOCK, EXIT_DONE},
	{"{\"status\": \"settled\"}", WAIT_BLOCK, EXIT_DONE},
	{"{\"status\": \"included\"}", WAIT_SETTLED, EXIT_TIMED_OUT},
	{"{\"status\": \"settled\"}", WAIT_FINAL, EXIT_TIMED_OUT},
	{"{\"status\": \"final\"}", WAIT_SETTLED, EXIT_DONE},
	{"{\"status\": \"dropped\", \"reason\": \"expired\"}", WAIT_BLOCK,
	 EXIT_REFUSED},
	{"{}", WAIT_BLOCK, EXIT_TIMED_OUT},
};

START_TEST(waiting_ends_as_the_status_says)
{
	json_t *v = parse(waited[_i].answer);

	ck_assert_int_eq(wallet_waited(v, waited[_i].wait), waited[_i].want);
	json_decref(v);
}
END_TEST

/* --- exit codes -------------------------------------------------------- */

static int run(const char *line)
{
	static char program[] = "ccoin";
	static char words[512];
	static char home[80];
	char *argv[ARGS_MAX + 2] = {program};
	char *env[] = {home, NULL};
	int argc = 1;

	snprintf(home, sizeof(home), "CCOIN_DATADIR=%s", dir);
	snprintf(words, sizeof(words), "%s", line);
	for (char *w = words; *w;) {
		size_t len = strcspn(w, " ");
		bool last = w[len] == '\0';

		ck_assert_int_lt(argc, ARGS_MAX);
		argv[argc++] = w;
		w[len] = '\0';
		w += last ? len : len + 1;
	}
	return wallet_main(argc, argv, env);
}

START_TEST(mistakes_of_use_exit_with_2)
{
	static const char *const lines[] = {
		"",
		"sned 5 " ADDRESS,
		"send 5",
		"send 5 " ADDRESS " more",
		"send x " ADDRESS,
		"send 5 " ADDRESS " --wait never",
		"send 5 " ADDRESS " -F -1",
		"balance --confirmations x",
		"balances xyz",
		"tx 12",
		"block tip",
		"names extra",
		"name -- -bob " ADDRESS,
		"name " ADDRESS " " ADDRESS,
		"rnd -n 0",
		"create-account --type dsa",
		"balance --url ftp://a " ADDRESS,
		"balance --url 127.0.0.1:5000 " ADDRESS,
		"--quantum",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ck_assert_msg(run(lines[i]) == EXIT_USAGE, "%s", lines[i]);
}
END_TEST

START_TEST(what_cannot_be_done_exits_with_1)
{
	static const char *const lines[] = {
		"address",
		"balance",
		"balance bob",
		("send 5 " ADDRESS),
		"rnd -n 2",
		"verify",
		"accounts -c no-such-file",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ck_assert_msg(run(lines[i]) == EXIT_REFUSED, "%s", lines[i]);
}
END_TEST

/* A port of the loopback that nobody listens on: bound, so that nobody else
 * takes it. */
static int closed_port(char *url, size_t size)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	snprintf(url, size, "http://127.0.0.1:%d", ntohs(in.sin_port));
	return fd;
}

START_TEST(a_node_that_is_not_there_exits_with_3)
{
	static const char *const commands[] = {
		"status", "balance " ADDRESS, "balances", "tx " ZEROS, "block"};
	char url[64];
	char line[256];
	int fd = closed_port(url, sizeof(url));

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		snprintf(line, sizeof(line), "%s --url %s", commands[i], url);
		ck_assert_msg(run(line) == EXIT_UNREACHABLE, "%s", line);
	}
	close(fd);
}
END_TEST

START_TEST(names_and_help_need_no_node)
{
	struct book b;
	struct address found;

	ck_assert_int_eq(run("name bob " ADDRESS), EXIT_DONE);
	ck_assert_int_eq(run("name robert bob"), EXIT_DONE);
	ck_assert_int_eq(run("names"), EXIT_DONE);
	ck_assert_int_eq(run("--json names"), EXIT_DONE);
	ck_assert_int_eq(run("accounts"), EXIT_DONE);
	ck_assert_int_eq(run("--help"), EXIT_DONE);
	ck_assert_int_eq(run("send --help"), EXIT_DONE);
	ck_assert_int_eq(run("--version"), EXIT_DONE);
	ck_assert_int_eq(book_load(&b, dir, &fault), ERR_OK);
	ck_assert(book_find(&found, &b, "robert"));
	book_release(&b);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("wallet");
	TCase *t = tcase_create("wallet");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, book_keeps_names_in_order);
	tcase_add_test(t, book_that_is_not_there_is_empty);
	tcase_add_loop_test(t, mistakes_in_the_book_are_named, 0,
			    ARRAY_LEN(bad_books));
	tcase_add_test(t, a_name_is_never_taken_for_an_address);
	tcase_add_test(t, amounts_are_whole_and_bounded);
	tcase_add_test(t, status_gives_what_a_transaction_needs);
	tcase_add_loop_test(t, a_status_of_another_form_is_named, 0,
			    ARRAY_LEN(bad_status));
	tcase_add_test(t, what_is_signed_can_be_checked);
	tcase_add_test(t, a_transaction_that_is_too_long_is_not_sent);
	tcase_add_loop_test(t, waiting_ends_as_the_status_says, 0,
			    ARRAY_LEN(waited));
	tcase_add_test(t, mistakes_of_use_exit_with_2);
	tcase_add_test(t, what_cannot_be_done_exits_with_1);
	tcase_add_test(t, a_node_that_is_not_there_exits_with_3);
	tcase_add_test(t, names_and_help_need_no_node);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}

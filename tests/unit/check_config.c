/* SPDX-License-Identifier: MIT */
/* The configuration: precedence, and a name for every mistake. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "store/file.h"

#define ARGS_MAX 20
#define ADDRESS "00112233445566778899aabbccddeeff00112233"

static char old_dir[1024];
static char dir[] = "/tmp/check_config.XXXXXX";
static char home[64];

static struct config config;
static struct fault fault;
static enum config_source source;
static int first;

/* Every test is in an empty directory, which is also $HOME. */
static void setup(void)
{
	ck_assert_ptr_nonnull(getcwd(old_dir, sizeof(old_dir)));
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	snprintf(home, sizeof(home), "%s", dir);
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
	fault = (struct fault){0};
}

static void teardown(void)
{
	unlink("ccoin.json");
	unlink("other.json");
	unlink(".ccoin/ccoin.json");
	rmdir(".ccoin");
	ck_assert_int_eq(chdir(old_dir), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Read with these words on the command line, and this environment. */
static enum err read_as(enum program which, const char *line,
			const char *const *env)
{
	static char program[] = "program";
	static char words[512];
	char *argv[ARGS_MAX + 2] = {program};
	const char *none[] = {NULL};
	struct config_input in = {.program = which,
				  .argc = 1,
				  .argv = argv,
				  .env = (char *const *)(env ? env : none)};

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = words; *w;) {
		size_t len = strcspn(w, " ");
		bool last = w[len] == '\0';

		ck_assert_int_lt(in.argc, ARGS_MAX);
		argv[in.argc++] = w;
		w[len] = '\0';
		w += last ? len : len + 1;
	}
	return config_read(&config, &first, &source, &in, &fault);
}

static void good(const char *line, const char *const *env)
{
	enum err e = read_as(PROGRAM_CCOIND, line, env);

	ck_assert_msg(e == ERR_OK, "%s: %s", fault.field, fault.detail);
}

static void bad(const char *line, const char *const *env, enum err want,
		const char *field, const char *detail)
{
	enum err e = read_as(PROGRAM_CCOIND, line, env);

	ck_assert_msg(e == want, "%s: got %s (%s: %s), expected %s", line,
		      err_code(e), fault.field, fault.detail, err_code(want));
	ck_assert_int_eq(fault.code, want);
	ck_assert_str_eq(fault.field, field);
	ck_assert_msg(strstr(fault.detail, detail), "%s: %s lacks %s",
		      fault.field, fault.detail, detail);
}

START_TEST(defaults_are_the_promised_ones)
{
	char expected[80];

	good("", NULL);
	snprintf(expected, sizeof(expected), "%s/.ccoin", home);
	ck_assert_str_eq(config.datadir, expected);
	ck_assert(!config.datadir_given);
	ck_assert_str_eq(config.p2p.address, "");
	ck_assert_uint_eq(config.p2p.port, 4999);
	ck_assert_str_eq(config.http.address, "127.0.0.1");
	ck_assert_uint_eq(config.http.port, 5000);
	ck_assert_ptr_null(config.advertise);
	ck_assert_uint_eq(config.connect.count, 0);
	ck_assert_ptr_null(config.discovery);
	ck_assert(!config.p2p_plain);
	ck_assert(hash_is_zero(&config.upgrades));
	ck_assert_int_eq(config.log_level, LOG_LEVEL_INFO);
	ck_assert(!config.validator);
	ck_assert(!config.dev.on);
	ck_assert_ptr_null(config.file);
	config_release(&config);
}
END_TEST

START_TEST(command_line_beats_environment_beats_file)
{
	const char *env[] = {"CCOIN_PORT=7002", "CCOIN_THREADS=2",
			     "CCOIN_LOG_LEVEL=debug", NULL};

	write_file("ccoin.json",
		   "{\"p2p\": {\"port\": 7001}, \"threads\": 1,"
		   " \"log\": {\"level\": \"error\", \"format\": \"json\"}}");
	good("-p 7003 --threads 3", env);
	ck_assert_uint_eq(config.p2p.port, 7003);
	ck_assert_uint_eq(config.threads, 3);
	ck_assert_int_eq(config.log_level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(config.log_format, LOG_FORMAT_JSON);
	ck_assert_str_eq(config.file, "./ccoin.json");
	config_release(&config);
}
END_TEST

START_TEST(file_is_looked_for_where_it_is_promised)
{
	const char *env[] = {"CCOIN_CONFIG=other.json", NULL};

	ck_assert_int_eq(mkdir(".ccoin", 0700), 0);
	write_file(".ccoin/ccoin.json", "{\"threads\": 3}");
	good("", NULL);
	ck_assert_uint_eq(config.threads, 3);
	config_release(&config);
	write_file("ccoin.json", "{\"threads\": 4}");
	good("", NULL);
	ck_assert_uint_eq(config.threads, 4);
	config_release(&config);
	write_file("other.json", "{\"threads\": 5}");
	good("-c other.json", NULL);
	ck_assert_uint_eq(config.threads, 5);
	config_release(&config);
	good("", env);
	ck_assert_uint_eq(config.threads, 5);
	config_release(&config);
	ck_assert_int_eq(unlink("other.json"), 0);
	bad("-c other.json", NULL, ERR_NOT_FOUND, "", "other.json");
}
END_TEST

START_TEST(file_of_the_data_directory_is_that_of_the_option)
{
	ck_assert_int_eq(mkdir(".ccoin", 0700), 0);
	write_file(".ccoin/ccoin.json", "{\"threads\": 3}");
	good("-d elsewhere", NULL);
	ck_assert_uint_eq(config.threads, 0);
	ck_assert_str_eq(config.datadir, "elsewhere");
	ck_assert(config.datadir_given);
	config_release(&config);
	good("-d ~/.ccoin", NULL);
	ck_assert_uint_eq(config.threads, 3);
	config_release(&config);
}
END_TEST

START_TEST(the_seeds_file_is_read_as_it_is)
{
	char expected[128];

	write_file("ccoin.json",
		   "{\n"
		   "  \"app\": {\"base_path\": \"~/chains\"},\n"
		   "  \"client\": {\"account_address\": \"" ADDRESS "\"},\n"
		   "  \"discovery_service\": {\"host\": "
		   "\"127.0.0.1\", \"port\": 4444, \"proto\": "
		   "\"http\"}\n"
		   "}\n");
	good("", NULL);
	snprintf(expected, sizeof(expected), "%s/chains/" ADDRESS, home);
	ck_assert_str_eq(config.datadir, expected);
	ck_assert(config.datadir_given);
	ck_assert(config.account.given);
	ck_assert_str_eq(config.discovery, "http://127.0.0.1:4444");
	config_release(&config);
	/* another account is another directory on the same base path */
	good("--account ffffffffffffffffffffffffffffffffffffffff", NULL);
	snprintf(expected, sizeof(expected),
		 "%s/chains/ffffffffffffffffffffffffffffffffffffffff", home);
	ck_assert_str_eq(config.datadir, expected);
	config_release(&config);
	good("-d here", NULL);
	ck_assert_str_eq(config.datadir, "here");
	config_release(&config);
	/* ccoin and ccoin-init read the same file */
	ck_assert_int_eq(read_as(PROGRAM_CCOIN, "", NULL), ERR_OK);
	config_release(&config);
	ck_assert_int_eq(read_as(PROGRAM_INIT, "", NULL), ERR_OK);
	config_release(&config);
}
END_TEST

START_TEST(ports_follow_each_other)
{
	good("-p 0", NULL);
	ck_assert_uint_eq(config.http.port, 0);
	config_release(&config);
	good("-p 6000", NULL);
	ck_assert_uint_eq(config.http.port, 6001);
	config_release(&config);
	good("-p 6000 --http 8080", NULL);
	ck_assert_str_eq(config.http.address, "127.0.0.1");
	ck_assert_uint_eq(config.http.port, 8080);
	config_release(&config);
	good("--http [::1]:8080", NULL);
	ck_assert_str_eq(config.http.address, "::1");
	config_release(&config);
	bad("-p 65535", NULL, ERR_OUT_OF_RANGE, "--port", "65534");
	good("-p 65535 --http 0.0.0.0:1", NULL);
	ck_assert_str_eq(config.http.address, "0.0.0.0");
	config_release(&config);
}
END_TEST

START_TEST(role_is_one_setting_with_two_names)
{
	good("-t validator --account " ADDRESS, NULL);
	ck_assert(config.validator);
	config_release(&config);
	good("--validator -t basic", NULL);
	ck_assert(!config.validator);
	config_release(&config);
	bad("--validator", NULL, ERR_MISSING_FIELD, "--validator",
	    "expected --account");
	bad("-t witness", NULL, ERR_OUT_OF_RANGE, "--type",
	    "value witness, expected one of basic, validator");
}
END_TEST

START_TEST(dev_takes_seconds_or_nothing)
{
	good("--dev", NULL);
	ck_assert(config.dev.on);
	ck_assert_uint_eq(config.dev.seconds, 0);
	config_release(&config);
	good("--dev=5", NULL);
	ck_assert(config.dev.on);
	ck_assert_uint_eq(config.dev.seconds, 5);
	config_release(&config);
	bad("--dev=0", NULL, ERR_OUT_OF_RANGE, "--dev",
	    "value 0, expected true, false or an integer 1..3600");
	bad("--dev --genesis g.json", NULL, ERR_DUPLICATE_FIELD, "--genesis",
	    "--dev");
}
END_TEST

START_TEST(mistakes_on_the_command_line_are_named)
{
	bad("--prot 5", NULL, ERR_UNKNOWN_FIELD, "--prot", "nearest is --port");
	bad("--quantum", NULL, ERR_UNKNOWN_FIELD, "--quantum", "no such");
	bad("-z", NULL, ERR_UNKNOWN_FIELD, "-z", "no such");
	bad("-p", NULL, ERR_MISSING_FIELD, "--port", "PORT");
	bad("-p 65536", NULL, ERR_OUT_OF_RANGE, "--port",
	    "value 65536, expected an integer 0..65535");
	bad("-p -1", NULL, ERR_OUT_OF_RANGE, "--port", "value -1");
	bad("-p 0x10", NULL, ERR_OUT_OF_RANGE, "--port", "value 0x10");
	bad("--threads 65", NULL, ERR_OUT_OF_RANGE, "--threads", "0..64");
	bad("--http localhost:5", NULL, ERR_OUT_OF_RANGE, "--http",
	    "value localhost:5, expected PORT or ADDRESS:PORT");
	bad("--http ::1:5", NULL, ERR_OUT_OF_RANGE, "--http", "[::1]:5000");
	bad("--account 12", NULL, ERR_BAD_ADDRESS, "--account",
	    "value 12, expected an address of 40 hex digits");
	bad("--genesis-hash 12", NULL, ERR_BAD_HASH, "--genesis-hash", "64");
	bad("--log-level loud", NULL, ERR_OUT_OF_RANGE, "--log-level",
	    "value loud, expected one of error, warning, info, debug");
	bad("--validator=yes", NULL, ERR_OUT_OF_RANGE, "--validator=yes",
	    "no value");
	bad("--http-hosts a,,b", NULL, ERR_OUT_OF_RANGE, "--http-hosts",
	    "a,,b");
	ck_assert_int_eq(source, CONFIG_COMMAND_LINE);
}
END_TEST

START_TEST(port_and_listen_are_one_setting)
{
	const char *env[] = {"CCOIN_PORT=7002", NULL};
	const char *both[] = {"CCOIN_PORT=7002", "CCOIN_LISTEN=7003", NULL};

	good("--listen 127.0.0.1:7000", NULL);
	ck_assert_str_eq(config.p2p.address, "127.0.0.1");
	ck_assert_uint_eq(config.p2p.port, 7000);
	ck_assert_uint_eq(config.http.port, 7001);
	config_release(&config);
	good("--listen [::1]:7000 -p 7000", NULL);
	ck_assert_str_eq(config.p2p.address, "::1");
	config_release(&config);
	bad("--listen 127.0.0.1:7000 -p 7001", NULL, ERR_DUPLICATE_FIELD,
	    "--port", "value 7001, but --listen says port 7000");
	bad("", both, ERR_DUPLICATE_FIELD, "CCOIN_PORT",
	    "value 7002, but CCOIN_LISTEN says port 7003");
	bad("--listen 65535", NULL, ERR_OUT_OF_RANGE, "--listen", "65534");
	/* the higher source has the last word on the port, and a port alone
	 * leaves the address */
	write_file("ccoin.json", "{\"p2p\": {\"listen\": \"127.0.0.1:7001\"}}");
	good("", env);
	ck_assert_str_eq(config.p2p.address, "127.0.0.1");
	ck_assert_uint_eq(config.p2p.port, 7002);
	config_release(&config);
	good("--listen 7003", env);
	ck_assert_str_eq(config.p2p.address, "");
	ck_assert_uint_eq(config.p2p.port, 7003);
	config_release(&config);
}
END_TEST

START_TEST(connect_may_be_given_again_and_replaces_what_is_below)
{
	const char *env[] = {"CCOIN_CONNECT=e:1,e:2", NULL};

	write_file("ccoin.json", "{\"p2p\": {\"connect\": [\"f:1\"]}}");
	good("", NULL);
	ck_assert_uint_eq(config.connect.count, 1);
	ck_assert_str_eq(config.connect.list[0], "f:1");
	config_release(&config);
	good("", env);
	ck_assert_uint_eq(config.connect.count, 2);
	ck_assert_str_eq(config.connect.list[1], "e:2");
	config_release(&config);
	good("--connect a:1 --connect b:1,[::1]:2", env);
	ck_assert_uint_eq(config.connect.count, 3);
	ck_assert_str_eq(config.connect.list[0], "a:1");
	ck_assert_str_eq(config.connect.list[2], "[::1]:2");
	config_release(&config);
	bad("--connect a:1 --connect a:1", NULL, ERR_OUT_OF_RANGE, "--connect",
	    "given twice");
	bad("--connect a:1 --connect b", NULL, ERR_OUT_OF_RANGE, "--connect",
	    "value b, expected HOST:PORT");
}
END_TEST

START_TEST(discovery_is_one_setting_in_two_forms)
{
	write_file("ccoin.json",
		   "{\"discovery_service\": {\"host\": \"::1\"}}");
	good("", NULL);
	ck_assert_str_eq(config.discovery, "http://[::1]:4444");
	config_release(&config);
	good("--discovery http://a:1", NULL);
	ck_assert_str_eq(config.discovery, "http://a:1");
	config_release(&config);
}
END_TEST

START_TEST(without_tls_the_network_is_loopback)
{
	good("--p2p-plain --listen 127.0.0.1:4999 --connect localhost:1"
	     " --connect [::1]:2",
	     NULL);
	ck_assert(config.p2p_plain);
	config_release(&config);
	bad("--p2p-plain", NULL, ERR_OUT_OF_RANGE, "--p2p-plain",
	    "listens on every address;");
	bad("--p2p-plain --listen 192.0.2.1:5", NULL, ERR_OUT_OF_RANGE,
	    "--p2p-plain", "listens on 192.0.2.1;");
	bad("--p2p-plain --listen [::1]:5 --connect [::1]:2 --connect"
	    " node.example:1",
	    NULL, ERR_OUT_OF_RANGE, "--p2p-plain",
	    "connect to node.example:1;");
}
END_TEST

static void digest_of_upgrades(struct hash *out, const char *list)
{
	char text[256];

	snprintf(text, sizeof(text), "{\"upgrades\": %s}", list);
	write_file("ccoin.json", text);
	good("", NULL);
	*out = config.upgrades;
	config_release(&config);
}

START_TEST(upgrades_are_told_apart_by_their_digest)
{
	struct hash none, one, same, two;
	char hex[HASH_HEX_LEN];

	digest_of_upgrades(&none, "[]");
	ck_assert(hash_is_zero(&none));
	digest_of_upgrades(&one, "[{\"height\": 5, \"version\": 1}]");
	/* sha256("ccoin/upgrades/1" + 32 zeros + 91 92 05 01) */
	ck_assert_str_eq(hash_hex(hex, &one),
			 "29e39237793817dc1ea7b933adbbf7d91b18495004c4870789746"
			 "4e7e37d442b");
	digest_of_upgrades(&same, "[{\"version\": 1, \"height\": 5}]");
	ck_assert(hash_eq(&one, &same));
	digest_of_upgrades(&two, "[{\"height\": 5, \"version\": 1},"
				 " {\"height\": 6, \"version\": 1}]");
	ck_assert(!hash_eq(&one, &two));
}
END_TEST

START_TEST(an_option_of_another_program_does_not_exist)
{
	ck_assert_int_eq(read_as(PROGRAM_CCOIN, "--dev", NULL),
			 ERR_UNKNOWN_FIELD);
	ck_assert_int_eq(read_as(PROGRAM_INIT, "--threads 1", NULL),
			 ERR_UNKNOWN_FIELD);
	ck_assert_int_eq(read_as(PROGRAM_CCOIND, "--url http://a", NULL),
			 ERR_UNKNOWN_FIELD);
}
END_TEST

START_TEST(mistakes_in_the_environment_are_named)
{
	const char *port[] = {"CCOIN_PORT=x", NULL};
	const char *flag[] = {"CCOIN_VALIDATOR=maybe", NULL};
	const char *empty[] = {"CCOIN_DATADIR=", NULL};
	const char *typo[] = {"CCOIN_PORTS=1", NULL};
	const char *other[] = {"CCOIN_SOMEBODY_ELSES=1", "CCOIN=2", NULL};

	bad("", port, ERR_OUT_OF_RANGE, "CCOIN_PORT", "value x, expected");
	ck_assert_int_eq(source, CONFIG_ENVIRONMENT);
	bad("", flag, ERR_OUT_OF_RANGE, "CCOIN_VALIDATOR",
	    "value maybe, expected true or false");
	bad("", empty, ERR_OUT_OF_RANGE, "CCOIN_DATADIR", "(empty)");
	bad("", typo, ERR_UNKNOWN_FIELD, "CCOIN_PORTS",
	    "the nearest is CCOIN_PORT");
	good("", other);
	ck_assert_uint_eq(config.p2p.port, 4999);
	config_release(&config);
}
END_TEST

static const struct {
	const char *text;
	enum err want;
	const char *field, *detail;
} files[] = {
	{"{\"prot\": 1}", ERR_UNKNOWN_FIELD, "prot", "not known"},
	{"{\"p2p\": {\"prot\": 1}}", ERR_UNKNOWN_FIELD, "p2p.prot",
	 "nearest is p2p.port"},
	{"{\"p2p.port\": 1}", ERR_UNKNOWN_FIELD, "p2p.port", "not known"},
	{"{\"p2p\": 1}", ERR_WRONG_TYPE, "p2p", "an object"},
	{"{\"threads\": {}}", ERR_WRONG_TYPE, "threads",
	 "value {}, expected an integer 0..64"},
	{"{\"threads\": \"2\"}", ERR_WRONG_TYPE, "threads",
	 "value \"2\", expected an integer 0..64"},
	{"{\"threads\": 2.0}", ERR_WRONG_TYPE, "threads", "value 2.0"},
	{"{\"threads\": -1}", ERR_OUT_OF_RANGE, "threads", "value -1"},
	{"{\"threads\": 99}", ERR_OUT_OF_RANGE, "threads",
	 "value 99, expected an integer 0..64"},
	{"{\"threads\": null}", ERR_WRONG_TYPE, "threads", "value null"},
	{"{\"validator\": 1}", ERR_WRONG_TYPE, "validator",
	 "value 1, expected true or false"},
	{"{\"dev\": 3601}", ERR_OUT_OF_RANGE, "dev", "3600"},
	{"{\"datadir\": \"\"}", ERR_OUT_OF_RANGE, "datadir", "not empty"},
	{"{\"http\": {\"hosts\": \"a\"}}", ERR_WRONG_TYPE, "http.hosts",
	 "an array of at most 64 texts"},
	{"{\"http\": {\"hosts\": [1]}}", ERR_WRONG_TYPE, "http.hosts",
	 "value [1]"},
	{"{\"http\": {\"hosts\": [\"a\", \"a\"]}}", ERR_OUT_OF_RANGE,
	 "http.hosts", "given twice"},
	{"{\"http\": {\"listen\": 5000}}", ERR_WRONG_TYPE, "http.listen",
	 "value 5000"},
	{"{\"log\": {\"level\": \"Info\"}}", ERR_OUT_OF_RANGE, "log.level",
	 "value \"Info\", expected one of"},
	{"{\"client\": {\"account_address\": \"12\"}}", ERR_BAD_ADDRESS,
	 "client.account_address", "40 hex digits"},
	{"{\"discovery_service\": {\"port\": 0}}", ERR_OUT_OF_RANGE,
	 "discovery_service.port", "1..65535"},
	{"{\"discovery_service\": {\"url\": \"\"}}", ERR_UNKNOWN_FIELD,
	 "discovery_service.url", "not known"},
	{"{\"discovery_service\": {\"port\": 4444}}", ERR_MISSING_FIELD,
	 "discovery_service.port", "discovery_service.host too"},
	{"{\"discovery_service\": {\"host\": \"a b\"}}", ERR_OUT_OF_RANGE,
	 "discovery_service.host", "the name of a host"},
	{"{\"discovery_service\": {\"host\": \"a\", \"proto\": \"https\"}}",
	 ERR_OUT_OF_RANGE, "discovery_service.proto", "expected http"},
	{"{\"discovery_service\": {\"host\": \"a\"},"
	 " \"p2p\": {\"discovery\": \"http://a\"}}",
	 ERR_DUPLICATE_FIELD, "p2p.discovery", "not both"},
	{"{\"p2p\": {\"port\": 5, \"listen\": \"6\"}}", ERR_DUPLICATE_FIELD,
	 "p2p.port", "value 5, but p2p.listen says port 6"},
	{"{\"p2p\": {\"plain\": true}}", ERR_OUT_OF_RANGE, "p2p.plain",
	 "listens on every address"},
	{"{\"upgrades\": {}}", ERR_WRONG_TYPE, "upgrades", "expected an array"},
	{"{\"upgrades\": [{\"height\": 0, \"version\": 1}]}", ERR_OUT_OF_RANGE,
	 "upgrades", "rising from 1"},
	{"{\"upgrades\": [{\"height\": 5, \"version\": 1},"
	 " {\"height\": 5, \"version\": 1}]}",
	 ERR_OUT_OF_RANGE, "upgrades", "rising"},
	{"{\"upgrades\": [{\"height\": 5}]}", ERR_OUT_OF_RANGE, "upgrades",
	 "version"},
	{"{\"upgrades\": [{\"height\": 5, \"version\": 1, \"x\": 1}]}",
	 ERR_OUT_OF_RANGE, "upgrades", "version"},
	{"{\"upgrades\": [{\"height\": 5, \"version\": 2}]}",
	 ERR_UNSUPPORTED_VERSION, "upgrades",
	 "from height 5 on the rules are of version 2, expected 1"},
	{"{\"datadir\": \"a\", \"app\": {\"base_path\": \"b\"}}",
	 ERR_DUPLICATE_FIELD, "app.base_path", "not both"},
	{"[]", ERR_WRONG_TYPE, "", "an object"},
	{"{", ERR_MALFORMED, "", "line 1"},
	{"", ERR_MALFORMED, "", "empty"},
	{"{} {}", ERR_MALFORMED, "", "line 1"},
};

START_TEST(mistakes_in_the_file_are_named_with_their_place)
{
	write_file("ccoin.json", files[_i].text);
	bad("", NULL, files[_i].want, files[_i].field, files[_i].detail);
	ck_assert_ptr_nonnull(strstr(fault.detail, "./ccoin.json: "));
	ck_assert_int_eq(source, CONFIG_FILE);
}
END_TEST

START_TEST(duplicate_fields_of_the_file_are_refused)
{
	write_file("ccoin.json", "{\"threads\": 1,\n \"threads\": 2}");
	ck_assert_int_eq(read_as(PROGRAM_CCOIND, "", NULL),
			 ERR_DUPLICATE_FIELD);
	ck_assert_ptr_nonnull(strstr(fault.detail, "./ccoin.json: line 2"));
}
END_TEST

START_TEST(a_file_that_is_too_long_is_refused)
{
	FILE *f = fopen("ccoin.json", "w");

	ck_assert_ptr_nonnull(f);
	for (size_t i = 0; i <= CONFIG_FILE_MAX; i++)
		fputc(' ', f);
	ck_assert_int_eq(fclose(f), 0);
	bad("", NULL, ERR_TOO_BIG, "", "ccoin.json");
}
END_TEST

START_TEST(printed_configuration_says_where_values_came_from)
{
	const char *env[] = {"CCOIN_THREADS=2", NULL};
	json_t *out;
	const json_t *row;

	write_file("ccoin.json", "{\"log\": {\"level\": \"debug\"}}");
	good("-p 7000 --print-config", env);
	ck_assert_int_eq(config.action, CONFIG_PRINT);
	out = config_to_json(&config);
	config_release(&config);
	row = json_object_get(out, "p2p.port");
	ck_assert_int_eq(json_integer_value(json_object_get(row, "value")),
			 7000);
	ck_assert_str_eq(json_string_value(json_object_get(row, "from")),
			 "--port");
	row = json_object_get(out, "p2p.listen");
	ck_assert_str_eq(json_string_value(json_object_get(row, "value")),
			 "7000");
	ck_assert_str_eq(json_string_value(json_object_get(row, "from")),
			 "--port");
	row = json_object_get(out, "threads");
	ck_assert_str_eq(json_string_value(json_object_get(row, "from")),
			 "CCOIN_THREADS");
	row = json_object_get(out, "log.level");
	ck_assert_str_eq(json_string_value(json_object_get(row, "value")),
			 "debug");
	ck_assert_str_eq(json_string_value(json_object_get(row, "from")),
			 "./ccoin.json");
	row = json_object_get(out, "http.listen");
	ck_assert_str_eq(json_string_value(json_object_get(row, "value")),
			 "127.0.0.1:7001");
	ck_assert_str_eq(json_string_value(json_object_get(row, "from")),
			 "default");
	json_decref(out);
}
END_TEST

START_TEST(help_answers_whatever_else_is_wrong)
{
	write_file("ccoin.json", "{");
	good("--help -p 99999", NULL);
	ck_assert_int_eq(config.action, CONFIG_HELP);
	config_release(&config);
	good("--version", NULL);
	ck_assert_int_eq(config.action, CONFIG_VERSION);
	config_release(&config);
}
END_TEST

START_TEST(arguments_are_found_between_options)
{
	good("genesis.json -p 7000", NULL);
	ck_assert_int_eq(first, 3);
	ck_assert_uint_eq(config.p2p.port, 7000);
	config_release(&config);
}
END_TEST

START_TEST(a_mistyped_name_finds_its_neighbour)
{
	static const char *const names[] = {"send", "sign", "balance",
					    "balances", "tx"};

	ck_assert_str_eq(name_nearest("sned", names, 5), "send");
	ck_assert_str_eq(name_nearest("balence", names, 5), "balance");
	ck_assert_str_eq(name_nearest("balancess", names, 5), "balances");
	ck_assert_ptr_null(name_nearest("mine", names, 5));
	ck_assert_ptr_null(name_nearest("x", names, 1));
	ck_assert_ptr_null(name_nearest("", names, 5));
}
END_TEST

START_TEST(a_file_is_replaced_whole_and_only_for_its_owner)
{
	struct buf text = {0};
	struct stat st;

	write_file("other.json", "old");
	ck_assert_int_eq(chmod("other.json", 0644), 0);
	ck_assert_int_eq(file_replace("other.json", span_str("new"), &fault),
			 ERR_OK);
	ck_assert_int_eq(file_read(&text, "other.json", 3, &fault), ERR_OK);
	ck_assert(span_eq(buf_span(&text), span_str("new")));
	ck_assert_int_eq(stat("other.json", &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(file_read(&text, "other.json", 2, &fault),
			 ERR_TOO_BIG);
	/* what was read before an error stays as it was */
	ck_assert_uint_eq(text.len, 3);
	buf_release(&text);
	ck_assert_int_eq(file_replace("no/such/dir", span_str("new"), &fault),
			 ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(fault.detail, "no/such/dir"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, defaults_are_the_promised_ones);
	tcase_add_test(t, command_line_beats_environment_beats_file);
	tcase_add_test(t, file_is_looked_for_where_it_is_promised);
	tcase_add_test(t, file_of_the_data_directory_is_that_of_the_option);
	tcase_add_test(t, the_seeds_file_is_read_as_it_is);
	tcase_add_test(t, ports_follow_each_other);
	tcase_add_test(t, role_is_one_setting_with_two_names);
	tcase_add_test(t, dev_takes_seconds_or_nothing);
	tcase_add_test(t, mistakes_on_the_command_line_are_named);
	tcase_add_test(t, port_and_listen_are_one_setting);
	tcase_add_test(t,
		       connect_may_be_given_again_and_replaces_what_is_below);
	tcase_add_test(t, discovery_is_one_setting_in_two_forms);
	tcase_add_test(t, without_tls_the_network_is_loopback);
	tcase_add_test(t, upgrades_are_told_apart_by_their_digest);
	tcase_add_test(t, an_option_of_another_program_does_not_exist);
	tcase_add_test(t, mistakes_in_the_environment_are_named);
	tcase_add_loop_test(t, mistakes_in_the_file_are_named_with_their_place,
			    0, ARRAY_LEN(files));
	tcase_add_test(t, duplicate_fields_of_the_file_are_refused);
	tcase_add_test(t, a_file_that_is_too_long_is_refused);
	tcase_add_test(t, printed_configuration_says_where_values_came_from);
	tcase_add_test(t, help_answers_whatever_else_is_wrong);
	tcase_add_test(t, arguments_are_found_between_options);
	tcase_add_test(t, a_mistyped_name_finds_its_neighbour);
	tcase_add_test(t, a_file_is_replaced_whole_and_only_for_its_owner);
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

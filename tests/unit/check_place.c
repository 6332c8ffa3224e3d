/* SPDX-License-Identifier: MIT */
/* HOST:PORT and http://HOST:PORT: read strictly, printed as they are read. */
#include <config.h>

#include <check.h>
#include <string.h>

#include "loop/place.h"

static const struct {
	const char *text, *host;
	uint16_t port;
} good[] = {
	{"node.example:4999", "node.example", 4999},
	{"a:1", "a", 1},
	{"127.0.0.1:65535", "127.0.0.1", 65535},
	{"[::1]:4999", "::1", 4999},
	{"[2001:db8::7]:80", "2001:db8::7", 80},
	{"node-1_a.example:7", "node-1_a.example", 7},
};

static const char *const bad[] = {
	"",	 ":1",	       "a",	      "a:",
	"a:0",	 "a:65536",    "a:-1",	      "a:+1",
	"a: 1",	 "a:1 ",       " a:1",	      "a b:1",
	"::1:5", "[::1]",      "[::1]5",      "[::1:5",
	"[a]:5", "[]:5",       "300.1.1.1:5", "1.2.3:5",
	"a/b:1", "http://a:1", "-a:1",	      ".a:1",
	"a:01",	 "a\n:1",      "a@b:1",	      "[127.0.0.1]:5",
	"1:2:3", "127.1:5",    "a.1:5",	      "a..b:5",
	"1:5",	 "a.:5"};

START_TEST(host_and_port_are_read_and_printed)
{
	char text[PLACE_MAX];
	struct place p;

	ck_assert(place_read(&p, span_str(good[_i].text)));
	ck_assert_str_eq(p.host, good[_i].host);
	ck_assert_uint_eq(p.port, good[_i].port);
	ck_assert_str_eq(place_print(text, p.host, p.port), good[_i].text);
}
END_TEST

START_TEST(anything_else_is_refused_and_leaves_the_place_alone)
{
	struct place p = {"x", 1};

	ck_assert_msg(!place_read(&p, span_str(bad[_i])), "%s", bad[_i]);
	ck_assert_str_eq(p.host, "x");
	ck_assert_uint_eq(p.port, 1);
}
END_TEST

START_TEST(a_name_has_at_most_253_bytes)
{
	char text[300];
	struct place p;

	memset(text, 'a', sizeof(text));
	memcpy(text + 253, ":1", 2);
	ck_assert(place_read(&p, SPAN(text, 255)));
	memset(text, 'a', sizeof(text));
	memcpy(text + 254, ":1", 2);
	ck_assert(!place_read(&p, SPAN(text, 256)));
}
END_TEST

START_TEST(a_zero_byte_ends_no_name)
{
	struct place p;

	ck_assert(!place_read(&p, SPAN("a\0b:1", 5)));
	ck_assert(!place_host_is_good(SPAN("a\0", 2)));
}
END_TEST

static const struct {
	const char *text, *host;
	uint16_t port;
	const char *path;
} urls[] = {
	{"http://a", "a", 80, ""},
	{"http://a/", "a", 80, ""},
	{"http://a:4444", "a", 4444, ""},
	{"http://[::1]:4444/", "::1", 4444, ""},
	{"http://[::1]", "::1", 80, ""},
	{"http://10.0.0.1:1/meet/here/", "10.0.0.1", 1, "/meet/here"},
};

START_TEST(an_http_url_is_read)
{
	struct place p;
	struct span path;

	ck_assert(place_read_url(&p, &path, span_str(urls[_i].text)));
	ck_assert_str_eq(p.host, urls[_i].host);
	ck_assert_uint_eq(p.port, urls[_i].port);
	ck_assert(span_eq(path, span_str(urls[_i].path)));
}
END_TEST

static const char *const bad_urls[] = {
	"",	      "http://",    "https://a",  "a:4444",
	"http:/a",    "http://a:0", "http:// a",  "HTTP://a",
	"http://u@a", "http://a?x", "http://a/?", "http://a/ b"};

START_TEST(no_other_url_is)
{
	struct place p;
	struct span path;

	ck_assert(!place_read_url(&p, &path, span_str(bad_urls[_i])));
}
END_TEST

START_TEST(loopback_is_told_from_the_rest)
{
	static const char *const yes[] = {"127.0.0.1", "127.9.9.9", "::1",
					  "::ffff:127.0.0.1", "localhost"};
	static const char *const no[] = {"0.0.0.0",
					 "128.0.0.1",
					 "::",
					 "::ffff:1.2.3.4",
					 "::127.0.0.1",
					 "localhost.example",
					 "127.0.0.1.example",
					 ""};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		ck_assert_msg(place_is_loopback(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		ck_assert_msg(!place_is_loopback(no[i]), "%s", no[i]);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("place");
	TCase *t = tcase_create("place");

	tcase_add_loop_test(t, host_and_port_are_read_and_printed, 0,
			    ARRAY_LEN(good));
	tcase_add_loop_test(t,
			    anything_else_is_refused_and_leaves_the_place_alone,
			    0, ARRAY_LEN(bad));
	tcase_add_test(t, a_name_has_at_most_253_bytes);
	tcase_add_test(t, a_zero_byte_ends_no_name);
	tcase_add_loop_test(t, an_http_url_is_read, 0, ARRAY_LEN(urls));
	tcase_add_loop_test(t, no_other_url_is, 0, ARRAY_LEN(bad_urls));
	tcase_add_test(t, loopback_is_told_from_the_rest);
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

/* SPDX-License-Identifier: MIT */
/* The address book, the bans, and peers.json. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/peerbook_file.h"
#include "scratch.h"
#include "store/file.h"

#define HOUR (3600u * 1000)

static struct peerbook book;
static char dir[256];

static void setup(void)
{
	peerbook_init(&book);
	scratch_path(dir, sizeof(dir));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
}

static void teardown(void)
{
	peerbook_release(&book);
}

/* --- addresses as text --------------------------------------------------- */

START_TEST(an_address_has_one_spelling)
{
	static const char *const pairs[][2] = {
		{"10.0.0.1:80", "10.0.0.1:80"},
		{"[::1]:1", "[::1]:1"},
		{"[0:0::0:1]:1", "[::1]:1"},
		{"[::ffff:10.0.0.1]:80", "10.0.0.1:80"},
		{"Node.Example:4999", "node.example:4999"},
	};
	static const char *const bad[] = {
		"",	   "a",		  ":1",	      "a:",	      "a:0",
		"a:65536", "a:01",	  "127.1:80", "1:80",	      "::1:80",
		"[::1]",   "[a]:80",	  "a b:80",   "[10.0.0.1]:1", "a..b:80",
		"a\n:80",  "1.2.3.4.5:1", "[::1:80",  "-a:80",
	};
	char text[WHERE_TEXT];
	struct where w;
	size_t i;

	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		ck_assert_msg(where_parse(&w, pairs[i][0]), "%s", pairs[i][0]);
		where_print(text, &w);
		ck_assert_str_eq(text, pairs[i][1]);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!where_parse(&w, bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(what_nobody_can_dial_is_not_sound)
{
	static const char *const unsound[] = {
		"0.0.0.0:1",	     "[::]:1",	    "224.0.0.1:1",
		"255.255.255.255:1", "[ff02::1]:1", "[fe80::1]:1"};
	static const char *const sound[] = {"127.0.0.1:1", "[2001:db8::1]:1",
					    "a:1", "10.0.0.1:1"};
	struct where w;
	size_t i;

	for (i = 0; i < ARRAY_LEN(unsound); i++)
		ck_assert(where_parse(&w, unsound[i]) && !where_is_sound(&w));
	for (i = 0; i < ARRAY_LEN(sound); i++)
		ck_assert(where_parse(&w, sound[i]) && where_is_sound(&w));
}
END_TEST

static void host_at(struct host *out, const char *text)
{
	struct endpoint p;
	struct where w;

	ck_assert(where_parse(&w, text));
	where_endpoint(&p, &w);
	host_of(out, &p);
}

START_TEST(an_ipv6_network_is_one_host)
{
	struct host a, b, c;

	host_at(&a, "[2001:db8:1:2::1]:1");
	host_at(&b, "[2001:db8:1:2:ffff::2]:9");
	host_at(&c, "[2001:db8:1:3::1]:1");
	ck_assert_mem_eq(&a, &b, sizeof(a));
	ck_assert_mem_ne(&a, &c, sizeof(a));
}
END_TEST

/* --- the book ------------------------------------------------------------ */

static void fill(bool good)
{
	char where[32];
	size_t i;

	for (i = 0; i < BOOK_ADDRESSES_MAX; i++) {
		snprintf(where, sizeof(where), "10.0.%zu.%zu:1", i / 256,
			 i % 256);
		ck_assert(peerbook_add(&book, where, BOOK_HEARD));
		if (good)
			peerbook_good(&book, where, i + 1);
	}
}

START_TEST(hearsay_drives_out_nothing_that_was_seen)
{
	fill(true);
	ck_assert(!peerbook_add(&book, "a:1", BOOK_HEARD));
	ck_assert(!peerbook_add(&book, "a:1", BOOK_TOLD));
	ck_assert_uint_eq(book.count, BOOK_ADDRESSES_MAX);
	/* who was met does: in the place of who was good longest ago */
	peerbook_good(&book, "a:1", 10000);
	ck_assert_ptr_nonnull(peerbook_find(&book, "a:1"));
	ck_assert_ptr_null(peerbook_find(&book, "10.0.0.0:1"));
	ck_assert_uint_eq(book.count, BOOK_ADDRESSES_MAX);
}
END_TEST

START_TEST(a_full_book_forgets_what_failed_most)
{
	fill(false);
	peerbook_failed(&book, "10.0.1.7:1");
	ck_assert(peerbook_add(&book, "a:1", BOOK_HEARD));
	ck_assert_ptr_null(peerbook_find(&book, "10.0.1.7:1"));
	ck_assert_uint_eq(book.count, BOOK_ADDRESSES_MAX);
}
END_TEST

START_TEST(who_never_answered_is_forgotten_who_did_is_kept)
{
	size_t i;

	peerbook_add(&book, "a:1", BOOK_HEARD);
	peerbook_good(&book, "b:1", 5);
	for (i = 1; i < BOOK_VAIN_MAX; i++)
		ck_assert(peerbook_failed(&book, "a:1"));
	ck_assert(!peerbook_failed(&book, "a:1"));
	ck_assert_ptr_null(peerbook_find(&book, "a:1"));
	for (i = 0; i < 10 * BOOK_VAIN_MAX; i++)
		ck_assert(peerbook_failed(&book, "b:1"));
	peerbook_good(&book, "b:1", 6);
	ck_assert_uint_eq(peerbook_find(&book, "b:1")->failures, 0);
}
END_TEST

/* --- bans ---------------------------------------------------------------- */

START_TEST(a_ban_ends_and_doubles_with_each_time_up_to_a_day)
{
	struct address id = {{1}};
	uint64_t now = HOUR, ms = 0;
	size_t i;

	ck_assert_uint_eq(peerbook_ban_id(&book, &id, now, 600000, "x"),
			  600000);
	ck_assert_ptr_nonnull(peerbook_banned_id(&book, &id, now + 599999));
	ck_assert_ptr_null(peerbook_banned_id(&book, &id, now + 600000));
	now += 600000;
	ck_assert_uint_eq(peerbook_ban_id(&book, &id, now, 600000, "x"),
			  1200000);
	/* who asks for more gets it */
	now += 1200000;
	ck_assert_uint_eq(peerbook_ban_id(&book, &id, now, 10000000, "x"),
			  10000000);
	ms = 10000000;
	for (i = 0; i < 20; i++) {
		now += ms;
		ms = peerbook_ban_id(&book, &id, now, 600000, "x");
	}
	ck_assert_uint_eq(ms, BAN_MS_MAX);
	ck_assert_uint_eq(book.ban_count, 1);
	/* a day of peace behind the ban's end, and it begins anew */
	now += ms + BAN_MS_MAX;
	ck_assert_uint_eq(peerbook_ban_id(&book, &id, now, 600000, "x"),
			  600000);
}
END_TEST

START_TEST(bans_of_ids_and_of_hosts_are_two_things)
{
	struct address id = {{1}};
	struct host host = {{1}};

	peerbook_ban_id(&book, &id, 1, 1000, "x");
	ck_assert_ptr_null(peerbook_banned_host(&book, &host, 2));
	peerbook_ban_host(&book, &host, 1, 1000, "y");
	ck_assert_str_eq(peerbook_banned_host(&book, &host, 2)->why, "y");
	ck_assert_str_eq(peerbook_banned_id(&book, &id, 2)->why, "x");
	peerbook_prune(&book, 1001 + BAN_MS_MAX);
	ck_assert_uint_eq(book.ban_count, 0);
}
END_TEST

START_TEST(bans_are_bounded_and_the_one_that_ends_first_goes)
{
	struct address id = {{0}}, first = {{0}};
	size_t i;

	for (i = 0; i <= BOOK_BANS_MAX; i++) {
		put_be32(id.b, (uint32_t)i);
		peerbook_ban_id(&book, &id, 1, 1000 + i, "x");
	}
	ck_assert_uint_eq(book.ban_count, BOOK_BANS_MAX);
	ck_assert_ptr_nonnull(peerbook_banned_id(&book, &id, 2));
	ck_assert_ptr_null(peerbook_banned_id(&book, &first, 2));
}
END_TEST

/* --- the file ------------------------------------------------------------ */

static void path_of(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s/%s", dir, name);
}

static void write_file(const char *text)
{
	char path[300];
	struct fault f;

	path_of(path, sizeof(path), "peers.json");
	ck_assert_int_eq(file_replace(path, span_str(text), &f), ERR_OK);
}

static void load(uint64_t now)
{
	struct peerbook_file file;

	peerbook_release(&book);
	peerbook_init(&book);
	peerbook_file_init(&file, dir);
	peerbook_file_load(&file, &book, now);
	peerbook_file_finish(&file, &book);
}

static void save(void)
{
	struct peerbook_file file;

	peerbook_file_init(&file, dir);
	ck_assert(peerbook_file_save(&file, &book));
	book.changed = false;
	peerbook_file_finish(&file, &book);
}

START_TEST(what_is_written_is_read)
{
	struct host host;
	struct address id = {{7, 8}};
	struct stat st;
	char path[300];

	host_at(&host, "10.1.2.3:1");
	peerbook_add(&book, "[2001:db8::1]:4999", BOOK_TOLD);
	peerbook_good(&book, "node.example:1", 1234567890123);
	peerbook_failed(&book, "node.example:1");
	peerbook_ban_id(&book, &id, 5, 1000, "bad seal");
	peerbook_ban_host(&book, &host, 5, 1000, "flood");
	save();
	path_of(path, sizeof(path), "peers.json");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	load(6);
	ck_assert_uint_eq(book.count, 2);
	ck_assert_uint_eq(peerbook_find(&book, "node.example:1")->last_good,
			  1234567890123);
	ck_assert_uint_eq(peerbook_find(&book, "node.example:1")->failures, 1);
	ck_assert_int_eq(peerbook_find(&book, "[2001:db8::1]:4999")->source,
			 BOOK_TOLD);
	ck_assert_str_eq(peerbook_banned_id(&book, &id, 6)->why, "bad seal");
	ck_assert_str_eq(peerbook_banned_host(&book, &host, 6)->why, "flood");
	ck_assert_uint_eq(peerbook_ban_id(&book, &id, 7, 1000, "x"),
			  2 * BAN_MS_FIRST);
	/* what need not be remembered is not read */
	load(2 * (uint64_t)BAN_MS_MAX);
	ck_assert_uint_eq(book.ban_count, 0);
}
END_TEST

START_TEST(a_damaged_file_is_put_aside_and_nothing_is_lost_by_it)
{
	static const char *const damaged[] = {
		"",
		"{",
		"[]",
		"{\"addresses\": []}",
		"{\"addresses\": [1], \"bans\": []}",
		"{\"addresses\": [{\"where\": \"x\", \"source\": \"met\", "
		"\"last_good\": 0, \"failures\": 0}], \"bans\": []}",
		"{\"addresses\": [], \"bans\": [{\"id\": \"12\", \"until\": 1,"
		" \"times\": 1, \"why\": \"\"}]}",
		"{\"addresses\": [], \"bans\": [{\"address\": \"10.0.0.1\", "
		"\"until\": -1, \"times\": 1, \"why\": \"\"}]}",
	};
	char path[300], aside[300];
	struct fault f;
	size_t i;

	path_of(path, sizeof(path), "peers.json");
	path_of(aside, sizeof(aside), "peers.json.damaged");
	for (i = 0; i < ARRAY_LEN(damaged); i++) {
		struct buf text = {0};

		write_file(damaged[i]);
		load(1);
		ck_assert_uint_eq(book.count + book.ban_count, 0);
		ck_assert_msg(access(path, F_OK) != 0, "%s", damaged[i]);
		ck_assert_int_eq(file_read(&text, aside, 10000, &f), ERR_OK);
		ck_assert(span_eq(buf_span(&text), span_str(damaged[i])));
		buf_release(&text);
		save();
		ck_assert_int_eq(access(path, F_OK), 0);
	}
}
END_TEST

START_TEST(no_file_is_an_empty_book)
{
	char aside[300];

	load(1);
	ck_assert_uint_eq(book.count, 0);
	path_of(aside, sizeof(aside), "peers.json.damaged");
	ck_assert_int_ne(access(aside, F_OK), 0);
}
END_TEST

START_TEST(an_address_written_twice_by_hand_is_one)
{
	write_file("{\"addresses\": [{\"where\": \"[::ffff:10.0.0.1]:1\", "
		   "\"source\": \"met\", \"last_good\": 0, \"failures\": 0}, "
		   "{\"where\": \"10.0.0.1:1\", \"source\": \"heard\", "
		   "\"last_good\": 0, \"failures\": 0}], \"bans\": []}");
	load(1);
	ck_assert_uint_eq(book.count, 1);
	ck_assert_ptr_nonnull(peerbook_find(&book, "10.0.0.1:1"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("peerbook");
	TCase *tc = tcase_create("peerbook");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_address_has_one_spelling);
	tcase_add_test(tc, what_nobody_can_dial_is_not_sound);
	tcase_add_test(tc, an_ipv6_network_is_one_host);
	tcase_add_test(tc, hearsay_drives_out_nothing_that_was_seen);
	tcase_add_test(tc, a_full_book_forgets_what_failed_most);
	tcase_add_test(tc, who_never_answered_is_forgotten_who_did_is_kept);
	tcase_add_test(tc, a_ban_ends_and_doubles_with_each_time_up_to_a_day);
	tcase_add_test(tc, bans_of_ids_and_of_hosts_are_two_things);
	tcase_add_test(tc, bans_are_bounded_and_the_one_that_ends_first_goes);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc,
		       a_damaged_file_is_put_aside_and_nothing_is_lost_by_it);
	tcase_add_test(tc, no_file_is_an_empty_book);
	tcase_add_test(tc, an_address_written_twice_by_hand_is_one);
	suite_add_tcase(s, tc);
	return scratch_run(s);
}

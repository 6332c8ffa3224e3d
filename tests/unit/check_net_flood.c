/* SPDX-License-Identifier: MIT */
/* Clients that would have a node's memory or its time to themselves. */
#include <check.h>
#include <stdlib.h>

#include <openssl/ssl.h>

#include "net/net_internal.h"
#include "net_fixture.h"
#include "test_keys.h"

static struct side a;

static void setup(void)
{
	loop_begin();
	a = (struct side){0};
}

static void teardown(void)
{
	side_end(&a);
	loop_end();
}

START_TEST(what_all_connections_hold_is_bounded_and_small_ones_stay)
{
	enum { COUNT = 40, PIECES = 7, PIECE = 1 << 20 };
	uint8_t *body = xcalloc(1, PIECE);
	struct stream c[COUNT], small;
	uint64_t peer[COUNT], small_peer;
	struct net_peer_stats stats;
	size_t i, k;

	side_start(&a, TEST_RSA_PEM, NULL, true);
	client_open(&small, &a, NULL);
	UNTIL(a.connected == 1);
	small_peer = a.peer;
	net_send(a.net, small_peer, MSG_RBH, SPAN("x", 1));
	for (i = 0; i < COUNT; i++) {
		client_open(&c[i], &a, NULL);
		UNTIL(a.connected == i + 2);
		peer[i] = a.peer;
	}
	/* none of them has more than one may; they do not read */
	for (i = 0; i < COUNT; i++)
		for (k = 0; k < PIECES; k++) {
			net_send(a.net, peer[i], MSG_GLK, SPAN(body, PIECE));
			ck_assert_uint_le(a.net->held, 128u << 20);
		}
	UNTIL(a.disconnected);
	ck_assert(net_stats(a.net, small_peer, &stats));
	/* what ends is not counted on */
	for (i = 0; i < COUNT; i++)
		stream_close(&c[i]);
	UNTIL(a.disconnected == COUNT);
	ck_assert_uint_lt(a.net->held, PIECE);
	stream_close(&small);
	free(body);
}
END_TEST

START_TEST(tiny_records_do_not_take_the_loop_for_themselves)
{
	enum { BYTES = 700 };
	static const uint8_t frame[] = "\3\0\0\0RBH";
	struct secret_key *key = test_key(TEST_RSA2_PEM);
	struct net_peer_stats stats;
	uint64_t before;
	struct stream c;
	struct tls *tls;
	struct fault f;
	size_t i, n;

	ck_assert_int_eq(tls_new(&tls, key, &f), ERR_OK);
	secret_key_free(key);
	side_start(&a, TEST_RSA_PEM, NULL, false);
	client_open(&c, &a, tls);
	UNTIL(a.connected);
	for (i = 0; i < BYTES; i++)
		ck_assert(SSL_write_ex(c.ssl, frame + i % 7, 1, &n));
	before = 0;
	while (before < BYTES) {
		turn();
		ck_assert(net_stats(a.net, a.peer, &stats));
		ck_assert_uint_le(stats.bytes_in - before, 64);
		before = stats.bytes_in;
	}
	UNTIL(a.messages == BYTES / 7);
	stream_close(&c);
	tls_free(tls);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net_flood");
	TCase *t = tcase_create("bounds");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(
		t, what_all_connections_hold_is_bounded_and_small_ones_stay);
	tcase_add_test(t, tiny_records_do_not_take_the_loop_for_themselves);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* Two nets in one process, and clients that mean harm. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "net/net_internal.h"
#include "net_fixture.h"
#include "scratch.h"
#include "test_keys.h"

static struct side a, b;
static struct tls *tls; /* of a client with a key of its own */

static void setup(void)
{
	struct secret_key *key = test_key(TEST_RSA2_PEM);
	struct fault f;

	loop_begin();
	a = b = (struct side){0};
	ck_assert_int_eq(tls_new(&tls, key, &f), ERR_OK);
	secret_key_free(key);
}

static void teardown(void)
{
	tls_free(tls);
	side_end(&b);
	side_end(&a);
	loop_end();
}

static void start_pair(bool plain)
{
	side_start(&a, TEST_RSA_PEM, NULL, plain);
	side_start(&b, TEST_ED25519_PEM, side_where(&a), plain);
	UNTIL(a.connected && b.connected);
}

static void send_zeros(struct side *s, uint64_t peer, enum message_type type,
		       size_t len)
{
	uint8_t *body = xcalloc(1, len);

	net_send(s->net, peer, type, SPAN(body, len));
	free(body);
}

/* --- who is there -------------------------------------------------------- */

START_TEST(each_side_proves_its_id_with_its_own_kind_of_key)
{
	start_pair(false);
	ck_assert(a.inbound && !b.inbound && a.has_id && b.has_id);
	ck_assert(address_eq(&a.id, secret_key_address(b.key)));
	ck_assert(address_eq(&b.id, secret_key_address(a.key)));
	ck_assert_str_eq(b.where, side_where(&a));
	ck_assert_uint_eq(net_trying(b.net), 0);
}
END_TEST

START_TEST(plain_has_no_ids_and_stays_on_this_machine)
{
	struct net_config config = {
		.datadir = a.dir, .address = "", .plain = true};
	struct fault f;
	struct net *net;

	start_pair(true);
	ck_assert(!a.has_id && !b.has_id);
	net_send(b.net, b.peer, MSG_RBH, SPAN("x", 1));
	UNTIL(a.messages == 1);
	config.key = a.key;
	ck_assert_int_eq(net_new(&net, base, &config, &f), ERR_OUT_OF_RANGE);
	ck_assert_ptr_null(net);
	config.address = "10.0.0.1";
	ck_assert_int_eq(net_new(&net, base, &config, &f), ERR_OUT_OF_RANGE);
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
	struct net_config config = {.datadir = "/", .address = "127.0.0.1"};
	char port[16];
	struct net *net;
	struct fault f;

	side_start(&a, TEST_RSA_PEM, NULL, false);
	config.key = a.key;
	config.port = net_port(a.net);
	ck_assert_int_eq(net_new(&net, base, &config, &f), ERR_LOCKED);
	snprintf(port, sizeof(port), "%u", (unsigned)config.port);
	ck_assert_ptr_nonnull(strstr(f.detail, port));
	config.address = "localhost";
	ck_assert_int_eq(net_new(&net, base, &config, &f), ERR_MALFORMED);
}
END_TEST

START_TEST(a_name_is_looked_up)
{
	char where[32];

	side_start(&a, TEST_RSA_PEM, NULL, false);
	snprintf(where, sizeof(where), "localhost:%u",
		 (unsigned)net_port(a.net));
	side_start(&b, TEST_ED25519_PEM, where, false);
	UNTIL(a.connected && b.connected);
	ck_assert_str_eq(b.where, where);
}
END_TEST

START_TEST(a_client_without_a_certificate_is_not_told_of)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct stream c;

	side_start(&a, TEST_RSA_PEM, NULL, false);
	client_open(&c, &a, NULL);
	c.ssl = SSL_new(ctx);
	SSL_set_fd(c.ssl, c.fd);
	SSL_set_connect_state(c.ssl);
	while (stream_handshake(&c) == STREAM_WANT_READ)
		turn();
	client_await_end(&c);
	ck_assert_uint_eq(a.connected, 0);
	stream_close(&c);
	SSL_CTX_free(ctx);
}
END_TEST

/* --- messages ------------------------------------------------------------ */

START_TEST(messages_come_whole_and_in_order_with_their_counts)
{
	struct net_peer_stats sent, got;
	size_t i, len, sum = 0;
	uint8_t *body = xcalloc(1, 1 << 20);

	a.greet = b.greet = true;
	start_pair(false);
	for (i = 0; i < 200; i++) {
		len = i * 977 % 30000;
		body[0] = (uint8_t)i;
		net_send(b.net, b.peer, MSG_TXN, SPAN(body, len));
		sum += len + 7;
	}
	body[0] = 77;
	net_send(b.net, b.peer, MSG_GLK, SPAN(body, 1 << 20));
	free(body);
	UNTIL(a.messages == 201);
	ck_assert_int_eq(a.got[200 % MESSAGES_KEPT].type, MSG_GLK);
	ck_assert_uint_eq(a.got[200 % MESSAGES_KEPT].first, 77);
	for (i = 200 - MESSAGES_KEPT + 1; i < 200; i++) {
		ck_assert_uint_eq(a.got[i % MESSAGES_KEPT].len,
				  i * 977 % 30000);
		ck_assert_uint_eq(a.got[i % MESSAGES_KEPT].first, i);
	}
	ck_assert(net_stats(b.net, b.peer, &sent));
	ck_assert(net_stats(a.net, a.peer, &got));
	ck_assert_uint_eq(sent.messages_out, 201);
	ck_assert_uint_eq(got.messages_in, 201);
	ck_assert_uint_eq(got.bytes_in, sum + 7 + (1 << 20));
	ck_assert_uint_eq(sent.bytes_out, got.bytes_in);
	ck_assert(!net_stats(a.net, a.peer + 1, &got));
}
END_TEST

START_TEST(what_was_sent_before_a_drop_arrives)
{
	a.greet = b.greet = true;
	start_pair(false);
	send_zeros(&a, a.peer, MSG_GLK, 1 << 20);
	net_send(a.net, a.peer, MSG_BYE, SPAN("x", 1));
	net_drop(a.net, a.peer, 0, "go");
	net_send(a.net, a.peer, MSG_RBH, SPAN("y", 1));
	UNTIL(a.disconnected && b.disconnected);
	ck_assert_uint_eq(b.messages, 2);
	ck_assert_int_eq(b.got[1].type, MSG_BYE);
	ck_assert_uint_eq(a.disconnected, 1);
	/* and b tries again, by itself */
	UNTIL(b.connected == 2 && a.connected == 2);
}
END_TEST

START_TEST(a_drop_comes_through_to_one_who_does_not_stop_talking)
{
	static uint8_t junk[1 << 16];
	struct stream c;

	side_start(&a, TEST_RSA_PEM, NULL, true);
	client_open(&c, &a, NULL);
	UNTIL(a.connected);
	net_drop(a.net, a.peer, 0, "go");
	while (client_send(&c, junk, sizeof(junk)))
		turn();
	stream_close(&c);
	UNTIL(a.disconnected);
	ck_assert_uint_eq(a.messages, 0);
}
END_TEST

/* --- those who mean harm ------------------------------------------------- */

static const uint8_t oversized[] = {0, 0, 0, 1, 'T', 'X', 'N'};
static const uint8_t garbage[] = "GET / HTTP/1.1\r\n\r\n";

static void refused_and_banned(const void *bytes, size_t len)
{
	struct stream c;

	side_start(&a, TEST_RSA_PEM, NULL, false);
	client_open(&c, &a, tls);
	UNTIL(a.connected == 1);
	ck_assert(client_send(&c, bytes, len));
	client_await_end(&c);
	stream_close(&c);
	UNTIL(a.disconnected == 1);
	ck_assert_uint_eq(a.messages, 0);
	/* its key is known and no more welcome; another's is */
	client_open(&c, &a, tls);
	client_await_end(&c);
	stream_close(&c);
	ck_assert_uint_eq(a.connected, 1);
	side_start(&b, TEST_ED25519_PEM, side_where(&a), false);
	UNTIL(a.connected == 2);
	ck_assert(address_eq(&a.id, secret_key_address(b.key)));
}

START_TEST(an_oversized_frame_is_refused_by_its_head_and_banned)
{
	refused_and_banned(oversized, sizeof(oversized));
}
END_TEST

START_TEST(garbage_within_tls_is_banned)
{
	refused_and_banned(garbage, sizeof(garbage) - 1);
}
END_TEST

START_TEST(garbage_in_the_place_of_tls_is_closed)
{
	struct stream c;

	side_start(&a, TEST_RSA_PEM, NULL, false);
	client_open(&c, &a, NULL);
	ck_assert(client_send(&c, garbage, sizeof(garbage) - 1));
	client_await_end(&c);
	stream_close(&c);
	ck_assert_uint_eq(a.connected, 0);
}
END_TEST

START_TEST(a_stranger_cannot_make_us_keep_much)
{
	uint8_t head[] = {0, 0, 0, 0, 'A', 'B', 'L'};
	struct stream c;

	head[1] = 0x20; /* 8 KiB, of the 4 MiB that its type allows */
	side_start(&a, TEST_RSA_PEM, NULL, true);
	client_open(&c, &a, NULL);
	UNTIL(a.connected == 1);
	ck_assert(client_send(&c, head, sizeof(head)));
	client_await_end(&c);
	stream_close(&c);
	/* one whose hello was good may */
	a.greet = true;
	client_open(&c, &a, NULL);
	UNTIL(a.connected == 2);
	ck_assert(client_send(&c, head, sizeof(head)));
	turn();
	ck_assert(!client_is_closed(&c));
	stream_close(&c);
}
END_TEST

START_TEST(a_ban_ends)
{
	start_pair(false);
	net_drop(a.net, a.peer, 1000, "for a second");
	UNTIL(b.disconnected == 1);
	ck_assert_uint_eq(a.connected, 1);
	UNTIL(a.connected == 2);
	ck_assert(address_eq(&a.id, secret_key_address(b.key)));
}
END_TEST

START_TEST(bans_and_addresses_outlast_a_restart)
{
	struct stream c;

	b.greet = true;
	start_pair(false);
	client_open(&c, &b, tls);
	UNTIL(b.connected == 2);
	net_drop(b.net, b.peer, 600000, "ever");
	client_await_end(&c);
	stream_close(&c);
	side_stop(&b);
	b.connected = b.disconnected = 0;
	b.peer = 0;
	a.connected = 0;
	/* whom it met it dials again, unasked */
	side_start(&b, TEST_ED25519_PEM, NULL, false);
	UNTIL(b.connected == 1 && a.connected == 1);
	client_open(&c, &b, tls);
	client_await_end(&c);
	stream_close(&c);
	ck_assert_uint_eq(b.connected, 1);
}
END_TEST

START_TEST(one_who_does_not_read_is_dropped)
{
	struct stream c;
	size_t sent = 0;

	side_start(&a, TEST_RSA_PEM, NULL, true);
	client_open(&c, &a, NULL);
	UNTIL(a.connected);
	/* the kernel takes some, and then the queue is full */
	for (; !a.disconnected; sent++) {
		ck_assert_uint_lt(sent, 64);
		send_zeros(&a, a.peer, MSG_GLK, 1 << 20);
		turn();
	}
	ck_assert_uint_ge(sent, 8);
	stream_close(&c);
}
END_TEST

START_TEST(one_who_floods_does_not_hold_up_another)
{
	static uint8_t flood[9000 * 7];
	struct stream loud, quiet;
	unsigned until_quiet;
	uint64_t quiet_peer;
	size_t i;

	for (i = 0; i < sizeof(flood); i += 7)
		memcpy(flood + i, "\3\0\0\0RBH", 7);
	side_start(&a, TEST_RSA_PEM, NULL, true);
	client_open(&loud, &a, NULL);
	UNTIL(a.connected == 1);
	client_open(&quiet, &a, NULL);
	UNTIL(a.connected == 2);
	quiet_peer = a.peer;
	ck_assert(client_send(&loud, flood, sizeof(flood)));
	ck_assert(client_send(&quiet, flood, 7));
	UNTIL(a.from == quiet_peer);
	until_quiet = a.messages;
	ck_assert_uint_lt(until_quiet, 1000);
	UNTIL(a.messages == 9001);
	stream_close(&loud);
	stream_close(&quiet);
}
END_TEST

START_TEST(those_that_prove_no_key_are_bounded_and_hurt_nobody)
{
	struct stream idle[65];
	size_t i, closed = 0;

	start_pair(false);
	for (i = 0; i < ARRAY_LEN(idle); i++)
		client_open(&idle[i], &a, NULL);
	/* the oldest goes for the last */
	UNTIL(client_is_closed(&idle[0]));
	for (i = 0; i < ARRAY_LEN(idle); i++)
		closed += client_is_closed(&idle[i]);
	ck_assert_uint_eq(closed, 1);
	net_send(b.net, b.peer, MSG_RBH, SPAN("x", 1));
	UNTIL(a.messages == 1);
	/* who means it comes in, though all places are taken */
	side_stop(&b);
	b.peer = 0;
	a.connected = 0;
	side_start(&b, TEST_ED25519_PEM, side_where(&a), false);
	UNTIL(a.connected);
	for (i = 0; i < ARRAY_LEN(idle); i++)
		stream_close(&idle[i]);
}
END_TEST

/* --- /register ----------------------------------------------------------- */

static unsigned probes;
static bool reached;
static struct address probed;

static void on_probe(void *ctx, bool ok, const struct address *id)
{
	ck_assert_ptr_eq(ctx, &probes);
	probes++;
	reached = ok;
	if (id)
		probed = *id;
}

START_TEST(a_probe_tells_who_is_there_or_that_nobody_is)
{
	char where[32];

	probes = 0;
	side_start(&a, TEST_RSA_PEM, NULL, false);
	side_start(&b, TEST_ED25519_PEM, NULL, false);
	net_probe(b.net, side_where(&a), on_probe, &probes);
	UNTIL(probes == 1);
	ck_assert(reached);
	ck_assert(address_eq(&probed, secret_key_address(a.key)));
	UNTIL(a.connected && b.connected);
	snprintf(where, sizeof(where), "%s", side_where(&a));
	side_end(&a);
	UNTIL(b.disconnected);
	net_probe(b.net, where, on_probe, &probes);
	UNTIL(probes == 2);
	ck_assert(!reached);
	net_probe(b.net, "0.0.0.0:1", on_probe, &probes);
	ck_assert_uint_eq(probes, 3);
	ck_assert(!reached);
}
END_TEST

START_TEST(the_end_of_a_probe_is_not_that_of_the_connection_beside_it)
{
	probes = 0;
	start_pair(false);
	net_probe(b.net, side_where(&a), on_probe, &probes);
	UNTIL(probes == 1 && a.connected == 2);
	net_drop(a.net, a.peer, 0, "go");
	UNTIL(b.disconnected == 1);
	/* the first stands, so there is nothing to dial */
	ck_assert(dial_find(&b.net->dial, side_where(&a))->busy);
}
END_TEST

START_TEST(an_unspecified_host_is_the_one_that_is_seen)
{
	start_pair(false);
	net_peer_good(a.net, a.peer, "0.0.0.0:4999");
	ck_assert_uint_eq(a.net->book.count, 1);
	ck_assert_str_eq(a.net->book.entries[0].where, "127.0.0.1:4999");
	ck_assert_int_eq(a.net->book.entries[0].source, BOOK_TOLD);
	/* only what was dialled counts as met */
	net_peer_good(b.net, b.peer, "10.0.0.1:1");
	ck_assert_uint_eq(b.net->book.count, 1);
	ck_assert_str_eq(b.net->book.entries[0].where, side_where(&a));
	ck_assert_int_eq(b.net->book.entries[0].source, BOOK_MET);
}
END_TEST

START_TEST(addresses_of_this_machine_mean_nothing_to_others)
{
	side_start(&a, TEST_RSA_PEM, NULL, false);
	net_heard_of(a.net, "127.0.0.1:1");
	net_heard_of(a.net, "localhost:1");
	net_heard_of(a.net, "0.0.0.0:1");
	net_heard_of(a.net, "not an address");
	ck_assert_uint_eq(a.net->book.count, 0);
	net_heard_of(a.net, "10.0.0.1:1");
	ck_assert_uint_eq(a.net->book.count, 1);
}
END_TEST

START_TEST(more_is_heard_than_is_kept)
{
	char where[32];
	size_t i;

	start_pair(false);
	for (i = 0; i < 3 * DIAL_TARGETS_MAX; i++) {
		snprintf(where, sizeof(where), "10.%zu.%zu.1:1", i / 256 % 256,
			 i % 256);
		net_heard_of(a.net, where);
		ck_assert_uint_le(a.net->book.count, BOOK_ADDRESSES_MAX);
		ck_assert_uint_le(a.net->dial.count, DIAL_TARGETS_MAX);
	}
	ck_assert_ptr_nonnull(dial_find(&a.net->dial, where));
}
END_TEST

START_TEST(what_a_peer_says_of_itself_is_dialled_later)
{
	start_pair(false);
	/* b says where it listens; when it is gone, a looks for it there */
	net_peer_good(a.net, a.peer, side_where(&b));
	net_set_connect(b.net, NULL, 0);
	turn();
	ck_assert_uint_eq(a.connected, 1);
	net_drop(a.net, a.peer, 0, "go");
	UNTIL(a.connected == 2 && b.connected == 2);
	ck_assert(!a.inbound && b.inbound);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net");
	TCase *tc = tcase_create("net");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_side_proves_its_id_with_its_own_kind_of_key);
	tcase_add_test(tc, plain_has_no_ids_and_stays_on_this_machine);
	tcase_add_test(tc, a_port_in_use_is_named);
	tcase_add_test(tc, a_name_is_looked_up);
	tcase_add_test(tc, a_client_without_a_certificate_is_not_told_of);
	tcase_add_test(tc, messages_come_whole_and_in_order_with_their_counts);
	tcase_add_test(tc, what_was_sent_before_a_drop_arrives);
	tcase_add_test(tc,
		       a_drop_comes_through_to_one_who_does_not_stop_talking);
	tcase_add_test(tc,
		       an_oversized_frame_is_refused_by_its_head_and_banned);
	tcase_add_test(tc, garbage_within_tls_is_banned);
	tcase_add_test(tc, garbage_in_the_place_of_tls_is_closed);
	tcase_add_test(tc, a_stranger_cannot_make_us_keep_much);
	tcase_add_test(tc, a_ban_ends);
	tcase_add_test(tc, bans_and_addresses_outlast_a_restart);
	tcase_add_test(tc, one_who_does_not_read_is_dropped);
	tcase_add_test(tc, one_who_floods_does_not_hold_up_another);
	tcase_add_test(tc, those_that_prove_no_key_are_bounded_and_hurt_nobody);
	tcase_add_test(tc, a_probe_tells_who_is_there_or_that_nobody_is);
	tcase_add_test(
		tc, the_end_of_a_probe_is_not_that_of_the_connection_beside_it);
	tcase_add_test(tc, an_unspecified_host_is_the_one_that_is_seen);
	tcase_add_test(tc, addresses_of_this_machine_mean_nothing_to_others);
	tcase_add_test(tc, more_is_heard_than_is_kept);
	tcase_add_test(tc, what_a_peer_says_of_itself_is_dialled_later);
	suite_add_tcase(s, tc);
	return scratch_run(s);
}

/* SPDX-License-Identifier: MIT */
/* The node's side of discovery, against the service itself on one loop. */
#include <config.h>

#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "daemon/discovery.h"
#include "discovery/service.h"
#include "http_client.h"
#include "loop/clock.h"
#include "loop/log.h"
#include "test_keys.h"

#define PLACES_MAX 8

/* Who was heard of; what done() was told. */
struct listener {
	char places[PLACES_MAX][64];
	unsigned count;
	unsigned stopped;
};

static struct event_base *base;
static struct service *service;
static struct secret_key *keys[2];
static struct hash chain;
static struct listener listeners[2];

static void on_heard(void *ctx, const char *where)
{
	struct listener *l = ctx;

	for (unsigned i = 0; i < l->count; i++)
		if (strcmp(l->places[i], where) == 0)
			return;
	ck_assert_uint_lt(l->count, PLACES_MAX);
	snprintf(l->places[l->count++], sizeof(l->places[0]), "%s", where);
}

static void on_done(void *ctx)
{
	struct listener *l = ctx;

	l->stopped++;
}

static void serve(uint16_t port)
{
	struct service_config config = {.address = "127.0.0.1",
					.port = port,
					.ttl_ms = 2000,
					.version = "test",
					.clock = clock_now_ms};
	struct fault f = {0};

	ck_assert_msg(!service_new(&service, base, &config, &f), "%s",
		      f.detail);
}

static struct discovery *join(unsigned i, const char *url, const char *where)
{
	struct discovery_config config = {.url = url,
					  .key = keys[i],
					  .chain = &chain,
					  .where = where,
					  .heard = on_heard,
					  .ctx = &listeners[i]};

	return discovery_new(base, &config);
}

static void turn(void)
{
	event_base_loop(base, EVLOOP_ONCE);
}

static bool is_listed(const char *text)
{
	struct reply r;
	bool found;

	http_exchange(base, service_url(service), "GET", "/members", "",
		      SPAN(NULL, 0), &r);
	ck_assert_int_eq(r.status, 200);
	found = strstr((const char *)r.body.data, text);
	reply_release(&r);
	return found;
}

static void setup(void)
{
	log_set(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	base = event_base_new();
	memset(chain.b, 3, HASH_LEN);
	memset(listeners, 0, sizeof(listeners));
	keys[0] = test_key(TEST_RSA_PEM);
	keys[1] = test_key(TEST_ED25519_PEM);
	service = NULL;
}

static void teardown(void)
{
	service_free(service);
	secret_key_free(keys[0]);
	secret_key_free(keys[1]);
	event_base_free(base);
}

START_TEST(two_nodes_hear_of_each_other_and_not_of_themselves)
{
	struct discovery *a, *b;

	serve(0);
	a = join(0, service_url(service), "127.0.0.1:7001");
	b = join(1, service_url(service), "0.0.0.0:7002");
	while (!listeners[0].count || !listeners[1].count)
		turn();
	ck_assert_str_eq(listeners[0].places[0], "127.0.0.1:7002");
	ck_assert_str_eq(listeners[1].places[0], "127.0.0.1:7001");
	ck_assert_uint_eq(listeners[0].count, 1);
	ck_assert_uint_eq(listeners[1].count, 1);
	discovery_free(a);
	discovery_free(b);
}
END_TEST

START_TEST(another_chain_is_not_heard_of)
{
	struct discovery *a, *b;

	serve(0);
	a = join(0, service_url(service), "127.0.0.1:7001");
	while (!is_listed("7001"))
		turn();
	chain.b[0]++;
	b = join(1, service_url(service), "127.0.0.1:7002");
	while (!is_listed("7002"))
		turn();
	chain.b[0]--;
	discovery_free(a);
	/* the list came to the second one before it came a second time */
	a = join(0, service_url(service), "127.0.0.1:7003");
	while (!is_listed("7003"))
		turn();
	discovery_stop(a, on_done);
	while (!listeners[0].stopped)
		turn();
	ck_assert_uint_eq(listeners[0].count, 0);
	ck_assert_uint_eq(listeners[1].count, 0);
	discovery_free(a);
	discovery_free(b);
}
END_TEST

START_TEST(a_node_that_stops_is_listed_no_more)
{
	struct discovery *d;

	serve(0);
	d = join(0, service_url(service), "127.0.0.1:7001");
	while (!is_listed("7001"))
		turn();
	discovery_stop(d, on_done);
	while (!listeners[0].stopped)
		turn();
	ck_assert(!is_listed("7001"));
	ck_assert_uint_eq(listeners[0].stopped, 1);
	discovery_free(d);
}
END_TEST

/* More often than the time to live, without being asked. */
START_TEST(a_node_that_stays_is_listed_beyond_the_time_to_live)
{
	uint64_t start = clock_steady_ms();
	struct discovery *d;

	serve(0);
	d = join(0, service_url(service), "127.0.0.1:7001");
	while (!is_listed("7001"))
		turn();
	while (clock_steady_ms() - start < 2500) {
		ck_assert(is_listed("7001"));
		turn();
	}
	discovery_free(d);
}
END_TEST

START_TEST(a_meeting_point_that_comes_late_is_found)
{
	struct discovery *d;
	unsigned port;
	char url[64];

	serve(0);
	snprintf(url, sizeof(url), "%s", service_url(service));
	ck_assert_int_eq(sscanf(url, "http://127.0.0.1:%u", &port), 1);
	service_free(service);
	d = join(0, url, "127.0.0.1:7001");
	turn();
	turn();
	serve((uint16_t)port);
	while (!is_listed("7001"))
		turn();
	discovery_free(d);
}
END_TEST

START_TEST(stopping_waits_for_nobody_who_is_not_there)
{
	struct discovery *d;
	char url[64];

	serve(0);
	snprintf(url, sizeof(url), "%s", service_url(service));
	d = join(0, url, "127.0.0.1:7001");
	while (!is_listed("7001"))
		turn();
	service_free(service);
	service = NULL;
	discovery_stop(d, on_done);
	while (!listeners[0].stopped)
		turn();
	ck_assert_uint_eq(listeners[0].stopped, 1);
	discovery_free(d);
	/* and one of whom nobody knows has nobody to tell */
	d = join(0, url, "127.0.0.1:7001");
	discovery_stop(d, on_done);
	ck_assert_uint_eq(listeners[0].stopped, 2);
	discovery_free(d);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("discovery");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, two_nodes_hear_of_each_other_and_not_of_themselves);
	tcase_add_test(t, another_chain_is_not_heard_of);
	tcase_add_test(t, a_node_that_stops_is_listed_no_more);
	tcase_add_test(t, a_node_that_stays_is_listed_beyond_the_time_to_live);
	tcase_add_test(t, a_meeting_point_that_comes_late_is_found);
	tcase_add_test(t, stopping_waits_for_nobody_who_is_not_there);
	return run_case("discovery", t);
}

/* SPDX-License-Identifier: MIT */
/*
 * The HTTP interface on a real node over kv_mem, for its tests: ports that a
 * test can hold or break, requests on connections of their own, and what
 * every answer must be.
 */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include <jansson.h>

#include "driver.h"
#include "http/api.h"
#include "http_client.h"

#define COOKIE "c00c1e"
#define BEARER "Authorization: Bearer " COOKIE "\r\n"
#define MSGPACK "Content-Type: application/msgpack\r\n"
#define A40 "00112233445566778899aabbccddeeff00112233"
#define H64 A40 "445566778899aabbccddeeff"

extern struct driver d;
extern struct event_base *base;
extern struct api *api;
extern struct address own; /* key 1: the node's and the first holder's */
extern char own_hex[ADDRESS_HEX_LEN];
extern struct reply reply;
extern json_t *json; /* of the last reply, when it is JSON */

/* The ports. */
extern bool hold;     /* keep a submission instead of handing it on */
extern uint64_t held; /* its request */
extern bool broken;   /* the store fails */
/* What answers cost: lookups in the store by table (what is in the chain's
 * overlay needs none, lists have cursors), and queries. */
extern unsigned reads[KV_TABLE_COUNT], views;
extern unsigned env_failures;
extern bool has_traffic; /* bytes of connections are known */
extern bool no_network;	 /* start() gives no probe */
extern uint64_t probed;	 /* the request of the last probe */
extern char probed_where[64];
extern const char *failing; /* what keeps the node from being ready */

/* more: JSON members to add to the genesis file. */
void start_with(const char *more);
void start(void);
/* With keys 1 .. miners as authorities; the node has key 1. */
void start_of(unsigned miners, const char *more);
void start_in(const struct driver_network *network, const char *more);
void stop(void);
/* A block comes; the api is told. */
void make_block(void);

/* Ask; reply and json are those of the last one. */
void forget(void);
void read_json(void);
void ask_with(const char *method, const char *path, const char *headers,
	      struct span body);
void get(const char *path);
void get_of(const char *format, const char *arg); /* one %s */
void post(const char *path, const char *body);

/* Members of the last answer. */
const char *text_of(const char *key); /* "(none)" */
json_int_t number_of(const char *key);

void expect(int status);
/* A problem document with this status, code and field (NULL: any, "": none). */
void expect_problem(int status, const char *code, const char *field);
void expect_balance(const char *address, const char *query, const char *want);
/* The state is this, and a good request is answered. */
void still_fine(const struct hash *root);
struct hash tip_state(void);

/* A signed transfer as JSON, with its id; free() it. */
char *pushed_json(unsigned from, uint64_t nonce, unsigned to, uint64_t amount);
/* Push one; its id stays in `id`. */
extern char id[HASH_HEX_LEN];
void push(unsigned from, uint64_t nonce, unsigned to, uint64_t amount);

#endif

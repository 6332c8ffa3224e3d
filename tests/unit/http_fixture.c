/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "http_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/tx_json.h"

struct driver d;
struct event_base *base;
struct api *api;
struct address own; /* key 1: the node's and the first holder's */
char own_hex[ADDRESS_HEX_LEN];
struct reply reply;
json_t *json; /* of the last reply, when it is JSON */

/* --- the ports ----------------------------------------------------------- */

bool hold; /* keep a submission instead of handing it on */
uint64_t held;
unsigned env_failures;
const char *failing;

bool broken;
unsigned reads[KV_TABLE_COUNT], views;

static enum err count_get(struct kv_view *v, struct span *value,
			  enum kv_table t, struct span key)
{
	(void)v;
	reads[t]++;
	return broken ? ERR_IO : kv_get(kv_mem_view(d.mem), value, t, key);
}

static struct kv_cursor *open_cursor(struct kv_view *v, enum kv_table t)
{
	(void)v;
	return kv_cursor_open(kv_mem_view(d.mem), t);
}

static struct kv_view *view(void *ctx)
{
	static const struct kv_view_ops ops = {.get = count_get,
					       .open = open_cursor};
	static struct kv_view counting = {.ops = &ops};

	(void)ctx;
	views++;
	return &counting;
}

static void submit(void *ctx, uint64_t request, const struct span *txs,
		   size_t count)
{
	(void)ctx;
	if (hold) {
		held = request;
		return;
	}
	driver_submit(&d, txs, count);
	api_submit_result(api, request, d.results, d.result_count);
}

static void env_failed(void *ctx, enum err e)
{
	(void)ctx;
	ck_assert_int_eq(e, ERR_IO);
	env_failures++;
}

static const char *check(void *ctx)
{
	(void)ctx;
	return failing;
}

bool no_network;
uint64_t probed;
char probed_where[64];

static void probe(void *ctx, uint64_t request, const char *where)
{
	(void)ctx;
	probed = request;
	snprintf(probed_where, sizeof(probed_where), "%s", where);
}

bool has_traffic;

static bool traffic(void *ctx, uint64_t peer, struct api_traffic *out)
{
	(void)ctx;
	*out = (struct api_traffic){100 + peer, 200 + peer, 3, 4};
	return has_traffic;
}

void start_in(const struct driver_network *network, const char *more)
{
	struct api_config config = {.view = view,
				    .submit = submit,
				    .failed = env_failed,
				    .check = check,
				    .traffic = traffic,
				    .probe = no_network ? NULL : probe,
				    .account = &own,
				    .cookie = COOKIE,
				    .version = "1.2.3",
				    .address = "127.0.0.1"};
	struct fault f = {0};

	driver_new_in(&d, network, 1000000, "\"interval\": 0", more);
	own = test_address(1);
	address_hex(own_hex, &own);
	hold = broken = has_traffic = false;
	failing = NULL;
	env_failures = 0;
	base = event_base_new();
	config.node = d.node;
	config.key = d.key;
	ck_assert_msg(!api_new(&api, base, &config, &f), "%s", f.detail);
}

void start_of(unsigned miners, const char *more)
{
	struct driver_network alone = {.miners = miners};

	start_in(&alone, more);
}

void start_with(const char *more)
{
	start_of(1, more);
}

void start(void)
{
	start_with("");
}

void forget(void)
{
	json_decref(json);
	json = NULL;
	reply_release(&reply);
	memset(&reply, 0, sizeof(reply));
}

void stop(void)
{
	forget();
	api_free(api);
	event_base_free(base);
	driver_free(&d);
}

void make_block(void)
{
	uint64_t before = driver_height(&d);

	driver_advance(&d, 100);
	ck_assert_uint_gt(driver_height(&d), before);
	api_changed(api);
}

/* --- asking -------------------------------------------------------------- */

void read_json(void)
{
	const char *type = reply_header(&reply, "Content-Type");

	if (strstr(type, "json") && reply.body.len) {
		json = json_loadb((char *)reply.body.data, reply.body.len,
				  JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
				  NULL);
		ck_assert_msg(json != NULL, "%s", (char *)reply.body.data);
	}
	if (reply.body.len && !strstr(type, "msgpack"))
		ck_assert_int_eq(reply.body.data[reply.body.len - 1], '\n');
	ck_assert(!reply.cut);
}

void ask_with(const char *method, const char *path, const char *headers,
	      struct span body)
{
	forget();
	http_exchange(base, api_url(api), method, path, headers, body, &reply);
	read_json();
}

void get(const char *path)
{
	ask_with("GET", path, "", SPAN(NULL, 0));
}

void post(const char *path, const char *body)
{
	ask_with("POST", path, "", span_str(body));
}

const char *text_of(const char *key)
{
	const char *s = json_string_value(json_object_get(json, key));

	return s ? s : "(none)";
}

json_int_t number_of(const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(json, key)), "%s in %s",
		      key, (char *)reply.body.data);
	return json_integer_value(json_object_get(json, key));
}

void expect(int status)
{
	ck_assert_msg(reply.status == status, "%d, expected %d: %s%s",
		      reply.status, status, reply.head,
		      (char *)reply.body.data);
}

void expect_problem(int status, const char *code, const char *field)
{
	expect(status);
	ck_assert_str_eq(reply_header(&reply, "Content-Type"),
			 "application/problem+json");
	ck_assert_str_eq(text_of("code"), code);
	ck_assert_int_eq(number_of("status"), status);
	ck_assert_str_ne(text_of("type"), "(none)");
	ck_assert_str_ne(text_of("title"), "(none)");
	ck_assert_str_ne(text_of("detail"), "(none)");
	if (field)
		ck_assert_str_eq(text_of("field"), *field ? field : "(none)");
}

void get_of(const char *format, const char *arg)
{
	char path[512];

	/* the format is one of this file's, with one %s */
	const char *at = strstr(format, "%s");

	snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - format), format,
		 arg, at + 2);
	get(path);
}

char *pushed_json(unsigned from, uint64_t nonce, unsigned to, uint64_t amount)
{
	struct address recipient = test_address(to);
	struct buf raw =
		driver_transfer(&d, from, nonce, &recipient, amount, 0);
	struct tx tx;
	json_t *o;
	char *text;

	ck_assert(!tx_decode(&tx, buf_span(&raw), TX_BYTES_MAX, NULL));
	tx_hash(&tx, node_genesis_hash(d.node));
	o = tx_to_json(&tx, SPAN(NULL, 0));
	text = json_dumps(o, 0);
	json_decref(o);
	buf_release(&raw);
	return text;
}

char id[HASH_HEX_LEN];

void push(unsigned from, uint64_t nonce, unsigned to, uint64_t amount)
{
	char *text = pushed_json(from, nonce, to, amount);

	post("/pushtx", text);
	expect(202);
	snprintf(id, sizeof(id), "%s", text_of("id"));
	free(text);
}

struct hash tip_state(void)
{
	struct node_tip tip;

	node_tip(d.node, &tip);
	return tip.state_root;
}

void expect_balance(const char *address, const char *query, const char *want)
{
	char path[256], line[64];

	snprintf(path, sizeof(path), "/balance?address=%s%s", address, query);
	get(path);
	expect(200);
	snprintf(line, sizeof(line), "%s\n", want);
	ck_assert_str_eq((char *)reply.body.data, line);
}

void still_fine(const struct hash *root)
{
	struct hash now = tip_state();

	ck_assert(hash_eq(&now, root));
	expect_balance(own_hex, "", "1000000");
}

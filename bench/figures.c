/* SPDX-License-Identifier: MIT */
/* Figures of a daemon under load; see the header. */
#include "bench/figures.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench/load.h"
#include "codec/msgpack.h"
#include "codec/tx_json.h"

#define BATCH 1000
#define BATCH_CONNECTIONS 4
#define CONNECTIONS 32

/* --- daemons ----------------------------------------------------------- */

static void start(struct server *out, const struct bench *b,
		  const struct corpus *c, const char *genesis)
{
	char hex[ADDRESS_HEX_LEN];
	const char *argv[] = {
		b->ccoind,     "-d",	    b->work,
		"--validator", "--account", address_hex(hex, &c->address[0]),
		"--log-level", "warning",   "--genesis",
		genesis,       NULL};

	if (!genesis)
		argv[8] = NULL;
	server_start_daemon(out, argv, b->log);
}

void daemon_start(struct server *out, const struct bench *b,
		  const struct corpus *c)
{
	remove_tree(b->work);
	make_dir(b->work);
	corpus_give_key(c, b->cache, b->work);
	start(out, b, c, c->genesis_path);
}

void daemon_again(struct server *out, const struct bench *b,
		  const struct corpus *c)
{
	start(out, b, c, NULL);
}

/* --- a list of requests, shared out among connections ------------------ */

struct requests {
	struct buf bytes;
	size_t *ends;
	size_t count;
	size_t next[CONNECTIONS], to[CONNECTIONS]; /* of each connection */
	size_t step;
	int want; /* status */
	size_t answered;
};

static void requests_add(struct requests *r)
{
	r->ends = xrealloc(r->ends, r->count + 1, sizeof(*r->ends));
	r->ends[r->count++] = r->bytes.len;
}

static void requests_release(struct requests *r)
{
	buf_release(&r->bytes);
	free(r->ends);
}

static bool next_request(void *ctx, int conn, struct span *out)
{
	struct requests *r = ctx;
	size_t i = r->next[conn], from;

	if (i >= r->to[conn])
		return false;
	from = i ? r->ends[i - 1] : 0;
	*out = SPAN(r->bytes.data + from, r->ends[i] - from);
	r->next[conn] += r->step;
	return true;
}

static void check_answer(void *ctx, int status, struct span body)
{
	struct requests *r = ctx;

	if (status != r->want || memmem(body.data, body.len, "refused", 7))
		die("an answer of status %d: %.*s", status,
		    body.len > 600 ? 600 : (int)body.len,
		    (const char *)body.data);
	r->answered++;
}

static void send_all(const struct server *s, struct requests *r,
		     int connections)
{
	struct load l = {s->port, connections, r, next_request, check_answer};
	size_t before = r->answered, all = 0;
	int i;

	for (i = 0; i < connections; i++)
		if (r->next[i] < r->to[i])
			all += (r->to[i] - r->next[i] + r->step - 1) / r->step;
	load_run(&l);
	if (r->answered - before != all)
		die("%zu requests, %zu answers", all, r->answered - before);
}

/* Requests from..to-1, every n-th by the same connection. */
static void share_out(struct requests *r, size_t from, size_t to,
		      int connections)
{
	int i;

	for (i = 0; i < connections; i++) {
		r->next[i] = from + (size_t)i;
		r->to[i] = to;
	}
	r->step = (size_t)connections;
}

/* --- committed --------------------------------------------------------- */

static uint64_t field(const char *json, const char *name)
{
	const char *at = strstr(json, name);

	if (!at)
		die("no %s in %s", name, json);
	return strtoull(at + strlen(name), NULL, 10);
}

/* Until nothing is pending: what is in a block is durable. */
static void await_blocks(const struct server *s)
{
	static const char name[] = "\nccoin_mempool_transactions ";
	double until = now() + 30;
	struct buf text;
	uint64_t left;

	do {
		if (now() > until)
			die("transactions stay pending");
		text = load_get(s->port, "/metrics");
		left = field((const char *)text.data, name);
		buf_release(&text);
		if (left)
			poll(NULL, 0, 1);
	} while (left);
}

/* Every sender has sent and paid for its transactions. */
static void check_balances(const struct server *s, const struct corpus *c)
{
	char path[128], hex[ADDRESS_HEX_LEN];
	uint64_t balance, nonce;
	struct buf text;
	size_t i;

	if (c->accounts == c->senders)
		die("the senders pay each other: nothing would show");
	for (i = 0; i < c->senders; i++) {
		snprintf(path, sizeof(path), "/v1/accounts/%s",
			 address_hex(hex, &c->address[i]));
		text = load_get(s->port, path);
		balance = field((const char *)text.data, "\"balance\":");
		nonce = field((const char *)text.data, "\"nonce\":");
		buf_release(&text);
		if (nonce != c->rounds || balance != CORPUS_BALANCE - c->rounds)
			die("sender %zu is at number %llu with %llu", i,
			    (unsigned long long)nonce,
			    (unsigned long long)balance);
	}
}

/* Send them, the first `alone` before all others, and await the blocks. */
static double committed(const struct server *s, const struct corpus *c,
			struct requests *r, size_t alone)
{
	double began = now(), took;

	if (alone) {
		share_out(r, 0, alone, 1);
		send_all(s, r, 1);
		share_out(r, alone, r->count, BATCH_CONNECTIONS);
	}
	send_all(s, r, alone ? BATCH_CONNECTIONS : CONNECTIONS);
	await_blocks(s);
	took = now() - began;
	check_balances(s, c);
	return (double)(c->senders * c->rounds) / took;
}

/* --- the figures ------------------------------------------------------- */

static void add_arrays(struct requests *r, const struct corpus *c)
{
	size_t i, n, k, count = c->senders * c->rounds;
	struct buf body = {0};

	for (i = 0; i < count; i += n) {
		n = count - i < BATCH ? count - i : BATCH;
		buf_reset(&body);
		mp_array(&body, n);
		for (k = i; k < i + n; k++)
			buf_append_span(&body, corpus_tx(c, k / c->senders,
							 k % c->senders));
		request_post(&r->bytes, "/pushtx", "application/msgpack",
			     buf_span(&body));
		requests_add(r);
	}
	buf_release(&body);
}

double figure_msgpack(const struct server *s, const struct corpus *c)
{
	struct requests r = {.want = 200};
	double rate;

	add_arrays(&r, c);
	/* the first of each sender carries its key: they go ahead */
	rate = committed(s, c, &r, (c->senders + BATCH - 1) / BATCH);
	requests_release(&r);
	return rate;
}

/* In portions that the pool holds, however few the senders are and however
 * busy the machine: it keeps 64 of each. */
void daemon_fill(const struct server *s, const struct corpus *c)
{
	struct requests r = {.want = 200};
	size_t i, portion = 32 * c->senders / BATCH;

	add_arrays(&r, c);
	for (i = 0; i < r.count; i += portion) {
		share_out(&r, i, i + portion < r.count ? i + portion : r.count,
			  1);
		send_all(s, &r, 1);
		await_blocks(s);
	}
	check_balances(s, c);
	requests_release(&r);
}

static void add_json(struct requests *r, struct span raw)
{
	struct tx tx;
	json_t *json;
	char *text;

	if (tx_decode(&tx, raw, TX_BYTES_MAX, NULL))
		die("a transaction of the cache cannot be read");
	json = tx_to_json(&tx, SPAN(NULL, 0));
	/* as a client sends it, who computes no id */
	json_object_del(json, "id");
	text = json_dumps(json, JSON_COMPACT);
	request_post(&r->bytes, "/pushtx", "application/json", span_str(text));
	requests_add(r);
	free(text);
	json_decref(json);
}

/* A connection has some of the senders, and all of what they send, so that
 * the transactions of each come in order. */
double figure_json(const struct server *s, const struct corpus *c)
{
	struct requests r = {.want = 202, .step = 1};
	size_t conn, sender, nonce;
	double rate;

	for (conn = 0; conn < CONNECTIONS; conn++) {
		r.next[conn] = r.count;
		for (nonce = 0; nonce < c->rounds; nonce++)
			for (sender = conn; sender < c->senders;
			     sender += CONNECTIONS)
				add_json(&r, corpus_tx(c, nonce, sender));
		r.to[conn] = r.count;
	}
	rate = committed(s, c, &r, 0);
	requests_release(&r);
	return rate;
}

double figure_balance(const struct server *s, const struct corpus *c,
		      size_t requests)
{
	struct requests r = {.want = 200};
	char path[128], hex[ADDRESS_HEX_LEN];
	struct rng rng;
	double began, took;
	size_t i;

	rng_seed(&rng, 1);
	for (i = 0; i < requests; i++) {
		snprintf(
			path, sizeof(path), "/balance?address=%s",
			address_hex(hex,
				    &c->address[rng_below(&rng, c->accounts)]));
		request_get(&r.bytes, path);
		requests_add(&r);
	}
	share_out(&r, 0, r.count, CONNECTIONS);
	began = now();
	send_all(s, &r, CONNECTIONS);
	took = now() - began;
	requests_release(&r);
	return (double)requests / took;
}

double figure_empty(const struct server *s, size_t requests)
{
	struct requests r = {.want = 200};
	double began, took;
	size_t i;

	for (i = 0; i < requests; i++) {
		request_get(&r.bytes, "/");
		requests_add(&r);
	}
	share_out(&r, 0, r.count, CONNECTIONS);
	began = now();
	send_all(s, &r, CONNECTIONS);
	took = now() - began;
	requests_release(&r);
	return (double)requests / took;
}

double figure_start(const struct bench *b)
{
	const char *argv[] = {b->ccoind, "-d", b->work, "--dev", NULL};
	struct server s;
	struct buf body;
	double took;

	remove_tree(b->work);
	server_start_daemon(&s, argv, b->log);
	body = load_get(s.port, "/running");
	took = now() - s.started;
	buf_release(&body);
	server_stop(&s);
	return took * 1e3;
}

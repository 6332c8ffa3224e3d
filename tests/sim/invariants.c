/* SPDX-License-Identifier: MIT */
/*
 * What must hold whatever happens, looked at as it happens. Memory of what
 * was seen belongs to nobody in the world: it survives every crash.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/network.h"
#include "node/sync_internal.h"
#include "sim/sim.h"

#define TREE_BYTES_MAX (32u << 20)
#define TURN_KEY (ADDRESS_LEN + 8)

void sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (s->failed)
		return;
	s->failed = true;
	va_start(ap, fmt);
	vsnprintf(s->failure, sizeof(s->failure), fmt, ap);
	va_end(ap);
	sim_trace(s, "VIOLATION: %s", s->failure);
}

void check_begin(struct sim *s)
{
	s->seen = map_new(TURN_KEY, s->seed);
	s->sniffed = map_new(HASH_LEN, s->seed);
}

void check_release(struct sim *s)
{
	size_t at = 0;
	void *value;

	while (map_next(s->seen, &at, NULL, &value))
		free(value);
	map_free(s->seen);
	map_free(s->sniffed);
	free(s->settled);
}

bool sim_is_cheater(const struct sim *s, const struct address *a)
{
	size_t i;

	for (i = 0; i < s->host_count; i++)
		if (s->cheaters >> i & 1 &&
		    address_eq(a, &s->hosts[i].key.address))
			return true;
	return false;
}

/* --- one signature a turn ------------------------------------------------ */

/* A sealed header was seen: by a peer, or by a disk. */
static void see_header(struct sim *s, const char *where, struct span raw,
		       const struct seal *seal)
{
	uint8_t key[TURN_KEY];
	struct hash hash, *first;
	struct model_block *b;
	struct header h;
	uint64_t turn;

	header_hash(&hash, &s->genesis.hash, raw);
	if (map_put(s->sniffed, hash.b, s))
		return;
	b = model_find(&s->model, &hash);
	if (b)
		b->seen = true;
	if (header_decode(&h, raw) || !h.has_producer ||
	    sim_verify(seal->key, &hash, seal->signature) ||
	    !s->engine->turn(&turn, &s->rules, h.time)) {
		map_del(s->sniffed, hash.b);
		return;
	}
	memcpy(key, h.producer.b, ADDRESS_LEN);
	put_be64(key + ADDRESS_LEN, turn);
	first = map_get(s->seen, key);
	if (!first) {
		map_put(s->seen, key, xmemdup(&hash, sizeof(hash)));
		return;
	}
	if (hash_eq(first, &hash))
		return;
	if (sim_is_cheater(s, &h.producer))
		s->stats.double_signed++;
	else
		sim_fail(s,
			 "two headers of one signer in turn %llu, the "
			 "second of height %llu seen %s",
			 (unsigned long long)turn, (unsigned long long)h.height,
			 where);
}

static void see_block(struct sim *s, const char *where, struct span raw)
{
	struct block b;

	if (block_decode(&b, raw))
		return;
	see_header(s, where, b.header_raw, &b.seal);
	block_release(&b);
}

void check_signing(struct sim *s, struct host *h)
{
	uint64_t turn, now = (uint64_t)((int64_t)s->now + h->skew);

	if (!s->engine->turn(&turn, &s->rules, now))
		return;
	if (h->has_turn && h->turn >= turn)
		sim_fail(s, "host %zu signs in turn %llu after turn %llu",
			 h->number, (unsigned long long)turn,
			 (unsigned long long)h->turn);
	h->has_turn = true;
	h->turn = turn;
}

static void see_headers(struct sim *s, struct span body)
{
	struct span header, seal_raw, raw;
	struct msg_list l;
	struct seal seal;

	if (msg_list_begin(&l, body, MSG_HEADERS_MAX))
		return;
	while (msg_list_next(&l, &raw)) {
		if (msg_header_decode(&header, &seal_raw, raw))
			return;
		if (!seal_decode(&seal, seal_raw))
			see_header(s, "in AHD", header, &seal);
	}
}

static void see_blocks(struct sim *s, struct span body)
{
	struct msg_blocks *m = xcalloc(1, sizeof(*m));
	struct span raw;

	if (!msg_blocks_decode(m, body))
		while (msg_list_next(&m->blocks, &raw))
			see_block(s, "in ABL", raw);
	free(m);
}

void check_sent(struct sim *s, struct host *h, enum message_type type,
		struct span body)
{
	if (body.len > message_bytes_max(type))
		sim_fail(s, "host %zu: %s of %zu bytes", h->number,
			 message_letters(type), body.len);
	if (type == MSG_AHD)
		see_headers(s, body);
	else if (type == MSG_ABL)
		see_blocks(s, body);
	s->engine->sent(s, h, type, body);
}

/* --- what is written ----------------------------------------------------- */

static void check_block(struct sim *s, struct host *h, struct span raw)
{
	char why[FAULT_DETAIL_MAX];
	struct model_block *b;
	const char *wrong;
	struct block block;

	b = model_add(&s->model, raw, why);
	if (!b) {
		sim_fail(s, "host %zu writes a block that is wrong: %s",
			 h->number, why);
		return;
	}
	if (b->header.height > s->top) {
		s->top = b->header.height;
		s->last_new = s->now;
	}
	if (block_decode(&block, raw))
		BUG("it was decoded before");
	wrong = s->engine->check(s, b->parent, &block.header);
	if (!wrong)
		wrong = s->engine->check_seal(s, b, &block.seal);
	if (!wrong)
		s->engine->committed(s, h, b);
	else
		sim_fail(s, "host %zu writes a block that no engine takes: %s",
			 h->number, wrong);
	block_release(&block);
}

void check_commit(struct sim *s, struct host *h, const struct kv_batch *b)
{
	struct kv_op op;
	size_t at = 0;

	while (!s->failed && kv_batch_next(b, &at, &op))
		if (op.table == KV_BLOCKS && !op.del)
			check_block(s, h, op.value);
}

static void check_evidence(struct sim *s, struct host *h, struct span value)
{
	struct address culprit;

	s->stats.evidence++;
	if (!s->engine->culprit(s, &culprit, value))
		sim_fail(s, "host %zu stores evidence that is none", h->number);
	else if (!sim_is_cheater(s, &culprit))
		sim_fail(s, "host %zu has evidence against one who is honest",
			 h->number);
}

void check_durable(struct sim *s, struct host *h, const struct kv_batch *b)
{
	struct kv_op op;
	size_t at = 0;

	while (kv_batch_next(b, &at, &op)) {
		if (op.del)
			continue;
		if (op.table == KV_BLOCKS)
			see_block(s, "on a disk", op.value);
		else if (op.table == KV_EVIDENCE)
			check_evidence(s, h, op.value);
	}
}

/* --- what is settled ------------------------------------------------------ */

static void conflict(struct sim *s, const struct host *h, uint64_t height)
{
	if (s->cheater != SIZE_MAX && s->engine->cheating_unsettles) {
		s->stats.conflicts++;
		return;
	}
	sim_fail(s, "host %zu settles another block at height %llu", h->number,
		 (unsigned long long)height);
}

/* It and what it follows are settled: by everybody the same. */
static void settle(struct sim *s, struct host *h, struct model_block *b)
{
	struct model_block *at;
	size_t old = s->settled_count;

	if (model_at(h->tip, h->settled->header.height) != h->settled) {
		conflict(s, h, h->settled->header.height);
		h->settled = b;
		return;
	}
	if (b->header.height < h->settled->header.height)
		sim_fail(s, "host %zu has settled height %llu, and now %llu",
			 h->number,
			 (unsigned long long)h->settled->header.height,
			 (unsigned long long)b->header.height);
	if (b->header.height <= h->settled->header.height)
		return;
	if (b->header.height >= old) {
		s->settled = xrealloc(s->settled, b->header.height + 1,
				      sizeof(struct model_block *));
		s->settled_count = b->header.height + 1;
		for (at = b; at && at->header.height >= old; at = at->parent)
			s->settled[at->header.height] = at;
	}
	for (at = b; at && at != h->settled; at = at->parent)
		if (s->settled[at->header.height] != at) {
			conflict(s, h, at->header.height);
			break;
		}
	if (old && b->header.height >= old &&
	    model_at(b, old - 1) != s->settled[old - 1])
		conflict(s, h, old - 1);
	h->settled = b;
}

static void new_tip(struct sim *s, struct host *h, const struct node_tip *tip)
{
	struct model_block *b = model_find(&s->model, &tip->hash);

	if (!b) {
		sim_fail(s, "host %zu has a tip that nobody committed",
			 h->number);
		return;
	}
	if (!hash_eq(&tip->state_root, &b->header.state_root) &&
	    b->header.height)
		sim_fail(s, "host %zu: another state root at its tip",
			 h->number);
	if (tip->supply != b->supply)
		sim_fail(s, "host %zu: supply %llu, expected %llu", h->number,
			 (unsigned long long)tip->supply,
			 (unsigned long long)b->supply);
	h->tip = b;
	sim_fold(s, get_be64(b->hash.b));
	if (tip->settled > b->header.height) {
		sim_fail(s, "host %zu settles what is not there", h->number);
		return;
	}
	settle(s, h, model_at(b, tip->settled));
	sim_trace(s, "host %zu is at height %llu, settled %llu, %02x%02x",
		  h->number, (unsigned long long)tip->height,
		  (unsigned long long)tip->settled, b->hash.b[0], b->hash.b[1]);
	if (h->look && !s->failed) {
		h->look = false;
		check_ledger(s, h);
	}
}

/* Memory that others may fill, and whether it gave up. */
static void check_state(struct sim *s, struct host *h)
{
	size_t pool_max = s->weather.mempool_bytes ? s->weather.mempool_bytes
						   : MEMPOOL_BYTES_DEFAULT;
	struct sync_info sync;

	if (mempool_bytes(node_mempool(h->node)) > pool_max)
		sim_fail(s, "host %zu: its pool is over its bound", h->number);
	if (tree_bytes(h->node->sync->tree) > TREE_BYTES_MAX)
		sim_fail(s, "host %zu: its tree is over its bound", h->number);
	node_sync(h->node, &sync);
	if (!sync.halted || h->halted)
		return;
	h->halted = true;
	s->stats.halts++;
	if (s->cheater == SIZE_MAX || !s->engine->cheating_unsettles)
		sim_fail(s, "host %zu halts", h->number);
}

void check_stepped(struct sim *s, struct host *h)
{
	struct node_tip tip;

	node_tip(h->node, &tip);
	if (!hash_eq(&tip.hash, &h->tip->hash) ||
	    tip.settled > h->settled->header.height)
		new_tip(s, h, &tip);
	check_state(s, h);
	s->engine->stepped(s, h);
}

void check_started(struct sim *s, struct host *h)
{
	struct node_tip tip;

	node_tip(h->node, &tip);
	new_tip(s, h, &tip);
}

/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "driver.h"

#include <check.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chain/genesis.h"

struct secret_key *test_key(unsigned number)
{
	uint8_t seed[32] = {0};
	struct secret_key *key;

	put_be32(seed, number);
	ck_assert_int_eq(secret_key_take(&key, EVP_PKEY_new_raw_private_key(
						       EVP_PKEY_ED25519, NULL,
						       seed, sizeof(seed))),
			 ERR_OK);
	return key;
}

struct address test_address(unsigned number)
{
	struct secret_key *key = test_key(number);
	struct address a = *secret_key_address(key);

	secret_key_free(key);
	return a;
}

static void write_genesis(struct driver *d, const char *json)
{
	struct kv_batch batch = {0};
	struct rules rules;
	struct genesis g;
	struct fault f = {0};
	struct hash pow;
	uint64_t nonce = 0;
	size_t at = 0;

	ck_assert_msg(!genesis_parse(&rules, span_str(json), &f), "%s: %s",
		      f.field, f.detail);
	genesis_make(&g, &rules);
	ck_assert(genesis_mine(&pow, &nonce, &g, UINT64_MAX));
	while (genesis_batch(&g, nonce, &at, &batch)) {
		kv_mem_apply(d->mem, &batch);
		kv_batch_release(&batch);
	}
	genesis_release(&g);
	rules_release(&rules);
}

static void take_effects(struct driver *d, struct effects *effects)
{
	size_t i;

	for (i = 0; i < effects->count; i++) {
		struct effect *e = &effects->list[i];

		switch (e->kind) {
		case EFFECT_COMMIT:
		case EFFECT_JOB:
		case EFFECT_PERSIST:
			*effects_add(&d->pending, e->kind) = *e;
			break;
		case EFFECT_TIMER:
			d->timer = e->at > d->ahead ? e->at - d->ahead : e->at;
			break;
		case EFFECT_NOTIFY:
			ck_assert_msg(e->notify != NOTIFY_ENV || d->may_fail,
				      "%s", e->fault.detail);
			d->failures += e->notify == NOTIFY_ENV;
			d->blocks_told += e->notify == NOTIFY_BLOCK;
			d->drops_told += e->notify == NOTIFY_DROPPED;
			if (d->network.on && (e->notify == NOTIFY_LOG ||
					      e->notify == NOTIFY_REORG ||
					      e->notify == NOTIFY_PEER ||
					      e->notify == NOTIFY_ADDRESSES))
				*effects_add(&d->told, e->kind) = *e;
			if (e->notify == NOTIFY_SUBMITTED) {
				d->answered = true;
				d->result_count = e->result_count;
				memcpy(d->results, e->results,
				       e->result_count * sizeof(*e->results));
				free(e->results);
			}
			break;
		case EFFECT_SEND:
		case EFFECT_DROP:
			ck_assert_msg(d->network.on,
				      "a node without peers spoke to one");
			*effects_add(&d->told, e->kind) = *e;
			break;
		}
	}
	effects->count = 0;
	effects_release(effects);
}

void driver_step(struct driver *d, struct node_event *e)
{
	struct effects effects = {0};

	e->now = d->now + d->ahead;
	node_step(d->node, e, kv_mem_view(d->mem), &effects);
	take_effects(d, &effects);
}

/* --- the vote journal --------------------------------------------------- */

static void journal_append(struct driver_journal *j, struct effect *e)
{
	ck_assert_uint_eq(e->seq, j->last + 1);
	ck_assert(!j->count || e->height >= j->list[j->count - 1].height);
	j->list = xrealloc(j->list, j->count + 1, sizeof(*j->list));
	j->list[j->count++] =
		(struct driver_record){e->seq, e->height, e->body};
	j->last = e->seq;
}

static void journal_release(struct driver_journal *j)
{
	size_t i;

	for (i = 0; i < j->count; i++)
		buf_release(&j->list[i].bytes);
	free(j->list);
	j->list = NULL;
	j->count = 0;
	j->last = 0;
}

size_t driver_records(const struct driver *d, uint64_t height)
{
	size_t i, count = 0;

	for (i = 0; i < d->journal.count; i++)
		count += d->journal.list[i].height == height;
	return count;
}

void driver_lose_journal(struct driver *d)
{
	journal_release(&d->journal);
	d->journal.id[0]++;
	d->journal.is_new = true;
}

/* The records of its highest height; the caller frees. */
static struct span *journal_top(const struct driver_journal *j, size_t *count)
{
	struct span *list = xcalloc(j->count + 1, sizeof(*list));
	size_t i;

	*count = 0;
	for (i = 0; i < j->count; i++)
		if (j->list[i].height == j->list[j->count - 1].height)
			list[(*count)++] = buf_span(&j->list[i].bytes);
	return list;
}

static void open_node(struct driver *d)
{
	struct node_config config = {.seed = 5,
				     .validator = !d->network.observer,
				     .has_account = true,
				     .id = d->network.id,
				     .instance = d->network.instance,
				     .upgrades = d->network.upgrades,
				     .listen = d->network.listen,
				     .boot_ms = d->network.boot_ms,
				     .agent =
					     d->network.on ? "driver/1" : NULL};
	struct node_event start = {.kind = EVENT_START};
	struct fault f = {0};
	struct span *records;

	records = journal_top(&d->journal, &config.journal.record_count);
	config.journal.is_there = d->network.bft && !d->journal.is_missing;
	config.journal.is_new = d->journal.is_new;
	config.journal.last = d->journal.last;
	config.journal.records = records;
	memcpy(config.journal.id, d->journal.id, sizeof(d->journal.id));
	config.account = *secret_key_address(d->key);
	buf_append_span(&config.public_key, secret_key_public(d->key));
	ck_assert_msg(!node_new(&d->node, &config, kv_mem_view(d->mem), &f),
		      "%s", f.detail);
	buf_release(&config.public_key);
	free(records);
	driver_step(d, &start);
}

void driver_new(struct driver *d, uint64_t balance, const char *mining,
		const char *more)
{
	driver_new_of(d, 1, balance, mining, more);
}

void driver_new_of(struct driver *d, unsigned miners, uint64_t balance,
		   const char *mining, const char *more)
{
	struct driver_network alone = {.miners = miners};

	driver_new_in(d, &alone, balance, mining, more);
}

/* Who makes blocks, as members of the genesis file. */
static void members(char *out, size_t size,
		    const struct driver_network *network)
{
	unsigned i, count = network->miners ? network->miners : 1;
	char hex[ADDRESS_HEX_LEN];
	struct secret_key *key;
	struct buf text;
	size_t len = 0;

	len += (size_t)snprintf(out, size, "%s",
				network->bft ? "\"consensus\": {\"engine\": "
					       "\"bft\", \"validators\": ["
					     : "\"miners\": [");
	for (i = 1; i <= count; i++) {
		key = test_key(i);
		text = (struct buf){0};
		base64_encode(&text, secret_key_public(key));
		address_hex(hex, secret_key_address(key));
		if (network->bft)
			len += (size_t)snprintf(out + len, size - len,
						"%s{\"public_key\": \"%.*s\"}",
						i > 1 ? ", " : "",
						(int)text.len,
						(const char *)text.data);
		else
			len += (size_t)snprintf(out + len, size - len,
						"%s\"%s\"", i > 1 ? ", " : "",
						hex);
		buf_release(&text);
		secret_key_free(key);
		ck_assert_uint_lt(len, size);
	}
	if (network->bft)
		snprintf(out + len, size - len, "]%s}", network->bft);
	else
		snprintf(out + len, size - len, "]");
}

void driver_new_in(struct driver *d, const struct driver_network *network,
		   uint64_t balance, const char *mining, const char *more)
{
	char json[4096], hex[ADDRESS_HEX_LEN], list[1024] = "";
	struct address a;

	memset(d, 0, sizeof(*d));
	d->network = *network;
	d->mem = kv_mem_new();
	d->key = test_key(network->key ? network->key : 1);
	d->verifier = verifier_new(64);
	d->now = DRIVER_START;
	memcpy(d->journal.id, d->network.id.b, sizeof(d->journal.id));
	members(list, sizeof(list), network);
	a = test_address(1);
	address_hex(hex, &a);
	snprintf(json, sizeof(json),
		 "{\"network_id\": \"test\", %s,"
		 " \"block_mining\": {%s},"
		 " \"alloc\": {\"%s\": {\"balance\": %" PRIu64 "}}%s}",
		 list, mining, hex, balance, more);
	write_genesis(d, json);
	open_node(d);
}

void driver_free(struct driver *d)
{
	effects_release(&d->pending);
	journal_release(&d->journal);
	effects_release(&d->told);
	node_free(d->node);
	kv_mem_free(d->mem);
	secret_key_free(d->key);
	verifier_free(d->verifier);
}

static void do_job(struct driver *d, struct job *job)
{
	size_t i;

	switch (job->kind) {
	case JOB_VERIFY:
		d->verified += job->checks.count;
		for (i = 0; i < job->checks.count; i++) {
			struct check *c = &job->checks.list[i];

			c->result = verifier_check(
				d->verifier, SPAN(c->key, c->key_len),
				&c->digest,
				SPAN(c->signature, c->signature_len));
		}
		break;
	case JOB_SIGN:
		job->result =
			secret_key_sign(d->key, &job->signature, &job->digest);
		break;
	}
}

bool driver_do_one(struct driver *d)
{
	struct node_event event = {0};
	struct effect e;

	if (!d->pending.count)
		return false;
	e = d->pending.list[0];
	d->pending.count--;
	memmove(d->pending.list, d->pending.list + 1,
		d->pending.count * sizeof(e));
	if (e.kind == EFFECT_JOB) {
		do_job(d, e.job);
		event.kind = EVENT_JOB_DONE;
		event.job = e.job;
	} else if (e.kind == EFFECT_PERSIST) {
		journal_append(&d->journal, &e);
		event.kind = EVENT_PERSISTED;
		event.seq = e.seq;
	} else {
		kv_mem_apply(d->mem, e.batch);
		kv_batch_release(e.batch);
		free(e.batch);
		event.kind = EVENT_DURABLE;
		event.seq = e.seq;
	}
	driver_step(d, &event);
	return true;
}

void driver_settle(struct driver *d)
{
	while (driver_do_one(d))
		;
}

void driver_advance(struct driver *d, uint64_t ms)
{
	struct node_event ring = {.kind = EVENT_TIMER};
	uint64_t end = d->now + ms;

	driver_settle(d);
	while (d->timer && d->timer <= end) {
		if (d->timer > d->now)
			d->now = d->timer;
		d->timer = 0;
		driver_step(d, &ring);
		driver_settle(d);
	}
	d->now = end;
}

void driver_crash(struct driver *d)
{
	effects_reset(&d->pending);
	node_free(d->node);
	d->node = NULL;
	d->timer = 0;
	open_node(d);
}

void driver_submit(struct driver *d, const struct span *txs, size_t count)
{
	struct node_event e = {.kind = EVENT_SUBMIT,
			       .request = 1,
			       .txs = txs,
			       .tx_count = count};

	ck_assert_uint_le(count, DRIVER_RESULTS);
	d->answered = false;
	driver_step(d, &e);
	while (!d->answered && driver_do_one(d))
		;
	ck_assert(d->answered);
}

struct buf driver_sign(const struct driver *d, unsigned from,
		       const struct tx *fields)
{
	struct secret_key *key = test_key(from);
	struct buf raw = {0}, signature = {0};
	struct tx tx = *fields;
	struct hash id;

	tx.sender = *secret_key_address(key);
	tx_signing_digest(&id, &tx, node_genesis_hash(d->node));
	ck_assert(!secret_key_sign(key, &signature, &id));
	if (!tx.nonce)
		tx.key = secret_key_public(key);
	tx.signature = buf_span(&signature);
	tx_encode(&raw, &tx);
	buf_release(&signature);
	secret_key_free(key);
	return raw;
}

struct buf driver_transfer(const struct driver *d, unsigned from,
			   uint64_t nonce, const struct address *to,
			   uint64_t amount, uint64_t fee)
{
	struct tx tx = {
		.nonce = nonce, .fee = fee, .recipient = *to, .amount = amount};

	return driver_sign(d, from, &tx);
}

struct submit_result driver_send(struct driver *d, unsigned from,
				 uint64_t nonce, unsigned to, uint64_t amount,
				 uint64_t fee)
{
	struct address recipient = test_address(to);
	struct buf raw =
		driver_transfer(d, from, nonce, &recipient, amount, fee);
	struct span s = buf_span(&raw);

	driver_submit(d, &s, 1);
	buf_release(&raw);
	return d->results[0];
}

uint64_t driver_height(const struct driver *d)
{
	struct node_tip tip;

	node_tip(d->node, &tip);
	return tip.height;
}

uint64_t driver_balance(struct driver *d, unsigned number)
{
	struct address address = test_address(number);
	struct account a;

	ck_assert(!query_account(&a, NULL, d->node, kv_mem_view(d->mem),
				 &address, driver_height(d)));
	return a.balance;
}

/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "fuzz/world.h"

#include <stdlib.h>
#include <string.h>

#include "chain/chain.h"
#include "chain/tables.h"
#include "codec/msgpack.h"
#include "fuzz/fuzz.h"
#include "messages.h"

/* A node that spins asks to be rung again without end. */
#define RINGS_MAX 100
/* Of memory, for one input of some kilobytes: what it may make a node keep. */
#define HEAP_MAX (24u << 20)

static struct verifier *verifier; /* made once */

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_bytes(void)
{
	return __sanitizer_get_current_allocated_bytes
		       ? __sanitizer_get_current_allocated_bytes()
		       : 0;
}

struct address world_id(const struct world *w, size_t number)
{
	struct address a;

	if (number == WORLD_SELF && w->who)
		number = w->who - 1;
	if (number < w->chain->members || number + 1 == w->who)
		return *secret_key_address(world_key(number));
	memset(a.b, (int)number, ADDRESS_LEN);
	return a;
}

/* --- effects ------------------------------------------------------------ */

static struct world_peer *peer_of(struct world *w, uint64_t number)
{
	size_t i;

	for (i = 0; i < WORLD_PEERS; i++)
		if (w->peers[i].number == number)
			return number ? &w->peers[i] : NULL;
	return NULL;
}

/* To somebody who is there, and such that he can read it. */
static void check_send(struct world *w, const struct effect *e)
{
	struct world_peer *p = peer_of(w, e->peer);
	struct span body = buf_span(&e->body);
	struct buf again = {0};

	MUST(p && !p->dropped);
	MUST((unsigned)e->type < MESSAGE_TYPE_COUNT);
	MUST(body.len <= message_bytes_max(e->type));
	MUST(!message_again(&again, e->type, body));
	MUST(span_eq(buf_span(&again), body));
	buf_release(&again);
	world_sent_votes(w, e->type, body);
	w->sent[e->type]++;
}

/* The list keeps what it owns; what waits is taken out of it. */
static void take(struct world *w, struct effect *e)
{
	*effects_add(&w->pending, e->kind) = *e;
	e->batch = NULL;
	e->job = NULL;
}

/* Who has a quorum's keys, or workers that believe him, can decide what does
 * not hold: then a node goes no further. Nothing else may stop it. */
static void check_failure(struct world *w, const struct fault *f)
{
	static const char said[] = "a block that was decided does not hold";

	MUST(w->chain->votes);
	MUST(!strncmp(f->detail, said, sizeof(said) - 1));
	w->over = true;
}

static void take_effect(struct world *w, struct effect *e)
{
	struct world_peer *p;
	struct msg_list list;

	switch (e->kind) {
	case EFFECT_COMMIT:
		MUST(e->seq > w->last_seq && e->batch);
		w->last_seq = e->seq;
		take(w, e);
		break;
	case EFFECT_JOB:
		MUST(e->job);
		take(w, e);
		break;
	case EFFECT_TIMER:
		w->timer = e->at;
		break;
	case EFFECT_SEND:
		check_send(w, e);
		break;
	case EFFECT_PERSIST:
		world_take_record(w, e);
		break;
	case EFFECT_DROP:
		p = peer_of(w, e->peer);
		MUST(p && !p->dropped);
		p->dropped = true;
		break;
	case EFFECT_NOTIFY:
		if (e->notify == NOTIFY_ENV)
			check_failure(w, &e->fault);
		w->blocks_told += e->notify == NOTIFY_BLOCK;
		if (e->notify == NOTIFY_ADDRESSES)
			MUST(!msg_list_begin(&list, buf_span(&e->body),
					     MSG_ADDRESSES_MAX));
		break;
	}
}

static void step(struct world *w, struct node_event *e)
{
	struct effects effects = {0};
	size_t i;

	if (w->over) {
		job_free(e->job);
		return;
	}
	e->now = w->now;
	node_step(w->node, e, kv_mem_view(w->mem), &effects);
	for (i = 0; i < effects.count; i++)
		take_effect(w, &effects.list[i]);
	effects_release(&effects);
	if (w->heap)
		MUST(heap_bytes() < w->heap + HEAP_MAX);
}

/* --- its life ----------------------------------------------------------- */

static void open_node(struct world *w)
{
	struct node_config config = {.seed = 7, .instance = 99};
	struct node_event start = {.kind = EVENT_START};
	struct fault f;

	config.listen = "127.0.0.1:4999";
	config.agent = "fuzz";
	config.boot_ms = w->boot ? 3000 : 0;
	config.id = world_id(w, WORLD_SELF);
	if (w->who) {
		config.validator = config.has_account = true;
		config.account = config.id;
		buf_append_span(&config.public_key,
				secret_key_public(world_key(w->who - 1)));
	}
	if (w->chain->votes)
		journal_opened(&w->journal, &config.journal);
	MUST(!node_new(&w->node, &config, kv_mem_view(w->mem), &f));
	buf_release(&config.public_key);
	step(w, &start);
}

void world_open(struct world *w, enum world_engine engine, unsigned who,
		bool boot)
{
	const struct world_chain *chain = world_chain(engine);

	if (!verifier)
		verifier = verifier_new(64);
	*w = (struct world){.chain = chain, .who = who, .boot = boot};
	w->heap = heap_bytes();
	w->mem = kv_mem_new();
	kv_mem_apply(w->mem, &chain->rows);
	rng_seed(&w->ids, 1);
	w->now = WORLD_START;
	if (chain->votes && who)
		journal_make(&w->journal, &w->ids, w->now, false);
	w->next_peer = 1;
	open_node(w);
}

static void start_again(struct world *w)
{
	effects_reset(&w->pending);
	node_free(w->node);
	memset(w->peers, 0, sizeof(w->peers));
	w->timer = w->last_seq = 0;
	w->over = false;
	open_node(w);
}

void world_restart(struct world *w)
{
	journal_cut(&w->journal, w->journal.durable);
	start_again(w);
}

void world_restart_with(struct world *w, enum world_journal journal)
{
	switch (w->who ? journal : JOURNAL_WRITTEN) {
	case JOURNAL_WRITTEN:
		break;
	case JOURNAL_NEW:
		journal_make(&w->journal, &w->ids, w->now, true);
		break;
	case JOURNAL_NONE:
		journal_release(&w->journal);
		break;
	case JOURNAL_OLDER:
		journal_cut(&w->journal, w->journal.durable / 2);
		break;
	case JOURNAL_WAYS:
		BUG("no way");
	}
	start_again(w);
}

/* The blocks of the store, one by one onto a second chain. */
static void check_replay(struct world *w)
{
	struct kv_mem *mem = kv_mem_new();
	struct kv_batch batch = {0};
	uint8_t key[HEIGHT_KEY_LEN];
	struct candidate *candidate;
	struct node_tip tip;
	struct chain *again;
	struct block block;
	struct fault f;
	struct span raw;
	uint64_t height;

	node_tip(w->node, &tip);
	kv_mem_apply(mem, &w->chain->rows);
	MUST(!chain_open(&again, kv_mem_view(mem), 1, &f));
	for (height = 1; height <= tip.height; height++) {
		MUST(!kv_get(kv_mem_view(w->mem), &raw, KV_BLOCKS,
			     height_key(key, height)));
		MUST(!block_decode(&block, raw));
		MUST(!candidate_check(&candidate, again, kv_mem_view(mem),
				      &block, raw, &f));
		chain_commit(again, candidate, &batch);
		kv_mem_apply(mem, &batch);
		kv_batch_release(&batch);
		MUST(!chain_adopt_take(again, candidate, kv_mem_view(mem)));
		block_release(&block);
	}
	MUST(hash_eq(&chain_tip(again)->state_root, &tip.state_root));
	MUST(hash_eq(&chain_tip(again)->hash, &tip.hash));
	MUST(chain_tip(again)->supply == tip.supply);
	chain_free(again);
	kv_mem_free(mem);
}

void world_close(struct world *w)
{
	struct node_tip before, after;
	size_t i;

	world_settle(w);
	node_tip(w->node, &before);
	/* else there is nothing to compare */
	if (before.height && !w->over) {
		check_replay(w);
		world_restart(w);
		node_tip(w->node, &after);
		MUST(hash_eq(&before.hash, &after.hash));
		MUST(hash_eq(&before.state_root, &after.state_root));
	}
	effects_release(&w->pending);
	journal_release(&w->journal);
	for (i = 0; i < WORLD_BLOCKS; i++)
		buf_release(&w->blocks[i].raw);
	node_free(w->node);
	kv_mem_free(w->mem);
}

/* --- connections -------------------------------------------------------- */

void world_disconnect(struct world *w, size_t slot)
{
	struct node_event e = {.kind = EVENT_DISCONNECTED};

	if (!w->peers[slot].number)
		return;
	e.peer = w->peers[slot].number;
	w->peers[slot] = (struct world_peer){0};
	step(w, &e);
}

void world_connect(struct world *w, size_t slot, bool inbound, bool has_id,
		   size_t id)
{
	struct world_peer *p = &w->peers[slot];
	struct node_event e = {.kind = EVENT_CONNECTED,
			       .inbound = inbound,
			       .has_id = has_id,
			       .where = "192.0.2.1:4999"};

	world_disconnect(w, slot);
	*p = (struct world_peer){.number = w->next_peer++,
				 .inbound = inbound,
				 .id = world_id(w, id)};
	e.peer = p->number;
	if (has_id)
		e.id = p->id;
	step(w, &e);
}

void world_message(struct world *w, size_t slot, enum message_type type,
		   struct span body)
{
	struct node_event e = {
		.kind = EVENT_MESSAGE, .type = type, .body = body};

	if (!w->peers[slot].number || body.len > message_bytes_max(type))
		return;
	e.peer = w->peers[slot].number;
	world_heard_votes(w, type, body);
	step(w, &e);
}

void world_hello(struct world *w, size_t slot, uint64_t height)
{
	const struct world_peer *p = &w->peers[slot];
	struct msg_hello m = {.version = PROTOCOL_VERSION,
			      .genesis = w->chain->genesis,
			      .id = p->id,
			      .instance = 1000 + slot,
			      .listen = span_str("192.0.2.1:4999"),
			      .height = height,
			      .tip = w->chain->genesis,
			      .clock = w->now,
			      .agent = span_str("fuzz")};
	struct buf body = {0};

	if (height)
		sha256(&m.tip, SPAN(&height, sizeof(height)));
	msg_hello_encode(&body, &m);
	world_message(w, slot, p->inbound ? MSG_HEY : MSG_ACK, buf_span(&body));
	buf_release(&body);
}

void world_submit(struct world *w, struct span raw)
{
	struct node_event e = {
		.kind = EVENT_SUBMIT, .request = 1, .txs = &raw, .tx_count = 1};

	step(w, &e);
}

void world_pass(struct world *w, uint64_t ms)
{
	uint64_t end = w->now + ms;

	while (w->timer && w->timer <= end) {
		struct node_event ring = {.kind = EVENT_TIMER};

		if (w->timer > w->now) {
			w->now = w->timer;
			w->rings = 0;
		}
		w->timer = 0;
		MUST(++w->rings < RINGS_MAX);
		step(w, &ring);
	}
	if (end > w->now)
		w->rings = 0;
	w->now = end;
}

/* --- jobs and commits --------------------------------------------------- */

static struct effect take_pending(struct world *w, size_t i)
{
	struct effect e = w->pending.list[i];

	w->pending.count--;
	memmove(w->pending.list + i, w->pending.list + i + 1,
		(w->pending.count - i) * sizeof(e));
	return e;
}

static void work(struct world *w, struct job *job, enum world_job how)
{
	size_t i;

	if (job->kind == JOB_SIGN) {
		job->result = secret_key_sign(world_key(w->who - 1),
					      &job->signature, &job->digest);
		return;
	}
	for (i = 0; i < job->checks.count; i++) {
		struct check *c = &job->checks.list[i];

		c->result =
			how == JOB_ALL_GOOD ? ERR_OK
			: how == JOB_ALL_BAD
				? ERR_BAD_SIGNATURE
				: verifier_check(
					  verifier, SPAN(c->key, c->key_len),
					  &c->digest,
					  SPAN(c->signature, c->signature_len));
	}
}

void world_do_job(struct world *w, size_t which, enum world_job how)
{
	struct node_event done = {.kind = EVENT_JOB_DONE};
	size_t i, jobs = 0;

	for (i = 0; i < w->pending.count; i++)
		jobs += w->pending.list[i].kind == EFFECT_JOB;
	if (!jobs)
		return;
	which %= jobs;
	for (i = 0; w->pending.list[i].kind != EFFECT_JOB || which--; i++)
		;
	done.job = take_pending(w, i).job;
	work(w, done.job, how);
	step(w, &done);
}

void world_do_commit(struct world *w)
{
	struct node_event durable = {.kind = EVENT_DURABLE};
	struct effect e;
	size_t i;

	for (i = 0; i < w->pending.count; i++)
		if (w->pending.list[i].kind == EFFECT_COMMIT)
			break;
	if (i == w->pending.count)
		return;
	e = take_pending(w, i);
	kv_mem_apply(w->mem, e.batch);
	kv_batch_release(e.batch);
	free(e.batch);
	durable.seq = e.seq;
	step(w, &durable);
}

void world_do_persist(struct world *w)
{
	struct node_event persisted = {.kind = EVENT_PERSISTED};
	struct journal *j = &w->journal;

	if (j->durable == j->count)
		return;
	persisted.seq = j->list[j->durable++].seq;
	step(w, &persisted);
}

void world_settle(struct world *w)
{
	enum world_job how = w->believes ? JOB_ALL_GOOD : JOB_HONEST;
	size_t n = 0;

	while (w->pending.count || w->journal.durable < w->journal.count) {
		MUST(++n < 10000);
		if (w->journal.durable < w->journal.count)
			world_do_persist(w);
		else if (w->pending.list[0].kind == EFFECT_JOB)
			world_do_job(w, 0, how);
		else
			world_do_commit(w);
	}
}

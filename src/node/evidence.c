/* SPDX-License-Identifier: MIT */
/*
 * Evidence: two sealed headers of one signer in one slot, also of branches
 * that lost. Every header whose seal holds is compared with those of its time
 * on the main chain and with those seen lately. Found once, kept, told to the
 * peers. Bodies are compared, never signatures.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/tables.h"
#include "codec/msgpack.h"
#include "node/sync_internal.h"

#define SEEN_KEPT 4096 /* headers compared with, at least */
#define SLOT_KEY_LEN (ADDRESS_LEN + 8)
#define GREET_MAX 16
#define FAR_FUTURE_MS 60000

/* One piece that is kept. */
struct kept {
	struct hash id;
	struct engine_block block; /* either of the two */
};

/* One that waits to be durable before it is told. */
struct untold {
	uint64_t seq;
	uint64_t from; /* who told us; 0: nobody */
	struct buf item;
};

struct evidence_room {
	struct recent *seen; /* producer, time bucket -> [header, seal] */
	struct kept kept[EVIDENCE_MAX];
	size_t kept_count;
	struct untold *untold;
	size_t untold_count, untold_cap;
};

/* A header with its seal, as it is compared. */
struct sealed {
	struct header header;
	struct engine_block block;
	struct span header_raw, seal_raw;
};

struct evidence_work {
	struct work work;
	uint64_t peer;
	struct buf bytes;
	struct msg_evidence list[MSG_EVIDENCE_MAX]; /* borrows from bytes */
	size_t count;
};

static enum err sealed_of(struct sealed *out, struct node *n,
			  struct span header_raw, struct span seal_raw)
{
	struct hash hash;
	enum err e = header_decode(&out->header, header_raw);

	if (e)
		return e;
	header_hash(&hash, chain_genesis(n->chain), header_raw);
	sync_engine_block(&out->block, &out->header, &hash);
	out->header_raw = header_raw;
	out->seal_raw = seal_raw;
	return ERR_OK;
}

static bool conflict(const struct node *n, const struct engine_block *a,
		     const struct engine_block *b)
{
	return n->engine->ops->conflict(n->engine, a, b);
}

/* --- what is kept ------------------------------------------------------ */

static bool is_kept(const struct node *n, const struct engine_block *b)
{
	const struct evidence_room *room = n->sync->evidence;
	size_t i;

	for (i = 0; i < room->kept_count; i++)
		if (hash_eq(&room->kept[i].block.hash, &b->hash) ||
		    conflict(n, &room->kept[i].block, b))
			return true;
	return false;
}

static bool is_old(const struct node *n, const struct engine_block *b)
{
	return b->time + EVIDENCE_AGE_MS < chain_tip(n->chain)->time;
}

static void drop_old(struct node *n, struct kv_batch *batch)
{
	struct evidence_room *room = n->sync->evidence;
	size_t i = 0;

	while (i < room->kept_count) {
		if (!is_old(n, &room->kept[i].block)) {
			i++;
			continue;
		}
		kv_batch_del(batch, KV_EVIDENCE, hash_span(&room->kept[i].id));
		room->kept[i] = room->kept[--room->kept_count];
	}
}

static void note_untold(struct evidence_room *room, uint64_t seq, uint64_t from,
			struct span item)
{
	struct untold *u;

	if (room->untold_count == room->untold_cap) {
		room->untold_cap = room->untold_cap ? 2 * room->untold_cap : 4;
		room->untold = xrealloc(room->untold, room->untold_cap,
					sizeof(*room->untold));
	}
	u = &room->untold[room->untold_count++];
	*u = (struct untold){.seq = seq, .from = from};
	buf_append_span(&u->item, item);
}

static void keep(struct node *n, const struct sealed *a, struct span item,
		 uint64_t from)
{
	struct evidence_room *room = n->sync->evidence;
	struct kv_batch *batch;
	struct buf value = {0};
	struct kept *k;

	batch = xcalloc(1, sizeof(*batch));
	drop_old(n, batch);
	if (room->kept_count < EVIDENCE_MAX) {
		k = &room->kept[room->kept_count++];
		sha256(&k->id, item);
		k->block = a->block;
		mp_array(&value, 2);
		mp_uint(&value, n->now);
		buf_append_span(&value, item);
		kv_batch_put(batch, KV_EVIDENCE, hash_span(&k->id),
			     buf_span(&value));
		buf_release(&value);
	}
	if (batch->count) {
		note_untold(room, node_commit(n, batch), from, item);
		return;
	}
	kv_batch_release(batch);
	free(batch);
}

/* Two headers whose seals hold, and that conflict. */
static void found(struct node *n, const struct sealed *a,
		  const struct sealed *b, uint64_t from)
{
	bool swap = memcmp(a->block.hash.b, b->block.hash.b, HASH_LEN) > 0;
	const struct sealed *first = swap ? b : a, *second = swap ? a : b;
	struct span header[2] = {first->header_raw, second->header_raw};
	struct span seal[2] = {first->seal_raw, second->seal_raw};
	char hex[ADDRESS_HEX_LEN];
	struct buf item = {0};

	if (is_kept(n, &a->block) || is_old(n, &a->block))
		return;
	node_log(n, NOTICE_WARNING,
		 "%s signed two blocks in one slot, at heights %llu and %llu",
		 address_hex(hex, &a->block.producer),
		 (unsigned long long)first->block.height,
		 (unsigned long long)second->block.height);
	msg_evidence_encode(&item, header, seal);
	keep(n, a, buf_span(&item), from);
	buf_release(&item);
}

/* --- finding ----------------------------------------------------------- */

static void compare(struct node *n, const struct sealed *a,
		    struct span header_raw, struct span seal_raw)
{
	struct sealed b;

	if (!sealed_of(&b, n, header_raw, seal_raw) &&
	    conflict(n, &a->block, &b.block))
		found(n, a, &b, 0);
}

static uint64_t slot_ms(const struct node *n)
{
	return chain_rules(n->chain)->slot_ms;
}

static void slot_key(uint8_t out[SLOT_KEY_LEN], const struct engine_block *b,
		     uint64_t bucket)
{
	memcpy(out, b->producer.b, ADDRESS_LEN);
	put_be64(out + ADDRESS_LEN, bucket);
}

/* A slot need not begin where a bucket does: look into the neighbours too. */
static void compare_seen(struct node *n, const struct sealed *a)
{
	uint64_t bucket = a->block.time / slot_ms(n), i;
	struct span value, header_raw, seal_raw;
	uint8_t key[SLOT_KEY_LEN];
	struct buf entry = {0};

	for (i = bucket ? bucket - 1 : 0; i <= bucket + 1; i++) {
		slot_key(key, &a->block, i);
		if (recent_get(n->sync->evidence->seen, &value, key) &&
		    !msg_header_decode(&header_raw, &seal_raw, value))
			compare(n, a, header_raw, seal_raw);
	}
	msg_header_encode(&entry, a->header_raw, a->seal_raw);
	slot_key(key, &a->block, bucket);
	recent_put(n->sync->evidence->seen, key, buf_span(&entry));
	buf_release(&entry);
}

/* The lowest height of the main chain whose time is at least that. */
static uint64_t height_at(struct node *n, uint64_t time)
{
	uint64_t low = 1, high = chain_tip(n->chain)->height + 1, middle;
	struct main_header m;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (main_header(n, &m, middle) || m.header.time >= time)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void compare_main(struct node *n, const struct sealed *a)
{
	uint64_t time = a->block.time, height;
	struct main_header m;

	if (time > chain_tip(n->chain)->time + slot_ms(n))
		return;
	height = height_at(n, time > slot_ms(n) ? time - slot_ms(n) : 0);
	while (!main_header(n, &m, height++) &&
	       m.header.time <= time + slot_ms(n))
		compare(n, a, m.raw, m.seal_raw);
}

void evidence_look(struct node *n, const struct header *h,
		   const struct hash *hash, struct span header_raw,
		   struct span seal_raw)
{
	struct sealed a = {.header_raw = header_raw, .seal_raw = seal_raw};

	if (!h->has_producer)
		return;
	a.header = *h;
	sync_engine_block(&a.block, h, hash);
	compare_main(n, &a);
	compare_seen(n, &a);
}

/* --- telling ----------------------------------------------------------- */

static void send(struct node *n, struct peer *p, struct span items,
		 size_t count)
{
	struct buf body = {0};

	mp_array(&body, count);
	buf_append_span(&body, items);
	peer_send(n, p, MSG_EVD, &body);
}

static void tell(struct node *n, const struct untold *u)
{
	struct peer *p;
	size_t at = 0;

	while ((p = peers_next(n, &at)))
		if (p->stage == PEER_READY && p->number != u->from)
			send(n, p, buf_span(&u->item), 1);
}

void evidence_durable(struct node *n, uint64_t seq)
{
	struct evidence_room *room = n->sync->evidence;
	size_t i, left = 0;

	for (i = 0; i < room->untold_count; i++) {
		if (room->untold[i].seq > seq) {
			room->untold[left++] = room->untold[i];
			continue;
		}
		tell(n, &room->untold[i]);
		buf_release(&room->untold[i].item);
	}
	room->untold_count = left;
}

/* What is stored under an id, as one item of EVD. */
static enum err read_item(struct span *item, uint64_t *at, struct span value)
{
	struct mp_reader r;

	mp_reader_init(&r, value);
	mp_read_array(&r, 2, 2);
	*at = mp_read_uint(&r, UINT64_MAX);
	*item = mp_read_raw(&r);
	return mp_reader_end(&r) ? ERR_CORRUPT : ERR_OK;
}

void evidence_greet(struct node *n, struct peer *p)
{
	const struct evidence_room *room = n->sync->evidence;
	struct buf items = {0};
	struct span value, item;
	uint64_t at;
	size_t i, count = 0;

	for (i = room->kept_count; i-- > 0 && count < GREET_MAX;) {
		if (kv_get(n->store, &value, KV_EVIDENCE,
			   hash_span(&room->kept[i].id)) ||
		    read_item(&item, &at, value))
			continue; /* not durable yet: told when it is */
		if (items.len + item.len + 8 > message_bytes_max(MSG_EVD))
			break;
		buf_append_span(&items, item);
		count++;
	}
	if (count)
		send(n, p, buf_span(&items), count);
	buf_release(&items);
}

/* --- what is told ------------------------------------------------------ */

static enum err check_seal(struct node *n, const struct sealed *a,
			   struct job *job)
{
	struct check *c = &job->checks[job->check_count];
	struct seal seal;
	bool by_key;
	enum err e;

	if (seal_decode(&seal, a->seal_raw))
		return ERR_BAD_SEAL;
	e = n->engine->ops->check_seal(n->engine, &a->header, &a->block.hash,
				       &seal, &by_key);
	if (e || !by_key)
		return e;
	if (!sync_check(c, &a->block.hash, seal.key, seal.signature))
		return ERR_BAD_SEAL;
	job->check_count++;
	return ERR_OK;
}

/* One item. ERR_EXISTS: it is of no use, or known; else what is wrong. */
static enum err read_evidence(struct node *n, const struct msg_evidence *m,
			      struct job *job)
{
	size_t before = job->check_count;
	struct sealed a, b;
	enum err e;

	if (sealed_of(&a, n, m->header[0], m->seal[0]) ||
	    sealed_of(&b, n, m->header[1], m->seal[1]))
		return ERR_MALFORMED;
	if (!a.block.has_producer || !conflict(n, &a.block, &b.block) ||
	    !n->engine->ops->is_authority(n->engine, &a.block.producer))
		return ERR_BAD_PRODUCER;
	if (is_kept(n, &a.block) || is_old(n, &a.block) ||
	    a.block.time > n->now + FAR_FUTURE_MS)
		return ERR_EXISTS;
	e = check_seal(n, &a, job);
	if (!e)
		e = check_seal(n, &b, job);
	if (e)
		job->check_count = before;
	return e;
}

static void evidence_work_free(struct evidence_work *w)
{
	buf_release(&w->bytes);
	free(w);
}

void evidence_free_work(struct work *w)
{
	evidence_work_free((struct evidence_work *)w);
}

void evidence_received(struct node *n, struct peer *p, struct span body)
{
	struct evidence_work *w = xcalloc(1, sizeof(*w));
	struct job *job = xcalloc(1, sizeof(*job));
	struct msg_list list;
	struct span raw;
	enum err e;

	w->work.kind = WORK_EVIDENCE;
	w->peer = p->number;
	buf_append_span(&w->bytes, body);
	job->checks =
		xcalloc(2 * (size_t)MSG_EVIDENCE_MAX, sizeof(*job->checks));
	e = msg_list_begin(&list, buf_span(&w->bytes), MSG_EVIDENCE_MAX);
	while (!e && msg_list_next(&list, &raw)) {
		e = msg_evidence_decode(&w->list[w->count], raw);
		if (!e)
			e = read_evidence(n, &w->list[w->count], job);
		if (!e)
			w->count++;
		else if (e == ERR_EXISTS)
			e = ERR_OK;
	}
	if (e)
		peer_fault(n, p, FAULT_BAD_HEADER,
			   "evidence that proves "
			   "nothing: %s",
			   err_text(e));
	if (!e && w->count) {
		sync_work(n, job, &w->work);
		return;
	}
	evidence_work_free(w);
	job_free(job);
}

/* Whether the checks of that header hold. */
static bool holds(const struct job *job, const struct hash *hash)
{
	size_t i;

	for (i = 0; i < job->check_count; i++)
		if (hash_eq(&job->checks[i].digest, hash) &&
		    job->checks[i].result)
			return false;
	return true;
}

void evidence_checked(struct node *n, struct work *work, const struct job *job)
{
	struct evidence_work *w = (struct evidence_work *)work;
	struct peer *p = peer_find(n, w->peer);
	struct sealed a, b;
	size_t i;

	for (i = 0; i < w->count; i++) {
		const struct msg_evidence *m = &w->list[i];

		if (sealed_of(&a, n, m->header[0], m->seal[0]) ||
		    sealed_of(&b, n, m->header[1], m->seal[1]))
			BUG("evidence that was decoded does not decode");
		if (holds(job, &a.block.hash) && holds(job, &b.block.hash)) {
			found(n, &a, &b, w->peer);
		} else if (p) {
			peer_fault(n, p, FAULT_BAD_HEADER,
				   "evidence whose seals do not hold");
			break;
		}
	}
	evidence_work_free(w);
}

/* --- life -------------------------------------------------------------- */

static enum err load(struct node *n, struct span id, struct span value)
{
	struct evidence_room *room = n->sync->evidence;
	struct msg_evidence m;
	struct sealed a;
	struct span item;
	struct kept *k;
	uint64_t at;

	if (room->kept_count == EVIDENCE_MAX)
		return ERR_OK;
	if (id.len != HASH_LEN || read_item(&item, &at, value) ||
	    msg_evidence_decode(&m, item) ||
	    sealed_of(&a, n, m.header[0], m.seal[0]))
		return ERR_CORRUPT;
	k = &room->kept[room->kept_count++];
	memcpy(k->id.b, id.data, HASH_LEN);
	k->block = a.block;
	return ERR_OK;
}

enum err evidence_open(struct node *n, struct kv_view *view)
{
	struct evidence_room *room = xcalloc(1, sizeof(*room));
	struct kv_cursor *c;
	enum err e;

	n->sync->evidence = room;
	room->seen = recent_new(SLOT_KEY_LEN, SEEN_KEPT / 2, rng_next(&n->rng));
	c = kv_cursor_open(view, KV_EVIDENCE);
	for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c)) {
		e = load(n, c->key, c->value);
		if (e)
			break;
	}
	kv_cursor_close(c);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

void evidence_free(struct sync *s)
{
	struct evidence_room *room = s->evidence;
	size_t i;

	if (!room)
		return;
	for (i = 0; i < room->untold_count; i++)
		buf_release(&room->untold[i].item);
	free(room->untold);
	recent_free(room->seen);
	free(room);
}

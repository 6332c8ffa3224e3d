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
#include "node/evidence_internal.h"

#define SEEN_KEPT 4096 /* headers compared with, at least */
#define SLOT_KEY_LEN (ADDRESS_LEN + 8)

enum err evidence_sealed(struct sealed *out, struct node *n,
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

bool evidence_conflict(const struct node *n, const struct engine_block *a,
		       const struct engine_block *b)
{
	return n->engine->ops->conflict(n->engine, a, b);
}

/* --- what is kept ------------------------------------------------------ */

bool evidence_is_kept(const struct node *n, const struct engine_block *b)
{
	const struct evidence_room *room = n->sync->evidence;
	size_t i;

	for (i = 0; i < room->kept_count; i++)
		if (hash_eq(&room->kept[i].block.hash, &b->hash) ||
		    evidence_conflict(n, &room->kept[i].block, b))
			return true;
	return false;
}

bool evidence_is_old(const struct node *n, const struct engine_block *b)
{
	return b->time + EVIDENCE_AGE_MS < chain_tip(n->chain)->time;
}

static void drop_old(struct node *n, struct kv_batch *batch)
{
	struct evidence_room *room = n->sync->evidence;
	size_t i = 0;

	while (i < room->kept_count) {
		if (!evidence_is_old(n, &room->kept[i].block)) {
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
void evidence_found(struct node *n, const struct sealed *a,
		    const struct sealed *b, uint64_t from)
{
	bool swap = memcmp(a->block.hash.b, b->block.hash.b, HASH_LEN) > 0;
	const struct sealed *first = swap ? b : a, *second = swap ? a : b;
	struct span header[2] = {first->header_raw, second->header_raw};
	struct span seal[2] = {first->seal_raw, second->seal_raw};
	char hex[ADDRESS_HEX_LEN];
	struct buf item = {0};

	if (evidence_is_kept(n, &a->block) || evidence_is_old(n, &a->block))
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

	if (!evidence_sealed(&b, n, header_raw, seal_raw) &&
	    evidence_conflict(n, &a->block, &b.block))
		evidence_found(n, a, &b, 0);
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

/* --- life -------------------------------------------------------------- */

enum err evidence_load(struct node *n, struct kv_view *view,
		       evidence_load_fn *load)
{
	struct kv_cursor *c = kv_cursor_open(view, KV_EVIDENCE);
	enum err e;

	for (e = kv_seek(c, SPAN("", 0)); !e; e = kv_next(c)) {
		e = load(n, c->key, c->value);
		if (e)
			break;
	}
	kv_cursor_close(c);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

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
	if (id.len != HASH_LEN || evidence_item(&item, &at, value) ||
	    msg_evidence_decode(&m, item) ||
	    evidence_sealed(&a, n, m.header[0], m.seal[0]))
		return ERR_CORRUPT;
	k = &room->kept[room->kept_count++];
	memcpy(k->id.b, id.data, HASH_LEN);
	k->block = a.block;
	return ERR_OK;
}

enum err evidence_open(struct node *n, struct kv_view *view)
{
	struct evidence_room *room = xcalloc(1, sizeof(*room));

	n->sync->evidence = room;
	room->seen = recent_new(SLOT_KEY_LEN, SEEN_KEPT / 2, rng_next(&n->rng));
	/* then the table holds double votes (bft_evidence.c) */
	if (n->engine->ops->certifies)
		return ERR_OK;
	return evidence_load(n, view, load);
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

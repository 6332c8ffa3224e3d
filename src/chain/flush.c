/* SPDX-License-Identifier: MIT */
/*
 * Flush derived tables from the overlay to the store: table by table, in key
 * order, in slices of a few thousand writes, while blocks go on. What a
 * slice holds may be newer than the watermark that ends the flush; the log
 * is durable up to there too, so reading it again repeats the same values.
 */
#include "chain/internal.h"
#include "chain/tables.h"

#define FLUSH_ENTRIES 100000 /* begin when so many wait */
#define FLUSH_BLOCKS 10000   /* or so many blocks, which a start reads again */
#define SLICE_ENTRIES 4000

static bool is_due(const struct chain *c)
{
	return kv_overlay_count(c->overlay) >= FLUSH_ENTRIES ||
	       c->tip.height - c->watermark >= FLUSH_BLOCKS;
}

static void begin(struct chain *c)
{
	struct flush *fl = &c->flush;

	fl->running = true;
	fl->last = false;
	fl->target = c->tip.height;
	fl->table = 0;
	buf_reset(&fl->from);
}

/* Add what is left of the current table; false when the slice is full. */
static bool fill_from_table(struct chain *c, uint64_t seq, struct kv_batch *out)
{
	struct flush *fl = &c->flush;
	uint64_t entry_seq;
	struct kv_op op;

	while (kv_overlay_find(c->overlay, &op, &entry_seq, fl->table,
			       buf_span(&fl->from))) {
		if (out->count >= SLICE_ENTRIES)
			return false;
		kv_batch_put(out, op.table, op.key, op.value);
		/* the smallest key after this one */
		buf_reset(&fl->from);
		buf_append_span(&fl->from, op.key);
		kv_overlay_reseq(c->overlay, seq, op.table,
				 SPAN(fl->from.data, fl->from.len));
		buf_byte(&fl->from, 0);
	}
	return true;
}

bool chain_flush(struct chain *c, uint64_t seq, struct kv_batch *out)
{
	struct flush *fl = &c->flush;
	uint8_t key[HEIGHT_KEY_LEN];

	if (fl->in_flight)
		return false;
	if (!fl->running) {
		if (!is_due(c))
			return false;
		begin(c);
	}
	while (fl->table < KV_TABLE_COUNT && fill_from_table(c, seq, out)) {
		fl->table++;
		buf_reset(&fl->from);
	}
	fl->last = fl->table == KV_TABLE_COUNT;
	if (fl->last)
		kv_batch_put(out, KV_META, meta_key(META_WATERMARK),
			     height_key(key, fl->target));
	buf_reset(&fl->slice.ops);
	buf_append_span(&fl->slice.ops, buf_span(&out->ops));
	fl->slice.count = out->count;
	fl->seq = seq;
	fl->in_flight = true;
	return true;
}

void chain_flushed(struct chain *c)
{
	struct flush *fl = &c->flush;

	if (!fl->in_flight)
		BUG("no slice is in flight");
	kv_overlay_drop_batch(c->overlay, fl->seq, &fl->slice);
	fl->in_flight = false;
	if (fl->last) {
		fl->running = false;
		c->watermark = fl->target;
		buf_release(&fl->slice.ops);
	}
}

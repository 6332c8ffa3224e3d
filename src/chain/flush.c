/* SPDX-License-Identifier: MIT */
/*
 * Flush derived tables from the overlay to the store: table by table, in key
 * order, in slices of a few thousand writes, while blocks go on. What a
 * slice holds may be newer than the watermark that ends the flush; the log
 * is durable up to there too, so reading it again repeats the same values.
 * What it holds of a block that was taken back meanwhile is taken back again
 * at a start, from the table orphans, until a whole flush has passed.
 */
#include "chain/internal.h"
#include "chain/tables.h"

/* Begin also when so many orphans wait: a start takes them back again. */
#define FLUSH_ORPHANS 4096
/* The last slice deletes no more of them: a batch is bounded. */
#define ORPHANS_MAX 8000

void chain_set_flush_bounds(struct chain *c, const struct flush_bounds *b)
{
	if (!b->slice || b->slice > FLUSH_SLICE)
		BUG("slices of that size");
	c->bounds = *b;
}

static bool is_due(const struct chain *c)
{
	return kv_overlay_count(c->overlay) >= c->bounds.entries ||
	       c->tip.height - c->watermark >= c->bounds.blocks ||
	       c->orphans.count >= FLUSH_ORPHANS;
}

static uint64_t min_height(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void begin(struct chain *c)
{
	struct flush *fl = &c->flush;
	size_t i;

	fl->running = true;
	fl->last = false;
	fl->target = c->tip.height;
	fl->orphans_end = c->orphans.next;
	fl->table = 0;
	buf_reset(&fl->from);
	if (c->orphans.count <= ORPHANS_MAX)
		return;
	/* a start takes the others back, and reads again from below them */
	fl->orphans_end = c->orphans.list[ORPHANS_MAX]->number;
	for (i = ORPHANS_MAX; i < c->orphans.count; i++)
		fl->target =
			min_height(fl->target, c->orphans.list[i]->height - 1);
}

void flush_moved(struct chain *c, uint64_t fork)
{
	c->watermark = min_height(c->watermark, fork);
	/* What one under way has still to write is another branch's, and what
	 * it wrote may be the old one's: it reaches the fork, and the orphans
	 * are left to the next. */
	c->flush.target = min_height(c->flush.target, fork);
}

uint64_t flush_watermark(const struct chain *c)
{
	const struct flush *fl = &c->flush;

	return fl->in_flight && fl->last ? fl->target : c->watermark;
}

static void end(struct chain *c, struct kv_batch *out)
{
	struct flush *fl = &c->flush;
	uint8_t key[HEIGHT_KEY_LEN];
	size_t i;

	kv_batch_put(out, KV_META, meta_key(META_WATERMARK),
		     height_key(key, fl->target));
	for (i = 0; i < c->orphans.count; i++) {
		if (c->orphans.list[i]->number >= fl->orphans_end)
			break;
		height_key(key, c->orphans.list[i]->number);
		kv_batch_del(out, KV_ORPHANS, SPAN_OF(key));
	}
}

/* Add what is left of the current table; false when the slice is full. */
static bool fill_from_table(struct chain *c, uint64_t seq, struct kv_batch *out)
{
	struct flush *fl = &c->flush;
	uint64_t entry_seq;
	struct kv_op op;

	while (kv_overlay_find(c->overlay, &op, &entry_seq, fl->table,
			       buf_span(&fl->from))) {
		if (out->count >= c->bounds.slice)
			return false;
		if (op.del)
			kv_batch_del(out, op.table, op.key);
		else
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

	if (fl->in_flight || c->branch)
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
		end(c, out);
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
		orphans_drop(&c->orphans, fl->orphans_end);
		buf_release(&fl->slice.ops);
	}
}

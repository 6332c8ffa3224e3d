/* SPDX-License-Identifier: MIT */
/*
 * Pending writes over a view. An entry's value in the ordered map is a head
 * of nine bytes, the sequence number and whether it deletes, then the value.
 * Promises that a get costs one search when the overlay knows the key, and
 * that a walk merges both sides without copying.
 */
#include <stdlib.h>

#include "base/omap.h"
#include "kv/kv.h"

#define HEAD_LEN 9

struct kv_overlay {
	struct kv_view view;
	struct kv_view *base; /* NULL: nothing below */
	struct omap *table[KV_TABLE_COUNT];
	size_t count;
};

/* Which side the cursor's key stands on; both: the overlay hides the base. */
enum side {
	SIDE_NONE = 0,
	SIDE_OVER = 1,
	SIDE_BASE = 2,
	SIDE_BOTH = 3,
};

struct overlay_cursor {
	struct kv_cursor cursor;
	const struct kv_overlay *overlay;
	enum kv_table table;
	struct kv_view *below; /* what base walks */
	struct kv_cursor *base;
	bool base_stands;
	struct omap_node *over;
	enum side side;
};

static bool is_tombstone(const struct omap_node *n)
{
	return omap_value(n).data[8];
}

static struct span value_of(const struct omap_node *n)
{
	struct span v = omap_value(n);

	return SPAN(v.data + HEAD_LEN, v.len - HEAD_LEN);
}

static uint64_t seq_of(const struct omap_node *n)
{
	return get_be64(omap_value(n).data);
}

static enum err overlay_get(struct kv_view *v, struct span *value,
			    enum kv_table t, struct span key)
{
	struct kv_overlay *o = (struct kv_overlay *)v;
	struct omap_node *n = omap_find(o->table[t], key);

	if (!n)
		return o->base ? kv_get(o->base, value, t, key) : ERR_NOT_FOUND;
	if (is_tombstone(n))
		return ERR_NOT_FOUND;
	*value = value_of(n);
	return ERR_OK;
}

/* --- the merging cursor ------------------------------------------------ */

static enum err stand_nowhere(struct overlay_cursor *c, enum err e)
{
	c->side = SIDE_NONE;
	c->cursor.key = c->cursor.value = SPAN(NULL, 0);
	return e;
}

/* Note where the base's cursor is; ERR_OK also when it is at the end. */
static enum err base_moved(struct overlay_cursor *c, enum err e)
{
	c->base_stands = e == ERR_OK;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* The base may be another one than at the last seek. */
static void base_refresh(struct overlay_cursor *c)
{
	if (c->below == c->overlay->base)
		return;
	kv_cursor_close(c->base);
	c->below = c->overlay->base;
	c->base = c->below ? kv_cursor_open(c->below, c->table) : NULL;
}

static enum err base_seek(struct overlay_cursor *c, struct span key)
{
	return base_moved(c, c->base ? kv_seek(c->base, key) : ERR_NOT_FOUND);
}

static enum err base_seek_before(struct overlay_cursor *c, struct span key)
{
	return base_moved(c, c->base ? kv_seek_before(c->base, key)
				     : ERR_NOT_FOUND);
}

/* Which of the two positions comes first in key order. */
static enum side first_side(const struct overlay_cursor *c)
{
	int order;

	if (!c->over)
		return c->base_stands ? SIDE_BASE : SIDE_NONE;
	if (!c->base_stands)
		return SIDE_OVER;
	order = span_cmp(omap_key(c->over), c->base->key);
	if (!order)
		return SIDE_BOTH;
	return order < 0 ? SIDE_OVER : SIDE_BASE;
}

static enum err step(struct overlay_cursor *c)
{
	if (c->side & SIDE_OVER)
		c->over = omap_next(c->overlay->table[c->table], c->over);
	if (c->side & SIDE_BASE)
		return base_moved(c, kv_next(c->base));
	return ERR_OK;
}

/* Go on from the two positions to the first key that is not deleted. */
static enum err settle(struct overlay_cursor *c)
{
	enum err e;

	for (;;) {
		c->side = first_side(c);
		if (c->side == SIDE_NONE)
			return stand_nowhere(c, ERR_NOT_FOUND);
		if (c->side == SIDE_BASE) {
			c->cursor.key = c->base->key;
			c->cursor.value = c->base->value;
			return ERR_OK;
		}
		if (!is_tombstone(c->over)) {
			c->cursor.key = omap_key(c->over);
			c->cursor.value = value_of(c->over);
			return ERR_OK;
		}
		e = step(c);
		if (e)
			return stand_nowhere(c, e);
	}
}

static enum err overlay_seek(struct kv_cursor *kc, struct span key)
{
	struct overlay_cursor *c = (struct overlay_cursor *)kc;
	enum err e;

	base_refresh(c);
	e = base_seek(c, key);
	if (e)
		return stand_nowhere(c, e);
	c->over = omap_lower(c->overlay->table[c->table], key);
	return settle(c);
}

static enum err overlay_next(struct kv_cursor *kc)
{
	struct overlay_cursor *c = (struct overlay_cursor *)kc;
	enum err e;

	if (c->side == SIDE_NONE)
		return ERR_NOT_FOUND;
	e = step(c);
	if (e)
		return stand_nowhere(c, e);
	return settle(c);
}

/*
 * Find the last key before that is not deleted, going back over tombstones,
 * then seek it: so that both sides stand at or after it.
 */
static enum err overlay_seek_before(struct kv_cursor *kc, struct span key)
{
	struct overlay_cursor *c = (struct overlay_cursor *)kc;
	const struct omap *map = c->overlay->table[c->table];
	struct omap_node *over = omap_before(map, key);
	struct span found;
	enum err e;
	int order;

	base_refresh(c);
	e = base_seek_before(c, key);
	if (e)
		return stand_nowhere(c, e);
	for (; over; over = omap_prev(map, over)) {
		order = c->base_stands ? span_cmp(omap_key(over), c->base->key)
				       : 1;
		if (order < 0 || !is_tombstone(over))
			break;
		if (order)
			continue;
		e = base_seek_before(c, omap_key(over));
		if (e)
			return stand_nowhere(c, e);
	}
	if (over &&
	    (!c->base_stands || span_cmp(omap_key(over), c->base->key) >= 0))
		found = omap_key(over);
	else if (c->base_stands)
		found = c->base->key;
	else
		return stand_nowhere(c, ERR_NOT_FOUND);
	return overlay_seek(kc, found);
}

static void overlay_close(struct kv_cursor *kc)
{
	struct overlay_cursor *c = (struct overlay_cursor *)kc;

	kv_cursor_close(c->base);
	free(c);
}

static struct kv_cursor *overlay_open(struct kv_view *v, enum kv_table t)
{
	static const struct kv_cursor_ops ops = {
		.seek = overlay_seek,
		.seek_before = overlay_seek_before,
		.next = overlay_next,
		.close = overlay_close,
	};
	struct overlay_cursor *c = xcalloc(1, sizeof(*c));

	c->cursor.ops = &ops;
	c->overlay = (struct kv_overlay *)v;
	c->table = t;
	return &c->cursor;
}

/* --- making and writing ------------------------------------------------ */

struct kv_overlay *kv_overlay_new(void)
{
	static const struct kv_view_ops ops = {
		.get = overlay_get,
		.open = overlay_open,
	};
	struct kv_overlay *o = xcalloc(1, sizeof(*o));
	int t;

	o->view.ops = &ops;
	for (t = 0; t < KV_TABLE_COUNT; t++)
		o->table[t] = omap_new();
	return o;
}

void kv_overlay_free(struct kv_overlay *o)
{
	int t;

	if (!o)
		return;
	for (t = 0; t < KV_TABLE_COUNT; t++)
		omap_free(o->table[t]);
	free(o);
}

void kv_overlay_set_base(struct kv_overlay *o, struct kv_view *base)
{
	o->base = base;
}

struct kv_view *kv_overlay_view(struct kv_overlay *o)
{
	return &o->view;
}

static void set(struct kv_overlay *o, uint64_t seq, bool del, enum kv_table t,
		struct span key, struct span value)
{
	size_t before = omap_count(o->table[t]);
	uint8_t head[HEAD_LEN];

	if (!key.len || key.len > KV_KEY_MAX)
		BUG("length of a key");
	put_be64(head, seq);
	head[8] = del;
	omap_put_parts(o->table[t], key, SPAN_OF(head), value);
	o->count += omap_count(o->table[t]) - before;
}

void kv_overlay_put(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		    struct span key, struct span value)
{
	set(o, seq, false, t, key, value);
}

void kv_overlay_del(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		    struct span key)
{
	set(o, seq, true, t, key, SPAN(NULL, 0));
}

void kv_overlay_reseq(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		      struct span key)
{
	struct omap_node *n = omap_find(o->table[t], key);

	if (n)
		put_be64(omap_bytes(n), seq);
}

void kv_overlay_drop(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		     struct span key)
{
	struct omap_node *n = omap_find(o->table[t], key);

	if (n && seq_of(n) == seq && omap_del(o->table[t], key))
		o->count--;
}

void kv_overlay_drop_batch(struct kv_overlay *o, uint64_t seq,
			   const struct kv_batch *b)
{
	struct kv_op op;
	size_t at = 0;

	while (kv_batch_next(b, &at, &op))
		kv_overlay_drop(o, seq, op.table, op.key);
}

void kv_overlay_merge(struct kv_overlay *o, uint64_t seq,
		      const struct kv_overlay *from)
{
	struct omap_node *n;
	int t;

	for (t = 0; t < KV_TABLE_COUNT; t++)
		for (n = omap_lower(from->table[t], SPAN(NULL, 0)); n;
		     n = omap_next(from->table[t], n))
			set(o, seq, is_tombstone(n), (enum kv_table)t,
			    omap_key(n), value_of(n));
}

size_t kv_overlay_count(const struct kv_overlay *o)
{
	return o->count;
}

bool kv_overlay_find(const struct kv_overlay *o, struct kv_op *op,
		     uint64_t *seq, enum kv_table t, struct span from)
{
	struct omap_node *n = omap_lower(o->table[t], from);

	if (!n)
		return false;
	op->table = t;
	op->del = is_tombstone(n);
	op->key = omap_key(n);
	op->value = value_of(n);
	*seq = seq_of(n);
	return true;
}

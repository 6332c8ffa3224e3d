/* SPDX-License-Identifier: MIT */
/*
 * The tables in memory: what the simulator and the tests run on, and the
 * model that the store on disk is compared with. Nothing here fails.
 */
#include <stdlib.h>

#include "base/omap.h"
#include "kv/kv.h"

struct kv_mem {
	struct kv_view view;
	struct omap *table[KV_TABLE_COUNT];
};

struct mem_cursor {
	struct kv_cursor cursor;
	const struct omap *map;
	struct omap_node *at;
};

static enum err stand(struct mem_cursor *c, struct omap_node *n)
{
	c->at = n;
	c->cursor.key = n ? omap_key(n) : SPAN(NULL, 0);
	c->cursor.value = n ? omap_value(n) : SPAN(NULL, 0);
	return n ? ERR_OK : ERR_NOT_FOUND;
}

static enum err mem_seek(struct kv_cursor *kc, struct span key)
{
	struct mem_cursor *c = (struct mem_cursor *)kc;

	return stand(c, omap_lower(c->map, key));
}

static enum err mem_seek_before(struct kv_cursor *kc, struct span key)
{
	struct mem_cursor *c = (struct mem_cursor *)kc;

	return stand(c, omap_before(c->map, key));
}

static enum err mem_next(struct kv_cursor *kc)
{
	struct mem_cursor *c = (struct mem_cursor *)kc;

	return stand(c, c->at ? omap_next(c->map, c->at) : NULL);
}

static void mem_close(struct kv_cursor *kc)
{
	free(kc);
}

static struct kv_cursor *mem_open(struct kv_view *v, enum kv_table t)
{
	static const struct kv_cursor_ops ops = {
		.seek = mem_seek,
		.seek_before = mem_seek_before,
		.next = mem_next,
		.close = mem_close,
	};
	struct mem_cursor *c = xcalloc(1, sizeof(*c));

	c->cursor.ops = &ops;
	c->map = ((struct kv_mem *)v)->table[t];
	return &c->cursor;
}

static enum err mem_get(struct kv_view *v, struct span *value, enum kv_table t,
			struct span key)
{
	struct omap_node *n = omap_find(((struct kv_mem *)v)->table[t], key);

	if (!n)
		return ERR_NOT_FOUND;
	*value = omap_value(n);
	return ERR_OK;
}

struct kv_mem *kv_mem_new(void)
{
	static const struct kv_view_ops ops = {
		.get = mem_get,
		.open = mem_open,
	};
	struct kv_mem *m = xcalloc(1, sizeof(*m));
	int t;

	m->view.ops = &ops;
	for (t = 0; t < KV_TABLE_COUNT; t++)
		m->table[t] = omap_new();
	return m;
}

void kv_mem_free(struct kv_mem *m)
{
	int t;

	if (!m)
		return;
	for (t = 0; t < KV_TABLE_COUNT; t++)
		omap_free(m->table[t]);
	free(m);
}

void kv_mem_apply(struct kv_mem *m, const struct kv_batch *b)
{
	struct kv_op op;
	size_t at = 0;

	while (kv_batch_next(b, &at, &op)) {
		if (op.del)
			omap_del(m->table[op.table], op.key);
		else
			omap_put(m->table[op.table], op.key, op.value);
	}
}

struct kv_view *kv_mem_view(struct kv_mem *m)
{
	return &m->view;
}

/* SPDX-License-Identifier: MIT */
/*
 * What all implementations of the tables share: their names, dispatch, and
 * batches. A batch is bytes: per write one byte of table and deletion, one
 * of key length, four of value length, the key, the value.
 */
#include "kv/kv.h"

#include <string.h>

#define OP_DEL 0x80
#define OP_HEAD 6

const char *kv_table_name(enum kv_table t)
{
	static const char *const names[] = {
#define KV_NAME(id, name) [id] = name,
		KV_TABLES(KV_NAME)
#undef KV_NAME
	};

	return (unsigned)t < KV_TABLE_COUNT ? names[t] : "unknown";
}

enum err kv_get(struct kv_view *v, struct span *value, enum kv_table t,
		struct span key)
{
	return v->ops->get(v, value, t, key);
}

struct kv_cursor *kv_cursor_open(struct kv_view *v, enum kv_table t)
{
	return v->ops->open(v, t);
}

enum err kv_seek(struct kv_cursor *c, struct span key)
{
	return c->ops->seek(c, key);
}

enum err kv_seek_before(struct kv_cursor *c, struct span key)
{
	return c->ops->seek_before(c, key);
}

enum err kv_next(struct kv_cursor *c)
{
	return c->ops->next(c);
}

void kv_cursor_close(struct kv_cursor *c)
{
	if (c)
		c->ops->close(c);
}

static void append_op(struct kv_batch *b, enum kv_table t, uint8_t del,
		      struct span key, struct span value)
{
	uint8_t head[OP_HEAD];

	if (!key.len || key.len > KV_KEY_MAX)
		BUG("length of a key");
	if (value.len > UINT32_MAX)
		BUG("length of a value");
	head[0] = (uint8_t)t | del;
	head[1] = (uint8_t)key.len;
	put_be32(head + 2, (uint32_t)value.len);
	buf_reserve(&b->ops, OP_HEAD + key.len + value.len);
	buf_append(&b->ops, head, OP_HEAD);
	buf_append_span(&b->ops, key);
	buf_append_span(&b->ops, value);
	b->count++;
}

void kv_batch_put(struct kv_batch *b, enum kv_table t, struct span key,
		  struct span value)
{
	append_op(b, t, 0, key, value);
}

void kv_batch_del(struct kv_batch *b, enum kv_table t, struct span key)
{
	append_op(b, t, OP_DEL, key, SPAN(NULL, 0));
}

void kv_batch_release(struct kv_batch *b)
{
	buf_release(&b->ops);
	b->count = 0;
}

bool kv_batch_next(const struct kv_batch *b, size_t *at, struct kv_op *op)
{
	const uint8_t *p;

	if (*at == b->ops.len)
		return false;
	p = b->ops.data + *at;
	op->table = (enum kv_table)(p[0] & ~OP_DEL);
	op->del = p[0] & OP_DEL;
	op->key = SPAN(p + OP_HEAD, p[1]);
	op->value = SPAN(p + OP_HEAD + p[1], get_be32(p + 2));
	*at += OP_HEAD + op->key.len + op->value.len;
	return true;
}

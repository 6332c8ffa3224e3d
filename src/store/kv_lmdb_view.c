/* SPDX-License-Identifier: MIT */
/*
 * Views of the LMDB store: each a read transaction that is renewed, and
 * cursors over it. A cursor outlives the renewal of its view and is bound
 * again when it is sought.
 */
#include <config.h>

#include <stdlib.h>

#include "store/kv_lmdb_internal.h"

struct lmdb_cursor {
	struct kv_cursor cursor;
	struct lmdb_view *view;
	MDB_cursor *at;
	int open_rc; /* an open cannot fail; the first seek tells */
	uint64_t renewals;
	bool stands;
};

static enum err view_err(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return ERR_OK;
	case MDB_NOTFOUND:
		return ERR_NOT_FOUND;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return ERR_CORRUPT;
	default:
		return ERR_IO;
	}
}

static enum err lmdb_get(struct kv_view *kv, struct span *value,
			 enum kv_table t, struct span key)
{
	struct lmdb_view *v = (struct lmdb_view *)kv;
	MDB_val k = {key.len, (void *)key.data}, found;
	int rc;

	/* LMDB has no empty key, and takes its absence for an error. */
	if (!key.len || key.len > KV_KEY_MAX)
		return ERR_NOT_FOUND;
	rc = mdb_get(v->txn, v->store->dbi[t], &k, &found);
	if (rc)
		return view_err(rc);
	*value = SPAN(found.mv_data, found.mv_size);
	return ERR_OK;
}

static enum err stand(struct lmdb_cursor *c, int rc, const MDB_val *key,
		      const MDB_val *value)
{
	c->stands = !rc;
	c->cursor.key = rc ? SPAN(NULL, 0) : SPAN(key->mv_data, key->mv_size);
	c->cursor.value =
		rc ? SPAN(NULL, 0) : SPAN(value->mv_data, value->mv_size);
	return view_err(rc);
}

/* Bind the cursor to its view's present transaction. */
static int rebind(struct lmdb_cursor *c)
{
	int rc;

	if (c->open_rc || c->renewals == c->view->renewals)
		return c->open_rc;
	rc = mdb_cursor_renew(c->view->txn, c->at);
	if (!rc)
		c->renewals = c->view->renewals;
	return rc;
}

static int move_to(struct lmdb_cursor *c, struct span at, MDB_val *key,
		   MDB_val *value)
{
	if (!at.len)
		return mdb_cursor_get(c->at, key, value, MDB_FIRST);
	if (at.len > KV_KEY_MAX)
		BUG("length of a key");
	*key = (MDB_val){at.len, (void *)at.data};
	return mdb_cursor_get(c->at, key, value, MDB_SET_RANGE);
}

static enum err lmdb_seek(struct kv_cursor *kc, struct span at)
{
	struct lmdb_cursor *c = (struct lmdb_cursor *)kc;
	MDB_val key, value;
	int rc = rebind(c);

	if (!rc)
		rc = move_to(c, at, &key, &value);
	return stand(c, rc, &key, &value);
}

static enum err lmdb_seek_before(struct kv_cursor *kc, struct span at)
{
	struct lmdb_cursor *c = (struct lmdb_cursor *)kc;
	MDB_val key, value;
	int rc = rebind(c);

	if (!rc)
		rc = at.data ? move_to(c, at, &key, &value) : MDB_NOTFOUND;
	if (!rc)
		rc = mdb_cursor_get(c->at, &key, &value, MDB_PREV);
	else if (rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(c->at, &key, &value, MDB_LAST);
	return stand(c, rc, &key, &value);
}

static enum err lmdb_next(struct kv_cursor *kc)
{
	struct lmdb_cursor *c = (struct lmdb_cursor *)kc;
	MDB_val key, value;

	if (!c->stands)
		return ERR_NOT_FOUND;
	if (c->renewals != c->view->renewals)
		BUG("a cursor is used after its view was renewed");
	return stand(c, mdb_cursor_get(c->at, &key, &value, MDB_NEXT), &key,
		     &value);
}

static void lmdb_close(struct kv_cursor *kc)
{
	struct lmdb_cursor *c = (struct lmdb_cursor *)kc;

	if (!c->open_rc)
		mdb_cursor_close(c->at);
	free(c);
}

static struct kv_cursor *lmdb_open(struct kv_view *kv, enum kv_table t)
{
	static const struct kv_cursor_ops ops = {
		.seek = lmdb_seek,
		.seek_before = lmdb_seek_before,
		.next = lmdb_next,
		.close = lmdb_close,
	};
	struct lmdb_view *v = (struct lmdb_view *)kv;
	struct lmdb_cursor *c = xcalloc(1, sizeof(*c));

	c->cursor.ops = &ops;
	c->view = v;
	c->renewals = v->renewals;
	c->open_rc = mdb_cursor_open(v->txn, v->store->dbi[t], &c->at);
	return &c->cursor;
}

enum err lmdb_view_open(struct lmdb_view **out, struct store *s,
			struct fault *f)
{
	static const struct kv_view_ops ops = {
		.get = lmdb_get,
		.open = lmdb_open,
	};
	struct lmdb_view *v;
	MDB_txn *txn;
	int rc;

	*out = NULL;
	rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return lmdb_fault(s, f, "read", rc);
	v = xcalloc(1, sizeof(*v));
	v->view.ops = &ops;
	v->store = s;
	v->txn = txn;
	*out = v;
	return ERR_OK;
}

void lmdb_view_close(struct lmdb_view *v)
{
	if (!v)
		return;
	mdb_txn_abort(v->txn);
	free(v);
}

struct kv_view *store_view(struct store *s)
{
	return &s->main_view->view;
}

enum err store_view_renew(struct store *s, struct fault *f)
{
	struct lmdb_view *v = s->main_view;
	int rc;

	mdb_txn_reset(v->txn);
	v->renewals++;
	rc = mdb_txn_renew(v->txn);
	return rc ? lmdb_fault(s, f, "read", rc) : ERR_OK;
}

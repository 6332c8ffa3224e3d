/* SPDX-License-Identifier: MIT */
/*
 * Ordered tables of bytes: a view reads, a batch writes. The core knows only
 * these; kv_mem (here) and kv_lmdb (store/) are the two implementations, and
 * kv_overlay lays pending writes over either.
 */
#ifndef KV_KV_H
#define KV_KV_H

#include "base/bytes.h"
#include "base/err.h"

/* X(enumerator, name on disk). Keys are of 1 to KV_KEY_MAX bytes. */
#define KV_TABLES(X)                                                           \
	X(KV_META, "meta")                                                     \
	X(KV_BLOCKS, "blocks")	     /* height -> block */                     \
	X(KV_DELTAS, "deltas")	     /* height -> delta */                     \
	X(KV_HEIGHTS, "heights")     /* block hash -> height */                \
	X(KV_ACCOUNTS, "accounts")   /* SHA-256(address) -> record */          \
	X(KV_ADDRESSES, "addresses") /* address -> empty */                    \
	X(KV_HISTORY, "history")     /* address, height -> see tables.h */     \
	X(KV_TXIDS, "txids")	     /* id -> height, index */                 \
	X(KV_KEYS, "keys")	     /* address -> public key */               \
	X(KV_STATES, "states")	     /* height -> the engine's state after */  \
	X(KV_RANGES, "ranges")	     /* height / 64 * 64 -> mountain range */  \
	X(KV_ORPHANS, "orphans")     /* number -> block taken back, delta */   \
	X(KV_EVIDENCE, "evidence")   /* see tables.h */

enum kv_table {
#define KV_ENUM(id, name) id,
	KV_TABLES(KV_ENUM)
#undef KV_ENUM
		KV_TABLE_COUNT
};

#define KV_KEY_MAX 64

const char *kv_table_name(enum kv_table t);

/*
 * A read-only look at all tables at one moment. Spans that it gives die when
 * the view is renewed or closed, or, over an overlay, when that is written.
 * A failure of the environment (a damaged page, an I/O error) is ERR_IO or
 * ERR_CORRUPT and must reach the daemon.
 */
struct kv_view;

/* Every operation is mandatory. */
struct kv_view_ops {
	enum err (*get)(struct kv_view *v, struct span *value, enum kv_table t,
			struct span key);
	/* A cursor for this view; freed with close. */
	struct kv_cursor *(*open)(struct kv_view *v, enum kv_table t);
};

struct kv_view {
	const struct kv_view_ops *ops;
};

/* ERR_NOT_FOUND when there is no such key. */
MUST_USE enum err kv_get(struct kv_view *v, struct span *value, enum kv_table t,
			 struct span key);

/*
 * A walk over one table in key order. Implementations embed this first.
 * After the view or an overlay below changed, the cursor must be sought
 * again. After a call that gave no ERR_OK it stands nowhere: key and value
 * are empty, and kv_next() gives ERR_NOT_FOUND until it is sought. Close it
 * before its view is closed.
 */
struct kv_cursor;
struct kv_cursor_ops {
	/* Stand at the first key >= key (key.len 0: at the first key);
	 * ERR_NOT_FOUND when there is none. */
	enum err (*seek)(struct kv_cursor *c, struct span key);
	/* Stand at the last key < key (key.data NULL: at the last key). */
	enum err (*seek_before)(struct kv_cursor *c, struct span key);
	enum err (*next)(struct kv_cursor *c);
	void (*close)(struct kv_cursor *c);
};

struct kv_cursor {
	const struct kv_cursor_ops *ops;
	struct span key; /* valid after a call that gave ERR_OK */
	struct span value;
};

struct kv_cursor *kv_cursor_open(struct kv_view *v, enum kv_table t);
MUST_USE enum err kv_seek(struct kv_cursor *c, struct span key);
MUST_USE enum err kv_seek_before(struct kv_cursor *c, struct span key);
MUST_USE enum err kv_next(struct kv_cursor *c);
void kv_cursor_close(struct kv_cursor *c); /* NULL is fine */

/*
 * Writes to be made together, in order. {0} is an empty batch; immutable
 * once it is handed over.
 */
struct kv_batch {
	struct buf ops;
	size_t count;
};

void kv_batch_put(struct kv_batch *b, enum kv_table t, struct span key,
		  struct span value);
void kv_batch_del(struct kv_batch *b, enum kv_table t, struct span key);
void kv_batch_release(struct kv_batch *b);

/* One write of a batch; a deletion has del set and an empty value. */
struct kv_op {
	enum kv_table table;
	bool del;
	struct span key;
	struct span value;
};

/* Walk a batch: start with *at = 0; false at the end. */
bool kv_batch_next(const struct kv_batch *b, size_t *at, struct kv_op *op);

/* --- kv_mem: the tables in memory, for the simulator and for tests ----- */

struct kv_mem;
MUST_USE struct kv_mem *kv_mem_new(void);
void kv_mem_free(struct kv_mem *m);
void kv_mem_apply(struct kv_mem *m, const struct kv_batch *b);
/* The view of the present content; borrowed, always current. */
struct kv_view *kv_mem_view(struct kv_mem *m);

/* --- kv_overlay: pending writes over a view --------------------------- */

/*
 * Reads see the overlay's writes first, then the base. Every entry carries
 * the sequence number of the write that made it; kv_overlay_drop() forgets
 * what is in the base by then.
 */
struct kv_overlay;
MUST_USE struct kv_overlay *kv_overlay_new(void);
void kv_overlay_free(struct kv_overlay *o);
/* Set the base for the reads to come; borrowed until the next call. */
void kv_overlay_set_base(struct kv_overlay *o, struct kv_view *base);
struct kv_view *kv_overlay_view(struct kv_overlay *o);
void kv_overlay_put(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		    struct span key, struct span value);
void kv_overlay_del(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		    struct span key);
/* Give an entry that is there another sequence number, keeping its value. */
void kv_overlay_reseq(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		      struct span key);
/*
 * Forget the entry when its sequence number is still seq: a later write to
 * the same key keeps its own.
 */
void kv_overlay_drop(struct kv_overlay *o, uint64_t seq, enum kv_table t,
		     struct span key);
/* Drop, as above, what this batch wrote. */
void kv_overlay_drop_batch(struct kv_overlay *o, uint64_t seq,
			   const struct kv_batch *b);
/* Lay all entries of another overlay, deletions included, over these. */
void kv_overlay_merge(struct kv_overlay *o, uint64_t seq,
		      const struct kv_overlay *from);
size_t kv_overlay_count(const struct kv_overlay *o);
/*
 * The first entry of a table with key >= from (from.data NULL: the first of
 * all) in key order: its op and sequence number; false when there is none.
 */
bool kv_overlay_find(const struct kv_overlay *o, struct kv_op *op,
		     uint64_t *seq, enum kv_table t, struct span from);

#endif

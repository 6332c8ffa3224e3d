/* SPDX-License-Identifier: MIT */
/*
 * Blocks and transactions as clients see them (INTERFACE: "A block", "A
 * transaction"). A block is written in slices: one of a thousand
 * transactions, or with the state of a million accounts, must not hold up
 * the loop.
 */
#ifndef HTTP_BLOCK_JSON_H
#define HTTP_BLOCK_JSON_H

#include "http/call.h"

/* Where a transaction is, once it is in a block. */
struct tx_place {
	uint64_t height;
	const struct hash *hash;
	uint64_t confirmations;
};

/*
 * Append a decoded, hashed transaction. place NULL: not in a block. The
 * sender's key is looked up when the transaction does not carry it. Errors
 * are the environment's.
 */
MUST_USE enum err out_tx(struct buf *out, struct api *api, const struct tx *tx,
			 const struct tx_place *place);
/* Decode transaction number `index` of a block, and append it. */
MUST_USE enum err out_block_tx(struct buf *out, struct api *api,
			       const struct block_info *info, size_t index);
/* The members of a block before its body, without the brace that ends the
 * object: {"number":...,"data":"..." */
void out_block_head(struct buf *out, const struct api *api,
		    const struct block_info *info);
/* How firmly it stands: ,"confirmations":...,"final":... */
void out_block_standing(struct buf *out, const struct block_info *info);
/* A certificate (codec/vote.h), an object. set: whose it is; NULL: not known,
 * and members are numbers alone. */
void out_certificate(struct buf *out, struct span certificate,
		     const struct validators *set);

#define NO_SUCH_BLOCK "there is no such block"
/* Of what never changes any more: a settled block by its hash. */
#define CACHE_FOR_EVER "public, max-age=31536000, immutable"

/* How much one slice may hold: pieces of about 10 us each. */
#define SLICE_PIECES 200
#define SLICE_BYTES (128u << 10)

enum block_part { PART_HEAD, PART_BODY, PART_STATE, PART_DONE };

/* {0} is closed. */
struct block_writer {
	bool open;
	bool all; /* ?state=all */
	struct block_info info;
	enum block_part part;
	size_t next; /* transaction */
	struct changes_cursor changes;
	bool any; /* an account was written */
	bool has_after;
	struct address after;
};

/* Open a block. Errors of query_block(). */
MUST_USE enum err block_writer_open(struct block_writer *w, struct api *api,
				    uint64_t height, bool all);
/*
 * Append more of it, at most *pieces, which is counted down; w->part is
 * PART_DONE when the object is whole. Errors are the environment's.
 */
MUST_USE enum err block_writer_step(struct block_writer *w, struct api *api,
				    struct buf *out, size_t *pieces);
void block_writer_close(struct block_writer *w);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Keys and values of the chain's tables. The log (blocks, deltas) and the
 * index heights are written with each block; the others are derived from it.
 *
 *   meta      rules, genesis, watermark, mountain_range, signed, settled,
 *             governance, votes
 *   blocks    height -> block               deltas  height -> delta
 *   heights   block hash -> height
 *   accounts  account_key(address) -> account record
 *   addresses address -> nothing
 *   history   address, height -> [balance, nonce, [index of transaction, ..]]
 *   txids     id -> height, index
 *   keys      address -> public key
 *   states    height -> the engine's state after it, where it is not that of
 *             the block before; none for genesis
 *   ranges    height, a multiple of 64 -> mountain range, its own included
 *   orphans   number -> [block, delta]: taken back, flushed perhaps; a
 *             higher block has a lower number, and so has an earlier move
 *   evidence  SHA-256 -> [found, [header, seal, header, seal]], or with bft
 *             [found, double vote]
 *
 * Heights are 8 bytes and indexes 4, big-endian, so that order is numeric.
 */
#ifndef CHAIN_TABLES_H
#define CHAIN_TABLES_H

#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "kv/kv.h"

#define META_RULES "rules"	     /* canonical rules */
#define META_GENESIS "genesis"	     /* genesis hash: the chain is whole */
#define META_WATERMARK "watermark"   /* height: derived tables reach it */
#define META_RANGE "mountain_range"  /* over all headers to the tip */
#define META_SIGNED "signed"	     /* the last header signed here */
#define META_VOTES "votes"	     /* how far the vote journal had come */
#define META_SETTLED "settled"	     /* height, when a move took blocks back */
#define META_GOVERNANCE "governance" /* at the tip; none: as at genesis */
#define META_UNFINISHED "unfinished" /* a genesis is being written */

#define HEIGHT_KEY_LEN 8
#define HISTORY_KEY_LEN (ADDRESS_LEN + 8)
#define TXID_VALUE_LEN 12
#define SIGNED_VALUE_LEN 16
/* The table ranges has a row at each multiple of this height. */
#define RANGE_EVERY 64

/* The engine's state after the block at this height: the highest row at or
 * below. ERR_NOT_FOUND: there is none. */
MUST_USE enum err state_get(struct kv_view *v, struct span *state,
			    uint64_t height);
/* Write it, unless it is what stands below: `below`, NULL when nothing does. */
void state_put(struct kv_batch *out, uint64_t height, struct span state,
	       const struct span *below);

struct span meta_key(const char *name);
struct span height_key(uint8_t out[HEIGHT_KEY_LEN], uint64_t height);
struct span history_key(uint8_t out[HISTORY_KEY_LEN],
			const struct address *address, uint64_t height);
struct span txid_value(uint8_t out[TXID_VALUE_LEN], uint64_t height,
		       uint32_t index);
MUST_USE enum err txid_decode(uint64_t *height, uint32_t *index,
			      struct span value);
MUST_USE enum err height_decode(uint64_t *height, struct span value);
/* Of the last header that was signed here: its time in ms, and the rank of the
 * chain with it (consensus/engine.h). */
struct span signed_value(uint8_t out[SIGNED_VALUE_LEN], uint64_t time,
			 uint64_t rank);
MUST_USE enum err signed_decode(uint64_t *time, uint64_t *rank,
				struct span value);

/* The vote journal, as it was when a block was stored (CONSENSUS: bft, rule
 * 17): its id, and the number of its last durable record. */
#define VOTES_ID_LEN 16
#define VOTES_VALUE_LEN (VOTES_ID_LEN + 8)
struct votes_known {
	bool is_there;
	uint8_t id[VOTES_ID_LEN];
	uint64_t number;
};
struct span votes_value(uint8_t out[VOTES_VALUE_LEN],
			const uint8_t id[VOTES_ID_LEN], uint64_t number);
MUST_USE enum err votes_known_decode(struct votes_known *out,
				     struct span value);

/* One entry of history: the account after that block, and the indexes of the
 * block's transactions from or to it, ascending. */
struct history_entry {
	uint64_t balance;
	uint64_t nonce;
	size_t count;
	struct span indexes; /* what history_next_index() walks */
};

void history_encode(struct buf *out, uint64_t balance, uint64_t nonce,
		    const uint32_t *indexes, size_t count);
MUST_USE enum err history_decode(struct history_entry *out, struct span value);
/* The newest entry of the address below that height, by a cursor of
 * KV_HISTORY. ERR_NOT_FOUND: not seen by then. */
MUST_USE enum err history_seek(struct kv_cursor *c, struct history_entry *out,
			       uint64_t *height, const struct address *address,
			       uint64_t below);
/* Give the indexes one after the other; false at the end. */
bool history_next_index(struct history_entry *e, uint32_t *index);

/* The mountain range over all header hashes: [count, peak, ...]. */
void range_encode(struct buf *out, const struct mmr *m);
MUST_USE enum err range_decode(struct mmr *out, struct span value);

/* A block that was taken back: the bytes of its rows in blocks and deltas.
 * The numbers of orphans are in the order in which they must be taken back
 * again. */
void orphan_encode(struct buf *out, struct span block, struct span delta);
MUST_USE enum err orphan_decode(struct span *block, struct span *delta,
				struct span value);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The genesis file: from JSON to the rules of a chain. A pure function of
 * the file (DESIGN: "Genesis"); defaults are written out, and what comes out
 * has one canonical encoding, whose digest the genesis header carries.
 */
#ifndef LEDGER_GENESIS_H
#define LEDGER_GENESIS_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "ledger/validators.h"

#define GENESIS_FILE_MAX (64u << 20)
#define NETWORK_ID_MAX 64
#define MINERS_MAX 1000
#define PLACEHOLDER_TEXT_MAX 256
#define MAX_BOUND_MAX 100000
#define DIFFICULTY_MAX 16

enum placeholder_kind { PLACEHOLDER_NONE, PLACEHOLDER_RND, PLACEHOLDER_PREDEF };

/* What stands in for data that nobody gave: ["rnd", N], ["predef", TEXT]. */
struct placeholder {
	enum placeholder_kind kind;
	uint64_t length;		     /* of rnd, 1..256 */
	char text[PLACEHOLDER_TEXT_MAX + 1]; /* of predef, UTF-8 */
};

/*
 * Append what the placeholder stands for: nothing, its text, or `length`
 * characters made from as many of the caller's random bytes.
 */
void placeholder_write(struct buf *out, const struct placeholder *p,
		       const uint8_t random[PLACEHOLDER_TEXT_MAX]);

enum engine_kind { ENGINE_POA, ENGINE_BFT };

#define BFT_SLOT_MS 1000      /* slot_ms with bft, where no file says it */
#define BFT_TX_BYTES_MIN 2048 /* evidence must fit */

struct alloc {
	struct address address;
	uint64_t balance;
};

/* Amounts in units, times in ms. Owns its arrays: rules_release(). */
struct rules {
	char network_id[NETWORK_ID_MAX + 1]; /* 1..64 bytes of UTF-8 */
	struct address *miners;		     /* in the file's order, distinct */
	size_t miner_count;		     /* 1..1000; with bft 0 */
	/* block_mining */
	uint64_t interval_ms; /* from `interval`, seconds, default 0 */
	uint64_t max_bound;   /* default 1000, 1..100000 */
	uint64_t min_bound;   /* default 1, 1..max_bound */
	uint64_t reward;      /* default 0 */
	uint64_t difficulty;  /* default 0, leading zero hex digits */
	bool allow_empty;     /* default false */
	struct placeholder block_placeholder;
	/* transaction */
	struct placeholder tx_placeholder;
	uint64_t max_peers; /* default 0: see rules_places() */
	/* genesis_block */
	bool has_coinbase;
	struct address coinbase;
	uint64_t coinbase_reward;    /* default 0 */
	uint64_t genesis_difficulty; /* default 0 */
	uint64_t genesis_time;	     /* ms, default 0 */
	struct alloc *alloc;	     /* sorted by address, distinct */
	size_t alloc_count;
	/* consensus */
	enum engine_kind engine;
	/* default 1000; 10 where interval is 0; with bft BFT_SLOT_MS, of no
	 * meaning for its blocks */
	uint64_t slot_ms;
	/* with bft; 0 and empty otherwise */
	struct validators validators; /* from the file's in any order */
	uint64_t timeout_ms;	      /* of round 0; default 2000, 10..1 h */
	uint64_t timeout_max_ms;      /* default 30000, timeout_ms..1 h */
	uint64_t max_drift_ms;	      /* from max_drift, seconds, default 15 */
	bool allow_few; /* default false: at least four validators */
	/* top level */
	uint64_t new_address_balance; /* default 0 */
	uint64_t confirmations;	      /* default 6 */
	uint64_t min_fee;	      /* default 0 */
	uint64_t max_tx_bytes;	      /* default 4096, 512..4096; bft: 2048.. */
	uint64_t max_block_bytes; /* default 2 MiB, max_tx_bytes+4096..2 MiB */
};

/*
 * Parse the text of a genesis file. The sum of alloc and coinbase_reward
 * must not pass 2^53 - 1. On an error *out is empty and the fault says which
 * field ("block_mining.interval", "alloc.<address>.balance"), which value
 * and what was expected.
 */
MUST_USE enum err genesis_parse(struct rules *out, struct span json,
				struct fault *f);
void rules_release(struct rules *r);
/* How many peers a node has at most: max_peers, or 256 when that is 0. */
uint64_t rules_places(const struct rules *r);
/*
 * Append the rules as the JSON of a genesis file, on one line, every default
 * written out. Left out are alloc, which may be too long for one go, and
 * placeholders that are none. With alloc added, parsing it gives r again.
 */
void genesis_print(struct buf *out, const struct rules *r);
/* Forget alloc, a third of a node's memory at a million accounts, once the
 * genesis block is made; the count stays. */
void rules_drop_alloc(struct rules *r);
/* Canonical msgpack of every rule; decode(encode(r)) is r. */
void rules_encode(struct buf *out, const struct rules *r);
/* ERR_CORRUPT when the bytes are not rules (they come from our store). */
MUST_USE enum err rules_decode(struct rules *out, struct span in);

/* A walk over the alloc in canonical bytes that were decoded once: start
 * with {0}. false at the end, or, with some left, when they are damaged. */
struct alloc_walk {
	bool begun;
	size_t left, at;
};
bool alloc_walk_next(struct alloc *out, struct alloc_walk *w, struct span raw);

#endif

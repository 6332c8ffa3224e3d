/* SPDX-License-Identifier: MIT */
/*
 * Blocks as bytes (DESIGN: "Block header"; doc/protocol.md has the layout).
 * Block: [header, seal, [transaction, ...]]. The block's hash is the digest
 * of the header: it leaves out the seal.
 */
#ifndef CODEC_BLOCK_H
#define CODEC_BLOCK_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

#define BLOCK_VERSION 1
#define BLOCK_BYTES_MAX (2u << 20) /* with the empty seal */
#define SEAL_BYTES_MAX 32768	   /* more than any seal has */
#define BLOCK_EXTRA_MAX 256

/* [version, height, parent, time, producer, txs root, results root, state
 * root, history root, engine fields, extra]. A plain value; spans borrow. */
struct header {
	uint64_t height;
	struct hash parent;
	uint64_t time;	   /* ms since 1970 */
	bool has_producer; /* else the producer is an empty bin: nobody */
	struct address producer;
	struct hash txs_root;	  /* Merkle root over SHA-256 of full bytes */
	struct span results_root; /* empty in version 1 */
	struct hash state_root;	  /* after the block */
	struct hash history_root; /* over all earlier header hashes */
	struct span engine; /* the engine's fields: one msgpack array, raw */
	struct span extra;
};

void header_encode(struct buf *out, const struct header *h);
MUST_USE enum err header_decode(struct header *out, struct span raw);
/* genesis is all zeros for the genesis header itself. */
void header_hash(struct hash *out, const struct hash *genesis,
		 struct span header_raw);

/* The seal: [public key, signature, nonce]; what an engine does not use is
 * empty or 0. Or a certificate (vote.h), which is told by its two elements:
 * then it alone is set. {0} is the empty seal. */
struct seal {
	struct span key;
	struct span signature;
	uint64_t nonce;
	struct span certificate; /* raw, canonical; empty: none */
};

void seal_encode(struct buf *out, const struct seal *s);
/* Spans borrow from raw. */
MUST_USE enum err seal_decode(struct seal *out, struct span raw);

struct block {
	struct header header;
	struct span header_raw;
	struct seal seal;
	/* Of its bytes when its seal is the empty one: what max_block_bytes
	 * bounds, since nodes may hold different seals of one block. */
	size_t size;
	struct span *txs; /* full bytes of each; owned array, borrowed bytes */
	size_t tx_count;
};

/* Append the block made of encoded parts. */
void block_encode(struct buf *out, struct span header_raw,
		  const struct seal *seal, const struct span *txs,
		  size_t tx_count);
/* Checks the form alone. Spans borrow from raw. block_release() frees. */
MUST_USE enum err block_decode(struct block *out, struct span raw);
void block_release(struct block *b);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What nodes say to each other (doc/protocol.md: "Messages"). A message is a
 * type of three letters and a body: one canonical msgpack array in fixed
 * order. Texts are bin of printable ASCII. Decoders refuse what does not
 * encode back to the same bytes and allocate only what their bounds allow;
 * spans borrow from the body.
 */
#ifndef CODEC_MESSAGE_H
#define CODEC_MESSAGE_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

#define PROTOCOL_VERSION 1

#define MESSAGE_TYPE_LEN 3
#define MESSAGE_BYTES_MAX (4u << 20) /* of any frame, its type included */

/* X(enumerator, letters, most bytes of the body) */
#define MESSAGE_TYPES(X)                                                       \
	X(MSG_HEY, "HEY", 1024)		  /* hello of the one who dialled */   \
	X(MSG_ACK, "ACK", 1024)		  /* hello of the one who answers */   \
	X(MSG_BYE, "BYE", 512)		  /* refused, or leaving: why */       \
	X(MSG_RBH, "RBH", 128)		  /* ping: my tip; what is yours? */   \
	X(MSG_BLH, "BLH", 128)		  /* pong: my tip */                   \
	X(MSG_RHD, "RHD", 2048)		  /* headers asked, by locator */      \
	X(MSG_AHD, "AHD", 1u << 20)	  /* headers with their seals */       \
	X(MSG_RBL, "RBL", 4096)		  /* blocks asked, by hash */          \
	X(MSG_ABL, "ABL", (4u << 20) - 3) /* blocks, and which are missing */  \
	X(MSG_BLK, "BLK", 64)	    /* a new block is here: height, hash */    \
	X(MSG_TXA, "TXA", 36864)    /* transactions are here: full hashes */   \
	X(MSG_TXQ, "TXQ", 36864)    /* transactions asked, by full hash */     \
	X(MSG_TXN, "TXN", 1u << 20) /* transactions */                         \
	X(MSG_RGK, "RGK", 16)	    /* a piece of the genesis rules asked */   \
	X(MSG_GLK, "GLK", (1u << 20) + 64) /* a piece of them */               \
	X(MSG_RAD, "RAD", 8)		   /* addresses asked */               \
	X(MSG_ADR, "ADR", 20480)	   /* addresses of nodes */            \
	X(MSG_EVD, "EVD", 65536) /* evidence of two headers in one slot */     \
	/* message_bft.h */                                                    \
	X(MSG_PRP, "PRP", (4u << 20) - 3)     /* a block proposed */           \
	X(MSG_VOT, "VOT", 24576)	      /* votes */                      \
	X(MSG_RCH, "RCH", 36864)	      /* a vote to change the round */ \
	X(MSG_RPB, "RPB", 64)		      /* a proposed block asked */     \
	X(MSG_APB, "APB", (2u << 20) + 65536) /* that block, or nothing */     \
	X(MSG_CRT, "CRT", 32768) /* what a height was decided by */            \
	X(MSG_LNK, "LNK", 2304)	 /* validators that the sender sees */         \
	X(MSG_EVV, "EVV", 16384) /* evidence of double votes */

enum message_type {
#define MESSAGE_ENUM(id, letters, max) id,
	MESSAGE_TYPES(MESSAGE_ENUM)
#undef MESSAGE_ENUM
		MESSAGE_TYPE_COUNT
};

const char *message_letters(enum message_type t);
size_t message_bytes_max(enum message_type t); /* of the body */
/* false: no such type. letters are MESSAGE_TYPE_LEN bytes. */
bool message_type_of(enum message_type *out, const uint8_t *letters);

#define MSG_HEADERS_MAX 512    /* in one AHD */
#define MSG_LOCATOR_MAX 32     /* hashes in one RHD */
#define MSG_BLOCKS_MAX 64      /* hashes in one RBL */
#define MSG_TX_HASHES_MAX 1024 /* in one TXA or TXQ */
#define MSG_TXS_MAX 1024       /* in one TXN */
#define MSG_ADDRESSES_MAX 64   /* in one ADR */
#define ADDRESS_TEXT_MAX 261   /* host:port */
#define MSG_EVIDENCE_MAX 16    /* in one EVD */
#define MSG_GENESIS_PIECE (1u << 20)
#define MSG_GENESIS_MAX (64u << 20) /* rules in all */
#define AGENT_MAX 64
#define BYE_CODE_MAX 32
#define BYE_TEXT_MAX 240

/* HEY and ACK: [version, genesis, upgrades, id, instance, listen, height,
 * tip, settled, clock, agent]. */
struct msg_hello {
	uint64_t version; /* of the protocol */
	struct hash genesis;
	struct hash upgrades; /* of the rule changes that the node knows */
	struct address id;
	uint64_t instance;  /* random, of this run: tells a node from itself */
	struct span listen; /* host:port, or empty */
	uint64_t height;
	struct hash tip;
	uint64_t settled; /* height */
	uint64_t clock;	  /* ms since 1970 */
	struct span agent;
};
void msg_hello_encode(struct buf *out, const struct msg_hello *m);
/* A hello of another version may hold more: then only version is set and
 * the result is ERR_UNSUPPORTED_VERSION. */
MUST_USE enum err msg_hello_decode(struct msg_hello *out, struct span body);

/* BYE: [code, text]. The code is a to z and _. Encode cuts the text to its
 * bound and writes ? for what is not printable ASCII. */
struct msg_bye {
	struct span code; /* "wrong_genesis", ... */
	struct span text;
};
void msg_bye_encode(struct buf *out, const struct msg_bye *m);
MUST_USE enum err msg_bye_decode(struct msg_bye *out, struct span body);

/* RBH and BLH: [height, tip, settled, clock, number]. */
struct msg_tip {
	uint64_t height;
	struct hash tip;
	uint64_t settled;
	uint64_t clock;
	uint64_t number; /* of the ping; the pong repeats it */
};
void msg_tip_encode(struct buf *out, const struct msg_tip *m);
MUST_USE enum err msg_tip_decode(struct msg_tip *out, struct span body);

/*
 * RHD: [[hash, ...], max]. The answer begins behind the first hash of the
 * locator that is on the answerer's main chain (genesis when none is), and
 * goes up its main chain.
 */
struct msg_ask_headers {
	struct hash locator[MSG_LOCATOR_MAX]; /* newest first */
	size_t count;			      /* 1.. */
	uint64_t max;			      /* 1..MSG_HEADERS_MAX */
};
void msg_ask_headers_encode(struct buf *out, const struct msg_ask_headers *m);
MUST_USE enum err msg_ask_headers_decode(struct msg_ask_headers *out,
					 struct span body);

/* AHD: [[header, seal], ...], ascending. Encode: mp_array(n), then each.
 * Decode: msg_list_begin(), then msg_header_next() until it says no. */
struct msg_list {
	const uint8_t *p, *end;
	size_t left;
};
void msg_header_encode(struct buf *out, struct span header_raw,
		       struct span seal_raw);
/* The head of a list of 0..max things, for AHD, TXN, TXA, TXQ, RBL, ADR, EVD,
 * EVV. Walks it once: what it gives later is well-formed msgpack. */
MUST_USE enum err msg_list_begin(struct msg_list *out, struct span body,
				 size_t max);
/* The next thing's bytes; false at the end. */
bool msg_list_next(struct msg_list *l, struct span *raw);
/* One of AHD. ERR_MALFORMED. */
MUST_USE enum err msg_header_decode(struct span *header_raw,
				    struct span *seal_raw, struct span raw);

/* TXA, TXQ, RBL: [hash, ...]. */
void msg_hashes_encode(struct buf *out, const struct hash *list, size_t count);
/* out has room for max. */
MUST_USE enum err msg_hashes_decode(struct hash *out, size_t *count, size_t max,
				    struct span body);

/* ABL: [[block, ...], [missing hash, ...]]: blocks in the order asked, as
 * many as fit; what is not here is named. */
struct msg_blocks {
	struct msg_list blocks; /* each a block's bytes: msg_list_next() */
	struct hash missing[MSG_BLOCKS_MAX];
	size_t missing_count;
};
void msg_blocks_encode(struct buf *out, const struct span *blocks,
		       size_t block_count, const struct hash *missing,
		       size_t missing_count);
MUST_USE enum err msg_blocks_decode(struct msg_blocks *out, struct span body);

/* BLK: [height, hash]. */
struct msg_block_here {
	uint64_t height;
	struct hash hash;
};
void msg_block_here_encode(struct buf *out, const struct msg_block_here *m);
MUST_USE enum err msg_block_here_decode(struct msg_block_here *out,
					struct span body);

/* RGK: [offset]. GLK: [total, offset, nonce, bytes]: a piece of the canonical
 * rules and the nonce of the seal: all that the genesis block is made from.
 * A piece is MSG_GENESIS_PIECE bytes, or what is left; never empty. */
struct msg_genesis {
	uint64_t total;
	uint64_t offset;
	uint64_t nonce; /* of the genesis block's seal */
	struct span piece;
};
void msg_ask_genesis_encode(struct buf *out, uint64_t offset);
MUST_USE enum err msg_ask_genesis_decode(uint64_t *offset, struct span body);
void msg_genesis_encode(struct buf *out, const struct msg_genesis *m);
MUST_USE enum err msg_genesis_decode(struct msg_genesis *out, struct span body);

/* RAD: []. ADR: [host:port, ...]. */
void msg_ask_addresses_encode(struct buf *out);
MUST_USE enum err msg_ask_addresses_decode(struct span body);
/* One of ADR, borrowed from raw. */
MUST_USE enum err msg_address_decode(struct span *text, struct span raw);
/* Whether it looks like host:port of an IPv4 or [IPv6] address or a name
 * (address_text.c). */
bool address_text_ok(struct span text);

/* EVD: [[header, seal, header, seal], ...]. */
struct msg_evidence {
	struct span header[2];
	struct span seal[2];
	struct span raw; /* all four, as in the message */
};
void msg_evidence_encode(struct buf *out, const struct span header[2],
			 const struct span seal[2]); /* one of the list */
MUST_USE enum err msg_evidence_decode(struct msg_evidence *out,
				      struct span raw);

#endif

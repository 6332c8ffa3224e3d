/* SPDX-License-Identifier: MIT */
/*
 * SHA-256, the plain values hash and address, and domain-separated digests.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/bytes.h"

#define HASH_LEN 32
#define ADDRESS_LEN 20
#define HASH_HEX_LEN (2 * HASH_LEN + 1)	      /* with the zero byte */
#define ADDRESS_HEX_LEN (2 * ADDRESS_LEN + 1) /* with the zero byte */

struct hash {
	uint8_t b[HASH_LEN];
};

/* The first 20 bytes of SHA-256 of a public key's SPKI DER. */
struct address {
	uint8_t b[ADDRESS_LEN];
};

/* What a digest is for; the string is the first thing hashed. */
#define DOMAIN_TX "ccoin/tx/1"
#define DOMAIN_HEADER "ccoin/header/1"
#define DOMAIN_RULES "ccoin/rules/1"
#define DOMAIN_STATE "ccoin/state/1"
#define DOMAIN_UPGRADES "ccoin/upgrades/1"
#define DOMAIN_MEMBER "ccoin/member/1"
#define DOMAIN_VOTE "ccoin/vote/1"
#define DOMAIN_VALIDATORS "ccoin/validators/1"
#define DOMAIN_ACCEPT "ccoin/accept/1"

void sha256(struct hash *out, struct span in);
/* SHA-256 of a || b, without joining them. */
void sha256_2(struct hash *out, struct span a, struct span b);
/*
 * SHA-256(domain || genesis hash || body): what is signed, and what names a
 * transaction or header (DESIGN: "The data"). genesis is all zeros for what
 * comes before a chain has a genesis hash.
 */
void digest(struct hash *out, const char *domain, const struct hash *genesis,
	    struct span body);
/*
 * SHA-256(tag || a || b) of two hashes: a node of a Merkle tree. One fixed
 * length of 65 bytes, two compressions; the hot path of the state tree. out
 * may be a or b.
 */
void hash_pair(struct hash *out, uint8_t tag, const struct hash *a,
	       const struct hash *b);

/*
 * SHA-256(nonce, 8 bytes big-endian || header hash): the hash that HashCash
 * makes small. One compression; the hot path of mining.
 */
void pow_hash(struct hash *out, uint64_t nonce, const struct hash *header_hash);
/* Whether the hash begins with that many hex digits 0 (64 is all of them). */
bool hash_has_zero_digits(const struct hash *h, unsigned digits);

bool hash_eq(const struct hash *a, const struct hash *b);
bool hash_is_zero(const struct hash *h);
bool address_eq(const struct address *a, const struct address *b);
struct span hash_span(const struct hash *h);
struct span address_span(const struct address *a);
/* false when text is not exactly 64 or 40 hex digits. */
bool hash_from_hex(struct hash *out, struct span text);
bool address_from_hex(struct address *out, struct span text);
/* Write the digits and a zero byte; return out. */
char *hash_hex(char out[HASH_HEX_LEN], const struct hash *h);
char *address_hex(char out[ADDRESS_HEX_LEN], const struct address *a);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 through OpenSSL's low-level functions: a fetched EVP context costs
 * three compressions where one is needed, and the state tree and mining do
 * little else. They are deprecated, not going away; this is the one file
 * that uses them. Fixed lengths are padded here and compressed directly.
 */
#include <config.h> /* htobe32 */

#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <endian.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/text.h"

/* FIPS 180-4, 5.3.3. */
static const SHA_LONG initial[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

#define BLOCK SHA256_CBLOCK

/* Compress whole blocks that are padded already. */
static void compress(struct hash *out, const uint8_t *data, size_t blocks)
{
	SHA256_CTX c;
	uint32_t word;
	size_t i;

	/* SHA256_Transform looks at nothing else of the context. */
	memcpy(c.h, initial, sizeof(initial));
	for (i = 0; i < blocks; i++)
		SHA256_Transform(&c, data + i * BLOCK);
	for (i = 0; i < 8; i++) {
		/* gcc makes a detour of bytes picked by shifts. */
		word = htobe32(c.h[i]);
		memcpy(out->b + 4 * i, &word, 4);
	}
}

/* End the message of len bytes: the bit 1, zeros, the length in bits. */
static void pad(uint8_t *data, size_t len, size_t blocks)
{
	data[len] = 0x80;
	memset(data + len + 1, 0, blocks * BLOCK - len - 3);
	data[blocks * BLOCK - 2] = (uint8_t)(len * 8 >> 8);
	data[blocks * BLOCK - 1] = (uint8_t)(len * 8);
}

static void update(SHA256_CTX *c, struct span s)
{
	/* OpenSSL would do arithmetic on a NULL pointer. */
	if (s.len)
		SHA256_Update(c, s.data, s.len);
}

void sha256(struct hash *out, struct span in)
{
	uint8_t block[BLOCK];
	SHA256_CTX c;

	if (in.len <= BLOCK - 9) { /* an address, an account's record */
		if (in.len)
			memcpy(block, in.data, in.len);
		pad(block, in.len, 1);
		compress(out, block, 1);
		return;
	}
	SHA256_Init(&c);
	SHA256_Update(&c, in.data, in.len);
	SHA256_Final(out->b, &c);
}

void sha256_2(struct hash *out, struct span a, struct span b)
{
	SHA256_CTX c;

	SHA256_Init(&c);
	update(&c, a);
	update(&c, b);
	SHA256_Final(out->b, &c);
}

void digest(struct hash *out, const char *domain, const struct hash *genesis,
	    struct span body)
{
	SHA256_CTX c;

	SHA256_Init(&c);
	update(&c, span_str(domain));
	SHA256_Update(&c, genesis->b, HASH_LEN);
	update(&c, body);
	SHA256_Final(out->b, &c);
}

void hash_pair(struct hash *out, uint8_t tag, const struct hash *a,
	       const struct hash *b)
{
	uint8_t data[2 * BLOCK];

	data[0] = tag;
	memcpy(data + 1, a->b, HASH_LEN);
	memcpy(data + 1 + HASH_LEN, b->b, HASH_LEN);
	pad(data, 1 + 2 * HASH_LEN, 2);
	compress(out, data, 2);
}

void pow_hash(struct hash *out, uint64_t nonce, const struct hash *header_hash)
{
	uint8_t data[BLOCK];

	put_be64(data, nonce);
	memcpy(data + 8, header_hash->b, HASH_LEN);
	pad(data, 8 + HASH_LEN, 1);
	compress(out, data, 1);
}

bool hash_has_zero_digits(const struct hash *h, unsigned digits)
{
	unsigned i;

	if (digits > 2 * HASH_LEN)
		return false;
	for (i = 0; i < digits / 2; i++)
		if (h->b[i])
			return false;
	return !(digits & 1) || h->b[i] < 0x10;
}

bool hash_eq(const struct hash *a, const struct hash *b)
{
	return !memcmp(a->b, b->b, HASH_LEN);
}

bool hash_is_zero(const struct hash *h)
{
	static const struct hash zero;

	return hash_eq(h, &zero);
}

bool address_eq(const struct address *a, const struct address *b)
{
	return !memcmp(a->b, b->b, ADDRESS_LEN);
}

struct span hash_span(const struct hash *h)
{
	return SPAN(h->b, HASH_LEN);
}

struct span address_span(const struct address *a)
{
	return SPAN(a->b, ADDRESS_LEN);
}

bool hash_from_hex(struct hash *out, struct span text)
{
	return hex_decode(out->b, HASH_LEN, text);
}

bool address_from_hex(struct address *out, struct span text)
{
	return hex_decode(out->b, ADDRESS_LEN, text);
}

char *hash_hex(char out[HASH_HEX_LEN], const struct hash *h)
{
	hex_encode(out, hash_span(h));
	return out;
}

char *address_hex(char out[ADDRESS_HEX_LEN], const struct address *a)
{
	hex_encode(out, address_span(a));
	return out;
}

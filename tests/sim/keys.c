/* SPDX-License-Identifier: MIT */
/* Keys of the simulator; see the header. */
#include "sim/keys.h"

#include <string.h>

#define SALT_AT 48
#define SALT 16

/* RFC 8410: what stands before the 32 bytes of an Ed25519 key. */
static const uint8_t head[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
};

void sim_key_make(struct sim_key *out, uint32_t number)
{
	memcpy(out->spki, head, sizeof(head));
	/* far from the keys of small order that key_check() refuses */
	memset(out->spki + sizeof(head), 0x5c, SIM_SPKI - sizeof(head));
	put_be32(out->spki + sizeof(head), number);
	if (key_check(NULL, SPAN_OF(out->spki)))
		BUG("a key that production refuses");
	key_address(&out->address, SPAN_OF(out->spki));
}

/* [hash, its first half once more but for a mask, salt]: whichever byte
 * changes, it does not fit. */
static void make(uint8_t out[SIM_SIGNATURE], struct span spki,
		 const struct hash *digest, const uint8_t salt[SALT])
{
	static const char secret[] = "ccoin/sim/secret";
	uint8_t in[sizeof(secret) + SIM_SPKI + HASH_LEN + SALT];
	uint8_t *p = in;
	struct hash h;
	size_t i;

	memcpy(p, secret, sizeof(secret));
	p += sizeof(secret);
	memcpy(p, spki.data, SIM_SPKI);
	p += SIM_SPKI;
	memcpy(p, digest->b, HASH_LEN);
	p += HASH_LEN;
	memcpy(p, salt, SALT);
	sha256(&h, SPAN_OF(in));
	memcpy(out, h.b, HASH_LEN);
	for (i = 0; i < SALT_AT - HASH_LEN; i++)
		out[HASH_LEN + i] = h.b[i] ^ 0xa5;
	memcpy(out + SALT_AT, salt, SALT);
}

void sim_sign(struct buf *out, struct span spki, const struct hash *digest,
	      uint64_t salt)
{
	uint8_t signature[SIM_SIGNATURE], bytes[SALT] = {0};

	if (spki.len != SIM_SPKI)
		BUG("not a key of the simulator");
	put_be64(bytes, salt);
	make(signature, spki, digest, bytes);
	buf_append(out, signature, sizeof(signature));
}

enum err sim_verify(struct span spki, const struct hash *digest,
		    struct span signature)
{
	uint8_t want[SIM_SIGNATURE];

	if (spki.len != SIM_SPKI)
		return ERR_BAD_PUBLIC_KEY;
	if (signature.len != SIM_SIGNATURE)
		return ERR_BAD_SIGNATURE;
	make(want, spki, digest, signature.data + SALT_AT);
	return memcmp(want, signature.data, SALT_AT) ? ERR_BAD_SIGNATURE
						     : ERR_OK;
}

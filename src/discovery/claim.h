/* SPDX-License-Identifier: MIT */
/*
 * A claim: a node says where it is reached, or that it goes, and signs that
 * with the key whose address is its id. Made by the daemon, checked by
 * ccoin-discovery. Pure: no clock, no socket.
 */
#ifndef DISCOVERY_CLAIM_H
#define DISCOVERY_CLAIM_H

#include <jansson.h>

#include "crypto/key.h"
#include "loop/place.h"

#define CLAIM_SKEW_MS 60000 /* how far its time may be from the server's */
#define CLAIM_BODY_MAX 4096 /* bytes of JSON */
#define CLAIM_VALUES_MAX 32 /* in them */

struct claim {
	struct address id;
	struct hash chain;     /* the genesis hash */
	char where[PLACE_MAX]; /* HOST:PORT, or :PORT for the address that the
				  server sees; of one that goes also "" */
	uint64_t time;	       /* ms since 1970 */
	bool goes;	       /* else it is there */
	struct buf key;	       /* SPKI DER; empty: it is not signed */
	struct buf signature;
};

void claim_release(struct claim *c);

/* Sign: sets id, key and signature. */
MUST_USE enum err claim_sign(struct claim *c, const struct secret_key *key);
/* The body of PUT and DELETE /members/{id}; appended. */
void claim_print(struct buf *out, const struct claim *c);

/*
 * chain, time, public_key and signature of an object; each may be missing
 * together with the others: then *out is not signed. ERR_WRONG_TYPE,
 * ERR_MISSING_FIELD, ERR_OUT_OF_RANGE, ERR_BAD_HASH, ERR_MALFORMED.
 */
MUST_USE enum err claim_read_proof(struct claim *out, const json_t *in,
				   struct fault *f);
/* where of an object, which may be missing when c->goes. */
MUST_USE enum err claim_read_where(struct claim *out, const json_t *in,
				   struct fault *f);
/* ERR_UNSIGNED, ERR_BAD_PUBLIC_KEY, ERR_WRONG_KEY (its address is not the
 * id), ERR_BAD_SIGNATURE, ERR_CRYPTO. */
MUST_USE enum err claim_check(const struct claim *c, struct verifier *v,
			      struct fault *f);

#endif

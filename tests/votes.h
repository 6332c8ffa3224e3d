/* SPDX-License-Identifier: MIT */
/* Votes and what is made of them for tests: made at random, and encoded again
 * from what was decoded. */
#ifndef TESTS_VOTES_H
#define TESTS_VOTES_H

#include "base/rng.h"
#include "codec/message.h"
#include "codec/vote.h"

/* Of any size from a bit on, so that every form of an integer is met. */
uint64_t number_random(struct rng *r, uint64_t max);
void bytes_random(uint8_t *out, size_t len, struct rng *r);

struct vote vote_random(struct rng *r);
void votes_random(struct vote *list, size_t count, struct rng *r);
/* Another vote of the same signer that says something else: of the same kind,
 * height and round unless an unprepared round change of round 0, beside which
 * there is no other. */
struct vote vote_other(const struct vote *v, struct rng *r);
/* A key of the right form for signatures of that length. */
struct span vote_key_random(uint8_t out[KEY_SPKI_MAX], size_t signature_len,
			    struct rng *r);

/* What vote.h encodes. */
enum vote_thing {
	THING_VOTE,
	THING_VOTES,
	THING_CERTIFICATE,
	THING_DOUBLE,
	THING_RECORD,
	THINGS
};
/* Append one that decodes. */
void thing_random(struct buf *out, enum vote_thing t, struct rng *r);
/* Decode it, and append what the outcome encodes to; a double vote with its
 * two the other way round. */
MUST_USE enum err thing_again(struct buf *out, enum vote_thing t,
			      struct span raw);

/* The same for the messages of message_bft.h. */
void message_bft_random(struct buf *out, enum message_type t, struct rng *r);
MUST_USE enum err message_bft_again(struct buf *out, enum message_type t,
				    struct span body);

#endif

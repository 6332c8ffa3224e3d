/* SPDX-License-Identifier: MIT */
/*
 * Votes as parts of larger things, for the decoders of this floor: a reader
 * that refuses (mp_refuse()) instead of returning an error.
 */
#ifndef CODEC_VOTE_READ_H
#define CODEC_VOTE_READ_H

#include "codec/msgpack.h"
#include "codec/vote.h"

void vote_read(struct vote *out, struct mp_reader *r);
/* A list of at most max. *out is allocated, or NULL when there are none;
 * free() it also when the reader refused. */
void votes_read(struct vote **out, size_t *count, size_t max,
		struct mp_reader *r);
/* A certificate's bytes, when it has the form that certificate_decode() takes;
 * allocates nothing. */
struct span certificate_read(struct mp_reader *r);
/* Whether all of the list are of that kind, height, round, and, unless it is
 * NULL, digest. */
bool votes_are(const struct vote *list, size_t count, enum vote_kind kind,
	       uint64_t height, uint64_t round, const struct hash *digest);

#endif

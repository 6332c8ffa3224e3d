/* SPDX-License-Identifier: MIT */
/* Messages of every type for tests: made at random, and encoded again from
 * what was decoded. */
#ifndef TESTS_MESSAGES_H
#define TESTS_MESSAGES_H

#include "base/rng.h"
#include "codec/message.h"

/* Append a body that decodes. Lists are short, so that every byte of one can
 * be tried. */
void message_random(struct buf *out, enum message_type t, struct rng *r);

/* Decode the body by every decoder that its type has, down to the elements of
 * lists, and append what they encode to. */
MUST_USE enum err message_again(struct buf *out, enum message_type t,
				struct span body);

#endif

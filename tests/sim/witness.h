/* SPDX-License-Identifier: MIT */
/* Who hears every vote that any host ever says, and forgets none. */
#ifndef SIM_WITNESS_H
#define SIM_WITNESS_H

#include "codec/message.h"
#include "codec/vote.h"

struct sim;
struct host;

void witness_begin(struct sim *s);
void witness_release(struct sim *s);
void witness_sent(struct sim *s, struct host *h, enum message_type type,
		  struct span body);
/* The set of a height, as far as the chain tells; 0: it does not yet. */
unsigned witness_set(const struct sim *s, uint64_t height);
/* Whether a vote is one of its height's set and its signature holds. */
bool witness_holds(struct sim *s, const struct vote *v);
/* Whether these are a quorum of distinct members for it. */
bool witness_quorum(struct sim *s, enum vote_kind kind, uint64_t height,
		    uint64_t round, const struct hash *digest,
		    const struct vote *list, size_t count);
/* Something that was heard lately; false: nothing was. */
bool witness_vote(struct sim *s, struct vote *out);
bool witness_message(struct sim *s, enum message_type *type, struct span *body);
/* All votes like that one (kind, height, round; with_digest: digest) that were
 * heard lately, one of each signer, ascending. */
size_t witness_like(const struct sim *s, struct vote *out, size_t max,
		    const struct vote *like, bool with_digest);

#endif

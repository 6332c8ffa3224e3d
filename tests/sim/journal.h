/* SPDX-License-Identifier: MIT */
/*
 * A host's vote journal: records in order, the first of which are durable.
 * As store/journal.h promises: one flush for all that waits; after a crash
 * there is a prefix; what an opening gave stays. The world of the fuzzers has
 * it, too.
 */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include "base/rng.h"
#include "codec/vote.h"
#include "node/node.h"

struct record {
	uint64_t seq, height;
	struct buf bytes;
	/* what stands in it */
	struct vote_record content; /* borrows from bytes */
	struct hash block;	    /* hash of the block in it */
	bool has_block;
};

struct journal {
	bool is_there;
	bool is_new; /* made at a start: record 1 says that and no more */
	uint8_t id[JOURNAL_ID_BYTES];
	struct record *list;
	size_t count, cap;
	size_t durable;	 /* of these */
	size_t flushing; /* as many will be, when the flush is over; 0: none */
	struct span *opened;
};

/* An empty one with a new id. now: ms since 1970. */
void journal_make(struct journal *j, struct rng *rng, uint64_t now,
		  bool is_new);
void journal_release(struct journal *j);
/* Takes the bytes. What is wrong with it; NULL: nothing. */
const char *journal_add(struct journal *j, uint64_t seq, uint64_t height,
			struct buf *bytes, const struct hash *genesis);
/* Forget all but the first ones. */
void journal_cut(struct journal *j, size_t count);
uint64_t journal_number(const struct journal *j); /* of the last; 0: none */
/* For node_new(); borrowed until the next call. */
void journal_opened(struct journal *j, struct node_journal *out);
/* The newest durable record of that vote's place; NULL: none. */
const struct record *journal_find(const struct journal *j,
				  const struct vote *v);

#endif

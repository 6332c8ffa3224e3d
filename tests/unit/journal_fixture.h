/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the vote journal share: a list of the records that were
 * appended, and whether a journal holds a prefix of it. Any failure fails the
 * test.
 */
#ifndef UNIT_JOURNAL_FIXTURE_H
#define UNIT_JOURNAL_FIXTURE_H

#include "base/rng.h"
#include "store/journal_internal.h"

#define MODEL_MAX 4096

/* Record n is list[n - 1]. */
struct model_record {
	uint64_t height;
	uint64_t salt; /* no two records ever are alike */
	size_t len;
};

struct model {
	struct model_record list[MODEL_MAX];
	uint64_t count;
	uint64_t salt;
	uint64_t durable; /* so many were told to be */
};

/* One more record of so many bytes. */
void model_add(struct model *m, uint64_t height, size_t len);
/* One more as chance will: lengths of up to `most` bytes, sometimes a higher
 * height. */
void model_add_any(struct model *m, struct rng *rng, size_t most);
/* Its bytes; the caller releases *out. */
void model_bytes(struct buf *out, const struct model *m, uint64_t seq);
/* Append all from number `from` on to the open file; they are durable. */
enum err model_write(struct model *m, struct journal_file *j, uint64_t from,
		     struct fault *f);
/* The open file holds those up to a number from m->durable to m->count, and
 * gives exactly the records of the highest height. */
uint64_t expect_model(const struct model *m, const struct journal_file *j);
/* The same of a journal. */
uint64_t expect_journal(const struct model *m, const struct journal *j);

/* A directory with an empty journal; its halves are of so many blocks. */
void journal_dir(char *out, size_t size, uint64_t blocks);
/* DIR/votes becomes these bytes, mode 0600. */
void put_votes(const char *dir, struct span bytes);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The vote journal: DATADIR/votes, mode 0600, what a validator signed, so that
 * it never signs against it (CONSENSUS: bft, rules 7 and 17). Made with the
 * key; preallocated; appended to, one flush for all records that wait; each
 * record has a number and a checksum. Knows nothing of what is in a record but
 * its height: only the records of the highest height matter, the others may
 * go when room is needed. Never part of a backup.
 *
 * The file: a head (magic, format, id), and two halves. Records follow each
 * other in one half; when the next does not fit, those of the highest height
 * and it are written to the other half. Nothing is written over before what
 * replaces it is durable. A torn record at the end is cut off, and those with
 * it that were never durable; a record that is damaged in front of one that
 * was written after its flush is ERR_CORRUPT. What an opening gave stays.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "base/bytes.h"
#include "base/err.h"

/* When it was made (ms since 1970, 6 bytes, the highest first), then random
 * ones: of two journals of a validator the later has the higher id. */
#define JOURNAL_ID_LEN 16
#define JOURNAL_HALF (UINT64_C(16) << 20) /* bytes; grows when it must */
#define JOURNAL_RECORD_MAX (4u << 20)

struct journal;

struct journal_record {
	uint64_t seq;
	uint64_t height;
	struct span bytes;
};

/* Make an empty one with a new id, unless there is one: ERR_EXISTS. Small
 * until journal_open(). */
MUST_USE enum err journal_create(const char *datadir, struct fault *f);
/*
 * Open and repair. ERR_NOT_FOUND: there is none; ERR_CORRUPT, and what to do
 * about it; ERR_FOREIGN_FORMAT, ERR_PERMISSION, ERR_NO_SPACE, ERR_IO. The
 * caller holds the lock of the data directory. read_only: nothing is repaired,
 * no thread, no append.
 */
MUST_USE enum err journal_open(struct journal **out, const char *datadir,
			       bool read_only, struct fault *f);
/* Flush what waits, stop the thread, free. NULL is fine. Gives what
 * journal_reap() would. */
enum err journal_close(struct journal *j, struct fault *f);

const uint8_t *journal_id(const struct journal *j); /* JOURNAL_ID_LEN */
/* The last number, of what was appended since, too; 0: no record. */
uint64_t journal_last(const struct journal *j);
/* The records of the highest height, as it was opened, i = 0 the oldest. */
size_t journal_count(const struct journal *j);
const struct journal_record *journal_get(const struct journal *j, size_t i);
/* They are not needed any more: free their bytes. */
void journal_forget(struct journal *j);

/* Queue a record for the journal's own thread and take its bytes. seq is one
 * more than the last; height is never lower. */
void journal_append_take(struct journal *j, uint64_t seq, uint64_t height,
			 struct buf *bytes);
/* A descriptor that is readable when journal_reap() has news. */
int journal_fd(const struct journal *j);
/* The highest number so that it and all before are durable. An error of the
 * thread is given by this and every later call. */
MUST_USE enum err journal_reap(struct journal *j, uint64_t *durable,
			       struct fault *f);

/* Throw away what is there, make a new one with a new id that holds one
 * record: `bytes` at `height`, number 1. */
MUST_USE enum err journal_replace(const char *datadir, uint64_t height,
				  struct span bytes, struct fault *f);

#endif

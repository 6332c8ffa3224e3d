/* SPDX-License-Identifier: MIT */
/*
 * Inside the vote journal. journal_record.c knows what heads look like,
 * journal_scan.c finds what a file holds, journal_file.c writes it, and grows
 * it in journal_grow.c; journal.c puts a thread in front. All but journal.c
 * block until the disk has answered, and know of one thread only.
 *
 * How a file is read, so that every crash leaves what was durable:
 * - A record begins a block, so that no write ever touches a block that holds
 *   another: a torn write can damage nothing but what it was to write.
 * - A half is filled anew in a new *generation*, a number that only rises and
 *   that each of its records carries: bytes of an earlier one never match.
 * - A generation begins with the records that are `carried` over from the
 *   other half. The live half is the one of the highest generation that holds
 *   all of these; until then the other one is as it was.
 * - A record says how far its generation was durable when it was written
 *   (`sure`). A record that is not there, below what another one is sure of,
 *   is damage; any other is a write that was cut off.
 * - Each opening begins a new generation. So what was read is flushed again
 *   before anybody relies on it, and what was cut off is in a half that is
 *   never read again: recovery is a change of halves like any other.
 */
#ifndef STORE_JOURNAL_INTERNAL_H
#define STORE_JOURNAL_INTERNAL_H

#include "crypto/hash.h"
#include "store/journal.h"

#define JOURNAL_FORMAT 1
#define JOURNAL_BLOCK 4096 /* bytes; the head of the file has one */
#define JOURNAL_HEAD_LEN 112
/* The first generation that is written by an open file: all its bytes are
 * there by then. */
#define JOURNAL_GENERATION 2

/* --- journal_record.c: bytes -------------------------------------------- */

/* What stands in front of a record. */
struct journal_head {
	uint32_t len; /* of the record itself */
	uint64_t generation;
	uint64_t seq;
	uint64_t height;
	uint64_t
		carried; /* the last number carried into its generation, or 0 */
	uint64_t sure;	 /* the last one of it durable before this, or 0 */
	struct hash content;
};

/* Append the file's first block. */
void journal_file_head(struct buf *out, const uint8_t id[JOURNAL_ID_LEN],
		       uint64_t half);
/* Of that block: ERR_FOREIGN_FORMAT, ERR_CORRUPT. */
MUST_USE enum err journal_file_head_read(uint8_t id[JOURNAL_ID_LEN],
					 uint64_t *half, struct span block,
					 const char *path, struct fault *f);
/* Append whole blocks; fills in h->len and h->content. */
void journal_record_encode(struct buf *out, struct journal_head *h,
			   struct span bytes, const uint8_t id[JOURNAL_ID_LEN]);
/* Whether the bytes are a head of this file. Its record is not looked at. */
bool journal_head_decode(struct journal_head *out,
			 const uint8_t in[JOURNAL_HEAD_LEN],
			 const uint8_t id[JOURNAL_ID_LEN]);
/* Bytes of a record of that length in the file. */
uint64_t journal_size(uint64_t len);

/* --- journal_scan.c: what is there -------------------------------------- */

/* Where a record is. */
struct journal_slot {
	uint64_t seq;
	uint64_t height;
	uint64_t at; /* of its head, in the file */
	uint32_t len;
};

struct journal_slots {
	struct journal_slot *list;
	size_t count, cap;
};

/* Note the one that follows; those of a lower height go. */
void journal_slots_add(struct journal_slots *s, const struct journal_slot *one);

struct journal_file {
	char *dir;
	char *path;
	int fd;
	uint8_t id[JOURNAL_ID_LEN];
	uint64_t half; /* bytes */
	/* The live half. */
	unsigned side; /* 0 or 1 */
	uint64_t generation;
	uint64_t carried;
	uint64_t sure;
	uint64_t end; /* where the next record goes, in the half */
	uint64_t last;
	struct journal_slots slots; /* of the highest height */
	uint64_t newest; /* the highest generation of any record, live or not */
	bool dirty;	 /* written, not flushed */
};

/* Where a half begins in the file. */
uint64_t journal_side_at(const struct journal_file *j, unsigned side);
/* Find the live half. The file's length is given in bytes. */
MUST_USE enum err journal_scan(struct journal_file *j, uint64_t length,
			       struct fault *f);
/* Append the bytes of a record. ERR_CORRUPT: it is not there any more. */
MUST_USE enum err journal_read(struct buf *out, const struct journal_file *j,
			       const struct journal_slot *slot,
			       struct fault *f);
/* Fill out; zeros behind the end of the file. errno's value, or 0. */
MUST_USE int journal_pread(int fd, uint64_t at, void *out, size_t len);

/* --- journal_file.c: writing -------------------------------------------- */

/* As journal_create(), with halves of that many bytes, a multiple of a
 * block. */
MUST_USE enum err journal_make(const char *datadir, uint64_t half,
			       struct fault *f);
/* As journal_open(), without the thread. *out is released by the caller also
 * when it fails. */
MUST_USE enum err journal_file_open(struct journal_file *out,
				    const char *datadir, bool read_only,
				    struct fault *f);
void journal_file_release(struct journal_file *j);
/* Write records, numbered on from the last; all are durable when it returns.
 * After an error nothing may be appended any more. */
MUST_USE enum err journal_file_append(struct journal_file *j,
				      const struct journal_record *list,
				      size_t count, struct fault *f);

MUST_USE enum err journal_flush(struct journal_file *j, struct fault *f);
/* Write zeros from there up to the end of the second half. */
MUST_USE enum err journal_fill(int fd, uint64_t from, uint64_t half,
			       const char *path, struct fault *f);
/* Begin a generation at that place with the slots that are there, read from
 * where they are and written to fd (which may be the file's own). */
MUST_USE enum err journal_carry(struct journal_file *j, int fd, unsigned side,
				struct fault *f);

/* --- journal_grow.c ------------------------------------------------------ */

/* Move the slots to a new file with halves of at least that many bytes, which
 * takes the place of the old one at once. */
MUST_USE enum err journal_grow(struct journal_file *j, uint64_t least,
			       struct fault *f);
/* What a growth left that was killed. */
void journal_grow_clean(const struct journal_file *j);

#endif

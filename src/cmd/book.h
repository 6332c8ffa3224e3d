/* SPDX-License-Identifier: MIT */
/*
 * DATADIR/wallet.json: the wallet's default address and its address book. A
 * plain value in memory; written whole and atomically.
 */
#ifndef CMD_BOOK_H
#define CMD_BOOK_H

#include "base/err.h"
#include "crypto/hash.h"

#define BOOK_NAME_MAX 32
#define BOOK_ENTRIES_MAX 10000

struct book_entry {
	char name[BOOK_NAME_MAX + 1];
	struct address address;
};

struct book {
	bool has_default;
	struct address default_address;
	struct book_entry *list; /* sorted by name */
	size_t count;
};

/* A file that is not there is an empty book. A fault names the file and the
 * place in it. */
MUST_USE enum err book_load(struct book *out, const char *datadir,
			    struct fault *f);
MUST_USE enum err book_save(const struct book *b, const char *datadir,
			    struct fault *f);
void book_release(struct book *b);

/* 1..32 letters, digits, '.', '_', '-', the first a letter or digit, and not
 * to be taken for an address. */
bool book_name_is_good(const char *name);
/* Add or change; the name must be good. ERR_TOO_BIG: the book is full. */
MUST_USE enum err book_set(struct book *b, const char *name,
			   const struct address *address, struct fault *f);
bool book_find(struct address *out, const struct book *b, const char *name);
/* An address in hex, or a name in the book. ERR_NOT_FOUND for a name that is
 * good but not there, else ERR_BAD_ADDRESS. */
MUST_USE enum err book_resolve(struct address *out, const struct book *b,
			       const char *text, struct fault *f);

#endif

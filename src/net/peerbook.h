/* SPDX-License-Identifier: MIT */
/*
 * The address book and the bans: what a node keeps of others between two runs.
 * Plain data with bounds; times are given by the caller, ms since 1970. What
 * is on disk is peerbook_file.c's affair.
 */
#ifndef NET_PEERBOOK_H
#define NET_PEERBOOK_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "net/where.h"

#define BOOK_ADDRESSES_MAX 1024
#define BOOK_BANS_MAX 1024
#define BOOK_BYTES_MAX (1u << 20) /* of peers.json */
/* The second ban is twice this at least, and the next ones double, up to a
 * day; a ban is remembered that long after its end. */
#define BAN_MS_FIRST (10u * 60 * 1000)
#define BAN_MS_MAX (24u * 3600 * 1000)
#define BAN_WHY_MAX 120
/* So many vain attempts end what never was reached. */
#define BOOK_VAIN_MAX 8

enum peerbook_source {
	BOOK_HEARD, /* from a peer or a meeting point */
	BOOK_TOLD,  /* a peer said that it listens there */
	BOOK_MET,   /* a node was there */
};

struct peerbook_entry {
	char where[WHERE_TEXT];
	enum peerbook_source source;
	uint64_t last_good; /* ms since 1970; 0: never */
	uint64_t failures;  /* since then */
};

struct ban {
	bool of_host; /* else of id */
	struct address id;
	struct host host;
	uint64_t until;
	uint64_t times;
	char why[BAN_WHY_MAX];
};

struct peerbook {
	struct peerbook_entry *entries;
	size_t count;
	struct ban *bans;
	size_t ban_count;
	bool changed; /* since the owner set it to false */
};

void peerbook_init(struct peerbook *b);
void peerbook_release(struct peerbook *b);

struct peerbook_entry *peerbook_find(const struct peerbook *b,
				     const char *where);
/*
 * Add an address, or raise its source. A full book forgets one that is worse,
 * and takes one that was heard of only for another that never was reached.
 * false: it is not in the book.
 */
bool peerbook_add(struct peerbook *b, const char *where,
		  enum peerbook_source source);
/* A node was there; added when it is new. */
void peerbook_good(struct peerbook *b, const char *where, uint64_t now);
/* None was. false: it is forgotten. */
bool peerbook_failed(struct peerbook *b, const char *where);
void peerbook_forget(struct peerbook *b, const char *where);

/* Refuse for ms, or longer when it is not the first time. Returns for how
 * long. */
uint64_t peerbook_ban_id(struct peerbook *b, const struct address *id,
			 uint64_t now, uint64_t ms, const char *why);
uint64_t peerbook_ban_host(struct peerbook *b, const struct host *host,
			   uint64_t now, uint64_t ms, const char *why);
/* NULL: not banned. */
const struct ban *peerbook_banned_id(const struct peerbook *b,
				     const struct address *id, uint64_t now);
const struct ban *peerbook_banned_host(const struct peerbook *b,
				       const struct host *host, uint64_t now);

/* Drop the bans that need not be remembered any more. */
void peerbook_prune(struct peerbook *b, uint64_t now);

/* As JSON text, appended. */
void peerbook_write(struct buf *out, const struct peerbook *b);
/*
 * Read what peerbook_write() wrote into an empty book. ERR_MALFORMED and
 * friends: it is damaged, and the book is empty. Bans that are forgotten by now
 * are left out.
 */
MUST_USE enum err peerbook_read(struct peerbook *b, struct span text,
				uint64_t now, struct fault *f);

#endif

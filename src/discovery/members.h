/* SPDX-License-Identifier: MIT */
/*
 * Who said where it is, for a while. In memory alone. Pure: the time (ms since
 * 1970) is handed in. Claims come checked; what is checked here is that each
 * is of now and newer than the one before, and that the table stays bounded.
 */
#ifndef DISCOVERY_MEMBERS_H
#define DISCOVERY_MEMBERS_H

#include "discovery/claim.h"

#define MEMBERS_MAX 4096
#define MEMBERS_PER_SOURCE 16 /* loopback excepted */
#define MEMBERS_SOURCE_MAX 64

struct member {
	struct address id;
	struct hash chain; /* zeros: not told */
	char where[PLACE_MAX];
	uint64_t seen; /* when the last claim came (ms since 1970) */
	uint64_t time; /* that the last claim had; 0: it was not signed */
	bool gone;     /* only kept so that no older claim is believed */
	char source[MEMBERS_SOURCE_MAX]; /* where the claim came from */
};

struct members;
struct members *members_new(uint64_t ttl_ms);
void members_free(struct members *m); /* NULL is fine */

/*
 * Believe a claim that came from this numeric address, which stands for the
 * host of a where that has none. ERR_EXPIRED, ERR_OUT_OF_RANGE: its time is
 * not that of now; ERR_EXISTS: it is not newer than the last one of this id;
 * ERR_UNSIGNED: it shall change what was signed, and is not;
 * ERR_OVERLOADED: no place; ERR_NOT_FOUND: nobody is there who could go. *out
 * is the member, which may have gone; until the next call.
 */
MUST_USE enum err members_believe(struct members *m, const struct member **out,
				  const struct claim *c, const char *source,
				  uint64_t now, struct fault *f);
/* Forget what is older than the time to live. */
void members_expire(struct members *m, uint64_t now);
/* Those that are there: *at is 0 at first, NULL is the end. */
const struct member *members_next(const struct members *m, size_t *at);
size_t members_count(const struct members *m);

#endif

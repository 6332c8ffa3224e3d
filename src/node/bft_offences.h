/* SPDX-License-Identifier: MIT */
/* What the two files of double votes share. */
#ifndef NODE_BFT_OFFENCES_H
#define NODE_BFT_OFFENCES_H

#include "codec/message_bft.h"
#include "node/bft_internal.h"

#define OFFENCES_MAX 256
#define OFFENCES_OF_ONE 4      /* of an account, each of another height */
#define OFFENCE_CHECKS_MAX 16  /* messages: their signatures are checked */
#define OFFENCE_AGAIN_MS 10000 /* look again for what no block holds */

/* One double vote that is kept. */
struct offence {
	struct hash id; /* SHA-256 of its bytes */
	struct address account;
	uint64_t height;
	uint64_t found; /* ms since 1970 */
	struct buf raw;
	uint64_t seq;  /* its batch; 0: durable, and told */
	uint64_t from; /* who told us; 0: nobody */
};

struct offences {
	struct offence list[OFFENCES_MAX];
	size_t count;
	struct map *works; /* job id -> struct offence_work */
	/* the transaction that is being signed; 0: none */
	uint64_t sign_job;

	struct hash signing; /* of which offence, with which nonce */
	uint64_t signing_nonce;
	uint64_t look_at; /* ms: not before */
};

/* A message of double votes that is being checked. */
struct offence_work {
	uint64_t peer;
	struct buf body;
	bool checked[MSG_DOUBLE_VOTES_MAX]; /* of each in the message */
};

/* Whether one of that account and height is kept, or enough of that account.
 */
bool offence_is_known(const struct node *n, const struct address *account,
		      uint64_t height);

#endif

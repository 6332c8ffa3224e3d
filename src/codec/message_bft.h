/* SPDX-License-Identifier: MIT */
/*
 * What validators say to each other, and who passes it on (doc/protocol.md:
 * "Votes"; doc/bft.md: "What flows"). As in message.h: decoders check the form
 * alone, and spans borrow from the body. Beyond the form of each vote they
 * check that the votes of one message belong together; whether they are enough
 * (quorums, distinct signers), and whether their signatures hold, is the
 * engine's.
 *
 * What has no functions here: RPB is [height, digest], as BLK; CRT is [header,
 * seal], as one of AHD; EVV is a list (msg_list_begin()) of at most
 * MSG_DOUBLE_VOTES_MAX double votes (vote.h).
 */
#ifndef CODEC_MESSAGE_BFT_H
#define CODEC_MESSAGE_BFT_H

#include "codec/message.h"
#include "codec/vote.h"

#define MSG_VOTES_MAX 64	/* in one VOT */
#define MSG_DOUBLE_VOTES_MAX 16 /* in one EVV */

/*
 * PRP: [vote, block, [round change, ...], [prepare, ...]]. The vote is a
 * PROPOSAL. Round changes are of its height and round, and there are none in
 * round 0; prepares are of its height and digest, all of one round below, and
 * there are some only when a round change is prepared.
 */
struct msg_proposal {
	struct vote vote;
	struct span block;    /* an array: block_decode() says which */
	struct vote *changes; /* owned; at most VALIDATORS_MAX */
	size_t change_count;
	struct vote *prepares; /* owned; at most VALIDATORS_MAX */
	size_t prepare_count;
};
void msg_proposal_encode(struct buf *out, const struct msg_proposal *m);
MUST_USE enum err msg_proposal_decode(struct msg_proposal *out,
				      struct span body);
void msg_proposal_release(struct msg_proposal *m);

/* VOT: [vote, ...], 1 to MSG_VOTES_MAX, each a PREPARE or a COMMIT. *out is
 * allocated; free() it. Encode: votes_encode(). */
MUST_USE enum err msg_votes_decode(struct vote **out, size_t *count,
				   struct span body);

/* RCH: [vote, [prepare, ...]]. The vote is a ROUND_CHANGE, the prepares are of
 * its height, prepared round and digest; there are none when it is not
 * prepared. */
struct msg_round_change {
	struct vote vote;
	struct vote *prepares; /* owned; at most VALIDATORS_MAX */
	size_t prepare_count;
};
void msg_round_change_encode(struct buf *out, const struct msg_round_change *m);
MUST_USE enum err msg_round_change_decode(struct msg_round_change *out,
					  struct span body);
void msg_round_change_release(struct msg_round_change *m);

/* APB, the answer to RPB: [block], or [] when it is not here: an empty span. */
void msg_block_answer_encode(struct buf *out, struct span block);
MUST_USE enum err msg_block_answer_decode(struct span *block, struct span body);

/* LNK: [address, ...], the validators that the sender is connected to itself,
 * and itself when it is one; rising, at most VALIDATORS_MAX. */
void msg_links_encode(struct buf *out, const struct address *list,
		      size_t count);
/* out has room for VALIDATORS_MAX. */
MUST_USE enum err msg_links_decode(struct address *out, size_t *count,
				   struct span body);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The inside of the room around the round machine, for its own files: bft.c
 * (life, the tick), bft_height.c (from one height to the next), bft_votes.c
 * (votes of others and their signatures), bft_read.c (these as bytes),
 * bft_blocks.c (bytes of blocks, executing and building them), bft_fetch.c
 * (asking for them, answering), bft_cast.c (own votes), bft_decide.c,
 * bft_relay.c (who is told what), bft_loss.c (rule 17), bft_evidence.c and
 * bft_evidence_told.c (rule 15).
 */
#ifndef NODE_BFT_INTERNAL_H
#define NODE_BFT_INTERNAL_H

#include "chain/chain.h"
#include "consensus/bft_machine.h"
#include "ledger/governance.h"
#include "node/bft.h"

/* Messages whose signatures are being checked. What is beyond is dropped: it
 * is sent again. */
#define INCOMING_MAX 512
#define INCOMING_PER_PEER 64
#define INCOMING_BYTES ((size_t)64 << 20)
#define INCOMING_BYTES_PER_PEER ((size_t)16 << 20)
/* Of them what peers may have that are no validators, all together, so that a
 * crowd of new ids leaves room, and soon a worker, for those who are. */
#define STRANGE_CHECKS 1024 /* signatures */
#define STRANGE_BYTES (INCOMING_BYTES / 2)
#define GOOD_KEPT 8192	    /* votes and messages whose signatures hold */
#define CERTIFICATE_MS 100  /* to one peer at most so often (rule 11) */
#define FETCHES_PER_PEER 4  /* blocks asked of it that are remembered */
#define RETRY_MS 50	    /* after an attempt to build that found nothing */
#define TOLD_AGAIN_MAX 1000 /* transactions told after a timeout */

/* --- blocks that are not decided --------------------------------------- */

enum kept_state {
	KEPT_RAW,      /* its transactions' signatures were not checked */
	KEPT_CHECKING, /* they are being */
	KEPT_GOOD,
	KEPT_BAD,
};

struct kept_block {
	struct hash digest;
	uint64_t height;
	struct buf raw; /* full bytes, the empty seal */
	enum kept_state state;
	uint64_t job;
	/* the machine waits for its execution, as a fresh one of a round */
	bool wanted, fresh;
	uint64_t round;
};

/* --- own votes --------------------------------------------------------- */

enum cast_state { CAST_NONE, CAST_SIGNING, CAST_PERSISTING };

/* The one vote of our own that is on its way to be durable. */
struct cast {
	enum cast_state state;
	struct vote vote;
	struct vote *changes, *prepares; /* owned */
	size_t change_count, prepare_count;
	uint64_t job;
	uint64_t seq;
};

/* --- rule 17 ----------------------------------------------------------- */

enum loss_state {
	LOSS_NONE,
	LOSS_FOUND,	 /* one that begins with a floor, new to the chain */
	LOSS_LISTENING,	 /* for heights of a quorum of others */
	LOSS_PERSISTING, /* the floor */
	LOSS_STORING,	 /* that the journal is this one now */
};

struct told {
	struct address who;
	uint64_t height;
};

struct loss {
	enum loss_state state;
	struct told *told; /* validators' heights, each since this start */
	size_t told_count;
	uint64_t floor;
	uint64_t seq;  /* of the last record, then of the batch */
	bool unmarked; /* the store does not say yet that votes are lost */
};

/* --- the room ---------------------------------------------------------- */

struct seen {
	struct address who;
	uint64_t at; /* ms: its last vote that held; 0: never */
};

struct offences;

struct bft_room {
	struct bft *machine;
	struct bft_effects out;
	size_t out_done; /* of these */

	bool entered;
	struct hash tip;	     /* that the height stands on */
	uint64_t height, since;	     /* ms: entered */
	struct validators set, next; /* of the height, of the one above */
	struct hash genesis;

	/* the vote journal */
	bool has_journal;
	uint8_t journal_id[JOURNAL_ID_BYTES];
	uint64_t journal_last;	  /* number of the last record given out */
	uint64_t journal_durable; /* of the last durable one */
	uint64_t journal_height;  /* nothing is signed below it */
	struct buf *records;	  /* of its highest height, until it is over */
	size_t record_count;
	uint64_t records_height;
	bool foreign;  /* they are another validator's */
	bool replayed; /* votes of this height were signed before the start */
	bool look;     /* the machine is to look at everything */
	struct loss loss;
	const char *muted; /* why, as it was said last; NULL: not */
	char muted_below[120];

	struct cast cast;
	struct kept_block **blocks;
	size_t block_count, block_cap;
	struct candidate *candidate; /* executed on the tip; NULL: none */
	bool build;
	uint64_t build_round;
	uint64_t not_before; /* ms: of the next attempt to build */
	uint64_t work_told;  /* what the machine knows (bft_work()) */

	bool decided;
	struct hash decided_digest;
	struct buf seal; /* its certificate's */

	/* votes of others (bft_votes.c) */
	struct map *incoming; /* job id -> struct incoming */
	size_t incoming_bytes;
	size_t strange_checks, strange_bytes; /* of strangers, among those */
	struct recent *good; /* SHA-256 of a vote, or of a message */
	struct recent *told; /* the same, and when: passed on */
	struct seen *seen;   /* of the set */
	size_t seen_count;
	bool timed_out; /* tell transactions again */

	struct address *linked; /* as it was told last (LNK) */
	size_t linked_count;
	bool links_changed;

	struct offences *offences; /* bft_evidence.c */

	/* since the start, for who watches */
	uint64_t timeouts, persisted;
	uint64_t votes[VOTE_KIND_COUNT];
};

/* What the room keeps of a peer. */
struct bft_peer {
	struct address *linked; /* validators that it is connected to */
	size_t linked_count;
	size_t incoming;
	size_t incoming_bytes;
	uint64_t certified; /* ms: the last certificate that it was sent */
	struct hash asked[FETCHES_PER_PEER]; /* blocks, the last ones */
	size_t asked_count;
};

/* bft.c */
/* Whether a branch is moved to, or a block is being committed: nothing may be
 * built or executed. */
bool room_waits(const struct node *n);

/* bft_height.c */
/* When the tip is not the one that the room stands on: enter the height. */
void room_follow(struct node *n);
/* Why a validator signs nothing; NULL: it does. */
const char *room_silence(const struct node *n);
/* Say whether votes are cast, and if not why, when that changed. */
void room_mute(struct node *n);
/* The set of this height or of the next; NULL: of another. */
const struct validators *room_set(const struct node *n, uint64_t height);
bool room_is_member(const struct node *n, const struct address *a);
/* The records of the journal that were read at the start. */
void records_forget(struct bft_room *room);

/* bft_read.c */
/* One message as it was decoded. */
struct incoming {
	uint64_t peer;
	enum message_type type;
	struct hash digest; /* SHA-256 of the body: type and bytes */
	size_t bytes;
	struct buf body; /* PRP, RCH: to be passed on */
	/* the vote, its round changes, its prepares; VOT: votes */
	struct vote *votes;
	size_t count, change_count, prepare_count;
	bool *known;		  /* of each: its signature held before */
	struct kept_block *block; /* PRP; owned */
	size_t vote_checks; /* the first of the job's are those of the votes */
	bool strange;	    /* its sender is no validator */
};
/* Decode, bounded. On an error nothing is owned. */
MUST_USE enum err incoming_read(struct node *n, struct incoming **out,
				enum message_type type, struct span body);
void incoming_free(struct incoming *m);
/* A durable vote of our own, with what stands beside it (BFT_SEND). */
enum message_type outgoing_write(struct node *n, struct buf *out,
				 const struct bft_effect *e);

/* bft_votes.c */
void votes_received(struct node *n, struct peer *p, enum message_type type,
		    struct span body);
/* true: the job was one of these. */
bool votes_checked(struct node *n, const struct job *job);
/* Remember that its signature holds. */
void votes_good(struct node *n, const struct vote *v);

/* bft_blocks.c */
/* NULL: it is not here. */
struct kept_block *blocks_find(const struct bft_room *room,
			       const struct hash *digest);
/* Take a block (its memory), unless it is here; what is here. */
struct kept_block *blocks_take(struct bft_room *room, struct kept_block *b);
void kept_free(struct kept_block *b);
/* The block's bytes as the room keeps them: its seal is empty, its
 * transactions are those of its header. ERR_TOO_BIG, ERR_BAD_TXS_ROOT, or what
 * block_decode() says. */
MUST_USE enum err kept_read(struct node *n, struct kept_block **out,
			    struct span raw);
/* Forget what nobody needs any more. */
void blocks_prune(struct node *n);
/* Do one thing of what the machine waits for; false: there is nothing that
 * can be done now. */
bool blocks_work(struct node *n);
bool blocks_checked(struct node *n, const struct job *job);
/* Make room->candidate that of the block, executed on the tip. An error: it
 * does not hold (*f says why); ERR_IO, ERR_CORRUPT are the store's. */
MUST_USE enum err blocks_candidate(struct node *n, const struct hash *digest,
				   struct fault *f);
/*
 * The candidate of a block that was decided. Who did not execute it before its
 * own PREPARE (an observer, one who came late) checks all of it but the clock
 * now: that a quorum signed is no reason to believe in a transaction. false:
 * its signatures are being checked.
 */
MUST_USE bool blocks_decided(struct node *n, const struct hash *digest,
			     enum err *e, struct fault *f);
void blocks_drop_candidate(struct bft_room *room);

/* bft_fetch.c */
void fetch_blocks(struct node *n, const struct hash *digest,
		  const struct vote *votes, size_t count);
void fetch_asked(struct node *n, struct peer *p, struct span body);
void fetch_answered(struct node *n, struct peer *p, struct span body);
/* A vote of a height that is done: say how it was decided (rule 11). */
void certificate_answer(struct node *n, struct peer *p, uint64_t height);
void certificate_received(struct node *n, struct peer *p, struct span body);

/* bft_cast.c */
void cast_begin(struct node *n, struct bft_effect *e);
/* true: the job was its. */
bool cast_signed(struct node *n, struct job *job);
void cast_persisted(struct node *n, uint64_t seq);
void cast_forget(struct cast *c);
/* Give a record to the journal; its number. Takes the bytes. */
uint64_t journal_write(struct node *n, uint64_t height, struct buf *bytes);

/* bft_decide.c */
void decide_begin(struct node *n, const struct bft_effect *e);
/* Store what was decided; false: there is nothing, or it must wait. */
bool decide_work(struct node *n);

/* bft_relay.c */
/* A durable vote of our own, to all. */
void relay_own(struct node *n, const struct bft_effect *e);
/* What another sent and holds, to those who do not have it from its signer. */
void relay_message(struct node *n, const struct incoming *m);
void relay_vote(struct node *n, const struct vote *v, uint64_t from);
/* COMMITs that decided a block whose bytes are not here: to all. */
void relay_decided(struct node *n, const struct vote *votes, size_t count);
/* Whether what is known already, by its name, is to be passed on again. */
bool relay_is_due(struct node *n, const struct hash *name);
/* Whether the peer is that validator, or says that it is connected to it. */
bool links_has(const struct peer *p, const struct address *a);
void links_received(struct node *n, struct peer *p, struct span body);
void links_greet(struct node *n, struct peer *p);
void links_tick(struct node *n);
void relay_transactions(struct node *n);

/* bft_evidence.c, bft_evidence_told.c */
/* Two votes of one member that no honest one signs both, and that hold. from:
 * who told us; 0: nobody. */
void offence_found(struct node *n, struct span key, const struct vote *a,
		   const struct vote *b, uint64_t from);
MUST_USE enum err offences_open(struct node *n, struct kv_view *view);
void offences_free(struct offences *o);
void offences_durable(struct node *n, uint64_t seq);
void offences_greet(struct node *n, struct peer *p);
void offences_received(struct node *n, struct peer *p, struct span body);
bool offences_checked(struct node *n, const struct job *job);
/* Bring an offence that no block holds into a transaction of our own. */
void offences_tick(struct node *n);
/* true: the job was the signature of such a transaction. */
bool offences_signed(struct node *n, struct job *job);

/* bft_loss.c */
MUST_USE enum err loss_open(struct node *n, const struct node_journal *j,
			    struct kv_view *view, struct fault *f);
void loss_told(struct node *n, const struct address *who, uint64_t height);
void loss_tick(struct node *n);
void loss_persisted(struct node *n, uint64_t seq);
void loss_durable(struct node *n, uint64_t seq);

#endif

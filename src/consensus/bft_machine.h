/* SPDX-License-Identifier: MIT */
/*
 * The round machine of bft (CONSENSUS: "bft", rules 2 to 8, 12, 13, 15, 16):
 * one validator at one height after the other, pure. What it gets was checked
 * before: every vote's signature holds, and a signer is below the set's size.
 * What it wants done stands in its effects, in order. The room around it
 * (node/bft*.c; tests/sim for the machine alone) signs, persists, sends,
 * executes and stores.
 *
 * It is level-triggered: after every input it looks at what it knows and does
 * what a rule says is due, so nothing depends on the order in which things
 * came. Of its own votes one at a time is being signed and persisted; the
 * next is looked for when that one is durable, so the journal's order is the
 * order of the rounds (rule 6).
 */
#ifndef CONSENSUS_BFT_MACHINE_H
#define CONSENSUS_BFT_MACHINE_H

#include "codec/vote.h"
#include "ledger/validators.h" /* validators_quorum() */

#define BFT_NOBODY SIZE_MAX
/* From this round on a fresh block has at most BFT_LATE_BYTES: all blocks of
 * a height that were PREPAREd are kept until it commits (rule 4, rule 16). */
#define BFT_LATE_ROUND 4
#define BFT_LATE_BYTES 65536
#define BFT_FUTURE_ROUNDS 2 /* of proposals that are kept (rule 16) */

struct bft_rules {
	uint64_t timeout_ms, timeout_max_ms; /* min(timeout x 2^r, max) */
};

/* A height, and who agrees on it. */
struct bft_height {
	uint64_t height;
	size_t n;    /* of the height's validator set, sorted */
	size_t self; /* index in it; BFT_NOBODY: only listen */
	/* the same of the height above, whose messages may come early */
	size_t next_n;
};

/* What came with a proposal or a round change. Borrowed during the step. */
struct bft_message {
	const struct vote *vote;
	/* VOTE_PROPOSAL of a round above 0: the round changes, and, when one
	 * of them is prepared, the certificate of the highest. ROUND_CHANGE:
	 * the certificate when it is prepared. */
	const struct vote *changes, *prepares;
	size_t change_count, prepare_count;
};

enum bft_kind {
	/* cast: sign `vote`, persist it with what stands beside it, give it
	 * back by bft_cast_done(), once durable. One at a time. */
	BFT_CAST,
	/* send to all: a vote of self that is durable, with what stands
	 * beside it. Again at every retransmission. */
	BFT_SEND,
	/* make a block for `round`; bft_built() or bft_build_failed() */
	BFT_BUILD,
	/* execute the block of `digest`, whose bytes are here; fresh says that
	 * time and producer are checked as of a new proposal in `round`
	 * (rule 13). bft_executed() */
	BFT_EXECUTE,
	/* ask these signers for the block of `digest`; bft_block() when it is
	 * here. Again at every retransmission. */
	BFT_FETCH,
	/* decided: `digest` by `votes` (COMMITs of `round`, q of them). Once
	 * per height, when the block's bytes are here. */
	BFT_DECIDE,
	/* votes[0] and votes[1] conflict: evidence (rule 15) */
	BFT_EVIDENCE,
	/* a round timed out: send pending transactions to all (rule 12) */
	BFT_TIMED_OUT,
};

struct bft_effect {
	enum bft_kind kind;
	struct vote vote; /* BFT_CAST (unsigned), BFT_SEND */
	uint64_t round;
	struct hash digest;
	bool fresh;
	/* BFT_CAST, BFT_SEND: the vote's changes and prepares. BFT_FETCH: the
	 * votes whose signers to ask. BFT_DECIDE, BFT_EVIDENCE: see there.
	 * Owned by the list of effects. */
	struct vote *changes, *votes;
	size_t change_count, vote_count;
};

struct bft_effects {
	struct bft_effect *list;
	size_t count, cap;
};
void bft_effects_reset(struct bft_effects *e);
void bft_effects_release(struct bft_effects *e);

struct bft;

MUST_USE struct bft *bft_new(const struct bft_rules *rules);
void bft_free(struct bft *b);

/* Begin a height. What was kept for it as the one above counts; bft_tick() does
 * what is due. */
void bft_enter(struct bft *b, const struct bft_height *h, uint64_t now);
/*
 * At a start, after bft_enter(): what the journal holds of this height, in
 * its order. The block of a PROPOSAL or PREPARE was executed then, and its
 * bytes are here.
 */
void bft_replay(struct bft *b, const struct bft_message *m);
/* Nothing is signed while muted (rule 17); false: as before. */
void bft_mute(struct bft *b, bool muted);

/* A message of another (or of self, from before a crash: ignored, unless this
 * one is muted and does not know what it signed). Of another height than this
 * one and the next: ignored. */
void bft_receive(struct bft *b, const struct bft_message *m, uint64_t now,
		 struct bft_effects *out);
/* Whether it could change anything; asked before its signature is checked. */
bool bft_wants(const struct bft *b, const struct vote *v);
/* The vote that was to be cast is durable, with its signature. */
void bft_cast_done(struct bft *b, const struct vote *v, uint64_t now,
		   struct bft_effects *out);
/* The block that was to be made for `round`: its bytes are here. Ignored when
 * that round is over. failed: there is nothing to propose now; asked again
 * after bft_work(). */
void bft_built(struct bft *b, uint64_t round, const struct hash *digest,
	       uint64_t now, struct bft_effects *out);
void bft_build_failed(struct bft *b, uint64_t round);
/* The bytes of a block are here (with a proposal, after bft_receive() of it, or
 * fetched). Ignored when it is not needed. */
void bft_block(struct bft *b, const struct hash *digest, uint64_t now,
	       struct bft_effects *out);
/* What came of the BFT_EXECUTE of that digest, round and fresh. */
void bft_executed(struct bft *b, const struct hash *digest, uint64_t round,
		  bool fresh, bool valid, uint64_t now,
		  struct bft_effects *out);
/* Work (rule 12): a block is due from that time on (ms; UINT64_MAX: never as
 * things are). */
void bft_work(struct bft *b, uint64_t due, uint64_t now,
	      struct bft_effects *out);
void bft_tick(struct bft *b, uint64_t now, struct bft_effects *out);
/* When to tick at the latest, ms; 0: nothing is waited for. */
uint64_t bft_wake(const struct bft *b);

/* Whether the block's bytes are still needed. */
bool bft_needs_block(const struct bft *b, const struct hash *digest);

/* For GET /v1/consensus and for tests. */
struct bft_status {
	uint64_t height, round;
	size_t n, quorum, self;
	size_t leader; /* of the round */
	bool timer_runs;
	uint64_t deadline; /* ms, when it runs */
	uint64_t timeouts; /* rounds timed out at this height */
	bool has_proposal; /* of this round */
	bool executed;
	bool prepared;
	uint64_t prepared_round;
	bool decided;
	bool muted;
	struct hash digest; /* of this round's proposal */
};
void bft_status(const struct bft *b, struct bft_status *out);
/* The vote that is held of a validator; NULL: none of that kind. Highest
 * round. */
const struct vote *bft_held(const struct bft *b, size_t validator,
			    enum vote_kind kind);
/* Highest round in any signed message of a validator at this height; false:
 * none came. */
bool bft_seen(const struct bft *b, size_t validator, uint64_t *round);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The inside of the round machine, for its own files: bft_machine.c (what is
 * due), bft_cast.c (which vote of self is), bft_inputs.c (what comes in),
 * bft_table.c (what is held, and what it proves), bft_known.c (blocks),
 * bft_effects.c.
 */
#ifndef CONSENSUS_BFT_INTERNAL_H
#define CONSENSUS_BFT_INTERNAL_H

#include "consensus/bft_machine.h"
#include "ledger/validators.h"

/* Votes in a list. Owned. */
struct vote_list {
	struct vote *list;
	size_t count;
};
void vote_list_set(struct vote_list *l, const struct vote *votes, size_t count);
void vote_list_free(struct vote_list *l);

/* What is held of one validator at one height: of each kind the vote of the
 * highest round (rule 16). */
struct seat {
	bool held[VOTE_KIND_COUNT];
	struct vote votes[VOTE_KIND_COUNT];
	struct vote_list certificate; /* beside its round change */
	bool fresh;  /* its proposal repeats no prepared block */
	bool caught; /* evidence was given: one piece a height is enough */
	bool seen;
	uint64_t seen_round; /* in any signed message */
};

struct table {
	uint64_t height;
	size_t n, quorum, faults;
	struct seat *seats;
};

/* --- bft_table.c ------------------------------------------------------- */

void table_init(struct table *t, uint64_t height, size_t n);
void table_release(struct table *t);
size_t table_leader(const struct table *t, uint64_t round);
/* Keep a vote that is newer than what is held of its signer and kind. */
void table_keep(struct table *t, const struct bft_message *m, bool fresh);
/* Validators whose held vote of that kind is for exactly this. */
size_t table_count(const struct table *t, enum vote_kind kind, uint64_t round,
		   const struct hash *digest);
/* Their votes, `max` at most. */
void table_collect(const struct table *t, struct vote_list *out,
		   enum vote_kind kind, uint64_t round,
		   const struct hash *digest, size_t max);
/* Validators whose held vote of that kind is of that round. */
size_t table_count_round(const struct table *t, enum vote_kind kind,
			 uint64_t round);
/* Validators seen at that round or above, without `self`. */
size_t table_count_seen(const struct table *t, uint64_t round, size_t self);
/* The lowest round above `round` at which one is seen, when at least f + 1 are
 * above it (rule 8). */
bool table_jump(const struct table *t, uint64_t round, size_t self,
		uint64_t *to);
/* Whether these are PREPAREs of a quorum for that block in that round. */
bool table_is_certificate(const struct table *t, const struct vote *prepares,
			  size_t count, uint64_t round,
			  const struct hash *digest);
/* Rule 3. *fresh: none of the round changes is prepared. */
bool table_is_justified(const struct table *t, const struct bft_message *m,
			bool *fresh);
/* Of the held round changes for exactly that round: the one prepared highest;
 * NULL: none is prepared. */
const struct seat *table_highest(const struct table *t, uint64_t round);

/* --- blocks ------------------------------------------------------------ */

enum execution {
	EXECUTION_NONE,
	EXECUTION_RUNS,
	EXECUTION_VALID,
	EXECUTION_INVALID
};

/* A block of this height or the next whose digest matters. */
struct known {
	struct hash digest;
	bool here; /* its bytes are */
	bool own; /* proposed or PREPAREd by self: kept until the height commits
		   * (rule 4) */
	enum execution execution;
	bool fresh;	/* as what it was executed last */
	uint64_t round; /* in which */
};

enum build { BUILD_NONE, BUILD_ASKED, BUILD_FAILED, BUILD_DONE };

struct bft {
	struct bft_rules rules;
	struct table now, next;
	size_t self;
	bool muted;
	uint64_t round;

	bool timer_runs;
	uint64_t deadline;
	uint64_t resend_at; /* 0: nothing to send again */
	uint64_t work_due;  /* UINT64_MAX: no work */
	uint64_t timeouts;

	/* the vote of self that is being signed and persisted, and what stands
	 * beside it */
	bool casting;
	struct vote cast;
	struct vote_list cast_changes, cast_votes;
	/* beside the last proposal of self */
	struct vote_list own_changes, own_prepares;

	bool prepared; /* a certificate is held; the highest */
	uint64_t prepared_round;
	struct hash prepared_digest;
	struct vote_list certificate;

	enum build build; /* of this round's block */
	struct hash built;

	bool decided, told;
	uint64_t decided_round;
	struct hash decided_digest;
	struct vote_list decided_votes;

	struct known *known;
	size_t known_count, known_cap;
	bool fetching;
	struct hash fetch_digest;
	struct vote_list fetch_from;
};

/* --- bft_known.c ------------------------------------------------------- */

struct known *known_find(const struct bft *b, const struct hash *digest);
bool known_is_here(const struct bft *b, const struct hash *digest);
struct known *known_add(struct bft *b, const struct hash *digest);
/* Forget what is not needed any more. */
void known_prune(struct bft *b);

/* --- bft_effects.c ----------------------------------------------------- */

struct bft_effect *bft_effect_add(struct bft_effects *e, enum bft_kind kind);
void bft_effect_votes(struct vote **to, size_t *to_count,
		      const struct vote_list *from);

/* --- bft_machine.c ----------------------------------------------------- */

/* Do what is due. */
void bft_advance(struct bft *b, uint64_t now, struct bft_effects *out);
/* A vote was kept: does it complete a quorum of this height? */
void bft_look(struct bft *b, const struct vote *v);
void bft_look_at_all(struct bft *b, enum vote_kind kind);
void bft_set_prepared(struct bft *b, uint64_t round, const struct hash *digest,
		      const struct vote *prepares, size_t count);
bool bft_is_active(const struct bft *b); /* takes part */
uint64_t bft_timeout(const struct bft *b, uint64_t round);
/* The proposal of the round, by its leader; NULL: it is not here. */
const struct seat *bft_proposal(const struct bft *b, uint64_t round);
void bft_send_again_after(struct bft *b, uint64_t now);
/* Ask these votes' signers for a block that is not here, until it is. */
void bft_fetch(struct bft *b, const struct hash *digest,
	       const struct vote_list *from, uint64_t now,
	       struct bft_effects *out);

/* --- bft_cast.c -------------------------------------------------------- */

/* Begin the next vote of self that is due, unless one is on its way. */
void bft_cast_next(struct bft *b, uint64_t now, struct bft_effects *out);

#endif

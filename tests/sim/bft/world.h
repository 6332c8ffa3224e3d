/* SPDX-License-Identifier: MIT */
/*
 * The round machine of bft alone, many of it in a world from one seed
 * (doc/sim.md: "The round machine alone"). The rooms around the machine, the
 * network, the disks and the faulty validators are here; a block is a few
 * numbers, a signature eight bytes. Built for a million seeds: all memory of
 * a seed lies in one arena that the next one takes over.
 *
 * A person has a key; a node runs a machine with it. Twins are two nodes of
 * one person. All persons are nodes all the time, and members of the set at
 * the heights that the seed says.
 */
#ifndef SIM_BFT_WORLD_H
#define SIM_BFT_WORLD_H

#include "base/rng.h"
#include "consensus/bft_machine.h"
#include "sim/bft/stats.h"

#define PERSONS_MAX 7
#define NODES_MAX 9
#define HEIGHTS_MAX 64
#define RECORDS_MAX 256
#define STORE_MAX 96
#define RUNS_MAX 128
#define PROPOSALS_MAX 32
#define POOL_MAX 256 /* messages that the faulty validators remember */
#define NEVER UINT64_MAX
#define NO_BLOCK UINT32_MAX

enum fault_bits {
	ATTACK_VOTE_ALL = 1 << 0, /* PREPARE and COMMIT whatever is there */
	ATTACK_TWEAK = 1 << 1,	  /* a vote changed by one */
	ATTACK_REPLAY = 1 << 2,	  /* what was said before */
	ATTACK_CLAIM = 1 << 3,	  /* round changes with false certificates */
	ATTACK_PROPOSE = 1 << 4,  /* proposals with false justifications */
	ATTACK_JUMP = 1 << 5,	  /* huge rounds */
	ATTACK_INVALID = 1 << 6,  /* blocks that do not execute */
	ATTACK_WITHHOLD = 1 << 7, /* block bytes for some only */
	ATTACK_SILENT = 1 << 8,	  /* now and then */
	ATTACK_TWINS = 1 << 9,	  /* two nodes with the key */
	ATTACK_SPLIT = 1 << 10,	  /* each twin speaks to half of the others */
	ATTACK_DEAD = 1 << 11,	  /* says nothing at all */
	ATTACK_ALL = (1 << 12) - 1
};

struct block {
	struct hash digest;
	uint64_t height, time, txs; /* txs: a bit for each */
	uint32_t parent;	    /* number, NO_BLOCK at height 1 */
	uint8_t producer;	    /* person */
	bool valid;
	uint64_t round; /* that it was made for */
};

enum message_kind {
	MSG_VOTE,   /* vote, changes, prepares, block's bytes */
	MSG_TXS,    /* txs */
	MSG_ASK,    /* send me the block `digest` */
	MSG_BYTES,  /* block */
	MSG_PING,   /* height */
	MSG_SYNC,   /* send me the block of `height` */
	MSG_SEALED, /* block, perhaps its bytes, and its certificate: prepares
		     */
};

/* In the arena; shared by all who get it. */
struct message {
	enum message_kind kind;
	struct bft_message m; /* MSG_VOTE: vote is &own */
	struct vote own;
	uint32_t block;
	bool bytes;
	uint64_t height, txs;
	struct hash digest;
};

struct record {
	struct message *m; /* as it is sent, but a COMMIT without prepares */
	uint32_t block;	   /* whose bytes are in it; NO_BLOCK */
	bool shown;	   /* it was sent once */
};

struct run { /* of a block */
	uint32_t block;
	uint64_t round;
	bool fresh, done, good;
};

struct link { /* of a decided block */
	uint32_t block;
	const struct vote *votes;
	size_t vote_count;
};

struct node {
	uint8_t person, number;
	bool up;
	uint64_t epoch; /* counts its lives */
	struct bft *b;
	uint64_t wake; /* scheduled; 0: no */

	/* the chain, durable; links[h - 1] */
	uint64_t tip, included;
	struct link links[HEIGHTS_MAX];
	bool committing;
	struct link next;

	/* the journal */
	struct record *records;
	size_t record_count, durable;
	uint64_t journal_height, floor;
	bool journal_lost, floor_queued;
	uint64_t told[PERSONS_MAX]; /* since this start: height + 1 */
	bool replay_due;	    /* what was kept is not taken back yet */

	/* in memory */
	uint32_t store[STORE_MAX];
	size_t store_count;
	uint64_t known; /* transactions */
	struct run runs[RUNS_MAX];
	size_t run_count;
	struct vote proposals[PROPOSALS_MAX]; /* that may be PREPAREd: a ring */
	size_t proposal_count;
	uint64_t answered[NODES_MAX];
	uint64_t killed_at, kept_until; /* sends in between were lost */
	uint64_t tip_at;		/* when the tip moved */
	uint64_t ahead;			/* highest height that another told */
	uint8_t ahead_peer;

	int64_t clock;
	uint64_t timeouts, excused; /* since the last decision, or healing */
	uint16_t to;		    /* a twin's half; all bits: everybody */
};

enum event_kind {
	EV_MESSAGE,
	EV_WAKE,
	EV_DURABLE,
	EV_FLOOR,
	EV_BUILT,
	EV_EXECUTED,
	EV_BYTES,
	EV_COMMITTED,
	EV_PING,
	EV_WORK,
	EV_CRASH,
	EV_START,
	EV_CUT,
	EV_JOIN,
	EV_ATTACK,
	EV_HEAL,
};

struct event {
	uint64_t at, order;
	uint64_t epoch, sent;
	enum event_kind kind;
	uint8_t node, from;
	uint64_t arg;
	struct message *message;
};

struct signature_seen {
	uint64_t stamp; /* of the seed; 0: free */
	struct vote vote;
	uint8_t person;
};
#define SEEN_SIZE 8192

struct chunk;

struct world {
	uint64_t seed;
	struct rng rng;
	bool trace;
	uint64_t now, digest;
	bool failed, done;
	char failure[200];
	struct bsim_stats stats;

	/* kept between seeds */
	struct event *heap;
	size_t heap_count, heap_cap;
	uint64_t order;
	uint64_t in_flight;
	struct chunk *chunks, *chunk;
	size_t chunk_used;
	struct block *blocks;
	size_t block_count, block_cap;
	struct signature_seen *seen;
	uint64_t stamp;
	struct bft_effects effects;

	struct node nodes[NODES_MAX];
	size_t node_count;
	size_t persons;
	uint8_t sets[HEIGHTS_MAX + 2]; /* of each height: a bit a person */
	uint8_t byzantine, faulty;     /* persons; faulty has the first, too */
	uint8_t wiped;		       /* whose disks may be */
	struct link decided[HEIGHTS_MAX];

	struct bft_rules rules;
	uint64_t interval, drift;
	uint64_t latency, jitter, disk, execute, sign;
	uint32_t loss, twice, late; /* of 1000 */
	uint32_t kind_loss[VOTE_KIND_COUNT];
	uint16_t cut[NODES_MAX]; /* nodes that it does not reach */
	uint32_t crash_every, cut_every, work_every;
	uint32_t attacks;
	uint32_t attack_chance, attack_budget;
	uint64_t heal_at, target, deadline;
	bool healed, want_idle, wound_down;
	uint64_t next_tx;
	const struct message *pool[POOL_MAX]; /* a ring */
	size_t pool_count;		      /* ever */
};

/* --- queue.c ------------------------------------------------------------- */
/* Memory of this seed. */
void *arena(struct world *w, size_t size);
const struct vote *arena_votes(struct world *w, const struct vote *v,
			       size_t count);
void arena_reset(struct world *w);
void arena_release(struct world *w);
void push(struct world *w, const struct event *e);
bool pop(struct world *w, struct event *out);

/* Below n; n > 0. */
uint64_t below(struct world *w, uint64_t n);
bool chance(struct world *w, uint32_t of_1000);

/* --- world.c ------------------------------------------------------------- */
size_t set_size(const struct world *w, uint64_t height);
/* Index of a person in a height's set; BFT_NOBODY. And back. */
size_t index_of(const struct world *w, uint64_t height, size_t person);
size_t person_of(const struct world *w, uint64_t height, size_t index);
bool is_byzantine(const struct world *w, const struct node *n);
bool is_faulty_leader(const struct world *w, uint64_t height, uint64_t round);
/* 12 bytes: eight that bind, four that differ each time. */
void sign(struct world *w, struct vote *v, size_t person);
bool verify(const struct world *w, const struct vote *v);
uint32_t make_block(struct world *w, const struct node *n, uint64_t round,
		    uint64_t txs, bool valid);
/* NO_BLOCK: nobody made it. */
uint32_t find_block(const struct world *w, const struct hash *digest);

/* --- net.c --------------------------------------------------------------- */
struct message *new_message(struct world *w, enum message_kind kind);
void send_to(struct world *w, const struct node *from, size_t to,
	     struct message *m);
void send_all(struct world *w, const struct node *from, struct message *m);
void deliver(struct world *w, struct node *n, const struct event *e);
void say_height(struct world *w, const struct node *n, size_t to);
void spread_work(struct world *w, const struct node *n, uint64_t txs);
void ask_height(struct world *w, const struct node *n, size_t to);

/* --- room.c -------------------------------------------------------------- */
/* What came of a call of the machine. */
void carry_out(struct world *w, struct node *n);
void take_block(struct world *w, struct node *n, uint32_t block);
bool has_bytes(const struct node *n, uint32_t block);
void learn_work(struct world *w, struct node *n, uint64_t txs);
void tell_work(struct world *w, struct node *n);
void built(struct world *w, struct node *n, uint64_t round);
void executed(struct world *w, struct node *n, size_t run);
void cast_durable(struct world *w, struct node *n, const struct vote *v);

/* --- life.c -------------------------------------------------------------- */
void commit(struct world *w, struct node *n, uint32_t block,
	    const struct vote *votes, size_t count);
void committed(struct world *w, struct node *n);
void crash(struct world *w, struct node *n);
void start(struct world *w, struct node *n);
void wipe(struct world *w, struct node *n);
void forget_records(struct node *n);
bool is_muted(const struct node *n);
/* Another told its height (rule 17). */
void height_told(struct world *w, struct node *n, size_t person,
		 uint64_t height);
void floor_durable(struct world *w, struct node *n, uint64_t floor);

/* --- faults.c ------------------------------------------------------------ */
void choose_faults(struct world *w);
void next_crash(struct world *w);
void next_cut(struct world *w);
void heal(struct world *w);
/* After healing: work for the next height, when there is none. */
void more_work(struct world *w);
void new_work(struct world *w);
/* Whether all that was to be seen after healing was seen, or never will. */
void check_end(struct world *w);

/* --- attack.c ------------------------------------------------------------ */
void overhear(struct world *w, const struct message *m);
void attack(struct world *w);

/* --- check.c ------------------------------------------------------------- */
void fail(struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);
void note(struct world *w, const char *format, ...) PRINTF_LIKE(2, 3);
void note_vote(struct world *w, const struct node *n, const char *what,
	       const struct vote *v);
void check_cast(struct world *w, const struct node *n,
		const struct bft_effect *e);
void note_proposal(struct world *w, struct node *n,
		   const struct bft_message *m);
void check_send(struct world *w, const struct node *n,
		const struct bft_effect *e, const struct record *r);
void check_evidence(struct world *w, const struct node *n,
		    const struct bft_effect *e);
void check_effects(struct world *w, const struct node *n);
void check_decided(struct world *w, const struct node *n, uint64_t height,
		   uint32_t block, const struct vote *votes, size_t count);
void check_memory(struct world *w, const struct node *n);
/* The tip of n moved: not too many timeouts after healing. */
void check_progress(struct world *w, struct node *n);

/* --- run.c --------------------------------------------------------------- */
/* The machine of n was called. */
void after_step(struct world *w, struct node *n);
void world_run(struct world *w, uint64_t seed, size_t n, bool trace);
void world_release(struct world *w);

#endif

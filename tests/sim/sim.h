/* SPDX-License-Identifier: MIT */
/*
 * A world of whole nodes: the production core over kv_mem, on a virtual clock
 * and a network, disks and workers that are as bad as one seed says
 * (doc/sim.md). What knows an engine is behind struct sim_engine.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/rng.h"
#include "chain/genesis.h"
#include "node/internal.h"
#include "sim/engine.h"
#include "sim/journal.h"
#include "sim/keys.h"
#include "sim/model.h"
#include "sim/sets.h"
#include "sim/stats.h"
#include "sim/witness.h"

#define SIM_EPOCH UINT64_C(1700000000000) /* of genesis, ms since 1970 */
#define SIM_AUTHORITIES_MAX 9
#define SIM_HOSTS_MAX 12
#define SIM_ENDS_MAX 16 /* hosts, then attackers */
#define SIM_CLIENTS_MAX 12

struct sim;
struct host;
struct attacker;

/* --- what a seed decides ------------------------------------------------ */

struct weather {
	/* ms */
	uint64_t latency, jitter; /* of a message */
	uint64_t disk, worker;	  /* at most, of a commit, of a job */
	uint64_t skew;		  /* of clocks, at most */
	uint64_t fault_every;	  /* on average */
	uint64_t client_every;
	uint64_t attack_every;
	/* faults that happen here */
	bool crashes, partitions, resets;
	/* single messages, in a thousand: what TCP never does */
	uint64_t drop, twice, reorder;
	bool double_dials;
	size_t observers, attackers;
	size_t mempool_bytes;	   /* 0: as many as ever */
	struct flush_bounds flush; /* slice 0: as ever, that is not at all */
};

/* --- events ------------------------------------------------------------- */

enum sim_kind {
	SIM_TIMER,   /* host, number: of the timer */
	SIM_JOB,     /* host, life, job */
	SIM_DURABLE, /* host, life: its first commit */
	SIM_START,   /* host */
	SIM_DIAL,    /* number: pair, side: who */
	SIM_UP,	     /* conn, side */
	SIM_MESSAGE, /* conn, side, type, body */
	SIM_GONE,    /* conn, side */
	SIM_FAULT,   /* something bad happens */
	SIM_HEAL,    /* a partition ends */
	SIM_CLIENT,  /* somebody pays */
	SIM_ATTACK,  /* host: end */
	SIM_LOOK,    /* whether all is over */
	SIM_FLUSHED, /* host, life: what its journal was writing */
	SIM_WORK,    /* after healing there is something to do */
	SIM_KIND_COUNT
};

struct sim_event {
	uint64_t at, seq; /* ms, ties in the order made */
	enum sim_kind kind;
	size_t host;
	uint64_t life; /* of the host when made: void in another */
	uint64_t number;
	int side;
	enum message_type type;
	struct job *job; /* owned */
	struct buf body; /* owned */
};

/* --- hosts -------------------------------------------------------------- */

/* What a faulty validator does not say, though its node says it. */
enum silence {
	SILENCE_NOT,
	SILENCE_ALL,	   /* no votes, no blocks */
	SILENCE_PROPOSALS, /* when it leads */
	SILENCE_SOME,	   /* to some */
	SILENCE_HALF,	   /* every second message */
	SILENCE_COUNT
};

struct commit {
	uint64_t seq;
	struct kv_batch *batch;
};

struct host {
	size_t number;
	struct sim_key key;
	struct address id; /* that its connections prove */
	bool validator;
	struct kv_mem *mem;	/* what is durable */
	struct node *node;	/* NULL: down */
	uint64_t life;		/* counts starts */
	int64_t skew;		/* of its clock, ms */
	uint64_t timer;		/* number of the valid one */
	struct commit *commits; /* first in, first out */
	size_t commit_count, commit_cap;
	uint64_t disk_free, jobs_out;
	uint64_t ban_until[SIM_ENDS_MAX]; /* by the world's clock */
	/* what the invariants remember; survives crashes but for turns */
	struct model_block *tip, *settled;
	bool has_turn;
	uint64_t turn; /* of the last JOB_SIGN in this life */
	bool halted;
	bool look; /* compare the whole ledger at the next tip */
	/* engines with votes */
	size_t person; /* whose key it has */
	struct journal journal;
	struct journal lost; /* the one before, when it was lost */
	bool doubtful;	     /* see loss.c */
	size_t doubted;	     /* its records then */
	bool loses;	     /* things, when it crashes */
	int64_t clock;	     /* ms that it is wrong by, until all heals */
	enum silence silence;
	unsigned deaf_to;  /* SILENCE_SOME: ends that hear nothing */
	uint64_t timeouts; /* of this life when counting began ... */
	const struct model_block *counted; /* ... at this tip */
};

/* --- network ------------------------------------------------------------ */

struct conn {
	uint64_t number;
	uint64_t name[2]; /* that each side has for it: given when it is up */
	size_t pair;
	size_t end[2];	 /* 0 dialled */
	bool up[2];	 /* that side was told of it, and not that it is gone */
	bool deaf[2];	 /* nothing reaches that side any more */
	bool leaving[2]; /* SIM_GONE is on its way there */
	bool over[2];	 /* and has arrived */
	bool stalled;	 /* something was lost in it: it cannot go on */
	uint64_t arrives[2]; /* toward that side, the last message */
};

struct pair {
	size_t end[2];
	size_t conns;
	uint64_t back_off;
};

/* --- clients ------------------------------------------------------------ */

/* What a client was told of a transaction. */
struct promise {
	struct hash id;
	size_t host;
	uint64_t life, request;
	bool answered, taken; /* pending, queued or known */
};

/* --- attackers ---------------------------------------------------------- */

/* What it does beside what all of them do. */
enum vice {
	VICE_LIES,     /* about its tip; answers nothing well */
	VICE_WITHHOLD, /* tells true headers and gives no bodies */
	VICE_GARBAGE,  /* what no decoder takes */
	VICE_FORGE,    /* bad seals, wrong bodies, bad signatures */
	VICE_PARROT,   /* what others said, again, changed and unchanged */
	VICE_COUNT
};

struct attacker {
	size_t end;
	enum vice vice;
	struct sim_key key;
	uint64_t conns[SIM_HOSTS_MAX]; /* its names for them */
	size_t conn_count;
	struct model_block *tip; /* that it claims to be at */
	struct buf heard;	 /* the last message that it got */
	enum message_type heard_type;
};

/* --- the world ---------------------------------------------------------- */

struct sim {
	uint64_t seed;
	size_t n; /* authorities; they are hosts 0..n-1 */
	bool tracing;
	const struct sim_engine *engine;
	struct rng rng;
	struct weather weather;
	struct rules rules;
	struct genesis genesis;
	struct model model;
	uint64_t now;	   /* ms since 1970 */
	uint64_t heal_at;  /* when the faults end */
	bool healed;	   /* from here on nothing goes wrong */
	uint64_t digest;   /* of all that happened, in order */
	unsigned extended; /* times that heal_at was put off */
	/* after healing */
	uint64_t deadline, rest_at;
	bool over;
	const struct model_block *rest_tip;

	struct sim_event **heap;
	size_t heap_count, heap_cap;
	uint64_t next_seq;

	struct host hosts[SIM_HOSTS_MAX];
	size_t host_count;
	struct effects effects; /* of the present step */

	struct pair *pairs;
	size_t pair_count;
	struct conn **conns;
	size_t conn_count;
	uint64_t next_conn;
	bool blocked[SIM_ENDS_MAX][SIM_ENDS_MAX]; /* from, to */
	bool parted;

	struct sim_key clients[SIM_CLIENTS_MAX];
	size_t client_count;
	struct promise *promises;
	size_t promise_count;

	struct attacker attackers[SIM_ENDS_MAX];
	/* The authority whose key is in two hosts, and the second of them;
	 * SIZE_MAX: none. */
	size_t cheater, twin;
	bool twins;	   /* that second one there is */
	unsigned cheaters; /* all of them, by number of their hosts */

	/* engines with votes */
	struct people people;
	unsigned faulty, losers, wrong_clocks; /* hosts, f at most */
	struct witness *witness;
	struct model_block **decided; /* by height, whoever was first */
	size_t decided_count;
	size_t newcomer; /* a host that may be voted in; SIZE_MAX: none */
	bool changes;	 /* members vote on who validates */
	bool has_agenda;
	struct set_change agenda; /* what is voted on */
	uint64_t count_from; /* ms: timeouts count from then on; 0: not yet */
	uint64_t last_vote;  /* ms: when an honest host said one */

	/* invariants */
	struct map *seen;	      /* signer and turn -> struct hash */
	struct map *sniffed;	      /* hash of a header that was looked at */
	struct model_block **settled; /* by height: whoever settled first */
	size_t settled_count;
	uint64_t top;	   /* height of the highest tip */
	uint64_t last_new; /* when a block was last committed */

	bool failed;
	char failure[512];
	struct sim_stats stats;
};

/* world.c: a life from the first event to the last. */
void sim_run(struct sim *s, const struct sim_engine *engine, uint64_t seed,
	     size_t n, bool tracing);
void sim_release(struct sim *s);
/* Break: what was violated. The first counts. */
void sim_fail(struct sim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A line of the trace. */
void sim_trace(struct sim *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Fold something that happened into the digest of the run. */
void sim_fold(struct sim *s, uint64_t what);
bool sim_chance(struct sim *s, uint64_t percent);
uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high);

/* Whose key it is is known to cheat. */
bool sim_is_cheater(const struct sim *s, const struct address *a);

/* queue.c */
struct sim_event *sim_after(struct sim *s, uint64_t ms, enum sim_kind kind);
struct sim_event *sim_at(struct sim *s, uint64_t at, enum sim_kind kind);
struct sim_event *sim_pop(struct sim *s);
void sim_event_free(struct sim_event *e);

/* scenario.c: what the seed decides, and its faults. */
void scenario_make(struct sim *s);
void scenario_fault(struct sim *s);
void scenario_heal(struct sim *s); /* a partition ends */
void scenario_end(struct sim *s);  /* all faults do */

/* host.c */
void host_make(struct sim *s, size_t number, bool validator);
void host_start(struct sim *s, struct host *h);
void host_crash(struct sim *s, struct host *h);
void host_release(struct host *h);
/* now is filled in. */
void host_step(struct sim *s, struct host *h, struct node_event *e);
void host_job(struct sim *s, struct host *h, struct sim_event *e);
/* disk.c */
void disk_apply(struct sim *s, struct host *h, struct kv_batch *b);
void disk_commit(struct sim *s, struct host *h, const struct effect *e);
void disk_persist(struct sim *s, struct host *h, struct effect *e);
/* What was not flushed: gone with the power, or there up to somewhere. */
void disk_crash_journal(struct sim *s, struct host *h, bool power);
void host_durable(struct sim *s, struct host *h);
void host_flushed(struct sim *s, struct host *h);
/* Its chain is gone, while it is down. */
void host_wipe(struct sim *s, struct host *h);
struct host *host_of(struct sim *s, size_t end); /* NULL: an attacker */
/* One that is up; NULL: none is. */
struct host *host_any(struct sim *s);

/* dial.c */
void net_make(struct sim *s);
void net_dial(struct sim *s, size_t pair, int side, bool twin);
/* Later, and later each time until something is heard. */
void net_dial_again(struct sim *s, size_t pair);
/* net.c */
void net_release(struct sim *s);
uint64_t net_delay(struct sim *s); /* of a message, ms */
struct sim_event *net_on_conn(struct sim *s, uint64_t at, enum sim_kind kind,
			      const struct conn *c, int side);
void net_event(struct sim *s, struct sim_event *e);
/* Takes the body. */
void net_send(struct sim *s, size_t from, uint64_t conn, enum message_type type,
	      struct buf *body);
/* That end wants no more of it, and says so behind what it sent. */
void net_close(struct sim *s, size_t from, uint64_t conn);
void net_ban(struct sim *s, struct host *h, uint64_t conn, uint64_t ms);
/* The end is gone, with all that was in flight. */
void net_crash(struct sim *s, size_t end);
void net_reset_one(struct sim *s);
void net_reset_stalled(struct sim *s);
void net_reset_between(struct sim *s);
struct conn *net_conn_of(struct sim *s, size_t end, uint64_t name);

/* client.c */
void client_make(struct sim *s);
void client_pay(struct sim *s);
void client_answer(struct sim *s, struct host *h, const struct effect *e);
/* A payment that nothing is wrong with. */
void client_pay_well(struct sim *s, struct host *h);
uint64_t client_nonce(struct host *h, const struct address *sender,
		      uint64_t *balance);
/* Sign and encode what is filled in but for key and signature. */
void client_sign(struct sim *s, struct buf *raw, struct tx *tx,
		 const struct sim_key *from);
void client_submit(struct sim *s, struct host *h, const struct tx *tx,
		   struct span raw);
/* client_votes.c: a member votes for what is on the agenda. */
void client_vote(struct sim *s);
/* Whether what was promised was kept, in the end. */
void client_settle(struct sim *s);

/* attacker.c */
void attacker_make(struct sim *s);
void attacker_up(struct sim *s, size_t end, uint64_t conn, bool dialled);
void attacker_gone(struct sim *s, size_t end, uint64_t conn);
void attacker_message(struct sim *s, size_t end, uint64_t conn,
		      enum message_type type, struct span body);
void attacker_act(struct sim *s, size_t end);
void attacker_release(struct sim *s);
/* A message of it; takes the body. */
void attacker_send(struct sim *s, const struct attacker *a, uint64_t conn,
		   enum message_type type, struct buf *body);
void attacker_say_hello(struct sim *s, struct attacker *a, uint64_t conn,
			enum message_type type);
/* answers.c: what it answers to what it is asked. */
void attacker_answer(struct sim *s, struct attacker *a, uint64_t conn,
		     enum message_type type, struct span body);
/* forge.c */
/* A block of an authority that cheats, on any block there is, at a turn of
 * its own; NULL: there is none. */
struct model_block *forge_block(struct sim *s);
/* One of the world's blocks, some bytes of it changed. */
void forge_bad_block(struct sim *s, struct buf *out);
void forge_header(struct sim *s, struct buf *out); /* for AHD, bad */
void forge_tx(struct sim *s, struct buf *out);	   /* for TXN, bad */
/* A random block that somebody once made; genesis when there is none. */
struct model_block *forge_any(struct sim *s);
/* A sealed block without transactions that person `who` could propose on the
 * parent: its bytes, with the empty seal; its hash. */
void forge_empty(struct sim *s, struct buf *raw, struct hash *hash,
		 struct model_block *parent, size_t who);
/* loss.c: what a validator loses in a crash. */
void loss_of(struct sim *s, struct host *h);
/* byzantine.c */
bool byzantine_act(struct sim *s, const struct attacker *a, uint64_t conn);
/* Whether the network gets that message of a faulty validator. */
bool byzantine_says(struct sim *s, struct host *h, size_t to,
		    enum message_type type);
/* invariants.c */
void check_begin(struct sim *s);
void check_release(struct sim *s);
void check_commit(struct sim *s, struct host *h, const struct kv_batch *b);
void check_durable(struct sim *s, struct host *h, const struct kv_batch *b);
void check_signing(struct sim *s, struct host *h);
void check_sent(struct sim *s, struct host *h, enum message_type type,
		struct span body);
void check_stepped(struct sim *s, struct host *h);
void check_started(struct sim *s, struct host *h);
/* deep.c: all tables of a node against the naive ledger at its tip. */
void check_ledger(struct sim *s, struct host *h);
/* end.c: after healing. Whether the host is to agree with the others. */
bool check_counts(const struct sim *s, const struct host *h);
struct host *check_first(struct sim *s); /* that does */
bool check_is_at_rest(struct sim *s);
void check_end(struct sim *s);

#endif

/* SPDX-License-Identifier: MIT */
/* What the simulator must know of an engine: one table each (engine_poa.c,
 * engine_bft.c). */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "base/rng.h"
#include "codec/block.h"
#include "codec/message.h"
#include "ledger/genesis.h"

struct sim;
struct host;
struct attacker;
struct model_block;

/* What the simulator must know of an engine. Every member is mandatory. */
struct sim_engine {
	const char *name;
	/* Blocks are final by votes, which validators keep in journals. */
	bool certifies;
	/* Append members of a genesis file ("consensus": {...}, ...), each
	 * ended by a comma; who makes blocks is hosts 0..n-1. */
	void (*rules)(struct sim *s, struct buf *out);
	/* How long a block takes by these rules, ms: what all else is measured
	 * by. */
	uint64_t (*pace)(const struct rules *rules);
	/* That a seed must make to count. */
	uint64_t heights;
	/* How long things go wrong, in these. */
	uint64_t (*duration)(struct sim *s);
	/* Within how long all must agree after healing, ms. */
	uint64_t (*patience)(const struct sim *s);
	/* Whom to distrust, and what else goes wrong in this seed. */
	void (*trouble)(struct sim *s);
	/* The same, once hosts are made. */
	void (*settle_in)(struct sim *s);
	/* What is wrong with a header after its parent, or with the seal that
	 * makes it a block; NULL: nothing. */
	const char *(*check)(struct sim *s, const struct model_block *parent,
			     const struct header *header);
	const char *(*check_seal)(struct sim *s, const struct model_block *b,
				  const struct seal *seal);
	/* Who signed both sides of a piece of evidence as it is stored; false:
	 * it is none. */
	bool (*culprit)(const struct sim *s, struct address *out,
			struct span value);
	/* The turn in which one signer signs one header; false: the engine
	 * has none. By a header, and by the clock when a signature is asked
	 * for. */
	bool (*turn)(uint64_t *out, const struct rules *rules, uint64_t time);
	/* A time at most `latest` at which authority i may sign after the
	 * parent; false: there is none. */
	bool (*own_time)(uint64_t *out, const struct rules *rules,
			 struct rng *rng, const struct header *parent, size_t i,
			 uint64_t latest);
	/* Misbehave toward a peer in a way of this engine; false: there is
	 * nothing to do so with. */
	bool (*misdeed)(struct sim *s, const struct attacker *a, uint64_t conn);
	/* A message of a host goes out; a block is given to its disk; it came
	 * down; it took a step. */
	void (*sent)(struct sim *s, struct host *h, enum message_type type,
		     struct span body);
	void (*committed)(struct sim *s, struct host *h, struct model_block *b);
	void (*crashed)(struct sim *s, struct host *h);
	void (*stepped)(struct sim *s, struct host *h);
	/* The faults end; whether a host has nothing to do any more; and what
	 * must be true in the end. */
	void (*healed)(struct sim *s);
	bool (*is_idle)(struct sim *s, struct host *h);
	void (*ended)(struct sim *s);
	/* Whether a cheating authority may break what is settled. */
	bool cheating_unsettles;
};

extern const struct sim_engine sim_poa, sim_bft;

#endif

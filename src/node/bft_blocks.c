/* SPDX-License-Identifier: MIT */
/*
 * Blocks that are not decided: their bytes by digest, the signatures of
 * their transactions, executing them on the tip, and building one of our
 * own. One candidate lives at a time, the one that was executed last, and
 * none while a branch is moved to.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/msgpack.h"
#include "node/bft_internal.h"
#include "node/sync_internal.h"

#define HEAD_BYTES 2048 /* of a block: all but its transactions */

/* --- bytes ------------------------------------------------------------- */

void kept_free(struct kept_block *b)
{
	if (!b)
		return;
	buf_release(&b->raw);
	free(b);
}

/* As the room keeps it: the seal is empty. Nothing else can differ, since
 * what was decoded has one form only. */
static bool is_plain(const struct block *b)
{
	const struct seal *s = &b->seal;

	return !s->key.len && !s->signature.len && !s->nonce &&
	       !s->certificate.len;
}

enum err kept_read(struct node *n, struct kept_block **out, struct span raw)
{
	struct kept_block *k;
	struct hash root;
	struct block b;
	enum err e;

	*out = NULL;
	if (raw.len > chain_rules(n->chain)->max_block_bytes)
		return ERR_TOO_BIG;
	e = block_decode(&b, raw);
	if (e)
		return e;
	body_root(&root, &b);
	if (!hash_eq(&root, &b.header.txs_root) || !is_plain(&b)) {
		block_release(&b);
		return ERR_BAD_TXS_ROOT;
	}
	k = xcalloc(1, sizeof(*k));
	header_hash(&k->digest, chain_genesis(n->chain), b.header_raw);
	k->height = b.header.height;
	buf_append_span(&k->raw, raw);
	block_release(&b);
	*out = k;
	return ERR_OK;
}

struct kept_block *blocks_find(const struct bft_room *room,
			       const struct hash *digest)
{
	size_t i;

	for (i = 0; i < room->block_count; i++)
		if (hash_eq(&room->blocks[i]->digest, digest))
			return room->blocks[i];
	return NULL;
}

struct kept_block *blocks_take(struct bft_room *room, struct kept_block *b)
{
	struct kept_block *here = blocks_find(room, &b->digest);

	if (here) {
		kept_free(b);
		return here;
	}
	if (room->block_count == room->block_cap) {
		room->block_cap = room->block_cap ? 2 * room->block_cap : 4;
		room->blocks = xrealloc(room->blocks, room->block_cap,
					sizeof(struct kept_block *));
	}
	room->blocks[room->block_count++] = b;
	return b;
}

bool room_block(const struct node *n, struct span *raw,
		const struct hash *digest)
{
	const struct kept_block *b;

	b = n->bft ? blocks_find(n->bft, digest) : NULL;
	if (b)
		*raw = buf_span(&b->raw);
	return b != NULL;
}

void blocks_prune(struct node *n)
{
	struct bft_room *room = n->bft;
	size_t i = 0;

	while (i < room->block_count) {
		struct kept_block *b = room->blocks[i];

		if (bft_needs_block(room->machine, &b->digest) || b->wanted ||
		    (room->decided &&
		     hash_eq(&room->decided_digest, &b->digest))) {
			i++;
			continue;
		}
		kept_free(b);
		room->blocks[i] = room->blocks[--room->block_count];
	}
}

/* --- signatures of transactions ---------------------------------------- */

/* Some signature of a transaction does not hold, or cannot: then the block
 * does not, whoever made it. */
static void set_state(struct node *n, struct kept_block *b, enum err e)
{
	if (e == ERR_IO || e == ERR_CORRUPT || e == ERR_CRYPTO)
		node_fail(n, e, "checking the signatures of a proposal");
	b->state = e ? KEPT_BAD : KEPT_GOOD;
}

static void start_check(struct node *n, struct kept_block *b)
{
	struct job *job = xcalloc(1, sizeof(*job));
	struct block block;
	enum err e;

	e = block_decode(&block, buf_span(&b->raw));
	if (!e)
		e = body_checks(n, &job->checks, &block);
	block_release(&block);
	if (e || !job->checks.count) {
		set_state(n, b, e);
		job_free(job);
		return;
	}
	b->job = node_job(n, job, JOB_VERIFY, OWNER_BFT);
	b->state = KEPT_CHECKING;
}

bool blocks_checked(struct node *n, const struct job *job)
{
	struct bft_room *room = n->bft;
	size_t i;

	for (i = 0; i < room->block_count; i++) {
		struct kept_block *b = room->blocks[i];

		if (b->state != KEPT_CHECKING || b->job != job->id)
			continue;
		set_state(n, b,
			  checks_result(&job->checks, 0, job->checks.count));
		return true;
	}
	return false;
}

/* --- executing --------------------------------------------------------- */

void blocks_drop_candidate(struct bft_room *room)
{
	candidate_free(room->candidate);
	room->candidate = NULL;
}

enum err blocks_candidate(struct node *n, const struct hash *digest,
			  struct fault *f)
{
	struct bft_room *room = n->bft;
	const struct kept_block *b = blocks_find(room, digest);
	struct block block;
	enum err e;

	if (room->candidate && hash_eq(candidate_hash(room->candidate), digest))
		return ERR_OK;
	blocks_drop_candidate(room);
	if (!b)
		return fault_set(f, ERR_NOT_FOUND, "", "its bytes are gone");
	e = block_decode(&block, buf_span(&b->raw));
	if (!e)
		e = candidate_check(&room->candidate, n->chain, n->store,
				    &block, buf_span(&b->raw), f);
	block_release(&block);
	return e;
}

/* Rule 13: of a fresh proposal the clock and the leader are asked. */
static enum err check_fresh(const struct node *n, const struct kept_block *b,
			    const struct header *h)
{
	const struct bft_room *room = n->bft;
	uint64_t drift = chain_rules(n->chain)->max_drift_ms;
	size_t leader = (room->height + b->round) % room->set.count;

	if (h->time > n->now && h->time - n->now > drift)
		return ERR_FUTURE;
	if (!h->has_producer ||
	    !address_eq(&h->producer, &room->set.list[leader].account))
		return ERR_BAD_PRODUCER;
	/* rule 16: what rule 4 keeps stays bounded */
	if (b->round >= BFT_LATE_ROUND && b->raw.len > BFT_LATE_BYTES)
		return ERR_TOO_BIG;
	return ERR_OK;
}

static enum err check_header(struct node *n, const struct kept_block *b,
			     bool fresh)
{
	struct engine_block parent;
	struct block block;
	enum err e;

	engine_block_of(&parent, chain_tip(n->chain));
	e = block_decode(&block, buf_span(&b->raw));
	if (!e && (block.header.height != parent.height + 1 ||
		   !hash_eq(&block.header.parent, &parent.hash)))
		e = ERR_BAD_PARENT;
	if (!e)
		e = n->engine->ops->check_header(n->engine, &parent,
						 &block.header, 0);
	if (!e && fresh)
		e = check_fresh(n, b, &block.header);
	block_release(&block);
	return e;
}

bool blocks_decided(struct node *n, const struct hash *digest, enum err *e,
		    struct fault *f)
{
	struct bft_room *room = n->bft;
	struct kept_block *b = blocks_find(room, digest);

	*e = ERR_OK;
	if (room->candidate && hash_eq(candidate_hash(room->candidate), digest))
		return true;
	if (b && b->state == KEPT_RAW)
		start_check(n, b);
	if (b && b->state == KEPT_CHECKING)
		return false;
	if (b && b->state == KEPT_BAD)
		*e = ERR_BAD_SIGNATURE;
	else if (b)
		*e = check_header(n, b, false);
	if (!*e)
		*e = blocks_candidate(n, digest, f);
	return true;
}

/* Whether it holds on the tip, all in all. */
static void execute(struct node *n, struct kept_block *b)
{
	struct bft_room *room = n->bft;
	char hex[HASH_HEX_LEN];
	struct fault f = {0};
	enum err e;

	b->wanted = false;
	e = b->state == KEPT_BAD ? ERR_BAD_SIGNATURE
				 : check_header(n, b, b->fresh);
	if (!e)
		e = blocks_candidate(n, &b->digest, &f);
	if (e == ERR_IO || e == ERR_CORRUPT) {
		node_fail(n, e, "executing a proposal");
		return;
	}
	if (e)
		node_log(n, NOTICE_WARNING,
			 "proposal %llu %s of round %llu does not hold: %s",
			 (unsigned long long)b->height,
			 hash_hex(hex, &b->digest),
			 (unsigned long long)b->round,
			 f.detail[0] ? f.detail : err_text(e));
	bft_executed(room->machine, &b->digest, b->round, b->fresh, !e, n->now,
		     &room->out);
}

/* --- building ---------------------------------------------------------- */

static void nothing_to_build(struct node *n)
{
	struct bft_room *room = n->bft;

	room->not_before = n->now + RETRY_MS;
	bft_build_failed(room->machine, room->build_round);
}

static uint64_t build_time(const struct node *n)
{
	uint64_t after = chain_tip(n->chain)->time + 1;

	return n->now > after ? n->now : after;
}

/* The block's bytes are kept before the machine hears of them. */
static void keep_built(struct node *n)
{
	static const struct seal empty;
	struct bft_room *room = n->bft;
	struct kept_block *b = xcalloc(1, sizeof(*b));

	candidate_seal(room->candidate, &empty);
	b->digest = *candidate_hash(room->candidate);
	b->height = room->height;
	b->state = KEPT_GOOD;
	buf_append_span(&b->raw, candidate_raw(room->candidate));
	b = blocks_take(room, b);
	bft_built(room->machine, room->build_round, &b->digest, n->now,
		  &room->out);
}

static void build(struct node *n)
{
	bool late = n->bft->build_round >= BFT_LATE_ROUND;
	const struct rules *rules = chain_rules(n->chain);
	struct bft_room *room = n->bft;
	struct buf extra = {0};
	struct candidate *c;
	enum err e;

	room->build = false;
	blocks_drop_candidate(room);
	c = room->candidate = candidate_new(n->chain, n->store);
	produce_fill(n, c, late ? BFT_LATE_BYTES - HEAD_BYTES : SIZE_MAX);
	if (!candidate_tx_count(c)) {
		if (!room->build_round && !rules->allow_empty) {
			blocks_drop_candidate(room);
			nothing_to_build(n);
			return;
		}
		produce_placeholder(n, &extra);
	}
	e = candidate_finish(c, build_time(n), &n->account, SPAN(NULL, 0),
			     buf_span(&extra));
	buf_release(&extra);
	if (e)
		node_fail(n, e, "making a block");
	else
		keep_built(n);
}

/* --- what can be done now ---------------------------------------------- */

bool blocks_work(struct node *n)
{
	struct bft_room *room = n->bft;
	size_t i;

	if (room_waits(n))
		return false;
	for (i = 0; i < room->block_count; i++) {
		struct kept_block *b = room->blocks[i];

		if (!b->wanted || b->height != room->height)
			continue;
		if (b->state == KEPT_RAW)
			start_check(n, b);
		if (b->state == KEPT_CHECKING)
			continue;
		execute(n, b);
		return true;
	}
	if (!room->build)
		return false;
	build(n);
	return true;
}

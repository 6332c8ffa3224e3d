/* SPDX-License-Identifier: MIT */
/*
 * Reading a vote journal: which half is live, where it ends, and whether
 * something is missing that was durable. The rules are those of
 * journal_internal.h. Writes nothing.
 */
#include <config.h>

#include "store/journal_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/file.h"

/* The records from the start of a half on, as far as they hold. */
struct chain {
	uint64_t generation; /* 0: there is none */
	uint64_t carried;
	uint64_t last;
	uint64_t end; /* bytes of the half */
	struct journal_slots slots;
};

int journal_pread(int fd, uint64_t at, void *out, size_t len)
{
	uint8_t *to = out;
	ssize_t n;

	while (len) {
		n = pread(fd, to, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (!n)
			break;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	if (len)
		memset(to, 0, len);
	return 0;
}

uint64_t journal_side_at(const struct journal_file *j, unsigned side)
{
	return JOURNAL_BLOCK + side * j->half;
}

void journal_slots_add(struct journal_slots *s, const struct journal_slot *one)
{
	if (s->count && s->list[s->count - 1].height != one->height)
		s->count = 0;
	if (s->count == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->list = xrealloc(s->list, s->cap, sizeof(*s->list));
	}
	s->list[s->count++] = *one;
}

/* *ok: there is a head. */
static enum err read_head(struct journal_head *h, bool *ok,
			  const struct journal_file *j, uint64_t at,
			  struct fault *f)
{
	uint8_t bytes[JOURNAL_HEAD_LEN];
	int error = journal_pread(j->fd, at, bytes, sizeof(bytes));

	if (error)
		return path_fault(f, "read", j->path, error);
	*ok = journal_head_decode(h, bytes, j->id);
	return ERR_OK;
}

/* Append the bytes behind a head; *ok: they are the ones. */
static enum err read_content(struct buf *out, bool *ok,
			     const struct journal_file *j, uint64_t at,
			     const struct journal_head *h, struct fault *f)
{
	struct hash got;
	int error;

	buf_reserve(out, h->len);
	error = journal_pread(j->fd, at + JOURNAL_HEAD_LEN,
			      out->data + out->len, h->len);
	if (error)
		return path_fault(f, "read", j->path, error);
	sha256(&got, SPAN(out->data + out->len, h->len));
	*ok = hash_eq(&got, &h->content);
	if (*ok)
		out->len += h->len;
	return ERR_OK;
}

enum err journal_read(struct buf *out, const struct journal_file *j,
		      const struct journal_slot *slot, struct fault *f)
{
	struct journal_head h;
	bool ok = false;
	enum err e = read_head(&h, &ok, j, slot->at, f);

	if (!e && ok && h.seq == slot->seq && h.len == slot->len)
		e = read_content(out, &ok, j, slot->at, &h, f);
	else
		ok = false;
	if (e || ok)
		return e;
	return fault_set(f, ERR_CORRUPT, "",
			 "record %" PRIu64 " of %s cannot be read back",
			 slot->seq, j->path);
}

/* Whether the record continues the chain. */
static bool follows(const struct chain *c, const struct journal_head *h)
{
	return !c->generation ||
	       (h->generation == c->generation && h->carried == c->carried &&
		h->seq == c->last + 1);
}

static void chain_add(struct chain *c, const struct journal_head *h,
		      uint64_t half_at)
{
	struct journal_slot slot = {h->seq, h->height, half_at + c->end,
				    h->len};

	journal_slots_add(&c->slots, &slot);
	c->generation = h->generation;
	c->carried = h->carried;
	c->last = h->seq;
	c->end += journal_size(h->len);
}

static enum err follow(struct chain *c, const struct journal_file *j,
		       unsigned side, struct fault *f)
{
	uint64_t half_at = journal_side_at(j, side);
	struct journal_head h;
	struct buf content = {0};
	enum err e = ERR_OK;
	bool ok = true;

	while (!e && ok && c->end < j->half) {
		e = read_head(&h, &ok, j, half_at + c->end, f);
		if (e || !ok || !follows(c, &h) ||
		    journal_size(h.len) > j->half - c->end)
			break;
		buf_reset(&content);
		e = read_content(&content, &ok, j, half_at + c->end, &h, f);
		if (!e && ok)
			chain_add(c, &h, half_at);
	}
	buf_release(&content);
	return e;
}

/* Whether it holds all that its generation began with. */
static bool is_whole(const struct chain *c)
{
	return c->generation && c->last >= c->carried;
}

static enum err missing(const struct journal_file *j, uint64_t seq,
			struct fault *f)
{
	return fault_set(f, ERR_CORRUPT, "",
			 "record %" PRIu64 " of %s is damaged, but was kept; "
			 "with the node stopped: ccoin votes reset "
			 "--from-height H, H being above all that this "
			 "validator may have voted at",
			 seq, j->path);
}

/*
 * Look at every block behind a chain for heads of records, whether these are
 * whole or not, that are sure of what is not there. The live half is the one
 * of generation j->generation, 0: none.
 */
static enum err look_behind(struct journal_file *j, unsigned side,
			    uint64_t from, struct fault *f)
{
	uint64_t half_at = journal_side_at(j, side), at;
	struct journal_head h;
	enum err e;
	bool ok = false;

	for (at = from; at < j->half; at += JOURNAL_BLOCK) {
		e = read_head(&h, &ok, j, half_at + at, f);
		if (e)
			return e;
		if (!ok)
			continue;
		if (h.generation > j->newest)
			j->newest = h.generation;
		if (h.generation > j->generation
			    ? h.sure > 0
			    : h.generation == j->generation && h.sure > j->last)
			return missing(j, j->last + 1, f);
	}
	return ERR_OK;
}

static void take(struct journal_file *j, struct chain *c, unsigned side)
{
	free(j->slots.list);
	j->slots = c->slots;
	c->slots = (struct journal_slots){0};
	j->side = side;
	j->generation = c->generation;
	j->carried = c->carried;
	j->end = c->end;
	j->last = c->last;
}

static enum err choose(struct journal_file *j, struct chain chain[2],
		       struct fault *f)
{
	enum err e = ERR_OK;
	unsigned side;

	for (side = 0; side < 2; side++) {
		if (chain[side].generation > j->newest)
			j->newest = chain[side].generation;
		if (is_whole(&chain[side]) &&
		    chain[side].generation > j->generation)
			take(j, &chain[side], side);
	}
	for (side = 0; side < 2 && !e; side++)
		e = look_behind(j, side, chain[side].end, f);
	return e;
}

enum err journal_scan(struct journal_file *j, uint64_t length, struct fault *f)
{
	struct chain chain[2] = {0};
	enum err e;

	e = follow(&chain[0], j, 0, f);
	if (!e)
		e = follow(&chain[1], j, 1, f);
	if (!e)
		e = choose(j, chain, f);
	/* Who opened it made it whole before it wrote. */
	if (!e && j->newest >= JOURNAL_GENERATION &&
	    length < journal_side_at(j, 2))
		e = fault_set(
			f, ERR_CORRUPT, "",
			"%s was cut short to %" PRIu64 " bytes; with the "
			"node stopped: ccoin votes reset --from-height H, "
			"H being above all that this validator may have "
			"voted at",
			j->path, length);
	free(chain[0].slots.list);
	free(chain[1].slots.list);
	return e;
}

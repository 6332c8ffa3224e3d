/* SPDX-License-Identifier: MIT */
/* A host's vote journal; see the header. */
#include "sim/journal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/block.h"

void journal_make(struct journal *j, struct rng *rng, uint64_t now, bool is_new)
{
	journal_release(j);
	j->is_there = true;
	j->is_new = is_new;
	put_be64(j->id, now << 16 | (rng_next(rng) & 0xffff));
	put_be64(j->id + 8, rng_next(rng));
}

void journal_cut(struct journal *j, size_t count)
{
	while (j->count > count) {
		struct record *r = &j->list[--j->count];

		vote_record_release(&r->content);
		buf_release(&r->bytes);
	}
	if (j->durable > count)
		j->durable = count;
	j->flushing = 0;
}

void journal_release(struct journal *j)
{
	journal_cut(j, 0);
	free(j->list);
	free(j->opened);
	*j = (struct journal){0};
}

uint64_t journal_number(const struct journal *j)
{
	return j->count ? j->list[j->count - 1].seq : j->is_new;
}

static const char *read_block(struct record *r, const struct hash *genesis)
{
	struct block b;

	if (!r->content.block.len)
		return NULL;
	if (block_decode(&b, r->content.block))
		return "a block that cannot be decoded";
	header_hash(&r->block, genesis, b.header_raw);
	r->has_block = true;
	block_release(&b);
	return NULL;
}

const char *journal_add(struct journal *j, uint64_t seq, uint64_t height,
			struct buf *bytes, const struct hash *genesis)
{
	struct record r = {.seq = seq, .height = height, .bytes = *bytes};
	uint64_t said, last = journal_number(j);

	*bytes = (struct buf){0};
	if (vote_record_decode(&r.content, buf_span(&r.bytes))) {
		buf_release(&r.bytes);
		return "a record that cannot be decoded";
	}
	if (j->count == j->cap) {
		j->cap = j->cap ? 2 * j->cap : 16;
		j->list = xrealloc(j->list, j->cap, sizeof(*j->list));
	}
	said = r.content.is_floor ? r.content.floor : r.content.vote.height;
	j->list[j->count++] = r;
	if (said != height)
		return "a record of another height than it says";
	if (seq != last + 1 ||
	    (j->count > 1 && j->list[j->count - 2].height > height))
		return "records out of order";
	return read_block(&j->list[j->count - 1], genesis);
}

void journal_opened(struct journal *j, struct node_journal *out)
{
	size_t i = j->count, k;

	j->durable = j->count;
	j->flushing = 0;
	*out = (struct node_journal){.is_there = j->is_there};
	if (!j->is_there)
		return;
	out->is_new = j->is_new && !j->count;
	for (k = 0; k < JOURNAL_ID_BYTES; k++)
		out->id[k] = j->id[k];
	out->last = journal_number(j);
	while (i && j->list[i - 1].height == j->list[j->count - 1].height)
		i--;
	free(j->opened);
	j->opened = xcalloc(j->count - i + 1, sizeof(*j->opened));
	for (; i < j->count; i++)
		j->opened[out->record_count++] = buf_span(&j->list[i].bytes);
	out->records = j->opened;
}

const struct record *journal_find(const struct journal *j, const struct vote *v)
{
	size_t i;

	for (i = j->durable; i-- > 0;) {
		const struct record *r = &j->list[i];
		const struct vote *w = &r->content.vote;

		if (!r->content.is_floor && w->height == v->height &&
		    w->round == v->round && w->kind == v->kind)
			return r;
		if (r->height < v->height)
			break;
	}
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/* What there is in a world: sets, keys, blocks. */
#include <string.h>

#include "base/mem.h"
#include "sim/bft/world.h"

size_t set_size(const struct world *w, uint64_t height)
{
	return (size_t)__builtin_popcount(w->sets[height]);
}

size_t index_of(const struct world *w, uint64_t height, size_t person)
{
	unsigned set = w->sets[height];

	if (!(set >> person & 1))
		return BFT_NOBODY;
	return (size_t)__builtin_popcount(set & ((1u << person) - 1));
}

size_t person_of(const struct world *w, uint64_t height, size_t index)
{
	unsigned set = w->sets[height];
	size_t person;

	for (person = 0; person < w->persons; person++)
		if ((set >> person & 1) && !index--)
			return person;
	return BFT_NOBODY;
}

bool is_byzantine(const struct world *w, const struct node *n)
{
	return w->byzantine >> n->person & 1;
}

bool is_faulty_leader(const struct world *w, uint64_t height, uint64_t round)
{
	size_t leader = (size_t)((height + round) % set_size(w, height));

	return w->faulty >> person_of(w, height, leader) & 1;
}

/* --- keys ---------------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
	a ^= a >> 29;
	a *= UINT64_C(0xbf58476d1ce4e5b9);
	return a ^ a >> 32;
}

static uint64_t mac(const struct world *w, const struct vote *v, size_t person)
{
	uint64_t x = mix(w->seed, person + 1);
	size_t i;

	x = mix(x, (uint64_t)v->kind << 1 | v->prepared);
	x = mix(x, v->height);
	x = mix(x, v->round);
	x = mix(x, v->prepared_round);
	for (i = 0; i < HASH_LEN; i += 8)
		x = mix(x, get_be64(v->digest.b + i));
	return x;
}

void sign(struct world *w, struct vote *v, size_t person)
{
	memset(v->signature, 0, sizeof(v->signature));
	put_be64(v->signature, mac(w, v, person));
	put_be32(v->signature + 8, (uint32_t)below(w, UINT32_MAX));
	v->signature_len = 12;
}

bool verify(const struct world *w, const struct vote *v)
{
	if (v->height < 1 || v->height > HEIGHTS_MAX ||
	    v->signer >= set_size(w, v->height))
		return false;
	return v->signature_len == 12 &&
	       get_be64(v->signature) ==
		       mac(w, v, person_of(w, v->height, v->signer));
}

/* --- blocks -------------------------------------------------------------- */

uint32_t make_block(struct world *w, const struct node *n, uint64_t round,
		    uint64_t txs, bool valid)
{
	uint32_t number = (uint32_t)w->block_count;
	struct block *b;
	int64_t time = (int64_t)w->now + n->clock;
	uint64_t after = 0;

	if (w->block_count == w->block_cap) {
		w->block_cap = w->block_cap ? 2 * w->block_cap : 256;
		w->blocks = xrealloc(w->blocks, w->block_cap, sizeof(*b));
	}
	b = &w->blocks[w->block_count++];
	*b = (struct block){
		.height = n->tip + 1,
		.txs = txs,
		.parent = n->tip ? n->links[n->tip - 1].block : NO_BLOCK,
		.producer = n->person,
		.valid = valid,
		.round = round,
	};
	if (b->parent != NO_BLOCK)
		after = w->blocks[b->parent].time;
	b->time = time > (int64_t)after ? (uint64_t)time : after + 1;
	put_be32(b->digest.b, number);
	put_be64(b->digest.b + 8, mix(w->seed, number));
	put_be64(b->digest.b + 24, mix(number, w->seed));
	return number;
}

uint32_t find_block(const struct world *w, const struct hash *digest)
{
	uint32_t number = get_be32(digest->b);

	if (number >= w->block_count ||
	    !hash_eq(&w->blocks[number].digest, digest))
		return NO_BLOCK;
	return number;
}

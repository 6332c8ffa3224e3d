/* SPDX-License-Identifier: MIT */
/* Reads of what a chain with validators knows of them; see query.h. */
#include "codec/msgpack.h"
#include "node/internal.h"
#include "node/query.h"

const struct governance *node_governance(const struct node *n)
{
	const struct governance *g = chain_governance(n->chain);

	return g->set.count ? g : NULL;
}

const struct validators *node_validators_of(const struct node *n,
					    const struct header *header)
{
	const struct governance *g = node_governance(n);
	struct hash theirs, ours;
	struct mp_reader r;

	if (!g || !header->height)
		return NULL;
	mp_reader_init(&r, header->engine);
	mp_read_array(&r, 3, 3);
	theirs = mp_read_hash(&r);
	validators_hash(&ours, &g->set);
	return !r.err && hash_eq(&theirs, &ours) ? &g->set : NULL;
}

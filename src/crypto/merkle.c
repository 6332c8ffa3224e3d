/* SPDX-License-Identifier: MIT */
/*
 * Both trees are one: a root over leaves is a mountain range that they are
 * appended to. RFC 6962 splits at the largest power of two below the count,
 * which is the first peak against all that follow, so the root folds the
 * peaks from the last to the first.
 */
#include "crypto/merkle.h"

#include "base/mem.h"

#define TAG_LEAF 0x00
#define TAG_NODE 0x01

static unsigned popcount(uint64_t v)
{
	unsigned n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

void mmr_append(struct mmr *m, const struct hash *leaf)
{
	static const uint8_t tag = TAG_LEAF;
	unsigned n = popcount(m->count);
	uint64_t c;
	struct hash node;

	if (m->count == UINT64_MAX)
		BUG("mountain range is full");
	sha256_2(&node, SPAN(&tag, 1), hash_span(leaf));
	for (c = m->count; c & 1; c >>= 1)
		hash_pair(&node, TAG_NODE, &m->peaks[--n], &node);
	m->peaks[n] = node;
	m->count++;
}

void mmr_root(struct hash *out, const struct mmr *m)
{
	unsigned n = popcount(m->count);
	struct hash root;

	if (!n) {
		sha256(out, SPAN(NULL, 0));
		return;
	}
	root = m->peaks[--n];
	while (n)
		hash_pair(&root, TAG_NODE, &m->peaks[--n], &root);
	*out = root;
}

void merkle_root(struct hash *out, const struct hash *leaves, size_t count)
{
	struct mmr m = {0};
	size_t i;

	for (i = 0; i < count; i++)
		mmr_append(&m, &leaves[i]);
	mmr_root(out, &m);
}

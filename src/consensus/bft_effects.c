/* SPDX-License-Identifier: MIT */
/* The list of what the round machine wants done, and lists of votes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "consensus/bft_internal.h"

struct bft_effect *bft_effect_add(struct bft_effects *e, enum bft_kind kind)
{
	struct bft_effect *effect;

	if (e->count == e->cap) {
		e->cap = e->cap ? 2 * e->cap : 8;
		e->list = xrealloc(e->list, e->cap, sizeof(*e->list));
	}
	effect = &e->list[e->count++];
	memset(effect, 0, sizeof(*effect));
	effect->kind = kind;
	return effect;
}

void bft_effect_votes(struct vote **to, size_t *to_count,
		      const struct vote_list *from)
{
	*to_count = from->count;
	*to = from->count
		      ? xmemdup(from->list, from->count * sizeof(*from->list))
		      : NULL;
}

void bft_effects_reset(struct bft_effects *e)
{
	size_t i;

	for (i = 0; i < e->count; i++) {
		free(e->list[i].changes);
		free(e->list[i].votes);
	}
	e->count = 0;
}

void bft_effects_release(struct bft_effects *e)
{
	bft_effects_reset(e);
	free(e->list);
	*e = (struct bft_effects){0};
}

void vote_list_free(struct vote_list *l)
{
	free(l->list);
	*l = (struct vote_list){0};
}

void vote_list_set(struct vote_list *l, const struct vote *votes, size_t count)
{
	struct vote *list =
		count ? xmemdup(votes, count * sizeof(*votes)) : NULL;

	vote_list_free(l);
	l->list = list;
	l->count = count;
}

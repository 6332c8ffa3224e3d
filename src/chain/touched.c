/* SPDX-License-Identifier: MIT */
/* See the header. */
#include "chain/touched.h"

#include <stdlib.h>

void touched_init(struct touched *t, uint64_t seed)
{
	*t = (struct touched){.by_address = map_new(ADDRESS_LEN, seed)};
}

void touched_release(struct touched *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->list[i]);
	free(t->list);
	map_free(t->by_address);
	*t = (struct touched){0};
}

static struct touched_account *add(struct touched *t,
				   const struct address *address)
{
	struct touched_account *a = xcalloc(1, sizeof(*a));

	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->list = xrealloc(t->list, t->cap, sizeof(*t->list));
	}
	t->list[t->count++] = a;
	map_put(t->by_address, address->b, a);
	return a;
}

void touched_set(struct touched *t, const struct account *account, bool exists)
{
	struct touched_account *a = map_get(t->by_address, account->address.b);

	if (!a)
		a = add(t, &account->address);
	a->exists = exists;
	a->account = (struct account){.address = account->address};
	if (exists)
		a->account = *account;
}

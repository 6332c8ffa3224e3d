/* SPDX-License-Identifier: MIT */
/* Two maps, young and old; see the header. */
#include "base/recent.h"

#include <stdlib.h>

#include "base/map.h"

struct recent {
	size_t key_len, limit;
	uint64_t seed;
	struct map *young, *old;
};

struct recent *recent_new(size_t key_len, size_t limit, uint64_t seed)
{
	struct recent *r = xcalloc(1, sizeof(*r));

	r->key_len = key_len;
	r->limit = limit;
	r->seed = seed;
	r->young = map_new(key_len, seed);
	r->old = map_new(key_len, seed);
	return r;
}

static void free_values(struct map *m)
{
	size_t at = 0;
	void *value;

	while (map_next(m, &at, NULL, &value)) {
		buf_release(value);
		free(value);
	}
	map_free(m);
}

void recent_free(struct recent *r)
{
	if (!r)
		return;
	free_values(r->young);
	free_values(r->old);
	free(r);
}

bool recent_get(const struct recent *r, struct span *value, const void *key)
{
	const struct buf *found = map_get(r->young, key);

	if (!found)
		found = map_get(r->old, key);
	if (!found)
		return false;
	*value = buf_span(found);
	return true;
}

void recent_put(struct recent *r, const void *key, struct span value)
{
	struct buf *copy;

	if (map_get(r->young, key))
		return;
	if (map_count(r->young) >= r->limit) {
		free_values(r->old);
		r->old = r->young;
		r->young = map_new(r->key_len, r->seed);
	}
	copy = xcalloc(1, sizeof(*copy));
	copy->data = xmemdup(value.data, value.len);
	copy->len = copy->cap = value.len;
	map_put(r->young, key, copy);
}

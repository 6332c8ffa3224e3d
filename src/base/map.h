/* SPDX-License-Identifier: MIT */
/*
 * A hash map from keys of one fixed length to pointers. Keys are copied and
 * hashed with SipHash under a secret seed, so that nobody can aim collisions
 * at it. Iteration order is not specified: never let it reach consensus.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct map;

/* A map with keys of key_len bytes (1..64). Values are borrowed. */
MUST_USE struct map *map_new(size_t key_len, uint64_t seed);
void map_free(struct map *m);
size_t map_count(const struct map *m);
/* The value, or NULL. */
void *map_get(const struct map *m, const void *key);
/* Set value (not NULL); return what it replaces, or NULL. */
void *map_put(struct map *m, const void *key, void *value);
/* Remove; return the value it had, or NULL. */
void *map_del(struct map *m, const void *key);

/*
 * Walk: start with *at = 0; false at the end. The entry just visited may be
 * deleted during the walk; anything else may not change.
 */
bool map_next(const struct map *m, size_t *at, const void **key, void **value);

#endif

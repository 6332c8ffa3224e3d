/* SPDX-License-Identifier: MIT */
/*
 * What was seen lately: a bounded map from keys of one length to small
 * values, in two generations. When the young one is full it becomes the old
 * one, and the old one is forgotten: so what was put last is found for at
 * least `limit` further puts, at no cost per lookup.
 */
#ifndef BASE_RECENT_H
#define BASE_RECENT_H

#include "base/bytes.h"
#include "base/mem.h"

struct recent;

/* Holds at most 2 * limit entries. */
MUST_USE struct recent *recent_new(size_t key_len, size_t limit, uint64_t seed);
void recent_free(struct recent *r); /* NULL is fine */
/* The value is borrowed until the next put. */
MUST_USE bool recent_get(const struct recent *r, struct span *value,
			 const void *key);
/* Copies the value. What is there already stays as it is. */
void recent_put(struct recent *r, const void *key, struct span value);

#endif

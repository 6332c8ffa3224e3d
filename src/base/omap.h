/* SPDX-License-Identifier: MIT */
/*
 * An ordered map from byte strings to byte strings, both copied. Order is
 * span_cmp(). Its worst case is bounded for keys that an attacker chose.
 */
#ifndef BASE_OMAP_H
#define BASE_OMAP_H

#include "base/bytes.h"
#include "base/mem.h"

struct omap;
struct omap_node; /* stays put until its key is deleted */

MUST_USE struct omap *omap_new(void);
void omap_free(struct omap *m); /* NULL is fine */
size_t omap_count(const struct omap *m);

struct omap_node *omap_find(const struct omap *m, struct span key);
/* First with key >= key, last with key < key; key.data NULL: first of all,
 * last of all. NULL when there is none. */
struct omap_node *omap_lower(const struct omap *m, struct span key);
struct omap_node *omap_before(const struct omap *m, struct span key);
/* The neighbours; NULL at either end. */
struct omap_node *omap_next(const struct omap *m, struct omap_node *n);
struct omap_node *omap_prev(const struct omap *m, struct omap_node *n);
struct span omap_key(const struct omap_node *n);
struct span omap_value(const struct omap_node *n);
/* The value's bytes, to be changed in place; their number stays. */
uint8_t *omap_bytes(struct omap_node *n);
/*
 * Set the value; the node may be replaced by a new one. omap_put_parts() sets
 * it to head followed by tail. Key, value and tail may point into the map.
 */
struct omap_node *omap_put(struct omap *m, struct span key, struct span value);
struct omap_node *omap_put_parts(struct omap *m, struct span key,
				 struct span head, struct span tail);
/* false when there was no such key. The key may point into the map. */
bool omap_del(struct omap *m, struct span key);

#endif

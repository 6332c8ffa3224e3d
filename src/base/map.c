/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing over SipHash-1-3; grows at 3/4. A
 * deleted slot is marked, and the marks go when the table is rebuilt, so the
 * entry visited by a walk can be deleted under it.
 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64

struct map {
	size_t key_len;
	uint64_t k0, k1;
	size_t slots;  /* a power of two */
	size_t count;  /* live entries */
	size_t used;   /* live entries and marks */
	void **values; /* NULL: empty; &mark: deleted */
	uint8_t *keys;
};

static char mark;

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein). */
static uint64_t hash(const struct map *m, const uint8_t *key)
{
	uint64_t v[4] = {
		m->k0 ^ UINT64_C(0x736f6d6570736575),
		m->k1 ^ UINT64_C(0x646f72616e646f6d),
		m->k0 ^ UINT64_C(0x6c7967656e657261),
		m->k1 ^ UINT64_C(0x7465646279746573),
	};
	uint64_t word, last = (uint64_t)m->key_len << 56;
	size_t i, whole = m->key_len & ~(size_t)7;

	for (i = 0; i < whole; i += 8) {
		memcpy(&word, key + i, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	for (; i < m->key_len; i++)
		last |= (uint64_t)key[i] << 8 * (i & 7);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void set_table(struct map *m, size_t slots)
{
	m->slots = slots;
	m->count = m->used = 0;
	m->values = xcalloc(slots, sizeof(*m->values));
	m->keys = xmalloc(slots * m->key_len);
}

struct map *map_new(size_t key_len, uint64_t seed)
{
	struct map *m = xcalloc(1, sizeof(*m));

	if (!key_len || key_len > KEY_MAX)
		BUG("map key length");
	m->key_len = key_len;
	m->k0 = seed;
	m->k1 = ~seed * UINT64_C(0x9e3779b97f4a7c15);
	set_table(m, 16);
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	free(m->values);
	free(m->keys);
	free(m);
}

size_t map_count(const struct map *m)
{
	return m->count;
}

/* The slot that holds key, or the one where it would go. */
static size_t find(const struct map *m, const uint8_t *key)
{
	size_t i = hash(m, key) & (m->slots - 1), free_slot = SIZE_MAX;

	for (; m->values[i]; i = (i + 1) & (m->slots - 1)) {
		if (m->values[i] == &mark) {
			if (free_slot == SIZE_MAX)
				free_slot = i;
		} else if (!memcmp(m->keys + i * m->key_len, key, m->key_len)) {
			return i;
		}
	}
	return free_slot == SIZE_MAX ? i : free_slot;
}

static bool is_live(const struct map *m, size_t i)
{
	return m->values[i] && m->values[i] != &mark;
}

void *map_get(const struct map *m, const void *key)
{
	size_t i = find(m, key);

	return is_live(m, i) ? m->values[i] : NULL;
}

static void rebuild(struct map *m)
{
	struct map old = *m;
	size_t i;

	set_table(m, old.count * 2 >= old.slots ? old.slots * 2 : old.slots);
	for (i = 0; i < old.slots; i++)
		if (is_live(&old, i))
			map_put(m, old.keys + i * old.key_len, old.values[i]);
	free(old.values);
	free(old.keys);
}

void *map_put(struct map *m, const void *key, void *value)
{
	size_t i = find(m, key);
	void *old = NULL;

	if (!value)
		BUG("map value is NULL");
	if (is_live(m, i)) {
		old = m->values[i];
		m->values[i] = value;
		return old;
	}
	if (!m->values[i] && (m->used + 1) * 4 > m->slots * 3) {
		rebuild(m);
		i = find(m, key);
	}
	if (!m->values[i])
		m->used++;
	m->values[i] = value;
	memcpy(m->keys + i * m->key_len, key, m->key_len);
	m->count++;
	return NULL;
}

void *map_del(struct map *m, const void *key)
{
	size_t i = find(m, key);
	void *old;

	if (!is_live(m, i))
		return NULL;
	old = m->values[i];
	m->values[i] = &mark;
	m->count--;
	return old;
}

bool map_next(const struct map *m, size_t *at, const void **key, void **value)
{
	for (; *at < m->slots; ++*at) {
		if (!is_live(m, *at))
			continue;
		if (key)
			*key = m->keys + *at * m->key_len;
		if (value)
			*value = m->values[*at];
		++*at;
		return true;
	}
	return false;
}

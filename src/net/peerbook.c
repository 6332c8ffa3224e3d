/* SPDX-License-Identifier: MIT */
/* The address book and the bans; see the header. */
#include <config.h>

#include "net/peerbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void peerbook_init(struct peerbook *b)
{
	*b = (struct peerbook){
		.entries = xcalloc(BOOK_ADDRESSES_MAX, sizeof(*b->entries)),
		.bans = xcalloc(BOOK_BANS_MAX, sizeof(*b->bans)),
	};
}

void peerbook_release(struct peerbook *b)
{
	free(b->entries);
	free(b->bans);
	*b = (struct peerbook){0};
}

/* --- addresses --------------------------------------------------------- */

struct peerbook_entry *peerbook_find(const struct peerbook *b,
				     const char *where)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		if (!strcmp(b->entries[i].where, where))
			return &b->entries[i];
	return NULL;
}

/* Whether a is of less use than b. */
static bool is_worse(const struct peerbook_entry *a,
		     const struct peerbook_entry *b)
{
	if (!a->last_good != !b->last_good)
		return !a->last_good;
	if (a->failures != b->failures)
		return a->failures > b->failures;
	if (a->source != b->source)
		return a->source < b->source;
	return a->last_good < b->last_good;
}

/* A place for an entry: the worst one's, when that may go for it. */
static struct peerbook_entry *make_room(struct peerbook *b,
					enum peerbook_source source)
{
	struct peerbook_entry *worst = &b->entries[0];
	size_t i;

	if (b->count < BOOK_ADDRESSES_MAX)
		return &b->entries[b->count++];
	for (i = 1; i < b->count; i++)
		if (is_worse(&b->entries[i], worst))
			worst = &b->entries[i];
	/* hearsay drives out nothing that was seen */
	return source != BOOK_MET && worst->last_good ? NULL : worst;
}

bool peerbook_add(struct peerbook *b, const char *where,
		  enum peerbook_source source)
{
	struct peerbook_entry *e = peerbook_find(b, where);

	if (e) {
		if (source > e->source) {
			e->source = source;
			b->changed = true;
		}
		return true;
	}
	e = make_room(b, source);
	if (!e)
		return false;
	*e = (struct peerbook_entry){.source = source};
	snprintf(e->where, sizeof(e->where), "%s", where);
	b->changed = true;
	return true;
}

void peerbook_good(struct peerbook *b, const char *where, uint64_t now)
{
	struct peerbook_entry *e;

	if (!peerbook_add(b, where, BOOK_MET))
		return;
	e = peerbook_find(b, where);
	e->last_good = now;
	e->failures = 0;
	b->changed = true;
}

bool peerbook_failed(struct peerbook *b, const char *where)
{
	struct peerbook_entry *e = peerbook_find(b, where);

	if (!e)
		return false;
	e->failures++;
	b->changed = true;
	if (e->last_good || e->failures < BOOK_VAIN_MAX)
		return true;
	peerbook_forget(b, where);
	return false;
}

void peerbook_forget(struct peerbook *b, const char *where)
{
	struct peerbook_entry *e = peerbook_find(b, where);

	if (!e)
		return;
	*e = b->entries[--b->count];
	b->changed = true;
}

/* --- bans -------------------------------------------------------------- */

static bool is_forgotten(const struct ban *ban, uint64_t now)
{
	return ban->until <= now && now - ban->until >= BAN_MS_MAX;
}

static bool is_same(const struct ban *a, const struct ban *b)
{
	if (a->of_host != b->of_host)
		return false;
	return a->of_host ? !memcmp(&a->host, &b->host, sizeof(a->host))
			  : address_eq(&a->id, &b->id);
}

static struct ban *find_ban(const struct peerbook *b, const struct ban *key)
{
	size_t i;

	for (i = 0; i < b->ban_count; i++)
		if (is_same(&b->bans[i], key))
			return &b->bans[i];
	return NULL;
}

/* When all places are taken, the one that ends first. */
static struct ban *ban_room(struct peerbook *b)
{
	struct ban *first = &b->bans[0];
	size_t i;

	if (b->ban_count < BOOK_BANS_MAX)
		return &b->bans[b->ban_count++];
	for (i = 1; i < b->ban_count; i++)
		if (b->bans[i].until < first->until)
			first = &b->bans[i];
	return first;
}

/* Who asks for a ban may count the times as well, as far as it remembers. */
static uint64_t at_least(uint64_t ms, uint64_t times)
{
	uint64_t least = times ? BAN_MS_FIRST : 0;

	while (times-- && least < BAN_MS_MAX)
		least *= 2;
	if (least > BAN_MS_MAX)
		least = BAN_MS_MAX;
	return ms > least ? ms : least;
}

static uint64_t add_ban(struct peerbook *b, const struct ban *key, uint64_t now,
			uint64_t ms, const char *why)
{
	struct ban *ban = find_ban(b, key);
	uint64_t times = 0;

	if (ban && !is_forgotten(ban, now))
		times = ban->times;
	if (!ban)
		ban = ban_room(b);
	*ban = *key;
	ms = at_least(ms, times);
	ban->until = now + ms;
	ban->times = times + 1;
	snprintf(ban->why, sizeof(ban->why), "%s", why);
	b->changed = true;
	return ms;
}

uint64_t peerbook_ban_id(struct peerbook *b, const struct address *id,
			 uint64_t now, uint64_t ms, const char *why)
{
	struct ban key = {.id = *id};

	return add_ban(b, &key, now, ms, why);
}

uint64_t peerbook_ban_host(struct peerbook *b, const struct host *host,
			   uint64_t now, uint64_t ms, const char *why)
{
	struct ban key = {.of_host = true, .host = *host};

	return add_ban(b, &key, now, ms, why);
}

static const struct ban *banned(const struct peerbook *b, const struct ban *key,
				uint64_t now)
{
	const struct ban *ban = find_ban(b, key);

	return ban && ban->until > now ? ban : NULL;
}

const struct ban *peerbook_banned_id(const struct peerbook *b,
				     const struct address *id, uint64_t now)
{
	struct ban key = {.id = *id};

	return banned(b, &key, now);
}

const struct ban *peerbook_banned_host(const struct peerbook *b,
				       const struct host *host, uint64_t now)
{
	struct ban key = {.of_host = true, .host = *host};

	return banned(b, &key, now);
}

void peerbook_prune(struct peerbook *b, uint64_t now)
{
	size_t i = 0;

	while (i < b->ban_count) {
		if (is_forgotten(&b->bans[i], now)) {
			b->bans[i] = b->bans[--b->ban_count];
			b->changed = true;
		} else {
			i++;
		}
	}
}

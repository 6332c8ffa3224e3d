/* SPDX-License-Identifier: MIT */
/* A flat table: 4096 rows are looked through in microseconds. */
#include <config.h>

#include "discovery/members.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct members {
	uint64_t ttl;
	size_t count;  /* gone ones too */
	size_t listed; /* without them */
	struct member rows[MEMBERS_MAX];
};

struct members *members_new(uint64_t ttl_ms)
{
	struct members *m = xcalloc(1, sizeof(*m));

	m->ttl = ttl_ms;
	return m;
}

void members_free(struct members *m)
{
	free(m);
}

size_t members_count(const struct members *m)
{
	return m->listed;
}

const struct member *members_next(const struct members *m, size_t *at)
{
	while (*at < m->count && m->rows[*at].gone)
		++*at;
	return *at < m->count ? &m->rows[(*at)++] : NULL;
}

static struct member *find(struct members *m, const struct address *id)
{
	for (size_t i = 0; i < m->count; i++)
		if (address_eq(&m->rows[i].id, id))
			return &m->rows[i];
	return NULL;
}

static void leave(struct members *m, struct member *row)
{
	m->listed -= !row->gone;
	row->gone = true;
}

/*
 * A row whose time is up is listed no more, but its last claim could be sent
 * again for as long as it is of now: the row stays until then.
 */
void members_expire(struct members *m, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct member *row = &m->rows[i];

		if (now >= row->seen + m->ttl)
			leave(m, row);
		if (row->gone && now > row->time + CLAIM_SKEW_MS)
			continue;
		if (kept != i)
			m->rows[kept] = *row;
		kept++;
	}
	m->count = kept;
}

/* Unsigned claims have no time. */
static enum err check_time(const struct claim *c, const struct member *row,
			   uint64_t now, struct fault *f)
{
	if (c->key.len == 0)
		return row && row->time
			       ? fault_set(f, ERR_UNSIGNED, "signature",
					   "this id is known by its signature")
			       : ERR_OK;
	if (c->time + CLAIM_SKEW_MS < now)
		return fault_set(f, ERR_EXPIRED, "time",
				 "%" PRIu64 " is more than %d s before this "
				 "server's clock, %" PRIu64,
				 c->time, CLAIM_SKEW_MS / 1000, now);
	if (c->time > now + CLAIM_SKEW_MS)
		return fault_set(f, ERR_OUT_OF_RANGE, "time",
				 "%" PRIu64 " is more than %d s after this "
				 "server's clock, %" PRIu64,
				 c->time, CLAIM_SKEW_MS / 1000, now);
	if (row && c->time <= row->time)
		return fault_set(f, ERR_EXISTS, "time",
				 "%" PRIu64 " is not after %" PRIu64
				 ", that of the last one for this id",
				 c->time, row->time);
	return ERR_OK;
}

static size_t count_source(const struct members *m, const char *source)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += strcmp(m->rows[i].source, source) == 0;
	return n;
}

static enum err check_room(const struct members *m, const struct member *row,
			   const char *source, struct fault *f)
{
	if (row && strcmp(row->source, source) == 0)
		return ERR_OK;
	if (!place_is_loopback(source) &&
	    count_source(m, source) >= MEMBERS_PER_SOURCE)
		return fault_set(f, ERR_OVERLOADED, "",
				 "%s has %d members here, the most that one "
				 "address may have",
				 source, MEMBERS_PER_SOURCE);
	if (!row && m->count == MEMBERS_MAX)
		return fault_set(f, ERR_OVERLOADED, "",
				 "there are %d members, the most there may be",
				 MEMBERS_MAX);
	return ERR_OK;
}

/* An IPv4 peer of a socket that takes both kinds. */
static const char *without_mapping(const char *address)
{
	static const char prefix[] = "::ffff:";

	if (strncmp(address, prefix, sizeof(prefix) - 1) == 0 &&
	    strchr(address, '.'))
		return address + sizeof(prefix) - 1;
	return address;
}

static void settle_where(char out[PLACE_MAX], const char *where,
			 const char *source)
{
	if (where[0] == ':')
		place_print(out, source,
			    (uint16_t)strtoul(where + 1, NULL, 10));
	else
		memcpy(out, where, strlen(where) + 1);
}

enum err members_believe(struct members *m, const struct member **out,
			 const struct claim *c, const char *source,
			 uint64_t now, struct fault *f)
{
	struct member *row = find(m, &c->id);
	enum err e = check_time(c, row, now, f);

	source = without_mapping(source);
	if (!e && c->goes && (!row || row->gone))
		e = fault_set(f, ERR_NOT_FOUND, "id",
			      "there is no member of this id");
	if (!e && !c->goes)
		e = check_room(m, row, source, f);
	if (e)
		return e;
	if (!row) {
		row = &m->rows[m->count++];
		*row = (struct member){.id = c->id, .gone = true};
	}
	row->time = c->time;
	row->seen = now;
	m->listed += row->gone;
	row->gone = false;
	if (c->goes) {
		leave(m, row);
	} else {
		row->chain = c->chain;
		settle_where(row->where, c->where, source);
		snprintf(row->source, sizeof(row->source), "%s", source);
	}
	*out = row;
	return ERR_OK;
}

/* SPDX-License-Identifier: MIT */
/* Whom to dial, and when; see the header. */
#include <config.h>

#include "net/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dial_init(struct dial *d, uint64_t seed)
{
	*d = (struct dial){
		.targets = xcalloc(DIAL_TARGETS_MAX, sizeof(*d->targets)),
	};
	rng_seed(&d->rng, seed);
}

void dial_release(struct dial *d)
{
	free(d->targets);
	*d = (struct dial){0};
}

struct target *dial_find(const struct dial *d, const char *where)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (!strcmp(d->targets[i].where, where))
			return &d->targets[i];
	return NULL;
}

static struct target *add(struct dial *d, const char *where)
{
	struct target *t = dial_find(d, where);

	if (t || d->count == DIAL_TARGETS_MAX)
		return t;
	t = &d->targets[d->count++];
	*t = (struct target){.wait = DIAL_WAIT_MIN_MS};
	snprintf(t->where, sizeof(t->where), "%s", where);
	return t;
}

static void drop(struct dial *d, struct target *t)
{
	*t = d->targets[--d->count];
}

void dial_name(struct dial *d, const char *const *list, size_t count)
{
	struct target *t;
	size_t i = 0;

	while (i < d->count) {
		t = &d->targets[i];
		if (t->named && !t->busy) {
			drop(d, t);
		} else {
			t->named = false;
			i++;
		}
	}
	for (i = 0; i < count && i < DIAL_NAMED_MAX; i++) {
		t = add(d, list[i]);
		if (!t)
			return;
		t->named = true;
		t->self = false;
		t->wait = DIAL_WAIT_MIN_MS;
		t->next = 0;
	}
}

void dial_offer(struct dial *d, const char *where)
{
	add(d, where);
}

void dial_withdraw(struct dial *d, const char *where)
{
	struct target *t = dial_find(d, where);

	/* that it is this node is remembered */
	if (t && !t->named && !t->busy && !t->self)
		drop(d, t);
}

/* --- choosing ---------------------------------------------------------- */

struct choice {
	struct target *best;
	uint64_t wake; /* when the first of those that wait may be tried */
	size_t in_flight;
	uint64_t ties;
};

static bool is_better(struct dial *d, struct choice *c, const struct target *t)
{
	if (!c->best)
		return true;
	if (t->named != c->best->named)
		return t->named;
	if (t->failures != c->best->failures)
		return t->failures < c->best->failures;
	/* any of those that are alike, each as likely */
	return !rng_below(&d->rng, ++c->ties);
}

static void consider(struct dial *d, struct choice *c, struct target *t,
		     uint64_t now)
{
	if (t->next > now) {
		if (!c->wake || t->next < c->wake)
			c->wake = t->next;
		return;
	}
	if (!is_better(d, c, t))
		return;
	if (!c->best || t->named != c->best->named ||
	    t->failures != c->best->failures)
		c->ties = 1;
	c->best = t;
}

const struct target *dial_next(struct dial *d, uint64_t now, size_t outbound,
			       uint64_t *wake, dial_connected_fn *connected,
			       void *ctx)
{
	struct choice c = {.ties = 1};
	struct target *t;
	size_t i;

	for (i = 0; i < d->count; i++) {
		t = &d->targets[i];
		c.in_flight += t->flying;
		if (t->busy || t->self)
			continue;
		if (!t->named && outbound >= DIAL_OUTBOUND)
			continue;
		/* it dialled us, or is there under another address */
		if (t->has_id && connected(ctx, &t->id))
			continue;
		consider(d, &c, t, now);
	}
	*wake = c.wake;
	/* an attempt that ends asks again */
	if (!c.best || c.in_flight >= DIAL_AT_ONCE)
		return NULL;
	c.best->busy = c.best->flying = true;
	return c.best;
}

/* --- what came of it --------------------------------------------------- */

void dial_answered(struct dial *d, const char *where, const struct address *id)
{
	struct target *t = dial_find(d, where);

	if (!t)
		return;
	t->tried = true;
	t->flying = false;
	t->has_id = id;
	if (id)
		t->id = *id;
}

void dial_good(struct dial *d, const char *where, uint64_t now)
{
	struct target *t = dial_find(d, where);

	if (t && t->busy && !t->good_at)
		t->good_at = now ? now : 1;
}

uint64_t dial_ended(struct dial *d, const char *where, uint64_t now)
{
	struct target *t = dial_find(d, where);
	uint64_t wait;

	if (!t)
		return 0;
	if (t->good_at && now - t->good_at >= DIAL_GOOD_MS) {
		t->wait = DIAL_WAIT_MIN_MS;
		t->failures = 0;
	} else {
		t->failures++;
	}
	/* Half of it by chance, so that those who lost a node together do not
	 * come back together. */
	wait = t->wait / 2 + rng_below(&d->rng, t->wait / 2 + 1);
	t->wait =
		t->wait * 2 < DIAL_WAIT_MAX_MS ? t->wait * 2 : DIAL_WAIT_MAX_MS;
	t->next = now + wait;
	t->busy = t->flying = false;
	t->tried = true;
	t->good_at = 0;
	return wait;
}

static void forget_a_self(struct dial *d)
{
	struct target *found = NULL;
	size_t i, count = 0;

	for (i = 0; i < d->count; i++) {
		if (!d->targets[i].self || d->targets[i].named)
			continue;
		count++;
		if (!found && !d->targets[i].busy)
			found = &d->targets[i];
	}
	if (found && count >= DIAL_SELVES_MAX)
		drop(d, found);
}

void dial_self(struct dial *d, const char *where)
{
	struct target *t;

	forget_a_self(d);
	t = add(d, where);
	if (t)
		t->self = true;
}

size_t dial_untried(const struct dial *d)
{
	const struct target *t;
	size_t i, n = 0;

	for (i = 0; i < d->count; i++) {
		t = &d->targets[i];
		n += !t->tried && !t->self && (t->named || t->busy);
	}
	return n;
}
